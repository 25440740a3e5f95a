"""Visits to the office: a browser window for each person, closed after the test, with every complaint noted down."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, WebError

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}  # a telephone

_REFUSED = "Failed to load resource"  # what the console says of every answer from 400 on


class Visits:
    """The windows of one test. `complaints` are the console's errors, and exceptions in a page's scripts."""

    def __init__(self, browser: Browser, address: str, password: str) -> None:
        self.address = address
        self.complaints: list[str] = []
        self._browser = browser
        self._password = password
        self._contexts: list[tuple[str, BrowserContext]] = []
        self._forgiven: list[re.Pattern[str]] = []
        self._navigated: set[str] = set()

    def stranger(self, **options: Any) -> Page:
        """A window of somebody who has not signed in. Addresses may begin with /; `options` are the context's."""
        return self._window("stranger", options).new_page()

    def signed_in(self, name: str, **options: Any) -> Page:
        """A window in which a demo account has signed in through the page for it."""
        page = self._window(name, options).new_page()
        page.goto("/sign-in")
        page.locator("[name=name]").fill(name)
        page.locator("[name=password]").fill(self._password)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def forgive(self, complaint: str) -> None:
        """Complaints that match this pattern belong to the test: an answer 409 to a script, say."""
        self._forgiven.append(re.compile(complaint))

    @property
    def unforgiven(self) -> list[str]:
        """What the test did not expect to hear."""
        return [said for said in self.complaints if not any(pattern.search(said) for pattern in self._forgiven)]

    def picture(self, path: Callable[[str], Path]) -> None:
        """A picture of each whole page that is open; `path` makes its name from whose it is."""
        for number, (who, context) in enumerate(self._contexts):
            for index, page in enumerate(context.pages):
                page.screenshot(path=path(f"{number}-{who}-{index}"), full_page=True)

    def close(self) -> None:
        for _, context in self._contexts:
            context.close()

    def _window(self, who: str, options: dict[str, Any]) -> BrowserContext:
        usual = {"viewport": WIDE, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": self.address}
        context = self._browser.new_context(**usual | options)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._broke)
        self._contexts.append((who, context))
        return context

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._navigated.add(response.url)

    def _said(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type != "error" or (message.text.startswith(_REFUSED) and where in self._navigated):
            return  # a page that is itself a refusal is for the test to judge
        self.complaints.append(f"{where}: {message.text}")

    def _broke(self, error: WebError) -> None:
        self.complaints.append(f"{error.page.url if error.page else ''}: {error.error}")
