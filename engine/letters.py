"""The wording of letters: subject, empty line, body, with {{blanks}} out of a short list; the same in English below."""

import re
from typing import Final

MAX_BYTES = 64 * 1024
CHINESE, ENGLISH = "zh-CN", "en"

DIVIDER = "=== English ==="  # on a line of its own; what stands below it is the English half, which a letter may lack

# Every blank there is, and what fills it. Whoever writes a letter gives what applies; the others are empty.
FIELDS: Final[dict[str, str]] = {
    "办件标题": "办件的标题",
    "办件编号": "办件的编号",
    "集群名称": "办件所说的集群",
    "批次": "所在批次的标题",
    "环节": "所说的待办；与待办无关的通知没有这一项",
    "机构": "发出通知的单位：刚办理的单位，或办理本批次的主管部门",
    "期限": "收件单位下一步办理的截止日期；提醒所说的日期",
    "意见": "刚作出的意见和逐项补正要求；批次有了结果时，名单对本办件所写的理由",
    "安排": "实地抽查的时间、地点和联系方式",
    "条款": "刚完成的环节所依据的条款；期限所依据的条款",
    "登记编号": "集群认定后的登记编号",
    "有效期": "集群认定的首日和末日",
    "认定方式": "自动认定的，写明所依条款；经评审认定的没有这一项",
    "收件人": "收到通知的人员",
    "经办": "应当办理的单位和人员；只在督促的通知中有",
    "义务": "提醒所说的事项：年度报告、申请复核、认定有效期届满、公示期结束、申报截止",
    "事项": "待办或者义务，看通知说的是哪一样",
    "对象": "事项关于什么：集群，没有时为办件或批次",
    "剩余": "离期限还有几天，或者已逾期几天",
    "暂定": "期限落在放假安排尚未公布的年份时的说明",
    "公示期": "公示的首日和末日",
    "原期限": "变更前的日期；只在日期变更的通知中有",
    "变更依据": "日期为什么变更：规则和放假通知的文号",
    "汇总": "每日汇总中的各条通知，一行一条",
    "年份": "缺少放假通知的年份；只在放假通知尚未导入的通知中有",
}

BLANK = re.compile(r"\{\{([^{}\n]*)\}\}")
TURNING = re.compile(  # no control, no change of direction
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_DIVIDING = re.compile(r"===.*===\s*")


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


def half(template: bytes, language: str = CHINESE) -> list[str] | None:
    """The lines of the letter in a language; None where it has no such half. Raises ValueError as `text`."""
    lines = text(template).split("\n")
    at = lines.index(DIVIDER) if DIVIDER in lines else len(lines)
    if language == CHINESE:
        return lines[:at]
    return lines[at + 1 :] if language == ENGLISH and at < len(lines) else None


def letter_problems(template: bytes) -> list[tuple[int | None, str]]:
    """What is wrong with a letter's file: (line, message). Empty means it may be deployed."""
    try:
        lines = text(template).split("\n")
    except ValueError as error:
        return [(None, str(error))]
    at = lines.index(DIVIDER) if DIVIDER in lines else len(lines)
    found = _shapeless(lines[:at], 1, "")
    if at < len(lines):
        found += _shapeless(lines[at + 1 :], at + 2, "英文部分的")
    for number, line in enumerate(lines, 1):
        if _DIVIDING.fullmatch(line) and number != at + 1:
            found.append((number, f"分隔行应写作 {DIVIDER}，只写一次，下面是英文"))
        for name in BLANK.findall(line):
            if name not in FIELDS:
                found.append((number, f"没有“{name}”这个空；可用的有：{'、'.join(FIELDS)}"))
        if TURNING.search(line):
            found.append((number, "含有控制字符（如制表符），请删去后重新输入"))
        if re.search("[{}]", BLANK.sub("", line)):
            found.append((number, "花括号不配对，空应写作 {{集群名称}} 的样子"))
    return found


def _shapeless(lines: list[str], first: int, whose: str) -> list[tuple[int | None, str]]:
    """What a half lacks of subject, empty line and body; its first line is number `first` of the file."""
    found: list[tuple[int | None, str]] = []
    if not lines or not lines[0].strip():
        found.append((first, f"{whose}第一行应是通知的标题"))
    if len(lines) < 2 or lines[1].strip():
        found.append((first + 1, f"{whose}标题之后应空一行，再写正文"))
    if not any(line.strip() for line in lines[2:]):
        found.append((first + 2, f"{whose}通知没有正文，请补上"))
    return found
