"""A diagram's expressions: allowed, of names that somebody sets and numbers the regime has; timers give ISO 8601."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from lxml import etree

from config.errors import JiqunError
from engine import expressions, vocabulary, xml
from engine.errors import ExpressionInvalid
from engine.lint.findings import Report
from engine.lint.surroundings import Surroundings

# What a name may hold when a timer is tried out; one sample that gives a moment or a duration is enough.
_SAMPLES: tuple[Any, ...] = ("2026-03-02T23:59:59+08:00", "P7D", 7)
_NUMBER = r"[0-9]{1,4}"
_DURATION = re.compile(
    rf"P(?=[0-9T])(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?)"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_REPEATED = re.compile(r"R[1-9][0-9]{0,2}/(.+)", re.ASCII)
_BARE = re.compile(r"[PR][0-9A-Z/.]*", re.ASCII)  # a duration somebody forgot to quote
_QUOTED = re.compile(r"""\"[^"\\]*\"|'[^'\\]*'""")
_CALL = re.compile(r"(?<![A-Za-z0-9_.])(?!(?:and|or|not|in|if|else)\b)([A-Za-z][A-Za-z0-9_]*)\s*\(", re.ASCII)

_WAYS_OUT = {
    "timeDate": '请用 deadline("…")、working_days(…) 或带时区的 "2026-03-02T18:00:00+08:00"',
    "timeDuration": '请写成 "P7D"（七天）、"PT12H"（十二小时）',
    "timeCycle": '请写成 "R3/P7D"（每七天一次，共三次）',
}

_PLACES = {  # where expressions stand, beside timers and the items of a multi-instance task
    xml.tag("conditionExpression"): "条件",
    f"{{{xml.SPIFF}}}messagePayload": "消息内容",
}


def check(report: Report, root: etree._Element, around: Surroundings, names: set[str]) -> None:
    """Report the expressions of a diagram that cannot be answered. `names` are those the data may hold."""
    for element in root.iter(*_PLACES):
        check_text(report, element, element.text, around, names, what=_PLACES[str(element.tag)])
    for definition in root.iter(xml.tag("timerEventDefinition")):
        _check_timer(report, definition, around, names)
    for cardinality in root.iter(xml.tag("loopCardinality")):
        check_text(report, cardinality, cardinality.text, around, names, what="实例个数")


def check_text(
    report: Report,
    where: etree._Element,
    text: str | None,
    around: Surroundings,
    names: Collection[str] | None,
    *,
    what: str,
) -> bool:
    """Whether the expression may stand; what is wrong with it is reported. `names` None: any name may stand."""
    if text is None or not text.strip():
        report.error(where, "expression", f"{what}是空的；请写明表达式")
        return False
    try:
        used = expressions.check(text, words=vocabulary.WORDS)
    except ExpressionInvalid as invalid:
        unknown = [word for word in _CALL.findall(_QUOTED.sub("", text)) if word not in vocabulary.WORDS]
        report.error(where, "unknown-word" if unknown else "expression", f"{what} {text!r} 不能使用：{invalid.message}")
        return False
    if names is not None and (unset := sorted(used - set(names))):
        why = f"{what}用到的 {unset[0]} 没有任何环节写入；请在前面环节的 variables 中列出，或改用已有的名称"
        report.error(where, "unknown-name", why)
        return False
    return _known_numbers(report, where, text, around, what)


def constant(text: str | None) -> str | None:
    """The text that this expression is, whatever the data; None if it is no text in quotes."""
    found = _QUOTED.fullmatch((text or "").strip())
    return found.group()[1:-1] if found else None


def _known_numbers(report: Report, where: etree._Element, text: str, around: Surroundings, what: str) -> bool:
    """Whether the regime has every period and threshold that the expression asks for by name."""
    if around.regime is None:
        return True
    periods = {*around.regime.periods, *around.regime.limits}
    known = {"deadline": ("unknown-period", periods), "limit": ("unknown-threshold", {*around.regime.thresholds})}
    for word, asked in expressions.asked(text):
        rule, there = known.get(word, ("", {asked}))
        if asked not in there:
            why = f"{what} {text!r}：规则体系 {around.regime.name} 没有 {asked}；可用的有 {'、'.join(sorted(there))}"
            report.error(where, rule, why)
            return False
    return True


def _check_timer(report: Report, definition: etree._Element, around: Surroundings, names: set[str]) -> None:
    inner = [child for child in definition if xml.local(child) in ("timeDate", "timeDuration", "timeCycle")]
    if len(inner) != 1:
        report.error(definition, "timer", "定时器应写明一个时间：日期、时长或周期")
        return
    kind, text = xml.local(inner[0]), (inner[0].text or "").strip()
    if _BARE.fullmatch(text):
        report.error(definition, "timer", f'定时器 {text} 缺少引号，引擎会当作名称；请写成 "{text}"')
    elif check_text(report, definition, inner[0].text, around, names, what="定时器"):
        answers = list(_tried(text, around))
        if not any(_is_time(kind, answer) for answer in answers):
            got = str(answers[0]) if answers else "无法计算"
            report.error(definition, "timer", f"定时器 {text} 得不到 ISO 8601 时间（得到 {got}）；{_WAYS_OUT[kind]}")


def _tried(text: str, around: Surroundings) -> Iterator[Any]:
    """The expression's answers with each sample in the place of every name."""
    used = expressions.check(text, words=vocabulary.WORDS)
    for sample in _SAMPLES:
        try:
            yield expressions.evaluate(text, dict.fromkeys(used, sample), around.words)
        except JiqunError:
            continue


def _is_time(kind: str, answer: Any) -> bool:
    if not isinstance(answer, str):
        return False
    if kind == "timeDate":
        try:
            return datetime.fromisoformat(answer).tzinfo is not None
        except ValueError:
            return False
    if kind == "timeCycle":
        repeated = _REPEATED.fullmatch(answer)
        return repeated is not None and _DURATION.fullmatch(repeated[1]) is not None
    return _DURATION.fullmatch(answer) is not None
