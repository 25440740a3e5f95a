"""Two officers recommend the last one their office may at the same moment: one goes, the other is told."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.errors import Refused
from engine.models import Case, Recommendation
from tests import chain, samples
from tests.chain import Chain
from tests.clock import StandingClock, standing_at
from tests.faults import invariants
from tests.faults.test_race import together


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


@pytest.fixture
def national(database: Database, clock: StandingClock) -> Chain:
    return chain.furnish(database, clock, "national")


def test_of_two_that_recommend_the_last_one_at_once_one_goes(national: Chain) -> None:
    waiting = []
    for who in ("county1", "county2", "county3"):
        case_id = national.filed(who)
        national.answer(case_id, "acceptance")
        waiting.append(national.open_task(case_id, "recommend"))
    ended = together(
        *(
            partial(national.complete, who, task, national.usual(task))
            for who, task in zip(("city", "city_2", "city"), waiting, strict=True)
        )
    )
    assert Counter(type(each) for each in ended) == {Case: 2, Refused: 1}, ended
    with national.database.read() as session:
        kept = session.scalars(select(Recommendation.organisation_code)).all()
    assert kept == [chain.CITY] * 2
    assert invariants.violations(national.database.url) == []
