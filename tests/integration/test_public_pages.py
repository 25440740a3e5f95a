"""What anybody may read: notices with their reckoning, the register, what is open, and no person in any of it."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine import clock as clocks
from engine import clusters, deployments, publicity
from engine.db import Database
from engine.models import Case, Cluster, Notice
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import Reader, reader

BLACK_TEA = "英德市中小企业特色产业集群（红茶精深加工产业）"
BUILDING = "英德市中小企业特色产业集群（新型建材产业）"
FORMULA = "=1+1中小企业特色产业集群（铝型材产业）"
SUPPORT = "0000-0000000（工作日 9:00—17:30）"


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path / "data", organiser="示例市工业和信息化局", support=SUPPORT)


@pytest.fixture
def passer_by(at: Desk) -> Reader:
    return reader(at.app)


def text(page: Reader, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def pages(reader_: Reader, path: str) -> Iterator[str]:
    """This page and all that its link to the next leads to."""
    following = True
    while following:
        page = text(reader_, path)
        yield page
        before, there, _ = page.partition('" rel="next"')
        path, following = before.rpartition('href="')[2].replace("&amp;", "&"), bool(there)


def applied(at: Desk, *names: str) -> tuple[int, list[int]]:
    """A round that is open, and a case for each of these clusters: the round's case, the cases."""
    round_ = at.office.open_round()
    at.office.complete("city", at.office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    opened = []
    for place, name in enumerate(names):
        start = samples.ANSWERS["application_start"] | {
            "round_id": round_.id,
            "cluster_name": name,
            "niche": f"细分领域{place}",
        }
        opened.append(at.office.open_case("county", start).id)
    return round_.case_id or 0, opened


def shown_publicly(at: Desk, round_case: int, cases: Sequence[int]) -> int:
    """The number of the notice of a publicity period that begins now."""
    with at.database.write() as session:
        case = session.get_one(Case, round_case)
        rules = deployments.deployed(session, case.deployment_id).regime
        return publicity.open_period(session, case, rules, "publicity", cases).id


def recognised(at: Desk, round_case: int, cases: Sequence[int]) -> list[int]:
    """The clusters of these cases, recognised and announced today."""
    with at.database.write() as session:
        case = session.get_one(Case, round_case)
        rules = deployments.deployed(session, case.deployment_id).regime
        listed = publicity.entries(session, cases)
        publicity.publish(session, case, "publication", title="关于公布名单的公告", body="现予公布。", shown=listed)
        ids = [session.get_one(Case, each).cluster_id or 0 for each in cases]
        for each in ids:
            clusters.recognise(session, session.get_one(Cluster, each), rules)
    return ids


# ---- home ---------------------------------------------------------------------------------------


def test_the_home_page_says_what_is_open_until_when(at: Desk, passer_by: Reader, clock: StandingClock) -> None:
    assert "目前没有开放申报的批次" in text(passer_by, "/")
    applied(at)
    page = text(passer_by, "/")
    assert "2025年度认定批次" in page
    assert "申报截止：2025-06-30 17:30" in page
    clock.move_to("2025-06-30 17:30:01")
    assert "目前没有开放申报的批次" in text(passer_by, "/")


def test_the_foot_names_the_organiser_and_leaves_out_what_is_not_set(passer_by: Reader) -> None:
    page = text(passer_by, "/")
    assert "主办单位：示例市工业和信息化局" in page
    assert SUPPORT in page
    assert "网站标识码" not in page


@pytest.mark.parametrize("path", ["/help", "/accessibility"])
def test_help_and_the_statement_of_accessibility_are_there_for_everybody(passer_by: Reader, path: str) -> None:
    assert "<h1>" in text(passer_by, path)


# ---- notices ------------------------------------------------------------------------------------


def test_a_publicity_across_the_holiday_shows_every_day_and_why(
    at: Desk, passer_by: Reader, clock: StandingClock
) -> None:
    round_case, cases = applied(at, BLACK_TEA)
    clock.move_to("2025-09-26 16:00")
    page = text(passer_by, f"/notices/{shown_publicly(at, round_case, cases)}")
    assert "公示期：2025年9月26日至2025年10月13日（7 个工作日）" in page
    assert "还剩 7 个工作日" in page
    rows = [row.split("</tr>")[0] for row in page.partition("逐日计算")[2].split("<tr")[2:]]
    assert len(rows) == 18  # 26 September to 13 October
    assert "发布当日不计入" in rows[0]
    assert "第 1 个工作日" in rows[2]  # Sunday 28 September
    assert "国庆节调休上班" in rows[2]
    assert "不计入" in rows[5]
    assert "国庆节放假" in rows[5]  # 1 October
    assert "中秋节放假" in rows[10]
    assert "第 7 个工作日" in rows[17]


def test_a_notice_says_where_and_until_when_to_object_and_then_that_it_is_over(
    at: Desk, passer_by: Reader, clock: StandingClock
) -> None:
    round_case, cases = applied(at, BLACK_TEA)
    clock.move_to("2025-09-26 16:00")
    path = f"/notices/{shown_publicly(at, round_case, cases)}"
    assert "（2025年10月13日 24 时前）向清远市工业和信息化局反映" in text(passer_by, path)
    clock.move_to("2025-10-13 23:59:59")
    assert "今日截止" in text(passer_by, path)
    clock.move_to("2025-10-14 00:00:00")
    assert "公示期满" in text(passer_by, path)


def test_a_notice_keeps_its_list_when_the_cluster_is_renamed(at: Desk, passer_by: Reader) -> None:
    round_case, cases = applied(at, BLACK_TEA)
    number = shown_publicly(at, round_case, cases)
    with at.database.write() as session:
        session.get_one(Cluster, session.get_one(Case, cases[0]).cluster_id).name = "改名后的集群"
    page = text(passer_by, f"/notices/{number}")
    assert BLACK_TEA in page
    assert "改名后的集群" not in page


def test_notices_come_by_kind_and_page_by_page(at: Desk, passer_by: Reader) -> None:
    with at.database.write() as session:
        for number in range(1, 46):
            session.add(
                Notice(
                    regime="qingyuan",
                    bureau_code="441800",
                    kind="call" if number % 9 else "publication",
                    title=f"第{number:02}号通知",
                    body="正文",
                    entries=[],
                    published_at=clocks.now(),
                    basis={},
                )
            )
    seen = [
        f"{number:02}"
        for page in pages(passer_by, "/notices?kind=call")
        for number in range(45, 0, -1)
        if f"第{number:02}号通知" in page
    ]
    assert seen == [f"{number:02}" for number in range(45, 0, -1) if number % 9]
    assert "第45号通知" in text(passer_by, "/notices?kind=publication")
    assert "第44号通知" not in text(passer_by, "/notices?kind=publication")


def test_a_notice_that_is_not_there_is_a_page_and_not_a_secret(passer_by: Reader) -> None:
    answer = passer_by.get("/notices/99")
    assert answer.status_code == 404
    assert "没有这条公告" in answer.get_data(as_text=True)


# ---- the register -------------------------------------------------------------------------------


def test_the_register_shows_the_first_and_the_last_valid_day(at: Desk, passer_by: Reader, clock: StandingClock) -> None:
    round_case, cases = applied(at, BLACK_TEA)
    assert "还没有公布认定的集群" in text(passer_by, "/register")
    clock.move_to("2025-06-20 10:00")
    (cluster,) = recognised(at, round_case, cases)
    for path in ("/register", f"/register/{cluster}"):
        page = text(passer_by, path)
        assert BLACK_TEA in page
        assert "2025年6月20日" in page
        assert "2028年6月20日" in page
        assert ">有效<" in page
    clock.move_to("2028-06-20 23:59")
    assert ">有效<" in text(passer_by, f"/register/{cluster}")
    clock.move_to("2028-06-21 00:00")
    page = text(passer_by, f"/register/{cluster}")
    assert ">待复核<" in page
    assert "复核尚无结果；在此期间不作为有效认定（本局设置）" in page


def test_a_cluster_shows_the_notices_that_named_it_and_no_others(
    at: Desk, passer_by: Reader, clock: StandingClock
) -> None:
    round_case, cases = applied(at, BLACK_TEA, BUILDING)
    shown_publicly(at, round_case, cases[:1])
    ours, other = recognised(at, round_case, cases)
    assert "拟认定名单的公示" in text(passer_by, f"/register/{ours}")
    assert "拟认定名单的公示" not in text(passer_by, f"/register/{other}")
    assert "关于公布名单的公告" in text(passer_by, f"/register/{other}")


def test_a_candidate_is_not_in_the_register(at: Desk, passer_by: Reader) -> None:
    _, (case,) = applied(at, BLACK_TEA)
    with at.database.read() as session:
        cluster = session.get_one(Case, case).cluster_id
    assert passer_by.get(f"/register/{cluster}").status_code == 404
    assert BLACK_TEA not in text(passer_by, "/register")


def test_the_register_is_filtered_by_word_place_and_state(at: Desk, passer_by: Reader, clock: StandingClock) -> None:
    round_case, cases = applied(at, BLACK_TEA, BUILDING)
    recognised(at, round_case, cases)
    both, none = {True}, {False}

    def found(query: str) -> tuple[bool, bool]:
        page = text(passer_by, f"/register?{query}")
        return BLACK_TEA in page, "新型建材" in page

    assert found("words=红茶") == (True, False)
    assert set(found("words=英德市中小企业主管部门")) == both  # who applied
    assert set(found("words=%25")) == none  # a sign of SQL is a sign like any other
    assert set(found("division=441881")) == both
    assert set(found("division=441882")) == none
    assert set(found("state=recognised")) == both
    assert set(found("state=revoked")) == none


def test_the_register_is_found_by_number_and_by_industry(at: Desk, passer_by: Reader) -> None:
    round_case, cases = applied(at, BLACK_TEA, BUILDING)
    ours, _other = recognised(at, round_case, cases)
    with at.database.write() as session:
        session.get_one(Cluster, ours).industry = "红茶"

    def found(query: str) -> tuple[bool, bool]:
        page = text(passer_by, f"/register?{query}")
        return BLACK_TEA in page, BUILDING in page

    assert found("words=2025-001") == (True, False)
    assert found("words=2025-002") == (False, True)
    assert found("industry=红茶") == (True, False)
    assert found("industry=铝") == (False, False)
    assert found("industry=红茶&state=revoked") == (False, False)
    assert "清集群2025-001" in text(passer_by, f"/register/{ours}")


def test_what_is_shown_can_be_taken_as_json_and_the_api_says_the_same(at: Desk, passer_by: Reader) -> None:
    round_case, cases = applied(at, BLACK_TEA, BUILDING)
    ours, _other = recognised(at, round_case, cases)
    given = passer_by.get("/register?format=json&words=红茶").get_json()
    assert given == at.anonymous().get("/public/clusters?words=红茶").get_json()
    (row,) = given["items"]
    assert (row["id"], row["number"], row["last_day"]) == (ours, "清集群2025-001", "2028-04-10")
    entry = at.anonymous().get(f"/public/clusters/{ours}").get_json()
    assert [notice["kind"] for notice in entry["notices"]] == ["publication"]
    assert at.anonymous().get("/public/clusters?state=candidate").status_code == 422


def test_each_place_has_a_bar_as_long_as_its_number(at: Desk, passer_by: Reader, clock: StandingClock) -> None:
    for place, (office, state, last) in enumerate(
        (
            ("441881", "recognised", date(2028, 1, 1)),
            ("441881", "recognised", date(2025, 1, 1)),  # over
            ("441881-01", "revoked", date(2028, 1, 1)),  # the park lies in the same county
            ("441882", "recognised", date(2028, 1, 1)),
        )
    ):
        with at.database.write() as session:
            session.add(
                Cluster(
                    regime="qingyuan",
                    bureau_code="441800",
                    organisation_code=office,
                    name=f"第{place}集群（产业）",
                    state=state,
                    recognised_on=date(2022, 1, 1),
                    first_day=date(2022, 1, 1),
                    last_day=last,
                    created_at=clocks.now(),
                )
            )
    told = at.anonymous().get("/public/clusters/by-place").get_json()["items"]
    numbers = [(row["division"], row["recognised"], row["expired"], row["revoked"], row["total"]) for row in told]
    assert numbers == [("441881", 1, 1, 1, 3), ("441882", 1, 0, 0, 1)]
    page = text(passer_by, "/register/by-place")
    assert "共 4 个集群" in page
    bars = page.split('<svg class="jq-bar"')[1:]
    assert [bar.count('width="1"') for bar in bars] == [3, 1]
    assert all('viewBox="0 0 3 1"' in bar for bar in bars)  # one measure for all
    assert "英德市中小企业主管部门" in page
    only = text(passer_by, "/register/by-place?state=revoked")
    assert "连州" not in only
    assert "已撤销" in only
    assert "没有符合条件的集群" in text(passer_by, "/register/by-place?words=没有这样的")


def test_the_register_goes_page_by_page(at: Desk, passer_by: Reader) -> None:
    with at.database.write() as session:
        for number in range(45):
            session.add(
                Cluster(
                    regime="qingyuan",
                    bureau_code="441800",
                    organisation_code="441881" if number % 2 else "441882",
                    name=f"集群{number:02}（产业）",
                    state="recognised",
                    recognised_on=date(2025, 6, 20),
                    first_day=date(2025, 6, 20),
                    last_day=date(2025, 6, 20) + timedelta(days=1096),
                    created_at=clocks.now(),
                )
            )
    seen = [
        f"{number:02}" for page in pages(passer_by, "/register") for number in range(45) if f"集群{number:02}（" in page
    ]
    assert sorted(seen) == [f"{number:02}" for number in range(45)]
    assert len(seen) == len(set(seen))


def test_a_downloaded_register_calculates_nothing(at: Desk, passer_by: Reader) -> None:
    round_case, cases = applied(at, FORMULA, BLACK_TEA)
    recognised(at, round_case, cases)
    answer = passer_by.get("/register?format=csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    name = rows[0].index("集群名称")
    assert {row[name] for row in rows[1:]} == {"'" + FORMULA, BLACK_TEA}
    assert rows[1][rows[0].index("有效期止")] == "2028-04-10"
    only = passer_by.get("/register?format=csv&words=红茶").get_data(as_text=True)
    assert BLACK_TEA in only
    assert FORMULA not in only


# ---- nobody's data ------------------------------------------------------------------------------


def test_no_public_page_names_a_person_or_a_telephone(at: Desk, passer_by: Reader, clock: StandingClock) -> None:
    round_case, cases = applied(at, BLACK_TEA)
    task = at.office.open_task(cases[0], "fill_in")
    at.office.complete("county", task, samples.application_data())  # names contacts and their telephones
    number = shown_publicly(at, round_case, cases)
    (cluster,) = recognised(at, round_case, cases)
    people = ("示例联系人甲", "示例联系人乙", "示例负责人", "云溪产业园管理委员会")
    for path in ("/", "/notices", f"/notices/{number}", "/register", f"/register/{cluster}", "/register?format=csv"):
        page = text(passer_by, path).replace(SUPPORT, "")
        assert not [name for name in people if name in page], path
        assert "0000000" not in page, path
        assert "county" not in page, path  # an account's name
