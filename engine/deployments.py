"""Deployments: the diagrams, tables, forms, letters and numbers of a regime, frozen together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from typing import TypeAlias

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config import clauses, regime
from config.sentences import said
from engine import bpmn, bundle, calendar, calendars, clock, diagrams, forms, vocabulary
from engine.calendars import Followed
from engine.diagrams import Diagram
from engine.errors import NotFound
from engine.instance.journal import Specs, Words
from engine.models import Deployment, DeploymentFile

DaysOf: TypeAlias = Callable[[str], Followed]  # a bureau's calendar, as it stands whenever it is asked

_BEFORE, _TODAY = b"city_officer", b"bureau_officer"  # how deployments from before call officers, and we do


class Deployed:
    """A deployment, read: what its files say, each parsed when first asked for. It never changes."""

    def __init__(self, deployment_id: int, files: bundle.Files, days: DaysOf | None = None) -> None:
        self.id = deployment_id
        self.files = files
        self._days = days
        self._specs: dict[str, Specs] = {}

    @cached_property
    def regime(self) -> regime.Regime:
        return regime.load(self.files["regime.toml"])

    @cached_property
    def clauses(self) -> clauses.Clauses:
        return clauses.load(self.files["clauses.toml"])

    @cached_property
    def words(self) -> Words:
        """The vocabulary of its expressions."""
        days = self._days(self.regime.bureau) if self._days else calendar.shipped()
        return vocabulary.words(self.regime, days)

    @cached_property
    def diagrams(self) -> Mapping[str, Diagram]:
        """Its diagrams as they are drawn, by their process."""
        return diagrams.of(self.readable)

    def specs(self, process: str) -> Specs:
        """The parsed diagrams of a process. Raises NotFound."""
        if process not in self._specs:
            self._specs[process] = bpmn.parse(self.readable, process)
        return self._specs[process]

    @cached_property
    def readable(self) -> bundle.Files:
        """The files with the roles of today; what was frozen stays as it is."""
        return {
            name: content.replace(_BEFORE, _TODAY) if name.endswith(".bpmn") else content
            for name, content in self.files.items()
        }

    def step(self, process: str, within: str, element: str) -> Mapping[str, str]:
        """The properties of a step of `process`, or of the called process `within`."""
        return bpmn.step(self.specs(process), within, element).properties

    def form(self, name: str) -> forms.Form:
        """A form by its id. Raises NotFound."""
        path = f"forms/{name}.json"
        if path not in self.files:
            raise NotFound(said("部署中没有表单 %(name)s", name=name), form=name)
        return forms.parse(self.files[path])


def current(session: Session, regime_name: str) -> Deployment:
    """The deployment that is in force today: new cases run on it. Raises NotFound."""
    deployment = in_force(session, regime_name)
    if deployment is None:
        raise NotFound(
            said("规则体系 %(regime)s 尚未部署，请先运行 jiqun deploy %(regime)s", regime=regime_name),
            regime=regime_name,
        )
    return deployment


def in_force(session: Session, regime_name: str, on: date | None = None) -> Deployment | None:
    """The deployment in force on a day, today where none is given; None where the regime has none by then.

    It is the one whose day came last; of one day's, the highest number.
    """
    return session.scalar(_in_force(regime_name, on or clock.today()))


def names(session: Session) -> Sequence[str]:
    """The regimes that have ever been deployed here."""
    return session.scalars(select(Deployment.regime).distinct().order_by(Deployment.regime)).all()


def planned(session: Session, regime_name: str) -> Sequence[Deployment]:
    """The deployments of a regime whose day is to come, the next first."""
    query = select(Deployment).where(Deployment.regime == regime_name, Deployment.effective_on > clock.today())
    return session.scalars(query.order_by(Deployment.effective_on, Deployment.number)).all()


def held(session: Session, regime_name: str) -> Deployment:
    """As `current`, and whoever else deploys the regime waits until this command ends. Raises NotFound."""
    session.execute(_in_force(regime_name, clock.today()).with_for_update())
    return current(session, regime_name)  # asked anew: while we waited there may have been another


def rules(session: Session, regime_name: str) -> regime.Regime | None:
    """The numbers and dates of the regime as they are in force; None where it is not deployed."""
    deployment = in_force(session, regime_name)
    return deployed(session, deployment.id).regime if deployment else None


def deployed(session: Session, deployment_id: int) -> Deployed:
    """What a deployment says, read once a process. Raises NotFound."""
    known: dict[int, Deployed] = session.info["database"].deployed
    if deployment_id not in known:
        query = select(DeploymentFile.path, DeploymentFile.content).where(DeploymentFile.deployment_id == deployment_id)
        files = dict(session.execute(query).all())
        if not files:
            raise NotFound(said("没有这个流程部署"), deployment=deployment_id)
        known[deployment_id] = Deployed(deployment_id, files, calendars.follower(session))
    return known[deployment_id]


@lru_cache(maxsize=16)
def shipped(regime_name: str) -> Deployed:
    """The bundle that ships for a regime, outside any database."""
    return Deployed(0, bundle.shipped(regime_name))


def number(session: Session, deployment_id: int) -> int:
    """Which deployment of its regime this is, from 1."""
    return session.get_one(Deployment, deployment_id).number


def _in_force(regime_name: str, on: date) -> Select[Deployment]:
    query = select(Deployment).where(Deployment.regime == regime_name, Deployment.effective_on <= on)
    return query.order_by(Deployment.effective_on.desc(), Deployment.number.desc()).limit(1)
