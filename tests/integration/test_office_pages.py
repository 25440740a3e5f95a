"""The system and the security administrator at their pages: each does only their own part, and it is recorded."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import accounts, administration, sign_ins
from engine.db import Database
from engine.errors import Refused
from engine.models import Membership, Organisation
from tests import samples
from tests.clock import StandingClock
from tests.integration.administrators import ADMINISTRATORS, BUREAU, COUNTY, PARK, as_, furnish, kinds, number, said
from tests.integration.desk import PASSWORD, Desk
from tests.integration.reader import Reader, reader


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return furnish(sqlite_database, tmp_path / "data")


# ---- who does what ------------------------------------------------------------------------------


def test_an_account_that_can_do_something_took_two_administrators_and_its_holder(at: Desk) -> None:
    system, security = as_(at, "sysadmin"), as_(at, "secadmin")
    answer = system.post("/office/accounts/new", {"name": "newcomer", "display_name": "新经办人"})
    assert answer.status_code == 303
    path = answer.headers["Location"]
    assert "尚未授予岗位" in said(system.get(path))
    assert system.post(f"{path}/grant", {"role": "county_officer", "organisation": COUNTY}).status_code == 403
    assert system.post(f"{path}/password").status_code == 403
    assert security.post(f"{path}/grant", {"role": "county_officer", "organisation": COUNTY}).status_code == 303
    page = said(security.post(f"{path}/password"))
    once = re.search(r"jq-secret\">([^<]+)<", page)
    assert once
    assert once[1] not in said(security.get(path))  # shown once
    assert kinds(at, "sysadmin") == ["account.created"]
    assert kinds(at, "secadmin") == ["role.granted", "password.reset"]

    person = reader(at.app)
    answer = person.client.post("/sign-in", data={"name": "newcomer", "password": once[1]})
    token = person.client.get_cookie("jiqun")
    assert token
    newcomer = Reader(person.client, token.value)
    for elsewhere in ("/tasks", "/cases"):
        answer = newcomer.get(elsewhere)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/me")
    assert "请先设定自己的密码" in said(newcomer.get("/me"))
    refused = newcomer.post("/me/tokens", {"label": "x", "scopes": "read", "days": "30"})
    assert (refused.status_code, refused.headers.get("Location")) == (303, "/me")
    new = {"old": once[1], "new": "Garden-Gate-42", "again": "Garden-Gate-42"}
    assert newcomer.post("/me/password", new).status_code == 303
    assert newcomer.get("/tasks").status_code == 200


def test_a_one_time_password_opens_nothing_through_the_api_either(at: Desk) -> None:
    with at.database.write() as session:
        once = accounts.issue_password(session, accounts.by_name(session, "county"), by="setup")
    token = at.anonymous().post("/session", {"name": "county", "password": once}).get_json()["token"]
    answer = at.with_token(token).get("/tasks")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "password_due")
    assert at.as_("county").get("/tasks").status_code == 200  # a token of a machine is no password


DEEDS = {  # address of a page → who may; a deed on an account is tried on "county2"
    "GET /office/accounts": {"sysadmin", "secadmin"},
    "GET /office/accounts/{}": {"sysadmin", "secadmin"},
    "GET /office/accounts/new": {"sysadmin"},
    "POST /office/accounts/new": {"sysadmin"},
    "POST /office/accounts/{}/disable": {"sysadmin"},
    "POST /office/accounts/{}/enable": {"sysadmin"},
    "POST /office/accounts/{}/grant": {"secadmin"},
    "POST /office/accounts/{}/withdraw": {"secadmin"},
    "POST /office/accounts/{}/unlock": {"secadmin"},
    "POST /office/accounts/{}/password": {"secadmin"},
    "POST /office/accounts/{}/sign-ins/end": {"secadmin"},
    "POST /office/accounts/{}/tokens/revoke": {"secadmin"},
    "GET /office/organisations": {"sysadmin", "secadmin"},
    "POST /office/organisations": {"sysadmin"},
    "POST /office/organisations/rename": {"sysadmin"},
    "POST /office/organisations/mark": {"sysadmin"},
    "GET /office/record": {"auditor"},
    "POST /office/record/verify": {"auditor"},
    "POST /office/record/export": {"auditor"},
}


@pytest.mark.parametrize("address", DEEDS)
def test_each_administrator_does_their_own_and_nobody_else_does_any_of_it(at: Desk, address: str) -> None:
    method, path = address.split()
    path = path.format(number(at, "county2"))
    refusing = {
        who
        for who in (*ADMINISTRATORS, "city", "leader", "owner", "county")
        if as_(at, who).send(method, path).status_code == 403
    }
    assert refusing == {*ADMINISTRATORS, "city", "leader", "owner", "county"} - DEEDS[address]


@pytest.mark.parametrize(
    ("who", "deed"),
    [
        ("sysadmin", "disable"),
        ("secadmin", "grant"),
        ("secadmin", "withdraw"),
        ("secadmin", "unlock"),
        ("secadmin", "password"),
        ("secadmin", "sign-ins/end"),
        ("secadmin", "tokens/revoke"),
    ],
)
def test_nobody_does_it_to_themselves(at: Desk, who: str, deed: str) -> None:
    form = {"role": ADMINISTRATORS[who], "organisation": BUREAU}
    answer = as_(at, who).post(f"/office/accounts/{number(at, who)}/{deed}", form)
    assert answer.status_code == 403
    assert "本人" in said(answer)


def test_the_password_of_an_administrator_is_not_another_administrators_to_reset(at: Desk) -> None:
    for other in ("sysadmin", "auditor"):
        answer = as_(at, "secadmin").post(f"/office/accounts/{number(at, other)}/password")
        assert answer.status_code == 422
        assert f"jiqun user password {other}" in said(answer)


def test_an_administrator_gets_no_second_role_and_an_officer_no_administrators(at: Desk) -> None:
    security = as_(at, "secadmin")
    for name, role in (
        ("auditor", "bureau_officer"),
        ("sysadmin", "audit_administrator"),
        ("city", "audit_administrator"),
    ):
        form = {"role": role, "organisation": BUREAU}
        answer = security.post(f"/office/accounts/{number(at, name)}/grant", form)
        assert answer.status_code == 422, name
        assert "三员互斥" in said(answer)
    assert kinds(at, "secadmin") == []


@pytest.mark.parametrize(
    ("role", "organisation"),
    [
        ("county_officer", BUREAU),
        ("county_officer", PARK),
        ("park_officer", COUNTY),
        ("bureau_officer", PARK),
        ("", ""),
    ],
)
def test_a_role_is_granted_where_it_belongs(at: Desk, role: str, organisation: str) -> None:
    form = {"role": role, "organisation": organisation}
    assert as_(at, "secadmin").post(f"/office/accounts/{number(at, 'owner')}/grant", form).status_code == 422
    with at.database.read() as session:
        held = set(session.scalars(select(Membership.role).where(Membership.person_id == number(at, "owner"))))
    assert held == {"process_owner"}


@pytest.mark.parametrize(
    ("who", "page"), [("sysadmin", "/office/accounts"), ("auditor", "/office/record"), ("city", "/tasks")]
)
def test_who_signs_in_begins_where_their_work_is(at: Desk, who: str, page: str) -> None:
    with at.database.write() as session:
        accounts.set_password(session, accounts.by_name(session, who), "Copper-Kettle-7777", by="setup")
    answer = reader(at.app).client.post(
        "/sign-in", data={"name": who, "password": "Copper-Kettle-7777"}, follow_redirects=True
    )
    assert answer.request.path == page


# ---- the last of a kind --------------------------------------------------------------------------


def test_the_last_administrator_of_a_kind_cannot_be_disabled(at: Desk) -> None:
    system, auditor = as_(at, "sysadmin"), number(at, "auditor")
    answer = system.post(f"/office/accounts/{auditor}/disable")
    assert answer.status_code == 422
    assert "最后一位在用的审计管理员" in said(answer)
    with at.database.write() as session:
        accounts.grant(session, accounts.add(session, "auditor2", by="x"), "audit_administrator", BUREAU, by="x")
    assert system.post(f"/office/accounts/{auditor}/disable").status_code == 303
    again = system.post(f"/office/accounts/{number(at, 'auditor2')}/disable")
    assert again.status_code == 422  # a disabled one is no successor


def test_the_role_of_the_last_administrator_cannot_be_withdrawn(at: Desk) -> None:
    form = {"role": "system_administrator", "organisation": BUREAU}
    answer = as_(at, "secadmin").post(f"/office/accounts/{number(at, 'sysadmin')}/withdraw", form)
    assert answer.status_code == 422
    assert "最后一位在用的系统管理员" in said(answer)


def test_of_two_who_disable_each_other_one_stays(database: Database, clock: StandingClock) -> None:
    """On either database: whoever comes second finds nobody left beside."""
    with database.write() as session:
        session.add(Organisation(code=BUREAU, name="局", level="city", division=BUREAU, path=f"/{BUREAU}/"))
        session.flush()
        people = [accounts.add(session, name, by="setup") for name in ("one", "two")]
        for person in people:
            accounts.grant(session, person, "system_administrator", BUREAU, by="setup")
        actors = [accounts.actor(session, person) for person in people]
    with database.write() as session:
        administration.disable(session, actors[0], people[1].id)
    with pytest.raises(Refused, match="最后一位"), database.write() as session:
        administration.disable(session, actors[1], people[0].id)


# ---- accounts -----------------------------------------------------------------------------------


def test_disabling_ends_what_is_open_and_enabling_asks_for_a_new_password(at: Desk) -> None:
    county, system = as_(at, "county"), as_(at, "sysadmin")
    path = f"/office/accounts/{number(at, 'county')}"
    assert system.post(f"{path}/disable").status_code == 303
    assert county.get("/me").status_code == 401
    assert at.as_("county").get("/tasks").status_code == 401  # the token too
    assert "已停用" in said(system.get(path))
    assert as_(at, "secadmin").post(f"{path}/password").status_code == 422
    assert system.post(f"{path}/enable").status_code == 303
    assert "未设密码" in said(system.get(path))
    assert at.anonymous().post("/session", {"name": "county", "password": PASSWORD}).status_code == 401
    assert kinds(at, "sysadmin") == ["account.disabled", "account.enabled"]


def test_a_locked_account_is_seen_and_unlocked(at: Desk) -> None:
    for _ in range(at.settings.lock_after_failures):
        at.anonymous().post("/session", {"name": "county", "password": "wrong"})
    assert at.anonymous().post("/session", {"name": "county", "password": PASSWORD}).status_code == 401
    security = as_(at, "secadmin")
    assert ">county<" in said(security.get("/office/accounts?state=locked"))
    assert security.post(f"/office/accounts/{number(at, 'county')}/unlock").status_code == 303
    assert at.anonymous().post("/session", {"name": "county", "password": PASSWORD}).status_code == 201
    assert kinds(at, "secadmin") == ["account.unlocked"]


def test_the_security_administrator_ends_sign_ins_and_tokens_of_others(at: Desk) -> None:
    county, security = as_(at, "county"), as_(at, "secadmin")
    path = f"/office/accounts/{number(at, 'county')}"
    with at.database.read() as session:
        (token,) = sign_ins.tokens(session, accounts.by_name(session, "county"))
    assert security.post(f"{path}/tokens/revoke", {"mark": sign_ins.mark(token)}).status_code == 303
    assert at.as_("county").get("/tasks").status_code == 401
    assert county.get("/me").status_code == 200
    assert security.post(f"{path}/sign-ins/end").status_code == 303
    assert county.get("/me").status_code == 401
    assert security.post(f"{path}/tokens/revoke", {"mark": ""}).status_code == 404
    assert kinds(at, "secadmin") == ["token.revoked", "sign_in.all_ended"]


def test_a_withdrawn_role_is_gone_at_once(at: Desk) -> None:
    county, security = as_(at, "county"), as_(at, "secadmin")
    form = {"role": "county_officer", "organisation": COUNTY}
    assert security.post(f"/office/accounts/{number(at, 'county')}/withdraw", form).status_code == 303
    assert county.get("/me").status_code == 401
    assert at.as_("county").get("/tasks").status_code == 403
    assert security.post(f"/office/accounts/{number(at, 'county')}/withdraw", form).status_code == 404


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": "County", "display_name": "某"}, "登录名"),
        ({"name": "county", "display_name": "某"}, "已存在"),
        ({"name": "fresh", "display_name": " "}, "请填写姓名"),
        ({"name": "fresh", "display_name": "某\u202e人"}, "控制字符"),
        ({}, "登录名"),
    ],
)
def test_an_account_that_cannot_be_is_explained_and_what_was_typed_is_kept(
    at: Desk, form: dict[str, str], why: str
) -> None:
    answer = as_(at, "sysadmin").post("/office/accounts/new", form)
    assert answer.status_code == 422
    assert why in said(answer) or not form
    assert kinds(at, "sysadmin") == []


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("words=coun", {"county", "county2"}, {"city"}),
        (f"organisation={PARK}", {"park"}, {"county"}),
        ("role=bureau_officer", {"city", "city2"}, {"leader"}),
        ("state=no_password", {"city", "auditor"}, {"county"}),
        ("state=active", {"county"}, {"city"}),
        ("state=active&words=zz", set(), {"county"}),
    ],
)
def test_accounts_are_filtered(at: Desk, query: str, there: set[str], absent: set[str]) -> None:
    page = said(as_(at, "sysadmin").get(f"/office/accounts?{query}"))
    assert {name for name in there | absent if f'jq-below">{name}<' in page} == there


def test_accounts_come_page_by_page(at: Desk) -> None:
    with at.database.write() as session:
        for each in range(60):
            accounts.add(session, f"z{each:02}", by="setup")
    first = said(as_(at, "sysadmin").get("/office/accounts?words=z"))
    second = said(as_(at, "sysadmin").get("/office/accounts?words=z&after=z49"))
    assert "after=z49" in first
    assert [f"z{each:02}" for each in range(60) if f">z{each:02}<" in first] == [f"z{each:02}" for each in range(50)]
    assert [f"z{each:02}" for each in range(60) if f">z{each:02}<" in second] == [
        f"z{each:02}" for each in range(50, 60)
    ]


# ---- organisations ------------------------------------------------------------------------------


def test_an_organisation_is_added_below_another_and_renamed(at: Desk) -> None:
    system = as_(at, "sysadmin")
    form = {"code": "441826", "name": "连南瑶族自治县中小企业主管部门", "level": "county", "parent": BUREAU}
    assert system.post("/office/organisations", form).status_code == 303
    rename = {"code": "441826", "name": "连南县科工商务局"}
    assert system.post("/office/organisations/rename", rename).status_code == 303
    assert "连南县科工商务局" in said(system.get("/office/organisations"))
    assert kinds(at, "sysadmin") == ["organisation.added", "organisation.renamed"]


def test_a_provincial_department_is_marked_as_one_of_the_west_and_no_other_office_is(at: Desk) -> None:
    system = as_(at, "sysadmin")
    way = "/office/organisations/mark"
    assert system.post(way, {"code": "440000", "western": "on"}).status_code == 303
    assert system.post(way, {"code": "440000", "western": "on"}).status_code == 303  # again: nothing new to record
    badge = '广东省工业和信息化厅</span> <span class="jq-badge jq-badge-quiet">西部地区</span>'
    assert badge in said(system.get("/office/organisations"))
    refused = system.post(way, {"code": BUREAU, "western": "on"})
    assert refused.status_code == 422
    assert "只有省级主管部门可以标记" in said(refused)
    assert system.post(way, {"code": "440000", "special": "on"}).status_code == 303
    assert kinds(at, "sysadmin") == ["organisation.marked"] * 2
    with at.database.read() as session:
        province = session.get_one(Organisation, "440000")
        assert (province.western, province.special) == (False, True)
        assert not session.get_one(Organisation, BUREAU).western


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"code": "44182"}, "六位行政区划代码"),
        ({"code": COUNTY}, "已被使用"),
        ({"name": ""}, "请填写机构名称"),
        ({"level": "city", "parent": COUNTY}, "不能设在"),
        ({"parent": "999999"}, "没有代码为"),
        ({"level": "village"}, "没有名为"),
    ],
)
def test_an_organisation_that_cannot_be_is_explained(at: Desk, change: dict[str, str], why: str) -> None:
    form = {"code": "441826", "name": "某局", "level": "county", "parent": BUREAU} | change
    answer = as_(at, "sysadmin").post("/office/organisations", form)
    assert answer.status_code == 422
    assert why in said(answer)
