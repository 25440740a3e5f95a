"""The whole check of a draft on its page and the command line: kept, told when it is out of date, and its examples."""

import json
import re
from pathlib import Path

import pytest

from engine import bundle, checking, examples
from engine.checking import child, keeping
from engine.db import Database
from engine.models import BundleDraft, Case, DraftCheck, Event
from engine.workshop import checks, drafts
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.test_letter_pages import as_, rows, text
from tests.office import BUREAU, REGIME
from web.cli import main
from web.rehearsal import beside, runs
from web.rehearsal import child as rehearsal_child
from web.rehearsal.lines import Line

NOW = {"now": "1"}


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    furnished = desk.furnish(database, tmp_path / "data")
    furnished.engage("owner2", "process_owner", BUREAU)
    return furnished


@pytest.fixture
def here(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def walked_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all walks the child does only those of two small processes; tests/unit/test_smoke.py has all."""
    whole = child.answers
    few = {"objection", "change_filing"}

    def answers(files: bundle.Files, asked: list[tuple[str, str]], *rest: object) -> list[object]:
        wanted = [each for each in asked if each[1] in few or each[0] == "example"]
        told = dict(zip(wanted, whole(files, wanted), strict=True))
        nothing = {"flows": [], "forced": [], "troubles": [], "ends": [], "deeds": 0, "bound": True}
        ends = {"result": "ends", "path": [], "stands": [], "why": "", "seen": 0}
        return [told.get(each, ends if each[0] == "paths" else nothing) for each in asked]

    monkeypatch.setattr(child, "answers", answers)


def opened(at: Desk, who: str = "owner") -> tuple[str, int]:
    answer = as_(at, who).post("/workshop", {"regime": REGIME, "title": "改一处"})
    address = str(answer.headers["Location"])
    return address, int(address.rpartition("/")[2])


@pytest.mark.usefixtures("walked_little")
def test_a_check_is_kept_and_says_when_the_draft_was_changed_since(at: Desk) -> None:
    (draft, number), owner = opened(at), as_(at, "owner")
    assert "尚未检查" in text(owner.get(f"{draft}/check"))
    assert owner.post(f"{draft}/check", NOW).status_code == 303
    shown = text(as_(at, "owner2").get(f"{draft}/check"))
    for told in ("没有错误", "条款要求", "重大变动报备", "今后一年与现行版本对照"):
        assert told in shown
    (kept,) = rows(at, DraftCheck)
    assert (kept.draft_id, kept.errors, kept.checked_by) == (number, 0, "owner")
    assert [event.kind for event in rows(at, Event) if event.kind.startswith("draft.")][-1] == "draft.checked"
    drawn = owner.get(f"{draft}/check/diagram").get_json()
    change = next(each for each in [drawn, *drawn["called"]] if each["process"] == "change_filing")
    assert len(change["passed"]["flows"]) == 8
    with at.database.write() as session:
        row = session.get_one(BundleDraft, number)
        drafts.save(
            session, at.office.actors["owner"], row, "letters/urged.txt", "【催办】{{办件标题}}\n\n请办。\n".encode()
        )
    assert "检查以后又改过" in text(owner.get(f"{draft}/check"))
    assert owner.get(f"{draft}/check/diagram").status_code == 404


@pytest.mark.usefixtures("walked_little")
def test_an_owner_keeps_a_way_as_an_example_and_a_change_that_breaks_it_is_told(here: Desk) -> None:
    (draft, number), owner = opened(here), as_(here, "owner")
    owner.post(f"{draft}/check", NOW)
    assert "存为示例" in text(owner.get(f"{draft}/check"))
    untitled = owner.post(f"{draft}/check/examples", {"of": "end:objection:decided", "title": " "})
    assert (untitled.status_code, "请写明这个示例说明什么" in text(untitled)) == (422, True)
    assert owner.post(f"{draft}/check/examples", {"of": "end:objection:nowhere", "title": "x"}).status_code == 404
    assert (
        owner.post(f"{draft}/check/examples", {"of": "end:objection:decided", "title": "异议应有决定"}).status_code
        == 303
    )
    owner.post(f"{draft}/check", NOW)
    shown = text(owner.get(f"{draft}/check"))
    assert "异议应有决定" in shown
    assert "符合" in shown
    with here.database.write() as session:
        row = session.get_one(BundleDraft, number)
        drawn, _tag = drafts.read(session, row, "objection.bpmn")
        renamed = re.sub(rb'"decided"|>decided<', lambda found: found[0].replace(b"decided", b"settled_now"), drawn)
        drafts.save(session, here.office.actors["owner"], row, "objection.bpmn", renamed)
    owner.post(f"{draft}/check", NOW)
    assert "应当办结于 decided，实际办结于 settled_now" in text(owner.get(f"{draft}/check"))
    gone = owner.post(f"{draft}/check/examples/remove", {"path": "examples/objection_decided.json"})
    assert gone.status_code == 303
    with here.database.read() as session:
        assert "examples/objection_decided.json" not in drafts.files(session, session.get_one(BundleDraft, number))


def test_an_ended_case_makes_an_example_without_what_people_wrote(here: Desk) -> None:
    office = here.office
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    case = office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    office.complete("county", office.open_task(case.id, "fill_in"), samples.ANSWERS["application"])
    office.complete("city", office.open_task(case.id, "acceptance"), {"decision": "refuse", "opinion": "不在范围内"})
    with here.database.read() as session:
        row = session.get_one(Case, case.id)
        content = keeping.recorded(session, row, "不予受理", with_answers=False)
        answered = keeping.recorded(session, row, "不予受理", with_answers=True)
    example = examples.read(content)
    assert [step.get("element") for step in example.steps] == ["filing/fill_in", "intake/acceptance"]
    assert (example.end, example.process) == ("not_accepted", "application")
    assert "不在范围内" not in content.decode()
    assert "不在范围内" in answered.decode()
    files = {**bundle.shipped(REGIME), "examples/kept.json": content, "examples/answered.json": answered}
    told = child.answers(files, [("example", "examples/kept.json"), ("example", "examples/answered.json")])
    assert [(each["passed"], each["why"]) for each in told] == [(True, ""), (True, "")]


def test_a_year_with_a_shorter_limit_differs_in_what_is_late(
    here: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Forty-five days hold the first review of both applications, which is done within four working days."""
    (draft, number), owner = opened(here), as_(here, "owner")
    monkeypatch.setattr(beside, "YEAR", beside.timedelta(days=45))
    monkeypatch.setattr(runs, "_begin", lambda _folder, _url: None)
    with here.database.write() as session:
        row = session.get_one(BundleDraft, number)
        rules, _tag = drafts.read(session, row, "regime.toml")
        shorter = re.sub(rb"(?m)^acceptance = \{ working_days = \d+", b"acceptance = { working_days = 1", rules)
        drafts.save(session, here.office.actors["owner"], row, "regime.toml", shorter)
    assert owner.post(f"{draft}/check/year", NOW).status_code == 303
    assert "正在准备" in text(owner.get(f"{draft}/check"))
    assert owner.post(f"{draft}/check/year", NOW).status_code == 409
    url = here.database.url.render_as_string(hide_password=False)
    rehearsal_child.carry_out(here.settings.data / runs.FOLDER / "1", url)
    run = runs.find(here.settings.data, 1)
    assert (run.state, run.why, run.draft) == ("done", "", number), run.folder / "errors.txt"
    found = {(each["kind"], each["element"]): each for each in run.differences()}
    late = found["task.overdue", "acceptance"]
    assert (late["before"], late["name"]) == (0, "受理")
    assert late["after"] >= 1
    shown = text(owner.get(f"{draft}/check"))
    assert "待办超期" in shown
    assert not list(run.folder.rglob("*.sqlite*"))


def line(kind: str, element: str, day: str, role: str = "bureau_officer", subject: str = "") -> Line:
    return {"kind": kind, "process": "p", "element": element, "role": role, "subject": subject, "at": f"{day}T10:00:00"}


def test_two_years_are_compared_by_kind_element_and_role() -> None:
    """A task that came twice on one day comes once; a letter comes a day later; what is alike is not told."""
    before = [line("task.opened", "a", "2026-03-02", subject="审查")] * 2 + [line("letter.sent", "told", "2026-03-02")]
    after = [line("task.opened", "a", "2026-03-02", subject="审查"), line("letter.sent", "told", "2026-03-03")]
    same = [line("case.ended", "done", "2026-04-01")]
    letter, task = beside.differences(before + same, after + same)
    assert (letter.element, letter.before, letter.after) == ("told", 1, 1)
    assert (letter.first_before, letter.first_after) == ("2026-03-02", "2026-03-03")
    assert (task.name, task.before, task.after, task.days_before, task.days_after) == ("审查", 2, 1, ["2026-03-02"], [])


@pytest.mark.usefixtures("walked_little")
def test_the_command_line_checks_a_draft(
    here: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> int | str | None:
        with pytest.raises(SystemExit) as ended:
            main(["check", *words])
        return ended.value.code

    (_draft, number) = opened(here)
    monkeypatch.setenv("JIQUN_DATABASE_URL", here.database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("JIQUN_DATA", str(here.settings.data))
    assert run("--draft", str(number)) == 0
    assert "错误 0 个" in capsys.readouterr().err
    with here.database.write() as session:
        row = session.get_one(BundleDraft, number)
        drafts.save(session, here.office.actors["owner"], row, "examples/broken.json", b"{}")
    assert run("--draft", str(number)) == 1
    told = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert [(each["file"], each["rule"], each["severity"]) for each in told] == [
        ("examples/broken.json", "example", "error")
    ]
    assert run("--draft", "99") == 2
    assert run("--year") == 2


def test_a_report_of_another_release_is_made_again(here: Desk) -> None:
    (_draft, number) = opened(here)
    with here.database.write() as session:
        row = session.get_one(BundleDraft, number)
        report = checking.Report(files="0" * 64, at="2026-03-02")
        checks.keep(session, here.office.actors["owner"], row, report)
        assert checks.kept(session, row) is not None
        session.get_one(DraftCheck, number).report = report.plain() | {"form": checking.FORMAT - 1}
        session.flush()
        assert checks.kept(session, row) is None
