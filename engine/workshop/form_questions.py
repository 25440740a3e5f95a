"""A field of a form as plain questions, and its schema again with what was answered otherwise."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from config.sentences import Said, said
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.forms.kinds import KINDS, NARROWING, kind_of, shape_of
from engine.workshop import typed

TABLE, GROUP = "table", "group"
MOST_ROWS, MOST_ITEMS, YEARS = 200, 20, 3  # of a new table, a new list, new values by year
DEFAULT_TITLE = said("新栏目")

# What a field may ask for, as owners choose it. Named patterns are kinds: nobody writes a pattern.
TITLES: Final[dict[str, Said]] = {
    "line": said("单行文字"),
    "text": said("简短文字"),
    "long_text": said("多行文字"),
    "notice_text": said("公告正文"),
    "cluster_name": said("集群名称（固定写法）"),
    "choice": said("单选"),
    "yes_no": said("是或否"),
    "decimal": said("小数"),
    "decimal_or_none": said("小数，可填“无”"),
    "percent": said("百分比"),
    "whole": said("整数"),
    "year": said("年份"),
    "date": said("日期"),
    "moment": said("日期和时刻"),
    "case": said("本批次的办件"),
    "member": said("人才库中的人员"),
    "file": said("一个文件"),
    "list:choice": said("多选"),
    "list:line": said("多行，每行一项"),
    "list:file": said("多个文件"),
    "list:case": said("本批次的多个办件"),
    "list:member": said("人才库中的多名人员"),
    "by_year:decimal": said("分年度的小数"),
    "by_year:decimal_or_none": said("分年度的小数，可填“无”"),
    "by_year:percent": said("分年度的百分比"),
    "by_year:whole": said("分年度的整数"),
    TABLE: said("表格"),
    GROUP: said("一组栏目"),
}
_FAMILIES: Final = (
    ("line", "text", "long_text", "notice_text"),
    ("decimal", "decimal_or_none", "percent", "whole"),
    ("date", "moment"),
    ("by_year:decimal", "by_year:decimal_or_none", "by_year:percent", "by_year:whole"),
)
CELLS: Final = tuple(kind for kind in TITLES if ":" not in kind and kind not in (TABLE, GROUP))
WIDTHS: Final = {"": said("照常"), "short": said("窄"), "half": said("半行"), "full": said("整行")}
_ORDER: Final = (
    "$ref", "type", "title", "description", "x-ui", "x-show-when", "x-fact", "x-i18n", "const", "propertyNames",
    "additionalProperties", "required", "properties", "items", "uniqueItems", "enum", "maxLength", "minimum", "maximum",
    "minItems", "maxItems", "maxProperties", "x-score", "x-rules", "$defs",
)  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One choice: the value that diagrams and conditions read never changes, what people see does."""

    value: str
    label: str
    english: str = ""


@dataclass(frozen=True)
class Field:
    """What is asked of a field, a column or a part of a group. Numbers as they are typed."""

    title: str
    kind: str
    hint: str = ""
    english_title: str = ""
    english_hint: str = ""
    required: bool = False
    options: tuple[Option, ...] = ()
    most_length: str = ""  # characters; empty: what the kind allows
    minimum: str = ""
    maximum: str = ""
    most_items: str = ""
    width: str = ""
    must_agree: bool = False  # 是或否: only 是 goes on
    show_field: str = ""  # asked only while that field …
    show_values: tuple[str, ...] = ()  # … has one of these values
    facts: tuple[str, ...] = field(default=(), compare=False)  # of the precheck, told and not asked


def kind_name(schema: Mapping[str, Any]) -> str:
    """The kind of a field as TITLES calls it."""
    match shape_of(schema):
        case "list":
            return f"list:{kind_of(schema['items'])}"
        case "by_year":
            return f"by_year:{kind_of(schema['additionalProperties'])}"
        case other:
            return other


def kinds_for(kind: str) -> tuple[str, ...]:
    """What a field of this kind may become while its answers still mean the same."""
    return next((family for family in _FAMILIES if kind in family), (kind,))


def asked(schema: Mapping[str, Any], *, required: bool) -> Field:
    """The questions of a field, answered as its schema stands."""
    english = schema.get("x-i18n", {}).get("en", {})
    cell = _cell(schema)
    show = schema.get("x-show-when", {})
    facts = schema.get("x-fact", [])
    return Field(
        title=schema.get("title", ""),
        kind=kind_name(schema),
        hint=schema.get("description", ""),
        english_title=english.get("title", ""),
        english_hint=english.get("description", ""),
        required=required or bool(schema.get("minItems")),
        options=_options(cell),
        most_length=typed.as_text(cell.get("maxLength")),
        minimum=typed.as_text(cell.get("minimum")),
        maximum=typed.as_text(cell.get("maximum")),
        most_items=typed.as_text(schema.get("maxItems")),
        width=schema.get("x-ui", {}).get("width", ""),
        must_agree="const" in schema,
        show_field=show.get("field", ""),
        show_values=tuple(map(typed.as_text, show.get("in", ()))),
        facts=tuple(word["fact"] for word in (facts if isinstance(facts, list) else [facts])),
    )


def made(wanted: Field) -> dict[str, Any]:
    """The schema of a new field. Raises FormInvalid."""
    shape, _, kind = wanted.kind.partition(":")
    title = wanted.title or str(DEFAULT_TITLE)
    column = {"$ref": "#/$defs/line", "title": title}
    row = {"type": "object", "additionalProperties": False, "required": ["item"], "properties": {"item": column}}
    schemas: dict[str, dict[str, Any]] = {
        "list": {"type": "array", "title": title, "items": _item(kind), "uniqueItems": True, "maxItems": MOST_ITEMS},
        "by_year": {
            "type": "object",
            "title": title,
            "x-ui": {"widget": "matrix"},
            "propertyNames": {"$ref": "#/$defs/year_key"},
            "additionalProperties": {"$ref": f"#/$defs/{kind}"},
            "maxProperties": YEARS,
        },
        TABLE: {"type": "array", "title": title, "x-ui": {"widget": "table"}, "items": row, "maxItems": MOST_ROWS},
        GROUP: {"type": "object", "title": title, **{key: row[key] for key in row if key != "type"}},
    }
    schema = schemas.get(shape) or _item(wanted.kind) | {"title": title}
    before = asked(schema, required=False)
    return changed(schema, before, replace(wanted, most_items=wanted.most_items or before.most_items))


def changed(schema: Mapping[str, Any], before: Field, wanted: Field) -> dict[str, Any]:
    """The schema with every answer that is another than before. Raises FormInvalid with the question's name."""
    found = deepcopy(dict(schema))
    problems: list[Problem] = []
    if not wanted.title:
        problems.append(Problem("title", "required", said("请写栏目的名称")))
    _words(found, before, wanted)
    if wanted.kind != before.kind:
        _recast(found, before.kind, wanted.kind, problems)
    if wanted.width != before.width:
        _ui(found, "width", wanted.width)
    if wanted.must_agree != before.must_agree:
        _put(found, "const", True if wanted.must_agree else None)
    if (wanted.show_field, wanted.show_values) != (before.show_field, before.show_values):
        _put(found, "x-show-when", _condition(wanted, problems))
    if wanted.options != before.options:
        _choose(_cell(found), wanted.options, problems)
    _bounds(found, before, wanted, problems)
    if problems:
        raise FormInvalid(problems)
    return found


def worded(holder: Mapping[str, Any], before: Field, wanted: Field) -> dict[str, Any]:
    """A form or a section with other words. Raises FormInvalid."""
    if not wanted.title:
        raise FormInvalid([Problem("title", "required", said("请写名称"))])
    found = deepcopy(dict(holder))
    _words(found, before, wanted)
    return found


def with_word(document: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A form with one of its own words, in the place that the house's forms have it."""
    found = deepcopy(dict(document))
    _put(found, key, value)
    return found


def _bounds(found: dict[str, Any], before: Field, wanted: Field, problems: list[Problem]) -> None:
    cell, kind = _cell(found), wanted.kind.rpartition(":")[2]
    narrowing = NARROWING.get(kind, frozenset())
    for name, key in (("most_length", "maxLength"), ("minimum", "minimum"), ("maximum", "maximum")):
        if key not in narrowing:
            cell.pop(key, None)  # the kind became another one
        elif getattr(before, name) != getattr(wanted, name):
            problems += _bound(cell, key, name, getattr(wanted, name), KINDS[kind][key])
    if found.get("type") != "array":
        return
    if before.most_items != wanted.most_items:
        problems += _bound(found, "maxItems", "most_items", wanted.most_items, 1000)
    if before.required != wanted.required:
        _put(found, "minItems", 1 if wanted.required else None)


def _bound(cell: dict[str, Any], key: str, name: str, text: str, widest: int) -> list[Problem]:
    if not text.strip():
        _put(cell, key, None)
        return [Problem(name, "required", said("请写明最多几项"))] if key == "maxItems" else []
    try:
        number = Decimal(typed.decimal(text, ""))
    except typed.Wrong as error:
        return [Problem(name, error.code, error.message)]
    least = key == "minimum"
    if number < widest if least else number > widest or (number < 1 and key in ("maxLength", "maxItems")):
        bounds = said("不小于 %(bound)s", bound=widest) if least else said("不大于 %(bound)s", bound=widest)
        return [Problem(name, "number", said("这种类型的界限应%(bounds)s", bounds=bounds))]
    _put(cell, key, int(number) if number == number.to_integral_value() else number)
    return []


def _recast(found: dict[str, Any], before: str, wanted: str, problems: list[Problem]) -> None:
    """Another kind of the same family: what was answered so far still means the same."""
    if wanted not in kinds_for(before):
        why = said(
            "这一栏不能改成“%(kind)s”：已填的内容读不出来；请另加一栏，再删去这一栏", kind=TITLES.get(wanted, wanted)
        )
        problems.append(Problem("kind", "kind", why))
        return
    _cell(found)["$ref"] = f"#/$defs/{wanted.rpartition(':')[2]}"


def _choose(cell: dict[str, Any], options: Sequence[Option], problems: list[Problem]) -> None:
    if not options or any(not option.label for option in options):
        problems.append(Problem("options", "required", said("请至少写一个选项，每个选项都要有文字")))
        return
    labels = [option.label for option in options]
    if len(set(labels)) != len(labels) or len({option.value for option in options}) != len(options):
        problems.append(Problem("options", "same", said("有两个选项相同，请只留一个")))
        return
    _put(cell, "enum", [option.value for option in options])
    _put(cell, "x-ui", {**cell.get("x-ui", {}), "choices": {option.value: option.label for option in options}})
    english = {option.value: option.english for option in options if option.english}
    words = cell.get("x-i18n", {})
    own = {key: value for key, value in words.get("en", {}).items() if key != "choices"}
    if english:
        own["choices"] = english
    _put(cell, "x-i18n", {**words, "en": own} if own else None)


def _condition(wanted: Field, problems: list[Problem]) -> dict[str, Any] | None:
    if not wanted.show_field:
        return None
    if not wanted.show_values:
        problems.append(Problem("show_values", "required", said("请选择在哪些答案之下才显示这一栏")))
    truths = {"true": True, "false": False}
    return {"field": wanted.show_field, "in": [truths.get(value, value) for value in wanted.show_values]}


def _options(cell: Mapping[str, Any]) -> tuple[Option, ...]:
    labels = cell.get("x-ui", {}).get("choices", {})
    english = cell.get("x-i18n", {}).get("en", {}).get("choices", {})
    return tuple(Option(value, labels.get(value, value), english.get(value, "")) for value in cell.get("enum", ()))


def _cell(schema: Any) -> Any:
    """Where the kind of the single answer stands: in the items of a list, behind the years, else in the field."""
    shape = shape_of(schema)
    if shape == "list":
        return schema["items"]
    return schema["additionalProperties"] if shape == "by_year" else schema


def _item(kind: str) -> dict[str, Any]:
    item: dict[str, Any] = {"$ref": f"#/$defs/{kind}"}
    if kind in ("long_text", "text", "notice_text"):
        item["x-ui"] = {"widget": "textarea"}
    elif kind in ("choice", "yes_no"):
        item["x-ui"] = {"widget": "radio"}
    return item


def _words(found: dict[str, Any], before: Field, wanted: Field) -> None:
    for key, name in (("title", "title"), ("description", "hint")):
        if getattr(before, name) != getattr(wanted, name):
            _put(found, key, getattr(wanted, name) or None)
        if getattr(before, f"english_{name}") != getattr(wanted, f"english_{name}"):
            _english(found, key, getattr(wanted, f"english_{name}"))


def _english(found: dict[str, Any], key: str, text: str) -> None:
    words = found.get("x-i18n", {})
    own = {**words.get("en", {}), key: text}
    if not text:
        del own[key]
    _put(found, "x-i18n", {**words, "en": own} if own else None)


def _ui(found: dict[str, Any], key: str, text: str) -> None:
    words = {**found.get("x-ui", {}), key: text}
    if not text:
        del words[key]
    _put(found, "x-ui", words or None)


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    """A word of the schema; a new one stands where the house's forms have it, None takes it away."""
    if value is None:
        found.pop(key, None)
    elif key in found:
        found[key] = value
    else:
        rank = _ORDER.index
        later = [each for each in found if each in _ORDER and rank(each) > rank(key)]
        behind = {each: found.pop(each) for each in list(found)[list(found).index(later[0]) :]} if later else {}
        found |= {key: value, **behind}
