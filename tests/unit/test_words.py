"""What the modeller offers: by names that owners know, and nothing that the engine would refuse."""

from typing import Any

from engine import bundle, conventions, vocabulary
from engine.lint import problems
from engine.workshop import titles, words

FILES = bundle.shipped("qingyuan")


def _of(choices: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(choice for choice in choices if choice["id"] == key)


def test_an_owner_chooses_by_names_and_the_diagram_gets_the_ids() -> None:
    offered = words.offered(FILES, "intake.bpmn")
    form = _of(offered["forms"], "acceptance")
    assert (form["title"], form["returns"]) == ("受理", True)
    assert _of(form["fields"], "decision")["choices"][1] == {"id": "return", "title": "退回补正"}
    limit = _of(offered["limits"], "acceptance")
    assert (limit["title"], limit["working_days"]) == ("受理", 5)
    assert _of(offered["letters"], "accepted")["title"] == "【已受理】{{集群名称}}的申报材料已受理"
    assert _of(offered["thresholds"], "output_100m_yuan")["value"] == "20"
    assert _of(offered["processes"], "examination") == {
        "id": "examination",
        "title": "初审",
        "office": True,
        "ends": [{"id": "passed", "title": "初审通过"}, {"id": "not_passed", "title": "初审不通过"}],
    }
    assert _of(offered["effects"], "set_round")["parameters"][1] == {
        "id": "closes_at",
        "title": "截止时间",
        "choices": None,
    }
    assert {"id": "correct", "title": "补正申报材料"} in offered["steps"]
    assert {"id": "office", "title": "调用时写明的单位", "variable": True} in offered["names"]


def test_a_step_is_shown_with_the_clause_it_stands_on_or_the_reason_why_none() -> None:
    clauses = words.offered(FILES, "publicity.bpmn")["clauses"]
    assert [each["clause"] for each in clauses["check_objections"]["clauses"]] == ["第十五条（二）"]
    assert words.offered(FILES, "intake.bpmn")["clauses"]["correct"]["internal"]


def test_no_process_is_offered_that_would_call_itself() -> None:
    offered = {choice["id"] for choice in words.offered(FILES, "intake.bpmn")["processes"]}
    assert "examination" in offered
    assert offered.isdisjoint({"intake", "application"})


def test_a_bundle_that_cannot_be_read_offers_what_is_left() -> None:
    broken = {
        "regime.toml": b"=",
        "forms/a.json": b"{",
        "x.bpmn": b"<x",
        "letters/a.txt": b"\xff",
        "clauses.toml": b"=",
    }
    offered = words.offered(broken, "x.bpmn")
    for name in ("forms", "limits", "thresholds", "letters", "processes", "steps"):
        assert offered[name] == [], name
    assert offered["clauses"] == {}
    assert _of(offered["roles"], "expert")["title"] == "评审专家"


def test_everything_that_a_diagram_may_name_has_words_for_people() -> None:
    assert titles.ACTS.keys() == conventions.ACTS.keys()
    assert titles.EFFECTS.keys() == conventions.EFFECTS.keys()
    assert titles.PARAMETERS.keys() == set().union(*conventions.EFFECTS.values())
    assert titles.PLACES.keys() >= conventions.ADDRESSEES
    assert titles.CLOSINGS.keys() == conventions.CLOSINGS
    assert titles.AUDIENCES.keys() == conventions.AUDIENCES
    assert titles.NOTICES.keys() == conventions.NOTICE_FORMS.keys()
    assert titles.ROUND_STATES.keys() == conventions.ROUND_STATES
    assert titles.WORDS.keys() == vocabulary.WORDS
    assert titles.GIVEN.keys() >= conventions.GIVEN_NAMES.union(*conventions.ACTS.values())


def test_what_the_engine_refuses_is_not_offered() -> None:
    engine = words.offered(FILES, "intake.bpmn")["engine"]
    assert {"task", "manualTask", "complexGateway", "adHocSubProcess"} <= set(engine["refused"])
    assert "signal" not in engine["events"]["endEvent"]
    assert "" not in engine["events"]["boundaryEvent"]
    assert not [found for found in problems(FILES, dry_run=False) if found.rule in ("event-definition", "plain-task")]
