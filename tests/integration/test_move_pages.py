"""Running cases in the workshop, on the command line and through the API: verdicts, moving, taking it back."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from config.settings import Settings
from engine.db import Database
from tests import movable
from tests.clock import StandingClock
from tests.diagrams import Diagram
from tests.integration import reader
from tests.movable import Bureau
from web import cli
from web.app import create_app

PAGE = "/workshop/somewhere/cases"


def line(*steps: str) -> Diagram:
    drawn = Diagram().start().end()
    for step in steps:
        drawn.user(step, f"办理{step}")
    return drawn.path("filed", *steps, "done")


@pytest.fixture
def bureau(sqlite_database: Database, clock: StandingClock) -> Bureau:
    """Three cases on the first version: two at their first step, one beyond it. The second has a step between."""
    found = movable.furnish(sqlite_database)
    first = found.deploy(line("a", "b"))
    for _ in range(3):
        found.open(first)
    found.do(3, "a")
    found.deploy(line("a", "x", "b"))
    return found


@pytest.fixture
def app(bureau: Bureau, tmp_path: Path) -> Flask:
    return create_app(Settings(data=tmp_path / "data"), bureau.database)


def signed_in(app: Flask, bureau: Bureau, name: str) -> reader.Reader:
    return reader.reader(app, reader.signed_in(bureau.database, name))


def test_the_owner_moves_what_is_safe_and_takes_one_back(app: Flask, bureau: Bureau) -> None:
    owner = signed_in(app, bureau, "owner")
    text = owner.get(PAGE).get_data(as_text=True)
    assert "能办结 2 件" in text
    assert "不能办结 1 件" in text
    assert "办理x" in owner.get(f"{PAGE}/3").get_data(as_text=True)  # where the third would have to be
    assert owner.post(PAGE, {"to": "2", "which": "safe"}).status_code == 303
    assert [bureau.number(case) for case in (1, 2, 3)] == [2, 2, 1]
    assert owner.post(f"{PAGE}/1/undo").status_code == 303
    assert [bureau.number(case) for case in (1, 2, 3)] == [1, 2, 1]
    assert owner.post(PAGE, {"to": "2", "case": ["1.1", "3.2"]}).status_code == 303
    told = owner.get(PAGE).get_data(as_text=True)
    assert "没有迁移的" in told
    assert [bureau.number(case) for case in (1, 2, 3)] == [1, 2, 1]  # a version that was not looked at; one not safe


def test_the_way_is_drawn_on_the_version_that_is_asked_about(app: Flask, bureau: Bureau) -> None:
    owner = signed_in(app, bureau, "owner")
    drawn = owner.get(f"{PAGE}/3/diagram?to=2").get_json()
    assert {"filed", "a"} <= drawn["passed"]["elements"].keys()
    assert [(stop["element"], stop["level"]) for stop in drawn["current"]] == [("x", "late")]
    assert [stop["element"] for stop in owner.get(f"{PAGE}/1/diagram?to=2").get_json()["current"]] == ["a"]


def test_others_neither_see_nor_move_them(app: Flask, bureau: Bureau) -> None:
    for name in ("officer", "other"):
        stranger = signed_in(app, bureau, name)
        assert stranger.get(PAGE).status_code in {403, 404}, name
        assert stranger.post(PAGE, {"to": "2", "which": "safe"}).status_code in {403, 404}, name
        assert stranger.get(f"{PAGE}/1").status_code in {403, 404}, name
        assert stranger.post(f"{PAGE}/1/undo").status_code in {403, 404}, name
    assert [bureau.number(case) for case in (1, 2, 3)] == [1, 1, 1]


def test_the_command_line_tries_first_and_tells_each_case(bureau: Bureau) -> None:
    def migrate(*given: str) -> tuple[int, list[dict[str, Any]]]:
        runner = CliRunner()
        done = runner.invoke(cli.cli, ["--database", bureau.database.url, "migrate", *given], standalone_mode=False)
        assert done.exception is None, done.exception
        return done.return_value, [json.loads(row) for row in done.stdout.splitlines()]

    status, told = migrate("--all", "somewhere", "--dry-run")
    assert (status, [row["verdict"] for row in told]) == (1, ["safe", "safe", "unsafe"])
    assert [bureau.number(case) for case in (1, 2, 3)] == [1, 1, 1]
    status, (row,) = migrate("1", "--to", "2")
    assert (status, row["moved"], bureau.number(1)) == (0, True, 2)
    assert migrate("1", "--undo", "--as", "owner") == (0, [])
    assert bureau.number(1) == 1
