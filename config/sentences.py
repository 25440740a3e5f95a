"""Sentences for people: said in Chinese, and remembering how, so that a page can say them in another language."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any


class Said(str):
    """A Chinese sentence, its blanks filled in: plain text that knows what it was made of, `sentence` and `facts`."""

    sentence: str
    facts: Mapping[str, Any]

    def __new__(cls, sentence: str, /, **facts: Any) -> "Said":
        made = super().__new__(cls, sentence % facts if facts else sentence)
        made.sentence, made.facts = sentence, facts
        return made


class Title(str):
    """What a form calls a field or a choice in Chinese; `others` has the titles in other languages ("en")."""

    others: Mapping[str, str]

    def __new__(cls, title: str, others: Mapping[str, str] | None = None) -> "Title":
        made = super().__new__(cls, title)
        made.others = others or {}
        return made


def said(sentence: str, /, **facts: Any) -> Said:
    """The sentence, its blanks `%(name)s` filled in. Facts may be sentences and titles themselves.

    The sentence stands here letter by letter: that is how the tests find what has to be translated.
    """
    return Said(sentence, **facts)


def enumerated(things: Iterable[Any]) -> str:
    """The words, of which there is one at least, one after the other: 甲、乙."""
    return _joined(lambda before, last: said("%(before)s、%(last)s", before=before, last=last), things)


def in_turn(things: Iterable[Any]) -> str:
    """The clauses, of which there is one at least, one after the other: 甲有；乙无."""
    return _joined(lambda before, last: said("%(before)s；%(last)s", before=before, last=last), things)


def _joined(two: Callable[[Any, Any], Said], things: Iterable[Any]) -> str:
    whole: str = reduce(two, things)
    return whole
