"""A decision table's differences: rows by their id, cell by cell, and the table's own columns."""

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from config.sentences import said
from engine import xml
from engine.workshop.changes.parts import Change, Side, of_thing, united


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in a table that both sides have. Raises XmlRefused where one cannot be read."""
    before, after = _decisions(old.tree(name)), _decisions(new.tree(name))
    for own in united(before, after):
        it = after[own] if own in after else before[own]
        like = Change(name, "table", own, said("决策“%(name)s”", name=it.get("name") or own))
        sides = [_columns(each[own]) if own in each else None for each in (before, after)]
        yield from of_thing(like, sides[0], sides[1])
        if own in before and own in after:
            yield from _rows(like, before[own], after[own], (new, old))


def _rows(like: Change, was: etree._Element, now: etree._Element, sides: tuple[Side, ...]) -> Iterator[Change]:
    before, after = ({_own(rule, at): rule for at, rule in enumerate(_all(table, "rule"), 1)} for table in (was, now))
    first, last = _heads(was), _heads(now)
    for own in united(before, after):
        called = _called(after[own], last, own) if own in after else _called(before[own], first, own)
        row = replace(
            like,
            kind="row",
            element=own,
            label=said("行“%(name)s”", name=called),
            clause=_clause(sides, like.element, own),
            carrier=f"{like.element}.{own}",
            carries="row",
        )
        facts = [_cells(each[own], head) if own in each else None for each, head in ((before, first), (after, last))]
        yield from of_thing(row, facts[0], facts[1])
    orders = [[own for own in rules if own in before and own in after] for rules in (before, after)]
    if orders[0] != orders[1]:
        yield replace(like, what=said("行的次序"), before="、".join(orders[0]), after="、".join(orders[1]))


def _decisions(root: etree._Element) -> dict[str, etree._Element]:
    return {each.get("id", ""): each for each in _all(root, "decision")}


def _all(element: etree._Element, local: str) -> list[etree._Element]:
    return [each for each in element.iter() if xml.local(each) == local]


def _columns(decision: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {said("名称"): decision.get("name", "")}
    for part in decision:  # what the decision needs and gives beside its table
        if xml.local(part) != "decisionTable":
            told = [str(value) for each in part.iter() for value in each.attrib.values()]
            found[f"{xml.local(part)} {part.get('id', len(found))}"] = " ".join([*told, _text(part)]).strip()
    for table in _all(decision, "decisionTable"):
        found[said("命中规则")] = table.get("hitPolicy", "UNIQUE")
        for column in [*_all(table, "input"), *_all(table, "output")]:
            told = [column.get("label", ""), column.get("name", ""), column.get("typeRef", ""), _text(column)]
            found[said("列 %(id)s", id=column.get("id", ""))] = " ".join(part for part in told if part)
    return found


def _heads(decision: etree._Element) -> list[str]:
    columns = [*_all(decision, "input"), *_all(decision, "output")]
    return [str(column.get("label") or column.get("name") or column.get("id", "")) for column in columns]


def _cells(rule: etree._Element, heads: list[str]) -> dict[str, str]:
    """The cells by their column's words, and what is written beside the row."""
    entries = [*_all(rule, "inputEntry"), *_all(rule, "outputEntry"), *_all(rule, "annotationEntry")]
    named = [*heads, *(said("第 %(number)s 格", number=at + 1) for at in range(len(heads), len(entries)))]
    found = {head: _text(entry) for head, entry in zip(named, entries, strict=False)}
    notes = [_text(each) for each in _all(rule, "description")]
    return found | ({said("说明"): " ".join(notes)} if notes else {})


def _called(rule: etree._Element, heads: list[str], own: str) -> str:
    """A row by its name, where the table has such a column; else by what is written beside it, else by its id."""
    cells = _cells(rule, heads)
    return cells.get("名称", "").strip('"') or cells.get("说明", "")[:30] or own


def _clause(sides: tuple[Side, ...], decision: str, row: str) -> str:
    """The clause that the regime's file gives with a row that it has chosen."""
    for side in sides:
        chosen = side.numbers.get(decision)
        if isinstance(chosen, dict) and isinstance(chosen.get(row), str):
            return str(chosen[row])
    return ""


def _own(rule: etree._Element, number: int) -> str:
    return rule.get("id") or str(number)


def _text(element: etree._Element) -> str:
    return " ".join("".join(str(part) for part in element.itertext()).split())
