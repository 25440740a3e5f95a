"""What a rehearsal comes to: letters by week, load by role and month, cases that are stuck, dates that were missed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import clock
from engine.access import ROLES
from engine.models import Case, Cluster, Obligation
from engine.particulars import duty
from web.rehearsal.lines import Line
from web.wording import N_

MISSABLE: Final = Obligation.kind != "renewal"  # that a window opens is no duty
HALTED: Final = N_("流程停止，须由流程管理人员处理")
_TELLING: Final = {
    "cluster.recognised": "认定",
    "cluster.renewed": "复核通过",
    "cluster.expired": "有效期届满",
    "cluster.revoked": "撤销认定",
    "finding.noted": "登记情形线索",
}
_A_LINE: Final = 6  # weeks
_NAMED: Final = 20  # of each list in the summary; the result has them all


@dataclass
class Outcome:
    """Counted as the lines come, completed at the end."""

    lines: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    weeks: Counter[str] = field(default_factory=Counter)  # "2026-W03" → letters
    months: dict[str, Counter[str]] = field(default_factory=dict)  # "2026-01" → role → tasks done
    missed: list[dict[str, Any]] = field(default_factory=list)  # what was not met by its date
    stuck: list[dict[str, Any]] = field(default_factory=list)  # cases and steps that cannot go on
    ended: bool = False  # the last day was lived through

    def count(self, line: Line) -> None:
        """One line more."""
        self.lines += 1
        self.kinds[line["kind"]] += 1
        if line["kind"] == "letter.sent":
            year, week, _ = datetime.fromisoformat(line["at"]).isocalendar()
            self.weeks[f"{year}-W{week:02}"] += 1

    def done(self, role: str) -> None:
        """Somebody in this role has finished a task."""
        self.months.setdefault(clock.today().isoformat()[:7], Counter())[role] += 1

    def stop(self, case: Case, step: str, why: str) -> None:
        """This case waits, and nobody can do anything about it here."""
        about = {"case": case.id, "title": case.title, "step": step, "why": why}
        self.stuck.append({"on": clock.today().isoformat(), **about})

    def look_back(self, session: Session, regime: Regime, since: datetime) -> None:
        """What clusters owed between then and now and did not meet by its date; cases that stopped."""
        due = select(Obligation, Cluster.name).join(Cluster, Cluster.id == Obligation.cluster_id)
        late = or_(Obligation.state == "open", Obligation.settled_at > Obligation.due_at)
        rows = due.where(Obligation.regime == regime.name, MISSABLE, late, Obligation.state.in_(("open", "met")))
        rows = rows.where(Obligation.due_at >= since, Obligation.due_at < clock.now())
        for owed, name in session.execute(rows.order_by(Obligation.due_at, Obligation.id)):
            met = owed.settled_at.astimezone(clock.SHANGHAI).date() if owed.settled_at else None
            self.missed.append(
                {
                    "on": owed.printed_on.isoformat(),
                    "duty": duty(owed.kind),
                    "cluster": name,
                    "clause": owed.clause,
                    "days_late": (met - owed.effective_on).days if met else None,
                }
            )
        stopped = select(Case).where(Case.regime == regime.name, Case.status == "incident").order_by(Case.id)
        known = {each["case"] for each in self.stuck}
        for case in session.scalars(stopped):
            if case.id not in known:
                self.stop(case, "", HALTED)
        self.ended = True

    @property
    def roles(self) -> Counter[str]:
        """Role → tasks done."""
        found: Counter[str] = Counter()
        for month in self.months.values():
            found.update(month)
        return found

    def plain(self) -> dict[str, Any]:
        """As JSON has it, in an order that does not depend on what came first."""
        return {
            "lines": self.lines,
            "kinds": dict(sorted(self.kinds.items())),
            "weeks": dict(sorted(self.weeks.items())),
            "months": {month: dict(sorted(roles.items())) for month, roles in sorted(self.months.items())},
            "missed": self.missed,
            "stuck": self.stuck,
        }

    def summary(self, heading: str) -> str:
        """What a person reads at the end."""
        weeks = [f"{week.replace('-W', '年第')}周 {count} 件" for week, count in sorted(self.weeks.items())]
        by_week = ["、".join(weeks[first : first + _A_LINE]) for first in range(0, len(weeks), _A_LINE)]
        load = sorted(self.roles.items(), key=lambda each: (-each[1], each[0]))
        counted = [f"{what} {self.kinds[kind]} 次" for kind, what in _TELLING.items() if self.kinds[kind]]
        parts = [
            f"{heading}，{self.lines} 行",
            f"通知 {self.kinds['letter.sent']} 件" + "".join(f"\n  {each}" for each in by_week),
            "办理：" + ("、".join(f"{ROLES.get(role, role)} {count} 项" for role, count in load) or "无"),
            "结果：" + ("、".join(counted) or "无"),
            f"未按期的事项：{len(self.missed)} 项" + _listed(map(_missed, self.missed[:_NAMED]), len(self.missed)),
            f"不能继续的办件：{len(self.stuck)} 件" + _listed(map(_stuck, self.stuck[:_NAMED]), len(self.stuck)),
        ]
        return "\n".join(parts if self.ended else [*parts, "推演没有到最后一日"])


def _missed(each: Mapping[str, Any]) -> str:
    late = "至推演结束未办理" if each["days_late"] is None else f"迟 {each['days_late']} 日"
    return f"{each['on']} {each['duty']} {each['cluster']}（{each['clause']}）：{late}"


def _stuck(each: Mapping[str, Any]) -> str:
    return f"{each['on']} 办件 {each['case']} {each['title']} {each['step']}：{each['why']}"


def _listed(told: Any, in_all: int) -> str:
    more = f"\n  ……另有 {in_all - _NAMED} 项" if in_all > _NAMED else ""
    return "".join(f"\n  {each}" for each in told) + more
