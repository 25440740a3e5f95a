"""A letter's differences: subject and lines, in Chinese and in English."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from config.sentences import said
from engine import letters
from engine.workshop.changes.parts import Change, Side


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in a letter that both sides have. Raises ValueError where one is no text."""
    own = name.removeprefix("letters/").removesuffix(".txt")
    for language, subject, body in (
        (letters.CHINESE, said("标题"), said("正文")),
        (letters.ENGLISH, said("英文标题"), said("英文正文")),
    ):
        was, now = (letters.half(side.files[name], language) or [] for side in (old, new))
        for what, first, last in _pairs(was, now):
            word = subject if what == 0 else body
            label = said("通知“%(name)s”", name=new.letter(own))
            like = Change(name, "letter", own, label, carrier=own, carries="letter")
            yield replace(like, what=word, before=first, after=last)


def _pairs(was: list[str], now: list[str]) -> Iterator[tuple[int, str | None, str | None]]:
    """Lines that are not the same: 0 the subject, 1 a line of the body. Empty lines say nothing."""
    if was[:1] != now[:1]:
        yield 0, next(iter(was), None), next(iter(now), None)
    before, after = ([line for line in lines[1:] if line.strip()] for lines in (was, now))
    for deed, first, past, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if deed == "equal":
            continue
        gone, come = before[first:past], after[begin:end]
        for at in range(max(len(gone), len(come))):
            yield 1, gone[at] if at < len(gone) else None, come[at] if at < len(come) else None
