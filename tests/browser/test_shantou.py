"""A round of a bureau that inspects nothing: two counties apply, experts score by its indicators, the best is chosen.

汕头 二（三）. The dates are working days of 2026: filing closes on 3 April, the list is public over Labour Day.
"""

import re
from io import BytesIO
from typing import Any

import openpyxl
from playwright.sync_api import Page, expect

from engine import bundle, forms
from tests import samples
from tests.browser import story
from tests.browser.filling import application, fill_in, parts
from tests.browser.office import Office
from tests.browser.story import Desks
from tests.browser.visit import Visits

ROUND = "2026年度汕头市中小企业特色产业集群认定"
TOYS = "澄海区中小企业特色产业集群（创意玩具产业）"
LACE = "潮阳区中小企业特色产业集群（针织内衣产业）"
INTRODUCTION = "以创意玩具为主导，设计、模具、注塑、电子和包装配套齐全。"
LEFT_OUT = "评审排名第二，择优未列入。"


def test_a_round_by_the_table_of_indicators_is_carried_to_the_register(visits: Visits, office: Office) -> None:
    at = Desks(visits, office)
    story.calls(at, "2026-03-02 09:00", by="shantou", title=ROUND)
    toys = the_county_applies(at)
    lace = office.files("shantou-county2", ROUND, LACE, filed(region_county="潮阳区"))
    nobody_else_reads_it(at, toys)
    the_bureau_convenes_a_panel(at)
    experts_score_by_the_indicators(at, toys)
    judged_behind_the_pages(office, lace)
    the_best_is_chosen(at, toys, lace)
    the_list_is_public_for_seven_working_days(at)
    one_is_recognised(at)


def filed(**own: Any) -> dict[str, Any]:
    """The whole application of a cluster that meets the city's conditions."""
    ours = {"region_city": "汕头市", "evidence_1": "on_paper", "introduction": INTRODUCTION}
    return application(samples.ASKED_BY_ONE["application"] | samples.strong()) | ours | own


def indicators(points: str) -> dict[str, Any]:
    """The score sheet with so many points for each of the bureau's indicators."""
    sheet = samples.answers_for("score_sheet", forms.parse(bundle.shipped("shantou")["forms/score_sheet.json"]))
    scored = {name: {**answer, "score": points} for name, answer in sheet.items() if name.startswith("score_")}
    return sheet | scored


def the_county_applies(at: Desks) -> int:
    """Its form asks for what the city's 推荐汇总表 needs, 150 characters at most; the table comes as a spreadsheet."""
    county = at.sits_down("shantou-county", "2026-03-05 09:00")
    case_id = story.begins(at, county, samples.ANSWERS["application_start"] | {"cluster_name": TOYS}, {}, title=ROUND)
    expect(county.locator(".jq-why")).to_contain_text("汕头市促进中小企业特色产业集群发展工作方案 二（三）1")
    pages, long = list(parts(county)), "集" * 151
    at.fills_parts(county, pages, filed(region_county="澄海区", cluster_name=TOYS, introduction=long), {})
    county.get_by_role("link", name="核对全部内容").click()
    county.wait_for_url(re.compile("/check"))
    expect(county.locator("[data-summary]")).to_contain_text("不得超过 150 字，现有 151 字")
    expect(county.locator(".jq-precheck tr", has_text="主导产业占集群总产值比例")).to_contain_text("要求高于 70；达到")
    expect(county.locator(".jq-precheck .jq-badge", has_text="不符合")).to_have_count(0)
    at.fills_part(county, pages[-1], {"introduction": INTRODUCTION}, {})
    story.checks(county)
    at.submits(county)
    story.reads_round(county, ROUND)
    county.get_by_role("link", name="报送材料").click()
    with county.expect_download() as download:
        county.get_by_role("link", name="推荐汇总表（xlsx）").click()
    sheet = openpyxl.load_workbook(BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    row = [cell.value for cell in sheet[5]]
    assert [row[1], row[3], row[-1]] == [TOYS, "广东省汕头市澄海区", INTRODUCTION]
    return case_id


def nobody_else_reads_it(at: Desks, case_id: int) -> None:
    """Neither another county of the city nor the bureau of another city."""
    for stranger in ("shantou-county3", "city"):
        page = at.sits_down(stranger, "2026-03-06 09:00")
        answer = page.goto(f"/cases/{case_id}")
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("main")).not_to_contain_text(TOYS)


def the_bureau_convenes_a_panel(at: Desks) -> None:
    """The text knows no acceptance: that step is the bureau's own. The panel's names the article, and leads to it."""
    bureau = at.sits_down("shantou", "2026-03-06 10:00")
    bureau.goto("/tasks")
    expect(bureau.get_by_label("当前环节")).to_contain_text("组成专家组")
    expect(bureau.get_by_label("当前环节")).not_to_contain_text("登记寄送")  # a step of others' rounds
    at.opens(bureau, "受理", TOYS)
    expect(bureau.locator(".jq-why")).to_contain_text("内部环节：方案未规定受理环节")
    at.completes(bureau, samples.ANSWERS["acceptance"])
    at.opens(bureau, "初审", TOYS)
    at.completes(bureau, samples.ANSWERS["first_review"])
    at.opens(bureau, "组成专家组", TOYS)
    step = bureau.url
    bureau.locator(".jq-clause", has_text="二（三）2").click()
    expect(bureau.locator(":target")).to_contain_text("二（三）2")
    bureau.goto(step)
    expect(bureau.locator("main")).to_contain_text("可以抽取 9 人")
    at.completes(bureau, samples.ANSWERS["panel"] | {"fields": ["玩具动漫"]})


def experts_score_by_the_indicators(at: Desks, case_id: int) -> None:
    """Eighteen indicators with weights and rules, each standing on its clause; then no inspection, but the round."""
    members, sheet = at.office.panel(case_id), indicators("91.00")
    for member in members:
        expert = at.sits_down(member, "2026-03-12 10:00")
        at.opens(expert, "声明利害关系", TOYS)
        at.completes(expert, samples.ANSWERS["declare_interest"])
        at.opens(expert, "评分", TOYS)
        fill_in(expert, sheet)
        expect(expert.locator("main form tr", has_text="权重")).to_have_count(18)
        expect(expert.locator("tr", has_text="优质中小企业梯度培育")).to_contain_text(
            "（二（二）3） 满分 100 分，权重 12%"
        )
        at.submits(expert)
    at.does("shantou", "2026-03-16 10:00", "公开评审意见", samples.ANSWERS["open_opinions"], TOYS)
    story.concurs(at, members, "2026-03-17 10:00", TOYS)
    bureau = at.sits_down("shantou", "2026-03-18 10:00")
    story.reads_case(bureau, TOYS)
    expect(bureau.locator(".jq-facts").first).to_contain_text("等待批次结果")
    expect(bureau.locator("main")).not_to_contain_text("实地抽查")


def judged_behind_the_pages(office: Office, case_id: int) -> None:
    for element in ("acceptance", "first_review", "convene"):
        office.does("shantou2", case_id, element)
    members = office.panel(case_id)
    for member in members:
        office.does(member, case_id, "declare")
        office.does(member, case_id, "score", **indicators("64.50"))
    office.does("shantou2", case_id, "open_opinions")
    for member in members:
        office.does(member, case_id, "concur")
    office.does(members[0], case_id, "panel_opinion")


def the_best_is_chosen(at: Desks, toys: int, lace: int) -> None:
    """Both were recommended; whoever leaves one out says why, and not with the reason for listing it."""
    at.waits_until("2026-04-03 17:30:01")
    bureau = at.sits_down("shantou", "2026-04-08 10:00")
    at.opens(bureau, "拟定集群名单")
    first, second = (bureau.get_by_role("checkbox", name=cluster) for cluster in (TOYS, LACE))
    expect(first).to_be_checked()
    expect(second).to_be_checked()
    expect(labelled(bureau, LACE)).to_contain_text("专家评审平均64.50分，排名第2")
    second.uncheck()
    fill_in(bureau, {"opinion": "按评审排名择优。"})
    with bureau.expect_navigation():
        at.presses_submit(bureau)
    expect(bureau.locator("[data-summary]")).to_contain_text("请改写为不列入的理由")
    reasons = [{"case": toys, "reason": "评审排名第一。"}, {"case": lace, "reason": LEFT_OUT}]
    at.completes(bureau, {"reasons": reasons})
    at.does("shantou-leader", "2026-04-28 10:00", "审定名单", samples.ANSWERS["decide_list"])


def labelled(page: Page, cluster: str) -> Any:
    return page.locator("label", has_text=cluster).first


def the_list_is_public_for_seven_working_days(at: Desks) -> None:
    """29, 30 April, 6, 7, 8, the make-up Saturday 9, and 11 May 2026, as the article says."""
    citizen = at.stranger()
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    for told in ("2026年5月11日（7 个工作日）", "发展工作方案二（三）2", TOYS):
        expect(citizen.locator("main")).to_contain_text(told)
    for hidden in (LACE, "由认定机关设定"):
        expect(citizen.locator("main")).not_to_contain_text(hidden)
    at.waits_until("2026-05-12 00:00:01")
    at.does("shantou", "2026-05-12 09:00", "核查公示情况", samples.ANSWERS["check_objections"])
    at.does("shantou-publisher", "2026-05-13 09:00", "公布名单", samples.ANSWERS["publish"])


def one_is_recognised(at: Desks) -> None:
    """The register has the one; the other county is told why not."""
    citizen = at.stranger()
    citizen.goto("/register")
    row = citizen.locator("tbody tr", has_text=TOYS)
    for told in ("汕集群2026-001", "2026年5月13日", "2029年5月13日"):
        expect(row).to_contain_text(told)
    expect(citizen.locator("main")).not_to_contain_text(LACE)
    county = at.sits_down("shantou-county2", "2026-05-13 10:00")
    story.reads_case(county, LACE)
    expect(county.locator(".jq-letter").first).to_contain_text(LEFT_OUT)
