"""What a dossier has in it, in its order: rows as JSON, and the same for people to read."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, deployments, files, uploads
from engine.access import Actor
from engine.columns import dump_json
from engine.deployments import Deployed
from engine.dossier import pages, review
from engine.errors import NotFound, Refused
from engine.models import Case, Deployment, Event, Letter, Notice, Objection, Person, Precheck, StoredFile, Task

# deployment, name of the letter, fields → subject, body
Worded: TypeAlias = Callable[[Session, int | None, str, Mapping[str, str]], tuple[str, str]]


GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "case": "办件",
        "steps": "填报与办理",
        "prechecks": "预审",
        "review": "评审与抽查",
        "objections": "异议",
        "letters": "通知",
        "notices": "公告",
        "files": "文件",
        "deployment": "流程部署",
        "record": "办理记录",
    }
)


@dataclass(frozen=True)
class Part:
    """One file of a dossier: bytes at hand, or a file of the data folder that is copied when its turn comes."""

    group: str  # of GROUPS: the heading that it stands under
    path: str
    title: str
    size: int  # bytes
    sha256: str
    content: bytes | None = None
    source: Path | None = None


@dataclass(frozen=True)
class Dossier:
    """A case's parts."""

    case_id: int
    title: str
    facts: Mapping[str, str]
    parts: Sequence[Part]


def of_case(session: Session, actor: Actor | None, case_id: int, worded: Worded) -> Dossier:
    """The dossier of a case, its files not yet read. `worded` writes letters; `actor` None is the installation itself.

    Experts' opinions are in it once their panel is opened. Raises NotFound, Forbidden; Refused for the case of an
    objection, whose objector nobody but its handlers may know.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    if actor is not None:
        access.require(actor, "dossier.read", case)
    if session.scalar(select(Objection.id).where(Objection.case_id == case_id)) is not None:
        raise Refused(said("异议办件含反映人的个人信息，不制作卷宗；其办理情况列在相关集群的卷宗中"))
    deployed = deployments.deployed(session, case.deployment_id)
    facts = _facts(session, case)
    stored = _stored(session, case)
    parts = [
        _json("case", "case.json", "办件基本情况", facts),
        *_steps(session, case, deployed, stored),
        *_rows("prechecks", "prechecks.json", "历次预审", _prechecks(session, case)),
        *_rows("review", "panels.json", "专家组和抽查组，抽取的种子和候选名单", review.panels(session, case)),
        *_rows("review", "opinions.json", "专家评分、意见和互评", review.opinions(session, case)),
        *_rows("review", "samples.json", "实地抽查的样本", review.samples(session, case)),
        *_rows("review", "inspections.json", "实地抽查的安排", review.inspections(session, case)),
        *_rows("objections", "objections.json", "公示期间的异议（不含反映人信息）", review.objections(session, case)),
        *_letters(session, case, worded),
        *_notices(session, case, stored),
        *_files(session, stored),
        *_deployment(deployed),
        _record(session, case),
    ]
    return Dossier(case.id, case.title, _in_words(facts, deployed), parts)


def made(group: str, path: str, title: str, content: bytes) -> Part:
    """A part whose bytes are at hand."""
    return Part(group, path, title, len(content), hashlib.sha256(content).hexdigest(), content=content)


def _json(group: str, path: str, title: str, value: Any) -> Part:
    plain = json.loads(dump_json(value))
    return made(group, path, title, (json.dumps(plain, ensure_ascii=False, indent=1) + "\n").encode())


def _rows(group: str, path: str, title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    if rows:
        yield _json(group, path, title, list(rows))


def _facts(session: Session, case: Case) -> dict[str, Any]:
    deployment = session.get_one(Deployment, case.deployment_id)
    return {
        "case": case.id,
        "title": case.title,
        "regime": case.regime,
        "process": case.process,
        "bureau": case.bureau_code,
        "applicant": case.organisation_code,
        "round": case.round_id,
        "cluster": case.cluster_id,
        "status": case.status,
        "outcome": case.outcome,
        "opened_at": case.opened_at,
        "opened_by": case.opened_by,
        "ended_at": case.ended_at,
        "deployment": deployment.number,
        "deployment_sha256": deployment.content_hash,
        "engine": deployment.engine_version,
    }


def _in_words(facts: Mapping[str, Any], deployed: Deployed) -> dict[str, str]:
    """The facts as people read them: the diagram's names, Beijing time."""
    drawn = deployed.diagrams.get(facts["process"])
    ended = drawn.nodes.get(facts["outcome"] or "") if drawn else None
    told = {**facts, "regime": deployed.regime.title}
    told |= {"process": drawn.name} if drawn else {}
    told |= {"outcome": ended.name} if ended else {}
    for name in ("opened_at", "ended_at"):
        if facts[name]:
            told[name] = f"{facts[name].astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return {name: str(value) for name, value in told.items() if value is not None}


def _steps(session: Session, case: Case, deployed: Deployed, stored: Mapping[str, StoredFile]) -> Iterator[Part]:
    """Every finished step with its answers, oldest first: the application in all its versions among them."""
    blind = review.blind_seats(session, case)
    noted = select(Event.task_id, Event.seq).where(
        Event.chain == case.bureau_code, Event.case_id == case.id, Event.kind == "task.closed"
    )
    order = {row.task_id: row.seq for row in session.execute(noted)}
    finished = session.scalars(select(Task).where(Task.case_id == case.id, Task.state == "done"))
    links = {file_id: (f"../{_place(file)}", file.name) for file_id, file in stored.items()}
    for number, task in enumerate(sorted(finished, key=lambda task: (order.get(task.id, 0), task.id)), 1):
        told = {
            "task": task.id,
            "process": task.process,
            "element": task.element,
            "within": task.instance_path,
            "pass": task.pass_number,
            "title": task.title,
            "form": task.form,
            "organisation": task.organisation_code,
            "opened_at": task.opened_at,
            "due_at": task.due_at,
            "closed_at": task.closed_at,
            "closed_by": task.closed_by,
        }
        path = f"steps/{number:03}-{task.element}"
        times = f"（第{task.pass_number}次）" if task.pass_number > 1 else ""
        title = f"{task.title}{times}"
        if task.seat_id in blind:
            yield _json("steps", f"{path}.json", title, {**told, "withheld": "专家组意见尚未公开"})
            continue
        answers = task.answers or {}
        form = deployed.form(task.form)
        yield made("steps", f"{path}.html", title, pages.step(title, told, form, answers, links))
        yield _json("steps", f"{path}.json", f"{title}：数据", {**told, "answers": answers})


def _prechecks(session: Session, case: Case) -> list[dict[str, Any]]:
    query = select(Precheck).where(Precheck.case_id == case.id).order_by(Precheck.made_at, Precheck.task_id)
    return [
        {"task": row.task_id, "made_at": row.made_at, "problem": row.problem, "verdicts": row.verdicts}
        for row in session.scalars(query)
    ]


def _letters(session: Session, case: Case, worded: Worded) -> Iterator[Part]:
    query = select(Letter).where(Letter.case_id == case.id).order_by(Letter.id)
    for number, letter in enumerate(session.scalars(query), 1):
        # A letter keeps the blanks that there were when it was written; a later deployment's are no matter to it.
        subject, body = worded(session, letter.deployment_id, letter.template, letter.fields)
        told = {
            "template": letter.template,
            "organisation": letter.organisation_code,
            "role": letter.role,
            "person": letter.person_id and session.get_one(Person, letter.person_id).name,
            "created_at": letter.created_at,
            "fields": letter.fields,
        }
        path = f"letters/{number:03}-{letter.template}"
        yield made("letters", f"{path}.txt", subject, f"{subject}\n\n{body}".encode())
        yield _json("letters", f"{path}.json", f"{subject}：数据", told)


def _notices(session: Session, case: Case, stored: Mapping[str, StoredFile]) -> Iterator[Part]:
    for notice in _naming(session, case):
        told = {
            "notice": notice.id,
            "kind": notice.kind,
            "number": notice.number,
            "title": notice.title,
            "body": notice.body,
            "published_at": notice.published_at,
            "first_day": notice.first_day,
            "last_day": notice.last_day,
            "entries": notice.entries,
            "basis": notice.basis,  # how the days were counted, on which calendar
            "files": [{"path": _place(stored[each]), "name": stored[each].name} for each in notice.files],
        }
        yield _json("notices", f"notices/{notice.id}.json", notice.title, told)


def _naming(session: Session, case: Case) -> list[Notice]:
    """The call of the case's round, and the notices whose list has the case."""
    query = select(Notice).where(Notice.round_id == (case.round_id or 0)).order_by(Notice.id)
    return [
        notice
        for notice in session.scalars(query)
        if notice.kind == "call" or any(entry.get("case") == case.id for entry in notice.entries)
    ]


def _stored(session: Session, case: Case) -> dict[str, StoredFile]:
    """The files of the case and of the notices that name it, by id."""
    hung = [file_id for notice in _naming(session, case) for file_id in notice.files]
    query = select(StoredFile).where((StoredFile.case_id == case.id) | StoredFile.id.in_(hung))
    return {row.id: row for row in session.scalars(query.order_by(StoredFile.uploaded_at, StoredFile.id))}


def _place(stored: StoredFile) -> str:
    """Where a file lies in the archive: under its hash, so that the same bytes lie there once."""
    return f"files/{stored.sha256}.{uploads.ending(stored.name)}"


def _files(session: Session, stored: Mapping[str, StoredFile]) -> Iterator[Part]:
    if not stored:
        return
    folder: Path = session.info["database"].files
    there = dict[str, Part]()
    for row in stored.values():
        source = files.path(folder, row.sha256)
        there.setdefault(_place(row), Part("files", _place(row), row.name, row.size, row.sha256, source=source))
    yield from there.values()
    yield _json(
        "files",
        "files.json",
        "文件清单：名称、上传时间和散列值",
        [
            {
                "file": row.id,
                "name": row.name,
                "path": _place(row),
                "media_type": row.media_type,
                "size": row.size,
                "sha256": row.sha256,
                "uploaded_at": row.uploaded_at,
                "uploaded_by": row.uploaded_by,
            }
            for row in stored.values()
        ],
    )


def _deployment(deployed: Deployed) -> Iterator[Part]:
    """The diagrams, tables, forms, letters and numbers that the case runs on."""
    for name, content in sorted(deployed.files.items()):
        yield made("deployment", f"deployment/{name}", name, content)


def _record(session: Session, case: Case) -> Part:
    """The entries of the case with their hashes: each can be checked by itself, and found again in the chain."""
    query = select(Event.__table__).where(Event.chain == case.bureau_code, Event.case_id == case.id)
    rows = session.execute(query.order_by(Event.seq)).mappings()
    lines = "".join(dump_json(dict(row)) + "\n" for row in rows)
    return made("record", "record.jsonl", "办理记录及其散列值", lines.encode())
