"""The words of the pages: each sentence stands in the other languages too, with the same blanks."""

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask, g

from config.sentences import Title, enumerated, said
from engine import access, bulk, bulletin, dossier, letter_log, objections, organisations, particulars, register, xml
from web import wording

ROOT = Path(wording.__file__).parents[2]
WEB = ROOT / "web"
TITLES = [
    *(access.ROLES, access.SCOPES, bulletin.NOTICE_KINDS, register.STATES, organisations.LEVELS),
    *(dossier.GROUPS, objections.STATES, bulk.DEEDS, letter_log.STATES, particulars.DUTIES),
]  # of the engine
OTHERS = [language for language in wording.LANGUAGES if language != wording.CHINESE]
BLANKS = re.compile(r"%\((\w+)\)s")
CHINESE = re.compile("[\u4e00-\u9fff]")

# Of the engine, what no page says: what `jiqun check`, `deploy` and `precheck` tell owners and operators.
FOR_OWNERS = {
    "bundle.py", "checking", "criteria.py", "examples.py", "expressions.py", "form_changes.py", "forms/profile.py",
    "indicators.py", "letters.py",
    "lint", "migrations", "scripts", "skeleton.py", "symbols.py", "values.py", "vocabulary.py", "xml.py",
}  # fmt: skip
TELLING = {"Problem", "SheetProblem", "Break", "Unfit"}  # what carries a sentence without being raised


def asked() -> Iterator[tuple[str, str]]:
    """Every sentence that a page asks the words for, or that the engine says to people, with where it stands."""
    yield from said_in_pages()
    for folder in ("engine", "config"):
        for file, line, message, _comments, _context in extract_from_dir(
            ROOT / folder, [("**.py", "python")], keywords={"said": None}
        ):
            yield str(message), f"{folder}/{file}:{line}"
    for label in criteria_labels():
        yield label, "criteria.dmn"


def criteria_labels() -> set[str]:
    """What criteria.dmn calls each criterion: the cells of its column `label`."""
    table = xml.read("criteria.dmn", (ROOT / "processes/criteria.dmn").read_bytes()).find(".//{*}decisionTable")
    assert table is not None
    names = [output.get("name") for output in table.iterfind("{*}output")]
    cells = [rule.findall("{*}outputEntry")[names.index("label")] for rule in table.iterfind("{*}rule")]
    return {(cell.findtext("{*}text") or "").strip('"') for cell in cells}


def said_in_pages() -> Iterator[tuple[str, str]]:
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
def test_every_sentence_of_the_pages_and_the_engine_stands_in_every_language(language: str) -> None:
    known = translated(language)
    wanted = dict(asked())
    assert {place: sentence for sentence, place in wanted.items() if not known.get(sentence)} == {}
    assert sorted(known.keys() - wanted.keys()) == []


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


@pytest.mark.parametrize("language", OTHERS)
def test_what_a_rule_of_a_form_asks_for_stands_in_every_language(language: str) -> None:
    forms = [json.loads(file.read_bytes()) for file in (ROOT / "processes").rglob("forms/*.json")]
    rules = [rule for form in forms for rule in form.get("x-rules", ()) if "message" in rule]
    assert len(rules) > 20
    for rule in rules:
        assert rule.get("x-i18n", {}).get(language.partition("-")[0], {}).get("message"), rule["message"]


def test_a_sentence_of_the_engine_is_chinese_text_and_spoken_with_its_facts_in_the_readers_language() -> None:
    title = Title("主导产业产值", {"en": "Output of the leading industry"})
    label = said("%(table)s第 %(row)s 行", table=said("“%(title)s”", title=title), row=4)
    told = said("请填写%(label)s", label=label)
    assert told == "请填写“主导产业产值”第 4 行"
    assert [wording.spoken(told), wording.spoken("照旧"), wording.spoken(None)] == [told, "照旧", None]
    app = Flask("office")
    wording.install(app)
    with app.test_request_context("/"):
        g.language = "en"
        assert wording.spoken(told) == "Fill in “Output of the leading industry”, row 4"
        assert wording.spoken(Title("没有译名")) == "没有译名"
        assert wording._("第 %(number)s 条：%(reason)s。", number=4, reason=told).endswith(f"{wording.spoken(told)}。")
        page = app.jinja_env.from_string("<p>{{ told }}</p>{{ plain }}").render(told=said("%(n)s 列", n=told), plain=1)
        assert page == "<p>Fill in “Output of the leading industry”, row 4 列</p>1"


def test_things_in_a_row_are_said_with_the_marks_of_the_readers_language() -> None:
    three = enumerated(["甲", said("是"), "丙"])
    assert three == "甲、是、丙"
    app = Flask("office")
    with app.test_request_context("/"):
        g.language = "en"
        assert wording.spoken(three) == "甲, Yes, 丙"


def test_the_engine_refuses_in_sentences_that_can_be_translated() -> None:
    """Known-bad control below: a text put together with f"…" is Chinese for every reader."""
    files = [file for file in (ROOT / "engine").rglob("*.py") if not _for_owners(file)]
    assert len(files) > 40
    assert {file.name: found for file in files if (found := unsaid(file.read_text(encoding="utf-8")))} == {}


def test_a_refusal_that_cannot_be_translated_is_found() -> None:
    planted = textwrap.dedent("""
        def close(task):
            if task.done:
                raise AlreadyDone("该待办已办结", task=task.id)
            if not task.mine:
                raise Refused(f"请联系{task.holder}" if task.holder else "没有人认领")
            raise Refused(said("该待办已办结"))

        def wrong(label):
            yield Problem("name", "required", f"请填写{label}")
            yield Problem("name", "required", said("请填写%(label)s", label=label))
    """)
    assert [line for line, _text in unsaid(planted)] == [4, 6, 6, 10]


def _for_owners(file: Path) -> bool:
    inside = file.relative_to(ROOT / "engine")
    return inside.as_posix() in FOR_OWNERS or inside.parts[0] in FOR_OWNERS


def unsaid(source: str) -> list[tuple[int, str]]:
    """Chinese that is raised, or told as a problem, without `said`: line and text."""
    found: list[tuple[int, str]] = []

    def look(node: ast.AST, told: bool) -> None:
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name == "said":
            return
        told = told or isinstance(node, ast.Raise) or name in TELLING
        if told and isinstance(node, ast.JoinedStr | ast.Constant) and CHINESE.search(ast.unparse(node)):
            found.append((node.lineno, ast.unparse(node)))
            return
        for inner in ast.iter_child_nodes(node):
            look(inner, told)

    look(ast.parse(source), told=False)
    return sorted(found)


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
