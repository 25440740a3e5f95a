"""Every continuation of a marking, breadth first and bounded: which of them can no longer reach an end?"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from config.sentences import said
from engine.bundle import Files
from engine.errors import NotFound
from engine.exploring.game import Game
from engine.exploring.net import Need, Net, nets
from engine.instance.marking import LOST, Marking, begun, places, size

BOUND = 20_000  # markings that are looked at
MOST_TOKENS = 200  # in one marking: more come only of a loop that forks without joining

_Seen: TypeAlias = tuple[Marking, frozenset[str]]  # where it stands, and which of the names asked for are known


@dataclass(frozen=True)
class Outcome:
    """What became of all continuations, as far as they were explored."""

    result: Literal["ends", "stuck", "bound"]
    path: tuple[str, ...] = ()  # of a stuck one: the elements on the shortest way there, called ones with their path
    stands: tuple[str, ...] = ()  # and where it stands then
    why: str = ""  # in words, where one reason can be told
    seen: int = field(default=0, compare=False)  # markings that were looked at


def explore(files: Files, process: str, marking: Marking | None = None, bound: int = BOUND) -> Outcome:
    """Does every continuation of `process` reach an end: from its start, or from where a case stands?

    An end must stay within reach whatever happens: one that runs in circles for ever is stuck as well.
    Raises NotFound for a process that the files lack, XmlRefused for diagrams that cannot be read.
    """
    return search(nets(files), process, marking, bound=bound)


def search(
    found: Mapping[str, Net],
    process: str,
    marking: Marking | None = None,
    *,
    bound: int = BOUND,
    need: Need | None = None,
    known: frozenset[str] = frozenset(),
) -> Outcome:
    """As `explore`, over nets that were read; `need` says which names must be `known`, or written on the way."""
    net = found.get(process)
    if net is None or not net.start:
        raise NotFound(said("部署中没有流程 %(process)s", process=process), process=process)
    needed: frozenset[str] = frozenset().union(*(need or {}).values())
    first: _Seen = (begun(net.start) if marking is None else marking, known & needed)
    game = Game(found, need or {})
    ways: dict[_Seen, list[tuple[_Seen, str]]] = {}  # what was looked at, and what follows
    came: dict[_Seen, tuple[_Seen, str] | None] = {first: None}
    queue, cut = deque([first]), False
    while queue:
        at = queue.popleft()
        if len(ways) >= bound or size(at[0]) > MOST_TOKENS:
            cut = True
            continue
        ways[at] = []
        for turn in game.turns(net, at[0], at[1]):
            # An error that nobody catches ends the branch that raised it, as the engine has it.
            after = (turn.marking, at[1] | (turn.wrote & needed))
            ways[at].append((after, turn.passed))
            if after not in came:
                came[after] = (at, turn.passed)
                queue.append(after)
    stranded = _stranded(ways, came)
    if stranded is None:
        return Outcome("bound" if cut else "ends", seen=len(ways))
    return _told(stranded, came, len(ways))


def _stranded(ways: Mapping[_Seen, list[tuple[_Seen, str]]], came: Mapping[_Seen, object]) -> _Seen | None:
    """The first marking, in the order they were found, from which no end can be reached any more.

    One where nothing at all can happen says best what is wrong; else it is where a circle without a way out begins.
    What was found and not looked at counts as if it could reach an end: only what is certain is told.
    """
    before: dict[_Seen, list[_Seen]] = {}
    for at, following in ways.items():
        for after, _ in following:
            before.setdefault(after, []).append(at)
    good = {at for at in came if at not in ways or not at[0]}
    queue = list(good)
    while queue:
        for at in before.get(queue.pop(), ()):
            if at not in good:
                good.add(at)
                queue.append(at)
    stranded = [at for at in came if at not in good]
    return next((at for at in stranded if not ways[at]), stranded[0] if stranded else None)


def _told(stranded: _Seen, came: Mapping[_Seen, tuple[_Seen, str] | None], seen: int) -> Outcome:
    path: list[str] = []
    at: _Seen | None = stranded
    while at is not None:
        step = came[at]
        at = None
        if step is not None:
            at, passed = step
            path += [passed] if passed else []
    standing = list(places(stranded[0]))
    why = next((token.why for _, token in standing if token.state == LOST), "")
    deepest = [here for here, token in standing if not token.inside]
    return Outcome("stuck", tuple(reversed(path)), tuple(dict.fromkeys(deepest)), why, seen)
