"""What is done with a draft as a whole: submit, withdraw, decide, bring up to date, discard; files in and out."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from io import BytesIO

from flask import Response, request, send_file
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine.bundle import Files
from engine.errors import BundleInvalid, Conflict, FormInvalid, IntakeRefused, Refused
from engine.forms import Problem
from engine.models import BundleDraft
from engine.workshop import approval, archive, drafts, foreign, updating
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import one, opened
from web.pages.workshop.opened import routes
from web.wording import _

Deed = Callable[[Session, BundleDraft], str]  # answers what the next page begins with


@routes.post("/workshop/drafts/<number:draft_id>/submit")
@guarded("draft.edit")
def submit(draft_id: int) -> BaseResponse:
    """Ask another person to approve it."""

    def deed(session: Session, draft: BundleDraft) -> str:
        reason, on = request.form.get("reason", ""), _day(request.form.get("effective_on", ""))
        approval.submit(session, guard.actor(), draft, reason, effective_on=on)
        return _("已提交审核，并通知了可以审核的人员；通过之前现行版本不受影响")

    return _done(draft_id, "draft.edit", deed)


@routes.post("/workshop/drafts/<number:draft_id>/withdraw")
@guarded("draft.edit")
def withdraw(draft_id: int) -> BaseResponse:
    """Go on with it before anybody decided."""

    def deed(session: Session, draft: BundleDraft) -> str:
        approval.withdraw(session, guard.actor(), draft)
        return _("已撤回，可以继续修改")

    return _done(draft_id, "draft.edit", deed)


@routes.post("/workshop/drafts/<number:draft_id>/decide")
@guarded("draft.decide")
def decide(draft_id: int) -> BaseResponse:
    """Approve what was seen, or send it back with a reason."""

    def deed(session: Session, draft: BundleDraft) -> str:
        if request.form.get("deed") == "approve":
            made = approval.approve(session, guard.actor(), draft, request.form.get("seen", ""))
            return _("已通过，成为第 %(number)s 版", number=made.number)
        approval.send_back(session, guard.actor(), draft, request.form.get("reason", ""))
        return _("已退回，并通知了提交人")

    return _done(draft_id, "draft.read", deed)


@routes.post("/workshop/drafts/<number:draft_id>/update")
@guarded("draft.edit")
def update(draft_id: int) -> BaseResponse:
    """Base it on what is in force now; of files that both changed somebody says which stays."""

    def deed(session: Session, draft: BundleDraft) -> str:
        chosen = {name.removeprefix("keep:"): kept for name, kept in request.form.items() if name.startswith("keep:")}
        taken = updating.brought_up(session, guard.actor(), draft, chosen)
        return _("已按现行的版本更新，取用了其中 %(count)s 个文件", count=len(taken))

    return _done(draft_id, "draft.edit", deed)


@routes.post("/workshop/drafts/<number:draft_id>/restore")
@guarded("draft.edit")
def restore(draft_id: int) -> BaseResponse:
    """Take back what was changed in one file."""

    def deed(session: Session, draft: BundleDraft) -> str:
        path = request.form.get("path", "")
        drafts.restore(session, guard.actor(), draft, path)
        return _("%(path)s 已恢复为所依据的版本", path=path)

    return _done(draft_id, "draft.edit", deed)


@routes.post("/workshop/drafts/<number:draft_id>/clear")
@guarded("draft.edit")
def clear(draft_id: int) -> BaseResponse:
    """Take out of the diagrams what other systems have written into them."""

    def deed(session: Session, draft: BundleDraft) -> str:
        for path in sorted({each.file for each in foreign.in_files(drafts.files(session, draft))}):
            content, tag = drafts.read(session, draft, path)
            drafts.save(session, guard.actor(), draft, path, foreign.cleared(path, content), if_match=tag)
        return _("其他系统的扩展已从流程图中删去")

    return _done(draft_id, "draft.edit", deed)


@routes.post("/workshop/drafts/<number:draft_id>/discard")
@guarded("draft.edit")
def discard(draft_id: int) -> BaseResponse:
    """Give the draft up."""

    def deed(session: Session, draft: BundleDraft) -> str:
        drafts.discard(session, guard.actor(), draft)
        return _("草案已作废，现行版本不受影响")

    return _done(draft_id, "draft.edit", deed)


@routes.get("/workshop/drafts/<number:draft_id>/files.zip")
@guarded("draft.read")
def take_out(draft_id: int) -> Response:
    """All its files as one archive."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        return packed(drafts.files(session, draft), f"{draft.regime}-draft-{draft.id}.zip")


@routes.post("/workshop/drafts/<number:draft_id>/files")
@guarded("draft.edit")
def bring_in(draft_id: int) -> BaseResponse:
    """Files from outside, one by one or in an archive. What no bundle takes is named, nothing is left out silently."""

    def deed(session: Session, draft: BundleDraft) -> str:
        whole = {} if "whole" in request.form else drafts.files(session, draft)
        left: list[str] = []
        came = [each for each in request.files.getlist("files") if each.filename]
        if not came:
            raise FormInvalid([Problem("files", "required", _("请选择要带入的文件"))])
        for each in came:
            with closing(each):
                brought = archive.brought(each.filename or "", each.stream.read(archive.MAX_PACKED + 1))
            whole |= brought.files
            left += brought.left
        touched = drafts.lay(session, guard.actor(), draft, whole)
        told = _("已带入，%(count)s 个文件与原来不同", count=len(touched))
        if left:  # the sentence travels in a cookie, which holds only so much
            names = _("、").join(each[:40] for each in left[:6]) + ("…" if len(left) > 6 else "")
            told += _("；这些文件不属于流程包，没有带入 %(count)s 个：%(names)s", count=len(left), names=names)
        return told

    return _done(draft_id, "draft.edit", deed)


def packed(files: Files, name: str) -> Response:
    """An archive to take away."""
    out = BytesIO(archive.packed(files))
    answer = send_file(out, mimetype="application/zip", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _done(draft_id: int, action: str, deed: Deed) -> BaseResponse:
    """The deed in a transaction of its own, and the draft's page again; with what is wrong where it was refused."""
    try:
        with frame.writing() as session:
            told = deed(session, opened.draft(session, draft_id, action))
    except FormInvalid as error:
        return one.page(draft_id, error.problems)
    except BundleInvalid as error:
        return one.page(draft_id, [Problem("findings", each.rule, str(each)) for each in error.findings[:20]])
    except IntakeRefused as error:
        return one.page(draft_id, [_problem("files", error)])
    except (Conflict, Refused) as error:
        return one.page(draft_id, [_problem("", error)], 409)
    frame.say(told)
    return frame.go("workshop.show", draft_id=draft_id)


def _problem(field: str, error: JiqunError) -> Problem:
    return Problem(field, error.code, error.message)


def _day(text: str) -> date | None:
    """Raises FormInvalid for what is no day."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise FormInvalid([Problem("effective_on", "date", _("请按 2026-03-02 的样子填写日期"))]) from error
