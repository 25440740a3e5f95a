"""Small processes grown and changed at random: a case that may move reaches an end, whatever happens after."""

from collections import Counter
from random import Random

import pytest

from engine.deployments import Deployed
from engine.moves import moving
from engine.moves.verdicts import SAFE, Subject, Target, judge
from tests import bundles, grown

SEEDS = range(70)
MOST = 400  # steps to an end; a loop is left two times of three


def deployed(content: dict[str, bytes]) -> Deployed:
    return Deployed(0, {**content, "regime.toml": bundles.REGIME.encode()})


@pytest.mark.usefixtures("clock")
def test_whoever_may_move_reaches_an_end() -> None:
    verdicts: Counter[str] = Counter()
    for seed in SEEDS:
        verdicts[judged(seed)] += 1
    assert min(verdicts[SAFE], verdicts["unsafe"]) > len(SEEDS) // 10, verdicts


def judged(seed: int) -> str:
    """The verdict on one case; a safe one is moved and walked to its end."""
    random = Random(seed)
    drawn = grown.grown(seed)
    changed = next(each for _ in range(50) if (each := grown.changed(drawn, random)))
    walk = grown.Walk(grown.files(drawn), random)
    for _ in range(random.randrange(4)):
        walk.step()
    if walk.workflow.ended:
        return "ended"
    target = Target(deployed(grown.files(changed)))
    subject = Subject(deployed(grown.files(drawn)), grown.PROCESS, walk.workflow, walk.record, {})
    found = judge(target, subject)
    if found.verdict.result == SAFE:
        assert found.workflow is not None
        before = sorted(step.path + step.element for step in walk.workflow.ready())
        ids, timers = {step.id for step in walk.workflow.ready()}, walk.workflow.timers()
        moved = moving.taken_over(found.workflow, walk.workflow, target.deployed, grown.PROCESS)
        assert sorted(step.path + step.element for step in moved.ready()) == before, seed
        assert {step.id for step in moved.ready()} == ids, seed
        assert {here: moved.timers()[here] for here in timers if here in moved.timers()} == {
            here: moments for here, moments in timers.items() if here in moved.timers()
        }, seed
        after = grown.Walk(grown.files(changed), random, moved)
        for _ in range(MOST):
            if not after.step():
                break
        assert after.workflow.ended, (seed, found.verdict)
    return found.verdict.result
