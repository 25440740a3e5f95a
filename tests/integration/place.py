"""A place where work is under way: applications, rounds, files, and somebody for every role and organisation."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from config.settings import Settings
from engine import (
    access,
    accounts,
    due_dates,
    feeds,
    files,
    holiday_notices,
    objections,
    organisations,
    outbox,
    particulars,
    pool,
    publicity,
    receipts,
    sign_ins,
)
from engine.access import Actor
from engine.db import Database
from engine.incidents import Stopped
from engine.models import (
    Case,
    DayOverride,
    Delivery,
    Finding,
    HolidayNotice,
    Inspection,
    Letter,
    Obligation,
    Panel,
    Person,
    PoolMember,
    Prospect,
    Round,
    Seat,
    Substitute,
    Task,
    TypicalCase,
)
from engine.objections import Sent, Written
from engine.pool import Card
from engine.publicity import Period
from engine.workshop import drafts
from tests import holidays, samples, yearly
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.kept import kept
from tests.office import Office
from tests.unit.test_uploads import PDF
from web.app import create_app
from web.rehearsal import runs

BUREAU, COUNTY, SIBLING, PARK = "441800", "441881", "441882", "441881-01"
OTHER_BUREAU, OTHER_COUNTY = "440500", "440513"

PERSONAS = {  # account → (role, organisation): each role, and some a second time elsewhere
    "county": ("county_officer", COUNTY),  # who applied
    "county2": ("county_officer", COUNTY),  # a colleague
    "sibling": ("county_officer", SIBLING),  # the county next door
    "park": ("park_officer", PARK),  # a park in the county
    "city": ("bureau_officer", BUREAU),
    "city2": ("bureau_officer", BUREAU),
    "expert": ("expert", BUREAU),  # has the review of the county's case
    "expert2": ("expert", BUREAU),  # has nothing
    "inspector": ("inspector", BUREAU),
    "leader": ("bureau_leader", BUREAU),
    "publisher": ("publisher", BUREAU),
    "owner": ("process_owner", BUREAU),
    "sysadmin": ("system_administrator", BUREAU),
    "secadmin": ("security_administrator", BUREAU),
    "auditor": ("audit_administrator", BUREAU),
    "other_county": ("county_officer", OTHER_COUNTY),
    "other_park": ("park_officer", f"{OTHER_COUNTY}-01"),
    "other_city": ("bureau_officer", OTHER_BUREAU),
    "other_expert": ("expert", OTHER_BUREAU),
    "other_inspector": ("inspector", OTHER_BUREAU),
    "other_leader": ("bureau_leader", OTHER_BUREAU),
    "other_publisher": ("publisher", OTHER_BUREAU),
    "other_owner": ("process_owner", OTHER_BUREAU),
}
NOBODY = ""  # no token at all

# What stands in the place of each part of an address.
THINGS: Mapping[str, list[str]] = {
    "case_id": ["county_case", "park_case", "round_case"],
    "task_id": ["filed", "fill_in", "review", "inspect", "draft_call"],
    "round_id": ["open_round", "draft_round"],
    "cluster_id": ["county_cluster", "park_cluster"],
    "finding_id": ["finding"],
    "prospect_id": ["prospect"],
    "typical_case_id": ["typical"],
    "file_id": ["bound_file", "loose_file", "evidence"],
    "notice_id": ["call", "shown"],
    "objection_id": ["objection"],
    "receipt": ["receipt"],
    "person_id": ["somebody"],
    "member_id": ["member"],
    "seat_id": ["seat"],
    "inspection_id": ["visit"],
    "holiday_notice_id": ["holiday_notice"],
    "override_id": ["override"],
    "obligation_id": ["obligation"],
    "section_id": ["part"],
    "field": ["table"],
    "name": ["licences"],
    "regime": ["regime"],
    "message_id": ["message"],
    "delivery_id": ["delivery"],
    "secret": ["feed"],
    "rehearsal_id": ["rehearsal"],
    "form": ["form"],
    "letter": ["letter"],
    "draft_id": ["draft"],
    "version": ["version"],
    "path": ["path"],
    "diagram": ["diagram"],
    "decision_table": ["decision_table"],
}

BODIES: Mapping[str, Any] = {  # what is sent with a deed
    "complete": {"data": {}},
    "return": {"data": {}},
    "move": {"to": 1},
    "draft": {"data": {}, "version": 0},
    "repair": {"variables": {"mended": 1}, "reason": "试试"},
    "cancel": {"reason": "试试"},
    "change": {
        "starts_at": "2030-07-10T09:00:00+08:00",
        "ends_at": "2030-07-10T12:00:00+08:00",
        "place": "园区东门（虚构）",
        "contact": "服务科 0000000",
        "reason": "试试",
    },
    "objections": {"name": "示例反映人", "contact": "0763-0000000", "case": 1, "grounds": "所列企业已于去年迁出该县。"},
    "assign": {"person": "city2"},
    "suspension": {"ground": "appraisal", "reason": "试试"},
    "resumption": {"note": "试试"},
    "skip": {"task": "x", "way": "y", "reason": "试试"},
    "suspend": {"reason": "试试"},
    "replace": {"reason": "试试"},
    "pass-over": {"reason": "试试"},
    "interests": {"statement": "试试", "organisation_code": SIBLING},
    "late-filings": {"organisation_code": COUNTY, "until": "2030-07-10T17:30:00+08:00", "reason": "试试"},
}


@dataclass(frozen=True)
class Place:
    """An office with two applications on their way, and a token for each persona."""

    at: Desk
    ids: Mapping[str, str]
    tokens: Mapping[str, str]
    sign_ins: Mapping[str, str]
    actors: Mapping[str, Actor]

    def ask(self, app: Flask, who: str, method: str, path: str) -> TestResponse:
        client = app.test_client()
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        else:
            headers = reader.form_token(self.sign_ins.get(who, ""))
            if who:
                client.set_cookie(reader.COOKIE, self.sign_ins[who])
        return client.open(path, method=method, headers=headers, buffered=True, **self._content(method, path, who))

    def _content(self, method: str, path: str, who: str) -> dict[str, Any]:
        if path == "/api/v1/files":
            return _upload()
        if path == "/api/v1/session":
            return {"json": {"name": "county", "password": desk.PASSWORD}} if method == "POST" else {}
        if path == "/api/v1/cases":
            start = samples.ANSWERS["application_start"] | {"round_id": int(self.ids["open_round"])}
            return {"json": {"regime": "qingyuan", "process": "application", "data": start}}
        forms: dict[str, Any] = {
            "/sign-in": {"name": "county", "password": desk.PASSWORD},
            "/cases/new": samples.ANSWERS["application_start"] | {"round_id": self.ids["open_round"]},
            "/rounds/new": {"regime": "qingyuan", "year": "2026", "title": "又一批次"},
            "/me/password": {"old": "x", "new": "y", "again": "z"},  # a wrong old one would be counted
            "/me/sign-ins/end": {"mark": "others"},
            "/me/tokens/revoke": {"mark": self._mark(who)},
            f"/workshop/drafts/{self.ids['draft']}/restore": {"path": self.ids["path"]},
            "/workshop": {"regime": "qingyuan", "title": "又一份草案"},
            "/letters/preview/deploy": {"regime": "qingyuan", "name": "urged", "text": "题\n\n正文", "seen": "1"},
            "/me/letters/feeds/revoke": {"mark": self.ids.get(f"feed of {who}", "")},
            "/me/letters/substitutes/end": {"absence": self.ids.get(f"absence of {who}", "")},
            f"/office/accounts/{self.ids['somebody']}/withdraw": {"role": "county_officer", "organisation": COUNTY},
            f"/office/accounts/{self.ids['somebody']}/tokens/revoke": {"mark": self._mark("county2")},
            "/office/organisations/rename": {"code": COUNTY, "name": "又一名称"},
            "/office/organisations/mark": {"code": "440000", "western": "on"},
            **{
                f"/tasks/{self.ids[task]}/draft": {} for task in THINGS["task_id"]
            },  # a page's form; a script's is a PUT
            **{
                f"/tasks/{self.ids[task]}/files": {"field": "evidence_1_files", "file": (BytesIO(PDF), "a.pdf")}
                for task in THINGS["task_id"]
            },
        }
        card = {"fields": ["有色金属"], "employer": "虚构大学", "first_day": "2025-03-04"}
        decided = {
            f"POST /api/v1/cases/{self.ids[case]}/incident/skip/{deed}": {"request": 1}
            for case in THINGS["case_id"]
            for deed in ("confirm", "refuse")
        }
        sent = decided | {
            "POST /api/v1/rounds": {"regime": "qingyuan", "year": 2026, "title": "又一批次"},
            "POST /api/v1/pool": card | {"bureau_code": BUREAU, "name": "inspector", "kind": "expert"},
            f"PUT /api/v1/pool/{self.ids['member']}": card,
        }
        if f"{method} {path}" in sent:
            return {"json": sent[f"{method} {path}"]}
        if method == "POST" and path in forms:
            return {"data": forms[path]}
        return next(({"json": body} for deed, body in BODIES.items() if path.endswith(f"/{deed}")), {})

    def _mark(self, who: str) -> str:
        return hashlib.sha256(self.tokens.get(who, "").encode()).hexdigest()[: sign_ins.MARK]


@dataclass(frozen=True)
class _Rows:
    """What stands in the database, and who goes in and out."""

    office: Office
    ids: Mapping[str, str]
    programs: dict[str, str]  # tokens of the office's people, for what is prepared
    tokens: Mapping[str, str]
    sign_ins: Mapping[str, str]
    actors: Mapping[str, Actor]


def furnish(database: Database, data: Path) -> Place:
    """The place, at `samples.MOMENT`."""
    rows = _rows(database)
    settings = Settings(data=data)
    at = Desk(rows.office, create_app(settings, database), settings, rows.programs)
    ids = {**rows.ids, "rehearsal": _rehearsed(data), "licences": "licences.txt"}
    return Place(at, ids, rows.tokens, rows.sign_ins, rows.actors)


@kept
def _rows(database: Database) -> _Rows:
    at = desk.furnish(database, database.files.parent)
    o, ids = at.office, dict[str, str]()
    ids["draft_round"] = str(o.open_round(2024).id)
    with database.read() as session:
        drafted = session.get_one(Round, int(ids["draft_round"])).case_id
    ids["draft_call"] = o.open_task(drafted, "call_notice").id
    round_ = o.open_round()
    ids |= {"regime": round_.regime, "open_round": str(round_.id), "round_case": str(round_.case_id), "call": "1"}
    o.complete("city", o.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
    county, park = o.open_case("county", start), o.open_case("park", start)
    ids |= {"county_case": str(county.id), "county_cluster": str(county.cluster_id)}
    ids |= {"park_case": str(park.id), "park_cluster": str(park.cluster_id)}
    ids["filed"], ids["fill_in"] = o.open_task(county.id, "fill_in").id, o.open_task(park.id, "fill_in").id
    evidence = at.as_("county").upload(PDF).get_json()["id"]
    o.complete("county", o.open_task(county.id, "fill_in"), samples.application_data(evidence=evidence))
    ids["bound_file"], ids["loose_file"] = evidence, at.as_("county").upload(PDF).get_json()["id"]
    o.complete("city", o.open_task(county.id, "acceptance"), samples.ANSWERS["acceptance"])
    o.complete("city", o.open_task(county.id, "first_review"), samples.ANSWERS["first_review"])
    ids |= _judged(at, county)
    ids |= _dated(at, county)
    ids["finding"] = _found(at, county)
    ids |= _cultivated(at, county, evidence)
    ids |= _objected(at, county, drafted)
    with database.write() as session:  # the round's own case is stopped; applications in it go on
        halted = session.get_one(Case, round_.case_id)
        Stopped(halted.id, halted.opened_at, "worker", "step_failed", "试验用的异常", "closing").leave(session)
    ids |= {"part": "cover", "table": "enterprises", "form": "acceptance", "letter": "urged"}
    tokens, actors = _people(database)
    seen = {name: reader.signed_in(database, name) for name in PERSONAS}
    ids["somebody"] = str(actors["county2"].person_id)
    ids |= _told(database, actors, ids["fill_in"])
    ids |= _drafted(database, actors["owner"])
    return _Rows(o, ids, at.tokens, tokens, seen, actors)


def _drafted(database: Database, owner: Actor) -> dict[str, str]:
    """A draft with one file saved."""
    path = "letters/urged.txt"
    with database.write() as session:
        made = drafts.opened(session, owner, "qingyuan", "又一份草案")
        drafts.save(session, owner, made, path, "【催办】{{办件标题}}\n\n请即办理。\n".encode())
        drawn = {"diagram": "intake.bpmn", "decision_table": "criteria.dmn"}
        return {"draft": str(made.id), "version": "1", "path": path, **drawn}


def _rehearsed(data: Path) -> str:
    """A rehearsal that has only just begun: it can be cancelled, and is not deleted yet."""
    folder = data / runs.FOLDER / "1"
    folder.mkdir(parents=True)
    about = {
        "regime": "qingyuan",
        "title": "清远市中小企业特色产业集群",
        "bureau": BUREAU,
        "clusters": 3,
        "by": "owner",
    }
    dates = {"first": "2025-03-04", "last": "2026-03-04", "asked_at": samples.MOMENT.isoformat()}
    runs.write(folder, "asked.json", {**about, **dates, "seed": 1, "words": {}})
    runs.write(folder, "state.json", {"state": "starting"})
    for name in (runs.LINES, runs.LETTERS):
        (folder / name).touch()
    return folder.name


def _found(at: Desk, case: Case) -> str:
    """A finding about the county's cluster."""
    with at.database.write() as session:
        noted = Finding(
            cluster_id=case.cluster_id,
            bureau_code=BUREAU,
            ground="falsehood",
            clause="第十八条（二）",
            facts="申报表所列专利不属于集群企业",
            noted_at=samples.MOMENT,
            noted_by="city",
            state="open",
        )
        session.add(noted)
        session.flush()
        return str(noted.id)


def _cultivated(at: Desk, case: Case, file_id: str) -> dict[str, str]:
    """A cluster-to-be in the county's pool, and a typical case of its cluster, in public, with a file."""
    with at.database.write() as session:
        prospect = Prospect(
            regime="qingyuan",
            bureau_code=BUREAU,
            keeper_code=COUNTY,
            organisation_code=COUNTY,
            name="中小企业特色产业集群（陶瓷产业）",
            industry="陶瓷",
            niche="建筑陶瓷",
            plan=[],
            state="growing",
            added_at=samples.MOMENT,
            added_by="county",
        )
        typical = TypicalCase(
            regime="qingyuan",
            bureau_code=BUREAU,
            cluster_id=case.cluster_id,
            organisation_code=COUNTY,
            case_id=case.id,
            title="共享检测中心降低检测费用",
            told=yearly.TYPICAL,
            files=[file_id],
            published_at=samples.MOMENT,
        )
        session.add_all([prospect, typical])
        session.flush()
        return {"prospect": str(prospect.id), "typical": str(typical.id)}


def _dated(at: Desk, case: Case) -> dict[str, str]:
    """A holiday notice that waits, a decision of the bureau about a day, and what a cluster owes."""
    with at.database.write() as session:
        found = holiday_notices.read(holidays.file())
        notice = HolidayNotice(
            year=found.year,
            number=holidays.NUMBER,
            papers=list(found.papers),
            days={on.isoformat(): list(told) for on, told in found.days.items()},
            sha256=found.sha256,
            state="proposed",
            proposed_at=samples.MOMENT,
            proposed_by="setup",
        )
        override = DayOverride(
            bureau_code=BUREAU,
            day=date(2025, 12, 1),
            working=False,
            reason="台风停工",
            number="示例〔2025〕3号",
            set_at=samples.MOMENT,
            set_by="setup",
        )
        owed = Obligation(
            regime="qingyuan",
            bureau_code=BUREAU,
            cluster_id=case.cluster_id,
            kind="annual_report",
            year=2026,
            printed_on=date(2026, 3, 15),
            effective_on=date(2026, 3, 15),
            due_at=due_dates.end_of(date(2026, 3, 15)),
            earliest_on=date(2026, 3, 15),
            latest_on=date(2026, 3, 15),
            provisional=False,
            calendar_revision="",
            clause="第十七条",
            state="open",
        )
        session.add_all([notice, override, owed])
        session.flush()
        return {"holiday_notice": str(notice.id), "override": str(override.id), "obligation": str(owed.id)}


def _objected(at: Desk, case: Case, run_id: int) -> dict[str, str]:
    """A publicity that is over, with a late objection and its evidence; `city` did the first review.

    It hangs on the other round: one whose list is public takes no late filings any more.
    """
    over = Period(date(2025, 3, 3), date(2025, 3, 12), {"working_days": 7})
    written = Written("示例反映人", "0763-0000000", case.id, "所列企业已于去年迁出该县。")
    received = files.receive(at.settings.data / "files", BytesIO(PDF), "证据.pdf", megabytes=1, scanner="")
    with at.database.write() as session:
        run = session.get_one(Case, run_id)
        shown = publicity.entries(session, [case.id])
        notice = publicity.publish(session, run, "publicity", title="公示", body="正文", shown=shown, period=over)
        sent = Sent("somewhere", "form", an_hour=5, in_all=5)
        objection = objections.receive(session, notice.id, written, sent, [received])
        return {
            "shown": str(notice.id),
            "objection": str(objection.id),
            "evidence": objection.files[0],
            "receipt": receipts.shown(objection.receipt),
        }


def _told(database: Database, actors: Mapping[str, Actor], task_id: str) -> dict[str, str]:
    """A letter that `county` got in place of a park; and of everybody a calendar feed and an absence."""
    found = {}
    with database.write() as session:
        person = session.get_one(Person, actors["county"].person_id)
        person.email = "county@example.cn"
        task = session.get_one(Task, task_id)
        fields = particulars.of_task(session, task)
        case = session.get_one(Case, task.case_id)
        outbox.put(session, case, "urged", key="told", organisation_code=PARK, role="park_officer", fields=fields)
        letter = session.scalars(select(Letter).where(Letter.dedupe_key == "told")).one()
        delivery = Delivery(
            dedupe_key="told",
            letter_id=letter.id,
            person_id=person.id,
            template="urged",
            statutory=False,
            subject="催办",
            body="请办理",
            created_at=samples.MOMENT,
            status="sent",
            not_before=samples.MOMENT,
        )
        session.add(delivery)
        session.flush()
        found |= {"message": str(delivery.id), "delivery": str(delivery.id)}
        for name, actor in actors.items():
            secret = feeds.issue(session, actor)
            absence = Substitute(
                person_id=actor.person_id,
                substitute_id=person.id,
                first_day=samples.MOMENT.date(),
                last_day=samples.MOMENT.date(),
                named_at=samples.MOMENT,
                named_by=name,
            )
            session.add(absence)
            session.flush()
            found |= {f"feed of {name}": feeds.mark(feeds.of(session, actor)[0]), f"absence of {name}": str(absence.id)}
            found["feed"] = secret if name == "county" else found.get("feed", "")
    return found


def _upload() -> dict[str, Any]:
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(PDF), "a.pdf")})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def _judged(at: Desk, case: Case) -> dict[str, str]:
    """The case before an expert, who has declared, and before an inspector, whose visit is planted."""
    o = at.office
    members = {name: _member(at, name) for name in ("expert", "inspector")}
    o.complete("city", o.open_task(case.id, "convene"), samples.ANSWERS["panel"] | {"size": 1})
    declared = o.open_task(case.id, "declare")
    o.complete("expert", declared, samples.ANSWERS["declare_interest"])
    with at.database.write() as session:
        person = accounts.add(session, "expert2", by="setup")  # may follow, and has nothing yet
        accounts.grant(session, person, "expert", BUREAU, by="setup")
    _member(at, "expert2")
    score = o.open_task(case.id, "score")
    with at.database.write() as session:
        team = Panel(
            case_id=case.id,
            round_id=case.round_id,
            kind="inspector",
            number=1,
            wanted={},
            seed="",
            candidates=[],
            drawn_at=samples.MOMENT,
            drawn_by="city",
        )
        session.add(team)
        session.flush()
        inspector = session.get_one(PoolMember, members["inspector"])
        seat = Seat(
            panel_id=team.id,
            number=1,
            member_id=inspector.id,
            person_id=inspector.person_id,
            origin="chosen",
            state="declared",
            since=samples.MOMENT,
        )
        session.add(seat)
        session.flush()
        appointment = Inspection(
            case_id=case.id,
            panel_id=team.id,
            uid="0f" * 16,
            starts_at=samples.MOMENT,
            ends_at=samples.MOMENT,
            place="园区东门（虚构）",
            contact="服务科 0000000",
            sequence=0,
            arranged_at=samples.MOMENT,
        )
        session.add(appointment)
        visit = Task(
            id=str(uuid.uuid4()),
            case_id=case.id,
            process="site_inspection",
            element="inspect",
            instance_path="site_inspection/",
            pass_number=1,
            title="记录抽查情况",
            form="site_inspection",
            roles=" inspector ",
            organisation_code=BUREAU,
            assignee_id=inspector.person_id,
            seat_id=seat.id,
            sealed=False,
            state="open",
            opened_at=samples.MOMENT,
        )
        session.add(visit)
        session.flush()
        appointed = str(appointment.id)
    return {
        "declared": declared.id,
        "review": score.id,
        "seat": str(score.seat_id),
        "member": str(members["expert"]),
        "inspect": visit.id,
        "visit": appointed,
    }


def _member(at: Desk, name: str) -> int:
    """Somebody's number in the pool, into which they are put."""
    card = Card(("有色金属",), f"虚构研究院（{name}）", "", samples.MOMENT.date(), None)
    with at.database.write() as session:
        kind = "inspector" if name == "inspector" else "expert"
        return pool.add(session, at.office.actors["city"], BUREAU, name, kind=kind, card=card).id


def _people(database: Database) -> tuple[dict[str, str], dict[str, Actor]]:
    tokens, actors = {}, {}
    with database.write() as session:
        organisations.add(session, OTHER_BUREAU, "汕头市工业和信息化局", "city", "440000")
        organisations.add(session, OTHER_COUNTY, "潮阳区中小企业主管部门", "county", OTHER_BUREAU)
        organisations.add(session, f"{OTHER_COUNTY}-01", "潮阳区某园区管委会", "park", OTHER_COUNTY)
        known = {person.name: person for person, _ in accounts.listed(session)}
        for name, (role, organisation) in PERSONAS.items():
            if name not in known:
                known[name] = accounts.add(session, name, by="setup")
                accounts.grant(session, known[name], role, organisation, by="setup")
            scopes = frozenset(access.SCOPES)
            tokens[name] = sign_ins.issue_token(session, known[name], scopes, days=9, label="", by="setup")
            actors[name] = accounts.actor(session, known[name])
        accounts.set_password(session, known["county"], desk.PASSWORD, by="setup")
    return tokens, actors


@contextmanager
def nothing_kept(database: Database) -> Iterator[None]:
    """Within the block every command is undone at its end."""
    write = database.write

    @contextmanager
    def undone() -> Iterator[Session]:
        with write() as session:
            yield session
            session.flush()
            session.rollback()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", undone)
        yield
