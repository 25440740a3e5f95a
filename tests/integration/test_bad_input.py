"""Bad input, of every kind that came to mind: each gets a clear answer, and not a row changes."""

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from engine import accounts, deploying, repairs, sign_ins, timers
from engine.access import SCOPES
from engine.columns import Base
from engine.db import Database
from engine.errors import BundleInvalid
from engine.models import Case, Round
from tests import samples
from tests.bundles import bundle
from tests.clock import StandingClock, standing_at
from tests.conftest import opened
from tests.integration import desk, refusals
from tests.integration.desk import Desk
from tests.integration.refusals import CHINESE, fingerprint
from tests.planted import Fault, examined
from tests.planted.elements import ELEMENTS, READING
from tests.planted.shapes import SHAPES
from tests.planted.steps import EXPRESSIONS, STEPS
from tests.samples import ANSWERS
from web import cli
from web.app import create_app

FILLED = ANSWERS["application"]
NO_TASK = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Scene:
    """An open round; the county fills in and has a draft, the other county has filed and waits for the bureau."""

    at: Desk
    filling: str  # the county's task, not finished
    filed: str  # the other county's, finished
    examining: str  # the bureau's
    tokens: Mapping[str, str]  # those that no longer open anything, and one that only reads

    def ask(self, method: str, path: str, who: str, **options: Any) -> TestResponse:
        names = {"filling": self.filling, "filed": self.filed, "examining": self.examining}
        token = self.tokens.get(who) or self.at.tokens.get(who, "")
        return self.at.with_token(token).ask(method, path.format(**names), **options)


def set_up(database: Database, data: Path) -> Scene:
    at = desk.furnish(database, data)
    made = at.office
    round_ = made.open_round()
    made.complete("city", made.open_task(round_.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    start = {**ANSWERS["application_start"], "round_id": round_.id}
    county, sibling = made.open_case("county", start), made.open_case("sibling", start)
    filling, filed = made.open_task(county.id, "fill_in").id, made.open_task(sibling.id, "fill_in")
    assert at.as_("county").put(f"/tasks/{filling}/draft", {"data": {}, "version": 0}).status_code == 200
    made.complete("sibling", filed, FILLED)
    tokens = {}
    with database.write() as session:
        gone = accounts.add(session, "gone", by="setup")
        accounts.grant(session, gone, "county_officer", "441881", by="setup")
        people = {name: accounts.by_name(session, name) for name in ("county", "county2", "gone")}
        for name, who, scopes in (
            ("revoked", "county2", {*SCOPES}),
            ("disabled", "gone", {*SCOPES}),
            ("reader", "county", {"read"}),
        ):
            tokens[name] = sign_ins.issue_token(session, people[who], frozenset(scopes), days=9, label="", by="setup")
        sign_ins.revoke_tokens(session, people["county2"])
        accounts.disable(session, gone, by="setup")
        with standing_at("2025-03-10 08:59:59"):  # for a month, which is over by one second
            tokens["expired"] = sign_ins.issue_token(
                session, people["county"], frozenset(SCOPES), days=31, label="", by="setup"
            )
    tokens |= {"wrong": "jqt_" + "x" * 43, "garbage": "令牌".encode().decode("latin-1"), "nobody": ""}
    return Scene(at, filling, filed.id, made.open_task(sibling.id, "acceptance").id, tokens)


@pytest.fixture(scope="module")
def scene(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One for all: that nothing changes is what is tested."""
    folder = tmp_path_factory.mktemp("scene")
    shutil.copyfile(sqlite_template, folder / "jiqun.sqlite")
    with standing_at(samples.MOMENT), opened(f"sqlite:///{folder / 'jiqun.sqlite'}") as database:
        yield set_up(database, folder)


@dataclass(frozen=True)
class Bad:
    """A request, and how it must be answered: status, code, the field or thing it must name."""

    name: str
    method: str
    path: str
    status: int
    code: str
    who: str = "county"
    problem: tuple[str, str] | None = None  # field and code, the first of the list
    says: str = ""  # a piece of the message, or of the field's
    options: Mapping[str, Any] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()  # tables that may change: the law of the house asks for it


def filling(name: str, problem: tuple[str, str], says: str, change: Mapping[str, Any]) -> Bad:
    """The whole application, and one thing wrong in it."""
    body = {"json": {"data": {**FILLED, **change}}}
    return Bad(name, "POST", "/tasks/{filling}/complete", 422, "form_invalid", problem=problem, says=says, options=body)


def enterprise(**change: Any) -> dict[str, Any]:
    return {"enterprises": [{**FILLED["enterprises"][0], **change}]}


FORMS = [
    filling("foreign-field", ("colour", "unknown_field"), "“colour”", {"colour": "红"}),
    filling("foreign-column", ("enterprises[0].colour", "unknown_field"), "colour", enterprise(colour="红")),
    filling("typename", ("typename", "reserved_key"), "“typename”是系统保留的名称", {"typename": "x"}),
    filling("dunder", ("__class__", "reserved_key"), "“__class__”", {"__class__": "x"}),
    filling("dunder-inside", ("enterprises[0].__init__", "reserved_key"), "__init__", enterprise(__init__="x")),
    filling("vocabulary-word", ("deadline", "reserved_key"), "“deadline”", {"deadline": "x"}),
    filling(
        "201-characters",
        ("resource_sharing", "too_long"),
        "不得超过 200 字，现有 201 字，请删去 1 字",
        {"resource_sharing": "共" * 201},
    ),
    filling("three-decimals", ("area_km2", "decimals"), "小数点后 2 位，现有 3 位", {"area_km2": "86.401"}),
    filling("three-decimals-number", ("area_km2", "decimals"), "不作四舍五入", {"area_km2": 86.401}),
    filling("three-decimals-zero", ("area_km2", "decimals"), "现有 3 位", {"area_km2": "86.400"}),
    filling("percentage-101", ("cloud_share", "maximum"), "不得大于 100，现为 101", {"cloud_share": "101"}),
    filling("percentage-below-zero", ("cloud_share", "minimum"), "不得小于 0", {"cloud_share": "-0.01"}),
    filling("words-for-a-number", ("area_km2", "not_a_number"), "应填数字", {"area_km2": "八十六"}),
    filling("exponent", ("area_km2", "not_a_number"), "应填数字", {"area_km2": "1e2"}),
    filling(
        "unit-in-an-amount",
        ("output.2024", "not_a_number"),
        "“集群总产值（亿元）”2024 年只填数字，不写单位；本栏以亿元计，现为“30亿”，请换算后填写",
        {"output": {**FILLED["output"], "2024": "30亿"}},
    ),
    filling("commas-anywhere", ("area_km2", "not_a_number"), "应填数字", {"area_km2": "86,4"}),
    filling("wrong-choice", ("industry_class", "choice"), "选择", {"industry_class": "fourth"}),
    filling("not-declared-true", ("truth_statement", "required"), "请勾选", {"truth_statement": False}),
    filling("no-such-day", ("signed_on", "date"), "确有这一天", {"signed_on": "2025-02-29"}),
    filling("not-signed-yet", ("signed_on", "not_after_today"), "2025-04-10", {"signed_on": "2025-04-11"}),
    filling("wrong-year", ("output", "wrong_year"), "年度多于 3 个", {"output": {**FILLED["output"], "2021": "1"}}),
    filling("control-character", ("niche", "unprintable"), "不可显示", {"niche": "铝\u202e材"}),
    filling("too-deep", ("", "too_deep"), "嵌套过深", {"enterprises": [[[[["x"]]]]]}),
    filling("a-megabyte", ("", "too_large"), "超过 1 MB", {"plan": "规" * 340_000}),
    Bad(
        *("file-of-nowhere", "POST", "/tasks/{filling}/complete", 404, "not_found"),
        options={"json": {"data": {**FILLED, "signed_statement": "0" * 32}}},
        says="0" * 32,
    ),
    Bad(
        *("no-way-back-drawn", "POST", "/tasks/{filling}/return", 422, "form_invalid"),
        options={"json": {"data": FILLED}},
        problem=("decision", "unknown_field"),
    ),
]

DRAFTS = [
    Bad(
        *("older-draft", "PUT", "/tasks/{filling}/draft", 409, "conflict"),
        options={"json": {"data": {"niche": "x"}, "version": 0}},
        says="较新的草稿",
    ),
    Bad(
        *("draft-of-tomorrow", "PUT", "/tasks/{filling}/draft", 409, "conflict"),
        options={"json": {"data": {"niche": "x"}, "version": 7}},
    ),
    Bad(
        *("foreign-field-in-draft", "PUT", "/tasks/{filling}/draft", 422, "form_invalid"),
        options={"json": {"data": {"colour": "红"}, "version": 1}},
        problem=("colour", "unknown_field"),
    ),
    Bad(
        *("draft-without-version", "PUT", "/tasks/{filling}/draft", 422, "request_invalid"),
        options={"json": {"data": {}}},
        problem=("version", "missing"),
    ),
    Bad(
        *("version-in-words", "PUT", "/tasks/{filling}/draft", 422, "request_invalid"),
        options={"json": {"data": {}, "version": "1"}},
        problem=("version", "int_type"),
    ),
    Bad(
        *("draft-of-a-finished-task", "PUT", "/tasks/{filed}/draft", 409, "task_already_done", "sibling"),
        options={"json": {"data": {}, "version": 0}},
    ),
]


def finishing(name: str, task: str, who: str, status: int, code: str, *, says: str = "") -> Bad:
    """Somebody finishes a task who cannot."""
    body = {"json": {"data": FILLED if task != "examining" else ANSWERS["acceptance"]}}
    return Bad(name, "POST", f"/tasks/{{{task}}}/complete", status, code, who, says=says, options=body)


STRANGERS = [
    finishing("done-twice", "filed", "sibling", 409, "task_already_done", says="已办结"),
    finishing("another-county", "filling", "sibling", 404, "not_found"),
    finishing("the-park-below", "filling", "park", 404, "not_found"),
    finishing("an-expert", "filling", "expert", 404, "not_found"),
    finishing("the-bureau-for-the-applicant", "filling", "city", 403, "forbidden"),
    finishing("the-applicant-for-the-bureau", "examining", "sibling", 404, "not_found"),
    finishing("the-leader-for-the-officer", "examining", "leader", 403, "forbidden"),
    finishing("who-looks-after-diagrams", "filling", "owner", 403, "forbidden"),
    finishing("a-token-that-only-reads", "filling", "reader", 403, "forbidden"),
    finishing("no-token", "filling", "nobody", 401, "sign_in_failed", says="请先登录"),
    finishing("wrong-token", "filling", "wrong", 401, "sign_in_failed", says="令牌无效"),
    finishing("unprintable-token", "filling", "garbage", 401, "sign_in_failed"),
    finishing("expired-token", "filling", "expired", 401, "sign_in_failed", says="已过期"),
    finishing("revoked-token", "filling", "revoked", 401, "sign_in_failed", says="已吊销"),
    finishing("token-of-a-closed-account", "filling", "disabled", 401, "sign_in_failed"),
    Bad("task-of-nowhere", "POST", f"/tasks/{NO_TASK}/claim", 404, "not_found"),
    Bad("task-that-is-no-id", "POST", "/tasks/1'%20OR%201=1/claim", 404, "not_found"),
    Bad("task-with-nul", "POST", "/tasks/%00/claim", 400, "request_invalid"),
    Bad("case-of-nowhere", "GET", "/cases/999999", 404, "not_found"),
    Bad("case-beyond-numbers", "GET", "/cases/99999999999999999999", 404, "not_found"),
    Bad("another-countys-case", "GET", "/cases/3", 404, "not_found"),
    Bad(
        *("wrong-password", "POST", "/session", 401, "sign_in_failed", "nobody"),
        options={"json": {"name": "county", "password": "Copper-Kettle-78"}},
        allowed=("sign_in_failure", "event", "chain_head"),  # it is counted and recorded (GB/T 22239-2019 8.1.4.1 b)
    ),
]


def sending(
    name: str,
    body: bytes,
    status: int,
    says: str = "",
    *,
    kind: str = "application/json",
    code: str = "request_invalid",
) -> Bad:
    """A body that is not what it should be."""
    options = {"data": body, "content_type": kind}
    path = "/tasks/{filling}/complete"
    return Bad(name, "POST", path, status, code, says=says, options=options)


REQUESTS = [
    sending("half-a-document", b'{"data": {"niche": "x"', 400, "不是有效的 JSON"),
    sending("no-document", b"", 400, "不是有效的 JSON"),
    sending("not-utf-8", '{"data": {"niche": "铝"}}'.encode("gb18030"), 400, "UTF-8"),
    sending("name-twice", b'{"data": {"niche": "x", "niche": "y"}}', 400, "两次"),
    sending("nan", b'{"data": {"area_km2": NaN}}', 400, "NaN"),
    sending("a-billion-digits", b'{"data": {"area_km2": 1e999999999}}', 400, "1e999999999"),
    sending("nul", b'{"data": {"niche": "a\\u0000b"}}', 400, "NUL"),
    sending("half-a-character", b'{"data": {"niche": "\\ud800"}}', 400),
    sending("without-end", b"[" * 100_000, 400),
    sending("over-two-megabytes", b" " * (2 * 1024 * 1024 + 1), 413, "超过限制", code="request_entity_too_large"),
    sending("as-text", b'{"data": {}}', 415, "application/json", kind="text/plain"),
    sending("as-a-web-form", b"data=x", 415, "application/json", kind="application/x-www-form-urlencoded"),
    Bad(
        *("data-is-a-list", "POST", "/tasks/{filling}/complete", 422, "request_invalid"),
        options={"json": {"data": []}},
        problem=("data", "dict_type"),
    ),
    Bad(
        *("more-than-data", "POST", "/tasks/{filling}/complete", 422, "request_invalid"),
        options={"json": {"data": {}, "as": "city"}},
        problem=("as", "extra_forbidden"),
    ),
    Bad(
        *("key-too-long", "POST", "/tasks/{filling}/claim", 400, "request_invalid"),
        options={"headers": {"Idempotency-Key": "k" * 201}},
        says="200",
    ),
    Bad(
        *("refused-with-a-key", "POST", "/tasks/{filling}/complete", 422, "form_invalid"),
        options={"json": {"data": {}}, "key": "try-me-again"},
    ),
    Bad("wrong-method", "PATCH", "/tasks/{filling}", 405, "method_not_allowed", says="PATCH"),
    Bad("nowhere", "GET", "/everything", 404, "not_found"),
    Bad("unknown-parameter", "GET", "/tasks?x=1", 422, "request_invalid", problem=("x", "extra_forbidden")),
    Bad("parameter-twice", "GET", "/tasks?limit=1&limit=2", 422, "request_invalid", problem=("limit", "int_type")),
    Bad("page-too-long", "GET", "/tasks?limit=201", 422, "request_invalid", problem=("limit", "less_than_equal")),
    Bad("cursor-of-ones-own", "GET", "/tasks?after=abc", 422, "request_invalid", problem=("after", "cursor_invalid")),
]


def opening(name: str, status: int, code: str, who: str = "county", says: str = "", **change: Any) -> Bad:
    """A case that cannot be opened."""
    start = {**ANSWERS["application_start"], **change.pop("data", {})}
    body = {"regime": "qingyuan", "process": "application", "data": start, **change}
    return Bad(name, "POST", "/cases", status, code, who, says=says, options={"json": body})


def a_round(name: str, status: int, code: str, who: str = "city", says: str = "", **change: Any) -> Bad:
    body = {"regime": "qingyuan", "year": 2025, "title": "第二批次", **change}
    return Bad(name, "POST", "/rounds", status, code, who, says=says, options={"json": body})


OPENINGS = [
    opening("regime-of-nowhere", 404, "not_found", regime="atlantis", says="atlantis"),
    opening("regime-that-is-a-path", 422, "request_invalid", regime="../qingyuan"),
    opening("process-of-nowhere", 404, "not_found", process="divination", says="divination"),
    opening("process-that-others-call", 409, "refused", process="publicity"),
    opening("a-round-by-the-back-door", 409, "refused", "city", process="round"),
    opening("the-bureau-to-itself", 409, "refused", "city"),
    opening("round-of-nowhere", 404, "not_found", data={"round_id": 999}),
    opening("foreign-field-at-the-start", 422, "form_invalid", data={"colour": "红"}),
    opening("no-such-name-for-a-cluster", 422, "form_invalid", data={"cluster_name": "铝型材集群"}),
    a_round("round-by-a-county", 403, "forbidden", "county"),
    a_round("round-of-nowhere-at-all", 404, "not_found", regime="atlantis", says="atlantis"),
    a_round("year-out-of-sight", 422, "request_invalid", year=1999),
    a_round("title-of-blanks", 422, "request_invalid", title="  "),
]

TABLE = [*FORMS, *DRAFTS, *STRANGERS, *REQUESTS, *OPENINGS]


def refuse(scene: Scene, bad: Bad) -> None:
    """The answer is a problem document that names the thing; the tables are what they were."""
    refusals.refused(
        scene.at.database,
        lambda: scene.ask(bad.method, bad.path, bad.who, **bad.options),
        (bad.status, bad.code),
        problem=bad.problem,
        says=[bad.says],
        allowed=bad.allowed,
    )


@pytest.mark.parametrize("bad", TABLE, ids=[bad.name for bad in TABLE])
def test_bad_input_is_told_what_is_wrong_and_changes_nothing(scene: Scene, bad: Bad) -> None:
    refuse(scene, bad)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_refuses_the_same(database: Database, clock: StandingClock, tmp_path: Path) -> None:
    clock.move_to(samples.MOMENT)
    made = set_up(database, tmp_path)
    for bad in TABLE:
        refuse(made, bad)


def test_what_was_refused_may_be_put_right_with_the_same_key(scene: Scene) -> None:
    """A refusal leaves no key behind; a success does."""
    county, path = scene.at.as_("county"), f"/tasks/{scene.filling}"
    assert county.post(f"{path}/complete", {"data": {}}, key="second-try").status_code == 422
    assert county.post(f"{path}/claim", key="second-try").status_code == 200
    other = county.post(f"{path}/release", key="second-try")
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")
    assert county.post(f"{path}/release").status_code == 200


def test_the_fingerprint_sees_a_single_change(scene: Scene) -> None:
    """A comparison that is always equal would prove nothing."""
    before = fingerprint(scene.at.database)
    assert set(before) == set(Base.metadata.tables)
    with scene.at.database.write() as session:
        session.get_one(Round, 1).title += "。"
    after = fingerprint(scene.at.database)
    assert [name for name in before if before[name] != after[name]] == ["round"]


# ---- diagrams ----------------------------------------------------------------------------------


def planted(rule: str, among: list[Fault], holding: str = "") -> Fault:
    """The planted fault of a rule; `holding` chooses among several."""
    return next(
        fault
        for fault in among
        if fault.rule == rule and any(holding.encode() in content for content in fault.files.values())
    )


DIAGRAMS = {
    "doctype": planted("doctype", READING),
    "duplicate-ids": planted("duplicate-id", READING),
    "python": planted("expression", EXPRESSIONS, "__subclasses__"),
    "power-tower": planted("expression", EXPRESSIONS, "10**10**10"),
    "unknown-form": planted("unknown-form", STEPS),
    "loose-end": planted("dead-end", SHAPES),
    "id-start": planted("reserved-id", ELEMENTS, 'id="Start"'),
    "unquoted-p7d": planted("timer", EXPRESSIONS, ">P7D<"),
    "event-sub-process": planted("event-sub-process", ELEMENTS),
    "exploding": planted("too-many-predicted", SHAPES),
}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_bad_diagram_is_not_deployed_and_its_place_is_told(scene: Scene, name: str) -> None:
    fault, database = DIAGRAMS[name], scene.at.database
    before = fingerprint(database)
    with pytest.raises(BundleInvalid) as refused, database.write() as session:
        deploying.deploy(session, "qingyuan", fault.files, by="owner")
    (found,) = refused.value.findings
    assert (found.file, found.line, found.element, found.rule) == (fault.file, fault.line, fault.element, fault.rule)
    assert CHINESE.search(found.message)
    assert fault.file in refused.value.message
    assert fingerprint(database) == before


@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_command_line_tells_the_same_place(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fault = DIAGRAMS[name]
    for path, content in fault.files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    status, out, _ = jiqun(capsys, "check", str(tmp_path))
    assert status == 1
    (line,) = out.splitlines()
    found = json.loads(line)
    assert found.pop("message")
    assert found == {
        "file": (tmp_path / fault.file).as_posix(),
        "line": fault.line,
        "element": fault.element,
        "rule": fault.rule,
        "severity": "error",
    }


def test_the_sound_bundle_around_the_faults_passes(tmp_path: Path, scene: Scene) -> None:
    """What is refused above is refused for its fault alone."""
    with scene.at.database.write() as session:
        deploying.deploy(session, "somewhere", bundle(examined()), by="owner")


# ---- databases ---------------------------------------------------------------------------------


def jiqun(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    """Run a command: its exit status, what it printed, what it said beside."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


OLDER, NEWER = "DELETE FROM alembic_version", "UPDATE alembic_version SET version_num = '20991231'"
COMMANDS = [
    ("serve", "--port", "0"),
    ("worker",),
    ("user", "list"),
    ("deploy", "qingyuan"),
    ("demo", "load"),
    ("audit", "verify"),
    ("incident", "list"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=[" ".join(command[:2]) for command in COMMANDS])
@pytest.mark.parametrize(("statement", "says"), [(OLDER, "jiqun db upgrade"), (NEWER, "高于本程序")])
def test_a_database_of_another_age_is_one_line_and_exit_status_two(
    *, sqlite_database: Database, capsys: pytest.CaptureFixture[str], statement: str, says: str, arguments: list[str]
) -> None:
    with sqlite_database.engine.begin() as connection:
        connection.execute(text(statement))
    before = fingerprint(sqlite_database)
    folder = Path(str(sqlite_database.url.database)).parent
    status, out, err = jiqun(capsys, "--data", str(folder), "--database", str(sqlite_database.url), *arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert says in err
    assert fingerprint(sqlite_database) == before


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{folder}/letter.txt",
        "sqlite:////nowhere/at/all.sqlite",
        "postgresql://127.0.0.1:1/x",
        "oracle://x",
        "x",
    ],
)
def test_what_is_no_database_is_one_line_and_exit_status_two(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("此件不是数据库。\n" * 100, encoding="utf-8")
    before = (tmp_path / "letter.txt").read_bytes()
    database = url.format(folder=tmp_path)
    status, out, err = jiqun(capsys, "--data", str(tmp_path), "--database", database, "user", "list")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert CHINESE.search(err)
    assert (tmp_path / "letter.txt").read_bytes() == before


# ---- states ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [("state_format", 99), ("state", b"{}"), ("state", b"\x80\x04not json"), ("state", b'{"tasks": {"1": {}}}')],
    ids=["foreign-format", "empty", "no-json", "half"],
)
def test_a_state_that_cannot_be_read_is_told_so_and_kept_as_it_is(
    *,
    database: Database,
    clock: StandingClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    column: str,
    value: Any,
) -> None:
    clock.move_to(samples.MOMENT)
    made = set_up(database, tmp_path)
    with database.write() as session:
        case_id, before = 2, session.scalar(select(getattr(Case, column)).where(Case.id == 2))
        session.execute(text(f"UPDATE case_run SET {column} = :value WHERE id = 2"), {"value": value})
    with opened(database.url.render_as_string(hide_password=False)) as restarted:  # nothing of it in memory
        county = Desk(made.at.office, create_app(made.at.settings, restarted), made.at.settings, made.at.tokens)
        whole = fingerprint(restarted)
        answer = county.as_("county").post(f"/tasks/{made.filling}/complete", {"data": FILLED})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "state_unreadable")
        assert CHINESE.search(answer.get_json()["detail"])
        assert fingerprint(restarted) == whole

        clock.move_to("2025-06-30 17:30:01")  # the closing time wakes it and its round: one does not stop the other
        with caplog.at_level(logging.WARNING):
            assert timers.tick(restarted) == 1
        assert "state_unreadable" in caplog.text
        with restarted.write() as session:
            assert session.get_one(Round, 1).state == "closed"
            assert session.get_one(Case, case_id).status == "incident"  # seen, and not tried at every tick
            session.execute(text(f"UPDATE case_run SET {column} = :value WHERE id = 2"), {"value": before})
        with restarted.write() as session:
            repairs.retry(session, made.at.office.actors["owner"], case_id)
        assert timers.tick(restarted) == 1
        with restarted.read() as session:
            assert session.get_one(Case, case_id).outcome == "unfiled"
