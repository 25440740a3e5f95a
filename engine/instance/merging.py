"""Three-way merge of what parallel branches wrote: each branch carries a copy of all, so copies alone would win."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

_GONE = object()


def three_way(base: Mapping[str, Any], branches: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`base` with what each branch changed against it, in the order in which the branches arrived.

    A key that a branch left as it was takes nothing from that branch. Where two branches changed the same
    key, maps are merged key by key, lists keep the additions of both, anything else takes the later one.
    """
    merged = deepcopy(dict(base))
    for branch in branches:
        for key in {**base, **branch}:
            was, now = base.get(key, _GONE), branch.get(key, _GONE)
            if was == now and type(was) is type(now):
                continue
            if now is _GONE:
                merged.pop(key, None)
            else:
                merged[key] = _joined(was, merged.get(key, _GONE), now)
    return merged


def _joined(was: Any, other: Any, now: Any) -> Any:
    """The value of one key: `was` at the fork, `other` so far at the join, `now` in the arriving branch."""
    if isinstance(other, dict) and isinstance(now, dict):
        start = was if isinstance(was, dict) else {}
        return three_way(start, [other, now])
    if isinstance(was, list) and isinstance(other, list) and isinstance(now, list):
        size = len(was)
        if other[:size] == was and now[:size] == was:
            return other + deepcopy(now[size:])
    return deepcopy(now)
