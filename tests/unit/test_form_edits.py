"""Forms as plain questions: what is not answered otherwise keeps its bytes, and nothing that is read is lost."""

import json
import re
from dataclasses import replace
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest

from engine import bundle, forms
from engine.errors import FormInvalid, NotFound
from engine.forms import profile
from engine.workshop import form_edits, form_questions, form_readers, json_text, rule_questions
from engine.workshop.form_questions import Field, Option

ROOT = Path(bundle.__file__).parents[1]
SHANTOU = bundle.shipped("shantou")
CHANGE = SHANTOU["forms/change_filing.json"]  # laid out by hand
PLAIN = (bundle.FOLDER / "forms" / "change_filing.json").read_bytes()
ACCEPTANCE = SHANTOU["forms/acceptance.json"]


def every_form() -> dict[str, bytes]:
    """Each shipped form of each regime, and the common ones as they are written, once."""
    found = {f"common {path.name}": path.read_bytes() for path in sorted((bundle.FOLDER / "forms").glob("*.json"))}
    for regime in bundle.regimes():
        found |= {f"{regime} {path}": content for path, content in bundle.shipped(regime).items() if "forms/" in path}
    return {name: content for name, content in found.items() if list(found.values()).count(content)}


def changed(before: bytes, made: bytes) -> list[str]:
    return [line for line in ndiff(before.decode().splitlines(), made.decode().splitlines()) if line[0] in "+-"]


def document(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found


def refused(work: Any, *arguments: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(FormInvalid) as refusal:
        work(*arguments, **more)
    return [(each.field, str(each.message)) for each in refusal.value.problems]


def test_saving_every_field_unchanged_leaves_every_shipped_form_byte_for_byte() -> None:
    asked = 0
    for name, content in every_form().items():
        form = form_edits.read(content)
        assert json_text.kept(content, form) == content, name
        for field, schema in form["properties"].items():
            for path in (field, *(f"{field}.{each}" for each in schema.get("items", schema).get("properties", ()))):
                answered = form_edits.field(form, path)
                assert answered.kind in form_questions.TITLES, (name, path)
                own = form_edits.schema(form, path)
                # even without the short cut for what is the same, nothing moves
                assert json_text.same(form_questions.changed(own, answered, answered), own), (name, path)
                asked += 1
        assert (
            form_edits.saved(content, field, answered if "." not in path else form_edits.field(form, field)) == content
        )
        assert form_edits.about(content, None, {}) == content
    assert asked > 2000


def test_another_title_changes_one_word_of_every_form() -> None:
    for name, content in every_form().items():
        form = json_text.read(content)
        for schema in form["properties"].values():
            schema["title"] += "!"
        assert len(json_text.kept(content, form)) == len(content) + len(form["properties"]), name


def test_a_field_is_answered_otherwise_where_it_stands() -> None:
    answered = form_edits.field(form_edits.read(PLAIN), "new_area_km2")
    assert answered == Field(
        "变动后的占地面积（平方公里）", "decimal", "空间范围没有变动的，不填。", "New area (km²)",
        "Leave empty if it has not changed.", width="short",
    )  # fmt: skip
    made = form_edits.saved(
        PLAIN, "new_area_km2", replace(answered, minimum="0", maximum="５００", required=True, hint="")
    )
    assert changed(PLAIN, made) == [
        '-   "required": ["changed_on", "what", "reason"],',
        '+   "required": ["changed_on", "what", "reason", "new_area_km2"],',
        '-       "description": "空间范围没有变动的，不填。",',
        '-       "x-i18n": {"en": {"title": "New area (km²)", "description": "Leave empty if it has not changed."}}',
        '+       "x-i18n": {"en": {"title": "New area (km²)", "description": "Leave empty if it has not changed."}},',
        '+       "minimum": 0,',
        '+       "maximum": 500',
    ]


def test_options_keep_their_values_and_get_other_words() -> None:
    answered = form_edits.field(form_edits.read(PLAIN), "kinds")
    assert answered.options[0] == Option("industry", "主导产业", "Leading industry")
    options = (replace(answered.options[0], label="产业方向"), *answered.options[1:], Option("name", "集群名称"))
    made = form_edits.saved(PLAIN, "kinds", replace(answered, options=options, most_items="5"))
    was, items = (document(each)["properties"]["kinds"]["items"] for each in (PLAIN, made))
    assert items["enum"] == ["industry", "area", "operating_body", "other", "name"]
    assert items["x-ui"]["choices"]["industry"] == "产业方向"
    assert items["x-i18n"]["en"]["choices"] == was["x-i18n"]["en"]["choices"]
    assert profile.problems(made) == []


@pytest.mark.parametrize("kind", form_questions.TITLES)
def test_a_field_of_every_kind_can_be_added_and_taken_away_again(kind: str) -> None:
    options = (Option("yes", "有"), Option("no", "没有")) if kind.endswith("choice") else ()
    made = form_edits.added(CHANGE, "item_1", Field("新的一栏", kind, required=True, options=options))
    assert forms.parse(made).title_of("item_1") == "新的一栏"
    assert form_edits.field(form_edits.read(made), "item_1").kind == kind
    assert form_edits.removed(made, "item_1") == CHANGE


def test_columns_of_a_table_are_added_changed_moved_and_removed() -> None:
    content = form_edits.added(CHANGE, "rows", Field("明细", "table"))
    content = form_edits.added(content, "rows.amount", Field("金额（万元）", "decimal", required=True, minimum="0"))
    content = form_edits.moved(content, "rows.amount", form_edits.UP)
    table = document(content)["properties"]["rows"]["items"]
    assert (list(table["properties"]), table["required"]) == (["amount", "item"], ["item", "amount"])
    content = form_edits.removed(content, "rows.item")
    assert refused(form_edits.removed, content, "rows.amount") == [("", "至少要留一个栏目")]
    assert refused(form_edits.added, content, "rows.more", Field("套表", "table"))[0][0] == "rows.more"


def test_sections_take_fields_and_change_places() -> None:
    content = form_edits.section_added(PLAIN, "附加说明")  # a form without sections gets its first
    assert [part["title"] for part in form_edits.sections(form_edits.read(content))] == ["重大变动报备", "附加说明"]
    content = form_edits.put_into(content, "attachments", "section_2")
    content = form_edits.moved(content, "attachments", form_edits.UP)
    content = form_edits.section_moved(content, "section_2", form_edits.UP)
    parts = form_edits.sections(form_edits.read(content))
    assert [part["fields"][0] for part in parts] == ["attachments", "changed_on"]
    assert list(document(content)["properties"])[:2] == ["attachments", "item_1"]
    assert refused(form_edits.section_removed, content, "section_2") == [("", "这一节还有栏目，请先移到别的节或删去")]
    content = form_edits.about(content, "section_2", {"title": "说明和附件", "english_title": "Remarks"})
    assert form_edits.told(form_edits.sections(form_edits.read(content))[0]).english_title == "Remarks"
    assert profile.problems(content) == []


def test_a_field_is_not_moved_before_the_one_that_decides_whether_it_is_asked() -> None:
    order = list(form_edits.read(ACCEPTANCE)["properties"])
    at = order.index("decision")
    content = ACCEPTANCE
    while order[at + 1 :][:1] != ["remarks"]:  # asked only while the decision is to return
        content = form_edits.moved(content, "remarks", form_edits.UP)
        order = list(form_edits.read(content)["properties"])
    assert "应是排在前面的字段" in refused(form_edits.moved, content, "remarks", form_edits.UP)[0][1]


def test_show_conditions_are_chosen_from_earlier_answers() -> None:
    answered = form_edits.field(form_edits.read(ACCEPTANCE), "opinion")
    made = form_edits.saved(ACCEPTANCE, "opinion", replace(answered, show_field="decision", show_values=("return",)))
    assert document(made)["properties"]["opinion"]["x-show-when"] == {"field": "decision", "in": ["return"]}
    assert form_edits.saved(made, "opinion", answered) == ACCEPTANCE
    bad = replace(answered, show_field="decision", show_values=("later",))
    assert "应取自" in refused(form_edits.saved, ACCEPTANCE, "opinion", bad)[0][1]
    assert (
        refused(form_edits.saved, ACCEPTANCE, "opinion", replace(answered, show_field="decision"))[0][0]
        == "show_values"
    )


@pytest.mark.parametrize(
    ("path", "answers", "field", "why"),
    [
        ("what", {"title": ""}, "title", "请写栏目的名称"),
        ("what", {"kind": "decimal"}, "kind", "不能改成“小数”"),
        ("what", {"most_length": "5000"}, "most_length", "不大于 3000"),
        ("new_area_km2", {"minimum": "很小"}, "minimum", "应为数字"),
        ("kinds", {"options": ()}, "options", "至少写一个选项"),
        ("kinds", {"options": (Option("a", "甲"), Option("b", "甲"))}, "options", "请只留一个"),
        ("kinds", {"most_items": ""}, "most_items", "最多几项"),
    ],
)
def test_a_bad_answer_is_refused_with_its_question(path: str, answers: dict[str, Any], field: str, why: str) -> None:
    answered = form_edits.field(form_edits.read(PLAIN), path)
    ((found, message),) = refused(form_edits.saved, PLAIN, path, replace(answered, **answers))
    assert (found, why in message) == (field, True), message


@pytest.mark.parametrize(
    ("name", "why"), [("what", "已有编号"), ("Neu", "小写字母"), ("today", "系统用词"), ("名称", "小写字母")]
)
def test_a_new_field_gets_a_name_of_its_own(name: str, why: str) -> None:
    assert why in refused(form_edits.added, PLAIN, name, Field("新", "line"))[0][1]


def test_a_new_form_is_one_that_may_be_deployed() -> None:
    content = form_edits.created("会签意见")
    assert forms.parse(content).title == "会签意见"
    assert form_edits.field(form_edits.read(content), "opinion").kind == "long_text"
    with pytest.raises(NotFound):
        form_edits.field(form_edits.read(content), "nothing")


def test_rules_are_read_as_sentences_and_answered_as_questions() -> None:
    seen = set()
    for content in every_form().values():
        form = form_edits.read(content)
        for rule in form.get("x-rules", ()):
            assert "%(" not in rule_questions.in_words(rule, form)
            seen.add(rule["rule"])
    assert seen == set(rule_questions.RULES)
    form = form_edits.read(ACCEPTANCE)
    given = {
        "when_fields": ["decision"],
        "when_in": ["退回"],
        "then_field": ["opinion"],
        "then_in": ["无"],
        "message": ["写无"],
    }
    labels = form["properties"]["decision"]["x-ui"]["choices"]
    rule = rule_questions.made("requires_when", {**given, "when_in": [labels["return"]]}, form)
    assert rule["when"] == {"fields": ["decision"], "in": ["return"]}
    made = form_edits.rule_added(ACCEPTANCE, rule)
    number = len(form["x-rules"])
    assert form_edits.rule_removed(made, number) == ACCEPTANCE
    assert refused(form_edits.rule_added, made, rule) == [("rule", "已有这条规则")]
    assert refused(rule_questions.made, "requires_when", {}, form)[0][0] == "when_fields"
    first = form_edits.rule_added(
        form_edits.created("会签"), {"rule": "length_together", "fields": ["opinion"], "limit": 9}
    )
    assert form_edits.rule_removed(first, 0) == form_edits.created("会签")


def test_whoever_reads_a_field_is_named_before_it_goes() -> None:
    told = [(each.file, each.words) for each in form_readers.readers(SHANTOU, "acceptance", "decision")]
    assert ("intake.bpmn", "环节“受理”把它交给流程") in told
    assert ("forms/acceptance.json", "栏目“需补正的内容”的显示条件") in told
    assert any(file == "intake.bpmn" and "decision ==" in words for file, words in told)
    area = {each.words for each in form_readers.readers(SHANTOU, "application", "area_km2")}
    assert {"条款二（二）2由它承载", "预审用它核对认定条件（area_km2）", "栏目“占地面积”旁边显示它的答案"} <= area
    assert form_readers.readers(SHANTOU, "change_filing", "new_area_km2") == []
    ((field, why),) = refused(form_readers.refuse, form_readers.readers(SHANTOU, "acceptance", "decision"), "结论", "x")
    assert field == "x"
    assert "不能删去“结论”，它还被读取" in why
    assert "请先在这些地方改掉，再删" in why


def test_an_option_that_a_condition_asks_for_is_named_before_it_goes() -> None:
    told = [each.words for each in form_readers.of_option(SHANTOU, "acceptance", "decision", "accept")]
    assert any('decision == "accept"' in words for words in told)
    assert form_readers.of_option(SHANTOU, "application", "industry_class", "tertiary") == []


def test_the_names_that_the_program_looks_for_are_all_on_the_list() -> None:
    """Every answer that the engine takes by a name written out in it, if a shipped form has a field of that name."""
    taken = re.compile(r'answers(?:\[|\.get\()"([a-z_]+)"')
    source = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("engine/**/*.py"))
    names = {field for content in every_form().values() for field in document(content)["properties"]}
    assert len(looked_for := names & set(taken.findall(source))) > 25
    assert looked_for - form_readers.BY_PROGRAM == set()
    assert form_readers.BY_PROGRAM - names == set()
