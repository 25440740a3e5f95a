"""Monitoring (跟踪监测): the conditions of recognition, held against a cluster's latest year. It advises.

A figure that nobody has given is missing and fails nobody; what a condition no longer met leads to, people decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import criteria, deployments, yearly
from engine.criteria import FAIL, Verdict
from engine.deployments import Deployed
from engine.forms import Form
from engine.forms.kinds import Schema, shape_of
from engine.models import Cluster
from engine.yearly import APPLICATION, Record


@dataclass(frozen=True)
class Standing:
    """The conditions after the figures of a year."""

    year: int
    verdicts: tuple[Verdict, ...]  # in the order of the regime
    problem: str = ""  # why there are none

    @property
    def unmet(self) -> list[Verdict]:
        return [each for each in self.verdicts if each.verdict == FAIL]


def standing(session: Session, cluster: Cluster, record: Record, year: int | None = None) -> Standing | None:
    """What the conditions in force say of the figures up to this year, else the latest; None before there are any."""
    at = year if year is not None else record.latest
    if at is None or not record.filings:
        return None
    deployed = deployments.deployed(session, deployments.current(session, cluster.regime).id)
    try:
        facts = criteria.facts_of(_facts(deployed, record, at))
        return Standing(at, tuple(criteria.precheck(deployed.files, facts)))
    except JiqunError as error:  # a figure out of all reason is for people to look into
        return Standing(at, (), error.message)


def asked(deployed: Deployed) -> list[str]:
    """The fields of the application whose numbers the conditions look at, in its order."""
    form = deployed.form(APPLICATION)
    fields = form.document["properties"]
    return [name for name in fields if _words(form.field(name)) and yearly.kind_of_figure(form.field(name))]


def _facts(deployed: Deployed, record: Record, year: int) -> Mapping[str, Any]:
    """The facts of the precheck, as the application's form names them: of a report, those that it asks for too."""
    form = deployed.form(APPLICATION)
    applied = record.last(APPLICATION)
    if applied and applied.year == year and record.latest == year:
        return form.facts({name: answer for name, answer in applied.answers.items() if name in form.fields()})
    said = {}
    for name in form.document["properties"]:
        if _words(form.field(name)) and (answer := _answer(form, name, record, year)) is not None:
            said[name] = answer
    facts = form.facts(said)
    for name in form.document["properties"]:
        for word in _words(form.field(name)):
            if word.get("given"):  # the plan that came with the application is the one that runs
                facts.pop(word["fact"])
                if applied and name in applied.answers:
                    facts[word["fact"]] = True
    return facts


def _answer(form: Form, name: str, record: Record, year: int) -> Any:
    schema = form.field(name)
    span = range(year - criteria.YEARS + 1, year + 1)
    if schema.get("x-kind") == "yes_no":
        stated = record.truths.get(name, {})
        if year not in stated:
            return None
        return all(stated.get(each, True) for each in span)  # 近三年: what was wrong within them stays wrong
    figure = record.figures.get(name)
    if figure is None or year not in figure.values:
        return None
    if shape_of(schema) == "by_year":
        return {str(each): figure.values[each] for each in span if each in figure.values}
    return figure.values[year] if yearly.kind_of_figure(schema) else None


def _words(schema: Schema) -> list[Mapping[str, Any]]:
    words = schema.get("x-fact", [])
    return words if isinstance(words, list) else [words]
