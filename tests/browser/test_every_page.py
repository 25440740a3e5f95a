"""Every page that somebody reaches by links: no barriers, wide or narrow, usual or 长辈版; nobody scrolls sideways."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from engine import accounts
from engine.workshop import drafts
from tests import once
from tests.browser.conftest import PICTURES
from tests.browser.office import Office
from tests.browser.sight import axe, sideways
from tests.browser.visit import NARROW, WIDE, Visits
from tests.office import REGIME

PEOPLE = [
    "stranger",
    "county",
    "park",
    "city",
    "leader",
    "publisher",
    "expert",
    "inspector",
    "owner",
    "sysadmin",
    "secadmin",
    "auditor",
    "shantou",
    "liuzhou-county",
    "liuzhou",
    "guangxi",
    "guangdong",
    "ministry",
    "ministry-leader",
]
SMALLEST = {"width": 320, "height": 640}
NO_PAGE = re.compile(
    r"/look|\.pdf|\.docx|\.xlsx|\.csv|\.ics|\.zip|/files/|format=(csv|json)|/words/|/findings$|/api/|/static/|/export|/diagram"
)
MOST = 60  # kinds of page for one person

_LINKS = "(links) => links.map((link) => link.href)"


@pytest.mark.parametrize("who", PEOPLE)
def test_no_page_has_a_barrier(
    running: Visits, running_office: Office, who: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who is the first to reach a kind of page has it in every size and look; who comes later, on a telephone."""
    if who == "owner":
        begin_a_draft(running_office)
    page = running.stranger() if who == "stranger" else running.signed_in(who)
    seen = once.shared(tmp_path_factory) / "pages-seen"
    seen.mkdir(exist_ok=True)
    album = PICTURES / "pages" / who if os.environ.get("PICTURES") else None
    if album:
        shutil.rmtree(album, ignore_errors=True)
    found = []
    for kind in reached(page):
        whole = first(seen / _plain(kind))
        found += [f"{kind}: {what}" for what in barriers(page, album and album / _plain(kind), whole=whole)]
    assert found == []


def begin_a_draft(office: Office) -> None:
    """What an owner has before them at work: a letter in other words."""
    with office.database.write() as session:
        owner = accounts.actor(session, accounts.by_name(session, "owner"))
        draft = drafts.opened(session, owner, REGIME, "试改")
        drafts.save(session, owner, draft, "letters/urged.txt", "【催办】{{办件标题}}\n\n请即办理。\n".encode())


def first(mark: Path) -> bool:
    """Is this the first time in the session, in whichever worker, that it is asked?"""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def reached(page: Page) -> Iterator[str]:
    """Opens one page of each kind (its address without numbers) that links lead to, from the first page on."""
    waiting, seen = [page.url if "//" in page.url else "/", "/"], set[str]()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        kind = _kind(address)
        if kind in seen or NO_PAGE.search(address):
            continue
        seen.add(kind)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        here = page.url.split("/", 3)[2]
        links = page.locator("a[href]").evaluate_all(_LINKS)
        waiting += [link.split("#")[0] for link in links if link.split("/", 3)[2:3] == [here]]
        yield kind


def barriers(page: Page, picture: Path | None = None, *, whole: bool = True) -> list[str]:
    """What is wrong with the page in any of its sizes, or else on a telephone.

    With PICTURES=1 two pictures of it are kept: `picture`-1280.png and -390.png.
    """
    found = []
    for look in ("usual", "large") if whole else ("usual",):
        page.evaluate("(large) => document.documentElement.toggleAttribute('data-large', large)", look == "large")
        for window in (WIDE, NARROW) if whole else (NARROW,):
            page.set_viewport_size(window)  # type: ignore[arg-type]  # a mapping of the two
            found += [f"{look}, {window['width']} px: {what}" for what in axe(page)]
            if picture and look == "usual":
                page.screenshot(path=f"{picture}-{window['width']}.png", full_page=True)
        page.set_viewport_size(SMALLEST)  # type: ignore[arg-type]
        found += [f"{look}: wider than 320 px: {what}" for what in sideways(page)]
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return found


def _kind(address: str) -> str:
    path = "/" + (address.split("/", 3)[3] if "//" in address else address.lstrip("/"))
    path, _, query = path.partition("?")
    path = re.sub(r"/rules/\w+", "/rules/…", path)
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}|/\d+", "/…", path)
    path = re.sub(r"(/drafts/…/(?:forms|letters|model|table))/[\w.]+", r"\1/…", path)
    return path + ("?" + "&".join(sorted(part.split("=")[0] for part in query.split("&"))) if query else "")


def _plain(kind: str) -> str:
    """A kind of page as the name of a file."""
    return re.sub(r"\W+", "-", kind.replace("…", "one")).strip("-")[:150] or "home"
