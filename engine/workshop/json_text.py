"""Edits of a JSON file: what is not changed keeps its bytes, how it was laid out as well."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

WIDTH = 140  # characters of a line
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_float=Decimal)
_INDENT = "  "


@dataclass
class Node:
    """A value and where it stands; of an object its members, of a list its items."""

    start: int
    end: int
    value: Any
    members: dict[str, tuple[int, "Node"]] = field(default_factory=dict)  # key → where the key begins, its value
    items: list["Node"] = field(default_factory=list)


def read(content: bytes) -> Any:
    """The file as data, numbers exact. Raises ValueError."""
    return json.loads(content.decode("utf-8"), parse_float=Decimal)


def kept(content: bytes, wanted: Any) -> bytes:
    """The file that says `wanted`, every part that it said before written as it was. Raises ValueError."""
    text = content.decode("utf-8")
    node = _scan(text, _past(text, 0))
    return (text[: node.start] + _written(text, node, wanted, "") + text[node.end :]).encode("utf-8")


def fresh(value: Any, indent: str = "") -> str:
    """A value as this house lays it out: in one line where it fits."""
    line = json.dumps(value, ensure_ascii=False, default=_number)
    if len(indent) + len(line) <= WIDTH - 20 or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + _INDENT
    if isinstance(value, dict):
        return _block("{}", [f"{_text(key)}: {fresh(each, inner)}" for key, each in value.items()], indent)
    return _list([fresh(each, inner) for each in value], indent)


def same(one: Any, other: Any) -> bool:
    """Are they written alike? The order of keys is meaning, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _written(text: str, node: Node, wanted: Any, indent: str) -> str:
    if same(node.value, wanted):
        return text[node.start : node.end]
    if isinstance(node.value, dict) and isinstance(wanted, dict) and node.value and wanted:
        return _object(text, node, wanted, indent)
    if isinstance(node.value, list) and isinstance(wanted, list) and node.value and wanted:
        return _array(text, node, wanted, indent)
    return fresh(wanted, indent)


def _object(text: str, node: Node, wanted: Mapping[str, Any], indent: str) -> str:
    inner = indent + _INDENT
    if list(node.value) == list(wanted):  # between the values nothing changes
        return _spliced(text, node, [each for _at, each in node.members.values()], list(wanted.values()), inner)
    members = []
    for key, value in wanted.items():
        if key in node.members:
            at, old = node.members[key]
            members.append(text[at : old.start] + _written(text, old, value, inner))
        else:
            members.append(f"{_text(key)}: {fresh(value, inner)}")
    line = "{" + ", ".join(members) + "}"
    if "\n" not in text[node.start : node.end] and "\n" not in line and len(indent) + len(line) <= WIDTH:
        return line
    return _block("{}", members, indent)


def _array(text: str, node: Node, wanted: list[Any], indent: str) -> str:
    inner = indent + _INDENT
    if len(node.items) == len(wanted) and all(isinstance(each, dict | list) for each in wanted):
        paired = all(same(old.value, new) or _akin(old.value, new) for old, new in zip(node.items, wanted, strict=True))
        if paired:
            return _spliced(text, node, node.items, wanted, inner)
    left = list(node.items)
    items = []
    for value in wanted:
        old = next((each for each in left if same(each.value, value)), None)
        old = old or next((each for each in left if _akin(each.value, value)), None)
        if old:
            left.remove(old)
        items.append(_written(text, old, value, inner) if old else fresh(value, inner))
    line, lines = "[" + ", ".join(items) + "]", text[node.start : node.end].count("\n")
    if not lines and "\n" not in line and len(indent) + len(line) <= WIDTH:
        return line
    return _block("[]", items, indent) if lines > len(node.items) else _list(items, indent)


def _akin(one: Any, other: Any) -> bool:
    """Is the other what became of the one? Things that have an id are told by it."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return bool(one.get("id") == other.get("id")) if "id" in one else one.keys() == other.keys()


def _spliced(text: str, node: Node, old: list[Node], wanted: list[Any], indent: str) -> str:
    made, at = "", node.start
    for each, value in zip(old, wanted, strict=True):
        made += text[at : each.start] + _written(text, each, value, indent)
        at = each.end
    return made + text[at : node.end]


def _block(braces: str, parts: list[str], indent: str) -> str:
    inner = indent + _INDENT
    return f"{braces[0]}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{braces[1]}"


def _list(items: list[str], indent: str) -> str:
    """Words fill their lines; everything else has a line of its own."""
    if any(each[:1] in "{[" for each in items):
        return _block("[]", items, indent)
    return _block("[]", list(_filled(items, WIDTH - len(indent) - len(_INDENT))), indent)


def _filled(items: list[str], width: int) -> Iterator[str]:
    line = ""
    for each in items:
        longer = f"{line}, {each}" if line else each
        if line and len(longer) + 1 > width:
            yield line
            line = each
        else:
            line = longer
    if line:
        yield line


def _text(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(type(value).__name__)


def _past(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _scan(text: str, at: int) -> Node:
    """The value that begins there. The text has been read before: it is JSON."""
    match text[at]:
        case "{":
            return _scan_object(text, at)
        case "[":
            return _scan_array(text, at)
    value, end = _DECODER.raw_decode(text, at)
    return Node(at, end, value)


def _scan_object(text: str, start: int) -> Node:
    node, at = Node(start, start, {}), _past(text, start + 1)
    while text[at] != "}":
        key_at = at
        key, at = _DECODER.raw_decode(text, at)
        each = _scan(text, _past(text, _past(text, at) + 1))
        node.members[key], node.value[key] = (key_at, each), each.value
        at = _past(text, each.end)
        if text[at] == ",":
            at = _past(text, at + 1)
    node.end = at + 1
    return node


def _scan_array(text: str, start: int) -> Node:
    node, at = Node(start, start, []), _past(text, start + 1)
    while text[at] != "]":
        each = _scan(text, at)
        node.items.append(each)
        node.value.append(each.value)
        at = _past(text, each.end)
        if text[at] == ",":
            at = _past(text, at + 1)
    node.end = at + 1
    return node
