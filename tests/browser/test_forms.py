"""Filling in a form as people do it: in a hurry, in two windows, with an input method, from a spreadsheet, offline."""

import io
import re

from openpyxl import load_workbook
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from engine import accounts, rounds
from engine.models import Draft, Task
from tests import samples
from tests.browser.desk import NINE, SAVED, Desk, field, paste, rows, state
from tests.browser.filling import application
from tests.browser.office import Office
from tests.browser.visit import NARROW, Visits

# ---- the draft ---------------------------------------------------------------------------------


def test_what_is_typed_is_saved_without_a_button(desk: Desk) -> None:
    page = desk.open("part_1")
    field(page, "competent_department").fill("云溪县科技工业商务局")
    expect(state(page)).to_have_text(SAVED)
    assert desk.draft["competent_department"] == "云溪县科技工业商务局"
    page.reload()
    expect(field(page, "competent_department")).to_have_value("云溪县科技工业商务局")


def test_the_form_is_sent_on_the_draft_that_its_own_script_saved(desk: Desk) -> None:
    page = desk.open("part_1")
    field(page, "competent_department").fill("云溪县科技工业商务局")
    expect(state(page)).to_have_text(SAVED)
    field(page, "department_contact").fill("示例联系人甲")
    page.get_by_role("button", name="保存并返回目录").click()
    expect(page.locator("main")).not_to_contain_text("草稿已在别处更新")
    assert desk.draft["department_contact"] == "示例联系人甲"


def test_a_button_pressed_while_the_draft_is_on_its_way_waits_for_it(desk: Desk) -> None:
    page = desk.open("part_1")

    def slow(route: Route) -> None:
        answer = route.fetch()
        page.wait_for_timeout(1500)
        route.fulfill(response=answer)

    page.route("**/draft?*", slow)
    field(page, "competent_department").fill("云溪县")
    with page.expect_request("**/draft?*"):
        pass
    field(page, "department_contact").fill("示例联系人甲")
    page.get_by_role("button", name="保存并返回目录").click()
    page.wait_for_url(re.compile(r"/tasks/[^/]+$"))
    assert (desk.draft["competent_department"], desk.draft["department_contact"]) == ("云溪县", "示例联系人甲")


def test_two_tabs_on_one_draft_lose_nothing(desk: Desk) -> None:
    desk.visits.forgive(r"\b409\b")
    first = desk.open("part_1")
    second = desk.beside("part_1")
    field(first, "niche").fill("先写的")
    expect(state(first)).to_have_text(SAVED)
    field(second, "niche").fill("后写的")
    expect(state(second)).to_contain_text("草稿已在别处更新")
    expect(field(second, "niche")).to_have_value("后写的")
    assert desk.draft["niche"] == "先写的"
    second.get_by_role("button", name="对照两处内容").click()
    expect(second.locator("main table")).to_contain_text("先写的")
    expect(second.locator("main table")).to_contain_text("后写的")
    second.go_back()


def test_of_two_tabs_the_later_one_may_win(desk: Desk) -> None:
    desk.visits.forgive(r"\b409\b")
    first = desk.open("part_1")
    second = desk.beside("part_1")
    field(first, "niche").fill("先写的")
    expect(state(first)).to_have_text(SAVED)
    field(second, "niche").fill("后写的")
    second.get_by_role("button", name="改用本页内容").click()
    expect(state(second)).to_have_text(SAVED)
    assert desk.draft["niche"] == "后写的"


def test_two_tabs_on_two_parts_do_not_meet(desk: Desk) -> None:
    desk.visits.forgive(r"\b409\b")
    first = desk.open("part_1")
    second = desk.beside("part_8")
    field(first, "niche").fill("基本情况")
    expect(state(first)).to_have_text(SAVED)
    field(second, "plan").fill("规划正文")
    expect(state(second)).to_have_text(SAVED)
    assert (desk.draft["niche"], desk.draft["plan"]) == ("基本情况", "规划正文")


def test_an_answer_lost_on_its_way_back_is_no_quarrel_with_oneself(desk: Desk) -> None:
    desk.visits.forgive(r"\b409\b|ERR_FAILED")
    page = desk.open("part_1")

    def lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/draft?*", lost, times=1)
    field(page, "niche").fill("已经收到")
    expect(state(page)).to_contain_text("将重试")
    field(page, "competent_department").fill("云溪县")
    expect(state(page)).to_have_text(SAVED)
    assert (desk.draft["niche"], desk.draft["competent_department"]) == ("已经收到", "云溪县")


def test_a_session_that_ends_in_mid_form_costs_nothing(desk: Desk) -> None:
    desk.visits.forgive(r"\b40[13]\b")
    page = desk.open("part_1")
    kept = page.context.cookies()
    page.context.clear_cookies()
    field(page, "niche").fill("登录失效时写下的")
    expect(state(page)).to_contain_text("登录已失效")
    expect(field(page, "niche")).to_have_value("登录失效时写下的")
    assert kept
    with page.context.expect_page() as opened:
        state(page).get_by_role("link", name="登录").click()
    other = opened.value
    other.locator("[name=name]").fill("park")
    other.locator("[name=password]").fill(desk.visits._password)
    other.locator("[name=password]").press("Enter")
    other.wait_for_url(lambda url: "/sign-in" not in url)
    other.close()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(state(page)).to_have_text(SAVED)
    assert desk.draft["niche"] == "登录失效时写下的"


def test_a_broken_line_is_tried_again(desk: Desk) -> None:
    desk.visits.forgive("ERR_INTERNET_DISCONNECTED")
    page = desk.open("part_1")
    page.context.set_offline(True)
    field(page, "niche").fill("断网时写下的")
    expect(state(page)).to_contain_text("网络已断开")
    page.context.set_offline(False)
    expect(state(page)).to_have_text(SAVED)
    assert desk.draft["niche"] == "断网时写下的"


def test_leaving_at_once_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.open("part_1")
    field(page, "niche").fill("刚写完就走")
    page.goto("/tasks")
    desk.open("part_1")
    expect(field(page, "niche")).to_have_value("刚写完就走")


def test_what_could_not_be_saved_is_there_again_after_a_reload(desk: Desk) -> None:
    desk.visits.forgive(r"\b(503|409)\b")  # 409: the browser's last word may arrive after the page was drawn again
    page = desk.open("part_1")
    page.route("**/draft?*", lambda route: route.fulfill(status=503, body="{}"))
    field(page, "niche").fill("服务器没有收下的")
    expect(state(page)).to_contain_text("未能保存，将重试")
    page.reload()
    expect(field(page, "niche")).to_have_value("服务器没有收下的")
    page.unroute_all()
    field(page, "niche").press("End")
    field(page, "niche").type("，再写几个字")
    expect(state(page)).to_have_text(SAVED)
    assert desk.draft["niche"] == "服务器没有收下的，再写几个字"


def test_half_a_syllable_is_not_saved(desk: Desk) -> None:
    page = desk.open("part_1")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "/draft" in request.url else None)
    field(page, "niche").focus()
    method = page.context.new_cdp_session(page)
    method.send("Input.imeSetComposition", {"text": "lv", "selectionStart": 2, "selectionEnd": 2})
    page.wait_for_timeout(2500)
    assert sent == []
    method.send("Input.insertText", {"text": "铝型材"})
    expect(state(page)).to_have_text(SAVED)
    assert (sent, desk.draft["niche"]) == (["PUT"], "铝型材")


# ---- text --------------------------------------------------------------------------------------


def test_a_long_paste_is_counted_and_never_cut(desk: Desk) -> None:
    page = desk.open("part_8")
    paste(page, field(page, "plan"), "规划\r\n" * 1250 + "𠮷" * 1250)  # 5,000 characters, each line end one of them
    counter = page.locator("#f-plan-count")
    expect(counter).to_have_text("已超出 2000 字（5000 / 3000）")
    expect(state(page)).to_have_text(SAVED)
    assert len(desk.draft["plan"]) == 5000
    field(page, "plan").fill("短")
    expect(counter).to_have_text("已输入 1 / 3000 字")


def test_a_question_appears_with_the_answer_that_asks_for_it(desk: Desk) -> None:
    page = desk.open("evidence")
    files = page.locator('[data-show-field="evidence_1"]')
    expect(files).to_be_hidden()
    field(page, "evidence_1").and_(page.locator('[value="provided"]')).check()
    expect(files).to_be_visible()
    field(page, "evidence_1").and_(page.locator('[value="on_paper"]')).check()
    expect(files).to_be_hidden()


# ---- tables ------------------------------------------------------------------------------------


def test_a_block_of_twenty_rows_is_pasted_from_a_spreadsheet(desk: Desk) -> None:
    page = desk.open("enterprises_table")
    block = "\r\n".join(
        "\t".join([f"虚构企业{row}", f'"铝材""{row}"', str(row), f"{row}.5", "0"]) for row in range(1, 21)
    )
    paste(page, field(page, "enterprises[0].name"), block + "\r\n")
    expect(rows(page, "enterprises")).to_have_count(20)
    expect(page.locator("[data-table-state]")).to_have_text("已粘贴 20 行、5 列")
    expect(field(page, "enterprises[19].name")).to_have_value("虚构企业20")
    expect(field(page, "enterprises[19].output_2")).to_have_value("20.5")
    expect(state(page)).to_have_text(SAVED)
    kept = desk.draft["enterprises"]
    assert (len(kept), kept[6]["main_business"], kept[6]["output_3"]) == (20, '铝材"7', "0")


def test_values_by_year_are_pasted_side_by_side(desk: Desk) -> None:
    page = desk.open("part_2")
    paste(page, field(page, "output.2023"), "21.3\t22.1\t24\n60\t61\t62")
    expect(state(page)).to_have_text(SAVED)
    assert desk.draft["output"] == {"2023": "21.3", "2024": "22.1", "2025": "24"}
    assert desk.draft["sme_share"] == {"2023": "60", "2024": "61", "2025": "62"}


def test_enter_in_a_row_moves_down_and_deletes_nothing(desk: Desk) -> None:
    page = desk.open("enterprises_table")
    page.get_by_role("button", name="添加一行").click()
    expect(field(page, "enterprises[1].name")).to_be_focused()
    field(page, "enterprises[0].name").fill("甲")
    field(page, "enterprises[1].name").fill("乙")
    field(page, "enterprises[0].name").press("Enter")
    expect(field(page, "enterprises[1].name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page, "enterprises")).to_have_count(2)
    expect(state(page)).to_have_text(SAVED)
    assert [row["name"] for row in desk.draft["enterprises"]] == ["甲", "乙"]


def test_a_removed_row_comes_back_and_rows_change_places(desk: Desk) -> None:
    page = desk.open("enterprises_table")
    field(page, "enterprises[0].name").fill("甲")
    page.get_by_role("button", name="添加一行").click()
    field(page, "enterprises[1].name").fill("乙")
    page.get_by_role("button", name="删除 第 1 行").click()
    expect(rows(page, "enterprises")).to_have_count(1)
    expect(field(page, "enterprises[0].name")).to_have_value("乙")
    page.get_by_role("button", name="撤销").click()
    expect(field(page, "enterprises[0].name")).to_have_value("甲")
    page.get_by_role("button", name="上移 第 2 行").click()
    expect(field(page, "enterprises[0].name")).to_have_value("乙")
    expect(state(page)).to_have_text(SAVED)
    assert [row["name"] for row in desk.draft["enterprises"]] == ["乙", "甲"]


def test_a_table_goes_out_as_a_spreadsheet_and_comes_back_filled_in(desk: Desk) -> None:
    page = desk.open("enterprises_table")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载填写表格").click()
    book = load_workbook(io.BytesIO(fetched.value.path().read_bytes()))
    for number in range(60):
        row = samples.enterprise(f"虚构企业{number + 1}")
        for place, name in enumerate([cell.value for cell in book.worksheets[0][3]], 1):
            book.worksheets[0].cell(5 + number, place).value = row.get(name, "无")
            if name.startswith(("output", "rd_", "software", "exports")):
                book.worksheets[0].cell(5 + number, place).value = float(row[name])
    page.get_by_role("link", name="导入表格").click()
    for wrong, title in (("30亿", "错误"), (30.25, "导入表格")):
        book.worksheets[0]["C7"] = wrong
        filled = io.BytesIO()
        book.save(filled)
        sheet = {"name": "企业.xlsx", "mimeType": "application/octet-stream", "buffer": filled.getvalue()}
        page.locator("[name=_sheet]").set_input_files([sheet])  # type: ignore[list-item]  # a mapping of the three
        page.get_by_role("button", name="上传并查看").click()
        expect(page).to_have_title(re.compile(title))
        if wrong == "30亿":
            told = "第 7 行“产值（亿元）第一年”（C 列）只填数字，不写单位"
            expect(page.locator("[data-summary]")).to_contain_text(told)
            assert "enterprises" not in desk.draft
    page.get_by_role("button", name="导入并替换").click()
    expect(page.locator(".jq-said")).to_contain_text("已导入 60 行")
    assert [desk.draft["enterprises"][2][name] for name in ("name", "output_1")] == ["虚构企业3", "30.25"]


# ---- sending ----------------------------------------------------------------------------

TWO_CLICKS = "(button) => { button.click(); setTimeout(() => button.click(), 200); }"


def sent_slowly(page: Page) -> list[str]:
    """The posts of a page, over a line that gives somebody impatient the time for a second click."""
    sent: list[str] = []

    def slow(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            page.wait_for_timeout(800)
        route.continue_()

    page.route("**/tasks/**", slow)
    return sent


def test_a_double_click_on_the_last_button_files_once_and_shows_the_confirmation(desk: Desk) -> None:
    today = {"applied_on": NINE[:10], "signed_on": NINE[:10]}
    desk.fill(application() | today | {"evidence_1": "on_paper"})
    page = desk.open("part_1")
    page.goto(page.url.split("/part/")[0] + "/check")
    sent = sent_slowly(page)
    page.get_by_role("button", name="确认提交").evaluate(TWO_CLICKS)
    page.wait_for_url("**/cases/*")
    expect(page.locator(".jq-said")).to_contain_text("已提交")
    assert (len(sent), desk.is_open) == (1, False)


def test_a_form_s_address_tells_strangers_nothing(desk: Desk) -> None:
    address = desk.open("part_1").url
    stranger = desk.visits.stranger()
    stranger.goto(address)
    expect(stranger.locator("[name=password]")).to_be_visible()
    expert = desk.visits.signed_in("expert")
    for path in (address, address.split("/part/")[0], address.split("/part/")[0] + "/check"):
        answer = expert.goto(path)
        assert answer
        assert answer.status in {403, 404}
        expect(expert.locator("main")).to_contain_text("无权")
        expect(expert.get_by_role("link", name="回到待办")).to_be_visible()
        for page in (stranger, expert):
            expect(page.locator("body")).not_to_contain_text(samples.CLUSTER)


def test_two_clicks_send_once(desk: Desk) -> None:
    page = desk.open("part_1")
    sent = sent_slowly(page)
    page.get_by_role("button", name="保存并返回目录").evaluate(TWO_CLICKS)
    page.wait_for_url(re.compile(r"/tasks/[^/]+$"))
    assert len(sent) == 1


def test_a_part_is_filled_in_with_the_keyboard_alone(desk: Desk) -> None:
    page = desk.open("part_1")
    field(page, "cluster_name").focus()
    for text in (samples.CLUSTER, "云溪县科技工业商务局", "示例联系人甲", "0000000"):
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(field(page, "operating_body")).to_be_focused()
    field(page, "within_one_county").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="保存并继续").focus()
    page.keyboard.press("Enter")
    summary = page.locator("[data-summary]")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('input, select, textarea')")
    assert (desk.draft["department_phone"], desk.draft["within_one_county"]) == ("0000000", True)


def test_the_state_of_the_draft_stays_in_sight(desk: Desk) -> None:
    page = desk.open("part_1")
    for window in ({"width": 1280, "height": 700}, NARROW):
        page.set_viewport_size(window)  # type: ignore[arg-type]  # a mapping of the two
        for key in ("Home", "End"):
            page.locator("main").press(key)
            expect(state(page)).to_be_in_viewport()


def test_a_form_without_parts_is_saved_with_its_moment_and_sent_once(office: Office, visits: Visits) -> None:
    office.clock.move_to(NINE)
    with office.database.write() as session:
        city = accounts.actor(session, accounts.by_name(session, "city"))
        case_id = rounds.open_round(session, city, "qingyuan", 2026, "2026年度认定批次").case_id
    with office.database.read() as session:
        task_id = session.scalars(select(Task.id).where(Task.case_id == case_id, Task.state == "open")).one()
    page = visits.signed_in("city")
    page.goto(f"/tasks/{task_id}")
    told = {"title": "申报通知", "year": "2026", "body": "请申报。", "contact_office": "规划科 0000000"}
    for name, text in {**told, "closes_at.date": "2026-06-30", "closes_at.time": "17:30"}.items():
        field(page, name).fill(text)
    expect(state(page)).to_have_text(SAVED)
    with office.database.read() as session:
        draft = session.scalars(select(Draft).where(Draft.task_id == task_id)).one()
        assert draft.data["closes_at"] == "2026-06-30T17:30:00+08:00"
    sent = sent_slowly(page)
    page.get_by_role("button", name="提交").evaluate(TWO_CLICKS)
    expect(page.locator("main")).to_contain_text("已办结")
    assert len(sent) == 1
