"""The commands that only answer: what they print, and with which exit status."""

import json
import subprocess
import sys
from decimal import Decimal
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
        "computed": None,
        "differs": False,
        "relaxed": None,
    }


# The example of the interface, which is a cluster of 清远, before all four texts: what it does not meet, and what
# nobody can tell from it.
EXAMPLE = {
    "area_km2": "86.4",
    "output_100m_yuan": {"2022": "21.3", "2023": "22.9", "2024": "24.1"},
    "sme_share_pct": "70",
    "leading_share_pct": "60.01",
    "output_growth_pct": "5.2",
    "champions_and_giants": 0,
    "quality_smes": {"high_tech": 2, "specialised": 1, "innovative": 1, "chain_leader": 1, "champion": 0},
    "above_scale_share_pct": "12",
    "rd_growth_pct": "5.1",
    "patent_growth_pct": "4",
    "patents_per_10k": "5",
    "industrial_internet_pct": "10",
    "co2_intensity": {"2022": "0.91", "2023": "0.88", "2024": "0.80"},
    "energy_intensive": False,
    "energy_benchmark_met": None,
    "water_intensive": False,
    "water_benchmark_met": None,
    "no_major_incidents": True,
    "no_violations": True,
    "plan_provided": True,
    "higher_level_recognition": None,
}


@pytest.mark.parametrize(
    ("regime", "fails", "reviews"),
    [
        ("qingyuan", "", ""),
        (
            "shantou",
            "output sme_share leading_share output_growth quality_smes rd_growth patents industrial_internet",
            "industrial_software",
        ),
        ("guangxi", "output output_growth quality_smes rd_growth patents", "industrial_software"),
        (
            "national",
            "prerequisite output leading_share output_growth quality_smes rd_growth patents industrial_internet",
            "industry_permitted industrial_software",
        ),
    ],
)
def test_one_cluster_is_held_against_each_of_the_four_texts(
    tmp_path: Path, regime: str, fails: str, reviews: str
) -> None:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(EXAMPLE), encoding="utf-8")
    result = ask("precheck", regime, str(path))
    found = {row["criterion"]: row["verdict"] for row in json.loads(result.stdout)}
    assert [criterion for criterion, verdict in found.items() if verdict == "fail"] == fails.split()
    assert [criterion for criterion, verdict in found.items() if verdict == "review"] == reviews.split()
    assert result.exit_code == (1 if fails else 0)


def test_precheck_shows_the_average_beside_the_one_that_was_stated(tmp_path: Path) -> None:
    result = ask("precheck", "qingyuan", facts(tmp_path, output_growth_pct="5.2"))
    (growth,) = [row for row in json.loads(result.stdout) if row["criterion"] == "output_growth"]
    assert (growth["verdict"], growth["computed"], growth["differs"]) == ("pass", "6.37", True)
    assert result.exit_code == 0


@pytest.mark.parametrize("area", ["1,024.50", "１，０２４．５０", 1024.5])
def test_precheck_reads_numbers_as_people_type_them(tmp_path: Path, area: Any) -> None:
    result = ask("precheck", "guangxi", facts(tmp_path, area_km2=area))
    (found,) = [row for row in json.loads(result.stdout) if row["criterion"] == "area"]
    assert Decimal(found["value"]) == Decimal("1024.5")


def test_precheck_names_the_unit_of_a_number_that_brings_its_own(tmp_path: Path) -> None:
    outputs = {"2022": "30", "2023": "31", "2024": "30亿"}
    message = refused("precheck", "shantou", facts(tmp_path, output_100m_yuan=outputs))
    assert "output_100m_yuan.2024 应为十进制数（以亿元计，不写单位" in message
    assert "'30亿'" in message


def test_precheck_fails_only_where_a_criterion_fails(tmp_path: Path) -> None:
    assert ask("precheck", "qingyuan", facts(tmp_path, area_km2="100.01")).exit_code == 1
    assert ask("precheck", "qingyuan", facts(tmp_path, area_km2=None)).exit_code == 0, "a review is not a failure"


def test_precheck_names_the_fact_it_does_not_know(tmp_path: Path) -> None:
    assert "没有名为 aera_km2 的指标" in refused("precheck", "qingyuan", facts(tmp_path, aera_km2="86"))
    assert "sme_share_pct 应为十进制数" in refused("precheck", "qingyuan", facts(tmp_path, sme_share_pct="most"))
    (tmp_path / "gbk.json").write_bytes('{"计划": 1}'.encode("gb18030"))
    assert "不是 UTF-8" in refused("precheck", "qingyuan", str(tmp_path / "gbk.json"))


@pytest.mark.parametrize("regime", ["qingyuan", "shantou", "guangxi", "national"])
def test_clauses_tells_of_every_duty_what_carries_it_or_why_nothing_does(regime: str) -> None:
    result = ask("clauses", regime)
    assert (result.exit_code, result.stderr) == (0, "")
    assert all(bool(duty["carriers"]) != bool(duty["outside"]) for duty in json.loads(result.stdout))


def test_clauses_names_what_carries_a_duty() -> None:
    duties = json.loads(ask("clauses", "qingyuan").stdout)
    (publicity,) = [duty for duty in duties if duty["gist"] == "在官方网站公示名单7个工作日"]
    assert publicity["clause"] == "第十五条（二）"
    assert {"kind": "element", "id": "publicity.publicity_over"} in publicity["carriers"]
    assert publicity["outside"] is None


def test_clauses_names_the_other_way_round_what_each_thing_stands_on() -> None:
    result = ask("clauses", "qingyuan", "--carriers")
    assert result.exit_code == 0
    found = {(row["kind"], row["id"]): row for row in json.loads(result.stdout)}
    assert found["element", "publicity.publicity_over"]["clauses"] == ["第十五条（二）"]
    assert found["row", "criteria.area"]["clauses"] == ["第十四条（二）"]
    assert found["obligation", "annual_report"]["clauses"] == ["第十七条", "第十八条（三）"]
    acceptance = found["element", "intake.acceptance"]
    assert (acceptance["clauses"], acceptance["internal"]) == ([], found["letter", "accepted"]["internal"])
    assert acceptance["internal"].startswith("办法未规定受理环节")
    assert found["field", "forward.opinion"]["steps"] == ["filing.forward"]
    assert found["field", "forward.opinion"]["clauses"] == found["element", "filing.forward"]["clauses"] != []
    assert ("field", "second_review.decision") not in found, "a form that no step of this regime uses"


@pytest.mark.parametrize("regime", ["qingyuan", "shantou", "guangxi", "national"])
def test_every_step_field_row_and_date_of_a_regime_names_its_clause_or_its_reason(regime: str) -> None:
    rows = json.loads(ask("clauses", regime, "--carriers").stdout)
    bare = [row["id"] for row in rows if row["kind"] != "letter" and not row["clauses"] and not row["internal"]]
    assert bare == []


def test_clauses_fails_where_a_duty_has_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    duty = '\n[[clause]]\nclause = "第九十九条"\ngist = "举行听证"\nactor = "主管部门"\n'
    text = clause_files.content("qingyuan") + duty.encode()
    monkeypatch.setattr(clause_files, "content", lambda name: text)
    result = ask("clauses", "qingyuan")
    assert result.exit_code == 1
    assert "第九十九条：尚无承载者" in result.stderr


def test_clauses_fails_where_a_step_has_neither_clause_nor_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    text = clause_files.content("qingyuan").decode()
    start = text.index('[[internal]]\nelement = "intake.correct"')
    bare = text[:start] + text[text.index("[[internal]]", start + 1) :]
    monkeypatch.setattr(clause_files, "content", lambda name: bare.encode())
    result = ask("clauses", "qingyuan", "--carriers")
    assert result.exit_code == 1
    assert "intake.correct：没有条款，也没有说明理由" in result.stderr


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
