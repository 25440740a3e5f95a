"""What the letters say, and that nothing but wording and a few known values ever gets into one."""

from pathlib import Path

import pytest

from engine import letters
from notifications.letters import LetterInvalid, blanks, render
from tests import samples

ROOT = Path(__file__).parents[2]
LETTERS = sorted(path.stem for path in (ROOT / "processes" / "letters").glob("*.txt"))

FIELDS = {
    "办件标题": samples.CLUSTER,
    "办件编号": "41",
    "集群名称": samples.CLUSTER,
    "批次": "2025年度认定批次",
    "机构": "清远市工业和信息化局",
    "期限": "2025年5月20日",
    "意见": "缺少专精特新企业名单；佐证材料第3项：请补交加盖公章的名单",
    "条款": "第十五条（二）",
    "安排": "时间：2025年7月8日09:30至16:00\n地点：云溪产业园管理委员会（虚构）\n联系：中小企业服务科 0000000",
    "登记编号": "示例2025-001",
    "有效期": "2025年6月20日至2028年6月20日",
    "认定方式": "自动认定（第十五条（二））",
    "环节": "受理",
}

# What must stand in each letter: what it is, the way out, the consequence.
SAID = {
    "submitted": ["【新申报】", "请登录系统", "受理", "请于2025年5月20日前办理", "逾期未办理的"],
    "accepted": ["【已受理】", "进入审查", "目前无需操作"],
    "returned": ["【退回补正】", "需补正的内容", "佐证材料第3项", "请于2025年5月20日前重新提交", "不列入名单"],
    "refused": ["【不予受理】", "理由", "缺少专精特新企业名单", "就此办结", "可以这样做", "重新申报"],
    "not_passed": [
        "【初审未通过】",
        "理由",
        "缺少专精特新企业名单",
        "就此办结",
        "与本局联系",
        "重新申报",
        "县级主管部门",
    ],
    "not_listed": ["【未予认定】", "理由：缺少专精特新企业名单", "就此办结", "与本局联系", "重新申报", "县级主管部门"],
    "recognised": [
        "【认定】",
        "已获认定",
        "自动认定（第十五条（二））",
        "登记编号：示例2025-001",
        "2028年6月20日",
        "有效期为三年",
        "填报上一年度",
        "重大变动",
        "撤销认定",
    ],
    "list_returned": ["【名单退回】", "修改意见", "缺少专精特新企业名单", "请于2025年5月20日前重新提交", "不进入公示"],
    "question_passed": ["【评审答复】", "需要你单位答复", "请于2025年5月20日前答复", "专家依据现有材料评分"],
    "objection_received": [
        "【新异议】",
        "未办理该集群申报初审",
        "请于2025年5月20日前办理",
        "不影响名单中的其他集群",
        "不得外传",
    ],
    "objection_decided": ["【异议已处理】", "答复已可凭回执号查询", "移出名单", "联系方式告知"],
    "inspection": ["【实地抽查】", "列入本批次实地抽查", "2025年7月8日09:30至16:00", "请准备", "联系改期", "不配合的"],
    "inspection_changed": ["【实地抽查】", "以本通知为准", "2025年7月8日09:30至16:00", "变更原因", "等待重新安排"],
    "falsified": ["【终止申报】", "就此终止", "认定的事实和理由", "缺少专精特新企业名单", "真实性和完整性", "重新申报"],
    "urged": ["【催办】", "受理", "2025年5月20日", "请登录系统", "逾期未办理的", "说明原因"],
    "expired_unfiled": ["【未按期提交】", "到申报截止时间仍未提交", "未列入本批次", "重新申报"],
}


def template(name: str) -> bytes:
    return (ROOT / "processes" / "letters" / f"{name}.txt").read_bytes()


def test_every_letter_is_known_to_this_test() -> None:
    assert sorted(SAID) == LETTERS


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_no_fault(name: str) -> None:
    assert letters.letter_problems(template(name)) == []
    assert blanks(template(name)) <= letters.FIELDS.keys()


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_reads_as_it_lies_in_the_folder_for_review(name: str) -> None:
    subject, body = render(template(name), FIELDS)
    assert f"{subject}\n\n{body}" == (ROOT / "tests" / "letters" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_what_it_is_about_what_to_do_and_what_follows(name: str) -> None:
    subject, body = render(template(name), FIELDS)
    for words in SAID[name]:
        assert words in subject + body, words
    assert "\n" not in subject
    assert len(subject) <= 60
    if name != "list_returned":  # which is about a round
        assert samples.CLUSTER in subject
        assert "办件编号 41" in body
    assert "办理依据：第十五条（二）" in body
    assert "清远市工业和信息化局" in body
    assert "{{" not in subject + body


@pytest.mark.parametrize("name", LETTERS)
def test_without_clause_and_time_limit_no_half_sentence_is_left(name: str) -> None:
    subject, body = render(template(name), {**FIELDS, "条款": "", "期限": "", "意见": " "})
    assert "办理依据" not in body
    assert "请于" not in body
    assert "意见：\n" not in body.replace("修改意见：\n", "")
    assert subject == render(template(name), FIELDS)[0]


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_lacks_nothing_silently(name: str) -> None:
    for blank in blanks(template(name)):
        with pytest.raises(LetterInvalid, match=blank):
            render(template(name), {key: value for key, value in FIELDS.items() if key != blank})


def test_an_empty_value_beside_others_reads_as_none() -> None:
    _, body = render("题\n\n{{批次}}的{{集群名称}}\n{{条款}}\n完".encode(), {**FIELDS, "批次": "", "条款": ""})
    assert body == f"无的{samples.CLUSTER}\n完\n"


def test_a_value_is_never_read_as_wording() -> None:
    _, body = render("题\n\n{{意见}}".encode(), {**FIELDS, "意见": "{{条款}} {{不存在}}"})
    assert body == "{{条款}} {{不存在}}\n"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_a_line_break_cannot_enter_the_subject(line_break: str) -> None:
    name = f"甲{line_break}Bcc: x@example.org"
    with pytest.raises(LetterInvalid, match="一行"):
        render(template("returned"), {**FIELDS, "集群名称": name})


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x85", "\u2028", "\u202e"])
def test_invisible_characters_stay_outside(character: str) -> None:
    subject, body = render(template("returned"), {**FIELDS, "集群名称": f"甲{character}乙", "意见": f"丙{character}丁"})
    assert character not in subject + body
    assert "甲乙" in subject
    assert "丙丁" in body


def test_an_opinion_of_several_lines_keeps_them() -> None:
    _, body = render(template("returned"), {**FIELDS, "意见": "一、缺名单\r\n二、缺公章"})
    assert "一、缺名单\n二、缺公章\n" in body


def test_a_subject_with_nothing_in_it_is_no_letter() -> None:
    with pytest.raises(LetterInvalid, match="标题"):
        render("{{批次}}\n\n正文".encode(), {**FIELDS, "批次": ""})


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"\xff\xfe", None, "UTF-8"),
        (b"x" * 70_000, None, "64"),
        (b"", 1, "标题"),
        ("\n\n正文".encode(), 1, "标题"),
        ("题".encode(), 2, "空一行"),
        ("题\n正文".encode(), 2, "空一行"),
        ("题\n\n \n".encode(), 3, "正文"),
        ("题\n\n{{电话}}".encode(), 3, "没有“电话”"),
        ("题{{}}\n\n正文".encode(), 1, "没有“”"),
        ("题\n\n正文\n{{ 集群名称 }}".encode(), 4, "没有“ 集群名称 ”"),  # blanks are written exactly
        ("题\n\n{{集群名称".encode(), 3, "不配对"),
        ("题\n\n集群名称}}".encode(), 3, "不配对"),
        ("题\n\n{{{集群名称}}}".encode(), 3, "不配对"),
        ("题\n\n{{集群\n名称}}".encode(), 3, "不配对"),
        ("题\n\n{% for x in y %}{{__class__}}".encode(), 3, "没有“__class__”"),
    ],
)
def test_a_broken_template_is_told_with_its_line_and_never_sent(content: bytes, line: int | None, said: str) -> None:
    assert any(where == line and said in why for where, why in letters.letter_problems(content))
    with pytest.raises(LetterInvalid):
        render(content, FIELDS)


def test_line_endings_of_windows_are_welcome() -> None:
    content = template("returned").replace(b"\n", b"\r\n")
    assert letters.letter_problems(content) == []
    assert render(content, FIELDS) == render(template("returned"), FIELDS)
