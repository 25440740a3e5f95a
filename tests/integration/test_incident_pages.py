"""A stopped case as its page tells it, and what people do there: try again, put data right, skip under four eyes."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import accounts, lint, repairs, skips
from engine.db import Database
from engine.errors import CaseStopped, Forbidden, NotFound, Refused
from engine.models import Event, SkipRequest, Task
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.integration.reader import Reader
from tests.office import BUREAU, Office, furnish
from tests.pages import Page, read
from tests.processes.test_replay import lived_again
from tests.stopped import (
    ANSWERS,
    apply,
    as_,
    assert_sound,
    changed,
    failing_after_acceptance,
    incidents_of,
    opened_round,
    recorded,
    standing,
    stopped,
)

REASON = "申报材料已由县局线下核对"


@dataclass(frozen=True)
class Place:
    at: Desk
    forward: Task  # whose completion stopped its case

    @property
    def office(self) -> Office:
        return self.at.office

    @property
    def case_id(self) -> int:
        return self.forward.case_id

    def as_(self, name: str) -> Reader:
        return reader.reader(self.at.app, reader.signed_in(self.at.database, name))

    def page(self, name: str, case_id: int = 0) -> Page:
        answer = self.as_(name).get(f"/cases/{case_id or self.case_id}/incident")
        assert answer.status_code == 200, answer.text
        return read(answer.text)


def owners(office: Office) -> Office:
    """With a second process owner."""
    with office.database.write() as session:
        person = accounts.add(session, "owner2", display_name="owner2", by="setup")
        accounts.grant(session, person, "process_owner", BUREAU, by="setup")
        return Office(office.database, {**office.actors, "owner2": accounts.actor(session, person)})


@pytest.fixture
def place(database: Database, clock: StandingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A park's application: what its county decides is compared with a number, which no text can be."""
    clock.move_to(samples.MOMENT)
    monkeypatch.setattr(lint, "problems", lambda _files: [])
    files = changed("filing.bpmn", 'decision == "forward"', "decision &gt; 3")
    office = owners(furnish(database, files))
    case = apply(office, opened_round(office), "park")
    office.complete("park", office.open_task(case.id, "fill_in"), samples.application_data())
    forward = office.open_task(case.id, "forward")
    with pytest.raises(CaseStopped):
        office.complete("county", forward, ANSWERS["forward"])
    return Place(desk.of(office, tmp_path), forward)


def test_a_step_is_skipped_by_two_and_the_case_goes_on(place: Place) -> None:
    office, case_id = place.office, place.case_id
    form = place.page("owner").form("/incident/skip")
    way = f"{place.forward.id}|forward_decision_to_tell_returned_by_county"
    answer = place.as_("owner").post(f"/cases/{case_id}/incident/skip", form.sent({"way": way, "reason": REASON}))
    assert answer.status_code == 303
    own = place.page("owner")
    assert "须由另一位流程管理人员或者本局领导确认" in own.text
    assert "确认跳过" not in own.text
    other = place.page("owner2")
    assert REASON in other.text
    assert "报送申报材料 → 退回 → 通知退回修改" in other.text
    sent = other.form("/incident/skip/confirm").sent()
    assert place.as_("owner").post(f"/cases/{case_id}/incident/skip/confirm", sent).status_code == 409
    assert standing(office, case_id) == ("incident", None)
    assert place.as_("owner2").post(f"/cases/{case_id}/incident/skip/confirm", sent).status_code == 303
    assert standing(office, case_id) == ("open", None)
    assert office.open_elements(case_id) == ["revise"]
    assert incidents_of(office, case_id) == [("expression_failed", "forward_decision", "skipped", "owner2")]
    with office.database.read() as session:
        task = session.get_one(Task, place.forward.id)
        assert (task.state, task.answers, task.closed_by) == ("skipped", None, "owner2")
        query = select(Event.actor, Event.payload).where(Event.task_id == task.id, Event.kind == "task.closed")
        (told,) = session.execute(query)
        assert told.actor == "owner2"
        assert told.payload["variables"] == {"decision": 3}
        assert (told.payload["skipped"]["asked_by"], told.payload["skipped"]["reason"]) == ("owner", REASON)
    lived_again(office, case_id)
    shown = read(place.as_("leader").get(f"/cases/{case_id}").text).text
    assert "经两人确认跳过一个环节" in shown
    assert REASON in shown
    # It goes on as any case, to the same question.
    office.complete("park", office.open_task(case_id, "revise"), samples.application_data())
    with pytest.raises(CaseStopped):
        office.complete("county", office.open_task(case_id, "forward"), ANSWERS["forward"])
    assert_sound(office)


def ask(place: Place, who: str = "owner") -> SkipRequest:
    way = "forward_decision_to_tell_returned_by_county"
    with place.at.database.write() as session:
        actor = place.office.actors[who]
        return skips.ask(session, actor, place.case_id, place.forward.id, way=way, reason=REASON)


def test_who_may_ask_and_who_may_confirm(place: Place) -> None:
    office, case_id = place.office, place.case_id
    for who, refusal in (("leader", Forbidden), ("city", Forbidden), ("sibling", NotFound)):
        with pytest.raises(refusal):
            ask(place, who)
    asked = ask(place)
    for who, refusal in (("owner", Refused), ("city", Forbidden), ("county", Forbidden), ("sibling", NotFound)):
        with pytest.raises(refusal):
            as_(office, who, skips.confirm, case_id, asked.id)
    newer = ask(place)
    with pytest.raises(NotFound):  # they have read another one
        as_(office, "leader", skips.confirm, case_id, asked.id)
    as_(office, "leader", skips.confirm, case_id, newer.id)
    assert office.open_elements(case_id) == ["revise"]
    assert_sound(office)


def test_a_request_ends_with_whatever_else_is_done(place: Place) -> None:
    office, case_id = place.office, place.case_id
    asked = ask(place)
    with office.database.write() as session:
        assert skips.refuse(session, office.actors["owner"], case_id, asked.id).state == "refused"  # taken back
    asked = ask(place)
    as_(office, "owner2", repairs.retry, case_id)
    with pytest.raises(Refused, match="没有异常"):
        as_(office, "owner2", skips.confirm, case_id, asked.id)
    with pytest.raises(CaseStopped):
        office.complete("county", place.forward, ANSWERS["forward"])
    assert "待另一人确认" not in place.page("owner2").text
    assert_sound(office)


def test_what_is_decided_or_done_beside_cannot_be_skipped(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    clock.move_to(samples.MOMENT)
    office = furnish(sqlite_database, failing_after_acceptance())
    task = stopped(office)  # the step of 受理 holds a recognition against the register
    way = "acceptance_decision_to_tell_accepted"
    with pytest.raises(Refused, match="不能跳过"), office.database.write() as session:
        skips.ask(session, office.actors["owner"], task.case_id, task.id, way=way, reason=REASON)
    page = read(
        reader.reader(desk.of(office, tmp_path).app, reader.signed_in(sqlite_database, "owner"))
        .get(f"/cases/{task.case_id}/incident")
        .text
    )
    assert "算不出结果" in page.text
    assert "不能跳过" in page.text


def test_data_are_put_right_by_kind_and_old_and_new_stand_in_the_record(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    clock.move_to(samples.MOMENT)
    office = furnish(sqlite_database, failing_after_acceptance())
    task = stopped(office)
    at = desk.of(office, tmp_path)
    owner = reader.reader(at.app, reader.signed_in(sqlite_database, "owner"))
    path = f"/cases/{task.case_id}/incident"
    form = read(owner.get(path).text).form("/incident/repair")
    shown = dict(form.fields)
    assert shown["v-case_id"] == str(task.case_id)
    assert shown["v-higher_level_recognition"] == "none"
    nothing = owner.post(f"{path}/repair", form.sent({"reason": "核对"}))
    assert (nothing.status_code, "请更正至少一项数据" in nothing.text) == (422, True)
    wrong = owner.post(f"{path}/repair", form.sent({"v-case_id": "二", "reason": ""}))
    assert wrong.status_code == 422
    assert "请填写整数" in wrong.text
    assert "请写明理由" in wrong.text
    assert standing(office, task.case_id) == ("incident", None)
    good = owner.post(f"{path}/repair", form.sent({"v-higher_level_recognition": "national", "reason": "证书为国家级"}))
    assert good.status_code == 303
    ((who, told),) = recorded(office, task.case_id, "incident.repaired")
    assert who == "owner"
    assert told == {
        "variables": {"higher_level_recognition": "national"},
        "old": {"higher_level_recognition": "none"},
        "reason": "证书为国家级",
    }
    assert owner.get(path).status_code == 409  # nothing is left to mend
    assert_sound(office)


def test_the_list_and_the_ends_of_an_incident(place: Place) -> None:
    listed = {name: read(place.as_(name).get("/incidents").text).text for name in ("owner", "leader")}
    for text in listed.values():
        assert "流程图上的一个条件算不出结果" in text
    assert place.as_("city").get("/incidents").status_code == 403
    path = f"/cases/{place.case_id}/incident"
    assert place.as_("leader").get(path).status_code == 200
    assert "更正数据" not in place.page("leader").text  # a leader confirms, and mends nothing
    owner = place.as_("owner")
    form = place.page("owner").form("/incident/cancel")
    assert owner.post(f"{path}/cancel", form.sent({"reason": " "})).status_code == 422
    assert owner.post(f"{path}/retry", place.page("owner").form("/incident/retry").sent()).status_code == 303
    assert standing(place.office, place.case_id) == ("open", None)
    told = place.at.as_("owner").get(f"/cases/{place.case_id}/incident")
    assert told.status_code == 409
    assert_sound(place.office)


def test_the_api_tells_the_same(place: Place) -> None:
    told = place.at.as_("owner").get(f"/cases/{place.case_id}/incident").get_json()
    assert (told["element"], told["code"], told["skip"]) == ("forward_decision", "expression_failed", None)
    assert {datum["name"] for datum in told["data"]} >= {"case_id", "round_id", "applicant_level"}
    (step,) = told["steps"]
    (way,) = step["ways"]
    body = {"task": step["task"], "way": way["way"], "reason": REASON}
    asked = place.at.as_("owner").post(f"/cases/{place.case_id}/incident/skip", body)
    assert asked.status_code == 200
    request = {"request": asked.get_json()["id"]}
    done = place.at.as_("leader").post(f"/cases/{place.case_id}/incident/skip/confirm", request)
    assert (done.status_code, done.get_json()["status"]) == (200, "open")
