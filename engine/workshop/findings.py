"""What the check says of a draft (检查意见): asked once for the same files, however often its page is looked at."""

import re
from collections import OrderedDict
from threading import Lock
from typing import Final

from engine import bundle, lint
from engine.bundle import Files
from engine.lint import Finding

MOST_KEPT: Final = 32  # answers
_WAY_OUT: Final = re.compile(r"^(.*?)[；，](请.*)$", re.DOTALL)
_kept: OrderedDict[str, tuple[Finding, ...]] = OrderedDict()
_lock = Lock()


def of(files: Files) -> tuple[Finding, ...]:
    """All that is wrong, by file and line, but for the trial run, which the submission makes."""
    own = bundle.content_hash(files)
    with _lock:
        if own in _kept:
            _kept.move_to_end(own)
            return _kept[own]
    found = tuple(lint.problems(files, dry_run=False))
    with _lock:
        _kept[own] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def forget() -> None:
    """Ask the check anew, whatever was asked before."""
    with _lock:
        _kept.clear()


def told(finding: Finding) -> dict[str, object]:
    """A finding as scripts read it: what is wrong, and the way out by itself."""
    parts = _WAY_OUT.match(finding.message)
    return {
        "file": finding.file,
        "line": finding.line,
        "element": finding.element,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": parts[1] if parts else finding.message,
        "way_out": parts[2] if parts else "",
    }
