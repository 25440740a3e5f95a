"""Changes to a form: what a regime's form has otherwise than the common one, so that neither is written twice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from config.errors import RegimeInvalid

ENDING = ".changes.json"  # forms/application.changes.json changes forms/application.json


def applied(common: bytes, changes: bytes, name: str) -> bytes:
    """The common form with the changes in it: a JSON Merge Patch (RFC 7396), in which null takes something away.

    A new field stands behind the one that the changes name before it, which may have no changes itself: {}.
    Three lists are not replaced: `required` and `x-rules` are added to the common ones, a section takes the place of
    that with its id or stands behind the others. A field that goes is left out of them too, and a kind that nobody
    uses any more. Raises RegimeInvalid where the changes are no JSON object, or change a field that there is not.
    """
    form, wanted = json.loads(common), _read(changes, name)
    fields = form["properties"]
    for field, schema in wanted.get("properties", {}).items():
        if field not in fields and (schema is None or not {"$ref", "type"} & schema.keys()):
            raise RegimeInvalid(f"{name} 改动的字段 {field} 不在共用表单里，请改正名称或写出完整的字段", path=name)
    required, rules = wanted.pop("required", []), wanted.pop("x-rules", [])
    sections = wanted.get("x-ui", {}).pop("sections", [])
    form = _merged(form, wanted)
    form["properties"] = {field: form["properties"][field] for field in _in_order(fields, form, wanted)}
    gone = fields.keys() - form["properties"].keys()
    form["required"] = [field for field in (*form.get("required", []), *required) if field not in gone]
    if together := [*form.get("x-rules", []), *rules]:
        form["x-rules"] = [left for rule in together if (left := _rule_without(rule, gone))]
    if "sections" in form.get("x-ui", {}):
        form["x-ui"]["sections"] = list(_sections(form["x-ui"]["sections"], sections, gone))
    used = set(_kinds(form["properties"]))
    form["$defs"] = {kind: schema for kind, schema in form.pop("$defs", {}).items() if kind in used}
    return json.dumps(form, ensure_ascii=False, indent=2).encode() + b"\n"


def _in_order(common: Mapping[str, Any], form: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    order = [field for field in common if field in form["properties"]]
    before = ""
    for field in wanted.get("properties", {}):
        if field in form["properties"] and field not in common:
            order.insert(order.index(before) + 1 if before in order else len(order), field)
        before = field
    return order


def _read(changes: bytes, name: str) -> dict[str, Any]:
    try:
        wanted = json.loads(changes)
    except ValueError as error:
        raise RegimeInvalid(f"{name} 不是合法的 JSON：{error}", path=name) from error
    if not isinstance(wanted, dict):
        raise RegimeInvalid(f"{name} 的最外层应是一个对象", path=name)
    return wanted


def _sections(common: list[dict[str, Any]], own: list[dict[str, Any]], gone: set[str]) -> Iterator[dict[str, Any]]:
    others = {section["id"]: section for section in own}
    for section in [*(others.pop(each["id"], each) for each in common), *others.values()]:
        yield {**section, "fields": _without(section["fields"], gone)}


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, wanted in patch.items():
        if wanted is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), wanted)
    return result


def _without(names: list[str], gone: set[str]) -> list[str]:
    return [name for name in names if name not in gone]


def _rule_without(rule: dict[str, Any], gone: set[str]) -> dict[str, Any] | None:
    """The rule for the fields that are left of several; None where it speaks of none, or of one that is gone."""
    left = {
        part: _without(value, gone)
        if part == "fields"
        else _rule_without(value, gone)
        if part in ("when", "then")
        else value
        for part, value in rule.items()
    }
    single = {left[part] for part in ("field", "other", "year", "table") if part in left}
    spent = left.get("fields") == [] or any(left.get(part, rule) is None for part in ("when", "then"))
    return None if spent or not gone.isdisjoint(single) else left


def _kinds(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(reference := value.get("$ref"), str):
            yield reference.removeprefix("#/$defs/")
        for part in value.values():
            yield from _kinds(part)
    elif isinstance(value, list):
        for part in value:
            yield from _kinds(part)
