"""Particulars: what fills the blanks of a letter about a task, an obligation or a date that moved."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from engine import clock, deployments, letters
from engine.models import Case, Cluster, Notice, Obligation, Organisation, Person, Round, Task

INVITATION, ASSIGNED = "panel_invitation", "task_assigned"

# What an obligation is called in a letter, by its kind; a kind of a regime's own goes by its name.
DUTIES = {
    "annual_report": "年度报告",
    "assessment": "监督和考核",
    "renewal": "开始受理复核申请",
    "expiry": "认定有效期届满",
    "publicity": "公示期结束",
    "round_closing": "申报截止",
}
PROVISIONAL = "该日期按尚未公布的放假安排推算，放假通知公布后可能调整，届时另行通知。"


def of_task(session: Session, task: Task) -> dict[str, str]:
    """What a letter tells of a task. Of a sealed one nothing of its case: its holder is to declare interests first."""
    case = session.get_one(Case, task.case_id)
    round_ = session.get(Round, case.round_id) if case.round_id else None
    clauses = deployments.deployed(session, case.deployment_id).clauses
    told = {
        "机构": _name_of(session, case.bureau_code),
        "环节": task.title,
        "批次": round_.title if round_ else "",
        "条款": clauses.clause_of(f"{task.process}.{task.element}") or "",
        "办件标题": task.title if task.sealed else case.title,
        "经办": _held_by(session, task),
        **_by_when(task.due_at),
    }
    if not task.sealed:
        cluster = session.get(Cluster, case.cluster_id) if case.cluster_id else None
        told |= {"办件编号": str(case.id), "集群名称": cluster.name if cluster else ""}
    return whole(told)


def of_obligation(session: Session, obligation: Obligation) -> dict[str, str]:
    """What a letter tells of what a cluster owes, of a publicity period or of a round that closes."""
    cluster = session.get(Cluster, obligation.cluster_id) if obligation.cluster_id else None
    notice = session.get(Notice, obligation.notice_id) if obligation.notice_id else None
    number = round_of(session, obligation)
    round_ = session.get(Round, number) if number else None
    told = {
        "机构": _name_of(session, obligation.bureau_code),
        "义务": duty(obligation.kind),
        "条款": obligation.clause,
        "批次": round_.title if round_ else "",
        "暂定": PROVISIONAL if obligation.provisional else "",
        **_by_when(obligation.due_at),
    }
    if notice and notice.first_day and notice.last_day:
        told["公示期"] = span(notice.first_day, notice.last_day)
    if cluster:
        told |= {"集群名称": cluster.name, "登记编号": cluster.number or ""}
        told["经办"] = _name_of(session, obligation.owed_by or cluster.organisation_code)
        if cluster.first_day and cluster.last_day:
            told["有效期"] = span(cluster.first_day, cluster.last_day)
    return whole(told)


def of_publicity(session: Session, case: Case, notice: Notice) -> dict[str, str]:
    """What a letter tells the applicant of a case of the publicity that its cluster is part of."""
    cluster = session.get(Cluster, case.cluster_id) if case.cluster_id else None
    round_ = session.get(Round, case.round_id) if case.round_id else None
    told = {
        "机构": _name_of(session, case.bureau_code),
        "办件标题": case.title,
        "办件编号": str(case.id),
        "集群名称": cluster.name if cluster else "",
        "批次": round_.title if round_ else "",
        "条款": str(notice.basis.get("clause") or ""),
    }
    if notice.first_day and notice.last_day:
        told["公示期"] = span(notice.first_day, notice.last_day)
    return whole(told)


def whole(told: Mapping[str, str]) -> dict[str, str]:
    """All the blanks there are: what is told, what follows from it, and nothing for the others."""
    all_ = dict.fromkeys(letters.FIELDS, "") | dict(told)
    all_["事项"] = all_["事项"] or all_["环节"] or all_["义务"]
    all_["对象"] = all_["对象"] or all_["集群名称"] or all_["办件标题"] or all_["批次"]
    return all_


def duty(kind: str) -> str:
    """What an obligation of this kind is called."""
    return DUTIES.get(kind, kind)


def round_of(session: Session, obligation: Obligation) -> int | None:
    """The round that closes, or whose list is public."""
    if obligation.notice_id is None:
        return obligation.round_id
    return session.get_one(Notice, obligation.notice_id).round_id


def assigning(task: Task) -> str:
    """The letter that tells of a new task: an invitation where a seat of a panel has to declare interests first."""
    return INVITATION if task.sealed else ASSIGNED


def in_words(day: date | datetime | None) -> str:
    """The day in Shanghai as letters write it, 2025年5月20日; nothing for none."""
    if day is None:
        return ""
    on = day.astimezone(clock.SHANGHAI).date() if isinstance(day, datetime) else day
    return f"{on.year}年{on.month}月{on.day}日"


def span(first: date, last: date) -> str:
    """From the first day to the last as letters write it."""
    return f"{in_words(first)}至{in_words(last)}"


def left(due_at: datetime) -> str:
    """How many days there are until the day of a moment, or since it."""
    days = (due_at.astimezone(clock.SHANGHAI).date() - clock.today()).days
    if days > 0:
        return f"还剩{days}天"
    return f"已逾期{-days}天" if days else "今日到期"


def _by_when(due_at: datetime | None) -> dict[str, str]:
    return {"期限": in_words(due_at), "剩余": left(due_at)} if due_at else {}


def _name_of(session: Session, code: str) -> str:
    return session.get_one(Organisation, code).name


def _held_by(session: Session, task: Task) -> str:
    """The office that a task lies with and, unless who has it is nobody's to know, the person."""
    office = _name_of(session, task.organisation_code)
    if task.assignee_id is None or task.seat_id is not None:
        return office
    return f"{office} {session.get_one(Person, task.assignee_id).display_name}"
