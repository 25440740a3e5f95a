"""A form's differences: fields and columns that came, went or are asked otherwise, and their order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from config.sentences import said
from engine.workshop.changes.parts import Change, Side, flat, of_thing, united

WORDS: Final = {
    "title": said("名称"),
    "description": said("填写说明"),
    "$ref": said("填写方式"),
    "required": said("是否必填"),
    "enum": said("选项"),
    "const": said("只能填"),
    "minimum": said("最小值"),
    "maximum": said("最大值"),
    "maxLength": said("最多字数"),
    "minLength": said("最少字数"),
    "minItems": said("最少行数"),
    "maxItems": said("最多行数"),
    "uniqueItems": said("各行不得重复"),
    "x-ui.widget": said("显示方式"),
    "x-ui.width": said("显示宽度"),
    "x-show-when.field": said("随哪个栏目显示"),
    "x-show-when.in": said("填何值时显示"),
    "x-i18n.en.title": said("英文名称"),
    "x-i18n.en.description": said("英文说明"),
    "x-fact": said("对应的认定事实"),
}
_NESTED: Final = ("properties", "required")
_ROOT: Final = ("properties", "required", "$defs", "$schema", "type", "additionalProperties")  # the profile's, always


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in a form that both sides have. Raises ValueError where one is no JSON."""
    before, after = old.json(name), new.json(name)
    whole = Change(name, "form", "", said("整张表"))
    yield from of_thing(whole, _root(before), _root(after), _word)
    yield from _fields(whole, "", before, after)


def _fields(whole: Change, path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Of the fields of a form, of a table's row or of a group."""
    was, now = before.get("properties", {}), after.get("properties", {})
    own = whole.file.removeprefix("forms/").removesuffix(".json")
    for key in united(was, now):
        at = f"{path}.{key}" if path else key
        label = said("栏目“%(title)s”", title=now.get(key, was.get(key)).get("title") or key)
        like = Change(whole.file, "field", at, label, carrier=f"{own}.{at}", carries="field")
        sides = [
            _facts(fields[key], required=key in side.get("required", ())) if key in fields else None
            for fields, side in ((was, before), (now, after))
        ]
        yield from of_thing(like, sides[0], sides[1], _word)
        if key in was and key in now:
            for first, last in ((was[key], now[key]), (was[key].get("items"), now[key].get("items"))):
                if isinstance(first, dict) and isinstance(last, dict):
                    yield from _fields(whole, at, first, last)
    orders = [[key for key in side if key in was and key in now] for side in (was, now)]
    if orders[0] != orders[1]:
        told = [
            "、".join(str(side[key].get("title") or key) for key in side if key in orders[0]) for side in (was, now)
        ]
        yield replace(whole, element=path, what=said("栏目的次序"), before=told[0], after=told[1])


def _root(form: Mapping[str, Any]) -> dict[str, str]:
    return flat({key: value for key, value in form.items() if key not in _ROOT})


def _facts(field: Mapping[str, Any], *, required: bool) -> dict[str, str]:
    """What a field says of itself; its columns speak for themselves, choices are told with their words."""
    told = {key: value for key, value in field.items() if key not in _NESTED and key != "items"}
    items = field.get("items")
    if isinstance(items, dict):
        told["items"] = {key: value for key, value in items.items() if key not in _NESTED}
    found = flat({"required": required, **told})
    choices = field.get("x-ui", {}).get("choices", {}) if isinstance(field.get("x-ui"), dict) else {}
    if isinstance(choices, dict) and "enum" in field:
        found["enum"] = "、".join(str(choices.get(each, each)) for each in field["enum"])
        found = {key: value for key, value in found.items() if not key.startswith("x-ui.choices.")}
    return found


def _word(key: str) -> str:
    return WORDS.get(key.removeprefix("items."), key)
