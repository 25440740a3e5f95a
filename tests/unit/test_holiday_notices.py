"""A file of holidays is believed only where it can be one; what is wrong with it is named in one line."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from engine import calendar, holiday_notices
from engine.calendar import Announced, Calendar, Estimate, Imported, Notice
from engine.errors import NoticeInvalid
from tests import holidays


def changed(**keys: Any) -> bytes:
    return holidays.file({**holidays.told(), **keys})


def with_days(*more: Any) -> bytes:
    return changed(days=[*holidays.told()["days"], *more])


def without(*dates: str) -> bytes:
    return changed(days=[row for row in holidays.told()["days"] if row["date"] not in dates])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed(days=[]), "没有任何日期（days）；2027 年的通知可能尚未公布"),
        (changed(papers=[], days=[]), "没有写明所依据的通知（papers）；2027 年"),  # as holiday-cn's own 2027.json is
        (changed(papers=[" "]), "没有写明所依据的通知"),
        (changed(days=None), "没有任何日期"),
        (changed(days={}), "没有任何日期"),
        (with_days(holidays.day("2027-01-01", off=True)), "2027-01-01 重复"),
        (with_days(holidays.day("2027-01-02", off=False)), "2027-01-02 重复"),  # a Saturday, both off and worked
        (with_days(holidays.day("2027-02-29", off=True)), "2027-02-29 不存在"),
        (with_days(holidays.day("2027-13-01", off=True)), "2027-13-01 不存在"),
        (with_days(holidays.day("2027-2-28", off=True)), "应写作 2027-01-01 的样子"),
        (with_days(holidays.day("２０２７-02-28", off=True)), "应写作 2027-01-01 的样子"),
        (with_days(holidays.day("2027-W05-1", off=True)), "应写作 2027-01-01 的样子"),
        (with_days(holidays.day("2028-01-01", off=True)), "2028-01-01 不在 2027 年（或上年 12 月）"),
        (with_days(holidays.day("2026-11-30", off=True)), "2026-11-30 不在 2027 年"),
        (with_days(holidays.day("2027-03-02", off=False)), "2027-03-02 列为调休上班，但这天本来就是周一至周五"),
        (with_days({"name": "元旦", "date": "2027-03-06"}), "应写明 name"),
        (with_days({"name": "", "date": "2027-03-06", "isOffDay": True}), "应写明 name"),
        (with_days({"name": "元旦", "date": "2027-03-06", "isOffDay": "true"}), "应写明 name"),
        (with_days(["2027-03-06"]), "应写明 name"),
        (with_days(*[holidays.day("2027-03-06", off=True)] * 200), "超过 120 个"),
        (without("2027-10-02"), "没有把法定节假日 2027-10-02 列为放假"),
        (changed(year="2027"), "年份（year）应为 2021 至 2060 的整数"),
        (changed(year=True), "年份（year）"),
        (changed(year=2099), "年份（year）"),
        (b"", "不是有效的 JSON"),
        (b"[" * 100_000, "不是有效的 JSON"),
        (b"[]", "应是一个 JSON 对象"),
        ("日历".encode("gb18030"), "不是 UTF-8"),
        (b" " * 300_000, "超过 256 KB"),
        (b'{"year": ' + b"9" * 5000 + b"}", "不是有效的 JSON"),
    ],
)
def test_a_file_that_is_no_notice_is_refused_with_one_clear_line(content: bytes, said: str) -> None:
    with pytest.raises(NoticeInvalid) as refused:
        holiday_notices.read(content)
    assert said in refused.value.message
    assert "\n" not in refused.value.message


def test_a_statutory_day_must_not_be_worked() -> None:
    """1 May 2027 is a Saturday, so it could be listed as a make-up day."""
    rows = [row | {"isOffDay": False} if row["date"] == "2027-05-01" else row for row in holidays.told()["days"]]
    with pytest.raises(NoticeInvalid, match="2027-05-01 列为放假"):
        holiday_notices.read(changed(days=rows))


def test_a_good_file_is_read_whole() -> None:
    found = holiday_notices.read(holidays.file())
    assert (found.year, len(found.days)) == (2027, 34)
    assert found.days[date(2027, 2, 20)] == ("春节", True)
    assert found.days[date(2027, 2, 12)] == ("春节", False)
    assert holiday_notices.read(b"\xef\xbb\xbf" + holidays.file()).year == 2027  # as some editors save it


@pytest.mark.parametrize("year", range(2021, 2027))
def test_no_notice_of_the_last_years_had_a_statutory_day_worked(year: int) -> None:
    assert [on for on in calendar.statutory(year) if calendar.shipped().is_working(on)] == []


# ---- the layer ----------------------------------------------------------------------------------


def layer(*changes: Callable[[dict[str, Any]], None]) -> Calendar:
    """The shipped layers below the notice for 2027."""
    told = holidays.told()
    for change in changes:
        change(told)
    read = holiday_notices.read(json.dumps(told).encode())
    return Calendar([Imported({2027: Notice(7, holidays.NUMBER, read.days)}), Announced(), Estimate()])


def test_every_day_of_an_imported_year_is_official_by_its_number() -> None:
    days = layer()
    for on, working, why in [
        (date(2027, 2, 12), False, "春节放假"),
        (date(2027, 2, 20), True, "春节调休上班"),
        (date(2027, 3, 1), True, "工作日"),
        (date(2027, 3, 6), False, "周末"),
        (date(2027, 6, 10), True, "工作日"),
    ]:
        day = days.day(on)
        assert (day.working, day.official, day.certain, day.source) == (working, True, True, holidays.NUMBER)
        assert calendar.reason(day) == why


def test_the_last_days_of_december_are_settled_by_the_next_years_notice() -> None:
    before, after = calendar.shipped(), layer()
    assert [before.day(date(2026, 12, on)).official for on in (27, 28, 31)] == [True, False, False]
    assert [after.day(date(2026, 12, on)).official for on in (27, 28, 31)] == [True, True, True]
    assert [after.day(date(2027, 12, on)).official for on in (27, 28, 31)] == [True, False, False]
    assert after.nth_working_day(date(2026, 12, 25), 7).date == date(2027, 1, 6)  # 28 29 30 31, then 4 5 6 January
    assert not after.nth_working_day(date(2026, 12, 25), 7).provisional


def test_a_notice_may_have_the_december_before_it_worked() -> None:
    """As the one for 2019 had Saturday 29 December 2018 worked."""

    def worked(told: dict[str, Any]) -> None:
        told["days"].append(holidays.day("2026-12-26", off=False))

    day = layer(worked).day(date(2026, 12, 26))
    assert (day.working, day.source) == (True, holidays.NUMBER)
    assert layer().day(date(2026, 12, 26)).working is False


def test_the_year_after_an_imported_one_is_still_an_estimate() -> None:
    assert not layer().day(date(2028, 6, 14)).official
    assert layer().revision == f"{holidays.NUMBER}（2027 年，导入 7）；chinesecalendar 1.11.0，至 2026 年；估计 1"


def test_two_imported_years_leave_no_gap_between_them() -> None:
    read = holiday_notices.read(holidays.file())
    days = {2027: Notice(1, "甲", read.days), 2028: Notice(2, "乙", {date(2027, 12, 31): ("元旦", False)})}
    between = Calendar([Imported(days), Announced(), Estimate()])
    assert (between.day(date(2027, 12, 31)).working, between.day(date(2027, 12, 31)).source) == (False, "乙")
    assert (between.day(date(2027, 12, 30)).working, between.day(date(2027, 12, 30)).source) == (True, "甲")
