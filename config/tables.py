"""A TOML table read key by key: what is unknown, missing or of the wrong kind is refused with its path."""

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NoReturn

from config.errors import RegimeInvalid

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)


def among(name: str, known: Collection[str]) -> str:
    """The end of a refusal: which name was perhaps meant, and all that there are."""
    near = get_close_matches(name, known, 1)
    return f"{f'，是否想写 {near[0]}？' if near else '；'}可用的有 {'、'.join(known)}"


class Table:
    """A TOML table whose keys are among `known`. `path` is how a message names it: `regime.toml: limits.decision`."""

    def __init__(self, values: Any, path: str, known: Collection[str]) -> None:
        if not isinstance(values, Mapping):
            raise RegimeInvalid(f"{path} 应为一个表，现为 {values!r}", path=path)
        self.path = path
        self._values = values
        for key in values:
            if key not in known:
                self._refuse(key, f"不是可用的项{among(key, known)}")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            self._refuse(key, f"应为非空文字，现为 {value!r}")
        return str(value)

    def choice(self, key: str, among: Collection[str]) -> str:
        value = self._get(key)
        if value not in among:
            self._refuse(key, f"应为 {'、'.join(among)} 之一，现为 {value!r}")
        return str(value)

    def whole(self, key: str, least: int, most: int) -> int:
        return self._whole(key, self._get(key), least, most)

    def wholes(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """A list of different whole numbers, in the order written."""
        values = [self._whole(key, value, least, most) for value in self._list(key)]
        if len(set(values)) != len(values):
            self._refuse(key, f"有重复的数：{values}")
        return tuple(values)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(key)
        for value in values:
            if not isinstance(value, str) or not value.strip():
                self._refuse(key, f"应为文字的列表，现有 {value!r}")
        return tuple(values)

    def decimal(self, key: str) -> Decimal:
        """An exact number. It is written as a string: TOML's own fractions are binary."""
        value = self._get(key)
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            self._refuse(key, f'应为写成字符串的十进制数（如 "60.1"），现为 {value!r}')
        return Decimal(value)

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            self._refuse(key, f"应为 true 或 false，现为 {value!r}")
        return bool(value)

    def day(self, key: str) -> date:
        value = self._get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self._refuse(key, f"应为不加引号的日期（如 2025-03-04），现为 {value!r}")
        found: date = value
        return found

    def moment(self, key: str) -> datetime:
        value = self._get(key)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self._refuse(key, f"应为带时区、不加引号的时刻（如 2022-10-14T17:30:00+08:00），现为 {value!r}")
        found: datetime = value
        return found

    def table(self, key: str, known: Collection[str]) -> "Table":
        return Table(self._get(key), self._at(key), known)

    def tables(self, key: str, known: Collection[str]) -> dict[str, "Table"]:
        """The named tables under `key`, in the order written. The names are the file's own: snake_case."""
        return {name: inner.table(name, known) for inner in [self._named(key)] for name in inner._values}

    def texts(self, key: str) -> dict[str, str]:
        """The named texts under `key`, in the order written."""
        return {name: inner.text(name) for inner in [self._named(key)] for name in inner._values}

    def array(self, key: str, known: Collection[str]) -> list["Table"]:
        """The list of tables under `key`."""
        return [Table(item, f"{self._at(key)}[{at}]", known) for at, item in enumerate(self._list(key), 1)]

    def _named(self, key: str) -> "Table":
        values = self._get(key)
        for name in values if isinstance(values, Mapping) else ():
            if not _NAME.fullmatch(name):
                self._refuse(key, f"中的名称 {name!r} 应为小写英文，词间用下划线")
        return Table(values, self._at(key), list(values) if isinstance(values, Mapping) else ())

    def _whole(self, key: str, value: Any, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self._refuse(key, f"应为 {least} 至 {most} 的整数，现为 {value!r}")
        return int(value)

    def _list(self, key: str) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list) or not value:
            self._refuse(key, f"应为非空列表，现为 {value!r}")
        return list(value)

    def _get(self, key: str) -> Any:
        if key not in self._values:
            self._refuse(key, "缺失")
        return self._values[key]

    def _at(self, key: str) -> str:
        return f"{self.path}{'.' if ': ' in self.path else ': '}{key}"

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raises RegimeInvalid, which names the key: for what only the reader of this file can tell."""
        self._refuse(key, why)

    def _refuse(self, key: str, why: str) -> NoReturn:
        raise RegimeInvalid(f"{self._at(key)} {why}", path=self._at(key))


def clause(table: Table) -> str | None:
    """The text's clause, or None where `basis = "setting"` says that the bureau decided. One of both must be there."""
    if ("clause" in table) == ("basis" in table):
        raise RegimeInvalid(
            f'{table.path} 应写明条款 clause，或写 basis = "setting"（本局设置），二者择一', path=table.path
        )
    if "clause" in table:
        return table.text("clause")
    table.choice("basis", ("setting",))
    return None


def read(content: bytes | str, name: str, known: Collection[str]) -> Table:
    """The file's top table. Raises RegimeInvalid with the line where it is no TOML."""
    try:
        return Table(tomllib.loads(content if isinstance(content, str) else content.decode("utf-8")), name, known)
    except UnicodeDecodeError as error:
        raise RegimeInvalid(f"{name} 不是 UTF-8 文本", path=name) from error
    except tomllib.TOMLDecodeError as error:
        raise RegimeInvalid(f"{name} 不是有效的 TOML：{error}", path=name) from error
