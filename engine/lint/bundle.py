"""What only the whole bundle shows: missing and unknown files, broken forms, letters and numbers."""

import json
import re
from collections.abc import Collection, Iterator, Mapping

from lxml import etree

from config import clauses as clause_files
from config import regime as regime_files
from config import tables
from config.errors import RegimeInvalid
from engine import carriers, criteria, examples, forms, letters, xml
from engine.bundle import Files
from engine.lint import numbers
from engine.lint.findings import Finding, Report
from engine.lint.surroundings import Surroundings, stem

_KNOWN = re.compile(
    r"[a-z][a-z0-9_]*\.(bpmn|dmn)|(forms|examples)/[a-z][a-z0-9_]*\.json|letters/[a-z][a-z0-9_]*\.txt", re.ASCII
)
_NEEDED = {"regime.toml": "规则体系的数字", "clauses.toml": "条款与步骤的对照"}
UNFILLED = "请填写"  # what the skeleton of a regime has where only its owner knows the words
_AT_LINE = re.compile(r"at line ([0-9]+)")


def findings(files: Files, around: Surroundings) -> Iterator[Finding]:
    """Every finding about the files that are neither diagrams nor tables, and about their being there."""
    for name, content in sorted(files.items()):
        report = Report(name)
        if name.startswith("forms/") and around.forms[stem(name)] is None:
            _check_form(report, content)
        elif name.startswith("forms/"):
            _check_pointers(report, content, around.forms, stem(name))
        elif name.startswith("letters/"):
            _check_letter(report, content)
        elif name.startswith(examples.FOLDER):
            _check_example(report, content, around)
        if name not in _NEEDED and not _KNOWN.fullmatch(name):
            report.error(None, "unknown-file", "文件名应为小写英文，放在流程包的相应位置；请改名或移走")
        yield from report.findings
    for name, what in _NEEDED.items():
        report = Report(name)
        if name not in files:
            report.error(None, "missing-file", f"流程包缺少 {name}（{what}）；请添加")
        elif name == "regime.toml":
            _check_regime(report, files[name], around, files)
        else:
            _check_clauses(report, files, around)
        _check_filled(report, files.get(name, b""))
        yield from report.findings


def _check_filled(report: Report, content: bytes) -> None:
    """What `jiqun new-regime` left to be filled in."""
    for at, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if UNFILLED in line.partition("#")[0]:
            report.warning(at, "unfilled", f"尚未填写：{line.strip()}；请按条文写明")


def _check_form(report: Report, content: bytes) -> None:
    for pointer, why in forms.form_problems(content):
        report.error(_line_of(content, pointer), "form", f"{pointer or '/'}：{why}")


def _check_pointers(report: Report, content: bytes, known: Mapping[str, forms.Form | None], own: str) -> None:
    form = known[own]
    for path, other in form.points_to().items() if form else ():
        if other not in known:
            why = f"{path} 指向的表单 forms/{other}.json 不存在；请改正名称或添加这份表单"
            report.error(_line_of(content, other), "form", why)


def _check_letter(report: Report, content: bytes) -> None:
    for line, why in letters.letter_problems(content):
        report.error(line, "letter", why)


def _check_example(report: Report, content: bytes, around: Surroundings) -> None:
    try:
        process = examples.read(content).process
    except examples.ExampleInvalid as error:
        report.error(None, "example", error.message)
        return
    if process not in around.processes:
        report.error(None, "example", f"示例的流程 {process} 不在流程包里；请改正，或删去这个示例")


def _check_regime(report: Report, content: bytes, around: Surroundings, names: Collection[str]) -> None:
    try:
        regime = regime_files.load(content)
    except RegimeInvalid as error:
        report.error(_line_of(content, str(error.facts.get("path", "")), error.message), "regime", error.message)
        return
    table = around.tables.get("criteria.dmn")
    rows = set() if table is None else {rule.get("id") for rule in table.iter(f"{{{xml.namespace(table)}}}rule")}
    for criterion in regime.criteria:
        if criterion not in rows:
            there_are = tables.among(criterion, sorted(str(row) for row in rows))
            why = f"criteria.{criterion}：criteria.dmn 没有编号为 {criterion} 的行{there_are}；请改正名称或在表中添加"
            report.error(_line_of(content, criterion), "regime", why)
    for indicator, threshold in regime.thresholds.items():
        unit = criteria.unit_of(indicator)
        if indicator in criteria.FACTS and threshold.unit != unit:
            why = (
                f"thresholds.{indicator} 应以{unit}计，与申报的数据同一单位，现为 {threshold.unit!r}；"
                "请换算数值并改正单位"
            )
            report.error(_line_of(content, indicator), "regime", why)
    for kind, opening in regime.opens.items():
        if f"{opening.process}.bpmn" not in names:
            why = f"opens.{kind} 的流程 {opening.process} 没有流程图 {opening.process}.bpmn；请改正名称或添加流程图"
            report.error(_line_of(content, opening.process), "regime", why)
    if all(name in {**around.diagrams, **around.tables} for name in names if name.endswith((".bpmn", ".dmn"))):
        numbers.check(report, content, around)  # what cannot be read asks for nothing, and is told of


def _check_clauses(report: Report, files: Files, around: Surroundings) -> None:
    content = files["clauses.toml"]
    try:
        clauses = clause_files.load(content)
    except RegimeInvalid as error:
        report.error(_line_of(content, str(error.facts.get("path", "")), error.message), "clauses", error.message)
        return
    unread = (
        {name for name in files if name.endswith((".bpmn", ".dmn"))} - around.diagrams.keys() - around.tables.keys()
    )
    steps = {f"{process}.{node.get('id')}" for process, node in _steps(around)}
    for element in clauses.internal:
        if element not in steps and f"{element.partition('.')[0]}.bpmn" not in unread:
            why = f"[[internal]] 的步骤 {element} 不存在；请改正编号或删除"
            report.error(_line_of(content, element), "clauses", why)
    if unread or around.regime is None or None in around.forms.values():
        return  # what cannot be read carries nothing, and is told of
    for duty in clauses.uncarried():
        why = f"{duty.clause}（{duty.gist}）无人承载；请写明 carriers，或在 outside 中写明为何在系统之外"
        report.error(_line_of(content, duty.gist), "clauses", why)
    for clause, carrier in carriers.missing(files, clauses):
        why = f"{clause} 的载体 {carrier.kind} {carrier.id} 不存在；请改正编号，或在系统中补上"
        report.error(_line_of(content, carrier.id), "clauses", why)


def _steps(around: Surroundings) -> Iterator[tuple[str, etree._Element]]:
    for process, file in around.processes.items():
        for node in filter(xml.is_flow_node, around.diagrams[file].iter()):
            yield process, node


def _line_of(content: bytes, path: str, message: str = "") -> int | None:
    """Where the last part of the path first stands in the file, or the line that the message tells."""
    if told := _AT_LINE.search(message):
        return int(told[1])
    last = re.split(r"[/:. ]", path.rstrip("/"))[-1] if path else ""
    lines = content.decode("utf-8", "replace").splitlines()
    wanted = (path, json.dumps(last, ensure_ascii=False), last)
    found = (at for text in wanted if text for at, line in enumerate(lines, 1) if text in line)
    return next(found, None)
