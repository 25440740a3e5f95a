"""Four eyes (审核): an owner submits a draft with a reason, another person approves it or sends it back."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import regime as regime_files
from config.errors import RegimeInvalid
from config.sentences import said
from engine import access, accounts, bundle, clock, deploying, deployments, events, lint, once, particulars
from engine.access import OWNERS, Actor
from engine.errors import BundleInvalid, Conflict, Forbidden, FormInvalid, Refused
from engine.forms import Problem
from engine.models import BundleDraft, Deployment, Letter, Membership, Organisation, Person
from engine.workshop import drafts

MAX_REASON = 500  # characters
SUBMITTED, RETURNED, DEPLOYED = "draft_submitted", "draft_returned", "draft_deployed"  # letters


def submit(
    session: Session, actor: Actor, draft: BundleDraft, reason: str, *, effective_on: date | None = None
) -> None:
    """Ask another person to approve the draft: in force at once when they do, or from a day on.

    Raises Forbidden, FormInvalid without a reason or for a day that is past, Refused where nothing is changed, the
    draft is not up to date or its regime would go to another bureau, BundleInvalid with the errors of the check.
    """
    drafts.lock(session, actor, draft)
    reason = _reason(reason)
    if effective_on is not None and effective_on <= clock.today():
        raise FormInvalid([Problem("effective_on", "past", said("请填明天以后的日期；审核通过后立即生效的，不用填写"))])
    files = _submittable(session, draft)
    errors = [finding for finding in lint.problems(files) if finding.severity == "error"]
    if errors:
        raise BundleInvalid(errors)
    draft.state, draft.reason, draft.effective_on = drafts.SUBMITTED, reason, effective_on
    draft.submitted_by, draft.submitted_at = actor.name, clock.now()
    draft.submitted_hash = bundle.content_hash(files)
    draft.decided_by = draft.decided_at = draft.returned_why = None
    draft.hands = [*draft.hands, *({actor.name} - {*draft.hands})]
    session.flush()
    payload = {"draft": draft.id, "reason": reason, "content_hash": draft.submitted_hash}
    payload |= {"effective_on": effective_on} if effective_on else {}
    events.record(session, events.SYSTEM, actor.name, "draft.submitted", payload=payload)
    for role, person in _deciders(session, draft):
        _tell(session, draft, SUBMITTED, (role, person), reason)


def withdraw(session: Session, actor: Actor, draft: BundleDraft) -> None:
    """Take a submission back, to go on with it. Raises Forbidden, Refused where it waits for nobody."""
    access.require(actor, "draft.edit", draft)
    _require_submitted(session, draft)
    draft.state = drafts.OPEN
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "draft.withdrawn", payload={"draft": draft.id})


def send_back(session: Session, actor: Actor, draft: BundleDraft, reason: str) -> None:
    """Not like this: the owners go on with it. Raises Forbidden, FormInvalid without a reason, Refused."""
    _require_other(actor, draft)
    reason = _reason(reason)
    _require_submitted(session, draft)
    draft.state, draft.returned_why = drafts.OPEN, reason
    draft.decided_by, draft.decided_at = actor.name, clock.now()
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "draft.returned", payload={"draft": draft.id, "reason": reason})
    _tell_submitter(session, draft, RETURNED, reason)


def approve(session: Session, actor: Actor, draft: BundleDraft, seen: str) -> Deployment:
    """What was submitted is the regime's next version. `seen` is the hash of what the actor had before them.

    Raises Forbidden for who had a hand in it, Refused, Conflict where it is not what they saw, BundleInvalid.
    """
    _require_other(actor, draft)
    _require_submitted(session, draft)
    files = _submittable(session, draft)
    if not seen == draft.submitted_hash == bundle.content_hash(files):
        raise Conflict(said("您查看之后草案又改过；请重新查看改动后再审核"))
    later = draft.effective_on if draft.effective_on and draft.effective_on > clock.today() else None
    by = draft.submitted_by or draft.opened_by
    made = deploying.deploy(session, draft.regime, files, by=by, approved_by=actor.name, effective_on=later)
    draft.state, draft.deployment_id = drafts.DEPLOYED, made.id
    draft.decided_by, draft.decided_at = actor.name, clock.now()
    session.flush()
    payload = {"draft": draft.id, "regime": draft.regime, "number": made.number, "reason": draft.reason}
    events.record(session, events.SYSTEM, actor.name, "draft.deployed", payload=payload)
    _tell_submitter(session, draft, DEPLOYED, draft.reason or "")
    return made


def barred(actor: Actor, draft: BundleDraft) -> bool:
    """Would they decide about their own work?"""
    return actor.name in draft.hands


def _submittable(session: Session, draft: BundleDraft) -> dict[str, bytes]:
    """The draft's files, if they can take the place of what is in force. Raises Refused."""
    newer = drafts.outdated(session, draft)
    if newer is not None:
        raise Refused(said("草案所依据的版本已被第 %(number)s 版替换；请先更新依据，再提交审核", number=newer.number))
    files = drafts.files(session, draft)
    if files == dict(drafts.base(session, draft)):
        raise Refused(said("草案与现行的版本没有不同，没有可提交的改动"))
    try:
        bureau = regime_files.load(files.get("regime.toml", b"")).bureau
    except RegimeInvalid:
        return files  # the check says why
    if bureau != draft.bureau_code:
        raise Refused(said("认定机关不能在草案中改为 %(code)s；如需移交，请与系统管理员联系", code=bureau))
    return files


def _require_other(actor: Actor, draft: BundleDraft) -> None:
    access.require(actor, "draft.read", draft)
    if barred(actor, draft):
        raise Forbidden(said("您经手过这份草案，须由另一位流程管理人员或负责人审核"))
    access.require(actor, "draft.decide", draft)


def _require_submitted(session: Session, draft: BundleDraft) -> None:
    if drafts.held(session, draft).state != drafts.SUBMITTED:
        raise Refused(said("草案不在待审核的状态；请刷新页面查看"), draft=draft.id)


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MAX_REASON:
        raise FormInvalid([Problem("reason", "required", said("请写明理由，不超过 %(limit)s 字", limit=MAX_REASON))])
    return reason


def _deciders(session: Session, draft: BundleDraft) -> list[tuple[str, int]]:
    """Who may approve, each in one role."""
    query = (
        select(Membership.role, Person.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.organisation_code == draft.bureau_code,
            Membership.role.in_(sorted(OWNERS)),
            Person.name.not_in(draft.hands),
        )
        .order_by(Person.id, Membership.role)
    )
    return [(role, person) for person, role in {person: role for role, person in session.execute(query)}.items()]


def _tell_submitter(session: Session, draft: BundleDraft, letter: str, why: str) -> None:
    person = accounts.id_of(session, draft.submitted_by or "")
    if person is not None:
        _tell(session, draft, letter, ("process_owner", person), why)


def _tell(session: Session, draft: BundleDraft, letter: str, to: tuple[str, int], why: str) -> None:
    role, person = to
    office = session.get_one(Organisation, draft.bureau_code)
    rules = deployments.deployed(session, draft.based_on).regime
    who = draft.submitted_by if letter == SUBMITTED else draft.decided_by
    told = {
        "机构": office.name,
        "对象": rules.title,
        "办件标题": draft.title,
        "经办": accounts.called(session, who or ""),
        "意见": why,
        "期限": particulars.in_words(draft.effective_on),
    }
    moment = (draft.submitted_at if letter == SUBMITTED else draft.decided_at) or clock.now()
    once.insert(
        session,
        Letter,
        dedupe_key=f"{letter}:{draft.id}:{moment.isoformat()}:{person}",
        template=letter,
        deployment_id=draft.based_on,
        organisation_code=office.code,
        role=role,
        person_id=person,
        fields=particulars.whole(told),
        created_at=clock.now(),
    )
