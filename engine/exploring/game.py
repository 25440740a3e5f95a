"""The moves of the token game: what may become of a marking, one element at a time.

Whatever the engine does by itself is played first and to its end, as the engine does it; then people, messages and
timers have their turn, in every order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, groupby

from config.sentences import said
from engine.exploring.net import JOINS, RACE, RUNS, Need, Net, Place
from engine.instance.marking import ARRIVES, LOST, WAITS, Marking, Token, begun, marking, side_by_side

MAX_DEPTH = 10  # of calls and sub-processes, as engine.bpmn bounds it
MAX_WAYS = 6  # flows of an inclusive gateway of which every choice is tried; of more, each one and all

_RAISED = {"error", "escalation", "cancel"}


@dataclass(frozen=True)
class Turn:
    """What became of a marking."""

    marking: Marking
    passed: str  # the element that was passed, with its path; empty where one was only come to
    raised: tuple[str, str] | None = None  # an error, an escalation or a cancellation on its way out
    wrote: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Game:
    """The diagrams, and what is asked of a case's data on the way."""

    nets: Mapping[str, Net]
    need: Need
    several: int = (
        1  # how many there are where a step begins that is done by several: each is by itself, so one tells all
    )

    def turns(self, net: Net, now: Marking, known: frozenset[str], depth: int = 0) -> list[Turn]:
        """What may happen next; nothing where the marking is empty or nothing can move."""
        return self._own(net, now, known, depth) or list(self._given(net, now, known, depth))

    # ---- what the engine does by itself ----------------------------------------------------------

    def _own(self, net: Net, now: Marking, known: frozenset[str], depth: int) -> list[Turn]:
        for token in now:
            if token.inside and (inner := self._inside(net, now, token, known, depth, own=True)):
                return inner
        for token in now:
            if token.state == ARRIVES:
                return list(self._arrive(net, now, token, known, depth))
        return self._join(net, now)

    def _arrive(self, net: Net, now: Marking, token: Token, known: frozenset[str], depth: int) -> Iterator[Turn]:
        place, rest = net.places.get(token.at), _without(now, token)
        if place is None:
            yield _turn([*rest, _lost(token, said("图上没有环节 %(element)s", element=token.at))])
            return
        if missing := sorted(self._needed(net, place) - known):
            why = said("这里要用的 %(names)s，此前没有环节写入", names="、".join(missing))
            yield _turn([*rest, _lost(token, why)])
            return
        if place.kind in JOINS and len(place.sources) > 1:
            yield _turn([*rest, replace(token, state=WAITS)])
        elif place.kind in RUNS:
            yield _turn([*rest, self._run(token, place, depth)])
        elif place.waits:
            yield _turn([*rest, Token(place.id)])
        elif place.kind == "userTask" or place.several:
            yield _turn([*rest, Token(place.id, items=self.several if place.several else 0)])
        elif place.kind == "endEvent":
            yield self._end(rest, place)
        else:
            raised = (place.trigger, place.name_of_trigger) if place.trigger == "escalation" else None
            for turn in self._leave(rest, place):
                yield replace(turn, raised=raised)

    def _needed(self, net: Net, place: Place) -> frozenset[str]:
        """What has to be known when a token comes here: for its boundary events as well, which are set up with it."""
        return frozenset().union(*(self.need.get((net.id, each), frozenset()) for each in (place.id, *place.events)))

    def _run(self, token: Token, place: Place, depth: int) -> Token:
        called = self.nets.get(place.runs)
        if called is None or not called.start:
            return _lost(token, said("没有所调用的流程 %(process)s", process=place.runs))
        if depth >= MAX_DEPTH:
            return _lost(token, said("调用嵌套超过 %(most)s 层", most=MAX_DEPTH))
        return Token(place.id, inside=(begun(called.start),) * (self.several if place.several else 1))

    def _end(self, rest: list[Token], place: Place) -> Turn:
        if place.trigger == "terminate":
            return _turn([], place.id)
        raised = (place.trigger, place.name_of_trigger) if place.trigger in _RAISED else None
        return replace(_turn(rest, place.id), raised=raised)

    def _leave(self, rest: list[Token], place: Place) -> Iterator[Turn]:
        """A token goes on from here, by each of the ways that may be taken."""
        if not place.targets:
            yield _turn([*rest, Token(place.id, LOST, why=said("这里没有连线离开"))])
            return
        for taken in _ways(place):
            yield _turn([*rest, *(Token(target, ARRIVES, place.id) for target in taken)], place.id, place.writes)

    def _join(self, net: Net, now: Marking) -> list[Turn]:
        """Joins whose rule is met: one token of each flow is consumed."""
        waiting = [token for token in now if token.state == WAITS and net.places[token.at].kind in JOINS and token.by]
        for at, tokens in groupby(waiting, key=lambda token: token.at):
            place, arrived = net.places[at], {token.by: token for token in tokens}
            if place.kind == "parallelGateway" and arrived.keys() < place.sources:
                continue
            if place.kind == "inclusiveGateway" and self._more_to_come(net, now, place, set(arrived)):
                continue
            rest = list(now)
            for token in arrived.values():
                rest.remove(token)
            return list(self._leave(rest, place))
        return []

    def _more_to_come(self, net: Net, now: Marking, place: Place, arrived: set[str]) -> bool:
        """May another token still come to an inclusive join by a flow that none has come by? (BPMN 2.0, 13.4.3)"""
        others = [token for token in now if token.at != place.id and token.state != LOST]
        missing = place.sources - arrived
        for token in others:
            reached = _reach(net, token.at, place.id)
            if reached & missing and not reached & arrived:
                return True
        return False

    # ---- what people, messages and timers do -----------------------------------------------------

    def _given(self, net: Net, now: Marking, known: frozenset[str], depth: int) -> Iterator[Turn]:
        for token in dict.fromkeys(now):
            place = net.places.get(token.at)
            if token.state != WAITS or place is None or (place.kind in JOINS and token.by):
                continue
            rest = _without(now, token)
            if token.inside:
                yield from self._inside(net, now, token, known, depth, own=False)
            elif token.items > 1:
                yield _turn([*rest, replace(token, items=token.items - 1)], place.id)
                yield from self._leave(rest, place) if place.early else ()
            else:
                hears = [net.places[target] for target in place.targets] if place.kind == RACE else [place]
                for each in hears:
                    yield from self._leave(rest, each) if self._may_fire(each) else ()
            yield from self._events(net, rest, token, place)

    def _events(self, net: Net, rest: list[Token], token: Token, place: Place) -> Iterator[Turn]:
        """The boundary events of a step that waits."""
        for name in place.events:
            event = net.places[name]
            if event.trigger in _RAISED or name in token.fired or not self._may_fire(event):
                continue
            yield from self._caught(rest, token, event)

    def _caught(self, rest: list[Token], token: Token, event: Place) -> Iterator[Turn]:
        stays = [] if event.interrupts else [replace(token, fired=token.fired | {event.id})]
        yield from self._leave([*rest, *stays], event)

    def _may_fire(self, event: Place) -> bool:
        """Timers and messages always may; a signal where something sends it."""
        if event.trigger != "signal":
            return True
        return any(event.name_of_trigger in net.throws for net in self.nets.values())

    # ---- what runs within a token ----------------------------------------------------------------

    def _inside(
        self, net: Net, now: Marking, token: Token, known: frozenset[str], depth: int, *, own: bool
    ) -> list[Turn]:
        """The moves of what a token runs, and what comes of them out here."""
        place, rest = net.places[token.at], _without(now, token)
        called = self.nets.get(place.runs)
        found: list[Turn] = []
        if called is None:
            return found
        for number, inner in enumerate(token.inside):
            if number and inner == token.inside[number - 1]:
                continue  # of several that stand alike, one is as good as the other
            play = self._own if own else self.turns
            others = replace(token, inside=token.inside[:number] + token.inside[number + 1 :])
            for turn in play(called, inner, known, depth + 1):
                found += self._outside(net, rest, others, turn)
            if own and found:
                return found
        return found

    def _outside(self, net: Net, rest: list[Token], token: Token, turn: Turn) -> Iterator[Turn]:
        """One of those that a token runs has had its turn; `token` has the others in it."""
        place = net.places[token.at]
        passed = f"{place.id}/{turn.passed}" if turn.passed else ""
        catcher = _catcher(net, place, turn.raised, token.fired) if turn.raised else None
        if catcher is not None and catcher.interrupts:
            for left in self._leave(rest, catcher):
                yield Turn(left.marking, passed, None, turn.wrote)
            return
        if turn.raised and turn.raised[0] == "cancel":
            yield Turn(marking([*rest, _lost(token, said("取消事件没有环节接收"))]), passed)
            return
        for after in self._after(rest, token, place, turn):
            if catcher is None:  # an error that nobody catches only ends the branch that raised it
                yield replace(after, passed=passed, raised=turn.raised)
                continue
            for left in self._leave(_fired(after.marking, token, catcher), catcher):
                yield Turn(left.marking, passed, None, after.wrote)

    def _after(self, rest: list[Token], token: Token, place: Place, turn: Turn) -> Iterator[Turn]:
        """What a token runs has come to the turn's marking: it runs on, or is over."""
        going = _going(token, turn.marking)
        if going:
            yield Turn(marking([*rest, *going]), turn.passed, None, turn.wrote)
        if not going or (place.early and not turn.marking):
            for left in self._leave(rest, place):
                yield replace(left, wrote=left.wrote | turn.wrote)


def _fired(now: Marking, token: Token, event: Place) -> list[Token]:
    """The tokens, with it noted that this event has fired on the one that goes on running."""
    tokens = list(now)
    for number, each in enumerate(tokens):
        if each.at == token.at and each.inside and each.fired == token.fired:
            tokens[number] = replace(each, fired=each.fired | {event.id})
            break
    return tokens


def _going(token: Token, inner: Marking) -> list[Token]:
    """What a token still runs, beside the others in it, after one of them has come to `inner`."""
    left = side_by_side([*token.inside, *([inner] if inner else [])])
    return [replace(token, inside=left)] if left else []


def _catcher(net: Net, place: Place, raised: tuple[str, str], fired: frozenset[str]) -> Place | None:
    kind, code = raised
    for name in place.events:
        event = net.places[name]
        if event.trigger == kind and event.name_of_trigger in {"", code} and name not in fired:
            return event
    return None


def _ways(place: Place) -> Iterator[tuple[str, ...]]:
    """The targets that may be taken together when a token leaves."""
    if place.kind in {"exclusiveGateway", RACE}:
        for target in dict.fromkeys(place.targets):
            yield (target,)
    elif place.kind == "inclusiveGateway" and len(place.targets) > 1:
        chosen = [target for target in place.targets if target != place.default]
        sizes = range(1, len(chosen) + 1) if len(chosen) <= MAX_WAYS else (1, len(chosen))
        for size in sizes:
            yield from combinations(chosen, size)
        if place.default:
            yield (place.default,)
    else:
        yield place.targets


def _reach(net: Net, begin: str, goal: str) -> set[str]:
    """The elements from which a token that is at `begin` may enter `goal`, not passing through it before."""
    found: set[str] = set()
    seen, queue = {goal}, [begin]
    while queue:
        place = net.places.get(queue.pop())
        if place is None or place.id in seen:
            continue
        seen.add(place.id)
        if goal in place.targets:
            found.add(place.id)
        queue += [*place.targets, *place.events]
    return found


def _turn(tokens: list[Token], passed: str = "", wrote: frozenset[str] = frozenset()) -> Turn:
    return Turn(marking(tokens), passed, None, wrote)


def _without(now: Marking, token: Token) -> list[Token]:
    rest = list(now)
    rest.remove(token)
    return rest


def _lost(token: Token, why: str) -> Token:
    return Token(token.at, LOST, why=why)
