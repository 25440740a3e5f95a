"""Comparisons: a report's figures beside the year before, and beside the plan's targets. Sums, and no judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import reports, yearly
from engine.forms import Form
from engine.forms.kinds import Schema
from engine.models import Case, Cluster, Obligation
from engine.yearly import GOAL, NOW, Record

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Change:
    """A figure beside that of the year before."""

    schema: Schema
    before: Decimal | None
    now: Decimal | None
    by: Decimal | None  # in the figure's own unit, points where that is %; None: one of both is not known
    percent: Decimal | None  # two decimals, halves up; None: in points, or nothing to divide by
    in_points: bool


@dataclass(frozen=True)
class Beside:
    """A target of the plan beside what is reported. Words are text."""

    schema: Schema
    base: Decimal | str | None
    before: Decimal | str | None  # a year ago
    now: Decimal | str | None
    goal: Decimal | str | None
    left: Decimal | None  # goal less now
    share: Decimal | None  # now in % of the goal; None: in points, or words
    in_points: bool
    reported_goal: Decimal | str | None  # where the report gives another goal than the plan


@dataclass(frozen=True)
class Comparison:
    """A report beside what was known before it."""

    year: int
    changes: tuple[Change, ...]
    targets: tuple[Beside, ...]


def of_case(session: Session, case: Case, form: Form, answers: Mapping[str, Any]) -> Comparison | None:
    """The answers of a report, a draft's as well, beside the year before; None for a case that is about no report."""
    owed = session.scalar(select(Obligation).where(Obligation.case_id == case.id))
    cluster = session.get(Cluster, case.cluster_id) if case.cluster_id else None
    if owed is None or cluster is None:
        return None
    return of_answers(yearly.of_cluster(session, cluster), form, answers, owed.year - 1)


def filed(session: Session, case: Case, form: Form) -> Comparison | None:
    """What was last reported in this case, beside the year before: for who checks it."""
    answers = reports.last_report(session, case)
    return of_case(session, case, form, answers) if answers else None


def of_answers(record: Record, form: Form, answers: Mapping[str, Any], year: int) -> Comparison:
    """In the order of the form."""
    changes, targets = [], []
    for name in form.document["properties"]:
        schema = form.field(name)
        if yearly.is_target(schema):
            targets.append(_beside(record, name, schema, answers.get(name), year))
        elif yearly.kind_of_figure(schema) and name != reports.YEAR:
            known = record.figures.get(name)
            before = known.values.get(year - 1) if known else None
            now = yearly.number(schema, answers.get(name))
            changes.append(change(schema, before, now))
    return Comparison(year, tuple(changes), tuple(targets))


def change(schema: Schema, before: Decimal | None, now: Decimal | None) -> Change:
    """What became of a figure within a year."""
    in_points = "%" in yearly.unit_of(schema)
    by = now - before if now is not None and before is not None else None
    return Change(schema, before, now, by, None if in_points else percent(before, now), in_points)


def percent(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    """The change in %, to two decimals, halves up; None where there is nothing to divide by: 24.10 → 26.51 is 10.00."""
    if before is None or now is None or before <= 0:
        return None
    return _hundredths(now - before, before)


def in_words(change: Change) -> str:
    """What became of it, for people; empty where one of both is not known: +2.41（+10.00%）, -0.50 个百分点."""
    if change.by is None:
        return ""
    if change.in_points:
        return said("%(by)s 个百分点", by=_signed(change.by))
    if change.percent is None or not change.by:
        return _signed(change.by)
    return said("%(by)s（%(percent)s%%）", by=_signed(change.by), percent=_signed(change.percent))


def _signed(value: Decimal) -> str:
    return format(value, "+f") if value else "0"


def _beside(record: Record, name: str, schema: Schema, said: Any, year: int) -> Beside:
    parts: Mapping[str, Schema] = schema["properties"]
    told = said if isinstance(said, Mapping) else {}
    now, reported = (_spoken(parts.get(part), told.get(part)) for part in (NOW, GOAL))
    target = record.targets.get(name)
    goal = target.goal if target and target.goal is not None else reported
    base = target.base if target else None
    before = target.now.get(year - 1) if target else None
    if before is None and target and target.base_year == year - 1:
        before = base
    in_points = "%" in yearly.unit_of(schema)
    left = share = None
    if isinstance(now, Decimal) and isinstance(goal, Decimal):
        left = goal - now
        share = _hundredths(now, goal) if goal > 0 and not in_points else None
    other = reported if reported is not None and goal is not None and reported != goal else None
    return Beside(schema, base, before, now, goal, left, share, in_points, other)


def _spoken(schema: Schema | None, value: Any) -> Decimal | str | None:
    if schema is None or value in (None, ""):
        return None
    exact = yearly.number(schema, value)
    return str(value) if exact is None else exact


def _hundredths(part: Decimal, whole: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 50
        return (part * 100 / whole).quantize(_CENT, ROUND_HALF_UP)
