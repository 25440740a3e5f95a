"""What an expert review shows beside its forms: who may be drawn, the application to judge, what colleagues found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine import opinions, panels, worksheet
from engine.differences import Change
from engine.models import Task
from engine.opinions import Result
from engine.ties import Candidate
from web.form_html import Filling, StoredName, layout_of
from web.form_html import show as shown
from web.pages.work.at_hand import AtHand


@dataclass(frozen=True)
class Beside:
    """Beside one task; empty parts are not shown."""

    candidates: Sequence[Candidate] = ()
    application: Sequence[tuple[Any, Any]] = ()  # each section of the newest application, as it is read
    news: Sequence[tuple[Task, Sequence[Change]]] = ()  # handed in since the expert's last opinion
    results: Sequence[Result] = ()


def beside(at: AtHand) -> Beside:
    """What stands beside this task's form while it is open, for who acts on it."""
    task = at.sheet.task
    if not at.can_act:
        return Beside()
    does = at.sheet.deployed.step(at.sheet.case.process, task.process, task.element).get("does")
    if does == "convene_panel":
        return Beside(candidates=panels.candidates(at.session, at.actor, at.sheet.case.id, _fields(at)))
    if does == "give_opinion" and task.seat_id is not None:
        read = opinions.last_read(at.session, task.seat_id, at.actor.person_id)
        news = opinions.news(at.session, at.actor, at.sheet.case, read)
        return Beside(application=_application(at), news=news)
    if does in {"take_stance", "conclude_panel"}:
        return Beside(results=opinions.of_case(at.session, at.actor, at.sheet.case.id))
    return Beside()


def _fields(at: AtHand) -> list[str]:
    """The fields of expertise in the draft: the list shows at once who knows them."""
    given = at.answers.get("fields")
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _application(at: AtHand) -> list[tuple[Any, Any]]:
    """The newest application that was handed in, section by section."""
    for filed in reversed(worksheet.materials(at.session, at.actor, at.sheet.task)):
        form = at.sheet.deployed.form(filed["form"])
        if form.has_facts:
            layout, answers = layout_of(form), at.session.get_one(Task, filed["id"]).answers or {}
            found = worksheet.names_of(at.session, at.actor, form.files_in(answers))
            files = {stored.id: StoredName(stored.id, stored.name, stored.size) for stored in found}
            filling, asked = Filling(answers=answers, files=files), form.asked(answers)
            return [(each, shown(layout, each.fields, filling, asked, all_rows=True)) for each in layout.sections]
    return []
