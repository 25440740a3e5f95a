"""Repairs: what a person does about an incident – let it try again, put its variables right, or end the case."""

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import access, cases, clock, deployments, events, values
from engine.access import Actor
from engine.bpmn import Workflow
from engine.errors import ExpressionFailed, NotFound, Refused, StateUnreadable
from engine.forms.kinds import reserved
from engine.models import Case, Incident, SkipRequest
from engine.scripts import held

MAX_DEPTH = 4  # variables, list, map, value: what forms may answer
MAX_VALUES = 5000
MAX_CHARACTERS = 20_000  # of all texts and names together

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class VariableRefused(JiqunError):
    """A variable that no expression could read, that would shadow a word, or that is too much."""

    code = "variable_refused"


def waiting(session: Session) -> list[dict[str, Any]]:
    """Incidents nobody has dealt with, oldest first: for the operator of the installation, without case content."""
    query = (
        select(Incident.case_id, Case.regime, Case.process, Incident.code, Incident.element, Incident.happened_at)
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.closed_at.is_(None))
        .order_by(Incident.happened_at, Incident.id)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def retry(session: Session, actor: Actor, case_id: int) -> Case:
    """Let the case go on as it stands; what failed is tried again by the person or the ticker it came from."""
    case, _ = stopped(session, actor, case_id)
    released = held.release(session, case, open_incident(session, case))  # who retries has looked at the script
    _close(session, actor, case, "retried", **({"scripts": released} if released else {}))
    return case


def repair(session: Session, actor: Actor, case_id: int, variables: Mapping[str, Any], reason: str) -> Case:
    """Put routing variables right and let the case go on. Values, those before and the reason stand in the record.

    Raises VariableRefused for reserved names, and for values that are not whole numbers, texts, yes or no, nothing,
    lists or maps, lie deep or are many.
    """
    case, workflow = stopped(session, actor, case_id)
    _require_usable(variables)
    before = workflow.variables()
    workflow.set_variables(variables)
    case.status = "open"
    kept = cases.keep(session, case, workflow)
    _close(
        session,
        actor,
        case,
        "repaired",
        *kept,
        variables=dict(variables),
        old={name: before.get(name) for name in variables},
        reason=reason,
    )
    return case


def cancel(session: Session, actor: Actor, case_id: int, reason: str) -> Case:
    """End the case without an outcome; its open tasks are closed with it."""
    case, workflow = stopped(session, actor, case_id)
    workflow.cancel()
    case.status, case.ended_at = "cancelled", clock.now()
    kept = cases.keep(session, case, workflow)
    _close(session, actor, case, "cancelled", *kept, reason=reason)
    return case


def stopped(session: Session, actor: Actor, case_id: int, action: str = "incident.handle") -> tuple[Case, Workflow]:
    """A stopped case under its lock, the actor's to do this about. Raises Forbidden, NotFound, Refused."""
    case, workflow = cases.lock(session, case_id)
    access.require(actor, action, case)
    if case.status != "incident":
        raise Refused(said("该办件没有异常，无需处理"), case=case_id)
    return case, workflow


def looked_at(session: Session, actor: Actor, case_id: int) -> tuple[Case, Workflow | None]:
    """A stopped case, and its instance to read in; None where its state cannot be read. Raises NotFound, Refused."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    access.require(actor, "incident.read", case)
    if case.status != "incident":
        raise Refused(said("该办件没有异常，无需处理"), case=case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    try:
        return case, Workflow.load(deployed.specs(case.process), case.state, case.state_format, deployed.words)
    except StateUnreadable:
        return case, None


def _require_usable(variables: Mapping[str, Any]) -> None:
    if not variables:
        raise VariableRefused(said("请写明要更正的变量；不改变量而再试一次，请用“重试”"))
    for name in variables:
        if not _NAME.fullmatch(name) or keyword.iskeyword(name):
            raise VariableRefused(
                said("“%(name)s”不能作变量名；变量名由英文字母开头，只含字母、数字和下划线", name=name[:64])
            )
    characters = 0
    for seen, value in enumerate(_everything(dict(variables), 0)):  # the first is the whole
        characters += len(value) if isinstance(value, str) else 0
        if seen > MAX_VALUES or characters > MAX_CHARACTERS:
            raise VariableRefused(
                said(
                    "变量的内容过多；合计至多 %(values)s 项、%(characters)s 字",
                    values=MAX_VALUES,
                    characters=MAX_CHARACTERS,
                )
            )


def _everything(value: Any, depth: int) -> Iterator[Any]:
    """A value with all that lies in it, the keys of maps too, each looked at."""
    if type(value) not in (int, str, bool, type(None), list, dict):  # a float is not exact; others are no JSON
        raise VariableRefused(said("变量的值只能是整数、文字、是否值、空值、列表和对照表；小数请改用整数单位"))
    if type(value) is int:
        try:
            values.number(value)
        except ExpressionFailed as failed:
            raise VariableRefused(failed.message) from failed
    yield value
    if not isinstance(value, list | dict):
        return
    if depth == MAX_DEPTH:
        raise VariableRefused(said("变量的内容嵌套超过 %(most)s 层；请只写出要更正的一层", most=MAX_DEPTH))
    if len(value) > values.MEMBERS:
        raise VariableRefused(said("每个列表、对照表至多 %(most)s 项", most=values.MEMBERS))
    for key in value if isinstance(value, dict) else ():
        if not isinstance(key, str) or reserved(key):
            raise VariableRefused(
                said("“%(name)s”是系统保留的名称，不能用于变量或对照表；请去掉后再提交", name=str(key)[:64])
            )
        yield key
    for part in value.values() if isinstance(value, dict) else value:
        yield from _everything(part, depth + 1)


def _close(session: Session, actor: Actor, case: Case, resolution: str, *kept: events.Entry, **payload: Any) -> None:
    """The incident is dealt with; the record says how, and what became of the tasks (`kept`)."""
    entry = closed(session, actor, case, resolution, **payload)
    if case.status == "incident":
        case.status = "open"
    events.append(session, case.bureau_code, actor.name, [entry, *kept])


def closed(session: Session, actor: Actor, case: Case, resolution: str, **payload: Any) -> events.Entry:
    """Close the incident of a case, and what was asked about it; answers what to record."""
    drop_requests(session, actor, case)
    incident = open_incident(session, case)
    incident.closed_at, incident.closed_by, incident.resolution = clock.now(), actor.name, resolution
    return events.Entry(f"incident.{resolution}", case.id, payload=payload)


def open_incident(session: Session, case: Case) -> Incident:
    """What stopped the case. Raises NotFound."""
    incident = session.scalar(select(Incident).where(Incident.case_id == case.id, Incident.closed_at.is_(None)))
    if incident is None:
        raise NotFound(said("没有待处理的异常"), case=case.id)
    return incident


def drop_requests(session: Session, actor: Actor, case: Case) -> None:
    """What somebody asked to skip is decided by what is done instead."""
    waiting = update(SkipRequest).where(SkipRequest.case_id == case.id, SkipRequest.decided_at.is_(None))
    decided = {"state": "refused", "decided_at": clock.now(), "decided_by": actor.name}
    session.execute(waiting.values(**decided))
