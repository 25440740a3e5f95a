"""The frame of all pages: signing in and out, forged requests, answers that came too late, looks and refusals."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from engine import accounts, sign_ins
from engine.access import SCOPES
from engine.db import Database
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from web import csrf


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    made = desk.furnish(sqlite_database, tmp_path / "data")
    with made.database.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), desk.PASSWORD, by="setup")
    return made


def sign_in(who: reader.Reader, password: str = desk.PASSWORD, **more: str) -> TestResponse:
    return who.post("/sign-in", data={"name": "county", "password": password, **more})


def test_signing_in_leads_where_the_person_wanted_to_go(at: Desk) -> None:
    someone = reader.reader(at.app)
    asked = someone.get("/tasks?mine=1")
    assert asked.status_code == 401
    assert 'name="next" value="/tasks?mine=1"' in asked.text
    answer = sign_in(someone, next="/tasks?mine=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks?mine=1")
    cookie = next(text for text in answer.headers.getlist("Set-Cookie") if text.startswith("jiqun="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert someone.get("/tasks").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(at: Desk, elsewhere: str) -> None:
    assert sign_in(reader.reader(at.app), next=elsewhere).headers["Location"].startswith("/tasks")


def test_a_wrong_password_says_no_more_than_that(at: Desk) -> None:
    someone = reader.reader(at.app)
    wrong, unknown = sign_in(someone, "Wrong-Kettle-77"), someone.post("/sign-in", data={"name": "x", "password": "y"})
    assert wrong.status_code == unknown.status_code == 401
    for page in (wrong.text, unknown.text):
        assert "登录名或密码不正确，或者账号已锁定、停用" in page
        assert "<title>错误：" in page


def test_signing_out_ends_the_sign_in_on_the_server(at: Desk) -> None:
    token = reader.signed_in(at.database, "county")
    someone = reader.reader(at.app, token)
    assert someone.post("/sign-out").status_code == 303
    assert reader.reader(at.app, token).get("/tasks").status_code == 401


def test_an_api_token_opens_no_page(at: Desk) -> None:
    with at.database.write() as session:
        person = accounts.by_name(session, "county")
        token = sign_ins.issue_token(session, person, frozenset(SCOPES), days=1, label="", by="setup")
    assert reader.reader(at.app, token).get("/tasks").status_code == 401


def test_a_cookie_opens_no_call_of_the_api(at: Desk) -> None:
    someone = reader.reader(at.app, reader.signed_in(at.database, "county"))
    assert someone.get("/api/v1/tasks").status_code == 401


@pytest.mark.parametrize("shown", ["", "0" * 64, "of another sign-in"])
def test_a_request_that_no_page_of_ours_sent_changes_nothing(at: Desk, shown: str) -> None:
    token = reader.signed_in(at.database, "county")
    someone = reader.reader(at.app, token)
    forged = csrf.token(reader.signed_in(at.database, "county")) if shown.startswith("of") else shown
    answer = someone.client.post("/sign-out", data={csrf.FIELD: forged})
    assert answer.status_code == 403
    assert someone.get("/tasks").status_code == 200


def test_nobody_is_signed_in_from_another_site(at: Desk) -> None:
    data = {"name": "county", "password": desk.PASSWORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}, {"Origin": "null"}):
        assert reader.reader(at.app).post("/sign-in", data=data, headers=headers).status_code == 403
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}):
        assert reader.reader(at.app).post("/sign-in", data=data, headers=headers).status_code == 303


def test_what_was_filled_in_when_the_session_ended_is_still_there_after_signing_in(
    at: Desk, clock: StandingClock
) -> None:
    """Without scripts too: the answers travel through the sign-in page and are sent again by the person."""
    someone = reader.reader(at.app, reader.signed_in(at.database, "county"))
    clock.move_by(minutes=at.settings.session_idle_minutes)
    late = someone.post("/tasks/anything/part/one", data={"plan": "三年规划", "_save": "1"})
    assert late.status_code == 401
    assert "刚才填写的内容还在" in late.text
    after = sign_in(
        someone, next="/tasks/anything/part/one", **{"_kept.plan": "三年规划", "_kept._save": "1", csrf.FIELD: "old"}
    )
    assert 'action="/tasks/anything/part/one"' in after.text
    assert 'name="plan" value="三年规划"' in after.text
    assert csrf.token(someone.client.get_cookie("jiqun").value) in after.text  # type: ignore[union-attr]


def test_looks_are_a_readers_own_choice(at: Desk) -> None:
    someone = reader.reader(at.app)
    assert "data-large" not in someone.get("/sign-in").text
    assert someone.get("/look?switch=large&back=/sign-in").headers["Location"] == "/sign-in"
    someone.get("/look?switch=contrast")
    page = someone.get("/sign-in").text
    assert "data-large" in page
    assert "data-contrast" in page
    someone.get("/look?switch=large")
    assert "data-large" not in someone.get("/sign-in").text
    assert someone.get("/look?switch=en&back=//example.org").headers["Location"] == "/"
    assert '<html lang="en"' in someone.get("/sign-in").text


def test_a_refusal_reads_as_a_page_for_people_and_as_a_problem_for_programs(at: Desk) -> None:
    someone = reader.reader(at.app, reader.signed_in(at.database, "county"))
    page = someone.get("/no-such-page")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "回到待办" in page.text
    told = someone.get("/no-such-page", headers={"Accept": "application/json"})
    assert (told.status_code, told.mimetype) == (404, "application/problem+json")


def test_pages_of_a_person_are_kept_by_nobody(at: Desk) -> None:
    someone = reader.reader(at.app, reader.signed_in(at.database, "county"))
    assert someone.get("/tasks").headers["Cache-Control"] == "no-store"


def test_a_database_that_is_away_is_said_in_a_page(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page about it asks the database nothing, neither who reads it nor whether this is a demo."""

    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    someone = reader.reader(at.app, reader.signed_in(at.database, "county"))
    monkeypatch.setattr(Database, "read", away)
    answer = someone.get("/tasks")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "数据库暂时不可用" in answer.text
