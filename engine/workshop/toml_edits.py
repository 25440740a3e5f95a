"""Edits of a TOML file: what is not changed keeps its bytes, its comments and its place. Alone knows tomlkit."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from config.errors import RegimeInvalid
from config.sentences import said

Path: TypeAlias = tuple[str | int, ...]  # keys, and numbers of a list's tables: ("closings", 0, "at")
Value: TypeAlias = str | bool | int | date | datetime | list[str] | list[int] | dict[str, str | bool | int]


def document(content: bytes) -> Any:
    """The file as mappings and lists that remember how they were written. Raises RegimeInvalid."""
    try:
        return tomlkit.parse(content.decode("utf-8"))
    except (UnicodeDecodeError, TOMLKitError) as error:
        raise RegimeInvalid(said("文件不是有效的 TOML，请先在“文件”中改正：%(why)s", why=error), path="") from error


def plain(content: bytes) -> dict[str, Any]:
    """The file as plain data, in the order written. Raises RegimeInvalid."""
    data: dict[str, Any] = document(content).unwrap()
    return data


def put(content: bytes, changes: Mapping[Path, Value | None], *, instead: Mapping[Path, str] | None = None) -> bytes:
    """The file with other values; None takes a key away, a new key stands at the end of its table.

    `instead` names the key whose place a new one takes: a clause stands where `basis` stood. Without changes the
    very same bytes come back. Raises RegimeInvalid.
    """
    if not changes:
        return content
    read = document(content)
    taken = {(*path[:-1], old) for path, old in (instead or {}).items() if path in changes}
    for path, value in changes.items():
        table = _at(read, path[:-1])
        key = str(path[-1])
        if value is None:
            if path not in taken and key in table:
                table.remove(key)
        elif key in table:
            table[key] = item(value)
        elif isinstance(table, InlineTable):
            _rewrite(read, path[:-1], {**table.unwrap(), key: value}, (instead or {}).get(path))
        elif (old := (instead or {}).get(path)) and old in table:
            table.value._replace(old, key, item(value))  # tomlkit has no public way to rename a key in its place
        else:
            last(table, key, item(value))
    return written(read)


def written(read: Any) -> bytes:
    """The file of a document."""
    return bytes(tomlkit.dumps(read).encode("utf-8"))


def last(table: Any, key: str, value: Any) -> None:
    """Put a new key at the end of a table, above the comments of the next one: tomlkit has no public way for that."""
    table.value._insert_after(list(table)[-1], key, value)


def list_of(tables: list[dict[str, str | bool | int]]) -> Any:
    """A list of tables in one line."""
    return tomlkit.parse(f"it = [{', '.join(_inline(table) for table in tables)}]\n")["it"]


def item(value: Value) -> Any:
    """The value as this house writes it: tables in one line with a space inside their braces."""
    if isinstance(value, dict):
        return tomlkit.parse(f"it = {_inline(value)}\n")["it"]
    return tomlkit.item(value)


def text(value: Value) -> str:
    """The value as it stands in a file."""
    return _inline(value) if isinstance(value, dict) else str(tomlkit.item(value).as_string())


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {text(value)}" for key, value in values.items()) + " }"


def _at(table: Any, path: Path) -> Any:
    for step in path:
        table = table[step]
    return table


def _rewrite(read: Any, path: Path, values: dict[str, Any], instead: str | None) -> None:
    """A table in one line has no gaps to put something in: it is written anew, and keeps the comment behind it."""
    if instead in values:
        *_, added = values
        renamed = {added if key == instead else key: value for key, value in list(values.items())[:-1]}
        values = {**renamed, added: values[added]}
    _at(read, path[:-1])[path[-1]] = item(values)
