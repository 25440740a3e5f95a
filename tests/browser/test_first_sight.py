"""What everybody sees first: it is there, it fits, a machine can read it aloud, and nothing complains."""

import pytest
from playwright.sync_api import expect

from tests.browser.sight import axe, sideways
from tests.browser.visit import NARROW, WIDE, Visits

OPEN_TO_ALL = ["/", "/sign-in"]


@pytest.mark.parametrize("path", OPEN_TO_ALL)
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["desk", "telephone"])
def test_a_stranger_sees_a_page_without_barriers(visits: Visits, path: str, window: dict[str, int]) -> None:
    page = visits.stranger(viewport=window)
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200
    expect(page.locator("h1")).to_have_count(1)
    assert axe(page) == []


@pytest.mark.parametrize("path", OPEN_TO_ALL)
def test_nobody_scrolls_sideways_on_the_smallest_screen(visits: Visits, path: str) -> None:
    page = visits.stranger(viewport={"width": 320, "height": 640})
    page.goto(path)
    assert sideways(page) == []


def test_an_officer_signs_in(visits: Visits) -> None:
    page = visits.signed_in("county")
    expect(page.get_by_role("button", name="退出")).to_be_visible()
