"""A person at their own page: another password, the sign-ins that end with it, tokens, language."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import accounts, sign_ins
from engine.db import Database
from engine.models import Event
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import PASSWORD, Desk
from tests.integration.reader import Reader, reader, signed_in

NEW = "Garden-Gate-42"


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    made = desk.furnish(sqlite_database, tmp_path / "data")
    with made.database.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), PASSWORD, by="setup")
    return made


def here(at: Desk, name: str = "county") -> Reader:
    return reader(at.app, signed_in(at.database, name))


def text(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined]  # a response


def change(at: Reader, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> tuple[int, str]:
    answer = at.post("/me/password", {"old": old, "new": new, "again": new if again is None else again})
    return answer.status_code, text(answer)


def marks_of(page: str, deed: str) -> list[str]:
    """What the page's buttons for this deed name."""
    return re.findall(rf'action="/me/{deed}">.*?name="mark" value="([0-9a-f]{{16}}|others)"', page, re.DOTALL)


def signs_in(at: Desk, password: str) -> bool:
    return bool(at.anonymous().post("/session", {"name": "county", "password": password}).status_code == 201)


def test_the_page_says_who_i_am(at: Desk) -> None:
    page = text(here(at).get("/me"))
    assert "县级主管部门经办人" in page
    assert "英德市中小企业主管部门" in page


def test_a_changed_password_ends_the_other_sign_ins_and_not_this_one(at: Desk) -> None:
    this, other = here(at), here(at)
    assert other.get("/me").status_code == 200
    assert change(this)[0] == 303
    assert this.get("/me").status_code == 200
    assert other.get("/me").status_code == 401
    assert (signs_in(at, PASSWORD), signs_in(at, NEW)) == (False, True)
    assert at.as_("county").get("/tasks").status_code == 200  # a token has no part in it


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"old": "Wrong-Kettle-77"}, "原密码不正确"),
        ({"again": "Garden-Gate-43"}, "不一致"),
        ({"new": "short1A"}, "8 至 128"),
        ({"new": "County-gate-42"}, "登录名"),
        ({"new": PASSWORD}, "不能与原密码相同"),
    ],
)
def test_a_password_that_cannot_be_is_explained_at_its_field(at: Desk, form: dict[str, str], why: str) -> None:
    this, other = here(at), here(at)
    status, page = change(this, **form)
    assert status == 422
    assert re.search(rf'class="jq-error"[^>]*>[^<]*{why}', page)
    assert 'aria-invalid="true"' in page
    assert not [value for value in form.values() if f'value="{value}"' in page]  # no password comes back
    assert other.get("/me").status_code == 200
    assert signs_in(at, PASSWORD)


def test_guessing_the_old_password_locks_the_account_as_at_the_door(at: Desk) -> None:
    this = here(at)
    for _ in range(at.settings.lock_after_failures):
        assert change(this, old="Wrong-Kettle-77")[0] == 422
    assert change(this)[0] == 422  # the right one comes too late
    assert not signs_in(at, PASSWORD)
    with at.database.read() as session:
        kinds = list(session.scalars(select(Event.kind).where(Event.chain == "system").order_by(Event.seq)))
    assert "sign_in.locked" in kinds
    assert "password.changed" not in kinds[kinds.index("sign_in.locked") :]


def test_one_of_my_sign_ins_ends_or_all_the_others(at: Desk) -> None:
    this, second, third = here(at), here(at), here(at)
    marks = marks_of(text(this.get("/me")), "sign-ins/end")
    assert (len(marks), marks[0]) == (3, "others")  # none for the one in use
    assert this.post("/me/sign-ins/end", {"mark": marks[1]}).status_code == 303
    assert sorted(each.get("/me").status_code for each in (second, third)) == [200, 401]
    assert this.post("/me/sign-ins/end", {"mark": "others"}).status_code == 303
    assert [each.get("/me").status_code for each in (this, second, third)] == [200, 401, 401]


def test_nobody_ends_the_sign_in_of_another(at: Desk) -> None:
    this, other = here(at, "county2"), here(at)
    _second = here(at)
    mark = marks_of(text(other.get("/me")), "sign-ins/end")[1]
    assert this.post("/me/sign-ins/end", {"mark": mark}).status_code == 404
    assert this.post("/me/sign-ins/end", {"mark": ""}).status_code == 404
    assert other.get("/me").status_code == 200


def test_a_token_is_shown_once_works_and_is_revoked(at: Desk) -> None:
    this = here(at)
    page = text(this.post("/me/tokens", {"label": "数据同步", "scopes": ["read"], "days": "30"}))
    shown = re.search(r'jq-secret">(jqt_[^<]+)<', page)
    assert shown
    assert shown[1] not in text(this.get("/me"))
    assert at.with_token(shown[1]).get("/tasks").status_code == 200
    assert at.with_token(shown[1]).post("/rounds", {}).status_code == 403
    for mark in marks_of(page, "tokens/revoke"):
        assert this.post("/me/tokens/revoke", {"mark": mark}).status_code == 303
    assert at.with_token(shown[1]).get("/tasks").status_code == 401


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"label": "", "scopes": ["read"], "days": "30"}, "请填写令牌的用途"),
        ({"label": "同步", "scopes": [], "days": "30"}, "权限范围"),
        ({"label": "同步", "scopes": ["admin"], "days": "30"}, "超出了您的岗位"),
        ({"label": "同步", "scopes": ["read"], "days": "9999"}, "有效期"),
    ],
)
def test_a_token_that_cannot_be_is_explained(at: Desk, form: dict[str, object], why: str) -> None:
    answer = here(at).post("/me/tokens", form)
    assert answer.status_code == 422
    assert why in text(answer)


def test_a_double_click_makes_one_token(at: Desk) -> None:
    this, form = here(at), {"label": "数据同步", "scopes": ["read"], "days": "30"}
    assert [this.post("/me/tokens", form).status_code for _ in range(2)] == [200, 422]


def test_the_language_i_choose_greets_me_from_now_on(at: Desk) -> None:
    this = here(at)
    answer = this.post("/me/language", {"language": "en"})
    assert answer.status_code == 303
    assert this.get(answer.headers["Location"]).headers["Location"] == "/me"
    assert '<html lang="en"' in text(this.get("/me"))
    with at.database.read() as session:
        assert accounts.by_name(session, "county").language == "en"
    this.post("/me/language", {"language": "fr"})
    with at.database.read() as session:
        assert accounts.by_name(session, "county").language == "en"


def test_a_password_that_came_too_late_is_in_no_page(at: Desk) -> None:
    """A form that comes after the sign-in has ended is kept for the next one; passwords are not."""
    this = here(at)
    with at.database.write() as session:
        sign_ins.end_all(session, accounts.by_name(session, "county"))
    status, page = change(this)
    assert status == 401
    assert PASSWORD not in page
    assert NEW not in page


def test_without_a_sign_in_there_is_no_own_page(at: Desk) -> None:
    assert reader(at.app).get("/me").status_code == 401
