"""The demo: four bureaus in the middle of their year, so that every page has something to show."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from engine import access, accounts, calendar, clock, events, identities, letter_log, lint, lots, queries, tasks, timers
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
    Organisation,
    Panel,
    PoolMember,
    Round,
    Sample,
    Seat,
    Task,
)
from tests import once, samples
from tests.clock import StandingClock, moment, standing_at
from web import demo, demo_rounds

CITY, SHANTOU, REGION, MINISTRY = "441800", "440500", "450000", "100000"
RUNNING, PARKS = "2026年度清远市中小企业特色产业集群认定", "2026年度清远市中小企业特色产业集群认定（园区专项）"
EARLIER = "2025年度清远市中小企业特色产业集群认定"
SATURDAY = "2026-11-21 08:00"
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
PHASES = {  # where each bureau's clusters stand: open steps, what they wait for, how they ended
    SHANTOU: {"fill_in", "acceptance", "correct", "first_review", "score", "round_decided", "not_passed", "recognised"},
    REGION: {
        *("fill_in", "acceptance", "correct", "first_review", "inspect", "recommend", "review_again"),
        *("round_decided", "not_recommended", "failed", "recognised"),
    },
    MINISTRY: {
        *("fill_in", "acceptance", "correct", "recommend", "receive", "inspect", "review_again"),
        *("not_accepted", "failed", "recognised"),
    },
}


@pytest.fixture
def loaded(sqlite_database: Database, clock: StandingClock) -> Database:
    return load(sqlite_database, clock)


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as it is told on a Saturday, to copy."""

    def tell(folder: Path) -> None:
        shutil.copyfile(sqlite_template, folder / "told.sqlite")
        with standing_at(SATURDAY) as clock, closing(Database(f"sqlite:///{folder / 'told.sqlite'}")) as database:
            assert demo_rounds.play(load(database, clock), folder / "files")

    return once.folder(tmp_path_factory, "told", tell) / "told.sqlite"


@pytest.fixture
def played(told: Path, tmp_path: Path, clock: StandingClock) -> Iterator[Database]:
    clock.move_to(SATURDAY)
    shutil.copyfile(told, tmp_path / "jiqun.sqlite")
    with closing(Database(f"sqlite:///{tmp_path / 'jiqun.sqlite'}")) as database:
        yield database


def load(database: Database, clock: StandingClock) -> Database:
    clock.move_to(SATURDAY)
    with patch.object(lint, "problems", return_value=[]), database.write() as session:
        demo.load(session)
    return database


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def stages(database: Database, title: str) -> Counter[tuple[str, ...]]:
    with database.read() as session:
        found = Counter[tuple[str, ...]]()
        query = select(Case).join(Round, Round.id == Case.round_id).where(Round.title == title)
        for case in session.scalars(query.where(Case.status == "open")):
            if case.process == "application":
                query = select(Task.element).where(Task.case_id == case.id, Task.state == "open")
                found[tuple(sorted(session.scalars(query)))] += 1
        return found


def test_the_running_round_has_a_case_at_every_stage(played: Database) -> None:
    with played.read() as session:
        rounds = select(Round).where(Round.bureau_code == CITY).order_by(Round.id)
        earlier, running, parks = session.scalars(rounds)
        states = [(each.year, each.state) for each in (earlier, running, parks)]
        assert states == [(2025, "published"), (2026, "open"), (2026, "closed")]
        assert parks.again  # a second one in a year
        assert clock.now() + timedelta(days=14) < (running.closes_at or clock.now())
        refused = select(Case.outcome).where(Case.round_id == running.id, Case.status == "ended")
        assert list(session.scalars(refused)) == ["not_accepted"]
        begun = select(func.count()).select_from(Draft).join(Task, Task.id == Draft.task_id)
        assert session.scalar(begun.join(Case, Case.id == Task.case_id).where(Case.round_id == running.id)) == 1
    assert stages(played, RUNNING) == STAGES
    assert stages(played, PARKS) == VISITS


@pytest.mark.parametrize("bureau", PHASES)
def test_every_bureau_has_clusters_in_each_of_its_phases(played: Database, bureau: str) -> None:
    with played.read() as session:
        applied = select(Case).where(Case.bureau_code == bureau, Case.process == "application")
        found = set[str]()
        for case in session.scalars(applied):
            steps = session.scalars(select(Task.element).where(Task.case_id == case.id, Task.state == "open"))
            found |= {*steps, *case.awaits.split(), case.outcome or ""}
    assert found - {""} == PHASES[bureau]


def test_a_list_is_publicised_and_an_objection_to_it_looked_into(played: Database) -> None:
    with played.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "publicity").order_by(Notice.id.desc())).first()
        assert notice is not None
        assert notice.bureau_code == SHANTOU
        assert (notice.last_day or clock.today()) > clock.today()
        objection = session.scalars(select(Objection).where(Objection.state == "received")).one()
        assert session.get_one(Case, objection.target_case_id).round_id == notice.round_id


def test_a_citys_third_recommendation_is_refused(played: Database) -> None:
    with played.write() as session:
        city = accounts.actor(session, accounts.by_name(session, "city"))
        waiting = select(Task).where(Task.element == "recommend", Task.organisation_code == CITY, Task.state == "open")
        task = session.scalars(waiting).one()
        given = {"decision": "recommend", "truth_checked": True, "rank": 3, "founded": "2012年6月"}
        with pytest.raises(Refused, match="最多推荐 2 个"):
            tasks.complete(session, city, task.id, given | {"introduction": "五金工具。", "opinion": "同意推荐。"})


def test_one_cluster_is_recognised_by_its_city_and_the_nation_and_another_by_the_region_and_the_nation(
    played: Database,
) -> None:
    with played.read() as session:
        nation = select(Cluster).where(Cluster.bureau_code == MINISTRY, Cluster.state == "recognised")
        also = [
            {each.level for each in identities.recognitions(session, cluster, clock.today())}
            for cluster in session.scalars(nation)
        ]
        assert sorted(map(sorted, also)) == [["city"], ["province"]]
        stated = select(Case.id).join(Cluster, Cluster.id == Case.cluster_id).where(Cluster.bureau_code == MINISTRY)
        filed = select(Task.answers).where(Task.case_id.in_(stated), Task.element == "fill_in", Task.state == "done")
        claims = Counter((answers or {})["higher_level_recognition"] for answers in session.scalars(filed))
        assert claims == {"provincial": 10}


def test_no_letter_tells_the_ministry_of_a_case_that_has_not_come_to_it(played: Database) -> None:
    timers.post(played)
    with played.read() as session:
        ministry = accounts.actor(session, accounts.by_name(session, "ministry"))
        sent = letter_log.entries(session, ministry, limit=1000)
        about = {
            case.id for delivery, *_ in sent if (case := letter_log.case_of(session, delivery)) and case.cluster_id
        }
        assert about
        assert about <= set(session.scalars(select(Case.id).where(access.visible_cases(ministry))))


def test_a_western_province_has_relaxed_a_condition(played: Database) -> None:
    with played.read() as session:
        assert session.get_one(Organisation, REGION).western
        recommended = select(Task.answers).where(Task.element == "recommend", Task.organisation_code == REGION)
        assert any((answers or {}).get("relaxation_reason") for answers in session.scalars(recommended))


@pytest.mark.parametrize(
    ("who", "element"),
    [
        ("expert", "score"),
        ("inspector", "inspect"),
        ("liuzhou-inspector", "inspect"),
        ("guangdong-inspector", "inspect"),
    ],
)
def test_expert_and_inspector_have_something_to_do(played: Database, who: str, element: str) -> None:
    with played.read() as session:
        actor = accounts.actor(session, accounts.by_name(session, who))
        mine = select(Task.element).where(Task.assignee_id == actor.person_id, Task.state == "open")
        assert list(session.scalars(mine)) == [element]


def test_the_pool_has_thirty_experts_and_six_inspectors(played: Database) -> None:
    with played.read() as session:
        kinds = Counter(session.scalars(select(PoolMember.kind).where(PoolMember.bureau_code == CITY)))
    assert kinds == {"expert": 30, "inspector": 6}


def test_the_earlier_round_went_through_panels_a_sample_visits_and_an_objection(played: Database) -> None:
    with played.read() as session:
        earlier = session.scalars(select(Round.id).where(Round.title == EARLIER)).one()
        panels = select(Panel).where(Panel.round_id == earlier, Panel.kind == "expert").order_by(Panel.case_id)
        assert [(each.wanted["size"], each.concluded_at is None) for each in session.scalars(panels)] == [
            (5, False), (3, False), (3, False)
        ]  # fmt: skip
        sample = session.scalars(select(Sample).where(Sample.round_id == earlier)).one()
        assert lots.draw(sample.seed, sample.listed, 2) == sample.drawn
        visited = (
            select(Inspection.case_id).join(Panel, Panel.id == Inspection.panel_id).where(Panel.round_id == earlier)
        )
        assert sorted(session.scalars(visited)) == sorted(sample.drawn)
        about = select(Case.id).where(Case.round_id == earlier)
        objection = session.scalars(select(Objection).where(Objection.target_case_id.in_(about))).one()
        assert (objection.state, objection.late) == ("dismissed", False)
        assert session.get_one(Case, objection.target_case_id).outcome == "recognised"


def test_scores_come_to_about_what_the_plan_says(played: Database) -> None:
    story = next(each for each in demo.plan()["bureaus"] if each["bureau"] == CITY)
    clay = next(each for each in story["rounds"][0]["cases"] if each["cluster"] == "clay")
    wanted = next(line["scores"] for line in clay["story"] if line["do"] == demo_rounds.PANEL)
    with played.read() as session:
        named = Case.title.startswith("石桥镇"), Case.bureau_code == CITY
        case_id = session.scalars(select(Case.id).where(*named)).one()
        query = select(Opinion.total).join(Seat, Seat.id == Opinion.seat_id).where(Opinion.case_id == case_id)
        given = list(session.scalars(query.order_by(Seat.number)))
    assert len(given) == len(wanted)
    assert all(abs(Decimal(total) - points) <= 3 for total, points in zip(given, wanted, strict=True))


def test_the_earlier_round_has_filled_the_register(played: Database) -> None:
    with played.read() as session:
        of_city = Cluster.state == "recognised", Cluster.bureau_code == CITY
        recognised = list(session.scalars(select(Cluster).where(*of_city)))
        assert len(recognised) == 3
        assert all(cluster.last_day and cluster.last_day.year == 2028 for cluster in recognised)
        earlier = session.scalars(select(Round.id).where(Round.title == EARLIER)).one()
        outcomes = select(Case.outcome).where(Case.round_id == earlier, Case.status == "ended").order_by(Case.outcome)
        assert list(session.scalars(outcomes)) == ["concluded", "not_passed", "recognised", "recognised", "recognised"]
        notices = select(Notice.kind).where(Notice.bureau_code == CITY).order_by(Notice.id)
        assert list(session.scalars(notices)) == [
            "call", "publicity", "publication", "call", "call"
        ]  # fmt: skip
        of_round = select(Case.id).where(Case.round_id == earlier)
        told = select(Letter.organisation_code).where(Letter.template == "recognised", Letter.case_id.in_(of_round))
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
    assert sum(days <= 3 for days in left) == 6  # three of them of the city's own rounds


def test_nothing_has_happened_in_the_future_and_the_record_holds(played: Database) -> None:
    with played.read() as session:
        assert session.scalar(select(func.max(Task.opened_at))) < clock.now()
        assert events.verify(session) == []


def test_a_second_run_changes_nothing(played: Database, tmp_path: Path, clock: StandingClock) -> None:
    before = rows(played)
    clock.move_by(days=30)
    load(played, clock)
    assert not demo_rounds.play(played, tmp_path / "files")
    assert rows(played) == before


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_on_postgresql_it_has_the_same_rows(
    database: Database, played: Database, tmp_path: Path, clock: StandingClock
) -> None:
    assert demo_rounds.play(load(database, clock), tmp_path / "files")
    assert rows(database) == rows(played)


def test_a_run_that_broke_off_is_finished_by_the_next_one(
    loaded: Database, tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    do = demo_rounds._do
    for deeds in (9, 150, 250):
        done: list[Any] = []

        def breaking(*given: Any, done: list[Any] = done, deeds: int = deeds) -> None:
            if len(done) == deeds:
                raise KeyboardInterrupt
            do(*given)
            done.append(given)

        with monkeypatch.context() as broken:
            broken.setattr(demo_rounds, "_do", breaking)
            with pytest.raises(KeyboardInterrupt):
                demo_rounds.play(loaded, tmp_path / "files")
        clock.move_by(hours=16)  # the story keeps its days
    assert demo_rounds.play(loaded, tmp_path / "files")
    assert stages(loaded, RUNNING) == STAGES
    assert stages(loaded, PARKS) == VISITS
    with loaded.read() as session:
        of_city = select(func.count()).select_from(Case).where(Case.bureau_code == CITY)
        assert session.scalar(of_city) == 4 + 14 + 2 + 1 + 3  # of rounds; one is an objection's
        begun = session.scalars(select(Round.created_at).where(Round.title == RUNNING)).one()
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
        ("2025-04-01 09:00", {CITY: [], SHANTOU: []}),  # their rules have been in force for three weeks
        ("2025-07-01 09:00", {CITY: [2025, 2025], SHANTOU: [2025, 2025]}),
        ("2027-02-17 09:00", {CITY: [2026, 2027, 2027], SHANTOU: [2026, 2027, 2027]}),  # its days are not announced yet
        ("2028-03-13 09:00", {CITY: [], SHANTOU: []}),  # and not in force any more
    ],
)
def test_no_round_lies_outside_the_time_of_its_rules(
    loaded: Database, tmp_path: Path, clock: StandingClock, today: str, years: dict[str, list[int]]
) -> None:
    clock.move_to(today)
    assert demo_rounds.play(loaded, tmp_path / "files")
    with loaded.read() as session:
        told = {
            bureau: list(session.scalars(select(Round.year).where(Round.bureau_code == bureau).order_by(Round.id)))
            for bureau in (CITY, SHANTOU, REGION, MINISTRY)
        }
    this = clock.at.year
    assert told == {**years, REGION: [this - 1, this, this], MINISTRY: [this - 1, this]}  # those have no end


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
