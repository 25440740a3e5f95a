"""The words of the pages: each sentence stands in the other languages too, with the same blanks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask, g

from engine import access, bulk, bulletin, dossier, objections, organisations, register
from web import wording

WEB = Path(wording.__file__).parent.parent
TITLES = [
    *(access.ROLES, access.SCOPES, bulletin.NOTICE_KINDS, register.STATES, organisations.LEVELS),
    *(dossier.GROUPS, objections.STATES, bulk.DEEDS),
]  # of the engine
OTHERS = [language for language in wording.LANGUAGES if language != wording.CHINESE]
BLANKS = re.compile(r"%\((\w+)\)s")
CHINESE = re.compile("[\u4e00-\u9fff]")


def said() -> Iterator[tuple[str, str]]:
    """Every sentence that a page asks the words for, with where it stands."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"**.html": {"trimmed": "true"}}
    for file, line, message, _comments, _context in extract_from_dir(
        WEB, methods, options, keywords={"_": None, "gettext": None, "N_": None}
    ):
        yield str(message), f"{file}:{line}"
    for titles in TITLES:
        yield from ((title, name) for name, title in titles.items())


def translated(language: str) -> dict[str, tuple[str, ...]]:
    return wording.catalog(wording.FOLDER / f"{language}.po")


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_pages_stands_in_every_language(language: str) -> None:
    known = translated(language)
    asked = dict(said())
    assert {place: sentence for sentence, place in asked.items() if not known.get(sentence)} == {}
    assert sorted(known.keys() - asked.keys()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_blanks_of_its_sentence_and_no_chinese(language: str) -> None:
    for sentence, forms in translated(language).items():
        for form in forms:
            assert sorted(BLANKS.findall(sentence)) == sorted(BLANKS.findall(form)), sentence
            assert not CHINESE.search(form), sentence


def test_one_is_said_as_one_and_several_as_several(tmp_path: Path) -> None:
    file = tmp_path / "en.po"
    file.write_text(
        'msgid "还剩 %(days)s 天"\n'
        'msgid_plural "还剩 %(days)s 天"\n'
        'msgstr[0] "%(days)s day left"\n'
        'msgstr[1] "%(days)s days left"\n\n'
        'msgid "今日"\nmsgstr "today"\n',
        encoding="utf-8",
    )
    left = ("%(days)s day left", "%(days)s days left")
    assert wording.catalog(file) == {"还剩 %(days)s 天": left, "今日": ("today",)}
    app = Flask("office")
    with app.test_request_context("/"):
        g.language = "en"
        assert [wording._("还剩 %(days)s 个工作日", days=days) for days in (1, 2)] == [
            "1 working day left",
            "2 working days left",
        ]
        assert [wording._("批次"), wording._("批次", count=2)] == ["Round", "Rounds"]


def test_no_chinese_stands_in_a_template_but_through_the_words() -> None:
    """Known-bad control below: what is written straight into a page could never be read in English."""
    for file in sorted((WEB / "templates").rglob("*.html")):
        assert bare(file.read_text(encoding="utf-8")) == [], file.name


def test_chinese_written_straight_into_a_template_is_found() -> None:
    assert bare('<p>{{ _("待办") }}</p>{# 说明 #}{% trans %}认领{% endtrans %}') == []
    assert bare("<p>待办</p>") == ["<p>待办</p>"]
    assert bare('<p title="{{ "待办" }}">') == ['<p title="{{ "待办" }}">']


def bare(template: str) -> list[str]:
    """Lines with Chinese outside `_("…")`, `{% trans %}` and comments."""
    outside = re.sub(r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", template, flags=re.DOTALL)
    outside = re.sub(r"""_\(\s*("[^"]*"|'[^']*')""", "", outside)
    return [line for line in outside.splitlines() if CHINESE.search(line)]
