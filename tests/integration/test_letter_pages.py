"""Letters at the desk: messages, how they come, who gets them beside one, calendars, the log, and trying them out."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import accounts, bundle, clock, deploying, feeds, letter_log, outbox, outgoing, particulars, posting
from engine.db import Database
from engine.errors import BundleInvalid
from engine.models import (
    Attempt,
    Case,
    Delivery,
    Deployment,
    Digest,
    Event,
    LetterChoice,
    Substitute,
    Task,
)
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import Reader, reader, signed_in
from tests.integration.test_written import delivered, owed, reminder
from tests.office import REGIME

ADDRESS = "county@example.cn"


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def task(at: Desk) -> Task:
    """A task of the county's."""
    round_ = at.office.open_round()
    at.office.complete("city", at.office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    case = at.office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    return at.office.open_task(case.id, "fill_in")


def as_(at: Desk, name: str) -> Reader:
    return reader(at.app, signed_in(at.database, name))


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def told(at: Desk, task: Task, who: str = "county", **changes: Any) -> int:
    """A message about the task."""
    with at.database.write() as session:
        number = reminder(session, task_id=task.id)
        row = delivered(session, "task_due", accounts.by_name(session, who), reminder_id=number)
        for name, value in changes.items():
            setattr(row, name, value)
        return row.id


def rows(at: Desk, kind: type[Any]) -> list[Any]:
    with at.database.read() as session:
        return list(session.scalars(select(kind)))


def kinds(at: Desk) -> list[str]:
    with at.database.read() as session:
        return list(session.scalars(select(Event.kind).order_by(Event.chain, Event.seq)))


# ---- messages -----------------------------------------------------------------------------------


def test_the_head_counts_what_is_unread_until_it_is_read(at: Desk, task: Task) -> None:
    number, mine = told(at, task), as_(at, "county")
    page = text(mine.get("/messages"))
    assert 'aria-label="1 条未读"' in page
    assert "【到期提醒】填写申报表" in page
    assert rows(at, Delivery)[0].subject is None  # a list freezes nothing
    page = text(mine.get(f"/messages/{number}"))
    assert "请登录系统，在“待办”中打开办理" in page
    assert "条未读" not in page
    assert rows(at, Delivery)[0].subject.startswith("【到期提醒】填写申报表")
    assert "条未读" not in text(mine.get("/tasks"))


def test_nobody_reads_the_message_of_another(at: Desk, task: Task) -> None:
    number = told(at, task)
    other = as_(at, "county2")
    assert other.get(f"/messages/{number}").status_code == 404
    assert "到期提醒" not in text(other.get("/messages"))
    assert rows(at, Delivery)[0].read_at is None


def test_all_that_stood_on_the_list_is_read_and_what_came_later_is_not(at: Desk, task: Task) -> None:
    first, mine = told(at, task), as_(at, "county")
    with at.database.write() as session:
        later = delivered(session, "task_overdue", accounts.by_name(session, "county"), reminder_id=1).id
    assert mine.post("/messages/read", {"until": str(first)}).status_code == 303
    read = {row.id: row.read_at is not None for row in rows(at, Delivery)}
    assert read == {first: True, later: False}
    assert [f"/messages/{later}" in text(mine.get("/messages?unread=1"))] == [True]
    assert f"/messages/{first}" not in text(mine.get("/messages?unread=1"))


def test_messages_by_the_interface_are_the_same_and_are_read_once(at: Desk, task: Task, clock: StandingClock) -> None:
    number, mine = told(at, task), at.as_("county")
    (row,) = mine.get("/messages").get_json()["items"]
    assert (row["id"], row["read_at"], row["kind"]) == (number, None, "到期提醒")
    first = mine.post(f"/messages/{number}/read").get_json()
    clock.move_by(minutes=5)
    assert mine.post(f"/messages/{number}/read").get_json() == first
    assert at.as_("county2").post(f"/messages/{number}/read").status_code == 404


# ---- how letters come ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("county", "@example.cn", "a@b", "a b@example.cn", "a@example.cn\nBcc: x@example.org"),
        *("a@example.cn,b@example.cn", "甲@example.cn", "a..b@example.cn", "a@example.cn\r", f"{'a' * 250}@example.cn"),
    ],
)
def test_an_address_that_cannot_be_is_explained_at_its_field_and_not_kept(at: Desk, address: str) -> None:
    mine = as_(at, "county")
    assert mine.post("/me/letters/address", {"email": ADDRESS}).status_code == 303
    answer = mine.post("/me/letters/address", {"email": address})
    assert answer.status_code == 422
    assert re.search(r'id="email-error">错误：.{0,80}不是有效的邮箱地址', text(answer), re.DOTALL)
    with at.database.read() as session:
        assert accounts.by_name(session, "county").email == ADDRESS


def test_an_address_is_kept_taken_away_and_never_written_into_the_record(at: Desk) -> None:
    mine = as_(at, "county")
    for email in (ADDRESS, ADDRESS, ""):
        assert mine.post("/me/letters/address", {"email": email}).status_code == 303
    with at.database.read() as session:
        assert accounts.by_name(session, "county").email is None
        noted = session.scalars(select(Event).where(Event.kind == "account.address_changed")).all()
    assert [entry.payload["has_address"] for entry in noted] == [True, False]
    assert ADDRESS not in str([entry.payload for entry in noted])


def test_the_way_of_letters_is_chosen_and_shown_again(at: Desk) -> None:
    mine = as_(at, "county")
    form = {"way": "digest", "quiet": "1", "quiet_from": "20", "quiet_until": "8", "working_days_only": "1"}
    assert mine.post("/me/letters/choice", form).status_code == 303
    (kept,) = rows(at, LetterChoice)
    assert (kept.mail, kept.digest, kept.quiet_from, kept.quiet_until, kept.working_days_only) == (
        *(True, True),
        *(20, 8, True),
    )
    assert re.search(r'value="digest" checked', text(mine.get("/me/letters")))
    assert mine.post("/me/letters/choice", {"way": "here", "quiet_from": "20", "quiet_until": "8"}).status_code == 303
    (kept,) = rows(at, LetterChoice)
    assert (kept.mail, kept.quiet_from, kept.quiet_until) == (False, 0, 0)  # never quiet
    assert mine.post("/me/letters/choice", {**form, "quiet_from": "24"}).status_code == 422


# ---- substitutes --------------------------------------------------------------------------------


def test_a_colleague_of_the_same_office_and_role_substitutes_on_these_days(at: Desk) -> None:
    mine = as_(at, "county")
    form = {"substitute": "county2", "first_day": "2025-04-14", "last_day": "2025-04-18"}
    assert mine.post("/me/letters/substitutes", form).status_code == 303
    (row,) = rows(at, Substitute)
    assert (row.first_day, row.last_day, row.named_by) == (date(2025, 4, 14), date(2025, 4, 18), "county")
    assert "county2" in text(mine.get("/me/letters"))
    assert as_(at, "county2").post("/me/letters/substitutes/end", {"absence": str(row.id)}).status_code == 404
    assert mine.post("/me/letters/substitutes/end", {"absence": str(row.id)}).status_code == 303
    assert rows(at, Substitute) == []  # it had not begun
    assert [kind for kind in kinds(at) if kind.startswith("substitute")] == ["substitute.named", "substitute.ended"]


def test_an_absence_that_has_begun_ends_and_what_was_stays_known(at: Desk, clock: StandingClock) -> None:
    mine = as_(at, "county")
    mine.post("/me/letters/substitutes", {"substitute": "county2", "first_day": "2025-04-10", "last_day": "2025-04-18"})
    clock.move_to("2025-04-15 09:00")
    ended = as_(at, "county").post("/me/letters/substitutes/end", {"absence": str(rows(at, Substitute)[0].id)})
    assert ended.status_code == 303
    assert rows(at, Substitute)[0].last_day == date(2025, 4, 14)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"substitute": "city"}, "substitute"),  # of another office
        ({"substitute": "county"}, "substitute"),  # nobody substitutes for themselves
        ({"substitute": "nobody"}, "substitute"),
        ({"first_day": "2025-02-30"}, "first_day"),
        ({"last_day": "2025-04-13"}, "last_day"),
        ({"last_day": ""}, "last_day"),
        ({"last_day": "2027-04-14"}, "last_day"),
    ],
)
def test_an_absence_that_cannot_be_is_explained_at_its_field(at: Desk, form: dict[str, str], field: str) -> None:
    given = {"substitute": "county2", "first_day": "2025-04-14", "last_day": "2025-04-18"} | form
    answer = as_(at, "county").post("/me/letters/substitutes", given)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert rows(at, Substitute) == []


# ---- calendars ----------------------------------------------------------------------------------


def secret_of(at: Desk, name: str = "county") -> str:
    found = re.search(r"/api/v1/calendar/(jqf_[\w-]+)\.ics", text(as_(at, name).post("/me/letters/feeds", {})))
    assert found
    return found[1]


def lines(content: bytes) -> list[str]:
    return content.decode("utf-8").replace("\r\n ", "").split("\r\n")


def test_a_feed_tells_deadlines_to_whoever_has_its_secret_until_it_is_revoked(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        owed(session, clause="第十七条").due_at = clock.now()
    secret = secret_of(at)
    assert secret not in text(as_(at, "county").get("/me/letters"))
    assert all(secret not in feed.token_hash for feed in rows(at, feeds.Feed))
    answer = at.anonymous().get(f"/calendar/{secret}.ics")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    told_ = lines(answer.get_data())
    assert f"UID:task-{task.id}@jiqun" in told_
    assert [line for line in told_ if line.startswith("SUMMARY:年度报告")] == [f"SUMMARY:年度报告：{samples.CLUSTER}"]
    mark = re.search(r'name="mark" value="([0-9a-f]{16})"', text(as_(at, "county").get("/me/letters")))
    assert mark
    assert as_(at, "county2").post("/me/letters/feeds/revoke", {"mark": mark[1]}).status_code == 404
    assert as_(at, "county").post("/me/letters/feeds/revoke", {"mark": mark[1]}).status_code == 303
    assert at.anonymous().get(f"/calendar/{secret}.ics").status_code == 404


def test_a_feed_holds_only_what_is_its_owners_and_names_nobody(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        accounts.by_name(session, "county").display_name = "某某某"
    mine = at.anonymous().get(f"/calendar/{secret_of(at)}.ics").get_data()
    others = at.anonymous().get(f"/calendar/{secret_of(at, 'sibling')}.ics").get_data()
    assert f"task-{task.id}".encode() in mine
    assert b"BEGIN:VEVENT" not in others
    assert "某某某".encode() not in mine


def test_the_feed_of_somebody_who_left_ends_with_the_account(at: Desk) -> None:
    secret = secret_of(at)
    with at.database.write() as session:
        accounts.by_name(session, "county").disabled_at = clock.now()
    assert at.anonymous().get(f"/calendar/{secret}.ics").status_code == 404


def test_what_i_have_done_is_cancelled_in_my_calendar_and_forgotten_after_a_month(
    at: Desk, task: Task, clock: StandingClock
) -> None:
    secret = secret_of(at)
    with at.database.write() as session:
        row = session.get_one(Task, task.id)
        row.state, row.closed_at, row.closed_by = "done", clock.at, "county"
    told_ = lines(at.anonymous().get(f"/calendar/{secret}.ics").get_data())
    assert {"STATUS:CANCELLED", "SEQUENCE:1", f"UID:task-{task.id}@jiqun"} <= set(told_)
    clock.move_by(days=31)
    assert "BEGIN:VEVENT" not in lines(at.anonymous().get(f"/calendar/{secret}.ics").get_data())


def test_feeds_have_an_end(at: Desk) -> None:
    mine = as_(at, "county")
    assert [mine.post("/me/letters/feeds", {}).status_code for _ in range(feeds.MOST + 1)] == [
        *[200] * feeds.MOST,
        422,
    ]


# ---- the log ------------------------------------------------------------------------------------


def test_the_bureau_reads_all_its_letters_with_each_try(at: Desk, task: Task) -> None:
    number = told(at, task, status="failed", last_code="550", last_error="no such user", attempts=1)
    with at.database.write() as session:
        tried = {"delivery_id": number, "node": "n", "fence": 1, "account": "main", "address": ADDRESS}
        session.add(Attempt(**tried, started_at=clock.now(), outcome="refused", code="550", text="no such user"))
    city = as_(at, "city")
    assert f"/letters/{number}" in text(city.get("/letters"))
    assert f"/letters/{number}" in text(city.get(f"/letters?state=failed&case={task.case_id}"))
    assert f"/letters/{number}" not in text(city.get("/letters?state=sent"))
    page = text(city.get(f"/letters/{number}"))
    assert "对方服务器拒收" in page
    assert ADDRESS in page
    assert as_(at, "county").get("/letters").status_code == 403


def test_what_went_in_a_digest_became_what_the_digest_became(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        county = accounts.by_name(session, "county")
        day = Digest(person_id=county.id, day=date(2025, 4, 10), made_at=clock.now())
        session.add(day)
        session.flush()
        told_of = reminder(session, task_id=task.id)
        member = delivered(session, "task_due", county, reminder_id=told_of, digest_id=day.id)
        mail = delivered(session, "digest", county, digest_id=day.id)
        member.status, mail.status = "held", "failed"
        numbers = {member.id, mail.id}
    city = as_(at, "city")
    shown = {int(each) for each in re.findall(r'href="/letters/(\d+)"', text(city.get("/letters?state=failed")))}
    assert shown == numbers
    at.engage("stranger", "bureau_officer", "440000")
    assert 'href="/letters/' not in text(as_(at, "stranger").get("/letters"))


def test_another_bureau_sees_nothing_of_it(at: Desk, task: Task) -> None:
    number = told(at, task)
    at.engage("stranger", "bureau_officer", "440000")
    stranger = as_(at, "stranger")
    assert f"/letters/{number}" not in text(stranger.get("/letters"))
    assert stranger.get(f"/letters/{number}").status_code == 404
    assert stranger.post(f"/letters/{number}/again", {}).status_code == 404


def test_a_letter_is_sent_again_in_the_same_words_once_at_a_time(at: Desk, task: Task) -> None:
    number = told(at, task, status="sent", subject="标题", body="正文\n")
    with at.database.write() as session:
        accounts.by_name(session, "county").email = ADDRESS
    city = as_(at, "city")
    assert [city.post(f"/letters/{number}/again", {}).status_code for _ in range(2)] == [303, 409]
    old, new = rows(at, Delivery)
    assert (new.subject, new.body, new.status, new.person_id) == ("标题", "正文\n", "due", old.person_id)
    assert (old.status, new.message_id) == ("sent", None)  # another mail, so another name
    assert kinds(at).count("letter.sent_again") == 1
    assert f"/messages/{new.id}" not in text(as_(at, "county").get("/messages"))  # it stands there already
    with at.database.write() as session:
        session.get_one(Delivery, new.id).status = "sent"
    assert city.post(f"/letters/{number}/again", {}).status_code == 303
    assert len(rows(at, Delivery)) == 3


@pytest.mark.parametrize(
    ("changes", "address", "why"),
    [
        ({"status": "due", "subject": "标题", "body": "正文"}, ADDRESS, "还没有发出"),
        ({"status": "sent"}, ADDRESS, "还没有发出"),  # never written
        ({"status": "sent", "subject": "标题", "body": "正文"}, None, "没有可用的邮箱地址"),
        ({"status": "sent", "subject": "标题", "body": "正文"}, "a@example.cn\nBcc: b@example.cn", "没有可用"),
    ],
)
def test_what_cannot_be_sent_again_says_why(
    at: Desk, task: Task, changes: dict[str, Any], address: str | None, why: str
) -> None:
    number = told(at, task, **changes)
    with at.database.write() as session:
        accounts.by_name(session, "county").email = address
    answer = as_(at, "city").post(f"/letters/{number}/again", {})
    assert answer.status_code == 409
    assert why in text(answer)
    assert len(rows(at, Delivery)) == 1


@pytest.mark.parametrize(
    ("form", "status", "kind"),
    [
        ({"deed": "retry"}, "due", "letter.retried"),
        ({"deed": "told", "note": "4月10日电话告知"}, "told", "letter.told"),
        ({"deed": "cancel", "note": "人员已调离"}, "cancelled", "letter.cancelled"),
    ],
)
def test_a_clerk_mends_a_letter_that_did_not_get_through_once(
    at: Desk, task: Task, form: dict[str, str], status: str, kind: str
) -> None:
    number = told(at, task, status="refused", last_code="550", last_error="no such user")
    city = as_(at, "city")
    assert "不再发送" in text(city.get(f"/letters/{number}"))
    assert city.post(f"/letters/{number}/mend", form).status_code == 303
    assert rows(at, Delivery)[0].status == status
    assert kinds(at).count(kind) == 1
    assert city.post(f"/letters/{number}/mend", form).status_code == 409  # nothing is wrong with it any more


@pytest.mark.parametrize(
    ("deed", "note", "why"),
    [
        ("told", " ", "请写明何时告知了谁"),
        ("cancel", "", "请写明不再发送的理由"),
        ("cancel", "长" * 501, "说明不超过 500 字"),
    ],
)
def test_what_a_clerk_did_has_to_be_said(at: Desk, task: Task, deed: str, note: str, why: str) -> None:
    number = told(at, task, status="failed")
    answer = as_(at, "city").post(f"/letters/{number}/mend", {"deed": deed, "note": note})
    assert answer.status_code == 422
    assert f'id="note-error">错误：{why}' in text(answer)
    assert f'value="{note}"' in text(answer)
    assert rows(at, Delivery)[0].status == "failed"


def test_the_log_tells_at_its_top_that_an_account_sends_nothing(at: Desk, task: Task, clock: StandingClock) -> None:
    told(at, task, status="due")
    config = outgoing.Answer("config", "connect", "535", "authentication failed")
    wait = outgoing.Answer("limited", "envelope", "421", "too many", timedelta(minutes=10))
    with at.database.write() as session:
        delivered(session, "task_due", accounts.by_name(session, "county2"), reminder_id=1).status = "refused"
        outgoing.troubled(session, "notice", config)
        outgoing.troubled(session, "second", wait)
    page = text(as_(at, "leader").get("/letters"))
    assert "发信账号 notice 自 2025-04-10 09:00 起停用：535 authentication failed" in page
    assert "jiqun mail resume notice" in page
    assert "发信账号 second 自 2025-04-10 09:00 起暂停，2025-04-10 09:10 自动继续：421 too many" in page
    assert "等待发送的通知 1 件，等待人工处理的 1 件" in page
    clock.move_by(minutes=10)
    with at.database.write() as session:
        posting.resume(session, "notice", "operator")
    assert not re.search("发信账号 (notice|second)", text(as_(at, "leader").get("/letters")))


def test_the_log_tells_where_no_mail_leaves_at_all(at: Desk) -> None:
    assert "没有设置发信账号，不发邮件，通知只在站内消息中阅读" in text(as_(at, "city").get("/letters"))
    sending = desk.of(at.office, at.settings.data, mail="mail.toml")
    assert "没有设置发信账号" not in text(as_(sending, "city").get("/letters"))


def test_a_leader_reads_the_log_and_sends_nothing(at: Desk, task: Task) -> None:
    number = told(at, task, status="sent", subject="标题", body="正文")
    assert as_(at, "leader").get(f"/letters/{number}").status_code == 200
    assert as_(at, "leader").post(f"/letters/{number}/again", {}).status_code == 403


# ---- how letters look ---------------------------------------------------------------------------


def test_an_owner_looks_at_a_letter_in_both_languages_with_real_data(at: Desk, task: Task) -> None:
    with at.database.write() as session:
        case = session.get_one(Case, task.case_id)
        fields = particulars.of_task(session, session.get_one(Task, task.id))
        outbox.put(
            session,
            case,
            "urged",
            key="u",
            organisation_code=task.organisation_code,
            role="county_officer",
            fields=fields,
        )
    page = text(as_(at, "owner").get("/letters/preview?name=urged"))
    assert f"办件 {task.case_id} 的通知" in page
    key = re.search(r'value="(letter\d+)"', page)
    assert key
    page = text(as_(at, "owner").get(f"/letters/preview?name=urged&example={key[1]}"))
    assert "【催办】请尽快办理：" in page
    assert "“填写申报表”尚未办结" in page
    assert "[Urgent] Please get on with:" in page


def test_a_fault_in_what_an_owner_writes_is_told_with_its_line_and_what_there_is(at: Desk) -> None:
    given = {"name": "urged", "example": "invented", "text": "题\n\n正文\n请致电{{电话}}"}
    answer = as_(at, "owner").post("/letters/preview", given)
    assert answer.status_code == 422
    assert "第 4 行：没有“电话”这个空；可用的有：办件标题、办件编号" in text(answer)
    assert "请致电{{电话}}" in text(answer)  # what was typed is still there


def test_a_letter_is_tried_out_on_its_writer_alone(at: Desk) -> None:
    mine = as_(at, "owner")
    given = {"name": "urged", "example": "longest", "text": "题{{期限}}\n\n{{收件人}}：正文\n"}
    answer = mine.post("/letters/preview/send", given)
    assert answer.status_code == 409
    assert "还没有填写邮箱地址" in text(answer)
    with at.database.write() as session:
        accounts.by_name(session, "owner").email = "owner@example.cn"
    assert mine.post("/letters/preview/send", given).status_code == 200
    (row,) = rows(at, Delivery)
    assert (row.subject, row.body, row.status) == ("【试发】题2026年12月31日", "owner：正文\n", "due")
    assert "题2026年12月31日" not in text(mine.get("/messages"))
    sent = [mine.post("/letters/preview/send", given).status_code for _ in range(letter_log.MOST_TRIALS)]
    assert sent == [*[200] * (letter_log.MOST_TRIALS - 1), 409]


def test_every_letter_that_ships_reads_well_with_the_longest_data(at: Desk) -> None:
    mine = as_(at, "owner")
    names = sorted(path.stem for path in (bundle.FOLDER / "letters").glob("*.txt"))
    assert len(names) > 30
    for name in names:
        assert mine.get(f"/letters/preview?name={name}&example=longest").status_code == 200, name


# ---- a letter with a fault is never deployed ----------------------------------------------------


def test_a_letter_with_an_unknown_field_is_named_with_file_and_line_and_nothing_is_deployed(at: Desk) -> None:
    files = dict(bundle.shipped(REGIME))
    content = files["letters/returned.txt"].decode()
    files["letters/returned.txt"] = content.replace("{{意见}}", "{{意见}}，电话{{联系电话}}", 1).encode()
    line = content.split("\n").index("{{意见}}") + 1
    before = [row.number for row in rows(at, Deployment)]
    with pytest.raises(BundleInvalid) as refused, at.database.write() as session:
        deploying.deploy(session, REGIME, files, by="owner")
    (finding,) = refused.value.findings
    assert str(finding).startswith(
        f"letters/returned.txt 第 {line} 行：没有“联系电话”这个空；可用的有：办件标题、办件编号"
    )
    assert [row.number for row in rows(at, Deployment)] == before


# ---- on either database -------------------------------------------------------------------------


def test_messages_log_calendar_and_a_second_mail_work_on_either_database(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    clock.move_to(samples.MOMENT)
    at = desk.furnish(database, tmp_path / "data")
    case_id = at.office.open_round().case_id
    assert case_id
    task = at.office.open_task(case_id, "call_notice")
    number = told(at, task, "city")
    with at.database.write() as session:
        session.get_one(Task, task.id).due_at = clock.at
        owed(session).due_at = clock.at
        accounts.by_name(session, "city").email = "city@example.cn"
    secret = secret_of(at, "city")
    content = at.anonymous().get(f"/calendar/{secret}.ics").get_data()
    assert [content.count(uid) for uid in (f"UID:task-{task.id}".encode(), b"UID:obligation-")] == [1, 1]
    city = as_(at, "city")
    assert city.get(f"/messages/{number}").status_code == 200
    with at.database.write() as session:
        session.get_one(Delivery, number).status = "sent"
    assert [city.post(f"/letters/{number}/again", {}).status_code for _ in range(2)] == [303, 409]
    assert text(city.get(f"/letters?case={case_id}&state=waiting")).count("/letters/") == 1
    assert city.post("/messages/read", {"until": str(number)}).status_code == 303
    assert city.post("/me/letters/choice", {"way": "here", "quiet_from": "1", "quiet_until": "2"}).status_code == 303
    form = {"substitute": "city2", "first_day": "2025-04-10", "last_day": "2025-04-10"}
    assert city.post("/me/letters/substitutes", form).status_code == 303
