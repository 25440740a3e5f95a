"""The ways through an application: where each ends, what the applicant is told, and whose step each one is."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.errors import JiqunError
from engine import bulletin, bundle, tasks, timers, xml
from engine.errors import ClaimedByAnother, Forbidden, FormInvalid, NotFound
from engine.lint import surroundings as lint_surroundings
from engine.models import Case, Cluster, Letter, Task
from tests import inspected, samples
from tests.clock import StandingClock, moment, standing_at
from tests.conftest import opened
from tests.inspected import Round
from tests.office import BUREAU, COUNTY, PARK, REGIME, SIBLING, Office
from tests.samples import ANSWERS

CLOSED = "2025-06-30 17:30:01"  # the notice's closing time, and one second
VISITED = "2025-06-30 20:00"
REFUSED = {"decision": "refuse", "opinion": "不属于本办法第三条所称的集群。"}
RETURNED = {"decision": "return", "opinion": "材料不全", "remarks": [{"field": "集群总产值", "remark": "请核对"}]}
REJECTED = {"decision": "reject", "checked_document": "无", "opinion": "名单中没有该集群。"}
NATIONAL = samples.application_data(higher_level_recognition="national")


@dataclass(frozen=True)
class Hall:
    """An office with an open round, experts and inspectors. Each answer is given a minute after the one before it."""

    round: Round
    office: Office
    clock: StandingClock
    round_case: int

    def apply(self, who: str, **start: str) -> int:
        return self.office.open_case(who, {**ANSWERS["application_start"], **start, "round_id": 1}).id

    def answer(self, who: str, case_id: int, element: str, data: Mapping[str, Any]) -> None:
        self.clock.move_by(minutes=1)
        self.office.complete(who, self.office.open_task(case_id, element), data)

    def accepted(self, who: str, filled: Mapping[str, Any] = ANSWERS["application"]) -> int:
        """A case that was filled in and accepted."""
        case_id = self.apply(who)
        self.answer(who, case_id, "fill_in", filled)
        self.answer("city", case_id, "acceptance", ANSWERS["acceptance"])
        return case_id

    def waiting(self, who: str) -> int:
        """A case that was reviewed and waits for the sample of its round."""
        return inspected.review(self.round, "特种铝型材", who)

    def case(self, case_id: int) -> Case:
        with self.office.database.read() as session:
            return session.get_one(Case, case_id)

    def letters(self, case_id: int) -> list[Letter]:
        with self.office.database.read() as session:
            return list(session.scalars(select(Letter).where(Letter.case_id == case_id).order_by(Letter.id)))

    def told(self, case_id: int) -> tuple[str, str, str, str]:
        """The last letter of a case: which, to whom, and the opinion in it."""
        letter = self.letters(case_id)[-1]
        return letter.template, letter.organisation_code, letter.role, letter.fields["意见"]

    def tick(self, at: str) -> None:
        self.clock.move_to(at)
        timers.tick(self.office.database)

    def decided(self, *listed: int) -> None:
        """The sample is drawn and visited on the same evening; the round goes to its end with these on the list."""
        self.tick(CLOSED)
        sample = self.round.draw()
        for case_id in sample.drawn:
            self.round.arrange(case_id, starts_at="2025-06-30T18:30:00+08:00", ends_at="2025-06-30T19:30:00+08:00")
        self.clock.move_to(VISITED)
        for case_id in sample.drawn:
            self.round.report(case_id, inspected_on="2025-06-30")
        reasons = [{"case": case_id, "reason": "经研究决定"} for case_id in {*listed, *sample.listed}]
        drafted = {"cases": list(listed), "reasons": reasons, "opinion": "无"}
        self.answer("city", self.round_case, "draft_list", drafted)
        self.answer("leader", self.round_case, "decide_list", ANSWERS["decide_list"])
        if listed:
            self.tick("2025-07-10 00:00")  # seven working days after Monday 30 June: Wednesday 9 July
            self.answer("city", self.round_case, "check_objections", ANSWERS["check_objections"])
            self.answer("publisher", self.round_case, "publish", ANSWERS["publish"])
        timers.tick(self.office.database)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[Path, Round]:
    """The database of an office that has called for applications, to copy."""
    path = tmp_path_factory.mktemp("office") / "jiqun.sqlite"
    shutil.copyfile(sqlite_template, path)
    with standing_at(samples.MOMENT) as clock, opened(f"sqlite:///{path}") as database:
        made = inspected.reviewed(database, clock, count=0)
    return path, made


@pytest.fixture
def hall(furnished: tuple[Path, Round], tmp_path: Path) -> Iterator[Hall]:
    path, made = furnished
    shutil.copyfile(path, tmp_path / "jiqun.sqlite")
    with standing_at(samples.MOMENT) as clock, opened(f"sqlite:///{tmp_path / 'jiqun.sqlite'}") as database:
        at = Office(database, made.office.actors)
        room = replace(made.room, at=at, clock=clock)
        yield Hall(replace(made, room=room), at, clock, made.case_id)


# ---- where a case ends -------------------------------------------------------------------------


def test_an_application_outside_the_rules_is_refused_with_the_reason(hall: Hall) -> None:
    case_id = hall.apply("county")
    hall.answer("county", case_id, "fill_in", ANSWERS["application"])
    hall.answer("city", case_id, "acceptance", REFUSED)
    assert ended(hall, case_id) == "not_accepted"
    assert hall.told(case_id) == ("refused", COUNTY, "county_officer", REFUSED["opinion"])


def test_a_refusal_without_a_reason_is_none(hall: Hall) -> None:
    case_id = hall.apply("county")
    hall.answer("county", case_id, "fill_in", ANSWERS["application"])
    with pytest.raises(FormInvalid) as refused:
        hall.answer("city", case_id, "acceptance", {"decision": "refuse", "opinion": "无"})
    assert [problem.field for problem in refused.value.problems] == ["opinion"]
    assert hall.office.open_elements(case_id) == ["acceptance"]


def test_who_fails_the_first_review_is_told_why_and_sees_no_expert(hall: Hall) -> None:
    case_id = hall.accepted("county")
    failed = {**ANSWERS["first_review"], "decision": "fail", "opinion": "近三年产值未达到20亿元。"}
    hall.answer("city", case_id, "first_review", failed)
    assert ended(hall, case_id) == "not_passed"
    assert hall.told(case_id) == ("not_passed", COUNTY, "county_officer", "近三年产值未达到20亿元。")


def test_what_is_not_filed_in_time_ends_by_itself(hall: Hall) -> None:
    case_id = hall.apply("park")
    hall.tick("2025-06-30 17:29:59")
    assert hall.office.open_elements(case_id) == ["fill_in"]
    hall.tick(CLOSED)
    assert ended(hall, case_id) == "unfiled"
    assert hall.told(case_id) == ("expired_unfiled", PARK, "park_officer", "")


def test_the_list_decides_between_recognised_and_not_listed(hall: Hall) -> None:
    listed, left_out = hall.waiting("county"), hall.waiting("sibling")
    hall.decided(listed)
    assert ended(hall, listed) == "recognised"
    assert ended(hall, left_out) == "not_listed"
    assert hall.told(listed)[:3] == ("recognised", COUNTY, "county_officer")
    assert hall.told(left_out)[:3] == ("not_listed", SIBLING, "county_officer")


def test_an_empty_list_tells_everybody_at_once_and_publishes_nothing(hall: Hall) -> None:
    case_id = hall.waiting("county")
    hall.decided()
    assert ended(hall, case_id) == "not_listed"
    assert hall.case(hall.round_case).outcome == "concluded"
    with hall.office.database.read() as session:
        assert [notice["kind"] for notice in bulletin.notices(session)] == ["call"]


def test_every_end_of_the_diagram_is_reached_by_a_test() -> None:
    root = xml.read("application.bpmn", bundle.shipped(REGIME)["application.bpmn"])
    ends = {element.get("id") for element in root.iter(xml.tag("endEvent"))}
    of_the_visit = {"disqualified"}  # tests/processes/test_sample_and_inspection.py
    assert ends == {"not_accepted", "not_passed", "unfiled", "recognised", "not_listed"} | of_the_visit


def ended(hall: Hall, case_id: int) -> str | None:
    """How a case ended: nothing of it waits any more, and its cluster is recognised only if it says so."""
    case = hall.case(case_id)
    assert (case.status, case.ended_at, hall.office.open_elements(case_id)) == ("ended", hall.clock.at, [])
    assert (case.wake_at, case.awaits.strip()) == (None, "")
    with hall.office.database.read() as session:
        state = session.get_one(Cluster, case.cluster_id).state
    assert state == ("recognised" if case.outcome == "recognised" else "candidate")
    return case.outcome


# ---- ways back ---------------------------------------------------------------------------------


def test_a_county_may_hand_its_parks_application_back(hall: Hall) -> None:
    case_id = hall.apply("park")
    hall.answer("park", case_id, "fill_in", ANSWERS["application"])
    hall.answer("county", case_id, "forward", RETURNED)
    assert hall.told(case_id) == ("returned", PARK, "park_officer", "材料不全；集群总产值：请核对")
    assert waits(hall, case_id, "revise", "park")
    assert hall.office.open_task(case_id, "revise").due_at == moment("2025-04-24 23:59:59")  # ten working days
    hall.answer("park", case_id, "revise", ANSWERS["application"])
    assert waits(hall, case_id, "forward", "county")
    hall.answer("county", case_id, "forward", ANSWERS["forward"])
    assert hall.office.open_elements(case_id) == ["acceptance"]
    assert hall.told(case_id)[:3] == ("submitted", BUREAU, "bureau_officer")


def test_a_letter_tells_the_answer_it_was_written_for_though_another_bears_the_same_moment(hall: Hall) -> None:
    """On a clock that stands, as in a rehearsal, filing and handing back are at once."""
    case_id = hall.apply("county")
    hall.office.complete("county", hall.office.open_task(case_id, "fill_in"), ANSWERS["application"])
    hall.office.complete("city", hall.office.open_task(case_id, "acceptance"), RETURNED)
    assert hall.told(case_id) == ("returned", COUNTY, "county_officer", "材料不全；集群总产值：请核对")


def test_a_county_applies_without_sending_to_itself(hall: Hall) -> None:
    case_id = hall.apply("county")
    hall.answer("county", case_id, "fill_in", ANSWERS["application"])
    assert hall.office.open_elements(case_id) == ["acceptance"]


def test_what_the_first_review_hands_back_comes_back_to_its_reviewer(hall: Hall) -> None:
    case_id = hall.accepted("county")
    hall.answer("city2", case_id, "first_review", {**ANSWERS["first_review"], **RETURNED})
    assert hall.told(case_id) == ("returned", COUNTY, "county_officer", "材料不全；集群总产值：请核对")
    assert waits(hall, case_id, "correct_after_review", "county")
    hall.answer("county", case_id, "correct_after_review", ANSWERS["application"])
    assert waits(hall, case_id, "first_review", "city2")  # not to city, who accepted it
    assert hall.office.open_task(case_id, "first_review").pass_number == 2


@pytest.mark.parametrize("times", [1, 7])
def test_an_application_may_be_corrected_as_often_as_it_is_handed_back(hall: Hall, times: int) -> None:
    case_id = hall.apply("county")
    hall.answer("county", case_id, "fill_in", ANSWERS["application"])
    for _ in range(times):
        hall.answer("city", case_id, "acceptance", RETURNED)
        hall.answer("county", case_id, "correct", ANSWERS["application"])
    assert waits(hall, case_id, "acceptance", "city")
    assert hall.office.open_task(case_id, "acceptance").pass_number == times + 1
    templates = [letter.template for letter in hall.letters(case_id)]
    assert templates == ["submitted", *["returned"] * times]


def waits(hall: Hall, case_id: int, element: str, who: str) -> bool:
    """Whether the case stands at this one step, on this person's desk."""
    assert hall.office.open_elements(case_id) == [element]
    return hall.office.open_task(case_id, element).assignee_id == hall.office.actors[who].person_id


# ---- 已经通过国家级、省级…认定的，自动认定 (第十五条（二）) -----------------------------------------


@pytest.mark.parametrize("level", ["national", "provincial"])
def test_a_recognition_from_above_that_is_true_needs_no_review(hall: Hall, level: str) -> None:
    case_id = hall.accepted("county", samples.application_data(higher_level_recognition=level))
    assert hall.office.open_elements(case_id) == ["verify_higher_level"]
    hall.answer("city", case_id, "verify_higher_level", ANSWERS["verify_higher_level"])
    assert (hall.office.open_elements(case_id), hall.case(case_id).status) == ([], "open")
    hall.decided(case_id)
    assert ended(hall, case_id) == "recognised"


def test_a_recognition_from_above_that_cannot_be_verified_is_reviewed_like_any_other(hall: Hall) -> None:
    case_id = hall.accepted("county", NATIONAL)
    hall.answer("city", case_id, "verify_higher_level", REJECTED)
    assert hall.office.open_elements(case_id) == ["first_review"]


def test_nobody_is_recognised_on_his_own_word(hall: Hall) -> None:
    case_id = hall.accepted("county", NATIONAL)
    confirmed = {**ANSWERS["verify_higher_level"], "checked_document": "无"}
    with pytest.raises(FormInvalid) as refused:
        hall.answer("city", case_id, "verify_higher_level", confirmed)
    assert [problem.field for problem in refused.value.problems] == ["checked_document"]


def test_what_was_said_at_the_start_does_not_decide_but_what_was_filed(hall: Hall) -> None:
    case_id = hall.apply("county", higher_level_recognition="national", higher_level_reference="示例公告〔2024〕第1号")
    hall.answer("county", case_id, "fill_in", ANSWERS["application"])
    hall.answer("city", case_id, "acceptance", ANSWERS["acceptance"])
    assert hall.office.open_elements(case_id) == ["first_review"]


# ---- whose step it is --------------------------------------------------------------------------

BUREAU_READERS = {"city", "city2", "leader", "publisher"}  # see every case of their bureau


class _Undone(Exception):
    """Taken back: it was only tried."""


def tried(hall: Hall, who: str, task: Task, data: Mapping[str, Any]) -> type[JiqunError] | None:
    """What this person is told who finishes the task; what worked is taken back."""
    try:
        with hall.office.database.write() as session:
            tasks.complete(session, hall.office.actors[who], task.id, data)
            raise _Undone
    except _Undone:
        return None
    except JiqunError as refusal:
        return type(refusal)


def require_only(
    hall: Hall, case_id: int, element: str, data: Mapping[str, Any], may: set[str], *, claimed: str = "", sees: set[str]
) -> None:
    """Just these may do the step. Their colleagues are told who has it, who sees it that it is not theirs, the others
    that there is no such thing. Nothing comes of any of it.
    """
    task, before = hall.office.open_task(case_id, element), hall.case(case_id).version
    found = {who: tried(hall, who, task, data) for who in hall.office.actors}
    expected: dict[str, type[JiqunError] | None] = dict.fromkeys(hall.office.actors, NotFound)
    expected |= dict.fromkeys(sees, Forbidden) | dict.fromkeys(may, None)
    if claimed:
        expected[claimed] = ClaimedByAnother
    assert found == expected
    assert (hall.case(case_id).version, hall.office.open_elements(case_id).count(element)) == (before, 1)


def test_a_countys_application_is_its_own_officers(hall: Hall) -> None:
    case_id, filled = hall.apply("county"), ANSWERS["application"]
    require_only(hall, case_id, "fill_in", filled, {"county", "county2"}, sees=BUREAU_READERS)
    hall.answer("county", case_id, "fill_in", filled)
    hall.answer("city", case_id, "acceptance", RETURNED)
    require_only(hall, case_id, "correct", filled, {"county"}, claimed="county2", sees=BUREAU_READERS)
    hall.answer("county", case_id, "correct", filled)
    hall.answer("city", case_id, "acceptance", ANSWERS["acceptance"])
    hall.answer("city", case_id, "first_review", {**ANSWERS["first_review"], **RETURNED})
    require_only(hall, case_id, "correct_after_review", filled, {"county"}, claimed="county2", sees=BUREAU_READERS)


def test_a_parks_application_is_its_own_and_sent_in_by_its_county(hall: Hall) -> None:
    case_id, filled = hall.apply("park"), ANSWERS["application"]
    above = {"county", "county2"}  # see what the parks below them do
    require_only(hall, case_id, "fill_in", filled, {"park"}, sees=above | BUREAU_READERS)
    hall.answer("park", case_id, "fill_in", filled)
    require_only(hall, case_id, "forward", ANSWERS["forward"], above, sees=BUREAU_READERS)
    hall.answer("county2", case_id, "forward", RETURNED)
    require_only(hall, case_id, "revise", filled, {"park"}, sees=above | BUREAU_READERS)


def test_the_bureaus_steps_are_its_officers(hall: Hall) -> None:
    officers, others = {"city", "city2"}, {"leader", "publisher"}
    case_id = hall.apply("county")
    hall.answer("county", case_id, "fill_in", NATIONAL)
    require_only(hall, case_id, "acceptance", ANSWERS["acceptance"], officers, sees=others)
    hall.answer("city", case_id, "acceptance", ANSWERS["acceptance"])
    require_only(hall, case_id, "verify_higher_level", ANSWERS["verify_higher_level"], officers, sees=others)
    hall.answer("city", case_id, "verify_higher_level", REJECTED)
    require_only(hall, case_id, "first_review", ANSWERS["first_review"], officers, sees=others)


def test_the_steps_of_a_panel_are_its_officers_and_its_members(hall: Hall) -> None:
    officers, others = {"city", "city2"}, {"leader", "publisher"}
    case_id = inspected.file(hall.round, "特种铝型材")
    require_only(hall, case_id, "convene", ANSWERS["panel"], officers, sees=others)
    case, room = hall.case(case_id), hall.round.room
    room.convene(case, size=1)
    expert = room.holder(case, 1)
    require_only(hall, case_id, "declare", ANSWERS["declare_interest"], {expert}, sees=BUREAU_READERS)
    room.act(case, 1, "declare")
    require_only(hall, case_id, "score", ANSWERS["score_sheet"], {expert}, sees=BUREAU_READERS)
    room.ask(case, 1)
    require_only(hall, case_id, "pass_on", ANSWERS["pass_on"], officers, sees=others)
    hall.answer("city", case_id, "pass_on", ANSWERS["pass_on"])
    answer = ANSWERS["answer_question"]
    require_only(hall, case_id, "answer_question", answer, {"county", "county2"}, sees=BUREAU_READERS)
    hall.answer("county", case_id, "answer_question", answer)
    room.score(case, 1)
    require_only(hall, case_id, "open_opinions", ANSWERS["open_opinions"], officers, sees=others)
    hall.answer("city", case_id, "open_opinions", ANSWERS["open_opinions"])
    require_only(hall, case_id, "concur", ANSWERS["stance"], {expert}, sees=BUREAU_READERS)
    room.act(case, 1, "concur")
    require_only(hall, case_id, "panel_opinion", ANSWERS["expert_review"], {expert}, sees=BUREAU_READERS)


def test_the_steps_of_a_visit_are_its_officers_its_leader_and_the_bureaus_leader(hall: Hall) -> None:
    officers, others = {"city", "city2"}, {"leader", "publisher"}
    case_id = hall.waiting("county")
    hall.tick(CLOSED)
    hall.round.draw()
    at = hall.round
    team = [at.inspectors[name] for name in ("inspector", "inspector2")]
    arranged = ANSWERS["arrange_inspection"] | {"inspectors": team, "leader": team[0]}
    require_only(hall, case_id, "arrange", arranged, officers, sees=others)
    at.arrange(case_id)
    hall.clock.move_to(inspected.VISIT)
    found = ANSWERS["site_inspection"] | {"inspectors": team, "inspected_on": "2025-07-08"}
    require_only(hall, case_id, "inspect", found, {"inspector"}, sees=BUREAU_READERS)
    at.report(case_id, **inspected.FALSEHOOD)
    require_only(hall, case_id, "confirm_falsehood", ANSWERS["confirm_falsehood"], {"leader"}, sees=BUREAU_READERS)


def test_whether_a_late_one_is_visited_is_for_the_officers(hall: Hall) -> None:
    case_id = inspected.file(hall.round, "特种铝型材")
    hall.tick(CLOSED)
    hall.round.draw(without_unfinished=True)
    inspected.judge(hall.round, case_id)
    hall.round.tick()
    late = ANSWERS["late_sample"]
    require_only(hall, case_id, "decide_visit", late, {"city", "city2"}, sees={"leader", "publisher"})


def test_every_step_of_the_diagram_has_been_tried_by_everybody() -> None:
    surroundings = lint_surroundings.read(bundle.shipped(REGIME))
    steps = {
        element.get("id")
        for name in surroundings.called_by("application")
        for element in surroundings.diagrams[f"{name}.bpmn"].iter(xml.tag("userTask"))
    }
    of_applicants = {"fill_in", "correct", "correct_after_review", "forward", "revise", "answer_question"}
    of_the_bureau = {"acceptance", "verify_higher_level", "first_review"}
    of_the_panel = {"convene", "declare", "score", "pass_on", "open_opinions", "concur", "panel_opinion"}
    of_the_visit = {"decide_visit", "arrange", "inspect", "confirm_falsehood"}
    assert steps == of_applicants | of_the_bureau | of_the_panel | of_the_visit
