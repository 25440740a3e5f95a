"""How far a form is filled in: what is wrong where, and the state of each section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import FormInvalid
from engine.forms import Problem
from web.form_html.layout import Layout, Section, shape

MISSING = frozenset({"required", "too_few"})  # not answered yet, which is no mistake


@dataclass(frozen=True)
class Standing:
    """A section and how far it is."""

    section: Section
    state: str  # empty, begun, wrong, done, optional
    problems: tuple[Problem, ...]

    @property
    def done(self) -> bool:
        """Whether nothing in it keeps the form from being submitted."""
        return self.state in ("done", "optional")


def problems_of(layout: Layout, asked: Mapping[str, Any]) -> list[Problem]:
    """Everything that keeps these answers (`kept`) from being submitted."""
    try:
        layout.form.clean(asked)
    except FormInvalid as error:
        return error.problems
    return []


def standings(layout: Layout, answers: Mapping[str, Any], problems: Sequence[Problem]) -> list[Standing]:
    """The state of each section."""
    of_section: dict[str, list[Problem]] = {}
    for problem in problems:
        of_section.setdefault(layout.section_of(problem.field), []).append(problem)
    return [
        Standing(section, _state(layout, section, answers, found), tuple(found))
        for section in layout.sections
        for found in [of_section.get(section.id, [])]
    ]


def _state(layout: Layout, section: Section, answers: Mapping[str, Any], problems: Sequence[Problem]) -> str:
    answered = any(_is_answered(layout, name, answers.get(name)) for name in section.fields)
    if any(problem.code not in MISSING for problem in problems):
        return "wrong"
    if problems:
        return "begun" if answered else "empty"
    return "done" if answered else "optional"


def _is_answered(layout: Layout, name: str, value: Any) -> bool:
    if isinstance(value, list) and shape(layout.fields[name]) == "table":
        return any(value)
    return value not in (None, "", [], {})
