"""A process owner changes a process, another person puts it in force, and the running cases that can go along do.

One story through the browser: a step, a number and a letter of 汕头; who approves; one case moved and one left.
"""

import re

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from engine import accounts, tasks
from engine.models import Case, Deployment, Task
from tests.browser.office import Office
from tests.browser.visit import Visits

REGIME, BUREAU = "shantou", "440500"
REFUSED = {"decision": "refuse", "opinion": "不属于本市行政区域"}
OWNER, LEADER, OFFICER = "shantou-owner", "shantou-leader", "shantou"
STEP = "不予受理复核"


def test_an_owner_changes_a_process_and_another_puts_it_in_force(running: Visits, running_office: Office) -> None:
    office = running_office
    page = running.signed_in(OWNER)
    page.goto("/workshop")
    page.locator("[name=regime]").select_option(REGIME)
    page.locator("[name=title]").fill("不予受理由负责人复核")
    page.locator("[name=title]").press("Enter")
    page.wait_for_url(re.compile(r"/workshop/drafts/[0-9]+$"))
    draft = page.url

    add_a_step(page, draft)
    change_a_number(page, draft)
    reword_a_letter(page, draft)

    page.goto(draft)
    told = page.locator("section[aria-labelledby=changed]")
    for words in (STEP, "近三年产值", "30 亿元", "25 亿元", "二（二）2", "如对受理决定有疑问"):
        expect(told).to_contain_text(words)
    page.get_by_role("link", name="整体检查").first.click()
    page.locator("button[name=now]").first.click()
    expect(page.get_by_text(re.compile("检查完毕：错误 0 个"))).to_be_visible(timeout=120_000)
    page.goto(f"{draft}/cases")
    at = {element: only(office, element) for element in ("fill_in", "acceptance", "first_review")}
    for case_id in at.values():
        expect(row(page, case_id)).to_contain_text("能办结")

    page.goto(draft)
    page.locator("[name=reason]").fill("不予受理须由负责人复核，局长办公会议定")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("您经手过这份草案")).to_be_visible()
    expect(page.get_by_role("button", name="审核通过")).to_have_count(0)
    assert numbers(office) == [1]

    leader = running.signed_in(LEADER)
    leader.goto(draft)
    basis = leader.locator("section[aria-labelledby=basis]")
    expect(basis).to_contain_text("没有错误")
    expect(basis).to_contain_text("能办结")
    leader.get_by_role("button", name="审核通过").click()
    expect(leader.get_by_text(re.compile("审核通过，成为"))).to_be_visible(timeout=60_000)
    assert numbers(office) == [1, 2]

    page.goto(f"/workshop/{REGIME}/cases?to=2")
    row(page, at["acceptance"]).get_by_role("checkbox").check()
    page.get_by_role("button", name="迁移选中的办件").click()
    expect(page.get_by_text("已迁移 1 件")).to_be_visible(timeout=60_000)
    expect(row(page, at["acceptance"])).to_contain_text("第 2 版")
    expect(row(page, at["first_review"])).to_contain_text("第 1 版")

    refuses(office, at["acceptance"])
    opened = step(office, at["acceptance"])  # its leader has yet to look
    assert (opened.title, opened.form) == (STEP, "second_review")
    approve(running.signed_in(LEADER), opened.id)
    assert standing(office, at["acceptance"]) == ("ended", "not_accepted")

    office.does(OFFICER, at["first_review"], "first_review", decision="fail")
    assert standing(office, at["first_review"]) == ("ended", "not_passed")  # on the version it began with

    page.goto(f"/workshop/{REGIME}/cases?to=2")
    page.get_by_role("button", name=re.compile("迁移全部能办结的")).click()
    expect(page.get_by_text(re.compile("已迁移 [0-9]+ 件"))).to_be_visible(timeout=60_000)
    assert (deployed_as(office, at["fill_in"]), deployed_as(office, at["first_review"])) == (2, 1)


def add_a_step(page: Page, draft: str) -> None:
    """A step before a refusal is told, with form, role, limit and its reason."""
    page.goto(f"{draft}/model/intake.bpmn")
    expect(page.locator("[data-ready]")).to_be_visible()
    page.locator('[data-elements] [data-id="acceptance_decision_to_tell_refused"]').click()
    page.get_by_role("button", name="插入一个用户任务").click()
    expect(page.locator('[data-elements] [aria-pressed="true"]')).to_contain_text("用户任务 Activity_")
    field(page, "name").fill(STEP)
    field(page, "name").press("Tab")
    field(page, "form").select_option(label="复审")
    field(page, "role").select_option(label="主管部门负责人")
    field(page, "at").select_option(label="本局（组织认定的主管部门）")
    field(page, "limit").select_option(label="受理：5 个工作日")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "saved")
    page.goto(f"{draft}/clauses")
    page.get_by_role("link", name=STEP).first.click()
    page.locator("[name=how][value=internal]").check()
    page.locator("[name=reason]").fill("条文未规定受理，由负责人复核以免错退")
    page.get_by_role("button", name="保存依据").click()
    expect(page.get_by_role("row", name=STEP)).to_contain_text("内部")


def change_a_number(page: Page, draft: str) -> None:
    page.goto(f"{draft}/numbers")
    number = page.locator('input[name="thresholds.output_100m_yuan.value"]')
    expect(number).to_have_value("30")
    number.fill("三十")
    page.get_by_role("button", name="保存数字").first.click()
    expect(page.locator(".jq-error:visible").first).to_be_visible()
    number.fill("25")
    page.get_by_role("button", name="保存数字").first.click()
    expect(page.get_by_text("有改动").first).to_be_visible()


def reword_a_letter(page: Page, draft: str) -> None:
    page.goto(f"{draft}/letters/accepted")
    body = page.locator("[name=body]")
    body.fill(body.input_value() + "\n如对受理决定有疑问，请与受理机关联系。\n")
    page.get_by_role("button", name="保存通知").click()
    page.goto(f"{draft}/letters")
    expect(page.get_by_role("row").filter(has=page.locator('a[href$="/letters/accepted"]'))).to_contain_text("有改动")


def approve(leader: Page, task_id: str) -> None:
    """The new step is done on its page."""
    leader.goto(f"/tasks/{task_id}")
    leader.locator("[name=decision]").first.check()
    leader.locator("[name=opinion]").fill("同意不予受理")
    leader.get_by_role("button", name=re.compile("提交")).first.click()
    leader.wait_for_url(lambda url: "/tasks/" not in url)


def refuses(office: Office, case_id: int) -> None:
    office.clock.move_by(minutes=1)
    with office.database.write() as session:
        actor = accounts.actor(session, accounts.by_name(session, OFFICER))
        tasks.complete(session, actor, step(office, case_id).id, REFUSED)


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#bio-properties-panel-{name}")


def row(page: Page, case_id: int) -> Locator:
    return page.get_by_role("row").filter(has_text=re.compile(rf"编号 {case_id}\D"))


def only(office: Office, element: str) -> int:
    """The first of the bureau's applications that wait at this step."""
    query = select(Case.id).join(Task, Task.case_id == Case.id)
    query = query.where(Case.bureau_code == BUREAU, Case.process == "application", Task.state == "open")
    with office.database.read() as session:
        return session.scalars(query.where(Task.element == element).order_by(Case.id)).first() or 0


def step(office: Office, case_id: int) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.case_id == case_id, Task.state == "open")).one()


def standing(office: Office, case_id: int) -> tuple[str, str | None]:
    with office.database.read() as session:
        case = session.get_one(Case, case_id)
        return case.status, case.outcome


def numbers(office: Office) -> list[int]:
    query = select(Deployment.number).where(Deployment.regime == REGIME).order_by(Deployment.number)
    with office.database.read() as session:
        return list(session.scalars(query))


def deployed_as(office: Office, case_id: int) -> int:
    with office.database.read() as session:
        return session.get_one(Deployment, session.get_one(Case, case_id).deployment_id).number
