"""What is done to many cases of a round at once, one after the other, and what became of each."""

from flask import Response, request

from config.errors import JiqunError
from engine import bulk, rounds
from engine.bulk import Outcome
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.rounds import one
from web.pages.rounds.lists import routes
from web.wording import _


@routes.post("/rounds/<number:round_id>/deeds")
@guarded("task.claim")
def many(round_id: int) -> Response:
    """Do one thing to the ticked cases, each in a transaction of its own; sent twice, it changes nothing more."""
    actor = guard.actor()
    with frame.reading() as session:
        title = rounds.find(session, actor, round_id).title
    filters = one.filters_of(request.form.to_dict())
    deed = request.form.get("deed", "")
    chosen = list(dict.fromkeys(int(each) for each in request.form.getlist("case") if _is_id(each)))
    colleague = request.form.get("colleague", "")
    problem = _problem(deed, chosen, colleague)
    done = [] if problem else [_one(deed, case_id, int(colleague) if deed == "assign" else None) for case_id in chosen]
    return frame.page(
        "rounds/deeds.html",
        422 if problem else 200,
        here="rounds",
        round_id=round_id,
        title=title,
        deed=_(bulk.DEEDS.get(deed, "")),
        problem=problem,
        outcomes=done,
        changed=sum(1 for each in done if each.done),
        refused=sum(1 for each in done if not each.done and each.refused),
        back=one.address(round_id, filters),
    )


def _one(deed: str, case_id: int, colleague: int | None) -> Outcome:
    try:
        with frame.writing() as session:
            return bulk.do(session, guard.actor(), deed, case_id, colleague)
    except JiqunError as error:
        return Outcome(case_id, "", (), 0, (error.message,))


def _problem(deed: str, chosen: list[int], colleague: str) -> str:
    if deed not in bulk.DEEDS:
        return _("请选择要办理的事项")
    if not chosen:
        return _("请先勾选办件，再选择要办理的事项")
    if len(chosen) > bulk.MOST:
        return _("一次至多办理 %(most)s 件，请分几次办理", most=bulk.MOST)
    if deed == "assign" and not _is_id(colleague):
        return _("请选择转交给哪位同事")
    return ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
