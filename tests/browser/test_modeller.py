"""Drawing and deciding in the browser: a step by the keyboard and the panel, two owners at once, a decision table."""

import re

from playwright.sync_api import Locator, Page, expect

from engine import accounts, xml
from engine.lint.surroundings import properties
from engine.models import BundleDraft
from engine.workshop import drafts
from tests.browser import sight
from tests.browser.office import Office
from tests.browser.visit import NARROW, WIDE, Visits
from tests.office import BUREAU, REGIME
from web import demo

SECOND = "owner2"


def test_a_step_is_added_with_the_panel_undone_and_saved(visits: Visits, office: Office) -> None:
    page = drawing(visits.signed_in("owner"), "intake.bpmn")
    page.locator('[data-elements] button[tabindex="0"]').focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("[data-elements] button:focus")).to_have_text("用户任务 受理")
    page.keyboard.press("Enter")
    expect(field(page, "name")).to_be_focused()
    expect(field(page, "name")).to_have_value("受理")
    page.locator('.djs-context-pad [data-action="append.append-task"]').click()
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    page.keyboard.type("复核材料")
    page.keyboard.press("Enter")
    found = page.locator("[data-findings-list]")
    expect(found).to_contain_text("没有写明表单、由谁办理、哪个单位")
    expect(field(page, "form")).to_have_value("")
    field(page, "form").select_option(label="受理")
    field(page, "role").select_option(label="主管部门经办人")
    field(page, "at").select_option(label="本局（组织认定的主管部门）")
    field(page, "limit").select_option(label="受理：5 个工作日")
    expect(found).not_to_contain_text("没有写明表单")
    button(page, "撤销一步").click()
    expect(field(page, "limit")).to_have_value("")
    expect(field(page, "form")).to_have_value("acceptance")
    button(page, "重做一步").click()
    expect(field(page, "limit")).to_have_value("limit:acceptance")
    saved(page)
    (step,) = added(office)
    assert step == {"form": "acceptance", "role": "bureau_officer", "at": "bureau", "limit": "acceptance"}
    expect(found).to_contain_text("没有依据")  # what only the server finds
    all_chinese(page)
    for size in (WIDE, NARROW):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        assert sight.axe(page) == []
        assert sight.sideways(page) == []


def test_a_second_owner_is_told_and_chooses(visits: Visits, office: Office) -> None:
    with office.database.write() as session:
        person = accounts.add(session, SECOND, display_name="第二位", by="test")
        accounts.grant(session, person, "process_owner", BUREAU, by="test")
        accounts.set_password(session, person, demo.plan()["password"], by="test")
    first = drawing(visits.signed_in("owner"), "publicity.bpmn")
    second = visits.signed_in(SECOND)
    second.goto(first.url)
    ready(second)
    renames(first, "第一位改的名称")
    saved(first)
    visits.forgive("412")
    renames(second, "第二位改的名称")
    state = second.locator("[data-state]")
    expect(state).to_have_attribute("data-state", "failed")
    expect(state).to_contain_text("演示·流程管理人员")
    button(second, "看对方的").click()
    theirs = second.get_by_role("dialog")
    expect(theirs.locator("svg").get_by_text("第一位改", exact=False).first).to_be_visible()
    theirs.get_by_role("button", name="关闭").click()
    button(second, "用本页的覆盖").click()
    expect(state).to_have_attribute("data-state", "saved")
    assert "第二位改的名称" in content(office, "publicity.bpmn")


def test_a_row_of_a_decision_table_names_a_number_and_its_clause(visits: Visits, office: Office) -> None:
    page = opened(visits.signed_in("owner"))
    page.goto(f"{page.url}/table/criteria.dmn")
    ready(page)
    button(page, "添加一行").click()
    page.locator("tbody .output-cell").last.click()
    page.get_by_role("button", name=re.compile("^集群总产值")).click()
    page.get_by_role("button", name="第十四条（二）", exact=True).first.click()
    saved(page)
    last = content(office, "criteria.dmn").rpartition("<rule ")[2]
    assert 'limit("output_100m_yuan")</text>' in last
    assert "<description>第十四条（二）</description>" in last
    page.locator("tbody .input-cell").first.click(button="right")
    expect(page.get_by_text("在下方添加一行")).to_be_visible()
    page.keyboard.press("Escape")
    all_chinese(page)
    for size in (WIDE, NARROW):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        assert sight.axe(page) == []
        assert sight.sideways(page) == []


def opened(page: Page) -> Page:
    """The page of a new draft."""
    page.goto("/workshop")
    page.locator("[name=title]").fill("试改")
    page.locator("[name=regime]").select_option(REGIME)
    page.locator("[name=title]").press("Enter")
    page.wait_for_url(re.compile(r"/workshop/drafts/[0-9]+$"))
    return page


def drawing(page: Page, path: str) -> Page:
    """The modeller with this diagram of a new draft."""
    page.goto(f"{opened(page).url}/model/{path}")
    ready(page)
    return page


def ready(page: Page) -> None:
    expect(page.locator("[data-ready]")).to_be_visible()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#bio-properties-panel-{name}")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def renames(page: Page, name: str) -> None:
    page.locator("[data-elements] button").first.click()
    expect(field(page, "name")).to_be_focused()
    field(page, "name").fill(name)
    field(page, "name").press("Tab")


def saved(page: Page) -> None:
    """Nobody presses a button: the file is saved a moment after the last change."""
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "saved")


def all_chinese(page: Page) -> None:
    """Every word that a library asked for was known, and none stands in the page by itself."""
    assert page.evaluate("document.documentElement.dataset.untranslated ?? ''") == ""
    told = page.locator("[data-canvas] [title], [data-panel] [title], [data-canvas] [aria-label]")
    titles = told.evaluate_all("(all) => all.map((each) => `${each.title} ${each.getAttribute('aria-label') ?? ''}`)")
    assert [each for each in titles if re.search("[A-Za-z]{2}", each.replace("bpmn.io", ""))] == []
    labels = page.locator(
        "[data-panel] label, .djs-popup, .dmn-decision-table-container .context-menu"
    ).all_inner_texts()
    assert [each for each in labels if re.search("[A-Za-z]{4,}", each)] == []


def content(office: Office, path: str) -> str:
    with office.database.read() as session:
        draft = session.query(BundleDraft).order_by(BundleDraft.id.desc()).first()
        assert draft is not None
        return drafts.files(session, draft)[path].decode()


def added(office: Office) -> list[dict[str, str]]:
    """What the new user tasks of the diagram say to the engine."""
    root = xml.read("intake.bpmn", content(office, "intake.bpmn").encode())
    return [properties(task) for task in root.iter(xml.tag("userTask")) if task.get("name") == "复核材料"]
