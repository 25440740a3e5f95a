"""Letters as their persons read them: whatever they tell of, in their language, in the same words ever after."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import accounts, clock, deployments, mailbox, particulars
from engine.clock import SHANGHAI
from engine.db import Database
from engine.deployments import Deployed
from engine.models import (
    Case,
    Cluster,
    Delivery,
    Digest,
    Letter,
    Obligation,
    Person,
    Reminder,
    Task,
)
from notifications import wording
from notifications.wording import LetterInvalid
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.office import BUREAU, COUNTY

DUE = datetime(2026, 3, 15, 23, 59, 59, tzinfo=SHANGHAI)


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def task(at: Desk) -> Task:
    """The county's task to fill in its application, due on 2025-05-20."""
    round_ = at.office.open_round()
    at.office.complete("city", at.office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    case = at.office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    found = at.office.open_task(case.id, "fill_in")
    with at.database.write() as session:
        session.get_one(Task, found.id).due_at = datetime(2025, 5, 20, 17, 30, tzinfo=SHANGHAI)
        session.get_one(Cluster, case.cluster_id).name = samples.CLUSTER
        session.get_one(Case, case.id).title = samples.CLUSTER
    return found


def person(session: Session, name: str = "county", language: str = "") -> Person:
    found = accounts.by_name(session, name)
    found.language = language or found.language
    found.display_name = "示例经办人"
    return found


def delivered(session: Session, template: str, who: Person, **of: Any) -> Delivery:
    key = "-".join(f"{name}{value}" for name, value in of.items()) + f"{template}.p{who.id}"
    row = Delivery(
        dedupe_key=key,
        person_id=who.id,
        template=template,
        statutory=False,
        created_at=clock.now(),
        status="due",
        not_before=clock.now(),
        **of,
    )
    session.add(row)
    session.flush()
    return row


def reminder(session: Session, template: str = "task_due", revision: int = 1, **of: Any) -> int:
    row = Reminder(
        rung=f"{revision}",
        revision=revision,
        template=template,
        statutory=True,
        escalates=False,
        fire_at=clock.now(),
        **of,
    )
    session.add(row)
    session.flush()
    return row.id


def owed(session: Session, kind: str = "annual_report", **changes: Any) -> Obligation:
    cluster = Cluster(
        regime="qingyuan",
        bureau_code=BUREAU,
        organisation_code=COUNTY,
        name=samples.CLUSTER,
        number="清集群2025-001",
        state="recognised",
        recognised_on=date(2025, 6, 20),
        first_day=date(2025, 6, 20),
        last_day=date(2028, 6, 20),
        created_at=clock.now(),
    )
    session.add(cluster)
    session.flush()
    row: dict[str, Any] = {
        "regime": "qingyuan",
        "bureau_code": BUREAU,
        "cluster_id": cluster.id,
        "kind": kind,
        "year": 2026,
        "printed_on": DUE.date(),
        "effective_on": DUE.date(),
        "earliest_on": DUE.date(),
        "latest_on": DUE.date(),
        "due_at": DUE,
        "provisional": False,
        "calendar_revision": "1",
        "clause": "第十七条",
        "state": "open",
    }
    made = Obligation(**(row | changes))
    session.add(made)
    session.flush()
    return made


def entry(written: wording.Written) -> dict[str, str]:
    """The calendar file that hangs on a letter."""
    (attached,) = written.attachments
    assert (attached.name, attached.media_type) == ("deadline.ics", "text/calendar")
    lines = attached.content.decode("utf-8").replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if line)


def test_a_reminder_of_a_task_says_how_long_is_left_and_carries_the_date(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        delivery = delivered(session, "task_due", person(session), reminder_id=reminder(session, task_id=task.id))
        written = wording.written(session, delivery)
        assert written.subject == f"【到期提醒】填写申报表还剩40天：{samples.CLUSTER}"
        assert "示例经办人：\n" in written.text
        assert "请于2025年5月20日前办理" in written.text
        assert f"办件编号 {task.case_id}\n" in written.text
        kept = entry(written)
        assert (kept["METHOD"], kept["UID"], kept["SEQUENCE"]) == ("PUBLISH", f"task-{task.id}@jiqun", "0")
        assert (kept["DTSTART;VALUE=DATE"], kept["DTEND;VALUE=DATE"]) == ("20250520", "20250521")
        assert kept["STATUS"] == "CONFIRMED"


def test_each_reads_it_in_their_own_language(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        told = reminder(session, task_id=task.id)
        chinese = delivered(session, "task_due", person(session, "county"), reminder_id=told)
        english = delivered(session, "task_due", person(session, "county2", "en"), reminder_id=told)
        assert wording.written(session, chinese).subject.startswith("【到期提醒】填写申报表还剩40天")
        written = wording.written(session, english)
        assert written.subject == f"[Due] 填写申报表, 40 days left: {samples.CLUSTER}"
        assert "Please handle it by 2025-05-20;" in written.text
        assert '<html lang="en">' in written.html


def test_what_was_once_written_stays_as_it_was(at: Desk, task: Task, clock: StandingClock) -> None:
    with at.database.write() as session:
        delivery = delivered(session, "task_due", person(session), reminder_id=reminder(session, task_id=task.id))
        number = delivery.id
        assert wording.shown(session, delivery, person(session))[0].count("还剩40天") == 1
        assert delivery.subject is None  # a list that shows it freezes nothing
        first = wording.written(session, delivery)
    clock.move_to("2025-05-19 09:00")
    with at.database.write() as session:
        session.get_one(Task, task.id).title = "改名"
        person(session).language = "en"
        again = wording.written(session, session.get_one(Delivery, number))
    assert (again.subject, again.text) == (first.subject, first.text)


def test_a_duty_of_a_cluster_is_told_with_its_clause_and_its_number(at: Desk) -> None:
    with at.database.write() as session:
        duty = owed(session)
        told = reminder(session, "annual_report", obligation_id=duty.id)
        written = wording.written(session, delivered(session, "annual_report", person(session), reminder_id=told))
        assert written.subject == f"【年度报告】{samples.CLUSTER}的年度报告还剩339天"
        assert "（登记编号 清集群2025-001）" in written.text
        assert "应于2026年3月15日前报送" in written.text
        assert "办理依据：第十七条\n" in written.text
        assert "推算" not in written.text
        assert entry(written)["SUMMARY"] == f"年度报告：{samples.CLUSTER}"


def test_a_date_that_may_still_move_says_so(at: Desk) -> None:
    with at.database.write() as session:
        told = reminder(session, "validity", obligation_id=owed(session, "expiry", provisional=True).id)
        written = wording.written(session, delivered(session, "validity", person(session), reminder_id=told))
        assert "按尚未公布的放假安排推算" in written.text
        assert "认定有效期届满日期为2026年3月15日" in written.text
        assert "有效期：2025年6月20日至2028年6月20日" in written.text


@pytest.mark.parametrize("of", ["task", "obligation"])
def test_an_escalation_names_what_is_late_and_who_should_have_acted(
    at: Desk, task: Task, clock: StandingClock, of: str
) -> None:
    clock.move_to("2026-03-18 09:00")
    with at.database.write() as session:
        key: dict[str, Any] = {"task_id": task.id} if of == "task" else {"obligation_id": owed(session).id}
        told = reminder(session, "escalation", **key)
        written = wording.written(session, delivered(session, "escalation", person(session, "city"), reminder_id=told))
    what = "填写申报表已逾期302天" if of == "task" else "年度报告已逾期3天"
    assert written.subject == f"【督促】{what}：{samples.CLUSTER}"
    assert "应当办理的：英德市中小企业主管部门" in written.text
    assert "无" not in written.subject


def test_a_moved_date_raises_the_sequence_of_the_same_entry(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        who = person(session)
        reminder(session, task_id=task.id)
        second = reminder(session, revision=2, task_id=task.id)
        moved = wording.written(session, delivered(session, "task_due", who, reminder_id=second))
        fields = particulars.of_task(session, session.get_one(Task, task.id)) | {
            "原期限": "2025年5月19日",
            "变更依据": "国办发明电〔2024〕12号",
        }
        letter = Letter(
            dedupe_key="moved",
            case_id=task.case_id,
            deployment_id=None,
            template="date_changed",
            organisation_code=COUNTY,
            role="county_officer",
            task_id=task.id,
            fields=fields,
            created_at=clock.now(),
        )
        session.add(letter)
        session.flush()
        told = wording.written(session, delivered(session, "date_changed", who, letter_id=letter.id))
        assert told.subject == f"【日期变更】填写申报表由2025年5月19日改为2025年5月20日：{samples.CLUSTER}"
        assert (entry(moved)["UID"], entry(told)["UID"]) == (f"task-{task.id}@jiqun",) * 2
        assert (entry(moved)["SEQUENCE"], entry(told)["SEQUENCE"]) == ("1", "2")


def test_what_is_over_is_cancelled_in_the_calendars_that_hold_it(at: Desk) -> None:
    with at.database.write() as session:
        duty, who = owed(session), person(session)
        first = reminder(session, "annual_report", obligation_id=duty.id)
        before = entry(wording.written(session, delivered(session, "annual_report", who, reminder_id=first)))
        duty.state = "cancelled"
        after = entry(wording.written(session, session.scalars(select(Delivery)).one()))
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert before["UID"] == after["UID"]


def test_a_digest_gathers_the_subjects_of_what_it_holds(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        who = person(session)
        day = Digest(person_id=who.id, day=date(2025, 4, 10), made_at=clock.now())
        session.add(day)
        session.flush()
        first = reminder(session, task_id=task.id)
        delivered(session, "task_due", who, reminder_id=first, digest_id=day.id)
        delivered(session, "task_overdue", who, reminder_id=first, digest_id=day.id)
        delivered(session, "task_due", person(session, "city"), reminder_id=first)  # of somebody else
        written = wording.written(session, delivered(session, "digest", who, digest_id=day.id))
        assert written.subject == "【每日汇总】示例经办人的通知"
        assert written.text.count("· 【") == 2
        assert f"· 【到期提醒】填写申报表还剩40天：{samples.CLUSTER}\n" in written.text
        assert written.attachments == ()


def test_an_owners_own_words_go_before_those_that_ship_which_stand_in_where_there_are_none(
    at: Desk, task: Task
) -> None:
    with at.database.read() as session:
        number = session.get_one(Case, task.case_id).deployment_id
        files = dict(deployments.deployed(session, number).files)
    files["letters/task_due.txt"] = "本局提醒：{{环节}}\n\n{{收件人}}，请办理。\n".encode()
    del files["letters/task_overdue.txt"]  # as in a deployment from before there were such letters
    at.database.deployed[number] = Deployed(number, files)
    with at.database.write() as session:
        who, told = person(session, language="en"), reminder(session, task_id=task.id)
        written = wording.written(session, delivered(session, "task_due", who, reminder_id=told))
        assert (written.subject, written.text) == ("本局提醒：填写申报表", "示例经办人，请办理。\n")  # no English half
        shipped = wording.written(session, delivered(session, "task_overdue", who, reminder_id=told))
        assert shipped.subject.startswith("[Overdue] 填写申报表")


def test_a_letter_that_nobody_wrote_names_its_file(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        told = reminder(session, task_id=task.id)
        with pytest.raises(LetterInvalid, match=r"letters/no_such\.txt"):
            wording.written(session, delivered(session, "no_such", person(session), reminder_id=told))
        with pytest.raises(LetterInvalid, match="没有出处"):
            wording.written(session, delivered(session, "task_due", person(session, "city")))


def test_the_html_is_made_of_the_text_and_nothing_in_it_runs_or_is_fetched(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        session.get_one(Case, task.case_id).title = '<script src="//x.example/a.js"></script>&"'
        told = reminder(session, task_id=task.id)
        sheet = wording.written(session, delivered(session, "task_due", person(session), reminder_id=told)).html
    assert "<script" not in sheet
    assert "&lt;script src=&quot;//x.example/a.js&quot;&gt;" in sheet
    assert "http" not in sheet
    assert " src=" not in sheet.replace("src=&quot;", "")
    assert "url(" not in sheet
    assert "<br>" in sheet
    assert sheet.count("<p style=") == 4


def test_a_sealed_task_names_nothing_of_its_case(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        sealed = session.get_one(Task, task.id)
        sealed.sealed = True
        assert particulars.assigning(sealed) == "panel_invitation"
        told = reminder(session, task_id=task.id)
        written = wording.written(session, delivered(session, "task_due", person(session), reminder_id=told))
    content = written.attachments[0].content.decode()
    assert samples.CLUSTER not in written.subject + written.text + written.html + content
    assert f"办件编号 {task.case_id}" not in written.text


def test_a_letter_of_an_older_deployment_keeps_its_words(at: Desk, task: Task) -> None:
    with at.database.read() as session:
        deployment = session.get_one(Case, task.case_id).deployment_id
        deployed = deployments.deployed(session, deployment)
        assert wording.template(deployed, "qingyuan", "returned") == deployed.files["letters/returned.txt"]
        assert wording.template(None, None, "digest").startswith("【每日汇总】".encode())


def test_reading_a_message_writes_it_down_and_a_digest_is_none(at: Desk, task: Task, clock: StandingClock) -> None:
    actor = at.office.actors["county"]
    with at.database.write() as session:
        who, told = person(session), reminder(session, task_id=task.id)
        number = delivered(session, "task_due", who, reminder_id=told).id
        delivered(session, "digest", who, digest_id=None)
        others = delivered(session, "task_due", person(session, "city"), reminder_id=told).id
        assert mailbox.unread(session, actor, 99) == 1
    clock.move_by(minutes=5)
    with at.database.write() as session:
        (listed,) = mailbox.messages(session, actor)
        assert (listed.id, listed.read_at) == (number, None)
        assert mailbox.message(session, actor, number).read_at == clock.at
        assert mailbox.unread(session, actor, 99) == 0
        with pytest.raises(mailbox.NotFound):
            mailbox.message(session, actor, others)
