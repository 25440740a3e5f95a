"""Decision tables held against themselves: rows that hold together, and cases for which none holds."""

from collections.abc import Sequence

import pytest

from engine import bundle, lint
from engine.lint import overlaps, surroundings
from engine.lint.findings import Finding, Report

FILES = bundle.shipped("qingyuan")


def table(rows: Sequence[Sequence[str]], *inputs: str, policy: str = "UNIQUE") -> bytes:
    """A table with these cells, and inputs that are written name or name:type."""
    columns = [(each.partition(":")[0], each.partition(":")[2] or "Any") for each in inputs]
    heads = "".join(
        f'<input id="i{at}" label="{name}"><inputExpression id="e{at}" typeRef="{kind}"><text>{name}</text>'
        "</inputExpression></input>"
        for at, (name, kind) in enumerate(columns)
    )
    rules = "".join(
        f'<rule id="row{at}">'
        + "".join(f'<inputEntry id="c{at}_{n}"><text>{escaped(cell)}</text></inputEntry>' for n, cell in enumerate(row))
        + f'<outputEntry id="o{at}"><text>{at}</text></outputEntry></rule>'
        for at, row in enumerate(rows, 1)
    )
    name = "https://www.omg.org/spec/DMN/20191111/MODEL/"
    return f"""<definitions xmlns="{name}" id="d" name="表" namespace="https://x.example">
<decision id="size" name="表"><decisionTable id="t" hitPolicy="{policy}">{heads}<output id="o" name="n"/>{rules}
</decisionTable></decision></definitions>""".encode()


def judged(rows: Sequence[Sequence[str]], *inputs: str, policy: str = "UNIQUE", **more: bytes) -> list[Finding]:
    """What is found of it beside the regime's numbers."""
    files = {"regime.toml": FILES["regime.toml"], "size.dmn": table(rows, *inputs, policy=policy), **more}
    around = surroundings.read(files)
    report = Report("size.dmn")
    overlaps.check(report, around.tables["size.dmn"], around)
    return report.findings


def escaped(cell: str) -> str:
    return cell.replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize(
    ("rows", "both"),
    [
        ([["< 20"], [">= 20"]], None),
        ([["<= 20"], [">= 20"]], ("第 1 行与第 2 行", "staff为 20")),
        ([["< 20"], ["-"]], ("第 1 行与第 2 行", "staff为 19")),
        ([["10 <= ? and ? <= 30"], ["> 30"], ["? in (5, 30)"]], ("第 1 行与第 3 行", "staff为 30")),
        ([["? < limit('area_km2')"], ["? >= 0"]], ("第 1 行与第 2 行", "staff为 0")),
        ([["? != 7"], ["7"]], None),
    ],
)
def test_rows_that_hold_together_are_told_with_both_and_an_example(
    rows: list[list[str]], both: tuple[str, str] | None
) -> None:
    found = [each for each in judged(rows, "staff") if each.rule == "dmn-overlap"]
    if both is None:
        assert found == []
    else:
        (only,) = found
        assert only.severity == "error"
        assert all(part in only.message for part in both)
        assert "请改窄其中一行" in only.message


def test_two_columns_overlap_only_where_both_do() -> None:
    apart = [["< 20", '"a"'], ["< 30", '"b"'], [">= 30", "-"], ["? >= 20 and ? < 30", '"a"']]
    assert [each.rule for each in judged(apart, "staff", "kind")] == ["dmn-gap"]  # another kind, below 30
    together = [["< 20", '"a"'], ["< 30", '? in ("a", "b")']]
    told = [each for each in judged(together, "staff", "kind") if each.rule == "dmn-overlap"]
    assert [each.element for each in told] == ["row2"]
    assert "staff为 19、kind为 a" in told[0].message


def test_a_case_without_a_row_is_told_by_example_and_only_once() -> None:
    found = judged([["< 20"], ["> 20"]], "staff", policy="FIRST")
    assert [(each.rule, each.severity, each.element) for each in found] == [("dmn-gap", "warning", "t")]
    assert "没有一行适用于staff为 20" in found[0].message
    assert judged([["< 20"], [">= 20"]], "staff", policy="FIRST") == []


def test_between_two_whole_numbers_nothing_is_missing() -> None:
    rows = [["<= 20"], [">= 21"]]
    assert judged(rows, "staff:integer") == []
    assert [each.rule for each in judged(rows, "staff:number")] == ["dmn-gap"]  # 20.5


def test_a_question_with_choices_is_tried_with_these_alone() -> None:
    rows = [['"accept"'], ['"return"'], ['"refuse"']]
    decision = surroundings.read(FILES).forms["acceptance"]
    assert decision is not None
    assert decision.choices("decision") == ["accept", "return", "refuse"]
    found = judged(rows, "decision", **{"forms/acceptance.json": FILES["forms/acceptance.json"]})
    assert found == []
    assert [each.rule for each in judged(rows, "decision")] == ["dmn-gap"]  # without the form, it may be anything


def test_what_cannot_be_told_apart_is_left_alone() -> None:
    assert judged([["? > other"], ["-"]], "staff") == []  # another's value is not known
    assert judged([["< today()"], ["-"]], "day") == []  # of the day
    assert judged([["< 5"], ["< 6"]], "staff", policy="COLLECT") == []  # several rows are what it is for
    assert judged([["< 5", "> 8"], ["< 6", "-"]], "staff", "staff + 1") == []  # two columns of one number


def test_a_shipped_table_contradicts_itself_nowhere() -> None:
    found = lint.problems(FILES, only={"criteria.dmn"}, dry_run=False)
    assert [each for each in found if each.rule in ("dmn-overlap", "dmn-gap")] == []
