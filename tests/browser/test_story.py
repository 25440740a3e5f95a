"""A cluster's way from the bureau's call to the public register, by hand in the browser, and once without scripts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import samples
from tests.browser.filling import YEAR, application, fill_in, parts
from tests.browser.office import Office
from tests.browser.visit import Visits
from tests.unit.test_uploads import PDF

FIRST_SITTING = 5  # parts of the form; the others come a day later
ROUND = "2026年度市级中小企业特色产业集群认定"
CLUSTER = str(samples.ANSWERS["application_start"]["cluster_name"])
RETURN = {
    "decision": "return",
    "opinion": "请按说明补正后重新报送。",
    "remarks": [{"field": "area_km2", "remark": "占地面积与区划图不一致，请核对。"}],
}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_cluster_is_recognised_in_the_browser(visits: Visits, office: Office, tmp_path: Path, scripts: bool) -> None:
    at = Desk(visits, office, scripts)

    # The bureau calls for applications.
    city = at.sits_down("city", "2026-03-02 09:00")
    city.goto("/rounds/new")
    fill_in(city, {"year": YEAR, "title": ROUND})
    city.locator("main form").get_by_role("button").last.click()
    at.opens(city, "发布申报通知")
    notice = {"closes_at": "2026-04-03T17:30:00+08:00", "year": YEAR}
    at.completes(city, samples.ANSWERS["call_notice"] | notice)

    # The county applies, in two sittings.
    county = at.sits_down("county", "2026-03-03 09:00")
    county.goto("/rounds")
    county.get_by_role("link", name=ROUND).first.click()
    county.locator('main a[href*="/cases/new"]').first.click()
    fill_in(county, samples.ANSWERS["application_start"])
    county.locator("main form").get_by_role("button").last.click()
    answers = application() | {"leading_share": {"2023": "66", "2024": "63", "2025": "60.00"}}
    pages = list(parts(county))
    task = county.url
    for page in pages[:FIRST_SITTING]:
        at.fills_part(county, page, answers, tmp_path)
    county = at.sits_down("county", "2026-03-04 14:00")
    county.goto(task)
    for page in pages[FIRST_SITTING:]:
        at.fills_part(county, page, answers, tmp_path)

    # The precheck shows the share that is not above 60 %; one hundredth more is.
    county.goto(task + "/check")
    share = county.locator("tr", has_text="主导产业占集群总产值比例")
    expect(share).to_contain_text("不符合")
    at.fills_part(county, pages[2], {"leading_share": {"2025": "60.01"}}, tmp_path)
    county.goto(task + "/check")
    expect(share).not_to_contain_text("不符合")
    at.submits(county)

    # The bureau hands it back with a remark at a field, and takes it after the correction.
    city = at.sits_down("city", "2026-03-06 10:00")
    at.opens(city, "受理")
    at.completes(city, RETURN)
    county = at.sits_down("county", "2026-03-09 10:00")
    at.opens(county, "补正申报材料")
    expect(county.locator("main")).to_contain_text("请按说明补正后重新报送。")
    at.fills_part(county, pages[1], {"area_km2": "85.50"}, tmp_path, remark="占地面积与区划图不一致")
    county.goto(county.url.split("/part/")[0] + "/check")
    at.submits(county)
    city = at.sits_down("city", "2026-03-10 10:00")
    at.opens(city, "受理")
    expect(city.locator("main")).to_contain_text("85.50")
    at.completes(city, samples.ANSWERS["acceptance"])
    at.opens(city, "初审")
    at.completes(city, samples.ANSWERS["first_review"])
    at.judge(case_id := office.application())

    # The round closes at its minute; the cluster is in the sample, and visited.
    at.waits_until("2026-04-03 17:30:01")
    city = at.sits_down("city", "2026-04-07 10:00")
    at.opens(city, "抽取实地抽查样本")
    at.completes(city, samples.ANSWERS["draw_sample"])
    at.is_visited(case_id)

    # The list is drafted by one and decided by another.
    city = at.sits_down("city", "2026-04-13 10:00")
    at.opens(city, "拟定集群名单")
    at.completes(city, {"cases": [case_id], "reasons": [{"case": case_id, "reason": "各环节均通过"}], "opinion": "无"})
    leader = at.sits_down("leader", "2026-04-28 10:00")
    at.opens(leader, "审定名单")
    at.completes(leader, samples.ANSWERS["decide_list"])

    # Publicity, seven working days: 29, 30 April, 6, 7, 8, the make-up Saturday 9, and 11 May 2026.
    citizen = visits.stranger(java_script_enabled=scripts)
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
    city = at.sits_down("city", "2026-05-12 09:00")
    at.opens(city, "核查公示情况")
    at.completes(city, samples.ANSWERS["check_objections"])
    publisher = at.sits_down("publisher", "2026-05-13 09:00")
    at.opens(publisher, "公布名单")
    at.completes(publisher, samples.ANSWERS["publish"])

    # Recognised, for three years.
    citizen.goto("/register")
    row = citizen.locator("tr", has_text=CLUSTER)
    expect(row).to_contain_text("2026年5月13日")
    expect(row).to_contain_text("2029年5月13日")


class Desk:
    """The office's people one after the other at their desks, on a clock that the story moves."""

    def __init__(self, visits: Visits, office: Office, scripts: bool) -> None:
        self.visits, self.office, self.scripts = visits, office, scripts

    def waits_until(self, moment: str) -> None:
        """Time passes, and the worker looks what is due."""
        self.office.clock.move_to(moment)
        self.office.tick()

    def sits_down(self, who: str, moment: str) -> Page:
        """Somebody signs in at this moment."""
        self.waits_until(moment)
        return self.visits.signed_in(who, java_script_enabled=self.scripts)

    def judge(self, case_id: int) -> None:
        """A panel of three is drawn; each declares and scores; opened, each takes a stance, and the chair concludes."""
        city = self.sits_down("city", "2026-03-11 10:00")
        self.opens(city, "组成专家组")
        self.completes(city, samples.ANSWERS["panel"])
        members = self.office.panel(case_id)
        for day, member in enumerate(members, 16):
            expert = self.sits_down(member, f"2026-03-{day} 10:00")
            self.opens(expert, "声明利害关系")
            self.completes(expert, samples.ANSWERS["declare_interest"])
            self.opens(expert, "评分")
            self.completes(expert, samples.ANSWERS["score_sheet"])
        city = self.sits_down("city", "2026-03-20 10:00")
        self.opens(city, "公开评审意见")
        self.completes(city, samples.ANSWERS["open_opinions"])
        for member in reversed(members):
            expert = self.sits_down(member, "2026-03-23 10:00")
            self.opens(expert, "互评")
            expect(expert.locator("main")).to_contain_text("主导产业突出，链条完整。")
            self.completes(expert, samples.ANSWERS["stance"])
        self.opens(expert, "填写专家组意见")  # the chair was the last
        self.completes(expert, samples.ANSWERS["expert_review"])

    def is_visited(self, case_id: int) -> None:
        """Two inspectors are sent; who leads them reports the same day."""
        inspectors = self.office.inspectors(2)
        team = list(inspectors.values())
        city = self.sits_down("city", "2026-04-07 11:00")
        self.opens(city, "安排实地抽查")
        times = {"starts_at": "2026-04-09T09:30:00+08:00", "ends_at": "2026-04-09T16:00:00+08:00"}
        self.completes(city, samples.ANSWERS["arrange_inspection"] | times | {"inspectors": team, "leader": team[0]})
        inspector = self.sits_down(next(iter(inspectors)), "2026-04-09 16:30")
        self.opens(inspector, "记录抽查情况")
        report = samples.ANSWERS["site_inspection"] | {"inspected_on": "2026-04-09", "inspectors": team}
        task = inspector.url
        for page in list(parts(inspector)):
            inspector.goto(page)
            if page.endswith("/checks"):  # what was filed stands beside what is checked
                expect(inspector.locator("main")).to_contain_text("85.50")
            fill_in(inspector, report)
            inspector.locator('main form [name=_do][value="back"]').click()
            inspector.wait_for_url(re.compile(r"/tasks/[^/]+$"))
        inspector.goto(task + "/check")
        self.submits(inspector)

    def opens(self, page: Page, step: str) -> None:
        """Finds the step in the inbox, and takes it."""
        page.goto("/tasks")
        row = page.locator("tbody tr", has_text=step).first
        row.get_by_role("link").first.click()
        page.wait_for_url(re.compile(r"/tasks/[^/]+$"))
        claim = page.get_by_role("button", name="认领")
        if claim.count():
            claim.first.click()
        expect(page.locator("h1")).to_contain_text(step)

    def completes(self, page: Page, answers: Mapping[str, Any]) -> None:
        """Answers the form of one page, and submits it."""
        fill_in(page, answers)
        self.submits(page)

    def submits(self, page: Page) -> None:
        page.locator("main").get_by_role("button", name=re.compile("^(确认)?提交")).last.click()
        page.wait_for_url(re.compile("/cases/"))
        page.wait_for_load_state("networkidle")  # the diagram too, before the clock ends the session

    def fills_part(
        self, page: Page, address: str, answers: Mapping[str, Any], folder: Path, *, remark: str = ""
    ) -> None:
        """Fills in a part of the form, uploads what it asks for, and saves."""
        number = page.url.split("/tasks/")[1].split("/")[0].split("?")[0]
        page.goto(re.sub(r"/tasks/[^/]+", f"/tasks/{number}", address))
        if remark:
            expect(page.locator("main")).to_contain_text(remark)
        fill_in(page, answers)
        if answers.get("evidence_1") == "provided" and page.locator("[name=evidence_1]").count():
            paper = folder / "集群区域范围证明.pdf"
            paper.write_bytes(PDF)
            page.locator('input[type=file][name="_file.evidence_1_files"]').set_input_files(paper)
            if self.scripts:
                expect(page.locator("[data-files] a", has_text=paper.name)).to_be_visible()
        page.locator('main form [name=_do][value="back"]').click()
        page.wait_for_url(re.compile(r"/tasks/[^/]+$"))
