"""The differences of the clause file: duties by clause and gist, and the steps that no clause asks for."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.sentences import said
from engine.workshop.changes.parts import Change, Side, of_thing, united

WORDS: Final = {
    "gist": said("要求"),
    "actor": said("由谁办理"),
    "carriers": said("由什么承载"),
    "outside": said("在系统之外的理由"),
    "reason": said("理由"),
}


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in the clause file. Raises ValueError where a side cannot be read."""
    was, now = (tomllib.loads(side.files[name].decode()) for side in (old, new))
    yield from _duties(name, _all(was, "clause"), _all(now, "clause"))
    before, after = ({each["element"]: each["reason"] for each in _all(side, "internal")} for side in (was, now))
    for element in united(before, after):
        like = Change(name, "clause", element, said("内部环节 %(element)s", element=element))
        facts = [{"reason": each[element]} if element in each else None for each in (before, after)]
        yield from of_thing(like, facts[0], facts[1], WORDS.__getitem__)


def _duties(name: str, was: list[Mapping[str, Any]], now: list[Mapping[str, Any]]) -> Iterator[Change]:
    for first, last in _paired(was, now):
        it = last or first or {}
        clause = str(it.get("clause", ""))
        label = said("%(clause)s（%(gist)s）", clause=clause, gist=str(it.get("gist", ""))[:24])
        like = Change(name, "clause", clause, label, clause=clause)
        facts = [_facts(each) if each else None for each in (first, last)]
        yield from of_thing(like, facts[0], facts[1], lambda key: WORDS.get(key, key))


def _paired(
    was: list[Mapping[str, Any]], now: list[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Each duty with what it was: the same clause and gist, else the next of the same clause."""
    left = list(was)
    pairs: dict[int, Mapping[str, Any]] = {}
    for keys in (("clause", "gist"), ("clause",)):
        for at, each in enumerate(now):
            found = next((one for one in left if all(one.get(key) == each.get(key) for key in keys)), None)
            if at not in pairs and found is not None:
                pairs[at] = found
                left.remove(found)
    for at, each in enumerate(now):
        yield pairs.get(at), each
    for one in left:
        yield one, None


def _facts(duty: Mapping[str, Any]) -> dict[str, str]:
    carriers = [f"{each.get('kind')} {each.get('id')}" for each in duty.get("carriers", ())]
    told = {key: str(value) for key, value in duty.items() if key not in ("clause", "carriers")}
    return told | ({"carriers": "、".join(carriers)} if carriers else {})


def _all(top: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [each for each in top.get(key, ()) if isinstance(each, dict)]
