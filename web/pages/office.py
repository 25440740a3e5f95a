"""管理·账号与机构: what the system and the security administrator see and do."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, administration, directory, organisations, sign_ins
from engine.access import ADMINISTRATORS, ROLES
from engine.accounts import AccountInvalid
from engine.errors import NotFound, Refused
from engine.organisations import LEVELS, OrganisationInvalid
from web import context
from web.guard import actor, guard
from web.pages import frame
from web.pages.own import browser
from web.wording import N_, _

routes = Blueprint("office", __name__)

ON_PAGE = 50
STATES = {  # of an account → (title, level of its badge)
    "active": (N_("在用"), "done"),
    "no_password": (N_("未设密码"), "soon"),
    "locked": (N_("已锁定"), "late"),
    "disabled": (N_("已停用"), "quiet"),
}


@routes.get("/office")
@guard("own.read")
def home() -> BaseResponse:
    """To the part of the office that is the reader's."""
    if access.may(actor(), "record.read"):
        return frame.go("record.show")
    access.require(actor(), "account.list")
    return frame.go("office.accounts")


# ---- accounts -----------------------------------------------------------------------------------


@routes.get("/office/accounts")
@guard("account.list")
def accounts() -> Response:
    """All accounts, or those that are asked for."""
    asked = {name: request.args.get(name, "").strip() for name in ("words", "organisation", "role", "state")}
    after = request.args.get("after", "")
    with frame.reading() as session:
        rows = directory.listed(session, actor(), **asked, limit=ON_PAGE + 1, after=after)
        counts = directory.counts(session, actor())
        offices = organisations.listed(session)
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    more = len(rows) > ON_PAGE
    return frame.page(
        "office/accounts.html",
        here="office",
        room="accounts",
        accounts=rows[:ON_PAGE],
        counts=counts,
        asked=asked,
        offices=offices,
        role_titles=ROLES,
        states=STATES,
        next_href=url_for("office.accounts", **kept, after=rows[ON_PAGE - 1]["name"]) if more else None,
        first_href=url_for("office.accounts", **kept) if after else None,
    )


@routes.get("/office/accounts/new")
@guard("account.add")
def new_account() -> Response:
    """The form for a new account."""
    return frame.page("office/new_account.html", here="office", room="accounts", given={}, problem="")


@routes.post("/office/accounts/new")
@guard("account.add")
def add_account() -> BaseResponse:
    """A new account, which can do nothing until the security administrator has given it a role and a password."""
    given = {name: request.form.get(name, "").strip() for name in ("name", "display_name")}
    try:
        with frame.writing() as session:
            person = administration.add_account(session, actor(), given["name"], given["display_name"])
            person_id = person.id
    except AccountInvalid as error:
        at = error.facts["field"]
        return frame.page(
            "office/new_account.html", 422, here="office", room="accounts", given=given, problem=error.message, at=at
        )
    frame.say(_("账号已开设。请安全管理员授予岗位并发放密码。"))
    return frame.go("office.account", person_id=person_id)


@routes.get("/office/accounts/<number:person_id>")
@guard("account.list")
def account(person_id: int) -> Response:
    """An account, its offices, and what the reader may do about it."""
    return _account(person_id)


@routes.post("/office/accounts/<number:person_id>/disable")
@guard("account.disable")
def disable(person_id: int) -> BaseResponse:
    """The account is out of use from now."""
    return _do(person_id, lambda session: administration.disable(session, actor(), person_id), _("账号已停用"))


@routes.post("/office/accounts/<number:person_id>/enable")
@guard("account.disable")
def enable(person_id: int) -> BaseResponse:
    """The account may be used again."""
    said = _("账号已启用。请安全管理员重新发放密码。")
    return _do(person_id, lambda session: administration.enable(session, actor(), person_id), said)


@routes.post("/office/accounts/<number:person_id>/grant")
@guard("role.grant")
def grant(person_id: int) -> BaseResponse:
    """The account has a role more; its sign-ins end."""
    role, code = request.form.get("role", ""), request.form.get("organisation", "")
    if not role or not code:
        return _account(person_id, problem=_("请选择岗位和机构"))
    said = _("岗位已授予，该账号的登录会话已退出")
    return _do(person_id, lambda session: administration.grant(session, actor(), person_id, role, code), said)


@routes.post("/office/accounts/<number:person_id>/withdraw")
@guard("role.grant")
def withdraw(person_id: int) -> BaseResponse:
    """The account has a role less; its sign-ins end."""
    role, code = request.form.get("role", ""), request.form.get("organisation", "")
    said = _("岗位已收回，该账号的登录会话已退出")
    return _do(person_id, lambda session: administration.withdraw(session, actor(), person_id, role, code), said)


@routes.post("/office/accounts/<number:person_id>/accredit")
@guard("account.accredit")
def accredit(person_id: int) -> BaseResponse:
    """The owner's deployments may bring scripts, or no longer."""
    if "end" in request.form:
        return _do(
            person_id,
            lambda session: administration.end_accreditation(session, actor(), person_id),
            _("脚本授权已收回"),
        )
    return _do(person_id, lambda session: administration.accredit(session, actor(), person_id), _("已授权使用脚本"))


@routes.post("/office/accounts/<number:person_id>/unlock")
@guard("account.unlock")
def unlock(person_id: int) -> BaseResponse:
    """The person may try again."""
    return _do(person_id, lambda session: administration.unlock(session, actor(), person_id), _("账号已解锁"))


@routes.post("/office/accounts/<number:person_id>/password")
@guard("password.reset")
def reset_password(person_id: int) -> BaseResponse:
    """A one-time password. It is shown on this page and never again."""
    try:
        with frame.writing() as session:
            password = administration.reset_password(session, actor(), person_id)
    except Refused as error:
        return _account(person_id, problem=error.message)
    return _account(person_id, password=password)


@routes.post("/office/accounts/<number:person_id>/sign-ins/end")
@guard("session.end_all")
def end_sign_ins(person_id: int) -> BaseResponse:
    """The person has to sign in again everywhere."""
    said = _("该账号的登录会话已全部退出")
    return _do(person_id, lambda session: administration.end_sign_ins(session, actor(), person_id), said)


@routes.post("/office/accounts/<number:person_id>/tokens/revoke")
@guard("token.revoke")
def revoke_token(person_id: int) -> BaseResponse:
    """One of the person's API tokens ends."""
    marked = request.form.get("mark", "")
    said = _("令牌已吊销")
    return _do(person_id, lambda session: administration.revoke_token(session, actor(), person_id, marked), said)


# ---- organisations ------------------------------------------------------------------------------


@routes.get("/office/organisations")
@guard("organisation.list")
def tree() -> Response:
    """The organisations, each below the one it belongs to."""
    return _tree()


@routes.post("/office/organisations")
@guard("organisation.add")
def add_organisation() -> BaseResponse:
    """A new organisation in the tree."""
    given = {name: request.form.get(name, "").strip() for name in ("code", "name", "level", "parent")}
    try:
        with frame.writing() as session:
            administration.add_organisation(
                session,
                actor(),
                given["code"],
                given["name"],
                level=given["level"],
                parent_code=given["parent"] or None,
            )
    except (OrganisationInvalid, NotFound) as error:
        return _tree(given, error.message)
    frame.say(_("机构已新增"))
    return frame.go("office.tree")


@routes.post("/office/organisations/rename")
@guard("organisation.rename")
def rename_organisation() -> BaseResponse:
    """An organisation under another name; published notices keep the old one."""
    code, name = request.form.get("code", ""), request.form.get("name", "")
    try:
        with frame.writing() as session:
            administration.rename_organisation(session, actor(), code, name)
    except OrganisationInvalid as error:
        return _tree(problem=error.message)
    frame.say(_("机构已改名"))
    return frame.go("office.tree")


@routes.post("/office/organisations/mark")
@guard("organisation.mark")
def mark_organisation() -> BaseResponse:
    """A provincial department of the west, or of those with a number of their own, or neither."""
    marks = {mark: mark in request.form for mark in ("western", "special")}
    try:
        with frame.writing() as session:
            administration.mark_organisation(session, actor(), request.form.get("code", ""), **marks)
    except OrganisationInvalid as error:
        return _tree(problem=error.message)
    frame.say(_("机构标记已保存"))
    return frame.go("office.tree")


def _do(person_id: int, command: Callable[[Any], None], said: str) -> BaseResponse:
    """Carry the command out and go back to the account; what forbids it stands above the account."""
    try:
        with frame.writing() as session:
            command(session)
    except (AccountInvalid, Refused) as error:
        return _account(person_id, problem=error.message)
    frame.say(said)
    return frame.go("office.account", person_id=person_id)


def _account(person_id: int, *, problem: str = "", password: str = "") -> Response:
    with frame.reading() as session:
        found = directory.account(session, actor(), person_id, context.current().settings)
        offices = organisations.listed(session)
        held = [(kept, browser(kept.agent)) for kept in found["sign_ins"]]
        tokens = [(kept, sign_ins.mark(kept)) for kept in found["tokens"]]
    return frame.page(
        "office/account.html",
        422 if problem else 200,
        here="office",
        room="accounts",
        person=found,
        held=held,
        tokens=tokens,
        own=person_id == actor().person_id,
        offices=offices,
        role_titles=ROLES,
        administrators=ADMINISTRATORS,
        scopes=access.SCOPES,
        states=STATES,
        problem=problem,
        password=password,
    )


def _tree(given: dict[str, str] | None = None, problem: str = "") -> Response:
    with frame.reading() as session:
        rows = directory.organisations(session, actor())
    return frame.page(
        "office/organisations.html",
        422 if problem else 200,
        here="office",
        room="organisations",
        organisations=rows,
        levels=LEVELS,
        given=given or {},
        problem=problem,
    )
