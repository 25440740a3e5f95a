"""A park's officer at the application of a cluster, and what a reader finds on the page of a form."""

from typing import Any

from playwright.sync_api import Locator, Page
from sqlalchemy import select

from engine import accounts, cases, tasks
from engine.models import Draft, Task
from tests import samples
from tests.browser.filling import YEAR
from tests.browser.office import Office
from tests.browser.rounds import call_for_applications
from tests.browser.visit import Visits

NINE = "2026-03-02 09:04:19"
SAVED = "草稿已于 09:04:19 保存"


class Desk:
    """A park's officer at the application of a cluster, and what the office has of it."""

    def __init__(self, office: Office, visits: Visits) -> None:
        office.clock.move_to(NINE)
        self.visits = visits
        self.office = office
        self._task_id = _started(office)
        self.page = visits.signed_in("park")

    def without_scripts(self, section: str) -> Page:
        """The part in a browser that runs no scripts."""
        return self.open(section, self.visits.signed_in("park", java_script_enabled=False))

    def open(self, section: str, page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(f"/tasks/{self._task_id}/part/{section}")
        return page

    def beside(self, section: str) -> Page:
        """The same part in another tab of the same browser."""
        return self.open(section, self.page.context.new_page())

    def fill(self, answers: dict[str, Any]) -> None:
        """Puts these answers into the draft, behind the page."""
        with self.office.database.write() as session:
            park = accounts.actor(session, accounts.by_name(session, "park"))
            version = session.scalars(select(Draft.version).where(Draft.task_id == self._task_id)).one()
            tasks.save_draft(session, park, self._task_id, answers, version)

    @property
    def draft(self) -> dict[str, Any]:
        """What is kept of the officer's answers."""
        with self.office.database.read() as session:
            found = session.scalar(select(Draft).where(Draft.task_id == self._task_id))
            return dict(found.data) if found else {}

    @property
    def is_open(self) -> bool:
        with self.office.database.read() as session:
            return session.get_one(Task, self._task_id).state == "open"


def state(page: Page) -> Locator:
    return page.locator("[data-save-state]")


def field(page: Page, name: str) -> Locator:
    return page.locator(f'[name="{name}"]')


def paste(page: Page, target: Locator, text: str) -> None:
    """Ctrl+V with this on the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    target.focus()
    page.keyboard.press("Control+V")


def rows(page: Page, table: str) -> Locator:
    return page.locator(f'[data-table="{table}"] tbody tr')


def _started(office: Office) -> str:
    """An application of the park, just started: the number of its task."""
    round_id = call_for_applications(office)
    with office.database.write() as session:
        park = accounts.actor(session, accounts.by_name(session, "park"))
        start = samples.ANSWERS["application_start"] | {"round_id": round_id}
        case = cases.open_case(session, park, "qingyuan", "application", start)
        session.flush()
        task_id = session.scalars(select(Task.id).where(Task.case_id == case.id, Task.state == "open")).one()
        tasks.save_draft(session, park, task_id, {"application_year": YEAR}, 0)
    return task_id
