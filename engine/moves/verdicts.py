"""Verdicts (迁移判定): whether a case may go on with another deployment, and why.

*Safe*: its record, lived again on the other diagrams, leads to the place where it stands, and every continuation that
was explored from there reaches an end. *Unsafe*: it does not, with the way that strands it. *Unknown*: the exploration
came to its bound, or the record does not tell enough.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from config.errors import JiqunError
from config.sentences import said
from engine import diagrams, exploring
from engine.bpmn import Workflow
from engine.deployments import Deployed
from engine.diagrams import Node
from engine.exploring import BOUND, Marking, Need, Outcome
from engine.instance.marking import places
from engine.models import Event
from engine.moves import reading
from engine.moves.replay import RecordGone, Replayed, Unreplayable, replay

Result: TypeAlias = Literal["safe", "unsafe", "unknown"]
SAFE: Final = "safe"
UNSAFE: Final = "unsafe"
UNKNOWN: Final = "unknown"

_EFFECTS = {"serviceTask", "intermediateThrowEvent", "sendTask"}
_TOLD = {"userTask", "callActivity", "subProcess", "intermediateCatchEvent", "receiveTask", "boundaryEvent"}


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one case."""

    result: Result
    why: str  # a sentence for the process owner
    # Elements of the new version, with the path of what was called: of an unsafe one the way that strands it, else the
    # way that it has come; and where it stands then.
    path: tuple[str, ...] = ()
    stands: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # the way that strands it, as its steps are called
    notes: tuple[str, ...] = ()  # what a move brings with it besides


@dataclass
class Target:
    """A deployment, or a bundle that is to become one, as cases are held against it. Made once for many of them."""

    deployed: Deployed
    bound: int = BOUND
    _explored: dict[tuple[str, Marking, int], Outcome] = field(default_factory=dict)

    def explored(self, process: str, marking: Marking, need: Need, known: frozenset[str]) -> Outcome:
        asked = frozenset().union(*need.values()) if need else frozenset[str]()
        key = process, marking, hash((known & asked, frozenset(need.items())))
        if key not in self._explored:
            found = exploring.nets(self.deployed.readable)
            self._explored[key] = exploring.search(found, process, marking, bound=self.bound, need=need, known=known)
        return self._explored[key]

    def called(self, process: str, here: str) -> str:
        """What the step at this path is called on the drawing; its id where it has no words."""
        node = self.node(process, here)
        return node.name if node else here.rpartition("/")[2]

    def kind(self, process: str, here: str) -> str:
        """BPMN's name of the step at this path; empty where there is none."""
        node = self.node(process, here)
        return node.kind if node else ""

    def node(self, process: str, here: str) -> Node | None:
        path, _, element = here.rpartition("/")
        diagram = diagrams.within(self.deployed.diagrams, process, f"{path}/" if path else "")
        return diagram.nodes.get(element) if diagram else None


@dataclass(frozen=True)
class Subject:
    """A case as it is now."""

    deployed: Deployed  # what it runs on
    process: str
    now: Workflow
    record: Sequence[Event]
    forms: Mapping[str, str]  # those that it was answered on, by the title of a step


@dataclass(frozen=True)
class Judged:
    """A verdict, and the case as it would stand, where it can be rebuilt."""

    verdict: Verdict
    workflow: Workflow | None = None


def judge(target: Target, subject: Subject) -> Judged:
    """May the case go on with `target`?"""
    process = subject.process
    try:
        lived = replay(target.deployed, process, subject.record)
    except RecordGone as gone:
        return Judged(Verdict(UNKNOWN, gone.message))
    except Unreplayable as error:
        return Judged(_left(target, process, error))
    except JiqunError as error:  # its diagrams cannot even be read
        return Judged(Verdict(UNSAFE, error.message))
    hindered = _unreadable(target, subject) or _elsewhere(target, subject, lived)
    return Judged(hindered) if hindered else _ahead(target, subject, lived)


def _unreadable(target: Target, subject: Subject) -> Verdict | None:
    """Whether something that was answered could no longer be shown."""
    for title, form in sorted(subject.forms.items()):
        if f"forms/{form}.json" not in target.deployed.files:
            why = said("新版本没有“%(step)s”所用的表单 %(form)s，已填的内容将无法查看", step=title, form=form)
            return Verdict(UNSAFE, why)
    return None


def _ahead(target: Target, subject: Subject, lived: Replayed) -> Judged:
    """The case stands where it stood: what may become of it from there?"""
    need = reading.changed(subject.deployed.readable, target.deployed.readable)
    outcome = target.explored(subject.process, lived.workflow.standing, need, frozenset(lived.workflow.variables()))
    if outcome.result == "stuck":
        return Judged(_stranded(target, subject.process, outcome))
    notes = _notes(target, subject.process, subject.now, lived)
    if outcome.result == "bound":
        why = said("此后的走法过多，查看了 %(seen)s 种情形仍未查完，不能断定都能办结", seen=outcome.seen)
        return Judged(Verdict(UNKNOWN, why, tuple(lived.passed), _standing(lived), (), notes), lived.workflow)
    why = said("按办理记录重演，停在同一处；此后的每一种走法都能办结")
    return Judged(Verdict(SAFE, why, tuple(lived.passed), _standing(lived), (), notes), lived.workflow)


def _left(target: Target, process: str, error: Unreplayable) -> Verdict:
    """The record leaves the diagrams: a step that was done is not there, or not then."""
    so_far = error.so_far
    if so_far is None:
        return Verdict(UNSAFE, said("按新版本，这个办件不能开始：%(why)s", why=error.message))
    stands = _standing(so_far)
    element = error.element
    title = target.called(process, element)
    there = "、".join(target.called(process, here) for here in stands) or said("已经办结")
    if not target.kind(process, element):
        why = said("已办的“%(step)s”在新版本中没有；按新版本，办件此时停在“%(there)s”", step=title, there=there)
    else:
        why = said(
            "办到“%(step)s”时与记录不符（%(error)s）；按新版本，办件此时停在“%(there)s”",
            step=title,
            error=error.message,
            there=there,
        )
    return Verdict(UNSAFE, why, tuple(so_far.passed), stands, _words(target, process, so_far.passed))


def _elsewhere(target: Target, subject: Subject, lived: Replayed) -> Verdict | None:
    """Whether the record leads to another place than the one where the case stands."""
    process, own = subject.process, Target(subject.deployed)  # what a step is called that the new version lacks
    was, would = _place(subject.now), _place(lived.workflow)
    if was == would:
        return None
    more, less = list((would - was).elements()), list((was - would).elements())
    stands = tuple(dict.fromkeys(more)) or _standing(lived)
    if more and not less:
        names = "、".join(target.called(process, here) for here in dict.fromkeys(more))
        why = said("按新版本，此时还应有“%(steps)s”在办，而这个办件没有到过那里", steps=names)
    elif less and not more:
        names = "、".join(own.called(process, here) for here in dict.fromkeys(less))
        why = said("办件现在停在“%(steps)s”，新版本此时没有这一环节", steps=names)
    else:
        why = said(
            "办件现在停在“%(was)s”，按新版本应停在“%(would)s”",
            was="、".join(own.called(process, here) for here in dict.fromkeys(less)),
            would="、".join(target.called(process, here) for here in dict.fromkeys(more)),
        )
    return Verdict(UNSAFE, why, tuple(lived.passed), stands, _words(target, process, lived.passed))


def _stranded(target: Target, process: str, outcome: Outcome) -> Verdict:
    there = "、".join(target.called(process, here) for here in outcome.stands)
    why = said("会停在“%(there)s”，再也不能办结", there=there)
    if outcome.why:
        why = said("会停在“%(there)s”，再也不能办结：%(why)s", there=there, why=outcome.why)
    return Verdict(UNSAFE, why, outcome.path, outcome.stands, _words(target, process, outcome.path))


def _notes(target: Target, process: str, now: Workflow, lived: Replayed) -> tuple[str, ...]:
    """What a move does not make up for, and what it adds."""
    notes = [
        said("“%(step)s”在新版本中位于已办的部分，迁移后不会补办", step=target.called(process, here))
        for here in dict.fromkeys(lived.skipped)
        if target.kind(process, here) in _EFFECTS
    ]
    was, will = now.timers(), lived.workflow.timers()
    for here in (here for here in will if here not in was):
        notes.append(said("新版本在此处增加了定时“%(timer)s”", timer=target.called(process, here)))
    for here in (here for here in was if here not in will):
        notes.append(said("新版本在此处没有定时“%(timer)s”，迁移后不再触发", timer=here.rpartition("/")[2]))
    return tuple(notes)


def _place(workflow: Workflow) -> Counter[str]:
    """Where people, messages and joins are waited for; several at a time each by themselves."""
    steps = [step.path + step.element for step in workflow.ready()]
    told = {_plain(step) for step in steps}
    others = [here for here, token in places(workflow.standing) if not token.inside and here not in told]
    return Counter([*steps, *others])


def _plain(path: str) -> str:
    """A path without the numbers of several at a time."""
    parts = [part.partition("[")[0] for part in path.split("/")]
    return "/".join(part for part in parts if part)


def _standing(lived: Replayed) -> tuple[str, ...]:
    return tuple(dict.fromkeys(here for here, token in places(lived.workflow.standing) if not token.inside))


def _words(target: Target, process: str, path: Sequence[str]) -> tuple[str, ...]:
    """A way as a person would tell it: its steps, without gateways and what the system does by itself."""
    told = [here for here in path if target.kind(process, here) in _TOLD | {"endEvent"}]
    return tuple(target.called(process, here) for here in told)
