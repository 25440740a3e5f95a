"""Every duty of the text stands in the clause file, and what is said to carry it exists."""

import re

import pytest

from config import clauses, regime
from config.clauses import Carrier
from config.errors import RegimeInvalid
from engine import bundle, carriers

# The articles of 清工信函〔2025〕16号 that ask somebody to do something, as the text prints them.
QINGYUAN = [
    "第四条", "第五条", "第六条",
    *(f"第七条（{n}）" for n in "一二三四五六七八"),
    "第八条", "第九条", "第十条", "第十一条", "第十二条", "第十三条",
    *(f"第十四条（{n}）" for n in "一二三四五六七八九"),
    "第十五条（一）", "第十五条（二）", "第十六条", "第十七条",
    *(f"第十八条（{n}）" for n in "一二三四五"),
    "第十九条",
]  # fmt: skip

# 汕头市促进中小企业特色产业集群发展工作方案.
SHANTOU = [
    *(f"一（一）{n}" for n in range(1, 9)), "一（二）", "一（三）", "二（一）",
    *(f"二（二）{n}" for n in range(1, 10)), "二（三）1", "二（三）2", "三（一）", "三（二）",
    *(f"三（三）{n}" for n in range(1, 6)), "四（一）",
]  # fmt: skip

# The ministry's text; 广西's has the same articles, and its standard in the same eight parts.
MINISTRY = [
    "第三条", "第四条", "第五条", *(f"第六条（{n}）" for n in "一二三四五六"),
    "第七条", "第八条", "第九条", "第十条", "第十一条", "第十二条", "第十三条", "第十四条", "第十五条", "第十六条",
    *(f"第十七条（{n}）" for n in "一二三四五"), "第十八条", "附件", *(f"附件 {n}" for n in "一二三四五六七八"),
]  # fmt: skip
NOTICES = [
    *(f"236号 {n}" for n in "一二三四五"), "申报表 填报说明", "申报表 一", "申报表 八", "申报表 九",
    *(f"粤24号 {n}" for n in "一二三四五"),
]  # fmt: skip
TEXTS = {"qingyuan": QINGYUAN, "shantou": SHANTOU, "guangxi": MINISTRY, "national": [*MINISTRY, *NOTICES]}

SMALL = """
[[clause]]
clause = "第一条"
gist = "申报"
actor = "县"
carriers = [{ kind = "element", id = "filing.fill_in" }, { kind = "letter", id = "returned" }]

[[clause]]
clause = "第二条"
gist = "公示"
actor = "市"
carriers = [{ kind = "element", id = "filing.fill_in" }]

[[clause]]
clause = "第二条"
gist = "支持"
actor = "县政府"
outside = "不经办件办理"

[[clause]]
clause = "第三条"
gist = "复核"
actor = "市"

[[internal]]
element = "intake.acceptance"
reason = "先确认材料齐全"
"""


@pytest.mark.parametrize("name", TEXTS)
def test_every_article_that_asks_something_is_there_in_the_texts_order(name: str) -> None:
    duties = clauses.load(clauses.content(name)).duties
    assert list(dict.fromkeys(duty.clause for duty in duties)) == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_every_duty_is_carried_or_says_why_it_is_not_the_systems(name: str) -> None:
    text = clauses.content(name)
    assert clauses.load(text).uncarried() == ()
    assert b"waits" not in text


def test_what_was_deployed_before_every_part_was_there_is_read_as_it_was_meant() -> None:
    duty = clauses.load(SMALL.replace('outside = "不经办件办理"', 'waits = "培育库"')).duties[2]
    assert duty.outside == "当时待系统的后续部分（培育库）承载"


@pytest.mark.parametrize("name", TEXTS)
def test_a_rows_clause_is_the_same_in_both_files(name: str) -> None:
    named = clauses.load(clauses.content(name))
    for row, clause in regime.shipped(name).criteria.items():
        assert named.clause_of(f"criteria.{row}", kind="row") == clause


@pytest.mark.parametrize("name", bundle.regimes())
def test_every_carrier_that_ships_exists(name: str) -> None:
    assert carriers.missing(bundle.shipped(name)) == []


def test_an_elements_clauses_are_named_and_its_reason_where_there_is_none() -> None:
    small = clauses.load(SMALL)
    assert small.clause_of("filing.fill_in") == "第一条、第二条"
    assert small.clause_of("intake.acceptance") is None
    assert small.internal_reason("intake.acceptance") == "先确认材料齐全"
    assert small.internal_reason("filing.fill_in") is None
    assert small.clause_of("returned") is None, "a letter is not an element"
    assert small.clause_of("returned", kind="letter") == "第一条"
    assert [duty.gist for duty in small.uncarried()] == ["复核"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'actor = "市"\n\n[[internal]]',
            'actr = "市"\n\n[[internal]]',
            r"clause\[4\]\.actr 不是可用的项，是否想写 actor？",
        ),
        ('gist = "复核"\n', "", r"clause\[4\]\.gist 缺失"),
        (
            'kind = "letter"',
            'kind = "mail"',
            r"clause\[1\]\.carriers\[2\]\.kind 应为 element、field、row、letter、obligation、page",
        ),
        ('reason = "先确认材料齐全"', 'reason = ""', r"internal\[1\]\.reason 应为非空文字"),
        (
            '"intake.acceptance"',
            '"filing.fill_in"',
            r"internal\[1\] 的步骤 filing\.fill_in 已在别处说明依据",
        ),
        (
            'outside = "不经办件办理"',
            'outside = "x"\ncarriers = [{ kind = "page", id = "x" }]',
            r"clause\[3\] 的 carriers、outside 只能写一样",
        ),
        ('outside = "不经办件办理"', "carriers = []", r"clause\[3\]\.carriers 应为非空列表"),
    ],
)
def test_a_wrong_clause_file_is_refused_with_the_path_of_the_key(old: str, new: str, said: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(RegimeInvalid) as refused:
        clauses.load(SMALL.replace(old, new))
    assert re.search(said, refused.value.message), refused.value.message


@pytest.mark.parametrize(
    "invented",
    [
        Carrier("element", "application.invented"),
        Carrier("element", "invented.fill_in"),
        Carrier("field", "application.invented"),
        Carrier("row", "criteria.invented"),
        Carrier("row", "criteria.patents_both"),  # a row of the table that 清远 does not use
        Carrier("letter", "invented"),
        Carrier("obligation", "invented"),
        Carrier("page", "invented"),
    ],
)
def test_a_carrier_that_does_not_exist_is_found(invented: Carrier) -> None:
    text = SMALL.replace(
        '{ kind = "letter", id = "returned" }', f'{{ kind = "{invented.kind}", id = "{invented.id}" }}'
    )
    assert carriers.missing(bundle.shipped("qingyuan"), clauses.load(text)) == [("第一条", invented)]


@pytest.mark.parametrize(
    ("clause", "of_another"), [("粤24号 三", True), ("236号 二", True), ("第十五条（二）", False), ("三（三）2", False)]
)
def test_a_clause_with_a_document_number_is_not_said_to_be_the_regime_s_own(clause: str, of_another: bool) -> None:
    assert clauses.of_another_text(clause) is of_another
