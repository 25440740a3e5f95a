"""The commands that only answer: what they print, and with which exit status."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from config import clauses as clause_files
from tests.unit.test_criteria import GOOD
from web import answers


@pytest.fixture(autouse=True)
def _no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands beside the tests: these commands answer from the shipped files."""
    monkeypatch.setenv("JIQUN_DATA", str(tmp_path / "nothing"))


def ask(*arguments: str) -> Result:
    """What the program answers. Anything but an answer, an error line or an exit status is a failure."""
    result = CliRunner().invoke(click.Group("jiqun", commands=list(answers.COMMANDS)), arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*arguments: str) -> str:
    """The one line on standard error of a call that is refused with exit status 2."""
    result = ask(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def facts(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({**GOOD, **changes}), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "day"),
    [
        (("2025-09-26", "7"), "2025-10-13"),  # 28 September and 11 October are make-up days, 1–8 October holidays
        (("2026-09-24", "7"), "2026-10-12"),
        (("2026-09-24", "7", "--count-first"), "2026-10-10"),  # a make-up Saturday
        (("2025-03-03", "1"), "2025-03-04"),
    ],
)
def test_workdays_are_counted_by_the_chinese_calendar(arguments: tuple[str, ...], day: str) -> None:
    result = ask("workdays", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{day}\n", "")


def test_workdays_explains_every_day_it_walked_over() -> None:
    first, *days = ask("workdays", "2025-09-26", "7", "--explain").stdout.splitlines()
    walked = [json.loads(line) for line in days]
    assert first == "2025-10-13"
    assert [walked[0]["date"], walked[-1]["date"], len(walked)] == ["2025-09-27", "2025-10-13", 17]
    assert [day["date"] for day in walked if day["working"]] == [
        "2025-09-28", "2025-09-29", "2025-09-30", "2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13",
    ]  # fmt: skip
    assert all(day["source"] for day in walked)


def test_workdays_says_when_it_had_to_estimate() -> None:
    result = ask("workdays", "2035-09-26", "7")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert "暂定" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("workdays", "26.9.2025", "7"), "START：日期应写作"),
        (("workdays", "2025-02-30", "7"), "没有 2025-02-30 这一天"),
        (("workdays", "2025-09-26", "0"), "N：应为 1 至"),
        (("workdays", "2025-09-26", "seven"), "N：应为 1 至"),
        (("workdays", "9999-12-31", "7"), "START：年份应在"),
        (("workdays", "2099-12-31", "7"), "工作日历不含"),
        (("deadlines", "atlantis", "--year", "2026"), "没有名为 atlantis 的规则体系"),
        (("deadlines", "qingyuan", "--year", "next"), "--year：应为"),
        (("precheck", "atlantis", __file__), "没有名为 atlantis 的规则体系"),
        (("precheck", "qingyuan", __file__), "不是有效的 JSON"),
        (("precheck", "qingyuan", "/nowhere/facts.json"), "无法读取 /nowhere/facts.json"),
        (("clauses", "atlantis"), "没有名为 atlantis 的规则体系"),
    ],
)
def test_bad_usage_is_one_clear_line_and_status_two(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)


def test_deadlines_are_printed_as_the_interface_says() -> None:
    result = ask("deadlines", "qingyuan", "--year", "2026")
    (due,) = json.loads(result.stdout)
    assert result.exit_code == 0
    assert due["reminders"][:2] == ["2026-01-14", "2026-02-13"]
    assert "2026-03-13" in due.pop("reminders")
    assert due == {
        "kind": "annual_report",
        "date": "2026-03-15",
        "effective_date": "2026-03-15",
        "provisional": False,
        "clause": "第十七条",
    }


def test_before_the_text_there_are_no_deadlines() -> None:
    assert json.loads(ask("deadlines", "qingyuan", "--year", "2024").stdout) == []


def test_precheck_prints_one_object_a_criterion(tmp_path: Path) -> None:
    result = ask("precheck", "qingyuan", facts(tmp_path))
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [row["criterion"] for row in found][:2] == ["integrity", "area"]
    assert found[1] == {
        "criterion": "area",
        "verdict": "pass",
        "value": "86.4",
        "operator": "<=",
        "threshold": "100",
        "clause": "第十四条（二）",
        "text": "占地面积（平方公里）：86.4，要求不超过 100；达到",
    }


def test_precheck_fails_only_where_a_criterion_fails(tmp_path: Path) -> None:
    assert ask("precheck", "qingyuan", facts(tmp_path, area_km2="100.01")).exit_code == 1
    assert ask("precheck", "qingyuan", facts(tmp_path, area_km2=None)).exit_code == 0, "a review is not a failure"


def test_precheck_names_the_fact_it_does_not_know(tmp_path: Path) -> None:
    assert "没有名为 aera_km2 的指标" in refused("precheck", "qingyuan", facts(tmp_path, aera_km2="86"))
    assert "sme_share_pct 应为十进制数" in refused("precheck", "qingyuan", facts(tmp_path, sme_share_pct="most"))
    (tmp_path / "gbk.json").write_bytes('{"计划": 1}'.encode("gb18030"))
    assert "不是 UTF-8" in refused("precheck", "qingyuan", str(tmp_path / "gbk.json"))


def test_clauses_lists_what_nobody_carries_yet() -> None:
    result = ask("clauses", "qingyuan")
    duties = json.loads(result.stdout)
    (publicity,) = [duty for duty in duties if duty["gist"] == "在官方网站公示名单7个工作日"]
    assert publicity["clause"] == "第十五条（二）"
    assert {"kind": "element", "id": "publicity.publicity_over"} in publicity["carriers"]
    assert publicity["outside"] is None
    assert result.exit_code == 1
    waiting = [duty for duty in duties if not duty["carriers"] and not duty["outside"]]
    assert len(result.stderr.splitlines()) == len(waiting) > 0
    assert "第十七条：尚无承载者" in result.stderr


def test_clauses_finds_a_carrier_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    text = clause_files.content("qingyuan").decode().replace("publicity.publicity_over", "publicity.vanished")
    monkeypatch.setattr(clause_files, "content", lambda name: text.encode())
    assert "第十五条（二）：承载者不存在：element publicity.vanished" in ask("clauses", "qingyuan").stderr


@pytest.mark.parametrize("command", ["workdays 2025-09-26 7", "deadlines qingyuan --year 2026", "clauses qingyuan"])
def test_an_answer_needs_neither_engine_nor_database(command: str) -> None:
    """They take most of the second that an answer may take; what it really takes says `time`."""
    program = (
        "import atexit, click, sys; from web import answers\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "click.Group('jiqun', commands=list(answers.COMMANDS))()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, *command.split()], check=False, capture_output=True, text=True
    )
    assert answer.stdout, answer.stderr
    assert not {"SpiffWorkflow", "sqlalchemy"} & set(answer.stderr.split())


def test_the_program_starts_without_the_engine() -> None:
    program = "import sys, web.answers; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert "click" in loaded
    assert not {"SpiffWorkflow", "sqlalchemy", "lxml", "chinese_calendar"} & set(loaded)
