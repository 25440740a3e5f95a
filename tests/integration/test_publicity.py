"""The publicity notice: frozen as it was shown, dated as the rule counts, with its number, and a notice on paper."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine import bulletin, bundle, day_overrides, organisations
from engine.db import Database
from engine.models import Case, Cluster, Event, Letter, Round, StoredFile
from notifications import wording
from tests import publicised
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import reader, signed_in
from tests.office import BUREAU
from tests.publicised import List

NUMBER = "示例公示〔2025〕7号"


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return desk.furnish(database, tmp_path / "data", support="0763-0000000")


@pytest.fixture
def public(at: Desk, clock: StandingClock) -> List:
    return publicised.publicised(at.office, clock, publicity_number=NUMBER)


def shown(at: Desk, public: List) -> str:
    answer = reader(at.app).get(f"/notices/{public.notice.id}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_nothing_that_changes_later_changes_the_notice(at: Desk, public: List) -> None:
    before, page = public.notice, shown(at, public)
    with at.database.write() as session:
        for place, case_id in enumerate(public.cases):
            case = session.get_one(Case, case_id)
            case.title = "又一标题"
            session.get_one(Cluster, case.cluster_id).name = f"改名后的集群{place}"
        organisations.rename(session, "441881", "改名后的部门")
        session.get_one(Round, 1).title = "改名后的批次"
        for stored in session.query(StoredFile):
            stored.name = "改名后的文件.pdf"
    after = public.notice
    for column in before.__table__.columns:
        assert getattr(after, column.key) == getattr(before, column.key), column.key
    assert shown(at, public) == page
    assert "改名后" not in page


@pytest.mark.parametrize(
    "change",
    [
        "title = '又一标题'",
        "body = '又一正文'",
        "number = '又一文号'",
        "entries = '[]'",
        "files = '[]'",
        "last_day = '2030-01-01'",
        "basis = '{}'",
    ],
)
def test_the_database_itself_lets_nobody_change_a_notice(at: Desk, public: List, change: str) -> None:
    with pytest.raises(DBAPIError, match="it stays as published"), at.database.write() as session:
        session.execute(text(f"UPDATE notice SET {change} WHERE id = {public.notice.id}"))
    assert public.notice.number == NUMBER


def test_the_bureau_sees_on_the_rounds_page_that_its_own_decision_made_the_period_too_short(
    at: Desk, public: List
) -> None:
    """Published on 1 July 2025 until the 10th; without the 4th the seventh working day is the 11th."""
    told = "末日应为2025年7月11日：公示期不足规定的工作日数"
    assert told not in reader(at.app, signed_in(at.database, "city")).get("/rounds/1").text
    with at.database.write() as session:
        day_overrides.put(
            session,
            at.office.actors["city"],
            BUREAU,
            date(2025, 7, 4),
            working=False,
            reason="台风停工",
            number="示例〔2025〕3号",
        )
    assert told in reader(at.app, signed_in(at.database, "city")).get("/rounds/1").text
    assert told not in reader(at.app, signed_in(at.database, "county")).get("/rounds/1").text


def test_a_printed_notice_has_everything_that_an_official_one_has(at: Desk, public: List) -> None:
    paper = shown(at, public).partition('<article class="jq-card jq-paper jq-official">')[2].partition("</article>")[0]
    for said in (
        NUMBER,
        "关于2025年度清远市中小企业特色产业集群拟认定名单的公示</h1>",
        "根据清工信函〔2025〕16号第十五条（二）",
        *(entry["cluster"] for entry in public.notice.entries),
        "公示期：2025年7月1日至2025年7月10日（7 个工作日）",
        "（2025年7月10日 24 时前）向清远市工业和信息化局反映",
        "联系方式：0763-0000000",
        f"/notices/{public.notice.id}/object",
        "<p>2025年7月1日</p>",
    ):
        assert said in paper, said
    assert paper.index(NUMBER) < paper.index("<h1>") < paper.index("根据") < paper.index("24 时前")
    assert paper.rindex("清远市工业和信息化局") > paper.index("24 时前")  # who signs stands last
    assert "jq-actions" in paper  # buttons, which paper leaves out


def test_the_seven_days_and_how_they_were_counted_are_kept(public: List) -> None:
    notice = public.notice
    assert (str(notice.first_day), str(notice.last_day)) == ("2025-07-01", "2025-07-10")
    assert notice.basis["counted"] == [f"2025-07-{day:02}" for day in (2, 3, 4, 7, 8, 9, 10)]
    assert (notice.basis["working_days"], notice.basis["count_first"]) == (7, False)


def test_a_length_that_no_text_prints_is_said_to_be_set_by_those_who_recognise(
    database: Database, clock: StandingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, printed = bundle.shipped, 'clause = "第十五条（二）"\n\n# 每年3月15日前'

    def silent(regime: str) -> bundle.Files:
        files = shipped(regime)
        text = files["regime.toml"].decode()
        assert printed in text
        return {**files, "regime.toml": text.replace(printed, 'basis = "setting"\n\n# 每年3月15日前').encode()}

    monkeypatch.setattr(bundle, "shipped", silent)
    at = desk.furnish(database, tmp_path / "data")
    page = shown(at, publicised.publicised(at.office, clock))
    assert "条文没有规定公示期的长短，由认定机关设定" in page
    assert "清工信函〔2025〕16号没有规定公示期的长短，由认定机关设定为 7 个工作日。" in page
    assert "依据清工信函" not in page


def test_a_length_that_the_text_prints_stands_on_its_clause(at: Desk, public: List) -> None:
    page = shown(at, public)
    assert "依据清工信函〔2025〕16号第十五条（二），公示期为 7 个工作日。" in page
    assert "由认定机关设定" not in page


def test_a_notice_without_a_number_is_published_without_one(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    at = desk.furnish(sqlite_database, tmp_path / "data")
    public = publicised.publicised(at.office, clock, clusters=1)
    assert public.notice.number is None
    assert "jq-official-number" not in shown(at, public)


def test_the_notice_says_whether_it_is_time_to_object(at: Desk, public: List) -> None:
    public.clock.move_to(publicised.LAST_MINUTE)
    assert ">提出异议<" in shown(at, public)
    public.clock.move_to(publicised.OVER)
    page = shown(at, public)
    assert ">反映情况<" in page
    assert "公示期满" in page


def test_the_public_interface_tells_the_same(at: Desk, public: List) -> None:
    told = at.anonymous().get(f"/public/notices/{public.notice.id}").get_json()
    assert (told["number"], told["last_day"]) == (NUMBER, "2025-07-10")
    with at.database.read() as session:
        assert told["entries"] == bulletin.notice(session, public.notice.id)["entries"]


def test_each_applicant_on_the_list_is_told_that_it_is_public(at: Desk, clock: StandingClock) -> None:
    made = publicised.publicised(at.office, clock, clusters=2)
    with at.database.read() as session:
        told = session.scalars(
            select(Letter).where(Letter.template == "publicity_begins").order_by(Letter.case_id)
        ).all()
        subject, body = wording.read(session, told[0].deployment_id, told[0].template, told[0].fields)
        noted = session.scalars(
            select(Event.case_id).where(Event.kind == "letter.queued", Event.case_id.in_(made.cases))
        )
        assert set(made.cases) <= set(noted)
    assert [(row.case_id, row.organisation_code, row.role) for row in told] == [
        (case, "441881", "county_officer") for case in sorted(made.cases)
    ]
    assert subject.startswith("【公示】")
    assert "公示期：2025年7月1日至2025年7月10日" in body
    assert "办理依据：第十五条（二）" in body
