"""Signing in and out, and how the pages look to a reader."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, accounts, passwords, sign_ins
from engine.access import Actor
from engine.errors import SignInFailed
from web import context, csrf, guard, wording
from web.guard import guard as guarded
from web.pages import frame

routes = Blueprint("desk", __name__)

KEPT = "_kept."  # before the name of each answer that came too late, while the person signs in again
NEVER_KEPT = frozenset({csrf.FIELD, "old", "new", "again"})  # nor do passwords go into a page
LOOK_DAYS = 365


@routes.get("/sign-in")
@guarded("public.read")
def ask() -> Response:
    """The sign-in page; `next` is where the person wanted to go."""
    return frame.page("desk/sign_in.html", next=_inside(request.args.get("next")), problem="", kept=())


@routes.post("/sign-in")
@guarded("session.start")
def sign_in() -> BaseResponse:
    """Sign in, and go on to where the person wanted to be, or show again what they had just filled in."""
    here, name, password = context.current(), request.form.get("name", "").strip(), request.form.get("password", "")
    wanted = _inside(request.form.get("next"))
    kept = [(key, value) for key, value in request.form.items(multi=True) if key.startswith(KEPT)]
    with frame.reading() as session:  # slow on purpose, so before anything is locked
        proof = sign_ins.prove(session, name, password)
    renewed = passwords.renewed(proof.verified_hash, password)
    try:
        with frame.writing() as session:
            token = sign_ins.sign_in(
                session,
                proof,
                here.settings,
                address=request.remote_addr or "",
                agent=request.user_agent.string,
                renewed_hash=renewed,
            )
            person = accounts.by_name(session, name)
            first = _first_page(accounts.actor(session, person))
            g.language = person.language
    except SignInFailed as error:
        return frame.page("desk/sign_in.html", 401, next=wanted, problem=error.message, kept=kept, name=name)
    if kept:
        fields = [(key.removeprefix(KEPT), value) for key, value in kept]
        answer: BaseResponse = frame.page("desk/go_on.html", next=wanted, fields=fields, token=csrf.token(token))
    else:
        answer = redirect(wanted or url_for(first), 303)
    answer.set_cookie(guard.cookie_name(), token, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    _keep_look(answer, g.language, g.looks)
    return answer


@routes.post("/sign-out")
@guarded("session.end")
def sign_out() -> BaseResponse:
    """End this sign-in."""
    with frame.writing() as session:
        sign_ins.sign_out(session, guard.cookie() or "")
    answer = redirect(url_for("site.home"), 303)
    answer.delete_cookie(guard.cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return answer


@routes.get("/look")
@guarded("public.read")
def look() -> BaseResponse:
    """Switch one look on or off (`large` 长辈版, `contrast` 高对比度), or the language, and come back."""
    wanted, looks, language = request.args.get("switch", ""), list(g.looks), wording.language()
    if wanted in frame.LOOKS:
        looks = [name for name in frame.LOOKS if (name in looks) != (name == wanted)]
    elif wanted in wording.LANGUAGES:
        language = wanted
    answer = redirect(_inside(request.args.get("back")) or url_for("site.home"), 303)
    _keep_look(answer, language, looks)
    return answer


def sign_in_again(problem: str) -> Response:
    """The sign-in page in place of another; what had just been filled in is kept, and shown again after signing in."""
    posted = request.method == "POST"
    wanted = request.path if posted else request.full_path.rstrip("?")
    given = request.form.items(multi=True) if posted else ()
    kept = [(KEPT + key, value) for key, value in given if key not in NEVER_KEPT]
    return frame.page("desk/sign_in.html", 401, next=wanted, problem=problem if posted else "", kept=kept)


def _first_page(actor: Actor) -> str:
    """Where a person begins: at their tasks, or with what an administrator looks after."""
    if access.may(actor, "task.list"):
        return "inbox.list_"
    administers = access.may(actor, "account.list") or access.may(actor, "record.read")
    return "office.home" if administers else "own.show"


def _keep_look(answer: BaseResponse, language: str, looks: list[str]) -> None:
    answer.set_cookie(
        frame.LOOK,
        " ".join([language, *looks]),
        max_age=LOOK_DAYS * 86400,
        samesite="Lax",
        httponly=True,
        secure=request.is_secure,
    )


def _inside(address: str | None) -> str:
    """The address if it stays within this site; else nothing."""
    address = address or ""
    parts = urlsplit(address)
    leaves = parts.scheme or parts.netloc or address.startswith("//") or "\\" in address
    return address if address.startswith("/") and not leaves else ""
