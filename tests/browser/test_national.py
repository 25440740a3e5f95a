"""A round of the nation through all four levels; a city's third recommendation is refused, with the clause.

办法 第十二条 to 第十五条, 236号, 粤24号. The dates are working days of 2026; the notice sets the closing times.
"""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from engine import bundle, forms
from tests import samples
from tests.browser import story
from tests.browser.filling import application, fill_in, parts
from tests.browser.office import Office
from tests.browser.story import Desks
from tests.browser.visit import Visits
from tests.unit.test_uploads import PDF

ROUND = "2026年度中小企业特色产业集群认定"
ALLOY = "云溪县中小企业特色产业集群（特种铝型材产业）"
CERAMICS = "石桥县中小企业特色产业集群（精细陶瓷产业）"
BAMBOO = "梅塘县中小企业特色产业集群（竹木家具产业）"
PROVINCE, MINISTRY = "440000", "100000"  # whose inspectors go
TERMS = {"city_closes_at": "2026-04-14T17:30:00+08:00", "province_closes_at": "2026-04-30T23:59:00+08:00"}
PROVINCIAL = {"higher_level_recognition": "provincial", "higher_level_reference": "示例省级公告〔2025〕1号"}
ACCEPTED = samples.ANSWERS["acceptance"] | samples.ASKED_BY_ONE["acceptance"]
RECOMMENDED = samples.ANSWERS["recommend"] | samples.ASKED_BY_ONE["recommend"]
REPORT = samples.answers_for("site_inspection", forms.parse(bundle.shipped("national")["forms/site_inspection.json"]))
REFUSED = "清远市工业和信息化局本批次最多推荐 2 个集群（粤24号 三），已推荐满额，不能再推荐"


def test_a_round_goes_through_four_levels_and_a_third_recommendation_is_refused(
    visits: Visits, office: Office, tmp_path: Path
) -> None:
    at = Desks(visits, office)
    story.calls(at, "2026-03-02 09:00", by="ministry", title=ROUND, **TERMS)
    alloy = the_county_applies(at, tmp_path)
    ceramics, bamboo = (files_as_well(office, *each) for each in (("county2", CERAMICS), ("county3", BAMBOO)))
    the_city_accepts_and_recommends_two(at)
    the_third_is_refused(at, bamboo)
    the_paper_goes_to_the_province(at, alloy)
    the_province_visits_and_recommends(at, alloy)
    the_ministry_reviews_again_on_site(at)
    the_list_is_public(at, alloy)
    it_is_recognised(at, ceramics)


def filed(**own: Any) -> dict[str, Any]:
    """The whole application of a cluster that meets the nation's conditions."""
    return application(samples.strong()) | PROVINCIAL | {"evidence_1": "on_paper"} | own


def files_as_well(office: Office, who: str, cluster: str) -> int:
    document = office.keeps(who, "省级认定文件.pdf", PDF)
    return office.files(who, ROUND, cluster, filed(niche=cluster[-6:-1], higher_level_document=document))


def the_county_applies(at: Desks, folder: Path) -> int:
    """Only what the province has recognised may apply, and the form asks for the document."""
    paper = folder / "省级认定文件.pdf"
    paper.write_bytes(PDF)
    county = at.sits_down("county", "2026-03-05 09:00")
    start = samples.ANSWERS["application_start"] | PROVINCIAL | {"cluster_name": ALLOY}
    case_id = story.begins(at, county, start, {"higher_level_document": paper}, title=ROUND)
    at.fills_parts(county, list(parts(county)), filed(cluster_name=ALLOY), {})
    story.checks(county)
    recognised = county.locator(".jq-precheck tr", has_text="已通过省级认定（首批除外）")
    expect(recognised).to_contain_text("第十二条")
    expect(recognised).to_contain_text("符合")
    expect(county.locator(".jq-precheck .jq-badge", has_text="不符合")).to_have_count(0)
    at.submits(county)
    nobody_sees(at, case_id, "2026-03-05 15:00", "guangdong", "ministry", "shantou")
    return case_id


def nobody_sees(at: Desks, case_id: int, moment: str, *people: str) -> None:
    for who in people:
        answer = at.sits_down(who, moment).goto(f"/cases/{case_id}")
        assert answer is not None
        assert answer.status == 404, who


def the_city_accepts_and_recommends_two(at: Desks) -> None:
    """It may not accept what no province has recognised. Each recommendation shows how many are left and until when."""
    city = at.sits_down("city", "2026-03-09 09:00")
    at.opens(city, "受理", ALLOY)
    expect(city.locator("main")).to_contain_text("本批次不是首批，申报的集群须已获认定（第十二条）。")
    fill_in(city, ACCEPTED | {"prerequisite": "none"})
    with city.expect_navigation():
        at.presses_submit(city)
    expect(city.locator("[data-summary]")).to_contain_text("申报的集群须已认定为省级集群（第十二条）")
    at.completes(city, {"prerequisite": "recognised"})
    for cluster in (CERAMICS, BAMBOO):
        at.opens(city, "受理", cluster)
        at.completes(city, ACCEPTED)
    for sent, cluster in enumerate((ALLOY, CERAMICS)):
        at.opens(city, "推荐", cluster)
        expect(city.locator("main")).to_contain_text(f"本批次已推荐 {sent} 个，最多 2 个（粤24号 三）。")
        expect(city.locator("main")).to_contain_text("推荐截止：2026年4月14日17:30。")
        at.completes(city, RECOMMENDED | {"rank": sent + 1})


def the_third_is_refused(at: Desks, case_id: int) -> None:
    """In one sentence with the clause; nothing has changed, and what was typed is still there."""
    city = at.sits_down("city2", "2026-03-10 09:00")
    at.opens(city, "推荐", BAMBOO)
    clauses = city.locator(".jq-clause", has_text="粤24号 三")
    step, before = city.url, standing(city, case_id)
    city.goto(step)
    clauses.click()
    expect(city.locator(":target")).to_contain_text("粤24号 三")
    city.goto(step)
    fill_in(city, RECOMMENDED | {"rank": 3})
    with city.expect_navigation():
        at.presses_submit(city)
    expect(city.locator("main")).to_contain_text(REFUSED)
    assert standing(city, case_id) == before
    story.reads_round(city, ROUND)
    city.get_by_role("link", name="报送材料").click()
    expect(city.locator("tbody tr")).to_have_count(2)
    expect(city.locator("main")).not_to_contain_text(BAMBOO)
    city.goto(step)
    expect(city.locator("main form [name=opinion]")).to_have_value(RECOMMENDED["opinion"])
    at.completes(city, {"decision": "decline", "opinion": "名额已满，择优未推荐。"})
    county = at.sits_down("county3", "2026-03-10 15:00")
    story.reads_case(county, BAMBOO)
    expect(county.locator(".jq-facts").first).to_contain_text("市级未推荐")
    expect(county.locator(".jq-letter").first).to_contain_text("名额已满，择优未推荐。")


def standing(page: Page, case_id: int) -> list[str]:
    """Where a case is, and all of its record."""
    page.goto(f"/cases/{case_id}")
    return [*page.locator(".jq-facts").first.all_inner_texts(), *page.locator(".jq-timeline li").all_inner_texts()]


def the_paper_goes_to_the_province(at: Desks, case_id: int) -> None:
    """Four copies, two discs, sealed, and the parcel's number. The province sees the case only now, and compares."""
    city = at.sits_down("city", "2026-03-11 09:00")
    at.opens(city, "登记寄送", ALLOY)
    expect(city.locator("main")).to_contain_text("各一式 4 份，光盘 2 份，送达（粤24号 五）。")
    at.completes(city, samples.ANSWERS["dispatch"] | {"sent_on": "2026-03-11", "ems_number": "EX000000000CN"})
    nobody_sees(at, case_id, "2026-03-11 15:00", "ministry", "guangxi")
    province = at.sits_down("guangdong", "2026-03-12 09:00")
    province.goto("/cases")
    expect(province.locator("tbody tr")).to_have_count(1)
    at.opens(province, "登记签收", ALLOY)
    for told in ("纸质材料份数：4", "光盘份数：2", "EX000000000CN"):
        expect(province.locator("main")).to_contain_text(told)
    at.completes(province, samples.ANSWERS["receive"] | {"received_on": "2026-03-12"})


def the_province_visits_and_recommends(at: Desks, case_id: int) -> None:
    province = at.sits_down("guangdong", "2026-03-13 09:00")
    at.opens(province, "受理", ALLOY)
    at.completes(province, ACCEPTED)
    at.opens(province, "初审", ALLOY)
    at.completes(province, samples.ANSWERS["first_review"])
    story.visited(
        at, ALLOY, by="guangdong", bureau=PROVINCE, arranged="2026-03-13 10:00", day="2026-03-18", report=REPORT
    )
    province = at.sits_down("guangdong", "2026-03-20 09:00")
    at.opens(province, "推荐", ALLOY)
    expect(province.locator("main")).to_contain_text("本批次已推荐 0 个，最多 5 个（236号 三）。")
    at.completes(province, RECOMMENDED)
    nobody_sees(at, case_id, "2026-03-20 15:00", "ministry")
    province = at.sits_down("guangdong", "2026-03-23 09:00")
    at.opens(province, "登记寄送", ALLOY)
    expect(province.locator("main")).to_contain_text("各一式 3 份（正本 1 份、副本 2 份），光盘 1 份")
    sent = {"copies": 3, "discs": 1, "sent_on": "2026-03-23", "ems_number": "EX000000001CN"}
    at.completes(province, samples.ANSWERS["dispatch"] | sent)


def the_ministry_reviews_again_on_site(at: Desks) -> None:
    """It sees the one that a province has sent, and how many more that province might have."""
    ministry = at.sits_down("ministry", "2026-03-25 09:00")
    ministry.goto("/cases")
    expect(ministry.locator("tbody tr")).to_have_count(1)
    at.opens(ministry, "登记签收", ALLOY)
    at.completes(ministry, samples.ANSWERS["receive"] | {"received_on": "2026-03-25"})
    at.opens(ministry, "受理", ALLOY)
    expect(ministry.locator("main")).to_contain_text("对超过报送数量的，一律不予受理（236号 三）")
    at.completes(ministry, ACCEPTED)
    at.opens(ministry, "决定复审是否抽查", ALLOY)
    at.completes(ministry, {"decision": "inspect", "reason": "复审时到现场核对。"})
    story.visited(
        at, ALLOY, by="ministry", bureau=MINISTRY, arranged="2026-03-25 14:00", day="2026-03-30", report=REPORT
    )
    at.does("ministry", "2026-04-01 10:00", "复审", samples.ANSWERS["second_review"], ALLOY)
    city = at.sits_down("city", "2026-04-01 15:00")
    story.reads_case(city, ALLOY)
    expect(city.locator("section[aria-labelledby=answers]")).not_to_contain_text("复审")  # not what is done above it


def the_list_is_public(at: Desks, case_id: int) -> None:
    at.waits_until("2026-04-03 17:30:01")
    listed = {"cases": [case_id], "reasons": [{"case": case_id, "reason": "复审通过。"}], "opinion": "复审通过一个。"}
    at.does("ministry", "2026-04-20 10:00", "拟定集群名单", listed)
    at.does("ministry-leader", "2026-04-28 10:00", "审定名单", samples.ANSWERS["decide_list"])
    citizen = at.stranger()
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    for told in ("2026年5月11日（7 个工作日）", "条文没有规定公示期的长短，由认定机关设定", ALLOY):
        expect(citizen.locator("main")).to_contain_text(told)
    at.waits_until("2026-05-12 00:00:01")
    at.does("ministry", "2026-05-12 09:00", "核查公示情况", samples.ANSWERS["check_objections"])
    at.does("ministry-publisher", "2026-05-13 09:00", "公布名单", samples.ANSWERS["publish"])


def it_is_recognised(at: Desks, waiting: int) -> None:
    """The register has the one; the other recommended one is still with its city, whose paper has not gone."""
    citizen = at.stranger()
    citizen.goto("/register")
    expect(citizen.locator("tbody tr")).to_have_count(1)
    for told in (ALLOY, "国集群2026-001", "2026年5月13日", "2029年5月13日"):
        expect(citizen.locator("tbody tr")).to_contain_text(told)
    county = at.sits_down("county", "2026-05-13 10:00")
    story.reads_case(county, ALLOY)
    expect(county.locator(".jq-letter").first).to_contain_text("已获认定")
    nobody_sees(at, waiting, "2026-05-13 11:00", "guangdong", "ministry")
