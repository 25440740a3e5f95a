"""Routing data: what a case's waiting steps know, by name and kind, with the words of the forms that they came from."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from config.errors import JiqunError
from config.sentences import Title, said
from engine import xml
from engine.deployments import Deployed
from engine.forms.kinds import reserved

Kind: TypeAlias = Literal["choice", "text", "number", "truth", "nothing", "whole"]
DIGITS = 40
WHOLE = 20_000  # characters of a list or map, as somebody types it


class ValueUnreadable(JiqunError):
    """What was typed is no value of this kind; the message says what is wanted."""

    code = "value_unreadable"


@dataclass(frozen=True)
class Datum:
    """One name and what is known under it."""

    name: str
    title: str  # of the form's field that it came from; empty for what the program keeps itself
    kind: Kind
    value: Any
    choices: tuple[tuple[Any, str], ...] = ()  # value and words, where its field has choices

    @property
    def typed(self) -> str:
        """The value as somebody would type it."""
        if self.kind == "whole":
            return json.dumps(self.value, ensure_ascii=False)
        if self.kind == "truth":
            return "true" if self.value else "false"
        return "" if self.value is None else str(self.value)


def of(deployed: Deployed, variables: Mapping[str, Any]) -> list[Datum]:
    """The variables, those that a form asks for first. What the engine keeps for itself is left out."""
    fields = _fields(deployed)
    found = [
        _datum(name, value, fields.get(name))
        for name, value in variables.items()
        if not reserved(name) and _is_plain(value)
    ]
    return sorted(found, key=lambda datum: (not datum.title, datum.name))


def read(datum: Datum, typed: str) -> Any:
    """What was typed, as a value of this kind; what has none yet is read as text. Raises ValueUnreadable."""
    if not typed and datum.kind != "whole":
        return None
    try:
        return _READ[datum.kind](datum, typed)
    except (KeyError, ValueError, RecursionError) as error:
        raise ValueUnreadable(_WANTED[datum.kind]) from error


def _number(_datum: Datum, typed: str) -> int:
    digits = typed.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < DIGITS):
        raise ValueError(typed)
    return int(typed)


def _whole(datum: Datum, typed: str) -> Any:
    value = json.loads(typed[:WHOLE])
    if type(value) is not type(datum.value):
        raise ValueError(typed)
    return value


_READ: Mapping[Kind, Callable[[Datum, str], Any]] = {
    "choice": lambda datum, typed: {str(value): value for value, _ in datum.choices}[typed],
    "truth": lambda _datum, typed: {"true": True, "false": False}[typed],
    "number": _number,
    "whole": _whole,
    "text": lambda _datum, typed: typed,
    "nothing": lambda _datum, typed: typed,
}
_WANTED: Mapping[Kind, str] = {
    "choice": said("请选择所列的一项"),
    "truth": said("请选择“是”或“否”"),
    "number": said("请填写整数"),
    "whole": said("请按原来的写法填写列表或对照表（JSON）"),
}


def choices(schema: Mapping[str, Any]) -> list[Any]:
    """The values that a field of a form lets one choose from."""
    if schema.get("type") == "boolean":
        return [True, False]
    return [*schema.get("enum", ())]


def _datum(name: str, value: Any, schema: Mapping[str, Any] | None) -> Datum:
    title = Title(schema.get("title", ""), _titles(schema)) if schema else ""
    offered = [each for each in choices(schema or {}) if isinstance(each, str)]
    if offered and (value is None or isinstance(value, str)):
        words = _words(schema or {})
        known = [value] if value is not None and value not in offered else []
        return Datum(name, title, "choice", value, tuple((each, words.get(each, each)) for each in [*offered, *known]))
    kinds: Sequence[tuple[Any, Kind]] = ((bool, "truth"), (int, "number"), (str, "text"), (list | dict, "whole"))
    return Datum(name, title, next((kind for type_, kind in kinds if isinstance(value, type_)), "nothing"), value)


def _fields(deployed: Deployed) -> dict[str, Mapping[str, Any]]:
    """By variable, the field that it is taken from: of the first step that names it."""
    found: dict[str, Mapping[str, Any]] = {}
    for form, names in _steps(deployed):
        if f"forms/{form}.json" in deployed.files:
            properties = deployed.form(form).document["properties"]
            for name in names:
                if name in properties:
                    found.setdefault(name, properties[name])
    return found


def _steps(deployed: Deployed) -> Iterator[tuple[str, list[str]]]:
    for name, content in sorted(deployed.files.items()):
        if name.endswith(".bpmn"):
            for step in xml.read(name, content).iter(xml.tag("userTask")):
                told = {
                    each.get("name", ""): each.get("value", "")
                    for each in step.iterfind(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property")
                }
                yield told.get("form", ""), [each.strip() for each in told.get("variables", "").split(",")]


def _words(schema: Mapping[str, Any]) -> dict[Any, str]:
    """The words of the choices, in every language that the form has them in."""
    others = {language: own.get("choices", {}) for language, own in schema.get("x-i18n", {}).items()}
    own = schema.get("x-ui", {}).get("choices", {})
    return {
        value: Title(title, {language: words[value] for language, words in others.items() if value in words})
        for value, title in own.items()
    }


def _titles(schema: Mapping[str, Any]) -> dict[str, str]:
    return {language: own["title"] for language, own in schema.get("x-i18n", {}).items() if "title" in own}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | str)
