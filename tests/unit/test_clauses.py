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

SMALL = """
[[clause]]
clause = "第一条"
gist = "申报"
actor = "县"
carriers = [{ kind = "element", id = "application.fill_in" }, { kind = "letter", id = "returned" }]

[[clause]]
clause = "第二条"
gist = "公示"
actor = "市"
carriers = [{ kind = "element", id = "application.fill_in" }]

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
element = "application.acceptance"
reason = "先确认材料齐全"
"""


def test_every_article_of_qingyuan_that_asks_something_is_there_in_the_texts_order() -> None:
    duties = clauses.load(clauses.content("qingyuan")).duties
    assert list(dict.fromkeys(duty.clause for duty in duties)) == QINGYUAN


def test_duties_without_a_carrier_are_those_whose_part_is_still_to_come() -> None:
    uncarried = {duty.clause for duty in clauses.load(clauses.content("qingyuan")).uncarried()}
    assert uncarried == {
        "第五条", "第六条", "第八条", "第十一条", "第十二条", "第十三条", "第十六条", "第十七条",
        "第十八条（一）", "第十八条（二）", "第十八条（三）", "第十八条（四）", "第十八条（五）",
    }  # fmt: skip


def test_a_rows_clause_is_the_same_in_both_files() -> None:
    named = clauses.load(clauses.content("qingyuan"))
    for row, clause in regime.shipped("qingyuan").criteria.items():
        assert named.clause_of(f"criteria.{row}", kind="row") == clause


@pytest.mark.parametrize("name", bundle.regimes())
def test_every_carrier_that_ships_exists(name: str) -> None:
    assert carriers.missing(bundle.shipped(name)) == []


def test_an_elements_clauses_are_named_and_its_reason_where_there_is_none() -> None:
    small = clauses.load(SMALL)
    assert small.clause_of("application.fill_in") == "第一条、第二条"
    assert small.clause_of("application.acceptance") is None
    assert small.internal_reason("application.acceptance") == "先确认材料齐全"
    assert small.internal_reason("application.fill_in") is None
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
            '"application.acceptance"',
            '"application.fill_in"',
            r"internal\[1\] 的步骤 application\.fill_in 已在别处说明依据",
        ),
        (
            'outside = "不经办件办理"',
            'outside = "x"\ncarriers = [{ kind = "page", id = "x" }]',
            "既有 carriers 又有 outside",
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
