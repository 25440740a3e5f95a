"""Filling in forms as a person does: what the page asks is answered, field by field, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from playwright.sync_api import Page

from engine import clock
from tests import samples

_CONTROLS = """
(fields) => fields.map((field) => ({name: field.name, kind: field.type, value: field.value}))
"""
_TABLES = "(buttons) => buttons.map((button) => button.value)"
_ADDRESSES = "(links) => links.map((link) => link.getAttribute('href').split('#')[0])"
_STEPS = re.compile(r"[^.\[\]]+")
_YEAR = re.compile(r"\d{4}")

YEAR = 2026  # of the rounds that are opened here: the clock of these tests stands in it


def application() -> dict[str, Any]:
    """The sample application, a year on; one item of evidence is uploaded, the others come on paper."""
    answers = {name: _later(value) for name, value in samples.application_data().items()}
    dates = {"application_year": YEAR, "applied_on": "2026-03-04", "signed_on": "2026-03-04"}
    return answers | dates | {"evidence_1": "provided"}


def _later(value: Any) -> Any:
    if isinstance(value, Mapping) and all(_YEAR.fullmatch(str(key)) for key in value):
        return {str(int(key) + 1): amount for key, amount in value.items()}
    return value


def fill_in(page: Page, answers: Mapping[str, Any]) -> None:
    """Answer what stands in the page's form and has an answer; rows of tables are added as they are needed."""
    page.wait_for_load_state()  # a click returns when the next page begins: half of its fields may still be to come
    for table in page.locator("main form [name=_row_add]").evaluate_all(_TABLES):
        if rows := answers.get(table):
            _make_rows(page, table, len(rows))
    for control in page.locator("main form [name]").evaluate_all(_CONTROLS):
        _answer(page, control, answers)


def _answer(page: Page, control: Mapping[str, str], answers: Mapping[str, Any]) -> None:
    name, kind = control["name"], control["kind"]
    if name.startswith("_") or kind in {"hidden", "submit", "button", "file"}:
        return
    value = said(answers, name)
    if value is None:
        return
    field = page.locator(f'main form [name="{name}"]')
    if kind in {"radio", "checkbox"}:
        wanted = value if isinstance(value, list) else [value]
        if control["value"] in [_text(one) for one in wanted]:
            page.locator(f'main form [name="{name}"][value="{control["value"]}"]').check()
    elif kind == "select-one":
        field.select_option(_text(value))
    elif field.is_visible():
        field.fill(_text(value))


def said(answers: Mapping[str, Any], name: str) -> Any:
    """The answer to a field, by its path: "output.2024", "enterprises[3].name"; a moment by its day and its time."""
    value: Any = answers
    for step in _STEPS.findall(name):
        if isinstance(value, str) and step in {"date", "time"}:
            moment = clock.datetime.fromisoformat(value).astimezone(clock.SHANGHAI)
            return f"{moment:%Y-%m-%d}" if step == "date" else f"{moment:%H:%M}"
        value = _inside(value, step)
        if value is None:
            return None
    return value


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, list):
        number = int(step) if step.isdigit() else -1
        return value[number] if 0 <= number < len(value) else None
    return value.get(step) if isinstance(value, Mapping) else None


def _text(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _make_rows(page: Page, table: str, count: int) -> None:
    add = page.locator(f'main form [name="_row_add"][value="{table}"]')
    for _ in range(count):
        if page.locator(f'main form [name^="{table}[{count - 1}]"]').count():
            return
        add.click()
        page.wait_for_load_state()


def parts(page: Page) -> Iterator[str]:
    """The addresses of the parts of the form whose list of parts is shown."""
    page.wait_for_load_state()
    links = page.locator('main a[href*="/part/"]')
    yield from dict.fromkeys(links.evaluate_all(_ADDRESSES))
