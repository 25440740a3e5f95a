"""Objections (异议): what the public objects to in a published list, who looks into it, and what becomes of it.

Each one in time is a case of its own of the process `objection`, which the engine opens for the public. Name, contact,
grounds and evidence stand in its row alone: not in the case, not in the record, not in an export.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from config.sentences import said
from engine import access, calendars, cases, clock, deployments, events, files, publicity, receipts, tallies
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Notice, Objection, Person, StoredFile, Task

if TYPE_CHECKING:
    from engine.acts import Answered

Row: TypeAlias = Mapping[str, Any]

PROCESS = "objection"
PUBLIC = Actor(0, "public", "公众", ())  # no account may have this name
HOUR = timedelta(hours=1)

LONGEST_NAME = LONGEST_CONTACT = 100  # characters
SHORTEST_GROUNDS, LONGEST_GROUNDS = 10, 3000
MOST_FILES = 3

STATES: Mapping[str, str] = MappingProxyType(
    {
        "received": "已收到",
        "investigating": "办理中",
        "upheld": "异议成立",
        "dismissed": "异议不成立",
        "passed_on": "已转为情况反映",
    }
)
UNDECIDED = frozenset({"received", "investigating"})

_PHONE = re.compile(r"\+?[0-9][0-9 ()-]*(转 ?[0-9]{1,6})?")
_DIGITS = range(7, 25)  # of a telephone number, with an extension
_E_MAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# Control characters, and those that nobody sees or that turn the direction of reading.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Written:
    """What somebody wrote who objects."""

    name: str
    contact: str  # telephone or e-mail
    target: int | None  # the case behind the cluster that is meant
    grounds: str

    def folded(self) -> "Written":
        """The same without what nobody sees, and with one kind of line end."""
        lines = unicodedata.normalize("NFC", self.grounds).replace("\r\n", "\n").replace("\r", "\n")
        name, contact = (
            " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())
            for text in (self.name, unicodedata.normalize("NFKC", self.contact))
        )
        return Written(name, contact, self.target, _UNSEEN.sub("", lines).strip())


@dataclass(frozen=True)
class Sent:
    """How it came: whose address (a keyed hash), and with which form, sent twice or not."""

    source: str
    form: str
    an_hour: int  # how many may come from one address
    in_all: int  # and from everywhere together


@dataclass(frozen=True)
class Standing:
    """What the public is told by the receipt's number."""

    receipt: str
    notice_id: int
    notice_title: str
    cluster: str
    state: str  # of STATES
    late: bool
    received_on: date
    answer_by: date | None  # None: it came late
    decided_on: date | None
    answer: str | None


# ---- the public ---------------------------------------------------------------------------------


def notice(session: Session, notice_id: int) -> Notice:
    """A publicity notice, which alone is objected to. Raises NotFound."""
    found = session.get(Notice, notice_id)
    if found is None or found.kind != "publicity":
        raise NotFound(said("没有这条公示"))
    return found


def problems(shown: Notice, written: Written) -> list[Problem]:
    """What is wrong with an objection against this notice, in the order of the form."""
    return list(_problems(shown, written.folded()))


def earlier(session: Session, form: str) -> Objection | None:
    """The objection that came with this form already: a button pressed twice."""
    return session.scalar(select(Objection).where(Objection.sent_with == form))


def require_allowance(session: Session, sent: Sent) -> None:
    """Nothing, if one more objection may come now from there. Raises TooMany; counts nothing."""
    for key, most in _allowances(sent):
        tallies.require(session, key, most=most, window=HOUR, what=said("提交异议"))


def receive(
    session: Session, notice_id: int, written: Written, sent: Sent, evidence: Sequence[files.Received] = ()
) -> Objection:
    """Take an objection; the same form once more answers with the first one.

    In time it becomes a case of the bureau and blocks its cluster; after the last day it is passed on as a report.
    Raises FormInvalid, NotFound, TooMany, Refused where the bureau's deployment has no such process.
    """
    shown, written = notice(session, notice_id), written.folded()
    if again := earlier(session, sent.form):
        return again
    if wrong := list(_problems(shown, written)):
        raise FormInvalid(wrong)
    for key, most in _allowances(sent):
        tallies.count(session, key, most=most, window=HOUR, what=said("提交异议"))
    if again := earlier(session, sent.form):  # looked at again: the other click has just been committed
        return again
    late = publicity.is_over(shown)
    case = None if late else _open_case(session, shown, _named(shown, written.target))
    objection = Objection(
        receipt=receipts.number(clock.today().year),
        notice_id=shown.id,
        target_case_id=written.target,
        case_id=case.id if case else None,
        name=written.name,
        contact=written.contact,
        grounds=written.grounds,
        files=[files.keep(session, each, shown.bureau_code, PUBLIC.name).id for each in evidence],
        sent_with=sent.form,
        received_at=clock.now(),
        late=late,
        state="passed_on" if late else "received",
    )
    session.add(objection)
    session.flush()
    payload = {"objection": objection.id, "notice": shown.id, "case": written.target, "files": len(objection.files)}
    kind = "objection.passed_on" if late else "objection.received"
    events.record(session, shown.bureau_code, PUBLIC.name, kind, case_id=objection.case_id, payload=payload)
    return objection


def count_question(session: Session, source: str, an_hour: int) -> None:
    """Somebody asks by a receipt's number. In a transaction before `asked`, so that misses count. Raises TooMany."""
    tallies.count(session, f"receipt:{source}", most=an_hour, window=HOUR, what=said("查询"))


def asked(session: Session, receipt: str) -> Standing:
    """What became of the objection with this receipt (`receipts.read`). The same NotFound for every other number."""
    found = session.scalar(select(Objection).where(Objection.receipt == receipt))
    if found is None:
        raise NotFound(said("没有查到这个回执号，请对照回执核对"))
    return standing(session, found)


def standing(session: Session, objection: Objection) -> Standing:
    """What the public is told of an objection."""
    shown = session.get_one(Notice, objection.notice_id)
    return Standing(
        receipt=receipts.shown(objection.receipt),
        notice_id=shown.id,
        notice_title=shown.title,
        cluster=_named(shown, objection.target_case_id),
        state=objection.state,
        late=objection.late,
        received_on=objection.received_at.astimezone(clock.SHANGHAI).date(),
        answer_by=None if objection.late else _answer_by(session, objection),
        decided_on=objection.decided_at.astimezone(clock.SHANGHAI).date() if objection.decided_at else None,
        answer=objection.answer,
    )


# ---- the office ---------------------------------------------------------------------------------


def listed(
    session: Session, actor: Actor, *, state: str = "", late: bool = False, limit: int = 50, before: int | None = None
) -> list[Row]:
    """Objections of the actor's bureau without a word about who objects, newest first; `late` ones apart."""
    access.require(actor, "objection.list")
    target, held_by = aliased(Case), aliased(Person)
    query = (
        select(
            Objection.id,
            Objection.case_id,
            Objection.target_case_id,
            Objection.notice_id,
            Notice.title.label("notice_title"),
            target.title.label("cluster"),
            Objection.state,
            Objection.late,
            Objection.received_at,
            Objection.decided_at,
            Task.id.label("task_id"),
            Task.title.label("step"),
            Task.due_at,
            held_by.display_name.label("holder"),
        )
        .join(Notice, Notice.id == Objection.notice_id)
        .join(target, target.id == Objection.target_case_id)
        .outerjoin(Task, (Task.case_id == Objection.case_id) & (Task.state == "open"))
        .outerjoin(held_by, held_by.id == Task.assignee_id)
        .where(access.visible_objections(actor), Objection.late.is_(late))
    )
    if state:
        query = query.where(Objection.state == state)
    if before is not None:
        query = query.where(Objection.id < before)
    return [dict(row) for row in session.execute(query.order_by(Objection.id.desc()).limit(limit)).mappings()]


def counted(session: Session, actor: Actor) -> dict[str, int]:
    """How many objections of the actor's bureau stand where; the late ones under `passed_on`."""
    query = select(Objection.state, func.count()).where(access.visible_objections(actor)).group_by(Objection.state)
    return dict(session.execute(query).all())


def find(session: Session, actor: Actor, objection_id: int) -> Objection:
    """An objection of the actor's bureau. Raises NotFound, Forbidden."""
    found = session.get(Objection, objection_id)
    if found is None:
        raise NotFound(said("没有这件异议，或者您无权查看"))
    access.require(actor, "objection.read", found)
    return found


def of_case(session: Session, actor: Actor, case: Case) -> Objection | None:
    """The objection that a case is about, if it is one and the actor may know of it."""
    if case.process != PROCESS:
        return None
    found = session.scalar(select(Objection).where(Objection.case_id == case.id))
    return found if found is not None and access.may(actor, "objection.read", found) else None


def evidence(session: Session, objection: Objection) -> list[StoredFile]:
    """What the objector sent with it, in their order. Only for whom `access` lets `objection.handle`."""
    found = {stored.id: stored for stored in session.scalars(_stored(objection))}
    return [found[each] for each in objection.files if each in found]


def file(session: Session, actor: Actor, objection_id: int, file_id: str) -> StoredFile:
    """One piece of evidence. Raises NotFound to everybody who does not handle the objection."""
    objection = session.get(Objection, objection_id)
    stored = session.get(StoredFile, file_id) if objection and file_id in objection.files else None
    if objection is None or stored is None or not access.may(actor, "objection.handle", objection):
        raise NotFound(said("没有这个文件，或者您无权查看"))
    return stored


def barred(session: Session, actor: Actor, objection: Objection) -> bool:
    """Whether the actor did the first review of the application that is objected to."""
    return access.reviewed_first(session, actor.name, objection.target_case_id)


# ---- what a person's step does ------------------------------------------------------------------


def require_other_eyes(session: Session, person: str, case: Case) -> None:
    """Nothing, if this person may look into the objection of the case. Raises Refused for the first reviewer."""
    if access.reviewed_first(session, person, _of(session, case).target_case_id):
        raise Refused(
            said(
                "该集群申报的初审人员不能核查针对它的异议：初审和异议核查须由不同人员办理。"
                "请由本局其他经办人办理；没有其他经办人的，请安全管理员为另一位人员授予经办岗位"
            ),
            case=case.id,
        )


def investigate(answered: "Answered") -> Mapping[str, Any]:
    """What was found stands in the step's answers; the public sees that it is in hand.

    Who did the first review was refused before: acts.require_hands.
    """
    _of(answered.session, answered.case).state = "investigating"
    return {}


def decide(answered: "Answered") -> Mapping[str, Any]:
    """Uphold or dismiss; the answer stands where the receipt's number leads, reasons with the step."""
    session, case = answered.session, answered.case
    objection = _of(session, case)
    objection.state = {"uphold": "upheld", "dismiss": "dismissed"}[answered.answers["decision"]]
    objection.answer, objection.decided_at = answered.answers["answer"], clock.now()
    payload: dict[str, Any] = {"objection": objection.id, "notice": objection.notice_id}
    payload |= {"case": objection.target_case_id, "decision": objection.state}
    task = answered.task.id
    kind = "objection.decided"
    events.record(session, case.bureau_code, answered.actor.name, kind, case_id=case.id, task_id=task, payload=payload)
    return {}


def _problems(shown: Notice, written: Written) -> Iterator[Problem]:
    if written.target is None:
        yield Problem("target", "missing", said("请选择异议所指的集群"))
    elif not _named(shown, written.target):
        yield Problem("target", "not_listed", said("这个集群不在本次公示的名单中，请从名单中选择"))
    length = len(written.grounds)
    if not written.grounds:
        yield Problem("grounds", "missing", said("请写明事实和理由"))
    elif length < SHORTEST_GROUNDS:
        yield Problem(
            "grounds",
            "too_short",
            said(
                "事实和理由至少 %(least)s 个字，现有 %(length)s 个字，请写具体", least=SHORTEST_GROUNDS, length=length
            ),
        )
    elif length > LONGEST_GROUNDS:
        message = said(
            "事实和理由至多 %(limit)s 个字，超出 %(over)s 个字；详细情况可作为附件上传",
            limit=LONGEST_GROUNDS,
            over=length - LONGEST_GROUNDS,
        )
        yield Problem("grounds", "too_long", message)
    if not written.name:
        yield Problem("name", "missing", said("请填写姓名或单位名称"))
    elif len(written.name) > LONGEST_NAME:
        yield Problem("name", "too_long", said("姓名或单位名称至多 %(limit)s 个字", limit=LONGEST_NAME))
    if not written.contact:
        yield Problem("contact", "missing", said("请填写电话或电子邮箱，以便核实情况和答复"))
    elif len(written.contact) > LONGEST_CONTACT or not _reaches(written.contact):
        yield Problem("contact", "no_contact", said("请填写一个电话号码或电子邮箱，例如 0763-0000000"))


def _reaches(contact: str) -> bool:
    digits = sum(character.isdigit() for character in contact)
    return bool(_PHONE.fullmatch(contact) and digits in _DIGITS) or bool(_E_MAIL.fullmatch(contact))


def _open_case(session: Session, shown: Notice, cluster: str) -> Case:
    deployment = deployments.current(session, shown.regime)
    try:
        deployments.deployed(session, deployment.id).specs(PROCESS)
    except NotFound as error:
        raise Refused(said("暂时不能在线提交异议，请按公示所载的联系方式向主管部门书面反映")) from error
    return cases.begin(
        session,
        PUBLIC,
        deployment.id,
        PROCESS,
        title=f"对“{cluster}”的异议",
        bureau_code=shown.bureau_code,
        organisation_code=shown.bureau_code,  # no county sees it
        round_=None,  # nor is it one of the round's own cases, whose list and messages are about applications
        cluster=None,
        answers={},
    )


def _allowances(sent: Sent) -> tuple[tuple[str, int], ...]:
    return (("objection:all", sent.in_all), (f"objection:{sent.source}", sent.an_hour))


def _named(shown: Notice, case_id: int | None) -> str:
    """The cluster's name as the notice shows it; empty for one that is not in it."""
    return next((str(entry["cluster"]) for entry in shown.entries if entry["case"] == case_id), "")


def _answer_by(session: Session, objection: Objection) -> date:
    """The day until which the bureau answers: its own limits for looking into it and for deciding, added up."""
    case = session.get_one(Case, objection.case_id)
    limits = deployments.deployed(session, case.deployment_id).regime.limits
    days = sum(limits[name].working_days for name in ("objection_investigation", "objection_decision"))
    received = objection.received_at.astimezone(clock.SHANGHAI).date()
    return calendars.of(session, case.bureau_code).nth_working_day(received, days).latest


def _of(session: Session, case: Case) -> Objection:
    return session.scalars(select(Objection).where(Objection.case_id == case.id)).one()


def _stored(objection: Objection) -> Any:
    return select(StoredFile).where(StoredFile.id.in_(objection.files))
