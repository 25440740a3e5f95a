"""公布: the decision that makes a list public: its 文号, its documents, and the reasons that applicants are told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, deployments, documents, files
from engine.conventions import DECISION_ON_OBJECTION, LIST_FORM, NO_NUMBER
from engine.documents import Column, Decision
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Case, Cluster, Notice, Objection, Organisation, Round, StoredFile, Task

if TYPE_CHECKING:
    from engine.acts import Answered

COLUMNS = (
    Column("序号", 2, centred=True),
    Column("集群名称", 11),
    Column("申报主体", 8),
    Column("登记编号", 8, centred=True),
    Column("有效期", 6, centred=True),
)
_UPHELD = "公示期间收到的异议经核查成立"


def publish(answered: "Answered") -> Mapping[str, Any]:
    """The act of the step that publishes: a 文号 is given once. Raises FormInvalid where a notice has it already."""
    given = number(answered.answers)
    taken = exists().where(Notice.bureau_code == answered.case.bureau_code, Notice.number == given)
    if given and answered.session.scalar(select(taken)):
        why = said("文号%(number)s已用于另一条公告；增补公布须有自己的文号，请核对", number=given)
        raise FormInvalid([Problem("document_number", "number_taken", why)])
    return {}


def number(answers: Mapping[str, Any]) -> str | None:
    """The 文号 that a form gives; None where it has none or says 无."""
    given = answers.get("document_number")
    return None if given == NO_NUMBER else given


def registered(session: Session, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A notice's entries with what the register has of their clusters: number, industry, first and last valid day."""
    query = (
        select(Case.id, Cluster.number, Cluster.industry, Cluster.first_day, Cluster.last_day)
        .join(Cluster, Cluster.id == Case.cluster_id)
        .where(Case.id.in_([entry["case"] for entry in entries]))
    )
    known = {row.id: row for row in session.execute(query)}
    return [
        {
            **entry,
            "number": known[entry["case"]].number,
            "industry": known[entry["case"]].industry,
            "first_day": known[entry["case"]].first_day.isoformat(),
            "last_day": known[entry["case"]].last_day.isoformat(),
        }
        for entry in entries
    ]


def documents_of(
    session: Session, case: Case, answers: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> list[StoredFile]:
    """The decision about a list that is published today, as PDF and as Word document, kept with the round's case."""
    regime = deployments.deployed(session, case.deployment_id).regime
    year = session.get_one(Round, case.round_id).year
    rows = [
        (
            str(place),
            f"{entry['cluster']}，{entry['basis']}" if "basis" in entry else entry["cluster"],
            entry["applicant"],
            entry["number"] or "",
            f"{entry['first_day']} 至 {entry['last_day']}",
        )
        for place, entry in enumerate(entries, 1)
    ]
    decision = Decision(
        issuer=session.get_one(Organisation, case.bureau_code).name,
        number=number(answers) or "",
        title=answers["title"],
        addressees=answers.get("addressees", "").rstrip("：:"),
        body=[line.strip() for line in answers["body"].splitlines() if line.strip()],
        list_title=f"{year}年度{regime.title}名单",
        columns=COLUMNS,
        entries=rows,
        copies=answers.get("copies", "").rstrip("。"),
        day=clock.today(),
    )
    named = f"{decision.title}（{decision.number}）" if decision.number else decision.title
    return [
        files.make(session, case, f"{named}.pdf", documents.pdf(decision)),
        files.make(session, case, f"{named}.docx", documents.docx(decision)),
    ]


def hashes(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """SHA-256 of these files by id: what the record says of a notice that shows them."""
    query = select(StoredFile.id, StoredFile.sha256).where(StoredFile.id.in_(list(ids))).order_by(StoredFile.id)
    return {row.id: row.sha256 for row in session.execute(query)}


def reason(session: Session, case: Case) -> str:
    """Why the round decided of this case as it did: an upheld objection, else what the list says; empty without."""
    if upheld := _upheld(session, case):
        return f"{_UPHELD}：{'；'.join(upheld)}"
    if case.round_id is None:
        return ""
    drafted = (
        select(Task.answers)
        .join(Round, Round.case_id == Task.case_id)
        .where(Round.id == case.round_id, Task.form == LIST_FORM, Task.state == "done")
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
        .limit(1)
    )
    listed = (session.scalar(drafted) or {}).get("reasons", [])
    return next((row["reason"] for row in listed if row["case"] == case.id), "")


def _upheld(session: Session, case: Case) -> list[str]:
    """The reasons for which objections to this case were upheld, as the decisions give them; no objector is in them."""
    query = (
        select(Task.answers)
        .join(Objection, Objection.case_id == Task.case_id)
        .where(
            Objection.target_case_id == case.id,
            Objection.state == "upheld",
            Task.form == DECISION_ON_OBJECTION,
            Task.state == "done",
        )
        .order_by(Task.closed_at)
    )
    return [answers["reasons"] for answers in session.scalars(query)]
