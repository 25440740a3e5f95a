"""The commands that run an installation: tables, accounts, demo, server."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Settings
from engine import accounts, bundle, sign_ins
from engine.access import ROLES
from engine.db import Database
from engine.errors import SignInFailed
from engine.models import Deployment, Membership, Organisation, Person
from tests.source import ROOT
from web import cli

PASSWORD = "Copper-Kettle-77"
COUNTY = ("--role", "county_officer", "--organisation", "441881")


class Shell:
    """`jiqun` in this process, on a data folder of its own."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.capsys, self.monkeypatch = data, capsys, monkeypatch

    def run(self, *words: str, given: str = "") -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--data", str(self.data)])
        said = self.capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    def done(self, *words: str, given: str = "") -> str:
        status, out, err = self.run(*words, given=given)
        assert status == 0, err
        return out

    def refused(self, *words: str, given: str = "") -> str:
        """The one line on standard error of a command that could not be done."""
        status, out, err = self.run(*words, given=given)
        assert (status, out) == (2, ""), (status, out, err)
        assert len(err.splitlines()) == 1
        assert err.startswith("jiqun：")
        return err

    def database(self) -> Database:
        return Database(f"sqlite:///{self.data / 'jiqun.sqlite'}")


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path / "data", capsys, monkeypatch)


@pytest.fixture
def office(shell: Shell) -> Shell:
    """A database with one county."""
    shell.done("db", "upgrade")
    shell.done("organisation", "add", "441800", "清远市工业和信息化局", "--level", "city")
    shell.done("organisation", "add", "441881", "英德市中小企业主管部门", "--level", "county", "--parent", "441800")
    return shell


def test_a_dossier_is_checked_from_the_command_line(office: Shell, tmp_path: Path) -> None:
    assert "没有这个办件" in office.refused("dossier", "41", str(tmp_path / "out.zip"))
    assert not (tmp_path / "out.zip").exists()
    assert "请写明办件编号和卷宗文件" in office.refused("dossier")
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("case.json", "{}")
    status, out, _ = office.run("dossier", "--verify", str(tmp_path / "odd.zip"))
    assert (status, out) == (1, "没有 manifest.json，或者它不可读\n")


def test_accounts_are_made_listed_and_closed(office: Shell) -> None:
    office.done("user", "add", "county", *COUNTY, "--password-stdin", given=f"{PASSWORD}\n")
    token = office.done("user", "token", "county", "--scope", "read", "--days", "7").strip()
    listed = json.loads(office.done("user", "list"))
    role = {"role": "county_officer", "organisation": "441881"}
    assert listed == [{"name": "county", "display_name": "county", "disabled": False, "roles": [role]}]
    database = office.database()
    with database.read() as session:
        person, scopes = sign_ins.holder(session, token, Settings())
        assert (person.name, scopes) == ("county", {"read"})
        assert sign_ins.prove(session, "county", PASSWORD).verified_hash
    office.done("user", "disable", "county")
    with database.read() as session, pytest.raises(SignInFailed):
        sign_ins.holder(session, token, Settings())
    database.close()
    assert json.loads(office.done("user", "list"))[0]["disabled"] is True


def test_a_provincial_department_is_marked_and_unmarked(office: Shell) -> None:
    office.done("organisation", "add", "620000", "甘肃省工业和信息化厅", "--level", "province")

    def marks() -> tuple[bool, bool]:
        listed = json.loads(office.done("organisation", "list"))
        (found,) = [each for each in listed if each["code"] == "620000"]
        return found["western"], found["special"]

    assert marks() == (False, False)
    office.done("organisation", "mark", "620000", "--western")
    assert marks() == (True, False)
    office.done("organisation", "mark", "620000")
    assert marks() == (False, False)


def test_the_first_administrators_sign_in_with_passwords_for_once(shell: Shell) -> None:
    """What the READMEs tell a newcomer to do on an empty machine, word by word."""
    told = [_first_steps(readme) for readme in ("README.md", "README.zh-CN.md")]
    assert told[0] == told[1]
    said = {"".join(line[2:3]): shell.done(*line).strip() for line in told[0]}
    database = shell.database()
    with database.read() as session:
        for name, role in (("sysadmin", "system"), ("secadmin", "security"), ("auditor", "audit")):
            person = accounts.by_name(session, name)
            assert sign_ins.prove(session, name, said[name]).verified_hash
            assert accounts.password_due(person)
            assert accounts.actor(session, person).roles == {f"{role}_administrator"}
        assert session.scalars(select(Deployment.regime)).one() == "qingyuan"
    again = shell.done("user", "password", "secadmin", "--one-time").strip()
    assert shell.done("user", "add", "robot", "--role", "expert", "--organisation", "441800", "--no-password") == ""
    with database.read() as session:
        assert not sign_ins.prove(session, "secadmin", said["secadmin"]).verified_hash
        assert sign_ins.prove(session, "secadmin", again).verified_hash
        assert accounts.by_name(session, "robot").password_hash is None
    database.close()


def _first_steps(readme: str) -> list[list[str]]:
    """The words of each command of the passage in which the administrators are made."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n([^`]*jiqun user add[^`]*)```", text)
    return [line.partition("#")[0].split()[1:] for line in block.splitlines()]


def test_roles_come_and_go_and_passwords_change(office: Shell) -> None:
    office.done("user", "add", "county", *COUNTY)
    office.done("user", "grant", "county", "--role", "park_officer", "--organisation", "441881")
    office.done("user", "withdraw", "county", *COUNTY)
    (account,) = json.loads(office.done("user", "list"))
    assert account["roles"] == [{"role": "park_officer", "organisation": "441881"}]
    office.done("user", "password", "county", given=f"{PASSWORD}\r\n")
    database = office.database()
    with database.read() as session:
        assert sign_ins.prove(session, "county", PASSWORD).verified_hash
    database.close()


@pytest.mark.parametrize(
    ("words", "given", "says"),
    [
        (("organisation", "mark", "441881", "--western"), "", "只有省级主管部门可以标记"),
        (("user", "add", "county", "--role", "mayor", "--organisation", "441881"), "", "mayor"),
        (("user", "add", "county", "--role", "expert", "--organisation", "999999"), "", "999999"),
        (("user", "add", "County", *COUNTY), "", "County"),
        (("user", "add", "county", *COUNTY, "--password-stdin"), "short\n", "密码应为"),
        (("user", "add", "county", "--role", "expert"), "", "organisation"),
        (("user", "token", "nobody"), "", "nobody"),
        (("user", "token", "there", "--days", "0"), "", "有效期"),
        (("user", "token", "there", "--scope", "everything"), "", "权限范围"),
        (("user", "add", "there", *COUNTY), "", "已存在"),
        (("organisation", "add", "4418", "x", "--level", "city"), "", "六位"),
        (("organisation", "add", "441899", "x", "--level", "village"), "", "village"),
        (("organisation", "add", "441899", "x", "--level", "city", "--parent", "441881"), "", "之下"),
        (("organisation", "add", "441881", "x", "--level", "county"), "", "已被使用"),
        (("conjure",), "", "conjure"),
        (("serve", "--port", "99999"), "", "99999"),
        (("serve", "--sideways"), "", "sideways"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    office: Shell, words: tuple[str, ...], given: str, says: str
) -> None:
    office.done("user", "add", "there", *COUNTY)
    before = office.done("user", "list"), office.done("organisation", "list")
    assert says in office.refused(*words, given=given)
    assert (office.done("user", "list"), office.done("organisation", "list")) == before


def test_the_database_and_the_folder_may_stand_before_or_behind_the_command(
    office: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office.done("user", "add", "county", *COUNTY)
    url = f"sqlite:///{office.data / 'jiqun.sqlite'}"
    elsewhere = str(tmp_path / "elsewhere")
    for words in (
        ("--data", str(office.data), "user", "list"),
        ("user", "--data", str(office.data), "list"),
        ("user", "list", "--database", url, "--data", elsewhere),
        ("--database", url, "--data", elsewhere, "user", "list"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert not ended.value.code
        assert json.loads(capsys.readouterr().out)[0]["name"] == "county"


def test_the_environment_chooses_the_database_too(office: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIQUN_DATABASE_URL", f"sqlite:///{office.data / 'other.sqlite'}")
    assert "jiqun db upgrade" in office.refused("user", "list")
    monkeypatch.setenv("JIQUN_COLOUR", "red")
    assert "JIQUN_COLOUR" in office.refused("user", "list")


# ---- the demo -----------------------------------------------------------------------------------

COUNTIES = {"441802", "441803", "441821", "441823", "441825", "441826", "441881", "441882"}  # of 清远市, GB/T 2260


def test_the_demo_is_a_bureau_with_somebody_for_every_role(shell: Shell) -> None:
    shell.done("db", "upgrade")
    told = [line.split("\t") for line in shell.done("demo", "load").splitlines()]
    again = [line.split("\t") for line in shell.done("demo", "load").splitlines()]
    assert again == told
    database = shell.database()
    with database.read() as session:
        people = {person.name: person for person in session.scalars(select(Person))}
        roles = set(session.scalars(select(Membership.role)))
        offices = {office.code: office for office in session.scalars(select(Organisation))}
        deployed = list(session.scalars(select(Deployment)))
        for name, password, title in told:
            assert sign_ins.prove(session, name, password).verified_hash, title
    database.close()
    assert {name for name, _, _ in told} == set(people)
    assert roles == set(ROLES)
    assert {code for code, office in offices.items() if office.parent_code == "441800"} == COUNTIES
    assert [offices[code].parent_code for code in ("441800", "440000", "450000")] == ["440000", "100000", "100000"]
    assert [office.level for office in offices.values()].count("park") == 3
    assert all(person.display_name.startswith("演示·") for person in people.values())
    numbers = sorted((each.regime, each.number) for each in deployed)
    assert numbers == [(regime, 1) for regime in sorted(bundle.regimes())]  # the second load deployed nothing


def test_the_demo_never_stands_beside_real_accounts(office: Shell) -> None:
    office.done("user", "add", "someone", *COUNTY)
    assert "someone" in office.refused("demo", "load")


def test_an_office_in_earnest_does_not_start_with_a_door_that_everybody_has_the_key_to(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.done("db", "upgrade")
    shell.done("demo", "load")
    monkeypatch.setenv("JIQUN_PRODUCTION", "1")
    said = shell.refused("worker")
    assert "演示账号 auditor、city、" in said
    assert "jiqun user disable" in said


# ---- the server ---------------------------------------------------------------------------------


@pytest.fixture
def server(shell: Shell) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`jiqun serve` as its users start it, and its address."""
    shell.done("db", "upgrade")
    process = subprocess.Popen(
        [sys.executable, "-c", "from web.cli import main; main()", "serve", "--port", "0", "--data", str(shell.data)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JIQUN_TICK_SECONDS": "1"},
    )
    assert process.stderr
    try:
        for line in process.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        assert found
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def jiqun(*words: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    run = [sys.executable, "-c", "from web.cli import main; main()", *words]
    return subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)


def ask(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_server_answers_ticks_and_ends_in_peace(server: tuple[subprocess.Popen[str], str]) -> None:
    process, url = server
    assert ask(f"{url}/healthz") == (200, {"status": "ok"})
    end = time.monotonic() + 20
    while ask(f"{url}/readyz")[0] != 200 and time.monotonic() < end:
        time.sleep(0.1)
    assert ask(f"{url}/readyz")[0] == 200
    with urllib.request.urlopen(f"{url}/", timeout=10) as answer:
        assert "Server" not in answer.headers  # its name and number are nobody's business
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_one_line(server: tuple[subprocess.Popen[str], str], shell: Shell) -> None:
    port = server[1].rpartition(":")[2]
    done = jiqun("serve", "--port", port, "--no-worker", "--data", str(shell.data))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert port in done.stderr


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from web import cli\ntry: cli.main(['--version'])\nexcept SystemExit: pass\n"
        "print([name for name in ('sqlalchemy', 'flask', 'SpiffWorkflow', 'apscheduler') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
