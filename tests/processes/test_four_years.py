"""Four years of each regime, as the texts have them: written by hand from the articles, never from what came out.

Each regime has four clusters that are recognised on one day: the first does everything in time, the second reports ten
days late, the third neither reports nor applies for renewal, the fourth is not passed when it is reviewed.
"""

import pickle
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import Cluster, Finding, Obligation
from tests import once
from tests.conftest import opened
from tests.rehearsing import Lived, live_through
from web.rehearsal.scenario import Scenario

PROMPT, TARDY, SILENT, FAILING = 1, 2, 3, 4
SCENARIO = Scenario(
    clusters={
        TARDY: {"reports": "late"},
        SILENT: {"reports": "never", "renewals": "never"},
        FAILING: {"reviews": "fail"},
    }
)


@dataclass(frozen=True)
class Report:
    """An annual report: the printed day, and what follows from it."""

    due: str  # as printed; a fixed date is no period, 民法典 第二百零三条 does not move it
    opens: str  # setting: its case opens 60 days before
    reminded: tuple[str, ...]  # setting: 60, 30, 14, 7, 3, 1 and 0 days before, 1, 7 and 14 after; and on the last
    # working day before a printed date that is none itself
    escalated: tuple[str, ...]  # setting: the superior is told 1, 7 and 14 days after
    filed_late: str  # ten days after, by who is late
    noted: str  # setting: a person is to decide once 30 days are over


@dataclass(frozen=True)
class Life:
    """The four years of a regime."""

    regime: str
    published: str
    until: str
    passes_on: bool  # an office between county and bureau sends the report on
    clauses: dict[str, str]  # report, and the two grounds: of who does not apply for renewal, of who does not report
    reports: tuple[Report, ...]  # within the first validity
    window: str  # setting: six months before the last valid day
    window_told: tuple[str, ...]  # setting: 30, 7 and 0 days before it opens
    last_day: str  # three years from publication, 民法典 第二百零一、二百零二条
    last_day_told: tuple[str, ...]  # setting: 180, 90, 60, 30 and 7 days before
    over: str  # the day after
    prolonged: str  # three years more, from the old last day
    next_report: tuple[str, str] | None  # the printed day in the year after, and when its case opens


LIVES = [
    Life(
        regime="qingyuan",
        published="2025-06-20",
        until="2029-06-19",
        passes_on=False,
        # 第十七条: 每年3月15日前; 第十八条（一）、（三）
        clauses={"report": "第十七条", "not_renewed": "第十八条（一）", "not_reported": "第十八条（三）"},
        reports=(
            Report(  # 2026-03-15 is a Sunday: one reminder more on Friday the 13th
                due="2026-03-15",
                opens="2026-01-14",
                reminded=(
                    *("2026-01-14", "2026-02-13", "2026-03-01", "2026-03-08", "2026-03-12", "2026-03-13"),
                    *("2026-03-14", "2026-03-15", "2026-03-16", "2026-03-22", "2026-03-29"),
                ),
                escalated=("2026-03-16", "2026-03-22", "2026-03-29"),
                filed_late="2026-03-25",
                noted="2026-04-15",
            ),
            Report(  # a Monday
                due="2027-03-15",
                opens="2027-01-14",
                reminded=(
                    *("2027-01-14", "2027-02-13", "2027-03-01", "2027-03-08", "2027-03-12"),
                    *("2027-03-14", "2027-03-15", "2027-03-16", "2027-03-22", "2027-03-29"),
                ),
                escalated=("2027-03-16", "2027-03-22", "2027-03-29"),
                filed_late="2027-03-25",
                noted="2027-04-15",
            ),
            Report(  # a Wednesday, in a leap year
                due="2028-03-15",
                opens="2028-01-15",
                reminded=(
                    *("2028-01-15", "2028-02-14", "2028-03-01", "2028-03-08", "2028-03-12"),
                    *("2028-03-14", "2028-03-15", "2028-03-16", "2028-03-22", "2028-03-29"),
                ),
                escalated=("2028-03-16", "2028-03-22", "2028-03-29"),
                filed_late="2028-03-25",
                noted="2028-04-15",
            ),
        ),
        window="2027-12-20",
        window_told=("2027-11-20", "2027-12-13", "2027-12-20"),
        last_day="2028-06-20",  # 第十六条
        last_day_told=("2027-12-23", "2028-03-22", "2028-04-21", "2028-05-21", "2028-06-13"),
        over="2028-06-21",
        prolonged="2031-06-20",
        next_report=("2029-03-15", "2029-01-14"),
    ),
    Life(
        regime="shantou",
        published="2025-03-20",
        until="2029-03-19",
        passes_on=False,
        # 三（二）: 每年1月31日前; 三（三）1、3
        clauses={"report": "三（二）", "not_renewed": "三（三）1", "not_reported": "三（三）3"},
        reports=(
            Report(  # a Saturday: Friday the 30th, on which the day before is reminded of anyhow
                due="2026-01-31",
                opens="2025-12-02",
                reminded=(
                    *("2025-12-02", "2026-01-01", "2026-01-17", "2026-01-24", "2026-01-28"),
                    *("2026-01-30", "2026-01-31", "2026-02-01", "2026-02-07", "2026-02-14"),
                ),
                escalated=("2026-02-01", "2026-02-07", "2026-02-14"),
                filed_late="2026-02-10",
                noted="2026-03-03",
            ),
            Report(  # a Sunday: one reminder more on Friday the 29th
                due="2027-01-31",
                opens="2026-12-02",
                reminded=(
                    *("2026-12-02", "2027-01-01", "2027-01-17", "2027-01-24", "2027-01-28", "2027-01-29"),
                    *("2027-01-30", "2027-01-31", "2027-02-01", "2027-02-07", "2027-02-14"),
                ),
                escalated=("2027-02-01", "2027-02-07", "2027-02-14"),
                filed_late="2027-02-10",
                noted="2027-03-03",
            ),
            Report(  # a Monday; 春节 is on 26 January, its statutory days end with the 28th
                due="2028-01-31",
                opens="2027-12-02",
                reminded=(
                    *("2027-12-02", "2028-01-01", "2028-01-17", "2028-01-24", "2028-01-28"),
                    *("2028-01-30", "2028-01-31", "2028-02-01", "2028-02-07", "2028-02-14"),
                ),
                escalated=("2028-02-01", "2028-02-07", "2028-02-14"),
                filed_late="2028-02-10",
                noted="2028-03-02",  # February has 29 days
            ),
        ),
        window="2027-09-20",
        window_told=("2027-08-21", "2027-09-13", "2027-09-20"),
        last_day="2028-03-20",  # 三（一）
        last_day_told=("2027-09-22", "2027-12-21", "2028-01-20", "2028-02-19", "2028-03-13"),
        over="2028-03-21",
        prolonged="2031-03-20",
        next_report=("2029-01-31", "2028-12-02"),
    ),
    Life(
        regime="guangxi",
        published="2023-05-15",
        until="2027-05-14",
        passes_on=True,  # 第十六条: 市级 … 报送自治区
        # 第十六条: 每年3月30日前; 第十七条（一）、（三）
        clauses={"report": "第十六条", "not_renewed": "第十七条（一）", "not_reported": "第十七条（三）"},
        reports=(
            Report(  # a Saturday: Friday the 29th, on which the day before is reminded of anyhow
                due="2024-03-30",
                opens="2024-01-30",
                reminded=(
                    *("2024-01-30", "2024-02-29", "2024-03-16", "2024-03-23", "2024-03-27"),
                    *("2024-03-29", "2024-03-30", "2024-03-31", "2024-04-06", "2024-04-13"),
                ),
                escalated=("2024-03-31", "2024-04-06", "2024-04-13"),
                filed_late="2024-04-09",
                noted="2024-04-30",
            ),
            Report(  # a Sunday: one reminder more on Friday the 28th
                due="2025-03-30",
                opens="2025-01-29",
                reminded=(
                    *("2025-01-29", "2025-02-28", "2025-03-16", "2025-03-23", "2025-03-27", "2025-03-28"),
                    *("2025-03-29", "2025-03-30", "2025-03-31", "2025-04-06", "2025-04-13"),
                ),
                escalated=("2025-03-31", "2025-04-06", "2025-04-13"),
                filed_late="2025-04-09",
                noted="2025-04-30",
            ),
            Report(  # a Monday
                due="2026-03-30",
                opens="2026-01-29",
                reminded=(
                    *("2026-01-29", "2026-02-28", "2026-03-16", "2026-03-23", "2026-03-27"),
                    *("2026-03-29", "2026-03-30", "2026-03-31", "2026-04-06", "2026-04-13"),
                ),
                escalated=("2026-03-31", "2026-04-06", "2026-04-13"),
                filed_late="2026-04-09",
                noted="2026-04-30",
            ),
        ),
        window="2025-11-15",
        window_told=("2025-10-16", "2025-11-08", "2025-11-14", "2025-11-15"),  # a Saturday: on Friday the 14th too
        last_day="2026-05-15",  # 第十五条
        last_day_told=("2025-11-16", "2026-02-14", "2026-03-16", "2026-04-15", "2026-05-08"),
        over="2026-05-16",
        prolonged="2029-05-15",
        next_report=("2027-03-30", "2027-01-29"),
    ),
    Life(
        regime="national",
        published="2024-02-29",
        until="2028-02-28",
        passes_on=True,  # 第十六条: 省级 … 报送工业和信息化部
        # 第十六条: 每年4月30日前; 第十七条（一）、（三）
        clauses={"report": "第十六条", "not_renewed": "第十七条（一）", "not_reported": "第十七条（三）"},
        reports=(  # that of 2027 is due after the last valid day
            Report(  # a Wednesday
                due="2025-04-30",
                opens="2025-03-01",
                reminded=(
                    *("2025-03-01", "2025-03-31", "2025-04-16", "2025-04-23", "2025-04-27"),
                    *("2025-04-29", "2025-04-30", "2025-05-01", "2025-05-07", "2025-05-14"),
                ),
                escalated=("2025-05-01", "2025-05-07", "2025-05-14"),
                filed_late="2025-05-10",
                noted="2025-05-31",
            ),
            Report(  # a Thursday
                due="2026-04-30",
                opens="2026-03-01",
                reminded=(
                    *("2026-03-01", "2026-03-31", "2026-04-16", "2026-04-23", "2026-04-27"),
                    *("2026-04-29", "2026-04-30", "2026-05-01", "2026-05-07", "2026-05-14"),
                ),
                escalated=("2026-05-01", "2026-05-07", "2026-05-14"),
                filed_late="2026-05-10",
                noted="2026-05-31",
            ),
        ),
        window="2026-08-28",
        window_told=("2026-07-29", "2026-08-21", "2026-08-28"),
        last_day="2027-02-28",  # 第十五条; 2027 has no 29 February: 民法典 第二百零二条
        # a Sunday: on Friday the 26th too
        last_day_told=("2026-09-01", "2026-11-30", "2026-12-30", "2027-01-29", "2027-02-21", "2027-02-26"),
        over="2027-03-01",
        prolonged="2030-02-28",
        next_report=("2027-04-30", "2027-03-01"),
    ),
]


@pytest.fixture(scope="module", params=LIVES, ids=lambda life: life.regime)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Life, Lived]:
    """A life by the texts, and one that was lived through."""
    life: Life = request.param

    def live(folder: Path) -> None:
        lived = live_through(folder, life.regime, life.published, life.until, clusters=4, scenario=SCENARIO)
        (folder / "lived").write_bytes(pickle.dumps(lived))

    return life, pickle.loads((once.folder(tmp_path_factory, f"four-years-{life.regime}", live) / "lived").read_bytes())


def test_reports_are_due_on_the_printed_days_of_each_year(both: tuple[Life, Lived]) -> None:
    life, lived = both
    printed = [report.due for report in life.reports]
    after = [life.next_report[0]] if life.next_report else []
    owed = [
        row.printed_on.isoformat() for row in _owed(lived, PROMPT, "annual_report") if str(row.printed_on) <= life.until
    ]
    assert owed == printed + after
    assert {row.clause for row in _owed(lived, PROMPT, "annual_report")} == {life.clauses["report"]}
    assert [row.printed_on.isoformat() for row in _owed(lived, SILENT, "annual_report")] == printed


def test_the_case_of_a_report_opens_before_its_day(both: tuple[Life, Lived]) -> None:
    life, lived = both
    after = [life.next_report[1]] if life.next_report else []
    assert lived.days(PROMPT, "case.opened", process="annual_report") == [
        *(report.opens for report in life.reports),
        *after,
    ]
    assert lived.days(SILENT, "case.opened", process="annual_report") == [report.opens for report in life.reports]


def test_who_does_not_report_is_reminded_on_every_rung_and_the_superior_afterwards(both: tuple[Life, Lived]) -> None:
    life, lived = both
    told = lived.days(SILENT, "letter.sent", element="annual_report")
    assert told == [day for report in life.reports for day in report.reminded]
    escalated = {each["at"][:10] for each in lived.of(SILENT, "letter.sent", element="escalation")}
    assert escalated >= {day for report in life.reports for day in report.escalated}
    assert not [
        each
        for each in lived.of(PROMPT, "letter.sent", element="escalation")
        if each["at"][:10] in {day for report in life.reports for day in report.escalated}
    ]


def test_who_reports_in_time_is_reminded_until_then_and_not_later(both: tuple[Life, Lived]) -> None:
    life, lived = both
    for report in life.reports:
        met = next(
            each["at"][:10]
            for each in lived.of(PROMPT, "obligation.met", element="annual_report")
            if report.opens <= each["at"][:10] <= report.due
        )
        told = [
            day
            for day in lived.days(PROMPT, "letter.sent", element="annual_report")
            if report.opens <= day <= report.reminded[-1]
        ]
        assert told == [day for day in report.reminded if day < met or (day == met and day in told)]


def test_a_late_report_is_filed_and_counts_its_days(both: tuple[Life, Lived]) -> None:
    life, lived = both
    filed = [
        each["at"][:10]
        for each in lived.of(TARDY, "task.completed")
        if (each["element"] or "").endswith("fill_in_report")
    ]
    assert filed[: len(life.reports)] == [report.filed_late for report in life.reports]
    name = lived.of(TARDY, "case.opened")[0]["subject"]
    late = {each["on"]: each["days_late"] for each in lived.outcome.missed if each["cluster"] == name}
    for report in life.reports:
        if life.passes_on:
            assert late[report.due] > 10  # 报送 is what reaches the bureau
        else:
            assert late[report.due] == 10


def test_a_report_that_never_comes_is_noted_for_a_person_to_decide(both: tuple[Life, Lived]) -> None:
    life, lived = both
    noted = lived.of(SILENT, "finding.noted", element="report")
    assert [each["at"][:10] for each in noted] == [report.noted for report in life.reports]
    assert {each["clause"] for each in noted} == {life.clauses["not_reported"]}
    for number in (PROMPT, TARDY):
        assert not lived.of(number, "finding.noted")


def test_the_window_of_renewal_and_the_end_of_validity_are_told(both: tuple[Life, Lived]) -> None:
    life, lived = both
    for number in (PROMPT, TARDY, SILENT, FAILING):
        assert lived.days(number, "case.opened", process="renewal") == [life.window]
    told = lived.days(SILENT, "letter.sent", element="validity")
    assert told == sorted({*life.window_told, *life.last_day_told})


def test_a_renewed_cluster_is_valid_three_years_more_from_its_old_last_day(both: tuple[Life, Lived]) -> None:
    life, lived = both
    for number in (PROMPT, TARDY):
        (renewed,) = lived.days(number, "cluster.renewed")
        assert life.window < renewed <= life.last_day
        assert _cluster(lived, number).last_day == date.fromisoformat(life.prolonged)
        assert not lived.of(number, "cluster.expired")


def test_who_does_not_apply_waits_as_expired_and_is_proposed_for_revocation(both: tuple[Life, Lived]) -> None:
    life, lived = both
    assert lived.days(SILENT, "cluster.expired") == [life.over]
    noted = lived.of(SILENT, "finding.noted", element="renewal")
    assert [(each["at"][:10], each["clause"]) for each in noted] == [(life.over, life.clauses["not_renewed"])]
    (case,) = lived.of(SILENT, "case.opened", process="renewal")
    (ended,) = lived.of(SILENT, "case.ended", process="renewal")
    assert (ended["case"], ended["element"]) == (case["case"], "not_applied")
    assert ended["at"] == f"{life.last_day}T23:59:59+08:00"  # the last moment at which somebody may apply


def test_who_fails_the_review_waits_as_expired_and_is_proposed_for_revocation(both: tuple[Life, Lived]) -> None:
    life, lived = both
    (noted,) = lived.of(FAILING, "finding.noted", element="renewal")
    assert life.window < noted["at"][:10] <= life.last_day
    assert noted["clause"] == life.clauses["not_renewed"]
    assert lived.days(FAILING, "cluster.expired") == [life.over]
    assert not lived.of(FAILING, "cluster.renewed")
    assert _cluster(lived, FAILING).last_day == date.fromisoformat(life.last_day)


def test_nothing_is_revoked_by_a_date(both: tuple[Life, Lived]) -> None:
    _, lived = both
    assert not [each for each in lived.lines if each["kind"] == "cluster.revoked"]
    with _opened(lived) as database, database.read() as session:
        assert set(session.scalars(select(Cluster.state))) == {"recognised"}
        assert set(session.scalars(select(Finding.state))) == {"open"}


def test_nobody_is_stuck(both: tuple[Life, Lived]) -> None:
    _, lived = both
    assert not lived.outcome.stuck


def test_a_cluster_is_renewed_again_and_again(tmp_path: Path) -> None:
    """清远 第十六条: 2025-06-20, 2028-06-20, 2031-06-20, 2034-06-20."""
    lived = live_through(tmp_path, "qingyuan", "2025-06-20", "2031-07-31", clusters=1)
    assert lived.days(1, "case.opened", process="renewal") == ["2027-12-20", "2030-12-20"]
    assert len(lived.days(1, "cluster.renewed")) == 2
    assert not lived.of(1, "cluster.expired")
    assert _cluster(lived, 1).last_day == date(2034, 6, 20)
    assert [row.printed_on.year for row in _owed(lived, 1, "annual_report")] == list(range(2026, 2035))


def test_a_check_that_nobody_does_leaves_the_report_met_and_the_step_overdue(tmp_path: Path) -> None:
    """清远 第十七条: what is 报送 by the day is in time, however long it is looked at there."""
    slow = Scenario(words={"checks": "never"})
    lived = live_through(tmp_path, "qingyuan", "2025-06-20", "2026-06-30", clusters=1, scenario=slow)
    (met,) = lived.days(1, "obligation.met", element="annual_report")
    assert met <= "2026-03-15"
    assert [each["role"] for each in lived.of(1, "task.overdue")] == ["bureau_officer"]
    assert not lived.of(1, "case.ended", process="annual_report")


def _owed(lived: Lived, number: int, kind: str) -> list[Obligation]:
    with _opened(lived) as database, database.read() as session:
        query = select(Obligation).join(Cluster, Cluster.id == Obligation.cluster_id)
        named = query.where(Cluster.name.startswith(f"推演第{number}中"), Obligation.kind == kind)
        return list(session.scalars(named.order_by(Obligation.printed_on)))


def _cluster(lived: Lived, number: int) -> Cluster:
    with _opened(lived) as database, database.read() as session:
        return session.scalars(select(Cluster).where(Cluster.name.startswith(f"推演第{number}中"))).one()


def _opened(lived: Lived) -> AbstractContextManager[Database]:
    return opened(f"sqlite:///{lived.scratch}")
