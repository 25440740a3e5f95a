"""`jiqun new-regime` writes what the common diagrams ask for, says what is to be filled in, and takes no name twice."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config import regime as regime_files
from engine import bundle, lint, skeleton
from tests import fifth
from web.check import check
from web.new_regime import new_regime


def ask(*arguments: str | Path) -> Result:
    return CliRunner().invoke(new_regime, list(map(str, arguments)))


def test_two_files_are_written_and_named(tmp_path: Path) -> None:
    result = ask("henan", "--folder", tmp_path)
    assert result.exit_code == 0, result.stderr
    written = [tmp_path / "config" / folder / "henan.toml" for folder in ("regimes", "clauses")]
    assert result.stdout.split() == list(map(str, written))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == sorted(written)
    assert "请填写" in result.stderr


def test_the_skeleton_has_every_number_and_a_word_for_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = fifth.folders(tmp_path, monkeypatch)
    assert ask("henan", "--folder", tree).exit_code == 0
    files = bundle.shipped("henan")
    found = lint.problems(files)
    assert {(finding.rule, finding.severity) for finding in found} == {("unfilled", "warning")}
    numbers = files["regime.toml"].decode()
    for blank in ("title", "source", "bureau", "short"):
        assert f'{blank} = "请填写' in numbers


def test_a_common_step_with_a_new_number_asks_every_later_skeleton_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = {name: tmp_path / name.replace("/", "_") for name in bundle.common()}
    for name, path in bundle.common().items():
        text = path.read_bytes()
        common[name].write_bytes(text.replace(b'name="limit" value="acceptance"', b'name="limit" value="reception"'))
    monkeypatch.setattr(bundle, "common", lambda: common)
    text = skeleton.files("henan", date(2025, 1, 1))["config/regimes/henan.toml"]
    assert "\nreception = { working_days = " in text
    assert "\nacceptance = " not in text


@pytest.mark.parametrize("name", ["Henan", "1a", "he-nan", "河南", "", "a.b", "../a", "henan\n", "_a"])
def test_a_name_that_no_file_can_have_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    result = ask("--folder", tmp_path, "--", name)
    assert result.exit_code == 2
    assert "应以小写英文字母开头" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*regime_files.names(), "forms", "letters", "documents"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    result = ask(name, "--folder", tmp_path)
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert f"名称 {name} 已被使用" in result.stderr


def test_what_was_written_before_is_not_overwritten(tmp_path: Path) -> None:
    assert ask("henan", "--folder", tmp_path).exit_code == 0
    (tmp_path / "config" / "regimes" / "henan.toml").unlink()
    kept = tmp_path / "config" / "clauses" / "henan.toml"
    kept.write_text("mine", encoding="utf-8")
    result = ask("henan", "--folder", tmp_path)
    assert result.exit_code == 2
    assert "已经存在" in result.stderr
    assert kept.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "config" / "regimes" / "henan.toml").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file", encoding="utf-8")
    result = ask("henan", "--folder", tmp_path)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


# ---- a regime that lacks something is found in the tree ------------------------------------------


LIMITS = fifth.RULES[fifth.RULES.index("[limits]") : fifth.RULES.index("[periods")]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('first_review = { working_days = 6, clause = "第六条" }\n', "", "unknown-limit 没有时限 first_review"),
        ("[periods.publicity]", "[periods.display]", "unknown-period 没有 publicity"),
        ("area_km2 = {", "area = {", "unknown-threshold 没有 area_km2"),
        (
            "[limits]\n",
            "[limits]\nsurvey = { working_days = 2, basis = 'setting' }\n",
            "dead-number limits.survey 没有",
        ),
        ('output = "第四条"\n', "", "dead-number thresholds.output_100m_yuan 没有"),
        ("[limits]", "[limit]", "regime limit 不是可用的项，是否想写 limits？"),
        (LIMITS, "", "regime 请写明 [limits]"),
    ],
)
def test_the_check_finds_a_regime_that_lacks_a_number_or_has_one_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, told: str
) -> None:
    tree = fifth.added(tmp_path, monkeypatch)
    file = tree / "config" / "regimes" / f"{fifth.NAME}.toml"
    assert fifth.RULES.count(old) == 1
    file.write_text(fifth.RULES.replace(old, new), encoding="utf-8")
    result = CliRunner().invoke(check, ["--fast"], catch_exceptions=False)
    assert result.exit_code == 1
    rule, _, said = told.partition(" ")
    assert [line for line in result.stdout.splitlines() if f'"rule": "{rule}"' in line and said in line], result.stdout


def test_the_check_finds_a_clause_that_nobody_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = fifth.added(tmp_path, monkeypatch)
    file = tree / "config" / "clauses" / f"{fifth.NAME}.toml"
    more = '\n[[clause]]\nclause = "第九条"\ngist = "考核集群"\nactor = "云区"\n'
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    result = CliRunner().invoke(check, ["--fast"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "第九条（考核集群）无人承载" in result.stdout
