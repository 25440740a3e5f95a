"""The numbers of a regime as questions: nothing moves that was not answered otherwise, and nothing wrong gets in."""

from dataclasses import replace
from difflib import ndiff

import pytest

from config import regime as regimes
from engine import bundle, lint
from engine.errors import FormInvalid
from engine.workshop import numbers, toml_edits

SHANTOU = bundle.shipped("shantou")
NATIONAL = bundle.shipped("national")


def changed(files: bundle.Files, given: dict[str, str]) -> list[str]:
    """The lines that these answers take away and put in."""
    made = numbers.saved(files, given).decode().splitlines()
    return [line for line in ndiff(files["regime.toml"].decode().splitlines(), made) if line[0] in "+-"]


def refused(given: dict[str, str], files: bundle.Files = SHANTOU) -> list[tuple[str, str, str]]:
    with pytest.raises(FormInvalid) as refusal:
        numbers.saved(files, given)
    return [(each.field, each.code, str(each.message)) for each in refusal.value.problems]


@pytest.mark.parametrize("regime", bundle.regimes())
def test_answering_everything_as_it_is_leaves_every_regime_byte_for_byte(regime: str) -> None:
    files = bundle.shipped(regime)
    asked = [knob for part in numbers.sections(files, files) for entry in part.entries for knob in entry.knobs]
    assert len(asked) > 100
    assert [knob.name for knob in asked if knob.in_force is not None] == []
    assert numbers.saved(files, {knob.name: knob.value for knob in asked}) == files["regime.toml"]


def test_every_number_of_the_file_is_asked() -> None:
    """Whatever the file says is a knob, or is fixed: the regime's name, its bureau, the units, and who decided."""
    asked = {knob.name for part in numbers.sections(NATIONAL) for entry in part.entries for knob in entry.knobs}
    said = {name for name in _leaves(toml_edits.plain(NATIONAL["regime.toml"])) if not name.endswith(".basis")}
    assert said - asked == {"name", "bureau"} | {name for name in said if name.endswith(".unit")}


def test_one_number_changes_one_line_and_keeps_its_comment() -> None:
    assert changed(
        SHANTOU, {"thresholds.area_km2.value": "120 平方公里", "limits.decision.working_days": "１２工作日"}
    ) == [
        '- area_km2 = { value = "100", unit = "平方公里", clause = "二（二）2" }',
        '+ area_km2 = { value = "120", unit = "平方公里", clause = "二（二）2" }',
        '- decision = { working_days = 10, basis = "setting" }',
        '+ decision = { working_days = 12, basis = "setting" }',
    ]
    comment = "               # 四（二）: three years, 2028-03-11 is the last day (民法典 第二百零二条)"
    assert changed(SHANTOU, {"in_force_until": "2029年3月11日"}) == [
        f"- in_force_until = 2028-03-11{comment}",
        f"+ in_force_until = 2029-03-11{comment}",
    ]


def test_a_clause_takes_the_place_of_the_bureaus_own_decision_and_back() -> None:
    lines = changed(SHANTOU, {"renewal.clause": "三（四）", "rounds.clause": "", "limits.decision.clause": "二（三）"})
    assert lines == [
        '- clause = "二（一）"',
        '+ basis = "setting"',
        '- decision = { working_days = 10, basis = "setting" }',
        '+ decision = { working_days = 10, clause = "二（三）" }',
        '- basis = "setting"',
        '+ clause = "三（四）"',
    ]


def test_what_may_be_left_out_comes_and_goes() -> None:
    lines = changed(
        SHANTOU, {"grounds.change.days_after": "15", "ladders.expiry.escalate_from": "", "ladders.task.at": "08:30"}
    )
    assert lines == [
        '- change = { clause = "三（三）4" }',
        '+ change = { clause = "三（三）4", days_after = 15 }',
        "- escalate_from = 30",
        '+ at = "08:30"',
    ]


def test_a_number_in_another_unit_is_refused_by_name_with_the_way_out() -> None:
    wrong = {"thresholds.area_km2.value": "120亩", "limits.acceptance.working_days": "2 周"}
    assert refused({**wrong, "periods.publicity.working_days": "7天"}) == [
        (
            "thresholds.area_km2.value",
            "unit",
            "“集群占地面积”的数值以平方公里计，您写的单位是“亩”；请换算成平方公里后只填数字",
        ),
        (
            "limits.acceptance.working_days",
            "unit",
            "“受理”的时限以工作日计，您写的单位是“周”；请换算成工作日后只填数字",
        ),
        (
            "periods.publicity.working_days",
            "unit",
            "“公示”的时限以工作日计，您写的单位是“天”；请换算成工作日后只填数字",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "text", "code", "why"),
    [
        ("thresholds.area_km2.value", "很大", "number", "应为数字"),
        ("thresholds.sme_share_pct.value", "170", "number", "0 至 100"),
        ("limits.decision.working_days", "0", "number", "1 至 1000"),
        ("limits.decision.working_days", "2.5", "number", "整数"),
        ("validity.years", "", "required", "不能留空"),
        ("thresholds.area_km2.clause", "", "required", "不能留空"),
        ("in_force_from", "2026-02-30", "date", "存在的日期"),
        ("objections.upheld", "ignore", "choice", "可用的有"),
        ("ladders.task.working_days", "3、x", "number", "整数"),
        # what only the whole file shows
        ("ladders.task.escalate_from", "2", "regime", "应为 working_days 中的一级"),
        ("obligations.annual_report.month", "2", "regime", "obligations.annual_report.day"),  # the 31st of February
        ("in_force_from", "2030-01-01", "regime", "早于"),
        ("register.number", "{year}", "regime", "各一次"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_its_reason(name: str, text: str, code: str, why: str) -> None:
    ((field, found, message),) = refused({name: text})
    assert found == code
    assert why in message
    assert field == name
    assert numbers.checked(SHANTOU, name, text) == message  # as it is typed


def test_a_closing_time_of_a_notice_is_read_in_shanghai() -> None:
    assert "2022-10-14T18:00:00+08:00" in changed(NATIONAL, {"closings.0.at": "2022年10月14日 18:00"})[1]


def test_what_is_in_force_stands_beside_what_the_draft_has() -> None:
    draft = {**SHANTOU, "regime.toml": numbers.saved(SHANTOU, {"thresholds.area_km2.value": "120"})}
    entries = {entry.id: entry for part in numbers.sections(draft, SHANTOU) for entry in part.entries}
    assert [entry.id for entry in entries.values() if entry.changed] == ["thresholds.area_km2"]
    knob = entries["thresholds.area_km2"].knobs[0]
    assert (knob.value, knob.unit, knob.in_force) == ("120", "平方公里", "100")


def test_a_step_can_get_a_time_limit_of_its_own() -> None:
    made = numbers.limit_added(SHANTOU["regime.toml"], "second_opinion", "3", "")
    assert regimes.load(made).limits["second_opinion"] == replace(
        regimes.load(SHANTOU["regime.toml"]).limits["decision"], working_days=3
    )
    assert made.replace(b'second_opinion = { working_days = 3, basis = "setting" }\n', b"") == SHANTOU["regime.toml"]
    for name, code in (("decision", "same"), ("publicity", "same"), ("第二意见", "name")):
        with pytest.raises(FormInvalid) as refusal:
            numbers.limit_added(SHANTOU["regime.toml"], name, "3", "")
        assert [each.code for each in refusal.value.problems] == [code]


def test_a_threshold_whose_file_has_another_unit_is_not_deployed() -> None:
    bad = SHANTOU["regime.toml"].replace(
        'value = "100", unit = "平方公里"'.encode(), 'value = "100", unit = "亩"'.encode()
    )
    found = lint.problems({**SHANTOU, "regime.toml": bad}, only=["regime.toml"], dry_run=False)
    assert [(each.rule, each.severity) for each in found] == [("regime", "error")]
    assert "thresholds.area_km2 应以平方公里计" in found[0].message


def _leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}" if path else key)]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for at, inner in enumerate(value) for leaf in _leaves(inner, f"{path}.{at}")]
    return [path]
