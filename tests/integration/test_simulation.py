"""A simulated round goes to its end through the engine's own functions, and comes out the same each time."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from engine import events, lint
from engine.db import Database
from engine.errors import Refused
from engine.models import Case, Cluster, Incident, Notice, Objection, Opinion, Round, Sample, Task
from tests.conftest import opened
from web import cli, simulated
from web.simulate import Run, simulate

SMALL = {"applications": 6, "experts": 3, "seed": 1}


def made(database: Database, folder: Path, **chosen: int) -> dict[str, Any]:
    with patch.object(lint, "problems", return_value=[]):
        return Run(database, folder, **(SMALL | chosen), tell=False).go()


def test_six_applications_with_three_experts_each_are_carried_to_the_end(database: Database, tmp_path: Path) -> None:
    told = made(database, tmp_path)
    with database.read() as session:
        assert session.scalars(select(Round.state)).all() == ["published"]
        assert session.scalars(select(Task.id).where(Task.state == "open")).all() == []
        assert session.scalars(select(Incident.id)).all() == []
        about = select(Case.outcome).where(Case.cluster_id.is_not(None))
        outcomes = session.scalars(about).all()
        reviewed = session.scalar(select(func.count(func.distinct(Opinion.case_id))))
        opinions = session.scalar(select(func.count()).select_from(Opinion))
        recognised = session.scalar(select(func.count()).where(Cluster.state == "recognised"))
        assert session.scalar(select(func.count()).select_from(Sample)) == 1
        assert session.scalar(select(func.count()).select_from(Objection)) >= 1
        assert set(session.scalars(select(Notice.kind))) == {"call", "publicity", "publication"}
        assert session.scalars(select(Objection.id).where(Objection.decided_at.is_(None))).all() == []
        assert events.verify(session) == []
    assert sum(told["outcomes"].values()) == len(outcomes) == 6
    assert "unfiled" not in outcomes
    assert "not_passed" in outcomes  # one fails at the first review
    assert outcomes.count("recognised") == recognised == told["recognised"] >= 1
    assert opinions == 3 * (reviewed or 0) > 0


def test_the_same_seed_gives_the_same_round_and_another_seed_another(tmp_path: Path, sqlite_template: Path) -> None:
    told = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "jiqun.sqlite").write_bytes(sqlite_template.read_bytes())
        with opened(f"sqlite:///{folder / 'jiqun.sqlite'}") as database:
            made(database, folder, seed=seed)
            told.append(_story(database))
    assert told[0] == told[1]
    assert told[0] != told[2]


def _story(database: Database) -> list[Any]:
    """Who did what in which order, with the scores and what became of each."""
    with database.read() as session:
        steps = select(Task.case_id, Task.element, Task.pass_number, Task.closed_by, Task.closed_at)
        scores = select(Opinion.case_id, Opinion.seat_id, Opinion.total).order_by(Opinion.case_id, Opinion.seat_id)
        outcomes = select(Case.id, Case.outcome).order_by(Case.id)
        return [
            [tuple(row) for row in session.execute(query)]
            for query in (steps.order_by(Task.closed_at, Task.case_id), scores, outcomes)
        ]


def test_the_command_prints_its_figures_and_refuses_a_database_in_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'given.sqlite'}"
    given = ["--applications", "2", "--experts", "1", "--into", url]
    with patch.object(lint, "problems", return_value=[]):
        done = CliRunner().invoke(simulate, given)
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["applications"] == 2
    assert {"tasks_a_second", "bytes_a_case", "peak_memory_megabytes", "seconds"} <= figures.keys()
    again = CliRunner().invoke(simulate, given)
    assert isinstance(again.exception, Refused)
    assert "simulate" in cli.COMMANDS


def test_a_form_without_an_answer_is_named(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "ANSWERS", {})
    with pytest.raises(KeyError, match="call_notice"):
        made(database, tmp_path)
