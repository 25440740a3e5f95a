"""The words of the pages: written in Chinese where they stand, in other languages looked up by that sentence."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context

from config.sentences import Said, Title

LANGUAGES = {"zh-CN": "中文", "en": "English"}  # by their own names
CHINESE = "zh-CN"
FOLDER = Path(__file__).parent


def language() -> str:
    """The language of the reader who is answered: of LANGUAGES."""
    return getattr(g, "language", CHINESE) if has_request_context() else CHINESE


def _(sentence: str, /, **facts: Any) -> str:
    """The sentence in the reader's language, its blanks `%(name)s` filled in. What has no translation stays Chinese.

    A language with a plural has two forms of some sentences: the first number among the facts decides, and without one
    it is the singular. A heading over several is asked for with a number: `_("批次", count=2)`, "Rounds".
    """
    one, *many = _catalog(language()).get(sentence) or (sentence,)
    number = next((fact for fact in facts.values() if isinstance(fact, int)), 1)
    said = many[0] if many and number != 1 else one
    return said % {name: spoken(fact) for name, fact in facts.items()} if facts else said


def N_(sentence: str) -> str:  # noqa: N802  # what gettext calls it everywhere
    """A sentence that is written here and shown elsewhere, through `_`: this lets the tests find it."""
    return sentence


def spoken(text: Any) -> Any:
    """What the engine says in Chinese, in the reader's language; everything else as it is."""
    if isinstance(text, Said):
        return _(text.sentence, **text.facts)
    if isinstance(text, Title):
        return text.others.get(_short()) or str(text)
    return text


def titled(schema: Mapping[str, Any], word: str = "title") -> str:
    """The title (or another word) of a part of a form or diagram, in the reader's language: `x-i18n` has the others."""
    own = schema.get("x-i18n", {}).get(_short(), {})
    return str(own.get(word) or schema.get(word) or "")


def install(app: Flask) -> None:
    """Teach the templates `_(…)` and `{% trans %}`, and to speak what the engine says wherever they show it."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_, _counted, newstyle=False)  # type: ignore[attr-defined]  # of the extension
    app.jinja_env.finalize = spoken
    app.jinja_env.globals.update(_=_, titled=titled, languages=LANGUAGES)


def _short() -> str:
    """The reader's language as forms name it: "zh", "en"."""
    return language().partition("-")[0]


def _counted(one: str, many: str, count: int) -> str:
    return _(one if count == 1 else many)


@lru_cache(maxsize=8)
def _catalog(name: str) -> Mapping[str, tuple[str, ...]]:
    return catalog(FOLDER / f"{name}.po") if (FOLDER / f"{name}.po").exists() else {}


def catalog(file: Path) -> dict[str, tuple[str, ...]]:
    """Each Chinese sentence of a file of words with its translation; with singular and plural where it has both."""
    found = {}
    with file.open("rb") as opened:
        for entry in read_po(opened):
            forms = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
            if entry.id and all(forms):
                found[entry.id if isinstance(entry.id, str) else entry.id[0]] = tuple(map(str, forms))
    return found
