"""The profile: which part of JSON Schema 2020-12 a form file may use, and what is wrong with a file."""

import json
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from engine.forms import rules as form_rules
from engine.forms import scores
from engine.forms.kinds import KINDS, NARROWING, are_words, kind_of, reserved

Schema: TypeAlias = Mapping[str, Any]
Finding: TypeAlias = tuple[str, str]  # JSON pointer into the file, message

MAX_BYTES = 512 * 1024
MAX_FIELDS = 400
MAX_ROWS = 1000  # of a table
MAX_ITEMS = 200  # of a list of single answers: whether they are unique costs the square
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ROOT = {"$schema", "title", "description", "type", "additionalProperties", "required", "properties", "$defs"}
_ROOT_WORDS = {"x-ui", "x-rules", "x-i18n"}
_ABOUT = {"title", "description", "x-ui", "x-i18n"}  # what every field may say of itself
_TOP = {"x-show-when", "x-fact"}  # … and only a field of the first level
_ROOT_UI = {"sections", "notes"}
_FIELD_UI = {"widget", "width", "unit", "choices", "form", "beside"}
_WIDGETS = {"radio", "select", "textarea", "table", "matrix", "cases", "members", "photos", "field_of"}
_WIDTHS = {"short", "half", "full"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def read(content: bytes) -> dict[str, Any]:
    """The file as data, fractions as exact decimals. Raises ValueError with the reason in Chinese."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"表单文件超过 {MAX_BYTES // 1024} KB，请拆分或精简")
    try:
        document = json.loads(
            content.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except UnicodeDecodeError as error:
        raise ValueError("表单文件不是 UTF-8 编码，请另存为 UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"表单文件第 {error.lineno} 行第 {error.colno} 列不是合法的 JSON：{error.msg}") from error
    except RecursionError as error:
        raise ValueError("表单文件嵌套过深，请改为“表单—字段—表格列”三层") from error
    if not isinstance(document, dict):
        raise ValueError("表单文件的最外层应是一个对象")
    return document


def problems(content: bytes) -> list[Finding]:
    """Where the file leaves the profile: (JSON pointer, what is wrong and the way out). Empty: it may be deployed."""
    try:
        document = read(content)
    except ValueError as error:
        return [("", str(error))]
    found = list(_shape(document))
    if not found:  # the cross-references are worth a look only when every part is what it should be
        found = [*_sections(document), *scores.problems(document), *form_rules.problems(document)]
    if not found:
        try:
            Draft202012Validator.check_schema(document)
        except SchemaError as error:  # a last net: nothing of the profile is expected to arrive here
            found.append((error.json_path, f"不是合法的 JSON Schema：{error.message}"))
    return found


def _shape(document: Schema) -> Iterator[Finding]:
    yield from _keys("", document, _ROOT | _ROOT_WORDS)
    for key, wanted in (("$schema", DIALECT), ("type", "object"), ("additionalProperties", False)):
        if document.get(key) != wanted:
            yield f"/{key}", f"“{key}”应写作 {json.dumps(wanted)}"
    yield from _about("", document, _ROOT_UI)
    fields = document.get("properties")
    if not isinstance(fields, dict) or not fields:
        yield "/properties", "表单至少要有一个字段"
        return
    if len(fields) > MAX_FIELDS:
        yield "/properties", f"字段超过 {MAX_FIELDS} 个，请拆成几张表"
    used: set[str] = set()
    for name, schema in fields.items():
        yield from _name(f"/properties/{name}", name)
        yield from _field(f"/properties/{name}", schema, used)
    yield from _required("/required", document)
    definitions = document.get("$defs", {})
    for kind in sorted(used & KINDS.keys()):
        if not isinstance(definitions, dict) or definitions.get(kind) != KINDS[kind]:
            yield (
                f"/$defs/{kind}",
                f"类型“{kind}”应照系统的定义原样写入 $defs：{json.dumps(KINDS[kind], ensure_ascii=False)}",
            )
    for kind in sorted(set(definitions) - used if isinstance(definitions, dict) else ()):
        yield f"/$defs/{kind}", f"$defs 里的“{kind}”没有用到，请删去"


def _field(at: str, schema: Any, used: set[str]) -> Iterator[Finding]:
    """A field of the first level: one answer, a list, a table, a group or values by year."""
    if not isinstance(schema, dict):
        yield at, "字段应是一个对象"
    elif "$ref" in schema:
        yield from _cell(at, schema, used, _ABOUT | _TOP)
    elif schema.get("type") == "array":
        yield from _array(at, schema, used)
    elif schema.get("type") == "object" and "propertyNames" in schema:
        yield from _by_year(at, schema, used)
    elif schema.get("type") == "object":
        yield from _about(at, schema, _FIELD_UI)
        parts = {"type", "additionalProperties", "required", "properties"}
        yield from _keys(at, schema, _ABOUT | _TOP | {"x-score"} | parts)
        yield from _row(at, schema, used)
    else:
        yield at, "字段应当用 $ref 指明类型，或是数组、分年度数值、分组之一"


def _array(at: str, schema: Schema, used: set[str]) -> Iterator[Finding]:
    yield from _about(at, schema, _FIELD_UI)
    yield from _keys(at, schema, _ABOUT | _TOP | {"type", "items", "minItems", "maxItems", "uniqueItems"})
    items = schema.get("items")
    single = isinstance(items, dict) and "$ref" in items
    most = MAX_ITEMS if single else MAX_ROWS
    if not (_is_count(schema.get("maxItems")) and 1 <= schema["maxItems"] <= most):
        yield f"{at}/maxItems", f"请写明最多几项（maxItems，1 至 {most}）"
    elif not (_is_count(schema.get("minItems", 0)) and schema.get("minItems", 0) <= schema["maxItems"]):
        yield f"{at}/minItems", "最少项数应是不大于最多项数的整数"
    if "uniqueItems" in schema and not (single and schema["uniqueItems"] is True):
        yield f"{at}/uniqueItems", "uniqueItems 只能用于单个答案的列表，写 true；表格请用规则 distinct"
    if not isinstance(items, dict):
        yield f"{at}/items", "请写明每一项是什么（items）"
    elif single:
        yield from _cell(f"{at}/items", items, used, {"x-ui", "x-i18n"}, titled=False)
    else:
        yield from _keys(f"{at}/items", items, {"type", "additionalProperties", "required", "properties"})
        yield from _row(f"{at}/items", items, used)


def _by_year(at: str, schema: Schema, used: set[str]) -> Iterator[Finding]:
    yield from _about(at, schema, _FIELD_UI)
    yield from _keys(at, schema, _ABOUT | _TOP | {"type", "propertyNames", "additionalProperties", "maxProperties"})
    if schema["propertyNames"] != {"$ref": "#/$defs/year_key"}:
        yield f"{at}/propertyNames", '分年度数值的键应写作 {"$ref": "#/$defs/year_key"}'
    used.add("year_key")
    if not (_is_count(schema.get("maxProperties")) and 1 <= schema["maxProperties"] <= 10):
        yield f"{at}/maxProperties", "请写明最多几个年度（maxProperties，1 至 10）"
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and "$ref" in values:
        yield from _cell(f"{at}/additionalProperties", values, used, set(), titled=False)
    else:
        yield f"{at}/additionalProperties", "请用 $ref 指明各年度数值的类型"


def _row(at: str, schema: Schema, used: set[str]) -> Iterator[Finding]:
    """The columns of a table or the parts of a group: flat, each a single answer."""
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield at, '应写明 "type": "object" 和 "additionalProperties": false'
    columns = schema.get("properties")
    if not isinstance(columns, dict) or not columns:
        yield f"{at}/properties", "至少要有一栏"
        return
    for name, column in columns.items():
        yield from _name(f"{at}/properties/{name}", name)
        if isinstance(column, dict) and "$ref" in column:
            yield from _cell(f"{at}/properties/{name}", column, used, _ABOUT)
        else:
            yield f"{at}/properties/{name}", "表格和分组里只能放单个答案（用 $ref 指明类型），不能再套表格"
    yield from _required(f"{at}/required", schema)


def _cell(at: str, schema: Schema, used: set[str], about: set[str], *, titled: bool = True) -> Iterator[Finding]:
    kind = kind_of(schema)
    if kind not in KINDS or kind == "year_key" or schema["$ref"] != f"#/$defs/{kind}":
        yield (
            f"{at}/$ref",
            f"没有“{schema['$ref']}”这种类型；可用的有：{'、'.join(k for k in KINDS if k != 'year_key')}",
        )
        return
    used.add(kind)
    narrowing = NARROWING.get(kind, frozenset())
    yield from _keys(at, schema, about | narrowing | {"$ref"})
    if titled:
        yield from _about(at, schema, _FIELD_UI)
    for bound in ("maxLength", "minimum", "maximum"):
        if bound in narrowing and bound in schema:
            value, widest = schema[bound], KINDS[kind][bound]
            if not _is_number(value):
                yield f"{at}/{bound}", f"{bound} 应是一个数"
            elif value < widest if bound == "minimum" else value > widest or (value < 1 and bound == "maxLength"):
                yield f"{at}/{bound}", f"{bound} 只能比类型“{kind}”的 {widest} 收紧，不能放宽"
    if "const" in schema and schema["const"] is not True:
        yield f"{at}/const", "const 只用于必须勾选的承诺，只能写 true"
    if kind == "choice":
        yield from _choices(at, schema)


def _choices(at: str, schema: Schema) -> Iterator[Finding]:
    values = schema.get("enum")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) and value for value in values):
        yield f"{at}/enum", "请列出可选的值（enum，文字）"
    elif len(set(values)) != len(values):
        yield f"{at}/enum", "可选的值不能重复"
    elif not _labelled(schema.get("x-ui"), set(values)):
        yield f"{at}/x-ui/choices", "请给每个可选的值写出选项文字（x-ui 的 choices，与 enum 一一对应）"


def _labelled(ui: Any, values: set[str]) -> bool:
    labels = ui.get("choices") if isinstance(ui, dict) else None
    return isinstance(labels, dict) and set(labels) == values and all(isinstance(text, str) for text in labels.values())


def _about(at: str, schema: Schema, ui: set[str]) -> Iterator[Finding]:
    if not isinstance(schema.get("title"), str) or not schema["title"].strip():
        yield f"{at}/title", "请写标题（title）"
    words = schema.get("x-ui", {})
    if not isinstance(words, dict):
        yield f"{at}/x-ui", "x-ui 应是一个对象"
        return
    yield from _keys(f"{at}/x-ui", words, ui)
    for word, allowed in (("widget", _WIDGETS), ("width", _WIDTHS)):
        if word in words and not (isinstance(words[word], str) and words[word] in allowed):
            yield f"{at}/x-ui/{word}", f"{word} 只能是：{'、'.join(sorted(allowed))}"
    if ("form" in words or words.get("widget") == "field_of") and not _points(schema, words):
        yield f"{at}/x-ui", '指向另一表单的栏目，应为 line 类型，x-ui 写作 {"widget": "field_of", "form": "表单编号"}'
    if "beside" in words and not _lies_beside(words["beside"]):
        yield f"{at}/x-ui/beside", '并列的内容应写作 {"form": "表单编号", "fields": ["字段", …]}'
    if not are_words(schema.get("x-i18n", {})):
        yield f"{at}/x-i18n", 'x-i18n 应写作 {"en": {"title": "…"}}'


def _points(schema: Schema, words: Schema) -> bool:
    """Is this a line that names a field of another form? The name is offered, not demanded: a remark may lie beside."""
    form = words.get("form")
    named = isinstance(form, str) and _NAME.fullmatch(form) is not None
    return named and words.get("widget") == "field_of" and kind_of(schema) == "line"


def _lies_beside(beside: Any) -> bool:
    """Are these fields of another form, whose filed answers are shown where this one is filled in?"""
    if not isinstance(beside, dict) or beside.keys() != {"form", "fields"} or not isinstance(beside["fields"], list):
        return False
    return all(isinstance(name, str) and _NAME.fullmatch(name) for name in (beside["form"], *beside["fields"]))


def _sections(document: Schema) -> Iterator[Finding]:
    """Where a form has sections, each field stands in exactly one."""
    sections = document.get("x-ui", {}).get("sections")
    if sections is None:
        return
    seen: set[str] = set()
    for number, section in enumerate(sections if isinstance(sections, list) else [None]):
        at = f"/x-ui/sections/{number}"
        if not isinstance(section, dict) or not isinstance(section.get("fields"), list):
            yield at, "分节应写明 id、title 和 fields"
            continue
        yield from _keys(at, section, {"id", "title", "description", "fields", "x-i18n"})
        yield from _about(at, section, set())
        for name in section["fields"]:
            if not isinstance(name, str) or name not in document["properties"]:
                yield f"{at}/fields", f"分节里的“{name}”不是本表的字段"
                continue
            if name in seen:
                yield f"{at}/fields", f"字段“{name}”放进了两个分节，请只留一处"
            seen.add(name)
    for name in document["properties"]:
        if name not in seen:
            yield f"/properties/{name}", f"字段“{name}”没有放进任何分节"


def _required(at: str, schema: Schema) -> Iterator[Finding]:
    names = schema.get("required", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield at, "required 应是字段名的列表"
        return
    for name in names:
        field = schema["properties"].get(name)
        if field is None:
            yield at, f"必填的“{name}”不是本表的字段"
        elif isinstance(field, dict) and field.get("type") == "array":
            yield at, f"“{name}”可有多项，请用 minItems 写明至少几项，不写进 required"


def _name(at: str, name: str) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        yield at, f"字段名“{name[:80]}”应以小写字母开头，只含小写字母、数字和下划线，不超过 64 个字符"
    elif reserved(name) or keyword.iskeyword(name):
        yield at, f"字段名“{name}”与系统用词相同，请换一个"


def _keys(at: str, schema: Schema, allowed: set[str] | frozenset[str]) -> Iterator[Finding]:
    for key in schema:
        if key not in allowed:
            yield f"{at}/{key}", f"这里不能用“{key}”；可用的有：{'、'.join(sorted(allowed))}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"表单文件里“{twice[:80]}”写了两次，请只留一处")
    return result


def _no_constant(name: str) -> Callable[[str], Any]:
    raise ValueError(f"表单文件里的 {name} 不是合法的 JSON 数值")
