"""Tasks on their pages: a form filled in over two sittings, what goes wrong on the way, and what is lost: nothing."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from engine import clock, tasks
from engine.db import Database
from engine.models import Case, Draft, Task
from tests import pages, samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.integration.reader import Reader
from tests.unit.test_uploads import PDF

JSON = {"Accept": "application/json"}


@pytest.fixture
def now() -> Iterator[StandingClock]:
    standing = StandingClock(samples.MOMENT)
    with clock.replaced_by(lambda: standing.at):
        yield standing


@pytest.fixture
def at(sqlite_database: Database, tmp_path: Path, now: StandingClock) -> Desk:
    return desk.furnish(sqlite_database, tmp_path)


@dataclass(frozen=True)
class Work:
    """A task, and somebody who does it at a browser."""

    at: Desk
    who: str
    task: Task
    reader: Reader

    @property
    def address(self) -> str:
        return f"/tasks/{self.task.id}"

    def get(self, path: str = "") -> pages.Page:
        answer = self.reader.get(self.address + path)
        assert answer.status_code == 200, answer.text
        return pages.read(answer.text)

    def send(self, path: str, at: str = "", press: str | None = None, **answers: Any) -> TestResponse:
        """Open the page at `path`, answer some fields (names with __ for a dot), press a button."""
        page = self.get(path)
        form = page.form(at or path or "/draft")
        told = {name.replace("__", "."): value for name, value in answers.items()}
        return self.post(at or path, form.sent(told, press))

    def post(self, path: str, data: Any) -> TestResponse:
        return self.reader.post(self.address + path, data)

    def follow(self, answer: TestResponse) -> pages.Page:
        assert answer.status_code == 303, answer.text
        seen = self.reader.get(answer.location.partition("#")[0])
        assert seen.status_code == 200
        return pages.read(seen.text)

    def draft(self) -> Draft | None:
        with self.at.database.read() as session:
            return session.get(Draft, (self.task.id, self.at.office.actors[self.who].person_id))

    def said(self) -> dict[str, Any]:
        draft = self.draft()
        return dict(draft.data) if draft else {}

    def keep(self, data: dict[str, Any]) -> None:
        """A draft, as if it had been typed."""
        draft = self.draft()
        with self.at.database.write() as session:
            version = draft.version if draft else 0
            tasks.save_draft(session, self.at.office.actors[self.who], self.task.id, data, version)

    def state(self) -> str:
        with self.at.database.read() as session:
            return session.get_one(Task, self.task.id).state


def work(at: Desk, who: str, case_id: int, element: str) -> Work:
    token = reader.signed_in(at.database, who)
    return Work(at, who, at.office.open_task(case_id, element), reader.reader(at.app, token))


def opened(at: Desk) -> Case:
    office = at.office
    round_ = office.open_round(again="省厅要求补报")
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    return office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})


@pytest.fixture
def filling(at: Desk) -> Work:
    """The applicant before an untouched application."""
    return work(at, "county", opened(at).id, "fill_in")


@pytest.fixture
def accepting(at: Desk) -> Work:
    """The bureau before an application that came in."""
    case = opened(at)
    at.office.complete("county", at.office.open_task(case.id, "fill_in"), samples.application_data())
    return work(at, "city", case.id, "acceptance")


# ---- sittings ------------------------------------------------------------------------------------


def test_an_application_is_filled_in_over_two_sittings_and_submitted(filling: Work, now: StandingClock) -> None:
    first = filling.send("/part/cover", press="保存并返回目录", applied_on="2025-04-09", region_province="广东省")
    assert "已保存" in filling.follow(first).text
    now.move_by(days=3)
    filling = work(filling.at, "county", filling.task.case_id, "fill_in")  # signed in again
    again = filling.get("/part/cover")
    assert ("region_province", "广东省") in again.form("/part/cover").fields
    assert "草稿已于 2025-04-10 09:00 保存" in again.text
    filling.keep(samples.application_data())
    checked = filling.get("/check")
    assert "提交即表示以上内容真实、完整" in checked.text
    done = filling.post("/submit", checked.form("/submit").sent())
    assert done.location.startswith("/cases/")
    assert "已提交，办件转入：受理。" in filling.follow(done).text
    assert filling.state() == "done"


def test_nothing_is_asked_that_opening_the_case_already_told(filling: Work) -> None:
    assert ("application_year", "2025") in filling.get("/part/cover").form("/part/cover").fields
    assert ("cluster_name", samples.CLUSTER) in filling.get("/part/part_1").form("/part/part_1").fields


def test_the_task_says_why_by_when_on_which_clause_and_what_happens_otherwise(filling: Work) -> None:
    text = filling.get().text
    for words in ("英德市中小企业主管部门", "2025-06-30 17:30", "第十五条（一）", "本次申报终止", "填报说明", "还剩"):
        assert words in text, words


def test_the_list_of_parts_says_how_far_each_is(filling: Work) -> None:
    filling.keep(samples.application_data() | {"area_km2": "很大", "co2_formula": ""})
    text = filling.get().text
    assert "共 12 部分，已完成 10 部分" in text
    assert "一、基本情况有错误" in text
    assert "五、绿色化转型情况未填完" in text


def test_going_on_leads_to_the_next_part_or_stays_where_something_is_wrong(filling: Work) -> None:
    filling.keep(samples.application_data())
    assert filling.send("/part/part_4", press="go_on").location.endswith("/part/part_5#part")
    wrong = filling.send("/part/part_1", press="go_on", area_km2="30亿")
    assert wrong.location.endswith("/part/part_1?checked=1")
    page = filling.follow(wrong)
    assert page.title.startswith("错误：")
    told = "“集群占地面积（平方公里）”只填数字，不写单位；本栏以平方公里计，现为“30亿”，请换算后填写"
    assert ("#f-area_km2", told) in page.links
    assert "f-area_km2" in page.ids
    assert ("area_km2", "30亿") in page.form("/part/part_1").fields
    assert filling.said()["area_km2"] == "30亿"
    assert any(address.endswith("/part/part_2") for address, words in page.links if words == "先填下一部分")


def test_amounts_typed_with_separators_and_in_full_width_are_filed_as_plain_numbers(filling: Work) -> None:
    filling.keep(samples.application_data())
    typed = {"output__2022": "１，０２１．３０", "output__2023": "1,022.90", "output__2024": "1，024.10"}
    went = filling.send("/part/part_2", press="go_on", **typed)
    assert went.location.endswith("/part/part_3#part")
    checked = filling.get("/check")
    filling.post("/submit", checked.form("/submit").sent())
    assert filling.state() == "done"
    with filling.at.database.read() as session:
        answers = session.get_one(Task, filling.task.id).answers or {}
    assert answers["output"] == {"2022": "1021.30", "2023": "1022.90", "2024": "1024.10"}


def test_an_amount_with_its_unit_is_refused_and_the_unit_of_the_field_named(filling: Work) -> None:
    filling.keep(samples.application_data())
    wrong = filling.send("/part/part_2", press="go_on", output__2024="30亿")
    page = filling.follow(wrong)
    why = "“集群总产值（亿元）”2024 年只填数字，不写单位；本栏以亿元计，现为“30亿”，请换算后填写"
    assert why in [words for _, words in page.links]
    refused = filling.post("/submit", filling.get("/check").form("/submit").sent())
    assert refused.status_code == 422
    assert why in pages.read(refused.text).text
    assert filling.state() == "open"


def test_a_section_can_be_left_with_errors_and_come_back_to(filling: Work) -> None:
    back = filling.send("/part/part_1", press="back", area_km2="30亿")
    assert back.location.endswith(filling.address)
    assert not filling.get("/part/part_1").title.startswith("错误")


def test_five_thousand_characters_are_kept_and_told(filling: Work) -> None:
    text = "特色" * 2500
    page = filling.follow(filling.send("/part/part_2", press="go_on", brand_building=text))
    assert "现有 5000 字，请删去 4800 字" in page.text
    assert "已超出 4800 字（5000 / 200）" in page.text
    assert filling.said()["brand_building"] == text


def test_lines_end_the_same_way_whatever_the_browser_sends(filling: Work) -> None:
    filling.send("/part/part_8", press="back", plan="一\r\n二\r三")
    assert filling.said()["plan"] == "一\n二\n三"


def test_a_part_saves_itself_and_leaves_the_others_alone(filling: Work) -> None:
    data = samples.application_data()
    filling.keep(data)
    filling.send("/part/part_1", press="back", niche="另一细分领域")
    kept = filling.said()
    assert kept["niche"] == "另一细分领域"
    assert {name: value for name, value in kept.items() if name != "niche"} == {
        name: value for name, value in data.items() if name != "niche"
    }


# ---- submitting ----------------------------------------------------------------------------------


def test_what_is_wrong_keeps_the_form_from_being_submitted_and_links_across_parts(filling: Work) -> None:
    filling.keep(samples.application_data() | {"area_km2": "很大", "applied_on": "2025-04-31"})
    page = filling.get("/check")
    assert page.title.startswith("错误：")
    hrefs = [address for address, _ in page.links]
    assert f"{filling.address}/part/part_1#f-area_km2" in hrefs
    assert f"{filling.address}/part/cover#f-applied_on" in hrefs
    refused = filling.post("/submit", page.form("/submit").sent())
    assert refused.status_code == 422
    assert "有 2 处需要修改" in pages.read(refused.text).text
    assert filling.state() == "open"


def test_a_second_press_of_the_button_shows_what_the_first_one_did(filling: Work) -> None:
    filling.keep(samples.application_data())
    sent = filling.get("/check").form("/submit").sent()
    assert filling.post("/submit", sent).location.startswith("/cases/")
    again = filling.post("/submit", sent)
    assert "您已提交，不必重复提交。" in filling.follow(again).text
    with filling.at.database.read() as session:
        case = session.get_one(Case, filling.task.case_id)
        assert case.status == "open"
    assert filling.at.office.open_elements(filling.task.case_id) == ["acceptance"]


def test_what_was_checked_is_what_is_submitted(filling: Work) -> None:
    filling.keep(samples.application_data())
    sent = filling.get("/check").form("/submit").sent()
    filling.keep(samples.application_data() | {"niche": "后来又改"})
    again = filling.post("/submit", sent)
    assert again.location.endswith("/check")
    assert "请再核对一遍" in filling.follow(again).text
    assert filling.state() == "open"


def test_an_answer_that_another_one_hides_is_not_submitted(filling: Work) -> None:
    filling.keep(samples.application_data() | {"evidence_1": "on_paper", "evidence_1_files": ["0" * 32]})
    done = filling.post("/submit", filling.get("/check").form("/submit").sent())
    assert done.status_code == 303
    with filling.at.database.read() as session:
        answers = session.get_one(Task, filling.task.id).answers
    assert answers["evidence_1"] == "on_paper"
    assert "evidence_1_files" not in answers


def test_the_check_page_says_what_the_criteria_say(filling: Work) -> None:
    filling.keep(samples.application_data() | {"sme_share": samples.by_year("71", "72", "60"), "area_km2": "很大"})
    text = filling.get("/check").text
    assert "预审仅供参考，由审核人员判断" in text
    for verdict in ("符合", "不符合", "须人工判断"):
        assert verdict in text
    assert "第十四条（二）" in text


def test_a_finished_task_is_there_to_read(filling: Work) -> None:
    filling.at.office.complete("county", filling.task, samples.application_data())
    page = filling.get()
    assert "特种铝型材" in page.text
    assert "已办结" in page.text
    assert [form.address for form in page.forms if "/tasks/" in form.address] == []
    assert filling.reader.get(f"{filling.address}/part/cover").status_code == 303


# ---- forms on the task's own page ----------------------------------------------------------------


def test_a_short_form_is_submitted_from_the_task_itself(accepting: Work) -> None:
    done = accepting.send("", at="/submit", press="提交", decision="accept", within_one_county="true", opinion="无")
    assert done.location.startswith("/cases/")
    assert accepting.state() == "done"


def test_a_failed_field_of_a_short_form_is_shown_and_everything_kept(accepting: Work) -> None:
    answer = accepting.send("", at="/submit", press="提交", decision="return", opinion="无", remarks=None)
    page = pages.read(answer.text)
    assert answer.status_code == 422
    assert page.title.startswith("错误：")
    assert any("不能只填“无”" in words and address == "#f-opinion" for address, words in page.links)
    assert ("decision", "return") in page.form("/submit").fields
    assert accepting.said()["opinion"] == "无"
    assert any(address == "#f-remarks" for address, _ in page.links)
    told = {"opinion": "缺材料", "remarks[0].field": "第3项佐证材料", "remarks[0].remark": "请补充名单"}
    assert accepting.post("/submit", page.form("/submit").sent(told, "提交")).status_code == 303
    assert accepting.state() == "done"


def test_enter_saves_and_presses_nothing_else(accepting: Work, filling_rows: Work) -> None:
    for page, address in (
        (accepting.get(), "/draft"),
        (filling_rows.get("/part/enterprises_table"), "enterprises_table"),
    ):
        first = page.form(address).buttons[0]
        assert (first.name, first.value, first.address) == ("_do", "stay", "")
    before = len(filling_rows.said()["enterprises"])
    filling_rows.send("/part/enterprises_table")  # the first button is what Enter presses
    assert len(filling_rows.said()["enterprises"]) == before


# ---- rows and files without scripts --------------------------------------------------------------


@pytest.fixture
def filling_rows(filling: Work) -> Work:
    filling.keep({"enterprises": [samples.enterprise(f"第{number}家") for number in range(60)]})
    return filling


def test_rows_are_added_and_deleted_without_scripts(filling_rows: Work) -> None:
    added = filling_rows.send("/part/enterprises_table", press="＋ 添加一行")
    assert added.location.endswith("/part/enterprises_table?enterprises=2#f-enterprises-add")
    page = filling_rows.follow(added)
    form = page.form("/part/enterprises_table")
    assert ("enterprises[10].name", "") in form.fields
    path = "/part/enterprises_table?enterprises=2"
    filling_rows.post(path, form.sent({"enterprises[10].name": "新来的"}, "enterprises:3"))
    names = [row["name"] for row in filling_rows.said()["enterprises"]]
    assert len(names) == 60
    assert "第53家" not in names
    assert names[-1] == "新来的"


def test_turning_the_page_of_a_table_saves_what_was_typed(filling_rows: Work) -> None:
    changed = {"enterprises[0].name": "改了名"}
    form = filling_rows.get("/part/enterprises_table").form("/part/enterprises_table")
    turned = filling_rows.post("/part/enterprises_table", form.sent(changed, "下一页"))
    assert turned.location.endswith("?enterprises=2#f-enterprises")
    assert filling_rows.said()["enterprises"][0]["name"] == "改了名"


def test_a_file_is_uploaded_with_the_part_and_taken_away_again(filling: Work) -> None:
    form = filling.get("/part/evidence").form("/part/evidence")
    data: dict[str, Any] = form.sent({"evidence_1": "provided"}, "上传").to_dict()
    data["_file.evidence_1_files"] = (io.BytesIO(PDF), "企业名单.pdf")
    page = filling.follow(filling.post("/part/evidence", data))
    assert "企业名单.pdf" in page.text
    (file_id,) = filling.said()["evidence_1_files"]
    assert filling.reader.get(f"/files/{file_id}").data == PDF
    form = page.form("/part/evidence")
    filling.post("/part/evidence", form.sent({}, file_id))
    assert filling.said()["evidence_1_files"] == []


def test_a_file_that_is_not_taken_is_explained_at_its_field_and_the_rest_kept(filling: Work) -> None:
    form = filling.get("/part/evidence").form("/part/evidence")
    data: dict[str, Any] = form.sent({"evidence_1": "provided", "evidence_2": "on_paper"}).to_dict()
    data["_file.evidence_1_files"] = (io.BytesIO(b"MZ"), "program.exe")
    refused = filling.post("/part/evidence", data)
    assert refused.status_code == 422
    page = pages.read(refused.text)
    assert "不接收 .exe 文件" in page.text
    assert ("evidence_2", "on_paper") in page.form("/part/evidence").fields


def test_a_script_uploads_a_file_and_names_it_in_the_draft_itself(filling: Work) -> None:
    answer = filling.reader.post(
        f"{filling.address}/files?field=evidence_1_files", {"file": (io.BytesIO(PDF), "名单.pdf")}, headers=JSON
    )
    told = answer.get_json()
    assert answer.status_code == 201
    assert told["href"] == f"/files/{told['id']}"
    kept = filling.reader.send(
        "PUT",
        f"{filling.address}/draft?section=evidence",
        json={"version": 0, "data": {"evidence_1": "provided", "evidence_1_files": [told["id"]]}},
        headers=JSON,
    )
    assert kept.get_json()["version"] == 1
    assert "名单.pdf" in filling.get("/part/evidence").text


# ---- drafts of scripts, and two windows ----------------------------------------------------------


def put(filling: Work, query: str, data: Any, version: int = 0) -> TestResponse:
    return filling.reader.send(
        "PUT", f"{filling.address}/draft{query}", json={"version": version, "data": data}, headers=JSON
    )


def test_a_script_saves_the_part_it_shows(filling: Work) -> None:
    first = put(filling, "?section=cover", {"application_year": "2025", "region_city": "清远市"})
    told = first.get_json()
    assert (told["version"], datetime.fromisoformat(told["saved_at"])) == (1, samples.MOMENT)
    put(filling, "?section=part_1", {"niche": "型材"}, version=1)
    assert filling.said()["application_year"] == 2025
    assert filling.said()["niche"] == "型材"
    put(filling, "?section=part_1", {}, version=2)
    assert "niche" not in filling.said()
    assert filling.said()["region_city"] == "清远市"


def test_a_script_on_the_second_page_of_a_table_saves_its_rows_only(filling_rows: Work) -> None:
    page = filling_rows.get("/part/enterprises_table?enterprises=2")
    address = page.form("/part/enterprises_table").attributes["data-autosave"]
    row = samples.enterprise("只剩这一家")
    put(filling_rows, "?" + address.partition("?")[2], {"enterprises": [row]}, version=1)
    names = [one["name"] for one in filling_rows.said()["enterprises"]]
    assert names == [*(f"第{number}家" for number in range(50)), "只剩这一家"]


def test_a_script_learns_of_a_newer_draft_and_of_a_sign_in_that_ended(filling: Work, now: StandingClock) -> None:
    put(filling, "?section=cover", {"region_city": "清远市"})
    late = put(filling, "?section=cover", {"region_city": "佛山市"})
    assert (late.status_code, late.get_json()["code"]) == (409, "conflict")
    now.move_by(days=2)
    ended = put(filling, "?section=cover", {"region_city": "佛山市"}, version=1)
    assert (ended.status_code, ended.mimetype) == (401, "application/problem+json")
    assert filling.said()["region_city"] == "清远市"


def test_two_windows_are_put_side_by_side_and_the_person_chooses(filling: Work) -> None:
    form = filling.get("/part/part_1").form("/part/part_1")
    mine = form.sent({"niche": "这个窗口写的"}, "back")
    filling.send("/part/part_1", press="back", niche="另一窗口写的")
    both = filling.post("/part/part_1", mine)
    assert both.status_code == 409
    page = pages.read(both.text)
    assert "另一窗口写的" in page.text
    assert "这个窗口写的" in page.text
    assert filling.said()["niche"] == "另一窗口写的"
    chosen = filling.post("/part/part_1", page.form("/part/part_1").sent(press="用我的"))
    assert chosen.status_code == 303
    assert filling.said()["niche"] == "这个窗口写的"


def test_an_old_page_that_says_the_same_is_no_conflict(filling: Work) -> None:
    form = filling.get("/part/part_1").form("/part/part_1")
    mine = form.sent({"niche": "同样的话"}, "back")
    assert filling.post("/part/part_1", mine).status_code == 303
    assert filling.post("/part/part_1", mine).status_code == 303


# ---- claiming, and what comes in between ---------------------------------------------------------


def test_a_task_is_claimed_and_given_back(accepting: Work) -> None:
    claimed = accepting.send("", at="/claim")
    assert "已认领" in accepting.follow(claimed).text
    colleague = work(accepting.at, "city2", accepting.task.case_id, "acceptance")
    page = colleague.get()
    assert "已由 city 认领" in page.text
    assert not [form for form in page.forms if form.address.endswith("/draft")]
    released = accepting.send("", at="/release")
    assert "已释放" in accepting.follow(released).text
    assert colleague.get().form("/submit")


def test_a_colleague_who_was_faster_is_named_as_the_outcome(accepting: Work) -> None:
    answers = {"decision": "accept", "within_one_county": "true", "opinion": "无"}
    sent = accepting.get().form("/submit").sent(answers, "提交")
    accepting.at.office.complete("city2", accepting.task, samples.ANSWERS["acceptance"])
    late = accepting.post("/submit", sent)
    assert "该待办已由同事办结" in accepting.follow(late).text


def test_a_stopped_case_says_so_and_shows_no_form(accepting: Work) -> None:
    with accepting.at.database.write() as session:
        session.get_one(Case, accepting.task.case_id).status = "incident"
    page = accepting.get()
    assert "该办件处于异常状态" in page.text
    assert not [form for form in page.forms if form.address.endswith("/draft")]


def test_a_task_whose_time_is_over_says_so(filling: Work, now: StandingClock) -> None:
    filling.keep(samples.application_data())
    sent = filling.get("/check").form("/submit").sent()
    now.move_to(samples.MOMENT + timedelta(days=120))
    late = reader.reader(filling.at.app, reader.signed_in(filling.at.database, "county"))
    answer = late.post(f"{filling.address}/submit", sent)
    assert answer.status_code == 409
    assert "该待办的办理时间已过" in answer.text


def test_others_do_not_see_the_task(filling: Work) -> None:
    stranger = reader.reader(filling.at.app, reader.signed_in(filling.at.database, "sibling"))
    for path in ("", "/part/cover", "/check", "/sheet/enterprises", "/sheet/enterprises.xlsx"):
        assert stranger.get(filling.address + path).status_code == 404
    assert stranger.post(f"{filling.address}/part/cover", {}).status_code == 404


# ---- coming back ---------------------------------------------------------------------------------


@pytest.fixture
def correcting(accepting: Work) -> Work:
    """The applicant, to whom the application came back."""
    remarks = [{"field": "集群总产值（亿元）", "remark": "与年鉴不一致"}, {"field": "纸质材料", "remark": "请盖章"}]
    answers = {"decision": "return", "opinion": "请补正", "remarks": remarks}
    accepting.at.office.complete("city", accepting.task, answers)
    return work(accepting.at, "county", accepting.task.case_id, "correct")


def test_what_is_asked_stands_at_the_task_and_at_its_fields(correcting: Work) -> None:
    page = correcting.get()
    assert "请补正" in page.text
    assert (f"{correcting.address}/part/part_2#f-output", "集群总产值（亿元）") in page.links
    assert "纸质材料：请盖章" in page.text
    part = correcting.get("/part/part_2")
    assert "退回意见：与年鉴不一致" in part.text
    assert ("output.2024", "24.10") in part.form("/part/part_2").fields


def test_the_earlier_answer_stands_beside_a_changed_one(correcting: Work) -> None:
    correcting.send("/part/part_2", press="back", output__2024="25.00")
    assert "上次提交：2024 年：24.10" in correcting.get("/part/part_2").text
    correcting.post("/submit", correcting.get("/check").form("/submit").sent())
    read = reader.reader(correcting.at.app, reader.signed_in(correcting.at.database, "city"))
    assert "集群总产值（亿元） 2024 年：24.10" in pages.read(read.get(correcting.address).text).text


# ---- spreadsheets --------------------------------------------------------------------------------


def test_a_table_goes_out_as_a_spreadsheet_and_comes_back_after_a_look(filling_rows: Work) -> None:
    book = load_workbook(io.BytesIO(filling_rows.reader.get(f"{filling_rows.address}/sheet/enterprises.xlsx").data))
    filled = io.BytesIO()
    book.save(filled)
    data = {"_sheet": (io.BytesIO(filled.getvalue()), "填好.xlsx")}
    looked = filling_rows.post("/sheet/enterprises", data)
    assert looked.status_code == 200, looked.text
    page = pages.read(looked.text)
    assert "文件中有 60 行。导入后将替换表中现有的 60 行" in page.text
    form = next(form for form in page.forms if any(name == "rows" for name, _ in form.fields))
    filling_rows.keep({"enterprises": []})
    stale = filling_rows.post("/sheet/enterprises", form.sent())
    assert "表格没有导入" in filling_rows.follow(stale).text
    fresh = form.sent({"_version": "2"})
    assert "已导入 60 行" in filling_rows.follow(filling_rows.post("/sheet/enterprises", fresh)).text
    assert len(filling_rows.said()["enterprises"]) == 60


def test_what_is_wrong_in_a_spreadsheet_is_named_and_nothing_imported(filling: Work) -> None:
    broken = filling.post("/sheet/enterprises", {"_sheet": (io.BytesIO(b"PK\x03\x04"), "坏.xlsx")})
    assert broken.status_code == 422
    assert pages.read(broken.text).title.startswith("错误：")
    assert filling.post("/sheet/enterprises", {}).status_code == 422
    assert filling.draft() is None


def test_rows_that_were_tampered_with_are_refused(filling: Work) -> None:
    for rows in ('{"a": 1}', "nonsense"):
        assert filling.post("/sheet/enterprises", {"rows": rows, "_version": "0"}).status_code in (400, 422)
    bad = filling.post("/sheet/enterprises", {"rows": json.dumps([{"__class__": "x"}]), "_version": "0"})
    assert bad.status_code == 422
    assert filling.draft() is None
