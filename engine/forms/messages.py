"""The Chinese sentences for what is wrong with an answer: the thing, and the way out."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from jsonschema.exceptions import ValidationError

from config.sentences import Said, Title, enumerated, said
from engine.forms.kinds import NOTHING, Schema, places

TOO_LARGE = said("填报内容超过 1 MB 或条目过多，请精简文字，大段材料请作为佐证文件上传")
TOO_DEEP = said("填报内容嵌套过深，请按表单的字段逐项填写")
NOT_AN_OBJECT = said("填报内容应是“字段：答案”的对象")
NOT_A_NUMBER = said("应填确定的数字，例如 12.50")
UNPRINTABLE = said("含有不可显示的控制字符，请删去后重新输入")

_UNIT = re.compile(r".*[（(]([^（()）]{1,20})[)）]")  # the last brackets of a title: 产值（亿元）第一年
_WITH_UNIT = re.compile(r"[-－]?[0-9０-９][0-9０-９.．,，]*\s*[^0-9０-９.．,，\s][^0-9０-９]*")  # 30亿, 1,200 万元
_NUMBERS = {"decimal", "decimal_or_none", "percent", "whole"}
_TEXTS = {"line", "text", "long_text", "notice_text"}
_CLUSTER_NAME = "中小企业特色产业集群（XX产业）"  # as the forms of the ministry print it, in every language


def path(parent: str, key: Any) -> str:
    """The path of a named part: "output" and "2024" give "output.2024". Strange keys are cut, they are echoed."""
    name = shown(key, 64)
    return f"{parent}.{name}" if parent else name


def joined(steps: Sequence[Any]) -> str:
    """The path of a validator's steps: ["enterprises", 3, "name"] gives "enterprises[3].name"."""
    result = ""
    for step in steps:
        result = f"{result}[{step}]" if isinstance(step, int) else path(result, step)
    return result


def shown(value: Any, length: int = 20) -> str:
    """The value as a message may repeat it: short, and without characters that would break the line."""
    text = "".join(character if character.isprintable() else "?" for character in str(value)[: length + 1])
    return text if len(text) <= length else text[:length] + "…"


def reserved(key: Any) -> Said:
    """For a key that no form may have."""
    return said("“%(name)s”是系统保留的名称，请去掉后再提交", name=shown(key))


def unknown(key: Any) -> Said:
    """For a key that this form does not have."""
    return said("本表没有“%(name)s”这一栏，请去掉后再提交", name=shown(key))


def hidden(label: str) -> Said:
    """For an answer to a question that was not asked."""
    return said("按其他栏目的选择，%(label)s不需要填写，请清空后再提交", label=label)


def title_of(schema: Schema) -> Title:
    """The title of a field, in every language that the form has it in."""
    titles = {language: words["title"] for language, words in schema.get("x-i18n", {}).items() if "title" in words}
    return Title(schema["title"], titles)


def choices(schema: Schema) -> dict[str, Title]:
    """The words of a choice by value, in their order, in every language that the form has them in."""
    own: Mapping[str, str] = schema.get("x-ui", {}).get("choices", {})
    others = {language: words.get("choices", {}) for language, words in schema.get("x-i18n", {}).items()}
    return {
        value: Title(word, {language: words[value] for language, words in others.items() if value in words})
        for value, word in own.items()
    }


def label_of(schema: Schema) -> Said:
    """What people call a field: its title in quotation marks."""
    return said("“%(title)s”", title=title_of(schema))


def row_of(table: str, number: int) -> Said:
    """What people call a row of a table; `number` counts from 1."""
    return said("%(table)s第 %(row)s 行", table=table, row=number)


def column_of(place: str, schema: Schema) -> Said:
    """What people call a cell of a row, or a part of a group."""
    return said("%(place)s“%(title)s”", place=place, title=title_of(schema))


def explain(rule: str, error: ValidationError, steps: Sequence[Any], fields: Mapping[str, Schema]) -> tuple[str, Said]:
    """Code and sentence for a rule that the answer at `steps` breaks."""
    label, schema = _place(steps, fields)
    value: Any = error.instance
    bound: Any = error.validator_value
    if rule in ("required", "minLength") or value == "":
        return "required", _asked(label, schema)
    if rule == "unknown_field":
        return rule, unknown(steps[-1])
    if rule == "format":
        return _with_unit(label, value, _unit(steps, fields)) or _format(label, str(bound), value)
    if rule == "pattern":
        rule = schema.get("x-kind", rule)
    if rule == "minItems" and not value:
        return "required", said("请填写%(label)s，至少 %(least)s 项", label=label, least=bound)
    if rule in ("minimum", "maximum", "maxLength", "minItems", "maxItems", "maxProperties"):
        return _bound(rule, label, bound, value)
    return _with_unit(label, value, _unit(steps, fields)) or _other(rule, label, schema)


def _bound(rule: str, label: str, bound: Any, value: Any) -> tuple[str, Said]:
    """For too much or too little of something."""
    if rule == "minimum":
        return rule, said(
            "%(label)s不得小于 %(bound)s，现为 %(value)s，请核对", label=label, bound=bound, value=shown(value)
        )
    if rule == "maximum":
        return rule, said(
            "%(label)s不得大于 %(bound)s，现为 %(value)s，请核对", label=label, bound=bound, value=shown(value)
        )
    if rule == "maxProperties":
        return "wrong_year", said("%(label)s的年度多于 %(most)s 个，请只填规定的年度", label=label, most=bound)
    size = len(value)
    if rule == "maxLength":
        return "too_long", said(
            "%(label)s不得超过 %(most)s 字，现有 %(size)s 字，请删去 %(over)s 字",
            label=label,
            most=bound,
            size=size,
            over=size - bound,
        )
    if rule == "minItems":
        return "too_few", said(
            "%(label)s至少要有 %(least)s 项，现有 %(size)s 项，请补充", label=label, least=bound, size=size
        )
    return "too_many", said("%(label)s最多 %(most)s 项，现有 %(size)s 项，请删减", label=label, most=bound, size=size)


def _other(rule: str, label: str, schema: Schema) -> tuple[str, Said]:
    """For a rule of the schema, or the kind of a broken pattern."""
    code = {"enum": "choice", "const": "required", "uniqueItems": "duplicate"}.get(rule, rule)
    match rule:
        case "wrong_year":
            message = said("%(label)s的年度有误，请只填规定的年度，写成 2024 这样的四位数字", label=label)
        case "enum":
            words = enumerated(choices(schema).values())
            message = said("%(label)s请从这些选项中选择：%(choices)s", label=label, choices=words)
        case "const":
            message = said("请勾选%(label)s后再提交", label=label)
        case "cluster_name":
            message = said("%(label)s应写成“%(example)s”的样子，括号用全角", label=label, example=_CLUSTER_NAME)
        case "file":
            message = said("%(label)s应是上传后得到的文件编号，请先上传文件", label=label)
        case "uniqueItems":
            message = said("%(label)s里有重复的项，请只留一个", label=label)
        case _:
            code, message = "type", _type(label, schema)
    return code, message


def _place(steps: Sequence[Any], fields: Mapping[str, Schema]) -> tuple[str, Schema]:
    """What the person sees at this place: “企业发展情况表”第 4 行“企业名称”; and its schema."""
    label = ""
    schema: Schema = {"properties": fields}
    for step in steps:
        if isinstance(step, int):
            schema = schema.get("items", {})
            if "properties" in schema:
                label = row_of(label, step + 1)
            else:
                label = said("%(list)s第 %(item)s 项", list=label, item=step + 1)
        elif step in schema.get("properties", {}):
            schema = schema["properties"][step]
            label = column_of(label, schema) if label else label_of(schema)
        elif isinstance(schema.get("additionalProperties"), Mapping):
            schema = schema["additionalProperties"]
            label = said("%(field)s%(year)s 年", field=label, year=shown(step))
        else:
            return label or said("“%(title)s”", title=shown(step)), {}
    return label, schema


def _unit(steps: Sequence[Any], fields: Mapping[str, Schema]) -> Title | None:
    """The unit in which the number at this place is asked for, in the languages of its title; None: none is named."""
    schema: Schema = {"properties": fields}
    unit = None
    for step in steps:
        inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        schema = inner or schema.get("additionalProperties") or {}
        if "title" in schema and (found := _UNIT.match(title := title_of(schema))):
            others = {language: part[1] for language, other in title.others.items() if (part := _UNIT.match(other))}
            unit = Title(found[1], others)
    return unit if schema.get("x-kind") in _NUMBERS else None


def _asked(label: str, schema: Schema) -> Said:
    kind = schema.get("x-kind")
    if kind in _TEXTS:
        return said("请填写%(label)s，无相关情况时填“%(nothing)s”", label=label, nothing=NOTHING)
    return (
        said("请选择%(label)s", label=label) if kind in ("choice", "yes_no") else said("请填写%(label)s", label=label)
    )


def _with_unit(label: str, value: Any, unit: Title | None) -> tuple[str, Said] | None:
    """For a number with a unit written behind it, where one is asked for in a unit of its own."""
    if unit is None or not isinstance(value, str) or not _WITH_UNIT.fullmatch(value):
        return None
    return "not_a_number", said(
        "%(label)s只填数字，不写单位；本栏以%(unit)s计，现为“%(value)s”，请换算后填写",
        label=label,
        unit=unit,
        value=shown(value),
    )


def _format(label: str, name: str, value: Any) -> tuple[str, Said]:
    if name == "one-line":
        return "one_line", said("%(label)s只能填一行，请去掉换行", label=label)
    if name == "date":
        return "date", said("%(label)s应写成 2025-09-26 的样子，且确有这一天", label=label)
    if name == "date-time":
        return "moment", said("%(label)s应写成 2025-09-26T17:30:00+08:00 的样子，带时区", label=label)
    if isinstance(value, Decimal):
        return "decimals", said(
            "%(label)s最多保留小数点后 2 位，现有 %(places)s 位，请修改（系统不作四舍五入）",
            label=label,
            places=places(value),
        )
    if name.endswith("none"):
        return "not_a_number", said(
            "%(label)s应填数字，不带单位和逗号，例如 12.50；无相关情况时填“%(nothing)s”", label=label, nothing=NOTHING
        )
    return "not_a_number", said("%(label)s应填数字，不带单位和逗号，例如 12.50", label=label)


def _type(label: str, schema: Schema) -> Said:
    kind = schema.get("x-kind")
    if kind in ("whole", "case", "year"):
        return said("%(label)s应填整数", label=label)
    if kind == "yes_no":
        return said("%(label)s请选择“是”或“否”", label=label)
    if kind in ("decimal", "decimal_or_none", "percent"):
        return said("%(label)s应填数字，不带单位和逗号，例如 12.50", label=label)
    if schema.get("type") == "array":
        return said("%(label)s应是逐项的列表", label=label)
    if schema.get("type") == "object":
        return said("%(label)s应是分栏的内容", label=label)
    return said("%(label)s应填文字", label=label)
