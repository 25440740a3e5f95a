"""What a regime has otherwise in a form: fields taken away, added, worded anew; and indicators from a table."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.errors import RegimeInvalid
from engine import bundle, form_changes, forms, indicators, lint

ROOT = bundle.FOLDER
REGIMES = bundle.regimes()
COMMON = (ROOT / "forms" / "application.json").read_bytes()


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    made = form_changes.applied(COMMON, json.dumps(changes).encode(), "application.changes.json")
    assert forms.form_problems(made) == []
    document: dict[str, Any] = json.loads(made)
    return document


def test_a_title_is_worded_anew_and_all_else_stays() -> None:
    made = changed({"title": "另一张申报表"})
    common = json.loads(COMMON)
    assert made.pop("title") == "另一张申报表"
    assert common.pop("title") == "中小企业特色产业集群申报表"
    assert made == common


def test_a_field_that_goes_leaves_nothing_behind() -> None:
    made = changed({"properties": {"above_scale_share": None}})
    assert "above_scale_share" not in json.dumps(made)
    assert "output" in made["required"]


def test_a_rule_for_several_fields_holds_for_those_that_are_left() -> None:
    made = changed({"properties": {"fdi_growth": None, "sme_count": None}})
    (years,) = (rule for rule in made["x-rules"] if rule["rule"] == "years_before")
    assert "fdi_growth" not in years["fields"]
    assert "export_growth" in years["fields"]
    assert not [rule for rule in made["x-rules"] if rule["rule"] == "not_above"], "it compared sme_count"


def test_a_kind_that_only_the_gone_field_used_goes_with_it() -> None:
    made = changed({"properties": {"cluster_name": None}})
    assert "cluster_name" not in made["$defs"]


def test_a_new_field_has_its_section_and_may_be_asked_for() -> None:
    made = changed({
        "properties": {"founded": {"$ref": "#/$defs/line", "title": "集群成立时间"}},
        "required": ["founded"],
        "x-ui": {"sections": [{"id": "summary", "title": "推荐汇总表", "fields": ["founded"]}]},
    })  # fmt: skip
    assert made["x-ui"]["sections"][-1]["fields"] == ["founded"]
    assert made["x-ui"]["sections"][0]["id"] == "cover"
    assert made["required"][0] == "application_year"
    assert made["required"][-1] == "founded"
    assert list(made["properties"])[-1] == "founded"


def test_a_new_field_stands_behind_the_one_named_before_it() -> None:
    made = changed({
        "properties": {"niche": {}, "founded": {"$ref": "#/$defs/line", "title": "集群成立时间"}},
        "x-ui": {"sections": [{"id": "summary", "title": "推荐汇总表", "fields": ["founded"]}]},
    })  # fmt: skip
    fields = list(made["properties"])
    assert fields[fields.index("niche") + 1] == "founded"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (b'{"properties": {"area_km": null}}', "改动的字段 area_km 不在共用表单里"),
        (b'{"properties": {"aera_km2": {"title": "x"}}}', "改动的字段 aera_km2 不在共用表单里"),
        (b"[]", "最外层应是一个对象"),
        (b'{"title": ', "不是合法的 JSON"),
    ],
)
def test_changes_to_nothing_are_refused_by_name(changes: bytes, said: str) -> None:
    with pytest.raises(RegimeInvalid, match=said):
        form_changes.applied(COMMON, changes, "application.changes.json")


@pytest.mark.parametrize("regime", REGIMES)
def test_every_form_of_every_regime_is_sound(regime: str) -> None:
    files = bundle.shipped(regime)
    assert {name: forms.form_problems(content) for name, content in files.items() if name.startswith("forms/")} == {
        name: [] for name in files if name.startswith("forms/")
    }


@pytest.mark.parametrize("path", sorted(ROOT.glob(f"*/forms/*{form_changes.ENDING}")), ids=str)
def test_what_is_called_a_change_is_one(path: Path) -> None:
    """A line that says what the common form says already would hide the next change of the common form."""
    common = json.loads((ROOT / "forms" / path.name.replace(form_changes.ENDING, ".json")).read_bytes())
    wanted = json.loads(path.read_bytes())
    assert list(_idle(common, wanted, "")) == []


def _idle(common: Any, wanted: dict[str, Any], at: str) -> Any:
    for key, value in wanted.items():
        there = common.get(key) if isinstance(common, dict) else None
        if isinstance(value, dict) and isinstance(there, dict):
            yield from _idle(there, value, f"{at}/{key}")
        elif value is not None and value == there:
            yield f"{at}/{key}"


def test_a_regimes_own_file_is_known_from_a_whole_form() -> None:
    assert bundle.is_composed(bundle.sources("qingyuan")["forms/application.json"])
    assert not bundle.is_composed(bundle.sources("qingyuan")["forms/panel.json"])


# ---- the indicators of a score sheet, as a table ---------------------------------------------------

SHEET = (ROOT / "forms" / "score_sheet.json").read_bytes()
HEAD = ",".join(indicators.COLUMNS)
FIRST = "first,产业地位,60,位居前列的记满分,二（二）2,Standing,Full marks for the first"
SECOND = 'second,"规划，目标",40,有规划的记满分,二（二）9,Plan,Full marks with a plan'


def sheet(*lines: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(indicators.applied(SHEET, "\r\n".join(lines).encode("utf-8-sig"), "a.csv"))
    return document


def test_a_table_replaces_the_indicators_of_the_common_sheet() -> None:
    made = sheet(HEAD, FIRST, SECOND)
    assert forms.form_problems(json.dumps(made).encode()) == []
    scored = {name: field for name, field in made["properties"].items() if "x-score" in field}
    assert {name: (field["title"], field["x-score"]["weight"]) for name, field in scored.items()} == {
        "score_first": ("产业地位", "60"),
        "score_second": ("规划，目标", "40"),
    }
    assert scored["score_first"]["description"] == "位居前列的记满分（二（二）2）"
    assert scored["score_first"]["x-i18n"]["en"]["title"] == "Standing"
    assert {"score_first", "score_second", "conclusion"} <= set(made["required"])
    assert "本局拟定" in made["description"]


def test_weights_that_are_not_a_hundred_together_are_found_where_forms_are() -> None:
    made = json.dumps(sheet(HEAD, FIRST)).encode()
    assert [why for _, why in forms.form_problems(made)] == ["各项 x-score 的权重合计应为 100，现为 60"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((HEAD, FIRST, FIRST), "第 3 行的编号 first 重复"),
        ((HEAD, "first,产业地位,60"), "第 2 行应有 7 栏"),
        ((HEAD, FIRST.replace("位居前列的记满分", " ")), "第 2 行应有 7 栏，都不能空着"),
        ((FIRST,), "表头应为 编号、指标、权重"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_row(lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(RegimeInvalid, match=said):
        sheet(*lines)


def test_a_table_in_another_encoding_is_told_what_to_do() -> None:
    with pytest.raises(RegimeInvalid, match="另存为"):
        indicators.applied(SHEET, HEAD.encode("gb18030"), "a.csv")


def test_a_detailed_indicator_system_ships_and_says_whose_it_is() -> None:
    made = json.loads(bundle.shipped("shantou")["forms/score_sheet.json"])
    clauses = {
        field["description"].rpartition("（二（二）")[2] for field in made["properties"].values() if "x-score" in field
    }
    assert clauses == {f"{number}）" for number in range(1, 10)}, "every condition is scored"
    assert "本局拟定" in made["description"]


@pytest.mark.parametrize("regime", REGIMES)
def test_a_regime_needs_no_numbers_of_rows_that_are_not_its_own(regime: str) -> None:
    files = dict(bundle.shipped(regime))
    assert list(lint.problems(files, only={"criteria.dmn", "regime.toml"}, dry_run=False)) == []
    rows = json.dumps(files["regime.toml"].decode())
    own = next(row for row in ("patents_both", "patents_either") if row in rows)
    files["regime.toml"] = files["regime.toml"].replace(b"patents_per_10k =", b"patents_per_1k =")
    found = lint.problems(files, only={"criteria.dmn"}, dry_run=False)
    assert {(finding.rule, finding.element) for finding in found} == {
        ("unknown-threshold", f"{own}_threshold_cell"),
        ("unknown-threshold", f"{own}_met_cell"),
    }


def test_the_check_reads_the_forms_as_they_are_deployed() -> None:
    found = lint.problems(bundle.shipped("shantou"), only={"forms/score_sheet.json"}, dry_run=False)
    assert [finding.message for finding in found] == []
