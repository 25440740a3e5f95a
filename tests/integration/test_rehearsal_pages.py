"""Rehearsals from the browser: asked for, watched, read, cancelled, killed and cleared away."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from engine import clock as clocks
from engine.db import Database
from engine.errors import NotFound, Refused
from tests import owing
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.source import ROOT
from web.pages import rehearsals
from web.rehearsal import child, lines, runs
from web.rehearsal.run import Asked
from web.rehearsal.scenario import Scenario

Reading: TypeAlias = Callable[[str], reader.Reader]
PATIENCE = 300  # seconds for a process on a busy machine
ASKED = {
    "regime": "qingyuan",
    "first": "2026-06-20",
    "last": "2027-03-31",
    "of": "invented",
    "clusters": "1",
    "seed": "1",
    "reports": "late",
}


@pytest.fixture
def at(sqlite_database: Database, tmp_path: Path, clock: StandingClock) -> Desk:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = desk.furnish(sqlite_database, tmp_path / "data")
    owing.recognised(furnished.office, date(2026, 6, 20), date(2029, 6, 20))
    return furnished


@pytest.fixture
def as_(at: Desk) -> Reading:
    return lambda who: reader.reader(at.app, reader.signed_in(at.database, who) if who else "")


@pytest.fixture
def data(at: Desk) -> Path:
    return at.settings.data


def ended(data: Path, number: int = 1) -> runs.Run:
    until = time.monotonic() + PATIENCE
    while (run := runs.find(data, number)).under_way and time.monotonic() < until:
        time.sleep(0.2)
    return run


def begun(data: Path, state: str = "running", **other: Any) -> Path:
    """The folder of a run in this state, without a process."""
    folder = data / runs.FOLDER / str(1 + len(runs.listed(data)))
    folder.mkdir(parents=True)
    about = {"regime": "qingyuan", "title": "示例办法", "bureau": "441800", "clusters": 1, "by": "owner"}
    dates = {"first": "2026-06-20", "last": "2026-07-20", "asked_at": clocks.now().isoformat()}
    runs.write(folder, "asked.json", {**about, **dates, "seed": 1, "words": {}, **other})
    runs.write(folder, "state.json", {"state": state})
    return folder


@contextmanager
def under_way(data: Path, **other: Any) -> Iterator[Path]:
    """A run whose process holds the lock."""
    folder = begun(data, **other)
    with runs.alone(data / runs.FOLDER):
        yield folder


def test_a_rehearsal_runs_in_a_process_of_its_own_and_is_read_on_its_page(as_: Reading, data: Path) -> None:
    leader = as_("leader")
    answer = leader.post("/rehearsals", ASKED)
    assert (answer.status_code, answer.location) == (303, "/rehearsals/1")
    assert "查看最新进度" in leader.get("/rehearsals/1").text  # without a script it is a link
    run = ended(data)
    assert (run.state, run.why) == ("done", ""), (run.folder / "errors.txt").read_text(encoding="utf-8")
    shown = leader.get("/rehearsals/1").text
    for told in ("已完成", "年度报告：迟十日", "2027-03-15", "迟 10 日", "<svg", "2027-W01", "县级主管部门经办人"):
        assert told in shown
    assert "已完成" in leader.get("/rehearsals").text
    downloaded = leader.get("/rehearsals/1/lines.jsonl").text.splitlines()
    assert [json.loads(line) for line in downloaded] == list(run.told())
    assert len(downloaded) == run.lines
    assert "标题：" in leader.get("/rehearsals/1/letters.txt").text
    assert not list(run.folder.glob("*.sqlite*"))


def test_live_data_is_rehearsed_for_the_leader_alone(as_: Reading, data: Path) -> None:
    assert "现有数据的副本" not in as_("owner").get("/rehearsals").text
    assert "现有数据的副本" in as_("leader").get("/rehearsals").text
    live = ASKED | {"of": "live", "last": "2027-01-31"}
    assert as_("owner").post("/rehearsals", live).status_code == 403
    assert not (data / runs.FOLDER).exists()
    assert as_("leader").post("/rehearsals", live).status_code == 303
    run = ended(data)
    assert (run.state, run.clusters) == ("done", None), (run.folder / "errors.txt").read_text(encoding="utf-8")
    assert "英德市中小企业主管部门" in as_("leader").get("/rehearsals/1").text
    for page in ("", "/lines.jsonl", "/letters.txt"):
        assert as_("owner").get(f"/rehearsals/1{page}").status_code == 403
    assert "/rehearsals/1" not in as_("owner").get("/rehearsals").text


def test_one_runs_at_a_time_and_the_second_is_told_so(as_: Reading, data: Path) -> None:
    with under_way(data):
        answer = as_("leader").post("/rehearsals", ASKED)
        assert answer.status_code == 409
        assert "已有一次推演正在进行" in answer.text
        assert 'value="2027-03-31"' in answer.text  # what was typed is kept
    assert len(runs.listed(data)) == 1


def test_one_that_has_only_just_been_asked_for_counts_as_under_way(data: Path, clock: StandingClock) -> None:
    folder = begun(data, "starting")
    asked = Asked("qingyuan", date(2026, 6, 20), date(2026, 7, 1), 1, Scenario())
    with pytest.raises(Refused, match="正在进行"):
        runs.start(data, asked, title="", bureau="", by="", url=Database("sqlite://").url)
    clock.move_by(seconds=61)  # its process never came
    assert runs.find(data, int(folder.name)).state == "killed"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"regime": "shantou"}, "请选择一个办法"),
        ({"first": "2026-13-01"}, "请按年月日填写日期"),
        ({"last": "2026-06-19"}, "不能早于第一日"),
        ({"last": "2046-06-19"}, "最长十年"),
        ({"clusters": "0"}, "请填写 1 至 200 的整数"),
        ({"seed": "x"}, "请填写 0 至"),
        ({"of": "live", "first": "2026-06-19"}, "只能推演今天及以后"),
    ],
    ids=["another bureau's", "no day", "backwards", "too long", "no clusters", "no seed", "the past"],
)
def test_a_wrong_wish_is_told_at_its_field_and_starts_nothing(
    wrong: dict[str, str], said: str, as_: Reading, data: Path
) -> None:
    answer = as_("leader").post("/rehearsals", ASKED | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert not (data / runs.FOLDER).exists()


def test_a_cancelled_one_stops_and_keeps_what_it_has(at: Desk, as_: Reading, data: Path) -> None:
    folder = begun(data, "starting")
    assert as_("owner").post("/rehearsals/1/cancel").status_code == 303
    child.carry_out(folder, at.database.url.render_as_string(hide_password=False))
    assert runs.find(data, 1).state == "cancelled"
    assert "推演已取消" in as_("owner").get("/rehearsals/1").text
    assert not list(folder.glob("scratch*"))


def test_one_that_fails_says_why(at: Desk, as_: Reading, data: Path) -> None:
    folder = begun(data, "starting", regime="guangxi", clusters=None)
    child.carry_out(folder, at.database.url.render_as_string(hide_password=False))
    run = runs.find(data, 1)
    assert run.state == "failed"
    assert "guangxi 尚未部署" in run.why


def test_a_killed_one_is_said_to_have_ended(at: Desk, as_: Reading, data: Path) -> None:
    folder = begun(data, "starting", last="2034-06-20", clusters=50)
    process = subprocess.Popen([sys.executable, "-m", "web.rehearsal.child"], cwd=ROOT, stdin=subprocess.PIPE)
    assert process.stdin
    url = at.database.url.render_as_string(hide_password=False)
    process.stdin.write(json.dumps({"folder": str(folder), "url": url}).encode())
    process.stdin.close()
    until = time.monotonic() + PATIENCE
    while not list(folder.glob("scratch*")) and time.monotonic() < until:
        time.sleep(0.2)
    assert runs.find(data, 1).state == "running"
    process.kill()
    process.wait()
    assert runs.find(data, 1).state == "killed"
    assert "推演的进程已中断" in as_("owner").get("/rehearsals/1").text
    assert list(folder.glob("scratch*"))
    runs.forget(data, 30)  # every hour; and another one can begin
    assert not list(folder.glob("scratch*"))
    assert runs.find(data, 1).state == "killed"


def test_an_ended_one_is_deleted_with_its_files_and_one_under_way_is_not(as_: Reading, data: Path) -> None:
    with under_way(data) as folder:
        assert as_("owner").post("/rehearsals/1/delete").status_code == 409
        assert folder.is_dir()
    assert as_("owner").post("/rehearsals/1/delete").status_code == 303
    assert not folder.exists()
    assert as_("owner").get("/rehearsals/1").status_code == 404


def test_old_ones_are_cleared_away_after_the_days_of_the_setting(data: Path, clock: StandingClock) -> None:
    begun(data, "done")
    clock.move_by(days=29)
    begun(data, "done")
    clock.move_by(days=2)
    runs.forget(data, 30)
    assert [run.number for run in runs.listed(data)] == [2]
    with pytest.raises(NotFound):
        runs.find(data, 1)


def test_the_lines_are_filtered_and_paged(as_: Reading, data: Path) -> None:
    folder = begun(data, "done")
    told = [
        {"at": f"2026-07-{1 + number // 10:02}T09:00:00+08:00", "kind": kind, "case": number, "process": "p"}
        | {"element": "e", "role": "county_officer", "to": "甲县", "subject": f"集群{number:03}", "clause": "第一条"}
        for number in range(150)
        for kind in ("letter.sent", "task.opened")
    ]
    (folder / runs.LINES).write_text("".join(json.dumps(each) + "\n" for each in told), encoding="utf-8")
    runs.keep(folder, {"kinds": {"letter.sent": 150, "task.opened": 150}, "missed": [], "stuck": []})
    owner = as_("owner")
    first = owner.get("/rehearsals/1?kind=letter.sent").text
    assert "集群000" in first
    assert "集群099" in first
    assert "集群100" not in first
    assert "after=199" in first  # the two hundredth line is the next
    second = owner.get("/rehearsals/1?kind=letter.sent&after=199").text
    assert "集群100" in second
    assert "集群099" not in second
    assert "集群149" in owner.get("/rehearsals/1?words=集群149").text
    assert "没有符合条件的行" in owner.get("/rehearsals/1?words=乙县").text


def test_every_kind_of_line_has_its_title() -> None:
    assert set(rehearsals.KINDS) == set(lines.ALL_KINDS)
