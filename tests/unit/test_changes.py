"""What changed between two sets of files, in words: derived by hand for each kind of file."""

from functools import cache

from engine import bundle
from engine.workshop import changes

Files = dict[str, bytes]


@cache
def _shipped() -> bundle.Files:
    return bundle.shipped("shantou")


def edited(path: str, *edits: tuple[str, str]) -> Files:
    """The shipped files with these words of one file replaced, each of which is there."""
    text = _shipped()[path].decode()
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after, 1)
    return {**_shipped(), path: text.encode()}


def told(after: bundle.Files, before: bundle.Files | None = None) -> list[str]:
    return [str(changes.told(change)) for change in changes.between(before or _shipped(), after)]


def test_the_same_files_have_no_difference() -> None:
    assert changes.between(_shipped(), dict(_shipped())) == []


def test_a_steps_properties_are_told_from_and_to_with_their_clause() -> None:
    step = 'name="审定复核">', '<spiffworkflow:property name="limit" value="decision" />'
    after = edited(
        "renewal.bpmn",
        (step[0], 'name="审批复核">'),
        (step[1], '<spiffworkflow:property name="limit" value="renewal_review" />'),
        ('name="not_by" value="review_renewal"', 'name="not_by" value="apply_renewal"'),
        ('name="role" value="bureau_leader"', 'name="role" value="bureau_leader,bureau_officer"'),
    )
    found = changes.between(_shipped(), after)
    assert [(each.what, each.before, each.after) for each in found] == [
        ("名称", "审定复核", "审批复核"),
        ("岗位", "主管部门负责人", "主管部门负责人、主管部门经办人"),
        ("办理时限", "decision（10 个工作日）", "renewal_review（40 个工作日）"),
        ("何环节的人员回避", "review_renewal", "apply_renewal"),
    ]
    assert {(each.element, each.label, each.clause) for each in found} == {
        ("decide_renewal", "环节“审批复核”", "三（一）、三（三）1")
    }
    assert changes.marks(found, "renewal.bpmn") == {"decide_renewal": "changed"}


def test_a_step_that_is_put_in_is_told_with_its_flows_and_marked() -> None:
    flow = '<bpmn:sequenceFlow id="window_opens_to_apply_renewal" sourceRef="window_opens" targetRef="apply_renewal" />'
    put_in = (
        '<bpmn:userTask id="remind" name="提示" />'
        '<bpmn:sequenceFlow id="window_opens_to_apply_renewal" sourceRef="window_opens" targetRef="remind" />'
        '<bpmn:sequenceFlow id="remind_to_apply" sourceRef="remind" targetRef="apply_renewal" />'
    )
    after = edited("renewal.bpmn", (flow, put_in))
    assert sorted(told(after)) == sorted(
        [
            "新增环节“提示”",
            "新增从“提示”到“申请复核”的连线",
            "从“可以申请复核”到“提示”的连线的终点由“申请复核”改为“提示”",
        ]
    )
    assert "删去环节“提示”" in told(_shipped(), after)
    assert changes.marks(changes.between(_shipped(), after), "renewal.bpmn") == {
        "remind": "added",
        "remind_to_apply": "added",
        "window_opens_to_apply_renewal": "changed",
    }


def test_conditions_and_defaults_of_flows_are_told() -> None:
    after = edited("renewal.bpmn", ('decision == "return"', 'decision in ["return", "pass"]'))
    (change,) = changes.between(_shipped(), after)
    assert (change.kind, change.what, change.before, change.after) == (
        "flow",
        "条件",
        'decision == "return"',
        'decision in ["return", "pass"]',
    )


def test_a_drawing_that_only_moved_says_so_and_nothing_is_silent() -> None:
    assert told(edited("renewal.bpmn", ('<dc:Bounds x="', '<dc:Bounds x="1'))) == ["图形的位置有改动"]
    (change,) = changes.between(_shipped(), edited("renewal.bpmn", ("\n", "\n\n")))
    assert (change.what, change.deed) == ("内容（校验值）", "changed")
    broken = {**_shipped(), "renewal.bpmn": b"<broken"}
    assert [change.what for change in changes.between(_shipped(), broken)] == ["内容（校验值）"]


def test_what_nobody_has_a_word_for_is_told_beside_the_rest() -> None:
    """Otherwise something could hide behind another change."""
    after = edited(
        "renewal.bpmn",
        ('name="审定复核">', 'name="审批复核">'),
        ('targetNamespace="https://jiqun.example/bpmn"', 'targetNamespace="https://elsewhere.example/"'),
        ("<bpmn:collaboration", '<bpmn:error id="odd" errorCode="7" /><bpmn:collaboration'),
    )
    assert [(each.element, each.deed, each.what) for each in changes.between(_shipped(), after)] == [
        ("renewal_definitions", "changed", "targetNamespace"),
        ("odd", "added", ""),
        ("decide_renewal", "changed", "名称"),
    ]


def test_fields_of_a_form_are_told_by_their_titles() -> None:
    after = edited(
        "forms/decide_renewal.json",
        ('"title": "审定意见"', '"title": "审批意见"'),
        ('"required": ["decision", ', '"required": ["decision", "extra", '),
        ('"properties": {', '"properties": {"extra": {"$ref": "#/$defs/line", "title": "文号"},'),
    )
    found = [str(changes.told(each)) for each in changes.between(_shipped(), after)]
    assert found == ["新增栏目“文号”", "栏目“审批意见”的名称由“审定意见”改为“审批意见”"]


def test_rows_of_a_table_are_told_cell_by_cell_with_the_clause() -> None:
    (change,) = changes.between(_shipped(), edited("criteria.dmn", ('"占地面积（平方公里）"', '"面积（平方公里）"')))
    assert (change.kind, change.element, change.what, change.clause) == ("row", "area", "名称", "二（二）2")
    assert (change.before, change.after) == ('"占地面积（平方公里）"', '"面积（平方公里）"')


def test_numbers_are_told_with_unit_use_and_clause() -> None:
    after = edited(
        "regime.toml",
        ('area_km2 = { value = "100"', 'area_km2 = { value = "120"'),
        ("acceptance = { working_days = 5", "acceptance = { working_days = 7"),
        ("days = [180, 90, 60, 30, 7]", "days = [180, 90, 7]"),
    )
    assert told(after) == [
        "标准“占地面积（平方公里）”（area_km2）的数值由“100 平方公里”改为“120 平方公里”",
        "办理时限“受理”（acceptance）的工作日由“5”改为“7”",
        "提醒梯级“expiry”的天数由“180、90、60、30、7”改为“180、90、7”",
    ]
    assert changes.between(_shipped(), after)[0].clause == "二（二）2"


def test_letters_are_told_line_by_line() -> None:
    after = {
        **_shipped(),
        "letters/urged.txt": _shipped()["letters/urged.txt"].replace("请".encode(), "烦请".encode(), 1),
    }
    (change,) = changes.between(_shipped(), after)
    assert (change.what, change.before) == ("标题", "【催办】请尽快办理：{{办件标题}}")
    assert change.after == "【催办】烦请尽快办理：{{办件标题}}"


def test_clauses_and_files_that_came_or_went_are_told() -> None:
    after = edited("clauses.toml", ('actor = "区（县）政府"', 'actor = "市政府"'))
    del after["letters/urged.txt"]
    assert told(after) == [
        "删去通知“【催办】请尽快办理：{{办件标题}}”",
        "一（二）（从财政、金融、土地、人才等方面支持申报认定的集群）的由谁办理由“区（县）政府”改为“市政府”",
    ]
