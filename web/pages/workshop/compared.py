"""What changed (改了什么): in words, and on two diagrams side by side; of a draft, or between two versions."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from engine import accounts
from engine.bundle import Files
from engine.columns import dump_json
from engine.errors import NotFound
from engine.workshop import changes, drafts, intake, versions
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import opened
from web.pages.workshop.one import DEEDS
from web.pages.workshop.opened import routes
from web.wording import _, spoken


@routes.get("/workshop/drafts/<number:draft_id>/changes")
@guarded("draft.read")
def of_draft(draft_id: int) -> Response:
    """A draft beside what it is based on."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        before, after = drafts.base(session, draft), drafts.files(session, draft)
        about = {
            "title": draft.title,
            "regime": opened.title_of(session, draft),
            "crumbs": [(draft.title, opened.address(draft))],
            "sides": (_("依据的版本"), _("草案")),
        }
    return _page(before, after, about, "workshop.draft_diagram", {"draft_id": draft_id})


@routes.get("/workshop/drafts/<number:draft_id>/changes/diagram")
@guarded("draft.read")
def draft_diagram(draft_id: int) -> Response:
    """What the viewers draw of one diagram of a draft."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        return _diagram(drafts.base(session, draft), drafts.files(session, draft))


@routes.post("/workshop/drafts/<number:draft_id>/beside/<path:path>")
@guarded("draft.edit")
def beside(draft_id: int, path: str) -> Response:
    """What an editor's page holds, which somebody overtook, beside what is saved: in words. Nothing is kept."""
    own = request.get_data(cache=False)
    intake.require(path, own)
    with frame.reading() as session:
        draft = opened.draft(session, draft_id, "draft.edit")
        files = drafts.files(session, draft)
        row = next((row for row in drafts.rows(session, draft) if row.path == path), None)
        by = accounts.called(session, row.saved_by) if row else ""
    told = [_told(change) for change in changes.between(files, {**files, path: own})]
    answer = {"by": by, "at": row.saved_at if row else None, "changes": told}
    return Response(dump_json(answer), mimetype="application/json", headers={"Cache-Control": "no-store"})


@routes.get("/workshop/<regime>/changes")
@guarded("version.read")
def of_versions(regime: str) -> Response:
    """Two versions of a regime."""
    before, after, numbers = _two(regime)
    with frame.reading() as session:
        current = versions.list_(session, guard.actor(), regime)
    about = {
        "title": _("第 %(before)s 版与第 %(after)s 版", before=numbers[0], after=numbers[1]),
        "regime": opened.title(after, regime),
        "crumbs": [(_("版本", count=2), url_for("workshop.versions_of", regime=regime))],
        "sides": tuple(_("第 %(number)s 版", number=number) for number in numbers),
        "choice": {"name": regime, "numbers": [each.number for each in current], "chosen": numbers},
    }
    place = {"regime": regime, "before": numbers[0], "after": numbers[1]}
    return _page(before, after, about, "workshop.versions_diagram", place)


@routes.get("/workshop/<regime>/changes/diagram")
@guarded("version.read")
def versions_diagram(regime: str) -> Response:
    """What the viewers draw of one diagram of two versions."""
    before, after, _numbers = _two(regime)
    return _diagram(before, after)


def _two(regime: str) -> tuple[Files, Files, tuple[int, int]]:
    """The two versions that are asked for; the newest and the one before where none are."""
    asked = [request.args.get(side, type=int) for side in ("before", "after")]
    with frame.reading() as session:
        listed = versions.list_(session, guard.actor(), regime)
        last = asked[1] or listed[0].number
        first = asked[0] or max((each.number for each in listed if each.number < last), default=last)
        return (
            versions.files(session, guard.actor(), regime, first),
            versions.files(session, guard.actor(), regime, last),
            (first, last),
        )


def _page(before: Files, after: Files, about: Mapping[str, Any], diagram: str, place: Mapping[str, Any]) -> Response:
    found = changes.between(before, after)
    drawn = [name for name in dict.fromkeys(each.file for each in found) if name.endswith(".bpmn")]
    shown = request.args.get("file", "")
    return frame.page(
        "workshop/changes.html",
        here="workshop",
        about=about,
        groups=changes.groups(found),
        count=len(found),
        sentence=changes.told,
        deeds=DEEDS,
        drawn=[(name, next(each.of for each in found if each.file == name)) for name in drawn],
        shown=shown if shown in drawn else "",
        here_again=request.endpoint,
        diagram=diagram,
        place=place,
        asked={name: value for name, value in request.args.items() if name in ("before", "after")},
    )


def _diagram(before: Files, after: Files) -> Response:
    """Both drawings, what is coloured on each, and the words of what is other in each thing."""
    file = request.args.get("file", "")
    if not file.endswith(".bpmn") or (file not in before and file not in after):
        raise NotFound(_("没有这张流程图"))
    found = changes.between(_one(before, file), _one(after, file))
    marks = changes.marks(found, file)
    words: dict[str, list[str]] = {}
    for each in found:
        words.setdefault(each.element, []).append(spoken(changes.told(each)))
    answer = {
        "before": before[file].decode("utf-8", "replace") if file in before else None,
        "after": after[file].decode("utf-8", "replace") if file in after else None,
        "marks": marks,
        "names": {deed: _(name) for deed, name in DEEDS.items()},
        "words": words,
    }
    return Response(dump_json(answer), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _one(files: Files, file: str) -> dict[str, bytes]:
    return {file: files[file]} if file in files else {}


def _told(change: changes.Change) -> dict[str, Any]:
    return {
        "text": spoken(changes.told(change)),
        "deed": change.deed,
        "element": change.element,
        "clause": change.clause,
    }
