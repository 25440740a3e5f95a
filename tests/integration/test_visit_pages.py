"""The sample and the visits on their pages: the draw, the appointment, the report on the spot, and who sees what."""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from config.settings import Settings
from engine import files, pool, tasks
from engine.db import Database
from engine.models import Event, StoredFile
from tests import inspected, pages
from tests.clock import StandingClock
from tests.inspected import VISIT, Round
from tests.integration import reader
from tests.integration.reader import Reader
from tests.unit.test_photos import jpeg
from web.app import create_app

PEOPLE = ("city", "leader", "county", "sibling", "inspector", "inspector2", "inspector3", "expert01")
CHANGED = {
    "starts_at": "2025-07-09T09:00",
    "ends_at": "2025-07-09T12:00",
    "place": "园区东门（虚构）",
    "contact": "中小企业服务科 0000000",
    "reason": "台风",
}


@dataclass(frozen=True)
class Hall:
    """A round with its sample due, and everybody at a browser."""

    at: Round
    app: Flask

    def as_(self, who: str) -> Reader:
        """Signed in just now: a sign-in does not outlast the days that this test lets pass."""
        return reader.reader(self.app, reader.signed_in(self.at.database, who))

    def get(self, who: str, path: str) -> pages.Page:
        answer = self.as_(who).get(path)
        assert answer.status_code == 200, (who, path, answer.status_code)
        return pages.read(answer.text)

    def status(self, who: str, path: str) -> int:
        return self.as_(who).get(path).status_code


@pytest.fixture
def hall(database: Database, tmp_path: Path, clock: StandingClock) -> Hall:
    at = inspected.reviewed(database, clock, count=3)
    return Hall(at, create_app(Settings(data=tmp_path), database))


@pytest.fixture
def visited(hall: Hall) -> tuple[Hall, int, str]:
    """The first drawn case with its appointment, and the address of that."""
    case_id = hall.at.draw().drawn[0]
    inspection = hall.at.arrange(case_id)
    return hall, case_id, f"/visits/{inspection.id}"


def lines(content: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in content.replace("\r\n ", "").split("\r\n") if line)


def test_the_officer_sees_what_is_drawn_from_and_draws_on_the_page(hall: Hall) -> None:
    hall.at.clock.move_to("2025-06-30 10:00")
    late = inspected.file(hall.at, "冷链食品")
    hall.at.clock.move_to(inspected.DRAW)
    task = hall.at.office.open_task(hall.at.case_id, "draw_sample")
    page = hall.get("city", f"/tasks/{task.id}")
    assert "可以抽取的办件 3 件；按规则（30%，不足一件的进为一件，不少于 2 件）随机抽取 2 件" in page.text
    assert "评审尚未完成的办件" in page.text
    assert f"{late} 英德市中小企业特色产业集群（冷链食品产业）" in page.text
    sent = page.form(f"/tasks/{task.id}/submit").sent({"note": "无"})
    refused = hall.as_("city").post(f"/tasks/{task.id}/submit", sent)
    assert refused.status_code == 422
    assert "还有 1 件评审尚未完成" in refused.text
    again = hall.get("city", f"/tasks/{task.id}")  # what was typed is a draft now
    sent = again.form(f"/tasks/{task.id}/submit").sent({"note": "无", "without_unfinished": "true"})
    assert hall.as_("city").post(f"/tasks/{task.id}/submit", sent).status_code == 303
    shown = hall.get("leader", f"/rounds/{hall.at.round_id}/sample")
    assert "已重算，结果一致" in shown.text
    for who in ("county", "inspector", "expert01"):
        assert hall.status(who, f"/rounds/{hall.at.round_id}/sample") in {403, 404}


def test_who_has_a_tie_is_not_offered_and_named_with_the_reason(hall: Hall) -> None:
    case_id = hall.at.draw().drawn[0]
    with hall.at.database.write() as session:
        member = hall.at.inspectors["inspector3"]
        pool.declare(session, hall.at.office.actors["city"], member, "其配偶任职", organisation_code="441881")
    task = hall.at.office.open_task(case_id, "arrange")
    page = hall.as_("city").get(f"/tasks/{task.id}").text
    assert "不能参加本次抽查的人员" in page
    assert "检查员3（清远市工业和信息化局）：已申报利害关系：其配偶任职" in page
    offered = set(re.findall(r'name="inspectors" value="(\d+)"', page))
    assert offered == {str(hall.at.inspectors[name]) for name in ("inspector", "inspector2")}


def test_who_was_added_after_the_draw_stands_behind_the_sample(hall: Hall) -> None:
    hall.at.clock.move_to("2025-06-30 10:00")
    late = inspected.file(hall.at, "冷链食品")
    hall.at.clock.move_to(inspected.DRAW)
    hall.at.draw(without_unfinished=True)
    inspected.judge(hall.at, late)
    hall.at.tick()
    task = hall.at.office.open_task(late, "decide_visit")
    page = hall.get("city", f"/tasks/{task.id}")
    assert "在抽取样本之后完成评审" in page.text
    sent = page.form(f"/tasks/{task.id}/submit").sent({"decision": "inspect", "reason": "产值增长异常"})
    assert hall.as_("city").post(f"/tasks/{task.id}/submit", sent).status_code == 303
    shown = hall.get("leader", f"/rounds/{hall.at.round_id}/sample").text
    assert "抽取之后另加的办件" in shown
    assert "产值增长异常" in shown
    assert "抽取之后另加实地抽查" in hall.get("city", f"/cases/{late}").text


def test_who_is_on_another_visit_then_is_shown_so_and_a_person_decides(hall: Hall) -> None:
    """No rule forbids it: one trip may take in two neighbours."""
    first, second = hall.at.draw().drawn
    there = hall.at.arrange(first)
    task = hall.at.office.open_task(second, "arrange")
    offered = hall.as_("city").get(f"/tasks/{task.id}").text
    assert offered.count("另有抽查：2025年7月8日09:30至16:00") >= 2  # both of the team
    assert "检查员3（清远市工业和信息化局）" in offered
    hall.at.clock.move_by(minutes=1)
    here = hall.at.arrange(second, "inspector2", "inspector3")
    for address, other in ((f"/visits/{here.id}", first), (f"/visits/{there.id}", second)):
        told = hall.as_("city").get(address).text
        assert f"时间重叠：检查员2 同时参加办件 {other} 的抽查（2025年7月8日09:30至16:00）" in told
        assert "检查员3 同时" not in told
        assert "时间重叠" not in hall.as_("county").get(address).text
    with hall.at.database.read() as session:
        query = select(Event.payload).where(Event.kind == "inspection.arranged").order_by(Event.seq)
        assert [payload["at_the_same_time"] for payload in session.scalars(query)] == [[], [there.id]]
    moved = CHANGED | {"starts_at": "2025-07-08T16:00", "ends_at": "2025-07-08T18:00"}  # one ends as the other begins
    team = [str(hall.at.inspectors[name]) for name in ("inspector2", "inspector3")]
    sent = moved | {"inspectors": team, "leader": team[0]}
    assert hall.as_("city").post(f"/visits/{here.id}/change", sent).status_code == 303
    assert "时间重叠" not in hall.as_("city").get(f"/visits/{here.id}").text


def test_the_calendar_file_keeps_its_uid_and_counts_the_changes(visited: tuple[Hall, int, str]) -> None:
    hall, _case_id, address = visited
    first = hall.as_("inspector2").get(f"{address}/visit.ics")
    assert first.content_type == "text/calendar; charset=utf-8"
    told = lines(first.text)
    assert (told["DTSTART"], told["SEQUENCE"], told["STATUS"]) == ("20250708T013000Z", "0", "CONFIRMED")
    team = [str(hall.at.inspectors[name]) for name in ("inspector", "inspector2")]
    sent = CHANGED | {"inspectors": team, "leader": team[0]}
    assert hall.as_("city").post(f"{address}/change", sent).status_code == 303
    moved = lines(hall.as_("county").get(f"{address}/visit.ics").text)
    assert (moved["DTSTART"], moved["SEQUENCE"], moved["UID"]) == ("20250709T010000Z", "1", told["UID"])
    assert hall.as_("city").post(f"{address}/cancel", {"reason": "台风"}).status_code == 303
    off = lines(hall.as_("inspector").get(f"{address}/visit.ics").text)
    assert (off["STATUS"], off["SEQUENCE"], off["UID"]) == ("CANCELLED", "2", told["UID"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"starts_at": ""}, "请填写日期和时间"),
        ({"starts_at": "2025-06-01T09:00"}, "开始时间应晚于现在"),
        ({"ends_at": "2025-07-09T08:00"}, "结束时间应晚于开始时间"),
        ({"place": ""}, "请填写集合地点"),
        ({"reason": "x" * 501}, "不超过 500 字"),
        ({"inspectors": ["inspector"]}, "应有 2 至 10 名"),
        ({"leader": "inspector3"}, "组长应是所选的抽查人员之一"),
    ],
)
def test_a_change_that_cannot_be_is_refused_at_its_field(
    wrong: dict[str, object], said: str, visited: tuple[Hall, int, str]
) -> None:
    hall, case_id, address = visited
    team = ["inspector", "inspector2"]
    given: dict[str, object] = CHANGED | {"inspectors": team, "leader": team[0]} | wrong
    numbers = {name: str(member) for name, member in hall.at.inspectors.items()}
    chosen = given["inspectors"] if isinstance(given["inspectors"], list) else []
    given |= {"inspectors": [numbers[name] for name in chosen], "leader": numbers[str(given["leader"])]}
    answer = hall.as_("city").post(f"{address}/change", given)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert hall.at.inspection(case_id).sequence == 0


def test_a_visit_is_read_by_those_it_concerns_and_changed_by_officers_alone(visited: tuple[Hall, int, str]) -> None:
    hall, _case_id, address = visited
    may_read = {who for who in PEOPLE if hall.status(who, address) == 200}
    assert may_read == {"city", "leader", "county", "inspector", "inspector2"}
    for who in sorted(set(PEOPLE) - {"city"}):
        assert hall.as_(who).post(f"{address}/cancel", {"reason": "台风"}).status_code in {403, 404}, who
    assert "检查员2" in hall.get("inspector", address).text
    told = hall.get("county", address).text
    assert "检查员2" not in told
    assert "共 2 名" in told
    assert "变更或取消安排" in hall.get("city", address).text
    assert "变更或取消安排" not in hall.get("leader", address).text
    assert "还没有抽查安排" in hall.get("inspector3", "/visits").text
    assert address in hall.as_("inspector2").get("/visits?mine=1").text


def test_the_leader_reports_on_the_spot_with_the_filed_figures_beside(visited: tuple[Hall, int, str]) -> None:
    hall, case_id, address = visited
    hall.at.clock.move_to(VISIT)
    task = hall.at.report_task(case_id)
    assert f"/tasks/{task.id}" in hall.as_("inspector").get(address).text
    assert f"/tasks/{task.id}" not in hall.as_("inspector2").get(address).text
    checks = hall.get("inspector", f"/tasks/{task.id}/part/checks").text
    assert "申报材料：" in checks
    assert "集群占地面积（平方公里）：86.40" in checks
    assert "集群总产值（亿元）：2022 年 21.30，2023 年 22.90，2024 年 24.10" in checks
    assert hall.status("inspector2", f"/tasks/{task.id}") == 404


def test_a_photograph_tells_when_it_was_taken_and_who_says_so(visited: tuple[Hall, int, str]) -> None:
    hall, case_id, _address = visited
    hall.at.clock.move_to(VISIT)
    task = hall.at.report_task(case_id)
    told = []
    for content, name in ((jpeg("2025:07:08 10:15:30"), "厂区.jpg"), (jpeg("0000:00:00 00:00:00"), "车间.jpg")):
        answer = hall.as_("inspector").post(
            f"/tasks/{task.id}/files?field=photos",
            {"file": FileStorage(BytesIO(content), name)},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 201, answer.text
        told.append(answer.get_json())
    assert [each["taken"] for each in told] == [
        "2025-07-08 10:15 拍摄（照片自带时间）",
        "2025-07-08 17:00 上传（照片没有拍摄时间）",
    ]
    hall.at.report(case_id, photos=[each["id"] for each in told])
    shown = hall.get("leader", f"/tasks/{task.id}").text
    assert "2025-07-08 10:15 拍摄（照片自带时间）" in shown
    with hall.at.database.read() as session:
        kept = session.get_one(StoredFile, told[0]["id"])
        assert kept.case_id == case_id
        assert files.find(session, hall.at.office.actors["leader"], kept.id).taken_at == kept.taken_at


def test_the_record_of_the_visit_stands_on_its_page_and_that_of_the_case(visited: tuple[Hall, int, str]) -> None:
    hall, case_id, address = visited
    hall.at.clock.move_to(VISIT)
    hall.at.report(
        case_id,
        check_area={"result": "differs", "found": "实测 88.20 平方公里"},
        check_plan={"result": "not_checked"},
        site_decision="does_not_conform",
        opinion="占地面积略有出入。",
    )
    shown = hall.get("leader", address).text
    assert "与申报材料不符" in shown
    assert "占地面积" in shown
    assert "三年发展规划" in shown
    assert "变更或取消安排" not in hall.get("city", address).text
    case = hall.as_("city").get(f"/cases/{case_id}").text
    assert address in case
    assert "提交抽查记录" in case


def test_a_finished_report_is_not_the_applicants_to_read(visited: tuple[Hall, int, str]) -> None:
    hall, case_id, address = visited
    hall.at.clock.move_to(VISIT)
    task = hall.at.report_task(case_id)
    hall.at.report(case_id, findings="只给本局看的话。")
    assert hall.status("county", f"/tasks/{task.id}") == 404
    assert "只给本局看的话" not in hall.as_("county").get(address).text
    with hall.at.database.read() as session:
        assert tasks.find(session, hall.at.office.actors["inspector"], task.id).state == "done"
