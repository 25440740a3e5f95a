"""Rehearsals: the same twice, told clearly what they are to do, and cut off from the live installation."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from config.mail import Mail
from engine import clock as clocks
from engine.columns import Base
from engine.db import Database
from engine.models import Cluster, Objection, Person
from notifications.sender import Post
from tests import letters_due, office, owing, publicised, samples, smtp
from tests.clock import StandingClock
from tests.conftest import opened
from tests.integration.test_commands import Shell
from tests.office import Office
from tests.rehearsing import live_through
from tests.source import ROOT
from web.rehearsal.run import Asked, Rehearsal
from web.rehearsal.scenario import Scenario

PUBLISHED, LAST = date(2024, 6, 20), date(2027, 6, 20)
SMALL = ("rehearse", "shantou", "--from", "2025-03-20", "--until", "2026-03-31", "--clusters", "2")
SCENARIO = """
seed = 7
reports = "late"

[[cluster]]
number = 2
reports = "never"
"""


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path / "data", capsys, monkeypatch)


@pytest.fixture
def life(database: Database, clock: StandingClock) -> Office:
    """A bureau in whose second year a report is open: one county's cluster, recognised in 2024."""
    clock.move_to("2025-12-01 09:00")
    made = office.furnish(database)
    owing.recognised(made, PUBLISHED, LAST)
    clock.move_to("2026-03-02 09:00")
    with database.write() as session:
        for person in session.scalars(select(Person)):
            person.email = f"{person.name}@office.example.cn"
    return made


# ---- the same twice -----------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_byte_for_byte_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    told = [_in_a_process(tmp_path, hash_seed) for hash_seed in ("0", "4242")]
    assert told[0] == told[1]
    lines, letters, said = told[0]
    assert lines.count(b"\n") > 20
    assert letters.count("标题：".encode()) > 10
    assert "推演 汕头市中小企业特色产业集群".encode() in said


def test_another_seed_is_another_life(tmp_path: Path) -> None:
    lives = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        lived = live_through(folder, "shantou", "2025-03-20", "2026-01-31", clusters=3, scenario=Scenario(seed))
        lives.append([each["at"] for each in lived.lines if each["kind"] == "task.completed"])
    assert lives[0] != lives[1]


def _in_a_process(folder: Path, hash_seed: str) -> tuple[bytes, bytes, bytes]:
    command = [sys.executable, "-c", "from web.cli import main; main()", *SMALL]
    command += ["--scenario", str(folder / "scenario.toml"), "--letters", str(folder / "letters.txt")]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=600)
    said = b"\n".join(line for line in done.stderr.splitlines() if not line.startswith("已推演".encode()))
    return done.stdout, (folder / "letters.txt").read_bytes(), said


# ---- what it says -------------------------------------------------------------------------------


def test_a_line_says_when_what_for_whom_and_under_which_clause(tmp_path: Path) -> None:
    lived = live_through(tmp_path, "shantou", "2025-03-20", "2026-02-28", clusters=1)
    (line,) = [each for each in lived.of(1, "letter.sent") if each["at"].startswith("2025-12-02T09")]
    assert line == {
        "at": "2025-12-02T09:00:00+08:00",
        "kind": "letter.sent",
        "case": 1,  # in which it is to be met
        "process": "annual_report",
        "element": "annual_report",
        "role": "county_officer",
        "to": "推演第2县主管部门",
        "subject": "推演第1中小企业特色产业集群（示例产业）",
        "clause": "三（二）",
    }
    assert {tuple(each) for each in lived.lines} == {tuple(line)}
    assert [each["at"] for each in lived.lines] == sorted(each["at"] for each in lived.lines)


def test_the_summary_names_what_was_missed_and_who_had_most_to_do(tmp_path: Path) -> None:
    words = Scenario(clusters={1: {"reports": "never"}, 2: {"reports": "late"}})
    lived = live_through(tmp_path, "shantou", "2025-03-20", "2026-03-31", clusters=2, scenario=words)
    said = lived.outcome.summary("推演")
    assert "2026-01-31 年度报告 推演第1中小企业特色产业集群（示例产业）（三（二））：至推演结束未办理" in said
    assert "2026-01-31 年度报告 推演第2中小企业特色产业集群（示例产业）（三（二））：迟 10 日" in said
    assert "县级主管部门经办人 1 项" in said
    assert "2026年第05周" in said  # 31 January is its Saturday
    assert sum(lived.outcome.weeks.values()) == lived.outcome.kinds["letter.sent"]
    assert set(lived.outcome.months) == {"2026-02"}


def test_letters_leave_in_waking_hours(tmp_path: Path) -> None:
    """A case opens at midnight; its letter leaves when quiet hours are over."""
    lived = live_through(tmp_path, "shantou", "2025-03-20", "2025-12-03", clusters=1)
    assert lived.days(1, "case.opened") == ["2025-12-02"]
    assert {each["at"][11:16] for each in lived.of(1, "case.opened")} == {"00:00"}
    assert {each["at"][11:16] for each in lived.of(1, "letter.sent", element="task_assigned")} == {"07:00"}


# ---- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('report = "late"', "是否想写 reports？"),
        ('reports = "lat"', "是否想写 late？"),
        ("[[cluster]]\nnumber = 0", "应为 1 至 1000 的整数"),
        ('[[cluster]]\nreports = "late"', "应写明其中一项"),
        ('seed = "x"', "应为 0 至"),
        ("reports = ", "不是有效的 TOML"),
    ],
    ids=["an unknown word", "an unknown value", "no such place", "whose", "a seed in words", "no TOML"],
)
def test_a_scenario_with_a_mistake_is_one_line_that_names_it(
    written: str, said: str, shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "scenario.toml").write_text(written, encoding="utf-8")
    refused = shell.refused(*SMALL, "--scenario", str(tmp_path / "scenario.toml"))
    assert said in refused
    assert "scenario.toml" in refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shanto", "--from", "2025-03-20", "--until", "2026-01-01"), "shantou"),
        (("shantou", "--from", "2025-03-20", "--until", "2025-03-19"), "不能早于"),
        (("shantou", "--from", "2025-03-20", "--until", "2045-03-19"), "最长十年"),
        (("shantou", "--until", "2026-01-01"), "--from"),
        (("shantou", "--live", "--clusters", "3", "--until", "2026-01-01"), "--clusters"),
    ],
    ids=["an unknown regime", "backwards", "too long", "no beginning", "live and invented"],
)
def test_what_cannot_be_rehearsed_is_told_in_one_line(words: tuple[str, ...], said: str, shell: Shell) -> None:
    assert said in shell.refused("rehearse", *words)


def test_the_past_of_live_data_cannot_be_rehearsed(life: Office, clock: StandingClock, tmp_path: Path) -> None:
    from engine.errors import Refused

    with pytest.raises(Refused, match="只能推演今天及以后"):
        Rehearsal(Asked("qingyuan", date(2026, 3, 1), date(2026, 4, 1), None, Scenario()), tmp_path)


# ---- live data ----------------------------------------------------------------------------------


def test_the_coming_year_of_live_data_is_lived_through_in_a_copy(
    life: Office, clock: StandingClock, tmp_path: Path
) -> None:
    lines: list[dict[str, Any]] = []
    run = _rehearsal(life, tmp_path, "2026-03-02", "2027-06-30")
    run.go(lines.append)
    opened_at = {(each["process"], each["at"][:10]) for each in lines if each["kind"] == "case.opened"}
    # 清远 第十七条: 2026-03-15 is ahead, its 60th day before was in January; 第十六条: 2027-06-20 less six months.
    assert opened_at >= {("annual_report", "2026-03-02"), ("annual_report", "2027-01-14"), ("renewal", "2026-12-20")}
    assert [each["at"][:4] for each in lines if each["kind"] == "cluster.renewed"]
    assert {each["to"] for each in lines if each["kind"] == "letter.sent"} == {
        "英德市中小企业主管部门",
        "清远市工业和信息化局",
    }
    assert not run.outcome.stuck


def test_a_rehearsal_from_a_later_day_lives_until_then_and_tells_from_then_on(life: Office, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = []
    _rehearsal(life, tmp_path, "2027-01-01", "2027-03-31").go(lines.append)
    assert all("2027-01-01" <= each["at"][:10] <= "2027-03-31" for each in lines)
    assert {each["process"] for each in lines if each["kind"] == "case.opened"} == {"annual_report"}


def test_a_rehearsal_writes_nothing_to_the_live_database_and_sends_nothing(
    life: Office, clock: StandingClock, tmp_path: Path
) -> None:
    """A mail waits in the live outbox and its account works; whoever rehearses touches neither."""
    database = life.database
    (waiting,) = letters_due.put(database, ["z@a.example.cn"])
    before = _content(database)
    with smtp.serving(tmp_path / "post") as server:
        run = _rehearsal(life, tmp_path, "2026-03-02", "2026-12-31", letters_to=tmp_path / "letters.txt")
        run.go(lambda _line: None)
        assert run.outcome.kinds["letter.sent"] > 10
        assert _content(database) == before
        assert server.mails() == []
        assert letters_due.found(database)[waiting].status == "due"
        post = Post(database, Mail((smtp.account(server.port),)), "node", writer=letters_due.as_it_stands)
        assert post.tick() == 1  # the account does work
        post.close()
        assert [mail["to"] for mail in server.mails()] == [["z@a.example.cn"]]


def test_the_copy_holds_no_secret_and_no_address(life: Office, tmp_path: Path) -> None:
    with life.database.write() as session:
        for person in session.scalars(select(Person)):
            person.password_hash, person.password_changed_at = "$argon2id$secret", clocks.now()
    _rehearsal(life, tmp_path, "2026-03-02", "2026-03-03").go(lambda _line: None)
    content = (tmp_path / "scratch.sqlite").read_bytes()
    assert b"argon2id" not in content
    assert b"office.example.cn" not in content
    with opened(f"sqlite:///{tmp_path / 'scratch.sqlite'}") as scratch, scratch.read() as session:
        assert session.scalar(text("PRAGMA foreign_key_check")) is None
        assert session.scalar(select(func.count()).select_from(Cluster)) == 1


def test_the_scenario_names_a_cluster_of_the_live_data(life: Office, tmp_path: Path) -> None:
    silent = Scenario(clusters={samples.CLUSTER: {"reports": "never"}})
    run = _rehearsal(life, tmp_path, "2026-03-02", "2026-04-30", scenario=silent)
    run.go(lambda _line: None)
    assert [(each["on"], each["days_late"]) for each in run.outcome.missed] == [("2026-03-15", None)]


def test_what_nobody_can_do_is_named_and_does_not_stop_the_others(life: Office, tmp_path: Path) -> None:
    with life.database.write() as session:
        session.get_one(Person, life.actors["county"].person_id).disabled_at = clocks.now()
        session.get_one(Person, life.actors["county2"].person_id).disabled_at = clocks.now()
    run = _rehearsal(life, tmp_path, "2026-03-02", "2026-04-30")
    run.go(lambda _line: None)
    stuck = {(each["step"], each["why"]) for each in run.outcome.stuck}  # the report of the year before, and this one
    assert stuck == {("填报年度培育情况信息表", "没有人在这个岗位上")}
    assert [each["days_late"] for each in run.outcome.missed] == [None]


@pytest.mark.parametrize("objections", ["none", "one"])
def test_a_list_that_is_public_meanwhile_is_objected_to_or_not(
    objections: str, database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    """The list ends on 10 July 2025 (清远 第十五条（二）); an objection is looked into by the bureau's officers."""
    made = office.furnish(database)
    listed = publicised.publicised(made, clock, clusters=2)
    lines: list[dict[str, Any]] = []
    words = Scenario(words={"objections": objections})
    asked = Asked("qingyuan", date(2025, 7, 1), date(2025, 9, 30), None, words)
    run = Rehearsal(asked, tmp_path, source=database.url.render_as_string(hide_password=False))
    run.go(lines.append)
    opened_cases = [each["process"] for each in lines if each["kind"] == "case.opened"]
    assert opened_cases == (["objection"] if objections == "one" else [])
    (recognised,) = {each["at"][:10] for each in lines if each["kind"] == "cluster.recognised"}
    assert recognised > "2025-07-10"
    assert listed.notice.kind == "publicity"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Objection)) == 0


def test_a_live_rehearsal_from_the_command_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.done("db", "upgrade")
    found = shell.database()
    made = office.furnish(found)
    owing.recognised(made, clocks.today(), clocks.today().replace(year=clocks.today().year + 3))
    before = _content(found)
    until = clocks.today().replace(year=clocks.today().year + 1, day=1)
    status, out, err = shell.run("rehearse", "qingyuan", "--live", "--until", until.isoformat())
    assert status == 0, err
    assert {json.loads(line)["kind"] for line in out.splitlines()} >= {"case.opened", "letter.sent", "obligation.met"}
    assert "现有数据的副本" in err
    assert _content(found) == before
    found.close()


def _rehearsal(
    made: Office,
    folder: Path,
    first: str,
    last: str,
    *,
    scenario: Scenario | None = None,
    letters_to: Path | None = None,
) -> Rehearsal:
    asked = Asked("qingyuan", date.fromisoformat(first), date.fromisoformat(last), None, scenario or Scenario())
    url = made.database.url.render_as_string(hide_password=False)
    return Rehearsal(asked, folder, source=url, letters_to=letters_to)


def _content(database: Database) -> dict[str, tuple[int, str]]:
    """Each table: how many rows, and a hash over all that stands in them."""
    found = {}
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
            found[table.name] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found
