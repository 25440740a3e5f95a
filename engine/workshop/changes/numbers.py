"""The differences of a regime's numbers: thresholds, limits, ladders, quotas, each with its unit and clause."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.sentences import Said, said
from engine import xml
from engine.errors import XmlRefused
from engine.workshop.changes.parts import Change, Side, flat, of_thing, united

SECTIONS: Final = {
    "criteria": said("采用的条件"),
    "thresholds": said("标准"),
    "limits": said("办理时限"),
    "periods": said("期间"),
    "obligations": said("到期事项"),
    "opens": said("自动发起"),
    "grounds": said("撤销情形"),
    "ladders": said("提醒梯级"),
    "quota": said("推荐名额"),
    "closings": said("各级截止"),
    "chain": said("推荐链"),
    "paper": said("纸质材料"),
    "inspection": said("实地抽查"),
    "objections": said("异议"),
    "validity": said("有效期"),
    "renewal": said("复核"),
    "register": said("登记编号"),
    "review": said("评审"),
    "rounds": said("批次"),
    "evaluation": said("评估报告"),
    "cultivation": said("培育库"),
    "typical_cases": said("典型案例"),
    "roles": said("岗位"),
}
WORDS: Final = {
    "value": said("数值"),
    "unit": said("单位"),
    "clause": said("条款"),
    "basis": said("依据"),
    "working_days": said("工作日"),
    "days": said("天数"),
    "months": said("月数"),
    "years": said("年数"),
    "month": said("月"),
    "day": said("日"),
    "escalate_from": said("从何时起告知上级"),
    "statutory": said("是否法定"),
    "count_first": said("是否计首日"),
    "title": said("名称"),
    "source": said("文号"),
    "bureau": said("认定机关"),
    "in_force_from": said("施行日期"),
    "in_force_until": said("施行期限"),
}


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in the regime's numbers. Raises ValueError where a side cannot be read."""
    if not old.numbers or not new.numbers:
        raise ValueError(name)
    was, now = _things(old.numbers), _things(new.numbers)
    for path in united(was, now):
        clause = now.get(path, was.get(path, {})).get("clause", "")
        like = Change(name, "number", path, _label(path, (new, old)), clause=clause)
        facts = [_with_units(each[path]) if path in each else None for each in (was, now)]
        yield from of_thing(like, facts[0], facts[1], lambda key: WORDS.get(key, key) or said("内容"))


def _things(top: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Each number or rule by its place in the file, with what it says: thresholds.area_km2 → value, unit, clause."""
    found: dict[str, dict[str, str]] = {}
    for section, value in top.items():
        if not isinstance(value, dict):
            found[section] = flat({"": value}) if not isinstance(value, list) else flat({section: value})
        elif value and all(isinstance(inner, dict) for inner in value.values()):
            found |= {f"{section}.{key}": flat(inner) for key, inner in value.items()}
        else:
            plain = {key: inner for key, inner in value.items() if not isinstance(inner, dict)}
            found |= {f"{section}.{key}": flat(inner) for key, inner in value.items() if isinstance(inner, dict)}
            if section == "criteria":
                found |= {f"{section}.{key}": {"clause": str(inner)} for key, inner in plain.items()}
            else:
                found[section] = flat(plain)
    return found


def _label(path: str, sides: tuple[Side, Side]) -> Said:
    section, _dot, name = path.partition(".")
    called = SECTIONS.get(section) or WORDS.get(section) or section
    if not name:
        return said("“%(name)s”", name=called)
    used = next((found for side in sides if (found := _used(side, section, name))), "")
    if used:
        return said("%(section)s“%(used)s”（%(name)s）", section=called, used=used, name=name)
    return said("%(section)s“%(name)s”", section=called, name=name)


def _used(side: Side, section: str, name: str) -> str:
    """What a number is used for: the rows of conditions that ask for a threshold, the steps that have a limit."""
    if section in ("thresholds", "criteria") and "criteria.dmn" in side.files:
        return "、".join(dict.fromkeys(_rows(side, section, name)))
    if section == "limits":
        return "、".join(dict.fromkeys(_steps(side, name)))
    return ""


def _rows(side: Side, section: str, name: str) -> Iterator[str]:
    try:
        root = side.tree("criteria.dmn")
    except XmlRefused:
        return
    for rule in root.iter(f"{{{xml.namespace(root)}}}rule"):
        cells = [" ".join("".join(str(part) for part in cell.itertext()).split()) for cell in rule]
        asks = rule.get("id") == name if section == "criteria" else any(f'"{name}"' in cell for cell in cells)
        titles = [cell for each, cell in zip(rule, cells, strict=True) if each.get("id", "").endswith("_label_cell")]
        if asks:
            yield (titles or [rule.get("id", "")])[0].strip('"')


def _steps(side: Side, name: str) -> Iterator[str]:
    for file in sorted(side.files):
        if not file.endswith(".bpmn"):
            continue
        try:
            root = side.tree(file)
        except XmlRefused:
            continue
        for task in root.iter(xml.tag("userTask")):
            told = task.iterfind(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property[@name='limit']")
            if any(each.get("value") == name for each in told):
                yield str(task.get("name") or task.get("id", ""))


def _with_units(facts: Mapping[str, str]) -> dict[str, str]:
    """A value with its unit beside it."""
    unit = facts.get("unit", "")
    return {key: f"{value} {unit}".strip() if key == "value" else value for key, value in facts.items()}
