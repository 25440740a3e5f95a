"""The desk in a browser: inbox, a case on its diagram, a round; with a keyboard, on a telephone, without scripts."""

import re

import pytest
from playwright.sync_api import expect

from engine import accounts, cases, overview, rounds, tasks
from engine.access import Actor
from tests import samples
from tests.browser.office import Office
from tests.browser.sight import axe, sideways
from tests.browser.visit import NARROW, WIDE, Visits
from tests.office import REGIME

TITLE = samples.ANSWERS["application_start"]["cluster_name"]
PATHS = ["/tasks", "/cases", "/cases/{case}", "/rounds", "/rounds/{round}"]


@pytest.fixture
def numbers(office: Office) -> dict[str, int]:
    """A round that takes applications, and one application filed in it, returned and on the applicant's desk again."""
    office.clock.move_to(samples.MOMENT)
    with office.database.write() as session:
        people = {name: accounts.actor(session, accounts.by_name(session, name)) for name in ("county", "city")}
        round_ = rounds.open_round(session, people["city"], REGIME, 2025, "试验批次")
    _complete(office, people["city"], int(round_.case_id or 0), samples.ANSWERS["call_notice"])
    start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
    with office.database.write() as session:
        case = cases.open_case(session, people["county"], REGIME, "application", start)
    _complete(office, people["county"], case.id, samples.application_data())
    remarks = [{"field": "集群总产值", "remark": "请核对"}]
    _complete(office, people["city"], case.id, {"decision": "return", "opinion": "材料不全", "remarks": remarks})
    return {"case": case.id, "round": round_.id}


def _complete(office: Office, who: Actor, case_id: int, data: object) -> None:
    with office.database.write() as session:
        (task,) = overview.tasks_of(session, who, case_id)
        tasks.complete(session, who, task["id"], data)  # type: ignore[arg-type]  # answers of samples


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["desk", "telephone"])
def test_the_desk_has_no_barriers(visits: Visits, numbers: dict[str, int], path: str, window: dict[str, int]) -> None:
    page = visits.signed_in("city", viewport=window)
    page.goto(path.format(**numbers))
    expect(page.locator("h1")).to_have_count(1)
    assert axe(page) == []


@pytest.mark.parametrize("path", PATHS)
def test_the_desk_fits_the_smallest_screen(visits: Visits, numbers: dict[str, int], path: str) -> None:
    page = visits.signed_in("city", viewport={"width": 320, "height": 640})
    page.goto("/look?switch=large&back=/tasks")
    page.goto(path.format(**numbers))
    assert sideways(page) == []


def test_a_case_is_seen_on_its_diagram(visits: Visits, numbers: dict[str, int]) -> None:
    page = visits.signed_in("city")
    page.goto(f"/cases/{numbers['case']}")
    drawn = page.locator("[data-canvas]")
    expect(drawn.locator("g[data-element-id=filing]")).to_have_class(re.compile(r"\bjq-passed\b"))
    expect(drawn.locator("g[data-element-id=intake]")).to_have_class(re.compile(r"\bjq-at\b"))
    expect(drawn.locator("g[data-element-id=examination]")).not_to_have_class(re.compile(r"\bjq-(at|passed)\b"))
    expect(drawn.locator("g[data-element-id=filing_to_filing_outcome]")).to_have_class(re.compile(r"\bjq-passed\b"))
    flag = drawn.locator(".jq-flag")
    expect(flag).to_have_text(re.compile(r"还剩 \d+ 个工作日"))
    expect(flag).to_be_in_viewport()
    words = page.locator("[data-words]")
    assert words.get_attribute("open") is None  # folded, not gone
    words.locator("summary").click()
    expect(words.locator("tr[aria-current=step]", has_text="补正申报材料")).to_be_visible()


def test_the_makers_logo_stays_whole_and_uncovered(visits: Visits, numbers: dict[str, int]) -> None:
    page = visits.signed_in("city")
    page.goto(f"/cases/{numbers['case']}")
    logo = page.locator(".bjs-powered-by")
    expect(logo).to_be_visible()
    logo.scroll_into_view_if_needed()
    on_top = """(logo) => {
      const box = logo.getBoundingClientRect();
      const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return logo.contains(found);
    }"""
    assert logo.evaluate(on_top)


def test_the_diagram_moves_by_buttons_and_keys_and_leaves_the_wheel_to_the_page(
    visits: Visits, numbers: dict[str, int]
) -> None:
    page = visits.signed_in("city")
    page.goto(f"/cases/{numbers['case']}")
    canvas = page.locator("[data-canvas]")
    expect(canvas.locator(".jq-flag")).to_be_visible()
    view = canvas.locator("g.viewport")
    at_first = view.get_attribute("transform") or ""
    canvas.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(200)
    assert view.get_attribute("transform") == at_first
    page.get_by_role("button", name="适合窗口").click()
    expect(view).not_to_have_attribute("transform", at_first)
    page.get_by_role("button", name="定位当前环节").click()
    expect(view).to_have_attribute("transform", at_first)
    canvas.locator("svg").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(view).not_to_have_attribute("transform", at_first)


def test_without_scripts_the_steps_are_told_in_words(visits: Visits, numbers: dict[str, int]) -> None:
    page = visits.signed_in("county", java_script_enabled=False)
    page.goto(f"/cases/{numbers['case']}")
    expect(page.locator("[data-diagram]")).to_be_hidden()
    expect(page.locator("tr[aria-current=step]", has_text="补正申报材料")).to_be_visible()
    page.get_by_role("link", name="办理当前环节").click()
    expect(page).to_have_url(re.compile(r"/tasks/"))


def test_a_task_is_claimed_with_the_keyboard_alone(visits: Visits, numbers: dict[str, int]) -> None:
    page = visits.signed_in("county")
    page.goto(f"/tasks?q={numbers['case']}")
    release = page.get_by_role("button", name=re.compile("释放"))
    release.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已释放")
    claim = page.get_by_role("button", name=re.compile("认领"))
    claim.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已认领")
    expect(page).to_have_url(re.compile(rf"\?q={numbers['case']}$"))
