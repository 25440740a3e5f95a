"""The demo's rounds: what demo.toml tells has happened is done by the engine's own functions, each at its hour.

Every deed is one command. What was done is seen in the cases themselves, so that a second run, or one after a
crash, goes on where the first one stopped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from engine import accounts, calendar, cases, clock, deployments, events, files, rounds, tasks, timers
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Deployment, Draft, Event, Round, Task
from web import demo, demo_applications

Plan: TypeAlias = Mapping[str, Any]

BEGUN, DONE = "demo.begun", "demo.loaded"  # in the record of the installation
CLOSING = time(17, 30)
PAPER = Path(__file__).with_name("demo_paper.pdf")


@dataclass(frozen=True)
class Tale:
    """One of the plan's rounds, and the days it stands on."""

    plan: Plan
    year: int
    title: str
    closes_at: datetime
    starts_on: date
    origin: date  # from which `on` counts


@dataclass(frozen=True)
class Deed:
    """One line of a story: who does what, at which moment, to the round itself or to a cluster's case."""

    at: datetime
    tale: Tale
    cluster: str  # a key of the plan's clusters; empty: the round
    number: int  # how many tasks of the case stand finished before it
    by: str
    line: Plan


def play(database: Database, folder: Path) -> bool:
    """Do what has not been done yet; False if all of it was there. `folder` is where uploads lie.

    Rounds that would lie outside the time in which the rules are in force are left out.
    """
    plan = demo.plan()
    with database.write() as session:
        if session.scalar(select(exists().where(Event.chain == events.SYSTEM, Event.kind == DONE))):
            return False
        today = _anchor(session)
        newest = session.scalars(select(Deployment.id).order_by(Deployment.id.desc())).first()
        rules = deployments.deployed(session, newest or 0).regime
    tales = [
        tale
        for tale in map(partial(_tale, today), plan["rounds"])
        if rules.in_force_from <= tale.starts_on and today <= (rules.in_force_until or today)
    ]
    for deed in sorted((deed for tale in tales for deed in _deeds(tale)), key=attrgetter("at")):
        with clock.replaced_by(partial(getattr, deed, "at")):
            timers.tick(database)
            _do(database, deed, rules.name, folder)
    with database.write() as session:
        told = [tale.title for tale in tales]
        events.record(session, events.SYSTEM, demo.BY, DONE, payload={"rounds": told})
    return True


def _anchor(session: Session) -> date:
    """The day that counts as today: that of the first run, however late the last deed of the plan is done."""
    begun = session.scalar(select(Event.payload).where(Event.chain == events.SYSTEM, Event.kind == BEGUN))
    if begun is None:
        begun = {"today": clock.today().isoformat()}
        events.record(session, events.SYSTEM, demo.BY, BEGUN, payload=begun)
    return date.fromisoformat(begun["today"])


def _tale(today: date, plan: Plan) -> Tale:
    starts = _working_day(today, plan["starts"])
    origin = starts if plan["from"] == "start" else today
    year = today.year - plan["years_back"]
    closes_on = _working_day(origin, plan["closes"])
    return Tale(plan, year, plan["title"].format(year=year), _moment(closes_on, CLOSING), starts, origin)


def _deeds(tale: Tale) -> Iterator[Deed]:
    stories = [("", "", tale.plan["story"])]
    stories += [(each["cluster"], each["by"], each["story"]) for each in tale.plan["cases"]]
    for cluster, applicant, story in stories:
        finished = 0
        for line in story:
            on = _working_day(tale.origin, line["on"])
            at = _moment(on, time.fromisoformat(line["at"]))
            yield Deed(at, tale, cluster, finished, line.get("by", applicant), line)
            finished += line["do"] not in ("open", "draft", "claim")


def _do(database: Database, deed: Deed, regime: str, folder: Path) -> None:
    """One deed, unless it was done before. What somebody else has done since stays as it is."""
    cluster = _cluster(deed)
    with database.write() as session:
        actor = accounts.actor(session, accounts.by_name(session, deed.by))
        round_ = session.scalar(select(Round).where(Round.title == deed.tale.title))
        case = _case(session, round_, cluster)
        if deed.line["do"] == "open":
            if case is None:
                _open(session, actor, deed, regime, round_)
            return
        task = _waiting(session, case, deed) if case else None
        if case is None or task is None:
            return
        if deed.line["do"] == "claim":
            if task.assignee_id is None:
                tasks.claim(session, actor, task.id)
        elif deed.line["do"] == "draft":
            if session.get(Draft, (task.id, actor.person_id)) is None:
                whole = _application(deed)
                tasks.save_draft(session, actor, task.id, dict(list(whole.items())[: deed.line["fields"]]), 0)
        else:
            tasks.complete(session, actor, task.id, _answers(session, actor, deed, folder))


def _cluster(deed: Deed) -> Plan:
    found: Plan = demo.plan()["clusters"][deed.cluster] if deed.cluster else {}
    return found


def _case(session: Session, round_: Round | None, cluster: Plan) -> Case | None:
    if round_ is None:
        return None
    if not cluster:
        return session.get_one(Case, round_.case_id)
    name = demo_applications.name_of(cluster)
    return session.scalar(select(Case).where(Case.round_id == round_.id, Case.title == name))


def _waiting(session: Session, case: Case, deed: Deed) -> Task | None:
    """The open task of the deed, if the case stands just where the story has it."""
    done = select(func.count()).where(Task.case_id == case.id, Task.state == "done")
    if session.scalar(done) != deed.number:
        return None
    element = deed.line.get("step") or {"draft": "fill_in"}.get(deed.line["do"], deed.line["do"])
    return session.scalar(select(Task).where(Task.case_id == case.id, Task.state == "open", Task.element == element))


def _open(session: Session, actor: Actor, deed: Deed, regime: str, round_: Round | None) -> None:
    cluster = _cluster(deed)
    if not cluster:
        rounds.open_round(session, actor, regime, deed.tale.year, deed.tale.title)
    elif round_:
        given = {
            "round_id": round_.id,
            "cluster_name": demo_applications.name_of(cluster),
            "leading_industry": cluster["industry"],
            "niche": cluster["niche"],
            "higher_level_recognition": "none",
        }
        cases.open_case(session, actor, regime, "application", given | deed.line.get("with", {}))


def _answers(session: Session, actor: Actor, deed: Deed, folder: Path) -> dict[str, Any]:
    if "say" not in deed.line:
        return _application(deed) | _evidence(session, actor, folder, newer=deed.line.get("newer", False))
    spoken = demo.plan()["answers"]
    said = dict(spoken[deed.line["say"]])
    said = spoken.get(said.pop("like", ""), {}) | said | deed.line.get("with", {})
    told = {
        "year": deed.tale.year,
        "today": deed.at.astimezone(clock.SHANGHAI).date().isoformat(),
        "closes_at": deed.tale.closes_at.astimezone(clock.SHANGHAI).isoformat(),
    }
    said = {name: value.format(**told) if isinstance(value, str) else value for name, value in said.items()}
    if "listed" in deed.line:
        said |= _list(session, deed, said.pop("reason"))
    return said


def _application(deed: Deed) -> dict[str, Any]:
    today = deed.at.astimezone(clock.SHANGHAI).date()
    return demo_applications.answers(demo.plan(), _cluster(deed), deed.tale.year, today, deed.line.get("with", {}))


def _evidence(session: Session, actor: Actor, folder: Path, *, newer: bool) -> dict[str, Any]:
    """A few papers by file, as the plan names them; the others come on paper."""
    given: dict[str, Any] = {}
    for field, name in demo.plan()["papers"].items():
        again = b"% second version\n" if newer and field == demo.plan()["renewed_paper"] else b""
        received = files.receive(folder, BytesIO(PAPER.read_bytes() + again), name, megabytes=1, scanner="")
        file_id = files.add(session, actor, received).id
        given |= {field: file_id} if field == "signed_statement" else {field: "provided", f"{field}_files": [file_id]}
    return given


def _list(session: Session, deed: Deed, reason: str) -> dict[str, Any]:
    names = [demo_applications.name_of(demo.plan()["clusters"][key]) for key in deed.line["listed"]]
    query = select(Case.id).join(Round, Round.id == Case.round_id)
    listed = session.scalars(query.where(Round.title == deed.tale.title, Case.title.in_(names)).order_by(Case.id))
    ids = list(listed)
    return {"cases": ids, "reasons": [{"case": case_id, "reason": reason} for case_id in ids]}


def _working_day(origin: date, number: int) -> date:
    """The day so many working days after `origin`, or before it; `origin` itself for none."""
    days = calendar.shipped()
    if number > 0:
        return days.nth_working_day(origin, number).date
    for _ in range(-number):
        origin = days.previous_working_day(origin)
    return origin


def _moment(on: date, at: time) -> datetime:
    return datetime.combine(on, at, clock.SHANGHAI).astimezone(UTC)
