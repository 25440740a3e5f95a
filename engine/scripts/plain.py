"""What passes between a case and a script: plain values, exact numbers, bounded in size, nothing else."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine import values
from engine.errors import ExpressionFailed
from engine.forms.kinds import reserved

DEPTH = 20
MEMBERS = 5000  # of all lists and maps that leave a script together
_DECIMAL = "__decimal__"
CHARACTERS = 256 * 1024  # of all its texts and numbers together


class NotPlain(ValueError):
    """A value that no case may hold; the text says why, and the way out."""


def inward(value: Any) -> Any:
    """A value of the case as a script sees it: a copy; days and moments are ISO 8601. Raises NotPlain."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if type(value) is dict:
        return {str(key): inward(member) for key, member in value.items()}
    if type(value) in (list, tuple):
        return [inward(member) for member in value]
    if type(value) in (str, bool, type(None), int, Decimal):
        return value
    if type(value) is float:
        raise NotPlain("办件里有二进制小数，不精确；请按十进制（Decimal）写入数据")
    raise NotPlain(f"办件里有脚本不能用的数据（{type(value).__name__}）")


def outward(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a script gives, once every value is known to be plain. Raises NotPlain with the variable's name."""
    room = [MEMBERS, CHARACTERS]
    found = {}
    for name, value in given.items():
        try:
            found[name] = _checked(value, 0, room)
        except NotPlain as wrong:
            raise NotPlain(f"变量 {name}：{wrong}") from wrong
    return found


def kept(value: Any) -> Any:
    """A plain value for the record, where Decimals would become texts: the key that marks them no map may have."""
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, Mapping):
        return {key: kept(member) for key, member in value.items()}
    return [kept(member) for member in value] if isinstance(value, list) else value


def restored(value: Any) -> Any:
    """The value that `kept` made ready for the record."""
    if isinstance(value, dict):
        if value.keys() == {_DECIMAL}:
            return Decimal(value[_DECIMAL])
        return {key: restored(member) for key, member in value.items()}
    return [restored(member) for member in value] if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same kinds throughout: 1, True and Decimal("1.0") differ, as their texts do."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return str(one) == str(other) if isinstance(one, Decimal) else bool(one == other)


def _checked(value: Any, depth: int, room: list[int]) -> Any:
    room[0] -= 1
    if room[0] < 0 or depth > DEPTH:
        raise NotPlain(f"内容太多或嵌套太深（合计至多 {MEMBERS} 项、{DEPTH} 层）；请先汇总")
    if value is None or type(value) is bool:
        return value
    if type(value) in (int, Decimal):
        try:
            return values.number(value)
        except ExpressionFailed as failed:
            raise NotPlain(failed.message) from failed
    if type(value) is str:
        return _text(value, room)
    if type(value) in (list, tuple):
        return [_checked(member, depth + 1, room) for member in value]
    if type(value) is dict:
        return {_key(key, room): _checked(member, depth + 1, room) for key, member in value.items()}
    if type(value) is float:
        raise NotPlain('得出了二进制小数，不精确；请用 Decimal("…") 计算')
    raise NotPlain(f"只能是数字、文字、是否值、空值、列表和对照表，不能是 {type(value).__name__}")


def _text(value: str, room: list[int]) -> str:
    room[1] -= len(value)
    if room[1] < 0:
        raise NotPlain(f"文字太长（合计至多 {CHARACTERS} 字）；请缩短")
    if not value.isascii() and any("\ud800" <= mark <= "\udfff" for mark in value):
        raise NotPlain("文字里有不成对的代理字符，不能保存")
    if "\0" in value:
        raise NotPlain("文字里有空字符，不能保存")
    return value


def _key(key: Any, room: list[int]) -> str:
    if type(key) is not str or reserved(key):
        raise NotPlain(f"对照表的键 {str(key)[:40]!r} 不能用；请用没有保留的文字")
    return _text(key, room)
