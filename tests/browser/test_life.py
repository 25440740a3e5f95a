"""What comes after recognition, at the desks: a report that opened by itself, a change, and a revocation.

清远 第十七条、第十八条. The cluster was published on 20 June 2025; its first report is due on 15 March 2026, a Sunday.
"""

from datetime import date
from typing import Any

from playwright.sync_api import Page, expect

from tests import owing, samples, yearly
from tests.browser import story
from tests.browser.filling import parts
from tests.browser.office import Office
from tests.browser.story import Desks
from tests.browser.visit import Visits

PUBLISHED, LAST = date(2025, 6, 20), date(2028, 6, 20)
REPORT = yearly.report(report_year=2025, signed_on="2026-02-02", cluster_name=samples.CLUSTER)
FACTS = "群众反映并经查实：申报表所列两件专利不属于集群企业。"


def test_a_report_opens_by_itself_and_is_received(visits: Visits, office: Office) -> None:
    at = a_cluster(visits, office)
    county = at.sits_down("county", "2026-02-02 09:00")
    at.opens(county, "填报年度培育情况信息表", samples.CLUSTER)
    expect(county.locator(".jq-why")).to_contain_text("第十七条")
    fills_in(at, county, REPORT)
    story.checks(county)
    at.submits(county)
    city = at.does("city", "2026-02-04 10:00", "审核年度报告", yearly.CHECKED, samples.CLUSTER)
    reads_life(city)
    expect(city.locator("main")).to_contain_text("年度报告已报送")
    expect(city.locator("main")).to_contain_text("2027年3月15日")


def test_a_report_of_another_year_is_told_at_its_field(visits: Visits, office: Office) -> None:
    at = a_cluster(visits, office)
    county = at.sits_down("county", "2026-02-02 09:00")
    at.opens(county, "填报年度培育情况信息表", samples.CLUSTER)
    fills_in(at, county, REPORT | {"report_year": 2026})
    story.checks(county)
    at.presses_submit(county)
    told = "2026 年尚未结束，不能填报；本次应填报 2025 年度的情况，请改为 2025"
    expect(county.locator("[data-summary]")).to_contain_text(told)


def test_a_recognition_is_revoked_after_its_cluster_was_heard(visits: Visits, office: Office) -> None:
    at = a_cluster(visits, office)
    city = at.sits_down("city", "2026-03-02 09:00")
    reads_life(city)
    city.get_by_label("情形", exact=True).select_option("falsehood")
    city.get_by_label("事实和来源").fill(FACTS)
    city.get_by_role("button", name="登记线索").click()
    city.get_by_role("button", name="发起撤销，先听取陈述").click()
    at.does("county", "2026-03-04 09:00", "陈述和申辩", yearly.STATED, samples.CLUSTER)
    at.does("city", "2026-03-06 09:00", "核查和提出意见", yearly.PROPOSED, samples.CLUSTER)
    at.does("leader", "2026-03-09 09:00", "决定是否撤销", yearly.REVOKED, samples.CLUSTER)
    register = at.stranger()
    register.goto("/register")
    expect(register.locator("tr", has_text=samples.CLUSTER)).to_contain_text("有效")
    at.does("publisher", "2026-03-10 09:00", "公布撤销决定", yearly.ANNOUNCED, samples.CLUSTER)
    register.reload()
    expect(register.locator("tr", has_text=samples.CLUSTER)).to_contain_text("已撤销")


def a_cluster(visits: Visits, office: Office) -> Desks:
    """The bureau, with a cluster of the county's that it recognised in June 2025."""
    office.clock.move_to("2025-06-20 10:00")
    owing.recognised(office, PUBLISHED, LAST)
    return Desks(visits, office)


def fills_in(at: Desks, page: Page, answers: dict[str, Any]) -> None:
    at.fills_parts(page, list(parts(page)), answers, {})


def reads_life(page: Page) -> None:
    page.goto("/clusters")
    page.get_by_role("link", name=samples.CLUSTER).first.click()
    expect(page.locator("h1")).to_have_text(samples.CLUSTER)
