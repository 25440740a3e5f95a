"""Where a round stands: ranking that hides blind scores, the list drawn up from it, totals, filters, what it costs."""

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event, func, select, update

from config.settings import Settings
from engine import calendar, calendars, clock, day_overrides, draft_lists, due_dates, lint, results, standings, tasks
from engine.db import Database
from engine.errors import FormInvalid
from engine.models import Case, Event, Notice, Panel, Round, Task
from engine.results import Result
from engine.standings import Filters
from tests.integration import reader
from web.app import create_app
from web.simulate import Run

MOST_STATEMENTS = 40  # of the round's page, with the frame around it


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Iterator[Run]:
    """A small round of a simulated bureau: seven applications, three experts each."""
    made = Run(database, tmp_path, applications=7, experts=3, seed=3, tell=False)
    with patch.object(lint, "problems", return_value=[]):  # that the diagrams are right is tested elsewhere
        made.prepare()
    with made.on_its_clock():
        yield made


def found(run: Run) -> dict[int, Result]:
    with run.database.read() as session:
        return results.of_round(session, session.scalars(select(Round.id)).one())


def listed(run: Run, who: str = "city1") -> list[standings.Row]:
    with run.database.read() as session:
        return standings.of_round(session, run.actors[who], session.scalars(select(Round.id)).one())


def drafting(run: Run) -> tuple[Task, Case, list[draft_lists.Candidate]]:
    """The task of the draft list, and who may stand on it."""
    run.carry(until="draft_list")
    with run.database.read() as session:
        task = session.scalars(select(Task).where(Task.element == "draft_list", Task.state == "open")).one()
        case = session.get_one(Case, task.case_id)
        return task, case, draft_lists.candidates(session, case, task.form)


def draw_up(run: Run, task: Task, listed_: list[int], reasons: dict[int, str]) -> Case:
    rows = [{"case": case_id, "reason": reason} for case_id, reason in reasons.items()]
    with run.database.write() as session:
        answers = {"cases": listed_, "reasons": rows, "opinion": "按评审和抽查拟定"}
        return tasks.complete(session, run.actors["city1"], task.id, answers)


# ---- ranking ------------------------------------------------------------------------------------


def test_no_score_counts_before_its_panel_is_opened(run: Run) -> None:
    run.carry(until="open_opinions")
    assert [result.scores for result in found(run).values() if result.scores] == []
    assert {row["result"].rank for row in listed(run) if row["result"]} == {None}
    run.carry(until="draw_sample")
    ranked = [result for result in found(run).values() if result.scores]
    assert ranked
    with run.database.read() as session:
        opened = set(session.scalars(select(Panel.case_id).where(Panel.opened_at.is_not(None), Panel.kind == "expert")))
    assert {result.case_id for result in ranked} == opened


def test_a_panel_that_is_closed_again_hides_its_scores_again(run: Run) -> None:
    run.carry(until="draw_sample")
    some = next(result for result in found(run).values() if result.scores)
    with run.database.write() as session:
        for panel in session.scalars(select(Panel).where(Panel.case_id == some.case_id)):
            panel.opened_at = None
    hidden = found(run).get(some.case_id, Result(some.case_id))
    assert (hidden.scores, hidden.mean, hidden.rank) == ((), None, None)


def test_the_best_mean_is_first_and_equal_means_share_a_rank() -> None:
    given = {1: "80", 2: "90", 3: "80", 4: "70"}
    made = [Result(case_id, (Decimal(score),), Decimal(score)) for case_id, score in given.items()]
    ranked = {result.case_id: result.rank for result in results._ranked([*made, Result(5)])}
    assert ranked == {2: 1, 1: 2, 3: 2, 4: 4, 5: None}


def test_a_mean_is_shown_to_two_places_and_ordered_exactly() -> None:
    thirds = Result(1, (), Decimal(250) / 3)
    assert thirds.mean == Decimal("83.33")
    assert Result(2, (), Decimal("83.335")).mean == Decimal("83.34")
    assert [result.case_id for result in results._ranked([Result(3, (), Decimal("83.33")), thirds])] == [1, 3]


def test_an_applicant_sees_stages_and_no_results(run: Run) -> None:
    run.carry(until="draw_sample")
    rows, seen = {row["id"]: row for row in listed(run)}, set[int]()
    for who in (name for name in run.actors if name.startswith("county")):
        theirs = listed(run, who)
        assert all(row["result"] is None for row in theirs)
        assert {row["id"] for row in theirs} < rows.keys()
        seen |= {row["id"] for row in theirs}
    assert seen == rows.keys()  # a park's case is its county's too


# ---- the draft list -----------------------------------------------------------------------------


def test_the_list_is_proposed_from_reviews_and_inspections(run: Run) -> None:
    task, case, known = drafting(run)
    with run.database.read() as session:
        proposed = draft_lists.proposal(session, case, task.form)
    by_case = {each.case_id: each.result for each in known}
    assert set(proposed["cases"]) == {case_id for case_id, result in by_case.items() if result.proposed}
    assert any(result.automatic for result in by_case.values())
    reasons = {row["case"]: row["reason"] for row in proposed["reasons"]}
    for case_id, result in by_case.items():
        if result.automatic:
            assert reasons[case_id] == "已通过上级认定并经核实，自动认定（第十五条（二））"
        elif result.proposed:
            assert f"排名第{result.rank}" in reasons[case_id]
    ranks = [each.result.rank for each in known if each.result.rank]
    assert ranks == sorted(ranks)


def test_who_is_recommended_and_left_out_needs_a_reason_of_its_own(run: Run) -> None:
    task, case, known = drafting(run)
    with run.database.read() as session:
        proposed = draft_lists.proposal(session, case, task.form)
    reasons = {row["case"]: row["reason"] for row in proposed["reasons"]}
    *kept, out = proposed["cases"]
    problems: list[tuple[str, str]] = []
    for given in ({each: reasons[each] for each in kept}, reasons):  # none, and the one for listing it
        with pytest.raises(FormInvalid) as refused:
            draw_up(run, task, kept, given)
        problems += [(problem.field, problem.code) for problem in refused.value.problems]
        assert str(out) in refused.value.problems[0].message
    assert problems == [("cases", "left_out"), ("reasons", "left_out")]
    draw_up(run, task, kept, reasons | {out: "与在先认定的集群重复"})
    with run.database.read() as session:
        drafted = session.scalars(select(Event.payload).where(Event.kind == "list.drafted")).one()
    row = next(row for row in drafted["proposal"] if row["case"] == out)
    assert (row["proposed"], row["listed"], row["reason"]) == (True, False, "与在先认定的集群重复")
    assert {row["case"] for row in drafted["proposal"]} == {each.case_id for each in known}


def test_who_is_not_recommended_is_listed_only_with_a_reason_against_the_results(run: Run) -> None:
    task, case, known = drafting(run)
    other = next(each for each in known if not each.result.proposed and each.words)
    with run.database.read() as session:
        proposed = draft_lists.proposal(session, case, task.form)
    reasons = {row["case"]: row["reason"] for row in proposed["reasons"]}
    chosen = [*proposed["cases"], other.case_id]
    with pytest.raises(FormInvalid) as refused:
        draw_up(run, task, chosen, reasons | {other.case_id: other.words})
    assert [problem.code for problem in refused.value.problems] == ["against_results"]
    draw_up(run, task, chosen, reasons | {other.case_id: "全市唯一的水性涂料集群，专题会议研究同意列入"})


def test_only_who_waits_for_the_outcome_may_stand_on_the_list(run: Run) -> None:
    """Not the round's own case, not one whose review goes on, not one that has ended."""
    task, case, known = drafting(run)
    with run.database.read() as session:
        ended = session.scalars(select(Case.id).where(Case.status == "ended", Case.cluster_id.is_not(None))).first()
    assert ended is not None
    with run.database.write() as session:
        waiting = session.get_one(Case, known[0].case_id)
        waiting.awaits = " sample_drawn "
    for stranger in (case.id, ended, known[0].case_id, 999_999):
        with pytest.raises(FormInvalid) as refused:
            draw_up(run, task, [stranger], {stranger: "试试"})
        assert ("cases[0]", "case_not_ready") in [(each.field, each.code) for each in refused.value.problems]


def test_who_drew_up_the_list_does_not_decide_on_it_and_the_public_learns_what_was_automatic(run: Run) -> None:
    run.carry(until="check_objections")
    with run.database.read() as session:
        steps = select(Task.element, Task.closed_by).where(Task.element.in_(("draft_list", "decide_list")))
        by = {row.element: row.closed_by for row in session.execute(steps)}
        entries = session.scalars(select(Notice.entries).where(Notice.kind == "publicity")).one()
    assert by["draft_list"] != by["decide_list"] == "leader"
    automatic = {case_id for case_id, result in found(run).items() if result.automatic}
    assert {entry["case"] for entry in entries if "basis" in entry} == automatic & {entry["case"] for entry in entries}
    assert {entry["basis"] for entry in entries if "basis" in entry} == {"自动认定（第十五条（二））"}


# ---- the page -----------------------------------------------------------------------------------


def page(run: Run, path: str, who: str = "city1") -> Any:
    app = create_app(Settings(data=run.folder), run.database)
    return reader.reader(app, reader.signed_in(run.database, who)).get(path)


def test_what_falls_due_soon_is_counted_by_the_bureaus_own_calendar(run: Run) -> None:
    """Within three working days: once the bureau gives one of them off, the fourth is among them."""
    run.carry(until="draft_list")
    with run.on_its_clock():
        days = [calendar.shipped().nth_working_day(clock.today(), n).date for n in (1, 2, 3, 4)]
        with run.database.write() as session:
            session.execute(update(Task).where(Task.state == "open").values(due_at=due_dates.end_of(days[3])))
        assert standings.chosen(listed(run), Filters(due="soon")) == []
        with run.database.write() as session:
            day_overrides.put(
                session,
                run.actors["city1"],
                run.regime.bureau,
                days[1],
                working=False,
                reason="台风停工",
                number="示例〔2025〕3号",
            )
            session.execute(update(Task).where(Task.state == "open").values(due_at=due_dates.end_of(days[3])))
        assert standings.chosen(listed(run), Filters(due="soon")) != []


def test_the_page_filters_sorts_and_exports_by_its_address(run: Run) -> None:
    run.carry(until="draw_sample")
    rows = listed(run)
    stage = standings.by_stage(rows)[0]
    assert sum(total.cases for total in standings.by_stage(rows)) == len(rows) == 7
    assert sum(total.cases for total in standings.by_county(rows)) == 7
    narrowed = standings.chosen(rows, Filters(stage=stage.key))
    assert len(narrowed) == stage.cases
    shown = page(run, f"/rounds/1?stage={stage.key}&sort=rank").text
    assert all((row["title"] in shown) is (row in narrowed) for row in rows)
    county = rows[0]["division"]
    assert {row["division"] for row in standings.chosen(rows, Filters(division=county))} == {county}
    assert [row["id"] for row in standings.chosen(rows, Filters(words=rows[2]["title"]))] == [rows[2]["id"]]
    ranks = [row["result"].rank for row in standings.chosen(rows, Filters(sort="rank"))]
    assert ranks == sorted(ranks, key=lambda rank: (rank is None, rank))
    table = page(run, f"/rounds/1.csv?stage={stage.key}").text
    assert table.count("\r\n") == 1 + stage.cases
    assert "排名" in table.splitlines()[0]


def test_who_waits_is_counted_where_it_waits(run: Run) -> None:
    run.carry(until="draw_sample")
    counted = {total.name: total.cases for total in standings.by_stage(listed(run))}
    assert "" not in counted
    with run.database.read() as session:
        waiting = select(func.count()).where(Case.awaits.contains(" sample_drawn "), Case.cluster_id.is_not(None))
        assert counted["等待抽取样本"] == session.scalar(waiting)
    run.carry(until="draft_list")
    assert "等待批次结果" in {total.name for total in standings.by_stage(listed(run))}


def test_a_county_reads_the_round_without_ranks_and_scores(run: Run) -> None:
    run.carry(until="draw_sample")
    who = next(name for name in run.actors if name.startswith("county"))
    shown = page(run, "/rounds/1?sort=rank", who)
    assert shown.status_code == 200
    assert "平均" not in shown.text
    assert "名</strong>" not in shown.text
    assert "催办" not in shown.text
    assert "排名" not in page(run, "/rounds/1.csv", who).text


def test_seven_experts_who_score_are_one_line(run: Run) -> None:
    run.carry(until="score")
    held = [row["holds"] for row in listed(run) if any(task["element"] == "score" for task in row["tasks"])]
    assert held
    assert [(hold.title, hold.tasks) for hold in held[0]] == [(held[0][0].title, 3)]


def test_two_hundred_cases_cost_no_more_questions_than_seven(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "RECHECK_SECONDS", math.inf)  # or the calendar's age decides what is asked
    run.carry(until="draw_sample")
    few = _statements(run)
    with run.database.write() as session:
        first = session.scalars(select(Case).where(Case.cluster_id.is_not(None), Case.status == "open")).first()
        assert first is not None
        columns = [column.key for column in Case.__table__.columns if column.key not in {"id", "version"}]
        kept = {name: getattr(first, name) for name in columns}
        for number in range(193):
            session.add(Case(**kept | {"title": f"第{number}个"}))
    many = _statements(run)
    assert many == few
    assert many <= MOST_STATEMENTS


def _statements(run: Run) -> int:
    """How many statements the round's page asks."""
    app = create_app(Settings(data=run.folder), run.database)
    city = reader.reader(app, reader.signed_in(run.database, "city1"))
    city.get("/rounds/1")  # what is remembered between requests is there now
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(run.database.engine, "before_cursor_execute", note)
    try:
        assert city.get("/rounds/1").status_code == 200
    finally:
        event.remove(run.database.engine, "before_cursor_execute", note)
    return len(asked)
