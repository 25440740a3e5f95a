"""The columns of a table as a spreadsheet has them: headings, and answers turned into cells and back."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from config.sentences import said
from engine.clock import SHANGHAI
from engine.forms import Form
from engine.forms.kinds import Schema

DECIMALS: Final = frozenset({"decimal", "decimal_or_none", "percent"})
WHOLES: Final = frozenset({"whole", "year", "case"})
YES, NO = "是", "否"
REQUIRED = " *"
CHOICES = "choices"  # the hidden sheet of lists: one written into the validation itself may have 255 characters

_MOST_DIGITS = 15  # a spreadsheet keeps no more of a number; what stands behind them is noise of the binary fraction
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_PLAIN_FORMAT: Final = re.compile(r"General|@|[#0,]*0(?:\.[0#]+)?(?:_.)?", re.IGNORECASE)
_SCALED: Final = re.compile(r"[0#?],+(?:[^0#?]|$)|(?:[\\!]|\")\.")  # thousands or 万 shown as ones: "#,##0,", "0\.0,"


@dataclass(frozen=True)
class Column:
    """A column of the table. `heading` is its title with the unit, as the template prints it."""

    name: str
    heading: str
    kind: str
    required: bool
    schema: Schema

    @property
    def choices(self) -> dict[str, str]:
        """The words to choose from, by value; empty where anything may be written."""
        if self.kind == "yes_no":
            return {"true": YES} if self.schema.get("const") is True else {"true": YES, "false": NO}
        labels: dict[str, str] = self.schema.get("x-ui", {}).get("choices", {})
        return {value: labels[value] for value in self.schema["enum"]} if self.kind == "choice" else {}

    @property
    def names(self) -> set[str]:
        """Every heading that means this column, folded."""
        texts = [self.heading, self.schema["title"]]
        texts += [words["title"] for words in self.schema.get("x-i18n", {}).values() if "title" in words]
        return {folded(text) for text in texts}


class Unfit(Exception):
    """A cell that cannot be an answer of its column; `why` follows on “第 5 行“产值””."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def of(form: Form, field: str) -> list[Column]:
    """The columns of a table, in the form's order. Files are left out: a cell cannot hold one."""
    rows = form.field(field)["items"]
    required = rows.get("required", [])
    return [
        Column(name, _heading(schema), schema["x-kind"], name in required, schema)
        for name, schema in rows["properties"].items()
        if schema["x-kind"] != "file"
    ]


def folded(text: Any) -> str:
    """A heading without what is easily changed by accident: spaces, line ends, full and half width, the mark."""
    return re.sub(r"\s+|\*+$", "", unicodedata.normalize("NFKC", str(text))).casefold()


def to_cell(column: Column, answer: Any) -> Any:
    """The answer as a cell's value: a number, a date, or text. What cannot be read stays text, to be seen."""
    if answer is None or answer == "":
        return None
    text = str(answer).lower() if isinstance(answer, bool) else str(answer)
    try:
        if column.kind in DECIMALS | WHOLES:
            number = Decimal(text)
            return number if number.is_finite() and len(number.as_tuple().digits) <= _MOST_DIGITS else text
        if column.kind == "date":
            return date.fromisoformat(text)
        if column.kind == "moment":
            return datetime.fromisoformat(text).astimezone(SHANGHAI).replace(tzinfo=None)
    except (ValueError, ArithmeticError):
        return text
    return column.choices.get(text, text)


def from_cell(column: Column, value: Any, shown_as: str) -> Any:
    """The answer that stands in a cell, as it would be posted; `shown_as` is the cell's number format. Raises Unfit."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        exact = Decimal(value) if isinstance(value, int) else Decimal(format(value, f".{_MOST_DIGITS}g"))
        return _number(column, exact, shown_as)
    if isinstance(value, str):
        return _text(column, value)
    return _day(column, value)


def _number(column: Column, value: Decimal, shown_as: str) -> Any:
    if not value.is_finite():
        raise Unfit(said("不是确定的数字，请重新填写"))
    shape = _LITERAL.sub("", shown_as).split(";")[0]
    if column.kind in DECIMALS | WHOLES:
        if "%" in shape:
            shown = _digits(value * 100)
            raise Unfit(said("按百分比显示（%(shown)s%%），请把单元格设为常规格式，再填 %(shown)s", shown=shown))
        if _SCALED.search(shown_as):
            raise Unfit(said("显示的不是原数（原数为 %(value)s），请把单元格设为常规格式后核对", value=_digits(value)))
        return value
    if not _PLAIN_FORMAT.fullmatch(shape.strip()) or value.adjusted() >= _MOST_DIGITS:
        raise Unfit(said("应是文字，现为带格式的数字，请把单元格设为文本格式后重新填写"))
    return _digits(value)


def _text(column: Column, value: str) -> Any:
    text = re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), value)  # as xlsx writes what XML cannot
    for answer, label in column.choices.items():
        if folded(text) == folded(label):
            return answer
    return text


def _day(column: Column, value: Any) -> Any:
    moment = value if isinstance(value, datetime) else None
    if moment and column.kind == "date" and not any((moment.hour, moment.minute, moment.second)):
        return moment.date().isoformat()
    if moment and column.kind == "moment":
        # A cell counts days as a fraction: the second may be a hair off.
        return moment.replace(microsecond=0, tzinfo=SHANGHAI).isoformat()
    if column.kind == "date":
        raise Unfit(said("应是日期，不带时间，请改为 2025-09-26 的样子"))
    shown = moment.strftime("%Y-%m-%d") if moment else value
    if column.kind in DECIMALS | WHOLES:
        raise Unfit(said("应是数字，现为日期或时间（%(shown)s），请把单元格设为常规格式后重新填写", shown=shown))
    raise Unfit(said("应是文字，现为日期或时间（%(shown)s），请把单元格设为文本格式后重新填写", shown=shown))


def _heading(schema: Schema) -> str:
    unit = schema.get("x-ui", {}).get("unit")
    title: str = schema["title"]
    return f"{title}（{unit}）" if unit and unit not in title else title


def _digits(value: Decimal) -> str:
    """12.50 as 12.5, 1E+2 as 100."""
    return format(value.normalize(), "f") if value else "0"
