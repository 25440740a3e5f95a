"""Known problems: what is wrong with a draft is found out once for each version of it, not for each page."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date
from threading import Lock
from typing import TypeAlias

from engine.forms import Problem

Key: TypeAlias = tuple[str, int, int, date]  # task, person, version of the draft, today: rules look at the day

MOST = 256  # drafts; their problems alone are kept, not what they say

_known: OrderedDict[Key, tuple[Problem, ...]] = OrderedDict()
_lock = Lock()


def problems(key: Key, find: Callable[[], Sequence[Problem]]) -> tuple[Problem, ...]:
    """What is wrong with this version of the draft; `find` is asked the first time."""
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = tuple(find())
    with _lock:
        _known[key] = found
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found
