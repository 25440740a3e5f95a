"""Small processes grown at random, sound ones and spoilt ones, and the engine walked through them at random.

Every user task writes `pick`, a number that the gateways behind it read: so a walk comes by every way.
"""

from dataclasses import dataclass, field
from random import Random

from engine import bpmn, clock, xml
from engine.lint.graph import scopes
from engine.models import Event
from engine.moves.replay import PAST
from tests.diagrams import Diagram, for_each

PROCESS = "grown"
PICKS = 3  # what a person may answer: 0, 1, 2
START = {"pick": 0, "several": [1, 2], "closes_at": "2030-01-01T00:00:00+08:00"}
LATER = '"2031-01-01T00:00:00+08:00"'


@dataclass
class Grower:
    """Grows one process, block by block."""

    random: Random
    shapes: tuple[str, ...]
    drawn: Diagram = field(default_factory=lambda: Diagram(PROCESS).start().end())
    called: list[Diagram] = field(default_factory=list)
    number: int = 0

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def grow(self, before: str, after: str, size: int) -> None:
        """Blocks in a row between two elements."""
        for _ in range(self.random.randint(1, size)):
            before = self.block(before, size - 1)
        self.drawn.flow(before, after)

    def block(self, before: str, size: int) -> str:
        shape = self.random.choice(self.shapes if size > 0 else ("user",))
        return str(getattr(self, shape)(before, size))

    def user(self, before: str, _size: int) -> str:
        own = self.name("do")
        self.drawn.user(own, variables="pick").flow(before, own)
        return own

    def timed(self, before: str, size: int) -> str:
        """A step with a time limit."""
        return self._limited(self.user(before, size), size)

    def _limited(self, own: str, size: int) -> str:
        """A time limit which ends a step and leads around what follows, or only reminds."""
        late, on = self.name("late"), self.name("on")
        ends = self.random.random() < 0.6
        self.drawn.boundary(late, own, LATER, interrupting=ends).exclusive(on)
        self.drawn.flow(own, on)
        if ends:
            self.grow(late, on, size)
        else:
            note, told = self.name("note"), self.name("told")
            self.drawn.user(note, variables="pick").end(told).path(late, note, told)
        return on

    def wait(self, before: str, _size: int) -> str:
        own = self.name("wait")
        self.drawn.wait(own, LATER).flow(before, own)
        return own

    def either(self, before: str, size: int) -> str:
        return self._split(before, size, "exclusive", 2)

    def both(self, before: str, size: int) -> str:
        return self._split(before, size, "parallel", 2)

    def some(self, before: str, size: int) -> str:
        return self._split(before, size, "inclusive", 2)

    def again(self, before: str, size: int) -> str:
        """A way back."""
        first, last = self.name("from"), self.name("to")
        self.drawn.exclusive(first).exclusive(last).flow(before, first)
        inner = self.user(first, size)
        self.grow(inner, last, size)
        self.drawn.flow(last, first, condition="pick == 1")
        out = self.name("out")
        self.drawn.exclusive(out).flow(last, out, default=True)
        return out

    def call(self, before: str, size: int) -> str:
        return self._calls(before, size, several=False)

    def several(self, before: str, size: int) -> str:
        """As many at a time as there are, with a time limit on all of them now and then."""
        own = self._calls(before, size, several=True) if self.random.random() < 0.5 else self.name("each")
        if own.startswith("each"):
            self.drawn.user(own, inner=for_each("several", f"one_{own}")).flow(before, own)
        return self._limited(own, size) if self.random.random() < 0.5 else own

    def race(self, before: str, _size: int) -> str:
        """Whatever comes first."""
        gate, waits, hears, on = (self.name(kind) for kind in ("race", "wait", "hear", "on"))
        self.drawn.event_gateway(gate).wait(waits, LATER).catch(hears, f"news_{hears}", f"heard_{hears}").exclusive(on)
        self.drawn.flow(before, gate).path(gate, waits, on).path(gate, hears, on)
        return on

    def _calls(self, before: str, size: int, *, several: bool) -> str:
        own, process = self.name("call"), self.name("called")
        inner = Grower(self.random, self.shapes, Diagram(process).start(f"begin_{process}").end(f"end_{process}"))
        inner.number = 100 * self.number
        inner.grow(f"begin_{process}", f"end_{process}", size)
        self.called += [inner.drawn, *inner.called]
        self.drawn.call(own, process, inner=for_each("several", f"one_{own}") if several else "").flow(before, own)
        return own

    def _split(self, before: str, size: int, kind: str, ways: int) -> str:
        fork, join = self.name("fork"), self.name("join")
        getattr(getattr(self.drawn, kind)(fork), kind)(join).flow(before, fork)
        for way in range(ways):
            entry = self.name("way")
            last = way == ways - 1
            condition = None if kind == "parallel" or last else "pick == 1" if kind == "exclusive" else "pick > 0"
            self.drawn.user(entry, variables="pick")
            self.drawn.flow(fork, entry, condition, default=last and kind != "parallel")
            self.grow(entry, join, size - 1 if size > 1 else 1)
        return join


ALL = ("user", "timed", "wait", "either", "both", "some", "again", "call", "several", "race")


def grown(seed: int, size: int = 2, shapes: tuple[str, ...] = ALL) -> dict[str, Diagram]:
    """A sound process with what it calls, by process."""
    grower = Grower(Random(seed), shapes)
    grower.grow("filed", "done", size)
    return {each.process: each for each in (grower.drawn, *grower.called)}


def files(diagrams: dict[str, Diagram]) -> dict[str, bytes]:
    return {f"{name}.bpmn": diagram.text() for name, diagram in diagrams.items()}


def spoilt(diagrams: dict[str, Diagram], random: Random) -> dict[str, Diagram] | None:
    """One gateway is of another kind, or one flow leads elsewhere; None where the engine would not even begin it."""
    changed = {name: diagram.copy() for name, diagram in diagrams.items()}
    one = changed[random.choice(sorted(changed))]
    gates = [node for node in one.nodes if node.tag.endswith("Gateway") and node.tag != "eventBasedGateway"]
    if gates and random.random() < 0.7:
        gate = random.choice(gates)
        gate.tag = random.choice(["exclusiveGateway", "parallelGateway", "inclusiveGateway"])
        leaving = [flow for flow in one.flows if flow.source == gate.id]
        for number, flow in enumerate(leaving):
            last = number == len(leaving) - 1
            flow.default = last and gate.tag != "parallelGateway"
            flow.condition = None if last or gate.tag == "parallelGateway" else "pick == 1"
    else:
        hosts = {node.attributes.get("attachedToRef") for node in one.nodes}
        flow = random.choice(one.flows)
        goals = [
            node.id for node in one.nodes if node.tag not in {"startEvent", "boundaryEvent", "intermediateCatchEvent"}
        ]
        flow.target = random.choice([goal for goal in goals if goal not in hosts])
    ids = [flow.id for each in changed.values() for flow in each.flows]
    return changed if len(ids) == len(set(ids)) and _begins(files(changed)) else None


def changed(diagrams: dict[str, Diagram], random: Random) -> dict[str, Diagram] | None:
    """Another version as an owner might draw it, well or badly; None where the engine would not even begin it."""
    how = random.choice([_inserted, _removed, _widened, _renamed, spoilt])
    if how is spoilt:
        return spoilt(diagrams, random)
    found = {name: diagram.copy() for name, diagram in diagrams.items()}
    how(found[random.choice(sorted(found))], random)
    ids = [flow.id for each in found.values() for flow in each.flows]
    return found if len(ids) == len(set(ids)) and _begins(files(found)) else None


def _inserted(drawn: Diagram, random: Random) -> None:
    """One more step on a flow, of a person or of the system."""
    flow = random.choice([flow for flow in drawn.flows if not flow.target.startswith(("wait", "hear"))])
    drawn.user("inserted", variables="pick")
    drawn.flow("inserted", flow.target)
    flow.target = "inserted"


def _removed(drawn: Diagram, random: Random) -> None:
    """One step less, with what hangs on it left alone."""
    hosts = {node.attributes.get("attachedToRef") for node in drawn.nodes}
    steps = [node for node in drawn.nodes if node.tag == "userTask" and node.id not in hosts]
    if not steps:
        return
    step = random.choice(steps)
    target = next(flow.target for flow in drawn.flows if flow.source == step.id)
    drawn.flows = [flow for flow in drawn.flows if flow.source != step.id]
    for flow in drawn.flows:
        flow.target = target if flow.target == step.id else flow.target
    drawn.nodes.remove(step)
    for members in drawn.lanes.values():
        members[:] = [member for member in members if member != step.id]


def _widened(drawn: Diagram, random: Random) -> None:
    """One more branch between a fork and a join."""
    gates = [node.id for node in drawn.nodes if node.tag == "parallelGateway"]
    forks = [gate for gate in gates if sum(flow.source == gate for flow in drawn.flows) > 1]
    if forks:
        fork = random.choice(forks)
        join = f"join{int(fork.removeprefix('fork')) + 1}"
        drawn.user("added", variables="pick").path(fork, "added", join)


def _renamed(drawn: Diagram, random: Random) -> None:
    """Another name, and another way of a gateway that is the default."""
    random.choice(drawn.nodes).attributes["name"] = "改名"


def _begins(content: dict[str, bytes]) -> bool:
    for name, text in content.items():
        for scope in scopes(xml.read(name, text)):
            if scope.definite_cycle() or scope.busy_cycle() or set(scope.nodes) - scope.reachable():
                return False
            if any(not scope.outgoing[node] for node in scope.nodes if scope.kind(node) != "endEvent"):
                return False
    return True


class Walk:
    """One instance in the engine, moved at random."""

    def __init__(self, content: dict[str, bytes], random: Random, workflow: bpmn.Workflow | None = None) -> None:
        self.random = random
        self.specs = bpmn.parse(content, PROCESS)
        self.workflow = workflow or bpmn.Workflow.start(self.specs, START, {})
        self.record: list[Event] = []
        self.keep("case.opened", start=START)

    def keep(self, kind: str, element: str | None = None, **payload: object) -> None:
        """Recorded and stored as a command does; now and then loaded again, else the live one goes on."""
        told = {**payload, "passed": list(self.workflow.journal.passed)}
        self.record.append(Event(seq=len(self.record), at=clock.now(), kind=kind, element=element, payload=told))
        state = self.workflow.dump()
        if self.random.random() < 0.5:
            self.workflow = bpmn.Workflow.load(self.specs, state, bpmn.STATE_FORMAT, {})

    def step(self) -> str:
        """Something happens; answers at which element, with its path, or nothing where nothing can."""
        chances = [("done", step.path + step.element, step.id) for step in self.workflow.ready()]
        chances += [("heard", name, name) for name in sorted(self.workflow.awaits)]
        chances += [("fired", here, here) for here in sorted(self.workflow.timers())]
        if not chances:
            return ""
        kind, here, about = self.random.choice(chances)
        if kind == "done":
            variables = {"pick": self.random.randrange(PICKS)}
            self.workflow.complete(about, variables)
            self.keep("task.closed", here, variables=variables)
        elif kind == "heard":
            self.workflow.deliver(about, "news")
            self.keep("message.received", name=about, payload="news")
        else:
            self.workflow.set_timers({about: [PAST]})
            self.workflow.wake()
            self.keep("timer.fired", due=PAST)
        return here
