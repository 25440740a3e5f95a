"""Measurements (测评): the figures of a cluster-to-be at the end of a year, and how far they are from the criteria.

They are asked by the application form's own fields, as far as criteria read them, and each may be left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import in_turn, said
from engine import clock, criteria, cultivation, deployments, forms
from engine.access import Actor
from engine.conventions import APPLICATION
from engine.criteria import FAIL, FactsInvalid, Verdict
from engine.deployments import Deployed
from engine.errors import Refused
from engine.forms import Form
from engine.models import Measurement, Prospect

YEAR: Final = "application_year"  # of the form: the figures are those of the three years before
_WORDS: Final = {"required", "x-rules", "x-ui", "properties", "description"}  # of the form, said anew here


@dataclass(frozen=True)
class Gap:
    """A criterion, and what is missing to it in words."""

    verdict: Verdict
    text: str


def form(session: Session, regime: str) -> Form:
    """What is asked of a cluster-to-be of this regime, by its newest deployment."""
    return _asked(_deployed(session, regime))


@lru_cache(maxsize=32)
def of_application(whole: Form, read: frozenset[str]) -> Form:
    """The part of an application form that gives these facts: nothing of it is required but the year it begins from.

    A recognition at a higher level is always asked: whoever begins an application has to state it.
    """
    document = whole.document
    wanted = {*read, "higher_level_recognition"}
    named = [name for name, schema in document["properties"].items() if name == YEAR or wanted & _facts(schema)]
    years = next(rule for rule in document["x-rules"] if rule["rule"] == "years_before")
    properties = {name: dict(document["properties"][name]) for name in named}
    for schema in properties.values():
        schema.pop("x-show-when", None)  # what decides it may not be asked here
    part = {name: value for name, value in document.items() if name not in _WORDS}
    part |= {"required": [YEAR], "properties": properties}
    part["x-rules"] = [{**years, "fields": [name for name in years["fields"] if name in properties]}]
    used = set(_kinds(properties))
    part["$defs"] = {name: kind for name, kind in document["$defs"].items() if name in used}
    return forms.parse(json.dumps(part, ensure_ascii=False).encode())


def measure(session: Session, actor: Actor, number: int, data: Mapping[str, Any]) -> Measurement:
    """Keep the figures of a year; those of the same year that were there are replaced, and stand in the record.

    Raises NotFound, Forbidden, FormInvalid, Refused for one that is not in the pool any more, or a figure that no
    criterion can read.
    """
    found = cultivation.locked(session, actor, number, "prospect.change")
    asked = form(session, found.regime)
    answers = asked.clean(data)
    try:
        gaps(session, found, answers)
    except FactsInvalid as error:
        raise Refused(error.message) from error
    year = answers[YEAR] - 1
    query = select(Measurement).where(Measurement.prospect_id == found.id, Measurement.year == year)
    kept = session.scalar(query) or Measurement(prospect_id=found.id, year=year)
    kept.answers, kept.measured_at, kept.measured_by = answers, clock.now(), actor.name
    session.add(kept)
    session.flush()
    cultivation.record(session, actor, found, "prospect.measured", year=year, answers=answers)
    return kept


def of(session: Session, found: Prospect) -> Sequence[Measurement]:
    """The measurements of a cluster-to-be, oldest first."""
    query = select(Measurement).where(Measurement.prospect_id == found.id)
    return session.scalars(query.order_by(Measurement.year)).all()


def gaps(session: Session, found: Prospect, answers: Mapping[str, Any]) -> list[Gap]:
    """Criterion by criterion of the regime as it is deployed now. Raises FactsInvalid."""
    deployed = _deployed(session, found.regime)
    asked = _asked(deployed)
    known = {name: value for name, value in answers.items() if name in asked.fields()}
    verdicts = criteria.precheck(deployed.files, criteria.facts_of(asked.facts(known)))
    return [Gap(verdict, _missing(verdict)) for verdict in verdicts]


def for_year(measured: Sequence[Measurement], year: int) -> dict[str, Any]:
    """What is known for an application of that year: the newest figures, and of those by year its three years."""
    wanted = {str(number) for number in range(year - criteria.YEARS, year)}
    known: dict[str, Any] = {}
    for each in measured:
        for name, value in each.answers.items():
            if isinstance(value, Mapping):
                known[name] = known.get(name, {}) | {key: part for key, part in value.items() if key in wanted}
            elif name != YEAR:
                known[name] = value
    return {name: value for name, value in known.items() if value != {}}


def _missing(verdict: Verdict) -> str:
    """How much is missing; a criterion of several arms needs one of them."""
    value, bound = verdict.value, verdict.threshold
    if verdict.verdict == criteria.PASS:
        return said("达到")
    if isinstance(value, Mapping) and isinstance(bound, Decimal) and None not in value.values():
        return _short(verdict.operator, min(value.values()), bound)
    if isinstance(value, list) and isinstance(bound, list) and verdict.verdict == FAIL:
        short = [str(least - own) for own, least in zip(value, bound, strict=True)]
        return said("任一项达到即可，分别差 %(short)s", short=in_turn(short))
    if isinstance(value, Decimal) and isinstance(bound, Decimal):
        return _short(verdict.operator, value, bound)
    return said("未达到") if verdict.verdict == FAIL else said("缺少数据")


def _short(operator: str, value: Decimal, bound: Decimal) -> str:
    if operator == "<=":
        return said("超出 %(more)s", more=str(value - bound))
    if value == bound:
        return said("等于要求的数，须高于")
    return said("差 %(short)s", short=str(bound - value))


def _asked(deployed: Deployed) -> Form:
    return of_application(deployed.form(APPLICATION), criteria.read_by(deployed.files))


def _facts(schema: Mapping[str, Any]) -> set[str]:
    """The facts that a field gives; of quality_smes.champion, quality_smes."""
    words = schema.get("x-fact", [])
    return {word["fact"].partition(".")[0] for word in (words if isinstance(words, list) else [words])}


def _deployed(session: Session, regime: str) -> Deployed:
    return deployments.deployed(session, deployments.current(session, regime).id)


def _kinds(value: Any) -> Any:
    """The names of the kinds that a schema takes."""
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix("#/$defs/")
        for part in value.values():
            yield from _kinds(part)
    elif isinstance(value, list):
        for part in value:
            yield from _kinds(part)
