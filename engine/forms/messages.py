"""The Chinese sentences for what is wrong with an answer: the thing, and the way out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from engine.forms.kinds import Schema, places

TOO_LARGE = "填报内容超过 1 MB 或条目过多，请精简文字，大段材料请作为佐证文件上传"
TOO_DEEP = "填报内容嵌套过深，请按表单的字段逐项填写"
NOT_AN_OBJECT = "填报内容应是“字段：答案”的对象"
NOT_A_NUMBER = "应填确定的数字，例如 12.50"
UNPRINTABLE = "含有不可显示的控制字符，请删去后重新输入"

_TEXTS = {"line", "text", "long_text", "notice_text"}


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


def reserved(key: Any) -> str:
    """For a key that no form may have."""
    return f"“{shown(key)}”是系统保留的名称，请去掉后再提交"


def unknown(key: Any) -> str:
    """For a key that this form does not have."""
    return f"本表没有“{shown(key)}”这一栏，请去掉后再提交"


def hidden(label: str) -> str:
    """For an answer to a question that was not asked."""
    return f"按其他栏目的选择，{label}不需要填写，请清空后再提交"


def explain(rule: str, error: ValidationError, steps: Sequence[Any], fields: Mapping[str, Schema]) -> tuple[str, str]:
    """Code and sentence for a rule that the answer at `steps` breaks."""
    label, schema = _place(steps, fields)
    value: Any = error.instance
    bound: Any = error.validator_value
    if rule in ("required", "minLength") or value == "":
        return "required", _asked(label, schema)
    if rule == "unknown_field":
        return rule, unknown(steps[-1])
    if rule == "format":
        return _format(label, str(bound), value)
    if rule == "pattern":
        rule = schema.get("x-kind", rule)
    if rule == "minItems" and not value:
        return "required", f"请填写{label}，至少 {bound} 项"
    if rule not in _SENTENCES:
        return "type", _type(label, schema)
    size = len(value) if isinstance(value, str | list) else 0
    over = size - bound if rule == "maxLength" else 0
    code, sentence = _SENTENCES[rule]
    choices = "、".join(schema.get("x-ui", {}).get("choices", {}).values())
    return code, sentence.format(label=label, bound=bound, value=shown(value), size=size, over=over, choices=choices)


# Rule of the schema, or kind of a broken pattern: code and sentence.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "wrong_year": ("wrong_year", "{label}的年度有误，请只填规定的年度，写成 2024 这样的四位数字"),
    "maxProperties": ("wrong_year", "{label}的年度多于 {bound} 个，请只填规定的年度"),
    "maxLength": ("too_long", "{label}不得超过 {bound} 字，现有 {size} 字，请删去 {over} 字"),
    "minimum": ("minimum", "{label}不得小于 {bound}，现为 {value}，请核对"),
    "maximum": ("maximum", "{label}不得大于 {bound}，现为 {value}，请核对"),
    "enum": ("choice", "{label}请从这些选项中选择：{choices}"),
    "const": ("required", "请勾选{label}后再提交"),
    "cluster_name": ("cluster_name", "{label}应写成“中小企业特色产业集群（XX产业）”的样子，括号用全角"),
    "file": ("file", "{label}应是上传后得到的文件编号，请先上传文件"),
    "minItems": ("too_few", "{label}至少要有 {bound} 项，现有 {size} 项，请补充"),
    "maxItems": ("too_many", "{label}最多 {bound} 项，现有 {size} 项，请删减"),
    "uniqueItems": ("duplicate", "{label}里有重复的项，请只留一个"),
}


def _place(steps: Sequence[Any], fields: Mapping[str, Schema]) -> tuple[str, Schema]:
    """What the person sees at this place: “企业发展情况表”第 4 行“企业名称”; and its schema."""
    label = ""
    schema: Schema = {"properties": fields}
    for step in steps:
        if isinstance(step, int):
            schema = schema.get("items", {})
            label += f"第 {step + 1} {'行' if 'properties' in schema else '项'}"
        elif step in schema.get("properties", {}):
            schema = schema["properties"][step]
            label += f"“{schema['title']}”"
        elif isinstance(schema.get("additionalProperties"), Mapping):
            schema = schema["additionalProperties"]
            label += f"{shown(step)} 年"
        else:
            return label or f"“{shown(step)}”", {}
    return label, schema


def _asked(label: str, schema: Schema) -> str:
    kind = schema.get("x-kind")
    if kind in _TEXTS:
        return f"请填写{label}，无相关情况时填“无”"
    return f"请选择{label}" if kind in ("choice", "yes_no") else f"请填写{label}"


def _format(label: str, name: str, value: Any) -> tuple[str, str]:
    if name == "one-line":
        return "one_line", f"{label}只能填一行，请去掉换行"
    if name == "date":
        return "date", f"{label}应写成 2025-09-26 的样子，且确有这一天"
    if name == "date-time":
        return "moment", f"{label}应写成 2025-09-26T17:30:00+08:00 的样子，带时区"
    if isinstance(value, Decimal):
        return "decimals", f"{label}最多保留小数点后 2 位，现有 {places(value)} 位，请修改（系统不作四舍五入）"
    nothing = "；无相关情况时填“无”" if name.endswith("none") else ""
    return "not_a_number", f"{label}应填数字，不带单位和逗号，例如 12.50{nothing}"


def _type(label: str, schema: Schema) -> str:
    kind = schema.get("x-kind")
    if kind in ("whole", "case", "year"):
        return f"{label}应填整数"
    if kind == "yes_no":
        return f"{label}请选择“是”或“否”"
    if kind in ("decimal", "decimal_or_none", "percent"):
        return f"{label}应填数字，不带单位和逗号，例如 12.50"
    if schema.get("type") == "array":
        return f"{label}应是逐项的列表"
    return f"{label}应是分栏的内容" if schema.get("type") == "object" else f"{label}应填文字"
