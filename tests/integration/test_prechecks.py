"""What the criteria say of an application is kept when it comes in and when it is reviewed, and stops nobody."""

from pathlib import Path

import pytest

from engine import accounts, bundle, forms, queries
from engine.access import Actor
from engine.db import Database
from engine.errors import Forbidden, NotFound
from engine.models import Case, Event
from tests import office, panel, samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.reader import reader, signed_in
from tests.office import COUNTY, Office
from tests.panel import Room
from tests.samples import ANSWERS


@pytest.fixture
def bureau(database: Database, clock: StandingClock) -> Office:
    clock.move_to(samples.MOMENT)
    return office.furnish(database)


def applied(bureau: Office, **answers: object) -> Case:
    """A case whose application was filed with these answers."""
    round_ = bureau.open_round()
    assert round_.case_id is not None
    bureau.complete("city", bureau.open_task(round_.case_id, "call_notice"), ANSWERS["call_notice"])
    case = bureau.open_case("county", ANSWERS["application_start"] | {"round_id": round_.id})
    bureau.complete("county", bureau.open_task(case.id, "fill_in"), samples.application_data(**answers))
    return case


def told(bureau: Office, who: str | Actor, case: Case) -> list[queries.Row]:
    with bureau.database.read() as session:
        return queries.prechecks(session, bureau.actors[who] if isinstance(who, str) else who, case.id)


def verdicts(row: queries.Row) -> dict[str, str]:
    return {verdict["criterion"]: verdict["verdict"] for verdict in row["verdicts"]}


def test_an_application_is_prechecked_when_it_comes_in(bureau: Office, clock: StandingClock) -> None:
    (row,) = told(bureau, "city", applied(bureau))
    assert (row["element"], row["pass_number"], row["made_at"], row["problem"]) == ("fill_in", 1, clock.at, None)
    assert set(verdicts(row).values()) == {"pass"}
    area = next(verdict for verdict in row["verdicts"] if verdict["criterion"] == "area")
    assert (area["value"], area["operator"], area["threshold"]) == ("86.40", "<=", "100")  # exact, as it was filed
    assert area["clause"] == "第十四条（二）"


@pytest.mark.parametrize(
    ("criterion", "computed"),
    [("output_growth", "6.37"), ("rd_growth", "8.20")],  # from 21.30 to 24.10 in two steps; of 7.90, 8.10 and 8.60
)
def test_an_average_that_does_not_follow_from_the_three_years_is_flagged_for_the_reviewer(
    database: Database, clock: StandingClock, tmp_path: Path, criterion: str, computed: str
) -> None:
    clock.move_to(samples.MOMENT)
    at = desk.furnish(database, tmp_path / "data")
    case = applied(at.office, **{f"{criterion}_average": "9.90"})
    (row,) = told(at.office, "city", case)
    (flagged,) = [verdict for verdict in row["verdicts"] if verdict["differs"]]
    assert (flagged["criterion"], flagged["verdict"], flagged["computed"]) == (criterion, "pass", computed)
    reviewer = reader(at.app, signed_in(database, "city"))
    at.office.complete("city", at.office.open_task(case.id, "acceptance"), ANSWERS["acceptance"])
    task = at.office.open_task(case.id, "first_review").id
    for page in (f"/cases/{case.id}", f"/tasks/{task}"):
        shown = reviewer.get(page).get_data(as_text=True)
        assert f"按近三年数据计算的年均值为 {computed}%，与申报的不一致，请核对" in shown
        assert shown.count("数据待核对") == 1


def test_averages_that_follow_are_shown_without_a_flag(bureau: Office) -> None:
    (row,) = told(bureau, "city", applied(bureau))
    averages = {verdict["criterion"]: verdict["computed"] for verdict in row["verdicts"] if verdict["computed"]}
    assert averages == {"output_growth": "6.37", "rd_growth": "8.20"}
    assert not any(verdict["differs"] for verdict in row["verdicts"])


def test_a_criterion_that_is_not_met_stops_nobody(bureau: Office) -> None:
    case = applied(bureau, area_km2="100.01")
    (row,) = told(bureau, "city", case)
    assert {name for name, verdict in verdicts(row).items() if verdict == "fail"} == {"area"}
    assert bureau.open_elements(case.id) == ["acceptance"]


def test_a_figure_out_of_all_reason_stops_nobody_and_is_told(bureau: Office) -> None:
    case = applied(bureau, patent_growth="-150")
    (row,) = told(bureau, "city", case)
    assert row["verdicts"] == []
    title = forms.parse(bundle.shipped("qingyuan")["forms/application.json"]).document["properties"]["patent_growth"][
        "title"
    ]
    assert row["problem"] == f"“{title}”的数值超出合理范围，未能预审，请人工核对"
    assert bureau.open_elements(case.id) == ["acceptance"]


def test_the_first_review_prechecks_again_what_was_filed_last(bureau: Office, clock: StandingClock) -> None:
    case = applied(bureau, area_km2="120")
    returned = {"decision": "return", "opinion": "面积有误", "remarks": [{"field": "area_km2", "remark": "请核对"}]}
    bureau.complete("city", bureau.open_task(case.id, "acceptance"), returned)
    clock.move_by(days=1)
    bureau.complete("county", bureau.open_task(case.id, "correct"), samples.application_data())
    clock.move_by(days=1)
    bureau.complete("city", bureau.open_task(case.id, "acceptance"), ANSWERS["acceptance"])
    bureau.complete("city", bureau.open_task(case.id, "first_review"), ANSWERS["first_review"])
    rows = told(bureau, "city", case)
    assert [(row["element"], verdicts(row)["area"]) for row in rows] == [
        ("fill_in", "fail"),
        ("correct", "pass"),
        ("first_review", "pass"),
    ]
    with bureau.database.read() as session:
        noted = session.query(Event).filter_by(case_id=case.id, kind="precheck.done").order_by(Event.seq).all()
        assert [event.payload["verdicts"]["area"] for event in noted] == ["fail", "pass", "pass"]
        assert [event.actor for event in noted] == ["county", "county", "city"]


def test_the_applicants_side_reads_it_and_who_judges_the_case_does_not(
    database: Database, clock: StandingClock
) -> None:
    room, case, expert = judged(database, clock)
    assert told(room.at, "county", case) == told(room.at, "leader", case)
    assert len(told(room.at, "county", case)) == 2  # filed, and reviewed
    with pytest.raises(Forbidden):
        told(room.at, room.experts[expert], case)
    for stranger in ("expert", "inspector", "sibling"):  # of the office, and without a seat
        with pytest.raises(NotFound):
            told(room.at, stranger, case)


def test_an_expert_who_is_another_countys_officer_still_does_not_read_it(
    database: Database, clock: StandingClock
) -> None:
    room, case, expert = judged(database, clock)
    with pytest.raises(Forbidden):
        told(room.at, as_officer(database, expert, office.SIBLING), case)
    assert len(told(room.at, as_officer(database, expert, COUNTY), case)) == 2


def judged(database: Database, clock: StandingClock) -> tuple[Room, Case, str]:
    """A case before its panel, and the account of an expert who has declared and may read it."""
    room = panel.furnish(database, clock)
    case = room.filed()
    room.convene(case)
    room.act(case, 1, "declare")
    return room, case, room.holder(case, 1)


def as_officer(database: Database, name: str, organisation: str) -> Actor:
    """That person, once they have an office in an organisation too."""
    with database.write() as session:
        person = accounts.by_name(session, name)
        accounts.grant(session, person, "county_officer", organisation, by="setup")
        return accounts.actor(session, person)
