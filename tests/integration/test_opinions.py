"""Opinions: blind until the panel is opened, bound to what was read, and what they come to afterwards."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases, opinions, panels, progress, queries, reseating, tasks, worksheet
from engine.access import Actor
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, JiqunError, NotFound, Refused
from engine.models import Case, Event, Opinion, Task
from tests import panel as panel_
from tests import samples
from tests.clock import StandingClock
from tests.panel import Room, scores

SECRET = "只有我自己知道的总体意见"  # in an opinion that nobody else may read yet


@pytest.fixture
def room(database: Database, clock: StandingClock) -> Room:
    return panel_.furnish(database, clock)


@pytest.fixture
def scored(room: Room) -> Case:
    """Two of three have handed in."""
    case = room.filed()
    room.convene(case, 3)
    room.score(case, 1, "61.25", opinion=SECRET)
    room.act(case, 2, "declare")
    room.act(case, 3, "declare")
    return case


def done(room: Room, case: Case, number: int) -> Task:
    seat = room.seats(case)[number].id
    with room.database.read() as session:
        return session.scalars(
            select(Task).where(Task.seat_id == seat, Task.form == "score_sheet", Task.state == "done")
        ).first()  # type: ignore[return-value]


def told(room: Room, actor: Actor, case: Case) -> str:
    """Everything that the reading side of the engine tells this person about the case, as one text."""
    with room.database.read() as session:
        parts: list[Any] = []
        for read in (
            lambda: queries.answers(session, actor, case.id),
            lambda: queries.history(session, actor, case.id),
            lambda: queries.case_detail(session, actor, case.id),
            lambda: progress.told(session, actor, case.id),
            lambda: queries.letters(session, actor, case.id),
            lambda: opinions.of_case(session, actor, case.id),
            lambda: opinions.of_round(session, actor, case.round_id or 0),
        ):
            try:
                parts.append(read())
            except JiqunError:
                continue
        for task in session.scalars(select(Task).where(Task.case_id == case.id)):
            try:
                parts.append(queries.task_detail(session, actor, task.id))
                parts.append(worksheet.worksheet(session, actor, task.id).filed)
            except NotFound:
                continue
        return repr(parts)


# ---- blind -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["city", "city2", "leader", "publisher", "county", "colleague"])
def test_nobody_but_the_author_reads_an_opinion_before_the_opening(room: Room, scored: Case, who: str) -> None:
    actor = room.experts[room.holder(scored, 2)] if who == "colleague" else room.at.actors[who]
    assert SECRET not in told(room, actor, scored)
    assert "61.25" not in told(room, actor, scored)
    with pytest.raises(NotFound), room.database.read() as session:
        queries.task_detail(session, actor, done(room, scored, 1).id)


def test_the_author_reads_their_own(room: Room, scored: Case) -> None:
    assert SECRET in told(room, room.experts[room.holder(scored, 1)], scored)


def test_the_record_keeps_no_score_before_the_opening(room: Room, scored: Case) -> None:
    with room.database.read() as session:
        kept = repr([event.payload for event in session.scalars(select(Event).where(Event.case_id == scored.id))])
    assert "61.25" not in kept
    assert SECRET not in kept


def test_after_the_opening_the_bureau_and_the_panel_read_it_and_the_applicant_never(room: Room, scored: Case) -> None:
    for number in (2, 3):
        room.score(scored, number)
    assert SECRET not in told(room, room.at.actors["leader"], scored)
    room.officer(scored, "open_opinions")
    assert SECRET in told(room, room.at.actors["leader"], scored)
    assert SECRET in told(room, room.experts[room.holder(scored, 2)], scored)
    assert SECRET not in told(room, room.at.actors["county"], scored)
    with pytest.raises(Forbidden), room.database.read() as session:
        opinions.of_case(session, room.at.actors["county"], scored.id)


def test_the_applicant_never_learns_who_sits_on_the_panel(room: Room, scored: Case) -> None:
    for number in (2, 3):
        room.score(scored, number)
    room.officer(scored, "open_opinions")
    room.conclude(scored)
    heard = told(room, room.at.actors["county"], scored)
    with room.database.read() as session:
        heard += repr(progress.of_case(session, room.at.actors["county"], scored.id).steps)
        heard += repr(progress.of_case(session, room.at.actors["county"], scored.id).stops)
    assert "专家0" not in heard  # their names begin so
    assert not [name for name in room.members if name in heard]


def test_a_colleague_is_a_number_to_the_panel_and_a_name_to_the_bureau(room: Room, scored: Case) -> None:
    for number in (2, 3):
        room.score(scored, number)
    room.officer(scored, "open_opinions")
    with room.database.read() as session:
        (inside,) = opinions.of_case(session, room.experts[room.holder(scored, 2)], scored.id)
        (office,) = opinions.of_case(session, room.at.actors["city"], scored.id)
    assert [given.expert for given in inside.given] == ["专家1", "专家2", "专家3"]
    assert all(given.expert.startswith("专家0") for given in office.given)


# ---- sealed ------------------------------------------------------------------------------------


def test_before_declaring_an_expert_sees_the_title_and_nothing_of_the_case(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    actor = room.experts[room.holder(case, 1)]
    with room.database.read() as session:
        detail = queries.task_detail(session, actor, room.task(case, 1, "declare").id)
        assert detail["case_title"] == samples.CLUSTER
        assert worksheet.materials(session, actor, session.get_one(Task, detail["id"])) == []
        with pytest.raises(NotFound):
            cases.find(session, actor, case.id)
    room.act(case, 1, "declare")
    with room.database.read() as session:
        assert cases.find(session, actor, case.id).id == case.id
        task = session.get_one(Task, room.task(case, 1, "score").id)
        assert [filed["form"] for filed in worksheet.materials(session, actor, task)] == [
            "application",
            "declare_interest",
        ]


def test_whoever_left_the_seat_no_longer_sees_the_case(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 1, "declare")
    gone = room.experts[room.holder(case, 1)]
    with room.database.write() as session:
        panels.replace(session, room.at.actors["city"], room.seats(case)[1].id, "两次催办未评分")
    with room.database.read() as session:
        with pytest.raises(NotFound):
            cases.find(session, gone, case.id)
        assert queries.inbox(session, gone) == []
        assert queries.inbox(session, gone, state="done") == []


def test_an_expert_begins_with_an_empty_sheet_and_not_with_a_colleagues(room: Room, scored: Case) -> None:
    task = room.task(scored, 2, "score")
    actor = room.experts[room.holder(scored, 2)]
    with room.database.read() as session:
        assert queries.task_detail(session, actor, task.id)["data"] == {}
        assert worksheet.worksheet(session, actor, task.id).filed is None


# ---- the sheet ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"score": "101", "reason": "好"}, "score_green.score"),
        ({"score": "100.01", "reason": "好"}, "score_green.score"),
        ({"score": "-1", "reason": "差"}, "score_green.score"),
        ({"score": "85.555", "reason": "好"}, "score_green.score"),
        ({"score": "85"}, "score_green.reason"),
        ({"score": "85", "reason": "  "}, "score_green.reason"),
    ],
)
def test_a_score_out_of_range_or_without_a_reason_is_refused(room: Room, given: dict[str, str], field: str) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 1, "declare")
    with pytest.raises(FormInvalid) as refused:
        room.act(case, 1, "score", score_green=given)
    assert [problem.field for problem in refused.value.problems] == [field]
    with room.database.read() as session:
        assert session.scalars(select(Opinion)).all() == []


def test_the_total_is_weighted_and_exact(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.score(case, 1, "80", score_competitiveness={"score": "91.33", "reason": "见材料"})
    with room.database.read() as session:
        (kept,) = session.scalars(select(Opinion))
    assert Decimal(kept.total) == Decimal("81.8128")  # 80 × 84 % + 91.33 × 16 %
    assert kept.conclusion == "recommend"
    assert sum(Decimal(each["weight"]) for each in kept.scores) == 100


# ---- questions and revisions --------------------------------------------------------------------


def test_a_question_goes_through_the_officer_and_scoring_waits(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 2, "declare")
    room.ask(case, 2, "检测中心由谁运营？")
    assert room.at.open_elements(case.id) == ["declare", "declare", "pass_on"]
    with room.database.read() as session:
        sheet = worksheet.worksheet(session, room.at.actors["city"], room.at.open_task(case.id, "pass_on").id)
        assert sheet.returned
        assert sheet.returned.opinion == "检测中心由谁运营？"
    room.officer(case, "pass_on", question="请说明检测中心的运营主体。")
    with room.database.read() as session:
        task = room.at.open_task(case.id, "answer_question")
        sheet = worksheet.worksheet(session, room.at.actors["county"], task.id)
        assert sheet.returned
        assert sheet.returned.opinion == "请说明检测中心的运营主体。"
        assert "专家0" not in repr(sheet.returned)
    room.clock.move_by(minutes=1)
    room.at.complete("county", task, samples.ANSWERS["answer_question"])
    actor = room.experts[room.holder(case, 2)]
    with room.database.read() as session:
        sheet = worksheet.worksheet(session, actor, room.task(case, 2, "score").id)
        assert sheet.returned
        assert "管委会下属公司" in sheet.returned.opinion
    room.score(case, 2)


def test_an_officer_may_answer_a_question_alone(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 2, "declare")
    room.ask(case, 2)
    room.officer(case, "pass_on", decision="answer", answer="以营业执照为准。", question=None)
    assert room.task(case, 2, "score").pass_number == 2


def test_a_newer_filing_is_shown_and_the_new_opinion_stands_beside_the_old(room: Room) -> None:
    case = room.filed()
    room.convene(case, 2)
    room.score(case, 1, "60")
    room.act(case, 2, "declare")
    room.ask(case, 2)
    room.officer(case, "pass_on")
    room.clock.move_by(minutes=1)
    room.at.complete("county", room.at.open_task(case.id, "answer_question"), samples.ANSWERS["answer_question"])
    room.score(case, 2, "80")
    first = room.experts[room.holder(case, 1)]
    room.officer(case, "open_opinions", decision="again", reason="申报主体已答复")
    assert room.at.open_elements(case.id) == ["score"]  # who read the answer is not asked again
    with room.database.read() as session:
        seat = room.seats(case)[1]
        since = opinions.last_read(session, seat.id, seat.person_id)
        (news,) = opinions.news(session, first, session.get_one(Case, case.id), since)
        assert news[0].form == "answer_question"
        assert news[1][0].after == "由管委会下属公司运营，见佐证材料第8项。"
    room.score(case, 1, "75")
    room.officer(case, "open_opinions")
    with room.database.read() as session:
        (result,) = opinions.of_case(session, room.at.actors["city"], case.id)
    assert [(given.seat, given.total, given.latest, given.stale) for given in result.given] == [
        (1, Decimal(60), False, True),
        (1, Decimal(75), True, False),
        (2, Decimal(80), True, False),
    ]
    assert (result.total.mean, result.total.spread) == (Decimal("77.5"), Decimal(5))


def test_while_an_expert_scores_again_nobody_reads_the_opinion_they_gave_first(room: Room) -> None:
    case = room.filed()
    room.convene(case, 2)
    room.score(case, 1, "61.25", opinion=SECRET)
    room.act(case, 2, "declare")
    room.ask(case, 2)
    room.officer(case, "pass_on")
    room.clock.move_by(minutes=1)
    room.at.complete("county", room.at.open_task(case.id, "answer_question"), samples.ANSWERS["answer_question"])
    room.score(case, 2)
    room.officer(case, "open_opinions", decision="again", reason="申报主体已答复")
    for actor in (room.at.actors["city"], room.at.actors["leader"], room.experts[room.holder(case, 2)]):
        assert SECRET not in told(room, actor, case)
        assert "61.25" not in told(room, actor, case)
    assert SECRET in told(room, room.experts[room.holder(case, 1)], case)


def test_nobody_is_asked_again_where_all_have_read_the_newest(room: Room) -> None:
    case = room.filed()
    room.convene(case, 1)
    room.score(case, 1)
    with pytest.raises(FormInvalid) as refused:
        room.officer(case, "open_opinions", decision="again", reason="再看看")
    assert refused.value.problems[0].code == "nobody_behind"


# ---- results -----------------------------------------------------------------------------------


def opened(room: Room, *points: str, **answers: Any) -> tuple[Case, opinions.Result]:
    case = room.filed()
    room.convene(case, len(points))
    for number, each in enumerate(points, 1):
        room.score(case, number, each, **(answers if number == 1 else {}))
    room.officer(case, "open_opinions")
    with room.database.read() as session:
        (result,) = opinions.of_case(session, room.at.actors["city"], case.id)
    return case, result


@pytest.mark.parametrize(("highest", "conflicting"), [("90", False), ("90.01", True)])
def test_opinions_conflict_when_they_lie_further_apart_than_the_setting(
    room: Room, highest: str, conflicting: bool
) -> None:
    _case, result = opened(room, "70", highest)
    assert result.conflicting is conflicting
    assert {each.conflicting for each in result.indicators} == {conflicting}


def test_an_indicator_may_conflict_though_the_totals_do_not(room: Room) -> None:
    _case, result = opened(room, "80", "80", score_openness={"score": "40", "reason": "没有国际合作"})
    assert [each.name for each in result.indicators if each.conflicting] == ["score_openness"]
    assert result.why == ["“产业开放合作”分差 40 分"]


def test_conclusions_that_differ_conflict(room: Room) -> None:
    _case, result = opened(room, "80", "80", conclusion="not_recommend")
    assert result.why == ["评审结论不一致"]
    assert result.recommended == 1


def test_mean_and_deviation_are_those_of_a_sample(room: Room) -> None:
    _case, result = opened(room, "70", "80", "85")
    assert result.total.mean.quantize(Decimal("0.0001")) == Decimal("78.3333")
    assert result.total.deviation is not None
    assert result.total.deviation.quantize(Decimal("0.0001")) == Decimal("7.6376")  # √(175/3), by hand


def test_all_panels_of_a_round_are_read_in_one_question(room: Room) -> None:
    case, result = opened(room, "70", "80")
    with room.database.read() as session:
        assert opinions.of_round(session, room.at.actors["city"], case.round_id or 0) == {case.id: result.total}
        assert opinions.of_round(session, room.at.actors["county"], case.round_id or 0) == {}


def test_members_agree_and_disagree_with_a_reason(room: Room) -> None:
    case, _result = opened(room, "70", "80", "85")
    against = [{"expert": 1, "remark": "评分偏低"}]
    for wrong in ([{"expert": 2, "remark": "是我自己"}], [{"expert": 9, "remark": "没有这位"}]):
        with pytest.raises(FormInvalid) as refused:
            room.act(case, 2, "concur", stance="disagree", disagreements=wrong)
        assert refused.value.problems[0].field == "disagreements[0].expert"
    room.act(case, 2, "concur", stance="disagree", disagreements=against)
    room.act(case, 1, "concur")
    room.act(case, 3, "concur")
    with room.database.read() as session:
        (result,) = opinions.of_case(session, room.at.actors["city"], case.id)
    assert [(said.seat, said.agrees, said.remark) for said in result.given[0].stances] == [
        (2, False, "评分偏低"),
        (3, True, ""),
    ]


def test_the_chair_alone_writes_the_panels_opinion(room: Room) -> None:
    case, _result = opened(room, "70", "80")
    for number in (1, 2):
        room.act(case, number, "concur")
    task = room.at.open_task(case.id, "panel_opinion")
    with pytest.raises(JiqunError), room.database.write() as session:
        tasks.complete(session, room.experts[room.holder(case, 2)], task.id, samples.ANSWERS["expert_review"])
    room.act(case, 1, "panel_opinion")
    assert scores("1")  # the sheet has indicators: the tests above would prove nothing without


def test_what_was_written_before_a_question_is_there_again_after_the_answer(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 2, "declare")
    actor, task = room.experts[room.holder(case, 2)], room.task(case, 2, "score")
    written = {"decision": "ask", "question": "由谁运营？", "score_green": {"score": "77", "reason": "只写在草稿里"}}
    with room.database.write() as session:
        tasks.save_draft(session, actor, task.id, written, 0)
    room.ask(case, 2)
    room.officer(case, "pass_on", decision="answer", answer="管委会。", question=None)
    with room.database.read() as session:
        again = queries.task_detail(session, actor, room.task(case, 2, "score").id)
        assert again["data"] == {"score_green": {"score": "77", "reason": "只写在草稿里"}}
        assert "只写在草稿里" not in told(room, room.at.actors["city"], case)


def test_an_open_panel_goes_on_without_a_stance_and_with_another_chair(room: Room) -> None:
    case, _result = opened(room, "70", "80", "85")
    city, seats = room.at.actors["city"], room.seats(case)
    with pytest.raises(Forbidden), room.database.write() as session:
        reseating.pass_over(session, room.at.actors["leader"], seats[3].id, "出差")
    with room.database.write() as session:
        reseating.pass_over(session, city, seats[3].id, "出差，联系不上")
    for number in (1, 2):
        room.act(case, number, "concur")
    with room.database.write() as session:
        assert reseating.pass_over(session, city, seats[1].id, "住院").number == 2
    with pytest.raises(Refused), room.database.write() as session:
        reseating.pass_over(session, city, seats[1].id, "再来一次")
    room.act(case, 2, "panel_opinion")
    assert room.panel(case).concluded_at is not None
    with room.database.read() as session:
        kinds = set(session.scalars(select(Event.kind).where(Event.case_id == case.id)))
    assert {"seat.passed_over", "chair.passed_on"} <= kinds


def test_before_the_opening_nobody_is_passed_over(room: Room, scored: Case) -> None:
    with pytest.raises(Refused, match="更换专家"), room.database.write() as session:
        reseating.pass_over(session, room.at.actors["city"], room.seats(scored)[2].id, "不评分")


def test_a_case_tells_whose_stance_it_still_waits_for(room: Room) -> None:
    case, _result = opened(room, "70", "80", "85")
    room.act(case, 2, "concur")
    with room.database.read() as session:
        office = progress.of_case(session, room.at.actors["city"], case.id)
        applicant = progress.of_case(session, room.at.actors["county"], case.id)
    assert {stop.element for stop in office.stops} == {"concur"}
    waiting = {f"专家{room.holder(case, number)[-2:]}" for number in (1, 3)}
    assert {stop.holder.partition("（")[0] for stop in office.stops} == waiting
    assert {stop.holder.partition("（")[0] for stop in applicant.stops} == {"专家1", "专家3"}
    for number in (1, 3):
        room.act(case, number, "concur")
    with room.database.read() as session:
        (stop,) = progress.of_case(session, room.at.actors["city"], case.id).stops
    assert stop.element == "panel_opinion"
