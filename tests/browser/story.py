"""The office's people one after the other at their desks, on a clock that the story moves; what they see and do there.

`Desks` is what anybody does: sign in, find a step, answer its form. The functions are errands that every story has.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests import samples
from tests.browser.filling import YEAR, fill_in, parts
from tests.browser.office import Office
from tests.browser.visit import Visits

ROUND = f"{YEAR}年度市级中小企业特色产业集群认定"
CLOSES_AT = "2026-04-03T17:30:00+08:00"
RETURN = {
    "decision": "return",
    "opinion": "请按说明补正后重新报送。",
    "remarks": [{"field": "area_km2", "remark": "占地面积与区划图不一致，请核对。"}],
}

Answers = Mapping[str, Any]
Papers = Mapping[str, Path]  # field of a form → the file that is uploaded to it

_TASK = re.compile(r"/tasks/[^/]+$")


class Desks:
    """Who sits down signs in anew, for hours or days have passed, and the window of the one before is closed."""

    def __init__(self, visits: Visits, office: Office, *, scripts: bool = True) -> None:
        self.visits, self.office, self.scripts = visits, office, scripts
        self._window: Page | None = None

    def waits_until(self, moment: str) -> None:
        """Time passes, and the worker looks what is due."""
        self.office.clock.move_to(moment)
        self.office.tick()

    def sits_down(self, who: str, moment: str, **window: Any) -> Page:
        """Somebody signs in at this moment; `window` says what kind of screen it is."""
        if self._window:
            self._window.close()
        self.waits_until(moment)
        self._window = self.visits.signed_in(who, java_script_enabled=self.scripts, **window)
        return self._window

    def stranger(self) -> Page:
        """Somebody from the public; the window stays open."""
        return self.visits.stranger(java_script_enabled=self.scripts)

    def does(self, who: str, moment: str, step: str, answers: Answers, about: str = "") -> Page:
        """Somebody sits down, finds a step in the inbox and finishes it, all on one page."""
        page = self.sits_down(who, moment)
        self.opens(page, step, about)
        self.completes(page, answers)
        return page

    def opens(self, page: Page, step: str, about: str = "") -> None:
        """Finds the step in the inbox, of the case that is called so, and takes it."""
        page.goto("/tasks")
        row = page.locator("tbody tr", has_text=step).filter(has_text=about).first
        row.get_by_role("link").first.click()
        page.wait_for_url(_TASK)
        claim = page.get_by_role("button", name="认领")
        if claim.count():
            claim.first.click()
        expect(page.locator("h1")).to_contain_text(step)

    def completes(self, page: Page, answers: Answers) -> None:
        """Answers the form of one page, and submits it."""
        fill_in(page, answers)
        self.submits(page)

    def submits(self, page: Page) -> None:
        self.presses_submit(page)
        page.wait_for_url(re.compile("/cases/"))
        if self.scripts:  # the diagram comes by a request of its own, and the clock is about to end the session
            expect(page.locator("[data-diagram]")).to_be_visible()

    def presses_submit(self, page: Page) -> None:
        page.locator("main").get_by_role("button", name=re.compile("^(确认)?提交")).last.click()

    def fills_parts(self, page: Page, addresses: list[str], answers: Answers, papers: Papers) -> None:
        for address in addresses:
            self.fills_part(page, address, answers, papers)

    def fills_part(self, page: Page, address: str, answers: Answers, papers: Papers, *, remark: str = "") -> None:
        """Fills in a part of the form, uploads what it asks for, and saves."""
        number = page.url.split("/tasks/")[1].split("/")[0].split("?")[0]
        page.goto(re.sub(r"/tasks/[^/]+", f"/tasks/{number}", address))
        if remark:
            expect(page.locator("main")).to_contain_text(remark)
        fill_in(page, answers)
        self.uploads(page, papers)
        page.locator('main form [name=_do][value="back"]').click()
        page.wait_for_url(_TASK)

    def uploads(self, page: Page, papers: Papers) -> None:
        """Chooses the files that the page asks for; what the page does not send by itself comes with the form."""
        page.wait_for_load_state()
        for field, paper in papers.items():
            place = page.locator(f'input[type=file][name="_file.{field}"]')
            if place.count():
                place.set_input_files(paper)
                sent = page.locator(f'[data-upload$="field={field}"] [data-files] a', has_text=paper.name)
                if self.scripts and page.locator(f'[data-upload$="field={field}"]').count():
                    expect(sent).to_be_visible()


# ---- errands ------------------------------------------------------------------------------------


def calls(at: Desks, moment: str) -> None:
    """The bureau opens its round and publishes the call."""
    city = at.sits_down("city", moment)
    city.goto("/rounds/new")
    fill_in(city, {"year": YEAR, "title": ROUND})
    city.locator("main form").get_by_role("button").last.click()
    at.opens(city, "发布申报通知")
    at.completes(city, samples.ANSWERS["call_notice"] | {"closes_at": CLOSES_AT, "year": YEAR})


def begins(at: Desks, page: Page, start: Answers, papers: Papers) -> int:
    """An applicant finds the round and begins; the number of the case, as the page of its first step links to it."""
    page.goto("/rounds")
    page.get_by_role("link", name=ROUND).first.click()
    page.locator('main a[href*="/cases/new"]').first.click()
    fill_in(page, start)
    at.uploads(page, papers)
    page.locator("main form").get_by_role("button").last.click()
    page.wait_for_url(_TASK)
    linked = page.locator('main a[href^="/cases/"]').first.get_attribute("href") or ""
    return int(linked.removeprefix("/cases/"))


def checks(page: Page) -> None:
    """From the parts of a form that is filled in to the page on which everything is read again before it is sent."""
    page.get_by_role("link", name="核对全部内容").click()
    page.wait_for_url(re.compile("/check"))
    expect(page.locator("main")).not_to_contain_text("处需要修改")


def reads_case(page: Page, cluster: str) -> None:
    """The page of a case, found in the list of cases."""
    page.goto("/cases")
    page.get_by_role("link", name=cluster, exact=True).first.click()
    page.wait_for_url(re.compile(r"/cases/\d+$"))
    expect(page.locator("[data-diagram]")).to_be_visible()


def reads_round(page: Page) -> None:
    """The page of the round, found in the list of rounds."""
    page.goto("/rounds")
    page.get_by_role("link", name=ROUND, exact=True).first.click()
    expect(page.locator("h1")).to_have_text(ROUND)


@contextmanager
def corrects(at: Desks, who: str, moment: str, about: str = "") -> Iterator[Page]:
    """An applicant opens what was returned, reads why, and hands it in again after what is done meanwhile."""
    page = at.sits_down(who, moment)
    at.opens(page, "补正申报材料", about)
    expect(page.locator("main")).to_contain_text(RETURN["opinion"])
    yield page
    checks(page)
    at.submits(page)


def scores(at: Desks, expert: Page, about: str = "") -> None:
    """A member of a panel declares, and then judges."""
    at.opens(expert, "声明利害关系", about)
    at.completes(expert, samples.ANSWERS["declare_interest"])
    at.opens(expert, "评分", about)
    at.completes(expert, samples.ANSWERS["score_sheet"])


def concurs(at: Desks, members: list[str], moment: str, about: str = "") -> None:
    """Each reads the others' opinions and takes a stance; the chair, first of the members, comes last and concludes."""
    for member in reversed(members):
        expert = at.sits_down(member, moment)
        at.opens(expert, "互评", about)
        expect(expert.locator("main")).to_contain_text("主导产业突出，链条完整。")
        at.completes(expert, samples.ANSWERS["stance"])
    at.opens(expert, "填写专家组意见", about)
    at.completes(expert, samples.ANSWERS["expert_review"])


def arranges(at: Desks, city: Page, day: str, team: list[int], about: str = "") -> None:
    """The appointment of a visit from morning to afternoon; the first of the team leads it."""
    at.opens(city, "安排实地抽查", about)
    times = {"starts_at": f"{day}T09:30:00+08:00", "ends_at": f"{day}T16:00:00+08:00"}
    at.completes(city, samples.ANSWERS["arrange_inspection"] | times | {"inspectors": team, "leader": team[0]})


def reports(at: Desks, inspector: Page, seen: Answers, papers: Papers, *, filed: str) -> None:
    """Who leads the visit fills in the record that is open; what was filed stands beside what is checked."""
    report = samples.ANSWERS["site_inspection"] | seen
    for address in list(parts(inspector)):
        at.fills_part(inspector, address, report, papers, remark=filed if address.endswith("/checks") else "")
    checks(inspector)
    at.submits(inspector)
