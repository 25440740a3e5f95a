"""Numbers of a regime that nothing asks for: whoever changes one would believe that it does something."""

import re
from collections.abc import Iterator

from lxml import etree

from engine import conventions, xml
from engine.lint.dmn import CRITERIA
from engine.lint.expressions import constant
from engine.lint.findings import Report
from engine.lint.surroundings import Surroundings, properties

_CALL = re.compile(r"""\b(deadline|limit)\(\s*["']([a-z0-9_]+)["']\s*\)""", re.ASCII)
_SECTIONS = {rule: act for act, rule in conventions.NEEDED_RULES.items()} | {"review": "give_opinion"}
_SECTIONS |= {"quota": "recommend", "closings": "recommend"}


def check(report: Report, content: bytes, around: Surroundings) -> None:
    """Report the limits, periods, thresholds and sections of regime.toml that no diagram and no table asks for."""
    regime = around.regime
    if regime is None:
        return
    steps = [properties(task) for root in around.diagrams.values() for task in root.iter(xml.tag("userTask"))]
    asked = {call for text in _texts(around) for call in _CALL.findall(text)}
    counted = {name for word, name in asked if word == "deadline"}
    found = [
        ("limits", regime.limits.keys() - counted - {step.get("limit", "") for step in steps}),
        ("periods", regime.periods.keys() - counted - set(_publicised(around))),
        ("thresholds", regime.thresholds.keys() - {name for word, name in asked if word == "limit"}),
    ]
    for table, name in ((table, name) for table, dead in found for name in sorted(dead)):
        why = f"{table}.{name} 没有任何环节、期限或条件使用；请删除，或在流程图、决策表中使用它"
        report.error(_line(content, rf"\[{table}\.{name}\]|\b{name}\s*="), "dead-number", why)
    done = {step.get("does") for step in steps}
    for section, act in _SECTIONS.items():
        if getattr(regime, section) and act not in done:
            why = f"[{section}] 没有任何环节使用；请删除，或在流程图中画出这一步（does={act}）"
            report.error(_line(content, rf"\[{section}(\.\w+)?\]"), "dead-number", why)
    call = around.forms.get(conventions.NOTICE_FORMS["call"])
    for level in {closing.level for closing in regime.closings} if call else ():
        if call and (field := f"{level}_closes_at") not in call.fields():
            why = f"[[closings]] 的 {level} 没有用处：申报通知的表单没有字段 {field}；请添加，或删除这一段"
            report.error(_line(content, r"\[closings\]"), "dead-number", why)


def _publicised(around: Surroundings) -> Iterator[str | None]:
    """The periods for which a list is made public."""
    for root in around.diagrams.values():
        for row in root.iterfind(f".//{{{xml.SPIFF}}}parameter[@id='period']"):
            yield constant(row.get("value"))


def _texts(around: Surroundings) -> Iterator[str]:
    """Where expressions may stand; of the criteria, the rows that the regime takes."""
    for root in around.diagrams.values():
        for element in root.iter(etree.Element):
            yield from (element.text or "", element.get("value", ""))
    for name, root in around.tables.items():
        for element in root.iter(f"{{{xml.namespace(root)}}}text"):
            rules = [each.get("id") for each in element.iterancestors(f"{{{xml.namespace(root)}}}rule")]
            if name != CRITERIA or around.regime is None or {*rules} <= around.regime.criteria.keys():
                yield element.text or ""


def _line(content: bytes, written: str) -> int | None:
    lines = content.decode("utf-8", "replace").splitlines()
    return next((at for at, line in enumerate(lines, 1) if re.search(written, line.partition("#")[0])), None)
