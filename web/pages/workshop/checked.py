"""The whole check of a draft (整体检查): findings, clauses, walks, examples, and the coming year beside today's."""

from collections.abc import Callable, Mapping
from itertools import groupby
from threading import Lock
from typing import Any, Final

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, accounts, bundle, checking, diagrams, examples
from engine.access import ROLES
from engine.bundle import Files
from engine.columns import dump_json
from engine.errors import FormInvalid, NotFound, Refused
from engine.models import BundleDraft
from engine.workshop import checks, drafts
from web import context, guard
from web.guard import guard as guarded
from web.pages import frame, rehearsals
from web.pages.workshop import opened
from web.pages.workshop.opened import routes
from web.rehearsal import beside, runs
from web.rehearsal.runs import Run
from web.wording import _

SHOWN: Final = 100  # of each list
_checking = Lock()  # one at a time: a check keeps a processor busy for some seconds


@routes.get("/workshop/drafts/<number:draft_id>/check")
@guarded("draft.read")
def check(draft_id: int) -> Response:
    """What the last check came to, and whether it speaks of the draft as it is."""
    return _page(draft_id)


@routes.post("/workshop/drafts/<number:draft_id>/check")
@guarded("draft.read")
def run_check(draft_id: int) -> BaseResponse:
    """Check it now."""
    if "now" not in request.form:  # it costs seconds: not by a request that nobody meant
        return _page(draft_id, _("请用本页的按钮发起"), 422)
    with frame.reading() as session:
        files = drafts.files(session, opened.draft(session, draft_id))
    if not _checking.acquire(blocking=False):
        return _page(draft_id, _("正在检查另一份草案，请稍候再试"), 409)
    try:
        report = checking.whole(files)
    finally:
        _checking.release()
    with frame.writing() as session:
        row = checks.keep(session, guard.actor(), opened.draft(session, draft_id), report)
        told = _("检查完毕：错误 %(errors)s 个，提醒 %(warnings)s 个", errors=row.errors, warnings=row.warnings)
    frame.say(told)
    return frame.go("workshop.check", draft_id=draft_id)


@routes.get("/workshop/drafts/<number:draft_id>/check/diagram")
@guarded("draft.read")
def checked_diagram(draft_id: int) -> Response:
    """The diagrams with what the examples come to, or what was walked, and the places where something is wrong."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, row = drafts.files(session, draft), checks.kept(session, draft)
    if row is None or not checks.is_current(row, files):
        raise NotFound(_("草案检查以后又改过；请重新检查"))
    drawn = [_drawing(files, each, row.report) for each in row.report["diagrams"]]
    if not drawn:
        raise NotFound(_("有错误的流程图还不能试走；请先改正错误"))
    drawn.sort(key=lambda each: (not each["current"], -len(each["passed"]["elements"])))  # what there is to see first
    answer = {**drawn[0], "called": drawn[1:]}
    return Response(dump_json(answer), mimetype="application/json", headers={"Cache-Control": "no-store"})


@routes.post("/workshop/drafts/<number:draft_id>/check/year")
@guarded("draft.read")
def rehearse_year(draft_id: int) -> BaseResponse:
    """Begin to live through the coming year, with what is in force and with the draft."""
    here = context.current()
    if "now" not in request.form:
        return _page(draft_id, _("请用本页的按钮发起"), 422)
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, title = drafts.files(session, draft), opened.title_of(session, draft)
        regime, bureau = draft.regime, draft.bureau_code
    try:
        runs.start(
            here.settings.data,
            beside.asked(regime, files),
            title=title,
            bureau=bureau,
            by=guard.actor().name,
            url=here.database.url,
            draft=draft_id,
        )
    except Refused as error:
        return _page(draft_id, error.message, 409)
    return frame.go("workshop.check", draft_id=draft_id, _anchor="year")


@routes.post("/workshop/drafts/<number:draft_id>/check/examples")
@guarded("draft.edit")
def keep_example(draft_id: int) -> BaseResponse:
    """Keep a case's path: of a rehearsal, or of a way that the check walked."""

    def deed(session: Session, draft: BundleDraft) -> str:
        content = _chosen(session, draft, request.form.get("of", ""))
        path = checks.keep_example(session, guard.actor(), draft, content, request.form.get("title", ""))
        return _("已存为示例 %(path)s；重新检查时会按它走一遍", path=path)

    return _done(draft_id, deed)


@routes.post("/workshop/drafts/<number:draft_id>/check/examples/remove")
@guarded("draft.edit")
def remove_example(draft_id: int) -> BaseResponse:
    """The draft has no such example any more."""

    def deed(session: Session, draft: BundleDraft) -> str:
        path = request.form.get("path", "")
        if not path.startswith(examples.FOLDER):
            raise NotFound(_("没有这个示例"))
        drafts.remove(session, guard.actor(), draft, path)
        return _("示例 %(path)s 已删去", path=path)

    return _done(draft_id, deed)


def _done(draft_id: int, deed: Callable[[Session, BundleDraft], str]) -> BaseResponse:
    try:
        with frame.writing() as session:
            told = deed(session, opened.draft(session, draft_id, "draft.edit"))
    except FormInvalid as error:
        return _page(draft_id, error.problems[0].message, 422)
    except (Refused, examples.ExampleInvalid) as error:
        return _page(draft_id, error.message, 409)
    frame.say(told)
    return frame.go("workshop.check", draft_id=draft_id, _anchor="examples")


def _chosen(session: Session, draft: BundleDraft, of: str) -> bytes:
    """The example that was chosen: "end:<process>:<element>" or "run:<number>:<case>"."""
    kind, _mark, rest = of.partition(":")
    first, _mark, second = rest.partition(":")
    if kind == "end" and (row := checks.kept(session, draft)):
        return checks.way_to(row, first, second)
    if kind == "run" and first.isdigit() and second.isdigit():
        run = runs.find(context.current().settings.data, int(first))
        access.require(guard.actor(), "rehearsal.read", run)
        for each in run.cases():
            if run.regime == draft.regime and each["case"] == int(second):
                return str(each["example"]).encode()
    raise NotFound(_("请选择一个办件或者一种走法"))


def _page(draft_id: int, problem: str = "", status: int = 200) -> Response:
    data = context.current().settings.data
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, row = drafts.files(session, draft), checks.kept(session, draft)
        report: Mapping[str, Any] = row.report if row else {}
        rows = report.get("rows", [])
        year = runs.of_draft(data, draft.id)
        names = _Names(files)
        return frame.page(
            "workshop/check.html",
            status,
            here="workshop",
            draft=draft,
            regime=opened.title_of(session, draft),
            check=row,
            current=bool(row and checks.is_current(row, files)),
            by=accounts.called(session, row.checked_by) if row else "",
            errors=[each for each in rows if each["severity"] == "error"][:SHOWN],
            warnings=[each for each in rows if each["severity"] == "warning"][:SHOWN],
            report=report,
            names=names,
            kept=[{**each, "name": names.diagram(each.get("process", ""))} for each in report.get("examples", [])],
            sources=_sources(draft, report, names),
            editable=draft.state == drafts.OPEN and access.may(guard.actor(), "draft.edit", draft),
            year=year,
            year_state=rehearsals.told(year) if year else None,
            year_current=bool(year and year.files == bundle.content_hash(files)),
            differences=_differences(year, names),
            chosen=request.form.get("of", ""),
            title=request.form.get("title", ""),
            problems=[{"href": "", "message": problem}] if problem else [],
        )


class _Names:
    """What people call the diagrams, steps and flows of a bundle."""

    def __init__(self, files: Files) -> None:
        try:
            self._drawn = diagrams.of(files)
        except (JiqunError, ValueError):  # a draft may hold what cannot be read
            self._drawn = {}

    def diagram(self, process: str) -> str:
        return self._drawn[process].name if process in self._drawn else process

    def element(self, process: str, element: str) -> str:
        """A step below the calls above it, by its own name."""
        last = element.rpartition("/")[2].partition("[")[0]
        for each in (self._drawn.get(process), *self._drawn.values()):
            if each and last in each.nodes:
                return each.nodes[last].name
        return element

    def file(self, name: str) -> str:
        return self.diagram(name.removesuffix(".bpmn"))


def _sources(draft: BundleDraft, report: Mapping[str, Any], names: _Names) -> list[tuple[str, list[tuple[str, str]]]]:
    """What an example can be made of: ways that the check walked, cases of a rehearsal."""
    ways = [
        (
            f"end:{end['process']}:{end['element']}",
            f"{names.diagram(end['process'])} → {names.element(end['process'], end['element'])}",
        )
        for end in report.get("ends", [])
    ]
    found = [(_("检查时走过的"), ways)] if ways else []
    for run in runs.listed(context.current().settings.data):
        if run.regime == draft.regime and access.may(guard.actor(), "rehearsal.read", run) and (cases := run.cases()):
            title = _("推演 %(number)s 中的办件", number=run.number)
            told = []
            for each in cases:
                way = f"{names.diagram(each['process'])} → {names.element(each['process'], each['end'])}"
                told.append((f"run:{run.number}:{each['case']}", f"{way}（{each['title']}）"))
            return [*found, (title, told)]
    return found


def _differences(year: Run | None, names: _Names) -> list[tuple[str, list[dict[str, Any]]]]:
    """The differences of the year by kind, in words."""
    found = [
        {
            **each,
            "what": each["name"] or names.element(each["process"], each["element"]),
            "in": names.diagram(each["process"]),
            "who": _(ROLES.get(each["role"], each["role"])),
        }
        for each in (year.differences() if year else [])
    ]
    by_kind = groupby(found, key=lambda each: str(each["kind"]))
    return [(_(rehearsals.KINDS.get(kind, kind)), list(each)[:SHOWN]) for kind, each in by_kind]


def _drawing(files: Files, about: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """One diagram as the viewer takes it."""
    process = about["file"].removesuffix(".bpmn")
    drawn = diagrams.of({about["file"]: files[about["file"]]}).get(process)
    walked = set(about["walked"]) | set(about["forced"])
    by_examples = set(about["examples"])
    flows = [flow for flow in (drawn.flows if drawn else ()) if flow.id in walked]
    ends = by_examples if report["examples"] else {each for flow in flows for each in (flow.source, flow.target)}
    passed = [flow.id for flow in flows if not report["examples"] or {flow.source, flow.target} <= by_examples]
    wrong = [row for row in report["rows"] if row["file"] == about["file"] and row["element"]]
    return {
        "path": "",
        "process": process,
        "name": drawn.name if drawn else process,
        "xml": files[about["file"]].decode("utf-8", "replace"),
        "passed": {"elements": dict.fromkeys(sorted(ends), 1), "flows": dict.fromkeys(passed, 1)},
        "current": [
            {
                "element": row["element"],
                "level": "late" if row["severity"] == "error" else "soon",
                "told": _("错误") if row["severity"] == "error" else _("提醒"),
            }
            for row in wrong
        ],
    }
