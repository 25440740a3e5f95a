"""Prechecks on a page: each criterion with its clause, the number that was given, and what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine import criteria
from engine.criteria import FAIL, PASS
from web.wording import N_, _

WORDS = {PASS: (N_("符合"), "done"), FAIL: (N_("不符合"), "late")}
TO_JUDGE = (N_("须人工判断"), "soon")


@dataclass(frozen=True)
class Line:
    """A criterion for people."""

    text: str
    clause: str
    given: str
    verdict: str
    look: str  # of the badge
    differs: bool  # the stated average does not follow from the three years
    relaxed: str  # why the office that recommends the cluster relaxed it; empty: it did not


def lines(verdicts: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The verdicts, in the order of the regime."""
    found = []
    for verdict in verdicts:
        word, look = WORDS.get(verdict["verdict"], TO_JUDGE)
        given, differs = _given(verdict["value"]), verdict.get("differs", False)
        relaxed = verdict.get("relaxed") or ""
        found.append(Line(criteria.told(verdict), verdict["clause"], given, _(word), look, differs, relaxed))
    return found


def _given(value: Any) -> str:
    """The number as it was given; several where the criterion has several arms."""
    if value is None:
        return _("未填")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Mapping):
        return _("、").join(f"{key}{_('：')}{_given(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return _("、").join(_given(part) for part in value)
    return _(criteria.WORDS.get(value, str(value)))
