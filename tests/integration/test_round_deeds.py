"""What an office does to many cases of a round at once, and urging: one record a case, and refusals told one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import bulk, tasks, urging
from engine.bulk import Outcome
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import ClaimedByAnother, Forbidden, NotFound, Refused
from engine.models import Case, Event, Letter, Round, Task
from tests import panel, samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.office import BUREAU, COUNTY, Office, furnish

FRIDAY, SATURDAY, MONDAY = "2025-04-11 10:00", "2025-04-12 10:00", "2025-04-14 10:00"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    clock.move_to(samples.MOMENT)
    return furnish(database)


def filed(office: Office, number: int = 3) -> tuple[Round, list[Case]]:
    """A round with so many applications at their acceptance."""
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    found = []
    for place in range(number):
        start = samples.ANSWERS["application_start"] | {"round_id": round_.id, "cluster_name": name(place)}
        case = office.open_case("county", start)
        office.complete("county", office.open_task(case.id, "fill_in"), samples.application_data())
        found.append(case)
    return round_, found


def name(number: int) -> str:
    return f"第{number}镇中小企业特色产业集群（铝材产业）"


def do(office: Office, who: str, deed: str, case: Case, colleague: str = "") -> Outcome:
    with office.database.write() as session:
        number = office.actors[colleague].person_id if colleague else None
        return bulk.do(session, office.actors[who], deed, case.id, number)


def urge(office: Office, who: str, task: Task) -> Task:
    with office.database.write() as session:
        return urging.urge(session, office.actors[who], task.id)


def recorded(office: Office, kind: str) -> list[tuple[str, int | None]]:
    """Who, and about which case, in the order of the record."""
    with office.database.read() as session:
        query = select(Event.actor, Event.case_id).where(Event.kind == kind).order_by(Event.seq)
        return [(row.actor, row.case_id) for row in session.execute(query)]


def holder(office: Office, case: Case) -> int | None:
    return office.open_task(case.id, "acceptance").assignee_id


# ---- several at once ----------------------------------------------------------------------------


def test_several_are_claimed_and_the_one_of_a_colleague_is_refused(office: Office) -> None:
    _, cases = filed(office)
    do(office, "city2", "claim", cases[1])
    outcomes = [do(office, "city", "claim", case) for case in cases]
    assert [each.done for each in outcomes] == [("受理",), (), ("受理",)]
    assert "已由同事认领" in outcomes[1].refused[0]
    mine, theirs = office.actors["city"].person_id, office.actors["city2"].person_id
    assert [holder(office, case) for case in cases] == [mine, theirs, mine]
    assert recorded(office, "task.claimed") == [("city2", cases[1].id), ("city", cases[0].id), ("city", cases[2].id)]


def test_claimed_twice_nothing_changes_and_nothing_more_is_recorded(office: Office) -> None:
    _, (case,) = filed(office, 1)
    assert do(office, "city", "claim", case).done == ("受理",)
    again = do(office, "city", "claim", case)
    assert (again.done, again.same, again.refused) == ((), 1, ())
    assert len(recorded(office, "task.claimed")) == 1


def test_a_case_that_waits_for_nobody_says_so(office: Office) -> None:
    _, (case,) = filed(office, 1)
    answers = {"decision": "refuse", "opinion": "不属于受理范围"}
    office.complete("city", office.open_task(case.id, "acceptance"), answers)
    assert "没有可以办理的待办" in do(office, "city", "claim", case).refused[0]


def test_what_one_does_not_see_one_does_nothing_to(office: Office) -> None:
    _, (case,) = filed(office, 1)
    with pytest.raises(NotFound):
        do(office, "sibling", "claim", case)


# ---- to a colleague -----------------------------------------------------------------------------


def test_tasks_are_handed_to_a_colleague_of_the_office(office: Office) -> None:
    _, cases = filed(office, 2)
    assert [do(office, "city", "assign", case, "city2").done for case in cases] == [("受理",)] * 2
    assert [holder(office, case) for case in cases] == [office.actors["city2"].person_id] * 2
    assert do(office, "leader", "assign", cases[0], "city2").same == 1  # it is theirs already
    assert recorded(office, "task.assigned") == [("city", cases[0].id), ("city", cases[1].id)]


@pytest.mark.parametrize("colleague", ["county", "expert", "leader"])
def test_nobody_gets_what_their_role_may_not_do(office: Office, colleague: str) -> None:
    _, (case,) = filed(office, 1)
    assert "没有相应岗位" in do(office, "city", "assign", case, colleague).refused[0]
    assert holder(office, case) is None


def test_a_colleagues_task_is_moved_by_the_leader_alone(office: Office) -> None:
    _, (case,) = filed(office, 1)
    do(office, "city2", "claim", case)
    task = office.open_task(case.id, "acceptance")
    with office.database.write() as session, pytest.raises(ClaimedByAnother):
        tasks.assign(session, office.actors["city"], task.id, office.actors["city"].person_id)
    assert do(office, "leader", "assign", case, "city").done == ("受理",)
    assert holder(office, case) == office.actors["city"].person_id


def test_four_eyes_hold_for_whom_it_is_handed_to(office: Office) -> None:
    """Who drew up the list does not get to decide on it."""
    round_ = office.open_round()
    with office.database.write() as session:
        task = session.scalars(select(Task).where(Task.case_id == round_.case_id)).one()
        task.element, task.roles = "decide_list", " bureau_leader bureau_officer "
        drafted = Task(
            id="drafted", case_id=task.case_id, process="round", element="draft_list", instance_path="", pass_number=1
        )
        drafted.title, drafted.form, drafted.roles, drafted.organisation_code = "拟定", "draft_list", " x ", BUREAU
        drafted.state, drafted.closed_by, drafted.opened_at = "done", "city2", task.opened_at
        session.add(drafted)
        task_id = task.id
    with office.database.write() as session, pytest.raises(Refused, match="不同人员"):
        tasks.assign(session, office.actors["city"], task_id, office.actors["city2"].person_id)


# ---- urging -------------------------------------------------------------------------------------


def test_who_holds_a_task_up_is_urged_once_a_working_day(office: Office, clock: StandingClock) -> None:
    _, (case,) = filed(office, 1)
    task = office.open_task(case.id, "acceptance")
    moments: list[tuple[str, bool]] = [(FRIDAY, True), (FRIDAY, False), (SATURDAY, False), (MONDAY, True)]
    for moment, sent in moments:
        clock.move_to(moment)
        if sent:
            urge(office, "leader", task)
        else:
            with pytest.raises(Refused, match="每个工作日至多催办一次"):
                urge(office, "leader", task)
    with office.database.read() as session:
        letters = session.scalars(select(Letter).where(Letter.template == "urged").order_by(Letter.id)).all()
    assert [(letter.organisation_code, letter.role, letter.case_id) for letter in letters] == [
        (BUREAU, "bureau_officer", case.id)
    ] * 2
    assert letters[0].fields["环节"] == "受理"
    assert letters[0].fields["集群名称"] == name(0)
    assert recorded(office, "task.urged") == [("leader", case.id)] * 2


def test_an_applicant_is_urged_in_their_own_role(office: Office) -> None:
    _, (case,) = filed(office, 1)
    office.complete(
        "city",
        office.open_task(case.id, "acceptance"),
        {"decision": "return", "opinion": "缺材料", "remarks": [{"field": "output", "remark": "请核对"}]},
    )
    urge(office, "city", office.open_task(case.id, "correct"))
    with office.database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.template == "urged")).one()
    assert (letter.organisation_code, letter.role) == (COUNTY, "county_officer")


def test_a_sealed_task_names_nothing_of_its_case_in_the_letter(office: Office) -> None:
    _, (case,) = filed(office, 1)
    task = office.open_task(case.id, "acceptance")
    with office.database.write() as session:
        session.get_one(Task, task.id).sealed = True
    urge(office, "leader", task)
    with office.database.read() as session:
        fields = session.scalars(select(Letter.fields).where(Letter.template == "urged")).one()
    assert name(0) not in "".join(fields.values())
    assert fields["办件编号"] == ""


def test_urging_is_the_bureaus_and_not_of_oneself(office: Office) -> None:
    _, (case,) = filed(office, 1)
    task = office.open_task(case.id, "acceptance")
    for who in ("county", "publisher", "expert"):
        with pytest.raises((Forbidden, NotFound)):
            urge(office, who, task)
    do(office, "city", "claim", case)
    with pytest.raises(Refused, match="您本人"):
        urge(office, "city", task)
    with office.database.read() as session:
        assert session.scalars(select(Letter).where(Letter.template == "urged")).all() == []


def test_whoever_holds_the_task_is_urged_alone_and_not_again_when_it_is_handed_over(office: Office) -> None:
    _, (case,) = filed(office, 1)
    do(office, "city", "claim", case)
    task = office.open_task(case.id, "acceptance")
    urge(office, "leader", task)
    do(office, "leader", "assign", case, "city2")
    with pytest.raises(Refused, match="今日已催办"):
        urge(office, "leader", task)
    assert addressees(office) == [("bureau_officer", office.actors["city"].person_id)]


def test_of_a_panel_each_expert_is_urged_alone_once_a_day(database: Database, clock: StandingClock) -> None:
    """The other experts of the bureau do not learn from a letter what is judged, nor by whom."""
    room = panel.furnish(database, clock)
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 1, "declare")
    office, holders = room.at, [room.experts[room.holder(case, number)].person_id for number in (1, 2, 3)]
    first, second = (do(office, "city", "urge", case) for _ in range(2))
    assert (len(first.refused), second.done) == (0, ())
    assert "今日已催办" in second.refused[0]
    assert sorted(addressees(office)) == sorted(("expert", holder) for holder in holders)
    assert recorded(office, "task.urged") == [("city", case.id)] * 3


def addressees(office: Office) -> list[tuple[str, int | None]]:
    """Role and person of each letter that urges."""
    with office.database.read() as session:
        query = select(Letter.role, Letter.person_id).where(Letter.template == "urged").order_by(Letter.id)
        return [(row.role, row.person_id) for row in session.execute(query)]


def test_of_several_the_one_urged_today_is_refused_with_its_reason(office: Office) -> None:
    _, cases = filed(office)
    urge(office, "leader", office.open_task(cases[1].id, "acceptance"))
    outcomes = [do(office, "leader", "urge", case) for case in cases]
    assert [bool(each.done) for each in outcomes] == [True, False, True]
    assert "今日已催办" in outcomes[1].refused[0]
    assert len(recorded(office, "task.urged")) == 3


# ---- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(database: Database, tmp_path: Path, clock: StandingClock) -> tuple[Office, Callable[[str], reader.Reader]]:
    clock.move_to(samples.MOMENT.astimezone(SHANGHAI))
    at = desk.furnish(database, tmp_path)
    return at.office, lambda who: reader.reader(at.app, reader.signed_in(database, who))


def test_the_page_does_it_without_scripts_and_tells_each_result(
    page: tuple[Office, Callable[[str], reader.Reader]],
) -> None:
    office, sign_in = page
    round_, cases = filed(office)
    do(office, "city2", "claim", cases[1])
    city = sign_in("city")
    shown = city.get(f"/rounds/{round_.id}").text
    assert all(f'name="case" value="{case.id}"' in shown for case in cases)
    data = {"deed": "claim", "case": [case.id for case in cases], "sort": "due"}
    told = city.post(f"/rounds/{round_.id}/deeds", data)
    assert told.status_code == 200
    assert "已办理 2 件，未能办理 1 件" in told.text
    assert "已由同事认领" in told.text
    assert f"/rounds/{round_.id}?sort=due" in told.text
    again = city.post(f"/rounds/{round_.id}/deeds", data)
    assert "已办理 0 件，未能办理 1 件" in again.text
    assert len(recorded(office, "task.claimed")) == 3


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"deed": "claim"}, "请先勾选办件"),
        ({"deed": "", "case": "1"}, "请选择要办理的事项"),
        ({"deed": "cancel", "case": "1"}, "请选择要办理的事项"),
        ({"deed": "assign", "case": "1"}, "请选择转交给哪位同事"),
        ({"deed": "claim", "case": [str(number) for number in range(1, 502)]}, "一次至多办理 500 件"),
    ],
)
def test_the_page_says_what_is_missing(
    page: tuple[Office, Callable[[str], reader.Reader]], data: dict[str, object], why: str
) -> None:
    office, sign_in = page
    round_, _ = filed(office, 1)
    told = sign_in("city").post(f"/rounds/{round_.id}/deeds", data)
    assert (told.status_code, why in told.text) == (422, True)
    assert recorded(office, "task.claimed") == []
