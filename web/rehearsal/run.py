"""Running a rehearsal: from moment to moment, what is due is done by the worker's own functions, then by people.

It works in a scratch database that knows of no other, sends nothing, and writes its letters down.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from config import regime as regimes
from config.errors import JiqunError
from config.regime import Regime
from engine import bundle, calendars, clock, deploying, deployments, due_dates, tasks, timers
from engine.db import Database
from engine.errors import FormInvalid, Refused
from engine.models import Case, Delivery, Obligation, Reminder, Task
from web.rehearsal import applying, invented, kept, letters, lines, live, public
from web.rehearsal.lines import Line, Teller
from web.rehearsal.outcome import Outcome
from web.rehearsal.people import GATHERING, People
from web.rehearsal.scenario import Scenario
from web.wording import N_, _

FILE: Final = "scratch.sqlite"
TRIES, AGAIN = 3, timedelta(days=14)  # at a task that cannot be done
APPLICATIONS: Final = 2  # to the round of a year that is rehearsed with a draft's files
LONGEST: Final = timedelta(days=366 * 10)
MOST_TICKS: Final = 1000  # at one moment: a case that wakes itself for ever stops here
NOBODY: Final = N_("没有人在这个岗位上")
_BEGIN: Final = time(9)  # of the first day of an invented bureau


class Stopped(Exception):  # not an error: somebody has cancelled it
    """The rehearsal ends here."""


@dataclass(frozen=True)
class Asked:
    """What is to be rehearsed. Without clusters it is a copy of the live data."""

    regime: str
    first: date
    last: date
    clusters: int | None
    scenario: Scenario
    since: datetime = field(default_factory=clock.now)  # the moment of the copy
    files: bundle.Files | None = None  # what is to be in force; None: what is deployed, or ships
    applications: int = 0  # to a round that the invented bureau opens on its first day

    def require(self) -> None:
        """Raises Refused for a period that nobody can rehearse."""
        if self.last < self.first:
            raise Refused(_("推演的最后一日不能早于第一日"))
        if self.last - self.first > LONGEST:
            raise Refused(_("推演最长十年，请缩短期间"))
        if self.clusters is None and self.first < self.since.astimezone(clock.SHANGHAI).date():
            raise Refused(_("现有数据只能推演今天及以后，请改第一日"))

    def heading(self, title: str) -> str:
        """What a summary begins with."""
        of = f"{self.clusters} 个虚构的集群" if self.clusters else "现有数据的副本"
        return f"推演 {title}：{self.first} 至 {self.last}，{of}"


class Rehearsal:
    """One run. Its lines come as it goes on; `outcome` is complete after the last."""

    def __init__(
        self, asked: Asked, folder: Path, *, source: str | None = None, letters_to: Path | None = None
    ) -> None:
        """`source` is the URL of the live database, which is read once; `folder` is for the scratch database alone."""
        asked.require()
        self.asked = asked
        self.outcome = Outcome()
        self.at = datetime.combine(asked.first, _BEGIN, clock.SHANGHAI) if asked.clusters else asked.since
        self.title = ""
        self.cases: list[dict[str, Any]] = []  # once it is over: those it lived to their end, as examples
        self._folder, self._source, self._letters_to = folder, source, letters_to
        self._due: list[tuple[datetime, int, str, str, str]] = []  # a heap: when a task is done, and which
        self._tried: Counter[str] = Counter()  # tasks that nobody could do so far
        self._begins = due_dates.start_of(asked.first)
        self._ends = due_dates.start_of(asked.last + timedelta(days=1))

    def go(self, tell: Callable[[Line], object], told: Callable[[float], None] = lambda _share: None) -> None:
        """Tell every line in the order of time. `told` hears how much of the period is over; it may raise Stopped."""
        told(0.0)
        with closing(_scratch(self._folder / FILE)) as database, clock.replaced_by(lambda: self.at):
            regime = self._furnished(database)
            self.title = regime.title
            waits = GATHERING if self.asked.applications else {}
            people, teller = People(regime, self.asked.scenario, waits=waits), Teller(regime)
            with database.read() as session:
                people.come(session)
                teller.begin(session)
            with letters.Book(self._letters_to) as book:
                began = self.at
                while True:
                    for line in self._moment(database, people, teller):
                        book.write(database, line.pop("_letter", None), line)
                        if self.at >= self._begins:
                            self.outcome.count(line)
                            tell(line)
                    if not self._moves_on(database, teller, regime):
                        break
                    told((self.at - began) / (self._ends - began))
            self.at = self._ends
            with database.read() as session:
                self.outcome.look_back(session, regime, self._begins)
                self.cases = kept.cases(session, regime.name, began, with_answers=self.asked.clusters is not None)
        told(1.0)

    @property
    def summary(self) -> str:
        """What a person reads at the end."""
        return self.outcome.summary(self.asked.heading(self.title))

    def _furnished(self, database: Database) -> Regime:
        """Fill the scratch database. Nothing knows of the live one any more when this ends."""
        name, count = self.asked.regime, self.asked.clusters
        files = None
        if self._source is not None:
            with closing(Database(self._source)) as source:
                source.check_version()
                if count is None:
                    live.copy(source, database, name)
                    if self.asked.files is not None:
                        with clock.replaced_by(lambda: self.at), database.write() as session:
                            deploying.deploy(session, name, self.asked.files, by=invented.BY)
                else:
                    files = live.deployed_files(source, name)
        if count is not None:
            files = self.asked.files or files or bundle.shipped(name)
            with database.write() as session:
                deploying.deploy(session, name, files, by=invented.BY)
                invented.furnish(session, regimes.load(files["regime.toml"]), count)
            if self.asked.applications:
                applying.open_round(database, regimes.load(files["regime.toml"]))
        with database.read() as session:
            return deployments.deployed(session, deployments.current(session, name).id).regime

    # ---- time -----------------------------------------------------------------------------------

    def _moment(self, database: Database, people: People, teller: Teller) -> Iterator[Line]:
        """All that happens at this moment: the worker comes by until nothing is due, then people, then the worker."""
        yield from self._worked(database, people, teller)
        acted = public.object_to_lists(database, people)
        acted = applying.apply(database, people, self.asked.applications) or acted
        while self._due and self._due[0][0] <= self.at:
            self._acts(database, people, heapq.heappop(self._due)[-1])
            acted = True
        if acted:
            yield from self._worked(database, people, teller)

    def _worked(self, database: Database, people: People, teller: Teller) -> Iterator[Line]:
        for _tick in range(MOST_TICKS):
            if not timers.tick(database):
                break
        timers.post(database)
        with database.read() as session:
            yield from self._told(session, people, teller)

    def _told(self, session: Session, people: People, teller: Teller) -> Iterator[Line]:
        for line in teller.lines(session):
            yield {"at": self.at.astimezone(clock.SHANGHAI).isoformat(timespec="seconds"), **line}
        if teller.opened:
            days = calendars.of(session, people.regime.bureau)
            for task_id in teller.opened:
                task = session.get_one(Task, task_id)
                case = session.get_one(Case, task.case_id)
                at = people.acts_at(task, case, days)
                if at and case.regime == people.regime.name:
                    heapq.heappush(self._due, (at, case.id, task.instance_path, task.element, task.id))
            teller.opened.clear()

    def _moves_on(self, database: Database, teller: Teller, regime: Regime) -> bool:
        """Go to the next moment at which anything happens. False once the last day is over."""
        moments = [*teller.next_at(), *(each[0] for each in self._due[:1])]
        with database.read() as session:
            moments += [moment for moment in _timers(session, self.at) if moment]
            if expires := lines.expires_at(session, regime):
                moments.append(expires)
        following = min((moment for moment in moments if moment > self.at), default=self._ends)
        if following >= self._ends:
            return False
        self.at = following
        return True

    # ---- people ---------------------------------------------------------------------------------

    def _acts(self, database: Database, people: People, task_id: str) -> None:
        """Whoever may do it does; where nobody can, the case is named in the outcome."""
        with database.read() as session:
            task = session.get_one(Task, task_id)
            case = session.get_one(Case, task.case_id)
            if task.state != "open" or case.status != "open":
                return
        who, why = people.who(task), NOBODY
        for actor, role in who:
            try:
                with database.write() as session:
                    given = people.answers(session, session.get_one(Task, task_id), case, actor)
                    tasks.complete(session, actor, task_id, given)
            except JiqunError as error:  # four eyes, a form that needs what only people know: the next one tries
                why = _in_words(error)
            except (KeyError, LookupError, IndexError) as error:  # an answer that the records do not have
                why = f"推演不能代为填写：{type(error).__name__}"
            else:
                if self.at >= self._begins:
                    self.outcome.done(role)
                return
        self._tried[task_id] += 1
        if who and self._tried[task_id] < TRIES:  # perhaps others have to finish first
            which = (case.id, task.instance_path, task.element, task.id)
            heapq.heappush(self._due, (self.at + AGAIN, *which))
        else:
            self.outcome.stop(case, task.title, why)


def _scratch(path: Path) -> Database:
    """An empty database that nobody needs tomorrow: it waits for no disk."""
    database = Database(f"sqlite:///{path}")

    @event.listens_for(database.engine, "connect")
    def _hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    database.upgrade()
    return database


def _timers(session: Session, after: datetime) -> list[datetime | None]:
    """The next moments at which the worker has something to do."""
    asked = (
        select(func.min(Case.wake_at)).where(Case.status == "open", Case.wake_at > after),
        select(func.min(Obligation.opens_at)).where(
            Obligation.state == "open", Obligation.case_id.is_(None), Obligation.opens_at > after
        ),
        select(func.min(Obligation.finds_at)).where(Obligation.state == "open", Obligation.finds_at > after),
        select(func.min(Reminder.fire_at)).where(
            Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at > after
        ),
        select(func.min(Delivery.not_before)).where(
            Delivery.status == "held", Delivery.digest_id.is_(None), Delivery.not_before > after
        ),
    )
    return [session.scalar(query) for query in asked]


def _in_words(error: JiqunError) -> str:
    if isinstance(error, FormInvalid) and error.problems:
        return f"推演不能代为填写：{error.problems[0].field} {error.problems[0].message}"
    return error.message
