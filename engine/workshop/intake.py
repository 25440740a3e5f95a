"""Intake (收文件): what a draft takes in, file by file; the rest is refused with element, reason and the way out.

A draft may hold what the check will not let through, for one works on it; it may not hold what harms whoever looks.
"""

import json
import re
import tomllib
from typing import Final, NoReturn

from config.sentences import said
from engine import letters, xml
from engine.errors import IntakeRefused, XmlRefused

MAX_BYTES: Final = 2 * 1024 * 1024  # of one file
MAX_DEPTH: Final = 64  # of JSON
MAX_ELEMENTS: Final = 9_999  # of a diagram or a table; the engine could do with more, the editor's page could not
_NAME = re.compile(
    r"[a-z][a-z0-9_]{0,63}\.(bpmn|dmn)|forms/[a-z][a-z0-9_]{0,63}\.json|letters/[a-z][a-z0-9_]{0,63}\.txt"
    r"|examples/[a-z][a-z0-9_]{0,63}\.json|regime\.toml|clauses\.toml",
    re.ASCII,
)


def takes(path: str) -> bool:
    """Is this the name of a file that a bundle may have?"""
    return _NAME.fullmatch(path) is not None


def require(path: str, content: bytes) -> None:
    """Nothing, if a draft may hold this file. Raises IntakeRefused with file, line, element, rule and why."""
    if not takes(path):
        _refuse(
            path[:100],
            "unknown-file",
            said(
                "文件名应为小写英文字母、数字和下划线，放在流程包的相应位置（如 forms/名称.json）；请改名后再存",
            ),
        )
    if len(content) > MAX_BYTES:
        raise too_large(path, len(content))
    if path.endswith((".bpmn", ".dmn")):
        _require_xml(path, content)
    else:
        _require_text(path, content)


def too_large(path: str, size: int) -> IntakeRefused:
    """The refusal of a file of this many bytes."""
    why = said("文件有 %(size)s 字节，上限为 %(most)s；请拆分或精简", size=size, most=MAX_BYTES)
    return _refusal(path[:100], "too-large", why)


def _require_xml(path: str, content: bytes) -> None:
    try:
        root = xml.admitted(path, content)
    except XmlRefused as refused:
        raise IntakeRefused(refused.message, **refused.facts) from refused
    for count, element in enumerate(root.iter(), 1):
        if count > MAX_ELEMENTS:
            why = said("元素超过 %(most)s 个；请拆成几个流程，用调用活动连接", most=MAX_ELEMENTS)
            _refuse(path, "too-large", why, line=xml.line(element), element=xml.nearest_id(element))


def _require_text(path: str, content: bytes) -> None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(path, "encoding", said("内容不是 UTF-8 文本；请另存为 UTF-8"), line=line)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        _refuse(path, "encoding", said("含有空字符（NUL）；请删去后重新保存"), line=line)
    if path.endswith(".json"):
        _require_json(path, text)
    elif path.endswith(".toml"):
        try:
            tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            _refuse(path, "unreadable-toml", said("不是完整的 TOML：%(why)s；请改正后再存", why=error))
    elif path.startswith("letters/") and len(content) > letters.MAX_BYTES:
        most = letters.MAX_BYTES // 1024
        _refuse(path, "too-large", said("通知文件超过 %(most)s KB，请精简", most=most))


def _require_json(path: str, text: str) -> None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(
            path, "unreadable-json", said("不是完整的 JSON：%(why)s；请改正后再存", why=error.msg), line=error.lineno
        )
    except (RecursionError, ValueError):  # a number of more digits than Python reads
        _refuse(path, "too-large", said("JSON 的嵌套过深或数字过长；请改正后再存"))
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            _refuse(path, "too-large", said("JSON 的嵌套过深或数字过长；请改正后再存"))
        level = [part for each in level for part in _parts(each)]


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(path: str, rule: str, why: str, *, line: int | None = None, element: str = "") -> NoReturn:
    raise _refusal(path, rule, why, line=line, element=element)


def _refusal(path: str, rule: str, why: str, *, line: int | None = None, element: str = "") -> IntakeRefused:
    place = said("%(file)s 第 %(line)s 行", file=path, line=line) if line else path
    told = said("%(place)s：%(why)s", place=place, why=why)
    return IntakeRefused(told, file=path, line=line, element=element, rule=rule, why=why)
