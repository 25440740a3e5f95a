"""Deployments: what was deployed never changes, and a case keeps to the one it was opened on."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from engine import bundle, deploying, deployments, queries
from engine.bundle import Files
from engine.db import Database
from engine.errors import FormInvalid, NotFound, Refused
from engine.models import Deployment, DeploymentFile, Event, Task
from tests import bundles, office, samples
from tests.clock import StandingClock, moment
from tests.office import REGIME, Office
from tests.planted import examined
from tests.samples import ANSWERS

SMALL = bundles.bundle(examined())
OTHER = bundles.bundle(examined(name="核对材料"))
NAME = "somewhere"


def deploy(database: Database, files: Files, regime: str = NAME, by: str = "owner", **more: str) -> Deployment:
    with database.write() as session:
        return deploying.deploy(session, regime, files, by=by, **more)


def changed(**more: bytes) -> dict[str, bytes]:
    return bundles.bundle(examined(), **more)


def stored(database: Database) -> dict[tuple[int, str], bytes]:
    """Every file of every deployment."""
    with database.read() as session:
        rows = session.scalars(select(DeploymentFile))
        return {(row.deployment_id, row.path): row.content for row in rows}


def test_the_first_deployment_is_number_one_and_holds_every_file(database: Database) -> None:
    made = deploy(database, SMALL)
    assert (made.number, made.deployed_by, made.approved_by) == (1, "owner", None)
    assert stored(database) == {(made.id, path): content for path, content in SMALL.items()}
    with database.read() as session:
        assert deployments.current(session, NAME).id == made.id
        assert dict(deployments.deployed(session, made.id).files) == SMALL


def test_an_unchanged_bundle_deploys_nothing(database: Database) -> None:
    first = deploy(database, SMALL)
    before = stored(database), records(database)
    again = deploy(database, SMALL, by="somebody-else", approved_by="another")
    assert (again.id, again.number) == (first.id, 1)
    assert (again.deployed_by, again.approved_by) == ("owner", None)  # it is still the one that was made then
    assert (stored(database), records(database)) == before


def test_the_order_of_the_files_makes_no_difference(sqlite_database: Database) -> None:
    deploy(sqlite_database, SMALL)
    backwards = dict(reversed(SMALL.items()))
    assert list(backwards) != list(SMALL)
    assert bundle.content_hash(backwards) == bundle.content_hash(SMALL)
    assert deploy(sqlite_database, backwards).number == 1


@pytest.mark.parametrize(
    "files",
    [
        changed(letters__told_txt="结果通知\n\n您的申报已有结果！\n".encode()),  # one character
        changed(letters__also_txt="另一通知\n\n请知悉。\n".encode()),  # a file more
        changed(regime_toml=bundles.REGIME.replace("working_days = 7", "working_days = 5").encode()),
        {name: content for name, content in SMALL.items() if name != "letters/told.txt"},  # a file less
    ],
    ids=["letter", "new-file", "number", "file-gone"],
)
def test_any_change_is_the_next_number(sqlite_database: Database, files: Mapping[str, bytes]) -> None:
    first = deploy(sqlite_database, SMALL)
    before = stored(sqlite_database)
    second = deploy(sqlite_database, files)
    assert (second.number, second.content_hash != first.content_hash) == (2, True)
    assert {key: content for key, content in stored(sqlite_database).items() if key[0] == first.id} == before
    with sqlite_database.read() as session:
        assert deployments.current(session, NAME).number == 2


def test_going_back_to_an_older_bundle_is_a_new_deployment(sqlite_database: Database) -> None:
    first, second, third = (
        deploy(sqlite_database, SMALL),
        deploy(sqlite_database, OTHER),
        deploy(sqlite_database, SMALL),
    )
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert third.content_hash == first.content_hash


def test_regimes_count_for_themselves(sqlite_database: Database) -> None:
    theirs = changed(regime_toml=bundles.REGIME.replace('"somewhere"', '"elsewhere"').encode())
    here, there = deploy(sqlite_database, SMALL), deploy(sqlite_database, theirs, regime="elsewhere")
    assert (here.number, there.number, here.id != there.id) == (1, 1, True)


def test_who_approved_stands_in_the_row(sqlite_database: Database) -> None:
    made = deploy(sqlite_database, SMALL, by="owner", approved_by="second-owner")
    with sqlite_database.read() as session:
        row = session.get_one(Deployment, made.id)
        assert (row.deployed_by, row.approved_by) == ("owner", "second-owner")


def test_a_deployment_is_in_the_record_with_its_hash(sqlite_database: Database) -> None:
    made = deploy(sqlite_database, SMALL)
    ((kind, actor, payload),) = records(sqlite_database)
    assert (kind, actor) == ("deployment.created", "owner")
    assert payload.items() >= {"regime": NAME, "number": 1, "content_hash": made.content_hash}.items()


def test_a_regime_that_was_never_deployed_says_how_to(sqlite_database: Database) -> None:
    with sqlite_database.read() as session, pytest.raises(NotFound, match="jiqun deploy nowhere"):
        deployments.current(session, "nowhere")


def records(database: Database) -> list[tuple[str, str, Any]]:
    with database.read() as session:
        rows = session.execute(select(Event.kind, Event.actor, Event.payload).order_by(Event.chain, Event.seq))
        return [(row.kind, row.actor, row.payload) for row in rows]


# ---- cases keep to theirs ----------------------------------------------------------------------


@pytest.fixture
def at(database: Database, clock: StandingClock) -> Office:
    """An office with an open round, and the county's case on deployment 1."""
    clock.move_to(samples.MOMENT)
    made = office.furnish(database)
    round_ = made.open_round()
    made.complete("city", made.open_task(round_.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    return made


def apply(at: Office, who: str) -> int:
    return at.open_case(who, {**ANSWERS["application_start"], "round_id": 1}).id


def with_a_question_more() -> dict[str, bytes]:
    """The shipped bundle, whose acceptance asks for one thing more, and has another title and limit."""
    files = dict(bundle.shipped(REGIME))
    form = json.loads(files["forms/acceptance.json"])
    form["properties"]["copies"] = {"$ref": "#/$defs/line", "title": "收到份数"}
    form["required"].append("copies")
    files["forms/acceptance.json"] = json.dumps(form, ensure_ascii=False).encode()
    numbers = files["regime.toml"].decode()
    acceptance = "acceptance = { working_days = 5,"
    assert acceptance in numbers
    files["regime.toml"] = numbers.replace(acceptance, "acceptance = { working_days = 8,").encode()
    drawn = files["intake.bpmn"].decode()
    assert drawn.count('name="受理">') == 1
    files["intake.bpmn"] = drawn.replace('name="受理">', 'name="收件">').encode()
    return files


def test_a_case_runs_on_what_was_deployed_when_it_was_opened(at: Office) -> None:
    round_case, older = 1, apply(at, "county")
    first = stored(at.database)
    assert deploy(at.database, with_a_question_more(), REGIME).number == 2
    newer = apply(at, "sibling")
    at.complete("county", at.open_task(older, "fill_in"), ANSWERS["application"])
    at.complete("sibling", at.open_task(newer, "fill_in"), ANSWERS["application"])
    assert numbers(at, round_case, older, newer) == [1, 1, 2]
    tasks = [at.open_task(case_id, "acceptance") for case_id in (older, newer)]
    assert [task.title for task in tasks] == ["受理", "收件"]
    # five and eight working days after Thursday 10 April
    assert [task.due_at for task in tasks] == [moment("2025-04-17 23:59:59"), moment("2025-04-22 23:59:59")]
    assert [asked(at, task) for task in tasks] == [False, True]
    more = {**ANSWERS["acceptance"], "copies": "两份"}
    for task, wrong, right in ((tasks[0], more, ANSWERS["acceptance"]), (tasks[1], ANSWERS["acceptance"], more)):
        with pytest.raises(FormInvalid) as refused:
            at.complete("city", task, wrong)
        assert [problem.field for problem in refused.value.problems] == ["copies"]
        at.complete("city", task, right)
        assert at.open_elements(task.case_id) == ["first_review"]
    after = stored(at.database)
    assert {key: after[key] for key in first} == first  # not a byte of the older one has moved


def test_another_program_that_opens_the_database_finds_the_same_deployments(at: Office) -> None:
    """Nothing of a deployment lives in memory alone."""
    case_id = apply(at, "county")
    deploy(at.database, with_a_question_more(), REGIME)
    fresh = Database(at.database.url.render_as_string(hide_password=False))
    try:
        elsewhere = Office(fresh, at.actors)
        elsewhere.complete("county", elsewhere.open_task(case_id, "fill_in"), ANSWERS["application"])
        assert not asked(elsewhere, elsewhere.open_task(case_id, "acceptance"))
    finally:
        fresh.close()


def numbers(at: Office, *case_ids: int) -> list[int]:
    """The deployments of these cases, as their pages tell them."""
    with at.database.read() as session:
        return [
            queries.case_detail(session, at.actors["city"], case_id)["deployment"]["number"] for case_id in case_ids
        ]


def asked(at: Office, task: Task) -> bool:
    """Whether the task asks for the copies received."""
    with at.database.read() as session:
        return "copies" in queries.task_detail(session, at.actors["city"], task.id)["schema"]["properties"]


def test_the_files_of_one_regime_are_not_deployed_as_another(sqlite_database: Database) -> None:
    with pytest.raises(Refused) as refused:
        deploy(sqlite_database, SMALL, regime="elsewhere")
    assert refused.value.facts == {"regime": NAME}
    assert stored(sqlite_database) == {}


def test_who_deploys_does_not_approve(sqlite_database: Database) -> None:
    with pytest.raises(Refused):
        deploy(sqlite_database, SMALL, by="owner", approved_by="owner")
    assert stored(sqlite_database) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deployment SET content_hash = 'other'",
        "DELETE FROM deployment",
        "UPDATE deployment_file SET content = ''",
        "DELETE FROM deployment_file",
    ],
)
def test_the_database_itself_refuses_to_change_a_deployment(statement: str, database: Database) -> None:
    deploy(database, SMALL)
    before = stored(database)
    with pytest.raises(DatabaseError, match="stays as it was deployed"), database.write() as session:
        session.execute(text(statement))
    assert stored(database) == before


def test_the_second_pair_of_eyes_may_come_later(database: Database) -> None:
    made = deploy(database, SMALL)
    with database.write() as session:
        session.execute(text("UPDATE deployment SET approved_by = 'another'"))
    with database.read() as session:
        assert session.get_one(Deployment, made.id).approved_by == "another"


def test_officers_of_an_older_deployment_are_those_of_today(sqlite_database: Database) -> None:
    """What was frozen stays as it was; who acts is read by the name the office has now."""
    now = bundle.shipped(REGIME)
    before = {name: content.replace(b"bureau_officer", b"city_officer") for name, content in now.items()}
    old = deployments.Deployed(1, before)
    assert old.step("round", "round", "draft_list")["role"] == "bureau_officer"
    assert old.specs("round").opening["opened_by"] == "bureau_officer"
    drawn = {node.id: node.roles for node in old.diagrams["round"].nodes.values()}
    assert drawn["draft_list"] == {"bureau_officer"}
    assert b"city_officer" in old.files["round.bpmn"]
