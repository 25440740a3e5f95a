"""A step gets its article, or the reason why the bureau has it without one; the rest of clauses.toml stays."""

from difflib import ndiff

import pytest

from config import clauses as clause_files
from engine import bundle, lint
from engine.errors import FormInvalid
from engine.workshop import clause_edits

SHANTOU = bundle.shipped("shantou")
CONTENT = SHANTOU["clauses.toml"]
ACCEPTANCE = "intake.acceptance"  # internal in this regime
CALL = "round.call_notice"  # two articles ask for it


def changed(made: bytes) -> list[str]:
    return [line for line in ndiff(CONTENT.decode().splitlines(), made.decode().splitlines()) if line[0] in "+-"]


def number(clause: str, gist: str) -> int:
    duties = clause_edits.articles(CONTENT, ACCEPTANCE)
    return next(duty.number for duty in duties if duty.clause == clause and duty.gist.startswith(gist))


@pytest.mark.parametrize("regime", bundle.regimes())
def test_saying_again_what_each_step_stands_on_leaves_the_file_byte_for_byte(regime: str) -> None:
    files = bundle.shipped(regime)
    content, steps = files["clauses.toml"], clause_edits.steps(files)
    assert len(steps) >= 40
    for step in steps:
        assert step.stands, step
        if step.internal is not None:
            assert clause_edits.made_internal(content, step.id, step.internal) == content
        else:
            carries = [duty.number for duty in clause_edits.articles(content, step.id) if duty.carries]
            assert clause_edits.carried(content, step.id, carries) == content


def test_an_internal_step_gets_an_article_and_loses_its_reason() -> None:
    made = clause_edits.carried(CONTENT, ACCEPTANCE, [number("二（一）", "认定为市级")])
    assert changed(made) == [
        '- carriers = [{ kind = "page", id = "recommendation" }]',
        '+ carriers = [{ kind = "page", id = "recommendation" }, { kind = "element", id = "intake.acceptance" }]',
        '- element = "intake.acceptance"',
        '- reason = "方案未规定受理环节；评审前先确认材料齐全、集群在县级区划范围内，避免专家评审不完整的材料"',
        "- ",
        "- [[internal]]",
    ]
    assert clause_files.load(made).clause_of(ACCEPTANCE) == "二（一）"


def test_a_step_becomes_internal_and_leaves_all_its_articles() -> None:
    made = clause_edits.made_internal(CONTENT, CALL, "本局  自定")
    clauses = clause_files.load(made)
    assert (clauses.clause_of(CALL), clauses.internal_reason(CALL)) == (None, "本局 自定")
    assert changed(made)[:2] == ['-     { kind = "element", id = "round.call_notice" },'] * 2
    assert made.endswith('\n\n[[internal]]\nelement = "round.call_notice"\nreason = "本局 自定"\n'.encode())


def test_a_new_step_is_an_error_until_it_has_its_clause() -> None:
    name = "intake.bpmn"
    renamed = SHANTOU[name].replace(b"acceptance", b"second_look")
    draft = {**SHANTOU, name: renamed}

    def without_clause(files: bundle.Files) -> list[tuple[str, str]]:
        found = lint.problems(files, only=[name], dry_run=False)
        return [(each.element, each.severity) for each in found if each.rule == "no-clause"]

    assert without_clause(draft) == [("second_look", "error")]
    asked = {step.id: step for step in clause_edits.steps(draft)}
    assert not asked["intake.second_look"].stands
    assert asked[ACCEPTANCE].name == ""  # no diagram has it any more
    made = clause_edits.forgotten(CONTENT, ACCEPTANCE)
    made = clause_edits.made_internal(made, "intake.second_look", "再看一遍")
    assert without_clause({**draft, "clauses.toml": made}) == []
    assert without_clause({**draft, "clauses.toml": clause_edits.carried(CONTENT, "intake.second_look", [11])}) == []


@pytest.mark.parametrize("numbers", [[], [999]])
def test_an_article_has_to_be_one_of_the_text(numbers: list[int]) -> None:
    with pytest.raises(FormInvalid) as refusal:
        clause_edits.carried(CONTENT, ACCEPTANCE, numbers)
    assert [each.code for each in refusal.value.problems] == ["required"]


def test_an_article_that_is_not_the_systems_carries_no_step() -> None:
    with pytest.raises(FormInvalid) as refusal:
        clause_edits.carried(CONTENT, ACCEPTANCE, [number("一（二）", "从财政")])
    assert "一（二）（从财政" in refusal.value.problems[0].message


@pytest.mark.parametrize("reason", ["", "  ", "长" * 301])
def test_an_internal_step_has_a_reason(reason: str) -> None:
    with pytest.raises(FormInvalid) as refusal:
        clause_edits.made_internal(CONTENT, ACCEPTANCE, reason)
    assert [each.field for each in refusal.value.problems] == ["reason"]
