"""What is at hand when somebody works on a task: its form, the draft, what is known about both."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, request, url_for
from sqlalchemy.orm import Session

from config.clauses import Carrier
from engine import access, clock, deployments, differences, queries, worksheet
from engine.access import Actor
from engine.differences import Change
from engine.forms import Problem
from engine.models import Organisation, Person, StoredFile
from engine.worksheet import Worksheet
from web.form_html import (
    Filed,
    Filling,
    Item,
    Layout,
    Section,
    Standing,
    StoredName,
    draw,
    filed_lines,
    kept,
    layout_of,
    problems_of,
    standings,
)
from web.form_html.wording import file_size
from web.pages.work import known
from web.wording import _

routes = Blueprint("work", __name__)


@dataclass(frozen=True)
class Link:
    """A line of the error summary."""

    href: str
    message: str


@dataclass
class AtHand:
    """One task on somebody's desk. What costs something is found out when first asked for."""

    session: Session
    actor: Actor
    detail: Mapping[str, Any]
    sheet: Worksheet
    layout: Layout

    @property
    def id(self) -> str:
        return self.sheet.task.id

    @property
    def version(self) -> int:
        """Of the draft; 0 where there is none."""
        return self.detail["draft"]["version"] if self.detail["draft"] else 0

    @property
    def saved_at(self) -> datetime | None:
        return self.detail["draft"]["saved_at"] if self.detail["draft"] else None

    @property
    def can_act(self) -> bool:
        """Whether the form may be filled in by this person now."""
        return bool(self.detail["can_act"]) and self.sheet.case.status == "open"

    @property
    def roles(self) -> list[str]:
        """Whose task it is, by role."""
        return [_(access.ROLES[role]) for role in self.detail["roles"]]

    @property
    def source(self) -> str:
        """The text whose clauses the case follows."""
        return self.sheet.deployed.regime.source

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that this step carries."""
        step = Carrier("element", f"{self.sheet.task.process}.{self.sheet.task.element}")
        return self.sheet.deployed.clauses.all_of(step)

    @cached_property
    def version_of_rules(self) -> tuple[str, int]:
        """The regime, and which of its deployments the case runs on."""
        return self.sheet.case.regime, deployments.number(self.session, self.sheet.case.deployment_id)

    @property
    def holder(self) -> str:
        """Who has taken the task, as people call them."""
        held_by = self.session.get(Person, self.sheet.task.assignee_id) if self.sheet.task.assignee_id else None
        return held_by.display_name if held_by else ""

    @property
    def applicant(self) -> str:
        """Who filed: all that a sealed task tells of its case beside the title."""
        return self.session.get_one(Organisation, self.sheet.case.organisation_code).name

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The draft; without one what was filed before, or what opening the case already told."""
        if self.sheet.task.state == "done":
            return dict(self.sheet.task.answers or {})
        if self.detail["draft"]:
            return dict(self.detail["draft"]["data"])
        return dict(self.detail["data"] or self.sheet.known)

    @cached_property
    def problems(self) -> Sequence[Problem]:
        """What keeps the answers from being submitted."""
        if not self.version:
            return self._problems()
        key = (self.id, self.actor.person_id, self.version, clock.today())
        return known.problems(key, self._problems)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The answers to what is asked, as they would be submitted."""
        return kept(self.layout, self.answers)

    @cached_property
    def standings(self) -> list[Standing]:
        return standings(self.layout, self.answers, self.problems)

    @cached_property
    def changes(self) -> list[Change]:
        """What is another answer than at the last submission."""
        if self.sheet.filed is None:
            return []
        return differences.changes(self.sheet.form, self.sheet.filed["data"] or {}, self.answers)

    def filling(self, answers: Mapping[str, Any] | None = None, problems: Sequence[Problem] = ()) -> Filling:
        """Everything a page knows of these answers; without them, of the draft."""
        answers = self.answers if answers is None else answers
        found = worksheet.names_of(self.session, self.actor, self._files(answers))
        remarks: dict[str, list[str]] = {}
        if self.sheet.returned and self.sheet.task.state == "open":
            for remark in self.sheet.returned.remarks:
                remarks.setdefault(remark.field, []).append(remark.text)
        return Filling(
            answers=answers,
            problems=problems,
            options=self._options(),
            offers=self._offers(),
            files={stored.id: self._stored(stored) for stored in found},
            remarks=remarks,
            beside=self._beside,
            changes=self.changes,
            pages={name: request.args.get(name, 1, type=int) for name in self.layout.fields if name in request.args},
        )

    def items(self, section: Section, filling: Filling) -> list[Item]:
        return draw(self.layout, section.fields, filling)

    def links(self, problems: Iterable[Problem], *, here: str | None = None) -> list[Link]:
        """The problems as links to their fields; `here` is the section whose page they stand on."""
        return [Link(self.address(problem.field, here=here), problem.message) for problem in problems]

    def address(self, path: str, *, here: str | None = None) -> str:
        """Where the field at this path is answered."""
        place = self.layout.place(path)
        if here == place.section and (not place.table or place.page == request.args.get(place.table, 1, type=int)):
            return f"#{place.id}"
        values: dict[str, Any] = {"task_id": self.id, "_anchor": place.id}
        if place.table and place.page > 1:
            values[place.table] = place.page
        if self.layout.has_sections:
            return url_for("work.part", section_id=place.section, **values)
        return url_for("work.show", **values)

    def _stored(self, stored: StoredFile) -> StoredName:
        photos = {one for name in self.layout.photo_fields for one in self.answers.get(name) or () if one}
        return StoredName(stored.id, stored.name, stored.size, taken(stored) if stored.id in photos else "")

    def _problems(self) -> list[Problem]:
        return problems_of(self.layout, self.asked)

    def _files(self, answers: Mapping[str, Any]) -> list[str]:
        """Ids that the answers name, as far as they are texts: a draft may hold anything."""
        ids: list[str] = []
        for name in self.layout.file_fields:
            value = answers.get(name)
            ids += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        return ids

    def _options(self) -> dict[str, list[tuple[str, str]]]:
        of_cases, of_members = self.layout.case_paths, self.layout.member_paths
        found = worksheet.choices(self.session, self.actor, self.sheet, of_cases=of_cases, of_members=of_members)
        return {
            path: [(str(number), f"{number} {title}" if path in of_cases else title) for number, title in chosen]
            for path, chosen in found.items()
        }

    @cached_property
    def _beside(self) -> dict[str, list[Filed]]:
        lines: dict[str, list[Filed]] = {}
        for name, (form_id, fields, filed) in worksheet.beside(self.session, self.actor, self.sheet).items():
            form = self.sheet.deployed.form(form_id)
            named = worksheet.names_of(self.session, self.actor, form.files_in(filed))
            files = {stored.id: self._stored(stored) for stored in named}
            lines[name] = filed_lines(layout_of(form), fields, filed, files)
        return lines

    def _offers(self) -> dict[str, list[tuple[str, str]]]:
        points = self.sheet.form.points_to().items()
        return {path: list(fields_of(layout_of(self.sheet.deployed.form(form_id)))) for path, form_id in points}


def fields_of(form: Layout) -> Iterator[tuple[str, str]]:
    """What a remark may name: a field by its title, or by its own name where several share the title."""
    titles = Counter(schema["title"] for schema in form.fields.values())
    for section in form.sections:
        for name in section.fields:
            title = form.fields[name]["title"]
            shared = titles[title] > 1
            yield (name, f"{title}（{section.schema['title']}）") if shared else (title, title)


def taken(stored: StoredFile) -> str:
    """When a photograph was taken, and who says so: its camera, or nobody, and it is when it came."""
    if stored.taken_at:
        return _("%(at)s 拍摄（照片自带时间）", at=f"{stored.taken_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}")
    return _("%(at)s 上传（照片没有拍摄时间）", at=f"{stored.uploaded_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}")


@routes.app_template_filter("clock_time")
def clock_time(moment: datetime) -> str:
    """The time of day to the second; of another day with its date."""
    at = moment.astimezone(clock.SHANGHAI)
    return f"{at:%H:%M:%S}" if at.date() == clock.today() else f"{at:%Y-%m-%d %H:%M}"


routes.add_app_template_filter(file_size, "file_size")


def at_hand(session: Session, actor: Actor, task_id: str) -> AtHand:
    """A task with everything its pages show. Raises NotFound."""
    detail = queries.task_detail(session, actor, task_id)
    sheet = worksheet.worksheet(session, actor, task_id)
    return AtHand(session, actor, detail, sheet, layout_of(sheet.form))
