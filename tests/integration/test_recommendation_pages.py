"""What an office reads and is told when it recommends: its number, its closing minute, one a niche; as page and API."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import func, select

from config.settings import Settings
from engine import bundle, deployments, events, organisations, rounds, sign_ins, worksheet
from engine.access import SCOPES
from engine.accounts import by_name
from engine.db import Database
from engine.models import Case, Event, Recommendation, Task
from tests import chain, pages, samples
from tests.chain import CITY, Chain
from tests.clock import StandingClock
from tests.integration.reader import reader, signed_in
from web.app import create_app

Furnish: TypeAlias = Callable[..., Chain]

OVER = "清远市工业和信息化局本批次最多推荐 2 个集群（粤24号 三），已推荐满额，不能再推荐"
NICHE = "每个细分领域推荐 1 个集群（粤24号 二）；确需再推荐的，请在此写明理由"
LATE = "本批次市级推荐已于2025年7月14日17:30截止，不能再推荐"
CLOSING = "2025-07-14T17:30:00+08:00"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Furnish:
    clock.move_to(samples.MOMENT.isoformat())
    return lambda regime, **notice: chain.furnish(database, clock, regime, **notice)


def waiting(at: Chain, who: str, niche: str = "") -> Task:
    """An application that its city has accepted and may recommend."""
    case_id = at.filed(who, niche)
    at.answer(case_id, "acceptance")
    return at.open_task(case_id, "recommend")


def standing(at: Chain) -> tuple[Any, ...]:
    """What a refusal leaves as it was."""
    with at.database.read() as session:
        cases = session.execute(select(Case.id, Case.version).order_by(Case.id)).all()
        tasks = session.execute(select(Task.id, Task.state).order_by(Task.id)).all()
        kept = session.execute(select(Recommendation.case_id).order_by(Recommendation.case_id)).all()
        said = session.scalar(select(func.count()).where(Event.chain != events.SYSTEM))
    return cases, tasks, kept, said


def told(at: Chain, tmp_path: Path, task: Task, who: str = "city", **more: Any) -> tuple[int, str]:
    """What the page answers when the form is sent from it."""
    at.clock.move_by(minutes=1)
    desk = reader(create_app(Settings(data=tmp_path / "data"), at.database), signed_in(at.database, who))
    given = {"decision": "recommend", "truth_checked": "true", "rank": "1", "founded": "2015年"}
    given |= {"introduction": "产业链完整。", "opinion": "符合认定标准，同意推荐。", **more}
    form = pages.read(desk.get(f"/tasks/{task.id}").text).form("/submit")
    press = next(button.text for button in form.buttons if button.address.endswith("/submit"))
    answer = desk.post(f"/tasks/{task.id}/submit", form.sent(given, press))
    words = re.sub(r"(?s).*<main[^>]*>|</main>.*", "", answer.text)
    return answer.status_code, " ".join(unescape(re.sub(r"<[^>]*>", " ", words)).split())


def answered(at: Chain, tmp_path: Path, task: Task, **more: Any) -> tuple[int, Any]:
    """What the API answers."""
    with at.database.write() as session:
        token = sign_ins.issue_token(session, by_name(session, "city"), frozenset(SCOPES), days=1, label="", by="setup")
    client = create_app(Settings(data=tmp_path / "data"), at.database).test_client()
    answer = client.post(
        f"/api/v1/tasks/{task.id}/complete",
        json={"data": at.usual(task) | more},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "once"},
    )
    return answer.status_code, answer.get_json()


def shown(at: Chain, tmp_path: Path, who: str, path: str) -> str:
    desk = reader(create_app(Settings(data=tmp_path / "data"), at.database), signed_in(at.database, who))
    answer = desk.get(path)
    assert answer.status_code == 200
    return pages.read(answer.text).text


# ---- the call for applications --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "closing"),
    [
        (2022, {"city_closes_at": "2022-10-14T17:30:00+08:00", "province_closes_at": "2022-10-31T23:59:00+08:00"}),
        (2023, {}),
    ],
)
def test_a_call_begins_with_the_numbers_of_the_text_and_the_moments_printed_for_its_year(
    office: Furnish, tmp_path: Path, year: int, closing: dict[str, str]
) -> None:
    at = office("national")
    at.clock.move_to(f"{year}-09-26 09:00")
    with at.database.write() as session:
        opened = rounds.open_round(session, at.actors["ministry"], "national", year, f"{year}年度认定批次")
    call = at.open_task(opened.case_id or 0, "call_notice")
    with at.database.read() as session:
        known = dict(worksheet.worksheet(session, at.actors["ministry"], call.id).known)
    numbers = {"city_quota": 2, "province_quota": 5, "province_special_quota": 3}
    assert {name: known[name] for name in known if name not in {"title", "year"}} == numbers | closing
    page = shown(at, tmp_path, "ministry", f"/tasks/{call.id}")
    for told in ("市级推荐截止时间", "每个市最多推荐几个（粤24号 三）", "计划单列市、兵团推荐数量", "本批次为首批"):
        assert told in page
    desk = reader(create_app(Settings(data=tmp_path / "data"), at.database), signed_in(at.database, "ministry"))
    fields = dict(pages.read(desk.get(f"/tasks/{call.id}").text).form("/submit").fields)
    assert (fields["city_quota"], fields["province_special_quota"]) == ("2", "3")
    moment = (fields["city_closes_at.date"], fields["city_closes_at.time"])
    assert moment == (("2022-10-14", "17:30") if closing else ("", ""))


@pytest.mark.parametrize("regime", bundle.regimes())
def test_a_call_asks_about_each_level_of_the_chain_and_no_other(regime: str) -> None:
    deployed = deployments.Deployed(0, bundle.shipped(regime))
    asked = re.findall(r"^(\w+?)_(closes_at|quota)$", "\n".join(sorted(deployed.form("call_notice").fields())), re.M)
    levels = set(deployed.regime.levels)
    assert {level for level, _ in asked} - {"province_special"} == levels
    assert {level for level, what in asked if what == "closes_at"} == levels


def test_where_no_number_is_printed_the_notice_alone_sets_one(office: Furnish, tmp_path: Path) -> None:
    at = office("guangxi", city_quota=1)
    with at.database.write() as session:
        organisations.add(session, "450223", "鹿寨县工业和信息化局", "county", "450200")
    first = at.filed("region_county")
    second = at.apply("region_county", cluster_name="中小企业特色产业集群（另一产业）")
    at.answer(second, "fill_in", application_year=2025, niche="另一细分领域")
    for case_id in (first, second):
        for element in ("acceptance", "first_review", "decide_visit"):
            at.answer(case_id, element)
    at.answer(first, "recommend")
    task = at.open_task(second, "recommend")
    assert "本批次已推荐 1 个，最多 1 个（本批次申报通知）。" in shown(at, tmp_path, "region_city", f"/tasks/{task.id}")
    before = standing(at)
    code, page = told(at, tmp_path, task, "region_city", founded=None)
    assert (code, before) == (409, standing(at))
    assert "柳州市工业和信息化局本批次最多推荐 1 个集群（本批次申报通知），已推荐满额" in page


def test_a_round_shows_what_each_level_may_send_on_and_until_when(office: Furnish, tmp_path: Path) -> None:
    at = office("national", city_closes_at=CLOSING, province_quota=4)
    for who in ("county1", "city", "province", "ministry"):
        page = shown(at, tmp_path, who, f"/rounds/{at.round_id}")
        assert "市级推荐2025-07-14 17:30 截止 每个推荐机关最多 2 个（粤24号 三）" in page
        special = "每个推荐机关最多 4 个，计划单列市、兵团 3 个（本批次申报通知）"
        assert f"省级推荐不设截止时间 {special}" in page


# ---- what is refused ------------------------------------------------------------------------------


def test_a_third_recommendation_is_refused_in_one_sentence_and_changes_nothing(office: Furnish, tmp_path: Path) -> None:
    at = office("national")
    for who in ("county1", "county2"):
        at.answer(waiting(at, who).case_id, "recommend")
    third = waiting(at, "county3")
    before = standing(at)
    code, body = answered(at, tmp_path, third)
    assert (code, body["detail"], standing(at)) == (409, OVER, before)
    code, page = told(at, tmp_path, third)
    assert code == 409
    assert OVER in page
    assert standing(at) == before


def test_a_second_of_a_niche_is_refused_by_its_own_clause_until_a_reason_is_given(
    office: Furnish, tmp_path: Path
) -> None:
    at = office("national")
    at.answer(waiting(at, "county1", "铝型材").case_id, "recommend")
    second = waiting(at, "county2", "铝 型 材")
    before = standing(at)
    code, body = answered(at, tmp_path, second, niche_override_reason="无")
    assert (code, [problem["field"] for problem in body["problems"]]) == (422, ["niche_override_reason"])
    assert NICHE in body["problems"][0]["message"]
    code, page = told(at, tmp_path, second)
    assert code == 422
    assert "同一细分领域已推荐“中小企业特色产业集群（county1产业）”，" + NICHE in page
    assert standing(at) == before
    assert told(at, tmp_path, second, niche_override_reason="两县产品用途不同")[0] == 303
    with at.database.read() as session:
        assert session.get_one(Recommendation, (second.case_id, CITY)).override == "两县产品用途不同"
        of_this = select(Event).where(Event.kind == "case.recommended", Event.case_id == second.case_id)
        entry = session.scalars(of_this).one()
        assert entry.payload["override"] == "两县产品用途不同"


def test_a_minute_after_the_closing_time_an_office_is_told_the_date_and_whom_to_ask(
    office: Furnish, tmp_path: Path
) -> None:
    at = office("national", city_closes_at=CLOSING)
    first, second = waiting(at, "county1"), waiting(at, "county2")
    at.clock.move_to("2025-07-14 17:29:00")  # what is sent arrives a minute later
    assert told(at, tmp_path, first)[0] == 303
    before = standing(at)
    code, page = told(at, tmp_path, second)
    assert (code, standing(at)) == (409, before)
    assert LATE in page
    assert "请向工业和信息化部（中小企业服务科 0000000）说明" in page
    code, body = answered(at, tmp_path, second)
    assert code == 409
    assert body["detail"].startswith(LATE)


def test_the_bureau_may_let_an_office_recommend_later_and_both_see_why(office: Furnish, tmp_path: Path) -> None:
    at = office("national", city_closes_at=CLOSING)
    late = waiting(at, "county1")
    at.clock.move_to("2025-07-15 09:00")
    desk = reader(create_app(Settings(data=tmp_path / "data"), at.database), signed_in(at.database, "ministry"))
    way = f"/rounds/{at.round_id}/late-filings"
    given = {"organisation_code": CITY, "reason": "台风停运，材料晚到"}
    before = standing(at)
    answer = desk.post(way, given | {"until": "2025-07-14T17:30"})  # no later than what there is
    assert answer.status_code == 422
    assert "补报期限应晚于现在，也晚于该单位的申报或推荐截止时间" in answer.text
    assert standing(at) == before
    assert desk.post(way, given | {"until": "2025-07-18T17:30"}).status_code == 303
    for who, sees in (("city", True), ("ministry", True), ("other_city", False)):
        assert ("台风停运，材料晚到" in shown(at, tmp_path, who, f"/rounds/{at.round_id}")) is sees, who
    assert "推荐截止：2025年7月18日17:30。" in shown(at, tmp_path, "city", f"/tasks/{late.id}")
    assert told(at, tmp_path, late)[0] == 303
    with at.database.read() as session:
        (entry,) = session.scalars(select(Event).where(Event.kind == "round.late_filing")).all()
    assert (entry.payload["organisation"], entry.payload["reason"]) == (CITY, "台风停运，材料晚到")


# ---- what the offices above read --------------------------------------------------------------------


def at_the_ministry(at: Chain, **relaxed: str) -> int:
    """Recommended by city and province, and on the ministry's desk."""
    case_id = at.apply("county1")
    short = {"2022": "60", "2023": "61", "2024": "69.99"}
    at.answer(case_id, "fill_in", application_year=2025, niche="铝型材", sme_share=short)
    for element in ("acceptance", "recommend", "dispatch", "receive", "acceptance", "first_review", "arrange"):
        at.answer(case_id, element)
    at.clock.move_to("2025-07-08 17:00")
    at.tick()
    at.answer(case_id, "inspect", inspected_on="2025-07-08")
    at.answer(case_id, "recommend", **relaxed)
    for element in ("dispatch", "receive"):
        at.answer(case_id, element)
    return case_id


def test_who_accepts_reads_how_many_were_sent_on_and_decides_what_becomes_of_too_many(
    office: Furnish, tmp_path: Path
) -> None:
    at = office("national", first_batch=True)
    case_id = at_the_ministry(at)
    page = shown(at, tmp_path, "ministry", f"/tasks/{at.open_task(case_id, 'acceptance').id}")
    assert "广东省工业和信息化厅本批次已推荐 1 个，最多 5 个（236号 三）。" in page
    assert "对超过报送数量的，一律不予受理（236号 三）。文件未写明不予受理的范围，本局设置为：超过数量的部分。" in page
    assert "是否受理由受理人员决定，系统不自动处理。" in page
    at.answer(case_id, "acceptance", decision="refuse", opinion="超过报送数量（236号 三）。")
    assert at.case(case_id).outcome == "not_accepted_by_bureau"


def test_a_city_is_told_nothing_of_too_many_because_nobody_sends_to_it(office: Furnish, tmp_path: Path) -> None:
    at = office("national")
    task = at.open_task(at.filed("county1"), "acceptance")
    assert "报送数量" not in shown(at, tmp_path, "city", f"/tasks/{task.id}")


def test_the_west_relaxes_on_its_page_and_the_ministry_reads_why(office: Furnish, tmp_path: Path) -> None:
    at = office("national", first_batch=True)
    with at.database.write() as session:
        organisations.mark(session, chain.PROVINCE, western=True, special=False)
    case_id = at_the_ministry(at, relaxation_reason="产值增速居西部前列")
    at.answer(case_id, "acceptance")
    at.answer(case_id, "decide_inspection")
    page = shown(at, tmp_path, "ministry", f"/tasks/{at.open_task(case_id, 'review_again').id}")
    assert re.search(r"未达到，推荐机关适当放宽，由审核人员判断\s*放宽的理由：产值增速居西部前列.*?须人工判断", page), (
        page
    )
