"""What people fill in where the answer follows from few facts: for the demo and for the simulation alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, draft_lists, settlement, visits
from engine.forms import Form
from engine.models import Case, Inspection, Seat, Task

RECOMMENDED = 70  # points of a hundred from which on a cluster is recommended
HIGHEST = 100

Answers: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """A task that waits for its answer."""

    session: Session
    task: Task
    case: Case

    @property
    def form(self) -> Form:
        return deployments.deployed(self.session, self.case.deployment_id).form(self.task.form)

    @property
    def visit(self) -> Inspection:
        """The visit that the task reports of."""
        panel_id = self.session.get_one(Seat, self.task.seat_id or 0).panel_id
        return self.session.scalars(select(Inspection).where(Inspection.panel_id == panel_id)).one()


def panel(size: int, fields: Sequence[str] = ()) -> Answers:
    return {"size": size, "fields": list(fields), "chair_rule": "first_drawn"}


def score_sheet(waiting: Waiting, score_of: Callable[[str], int]) -> Answers:
    """A whole opinion; `score_of` gives the points of each indicator by the name of its field."""
    scores = {name: min(HIGHEST, score_of(name)) for name in waiting.form.fields() if name.startswith("score_")}
    return {
        **{name: {"score": str(score), "reason": "见申报材料相应部分"} for name, score in scores.items()},
        "decision": "submit",
        "conclusion": _conclusion(sum(scores.values()) / len(scores)),
        "opinion": "对照条件逐项评分",
    }


def panel_opinion(points: float) -> Answers:
    return {"expert_decision": _conclusion(points), "opinion": "综合各位专家的意见"}


def appointment(team: Sequence[int], on: date) -> Answers:
    """A morning's visit; the first of the team leads it."""
    return {
        "inspectors": list(team),
        "leader": team[0],
        "starts_at": f"{on.isoformat()}T09:00:00+08:00",
        "ends_at": f"{on.isoformat()}T11:30:00+08:00",
        "place": "集群服务中心",
        "contact": "中小企业服务科 0000000",
        "opinion": "无",
    }


def report(waiting: Waiting, decision: str = "conforms") -> Answers:
    """What the whole team saw on the day of the visit; where the decision is another, the first item differs."""
    visit = waiting.visit
    checks: Answers = {
        name: {"result": "matches"} for name in sorted(waiting.form.fields()) if name.startswith("check_")
    }
    told: Answers = {}
    if decision != "conforms":
        checks[next(iter(checks))] = {"result": "differs", "found": "现场数据与申报不一致"}
    if decision == "falsehood":
        told["falsehood_facts"] = "申报的企业不在集群内"
    return {
        **checks,
        **told,
        "inspected_on": visit.starts_at.astimezone(clock.SHANGHAI).date().isoformat(),
        "inspectors": [member for member, _ in visits.team(waiting.session, waiting.task.seat_id or 0)],
        "present": ["集群服务中心负责人"],
        "places": "两家企业、检测中心",
        "findings": "逐项核对申报数据",
        "site_decision": decision,
        "opinion": "按核对结果判断",
    }


def draft_list(waiting: Waiting) -> Answers:
    """The list as reviews and visits propose it."""
    proposed = draft_lists.proposal(waiting.session, waiting.case, waiting.task.form)
    return {"cases": [], "reasons": [], **proposed, "opinion": "按评审排名和抽查结果拟定"}


def check_objections(waiting: Waiting) -> Answers:
    begun = settlement.check_begun(waiting.session, waiting.case, waiting.task.form)
    return {**begun, "note": "已逐件核查"}


def always(**said: Any) -> Callable[[Waiting], Answers]:
    return lambda _: dict(said)


def _conclusion(points: float) -> str:
    return "recommend" if points >= RECOMMENDED else "not_recommend"


ANSWERS: Mapping[str, Callable[[Waiting], Answers]] = {  # by form: those that hang on nothing else
    "declare_interest": always(decision="accept", no_interest=True),
    "open_opinions": always(decision="open"),
    "stance": always(stance="agree"),
    "draw_sample": always(note="无"),
    "late_sample": always(decision="skip", reason="评审意见一致，不需要另加抽查"),
    "site_inspection": report,
    "draft_list": draft_list,
    "check_objections": check_objections,
    "investigate_objection": always(
        checked_how=["material"], findings="已核对申报材料", proposal="dismiss", proposal_reason="材料属实"
    ),
}
