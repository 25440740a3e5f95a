"""A page as a browser without scripts holds it: its forms with what they would send, its words, its titles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from werkzeug.datastructures import MultiDict

_VOID = {"input", "br", "img", "meta", "link", "hr"}


@dataclass
class Button:
    """A button that sends its form; the first one is what Enter presses."""

    name: str
    value: str
    text: str = ""
    address: str = ""  # where it sends the form instead


@dataclass
class Form:
    """A form with its controls in the order of the page."""

    address: str
    attributes: Mapping[str, str]
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def sent(self, answers: Mapping[str, Any] | None = None, press: str | None = None) -> MultiDict[str, str]:
        """What goes out: the fields, some answered otherwise (None: emptied), and the button that was pressed."""
        told = dict(answers or {})
        posted: MultiDict[str, str] = MultiDict(pair for pair in self.fields if pair[0] not in told)
        for name, value in told.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    posted.add(name, one)
        button = next(one for one in self.buttons if press in (None, one.text, one.value))
        if button.name:
            posted.add(button.name, button.value)
        return posted


@dataclass
class Page:
    """What was read of a page."""

    forms: list[Form]
    title: str
    text: str
    ids: list[str]
    links: list[tuple[str, str]]  # address, words

    def form(self, address: str) -> Form:
        """The form, or the form with a button, that is sent to an address with this ending (a query aside)."""
        for form in self.forms:
            addresses = [form.address, *(button.address for button in form.buttons)]
            if any(one.partition("?")[0].endswith(address) for one in addresses):
                return form
        raise AssertionError(f"no form goes to {address}: {[form.address for form in self.forms]}")


def read(html: str) -> Page:
    """The page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    words = " ".join("".join(reader.words).split())
    return Page(reader.forms, " ".join("".join(reader.title).split()), words, reader.ids, reader.links)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.title: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._area: list[Any] | None = None  # name, text of a <textarea>
        self._select: list[Any] | None = None  # name, value
        self._button: Button | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        if "template" in self._open:
            return
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given))
        elif tag == "a":
            self.links.append((given.get("href", ""), ""))
        elif self.forms:
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.forms[-1], given.get("name", "")
        if tag == "button" and given.get("type", "submit") == "submit":
            self._button = Button(name, given.get("value", ""), "", given.get("formaction", ""))
            form.buttons.append(self._button)
        elif tag == "textarea":
            self._area = [name, ""]
        elif tag == "select":
            self._select = [name, None]
        elif tag == "option" and self._select and (self._select[1] is None or "selected" in given):
            self._select[1] = given.get("value", "")
        elif tag == "input" and name and _is_sent(given):
            form.fields.append((name, given.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "textarea" and self._area:
            self.forms[-1].fields.append((self._area[0], self._area[1].removeprefix("\n").replace("\n", "\r\n")))
            self._area = None
        elif tag == "select" and self._select:
            self.forms[-1].fields.append((self._select[0], self._select[1] or ""))
            self._select = None
        elif tag == "button":
            self._button = None

    def handle_data(self, data: str) -> None:
        if "template" in self._open:
            return
        if self._area:
            self._area[1] += data
        if self._button:
            self._button.text = (self._button.text + data).strip()
        if "title" in self._open:
            self.title.append(data)
        elif self._open and self._open[-1] == "a" and self.links:
            address, words = self.links[-1]
            self.links[-1] = (address, words + data.strip())
        self.words.append(data)


def _is_sent(given: Mapping[str, str]) -> bool:
    kind = given.get("type")
    return kind not in ("file", "submit", "button") and (kind not in ("radio", "checkbox") or "checked" in given)
