"""Symbols: the first look at an expression's text, so that nothing strange, deep or long ever reaches a parser."""

import keyword
import re
import unicodedata
from typing import NoReturn

from engine.errors import ExpressionInvalid

LENGTH = 2000  # characters
SYMBOLS = 400  # names, numbers, texts and signs
OPERATIONS = 100  # + - * / not if and opening brackets: nothing else makes a syntax tree deep
NESTING = 20  # brackets within brackets

_SYMBOL = re.compile(
    r"""(?P<space>[ \t\r\n]+) | (?P<text>"[^"\\]*"|'[^'\\]*') | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+(?:\.[0-9]+)?) | (?P<refused>\*\*|//|:=|<<|>>) | (?P<sign>[=!<>]=|[-+*/<>()\[\]{},:])""",
    re.VERBOSE,
)
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
_COUNTED = {"+", "-", "*", "/", "not", "if"} | _OPENING
_VALUES = {"text", "name", "number"}
_KEYWORDS = {"and", "or", "not", "in", "if", "else", "True", "False", "None"}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, also those that turn the direction of reading
_WAY_OUT = {
    ".": '不能用“.”取属性，请写 x["字段"]；小数请写全，如 0.5',
    "=": "= 是赋值，不能用；判断相等请用 ==",
    ":=": "不能用 := 赋值；请直接写出要比较的内容",
    "**": "不能用乘方 **；请用乘法",
    "//": "不能用整除 //；请用 /",
    "%": "不能用 %（取余、格式化）；百分数请直接写数字",
    "#": "不能写注释 #；说明请写在元素的文档里",
    "\\": "不能用反斜杠；请直接写出字符",
    "!": "“不等于”请用 !=，“非”请用 not",
    "&": "“并且”请用 and",
    "|": "“或者”请用 or",
    "?": "? 只能用在决策表的单元格里",
    '"': "引号没有成对，或引号内有反斜杠；请补上引号，或直接写出字符",
    "'": "引号没有成对，或引号内有反斜杠；请补上引号，或直接写出字符",
    "lambda": "不能定义函数（lambda）；请用词汇",
    "for": "不能用 for（循环、推导式）；请用 lowest、highest、total、count 等词汇",
    "is": "不能用 is；请用 == 或 !=",
    "true": "true 请写作 True",
    "false": "false 请写作 False",
    "null": "null 请写作 None",
}


def scan(text: str) -> None:
    """Let the text pass if it consists of our symbols and is neither deep nor made of too many.

    The caller has looked at LENGTH. Raises ExpressionInvalid.
    """
    at, before, spaced = 0, "", True
    symbols = operations = nesting = 0
    while at < len(text):
        found = _SYMBOL.match(text, at)
        sort, piece = (found.lastgroup or "", found.group()) if found else ("", text[at])
        if sort != "space":
            _look(sort, piece, before, spaced, at + 1)
            symbols += 1
            operations += piece in _COUNTED
            nesting += (piece in _OPENING) - (piece in _CLOSING)
            if symbols > SYMBOLS or operations > OPERATIONS or nesting > NESTING:
                bounds = f"至多 {SYMBOLS} 个词和符号、{OPERATIONS} 次运算、{NESTING} 层括号"
                refuse(f"表达式太复杂（{bounds}）；请拆成几步，或改用决策表", at + 1)
            before = sort
        spaced = sort == "space"
        at += len(piece)


def refuse(message: str, column: int, syntax: bool = False) -> NoReturn:
    """Raise ExpressionInvalid for this column, counted from 1. `syntax`: the text is no expression by itself."""
    raise ExpressionInvalid(f"第 {column} 个字符：{message}", column=column, syntax=syntax)


def _look(sort: str, piece: str, before: str, spaced: bool, column: int) -> None:
    if sort in {"", "refused"}:
        refuse(_WAY_OUT.get(piece) or _foreign(piece), column)
    if sort in _VALUES and before in _VALUES and not spaced:
        if before == "number":
            refuse("数字只能写成 60 或 60.1 的样子，后面不能紧跟字母", column)
        refuse('引号前后不能紧跟别的内容（如 f"…"）；请用空格或符号分开', column)
    if before == sort == "text":
        refuse("两段文字之间要有逗号", column)  # Python would silently join them
    if sort == "name":
        _look_at_name(piece, column)
    if sort == "text" and any(unicodedata.category(sign) in _INVISIBLE for sign in piece):
        refuse("引号内有看不见的控制字符；请删去后重新输入", column)


def _look_at_name(name: str, column: int) -> None:
    if name in _WAY_OUT:
        refuse(_WAY_OUT[name], column)
    if keyword.iskeyword(name) and name not in _KEYWORDS:
        refuse(f"不能用 {name}；表达式只能比较和计算", column)
    if name.startswith("_") or "__" in name:
        refuse(f"名称 {name} 以下划线开头或含有双下划线，不能使用；请换一个名称", column)


def _foreign(sign: str) -> str:
    if unicodedata.normalize("NFKC", sign) != sign or sign in "“”‘’【】、。《》":
        return f"“{sign}”是全角或特殊字符；请用半角的英文符号和字母"
    if sign.isidentifier() or sign.isalnum():
        return f"“{sign}”不能用在名称里；名称由英文字母、数字和下划线组成，文字要加引号"
    shown = f"“{sign}”" if sign.isprintable() else f"U+{ord(sign):04X}"
    return f"不能用符号{shown}；表达式只有比较、and、or、not、in 和 + - * /"
