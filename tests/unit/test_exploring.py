"""The token game: what it says of a diagram is what the engine does with it."""

from random import Random

import pytest

from engine import bundle, exploring
from engine.errors import NotFound
from engine.exploring import Marking, Token
from engine.exploring.game import Game
from tests import grown
from tests.diagrams import Diagram, for_each

SEEDS = range(60)


def resting(game: Game, net: exploring.Net, now: Marking) -> set[Marking]:
    """Where the engine may come to rest from here by itself."""
    found, queue, seen = set[Marking](), [now], {now}
    while queue:
        at = queue.pop()
        turns = game._own(net, at, frozenset(), 0)
        if not turns:
            found.add(at)
        for turn in turns:
            if turn.marking not in seen:
                seen.add(turn.marking)
                queue.append(turn.marking)
    return found


def told(*diagrams: Diagram, marking: Marking | None = None, bound: int = exploring.BOUND) -> exploring.Outcome:
    files = {f"{each.process}.bpmn": each.text() for each in diagrams}
    return exploring.explore(files, diagrams[0].process, marking, bound)


def forked(join: str = "parallelGateway") -> Diagram:
    """Either of two steps, and then a join."""
    drawn = Diagram("forked").start().exclusive("which").user("left").user("right").node(join, "meet").end()
    return drawn.path("filed", "which", "left", "meet", "done").path("which", "right", "meet")


@pytest.mark.parametrize("regime", bundle.regimes())
def test_every_process_that_ships_reaches_its_end(regime: str) -> None:
    files = bundle.shipped(regime)
    for process in bundle.processes_of(files):
        assert exploring.explore(files, process).result == "ends", process


def test_a_join_behind_a_choice_strands_and_the_shortest_way_there_is_told() -> None:
    outcome = told(forked())
    assert (outcome.result, outcome.stands) == ("stuck", ("meet",))
    assert outcome.path in {("filed", "which", "left"), ("filed", "which", "right")}
    assert told(forked("exclusiveGateway")).result == "ends"
    assert told(forked("inclusiveGateway")).result == "ends"


def test_from_where_a_case_stands_only_what_lies_ahead_counts() -> None:
    """A step is behind it: the loop without a way out that follows only on the other way is none of its concern."""
    drawn = Diagram("ahead").start().exclusive("which").user("left").user("right").exclusive("circle").end()
    drawn.path("filed", "which", "left", "done").path("which", "right", "circle", "right")
    assert told(drawn).path == ("filed", "which")
    assert told(drawn).stands == ("right",)
    assert told(drawn, marking=(Token("left"),)).result == "ends"
    assert told(drawn, marking=(Token("right"),)).result == "stuck"


def test_a_called_process_that_strands_is_told_with_its_path() -> None:
    caller = Diagram("caller").start("asked").call("review", "forked").end("answered")
    caller.path("asked", "review", "answered")
    assert told(caller, forked()).stands == ("review/meet",)
    limited = caller.copy().boundary("late", "review", grown.LATER).path("late", "answered")
    assert told(limited, forked()).result == "ends"  # the time limit ends it, whatever became of it
    reminded = caller.copy().boundary("late", "review", grown.LATER, interrupting=False).end("noted")
    assert told(reminded.path("late", "noted"), forked()).result == "stuck"
    assert "nowhere" in told(Diagram("lonely").start().call("gone", "nowhere").end().path("filed", "gone", "done")).why


def test_of_several_at_a_time_each_has_to_end() -> None:
    several = Diagram("several").start("asked").call("each", "forked", inner=for_each("cases", "one")).end("answered")
    several.path("asked", "each", "answered")
    assert told(several, forked()).result == "stuck"
    assert told(several, forked("exclusiveGateway")).result == "ends"
    half = (Token("each", inside=((Token("left"),), (Token("right"),))),)
    assert told(several, forked("exclusiveGateway"), marking=half).result == "ends"


def test_an_error_leads_on_where_somebody_waits_for_it() -> None:
    error = "<bpmn:errorEventDefinition/>"
    failing = Diagram("failing").start("begun").user("try").end("failed", inner=error)
    failing.path("begun", "try", "failed")
    caller = Diagram("caller").start("asked").call("run", "failing").parallel("meet").end("answered").user("mend")
    caller.node("boundaryEvent", "caught", inner=error, attachedToRef="run")
    caller.path("asked", "run", "meet", "answered").path("caught", "mend", "meet")
    assert told(caller, failing).path == ("asked", "run/begun", "run/try", "run/failed", "mend")


def test_a_signal_that_nobody_sends_is_waited_for_in_vain() -> None:
    drawn = (
        Diagram("waiting").start().node("intermediateCatchEvent", "hear", inner="<bpmn:signalEventDefinition/>").end()
    )
    assert told(drawn.path("filed", "hear", "done")).stands == ("hear",)


def test_a_loop_that_forks_without_joining_is_given_up_at_the_bound() -> None:
    drawn = (
        Diagram("endless").start().exclusive("back").user("ask").exclusive("more").parallel("fork").user("else").end()
    )
    drawn.path("filed", "back", "ask", "more", "fork", "back").path("fork", "else", "back").path("more", "done")
    assert told(drawn, bound=500).result == "bound"
    with pytest.raises(NotFound):
        exploring.explore({}, "nothing")


def test_a_name_that_nobody_wrote_strands_the_step_that_reads_it() -> None:
    drawn = Diagram("reading").start().user("ask", variables="size").exclusive("which").end().end("other")
    drawn.path("filed", "ask", "which", "done").path("which", "other")
    found, need = exploring.nets({"reading.bpmn": drawn.text()}), {("reading", "which"): frozenset({"size"})}
    behind = (Token("which", "arrives"),)
    assert exploring.search(found, "reading", need=need).result == "ends"  # it is written on the way
    assert exploring.search(found, "reading", behind, need=need, known=frozenset({"size"})).result == "ends"
    assert "size" in exploring.search(found, "reading", behind, need=need).why


@pytest.mark.usefixtures("clock")
def test_the_engine_comes_nowhere_that_the_game_does_not() -> None:
    """Processes grown at random, half of them spoilt, walked at random in the engine, beside the game."""
    ends = stuck = 0
    for seed in SEEDS:
        random = Random(seed)
        drawn = grown.grown(seed)
        if seed % 2:
            drawn = next(each for _ in range(50) if (each := grown.spoilt(drawn, random)))
        content = grown.files(drawn)
        outcome = exploring.explore(content, grown.PROCESS)
        ends, stuck = ends + (outcome.result == "ends"), stuck + (outcome.result == "stuck")
        found = exploring.nets(content)
        net, game = found[grown.PROCESS], Game(found, {}, several=2)
        walk = grown.Walk(content, random)
        here = resting(game, net, exploring.begun(net.start))
        for number in range(25):
            assert walk.workflow.standing in here, (seed, number, outcome)
            if not walk.step():
                assert walk.workflow.ended == (walk.workflow.standing == ()), seed
                assert walk.workflow.ended or outcome.result == "stuck", (seed, walk.workflow.standing, outcome)
                break
            here = {
                after
                for at in here
                for turn in game.turns(net, at, frozenset())
                for after in resting(game, net, turn.marking)
            }
        if not seed % 2:
            assert outcome.result == "ends", (seed, outcome)
    assert ends > 40
    assert stuck > 5
