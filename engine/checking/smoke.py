"""The smoke run (试走): every flow of every diagram of a bundle is walked once, by the real engine, with sample data.

Each way a step can be answered, each message and each timer is tried; what was never tried comes first. A flow that no
answer leads to is walked once more with its condition said to hold, so that what lies behind it is seen as well.
"""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from lxml import etree

from config import regime
from config.errors import JiqunError
from engine import bpmn, calendar, clock, expressions, vocabulary, xml
from engine.bundle import Files
from engine.checking import walking
from engine.checking.given import Given
from engine.checking.walking import Arrived, Crossed, Deed, Place
from engine.instance.journal import Specs, Words
from engine.lint import graph, surroundings
from engine.lint.surroundings import Surroundings

CPU_SECONDS: Final = 10.0  # of the processor's time, for all that begins with one process
DEEDS: Final = 2000  # things done, for the same
DEEP: Final = 120  # things done one after the other: who has not arrived by then runs in circles
_TOLD: Final = 5  # troubles of one element


@dataclass(frozen=True)
class Drawn:
    """A flow as it stands in its file."""

    file: str
    scope: str  # the process or sub-process it lies in
    id: str
    name: str
    source: str
    target: str


@dataclass(frozen=True)
class Trouble:
    """A walk that broke off."""

    kind: Literal["crash", "stuck", "form"]
    file: str
    element: str
    why: str
    forced: bool = False  # on a way that no answer leads to
    way: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class End:
    """A way in which a case of a process ends."""

    process: str
    element: str
    way: tuple[Mapping[str, Any], ...]


@dataclass
class Walked:
    """What came of all walks that begin with one process, or with each."""

    flows: dict[Crossed, Place] = field(default_factory=dict)
    forced: dict[Crossed, Place] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    deeds: int = 0
    bound: bool = False  # whether it ended for want of time, with flows still to be walked

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "flows": [list(crossed) for crossed in self.flows],
            "forced": [[*crossed, _told(place)] for crossed, place in self.forced.items()],
            "troubles": [asdict(trouble) for trouble in self.troubles],
            "ends": [asdict(end) for end in self.ends],
            "deeds": self.deeds,
            "bound": self.bound,
        }


def drawn(around: Surroundings) -> dict[Crossed, list[Drawn]]:
    """Every flow of the bundle by what an instance tells of it; two between the same elements are told as one."""
    found: dict[Crossed, list[Drawn]] = {}
    for file, root in sorted(around.diagrams.items()):
        for scope in graph.scopes(root):
            inside = scope.element.get("id", "")
            for flow in scope.flows:
                ends = flow.get("sourceRef", ""), flow.get("targetRef", "")
                each = Drawn(file, inside, flow.get("id", ""), flow.get("name", ""), *ends)
                found.setdefault((inside, *ends), []).append(each)
    return found


def roots(around: Surroundings) -> list[str]:
    """The processes that no other one calls; each is walked with all that it calls."""
    called = set().union(*(around.called_by(process) for process in around.processes))
    return sorted(around.processes.keys() - called)


class Ground:
    """A bundle to walk on, read once. `files` are without errors of the lint."""

    def __init__(self, files: Files, deeds: int = DEEDS) -> None:
        self.files, self.deeds = files, deeds  # how much is done at most from each process
        self.around = surroundings.read(files)
        self.at = clock.now().astimezone(clock.SHANGHAI).replace(microsecond=0)
        self.given = Given(self.around, self.at)
        self.words: Words = vocabulary.words(regime.load(files["regime.toml"]), calendar.shipped())
        self.drawn = drawn(self.around)

    def walk(self, process: str) -> Walked:
        """Walk one process and what it calls, here and now."""
        return _Search(self, process).run()


class _Search:
    """All walks that begin with one process."""

    def __init__(self, ground: Ground, process: str) -> None:
        self.files, self.around, self.given, self.words = ground.files, ground.around, ground.given, ground.words
        self.at, self.process, self._deeds = ground.at, process, ground.deeds
        inside = {process, *self.around.called_by(process)}
        self.wanted = {
            crossed: each
            for crossed, each in ground.drawn.items()
            if each[0].file in {self.around.processes[name] for name in inside}
        }
        self.walked = Walked()
        self.by_force = False  # whether what is walked now lies behind a condition that does not hold
        self._tried: Counter[tuple[str, str]] = Counter()
        self._seen: set[str] = set()
        self._queue: list[tuple[int, int, Place, Deed]] = []
        self._count = itertools.count()
        self._first: dict[tuple[str, str], tuple[Place | None, Deed]] = {}  # through a gateway
        self._asked: tuple[str, ...] = ()  # the names of data whose values make a place another one
        self._told: Counter[tuple[str, str]] = Counter()
        self._until = time.process_time() + CPU_SECONDS

    def run(self) -> Walked:
        try:
            specs = bpmn.parse(self.files, self.process)
        except JiqunError as error:  # what the schema of BPMN forbids the lint does not see
            why = f"引擎读不了这个流程：{error.message}；请改正，或用编辑器重画这一处"
            self._trouble("crash", self.around.processes[self.process], self.process, why, ())
            return self.walked
        for data in self.given.starts(self.process):
            self._begin(specs, data)
        self._search(specs)
        self.by_force = True
        said: set[Crossed] = set()
        while left := [each for each in self._missing() if each[:2] in self._first and each not in said]:
            said.add(left[0])
            self._force(specs, left[0])
        self.walked.bound = self._over() and bool(self._missing())
        while self.given.unwritable:
            form, why = self.given.unwritable.popitem()
            told = f"示例答案填不了表单：{why}；请核对表单的规则"
            self.walked.troubles.append(Trouble("form", f"forms/{form}.json", "", told))
        return self.walked

    # ---- what is tried --------------------------------------------------------------------------

    def _search(self, specs: Specs) -> None:
        """Do what was done least, until all flows are walked and nothing new is left, or the bounds are reached.

        Then do it once more with every value of what the gateways ask whose flows are still to be walked.
        """
        self._round(specs)
        missing = -1
        while self._missing() and missing != len(self._missing()) and not self._over():
            missing = len(self._missing())
            self._asked = self._names_asked()
            self._tried.clear()
            self._queue = [(0, newest, place, deed) for _, newest, place, deed in self._queue]
            heapq.heapify(self._queue)
            self._round(specs)
        self._asked = ()

    def _round(self, specs: Specs) -> None:
        """Do everything that was not done at a like place yet."""
        while self._queue and not self._over():
            tried, newest, place, deed = heapq.heappop(self._queue)
            key = self._key(place, deed)
            if tried < self._tried[key]:
                heapq.heappush(self._queue, (self._tried[key], newest, place, deed))
            elif tried:
                heapq.heappush(self._queue, (tried, newest, place, deed))
                return
            else:
                self._tried[key] += 1
                self._go(specs, place, deed)

    def _key(self, place: Place, deed: Deed) -> tuple[str, str]:
        return deed.key, repr([place.knows.get(name) for name in self._asked])

    def _names_asked(self) -> tuple[str, ...]:
        """What is asked at the gateways that were come to and whose flows are not all walked."""
        found: set[str] = set()
        for crossed in self._missing():
            root = self.around.diagrams[self.wanted[crossed][0].file]
            for condition in root.iter(xml.tag("conditionExpression")):
                flow = condition.getparent()
                if flow is not None and flow.get("sourceRef") == crossed[1] and crossed[:2] in self._first:
                    found |= expressions.check(condition.text or "", words=vocabulary.WORDS)
        return tuple(sorted(found))

    def _begin(self, specs: Specs, data: Mapping[str, Any]) -> None:
        began = Deed("begun", self.process, "", dict(data))
        try:
            arrived = walking.begin(specs, self.words, self.given, data, self.at)
        except JiqunError as error:
            self._crashed(error, None, began)
        else:
            self._note(arrived, None, began)

    def _go(self, specs: Specs, place: Place, deed: Deed) -> None:
        self.walked.deeds += 1
        try:
            arrived = walking.go(specs, self.words, self.given, place, deed)
        except JiqunError as error:
            self._crashed(error, place, deed)
        else:
            self._note(arrived, place, deed)

    def _note(self, arrived: Arrived, before: Place | None, deed: Deed) -> None:
        """Keep what a deed crossed, and what can be done from there."""
        known = self.walked.forced if self.by_force else self.walked.flows
        for crossed in arrived.crossed:
            self._first.setdefault(crossed[:2], (before, deed))
            if crossed not in self.walked.flows:
                known.setdefault(crossed, arrived.place)
        if arrived.ended_at is not None:
            if not self.by_force and arrived.ended_at not in {end.element for end in self.walked.ends}:
                self.walked.ends.append(End(self.process, arrived.ended_at, _told(arrived.place)))
        elif not arrived.next:
            self._stuck(arrived)
        elif arrived.stands not in self._seen and arrived.place.depth < DEEP:
            self._seen.add(arrived.stands)
            for each in arrived.next:
                entry = self._tried[self._key(arrived.place, each)], -next(self._count), arrived.place, each
                heapq.heappush(self._queue, entry)

    # ---- by force -------------------------------------------------------------------------------

    def _force(self, specs: Specs, crossed: Crossed) -> None:
        """Go through the gateway before this flow once more, its condition said to hold, and on from there."""
        if self._over():
            return
        file, (before, deed) = self.wanted[crossed][0].file, self._first[crossed[:2]]
        forced = bpmn.parse({**self.files, file: _forced(file, self.files[file], crossed)}, self.process)
        if before is None:
            self._begin(forced, deed.given)
        else:
            self._go(forced, before, deed)
        self._search(specs)

    def _missing(self) -> list[Crossed]:
        return [each for each in self.wanted if each not in self.walked.flows and each not in self.walked.forced]

    def _over(self) -> bool:
        return self.walked.deeds >= self._deeds or time.process_time() > self._until

    # ---- what is wrong --------------------------------------------------------------------------

    def _stuck(self, arrived: Arrived) -> None:
        inner = [each for each in arrived.holds if not any(other.startswith(f"{each}/") for other in arrived.holds)]
        last = inner[0] if inner else arrived.place.deed.element
        element = last.rpartition("/")[2]
        why = "试走到此不再有人办理，也不等消息和时间，却没有办结；请检查汇合的各条来路是否都能走到"
        self._trouble("stuck", self._file_of(last), element, why, _told(arrived.place))

    def _crashed(self, error: JiqunError, before: Place | None, deed: Deed) -> None:
        where = str(error.facts.get("element") or deed.element)
        way = (*_told(before), deed.plain()) if before else (deed.plain(),)
        why = f"试走出错：{error.message}"
        self._trouble("crash", self._file_of(where, deed.element), where.rpartition("/")[2], why, way)

    def _trouble(
        self, kind: Literal["crash", "stuck"], file: str, element: str, why: str, way: tuple[Mapping[str, Any], ...]
    ) -> None:
        self._told[file, element] += 1
        known = {(each.file, each.element, each.why) for each in self.walked.troubles}
        if (file, element, why) not in known and self._told[file, element] <= _TOLD:
            self.walked.troubles.append(Trouble(kind, file, element, why, self.by_force, way))

    def _file_of(self, *places: str) -> str:
        """The diagram in which an element stands that was reached by these calls."""
        inside = [self.process, *sorted(self.around.called_by(self.process))]
        for place in places:
            element = place.rpartition("/")[2].partition("[")[0]
            for process in inside:
                file = self.around.processes[process]
                nodes = filter(xml.is_flow_node, self.around.diagrams[file].iter())
                if any(node.get("id") == element for node in nodes):
                    return file
        return self.around.processes[self.process]


def _forced(file: str, content: bytes, crossed: Crossed) -> bytes:
    """The diagram with this flow's condition said to hold, and those beside it said not to."""
    root = xml.read(file, content)
    for flow in root.iter(xml.tag("sequenceFlow")):
        if flow.get("sourceRef") == crossed[1]:
            for condition in flow.iter(xml.tag("conditionExpression")):
                condition.text = str(flow.get("targetRef") == crossed[2])
    return etree.tostring(root)


def _told(place: Place) -> tuple[Mapping[str, Any], ...]:
    return tuple(deed.plain() for deed in place.way())
