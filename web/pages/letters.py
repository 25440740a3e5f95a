"""The log of letters (通知记录), each with its tries; and how letters look, for whoever writes them (通知样式)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import deployments, letter_log, letter_samples, posting, rewording
from engine import letters as letter_files
from engine.errors import BundleInvalid, Conflict, FormInvalid, IntakeRefused, Refused
from engine.forms import Problem
from engine.letter_log import STATES
from engine.models import Person
from notifications import wording
from notifications.wording import LetterInvalid
from web import context, guard, letters
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("letters", __name__)

PAGE = 50
LANGUAGES = (letter_files.CHINESE, letter_files.ENGLISH)
LOOKS = {"waiting": "soon", "sent": "done", "failed": "late", "told": "done", "shown": "quiet", "cancelled": "quiet"}
OUTCOMES = {  # of a try
    "sent": N_("对方服务器已接收"),
    "retry": N_("暂未接收，稍后再试"),
    "limited": N_("发送过快，稍后再试"),
    "refused": N_("对方服务器拒收"),
    "in_doubt": N_("可能已送达，无回音"),
    "config": N_("发信账号设置有误"),
    "bounced": N_("退信"),
}


@routes.get("/letters")
@guarded("letter.list")
def list_() -> Response:
    """What was said in the bureau's name, newest first."""
    actor, asked = guard.actor(), {name: request.args.get(name, "").strip() for name in ("state", "case")}
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (before,) = paging.marked(paged.after, paging.number) or (None,)
    number = int(asked["case"]) if asked["case"].isdecimal() and len(asked["case"]) < 10 else None
    with frame.reading() as session:
        found = letter_log.entries(session, actor, state=asked["state"], case_id=number, limit=PAGE + 1, before=before)
        rows = [_row(session, *each) for each in found]
        halted = posting.halted(session)
        mail = posting.state(session) if halted else None
    shown = paging.page(rows, paged, lambda row: [row["id"]])
    return frame.page(
        "letters/list.html",
        here="messages",
        rows=shown["items"],
        next_href=shown["next"],
        first_href=url_for("letters.list_", state=asked["state"] or None, case=asked["case"] or None)
        if before
        else None,
        asked=asked,
        states=[(name, _(title)) for name, title in STATES.items()],
        halted=halted,
        mail=mail,
        mail_leaves=bool(context.current().settings.mail),
    )


@routes.get("/letters/<number:delivery_id>")
@guarded("letter.list")
def show(delivery_id: int) -> Response:
    """One letter to one person, with each try at sending it."""
    return _shown(delivery_id)


def _shown(delivery_id: int, problems: Sequence[Problem] = ()) -> Response:
    with frame.reading() as session:
        delivery = letter_log.find(session, guard.actor(), delivery_id)
        person = session.get_one(Person, delivery.person_id)
        case = letter_log.case_of(session, delivery)
        return frame.page(
            "letters/show.html",
            422 if problems else 200,
            here="messages",
            note=request.form.get("note", ""),
            **_wrong(problems),
            letter=_row(session, delivery, person, letter_log.became(session, delivery)),
            tries=[_try(each) for each in letter_log.attempts(session, delivery)],
            case=case,
            failed=delivery.status in posting.FAILED,
            may_send=delivery.status not in (*letter_log.UNDER_WAY, *posting.FAILED),
        )


@routes.post("/letters/<number:delivery_id>/again")
@guarded("letter.send")
def send_again(delivery_id: int) -> BaseResponse:
    """The same words once more to the same person."""
    with frame.writing() as session:
        again = letter_log.send_again(session, guard.actor(), delivery_id).id
    frame.say(_("已安排重发，稍后在此查看结果"))
    return frame.go("letters.show", delivery_id=again)


@routes.post("/letters/<number:delivery_id>/mend")
@guarded("letter.send")
def mend(delivery_id: int) -> BaseResponse:
    """What a clerk does about a letter that did not get through: once more, by telephone, or no more."""
    actor, deed, note = guard.actor(), request.form.get("deed", ""), request.form.get("note", "")
    try:
        with frame.writing() as session:
            if deed == "told":
                posting.told(session, actor, delivery_id, note)
            elif deed == "cancel":
                posting.cancel(session, actor, delivery_id, note)
            else:
                posting.retry(session, actor, delivery_id)
    except FormInvalid as error:
        return _shown(delivery_id, error.problems)
    frame.say(
        {"told": _("已记为电话告知"), "cancel": _("不再发送；通知仍在对方的站内消息中")}.get(deed, _("已安排重试"))
    )
    return frame.go("letters.show", delivery_id=delivery_id)


@routes.route("/letters/preview", methods=["GET", "POST"])
@guarded("letter.preview")
def preview() -> Response:
    """How a letter reads with what fills it: in the words in force, or in its writer's. Nothing is kept."""
    return _preview()


@routes.post("/letters/preview/send")
@guarded("letter.try")
def try_out() -> Response:
    """The letter as it is previewed, sent to its writer alone."""
    language = letter_files.ENGLISH if "english" in request.form else letter_files.CHINESE
    try:
        with frame.writing() as session:
            subject, body = _rendered(_asked(session), language)
            letter_log.try_out(session, guard.actor(), _("【试发】%(subject)s", subject=subject), body)
    except LetterInvalid:
        return _preview()  # which says why
    except Refused as error:
        return _preview([Problem("", error.code, error.message)], 409)
    return _preview(tried=True)


@routes.post("/letters/preview/deploy")
@guarded("letter.edit")
def propose() -> BaseResponse:
    """The letter's words from the day on which another person approves them."""
    regime, name, seen = (request.form.get(each, "") for each in ("regime", "name", "seen"))
    number = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
    try:
        with frame.writing() as session:
            made = rewording.proposed(
                session, guard.actor(), regime, name, _typed(), seen=number, reason=request.form.get("reason", "")
            ).id
    except FormInvalid as error:
        return _preview(error.problems)
    except Conflict as error:
        return _preview([Problem("text", error.code, error.message)], 409)
    except BundleInvalid as error:  # of the letter's own faults the preview says why
        others = [str(each) for each in error.findings if each.file != f"letters/{name}.txt"]
        return _preview([Problem("text", error.code, each) for each in others])
    except IntakeRefused as error:
        return _preview([Problem("text", error.code, error.facts["why"])])
    frame.say(_("已提交审核，并通知了可以审核的人员；通过之前现行版本不受影响"))
    return frame.go("workshop.show", draft_id=made)


def _preview(problems: Sequence[Problem] = (), status: int = 422, *, tried: bool = False) -> Response:
    with frame.reading() as session:
        asked = _asked(session)
        current = deployments.in_force(session, asked["regime"])
        obstacle = rewording.obstacle(session, guard.actor(), asked["regime"], asked["name"])
    in_force = current.number if current else 0
    overtaken = any(each.code == Conflict.code for each in problems)  # they are told, so from now on they have seen it
    faults = _faults(asked["text"])
    problems = [*problems, *faults]
    halves: list[Mapping[str, str]] = []
    for language in () if faults else LANGUAGES:
        if letter_files.half(asked["text"].encode(), language) is None:
            continue
        try:
            subject, body = _rendered(asked, language)
        except LetterInvalid as error:
            problems.append(Problem("text", error.code, error.message))
        else:
            halves.append({"language": language, "subject": subject, "body": body})
    return frame.page(
        "letters/preview.html",
        status if problems else 200,
        here="messages",
        halves=halves,
        fields=letter_files.FIELDS,
        kind=letters.kind,
        current=current,
        seen=in_force if overtaken else request.form.get("seen", in_force),
        obstacle=obstacle,
        reason=request.form.get("reason", ""),
        tried=tried,
        **_wrong(problems),
        **asked,
    )


def _faults(text: str) -> list[Problem]:
    return [
        Problem("text", "letter", _("第 %(line)s 行：%(why)s", line=line or 1, why=why))
        for line, why in letter_files.letter_problems(text.encode())
    ]


def _asked(session: Session) -> dict[str, Any]:
    """The letter that is looked at: of which regime, with which example, in which words."""
    actor = guard.actor()
    regimes = letter_samples.regimes(session, actor)
    regime = _one_of(request.values.get("regime", ""), [name for name, _title in regimes])
    names = letter_samples.names(session, regime)
    name = _one_of(request.values.get("name", ""), names)
    examples = letter_samples.examples(session, actor, regime, name)
    example = _one_of(request.values.get("example", ""), list(examples))
    kept = letter_files.text(wording.template(letter_samples.deployed(session, regime), regime, name))
    text = _typed() if "text" in request.form else kept
    return {
        "regimes": regimes,
        "regime": regime,
        "names": names,
        "name": name,
        "examples": examples,
        "example": example,
        "told": examples[example].fields,
        "kept": kept,
        "text": text,
        "changed": text != kept,
    }


def _typed() -> str:
    return request.form.get("text", "").replace("\r\n", "\n")


def _rendered(asked: Mapping[str, Any], language: str) -> tuple[str, str]:
    told = {**asked["told"], "收件人": guard.actor().display_name}
    return wording.render(asked["text"].encode(), told, language)


def _wrong(problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "problems": [{"href": f"#{each.field}" if each.field else "", "message": each.message} for each in problems],
        "wrong": {each.field: each.message for each in reversed(problems)},
    }


def _one_of(wanted: str, known: list[str]) -> str:
    return wanted if wanted in known else known[0]


def _row(session: Session, delivery: Any, person: Person, became: str) -> dict[str, Any]:
    state = letter_log.state(became)
    about = {name: getattr(delivery, name) for name in ("sent_at", "attempts", "in_doubt", "last_code", "last_error")}
    return {
        **letters.told(session, delivery, person),
        **about,
        "who": person.display_name,
        "state": (_(STATES[state]), LOOKS[state]),
    }


def _try(attempt: Any) -> dict[str, Any]:
    outcome = _(OUTCOMES[attempt.outcome]) if attempt.outcome in OUTCOMES else _("没有结果：程序中断")
    told = " ".join(part for part in (attempt.code, attempt.text) if part)
    return {"at": attempt.started_at, "address": attempt.address, "outcome": outcome, "told": told}
