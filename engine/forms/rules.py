"""What the answers of a form have to do with each other: conditions, facts, and a closed list of rules (`x-rules`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from config.sentences import Title, enumerated, said
from engine import clock
from engine.forms import messages as form_messages
from engine.forms.kinds import FACTS, NOTHING, Schema, are_words, kind_of, shape_of

Answers: TypeAlias = Mapping[str, Any]
Rule: TypeAlias = Mapping[str, Any]
Broken: TypeAlias = tuple[str, str, str]  # path of the answer, code, message
Label: TypeAlias = Callable[[str], str]  # a field's name to its title in quotation marks

YEARS = 3  # 近三年: every table by year of the 申报表 has the three years before the year of application


def broken(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    """What the answers break of one rule. Only rules whose fields are shown, and good in themselves, come here."""
    if rule["rule"] != "requires_when" and any(name not in answers for name in fields_of(rule)):
        return  # an answer that may be left out was left out
    yield from _CHECKS[rule["rule"]][0](rule, answers, label)


def fields_of(rule: Rule) -> list[str]:
    """Names of the form's fields that the rule looks at."""
    names: list[str] = []
    for part, value in rule.items():
        if part in ("field", "other", "year", "table"):
            names.append(value)
        elif part == "fields":
            names.extend(value)
        elif part in ("when", "then"):
            names.extend(fields_of(value))
    return names


def problems(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with `x-show-when`, `x-fact` and `x-rules` of a form file: (JSON pointer, message)."""
    found = list(_conditions(document))
    rules = document.get("x-rules", [])
    if not isinstance(rules, list):
        return [*found, ("/x-rules", "x-rules 应是规则的列表")]
    for number, rule in enumerate(rules):
        found.extend((f"/x-rules/{number}", message) for message in _wrong(rule, document))
    return found


def _conditions(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fields = document["properties"]
    earlier: list[str] = []
    for name, schema in fields.items():
        at = f"/properties/{name}"
        if "x-show-when" in schema:
            yield from ((f"{at}/x-show-when", why) for why in _wrong_condition(schema["x-show-when"], earlier, fields))
        words = schema.get("x-fact", [])
        for word in words if isinstance(words, list) else [words]:
            yield from ((f"{at}/x-fact", why) for why in _wrong_fact(word, schema))
        earlier.append(name)


def _wrong_condition(condition: Any, earlier: list[str], fields: Mapping[str, Schema]) -> Iterator[str]:
    if not isinstance(condition, dict) or condition.keys() != {"field", "in"}:
        yield '显示条件应写作 {"field": "字段", "in": [值, …]}'
    elif condition["field"] not in earlier:
        yield f"显示条件所看的字段“{condition['field']}”应是排在前面的字段"
    else:
        controller = fields[condition["field"]]
        allowed = controller.get("enum", []) if kind_of(controller) == "choice" else []
        allowed = [True, False] if kind_of(controller) == "yes_no" else allowed
        wanted = condition["in"]
        if not isinstance(wanted, list) or not wanted or any(value not in allowed for value in wanted):
            yield f"显示条件的值应取自“{condition['field']}”的选项，该字段应是单选或是非"


def _wrong_fact(word: Any, schema: Schema) -> Iterator[str]:
    if not isinstance(word, dict) or not isinstance(word.get("fact"), str) or word["fact"] not in FACTS:
        yield f"没有这个指标；可用的有：{'、'.join(sorted(FACTS))}"
    elif word.keys() - {"fact", "values", "given", "latest"} or len(word) > 2:
        yield "指标只能再写 values、given、latest 之一"
    elif "latest" in word and (word["latest"] is not True or shape_of(schema) != "by_year"):
        yield "latest 只用于分年度数值，写 true"
    elif "given" in word and word["given"] is not True:
        yield "given 只能写 true"
    elif "values" in word:
        values = word["values"]
        if shape_of(schema) != "choice" or not isinstance(values, dict) or set(values) != set(schema["enum"]):
            yield "values 只用于单选，应给每个选项写出指标的值"


def _wrong(rule: Any, document: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(rule, dict) or not isinstance(rule.get("rule"), str) or rule["rule"] not in _CHECKS:
        yield f"没有这种规则；可用的有：{'、'.join(_CHECKS)}"
        return
    parts = _CHECKS[rule["rule"]][1]
    if rule.keys() - {"rule", "message", "x-i18n"} != parts.keys():
        yield f"规则“{rule['rule']}”应写明：{'、'.join(parts)}"
    elif "when" in parts:
        yield from _wrong_test("when", rule["when"], {"fields": _ANY}, {"in", "not_in", "above"}, document)
        yield from _wrong_test("then", rule["then"], {"field": _ANY}, {"in", "not_in"}, document)
        if not isinstance(rule.get("message"), str):
            yield "应有给填报人看的 message"
        if not are_words(rule.get("x-i18n", {})):
            yield 'x-i18n 应写作 {"en": {"message": "…"}}'
    else:
        yield from _wrong_parts(rule, parts, document)


def _wrong_test(
    part: str, test: Any, parts: Mapping[str, Any], tests: set[str], document: Mapping[str, Any]
) -> Iterator[str]:
    if not isinstance(test, dict) or len(test) != 2 or test.keys() - tests != parts.keys():
        yield f"{part} 应写明 {'、'.join(parts)} 和 {'、'.join(sorted(tests))} 之一"
        return
    yield from _wrong_parts(test, parts, document)
    bound = next(test[name] for name in test if name in tests)
    good = (
        isinstance(bound, int | Decimal) and not isinstance(bound, bool) if "above" in test else isinstance(bound, list)
    )
    if not good:
        yield f"{part} 的 above 应是一个数，in 和 not_in 应是值的列表"


def _wrong_parts(rule: Rule, parts: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Names of fields must be fields of a fitting shape; a column must be one that every row has."""
    fields = document["properties"]
    for part, shapes in parts.items():
        if part == "limit":
            if not isinstance(rule[part], int) or isinstance(rule[part], bool) or rule[part] < 1:
                yield "limit 应是正整数"
            continue
        if part == "column":
            rows = fields[rule["table"]]["items"] if rule["table"] in fields else {}
            if rule[part] not in rows.get("required", []):
                yield f"“{rule[part]}”应是“{rule['table']}”里必填的一列"
            continue
        names = rule[part] if part == "fields" else [rule[part]]
        if not isinstance(names, list) or not names:
            yield f"{part} 应是字段名的列表"
            return
        for name in names:
            if not isinstance(name, str) or name not in fields:
                yield f"规则里的“{name}”不是本表的字段"
                return
            if shapes is not _ANY and shape_of(fields[name]) not in shapes:
                yield f"规则里的“{name}”不是这条规则适用的类型"
                return


# ---- the rules ---------------------------------------------------------------------------------


def _years_before(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    """申报表: 年度为申报年度之前三年 (the printed columns are 2019, 2020, 2021 for 2022)."""
    year = answers[rule["year"]]
    wanted = [str(number) for number in range(year - YEARS, year)]
    for name in rule["fields"]:
        values = answers[name]
        for key in wanted:
            if key not in values:
                message = said("请填写%(label)s的 %(year)s 年数据", label=label(name), year=key)
                yield f"{name}.{key}", "required", message
        for key in values:
            if key not in wanted:
                message = said(
                    "%(label)s只填 %(years)s 三个年度，请删去 %(year)s 年",
                    label=label(name),
                    years=enumerated(wanted),
                    year=key,
                )
                yield f"{name}.{key}", "wrong_year", message


def _requires_when(rule: Rule, answers: Answers, _label: Label) -> Iterator[Broken]:
    """申报表: 勾选需提供佐证材料; 如涉及，需提供佐证材料."""
    when, then = rule["when"], rule["then"]
    atoms = [atom for name in when["fields"] for atom in _atoms(answers.get(name))]
    if not any(_holds(when, atom) for atom in atoms):
        return
    if not any(_holds(then, atom) for atom in _atoms(answers.get(then["field"]))):
        i18n = rule.get("x-i18n", {})
        others = {language: words["message"] for language, words in i18n.items() if "message" in words}
        yield then["field"], "requires", Title(rule["message"], others)


def _not_above(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    """A part is never more than the whole it is part of; year by year, where there are years."""
    part, whole = (_by_year(answers[rule[name]]) for name in ("field", "other"))
    for year, value in part.items():
        most = whole.get(year, value)
        if NOTHING not in (value, most) and value > most:
            facts = {"part": label(rule["field"]), "whole": label(rule["other"]), "value": value, "most": most}
            if not year:
                message = said("%(part)s不能大于%(whole)s，现为 %(value)s 和 %(most)s，请核对", **facts)
            else:
                message = said(
                    "%(year)s 年%(part)s不能大于%(whole)s，现为 %(value)s 和 %(most)s，请核对", year=year, **facts
                )
            yield f"{rule['field']}.{year}" if year else rule["field"], "not_above", message


def _by_year(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"": value}


def _length_together(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    """申报表 八: 3000字以内, for the boxes of the part together."""
    length = sum(len(answers[name]) for name in rule["fields"])
    if length > rule["limit"]:
        message = said(
            "%(labels)s合计不得超过 %(most)s 字，现有 %(size)s 字，请删去 %(over)s 字",
            labels=enumerated(map(label, rule["fields"])),
            most=rule["limit"],
            size=length,
            over=length - rule["limit"],
        )
        yield rule["fields"][0], "too_long", message


def _after_now(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    if datetime.fromisoformat(answers[rule["field"]]) <= clock.now():
        message = said("%(label)s应晚于现在，请改为将来的时间", label=label(rule["field"]))
        yield rule["field"], "after_now", message


def _not_after_today(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    today = clock.today()
    if date.fromisoformat(answers[rule["field"]]) > today:
        message = said(
            "%(label)s不能晚于今天（%(today)s），请核对", label=label(rule["field"]), today=today.isoformat()
        )
        yield rule["field"], "not_after_today", message


def _covers(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    """Each listed item has its row in the table: a case is put on the list for a reason."""
    written = {row[rule["column"]] for row in answers[rule["table"]]}
    for number, item in enumerate(answers[rule["field"]]):
        if item not in written:
            message = said(
                "%(table)s里没有 %(item)s 这一项，请补上，或从%(field)s中去掉它",
                table=label(rule["table"]),
                item=item,
                field=label(rule["field"]),
            )
            yield f"{rule['field']}[{number}]", "covers", message


def _distinct(rule: Rule, answers: Answers, label: Label) -> Iterator[Broken]:
    first: dict[Any, int] = {}
    for number, row in enumerate(answers[rule["table"]]):
        value = row[rule["column"]]
        if first.setdefault(value, number) != number:
            message = said(
                "%(later)s与%(first)s重复，请只留一行",
                later=form_messages.row_of(label(rule["table"]), number + 1),
                first=said("第 %(row)s 行", row=first[value] + 1),
            )
            yield f"{rule['table']}[{number}].{rule['column']}", "distinct", message


_ANY: Final[frozenset[str]] = frozenset()  # a field of any shape
_TEXTS = {"line", "text", "long_text", "notice_text"}

# Rule: its check, and its parts with the shapes of field that fit. A table stands before its column.
_CHECKS: Final[dict[str, tuple[Callable[[Rule, Answers, Label], Iterable[Broken]], dict[str, Any]]]] = {
    "years_before": (_years_before, {"year": {"year"}, "fields": {"by_year"}}),
    "requires_when": (_requires_when, {"when": _ANY, "then": _ANY}),
    "not_above": (_not_above, {"field": {"by_year", "whole", "decimal"}, "other": {"by_year", "whole", "decimal"}}),
    "length_together": (_length_together, {"fields": _TEXTS, "limit": _ANY}),
    "after_now": (_after_now, {"field": {"moment"}}),
    "not_after_today": (_not_after_today, {"field": {"date"}}),
    "covers": (_covers, {"field": {"list"}, "table": {"table"}, "column": _ANY}),
    "distinct": (_distinct, {"table": {"table"}, "column": _ANY}),
}


def _atoms(value: Any) -> Iterator[Any]:
    """The single answers in a field: itself, the items of a list, the values by year."""
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _holds(test: Mapping[str, Any], atom: Any) -> bool:
    if "above" in test:
        return isinstance(atom, (int, Decimal)) and not isinstance(atom, bool) and atom > test["above"]
    return atom in test["in"] if "in" in test else atom not in test["not_in"]
