"""The API's manners: one effect a key, pages that lose nothing, sessions that end, headers, health."""

import csv
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from engine import accounts, files, outgoing
from engine import clock as clocks
from engine.db import Database
from engine.models import Cluster, Heartbeat, IdempotencyKey, Person, Round, SignIn
from tests import samples
from tests.clock import StandingClock, moment
from tests.integration import desk
from tests.integration.desk import PASSWORD, Desk
from web import idempotency
from web.app import create_app
from web.worker import Worker

ROUND = {  # its reason counts from the second of a year on
    "regime": "qingyuan",
    "year": 2025,
    "title": "2025年度第一批",
    "again": "省厅要求补报",
}


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    made = desk.furnish(database, tmp_path / "data", lock_after_failures=3)
    with database.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), PASSWORD, by="setup")
    return made


def how_many(at: Desk, model: Any) -> int:
    with at.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


# ---- once a key ---------------------------------------------------------------------------------


def test_a_request_that_comes_again_gets_the_first_answer(at: Desk) -> None:
    first, again = at.as_("city").post("/rounds", ROUND, key="one"), at.as_("city").post("/rounds", ROUND, key="one")
    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"] == f"/api/v1/rounds/{first.get_json()['id']}"
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert how_many(at, Round) == 1


def test_without_a_key_every_request_is_a_new_one(at: Desk) -> None:
    for _ in range(2):
        assert at.as_("city").post("/rounds", ROUND).status_code == 201
    assert how_many(at, Round) == 2


def test_a_key_belongs_to_one_request_of_one_person(at: Desk) -> None:
    at.as_("city").post("/rounds", ROUND, key="one")
    for changed in (ROUND | {"title": "另一批"}, ROUND | {"year": 2026}):
        answer = at.as_("city").post("/rounds", changed, key="one")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = at.as_("city").upload(b"%PDF-1.7 a", key="one")
    assert elsewhere.get_json()["code"] == "idempotency_key_reused"
    assert at.as_("city2").post("/rounds", ROUND, key="one").status_code == 201
    assert how_many(at, Round) == 2


def test_a_refused_request_leaves_no_key_behind(at: Desk) -> None:
    wrong = at.as_("city").post("/rounds", ROUND | {"regime": "atlantis"}, key="one")
    assert wrong.status_code == 404
    assert how_many(at, IdempotencyKey) == 0
    assert at.as_("city").post("/rounds", ROUND, key="one").status_code == 201


def test_a_key_is_kept_for_seven_days_and_then_forgotten(at: Desk, clock: StandingClock) -> None:
    at.as_("city").post("/rounds", ROUND, key="one")
    clock.move_by(days=7)
    forget(at)
    assert at.as_("city").post("/rounds", ROUND, key="one").headers["Idempotency-Replayed"] == "true"
    clock.move_by(seconds=1)
    assert "Idempotency-Replayed" not in at.as_("city").post("/rounds", ROUND, key="one").headers
    assert how_many(at, Round) == 2
    clock.move_by(days=8)
    forget(at)
    assert how_many(at, IdempotencyKey) == 0


def forget(at: Desk) -> None:
    with at.database.write() as session:
        idempotency.forget(session)


# ---- pages --------------------------------------------------------------------------------------


def pages(at: Desk, who: str, path: str) -> list[list[Any]]:
    """The items of every page, following the links."""
    found, following = [], path
    while following:
        told = at.as_(who).get(following.removeprefix("/api/v1")).get_json()
        found.append(told["items"])
        following = told["next"]
        assert len(found) < 50
    return found


def flat(lists: list[list[Any]]) -> list[Any]:
    return [row for rows in lists for row in rows]


def test_pages_hold_every_row_once_and_in_order(at: Desk, clock: StandingClock) -> None:
    for number in range(7):
        clock.move_by(minutes=number % 3)  # some at the same moment
        at.as_("city").post("/rounds", ROUND | {"title": f"第{number}批"})
    for path in ("/rounds", "/tasks", "/tasks?mine=1&regime=qingyuan"):
        whole = pages(at, "city", path)
        assert [len(items) for items in whole] == [7]
        sign = "&" if "?" in path else "?"
        in_threes = pages(at, "city", f"{path}{sign}limit=3")
        assert [len(items) for items in in_threes] == [3, 3, 1]
        assert flat(in_threes) == whole[0]
        assert [len(items) for items in pages(at, "city", f"{path}{sign}limit=7")] == [7]


def test_a_row_that_comes_between_two_pages_disturbs_nothing(at: Desk) -> None:
    for number in range(4):
        at.as_("city").post("/rounds", ROUND | {"title": f"第{number}批"})
    first = at.as_("city").get("/rounds?limit=2").get_json()
    at.as_("city").post("/rounds", ROUND | {"title": "新的一批"})
    second = at.as_("city").get(first["next"].removeprefix("/api/v1")).get_json()
    assert [row["title"] for row in first["items"] + second["items"]] == ["第3批", "第2批", "第1批", "第0批"]


def test_history_and_clusters_and_notices_are_paged_too(at: Desk) -> None:
    county_case = an_application(at)
    an_application(at, "云溪县中小企业特色产业集群（另一产业）")
    whole = pages(at, "city", f"/cases/{county_case}/history")[0]
    assert [row["kind"] for row in whole] == ["case.opened", "task.opened"]
    assert flat(pages(at, "city", f"/cases/{county_case}/history?limit=1")) == whole
    assert [len(items) for items in pages(at, "county", "/clusters?limit=1")] == [1, 1]
    assert [len(items) for items in pages(at, "county", "/public/notices?limit=1")] == [1, 1]


def an_application(at: Desk, name: str = samples.CLUSTER) -> int:
    round_ = at.office.open_round(again="省厅要求补报")
    at.office.complete("city", at.office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    start = {**samples.ANSWERS["application_start"], "round_id": round_.id, "cluster_name": name}
    return at.office.open_case("county", start).id


@pytest.mark.parametrize(
    "cursor", ["W10", "WyJ4Il0", "WzEsMl0", "WzEuNV0", "bnVsbA", "WyIxMjM0NTY3ODkwIl0", "é", "=" * 9, "WzFd" * 100]
)
def test_a_cursor_that_is_not_ours_is_refused(at: Desk, cursor: str) -> None:
    for path in ("/tasks", "/rounds", "/public/notices"):
        answer = at.as_("city").get(path, query_string={"after": cursor})
        assert (answer.status_code, answer.get_json()["problems"][0]["field"]) == (422, "after")


def test_who_acts_in_a_case_is_told_to_the_bureau_alone(at: Desk) -> None:
    case_id = an_application(at)
    (opened, _) = at.as_("city").get(f"/cases/{case_id}/history").get_json()["items"]
    assert (opened["actor"], opened["payload"]["process"]) == ("county", "application")
    (opened, _) = at.as_("county").get(f"/cases/{case_id}/history").get_json()["items"]
    assert (opened["actor"], opened["payload"]) == (None, None)


# ---- drafts -------------------------------------------------------------------------------------


def test_a_draft_is_its_writers_and_a_newer_one_is_not_overwritten(at: Desk) -> None:
    an_application(at)
    (task,) = at.as_("county").get("/tasks?mine=1").get_json()["items"]
    path = f"/tasks/{task['id']}"
    first = at.as_("county").put(f"{path}/draft", {"data": {"niche": "甲"}, "version": 0})
    assert (first.status_code, first.get_json()["version"]) == (200, 1)
    assert at.as_("county").put(f"{path}/draft", {"data": {"niche": "乙"}, "version": 0}).status_code == 409
    assert at.as_("county").put(f"{path}/draft", {"data": {"niche": "丙"}, "version": 1}).get_json()["version"] == 2
    assert at.as_("county").get(path).get_json()["draft"]["data"] == {"niche": "丙"}
    assert at.as_("county2").get(path).get_json()["draft"] is None
    assert at.as_("city").get(path).get_json()["draft"] is None


def test_numbers_arrive_exactly(at: Desk) -> None:
    """0.1 + 0.2 is 0.3 at the office: a JSON number is a decimal, never a binary float."""
    an_application(at)
    (task,) = at.as_("county").get("/tasks?mine=1").get_json()["items"]
    raw = b'{"data": {"area_km2": 86.40}, "version": 0}'
    answer = at.as_("county").ask("PUT", f"/tasks/{task['id']}/draft", data=raw, content_type="application/json")
    assert answer.status_code == 200
    assert answer.get_json()["data"] == {"area_km2": "86.40"}


# ---- sessions -----------------------------------------------------------------------------------


def sign_in(at: Desk, password: str = PASSWORD, name: str = "county", **options: Any) -> TestResponse:
    return at.anonymous().post("/session", {"name": name, "password": password}, **options)


def test_a_session_is_a_token_until_it_is_ended(at: Desk) -> None:
    told = sign_in(at)
    assert told.status_code == 201
    assert set(told.get_json()) == {"token", "idle_minutes", "hours"}
    person = at.with_token(told.get_json()["token"])
    assert person.get("/tasks").status_code == 200
    ended = person.ask("DELETE", "/session")
    assert (ended.status_code, ended.data) == (204, b"")
    again = person.get("/tasks")
    assert (again.status_code, again.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="jiqun", error="invalid_token"',
    )


def test_use_keeps_a_session_alive_and_silence_ends_it(at: Desk, clock: StandingClock) -> None:
    person = at.with_token(sign_in(at).get_json()["token"])
    for _ in range(5):
        clock.move_by(minutes=29)
        assert person.get("/tasks").status_code == 200
    clock.move_by(minutes=30)
    assert person.get("/tasks").status_code == 401


def test_a_session_is_written_to_once_a_minute_at_most(at: Desk, clock: StandingClock) -> None:
    token = sign_in(at).get_json()["token"]
    began = clocks.now()

    def last_seen() -> Any:
        with at.database.read() as session:
            return session.scalars(select(SignIn.last_seen_at)).one()

    clock.move_by(seconds=59)
    at.with_token(token).get("/tasks")
    assert last_seen() == began
    clock.move_by(seconds=1)
    at.with_token(token).get("/tasks")
    assert last_seen() == began + timedelta(minutes=1)


def test_a_new_password_ends_the_session(at: Desk) -> None:
    person = at.with_token(sign_in(at).get_json()["token"])
    with at.database.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), "Silver-Spoon-91", by="setup")
    assert person.get("/tasks").status_code == 401
    assert sign_in(at).status_code == 401
    assert sign_in(at, "Silver-Spoon-91").status_code == 201


def test_the_third_wrong_password_locks_the_account(at: Desk, clock: StandingClock) -> None:
    wrong = [sign_in(at, "Copper-Kettle-78") for _ in range(3)]
    locked = sign_in(at)
    assert {answer.status_code for answer in [*wrong, locked]} == {401}
    assert {answer.get_json()["detail"] for answer in [*wrong, locked]} == {wrong[0].get_json()["detail"]}
    clock.move_by(minutes=20)
    assert sign_in(at).status_code == 201


def test_a_sign_in_is_never_replayed(at: Desk) -> None:
    first, second = sign_in(at, key="one").get_json()["token"], sign_in(at, key="one").get_json()["token"]
    assert first != second
    assert how_many(at, IdempotencyKey) == 0


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Basic Y291bnR5OngK", "Bearer \u00e9", "Bearer a b", "bearer jqt_x"]
)
def test_what_is_no_token_opens_nothing(at: Desk, shown: str) -> None:
    answer = at.anonymous().get("/tasks", headers={"Authorization": shown})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "sign_in_failed")


def test_public_pages_ask_for_no_name_even_from_a_wrong_token(at: Desk) -> None:
    assert at.with_token("jqt_wrong").get("/public/notices").status_code == 200


# ---- public information -------------------------------------------------------------------------


def recognised(at: Desk, name: str, day: str = "2025-06-20") -> None:
    """A cluster in the register, without the two months it takes."""
    published = moment(f"{day} 09:00").date()
    with at.database.write() as session:
        session.add(
            Cluster(
                regime="qingyuan",
                bureau_code="441800",
                organisation_code="441881",
                name=name,
                state="recognised",
                recognised_on=published,
                first_day=published,
                last_day=published.replace(year=published.year + 3),
                created_at=clocks.now(),
            )
        )


def test_the_register_is_open_to_all_as_json_and_as_a_sheet(at: Desk) -> None:
    recognised(at, "云溪县中小企业特色产业集群（特种铝型材产业）")
    an_application(at)  # a candidate is nobody's business
    (row,) = at.anonymous().get("/public/clusters").get_json()["items"]
    assert (row["name"][:3], row["applicant"], row["last_day"]) == ("云溪县", "英德市中小企业主管部门", "2028-06-20")
    sheet = at.anonymous().get("/public/clusters?format=csv")
    assert sheet.content_type == "text/csv; charset=utf-8"
    assert sheet.data.startswith(b"\xef\xbb\xbf")  # spreadsheets know UTF-8 by its mark
    assert sheet.data.decode("utf-8-sig").splitlines() == [
        "登记编号,集群名称,主导产业,申报主体,行政区划代码,状态,公布日期,有效期起,有效期止",
        ",云溪县中小企业特色产业集群（特种铝型材产业）,,英德市中小企业主管部门,441881,有效,2025-06-20,2025-06-20,2028-06-20",
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_sheet_never_calculates_a_name(at: Desk, name: str) -> None:
    recognised(at, name)
    sheet = at.anonymous().get("/public/clusters?format=csv").data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(sheet, newline=""))
    assert row["集群名称"] == "'" + name


def test_a_notice_is_read_without_a_name(at: Desk) -> None:
    an_application(at)
    (row,) = at.anonymous().get("/public/notices").get_json()["items"]
    told = at.anonymous().get(f"/public/notices/{row['id']}").get_json()
    assert told["title"] == samples.ANSWERS["call_notice"]["title"]
    assert told["body"] == samples.ANSWERS["call_notice"]["body"]
    assert at.anonymous().get("/public/notices/999").status_code == 404


# ---- headers and pages --------------------------------------------------------------------------


def test_every_answer_has_careful_headers_errors_too(at: Desk) -> None:
    for path in ("/tasks", "/nowhere", "/openapi.json", "/cases/999", "/public/notices"):
        headers = at.as_("city").get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "Strict-Transport-Security" not in headers  # that is the encrypted door's to say
    secure = at.app.test_client().get("/", base_url="https://jiqun.example")
    assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]


def test_the_first_page_is_drawn_with_nothing_from_elsewhere(at: Desk) -> None:
    page = at.app.test_client().get("/")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert 'lang="zh-CN"' in text
    assert "http://" not in text
    assert "https://" not in text
    assert "<script>" not in text  # a script comes from a file of ours
    assert "style=" not in text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    for link in ("/notices", "/register", "/help", "/accessibility", "/sign-in"):
        assert f'href="{link}"' in text
        assert at.app.test_client().get(link, buffered=True).status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "/etc/passwd", "..%5capp.py", "site.css/../../app.py"])
def test_static_files_are_those_of_their_folder(at: Desk, name: str) -> None:
    assert at.app.test_client().get(f"/static/{name}", buffered=True).status_code in {308, 404}


# ---- what nobody foresaw ------------------------------------------------------------------------


def test_a_fault_of_ours_is_a_problem_without_a_trace_and_one_line_in_the_log(
    at: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(files, "find", broken)
    with caplog.at_level(logging.ERROR):
        answer = at.as_("county").get("/files/0123456789abcdef")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.data
    (record,) = caplog.records
    assert record.exc_info
    assert "0123456789abcdef" not in record.getMessage()


def test_a_database_that_is_away_is_503_and_says_to_come_again(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Iterator[None]:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))
        yield

    monkeypatch.setattr(at.database, "read", contextmanager(away))
    answer = at.as_("county").get("/tasks")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_an_application_may_have_a_clock_of_its_own(at: Desk) -> None:
    app = create_app(at.settings, at.database, clock=lambda: moment("2026-01-31 10:00"))
    token = at.tokens["county"]
    before = app.test_client().get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    assert before.status_code == 200  # the token lives 300 days
    app = create_app(at.settings, at.database, clock=lambda: moment("2026-04-10 10:00"))
    after = app.test_client().get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    assert after.status_code == 401
    assert clocks.now() == samples.MOMENT


# ---- health -------------------------------------------------------------------------------------


def test_the_process_says_that_it_lives_without_asking_the_database(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at.database.engine, "connect", None)
    for path in ("/healthz", "/api/v1/healthz"):
        answer = at.app.test_client().get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_readiness_follows_the_workers_ticks(at: Desk, clock: StandingClock) -> None:
    def ready() -> TestResponse:
        return at.app.test_client().get("/readyz")

    assert (ready().status_code, ready().get_json()["code"]) == (503, "not_ready")
    Worker(at.database, at.settings).tick()
    assert (ready().status_code, ready().get_json()["oldest_due_at"]) == (200, None)
    clock.move_by(seconds=60)  # four ticks of fifteen seconds
    assert ready().status_code == 200
    clock.move_by(seconds=1)
    assert ready().status_code == 503


def test_readiness_names_the_oldest_thing_that_waits(at: Desk, clock: StandingClock) -> None:
    an_application(at)
    Worker(at.database, at.settings).tick()
    clock.move_to("2025-06-30 17:30:05")  # five seconds after the closing minute
    with at.database.write() as session:
        session.scalars(select(Heartbeat)).one().last_tick_at = clocks.now()
    told = at.app.test_client().get("/readyz").get_json()
    assert told["oldest_due_at"].startswith("2025-06-16T01:00:00"), "the reminder two weeks before the closing"
    assert (told["tick_age_seconds"], told["oldest_due_age_seconds"]) == (0, 14 * 86400 + (8 * 60 + 30) * 60 + 5)
    Worker(at.database, at.settings).tick()
    clock.move_by(seconds=7)
    told = at.app.test_client().get("/readyz").get_json()
    assert (told["tick_age_seconds"], told["oldest_due_at"], told["oldest_due_age_seconds"]) == (7, None, None)


def test_a_stopped_mail_account_is_told_and_the_node_stays_ready(at: Desk) -> None:
    Worker(at.database, at.settings).tick()
    with at.database.write() as session:
        outgoing.troubled(session, "notice", outgoing.Answer("config", "connect", "535", "no such user x@example.cn"))
    answer = at.app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
    halted = {"name": "notice", "state": "stopped", "since": "2025-04-10T01:00:00Z", "until": None}
    assert answer.get_json()["mail_halted"] == [halted]
    assert "x@example.cn" not in answer.get_data(as_text=True)  # anybody may ask


def test_readiness_names_the_mail_that_nobody_sends(at: Desk, clock: StandingClock) -> None:
    with at.database.write() as session:
        session.execute(update(Person).values(email="somebody@example.invalid"))
    an_application(at)
    Worker(at.database, at.settings).tick()
    clock.move_by(seconds=30)
    told = at.app.test_client().get("/readyz").get_json()
    assert told["oldest_unsent_age_seconds"] == 30
