"""The demo's rounds: what demo_bureaus/ tells has happened is done by the engine's own functions, each at its hour.

Every deed is one command. Lots are seeded by what they are for, so that the demo comes out the same each time. What was
done is seen in the cases themselves, so that a second run, or one after a crash, goes on where the first one stopped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from engine import accounts, calendar, cases, clock, deployments, events, files, lots, objections, rounds, tasks, timers
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Deployment, Draft, Event, Notice, Objection, Person, PoolMember, Round, Seat, Task
from engine.objections import Sent, Written
from web import demo, demo_applications, filled
from web.filled import Answers, Waiting

Plan: TypeAlias = Mapping[str, Any]

BEGUN, DONE = "demo.begun", "demo.loaded"  # in the record of the installation
CLOSING = time(17, 30)
PAPER = Path(__file__).with_name("demo_paper.pdf")

PANEL = "panel"  # a line that tells what a whole panel does, in one sitting
SEAT = "seat"  # in place of an account: whoever holds the seat that the step is for
STEP = timedelta(minutes=7)  # between two steps of a sitting
STARTING = frozenset({"open", "draft", "claim", "object"})  # what finishes no step


@dataclass(frozen=True)
class Tale:
    """One round of a bureau's story, and the days it stands on."""

    bureau: Plan
    regime: str
    plan: Plan
    year: int
    title: str
    closes_at: datetime
    starts_on: date
    origin: date  # from which `on` counts


@dataclass(frozen=True)
class Deed:
    """One line of a story: who does what, at which moment, to the round itself or a case of a cluster."""

    at: datetime
    tale: Tale
    cluster: Plan  # empty: the round
    process: str  # round, application, or objection: the one against the cluster
    number: int  # how many tasks of the case stand finished before it
    by: str
    line: Plan


def play(database: Database, folder: Path) -> bool:
    """Do what has not been done yet; False if all of it was there. `folder` is where uploads lie.

    Rounds that would lie outside the time in which the rules are in force are left out.
    """
    with database.write() as session:
        if session.scalar(select(exists().where(Event.chain == events.SYSTEM, Event.kind == DONE))):
            return False
        today = _anchor(session)
        tales = [tale for bureau in demo.plan()["bureaus"] for tale in _tales(session, bureau, today)]
    for deed in sorted((deed for tale in tales for deed in _deeds(tale)), key=attrgetter("at")):
        with clock.replaced_by(partial(getattr, deed, "at")), lots.seeded_by(partial(_seed, deed)):
            timers.tick(database)
            _do(database, deed, folder)
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


def _tales(session: Session, bureau: Plan, today: date) -> Iterator[Tale]:
    """The rounds of the regimes that are the bureau's, as far as their rules are in force on its days."""
    for name in session.scalars(select(Deployment.regime).distinct()):
        rules = deployments.rules(session, name)
        if rules is None or rules.bureau != bureau["bureau"]:
            continue
        for tale in [_tale(bureau, name, today, plan) for plan in bureau["rounds"]]:
            if rules.in_force_from <= tale.starts_on and today <= (rules.in_force_until or today):
                yield tale


def _tale(bureau: Plan, regime: str, today: date, plan: Plan) -> Tale:
    starts = _working_day(today, plan["starts"])
    origin = starts if plan["from"] == "start" else today
    year = today.year - plan["years_back"]
    closes_on = _working_day(origin, plan["closes"])
    title = plan["title"].format(year=year)
    return Tale(bureau, regime, plan, year, title, _moment(closes_on, CLOSING), starts, origin)


def _deeds(tale: Tale) -> Iterator[Deed]:
    stories: list[tuple[Plan, str, str, Any]] = [({}, "round", "", tale.plan["story"])]
    for process in ("application", "objection"):
        for each in tale.plan.get(TOLD[process], ()):
            cluster = demo.plan()["clusters"][each["cluster"]] | each.get("figures", {})
            stories.append((cluster, process, each.get("by", ""), each["story"]))
    for cluster, process, applicant, story in stories:
        finished = 0
        for line in story:
            on = _working_day(tale.origin, line["on"])
            for number, step in enumerate(_steps(line)):
                at = _moment(on, time.fromisoformat(line["at"])) + number * STEP
                yield Deed(at, tale, cluster, process, finished, step.get("by", applicant), step)
                finished += step["do"] not in STARTING


TOLD: Mapping[str, str] = {"application": "cases", "objection": "objections"}  # process → table of the plan's round


def _steps(line: Plan) -> Iterator[Plan]:
    """The steps a line tells of: itself, or those of a panel as far as its members have scored.

    `scores` are the points by seat, 0 of one who has not scored yet; then the opinions stay closed.
    """
    if line["do"] != PANEL:
        yield line
        return
    scores = dict(enumerate(line["scores"], 1))
    yield {**line, "do": "convene"}
    yield from ({**line, "do": "declare", "by": SEAT, "seat": seat} for seat in scores)
    yield from ({**line, "do": "score", "by": SEAT, "seat": seat} for seat, points in scores.items() if points)
    if all(scores.values()):
        yield {**line, "do": "open_opinions"}
        yield from ({**line, "do": "concur", "by": SEAT, "seat": seat} for seat in scores)
        yield {**line, "do": "panel_opinion", "by": SEAT}


def _seed(deed: Deed) -> str:
    """What a draw of this deed is seeded with, as long as a seed of `lots`."""
    return sha256(f"{deed.tale.title}:{deed.cluster.get('place', '')}:{deed.line['do']}".encode()).hexdigest()[:32]


def _do(database: Database, deed: Deed, folder: Path) -> None:
    """One deed, unless it was done before. What somebody else has done since stays as it is."""
    with database.write() as session:
        round_ = session.scalar(select(Round).where(Round.title == deed.tale.title))
        if deed.line["do"] == "object":
            if round_:
                _object(session, deed, round_)
            return
        case = _case(session, round_, deed)
        if deed.line["do"] == "open":
            if case is None:
                _open(session, accounts.actor(session, accounts.by_name(session, deed.by)), deed, round_)
            return
        task = _waiting(session, case, deed) if case else None
        if case is None or task is None:
            return
        actor = accounts.actor(session, _person(session, task, deed))
        if deed.line["do"] == "claim":
            if task.assignee_id is None:
                tasks.claim(session, actor, task.id)
        elif deed.line["do"] == "draft":
            if session.get(Draft, (task.id, actor.person_id)) is None:
                whole = _application(deed, Waiting(session, task, case))
                tasks.save_draft(session, actor, task.id, dict(list(whole.items())[: deed.line["fields"]]), 0)
        else:
            tasks.complete(session, actor, task.id, _answers(actor, deed, Waiting(session, task, case), folder))


def _person(session: Session, task: Task, deed: Deed) -> Person:
    return session.get_one(Person, task.assignee_id) if deed.by == SEAT else accounts.by_name(session, deed.by)


def _case(session: Session, round_: Round | None, deed: Deed) -> Case | None:
    if round_ is None:
        return None
    if deed.process == "round":
        return session.get_one(Case, round_.case_id)
    application = _applied(session, round_, deed)
    if deed.process == "application" or application is None:
        return application
    against = select(Objection.case_id).where(Objection.target_case_id == application.id)
    return session.scalar(select(Case).where(Case.id.in_(against)))


def _applied(session: Session, round_: Round, deed: Deed) -> Case | None:
    name = demo_applications.name_of(deed.cluster)
    return session.scalar(select(Case).where(Case.round_id == round_.id, Case.title == name))


def _waiting(session: Session, case: Case, deed: Deed) -> Task | None:
    """The open task of the deed, if the case stands just where the story has it."""
    done = select(func.count()).where(Task.case_id == case.id, Task.state == "done")
    if session.scalar(done) != deed.number:
        return None
    element = deed.line.get("step") or {"draft": "fill_in"}.get(deed.line["do"], deed.line["do"])
    query = select(Task).where(Task.case_id == case.id, Task.state == "open", Task.element == element)
    if "seat" in deed.line:
        query = query.join(Seat, Seat.id == Task.seat_id).where(Seat.number == deed.line["seat"])
    return session.scalar(query)


def _open(session: Session, actor: Actor, deed: Deed, round_: Round | None) -> None:
    cluster, regime = deed.cluster, deed.tale.regime
    if not cluster:
        again = deed.line.get("again", "")
        rounds.open_round(session, actor, regime, deed.tale.year, deed.tale.title, again=again)
    elif round_:
        given = {
            "round_id": round_.id,
            "cluster_name": demo_applications.name_of(cluster),
            "leading_industry": cluster["industry"],
            "niche": cluster["niche"],
            "higher_level_recognition": "none",
        }
        given |= deed.tale.bureau.get("start", {}) | deed.line.get("with", {})
        cases.open_case(session, actor, regime, "application", given)


def _object(session: Session, deed: Deed, round_: Round) -> None:
    """Somebody from the public objects to the cluster. The form's token makes it once, however often it is sent."""
    case = _applied(session, round_, deed)
    shown = select(Notice.id).where(Notice.round_id == round_.id, Notice.kind == "publicity").order_by(Notice.id.desc())
    notice_id = session.scalar(shown.limit(1))
    if case is not None and notice_id is not None:
        told = deed.tale.bureau["answers"][deed.line["say"]]
        written = Written(told["name"], told["contact"], case.id, told["grounds"])
        objections.receive(session, notice_id, written, Sent("demo", _seed(deed), an_hour=10, in_all=10))


def _answers(actor: Actor, deed: Deed, waiting: Waiting, folder: Path) -> Answers:
    """What the form of the step is given: what follows from few facts, and over it what the plan says."""
    if waiting.task.form == "application":
        newer = deed.line.get("newer", False)
        return _application(deed, waiting) | _evidence(waiting.session, actor, folder, newer=newer)
    usual = _usual(deed, waiting)
    spoken = deed.tale.bureau["answers"]
    said = dict(spoken[deed.line["say"]]) if "say" in deed.line else {}
    said = spoken.get(said.pop("like", ""), {}) | said | deed.line.get("with", {})
    told = {**deed.cluster, "year": deed.tale.year, "today": _day(deed).isoformat(), **_closings(deed.tale)}
    return usual | {name: value.format(**told) if isinstance(value, str) else value for name, value in said.items()}


def _usual(deed: Deed, waiting: Waiting) -> Answers:
    """What follows from the few facts of a line: the points of a panel, the team and the day of a visit."""
    line, form = deed.line, waiting.task.form
    if form == "panel":
        return filled.panel(len(line["scores"]), line.get("fields", ()))
    if form == "score_sheet":
        return filled.score_sheet(waiting, partial(_points, line["scores"][line["seat"] - 1]))
    if form == "expert_review":
        return filled.panel_opinion(sum(line["scores"]) / len(line["scores"]))
    if form == "arrange_inspection":
        pooled = (
            select(PoolMember.id).join(Person, Person.id == PoolMember.person_id).where(PoolMember.kind == "inspector")
        )
        team = [waiting.session.scalars(pooled.where(Person.name == name)).one() for name in line["team"]]
        return filled.appointment(team, _working_day(deed.tale.origin, line["visit"]))
    return filled.ANSWERS[form](waiting) if form in filled.ANSWERS else {}


def _points(about: int, field: str) -> int:
    """Up to three points more or less from one indicator to the next."""
    return about - 3 + sum(field.encode()) % 7


def _application(deed: Deed, waiting: Waiting) -> Answers:
    changes = deed.tale.bureau.get("figures", {}) | deed.line.get("with", {})
    told, year = deed.tale.bureau["application"], deed.tale.year
    return demo_applications.answers(waiting.form, told, deed.cluster, year=year, today=_day(deed), changes=changes)


def _evidence(session: Session, actor: Actor, folder: Path, *, newer: bool) -> Answers:
    """A few papers by file, as the plan names them; the others come on paper."""
    given: Answers = {}
    for field, name in demo.plan()["papers"].items():
        again = b"% second version\n" if newer and field == demo.plan()["renewed_paper"] else b""
        received = files.receive(folder, BytesIO(PAPER.read_bytes() + again), name, megabytes=1, scanner="")
        file_id = files.add(session, actor, received).id
        given |= {field: file_id} if field == "signed_statement" else {field: "provided", f"{field}_files": [file_id]}
    return given


def _closings(tale: Tale) -> Answers:
    """Until when applications are taken, and recommendations of each level that the plan names: city_closes_at."""
    levels = tale.plan.get("levels", {}).items()
    moments = {f"{level}_closes_at": _moment(_working_day(tale.origin, on), CLOSING) for level, on in levels}
    moments["closes_at"] = tale.closes_at
    return {name: at.astimezone(clock.SHANGHAI).isoformat() for name, at in moments.items()}


def _day(deed: Deed) -> date:
    return deed.at.astimezone(clock.SHANGHAI).date()


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
