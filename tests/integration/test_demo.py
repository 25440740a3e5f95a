"""The demo: a bureau in the middle of its year, so that every page has something to show."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from engine import accounts, calendar, clock, events, lint, lots, queries, tasks
from engine.columns import Base
from engine.db import Database
from engine.errors import Refused
from engine.models import (
    Case,
    Cluster,
    Draft,
    Inspection,
    Letter,
    Notice,
    Objection,
    Opinion,
    Panel,
    PoolMember,
    Round,
    Sample,
    Seat,
    Task,
)
from tests import samples
from tests.clock import StandingClock, moment
from web import demo, demo_rounds

STAGES = {  # of the running round's open cases
    ("fill_in",): 2,  # a draft, and one not begun
    ("forward",): 1,
    ("acceptance",): 3,
    ("correct",): 1,
    ("verify_higher_level",): 1,
    ("first_review",): 2,
    ("convene",): 1,
    ("score", "score"): 1,
    (): 1,  # waits for the sample
}
VISITS = {("inspect",): 1, (): 1}  # of the round whose sample is drawn: one appointed, one over


@pytest.fixture
def loaded(database: Database, clock: StandingClock) -> Database:
    clock.move_to("2026-11-21 08:00")  # a Saturday
    with patch.object(lint, "problems", return_value=[]), database.write() as session:
        demo.load(session)
    return database


@pytest.fixture
def played(loaded: Database, tmp_path: Path) -> Database:
    assert demo_rounds.play(loaded, tmp_path / "files")
    return loaded


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def stages(database: Database, round_id: int) -> Counter[tuple[str, ...]]:
    with database.read() as session:
        found = Counter[tuple[str, ...]]()
        for case in session.scalars(select(Case).where(Case.round_id == round_id, Case.status == "open")):
            if case.process == "application":
                query = select(Task.element).where(Task.case_id == case.id, Task.state == "open")
                found[tuple(sorted(session.scalars(query)))] += 1
        return found


def test_the_running_round_has_a_case_at_every_stage(played: Database) -> None:
    with played.read() as session:
        earlier, running, parks = session.scalars(select(Round).order_by(Round.id))
        states = [(each.year, each.state) for each in (earlier, running, parks)]
        assert states == [(2025, "published"), (2026, "open"), (2026, "closed")]
        assert parks.again  # a second one in a year
        assert clock.now() + timedelta(days=14) < (running.closes_at or clock.now())
        refused = select(Case.outcome).where(Case.round_id == running.id, Case.status == "ended")
        assert list(session.scalars(refused)) == ["not_accepted"]
        assert session.scalar(select(func.count()).select_from(Draft)) == 1
    assert stages(played, running.id) == STAGES
    assert stages(played, parks.id) == VISITS


@pytest.mark.parametrize(("who", "element"), [("expert", "score"), ("inspector", "inspect")])
def test_expert_and_inspector_have_something_to_do(played: Database, who: str, element: str) -> None:
    with played.read() as session:
        actor = accounts.actor(session, accounts.by_name(session, who))
        mine = select(Task.element).where(Task.assignee_id == actor.person_id, Task.state == "open")
        assert list(session.scalars(mine)) == [element]


def test_the_pool_has_thirty_experts_and_six_inspectors(played: Database) -> None:
    with played.read() as session:
        kinds = Counter(session.scalars(select(PoolMember.kind)))
    assert kinds == {"expert": 30, "inspector": 6}


def test_the_earlier_round_went_through_panels_a_sample_visits_and_an_objection(played: Database) -> None:
    with played.read() as session:
        panels = select(Panel).where(Panel.round_id == 1, Panel.kind == "expert").order_by(Panel.case_id)
        assert [(each.wanted["size"], each.concluded_at is None) for each in session.scalars(panels)] == [
            (5, False), (3, False), (3, False)
        ]  # fmt: skip
        sample = session.scalars(select(Sample).where(Sample.round_id == 1)).one()
        assert lots.draw(sample.seed, sample.listed, 2) == sample.drawn
        visited = select(Inspection.case_id).join(Panel, Panel.id == Inspection.panel_id).where(Panel.round_id == 1)
        assert sorted(session.scalars(visited)) == sorted(sample.drawn)
        objection = session.scalars(select(Objection)).one()
        assert (objection.state, objection.late) == ("dismissed", False)
        assert session.get_one(Case, objection.target_case_id).outcome == "recognised"


def test_scores_come_to_about_what_the_plan_says(played: Database) -> None:
    told = next(each for each in demo.plan()["rounds"][0]["cases"] if each["cluster"] == "clay")
    wanted = next(line["scores"] for line in told["story"] if line["do"] == demo_rounds.PANEL)
    with played.read() as session:
        case_id = session.scalars(select(Case.id).where(Case.title.startswith("石桥镇"))).one()
        query = select(Opinion.total).join(Seat, Seat.id == Opinion.seat_id).where(Opinion.case_id == case_id)
        given = list(session.scalars(query.order_by(Seat.number)))
    assert len(given) == len(wanted)
    assert all(abs(Decimal(total) - points) <= 3 for total, points in zip(given, wanted, strict=True))


def test_the_earlier_round_has_filled_the_register(played: Database) -> None:
    with played.read() as session:
        recognised = list(session.scalars(select(Cluster).where(Cluster.state == "recognised")))
        assert len(recognised) == 3
        assert all(cluster.last_day and cluster.last_day.year == 2028 for cluster in recognised)
        outcomes = select(Case.outcome).where(Case.round_id == 1, Case.status == "ended").order_by(Case.outcome)
        assert list(session.scalars(outcomes)) == ["concluded", "not_passed", "recognised", "recognised", "recognised"]
        assert list(session.scalars(select(Notice.kind).order_by(Notice.id))) == [
            "call", "publicity", "publication", "call", "call"
        ]  # fmt: skip
        told = select(Letter.organisation_code).where(Letter.template == "recognised")
        counties = ["441802", "441826", "441882"]  # the first is told what its park is told
        assert sorted(session.scalars(told)) == sorted([*counties, "441802-01"])


def test_one_task_is_overdue_a_little_and_some_are_due_soon(played: Database) -> None:
    with played.read() as session:
        due = [task.due_at for task in session.scalars(select(Task).where(Task.state == "open")) if task.due_at]
    today = clock.today()
    left = [
        calendar.shipped().working_days(today, at.astimezone(clock.SHANGHAI).date()) for at in due if at > clock.now()
    ]
    late = [
        calendar.shipped().working_days(at.astimezone(clock.SHANGHAI).date(), today) for at in due if at < clock.now()
    ]
    assert late == [1]
    assert sum(days <= 3 for days in left) == 3


def test_nothing_has_happened_in_the_future_and_the_record_holds(played: Database) -> None:
    with played.read() as session:
        assert session.scalar(select(func.max(Task.opened_at))) < clock.now()
        assert events.verify(session) == []


def test_a_second_run_changes_nothing(played: Database, tmp_path: Path, clock: StandingClock) -> None:
    before = rows(played)
    clock.move_by(days=30)
    assert not demo_rounds.play(played, tmp_path / "files")
    assert rows(played) == before


@pytest.mark.parametrize("deeds", [1, 9, 40, 120])
def test_a_run_that_broke_off_is_finished_by_the_next_one(
    loaded: Database, tmp_path: Path, deeds: int, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    do = demo_rounds._do

    def breaking(*given: Any) -> None:
        if len(done) == deeds:
            raise KeyboardInterrupt
        do(*given)
        done.append(given)

    with monkeypatch.context() as broken:
        broken.setattr(demo_rounds, "_do", breaking)
        with pytest.raises(KeyboardInterrupt):
            demo_rounds.play(loaded, tmp_path / "files")
    clock.move_by(days=2)  # the story keeps its days
    assert demo_rounds.play(loaded, tmp_path / "files")
    assert stages(loaded, 2) == STAGES
    assert stages(loaded, 3) == VISITS
    with loaded.read() as session:
        assert (
            session.scalar(select(func.count()).select_from(Case)) == 4 + 14 + 2 + 1 + 3
        )  # of rounds; one is an objection's
        begun = session.scalars(select(Round.created_at).where(Round.id == 2)).one()
        assert begun == moment("2026-09-16 09:15")  # 44 working days before that Saturday


def test_what_somebody_has_done_meanwhile_stays(played: Database, tmp_path: Path) -> None:
    with played.write() as session:
        city = accounts.actor(session, accounts.by_name(session, "city"))
        overdue = session.scalars(select(Task).where(Task.state == "open", Task.due_at < clock.now())).one()
        tasks.complete(session, city, overdue.id, samples.ANSWERS["acceptance"])
    before = rows(played)
    assert not demo_rounds.play(played, tmp_path / "files")
    assert rows(played) == before


@pytest.mark.parametrize(
    ("today", "years"),
    [
        ("2025-04-10 09:00", []),  # the rules have been in force for a month
        ("2025-07-01 09:00", [2025, 2025]),
        ("2027-02-17 09:00", [2026, 2027, 2027]),  # the days of that year are not announced yet
        ("2028-03-10 09:00", []),  # and not in force any more
    ],
)
def test_no_round_lies_outside_the_time_of_its_rules(
    loaded: Database, tmp_path: Path, clock: StandingClock, today: str, years: list[int]
) -> None:
    clock.move_to(today)
    assert demo_rounds.play(loaded, tmp_path / "files")
    with loaded.read() as session:
        assert list(session.scalars(select(Round.year).order_by(Round.id))) == years


def test_every_cluster_of_the_plan_is_told_of(played: Database) -> None:
    with played.read() as session:
        places = {name.split("中小企业")[0] for name in session.scalars(select(Cluster.name))}
    assert places == {cluster["place"] for cluster in demo.plan()["clusters"].values()}


def test_a_corrected_application_has_a_newer_paper(played: Database) -> None:
    with played.read() as session:
        city = accounts.actor(session, accounts.by_name(session, "city"))
        corrected = session.scalars(select(Task.case_id).where(Task.element == "correct", Task.state == "done")).one()
        found = [(row["name"], row["version"], row["current"]) for row in queries.case_files(session, city, corrected)]
    assert ("优质中小企业名单.pdf", 2, True) in found
    assert ("优质中小企业名单.pdf", 1, False) in found


# ---- is it a demo? ------------------------------------------------------------------------------


def test_a_demo_is_known_as_one(loaded: Database) -> None:
    with loaded.read() as session:
        assert demo.is_loaded(session)


def test_an_office_with_the_same_names_is_no_demo(database: Database) -> None:
    with database.write() as session:
        assert not demo.is_loaded(session)
        accounts.add(session, "city", display_name="张三", by="setup")
        assert not demo.is_loaded(session)
        demo.require_none(session)


def test_whoever_was_added_to_a_demo_is_part_of_it(loaded: Database) -> None:
    with patch.object(lint, "problems", return_value=[]), loaded.write() as session:
        accounts.add(session, "someone", by="secadmin")
        assert len(demo.load(session)) == len(demo.plan()["accounts"])


def test_in_earnest_no_account_may_have_the_public_password(loaded: Database) -> None:
    with loaded.write() as session:
        with pytest.raises(Refused, match=r"auditor、city、.*jiqun user disable"):
            demo.require_none(session)
        everybody = [account["name"] for account in demo.plan()["accounts"]]
        for name in everybody[2:]:
            accounts.disable(session, accounts.by_name(session, name), by="system")
        accounts.set_password(session, accounts.by_name(session, everybody[0]), "Copper-Kettle-77", by="system")
        assert demo.open_accounts(session) == [everybody[1]]
        accounts.disable(session, accounts.by_name(session, everybody[1]), by="system")
        demo.require_none(session)
