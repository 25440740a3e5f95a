"""Effects: what service tasks ask for, carried out as rows of the same transaction, never inside the step."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session, aliased

from config.chain import LEVELS
from config.regime import SETTING
from config.sentences import said
from engine import (
    automatic,
    cluster_history,
    clusters,
    deployments,
    events,
    findings,
    inspections,
    obligations,
    organisations,
    outbox,
    particulars,
    publication,
    publicity,
    showcase,
)
from engine.conventions import DECIDED_IN, NOTICE_FORMS, OFFICERS, ROUND_STATES
from engine.errors import StepFailed
from engine.instance.journal import Effect
from engine.models import Case, Cluster, Notice, Organisation, Round, Task

REVOKED = "cluster.revoked"  # in the record
_Carried: TypeAlias = Iterable[events.Entry]


def carry_out(session: Session, case: Case, effect: Effect) -> list[events.Entry]:
    """Do what a service task asked for; answers what to record. Raises StepFailed for what cannot be done."""
    if effect.name not in _EFFECTS:
        raise StepFailed(said("没有名为 %(name)s 的服务", name=effect.name), element=effect.element)
    try:
        return list(_EFFECTS[effect.name](session, case, effect))
    except (AttributeError, LookupError, TypeError, ValueError, DataError) as error:
        # An expression of the diagram gave what the effect cannot use: a number for a moment, a text for a list.
        raise StepFailed(
            said("%(element)s 的参数不可用：%(error)s", element=effect.element, error=error), element=effect.element
        ) from error


def _letter(session: Session, case: Case, effect: Effect) -> _Carried:
    key, to = f"case:{case.id}:{case.version}:{effect.element}", effect.parameters["to"]
    if to != "applicant_and_county":
        yield from _one_letter(session, case, effect, to, key)
        return
    yield from _one_letter(session, case, effect, "applicant", key)
    above = organisations.county_above(session, case.organisation_code)
    if above and above != case.organisation_code:  # a county that applies itself has it already
        copy = f"case:{case.id}:{case.version}:county:{effect.element}"
        yield from _one_letter(session, case, effect, "county", copy)


def _one_letter(session: Session, case: Case, effect: Effect, to: str, key: str) -> _Carried:
    template = effect.parameters["template"]
    code = organisations.acting(session, case, to)
    told = session.connection().execute(_TOLD, {"case": case.id, "task": effect.answered, "office": code}).one()
    role = _ADDRESSED["bureau" if code == case.bureau_code else told.level if to == "applicant" else to]
    fields = {
        "办件标题": case.title,
        "办件编号": str(case.id),
        "集群名称": told.cluster or "",
        "批次": told.round or "",
        "环节": "",
        "机构": told.office or told.bureau,
        "期限": particulars.in_words(told.due),
        "意见": _reasons(session, case, told),
        "安排": inspections.appointed(told.answers) if told.form == inspections.FORM else "",
        "条款": _clause(session, case, template, told) or "",
        "登记编号": told.number or "",
        "有效期": particulars.span(told.first_day, told.last_day) if told.last_day else "",
        "认定方式": automatic.among(session, [case.id]).get(case.id, "") if template == "recognised" else "",
    }
    if outbox.put(session, case, template, key=key, organisation_code=code, role=role, fields=fields):
        payload = {"template": template, "to": to, "organisation": code, "role": role}
        yield events.Entry("letter.queued", case.id, element=effect.element, payload=payload)


def _announce(session: Session, case: Case, effect: Effect) -> _Carried:
    kind = effect.parameters["kind"]
    written = session.execute(_WRITTEN, {"case": case.id, "form": NOTICE_FORMS[kind]}).one_or_none()
    if written is None:
        raise StepFailed(said("没有可公布的内容：尚无人填写 %(form)s", form=NOTICE_FORMS[kind]), element=effect.element)
    entries = publicity.entries(session, effect.parameters["cases"])
    title, body, number = written.answers["title"], written.answers["body"], publication.number(written.answers)
    files = list(written.answers.get("attachments", []))
    if kind == "publication":
        entries = publication.registered(session, entries)
        files = [stored.id for stored in publication.documents_of(session, case, written.answers, entries)] + files
    notice = publicity.publish(session, case, kind, title=title, body=body, shown=entries, number=number, files=files)
    payload = {"notice": notice.id, "kind": kind, "number": number, "files": publication.hashes(session, files)}
    yield events.Entry("notice.published", case.id, element=effect.element, payload=payload)


def _open_publicity(session: Session, case: Case, effect: Effect) -> _Carried:
    deployed = deployments.deployed(session, case.deployment_id)
    notice = publicity.open_period(
        session, case, deployed.regime, effect.parameters["period"], effect.parameters["cases"]
    )
    payload = {"notice": notice.id, "first_day": notice.first_day, "last_day": notice.last_day, "basis": notice.basis}
    yield events.Entry("publicity.opened", case.id, element=effect.element, payload=payload)
    for listed in session.scalars(select(Case).where(Case.id.in_(effect.parameters["cases"])).order_by(Case.id)):
        yield from _told_of_publicity(session, listed, notice, effect.element)


def _told_of_publicity(session: Session, case: Case, notice: Notice, element: str) -> _Carried:
    """A letter to the applicant whose cluster stands on the list."""
    code = case.organisation_code
    role = _ADDRESSED[organisations.get(session, code).level]
    key = f"publicity:{notice.id}:{case.id}:{element}"
    fields = particulars.of_publicity(session, case, notice)
    if outbox.put(session, case, "publicity_begins", key=key, organisation_code=code, role=role, fields=fields):
        payload = {"template": "publicity_begins", "to": "applicant", "organisation": code, "role": role}
        yield events.Entry("letter.queued", case.id, element=element, payload=payload)


def _set_round(session: Session, case: Case, effect: Effect) -> _Carried:
    state = effect.parameters["state"]
    if state not in ROUND_STATES:
        raise StepFailed(said("批次没有状态 %(state)s", state=state), element=effect.element)
    round_ = session.get_one(Round, case.round_id)
    round_.state = state
    round_.closes_at = datetime.fromisoformat(effect.parameters["closes_at"])
    if state == "open":
        obligations.of_round(session, round_, round_.closes_at, SETTING)
    else:  # closed: no application comes any more; published: no publicity is waited for
        obligations.settle(session, "met", round_id=round_.id)
        if state == "published":
            obligations.settle(session, "met", publicity_of=round_.id)
    yield events.Entry("round." + state, case.id, element=effect.element, payload={"round": round_.id})


def _recognise(session: Session, case: Case, effect: Effect) -> _Carried:
    regime = deployments.deployed(session, case.deployment_id).regime
    for cluster in clusters.of_cases(session, case, effect.parameters["cases"]):
        clusters.recognise(session, cluster, regime)
        payload = {
            "cluster": cluster.id,
            "number": cluster.number,
            "first_day": cluster.first_day,
            "last_day": cluster.last_day,
        }
        yield events.Entry("cluster.recognised", case.id, element=effect.element, payload=payload)


def _renew(session: Session, case: Case, effect: Effect) -> _Carried:
    cluster = _own_cluster(session, case, effect)
    old = cluster.last_day
    clusters.renew(session, cluster, deployments.deployed(session, case.deployment_id).regime)
    payload = {"cluster": cluster.id, "old": old, "new": cluster.last_day}
    yield events.Entry("cluster.renewed", case.id, element=effect.element, payload=payload)


def _revoke(session: Session, case: Case, effect: Effect) -> _Carried:
    cluster = _own_cluster(session, case, effect)
    clusters.revoke(session, cluster)
    yield events.Entry(REVOKED, case.id, element=effect.element, payload={"cluster": cluster.id})


def _note_finding(session: Session, case: Case, effect: Effect) -> _Carried:
    found = findings.seen(session, case, effect.parameters["ground"], effect.answered)
    if found:
        payload = {"finding": found.id, "cluster": found.cluster_id, "ground": found.ground, "facts": found.facts}
        yield events.Entry("finding.noted", case.id, element=effect.element, payload=payload)


def _keep_change(session: Session, case: Case, effect: Effect) -> _Carried:
    change = cluster_history.keep(session, _own_cluster(session, case, effect), case)
    payload = {"cluster": change.cluster_id, "changed_on": change.changed_on, "filed_on": change.filed_on}
    yield events.Entry("cluster.changed", case.id, element=effect.element, payload=payload)


def _publish_typical_case(session: Session, case: Case, effect: Effect) -> _Carried:
    cluster = _own_cluster(session, case, effect)
    published = showcase.publish(session, case)
    payload = {"typical_case": published.id, "cluster": cluster.id, "files": published.files}
    yield events.Entry("typical_case.published", case.id, element=effect.element, payload=payload)


def _own_cluster(session: Session, case: Case, effect: Effect) -> Cluster:
    if effect.parameters["cluster"] != case.cluster_id:
        raise StepFailed(said("办件只能办理它自己的集群"), element=effect.element)
    return session.get_one(Cluster, case.cluster_id)


def _clause(session: Session, case: Case, template: str, told: Any) -> str | None:
    """The clause the letter itself carries, else that of the step whose answer it tells."""
    clauses = deployments.deployed(session, case.deployment_id).clauses
    own = clauses.clause_of(template, "letter")
    return own or (clauses.clause_of(f"{told.process}.{told.element}") if told.element else None)


def _reasons(session: Session, case: Case, told: Any) -> str:
    """What was said with the answer that led here; where that only publishes a decision, the decision's."""
    if not told.element:
        return publication.reason(session, case)
    if decided := DECIDED_IN.get(told.form):
        return str((session.scalar(_WRITTEN, {"case": case.id, "form": decided}) or {}).get("opinion") or "")
    return _remarks(deployments.deployed(session, case.deployment_id), told)


def _remarks(deployed: deployments.Deployed, told: Any) -> str:
    """The opinion given, then each remark at its field, as people call it."""
    answers: Mapping[str, Any] = told.answers or {}
    lines = [answers.get("opinion") or ""]
    remarks = answers.get("remarks") or []
    if isinstance(remarks, str):
        lines.append(remarks)
    elif remarks:
        of = deployed.form(told.form).points_to().get("remarks.field")
        titled: Callable[[str], str] = deployed.form(of).title_of if of else str
        lines += [f"{titled(row['field'])}：{row['remark']}" for row in remarks]
    return "；".join(part for part in lines if part)


_EFFECTS: Mapping[str, Callable[[Session, Case, Effect], _Carried]] = {
    "letter": _letter,
    "announce": _announce,
    "open_publicity": _open_publicity,
    "set_round": _set_round,
    "recognise": _recognise,
    "renew": _renew,
    "revoke": _revoke,
    "note_finding": _note_finding,
    "keep_change": _keep_change,
    "publish_typical_case": _publish_typical_case,
}

_ADDRESSED = {**OFFICERS, **dict.fromkeys(("bureau", *LEVELS), "bureau_officer")}

# Built once: what a completion asks costs less than putting the question together.
_APPLICANT, _BUREAU, _OFFICE = aliased(Organisation), aliased(Organisation), aliased(Organisation)
_ANSWERED = aliased(Task)
_DUE = select(func.min(Task.due_at)).where(
    Task.case_id == bindparam("case"), Task.state == "open", Task.organisation_code == bindparam("office")
)
_TOLD = (  # all that a letter may tell; of the finished task nothing where a timer or a message led here
    select(
        _BUREAU.name.label("bureau"),
        _APPLICANT.level,
        Cluster.name.label("cluster"),
        Cluster.number,
        Cluster.first_day,
        Cluster.last_day,
        Round.title.label("round"),
        _DUE.scalar_subquery().label("due"),
        _ANSWERED.form,
        _ANSWERED.answers,
        _ANSWERED.process,
        _ANSWERED.element,
        _OFFICE.name.label("office"),
    )
    .select_from(Case)
    .join(_BUREAU, _BUREAU.code == Case.bureau_code)
    .join(_APPLICANT, _APPLICANT.code == Case.organisation_code)
    .outerjoin(Cluster, Cluster.id == Case.cluster_id)
    .outerjoin(Round, Round.id == Case.round_id)
    .outerjoin(_ANSWERED, _ANSWERED.id == bindparam("task"))
    .outerjoin(_OFFICE, _OFFICE.code == _ANSWERED.organisation_code)
    .where(Case.id == bindparam("case"))
)
_WRITTEN = (
    select(Task.answers)
    .where(Task.case_id == bindparam("case"), Task.form == bindparam("form"), Task.state == "done")
    .order_by(Task.closed_at.desc(), Task.pass_number.desc())
    .limit(1)
)
