"""Every flow of every diagram is walked once with sample data, and what breaks or stands still on the way is found."""

import json
from itertools import chain

import pytest
from SpiffWorkflow import TaskState

from engine import bundle as bundles
from engine import conventions, examples, lint
from engine.checking import child, given, keeping, report, smoke, walking
from engine.checking import examples as example_runs
from engine.checking.report import Row
from engine.lint import surroundings
from tests.bundles import bundle, form
from tests.diagrams import Diagram
from tests.planted import ACCEPTED, REFUSED, chosen, empty, judged, table
from tests.sound import everything


def rows(files: dict[str, bytes]) -> list[Row]:
    """What the walks find, without the child in between."""
    around = surroundings.read(files)
    ground = smoke.Ground(files)
    return sorted(
        report.of_walks(around, {process: ground.walk(process).plain() for process in smoke.roots(around)}),
        key=lambda row: (row.rule, row.element),
    )


def found(files: dict[str, bytes]) -> list[tuple[str, str, str, str]]:
    return [(row.severity, row.rule, row.file, row.element) for row in rows(files)]


@pytest.mark.parametrize("regime", bundles.regimes())
def test_every_flow_of_what_ships_is_walked_by_answers_that_people_can_give(regime: str) -> None:
    ground = smoke.Ground(bundles.shipped(regime))
    walked = [ground.walk(process) for process in smoke.roots(ground.around)]
    assert [trouble for each in walked for trouble in each.troubles] == []
    assert set(ground.drawn) - set(chain.from_iterable(each.flows for each in walked)) == set()
    assert all(each.ends for each in walked)


def test_what_the_lint_lets_through_and_the_engine_cannot_do_is_found() -> None:
    """The results of the reviews have a name that is in use, and nobody sets what the table asks for."""
    files = bundle(everything(), empty("publicity"), size_dmn=table())
    assert [finding for finding in lint.problems(files, dry_run=False) if finding.severity == "error"] == []
    told = [(row.rule, row.element) for row in rows(files) if row.severity == "error"]
    assert told == [("walk-crash", "review"), ("walk-crash", "sized")]


def test_a_flow_that_no_answer_leads_to_is_told_and_what_lies_behind_it_is_walked_all_the_same() -> None:
    drawn = judged().flow("ok", "done", default=True).flow("ok", "wait", "decision == 'postpone'")
    drawn.user("wait", "暂缓").path("wait", "done")
    files = bundle(drawn)
    assert found(files) == [
        ("warning", "flow-forced", "application.bpmn", "ok_to_wait"),
        ("warning", "flow-forced", "application.bpmn", "wait_to_done"),
    ]
    told = rows(files)[0]
    assert told.reason == "没有一种示例答案会从 ok 走到 wait"
    assert [deed["element"] for deed in told.way] == ["application", "examine"]


def test_an_end_that_never_comes_is_found_with_the_way_there() -> None:
    drawn = Diagram().start().parallel("fork", "分头").parallel("join", "汇总").end().end("dropped", "不再办理")
    drawn.user("review", "评审", variables="decision").user("inspect", "抽查").exclusive("ok", "是否通过")
    drawn.path("filed", "fork", "review", "ok").path("fork", "inspect", "join", "done")
    drawn.flow("ok", "join", default=True).flow("ok", "dropped", REFUSED)
    files = bundle(drawn)
    assert found(files) == [("error", "walk-stuck", "application.bpmn", "join")]
    told = rows(files)[0]
    assert {"decision": "refuse"} in [deed["given"] for deed in told.way]
    assert "没有办结" in told.reason


def test_a_step_that_crashes_is_found_with_the_answers_that_led_there() -> None:
    drawn = Diagram().start().user("list_cases", "列出办件", variables="cases,decision")
    drawn.exclusive("share", "各占多少").end()
    drawn.end("many", "很多").path("filed", "list_cases", "share").flow("share", "done", default=True)
    drawn.flow("share", "many", f"{REFUSED} and case_id / length(cases) > 0")
    files = bundle(drawn)
    assert found(files) == [("error", "walk-crash", "application.bpmn", "share")]
    told = rows(files)[0]
    assert told.way[-1]["given"] == {"cases": [], "decision": "refuse"}
    assert "除" in told.reason


def test_two_ways_out_that_hold_for_different_answers_of_one_form_are_both_walked() -> None:
    """The second condition asks two steps' answers at once."""
    drawn = Diagram().start().user("first", "初审", variables="decision").user("second", "复审", form="size")
    drawn.nodes[-1].extensions[0] = (
        drawn.nodes[-1]
        .extensions[0]
        .replace(
            "</spiffworkflow:properties>",
            '<spiffworkflow:property name="variables" value="big"/></spiffworkflow:properties>',
        )
    )
    drawn.exclusive("both", "都通过").end().end("rare", "特别办理").path("filed", "first", "second", "both")
    drawn.flow("both", "done", default=True).flow("both", "rare", f"{ACCEPTED} and big == 'yes'")
    assert found(bundle(drawn, forms__size_json=form(big=["no", "yes"]))) == []


def test_a_form_that_no_sample_fits_is_told() -> None:
    """It asks for three cases, and the samples have two."""
    three = form(decision=["accept", "refuse"], cases=[]).replace(b'"maxItems"', b'"minItems": 3, "maxItems"')
    files = bundle(chosen(REFUSED), forms__opinion_json=three)
    told = next(row for row in rows(files) if row.rule == "walk-form")
    assert (told.severity, told.file, told.way_out) == ("warning", "forms/opinion.json", "请核对表单的规则")
    assert "cases" in told.reason


def test_what_dies_in_the_child_is_told_and_the_rest_is_walked() -> None:
    files = bundle(chosen(REFUSED), empty("publicity"))
    answers = child.answers(files, [("process", "application"), ("process", "nowhere"), ("process", "publicity")])
    assert [answer and answer["ends"] != [] for answer in answers] == [True, None, True]


def test_every_act_that_gives_something_has_a_sample_of_it() -> None:
    assert {act: {frozenset(sample) for sample in samples} for act, samples in given.ACTS.items()} == {
        act: {names} for act, names in conventions.ACTS.items() if names
    }


def test_states_are_those_of_the_engine() -> None:
    assert walking.COMPLETED == TaskState.COMPLETED


# ---- examples --------------------------------------------------------------------------------------------------------

JUDGED = judged().flow("ok", "done", default=True).flow("ok", "refused", REFUSED).end("refused", "不予认定")


def kept(files: dict[str, bytes], element: str) -> dict[str, bytes]:
    """The bundle with the way to this end as an example."""
    ground = smoke.Ground(files)
    end = next(end for end in ground.walk("application").ends if end.element == element)
    return {**files, "examples/refused.json": keeping.of_way("不予认定的", "application", end.way, ground.at, element)}


def test_a_way_that_was_walked_is_kept_as_an_example_and_holds() -> None:
    files = kept(bundle(JUDGED), "refused")
    outcome = example_runs.run(files, "examples/refused.json")
    assert (outcome.passed, outcome.ended_at, outcome.why) == (True, "refused", "")
    assert set(outcome.touched) == {("application", name) for name in ("filed", "examine", "ok", "refused")}


def test_a_change_that_lets_an_example_end_otherwise_fails_it() -> None:
    files = kept(bundle(JUDGED), "refused")
    files["application.bpmn"] = files["application.bpmn"].replace(b"decision == 'refuse'", b"decision == 'accept'")
    outcome = example_runs.run(files, "examples/refused.json")
    assert not outcome.passed
    assert outcome.why == "应当办结于 refused，实际办结于 done；请检查条件，或确认后改示例的结果"


def test_an_example_that_needs_one_more_step_says_where_it_stands() -> None:
    files = kept(bundle(JUDGED), "refused")
    more = JUDGED.copy().user("check", "核对")
    more.flows = [flow for flow in more.flows if flow.source != "examine"]
    files["application.bpmn"] = more.path("examine", "check", "ok").text()
    outcome = example_runs.run(files, "examples/refused.json")
    assert outcome.why.startswith("所有步骤走完后仍未办结，停在 “核对”（check）")


SOUND = {
    "title": "x",
    "process": "p",
    "begins_at": "2026-03-02T09:00:00+08:00",
    "start": {},
    "steps": [],
    "expect": {"end": "e"},
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"more": 1}, "more"),
        ({"title": None}, "title"),
        ({"begins_at": "2026-03-02T09:00:00"}, "时区"),
        ({"steps": [{}]}, "第 1 步"),
        ({"steps": [{"element": "fill_in"}, {"element": "a", "timer": True}]}, "第 2 步"),
        ({"expect": {}}, "办结"),
    ],
)
def test_a_file_that_is_no_example_is_refused_with_the_first_thing_wrong(
    change: dict[str, object], complaint: str
) -> None:
    examples.read(json.dumps(SOUND).encode())
    with pytest.raises(examples.ExampleInvalid, match=complaint):
        examples.read(json.dumps(SOUND | change).encode())


def test_an_example_of_a_process_that_is_not_there_is_a_finding_of_the_lint() -> None:
    files = bundle(chosen(REFUSED), examples__one_json=json.dumps(SOUND).encode(), examples__two_json=b"[]")
    told = {(each.file, each.rule) for each in lint.problems(files, dry_run=False)}
    assert told == {("examples/one.json", "example"), ("examples/two.json", "example")}
