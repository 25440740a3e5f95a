"""Scripts in cases: who may deploy them, what they change, what becomes of one that fails, how a case is replayed."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from engine import accounts, accreditation, bpmn, cases, deploying, deployments, lint, repairs, scripts
from engine.db import Database
from engine.errors import CaseStopped, NotFound, Refused, ScriptFailed, ScriptOverran
from engine.lint import trial
from engine.models import Case, Deployment, Event, ScriptHold, Task
from engine.scripts import held
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.integration import administrators
from tests.integration.administrators import as_ as browser_of
from tests.integration.administrators import kinds, number, said
from tests.integration.test_commands import Shell
from tests.office import REGIME, Office, furnish
from tests.processes.test_replay import REPLAYED, again
from tests.scripted import office_with, scripted
from tests.stopped import ANSWERS, as_, assert_sound, at_acceptance, incidents_of, opened_round, recorded, rows

SUM = 'share = 7 / 2 * 0.1\nseen = today()\nif share > 1:\n    label = "多"\nelse:\n    label = f"{share:.2f}"'
D = Decimal


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


@pytest.fixture
def unchecked() -> Iterator[None]:
    """What the check of a deployment finds is tested elsewhere; it takes a second each time."""
    with patch.object(lint, "problems", return_value=[]):
        yield


def accepted(office: Office) -> Case:
    task = at_acceptance(office, opened_round(office))
    return office.complete("city", task, ANSWERS["acceptance"])


def known(office: Office, case_id: int) -> Mapping[str, Any]:
    """The data with which the case goes on."""
    office.database.live._items.clear()  # read from its row
    with office.database.write() as session:
        workflow = cases.lock(session, case_id)[1]
        data: dict[str, Any] = {}
        for task in workflow._inner.get_tasks():
            data |= task.data
        return data


# ---- a case with scripts -------------------------------------------------------------------------


def test_a_case_goes_on_with_what_its_scripts_computed_and_is_lived_again_without_them(
    database: Database, clock: StandingClock
) -> None:
    files = scripted(SUM, before="waited = 1", after="waited = waited + 1\nlast = decision")
    office = office_with(database, files)  # the check lets it pass
    case = accepted(office)
    day = clock.at.astimezone(samples.MOMENT.tzinfo).date().isoformat()
    changed = {"share": D("0.35"), "seen": day, "label": "0.35"}
    data = known(office, case.id)
    assert {name: data[name] for name in changed} == changed
    assert (data["waited"], data["last"]) == (2, "accept")
    ((_, closed),) = [each for each in recorded(office, case.id, "task.closed") if each[1]["form"] == "acceptance"]
    assert closed["scripts"] == [
        {"at": "intake/acceptance", "changes": {"last": "accept", "waited": 2}},
        {"at": "intake/sum_up", "changes": {"label": "0.35", "seen": day, "share": {"__decimal__": "0.35"}}},
    ]
    ((_, filed),) = [each for each in recorded(office, case.id, "task.closed") if each[1]["form"] == "application"]
    assert filed["scripts"] == [{"at": "intake/acceptance", "changes": {"waited": 1}}]

    with database.read() as session:
        deployed = deployments.deployed(session, session.get_one(Case, case.id).deployment_id)
        query = select(Event).where(Event.case_id == case.id, Event.kind.in_(REPLAYED)).order_by(Event.seq)
        record = session.scalars(query).all()
    workflow: bpmn.Workflow | None = None
    with patch.object(scripts, "attempt", side_effect=AssertionError("a script was run")):
        for event in record:
            with standing_at(event.at):
                workflow = again(workflow, event, deployed, "application")
            assert workflow.journal.passed == event.payload["passed"]
            workflow.dump()
    assert workflow is not None
    assert {each.element for each in workflow.ready()} == set(office.open_elements(case.id))
    assert workflow.data["share"] == D("0.35")
    assert_sound(office)


def test_a_replay_that_comes_to_another_script_says_so() -> None:
    told = scripts.recorded([{"at": "intake/sum_up", "changes": {"x": {"__decimal__": "0.10"}}}])
    assert told("intake/sum_up", "x = 1", {}, {}) == {"x": D("0.10")}
    with pytest.raises(ScriptFailed, match="没有脚本"):
        told("intake/sum_up", "x = 1", {}, {})


def test_a_script_that_fails_is_an_incident_with_its_line_and_nothing_of_the_command_remains(
    database: Database, clock: StandingClock, unchecked: None
) -> None:
    office = office_with(database, scripted("done = 1\nshare = done / nothing"))
    task = at_acceptance(office, opened_round(office))
    before = rows(office)
    with pytest.raises(CaseStopped, match="脚本第 2 行中断：用到的变量还没有值"):
        office.complete("city", task, ANSWERS["acceptance"])
    assert rows(office) == {**before, "incident": before["incident"] + 1, "event": before["event"] + 1}
    assert incidents_of(office, task.case_id) == [("script_failed", "sum_up", None, None)]
    assert "done" not in known(office, task.case_id)
    as_(office, "owner", repairs.repair, task.case_id, {"nothing": 4}, "补上缺少的数")
    office.complete("city", office.open_task(task.case_id, "acceptance"), ANSWERS["acceptance"])
    assert known(office, task.case_id)["share"] == D("0.25")
    assert_sound(office)


def test_a_script_that_overruns_again_and_again_waits_for_an_owner(
    database: Database, clock: StandingClock, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_with(database, scripted("x = 1"))
    round_ = opened_round(office)
    mine, theirs = at_acceptance(office, round_), at_acceptance(office, round_, "sibling")
    runs: list[str] = []

    def overrun(*_given: Any) -> dict[str, Any]:
        runs.append("run")
        raise ScriptOverran("脚本用完了运行时间", line=None)

    def complete(task: Task, message: str) -> None:
        with pytest.raises(CaseStopped, match=message):
            office.complete("city", task, ANSWERS["acceptance"])

    with monkeypatch.context() as slow:
        slow.setattr(scripts, "attempt", overrun)
        for again_ in range(1, held.MOST + 1):
            complete(mine, "用完了运行时间")
            with database.read() as session:
                (hold,) = session.scalars(select(ScriptHold)).all()
                assert (hold.overruns, hold.held_at is not None) == (again_, again_ == held.MOST)
            if again_ < held.MOST:
                as_(office, "owner", repairs.retry, mine.case_id)
        complete(theirs, "已连续 3 次用完运行时间，暂不运行")  # another case comes to the same script
    assert runs == ["run"] * held.MOST
    assert incidents_of(office, theirs.case_id) == [("script_held", "sum_up", None, None)]
    as_(office, "owner", repairs.retry, theirs.case_id)  # an owner has looked
    with database.read() as session:
        assert session.scalars(select(ScriptHold)).all() == []
    assert len(recorded(office, theirs.case_id, "incident.retried")[0][1]["scripts"]) == 1
    assert office.complete("city", theirs, ANSWERS["acceptance"]).status == "open"
    assert known(office, theirs.case_id)["x"] == 1


# ---- who may deploy them -------------------------------------------------------------------------


def test_scripts_come_in_by_accredited_owners_alone(database: Database, clock: StandingClock, unchecked: None) -> None:
    office = furnish(database)

    def deploy(files: Mapping[str, bytes], by: str = "owner", approved_by: str | None = "leader") -> int:
        with database.write() as session:
            return deploying.deploy(session, REGIME, files, by, approved_by).number

    def accredit(given: bool) -> None:
        with database.write() as session:
            act = accreditation.grant if given else accreditation.withdraw
            act(session, accounts.by_name(session, "owner"), by="secadmin")

    first, second = scripted("x = 1"), scripted("x = 2")
    with pytest.raises(Refused, match="获得脚本授权的流程管理人员"):
        deploy(first)
    accredit(True)
    with pytest.raises(Refused, match="获得脚本授权"):  # the accreditation is a person's, not the command line's
        deploy(first, by="operator")
    with pytest.raises(Refused, match="须由另一人看过脚本"):
        deploy(first, approved_by=None)
    assert deploy(first) == 2
    accredit(False)
    letters = {**first, "letters/urged.txt": "请即办理\n\n请即办理。\n".encode()}
    assert deploy(letters) == 3  # the script that is there stays in anybody's
    with pytest.raises(Refused, match="1 处脚本"):
        deploy(second)
    moved = {**letters, "intake.bpmn": scripted(after="x = 1")["intake.bpmn"]}
    with pytest.raises(Refused):  # the same text at another place is another script
        deploy(moved)
    assert deploy(dict(deployments.shipped(REGIME).files)) == 4  # without it
    with pytest.raises(Refused):  # and back again
        deploy(letters)
    accredit(True)
    with database.write() as session:
        accounts.withdraw(session, accounts.by_name(session, "owner"), "process_owner", "441800", by="secadmin")
        assert not accreditation.held_by(session, "owner")  # it ends with the role
        with pytest.raises(NotFound):
            accreditation.withdraw(session, accounts.by_name(session, "owner"), by="secadmin")
        with pytest.raises(Refused):
            accreditation.grant(session, accounts.by_name(session, "city"), by="secadmin")
    with pytest.raises(Refused):
        deploy(second)
    with database.read() as session:
        told = list(session.scalars(select(Event.kind).where(Event.kind.like("owner.%")).order_by(Event.seq)))
        assert told == ["owner.accredited", "owner.accreditation_withdrawn"] * 2
        assert session.scalars(select(Deployment.number)).all() == [1, 2, 3, 4]
    assert_sound(office)


def test_the_check_reads_scripts_and_runs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    files = scripted("x = 1\nimport os")
    (found,) = lint.problems(files, dry_run=False)
    line = 1 + files["intake.bpmn"].decode().split("import os")[0].count("\n")
    assert (found.file, found.element, found.line, found.rule) == ("intake.bpmn", "sum_up", line, "script")
    assert "第 2 行" in found.message
    (unknown,) = lint.problems(scripted("x = nowhere_set + 1"), dry_run=False)
    assert (unknown.rule, "nowhere_set" in unknown.message) == ("unknown-name", True)
    assert lint.problems(scripted("x = decision", before="y = 1"), dry_run=False) == []
    assert trial._unrun("x = 1") == {}


# ---- the administrators --------------------------------------------------------------------------


def test_the_security_administrator_accredits_at_the_owners_card(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    at = administrators.furnish(sqlite_database, tmp_path / "data")
    card = f"/office/accounts/{number(at, 'owner')}"
    security, system = browser_of(at, "secadmin"), browser_of(at, "sysadmin")
    assert "尚未授权" in said(security.get(card))
    assert "授权使用脚本" not in said(system.get(card))
    assert system.post(f"{card}/accredit").status_code == 403
    assert security.post(f"{card}/accredit").status_code == 303
    assert security.post(f"{card}/accredit").status_code == 422  # twice
    assert "收回授权" in said(security.get(card))
    assert security.post(f"{card}/accredit", {"end": "1"}).status_code == 303
    assert kinds(at, "secadmin") == ["owner.accredited", "owner.accreditation_withdrawn"]
    officer = f"/office/accounts/{number(at, 'city')}"
    assert 'aria-labelledby="scripts"' not in said(security.get(officer))
    assert security.post(f"{officer}/accredit").status_code == 422


def test_the_command_line_accredits_and_takes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path / "data", capsys, monkeypatch)
    shell.done("db", "upgrade")
    shell.done("organisation", "add", "441800", "清远市工业和信息化局", "--level", "city")
    office = ("--organisation", "441800", "--no-password")
    shell.done("user", "add", "owner", "--role", "process_owner", *office)
    shell.done("user", "add", "officer", "--role", "bureau_officer", *office)
    shell.done("user", "accredit", "owner")
    assert "已获脚本授权" in shell.refused("user", "accredit", "owner")
    assert "不是在用的流程管理人员" in shell.refused("user", "accredit", "officer")
    shell.done("user", "accredit", "owner", "--withdraw")
    assert "没有脚本授权" in shell.refused("user", "accredit", "owner", "--withdraw")
