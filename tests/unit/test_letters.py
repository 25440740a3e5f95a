"""What the letters say, and that nothing but wording and a few known values ever gets into one."""

from pathlib import Path

import pytest

from engine import letters
from engine.letters import CHINESE, ENGLISH
from notifications.wording import LetterInvalid, blanks, render
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
    "收件人": "示例经办人",
    "经办": "英德市中小企业主管部门 示例经办人",
    "义务": "年度报告",
    "事项": "年度报告",
    "对象": samples.CLUSTER,
    "剩余": "还剩3天",
    "暂定": "该日期按尚未公布的放假安排推算，放假通知公布后可能调整，届时另行通知。",
    "公示期": "2025年6月3日至2025年6月11日",
    "原期限": "2025年5月19日",
    "变更依据": "国办发明电〔2024〕12号",
    "汇总": "· 【新待办】受理\n· 【到期提醒】初审",
    "年份": "2027",
}
LANGUAGES = (CHINESE, ENGLISH)
FOLDERS = {CHINESE: ROOT / "tests" / "letters", ENGLISH: ROOT / "tests" / "letters" / "en"}

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
    "recommended": ["【已推荐】", "推荐至上一级主管部门", "推荐意见", "目前无需操作"],
    "not_recommended": ["【未推荐】", "理由", "缺少专精特新企业名单", "就此办结", "重新申报", "县级主管部门"],
    "renewed": ["【复核通过】", "2028年6月20日", "决定的理由", "每年按期填报", "重大变动"],
    "renewal_failed": ["【复核未通过】", "理由", "由主管部门决定", "听取你单位的陈述"],
    "revocation_hearing": ["【陈述和申辩】", "2025年5月20日", "上传证明材料", "逾期没有陈述"],
    "revoked": ["【撤销认定】", "决定和理由", "不再要求报送", "行政复议"],
    "not_revoked": ["【不予撤销】", "不予撤销", "决定和理由", "按期报送年度报告"],
    "second_review_failed": ["【复审未通过】", "理由", "缺少专精特新企业名单", "就此办结", "重新申报", "县级主管部门"],
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
    "draft_submitted": ["【待审核】", "提交的理由", "通过之前，现行的版本不受影响", "通过后的生效日期：2025年5月20日"],
    "draft_returned": ["【草案退回】", "退回的理由", "修改后重新提交", "现行的版本不受影响"],
    "draft_deployed": ["【草案通过】", "成为新的版本", "生效日期：2025年5月20日", "目前无需操作"],
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
    "task_assigned": ["【新待办】受理", "示例经办人：", "请于2025年5月20日前办理", "请登录系统", "逾期未办理的"],
    "task_due": ["【到期提醒】受理还剩3天", "请于2025年5月20日前办理", "请登录系统", "显示为超期", "说明原因"],
    "task_overdue": ["【逾期】受理", "请立即办理", "办理期限：2025年5月20日", "逾期原因", "告知你单位负责人"],
    "escalation": ["【督促】", "仍未办结", "应当办理的：英德市中小企业主管部门 示例经办人", "请了解原因", "另行指定"],
    "panel_invitation": ["【评审邀请】", "随机抽取", "先声明", "请于2025年5月20日前声明", "由下一位候选专家递补"],
    "publicity_begins": ["【公示】", "2025年6月3日至2025年6月11日", "异议", "不予确认", "目前无需操作"],
    "publicity_ends": ["【公示】", "还剩3天", "到2025年5月20日止", "核查公示情况", "不予确认"],
    "round_closing": ["【申报截止】", "还剩3天", "2025年5月20日截止", "不列入本批次", "尽快提交"],
    "assessment": ["【监督和考核】", "还剩3天", "应于2025年5月20日前作出结论", "示例2025-001", "不会自动作出结论"],
    "assessed": ["【监督和考核】", "已经作出结论", "结论：\n缺少专精特新企业名单", "整改内容和期限", "目前无需操作"],
    "annual_report": ["【年度报告】", "还剩3天", "应于2025年5月20日前报送", "示例2025-001", "可能撤销认定"],
    "validity": ["【有效期】", "示例2025-001", "2025年6月20日至2028年6月20日", "申请复核", "撤销认定"],
    "date_changed": ["【日期变更】", "原日期：2025年5月19日", "新日期：2025年5月20日", "国办发明电", "以本通知为准"],
    "calendar_missing": ["【放假通知】2027年", "暂按预估", "由另一人确认", "可能与实际不符"],
    "rules_end": [
        "【施行期限】",
        "还剩3天",
        "到2025年5月20日止",
        "没有接续的版本",
        "不能再组织新的申报批次",
        "到生效日自动启用",
    ],
    "publicity_too_short": ["【公示期不足】", "应到2025年5月20日", "2025年6月3日至", "是否重新公示", "提出异议"],
    "digest": ["【每日汇总】示例经办人", "· 【新待办】受理\n· 【到期提醒】初审\n", "法定期限", "个人设置"],
}
# The same in English, and every letter says who it is from.
SAID_IN_ENGLISH = {
    "submitted": ["[New application]", "Please sign in", "by 2025-05-20", "overdue"],
    "accepted": ["[Accepted]", "being examined", "need not do anything now"],
    "returned": ["[Returned for correction]", "佐证材料第3项", "by 2025-05-20", "does not go on the list"],
    "refused": ["[Not accepted]", "Reasons:\n缺少专精特新企业名单", "The case ends here", "in a later round"],
    "not_passed": ["[First review not passed]", "Reasons:\n缺少", "The case ends here", "in a later round"],
    "recommended": ["[Recommended]", "to the department above", "need not do anything now"],
    "not_recommended": ["[Not recommended]", "Reasons:\n缺少", "The case ends here", "in a later round"],
    "renewed": ["[Renewed]", "2025-06-20 to 2028-06-20", "annual report", "major changes"],
    "renewal_failed": ["[Not renewed]", "Reasons:\n缺少", "for the department to decide", "you will be heard"],
    "revocation_hearing": ["[Hearing]", "2025-05-20", "add your evidence", "If nothing is stated"],
    "revoked": ["[Revoked]", "reasons:\n缺少", "nothing more is owed", "administrative reconsideration"],
    "not_revoked": ["[Not revoked]", "is not revoked", "reasons:\n缺少", "annual reports"],
    "second_review_failed": ["[Second review not passed]", "Reasons:\n缺少", "The case ends here", "in a later round"],
    "not_listed": ["[Not recognised]", "Reason: 缺少", "The case ends here", "contact this bureau"],
    "recognised": ["[Recognised]", "示例2025-001", "2025-06-20 to 2028-06-20", "three years", "revoked"],
    "draft_submitted": ["[To approve]", "The reason given", "what is in force stays", "on: 2025-05-20"],
    "draft_returned": ["[Draft returned]", "The reason given", "submit it again", "stays as it is"],
    "draft_deployed": ["[Draft approved]", "is the new version", "on: 2025-05-20", "need not do anything now"],
    "list_returned": ["[List returned]", "缺少专精特新企业名单", "by 2025-05-20", "not made public"],
    "question_passed": ["[Question from the review]", "by 2025-05-20", "Without an answer"],
    "objection_received": ["[New objection]", "by 2025-05-20", "must not be passed on"],
    "objection_decided": ["[Objection decided]", "receipt number", "leaves the list"],
    "inspection": ["[Site inspection]", "2025年7月8日09:30至16:00", "Please prepare", "A refusal without good reason"],
    "inspection_changed": ["[Site inspection]", "replaces what was said before", "Reason for the change"],
    "falsified": ["[Application ended]", "Findings and reasons:\n缺少", "in a later round"],
    "urged": ["[Urgent]", "受理", "Due: 2025-05-20", "tell this bureau why"],
    "expired_unfiled": ["[Not filed in time]", "not part of this round", "in a later round"],
    "task_assigned": ["[New task] 受理", "by 2025-05-20", "Please sign in", "overdue"],
    "task_due": ["[Due] 受理, 3 days left", "by 2025-05-20", "Please sign in", "overdue"],
    "task_overdue": ["[Overdue] 受理", "at once", "Due: 2025-05-20", "head of your office"],
    "escalation": ["[Escalation]", "still open (3 days left)", "To be done by: 英德市", "Duty: annual report"],
    "panel_invitation": ["[Invitation]", "drawn by lot", "by 2025-05-20", "replaced by the next candidate"],
    "publicity_begins": ["[Publicity]", "2025-06-03 to 2025-06-11", "objections", "not confirmed"],
    "publicity_ends": ["[Publicity]", "3 days left", "until 2025-05-20", "not confirmed"],
    "round_closing": ["[Closing date]", "3 days left", "until 2025-05-20", "not part of this round"],
    "assessment": ["[Assessment]", "3 days left", "by 2025-05-20", "nothing is concluded by itself"],
    "assessed": ["[Assessment]", "Conclusion:\n缺少", "what and until when", "need not do anything now"],
    "annual_report": ["[Annual report]", "3 days left", "by 2025-05-20", "revoked"],
    "validity": ["[Validity]", "3 days left", "2025-06-20 to 2028-06-20", "apply for renewal", "revoked"],
    "date_changed": ["[Date changed]", "Before: 2025-05-19", "Now: 2025-05-20", "replaces what was said before"],
    "calendar_missing": ["[Holiday notice]", "for 2027", "are estimates", "another person confirm", "may be wrong"],
    "rules_end": ["[End of rules]", "until 2025-05-20", "no round can be opened", "takes effect on its day by itself"],
    "publicity_too_short": ["[Publicity too short]", "until 2025-05-20", "publicise the list anew", "objected to"],
    "digest": ["[Daily digest]", "· 【新待办】受理\n", "set by law", "Your settings"],
}
OF_NO_CLUSTER = {
    *("list_returned", "panel_invitation", "publicity_ends", "publicity_too_short", "round_closing"),
    *("calendar_missing", "digest", "rules_end"),
}
OF_DRAFTS = {"draft_deployed", "draft_returned", "draft_submitted"}
OF_NO_CLAUSE = {"calendar_missing", "digest", "rules_end", *OF_DRAFTS}
REMINDERS = {
    *("publicity_ends", "publicity_too_short", "round_closing", "annual_report", "assessment", "validity"),
    "date_changed",
}
OF_NO_CASE = {*OF_NO_CLUSTER, *OF_DRAFTS, "annual_report", "assessment", "validity"}


def template(name: str) -> bytes:
    return (ROOT / "processes" / "letters" / f"{name}.txt").read_bytes()


def test_every_letter_is_known_to_this_test() -> None:
    assert sorted(SAID) == sorted(SAID_IN_ENGLISH) == LETTERS
    assert sorted(path.stem for path in FOLDERS[ENGLISH].glob("*.txt")) == LETTERS


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_no_fault(name: str) -> None:
    assert letters.letter_problems(template(name)) == []
    assert blanks(template(name)) <= letters.FIELDS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_reads_as_it_lies_in_the_folder_for_review(name: str, language: str) -> None:
    subject, body = render(template(name), FIELDS, language)
    assert f"{subject}\n\n{body}" == (FOLDERS[language] / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_what_it_is_about_what_to_do_and_what_follows(name: str, language: str) -> None:
    subject, body = render(template(name), FIELDS, language)
    for words in (SAID if language == CHINESE else SAID_IN_ENGLISH)[name]:
        assert words in subject + body, words
    assert "\n" not in subject
    assert len(subject) <= (60 if language == CHINESE else 110)
    if name not in OF_NO_CLUSTER:
        assert samples.CLUSTER in subject + body
    if name not in OF_NO_CASE:
        assert ("办件编号 41" if language == CHINESE else "case 41") in body
    if name not in OF_NO_CLAUSE:
        assert ("办理依据：第十五条（二）" if language == CHINESE else "Legal basis: 第十五条（二）") in body
    if name != "digest":
        assert "清远市工业和信息化局" in body
    assert "{{" not in subject + body


@pytest.mark.parametrize("name", LETTERS)
def test_both_halves_of_a_letter_tell_the_same(name: str) -> None:
    chinese, english = (letters.half(template(name), language) for language in LANGUAGES)
    assert chinese is not None
    assert english is not None
    assert set(letters.BLANK.findall("\n".join(chinese))) == set(letters.BLANK.findall("\n".join(english)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LETTERS)
def test_without_clause_and_time_limit_no_half_sentence_is_left(name: str, language: str) -> None:
    subject, body = render(template(name), {**FIELDS, "条款": "", "意见": " ", "暂定": ""}, language)
    assert "办理依据" not in body
    assert "Legal basis" not in body
    assert "推算" not in body
    assert "意见：\n" not in body.replace("修改意见：\n", "")
    assert subject == render(template(name), FIELDS, language)[0]
    if name not in REMINDERS:  # a reminder always has its date
        _, body = render(template(name), {**FIELDS, "期限": ""}, language)
        assert "请于" not in body
        assert "by ." not in body


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


@pytest.mark.parametrize(
    ("english", "line", "said"),
    [
        ("", 5, "英文部分的第一行"),
        ("Subject\nbody", 6, "英文部分的标题之后应空一行"),
        ("Subject\n\n ", 7, "英文部分的通知没有正文"),
        ("Subject\n\n{{Telephone}}", 7, "没有“Telephone”"),
        ("Subject\n\nbody\n=== English ===\nAgain\n\nbody", 8, "只写一次"),
    ],
)
def test_a_fault_of_the_english_half_is_told_with_its_line_in_the_file(english: str, line: int, said: str) -> None:
    content = f"题\n\n正文\n=== English ===\n{english}".encode()
    found = [why for where, why in letters.letter_problems(content) if where == line]
    assert any(said in why for why in found), found


@pytest.mark.parametrize("divider", ["=== english ===", "=== Deutsch ===", "=== English === "])
def test_a_line_that_only_looks_like_the_one_above_the_english_half_is_found(divider: str) -> None:
    content = f"题\n\n正文\n{divider}\nSubject\n\nbody".encode()
    assert [where for where, _why in letters.letter_problems(content)] == [4]


def test_a_letter_without_an_english_half_is_read_in_chinese_whole() -> None:
    content = "题{{剩余}}\n\n{{期限}}，{{批次}}的{{集群名称}}\n".encode()
    fields = {**FIELDS, "批次": ""}
    assert (
        render(content, fields, ENGLISH)
        == render(content, fields)
        == (
            "题还剩3天",
            f"2025年5月20日，无的{samples.CLUSTER}\n",
        )
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [("还剩1天", "1 day left"), ("还剩3天", "3 days left"), ("今日到期", "due today"), ("已逾期1天", "1 day overdue")],
)
def test_how_long_is_left_is_said_in_english(left: str, said: str) -> None:
    assert render(template("annual_report"), {**FIELDS, "剩余": left}, ENGLISH)[0].endswith(f": {said}")


def test_line_endings_of_windows_are_welcome() -> None:
    content = template("returned").replace(b"\n", b"\r\n")
    assert letters.letter_problems(content) == []
    assert render(content, FIELDS) == render(template("returned"), FIELDS)
