"""The diagrams of the expert review, alone: seats side by side, and scored again, however the instance is kept."""

from typing import Any

import pytest

from config import regime
from engine import bpmn, bundle, calendar, lint, vocabulary
from engine.bpmn import Workflow
from engine.conventions import ACTS
from tests.bundles import bundle as small
from tests.bundles import form
from tests.diagrams import Diagram, for_each
from tests.office import REGIME

SCORING = "expert_review/panel_scoring"
PANEL = {"1": 11, "2": 12, "3": 13}
START = {
    "case_id": 1,
    "round_id": 1,
    "cluster_id": 1,
    "applicant_level": "county",
    "closes_at": "2099-12-31T17:30:00+08:00",
}


class Run:
    """An application whose review begins, as the engine keeps it: live, or stored and loaded after every step."""

    def __init__(self, *, stored: bool) -> None:
        files = bundle.shipped(REGIME)
        self.stored = stored
        self.words = vocabulary.words(regime.shipped(REGIME), calendar.shipped())
        self.specs = bpmn.parse(files, "application")
        self.workflow = Workflow.start(self.specs, START, self.words)
        for path, element, variables in (
            ("filing/", "fill_in", {"higher_level_recognition": "none"}),
            ("intake/", "acceptance", {"decision": "accept"}),
            ("examination/", "first_review", {"decision": "pass"}),
        ):
            self.do(path, element, **variables)

    def do(self, path: str, element: str, **variables: Any) -> None:
        (step,) = (one for one in self.workflow.ready() if (one.path, one.element) == (path, element))
        self.workflow.complete(step.id, variables)
        state = self.workflow.dump()
        if self.stored:
            self.workflow = Workflow.load(self.specs, state, bpmn.STATE_FORMAT, self.words)

    def seat(self, number: int, element: str, **variables: Any) -> None:
        self.do(f"{SCORING}[{number}]/", element, **variables)

    def score(self, number: int) -> None:
        self.seat(number, "score", decision="submit", scored=10 + number)

    @property
    def waiting(self) -> set[tuple[str, str, int | None]]:
        return {(step.path, step.element, step.seat) for step in self.workflow.ready()}


@pytest.fixture(params=[False, True], ids=["live", "stored"])
def run(request: pytest.FixtureRequest) -> Run:
    begun = Run(stored=request.param)
    begun.do("expert_review/", "convene", seats=dict(PANEL), all_seats=dict(PANEL), chair=11)
    return begun


def scored(run: Run) -> Run:
    for number in (2, 1, 3):
        run.seat(number, "declare", decision="accept")
    for number in (3, 1, 2):
        run.score(number)
    return run


def test_every_seat_declares_for_itself(run: Run) -> None:
    assert run.waiting == {(f"{SCORING}[{number}]/", "declare", 10 + number) for number in (1, 2, 3)}


def test_a_recusal_and_a_replacement_lead_the_seat_back_to_its_declaration(run: Run) -> None:
    run.seat(2, "declare", decision="recuse")
    assert (f"{SCORING}[2]/", "declare", 12) in run.waiting
    run.seat(2, "declare", decision="replaced")
    run.seat(2, "declare", decision="accept")
    run.seat(2, "score", decision="replaced")
    assert (f"{SCORING}[2]/", "declare", 12) in run.waiting


def test_a_question_stops_its_own_seat_alone(run: Run) -> None:
    run.seat(1, "declare", decision="accept")
    run.seat(2, "declare", decision="accept")
    run.seat(2, "score", decision="ask", scored=12)
    assert (f"{SCORING}[2]/", "pass_on", None) in run.waiting
    run.score(1)
    run.seat(2, "pass_on", decision="pass")
    run.seat(2, "answer_question")
    assert (f"{SCORING}[2]/", "score", 12) in run.waiting


def test_nothing_is_opened_before_all_are_in(run: Run) -> None:
    for number in (1, 2, 3):
        run.seat(number, "declare", decision="accept")
    run.score(1)
    run.score(2)
    assert ("expert_review/", "open_opinions", None) not in run.waiting
    run.score(3)
    assert run.waiting == {("expert_review/", "open_opinions", None)}


def test_one_more_seat_scores_alone_and_all_concur(run: Run) -> None:
    scored(run)
    more = {**PANEL, "4": 14}
    run.do("expert_review/", "open_opinions", decision="add", seats={"4": 14}, all_seats=dict(more))
    assert run.waiting == {(f"{SCORING}[4]/", "declare", 14)}
    run.seat(4, "declare", decision="accept")
    run.score(4)
    run.do("expert_review/", "open_opinions", decision="open", seats=dict(more), all_seats=dict(more))
    assert run.waiting == {(f"expert_review/[{number}]/", "concur", 10 + number) for number in (1, 2, 3, 4)}
    for number in (4, 2, 1, 3):
        run.do(f"expert_review/[{number}]/", "concur", concurred=10 + number)
    assert run.waiting == {("expert_review/", "panel_opinion", 11)}
    run.do("expert_review/", "panel_opinion", expert_decision="recommend")
    assert run.workflow.awaits == {"sample_drawn"}


def test_who_scores_again_does_not_declare_again_and_as_often_as_wanted(run: Run) -> None:
    scored(run)
    for _time in range(3):
        run.do("expert_review/", "open_opinions", decision="again", seats={"1": 11, "3": 13}, all_seats=dict(PANEL))
        assert run.waiting == {(f"{SCORING}[{number}]/", "score", 10 + number) for number in (1, 3)}
        run.score(3)
        run.score(1)
    assert run.waiting == {("expert_review/", "open_opinions", None)}


def test_nothing_of_a_seat_stays_behind_in_the_case(run: Run) -> None:
    """Else a second review of the same case would stop: SpiffWorkflow takes no item whose name is there already."""
    scored(run)
    run.do("expert_review/", "open_opinions", decision="open", seats=dict(PANEL), all_seats=dict(PANEL))
    for number in (1, 2, 3):
        run.do(f"expert_review/[{number}]/", "concur", concurred=10 + number)
    run.do("expert_review/", "panel_opinion", expert_decision="recommend")
    assert not {"seat", "member", "scored", "concurred"} & run.workflow.data.keys()


def test_a_repeated_review_in_place_is_no_fault_to_the_checker() -> None:
    each = for_each("cases", "reviewed_case", results="cases", result="finding")
    drawn = (
        Diagram()
        .start()
        .user("list_cases", "列出办件", variables="cases")
        .user("review", "评审", inner=each, form="finding", variables="finding")
    )
    drawn.user("decide", "审定", variables="decision").exclusive("enough", "够了").end()
    drawn.path("filed", "list_cases", "review", "decide", "enough").flow("enough", "done", default=True)
    drawn.flow("enough", "review", 'decision == "refuse"')
    files = small(drawn, forms__finding_json=form(finding=["good", "bad"]))
    assert "multi-instance" not in {found.rule for found in lint.problems(files, dry_run=False)}


def test_the_acts_of_the_review_are_all_known() -> None:
    known = {"convene_panel", "declare_interest", "give_opinion", "open_opinions", "take_stance", "conclude_panel"}
    assert known <= ACTS.keys()
