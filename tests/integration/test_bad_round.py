"""Bad input in a round, through the API: each is refused with what is wrong and what to do, and not a row changes."""

from pathlib import Path
from typing import Any

import pytest

from engine.db import Database
from engine.models import Case
from tests import inspected, panel, publicised, samples
from tests.clock import StandingClock
from tests.inspected import VISIT, Round
from tests.integration import desk, refusals
from tests.integration.desk import Desk
from tests.office import REGIME
from tests.panel import Room, scores
from tests.publicised import OVER, List
from tests.samples import ANSWERS

OWN = samples.application_data()["enterprises"][0]["name"]  # an enterprise of the cluster
INVALID = (422, "form_invalid")


class Bench:
    """A panel of three before an application, and the API that its people use."""

    def __init__(self, room: Room, data: Path) -> None:
        self.room, self.case = room, room.filed()
        self.at = desk.of(room.at, data)

    def convene(self, **answers: Any) -> Case:
        self.room.convene(self.case, **answers)
        return self.case

    def complete(self, who: str, task_id: str, data: Any) -> Any:
        """What asks to finish a task."""
        return lambda: self.at.as_(who).post(f"/tasks/{task_id}/complete", {"data": data})

    def seat(self, number: int, element: str, **answers: Any) -> Any:
        """What asks to finish the step of a seat, as its holder."""
        task = self.room.task(self.case, number, element)
        return self.complete(self.room.holder(self.case, number), task.id, ANSWERS[task.form] | answers)

    def now_employed(self, number: int, employer: str) -> None:
        """The pool learns where the holder of a seat works."""
        member = self.room.members[self.room.holder(self.case, number)]
        city = self.at.as_("city")
        card = {name: city.get(f"/pool/{member}").get_json()[name] for name in ("fields", "division", "first_day")}
        assert city.put(f"/pool/{member}", {**card, "employer": employer}).status_code == 200


@pytest.fixture
def bench(database: Database, clock: StandingClock, tmp_path: Path) -> Bench:
    return Bench(panel.furnish(database, clock), tmp_path / "data")


@pytest.fixture
def visit(database: Database, clock: StandingClock, tmp_path: Path) -> tuple[Desk, Round, int]:
    """A reviewed application that was drawn on 1 July, and its visit of 8 July, which is over."""
    at = inspected.reviewed(database, clock, count=1)
    (case_id,) = at.draw().drawn
    at.arrange(case_id)
    clock.move_to(VISIT)
    return desk.of(at.office, tmp_path / "data"), at, case_id


@pytest.fixture
def listed(database: Database, clock: StandingClock, tmp_path: Path) -> tuple[Desk, List]:
    """A list of three whose publicity ended just now."""
    public = publicised.listed(database, clock)
    return desk.of(public.office, tmp_path / "data"), public


# ---- the panel ----------------------------------------------------------------------------------


def test_a_panel_larger_than_the_pool_is_refused_with_how_many_there_are(bench: Bench) -> None:
    task = bench.room.at.open_task(bench.case.id, "convene")
    refusals.refused(
        bench.at.database,
        bench.complete("city", task.id, ANSWERS["panel"] | {"size": 7}),
        INVALID,
        problem=("size", "too_many"),
        says=["要抽取 7 人", "只有 6 人", "请减少人数，或先在专家库中增补专家"],
    )
    assert bench.room.at.open_elements(bench.case.id) == ["convene"]


def test_who_works_for_the_cluster_neither_takes_the_seat_nor_scores(bench: Bench) -> None:
    bench.convene()
    bench.now_employed(1, OWN)
    refusals.refused(
        bench.at.database,
        bench.seat(1, "declare"),
        INVALID,
        problem=("decision", "has_a_tie"),
        says=[f"任职单位“{OWN}”", "企业发展情况表", "请选择“回避”"],
    )
    bench.room.act(bench.case, 2, "declare")
    bench.now_employed(2, OWN)  # found out when the seat was taken already
    refusals.refused(
        bench.at.database,
        bench.seat(2, "score", **scores("100")),
        INVALID,
        problem=("decision", "has_a_tie"),
        says=[f"任职单位“{OWN}”", "不能评分", "请告知组织评审的部门更换专家"],
    )


@pytest.mark.parametrize(
    ("given", "problem", "says"),
    [
        ({"score": "101", "reason": "好"}, ("score_green.score", "maximum"), ["不得大于 100，现为 101"]),
        ({"score": "85"}, ("score_green.reason", "required"), ["理由"]),
        ({"score": "85", "reason": "　 "}, ("score_green.reason", "required"), ["理由"]),
    ],
    ids=["101 points", "no reason", "a reason of blanks"],
)
def test_a_score_beyond_a_hundred_or_without_a_reason_is_refused(
    bench: Bench, given: dict[str, str], problem: tuple[str, str], says: list[str]
) -> None:
    bench.convene()
    bench.room.act(bench.case, 1, "declare")
    asking = bench.seat(1, "score", score_green=given)
    refusals.refused(bench.at.database, asking, INVALID, problem=problem, says=["绿色", *says])


# ---- the visit ----------------------------------------------------------------------------------


def test_a_visit_dated_before_the_review_is_refused_with_the_day(visit: tuple[Desk, Round, int]) -> None:
    at, round_, case_id = visit
    task = round_.report_task(case_id)
    team = [round_.inspectors[name] for name in inspected.INSPECTORS[:2]]
    report = ANSWERS["site_inspection"] | {"inspectors": team, "inspected_on": "2025-06-30"}
    refusals.refused(
        at.database,
        lambda: at.as_("inspector").post(f"/tasks/{task.id}/complete", {"data": report}),
        INVALID,
        problem=("inspected_on", "before_review"),
        says=["2025-07-01", "请核对"],
    )


def test_a_visit_is_not_appointed_for_a_day_before_the_draw(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    round_ = inspected.reviewed(database, clock, count=1)
    (case_id,) = round_.draw().drawn
    at, task = desk.of(round_.office, tmp_path / "data"), round_.office.open_task(case_id, "arrange")
    team = [round_.inspectors[name] for name in inspected.INSPECTORS[:2]]
    day = {"starts_at": "2025-06-30T09:30:00+08:00", "ends_at": "2025-06-30T16:00:00+08:00"}
    appointment = ANSWERS["arrange_inspection"] | {"inspectors": team, "leader": team[0]} | day
    refusals.refused(
        database,
        lambda: at.as_("city").post(f"/tasks/{task.id}/complete", {"data": appointment}),
        INVALID,
        problem=("starts_at", "after_now"),
        says=["开始时间"],
    )


# ---- the list -----------------------------------------------------------------------------------


@pytest.mark.parametrize("objections", ["none", "some"])
def test_a_cluster_with_an_open_objection_is_not_confirmed(listed: tuple[Desk, List], objections: str) -> None:
    at, public = listed
    public.object(1)
    public.clock.move_to(OVER)
    public.tick()
    task = at.office.open_task(public.round_case, "check_objections")
    data = {"objections": objections, "blocked": [], "note": "没有书面异议"}
    refusals.refused(
        at.database,
        lambda: at.as_("city").post(f"/tasks/{task.id}/complete", {"data": data}),
        INVALID,
        problem=("blocked", "objection_not_dismissed"),
        says=[public.notice.entries[1]["cluster"], "异议尚未办结", "不能确认", "请选入暂不认定的集群"],
    )


def test_nor_is_it_published_afterwards_by_an_addendum(listed: tuple[Desk, List]) -> None:
    at, public = listed
    public.object(1)
    public.clock.move_to(OVER)
    public.tick()
    public.checked(1)
    public.published()
    task = at.office.open_task(public.round_case, "settle_held")
    data = {"decision": "publish", "cases": [public.cases[1]], "blocked": [], "opinion": "先行公布"}
    refusals.refused(
        at.database,
        lambda: at.as_("city").post(f"/tasks/{task.id}/complete", {"data": data}),
        INVALID,
        problem=("cases", "objection_open"),
        says=[public.notice.entries[1]["cluster"], "异议尚未办结", "请留在仍需暂缓的集群中"],
    )


# ---- the round ----------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [{}, {"again": ""}, {"again": " 　"}], ids=["none", "empty", "blanks"])
def test_a_second_round_in_the_year_without_a_reason_is_refused(
    database: Database, clock: StandingClock, tmp_path: Path, again: dict[str, str]
) -> None:
    clock.move_to(samples.MOMENT)
    at = desk.furnish(database, tmp_path / "data")
    first = at.office.open_round(2025)
    given = {"regime": REGIME, "year": 2025, "title": "第二批", **again}
    refusals.refused(
        database,
        lambda: at.as_("city").post("/rounds", given),
        INVALID,
        problem=("again", "reason_required"),
        says=[first.title, "原则上每年开展1次", "第十三条", "请写明理由"],
    )
