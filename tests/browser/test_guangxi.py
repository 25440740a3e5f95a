"""A round of a region: a county applies through its city, which reviews, visits and recommends; the region does again.

广西 第十二条 to 第十五条. The dates are working days of 2026; how long the list is public the region sets itself.
"""

from typing import Any

from playwright.sync_api import expect

from engine import bundle, forms
from tests import samples
from tests.browser import story
from tests.browser.filling import application, parts
from tests.browser.office import Office
from tests.browser.story import Desks
from tests.browser.visit import Visits

ROUND = "2026年度自治区级中小企业特色产业集群认定"
SPICES = "鹿寨县中小企业特色产业集群（螺蛳粉配料产业）"
HERBS = "容县中小企业特色产业集群（南药产业）"
LIUZHOU, REGION = "450200", "450000"  # whose inspectors go
REPORT = samples.answers_for("site_inspection", forms.parse(bundle.shipped("guangxi")["forms/site_inspection.json"]))
INSPECT = {"decision": "inspect", "reason": "到现场核对产值台账。"}


def test_a_round_of_a_region_and_its_cities_is_carried_to_the_register(visits: Visits, office: Office) -> None:
    at = Desks(visits, office)
    story.calls(at, "2026-03-02 09:00", by="guangxi", title=ROUND)
    spices = the_county_applies_through_its_city(at)
    the_region_watches_and_another_city_does_not(at, spices)
    the_city_reviews_visits_and_recommends(at)
    herbs = office.files("yulin-county2", ROUND, HERBS, filed(region_city="玉林市", region_county="容县"))
    for element in ("acceptance", "first_review", "decide_visit", "recommend"):
        office.does("yulin", herbs, element)
    each_city_sees_its_own_and_the_region_all(at, herbs)
    the_region_reviews_again_on_site(at)
    the_list_is_public_as_long_as_the_region_set(at, spices)
    it_is_recognised(at, spices)


def filed(**own: Any) -> dict[str, Any]:
    """The whole application of a cluster that meets the region's conditions."""
    ours = {"region_province": "广西壮族自治区", "region_city": "柳州市", "region_county": "鹿寨县"}
    return application(samples.strong()) | ours | {"evidence_1": "on_paper"} | own


def the_county_applies_through_its_city(at: Desks) -> int:
    county = at.sits_down("liuzhou-county", "2026-03-05 09:00")
    start = samples.ANSWERS["application_start"] | {"cluster_name": SPICES}
    case_id = story.begins(at, county, start, {}, title=ROUND)
    expect(county.locator(".jq-why")).to_contain_text("桂工信企业〔2022〕836号 第十二条")
    at.fills_parts(county, list(parts(county)), filed(cluster_name=SPICES), {})
    story.checks(county)
    expect(county.locator(".jq-precheck tr", has_text="主导产业占集群总产值比例")).to_contain_text("要求高于 60；达到")
    expect(county.locator(".jq-precheck .jq-badge", has_text="不符合")).to_have_count(0)
    at.submits(county)
    return case_id


def the_region_watches_and_another_city_does_not(at: Desks, case_id: int) -> None:
    """What is filed is in the city's hands: the region reads it and has nothing to do."""
    region = at.sits_down("guangxi", "2026-03-05 15:00")
    story.reads_case(region, SPICES)
    expect(region.locator(".jq-facts").first).to_contain_text("柳州市工业和信息化局")
    region.goto("/tasks")
    expect(region.locator("main")).to_contain_text("目前没有待办")
    elsewhere = at.sits_down("yulin", "2026-03-05 16:00")
    answer = elsewhere.goto(f"/cases/{case_id}")
    assert answer is not None
    assert answer.status == 404
    elsewhere.goto("/rounds")
    expect(elsewhere.locator("main")).to_contain_text(ROUND)
    expect(elsewhere.get_by_role("link", name="开启批次")).to_have_count(0)  # a city recognises nothing here


def the_city_reviews_visits_and_recommends(at: Desks) -> None:
    city = at.sits_down("liuzhou", "2026-03-06 10:00")
    at.opens(city, "受理", SPICES)
    step = city.url
    city.locator(".jq-clause", has_text="第十三条").click()
    expect(city.locator(":target")).to_contain_text("第十三条")
    city.goto(step)
    at.completes(city, samples.ANSWERS["acceptance"])
    at.opens(city, "初审", SPICES)
    at.completes(city, samples.ANSWERS["first_review"])
    at.opens(city, "决定是否抽查", SPICES)
    at.completes(city, INSPECT)
    story.visited(
        at, SPICES, by="liuzhou", bureau=LIUZHOU, arranged="2026-03-09 10:00", day="2026-03-12", report=REPORT
    )
    city = at.sits_down("liuzhou", "2026-03-16 10:00")
    at.opens(city, "推荐", SPICES)
    expect(city.locator("main")).to_contain_text("本批次已推荐 0 个，不限数量。")
    at.completes(city, samples.ANSWERS["recommend"])
    expect(city.locator(".jq-facts").first).to_contain_text("广西壮族自治区工业和信息化厅")


def each_city_sees_its_own_and_the_region_all(at: Desks, other: int) -> None:
    city = at.sits_down("liuzhou", "2026-03-18 09:00")
    story.reads_round(city, ROUND)
    expect(city.locator("tbody tr", has_text=SPICES)).to_have_count(1)
    expect(city.locator("main")).not_to_contain_text(HERBS)
    answer = city.goto(f"/cases/{other}")
    assert answer is not None
    assert answer.status == 404
    story.reads_case(city, SPICES)
    expect(city.get_by_role("link", name="卷宗")).to_have_count(0)  # who said what of all sides is the region's
    region = at.sits_down("guangxi", "2026-03-18 10:00")
    story.reads_round(region, ROUND)
    for cluster in (SPICES, HERBS):
        expect(region.locator("tbody tr", has_text=cluster)).to_have_count(1)


def the_region_reviews_again_on_site(at: Desks) -> None:
    at.does("guangxi", "2026-03-19 09:00", "决定复审是否抽查", INSPECT, SPICES)
    story.visited(at, SPICES, by="guangxi", bureau=REGION, arranged="2026-03-19 10:00", day="2026-03-24", report=REPORT)
    at.does("guangxi", "2026-03-26 10:00", "复审", samples.ANSWERS["second_review"], SPICES)


def the_list_is_public_as_long_as_the_region_set(at: Desks, case_id: int) -> None:
    """The other one still waits for its second review and cannot be listed. The notice says who set the length."""
    at.waits_until("2026-04-03 17:30:01")
    region = at.sits_down("guangxi", "2026-04-08 10:00")
    at.opens(region, "拟定集群名单")
    expect(region.get_by_role("checkbox", name=SPICES)).to_be_checked()
    expect(region.get_by_role("checkbox", name=HERBS)).to_have_count(0)
    listed = {"cases": [case_id], "reasons": [{"case": case_id, "reason": "复审通过。"}], "opinion": "复审通过一个。"}
    at.completes(region, listed)
    at.does("guangxi-leader", "2026-04-28 10:00", "审定名单", samples.ANSWERS["decide_list"])
    citizen = at.stranger()
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    for told in ("2026年5月11日（7 个工作日）", "条文没有规定公示期的长短，由认定机关设定", SPICES):
        expect(citizen.locator("main")).to_contain_text(told)
    at.waits_until("2026-05-12 00:00:01")
    at.does("guangxi", "2026-05-12 09:00", "核查公示情况", samples.ANSWERS["check_objections"])
    at.does("guangxi-publisher", "2026-05-13 09:00", "公布名单", samples.ANSWERS["publish"])
    citizen.goto("/register")
    row = citizen.locator("tbody tr", has_text=SPICES)
    for told in ("桂集群2026-001", "自治区级中小企业特色产业集群", "2029年5月13日"):
        expect(row).to_contain_text(told)


def it_is_recognised(at: Desks, case_id: int) -> None:
    """The county and the city it applied through read the end of it."""
    county = at.sits_down("liuzhou-county", "2026-05-13 10:00")
    story.reads_case(county, SPICES)
    expect(county.locator(".jq-letter").first).to_contain_text("已获认定")
    city = at.sits_down("liuzhou", "2026-05-13 11:00")
    city.goto(f"/cases/{case_id}")
    expect(city.locator(".jq-facts").first).to_contain_text("予以认定")
