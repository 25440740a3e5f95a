"""A round in a rehearsal: the invented bureau calls for applications, and its counties apply."""

from typing import Any

from sqlalchemy import func, select

from config.errors import JiqunError
from config.regime import Regime
from engine import accounts, cases, clock, deployments, pool, rounds, specimens
from engine.access import Actor
from engine.conventions import APPLICATION
from engine.db import Database
from engine.models import Case, Membership, Person, Round
from engine.pool import Card
from web.rehearsal import invented
from web.rehearsal.people import People

EXPERTS, INSPECTORS = 12, 6


def open_round(database: Database, regime: Regime) -> None:
    """The bureau has experts and inspectors, and opens a round for this year."""
    with database.write() as session:
        officer = _officer(session, regime.bureau)
        for kind, count in (("expert", EXPERTS), ("inspector", INSPECTORS)):
            for number in range(1, count + 1):
                name = f"{kind}-{number}"
                person = accounts.add(session, name, display_name=f"推演·{kind}{number}", by=invented.BY)
                person.email = f"{name}@rehearsal.invalid"
                accounts.grant(session, person, kind, regime.bureau, by=invented.BY)
                card = Card(("推演领域",), f"推演单位{number}", "", clock.today(), None)
                pool.add(session, officer, regime.bureau, name, kind=kind, card=card)
        rounds.open_round(session, officer, regime.name, clock.today().year, "推演批次")


def apply(database: Database, people: People, wanted: int) -> bool:
    """Once the round takes applications, so many counties begin one each. True if any did."""
    if not wanted:
        return False
    with database.read() as session:
        round_ = session.scalar(select(Round).where(Round.regime == people.regime.name, Round.state == "open").limit(1))
        begun = select(func.count()).select_from(Case).where(Case.process == APPLICATION)
        if round_ is None or session.scalar(begun):
            return False
        round_id = round_.id
    found = [actors[0] for (_code, role), actors in sorted(people.desks.items()) if role == "county_officer"]
    for number, actor in enumerate(found[:wanted], 1):
        with database.write() as session:
            deployed = deployments.deployed(session, deployments.current(session, people.regime.name).id)
            form = deployed.form(deployed.specs(APPLICATION).opening["form"])
            said: dict[str, Any] = {"round_id": round_id, "cluster_name": _name(number)}
            try:
                answers = specimens.answers(form, {key: each for key, each in said.items() if key in form.fields()})
                cases.open_case(session, actor, people.regime.name, APPLICATION, answers)
            except JiqunError:  # a form that a specimen does not fit: the rehearsal shows that nothing was opened
                session.rollback()
    return True


def _officer(session: Any, bureau: str) -> Actor:
    sits = select(Person).join(Membership, Membership.person_id == Person.id)
    sits = sits.where(Membership.organisation_code == bureau, Membership.role == "bureau_officer").order_by(Person.id)
    return accounts.actor(session, session.scalars(sits).first())


def _name(number: int) -> str:
    return f"推演申报第{number}中小企业特色产业集群（示例产业）"
