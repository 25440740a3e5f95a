"""A cluster's way from the bureau's call to the public register, by hand in a browser that runs no scripts."""

from pathlib import Path

from playwright.sync_api import expect

from tests import samples
from tests.browser import story
from tests.browser.filling import application, parts
from tests.browser.office import Office
from tests.browser.story import RETURN, Desks
from tests.browser.visit import Visits
from tests.unit.test_uploads import PDF

FIRST_SITTING = 5  # parts of the form; the others come a day later
CLUSTER = str(samples.ANSWERS["application_start"]["cluster_name"])


def test_a_cluster_is_recognised_in_a_browser_without_scripts(visits: Visits, office: Office, tmp_path: Path) -> None:
    at = Desks(visits, office, scripts=False)
    paper = tmp_path / "集群区域范围证明.pdf"
    paper.write_bytes(PDF)
    papers = {"evidence_1_files": paper}

    # The bureau calls for applications; the county applies, in two sittings.
    story.calls(at, "2026-03-02 09:00")
    county = at.sits_down("county", "2026-03-03 09:00")
    case_id = story.begins(at, county, samples.ANSWERS["application_start"], {})
    answers = application() | {"leading_share": {"2023": "66", "2024": "63", "2025": "60.00"}}
    pages = list(parts(county))
    task = county.url
    at.fills_parts(county, pages[:FIRST_SITTING], answers, papers)
    county = at.sits_down("county", "2026-03-04 14:00")
    county.goto(task)
    at.fills_parts(county, pages[FIRST_SITTING:], answers, papers)

    # The precheck shows the share that is not above 60 %; one hundredth more is.
    county.goto(task + "/check")
    share = county.locator("tr", has_text="主导产业占集群总产值比例")
    expect(share).to_contain_text("不符合")
    at.fills_part(county, pages[2], {"leading_share": {"2025": "60.01"}}, {})
    county.goto(task + "/check")
    expect(share).not_to_contain_text("不符合")
    at.submits(county)

    # The bureau hands it back with a remark at a field, and takes it after the correction.
    at.does("city", "2026-03-06 10:00", "受理", RETURN)
    with story.corrects(at, "county", "2026-03-09 10:00") as county:
        at.fills_part(county, pages[1], {"area_km2": "85.50"}, {}, remark="占地面积与区划图不一致")
    city = at.sits_down("city", "2026-03-10 10:00")
    at.opens(city, "受理")
    expect(city.locator("main")).to_contain_text("85.50")
    at.completes(city, samples.ANSWERS["acceptance"])
    at.opens(city, "初审")
    at.completes(city, samples.ANSWERS["first_review"])

    # A panel of three is drawn; each declares and scores; opened, each takes a stance, and the chair concludes.
    at.does("city", "2026-03-11 10:00", "组成专家组", samples.ANSWERS["panel"])
    members = office.panel(case_id)
    for day, member in enumerate(members, 16):
        story.scores(at, at.sits_down(member, f"2026-03-{day} 10:00"))
    at.does("city", "2026-03-20 10:00", "公开评审意见", samples.ANSWERS["open_opinions"])
    story.concurs(at, members, "2026-03-23 10:00")

    # The round closes at its minute; the cluster is in the sample, and visited.
    at.waits_until("2026-04-03 17:30:01")
    city = at.sits_down("city", "2026-04-07 10:00")
    at.opens(city, "抽取实地抽查样本")
    at.completes(city, samples.ANSWERS["draw_sample"])
    at.waits_until("2026-04-07 10:10")
    inspectors = office.inspectors(2)
    team = list(inspectors.values())
    story.arranges(at, city, "2026-04-09", team)
    inspector = at.sits_down(next(iter(inspectors)), "2026-04-09 16:30")
    at.opens(inspector, "记录抽查情况")
    story.reports(at, inspector, {"inspected_on": "2026-04-09", "inspectors": team}, {}, filed="85.50")

    # The list is drafted by one and decided by another.
    listed = {"cases": [case_id], "reasons": [{"case": case_id, "reason": "各环节均通过"}], "opinion": "无"}
    at.does("city", "2026-04-13 10:00", "拟定集群名单", listed)
    at.does("leader", "2026-04-28 10:00", "审定名单", samples.ANSWERS["decide_list"])

    # Publicity, seven working days: 29, 30 April, 6, 7, 8, the make-up Saturday 9, and 11 May 2026.
    citizen = at.stranger()
    citizen.goto("/notices")
    citizen.get_by_role("link", name="拟认定名单").first.click()
    expect(citizen.locator("main")).to_contain_text("2026年5月11日")
    expect(citizen.locator("main")).to_contain_text(CLUSTER)
    at.waits_until("2026-05-11 23:59:59")
    citizen.reload()
    expect(citizen.locator("main")).not_to_contain_text("公示期满")
    at.waits_until("2026-05-12 00:00:01")
    citizen.reload()
    expect(citizen.locator("main")).to_contain_text("公示期满")
    at.does("city", "2026-05-12 09:00", "核查公示情况", samples.ANSWERS["check_objections"])
    at.does("publisher", "2026-05-13 09:00", "公布名单", samples.ANSWERS["publish"])

    # Recognised, for three years.
    citizen.goto("/register")
    row = citizen.locator("tr", has_text=CLUSTER)
    expect(row).to_contain_text("2026年5月13日")
    expect(row).to_contain_text("2029年5月13日")
