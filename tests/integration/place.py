"""A place where work is under way: applications, rounds, files, and somebody for every role and organisation."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine import access, accounts, organisations, sign_ins
from engine.access import Actor
from engine.db import Database
from engine.incidents import Stopped
from engine.models import Case
from tests import samples
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.unit.test_uploads import PDF

BUREAU, COUNTY, SIBLING, PARK = "441800", "441881", "441882", "441881-01"
OTHER_BUREAU, OTHER_COUNTY = "440500", "440513"

PERSONAS = {  # account → (role, organisation): each role, and some a second time elsewhere
    "county": ("county_officer", COUNTY),  # who applied
    "county2": ("county_officer", COUNTY),  # a colleague
    "sibling": ("county_officer", SIBLING),  # the county next door
    "park": ("park_officer", PARK),  # a park in the county
    "city": ("city_officer", BUREAU),
    "city2": ("city_officer", BUREAU),
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
    "other_city": ("city_officer", OTHER_BUREAU),
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
    "file_id": ["bound_file", "loose_file"],
    "notice_id": ["call"],
    "person_id": ["somebody"],
    "section_id": ["part"],
    "field": ["table"],
    "name": ["licences"],
}

BODIES: Mapping[str, Any] = {  # what is sent with a deed
    "complete": {"data": {}},
    "return": {"data": {}},
    "draft": {"data": {}, "version": 0},
    "repair": {"variables": {"mended": 1}, "reason": "试试"},
    "cancel": {"reason": "试试"},
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
            boundary, body = encode_multipart({"file": FileStorage(BytesIO(PDF), "a.pdf")})
            return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}
        if path == "/api/v1/session":
            return {"json": {"name": "county", "password": desk.PASSWORD}} if method == "POST" else {}
        if path == "/api/v1/cases":
            start = samples.ANSWERS["application_start"] | {"round_id": int(self.ids["open_round"])}
            return {"json": {"regime": "qingyuan", "process": "application", "data": start}}
        if path == "/api/v1/rounds":
            return {"json": {"regime": "qingyuan", "year": 2026, "title": "又一批次"}} if method == "POST" else {}
        forms: dict[str, Any] = {
            "/sign-in": {"name": "county", "password": desk.PASSWORD},
            "/cases/new": samples.ANSWERS["application_start"] | {"round_id": self.ids["open_round"]},
            "/rounds/new": {"regime": "qingyuan", "year": "2026", "title": "又一批次"},
            "/me/password": {"old": "x", "new": "y", "again": "z"},  # a wrong old one would be counted
            "/me/sign-ins/end": {"mark": "others"},
            "/me/tokens/revoke": {"mark": self._mark(who)},
            f"/office/accounts/{self.ids['somebody']}/withdraw": {"role": "county_officer", "organisation": COUNTY},
            f"/office/accounts/{self.ids['somebody']}/tokens/revoke": {"mark": self._mark("county2")},
            "/office/organisations/rename": {"code": COUNTY, "name": "又一名称"},
            **{
                f"/tasks/{self.ids[task]}/draft": {} for task in THINGS["task_id"]
            },  # a page's form; a script's is a PUT
            **{
                f"/tasks/{self.ids[task]}/files": {"field": "evidence_1_files", "file": (BytesIO(PDF), "a.pdf")}
                for task in THINGS["task_id"]
            },
        }
        if method == "POST" and path in forms:
            return {"data": forms[path]}
        return next(({"json": body} for deed, body in BODIES.items() if path.endswith(f"/{deed}")), {})

    def _mark(self, who: str) -> str:
        return hashlib.sha256(self.tokens.get(who, "").encode()).hexdigest()[: sign_ins.MARK]


def furnish(database: Database, data: Path) -> Place:
    """The place, at `samples.MOMENT`."""
    at = desk.furnish(database, data)
    o, ids = at.office, dict[str, str]()
    ids["draft_round"] = str(o.open_round(2024).id)
    with database.read() as session:
        drafted = session.get_one(access.Round, int(ids["draft_round"])).case_id
    ids["draft_call"] = o.open_task(drafted, "call_notice").id
    round_ = o.open_round()
    ids |= {"open_round": str(round_.id), "round_case": str(round_.case_id), "call": "1"}
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
    ids["review"], ids["inspect"] = o.open_task(county.id, "review").id, o.open_task(county.id, "inspect").id
    at.as_("expert").post(f"/tasks/{ids['review']}/claim")
    with database.write() as session:  # the round's own case is stopped; applications in it go on
        halted = session.get_one(Case, round_.case_id)
        Stopped(halted.id, halted.opened_at, "worker", "step_failed", "试验用的异常", "closing").leave(session)
    ids |= {"part": "cover", "table": "enterprises"}
    tokens, actors = _people(database)
    seen = {name: reader.signed_in(database, name) for name in PERSONAS}
    ids["somebody"] = str(actors["county2"].person_id)
    return Place(at, ids | {"licences": "licences.txt"}, tokens, seen, actors)


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
