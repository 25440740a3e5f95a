"""The tests' own eyes: each of them sees what it is there for."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.office import Office
from tests.browser.sight import axe, sideways
from tests.browser.visit import Visits

DRAWN = "<html lang=zh><title>页</title><main><h1>页</h1>{}</main>"


@pytest.fixture
def page(visits: Visits) -> Page:
    return visits.stranger(viewport={"width": 320, "height": 640})


def test_a_barrier_is_seen(page: Page) -> None:
    page.set_content(DRAWN.format('<p>姓名</p><input id="name">'))
    assert [line.partition(":")[0] for line in axe(page)] == ["label"]


def test_faint_letters_are_seen(page: Page) -> None:
    page.set_content(DRAWN.format('<p style="color: #aaa; background: #fff">姓名</p>'))
    assert [line.partition(":")[0] for line in axe(page)] == ["color-contrast"]


def test_no_barrier_is_seen_where_none_is(page: Page) -> None:
    page.set_content(DRAWN.format('<label for="name">姓名</label> <input id="name">'))
    assert axe(page) == []
    assert sideways(page) == []


def test_what_is_too_wide_is_named(page: Page) -> None:
    page.set_content(DRAWN.format('<table class="long" style="width: 400px"><tr><td>1</table>'))
    assert "table.long" in sideways(page)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('lost')", "lost"),
        ("setTimeout(() => { throw new Error('broken') })", "broken"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("fetch('/static/none.js')", "404"),
    ],
)
def test_what_goes_wrong_behind_a_page_is_heard(browser: Browser, office: Office, script: str, complaint: str) -> None:
    visits = Visits(browser, office.address, "")
    try:
        page = visits.stranger()
        page.goto("/sign-in")
        assert visits.complaints == []
        page.evaluate(script)
        for _ in range(100):  # it is heard a moment later
            if visits.complaints:
                break
            page.wait_for_timeout(50)  # milliseconds
        (heard,) = visits.unforgiven
        assert complaint in heard
        visits.forgive(complaint)
        assert visits.unforgiven == []
    finally:
        visits.close()


def test_a_refused_page_is_for_the_test_to_judge(visits: Visits) -> None:
    answer = visits.stranger().goto("/nowhere")
    assert answer is not None
    assert answer.status == 404
    assert visits.complaints == []
