"""Papers (纸质报送): what an office prints, seals and sends with its recommendations: 推荐汇总表, 申报表 and the disc.

What it sends follows from what was filed and recommended alone, so each piece has the same bytes whenever it is made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, deployments, documents, dossier, events, files, printed_forms, sheets
from engine.access import Actor
from engine.deployments import Deployed
from engine.documents import Block, Column, Table
from engine.dossier import Part
from engine.errors import NotFound
from engine.models import Case, Organisation, Recommendation, Round, StoredFile, Task

APPLICATION, RECOMMEND = "application", "recommend"  # forms
INTRODUCTION, FOUNDED = "introduction", "founded"  # fields of either, for the table alone
SIGNED: Final = "signed_by"  # the field below which head and offices sign and seal
MOST_INTRODUCED = 150  # characters: 集群简介（150字以内）
COLUMNS: Final = (  # 工信厅企业函〔2022〕236号 附件1, 粤工信服务函〔2022〕24号 附件5
    Column("序号", 2, centred=True),
    Column("集群名称", 6),
    Column("集群运营管理机构", 5),
    Column("所在省、市、县（区）", 4),
    Column("主导产业", 4),
    Column("集群成立时间", 3, centred=True),
    Column("集群简介（150字以内）", 11),
)
_EVIDENCE = re.compile(r"evidence_([0-9]+)_files")
_UNSAFE = re.compile(r'[\\/:*?"<>|\s]+')  # what some system does not take in a file's name
FORMAT = 1


@dataclass(frozen=True)
class Listed:
    """A row of the table, and the case it stands for."""

    case: Case
    name: str
    cells: tuple[str, ...]  # behind the number, as COLUMNS


@dataclass(frozen=True)
class Summary:
    """推荐汇总表 of an office in a round."""

    round_id: int
    office: str  # code
    office_name: str
    title: str
    listed: tuple[Listed, ...]
    day: date  # of the last recommendation in it


def asked(deployed: Deployed) -> bool:
    """Whether the regime has such a table: its forms ask for what the table needs and nothing else does."""
    form = RECOMMEND if deployed.regime.chain else APPLICATION
    return f"forms/{form}.json" in deployed.files and INTRODUCTION in deployed.form(form).fields()


def offices(session: Session, actor: Actor, round_: Round) -> list[Summary]:
    """The tables of the actor's own offices in the round; none where they have nothing to send."""
    mine = sorted(access.offices(actor, access.APPLICANTS | access.BUREAU))
    found = [_summary(session, round_, session.get_one(Organisation, code)) for code in mine]
    return [each for each in found if each.listed]


def summary(session: Session, actor: Actor, round_: Round, office: str) -> Summary:
    """The table of one of the actor's offices. Raises NotFound, also for an office that has nothing to send."""
    for each in offices(session, actor, round_):
        if each.office == office:
            return each
    raise NotFound(said("本单位在本批次没有需要报送的材料"))


def summary_pdf(made: Summary) -> bytes:
    """The table to be printed and sealed."""
    return documents.table_pdf(Table(made.title, _above(made), COLUMNS, _rows(made), made.day))


def summary_xlsx(made: Summary) -> bytes:
    """The table as a spreadsheet."""
    return sheets.summary(made.title, _above(made), COLUMNS, _rows(made), MOST_INTRODUCED)


def printable(session: Session, actor: Actor, case: Case) -> bool:
    """Whether the case has a 申报表 that the actor may read."""
    seen = exists().where(
        Task.case_id == case.id, Task.form == APPLICATION, Task.state == "done", access.visible_tasks(actor)
    )
    return session.scalar(select(seen)) is True


def application_pdf(session: Session, actor: Actor, case: Case) -> bytes:
    """The 申报表 of a case as it was filed last, to be printed. Raises NotFound where the actor may read none."""
    filed = filed_at(session, case, APPLICATION)
    if filed is None or not printable(session, actor, case):
        raise NotFound(said("本办件还没有可以打印的申报表"))
    return _application_pdf(session, case, filed)


def disc(session: Session, made: Summary) -> list[Part]:
    """What the disc holds: the table, and of each cluster its 申报表 and its evidence by the numbers of the list."""
    parts = [
        dossier.made("disc", "推荐汇总表.pdf", "推荐汇总表", summary_pdf(made)),
        dossier.made("disc", "推荐汇总表.xlsx", "推荐汇总表", summary_xlsx(made)),
    ]
    for number, listed in enumerate(made.listed, 1):
        filed = filed_at(session, listed.case, APPLICATION)
        if filed is not None:
            folder = f"{number:02} {_safe(listed.name)}"
            form = _application_pdf(session, listed.case, filed)
            parts.append(dossier.made("disc", f"{folder}/申报表.pdf", "申报表", form))
            parts += _evidence(session, folder, filed)
    return parts


def write_disc(made: Summary, parts: Sequence[Part], out: IO[bytes]) -> None:
    """Write the disc's folder as an archive with its manifest. Raises Broken for a file that is not as it came."""
    manifest = {"format": FORMAT, "title": made.title, "office": made.office_name, "round": made.round_id}
    dossier.pack(parts, manifest, out)


def note_taken(session: Session, by: str, what: str, sha256: str, **about: Any) -> None:
    """The record says who took which piece, with which bytes: they are full of personal data."""
    payload = {"what": what, **about, "sha256": sha256}
    events.record(session, events.SYSTEM, by, "papers.taken", payload=payload)


def _summary(session: Session, round_: Round, office: Organisation) -> Summary:
    rows = [*_listed(session, round_, office)]
    title = f"{round_.year}年度{_title(session, round_)}推荐汇总表"
    day = max((at for at, _rank, _listed in rows), default=clock.now()).astimezone(clock.SHANGHAI).date()
    listed = tuple(one for _at, _rank, one in sorted(rows, key=lambda row: (row[1], row[2].case.id)))
    return Summary(round_.id, office.code, office.name, title, listed, day)


def filed_at(session: Session, case: Case, form: str, office: str | None = None) -> Task | None:
    """The step at which this form was filed last, by this office."""
    query = select(Task).where(Task.case_id == case.id, Task.form == form, Task.state == "done")
    if office is not None:
        query = query.where(Task.organisation_code == office)
    return session.scalar(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1))


def _listed(session: Session, round_: Round, office: Organisation) -> Iterator[tuple[datetime, int, Listed]]:
    """When it was sent on, its rank, and the row: of what the office recommended, or filed where none recommends."""
    for case in session.scalars(_cases(round_, office)):
        deployed = deployments.deployed(session, case.deployment_id)
        if not asked(deployed):
            continue
        filed = filed_at(session, case, APPLICATION)
        recommended = filed_at(session, case, RECOMMEND, office.code)
        told: dict[str, Any] = {**((filed and filed.answers) or {}), **((recommended and recommended.answers) or {})}
        sent = recommended if deployed.regime.chain else filed
        if filed is None or sent is None:
            continue
        place = "".join(str(told.get(f"region_{level}", "")) for level in ("province", "city", "county"))
        cells = (case.title, told.get("operating_body"), place, told.get("leading_industry"), told.get(FOUNDED))
        row = (*(str(cell or "") for cell in cells), str(told.get(INTRODUCTION) or ""))
        yield sent.closed_at or case.opened_at, int(told.get("rank") or 0), Listed(case, case.title, row)


def _cases(round_: Round, office: Organisation) -> Any:
    """Those the office recommended; where nobody recommends, those filed by it and the parks below it."""
    sent_on = select(Recommendation.case_id).where(
        Recommendation.round_id == round_.id, Recommendation.organisation_code == office.code
    )
    below = select(Organisation.code).where(Organisation.path.startswith(office.path, autoescape=True))
    own = Case.organisation_code.in_(below) & (Case.chain == " ")
    query = select(Case).where(Case.round_id == round_.id, Case.cluster_id.is_not(None), Case.status != "cancelled")
    if office.level in {"county", "park"}:
        return query.where(own)
    return query.where(Case.id.in_(sent_on))


def _title(session: Session, round_: Round) -> str:
    case = session.get_one(Case, round_.case_id)
    return deployments.deployed(session, case.deployment_id).regime.title


def _above(made: Summary) -> list[str]:
    return [f"{made.office_name}：（盖章）", "联系人和手机："]


def _rows(made: Summary) -> list[list[str]]:
    return [[str(number), *listed.cells] for number, listed in enumerate(made.listed, 1)]


def _application_pdf(session: Session, case: Case, filed: Task) -> bytes:
    form = deployments.deployed(session, case.deployment_id).form(APPLICATION)
    answers = filed.answers or {}
    stored = session.scalars(select(StoredFile).where(StoredFile.id.in_(form.files_in(answers))))
    names = {row.id: row.name for row in stored}
    day = (filed.closed_at or case.opened_at).astimezone(clock.SHANGHAI).date()
    seals = {SIGNED: [_seals(session, case)]}
    return documents.form_pdf(printed_forms.printed(form, answers, names, under=case.title, day=day, seals=seals))


def _seals(session: Session, case: Case) -> Block:
    """Where head, applicant and the offices that recommend sign and seal (申报表 九); what they wrote stands there."""
    applicant = session.get_one(Organisation, case.organisation_code).name
    rows = [[f"{applicant}（公章）", "单位负责人（签字）：\n年    月    日"]]
    for code in case.chain.split():
        if code != case.bureau_code:
            recommended = filed_at(session, case, RECOMMEND, code)
            opinion = str((recommended.answers or {}).get("opinion", "")) if recommended else ""
            name = session.get_one(Organisation, code).name
            rows.append([f"{name}推荐意见", f"{opinion}\n推荐单位（公章）：\n年    月    日"])
    return Block((), rows, title="签字盖章", seals=True)


def _evidence(session: Session, folder: str, filed: Task) -> Iterator[Part]:
    """The files of each item of the list, in a folder with its number; a name that comes twice gets one too."""
    for field, answer in (filed.answers or {}).items():
        found = _EVIDENCE.fullmatch(field)
        if found is None:
            continue
        below = f"{folder}/佐证材料/{int(found[1]):02}"
        taken = set[str]()
        for place, file_id in enumerate(answer, 1):
            stored = session.get_one(StoredFile, file_id)
            name = _safe(stored.name)
            name = name if name not in taken else f"{place}-{name}"
            taken.add(name)
            source = files.path(session.info["database"].files, stored.sha256)
            yield Part("disc", f"{below}/{name}", stored.name, stored.size, stored.sha256, source=source)


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name).strip("._") or "_"
