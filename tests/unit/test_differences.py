"""What changed between two submissions, as the reviewer is shown it."""

import copy
from typing import Any

import pytest

from engine import bundle, differences, forms
from engine.differences import Change
from tests import samples

FORM = forms.parse(bundle.shipped("qingyuan")["forms/application.json"])
FILE, OTHER = "0123456789abcdef0123456789abcdef", "f" * 32


def changed(**answers: Any) -> list[Change]:
    """The changes from the sample's application to one with these answers; None leaves an answer out."""
    return differences.changes(FORM, samples.application_data(), samples.application_data(**answers))


def enterprises() -> list[dict[str, Any]]:
    return copy.deepcopy(samples.application_data()["enterprises"])


def test_the_same_answers_differ_in_nothing() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            {"niche": "汽车车身用铝型材"},
            Change("niche", "“所属细分领域”", "轨道交通车体用铝型材", "汽车车身用铝型材", "line"),
        ),
        (
            {"no_violations": False},
            Change("no_violations", "“不存在偷税漏税、违法违规、严重失信和其他重大问题的行为”", "是", "否", "yes_no"),
        ),
        (
            {"industry_class": "tertiary"},
            Change("industry_class", "“主导产业所属产业类型”", "第二产业", "第三产业", "choice"),
        ),
        ({"area_km2": "90"}, Change("area_km2", "“集群占地面积（平方公里）”", "86.40", "90", "decimal")),
        ({"applied_on": "2025-04-10"}, Change("applied_on", "“申报时间”", "2025年4月9日", "2025年4月10日", "date")),
        (
            {"output": samples.by_year("21.30", "22.90", "25.00")},
            Change("output.2024", "“集群总产值（亿元）”2024 年", "24.10", "25.00", "decimal"),
        ),
        (
            {"target_energy": {"base": "0.42", "goal": "0.36"}},
            Change(
                "target_energy.goal", "“单位工业产值能耗（吨标准煤/万元）”“目标值”", "无", "0.36", "decimal_or_none"
            ),
        ),
    ],
)
def test_an_answer_that_changed_is_shown_as_people_read_it(answers: dict[str, Any], expected: Change) -> None:
    assert changed(**answers) == [expected]


def test_the_same_number_written_otherwise_is_no_change() -> None:
    assert changed(area_km2="86.4") == []


def test_an_answer_that_is_no_longer_asked_for_went() -> None:
    earlier, later = samples.application_data(carbon_monitoring=True), samples.application_data()
    assert [(change.path, change.before, change.after) for change in differences.changes(FORM, earlier, later)] == [
        ("carbon_monitoring", "是", "否")
    ]
    (gone,) = differences.changes(FORM, samples.application_data(), samples.application_data(niche=None))
    assert (gone.before, gone.after) == ("轨道交通车体用铝型材", None)


def test_several_ticks_are_one_answer_and_their_order_says_nothing() -> None:
    before = samples.application_data(sharing_activities=["shared_manufacturing", "shared_factory"])
    after = samples.application_data(sharing_activities=["shared_factory", "shared_manufacturing"])
    assert differences.changes(FORM, before, after) == []
    (change,) = changed(sharing_activities=["joint_procurement"])
    assert change.after == "开展了同类设备和产品的集中采销"
    assert change.before is not None
    assert "、" in change.before
    assert "shared" not in change.before


def test_a_cell_that_changed_is_named_by_its_row_and_column() -> None:
    rows = enterprises()
    rows[1]["staff"] = 333
    (change,) = changed(enterprises=rows)
    assert change == Change("enterprises[1].staff", "“企业发展情况表”第 2 行“上一年从业人员数”", "320", "333", "whole")


def test_a_new_row_is_one_change_and_moves_no_other() -> None:
    new = samples.enterprise("云溪新铝业有限公司（虚构）", staff=51)
    (change,) = changed(enterprises=[new, *enterprises()])
    assert (change.path, change.label, change.before, change.kind) == (
        "enterprises[0]", "“企业发展情况表”第 1 行", None, "row"
    )  # fmt: skip
    assert change.after is not None
    assert change.after.startswith("企业名称：云溪新铝业有限公司（虚构）；")


def test_a_row_that_went_is_one_change_where_it_stood() -> None:
    (change,) = changed(enterprises=enterprises()[1:])
    assert (change.path, change.label, change.after) == ("enterprises[0]", "“企业发展情况表”原第 1 行", None)
    assert change.before is not None
    assert "云溪第一铝业" in change.before


def test_a_row_is_known_by_its_first_column_though_it_moved_and_changed() -> None:
    first, second = enterprises()
    first["rd_staff"] = 44
    (change,) = changed(enterprises=[second, first])
    assert (change.path, change.before, change.after) == ("enterprises[1].rd_staff", "41", "44")


def test_a_renamed_row_is_known_by_its_place() -> None:
    rows = enterprises()
    rows[0]["name"] = "云溪第一新材料有限公司（虚构）"
    (change,) = changed(enterprises=rows)
    assert (change.path, change.after) == ("enterprises[0].name", "云溪第一新材料有限公司（虚构）")


def test_rows_with_the_same_first_column_are_told_apart_by_the_rest() -> None:
    def target(indicator: str) -> dict[str, str]:
        return {"direction": "industry", "indicator": indicator, "base": "1家", "goal": "2家"}

    rows = [target("龙头企业"), target("上市企业"), target("瞪羚企业")]
    before = samples.application_data(other_targets=rows)
    after = samples.application_data(other_targets=[rows[0], rows[2]])
    (went,) = differences.changes(FORM, before, after)
    assert went.label == "“自行增加的指标”原第 2 行"
    assert went.before == "方向：主导产业；指标：上市企业；基准值：1家；目标值：2家"


def test_files_come_and_go_by_their_ids() -> None:
    before = samples.application_data(evidence=FILE)
    after = copy.deepcopy(before)
    after["evidence_3_files"] = [OTHER]
    came, went = differences.changes(FORM, before, after)
    assert (came.path, came.before, came.after, came.kind) == ("evidence_3_files[0]", None, OTHER, "file")
    assert (went.path, went.before, went.after, went.kind) == ("evidence_3_files[0]", FILE, None, "file")


def test_changes_come_in_the_forms_order() -> None:
    order = list(FORM.document["properties"])
    found = changed(no_violations=False, niche="其他", signed_by="别人", area_km2="1")
    places = [order.index(change.path) for change in found]
    assert len(places) == 4
    assert places == sorted(places)


def test_a_half_filled_draft_can_be_compared() -> None:
    found = differences.changes(
        FORM, samples.application_data(), {"area_km2": "很大", "output": "?", "enterprises": "x"}
    )
    by_path = {change.path: change for change in found}
    assert by_path["area_km2"].after == "很大"
    assert by_path["output.2024"].after is None
    assert by_path["enterprises[0]"].after is None
