"""A fifth regime is one small file: the common diagrams carry its round to the end, by its own numbers."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import bundle, lint
from engine.db import Database
from engine.models import Cluster, Notice, Precheck, Task
from tests import chain, fifth, samples
from tests.clock import StandingClock
from tests.processes.test_chain import published


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifth.added(tmp_path, monkeypatch)


def test_the_check_finds_nothing_wrong_with_it_but_what_is_not_filled_in() -> None:
    found = lint.problems(bundle.shipped(fifth.NAME))
    assert {(finding.file, finding.rule, finding.severity) for finding in found} == {
        ("clauses.toml", "unfilled", "warning")
    }


def test_a_round_of_a_fifth_regime_runs_to_its_publication(sqlite_database: Database, clock: StandingClock) -> None:
    clock.move_to(samples.MOMENT.isoformat())
    at = chain.furnish(sqlite_database, clock, fifth.NAME)
    case_id = at.filed("region_county")
    assert at.standing(case_id) == [("region", "intake/acceptance")]
    assert _due(at, case_id) == date(2025, 4, 14), "two working days after Thursday the 10th"
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    published(at, case_id)
    assert (at.case(case_id).status, at.case(case_id).outcome) == ("ended", "recognised")
    assert at.case(at.round_case).outcome == "concluded"
    with sqlite_database.read() as session:
        checked = session.scalars(select(Precheck).where(Precheck.case_id == case_id)).first()
        assert checked is not None
        verdicts = {verdict["criterion"]: verdict["verdict"] for verdict in checked.verdicts}
        assert verdicts == {"area": "fail", "output": "fail"}, "86.40 km² of 50; 21.30 of 22"
        shown = session.scalars(select(Notice).where(Notice.kind == "publicity")).one()
        assert (shown.first_day, shown.last_day) == (date(2025, 7, 8), date(2025, 7, 11)), (
            "three, the first not counted"
        )
        cluster = session.get_one(Cluster, at.case(case_id).cluster_id)
        assert (cluster.regime, cluster.number, cluster.state) == (fifth.NAME, "云-2025-1", "recognised")
        assert (cluster.first_day, cluster.last_day) == (date(2025, 7, 30), date(2030, 7, 30)), "five years"


def _due(at: chain.Chain, case_id: int) -> date | None:
    with at.database.read() as session:
        task = session.scalars(select(Task).where(Task.case_id == case_id, Task.state == "open")).one()
        return task.due_at.date() if task.due_at else None
