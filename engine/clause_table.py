"""法规对照表: what each article of a regime's text asks, and what in the system carries it, in words people know."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.clauses import Carrier
from config.regime import Regime
from config.sentences import said
from engine import criteria, deployments, diagrams
from engine.deployments import Deployed
from engine.diagrams import Diagram, Node
from engine.errors import NotFound
from engine.forms.messages import title_of
from engine.models import Deployment


@dataclass(frozen=True)
class Carried:
    """What carries a duty. Letters, dates and pages have no words here: whoever shows them has."""

    kind: str
    id: str
    title: str  # of a step, a field, a condition; empty for the others
    within: str  # the diagram or form it stands in


@dataclass(frozen=True)
class Duty:
    """A row of the table: an article that asks several things of several people has several."""

    clause: str
    gist: str
    actor: str
    carried: tuple[Carried, ...]
    outside: str | None


@dataclass(frozen=True)
class Step:
    """The other way round: a step with the clauses it carries, or why it is there without one."""

    id: str  # intake.acceptance
    name: str
    diagram: str
    lane: str
    clauses: tuple[str, ...]
    internal: str | None


@dataclass(frozen=True)
class Table:
    """Both ways, of one deployment."""

    regime: Regime
    number: int  # which deployment of its regime
    duties: tuple[Duty, ...]
    steps: tuple[Step, ...]


def regimes(session: Session) -> dict[str, Regime]:
    """The regimes that are deployed, each with its newest rules."""
    names = session.scalars(select(Deployment.regime).distinct().order_by(Deployment.regime))
    found = {name: deployments.rules(session, name) for name in names}
    return {name: rules for name, rules in found.items() if rules is not None}


def table(session: Session, regime: str, number: int | None = None) -> Table:
    """The table of a regime's deployment, without a number the newest. Raises NotFound."""
    deployed, at = _deployed(session, regime, number)
    return Table(deployed.regime, at, duties(deployed), steps(deployed))


def place(session: Session, regime: str, element: str, number: int | None = None) -> tuple[Diagram, Node]:
    """The diagram in which a step stands, and the step. Raises NotFound."""
    deployed, _ = _deployed(session, regime, number)
    process, _, name = element.partition(".")
    diagram = deployed.diagrams.get(process)
    if diagram is None or name not in diagram.nodes:
        raise NotFound(said("流程图中没有这个环节"), element=element)
    return diagram, diagram.nodes[name]


@lru_cache(maxsize=32)
def duties(deployed: Deployed) -> tuple[Duty, ...]:
    """Every duty of the text, in its order. Raises RegimeInvalid where criteria and their table do not fit."""
    conditions = dict(zip(deployed.regime.criteria, criteria.conditions(deployed.files), strict=True))
    asked = {f"criteria.{row}": condition.text for row, condition in conditions.items()}
    return tuple(
        Duty(
            duty.clause,
            duty.gist,
            duty.actor,
            tuple(_carried(deployed, carrier, asked) for carrier in duty.carriers),
            duty.outside,
        )
        for duty in deployed.clauses.duties
    )


@lru_cache(maxsize=32)
def steps(deployed: Deployed) -> tuple[Step, ...]:
    """What somebody does, or what a clause asks for by itself: diagram by diagram, as they are walked through."""
    return tuple(
        Step(element, node.name, diagram.name, node.lane, clauses, deployed.clauses.internal_reason(element))
        for diagram in diagrams.in_order(deployed.diagrams)
        for node in diagram.nodes.values()
        for element in [f"{diagram.process}.{node.id}"]
        for clauses in [deployed.clauses.all_of(Carrier("element", element))]
        if clauses or node.kind == "userTask"
    )


def _carried(deployed: Deployed, carrier: Carrier, asked: Mapping[str, str]) -> Carried:
    within, _, name = carrier.id.partition(".")
    if carrier.kind == "element":
        diagram = deployed.diagrams[within]
        return Carried(carrier.kind, carrier.id, diagram.nodes[name].name, diagram.name)
    if carrier.kind == "field":
        form = deployed.form(within)
        return Carried(carrier.kind, carrier.id, title_of(form.field(name)), title_of(form.document))
    return Carried(carrier.kind, carrier.id, asked.get(carrier.id, ""), "")


def _deployed(session: Session, regime: str, number: int | None) -> tuple[Deployed, int]:
    if number is None:
        deployment = deployments.current(session, regime)
    else:
        query = select(Deployment).where(Deployment.regime == regime, Deployment.number == number)
        found = session.scalar(query)
        if found is None:
            raise NotFound(said("该规则体系没有这一版流程"), regime=regime, number=number)
        deployment = found
    return deployments.deployed(session, deployment.id), deployment.number
