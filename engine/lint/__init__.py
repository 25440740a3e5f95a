"""The check of a bundle before it may become a deployment: every rule, with file, line, element and the way out."""

from collections.abc import Collection

from engine import xml
from engine.bundle import Files, processes_of
from engine.errors import XmlRefused
from engine.lint import bundle as lint_bundle
from engine.lint import calls as lint_calls
from engine.lint import dmn as lint_dmn
from engine.lint import effects as lint_effects
from engine.lint import elements as lint_elements
from engine.lint import expressions as lint_expressions
from engine.lint import flows as lint_flows
from engine.lint import items as lint_items
from engine.lint import overlaps as lint_overlaps
from engine.lint import scripts as lint_scripts
from engine.lint import surroundings as lint_surroundings
from engine.lint import tasks as lint_tasks
from engine.lint import trial
from engine.lint.findings import RULES, Finding, Report

__all__ = ["RULES", "Finding", "problems"]


def problems(files: Files, *, only: Collection[str] | None = None, dry_run: bool = True) -> list[Finding]:
    """Everything that is wrong with a bundle, by file and line. An error among it forbids the deployment.

    `only` names the files to speak of; the others are there to be referred to. If there are no errors at all, the
    processes are also begun in a child process, which takes half a second; `dry_run=False` leaves that away.
    """
    around = lint_surroundings.read(files)
    found = list(lint_bundle.findings(files, around))
    for name, content in files.items():
        if name.endswith((".bpmn", ".dmn")):
            found += _in_diagram(name, around) if name in around.diagrams else _in_table(name, content, around)
    if dry_run and not any(finding.severity == "error" for finding in found):
        found += _tried(files, [name for name in processes_of(files) if only is None or f"{name}.bpmn" in only])
    spoken_of = {finding for finding in found if only is None or finding.file in only}
    return sorted(spoken_of, key=lambda finding: (finding.file, finding.line or 0, finding.element, finding.rule))


def _in_diagram(name: str, around: lint_surroundings.Surroundings) -> list[Finding]:
    report, root = Report(name), around.diagrams[name]
    process = root.find(xml.tag("process"))
    names = around.names("" if process is None else process.get("id", ""))
    lint_elements.check(report, root)
    lint_flows.check(report, root)
    lint_tasks.check(report, root, around)
    lint_effects.check(report, root, around, names)
    lint_items.check(report, root, around, names)
    lint_expressions.check(report, root, around, names)
    lint_scripts.check(report, root, names)
    lint_calls.check(report, root, around)
    return report.findings


def _in_table(name: str, content: bytes, around: lint_surroundings.Surroundings) -> list[Finding]:
    """Of a decision table; and of whatever could not be read, why."""
    report = Report(name)
    if name in around.tables:
        lint_dmn.check(report, around.tables[name], around)
        if not any(finding.severity == "error" for finding in report.findings):
            lint_overlaps.check(report, around.tables[name], around)
        return report.findings
    try:
        xml.read(name, content)
    except XmlRefused as refused:
        facts = refused.facts
        report.error(facts["line"], facts["rule"], facts["why"], element=facts["element"])
    return report.findings


def _tried(files: Files, processes: list[str]) -> list[Finding]:
    found = []
    for process, why in trial.dry_run(files, processes).items():
        report = Report(f"{process}.bpmn")
        report.error(None, "trial", f"试运行没有成功：{why}", element=process)
        found += report.findings
    return found
