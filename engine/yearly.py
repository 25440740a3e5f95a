"""Yearly figures (年度数据) of a cluster, from what was filed and has reached its bureau; a later filing wins.

Which answers are figures, what they are called and in which unit they are, the forms say: a number that a report
asks for is one of its year, numbers by year are those of their years.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, criteria, deployments, reports
from engine.forms import Form
from engine.forms.kinds import Schema, kind_of, read, shape_of
from engine.models import Case, Cluster, Obligation, Task

APPLICATION, RENEWAL = "application", "renewal_application"
GOAL, BASE, NOW = "goal", "base", "now"  # parts of a target
_NUMBERS: Final = frozenset({"decimal", "decimal_or_none", "percent", "whole"})
_TITLE_ENDS: Final = "）"

Values: TypeAlias = Mapping[int, Decimal]


@dataclass(frozen=True)
class Filing:
    """One form that reached the bureau."""

    name: str  # of the form
    form: Form
    answers: Mapping[str, Any]
    year: int  # that what it says undated is about
    on: date
    case_id: int


@dataclass(frozen=True)
class Correction:
    """A later filing said another number of the same year (更正)."""

    year: int
    before: Decimal
    after: Decimal
    on: date  # of the later filing
    case_id: int


@dataclass
class Figure:
    """One figure over the years."""

    name: str
    schema: Schema  # of the form that named it last: its title, in any language
    kind: str
    asked_yearly: bool  # by the report, or by year: else it was asked once
    values: dict[int, Decimal] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)

    @property
    def unit(self) -> str:
        return unit_of(self.schema)

    @property
    def in_points(self) -> bool:
        """A change of a percentage is told in points (百分点)."""
        return "%" in self.unit

    @property
    def adds_up(self) -> bool:
        """Whether several clusters' numbers have a sum: numbers of things, and amounts; no rate and no ratio."""
        return self.kind == "whole" or bool(self.unit and "%" not in self.unit and "/" not in self.unit)


@dataclass
class Target:
    """A target of the three-year plan beside what was reached. Numbers are Decimal, words are text."""

    name: str
    schema: Schema
    base_year: int | None = None
    base: Decimal | str | None = None
    goal: Decimal | str | None = None  # of the plan; without an application, of the first report
    now: dict[int, Decimal | str] = field(default_factory=dict)
    told: dict[int, Decimal | str] = field(default_factory=dict)  # goals that a report gives otherwise, by its year

    @property
    def unit(self) -> str:
        return unit_of(self.schema)

    @property
    def in_points(self) -> bool:
        return "%" in self.unit

    def reached(self, year: int) -> bool | None:
        """Whether the goal was reached, in the direction in which the plan set out from its base; None: not said."""
        now, goal, base = self.now.get(year), self.goal, self.base
        if not (isinstance(now, Decimal) and isinstance(goal, Decimal) and isinstance(base, Decimal)) or goal == base:
            return None
        return now >= goal if goal > base else now <= goal


@dataclass(frozen=True)
class Record:
    """All that is known of a cluster, by year."""

    filings: Sequence[Filing]  # oldest first
    figures: Mapping[str, Figure]  # by the name of the field, in the report's order
    targets: Mapping[str, Target]
    truths: Mapping[str, Mapping[int, bool]]  # what was stated with yes or no

    @property
    def yearly(self) -> list[Figure]:
        """The figures that go on over the years."""
        return [each for each in self.figures.values() if each.asked_yearly and each.values]

    @property
    def latest(self) -> int | None:
        """The last year that something was filed about."""
        return max((filed.year for filed in self.filings), default=None)

    def last(self, form: str) -> Filing | None:
        return next((filed for filed in reversed(self.filings) if filed.name == form), None)


def of_cluster(session: Session, cluster: Cluster) -> Record:
    """The record of a cluster. Empty before it is recognised: what was filed is accepted with that."""
    filings = _filings(session, cluster) if cluster.recognised_on else []
    figures: dict[str, Figure] = {}
    targets: dict[str, Target] = {}
    truths: dict[str, dict[int, bool]] = {}
    for filed in filings:
        for name in filed.form.document["properties"]:
            schema = filed.form.field(name)
            if is_target(schema):
                _keep_target(targets.setdefault(name, Target(name, schema)), filed)
            elif kind_of_figure(schema):
                _keep_figure(figures, name, filed)
            elif schema.get("x-kind") == "yes_no" and isinstance(filed.answers.get(name), bool):
                truths.setdefault(name, {})[filed.year] = filed.answers[name]
    return Record(filings, _in_order(figures, filings), targets, truths)


def is_target(schema: Schema) -> bool:
    return shape_of(schema) == "group" and GOAL in schema["properties"]


def kind_of_figure(schema: Schema) -> str:
    """The kind of number that a field of a form asks for, once or by year; empty for what is no number."""
    inner = schema["additionalProperties"] if shape_of(schema) == "by_year" else schema
    kind = str(inner.get("x-kind") or kind_of(inner) or "")
    return kind if kind in _NUMBERS else ""


def unit_of(schema: Schema) -> str:
    """The unit in which a field is asked: what stands in brackets at the end of its title."""
    title = str(schema["title"])
    return title[title.rindex("（") + 1 : -1] if title.endswith(_TITLE_ENDS) and "（" in title else ""


def number(schema: Schema, value: Any) -> Decimal | None:
    """The answer as an exact number; None for “无”, for nothing and for a slip of the pen in a draft."""
    said = read(schema, value)
    return Decimal(said) if isinstance(said, int | Decimal) and not isinstance(said, bool) else None


def _filings(session: Session, cluster: Cluster) -> list[Filing]:
    """The newest application; of a report and of a renewal what reached the bureau, and what was corrected since."""
    query = (
        select(Task.form, Task.answers, Task.closed_at, Case.id, Case.deployment_id)
        .add_columns(Obligation.state, Obligation.settled_at)
        .join(Case, Case.id == Task.case_id)
        .outerjoin(Obligation, Obligation.case_id == Case.id)
        .where(Case.cluster_id == cluster.id, Task.form.in_((APPLICATION, reports.FORM, RENEWAL)))
        .where(Task.state == "done", Task.closed_at.is_not(None))
        .order_by(Case.id, Task.closed_at, Task.pass_number)
    )
    found: list[tuple[datetime, Filing]] = []
    applied: list[tuple[datetime, Filing]] = []
    for _, of_case in groupby(session.execute(query).all(), key=lambda row: row.id):
        rows = list(of_case)
        for place, row in enumerate(rows):
            form = deployments.deployed(session, row.deployment_id).form(row.form)
            filed = row.closed_at, _filing(row, form)
            if row.form == APPLICATION:
                applied = [filed]
            elif row.state == "met" and not _replaced_before(rows[place + 1 :], row.settled_at):
                found.append(filed)
    return [filed for _at, filed in sorted([*applied, *found], key=lambda each: each[0])]


def _replaced_before(later: Sequence[Any], settled_at: datetime) -> bool:
    return any(row.closed_at <= settled_at for row in later)


def _filing(row: Any, form: Form) -> Filing:
    on = row.closed_at.astimezone(clock.SHANGHAI).date()
    answers = row.answers or {}
    return Filing(row.form, form, answers, _year(form, answers, on), on, row.id)


def _year(form: Form, answers: Mapping[str, Any], on: date) -> int:
    """A report says its year; undated cells mean the end of the year before the filing (填报说明 6)."""
    if isinstance(answers.get(reports.YEAR), int):
        return int(answers[reports.YEAR])
    by_year = [name for name in form.document["properties"] if shape_of(form.field(name)) == "by_year"]
    return max((int(year) for name in by_year for year in answers.get(name) or {}), default=on.year - 1)


def _keep_figure(figures: dict[str, Figure], name: str, filed: Filing) -> None:
    schema = filed.form.field(name)
    by_year = shape_of(schema) == "by_year"
    if not by_year and _is_average(schema):
        return
    known = figures.get(name)
    figure = figures[name] = Figure(
        name,
        schema,
        kind_of_figure(schema),
        asked_yearly=by_year or filed.name == reports.FORM or (known is not None and known.asked_yearly),
        values=known.values if known else {},
        corrections=known.corrections if known else [],
    )
    inner = schema["additionalProperties"] if by_year else schema
    answer = filed.answers.get(name)
    said = (answer or {}) if by_year else {filed.year: answer}
    for year, value in sorted((int(year), number(inner, value)) for year, value in said.items()):
        if value is None:
            continue
        before = figure.values.get(year)
        if before is not None and before != value:
            figure.corrections.append(Correction(year, before, value, filed.on, filed.case_id))
        figure.values[year] = value


def _is_average(schema: Schema) -> bool:
    """An average over three years (年均) is no figure of one year."""
    words = schema.get("x-fact", [])
    return any(word["fact"] in criteria.GROWTHS for word in (words if isinstance(words, list) else [words]))


def _keep_target(target: Target, filed: Filing) -> None:
    said = filed.answers.get(target.name)
    if not isinstance(said, Mapping):
        return
    parts = filed.form.field(target.name)["properties"]
    values = {part: _spoken(parts[part], said[part]) for part in parts if said.get(part) not in (None, "")}
    target.schema = filed.form.field(target.name)
    if filed.name == APPLICATION:
        target.base_year, target.base, target.goal = filed.year, values.get(BASE), values.get(GOAL)
    elif target.goal is None:
        target.goal = values.get(GOAL)
    elif GOAL in values and values[GOAL] != target.goal:
        target.told[filed.year] = values[GOAL]
    else:
        target.told.pop(filed.year, None)
    if NOW in values:
        target.now[filed.year] = values[NOW]


def _spoken(schema: Schema, value: Any) -> Decimal | str:
    exact = number(schema, value)
    return str(value) if exact is None else exact


def _in_order(figures: Mapping[str, Figure], filings: Sequence[Filing]) -> dict[str, Figure]:
    """First as the newest report has them, then as they came."""
    report = next((filed for filed in reversed(filings) if filed.name == reports.FORM), None)
    first: Iterator[str] = iter(report.form.document["properties"] if report else ())
    return {name: figures[name] for name in dict.fromkeys([*first, *figures]) if name in figures}
