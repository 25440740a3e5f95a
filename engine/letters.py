"""The wording of letters: subject, empty line, body, with {{blanks}} out of a short list."""

import re
from typing import Final

MAX_BYTES = 64 * 1024

# Every blank there is, and what fills it. The outbox gives all of them with every letter; what does not apply is empty.
FIELDS: Final[dict[str, str]] = {
    "办件标题": "办件的标题",
    "办件编号": "办件的编号",
    "集群名称": "办件所说的集群",
    "批次": "所在批次的标题",
    "环节": "催办的待办；其他通知没有这一项",
    "机构": "发出通知的单位：刚办理的单位，或办理本批次的主管部门",
    "期限": "收件单位下一步办理的截止日期",
    "意见": "刚作出的意见和逐项补正要求；批次有了结果时，名单对本办件所写的理由",
    "安排": "实地抽查的时间、地点和联系方式",
    "条款": "刚完成的环节所依据的条款",
    "登记编号": "集群认定后的登记编号",
    "有效期": "集群认定的首日和末日",
    "认定方式": "自动认定的，写明所依条款；经评审认定的没有这一项",
}

BLANK = re.compile(r"\{\{([^{}\n]*)\}\}")


def blanks(template: bytes) -> set[str]:
    """The names between {{ and }}. Raises ValueError for a file that is no letter."""
    return set(BLANK.findall(text(template)))


def text(template: bytes) -> str:
    """The file's text with lines ended by LF. Raises ValueError where it is not UTF-8 or too long."""
    if len(template) > MAX_BYTES:
        raise ValueError(f"通知文件超过 {MAX_BYTES // 1024} KB，请精简")
    try:
        return template.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError("通知文件不是 UTF-8 编码，请另存为 UTF-8") from error


def letter_problems(template: bytes) -> list[tuple[int | None, str]]:
    """What is wrong with a letter's file: (line, message). Empty means it may be deployed."""
    try:
        lines = text(template).split("\n")
    except ValueError as error:
        return [(None, str(error))]
    found: list[tuple[int | None, str]] = []
    if not lines[0].strip():
        found.append((1, "第一行应是通知的标题"))
    if len(lines) < 2 or lines[1].strip():
        found.append((2, "标题之后应空一行，再写正文"))
    if not any(line.strip() for line in lines[2:]):
        found.append((3, "通知没有正文，请补上"))
    for number, line in enumerate(lines, 1):
        for name in BLANK.findall(line):
            if name not in FIELDS:
                found.append((number, f"没有“{name}”这个空；可用的有：{'、'.join(FIELDS)}"))
        if re.search("[{}]", BLANK.sub("", line)):
            found.append((number, "花括号不配对，空应写作 {{集群名称}} 的样子"))
    return found
