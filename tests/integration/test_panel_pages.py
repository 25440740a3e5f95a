"""Pool and panel at a browser: what stands there before declaring, while scoring, before and after the opening."""

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from config.settings import Settings
from engine.db import Database
from engine.models import Case
from tests import pages, samples
from tests import panel as panel_
from tests.clock import StandingClock
from tests.integration import reader
from tests.integration.reader import Reader
from tests.panel import Room
from web.app import create_app

SECRET = "此处理由公开之前无人知晓"


@pytest.fixture
def room(sqlite_database: Database, clock: StandingClock) -> Room:
    return panel_.furnish(sqlite_database, clock)


@pytest.fixture
def app(room: Room, tmp_path: Path) -> Flask:
    return create_app(Settings(data=tmp_path / "data"), room.database, lambda: room.clock.at)


@pytest.fixture
def case(room: Room) -> Case:
    filed = room.filed()
    room.convene(filed, 3)
    return filed


def at_desk(room: Room, app: Flask, who: str) -> Reader:
    return reader.reader(app, reader.signed_in(room.database, who))


def holder(room: Room, app: Flask, case: Case, number: int) -> Reader:
    return at_desk(room, app, room.holder(case, number))


def words(answer_html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer_html).split())


def unpacked(content: bytes) -> bytes:
    """The content as it is read; of an archive all that is in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


# ---- declaring and scoring ----------------------------------------------------------------------


def test_before_declaring_the_page_shows_title_and_office_and_leads_nowhere(room: Room, app: Flask, case: Case) -> None:
    expert = holder(room, app, case, 1)
    page = expert.get(f"/tasks/{room.task(case, 1, 'declare').id}").text
    assert samples.CLUSTER in page
    assert "英德市中小企业主管部门" in page
    assert f"/cases/{case.id}" not in page
    assert "云溪第一铝业" not in page
    for path in (f"/cases/{case.id}", f"/cases/{case.id}/panel"):
        assert expert.get(path).status_code == 404


def test_whoever_recuses_comes_back_to_their_tasks_and_finds_nothing_there(room: Room, app: Flask, case: Case) -> None:
    expert, task = holder(room, app, case, 1), room.task(case, 1, "declare")
    answer = expert.post(
        f"/tasks/{task.id}/submit",
        {"_version": "0", "decision": "recuse", "grounds": "interest", "reason": "任该企业顾问"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks")
    assert "目前没有待办" in words(expert.get("/tasks").text)
    assert expert.get(f"/tasks/{task.id}").status_code == 404
    assert room.seats(case)[1].origin == "substitute"


def test_the_application_stands_beside_the_sheet_and_each_indicator_says_its_weight(
    room: Room, app: Flask, case: Case
) -> None:
    room.act(case, 1, "declare")
    page = holder(room, app, case, 1).get(f"/tasks/{room.task(case, 1, 'score').id}").text
    assert "云溪第一铝业有限公司（虚构）" in page
    assert "满分 100 分，权重 16%。" in page
    assert "第十四条（二）" in page


def test_a_score_out_of_range_is_told_at_its_box_and_nothing_typed_is_lost(room: Room, app: Flask, case: Case) -> None:
    room.act(case, 1, "declare")
    expert, task = holder(room, app, case, 1), room.task(case, 1, "score")
    given = {"_version": "0", "decision": "submit", "conclusion": "recommend", "opinion": SECRET}
    for name in samples.ANSWERS["score_sheet"]:
        if name.startswith("score_"):
            given |= {f"{name}.score": "80", f"{name}.reason": "见材料"}
    given |= {"score_green.score": "101", "score_digital.reason": ""}
    answer = expert.post(f"/tasks/{task.id}/submit", given)
    assert answer.status_code == 422
    linked = set(re.findall(r'<li><a href="(#f-[\w-]+)">', answer.text))
    assert linked == {"#f-score_green-score", "#f-score_digital-reason"}
    assert SECRET in answer.text
    assert room.seats(case)[1].state == "declared"


# ---- blind, and opened --------------------------------------------------------------------------


def test_no_page_tells_an_opinion_before_the_opening(room: Room, app: Flask, case: Case) -> None:
    room.score(case, 1, "61.25", opinion=SECRET)
    room.act(case, 2, "declare")
    task = room.task(case, 2, "score")
    for who in ("city", "leader", "publisher", room.holder(case, 2)):
        desk = at_desk(room, app, who)
        for path in (
            *(
                f"/cases/{case.id}",
                f"/cases/{case.id}/panel",
                f"/cases/{case.id}/dossier",
                f"/cases/{case.id}/dossier.zip",
            ),
            *(f"/rounds/{case.round_id}", f"/rounds/{case.round_id}.csv", "/cases.csv", "/tasks", "/tasks.csv"),
            f"/tasks/{task.id}",
        ):
            told = unpacked(desk.get(path).data)
            assert SECRET.encode() not in told, (who, path)
            assert b"61.25" not in told, (who, path)


def test_the_panels_page_tells_the_bureau_who_sits_and_how_they_were_drawn(room: Room, app: Flask, case: Case) -> None:
    page = at_desk(room, app, "city").get(f"/cases/{case.id}/panel").text
    panel = room.panel(case)
    assert panel.seed in page
    assert "意见未公开" in page
    for number in (1, 2, 3):
        assert f"专家{room.holder(case, number)[-2:]}" in page


def test_after_the_opening_the_page_shows_mean_spread_and_conflict(room: Room, app: Flask, case: Case) -> None:
    for number, points in ((1, "60"), (2, "80"), (3, "90")):
        room.score(case, number, points, opinion=SECRET)
    room.officer(case, "open_opinions")
    shown = words(at_desk(room, app, "city").get(f"/cases/{case.id}/panel").text)
    assert "平均分 76.67" in shown
    assert "分差 30.00" in shown
    assert "意见有分歧" in shown
    inside = holder(room, app, case, 2).get(f"/cases/{case.id}/panel").text
    assert SECRET in inside
    assert "专家1" in inside
    assert room.panel(case).seed not in inside
    assert at_desk(room, app, "county").get(f"/cases/{case.id}/panel").status_code == 403


def test_an_expert_is_replaced_on_the_page_with_a_reason(room: Room, app: Flask, case: Case) -> None:
    city, seat, before = at_desk(room, app, "city"), room.seats(case)[2].id, room.holder(case, 2)
    wrong = city.post(f"/seats/{seat}/replace", {"reason": " "})
    assert wrong.status_code == 422
    assert "请写明更换的理由" in wrong.text
    assert room.holder(case, 2) == before
    done = city.post(f"/seats/{seat}/replace", {"reason": "两次催办未声明"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/cases/{case.id}/panel")
    assert room.holder(case, 2) != before


def test_convening_shows_who_can_be_drawn_and_why_others_cannot(room: Room, app: Flask) -> None:
    case = room.filed(operating_body="虚构研究院第2所")
    city = at_desk(room, app, "city")
    page = words(city.get(f"/tasks/{room.at.open_task(case.id, 'convene').id}").text)
    assert "可以抽取 5 人" in page
    assert "专家02 ： 任职单位“虚构研究院第2所”" in page.replace("专家02：", "专家02 ： ")


# ---- the pool -----------------------------------------------------------------------------------


def test_the_pool_is_kept_on_its_pages(room: Room, app: Flask) -> None:
    city = at_desk(room, app, "city")
    listed = words(city.get("/pool?kind=expert").text)
    assert "虚构研究院第3所" in listed
    assert "虚构研究院第3所" not in words(city.get("/pool?words=第2所").text)
    path = f"/pool/{room.members['expert03']}"
    form = pages.read(city.get(path).text).form(path)
    wrong = city.post(path, {**form.sent(), "employer": ""})
    assert wrong.status_code == 422
    assert "请填写任职单位的全称" in wrong.text
    changed = {**form.sent(), "employer": "虚构大学", "fields": "新材料、检测", "last_day": "2026-12-31"}
    assert city.post(path, changed).status_code == 303
    kept = panel_.member(room.database, room.members["expert03"])
    assert (kept.employer, kept.fields, kept.last_day) == ("虚构大学", ["新材料", "检测"], date(2026, 12, 31))
    assert city.post(f"{path}/suspend", {"reason": "出国"}).status_code == 303
    assert "已暂停抽取：出国" in words(city.get(path).text)
    assert city.post(f"{path}/resume").status_code == 303
    assert "已暂停" not in words(city.get(path).text)


def test_somebody_is_added_on_the_page_or_told_what_is_missing(room: Room, app: Flask) -> None:
    city = at_desk(room, app, "city")
    given = {"name": "expert", "kind": "expert", "fields": "新材料", "employer": "虚构大学", "first_day": "2025-01-01"}
    for change, field in (
        ({"name": "nobody"}, "name"),
        ({"first_day": ""}, "first_day"),
        ({"first_day": "一月一日"}, "first_day"),
        ({"kind": ""}, "kind"),
    ):
        answer = city.post("/pool/new", given | change)
        assert (answer.status_code, re.findall(r'<li><a href="#(\w+)">', answer.text)) == (422, [field])
        assert 'value="虚构大学"' in answer.text
    assert city.post("/pool/new", given).status_code == 303
    assert city.post("/pool/new", given).status_code == 409


def test_an_expert_finds_their_own_entry_and_declares_there(room: Room, app: Flask, case: Case) -> None:
    expert, number = at_desk(room, app, "expert02"), room.members["expert02"]
    assert f"/pool/{number}" in expert.get("/me").text
    assert expert.get("/pool").status_code == 403
    wrong = expert.post(f"/pool/{number}/interests", {"cluster": "没有这个集群", "statement": "有往来"})
    assert wrong.status_code == 422
    assert (
        expert.post(f"/pool/{number}/interests", {"cluster": samples.CLUSTER, "statement": "有往来"}).status_code == 303
    )
    assert "有往来" in expert.get(f"/pool/{number}").text
    assert expert.post(f"/pool/{number}", {}).status_code == 403
    assert expert.get(f"/pool/{room.members['expert01']}").status_code == 404
