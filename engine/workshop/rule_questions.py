"""The rules of a form (x-rules) as sentences to read and as questions to answer: a closed list, no expressions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from config.sentences import Said, enumerated, said
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.forms.kinds import shape_of
from engine.workshop import typed
from engine.workshop.form_edits import Document

_NUMBERS: Final = frozenset({"by_year", "whole", "decimal"})
_TEXTS: Final = frozenset({"line", "text", "long_text", "notice_text"})

# Rule: what it is called, and what is asked for it: (part, title, shapes of field that fit; none: any).
RULES: Final[dict[str, tuple[Said, tuple[tuple[str, Said, frozenset[str]], ...]]]] = {
    "requires_when": (
        said("某些答案之下，另一栏要有某个答案"),
        (
            ("when_fields", said("看哪几栏"), frozenset()),
            ("when_in", said("其中任一栏的答案是（几个用顿号隔开；数字栏写“大于”的数）"), frozenset()),
            ("then_field", said("则这一栏"), frozenset()),
            ("then_in", said("的答案应是（几个用顿号隔开；留空的，有内容即可）"), frozenset()),
            ("message", said("不符合时告诉填表人的话"), frozenset()),
        ),
    ),
    "not_above": (
        said("一栏不大于另一栏"),
        (("field", said("这一栏"), _NUMBERS), ("other", said("不大于这一栏"), _NUMBERS)),
    ),
    "length_together": (
        said("几栏合计的字数有上限"),
        (("fields", said("这几栏"), _TEXTS), ("limit", said("合计最多（字）"), frozenset())),
    ),
    "years_before": (
        said("分年度的栏目填某年之前三年"),
        (("year", said("哪一栏写明年份"), frozenset({"year"})), ("fields", said("这几栏"), frozenset({"by_year"}))),
    ),
    "after_now": (said("时刻在今后"), (("field", said("这一栏"), frozenset({"moment"})),)),
    "not_after_today": (said("日期不晚于今天"), (("field", said("这一栏"), frozenset({"date"})),)),
    "distinct": (
        said("表格的一列不重复"),
        (("table", said("哪个表格"), frozenset({"table"})), ("column", said("哪一列"), frozenset())),
    ),
    "covers": (
        said("所选的每一项在表格中都有一行"),
        (
            ("field", said("选的是哪一栏"), frozenset({"list"})),
            ("table", said("哪个表格"), frozenset({"table"})),
            ("column", said("对应哪一列"), frozenset()),
        ),
    ),
}
SEVERAL: Final = frozenset({"fields", "when_fields"})  # parts that take more than one field
TYPED: Final = frozenset({"when_in", "then_in", "message", "limit", "column"})  # … and those that are typed


def in_words(rule: Mapping[str, Any], document: Document) -> Said:
    """What a rule asks, as a sentence with the titles of the fields."""
    titles = {name: f"“{schema.get('title', name)}”" for name, schema in document["properties"].items()}

    def called(name: Any) -> str:
        return titles.get(str(name), str(name))

    kind = rule["rule"]
    if kind == "requires_when":
        when, then = rule["when"], rule["then"]
        return said(
            "%(fields)s的答案%(test)s时，%(field)s的答案%(answer)s",
            fields=enumerated(map(called, when["fields"])),
            test=_test(when, document, when["fields"][0]),
            field=called(then["field"]),
            answer=_test(then, document, then["field"]),
        )
    if kind in ("distinct", "covers"):
        column = _column(document, rule)
        if kind == "distinct":
            return said("%(table)s的“%(column)s”不重复", table=called(rule["table"]), column=column)
        facts = {"field": called(rule["field"]), "table": called(rule["table"]), "column": column}
        return said("%(field)s的每一项在%(table)s的“%(column)s”中都有一行", **facts)
    sentences: dict[str, Callable[[], Said]] = {
        "not_above": lambda: said("%(one)s不大于%(other)s", one=called(rule["field"]), other=called(rule["other"])),
        "length_together": lambda: said(
            "%(fields)s合计不超过 %(limit)s 字", fields=enumerated(map(called, rule["fields"])), limit=rule["limit"]
        ),
        "years_before": lambda: said(
            "%(fields)s填%(year)s之前的三年", fields=enumerated(map(called, rule["fields"])), year=called(rule["year"])
        ),
        "after_now": lambda: said("%(field)s在今后", field=called(rule["field"])),
        "not_after_today": lambda: said("%(field)s不晚于今天", field=called(rule["field"])),
    }
    return sentences[kind]()


def fitting(document: Document, shapes: frozenset[str]) -> list[tuple[str, str]]:
    """The fields that a part of a rule may name: (name, title)."""
    return [
        (name, str(schema.get("title", name)))
        for name, schema in document["properties"].items()
        if not shapes or shape_of(schema) in shapes
    ]


def made(kind: str, given: Mapping[str, Sequence[str]], document: Document) -> dict[str, Any]:
    """The rule of these answers. Raises FormInvalid, naming the part that is missing."""
    if kind not in RULES:
        raise FormInvalid([Problem("kind", "choice", said("请从列表中选择一种规则"))])
    problems = []
    for part, title, _shapes in RULES[kind][1]:
        if part != "then_in" and not any(value.strip() for value in given.get(part, ())):
            problems.append(Problem(part, "required", said("请填写“%(part)s”", part=title)))
    if problems:
        raise FormInvalid(problems)
    if kind == "requires_when":
        fields, then = list(given["when_fields"]), given["then_field"][0]
        return {
            "rule": kind,
            "when": {"fields": fields, **_bound(given["when_in"][0], document, fields[0], above=True)},
            "then": {"field": then, **_bound("".join(given.get("then_in", ())), document, then, above=False)},
            "message": " ".join(given["message"][0].split()),
        }
    rule: dict[str, Any] = {"rule": kind}
    for part, _title, _shapes in RULES[kind][1]:
        rule[part] = list(given[part]) if part in SEVERAL else given[part][0].strip()
    if "limit" in rule:
        try:
            rule["limit"] = typed.whole(rule["limit"], str(said("字")), 1, 100_000)
        except typed.Wrong as error:
            raise FormInvalid([Problem("limit", error.code, error.message)]) from error
    if "column" in rule:
        rule["column"] = _named_column(document, rule)
    return rule


def _bound(text: str, document: Document, name: str, *, above: bool) -> dict[str, Any]:
    """The answers that are meant, by the words of their choices or their values; a number: more than that."""
    labels = {label: value for value, label in _labels(document, name).items()}
    number = text.strip()
    if not number:
        return {"not_in": []}
    if above and not labels and number.lstrip("-").isdecimal():
        return {"above": int(number)}
    return {"in": [labels.get(word, word) for word in typed.words(text)]}


def _labels(document: Document, name: str) -> dict[Any, str]:
    """The words of a field's choices by their values; of 是或否 as well."""
    schema = document["properties"].get(name, {})
    schema = schema["items"] if shape_of(schema) == "list" else schema
    if schema.get("$ref") == "#/$defs/yes_no":
        return {True: str(said("是")), False: str(said("否"))}
    return dict(schema.get("x-ui", {}).get("choices", {}))


def _test(test: Mapping[str, Any], document: Document, name: str) -> Said:
    if "above" in test:
        return said("大于 %(number)s", number=test["above"])
    labels, values = _labels(document, name), list(test.get("in", test.get("not_in", ())))
    if not values:
        return said("有内容")
    told = enumerated(labels.get(each, str(each)) for each in values)
    return said("是“%(values)s”", values=told) if "in" in test else said("不是“%(values)s”", values=told)


def _column(document: Document, rule: Mapping[str, Any]) -> str:
    columns = document["properties"].get(rule["table"], {}).get("items", {}).get("properties", {})
    return str(columns.get(rule["column"], {}).get("title", rule["column"]))


def _named_column(document: Document, rule: Mapping[str, Any]) -> str:
    """A column by its name or its title."""
    columns = document["properties"].get(rule["table"], {}).get("items", {}).get("properties", {})
    return next((str(name) for name, own in columns.items() if own.get("title") == rule["column"]), str(rule["column"]))
