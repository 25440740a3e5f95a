"""The cultivation pool (培育库): clusters-to-be, held against the criteria year by year until one applies.

The level that the text names keeps it; the offices above it up to the bureau look in, and who would apply sees its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, deployments, events
from engine.access import Actor
from engine.conventions import APPLICATION
from engine.errors import Conflict, FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Deployment, Organisation, Prospect

STATES: Final[Mapping[str, str]] = {"growing": said("在库"), "applied": said("已申报"), "out": said("出库")}
CARD: Final = ("cluster_name", "leading_industry", "niche")  # fields of the form that begins an application
STEPS: Final = ("direction", "measures", "responsible", "by")  # of a plan: 培育方向、措施、责任单位、完成时间
LONGEST: Final = 200  # characters of each
MOST_STEPS: Final = 40
KEEPERS: Final = frozenset({"county_officer", "bureau_officer"})


@dataclass(frozen=True)
class Pool:
    """A pool that the actor's office keeps."""

    regime: str
    title: str  # of the recognition
    clause: str
    bureau_code: str
    keeper_code: str


@dataclass(frozen=True)
class Card:
    """What is said of a cluster-to-be. Name, industry and niche are those of the form that begins an application."""

    organisation_code: str  # who would apply
    said: Mapping[str, str]  # CARD
    plan: Sequence[Mapping[str, str]]  # STEPS


def pools(session: Session, actor: Actor) -> list[Pool]:
    """The pools that the actor's offices keep: none where no text names their level."""
    found = []
    for each in actor.as_any_of(KEEPERS):
        level = session.get_one(Organisation, each.organisation_code).level
        for name in session.scalars(select(Deployment.regime).distinct().order_by(Deployment.regime)):
            rules = deployments.rules(session, name)
            if rules is None or rules.cultivation is None or rules.bureau not in each.path.split("/"):
                continue
            here = "bureau" if each.organisation_code == rules.bureau else level
            if here == rules.cultivation.level:
                pool = Pool(name, rules.title, rules.cultivation.clause, rules.bureau, each.organisation_code)
                found.append(pool)
    return found


def concerns(session: Session, actor: Actor) -> bool:
    """Whether there is a pool that the actor keeps, or something in one that they may see."""
    seen = select(Prospect.id).where(access.visible_prospects(actor)).limit(1)
    return bool(pools(session, actor)) or session.scalar(seen) is not None


def places(session: Session, keeper_code: str) -> Sequence[Organisation]:
    """Who may apply for a cluster of this pool: counties and parks of the keeper's."""
    path = session.get_one(Organisation, keeper_code).path
    below = Organisation.path.startswith(path, autoescape=True), Organisation.level.in_(("county", "park"))
    return session.scalars(select(Organisation).where(*below).order_by(Organisation.path)).all()


def listed(session: Session, actor: Actor, *, state: str = "", organisation_code: str = "") -> Sequence[Prospect]:
    """Those that the actor may see, by office and name."""
    query = select(Prospect).where(access.visible_prospects(actor))
    if state:
        query = query.where(Prospect.state == state)
    if organisation_code:
        query = query.where(Prospect.organisation_code == organisation_code)
    return session.scalars(query.order_by(Prospect.regime, Prospect.organisation_code, Prospect.id)).all()


def find(session: Session, actor: Actor, number: int) -> Prospect:
    """Raises NotFound, also where its existence is not the actor's to know."""
    found = session.get(Prospect, number)
    if found is None:
        raise NotFound(said("培育库中没有这个集群，或者您无权查看"))
    access.require(actor, "prospect.read", found)
    return found


def locked(session: Session, actor: Actor, number: int, action: str) -> Prospect:
    """One that the actor may do this to, locked, still in the pool. Raises NotFound, Forbidden, Refused."""
    found = session.scalar(select(Prospect).where(Prospect.id == number).with_for_update())
    if found is None:
        raise NotFound(said("培育库中没有这个集群，或者您无权查看"))
    access.require(actor, action, found)
    if found.state != "growing":
        why = said("“%(name)s”%(state)s，不能再修改", name=found.name, state=STATES[found.state])
        raise Refused(why, prospect=found.id)
    return found


def add(session: Session, actor: Actor, pool: Pool, card: Card) -> Prospect:
    """Put a cluster-to-be into the pool. Raises Forbidden, FormInvalid, Conflict for one that is in it."""
    access.require(actor, "prospect.add", pool.keeper_code)
    kept = _cleaned(session, pool.regime, pool.keeper_code, card)
    _require_new(session, pool.regime, kept["organisation_code"], kept["name"])
    found = Prospect(
        regime=pool.regime,
        bureau_code=pool.bureau_code,
        keeper_code=pool.keeper_code,
        state="growing",
        added_at=clock.now(),
        added_by=actor.name,
        **kept,
    )
    session.add(found)
    session.flush()
    record(session, actor, found, "prospect.added", **kept)
    return found


def change(session: Session, actor: Actor, number: int, card: Card) -> Prospect:
    """Say something else of it. Raises NotFound, Forbidden, FormInvalid, Conflict, Refused."""
    found = locked(session, actor, number, "prospect.change")
    kept = _cleaned(session, found.regime, found.keeper_code, card)
    if (kept["organisation_code"], kept["name"]) != (found.organisation_code, found.name):
        _require_new(session, found.regime, kept["organisation_code"], kept["name"])
    changed = {name: value for name, value in kept.items() if getattr(found, name) != value}
    for name, value in changed.items():
        setattr(found, name, value)
    session.flush()
    if changed:
        record(session, actor, found, "prospect.changed", **changed)
    return found


def withdraw(session: Session, actor: Actor, number: int, reason: str) -> Prospect:
    """Take it out of the pool, for this reason. Raises NotFound, Forbidden, FormInvalid, Refused."""
    found = locked(session, actor, number, "prospect.change")
    if not reason.strip() or len(reason) > LONGEST:
        why = said("请写明出库的理由，不超过 %(limit)s 字", limit=LONGEST)
        raise FormInvalid([Problem("reason", "missing", why)])
    found.state, found.reason = "out", reason.strip()
    session.flush()
    record(session, actor, found, "prospect.out", reason=found.reason)
    return found


def record(session: Session, actor: Actor, found: Prospect, kind: str, **told: Any) -> None:
    payload = {"prospect": found.id, **told}
    events.record(session, found.bureau_code, actor.name, kind, case_id=found.case_id, payload=payload)


def _cleaned(session: Session, regime: str, keeper_code: str, card: Card) -> dict[str, Any]:
    """The columns that a card gives. Raises FormInvalid with all that is wrong."""
    deployed = deployments.deployed(session, deployments.current(session, regime).id)
    form = deployed.form(deployed.specs(APPLICATION).opening["form"])
    problems, kept = list[Problem](), dict[str, Any]()
    for name in CARD:
        value, wrong = form.check(name, card.said.get(name, "").strip())
        kept[name] = value
        if not wrong and not value:
            wrong = [Problem(name, "required", said("请填写%(label)s", label=form.title_of(name)))]
        problems += wrong
    if card.organisation_code not in {each.code for each in places(session, keeper_code)}:
        problems.append(Problem("organisation_code", "unknown", said("请从列出的单位中选择")))
    plan = [step for step in (_step(each) for each in card.plan) if any(step.values())]
    problems += _wrong(plan)
    if problems:
        raise FormInvalid(problems)
    return {
        "organisation_code": card.organisation_code,
        "name": kept["cluster_name"],
        "industry": kept["leading_industry"],
        "niche": kept["niche"],
        "plan": plan,
    }


def _step(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "").strip() for name in STEPS}


def _wrong(plan: Sequence[Mapping[str, str]]) -> Iterable[Problem]:
    if len(plan) > MOST_STEPS:
        yield Problem("plan", "too_many", said("培育措施最多 %(most)s 条", most=MOST_STEPS))
    for at, step in enumerate(plan):
        if not step["direction"] or not step["measures"]:
            yield Problem(f"plan[{at}]", "required", said("第 %(row)s 条：请写明培育方向和措施", row=at + 1))
        if any(len(text) > LONGEST for text in step.values()):
            why = said("第 %(row)s 条：每一栏不超过 %(limit)s 字", row=at + 1, limit=LONGEST)
            yield Problem(f"plan[{at}]", "too_long", why)


def _require_new(session: Session, regime: str, organisation_code: str, name: str) -> None:
    there = select(Prospect.id).where(
        Prospect.regime == regime,
        Prospect.organisation_code == organisation_code,
        Prospect.name == name,
        Prospect.state != "out",
    )
    if session.scalar(there) is not None:
        raise Conflict(said("“%(name)s”已在培育库中，请直接修改", name=name), name=name)
