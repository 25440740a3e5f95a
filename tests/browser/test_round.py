"""A round as a bureau runs it, in the browser: four applications, from the call to the public register.

清远 第十五条. The dates are working days of 2026: filing closes on 3 April, the list is public over Labour Day.
"""

import re
import zipfile
from io import BytesIO
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests import samples
from tests.browser import filed, story
from tests.browser.filed import ALLOY, BAMBOO, CERAMICS, FEED, Papers
from tests.browser.filling import fill_in
from tests.browser.office import Office
from tests.browser.sight import sideways
from tests.browser.story import Desks
from tests.browser.visit import NARROW, Visits

TELEPHONE = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
PRESENT = ["云溪产业园管理委员会 示例负责人", "云溪第一铝业有限公司（虚构） 示例联系人"]
TIE = {"decision": "recuse", "grounds": "interest", "reason": "任集群内一家企业的顾问。"}
FIVE = samples.ANSWERS["panel"] | {"size": 5, "fields": ["有色金属"]}
LISTED = {"opinion": "两个集群经评审和抽查，一个集群自动认定。"}
OBJECTOR, CONTACT = "示例反映人", "0763-0000000"
GROUNDS = {
    ALLOY: "名单所列的龙头企业去年已经迁出，主导产业占比与申报材料不符。",
    CERAMICS: "申报的产值把日用陶瓷也算作精细陶瓷，实际占比不到一半。",
}
DISMISSED = {
    "decision": "dismiss",
    "reasons": "社保和用电记录表明企业仍在原址生产。",
    "answer": "经核查，所列企业仍在原址生产，异议不成立。",
}
UPHELD = {
    "decision": "uphold",
    "reasons": "产值中混入日用陶瓷，扣除后占比低于60%。",
    "answer": "经核查，您反映的情况属实，该集群移出名单。",
}
FOUND = {"findings": "产值台账中有三家日用陶瓷企业。", "proposal": "uphold", "proposal_reason": "反映的情况属实。"}
SETTLED = {"opinion": "对精细陶瓷产业集群的异议成立，移出名单。"}


def test_a_round_of_four_applications_is_carried_to_the_register(
    visits: Visits, office: Office, tmp_path: Path
) -> None:
    at, papers = Desks(visits, office), Papers.lie_in(tmp_path)
    story.calls(at, "2026-03-02 09:00")
    alloy = filed.in_two_sittings(at, papers)
    ceramics = filed.with_a_wrong_area(at, papers)
    filed.just_not_enough(at, papers)
    filed.by_way_of_the_county(at, papers)
    filed.accepted(at)
    filed.returned_and_filed_again(at)
    filed.first_reviewed(at)
    filed.verified_instead_of_reviewed(at, papers)
    panels_are_drawn(at)
    five = one_leaves_and_another_is_drawn(at, alloy)
    three = office.panel(ceramics)
    they_judge(at, {ALLOY: five, CERAMICS: three})
    team = the_sample(at)
    they_are_visited(at, team, papers)
    the_list_takes_two(at)
    citizen = at.stranger()
    the_list_is_public(at, citizen)
    receipt = somebody_objects(at, citizen, ALLOY, "2026-04-30 20:10", papers)
    it_is_dismissed(at, citizen, receipt)
    receipt = somebody_objects(at, citizen, CERAMICS, "2026-05-11 23:40", papers)
    the_open_one_holds_back_its_cluster(at)
    the_others_are_published(at, citizen)
    they_are_on_the_register(citizen)
    the_last_objection_is_upheld(at, citizen, receipt)
    what_was_held_back_leaves(at)
    the_round_is_concluded(at, citizen)


# ---- 专家评审 -----------------------------------------------------------------------------------


def panels_are_drawn(at: Desks) -> None:
    city = at.sits_down("city", "2026-03-19 10:00")
    at.opens(city, "组成专家组", ALLOY)
    at.completes(city, FIVE)
    at.opens(city, "组成专家组", CERAMICS)
    at.completes(city, samples.ANSWERS["panel"])


def one_leaves_and_another_is_drawn(at: Desks, case_id: int) -> list[str]:
    """Who has a tie reads nothing but the title, and leaves; the next by lot takes the seat. The members by seat."""
    at_first = at.office.panel(case_id)
    expert = at.sits_down(at_first[2], "2026-03-20 09:00")
    at.opens(expert, "声明利害关系", ALLOY)
    expect(expert.locator("main")).not_to_contain_text("云溪第一铝业")
    fill_in(expert, TIE)
    at.presses_submit(expert)
    expect(expert.locator("h1")).to_have_text("待办")
    expect(expert.locator("main")).not_to_contain_text(ALLOY)
    members = at.office.panel(case_id)
    assert [one for one in members if one not in at_first] == members[2:3]
    return members


def they_judge(at: Desks, panels: dict[str, list[str]]) -> None:
    """Each scores alone; opened, the opinions are read by all, and the chair concludes."""
    for cluster, members in panels.items():
        for member in members:
            story.scores(at, at.sits_down(member, "2026-03-23 09:00"), cluster)
    city = at.sits_down("city", "2026-03-24 10:00")
    story.reads_case(city, ALLOY)
    city.get_by_role("link", name="专家评审", exact=True).first.click()
    expect(city.locator("tr", has_text="3号")).to_contain_text("递补")
    expect(city.locator("tbody tr", has_text=re.compile("抽取|递补"))).to_have_count(5)
    expect(city.locator("main")).to_contain_text("意见未公开")
    for cluster in panels:
        at.opens(city, "公开评审意见", cluster)
        at.completes(city, samples.ANSWERS["open_opinions"])
    for cluster, members in panels.items():
        story.concurs(at, members, "2026-03-25 09:00", cluster)


# ---- 实地抽查 -----------------------------------------------------------------------------------


def the_sample(at: Desks) -> list[int]:
    """After the closing minute two of two are drawn, as the page said; anybody may draw them again."""
    at.waits_until("2026-04-03 17:30:01")
    city = at.sits_down("city", "2026-04-07 10:00")
    at.opens(city, "抽取实地抽查样本")
    expect(city.locator("main")).to_contain_text("可以抽取的办件 2 件")
    at.completes(city, samples.ANSWERS["draw_sample"])
    story.reads_round(city)
    city.get_by_role("link", name="抽查样本").click()
    expect(city.locator("main")).to_contain_text("已重算，结果一致")
    expect(city.locator("tbody tr", has_text="抽中")).to_have_count(2)
    expect(city.locator("main")).not_to_contain_text(FEED)
    at.waits_until("2026-04-07 10:10")
    team = list(at.office.inspectors(2).values())
    story.arranges(at, city, "2026-04-09", team, ALLOY)
    story.arranges(at, city, "2026-04-10", team, CERAMICS)
    return team


def they_are_visited(at: Desks, team: list[int], papers: Papers) -> None:
    """The leader of the team writes the record on a telephone, on the spot; the bureau reads it the next day."""
    leads = next(iter(at.office.inspectors(2)))
    days = {ALLOY: ("2026-04-09", "86.40"), CERAMICS: ("2026-04-10", "85.50")}
    for cluster, (day, area) in days.items():
        telephone = at.sits_down(leads, f"{day} 15:30", **TELEPHONE)
        telephone.goto("/visits")
        telephone.get_by_role("link", name=cluster).tap()
        telephone.get_by_role("link", name="填写抽查记录").tap()
        expect(telephone.locator("h1")).to_contain_text("记录抽查情况")
        assert sideways(telephone) == []
        seen = {"inspected_on": day, "inspectors": team, "present": PRESENT}
        story.reports(at, telephone, seen, {"photos": papers.photo}, filed=area)
    city = at.sits_down("city", "2026-04-13 09:00")
    story.reads_case(city, ALLOY)
    city.get_by_role("link", name="记录抽查情况").first.click()
    for told in (*PRESENT, "车间.jpg", "2026-04-09 10:15 拍摄（照片自带时间）"):
        expect(city.locator("main")).to_contain_text(told)


# ---- 名单 ---------------------------------------------------------------------------------------


def the_list_takes_two(at: Desks) -> None:
    """The draft proposes who was recommended and found in order, and who is recognised automatically."""
    city = at.sits_down("city", "2026-04-20 10:00")
    at.opens(city, "拟定集群名单")
    for cluster in (ALLOY, CERAMICS, FEED):
        expect(on_the_form(city, cluster)).to_be_checked()
    expect(on_the_form(city, BAMBOO)).to_have_count(0)
    at.completes(city, LISTED)
    city.goto("/tasks")
    expect(city.locator("main")).not_to_contain_text("审定名单")
    decided = samples.ANSWERS["decide_list"] | {"publicity_number": "示例公示〔2026〕1号"}
    at.does("leader", "2026-04-28 10:00", "审定名单", decided)


def the_list_is_public(at: Desks, citizen: Page) -> None:
    """Seven working days: 29, 30 April, 6, 7, 8, the make-up Saturday 9, and 11 May 2026."""
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    for told in ("示例公示〔2026〕1号", "2026年5月11日", ALLOY, CERAMICS):
        expect(citizen.locator("main")).to_contain_text(told)
    expect(citizen.locator("tr", has_text=FEED)).to_contain_text("自动认定（第十五条（二））")
    for day, counted in (("5月5日", "不计入"), ("5月9日", "第 6 个工作日"), ("5月11日", "第 7 个工作日")):
        expect(citizen.locator("tr", has_text=f"2026年{day}")).to_contain_text(counted)
    expect(citizen.locator("main")).not_to_contain_text(BAMBOO)


def on_the_form(page: Page, cluster: str) -> Locator:
    """The box before a cluster, where a form has the clusters to choose from."""
    return page.get_by_role("checkbox", name=cluster)


# ---- 异议 ---------------------------------------------------------------------------------------


def somebody_objects(at: Desks, citizen: Page, cluster: str, moment: str, papers: Papers) -> str:
    """On the public page, with a piece of evidence; the receipt's number."""
    at.waits_until(moment)
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    citizen.get_by_role("link", name="提出异议").click()
    citizen.get_by_label(cluster).check()
    citizen.get_by_label("事实和理由").fill(GROUNDS[cluster])
    citizen.get_by_label("证明材料").set_input_files(papers.proof)
    citizen.get_by_label("姓名或单位名称").fill(OBJECTOR)
    citizen.get_by_label("联系方式").fill(CONTACT)
    at.office.clock.move_by(minutes=5)
    citizen.get_by_role("button", name="提交异议").click()
    expect(citizen.locator("h1")).to_have_text("异议回执")
    expect(citizen.locator("main")).to_contain_text(cluster)
    return citizen.locator("main code").inner_text()


def asks(citizen: Page, receipt: str) -> None:
    """What became of it, by the receipt's number."""
    citizen.goto("/objections")
    citizen.get_by_label("回执号").fill(receipt)
    citizen.get_by_role("button", name="查询", exact=True).click()
    expect(citizen.locator("main h2").first).to_have_text(receipt)


def it_is_dismissed(at: Desks, citizen: Page, receipt: str) -> None:
    """Not the first reviewer looks into it; the leader decides; the citizen reads the answer."""
    asks(citizen, receipt)
    expect(citizen.locator("main")).to_contain_text("已收到")
    barred(at.sits_down("city2", "2026-05-06 09:00"), ALLOY)
    city = at.sits_down("city", "2026-05-06 10:00")
    looks_into(at, city, ALLOY)
    at.completes(city, samples.ANSWERS["investigate_objection"])
    at.does("leader", "2026-05-07 10:00", "处理异议", DISMISSED, ALLOY)
    at.waits_until("2026-05-08 09:00")
    asks(citizen, receipt)
    expect(citizen.locator("main")).to_contain_text("异议不成立")
    expect(citizen.locator("main")).to_contain_text(DISMISSED["answer"])


def barred(reviewer: Page, cluster: str) -> None:
    """Who did the first review learns that there is an objection, and neither from whom nor why."""
    reviewer.goto("/objections/list")
    reviewer.get_by_role("link", name=cluster, exact=True).click()
    expect(reviewer.locator("main")).to_contain_text("不能核查针对它的异议")
    for hidden in (OBJECTOR, CONTACT, GROUNDS[cluster]):
        expect(reviewer.locator("main")).not_to_contain_text(hidden)


def looks_into(at: Desks, city: Page, cluster: str) -> None:
    """Who takes it reads who objects, why, and with what."""
    at.opens(city, "核查异议", cluster)
    for told in (OBJECTOR, CONTACT, GROUNDS[cluster], "证明材料 1 份"):
        expect(city.locator("main")).to_contain_text(told)


def the_open_one_holds_back_its_cluster(at: Desks) -> None:
    """The period is over; the round's page and the check say what is open, and nobody confirms it."""
    city = at.sits_down("city", "2026-05-12 09:00")
    story.reads_round(city)
    expect(city.locator("tr", has_text=CERAMICS)).to_contain_text("未办结 1 件")
    expect(city.locator("tr", has_text=ALLOY)).to_contain_text("异议 1 件")
    expect(city.locator("tr", has_text=ALLOY)).not_to_contain_text("未办结")
    at.opens(city, "核查公示情况")
    blocked = on_the_form(city, CERAMICS)
    expect(blocked).to_be_checked()
    expect(on_the_form(city, ALLOY)).not_to_be_checked()
    blocked.uncheck()
    fill_in(city, {"note": "收到两件异议，一件不成立，一件尚在核查。"})
    at.presses_submit(city)
    expect(city.locator("[data-summary]")).to_contain_text(f"“{CERAMICS}”的异议尚未办结，不能确认")
    blocked.check()
    at.submits(city)


def the_last_objection_is_upheld(at: Desks, citizen: Page, receipt: str) -> None:
    barred(at.sits_down("city", "2026-05-18 09:00"), CERAMICS)
    city = at.sits_down("city2", "2026-05-18 10:00")
    looks_into(at, city, CERAMICS)
    at.completes(city, samples.ANSWERS["investigate_objection"] | FOUND)
    at.does("leader", "2026-05-19 10:00", "处理异议", UPHELD, CERAMICS)
    asks(citizen, receipt)
    expect(citizen.locator("main")).to_contain_text("异议成立")
    expect(citizen.locator("main")).to_contain_text(UPHELD["answer"])


# ---- 公布 ---------------------------------------------------------------------------------------


def the_others_are_published(at: Desks, citizen: Page) -> None:
    """The decision hangs on the public notice, as PDF and for Word; the applicants are told."""
    at.does("publisher", "2026-05-13 09:00", "公布名单", samples.ANSWERS["publish"])
    citizen.goto("/notices")
    citizen.get_by_role("link", name=samples.ANSWERS["publish"]["title"]).first.click()
    expect(citizen.locator("tbody tr")).to_have_count(2)
    assert fetched(citizen, ".pdf").startswith(b"%PDF-")
    with zipfile.ZipFile(BytesIO(fetched(citizen, ".docx"))) as document:
        written = document.read("word/document.xml").decode()
    assert ALLOY in written
    assert CERAMICS not in written
    letters = {"county": (ALLOY, "有效期：2026年5月13日"), "park3": (FEED, "自动认定（第十五条（二））")}
    for who, (cluster, told) in letters.items():
        applicant = at.sits_down(who, "2026-05-13 14:00")
        story.reads_case(applicant, cluster)
        expect(applicant.locator(".jq-letter").first).to_contain_text("已获认定")
        expect(applicant.locator(".jq-letter").first).to_contain_text(told)


def fetched(page: Page, ending: str) -> bytes:
    """The attachment whose name ends so."""
    with page.expect_download() as download:
        page.locator(".jq-attached a", has_text=re.compile(f"{re.escape(ending)}$")).click()
    return download.value.path().read_bytes()


def they_are_on_the_register(citizen: Page) -> None:
    """Two of the four, for three years; found by their industry."""
    citizen.goto("/register")
    expect(citizen.locator("tbody tr")).to_have_count(2)
    expect(citizen.locator("main")).not_to_contain_text(CERAMICS)
    citizen.get_by_label("关键词").fill("生物饲料")
    citizen.get_by_role("button", name="查询").click()
    expect(citizen.locator("tbody tr")).to_have_count(1)
    row = citizen.locator("tbody tr", has_text=FEED)
    for told in ("清集群2026-00", "2026年5月13日", "2029年5月13日", "有效"):
        expect(row).to_contain_text(told)
    row.get_by_role("link").first.click()
    expect(citizen.locator("h1")).to_have_text(FEED)
    expect(citizen.locator("main")).to_contain_text("清集群2026-00")


# ---- 办结 ---------------------------------------------------------------------------------------


def what_was_held_back_leaves(at: Desks) -> None:
    """By the regime's setting an upheld objection takes its cluster off the list; the applicant is told why."""
    city = at.sits_down("city", "2026-05-20 10:00")
    at.opens(city, "办理暂缓的集群")
    expect(city.get_by_role("radio", name="不再办理，结束批次")).to_be_checked()
    at.completes(city, SETTLED)
    county = at.sits_down("county2", "2026-05-21 09:00")
    story.reads_case(county, CERAMICS)
    expect(county.locator(".jq-letter").first).to_contain_text("未列入本批次认定名单")
    expect(county.locator(".jq-letter").first).to_contain_text(f"异议经核查成立：{UPHELD['reasons']}")
    expect(county.locator("main")).not_to_contain_text(OBJECTOR)


def the_round_is_concluded(at: Desks, citizen: Page) -> None:
    city = at.sits_down("city", "2026-05-21 10:00")
    story.reads_round(city)
    expect(city.locator(".jq-facts").first).to_contain_text("已办结")
    outcomes = {ALLOY: "予以认定", CERAMICS: "未列入名单", BAMBOO: "初审不通过", FEED: "予以认定"}
    for cluster, outcome in outcomes.items():
        expect(city.locator("tr", has_text=cluster)).to_contain_text(outcome)
    city.goto("/tasks")
    expect(city.locator("main")).to_contain_text("目前没有待办")
    citizen.goto("/register")
    expect(citizen.locator("tbody tr")).to_have_count(2)
