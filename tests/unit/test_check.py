"""`jiqun check` speaks JSON lines, tells errors by its exit status, and takes files as they come."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine import bundle as bundles
from engine import criteria, lint
from engine.lint import dmn as lint_dmn
from tests.bundles import bundle
from tests.planted import chosen, examined, waited
from web.check import check

KEYS = ["file", "line", "element", "rule", "severity", "message"]


def run(*paths: Path | str, fast: bool = True) -> Result:
    return CliRunner().invoke(check, [*(["--fast"] if fast else []), *map(str, paths)], catch_exceptions=False)


def findings(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_what_ships_is_sound_and_runs() -> None:
    result = run(fast=False)
    assert (result.exit_code, result.stdout) == (0, "")


def without_section(text: str, header: str) -> str:
    return re.sub(rf"(?m)^{re.escape(header)}.*\n(?:(?!\[).*\n)*", "", text, count=1)


def told(regime: str, text: str, **more: bytes) -> set[tuple[str, str]]:
    """What the check says of a shipped regime whose numbers are written otherwise: rule and sentence."""
    files = {**bundles.shipped(regime), "regime.toml": text.encode(), **more}
    return {(found.rule, found.message) for found in lint.problems(files, dry_run=False)}


@pytest.mark.parametrize("regime", bundles.regimes())
def test_a_number_that_a_diagram_asks_for_and_the_regime_lacks_is_found(regime: str) -> None:
    text = bundles.shipped(regime)["regime.toml"].decode()
    assert told(regime, text) == set()
    lacking = re.sub(r"(?m)^(draft_list|output_100m_yuan) = .*\n", "", without_section(text, "[periods.publicity]"))
    found = "\n".join(sorted(f"{rule}: {message}" for rule, message in told(regime, lacking)))
    assert "unknown-limit: 规则体系" in found
    assert "没有时限 draft_list" in found
    assert re.search(r"unknown-threshold: .*output_100m_yuan", found), found
    assert re.search(r"unknown-period: .*publicity", found), found


@pytest.mark.parametrize("regime", bundles.regimes())
def test_a_number_that_nothing_reads_and_a_clause_that_nobody_carries_are_found(regime: str) -> None:
    files = bundles.shipped(regime)
    text = (
        files["regime.toml"]
        .decode()
        .replace("[limits]", '[limits]\nsurvey = { working_days = 5, basis = "setting" }', 1)
    )
    duty = '\n[[clause]]\nclause = "第九十九条"\ngist = "举行听证"\nactor = "主管部门"\n'
    found = told(regime, text, **{"clauses.toml": files["clauses.toml"] + duty.encode()})
    assert {rule for rule, _ in found} == {"dead-number", "clauses"}
    assert all("limits.survey" in message or "第九十九条（举行听证）无人承载" in message for _, message in found)


def test_a_closing_moment_that_no_call_asks_about_is_found() -> None:
    common = (bundles.FOLDER / "forms" / "call_notice.json").read_bytes()
    text = bundles.shipped("national")["regime.toml"].decode()
    found = told("national", text, **{"forms/call_notice.json": common})
    dead = {message for rule, message in found if rule == "dead-number"}
    assert {re.sub(r"；.*", "", message) for message in dead} == {
        f"[[closings]] 的 {level} 没有用处：申报通知的表单没有字段 {level}_closes_at" for level in ("city", "province")
    }


@pytest.mark.parametrize("header", ["[paper.city]", "[paper.province]"])
def test_papers_that_are_to_be_sent_and_are_nowhere_said_are_found(header: str) -> None:
    text = bundles.shipped("national")["regime.toml"].decode()
    (found,) = told("national", without_section(text, header))
    assert (found[0], header in found[1]) == ("act-without-rule", True)


def test_an_error_is_a_json_line_and_exit_status_one(tmp_path: Path) -> None:
    folder = written(tmp_path, bundle(waited("P7D")))
    result = run(folder)
    assert result.exit_code == 1
    (found,) = findings(result)
    assert list(found) == KEYS
    expected = {"file": f"{folder}/application.bpmn", "element": "publicity", "rule": "timer", "severity": "error"}
    assert expected.items() <= found.items()


def test_a_warning_alone_is_exit_status_zero(tmp_path: Path) -> None:
    result = run(written(tmp_path, bundle(examined(name="examine"))))
    assert result.exit_code == 0
    assert [found["severity"] for found in findings(result)] == ["warning"]


def test_a_diagram_by_itself_may_have_any_name_and_stands_in_no_clauses_yet(tmp_path: Path) -> None:
    sound = examined(form="acceptance", variables="decision").exclusive("ok", "是否受理")
    sound.flows[1].target = "ok"
    sound.flow("ok", "done", default=True).flow("ok", "examine", "decision == 'return'")
    path = tmp_path / "trial of mine.bpmn"
    path.write_bytes(sound.text())
    result = run(path)
    assert (result.exit_code, result.stdout) == (0, "")
    path.write_bytes(sound.text().replace(b"acceptance", b"acceptances"))
    (found,) = findings(run(path))
    assert (found["rule"], found["file"]) == ("unknown-form", path.as_posix())


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.bpmn", b"<!DOCTYPE x><x/>", "doctype"),
        ("a.dmn", b"<x/>", "wrong-root"),
        ("a.json", b"[]", "form"),
        ("a.txt", b"\n", "letter"),
        ("regime.toml", b"name = ", "regime"),
        ("clauses.toml", b"name = 1", "clauses"),
    ],
)
def test_every_kind_of_file_is_checked_by_itself(tmp_path: Path, name: str, content: bytes, rule: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 1
    assert {found["rule"] for found in findings(result)} == {rule}
    assert {found["file"] for found in findings(result)} == {path.as_posix()}


def test_files_given_together_know_each_other(tmp_path: Path) -> None:
    written(tmp_path, bundle(chosen(None).start("again")))
    (tmp_path / "regime.toml").unlink()
    (tmp_path / "clauses.toml").unlink()
    by_folder = {(found["rule"], found["element"]) for found in findings(run(tmp_path))}
    by_file = {
        (found["rule"], found["element"])
        for found in findings(run(*tmp_path.glob("*.bpmn"), *tmp_path.glob("forms/*")))
    }
    assert (
        by_folder
        == by_file
        == {("condition-missing", "ok_to_examine"), ("start-count", "again"), ("dead-end", "again")}
    )


def test_a_change_in_a_shipped_folder_is_found(tmp_path: Path) -> None:
    (regime, *_) = bundles.regimes()
    folder = written(tmp_path, dict(bundles.shipped(regime)))
    assert run(folder).exit_code == 0
    (folder / "letters" / "returned.txt").unlink()
    assert {found["rule"] for found in findings(run(folder))} >= {"unknown-letter"}


@pytest.mark.parametrize("name", ["nowhere.bpmn", "picture.png", "empty"])
def test_what_cannot_be_checked_is_one_line_and_exit_status_two(tmp_path: Path, name: str) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr


def test_the_check_knows_the_same_facts_as_the_precheck() -> None:
    assert lint_dmn.FACT_NAMES == criteria.NAMES


def test_the_regimes_folder_shadows_the_common_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (regime, *_) = bundles.regimes()
    shutil.copytree(bundles.FOLDER, tmp_path / "processes")
    monkeypatch.setattr(bundles, "FOLDER", tmp_path / "processes")
    common = bundles.shipped(regime)
    own = written(tmp_path / "processes" / regime, {"publicity.bpmn": b"<own/>"})
    assert bundles.shipped(regime) == {**common, "publicity.bpmn": b"<own/>"}
    assert bundles.sources(regime)["publicity.bpmn"] == own / "publicity.bpmn"


def test_a_common_diagram_that_nothing_calls_is_not_in_the_bundle() -> None:
    holds = {
        regime: {name for name in bundles.shipped(regime) if name.endswith(".bpmn")} for regime in bundles.regimes()
    }
    assert "expert_review.bpmn" in holds["qingyuan"]
    assert "expert_review.bpmn" not in holds["national"]
    assert "recommendation.bpmn" not in holds["qingyuan"]


def test_the_hash_tells_apart_what_only_moves_between_name_and_content() -> None:
    assert bundles.content_hash({"a": b"bc"}) != bundles.content_hash({"ab": b"c"})
    assert bundles.content_hash({"a": b"1", "b": b"2"}) == bundles.content_hash({"b": b"2", "a": b"1"})
