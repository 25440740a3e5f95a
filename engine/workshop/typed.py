"""What people type for a number, a date or a list, read as a regime's file means it; a wrong unit is told by name."""

import re
from datetime import date, datetime
from typing import Any

from config.sentences import Said, said
from engine import clock, numerals

_AMOUNT = re.compile(r"\s*([-－]?[0-9０-９.．,，]*)\s*(.*?)\s*", re.DOTALL)
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?", re.ASCII)
_MOMENT = re.compile(r"(.*?)[\sT]+([0-9]{1,2})[:：]([0-9]{2})(:[0-9]{2})?(\+08:00)?", re.DOTALL)
_PARTS = re.compile(r"[、，,;；\s]+")
_SAME_UNIT = {"％": "%", "km²": "平方公里", "平方千米": "平方公里", "个工作日": "工作日", "日": "天", "月": "个月"}


class Wrong(ValueError):
    """What was typed is not what is asked for; the message says why and the way out. `code` is for machines."""

    def __init__(self, code: str, message: Said) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def amount(text: str, unit: str) -> str:
    """The numeral in what was typed, which may name the unit behind it. Raises Wrong for another unit."""
    found = _AMOUNT.fullmatch(text)
    number, given = (numerals.plain(found[1]), found[2]) if found else ("", text)
    if number and given and given != unit and _SAME_UNIT.get(given, given) != unit:
        if not unit:
            raise Wrong("number", said("应只填数字，“%(given)s”请去掉", given=given))
        raise Wrong(
            "unit",
            said("以%(unit)s计，您写的单位是“%(given)s”；请换算成%(unit)s后只填数字", unit=unit, given=given),
        )
    return number if number else text.strip()


def decimal(text: str, unit: str) -> str:
    """An exact number as the file writes it. Raises Wrong."""
    number = amount(text, unit)
    if not _DECIMAL.fullmatch(number):
        raise Wrong("number", said("应为数字（如 60 或 60.5），现为“%(text)s”", text=text.strip()))
    return number


def whole(text: str, unit: str, least: int, most: int) -> int:
    """A whole number within its bounds. Raises Wrong."""
    number = amount(text, unit)
    if not _WHOLE.fullmatch(number) or not least <= int(number) <= most:
        raise Wrong(
            "number",
            said("应为 %(least)s 至 %(most)s 的整数，现为“%(text)s”", least=least, most=most, text=text.strip()),
        )
    return int(number)


def wholes(text: str, unit: str, least: int, most: int) -> list[int]:
    """Whole numbers, one behind the other. Raises Wrong."""
    return [whole(part, unit, least, most) for part in words(text)]


def words(text: str) -> list[str]:
    """Words parted by 、 or spaces. Raises Wrong where there is none."""
    found = [part for part in _PARTS.split(text.strip()) if part]
    if not found:
        raise Wrong("required", said("至少要有一项，用顿号隔开"))
    return found


def day(text: str) -> date:
    """A day as people write it: 2025-03-12, 2025/3/12, 2025年3月12日. Raises Wrong."""
    found = _DAY.fullmatch(text.strip())
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass  # the thirtieth of February
    raise Wrong("date", said("应为存在的日期，如 2025-03-12，现为“%(text)s”", text=text.strip()))


def moment(text: str) -> datetime:
    """A day and a time in Shanghai: 2025-03-12 17:30. Raises Wrong."""
    found = _MOMENT.fullmatch(text.strip())
    if found and int(found[2]) < 24 and int(found[3]) < 60:
        on = day(found[1])
        return datetime(on.year, on.month, on.day, int(found[2]), int(found[3]), tzinfo=clock.SHANGHAI)
    raise Wrong("moment", said("应为日期和时刻，如 2025-10-31 17:30，现为“%(text)s”", text=text.strip()))


def as_text(value: Any) -> str:
    """A value of the file as a person types it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)
