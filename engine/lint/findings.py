"""A finding says where a file is wrong, which rule it breaks, and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from engine import xml

Severity = Literal["error", "warning"]  # an error keeps the bundle from being deployed

# Every rule there is. Names are stable: scripts and the modeller rely on them.
RULES = frozenset(
    {
        # reading (engine.xml)
        *("too-large", "encoding", "doctype", "unreadable-xml", "wrong-root", "foreign-namespace"),
        *("bad-id", "duplicate-id", "dangling-reference", "bad-drawing"),
        # elements that SpiffWorkflow breaks, ignores or runs as Python
        *("event-sub-process", "signal-end", "link-event", "compensation", "conditional-event", "complex-gateway"),
        *("ad-hoc", "plain-task", "manual-task", "script", "standard-loop", "data-object"),
        *("camunda-dropped", "unsupported-element", "event-definition", "unknown-extension", "reserved-id"),
        # the shape of a process
        *("process-count", "process-name", "not-executable", "start-count", "end-missing", "unreachable", "dead-end"),
        *("condition-outside-gateway", "several-flows-out", "no-default", "condition-missing", "condition-on-default"),
        *("event-gateway", "event-gateway-timers", "inclusive-join-in-cycle", "parallel-join-in-cycle"),
        *("endless-loop", "busy-loop", "too-many-predicted", "too-long", "unnamed"),
        # expressions
        *("expression", "unknown-word", "unknown-name", "unknown-period", "unknown-threshold", "timer"),
        *("multi-instance", "completion-condition"),
        # what a step refers to
        *("no-lane", "property-missing", "unknown-property", "unknown-form", "unknown-role", "unknown-place"),
        *(
            "unknown-limit",
            "unknown-element",
            "variables",
            "return-not-drawn",
            "no-clause",
            "unknown-act",
            "act-without-rule",
            "unknown-seat",
        ),
        *("operator-missing", "operator-unknown", "operator-parameters", "unknown-letter", "message"),
        *("unknown-process", "unknown-decision", "call-cycle", "call-depth", "duplicate-process"),
        "office-missing",
        # decision tables and the other files
        *("dmn-shape", "dmn-hit-policy", "dmn-feel", "dmn-overlap", "dmn-gap"),
        *("missing-file", "unknown-file", "form", "letter", "regime", "dead-number", "unfilled", "clauses", "example"),
        "trial",
    }
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `line` counts from 1; None where the file has no lines to speak of."""

    file: str
    line: int | None
    element: str
    rule: str  # of RULES
    severity: Severity
    message: str  # Chinese; ends with the way out

    def __str__(self) -> str:
        place = f"{self.file} 第 {self.line} 行" if self.line else self.file
        return f"{place}{f'（{self.element}）' if self.element else ''}：{self.message}"


class Report:
    """What is wrong with one file, in the order it was found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(self, where: etree._Element | int | None, rule: str, message: str, *, element: str | None = None) -> None:
        """`where` is an XML element, a line or nothing; `element` names another element than the nearest."""
        self._add(where, rule, "error", message, element)

    def warning(self, where: etree._Element | int | None, rule: str, message: str) -> None:
        self._add(where, rule, "warning", message, None)

    def _add(
        self, where: etree._Element | int | None, rule: str, severity: Severity, message: str, element: str | None
    ) -> None:
        if rule not in RULES:
            raise KeyError(rule)
        if isinstance(where, etree._Element):
            line, element = xml.line(where), xml.nearest_id(where) if element is None else element
        else:
            line = where
        self.findings.append(Finding(self.file, line, element or "", rule, severity, message))


def joined(names: Iterable[str]) -> str:
    """Names as a message lists them."""
    return "、".join(sorted(names)) or "（无）"
