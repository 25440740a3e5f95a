"""Somebody who has a keyboard and nothing else: where the focus is, whether it can be seen, and what it is moved by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.filling import said

FARTHEST = 150  # presses of Tab until a thing counts as out of reach

_HERE = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const before = window.jqTestBefore?.isConnected ? window.jqTestBefore : null;
  window.jqTestBefore = at;
  const style = getComputedStyle(at), box = at.getBoundingClientRect(), was = before?.getBoundingClientRect();
  const above = document.elementFromPoint(
    Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1),
  );
  const order = before ? before.compareDocumentPosition(at) : 0;
  return {
    tag: at.tagName.toLowerCase(), kind: at.type ?? "", name: at.name ?? "", id: at.id,
    value: at.value ?? "", checked: Boolean(at.checked), href: at.getAttribute("href") ?? "",
    words: (at.getAttribute("aria-label") || at.innerText || "").trim(),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    in_sight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: Boolean(above) && !at.contains(above) && !above.contains(at),
    same: before === at,
    backwards: Boolean(order & Node.DOCUMENT_POSITION_PRECEDING),
    higher: Boolean(was) && before.closest("form") === at.closest("form") && box.bottom <= was.top,
  };
}
"""

_FIELDS = """
() => [...document.activeElement.form.elements]
  .filter((one) => one.matches("input, select, textarea") && one.type !== "hidden" && one.checkVisibility())
  .map((one) => one.name)
"""


@dataclass(frozen=True)
class Place:
    """What has the focus."""

    tag: str
    kind: str  # of a field or button: text, radio, submit …
    name: str
    id: str
    value: str
    checked: bool
    href: str
    words: str  # its own, or its label in place of them
    ringed: bool
    in_sight: bool
    covered: bool  # something else lies over its middle
    same: bool  # as before the last key
    backwards: bool  # it stands before the one that had the focus before, in the page's text
    higher: bool  # it lies wholly above that one, in the same form


class Keyboard:
    """The keys of one window. No pointer, and no script that moves the focus."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.on("filechooser", lambda _chooser: None)  # somebody always listens: a listener that comes late misses it

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def here(self) -> Place:
        """What has the focus. It is somewhere, one sees where, and nothing lies over it."""
        found = self.page.evaluate(_HERE)
        assert found is not None, f"the focus is lost on {self.page.url}"
        place = Place(**found)
        assert place.ringed or place.id == "main", f"no sign of the focus: {place}"
        assert place.in_sight, f"out of sight: {place}"
        assert not place.covered or place.id == "main", f"covered: {place}"
        return place

    def forward(self) -> Place:
        """One press of Tab: on to what follows in reading."""
        self.press("Tab")
        place = self.here()
        assert not place.backwards, f"before what was read last: {place}"
        assert not place.higher, f"above what was read last: {place}"
        return place

    def to(self, fits: Callable[[Place], bool]) -> Place:
        """On by Tab to the first place that fits."""
        for _ in range(FARTHEST):
            place = self.forward()
            if fits(place):
                return place
        raise AssertionError(f"not reached by Tab on {self.page.url}")

    def back_to(self, fits: Callable[[Place], bool]) -> Place:
        """Back by Shift+Tab to the first place that fits."""
        for _ in range(FARTHEST):
            self.press("Shift+Tab")
            place = self.here()
            if fits(place):
                return place
        raise AssertionError(f"not reached by Shift+Tab on {self.page.url}")

    def skips(self) -> None:
        """Past the head of a page that has just been opened, by its first link."""
        self.press("Tab")
        first = self.here()
        assert first.words == "跳到主要内容", first
        self.press("Enter")
        assert self.page.evaluate("document.activeElement.closest('main') !== null")

    def types(self, text: str) -> None:
        """Replaces what stands in a field."""
        self.press("Control+A")
        if text.isascii():
            self.page.keyboard.type(text)
        else:
            self.page.keyboard.insert_text(text)  # as an input method does

    def fills(self, answers: Mapping[str, Any], papers: Mapping[str, Path], until: str) -> Place:
        """Answers each field of a form as Tab comes to it, rows and files as well, up to the button `until`.

        Tab comes to every field that can be seen.
        """
        reached = set()
        place = self.forward()
        while not (place.tag == "button" and place.words == until):
            reached.add(place.name)
            if place.name == "_row_add" and self._rows(place.value) < len(answers.get(place.value) or ()):
                place = self._adds_row(place.value)
                continue
            self._answers(place, answers, papers)
            place = self._next()
        assert set(self.page.evaluate(_FIELDS)) <= reached
        return place

    def _next(self) -> Place:
        """On to another field: a date has a place each for its year, month and day."""
        for _ in range(5):
            place = self.forward()
            if not place.same:
                return place
        raise AssertionError(f"caught in {place}")

    def _answers(self, place: Place, answers: Mapping[str, Any], papers: Mapping[str, Path]) -> None:
        if place.kind == "file":
            paper = papers.get(place.name.removeprefix("_file."))
            if paper:
                self._sends(paper)
            return
        if place.tag not in {"input", "select", "textarea"} or place.name.startswith("_"):
            return
        answer = said(answers, place.name)
        if answer is None:
            return
        wanted = [_text(one) for one in (answer if isinstance(answer, list) else [answer])]
        if place.kind == "checkbox":
            if (place.value in wanted) != place.checked:
                self.press("Space")
            assert self.here().checked == (place.value in wanted)
        elif place.kind == "radio":
            self._chooses(place, wanted[0])
        elif place.tag == "select":
            self._selects(wanted[0])
        elif place.kind == "date":
            self._dates(wanted[0])
        else:
            self.types(wanted[0])
            assert self.here().value == wanted[0], place

    def _chooses(self, place: Place, wanted: str) -> None:
        """One of several: Space takes the first, an arrow the next."""
        if not place.checked:
            self.press("Space")
        for _ in range(20):
            place = self.here()
            if place.value == wanted:
                break
            self.press("ArrowDown")
        assert (place.value, place.checked) == (wanted, True), place

    def _selects(self, wanted: str) -> None:
        self.press("Home")
        for _ in range(60):
            if self.here().value == wanted:
                return
            self.press("ArrowDown")
        raise AssertionError(f"no option {wanted}")

    def _dates(self, wanted: str) -> None:
        """Year, month and day, in the order in which this browser shows them."""
        year, month, day = wanted.split("-")
        for order in ((month, day, year), (year, month, day)):
            for part in order:
                self.page.keyboard.type(part)
                if part == year and part != order[-1]:
                    self.press("ArrowRight")  # a year may have six digits: it does not move on by itself
            if self.here().value == wanted:
                return
            self.press("ArrowLeft", 3)
        raise AssertionError(f"no date {wanted}")

    def _rows(self, table: str) -> int:
        return self.page.locator(f'[data-table="{table}"] tbody tr').count()

    def _adds_row(self, table: str) -> Place:
        """A new row by its button; the cursor stands in its first cell."""
        rows = self._rows(table)
        self.press("Enter")
        expect(self.page.locator(f'[data-table="{table}"] tbody tr')).to_have_count(rows + 1)
        place = self.here()
        assert place.name.startswith(f"{table}[{rows}]."), place
        return place

    def _sends(self, paper: Path) -> None:
        """A file through the browser's own window for files, which Enter opens."""
        with self.page.expect_file_chooser() as chooser:
            self.press("Enter")
        chooser.value.set_files(paper)
        expect(self.page.locator("[data-files] a", has_text=paper.name)).to_be_visible()
        assert self.here().kind == "file"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
