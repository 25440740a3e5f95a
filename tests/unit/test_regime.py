"""A regime's file: every number is checked, and its dates are the law's."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from config import regime
from config.errors import RegimeInvalid

QINGYUAN = regime.content("qingyuan").decode()
NATIONAL = regime.content("national").decode()


def changed(old: str, new: str) -> str:
    """清远's file with one line changed: of several alike the first, which is the annual report's."""
    assert old in QINGYUAN, old
    return QINGYUAN.replace(old, new, 1)


def test_qingyuan_is_the_text_of_2025() -> None:
    qingyuan = regime.shipped("qingyuan")
    assert (qingyuan.title, qingyuan.source) == ("清远市中小企业特色产业集群", "清工信函〔2025〕16号")
    assert (qingyuan.in_force_from, qingyuan.in_force_until) == (date(2025, 3, 4), date(2028, 3, 3))  # 第二十条
    assert {name: (number.value, number.unit) for name, number in qingyuan.thresholds.items()} == {  # 第十四条
        "area_km2": (Decimal(100), "平方公里"),
        "output_100m_yuan": (Decimal(20), "亿元"),
        "sme_share_pct": (Decimal(70), "%"),
        "leading_share_pct": (Decimal(60), "%"),
        "output_growth_pct": (Decimal(5), "%"),
        "champions_and_giants": (Decimal(1), "家"),
        "quality_smes": (Decimal(5), "家"),
        "above_scale_share_pct": (Decimal(50), "%"),
        "rd_growth_pct": (Decimal(5), "%"),
        "patent_growth_pct": (Decimal(5), "%"),
        "patents_per_10k": (Decimal(5), "个"),
        "industrial_internet_pct": (Decimal(10), "%"),
    }
    assert qingyuan.advisory == ()  # 一般 stands nowhere in 清远's text


def test_publicity_is_printed_and_the_steps_limits_are_the_bureaus() -> None:
    qingyuan = regime.shipped("qingyuan")
    assert qingyuan.periods["publicity"] == regime.Period(7, False, "第十五条（二）")
    assert qingyuan.periods["publicity"].basis == "第十五条（二）"
    assert {limit.basis for limit in qingyuan.limits.values()} == {"本局设置"}
    assert qingyuan.renewal.basis == "本局设置"


def test_ladders_say_when_people_are_reminded_and_when_their_superior_is() -> None:
    ladders = regime.shipped("qingyuan").ladders
    assert ladders["expiry"].rungs == (180, 90, 60, 30, 7)
    assert [ladders["expiry"].escalates(rung) for rung in (60, 30, 7)] == [False, True, True]
    assert ladders["task"].in_working_days
    assert [ladders["task"].name(3), ladders["expiry"].name(7), ladders["annual_report"].name(-7)] == ["3w", "7", "-7"]
    assert {kind for kind, ladder in ladders.items() if not ladder.statutory} == {"assessment", "task"}


def test_a_file_written_before_there_were_ladders_is_read_as_it_was() -> None:
    """A deployment never changes: those of earlier releases have their rungs beside the date."""
    now = regime.content("qingyuan").decode()
    alone = re.sub(r"(?s)\[(obligations|opens)\.assessment\].*?\n\n", "", now)
    before = alone[: alone.index("# 提醒梯级")].replace('roll = "none"', 'roll = "none"\nreminders = [7, 30, -1]')
    read = regime.load(before)
    assert read.ladders["annual_report"].rungs == (30, 7, -1)
    assert list(read.ladders) == ["annual_report"]


def test_the_annual_report_is_due_on_the_fifteenth_of_march() -> None:
    report = regime.shipped("qingyuan").obligations["annual_report"]
    assert report.in_year(2026) == date(2026, 3, 15)
    assert (report.clause, report.roll) == ("第十七条", "none")


@pytest.mark.parametrize(
    ("applies_from", "month", "day", "printed"),
    [
        ("2028-01-01", 3, 30, {2027: "2027-03-15", 2028: "2028-03-30", 2029: "2029-03-30"}),
        ("2028-03-20", 3, 30, {2028: "2028-03-15", 2029: "2029-03-30"}),  # the day of 2028 was over by then
        ("2028-02-01", 1, 31, {2028: "2028-03-15", 2029: "2029-01-31"}),  # nobody is late by a rule of afterwards
    ],
)
def test_an_amendment_counts_from_its_day_on(applies_from: str, month: int, day: int, printed: dict[int, str]) -> None:
    amended = f'applies_from = {applies_from}\nmonth = {month}\nday = {day}\nclause = "第十八条"'
    text = changed(
        "first_due_years_after = 1", f"first_due_years_after = 1\n[[obligations.annual_report.changes]]\n{amended}"
    )
    report = regime.load(text).obligations["annual_report"]
    for year, on in printed.items():
        rule = report.of_year(year)
        assert rule.in_year(year).isoformat() == on
        assert rule.clause == ("第十七条" if on.endswith("-03-15") else "第十八条")
        assert rule.roll == "none", "what an amendment does not name stays"


@pytest.mark.parametrize(
    ("published", "last"),
    [
        (date(2025, 6, 20), date(2028, 6, 20)),
        (date(2024, 2, 29), date(2027, 2, 28)),  # 2027 has no 29 February: 民法典 第二百零二条
        (date(2025, 2, 28), date(2028, 2, 28)),  # not the month's end, though 2028 has a 29th
        (date(2025, 12, 31), date(2028, 12, 31)),
    ],
)
def test_validity_is_three_years_from_publication(published: date, last: date) -> None:
    assert regime.shipped("qingyuan").validity_days(published) == (published, last)


@pytest.mark.parametrize(
    ("published", "last"),
    [
        (date(2025, 6, 20), date(2028, 6, 19)),
        (date(2025, 1, 1), date(2027, 12, 31)),
        (date(2024, 2, 29), date(2027, 2, 28)),  # three full years, as if counted from the day after 28 February
    ],
)
def test_a_bureau_may_count_the_day_of_publication(published: date, last: date) -> None:
    counting = regime.load(changed("counts_first_day = false", "counts_first_day = true"))
    assert counting.validity_days(published) == (published, last)


@pytest.mark.parametrize(
    ("last", "opens"),
    [
        (date(2028, 6, 20), date(2027, 12, 20)),
        (date(2028, 8, 31), date(2028, 2, 29)),  # February has no 31st
        (date(2027, 8, 31), date(2027, 2, 28)),
    ],
)
def test_renewal_opens_six_months_before_the_last_day(last: date, opens: date) -> None:
    assert regime.shipped("qingyuan").renewal.opens_on(last) == opens


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title =", "titel =", r"regime\.toml: titel 不是可用的项，是否想写 title？.*in_force_from"),
        ("window_months = 6", "window_month = 6", r"renewal\.window_month 不是可用的项，是否想写 window_months？"),
        ('value = "100", unit', 'vaule = "100", unit', r"thresholds\.area_km2\.vaule .* value、unit、clause、advisory"),
        ('source = "清工信函〔2025〕16号"', "", r"source 缺失"),
        ('"清工信函〔2025〕16号"', "16", r"source 应为非空文字，现为 16"),
        ('"清远市中小企业特色产业集群" ', '" " ', r"title 应为非空文字"),
        ('value = "100"', "value = 100", r"thresholds\.area_km2\.value 应为写成字符串的十进制数"),
        ('value = "100"', "value = 100.0", r"thresholds\.area_km2\.value 应为写成字符串的十进制数"),
        ('value = "100"', 'value = "NaN"', r"thresholds\.area_km2\.value 应为写成字符串的十进制数"),
        ('value = "100"', 'value = "1e2"', r"thresholds\.area_km2\.value 应为写成字符串的十进制数"),
        ('value = "100"', 'value = "１００"', r"thresholds\.area_km2\.value 应为写成字符串的十进制数"),
        ("in_force_from = 2025-03-04", 'in_force_from = "2025-03-04"', r"in_force_from 应为不加引号的日期"),
        ("in_force_from = 2025-03-04", "in_force_from = 2025-03-04T00:00:00", r"in_force_from 应为不加引号的日期"),
        ("in_force_until = 2028-03-03", "in_force_until = 2025-03-03", r"in_force_until 早于 in_force_from"),
        ("count_first = false", 'count_first = "no"', r"periods\.publicity\.count_first 应为 true 或 false"),
        ("working_days = 7", "working_days = 0", r"periods\.publicity\.working_days 应为 1 至 1000 的整数"),
        ("working_days = 7", "working_days = true", r"periods\.publicity\.working_days 应为 1 至 1000 的整数"),
        ("working_days = 7", "working_days = 7.0", r"periods\.publicity\.working_days 应为 1 至 1000 的整数"),
        ("day = 15", "day = 32", r"annual_report\.day 应为 1 至 31 的整数"),
        (
            "month = 3\nday = 15",
            "month = 2\nday = 29",
            r"annual_report\.day 应为 1 至 28 的整数",
        ),  # not every year has it
        (
            "first_due_years_after = 1",
            "first_due_years_after = 1\n[[obligations.annual_report.changes]]\nday = 30",
            r"annual_report\.changes\[1\]\.applies_from 缺失",
        ),
        (
            "first_due_years_after = 1",
            "first_due_years_after = 1\n[[obligations.annual_report.changes]]\napplies_from = 2028-01-01\nmonth = 2",
            r"annual_report\.changes\[1\]\.day 缺失",  # 15 March or 15 February: the amendment says which
        ),
        (
            "first_due_years_after = 1",
            "first_due_years_after = 1"
            + "\n[[obligations.annual_report.changes]]\napplies_from = 2028-01-01\nday = 30" * 2,
            r"annual_report\.changes\[2\]\.applies_from 应晚于前一次变更的 2028-01-01",
        ),
        ('roll = "none"', 'roll = "next"', r"annual_report\.roll 应为 none、next_working_day 之一"),
        ("[60, 30, 14, 7, 3, 1, 0, -1, -7, -14]", "[60, 30, 30]", r"annual_report\.days 有重复的数"),
        ("[60, 30, 14, 7, 3, 1, 0, -1, -7, -14]", "[]", r"annual_report\.days 应为非空列表"),
        ("[60, 30, 14, 7, 3, 1, 0, -1, -7, -14]", "[6.5]", r"annual_report\.days 应为 -366 至 366 的整数"),
        ("days = [30, 7, 0]\n", "", r"ladders\.renewal 应写明 days（日）或 working_days（工作日），二者择一"),
        ("days = [30, 7, 0]\n", "days = [1]\nworking_days = [1]\n", r"ladders\.renewal 应写明 .*二者择一"),
        ("working_days = [3, 1, 0, -1, -3, -5]", "working_days = [3, 1, 3]", r"ladders\.task\.working_days 有重复的数"),
        ("escalate_from = 30", "escalate_from = 31", r"ladders\.expiry\.escalate_from 应为 days 中的一级，现为 31"),
        ("[ladders.renewal]", "[ladders.renewals]", r"ladders\.renewals 没有这种期限，是否想写 renewal？可用的有"),
        ("[ladders.annual_report]", "[ladders.annual_reports]", r"ladders\.annual_reports 没有这种期限"),
        ("days = [30, 7, 0]", 'days = [7]\nzone = "Asia/Peking"', r"没有名为 'Asia/Peking' 的时区；应如"),
        ("days = [30, 7, 0]", 'days = [7]\nzone = "Asia"', r"ladders\.renewal\.zone 没有名为 'Asia' 的时区"),
        ("days = [30, 7, 0]", 'days = [7]\nzone = "../etc/passwd"', r"ladders\.renewal\.zone 没有名为"),
        ("days = [30, 7, 0]", 'days = [7]\nat = "03:30"', r"ladders\.renewal\.at 应为 05:00 至 22:00 的时刻"),
        ("days = [30, 7, 0]", 'days = [7]\nat = "9"', r"renewal\.at 应为 05:00 至 22:00 .*现为 '9'"),
        ("{short}{year}-{serial:03}", "{short}-{serial:03}", r"register\.number 应由 .*各一次组成"),
        ("{short}{year}-{serial:03}", "{short}{year}{serial}{serial}", r"register\.number 应由"),
        ("{short}{year}-{serial:03}", "{short}{year:03}-{serial}", r"register\.number 应由"),
        ("{short}{year}-{serial:03}", "{short.x}{year}-{serial}", r"register\.number 应由"),
        ("{short}{year}-{serial:03}", "{{{short}{year}-{serial}", r"register\.number 应由"),
        ("[periods.publicity]", "[periods.decision]", r"limits\.decision 与 periods\.decision 重名"),
        ("[periods.publicity]", '[periods."公示"]', r"periods 中的名称 '公示' 应为小写英文"),
    ],
)
def test_a_wrong_file_is_refused_with_the_path_of_the_key(old: str, new: str, said: str) -> None:
    text = changed(old, new)
    with pytest.raises(RegimeInvalid) as refused:
        regime.load(text)
    assert re.search(said, refused.value.message), refused.value.message


@pytest.mark.parametrize("basis", ["", ', basis = "setting", clause = "第十五条"', ', basis = "custom"'])
def test_a_number_stands_on_a_clause_or_on_the_bureau_and_never_on_nothing_or_both(basis: str) -> None:
    text = changed(
        'draft_list = { working_days = 10, basis = "setting" }', f"draft_list = {{ working_days = 10{basis} }}"
    )
    with pytest.raises(RegimeInvalid, match=r"limits\.draft_list(\.basis)? 应"):
        regime.load(text)


def test_a_register_number_is_written_as_the_file_says() -> None:
    register = regime.shipped("qingyuan").register
    assert register is not None
    assert [register.written(2025, serial) for serial in (1, 42, 1000)] == [
        "清集群2025-001",
        "清集群2025-042",
        "清集群2025-1000",
    ]
    other = regime.load(changed("{short}{year}-{serial:03}", "第{serial}号（{short}，{year}）")).register
    assert other is not None
    assert other.written(2026, 7) == "第7号（清集群，2026）"
    assert other.around(2026) == ("第", "号（清集群，2026）")


def test_a_text_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(RegimeInvalid, match=r"不是有效的 TOML：.*line 2"):
        regime.load('name = "x"\ntitle =\n')
    with pytest.raises(RegimeInvalid, match="不是 UTF-8"):
        regime.load("name = '清远'".encode("gb18030"))


def test_an_unknown_regime_is_told_which_there_are() -> None:
    with pytest.raises(RegimeInvalid, match=r"没有名为 atlantis 的规则体系；现有 .*qingyuan"):
        regime.shipped("atlantis")
    with pytest.raises(RegimeInvalid, match="没有名为"):
        regime.shipped("../regimes/qingyuan")


@pytest.mark.parametrize("name", regime.names())
def test_every_regime_that_ships_can_be_read(name: str) -> None:
    assert regime.shipped(name).name == name


def test_advisory_thresholds_are_named() -> None:
    text = changed('value = "100", unit', 'value = "100", advisory = true, unit')
    assert regime.load(text).advisory == ("area_km2",)


@pytest.mark.parametrize(
    ("reviewed", "drawn"),
    [(0, 0), (1, 1), (2, 2), (3, 2), (6, 2), (7, 3), (10, 3), (11, 4), (200, 60), (201, 61)],
)
def test_the_sample_is_the_share_rounded_up_and_at_least_two_if_there_are_two(reviewed: int, drawn: int) -> None:
    rule = regime.shipped("qingyuan").inspection
    assert rule is not None
    assert (rule.share_pct, rule.at_least, rule.basis) == (30, 2, "本局设置")
    assert rule.sample_size(reviewed) == drawn


@pytest.mark.parametrize("share", ["0", "100.01", "-1"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    text = regime.content("qingyuan").decode().replace('share_pct = "30"', f'share_pct = "{share}"')
    with pytest.raises(RegimeInvalid, match="share_pct"):
        regime.load(text)


# ---- a misspelt key, anywhere in any file -------------------------------------------------------

# Tables whose keys are names.
OWN_NAMES = {"criteria", "thresholds", "limits", "periods", "obligations", "ladders", "grounds"}


def misspelt() -> Iterator[tuple[str, str, str]]:
    """Of every file, each line that begins with a key of the reader's own: file, line and the key in it."""
    for name in regime.names():
        table = ""
        for line in regime.content(name).decode().splitlines():
            if line.startswith("["):
                table = line[1 : line.index("]")]
            elif (found := re.match(r"([a-z_]{4,}) = ", line)) and table not in OWN_NAMES:
                yield name, line, found[1]


@pytest.mark.parametrize(("name", "line", "key"), list(misspelt()), ids=lambda value: value[:40])
def test_a_misspelt_key_is_named_with_the_nearest_right_one(name: str, line: str, key: str) -> None:
    wrong = key[:2] + key[3:]  # a letter is left out
    text = regime.content(name).decode()
    with pytest.raises(RegimeInvalid) as refused:
        regime.load(text.replace(f"\n{line}\n", f"\n{line.replace(key, wrong, 1)}\n", 1), f"{name}.toml")
    assert f"{wrong} 不是可用的项，是否想写 {key}？" in refused.value.message
    assert refused.value.message.startswith(f"{name}.toml: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[ladders.expiry]", "[ladders.expirey]", "ladders.expirey 没有这种期限，是否想写 expiry？"),
        ("{ working_days = 5,", "{ workingdays = 5,", "workingdays 不是可用的项，是否想写 working_days？"),
        ("falsehood =", "falshood =", "grounds 中的 falshood 不是可用的情形，是否想写 falsehood？"),
        ("unit =", "units =", "thresholds.area_km2.units 不是可用的项，是否想写 unit？"),
    ],
)
def test_a_misspelt_name_inside_a_table_is_named_too(old: str, new: str, said: str) -> None:
    text = regime.content("guangxi").decode()
    assert old in text
    with pytest.raises(RegimeInvalid) as refused:
        regime.load(text.replace(old, new, 1), "guangxi.toml")
    assert said in refused.value.message


# ---- the offices between ------------------------------------------------------------------------


def test_a_chain_names_its_levels_from_below_and_how_many_each_may_send_on() -> None:
    national = regime.shipped("national")
    assert national.levels == ("city", "province")
    assert national.chain is not None
    assert national.chain.bureau_sees == "recommendation"
    city = national.quota["city"]
    assert (city.most, city.basis, city.niche) == (2, "粤24号 三", "粤24号 二")
    province = national.quota["province"]
    assert (province.of(special=False), province.of(special=True)) == (5, 3)  # 236号 三: 计划单列市、兵团 3
    assert (province.basis, province.niche, province.over_clause) == ("236号 三", "236号 二", "236号 三")
    assert city.of(special=True) == 2
    assert regime.shipped("qingyuan").levels == ()


def test_the_notices_of_2022_say_until_when_and_on_what_paper() -> None:
    national = regime.shipped("national")
    printed = [(one.year, one.level, one.at.isoformat(), one.basis) for one in national.closings]
    assert printed == [
        (2022, "city", "2022-10-14T17:30:00+08:00", "粤24号 五"),
        (2022, "province", "2022-10-31T23:59:00+08:00", "236号 五"),
    ]
    city, province = national.paper["city"], national.paper["province"]
    assert (city.papers, city.copies, city.discs, city.basis) == (
        ("推荐汇总表", "申报表", "佐证材料"),
        4,
        2,
        "粤24号 五",
    )
    assert (province.papers, province.copies, province.originals) == (("推荐汇总表", "申报表"), 3, 1)
    assert (province.discs, province.basis) == (1, "236号 五")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('levels = ["city", "province"]', 'levels = ["province", "city"]', r"chain\.levels 应为 city、province 中的"),
        ('levels = ["city", "province"]', 'levels = ["province"]', r"quota 中的 city 不在 chain\.levels 之中"),
        ('bureau_sees = "recommendation"', 'bureau_sees = "never"', r"chain\.bureau_sees 应为 filing、recommendation"),
        ("one_a_niche = ", "one_niche = ", r"是否想写 one_a_niche"),
        ("at = 2022-10-14T17:30:00+08:00", "at = 2022-10-14", r"closings\[1\]\.at 应为带时区、不加引号的时刻"),
        ('level = "city"', 'level = "county"', r"closings\[1\]\.level 应为 chain\.levels 中的一级（city、province）"),
        ("[paper.city]", "[paper.county]", r"paper 中的 county 不在 chain\.levels 之中"),
        ("copies = 4", "copys = 4", r"是否想写 copies"),
    ],
)
def test_a_wrong_chain_is_refused_with_the_path_of_the_key(old: str, new: str, said: str) -> None:
    assert old in NATIONAL
    with pytest.raises(RegimeInvalid) as refused:
        regime.load(NATIONAL.replace(old, new, 1))
    assert re.search(said, refused.value.message), refused.value.message
