"""What an office prints and sends: the table of what it recommends, the forms, the disc; and who takes them."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from config.settings import Settings
from engine import bundle, deployments, documents, files, papers, printed_forms
from engine.db import Database
from engine.errors import FormInvalid, NotFound
from engine.models import Case, Event, Round, Task
from engine.papers import Summary
from tests import chain, pages, samples
from tests.chain import CITY, Chain
from tests.clock import StandingClock
from tests.integration.reader import Reader, reader, signed_in
from tests.unit.test_uploads import PDF
from web.app import create_app

Furnish: TypeAlias = Callable[..., Chain]


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Furnish:
    clock.move_to(samples.MOMENT.isoformat())
    return lambda regime, **notice: chain.furnish(database, clock, regime, **notice)


@pytest.fixture
def national(office: Furnish) -> Chain:
    return office("national")


def uploaded(at: Chain, who: str, content: bytes, name: str) -> str:
    with at.database.write() as session:
        received = files.receive(at.database.files, io.BytesIO(content), name, megabytes=1, scanner="")
        return files.add(session, at.actors[who], received).id


def filed(at: Chain, who: str, **filled: Any) -> int:
    case_id = at.apply(who)
    at.answer(case_id, "fill_in", application_year=2025, niche=f"{who}的细分领域", **filled)
    return case_id


def recommended(at: Chain, who: str, rank: int, **told: Any) -> int:
    case_id = filed(at, who, **told.pop("filled", {}))
    at.answer(case_id, "acceptance")
    at.answer(case_id, "recommend", rank=rank, introduction=f"{who}的简介", **told)
    return case_id


def summary(at: Chain, who: str, office: str) -> Summary:
    with at.database.read() as session:
        return papers.summary(session, at.actors[who], session.get_one(Round, at.round_id), office)


def desk(at: Chain, tmp_path: Path, who: str) -> Reader:
    app = create_app(Settings(data=tmp_path / "data"), at.database)
    return reader(app, signed_in(at.database, who))


def words(content: bytes) -> list[str]:
    """Each page of a PDF without its spaces."""
    return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


# ---- the table --------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_recommended_cluster_in_their_order(national: Chain) -> None:
    recommended(national, "county1", 2, founded="2015年")
    recommended(national, "county2", 1, founded="2018年")
    filed(national, "county3")  # not recommended
    made = summary(national, "city", CITY)
    assert made.title == "2025年度中小企业特色产业集群推荐汇总表"
    assert [row.cells for row in made.listed] == [
        (
            f"中小企业特色产业集群（{who}产业）",
            "云溪产业园管理委员会",
            "广东省清远市云溪县（虚构）",
            "特种铝型材",
            founded,
            f"{who}的简介",
        )
        for who, founded in (("county2", "2018年"), ("county1", "2015年"))
    ]


def test_printed_it_has_the_columns_of_the_ministrys_table_and_the_office_that_seals_it(national: Chain) -> None:
    recommended(national, "county1", 1, founded="2015年")
    (page,) = words(papers.summary_pdf(summary(national, "city", CITY)))
    assert "清远市工业和信息化局：（盖章）" in page
    assert "联系人和手机：" in page
    columns = ("序号", "集群名称", "集群运营管理机构", "所在省、市、县（区）", "主导产业", "集群成立时间", "集群简介")
    assert [column for column in columns if column not in page] == []
    assert "county1的简介" in page


def test_the_spreadsheet_says_the_same_and_takes_150_characters(national: Chain) -> None:
    recommended(national, "county1", 1, founded="=2015")
    sheet = openpyxl.load_workbook(io.BytesIO(papers.summary_xlsx(summary(national, "city", CITY)))).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0] == [column.title for column in papers.COLUMNS]
    assert rows[1][0] == "1"
    assert rows[1][5:] == ["=2015", "county1的简介"]
    assert sheet.cell(5, 6).data_type == "s"  # nothing is calculated
    (check,) = sheet.data_validations.dataValidation
    assert (check.formula1, str(check.sqref)) == ("150", "G5")


def test_an_introduction_of_more_than_150_characters_is_refused(national: Chain) -> None:
    case_id = filed(national, "county1")
    national.answer(case_id, "acceptance")
    with pytest.raises(FormInvalid) as refused:
        national.answer(case_id, "recommend", rank=1, introduction="简" * 151)
    assert [problem.field for problem in refused.value.problems] == ["introduction"]


def test_each_office_has_its_own_table_and_no_other(national: Chain) -> None:
    case_id = recommended(national, "county1", 1)
    for who, code in (("province", CITY), ("other_city", CITY), ("county1", CITY), ("city", chain.OTHER_CITY)):
        with pytest.raises(NotFound):
            summary(national, who, code)
    with pytest.raises(NotFound):  # the province has recommended nothing yet
        summary(national, "province", chain.PROVINCE)
    assert [row.case.id for row in summary(national, "city_leader", CITY).listed] == [case_id]


def test_where_nobody_recommends_the_county_sends_the_table_of_what_it_filed(office: Furnish) -> None:
    at = office("shantou")
    case_id = filed(at, "far_county", founded="2012年", introduction="玩具")
    at.apply("far_county", cluster_name="中小企业特色产业集群（未报产业）")  # not filed
    made = summary(at, "far_county", chain.FAR_COUNTY)
    assert made.title == "2025年度汕头市中小企业特色产业集群推荐汇总表"
    assert [(row.case.id, row.cells[-2:]) for row in made.listed] == [(case_id, ("2012年", "玩具"))]
    (page,) = words(papers.summary_pdf(made))
    assert "潮阳区中小企业主管部门：（盖章）" in page


@pytest.mark.parametrize(("regime", "table"), [("qingyuan", False), ("shantou", True), ("national", True)])
def test_a_regime_without_such_a_table_offers_none(regime: str, table: bool) -> None:
    assert papers.asked(deployments.Deployed(0, bundle.shipped(regime))) == table


# ---- the form ---------------------------------------------------------------------------------------


def test_each_part_of_the_printed_form_begins_a_page(national: Chain) -> None:
    case_id = recommended(national, "county1", 1, opinion="产业集聚度高")
    with national.database.read() as session:
        content = papers.application_pdf(session, national.actors["city"], session.get_one(Case, case_id))
    pages = words(content)
    first = ("一、基本情况", "二、主导产业情况", "三、创新能力情况", "四、数字化升级情况", "五、绿色化转型情况")
    for part in (*first, "六、开放合作情况", "七、治理和服务水平"):
        (page,) = (page for page in pages if part in page)
        assert page.startswith(part)
    whole = "".join(pages)
    assert "■第二产业" in whole
    assert "□第一产业" in whole
    assert "本单位承诺此次申报中小企业特色产业集群的申请材料" in whole
    seals = next(page for page in pages if page.startswith("九、"))
    places = [
        seals.index(each) for each in ("示例县441881中小企业主管部门（公章）", "产业集聚度高", "广东省工业和信息化厅")
    ]
    assert places == sorted(places)
    assert "工业和信息化部推荐意见" not in seals


def test_text_that_looks_like_markup_stays_text() -> None:
    form = deployments.Deployed(0, bundle.shipped("national")).form("application")
    answers = form.clean(samples.application_for(form, governance='#image("/etc/passwd") *粗* $x$\n第二行'))
    made = printed_forms.printed(form, answers, {}, under="示例", day=samples.MOMENT.date(), seals={})
    assert '#image("/etc/passwd")*粗*$x$第二行' in "".join(words(documents.form_pdf(made)))


# ---- the disc ---------------------------------------------------------------------------------------


def on_disc(at: Chain, who: str = "city", code: str = CITY) -> bytes:
    with at.database.read() as session:
        made = papers.summary(session, at.actors[who], session.get_one(Round, at.round_id), code)
        out = io.BytesIO()
        papers.write_disc(made, papers.disc(session, made), out)
        return out.getvalue()


def with_evidence(at: Chain) -> int:
    first, same_name = uploaded(at, "county1", PDF, "名单.pdf"), uploaded(at, "county1", PDF + b"\n", "名单.pdf")
    named = {"evidence_3": "provided", "evidence_3_files": [first, same_name]}
    return recommended(at, "county1", 1, filled=named | {"evidence_11": "provided", "evidence_11_files": [first]})


def test_the_disc_holds_table_form_and_evidence_by_the_numbers_of_the_list(national: Chain) -> None:
    with_evidence(national)
    with zipfile.ZipFile(io.BytesIO(on_disc(national))) as archive:
        folder = "01 中小企业特色产业集群（county1产业）"
        assert archive.namelist() == [
            "推荐汇总表.pdf",
            "推荐汇总表.xlsx",
            f"{folder}/申报表.pdf",
            f"{folder}/佐证材料/03/名单.pdf",
            f"{folder}/佐证材料/03/2-名单.pdf",
            f"{folder}/佐证材料/11/名单.pdf",
            "manifest.json",
        ]
        manifest = json.loads(archive.read("manifest.json"))
        listed = {row["path"]: row["sha256"] for row in manifest["files"]}
        assert listed == {
            name: sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name != "manifest.json"
        }
        assert manifest["office"] == "清远市工业和信息化局"


def test_made_again_the_disc_has_the_same_bytes(national: Chain, clock: StandingClock) -> None:
    with_evidence(national)
    before = on_disc(national)
    clock.move_by(hours=30)
    assert on_disc(national) == before
    recommended(national, "county2", 2)
    assert on_disc(national) != before


# ---- taking them away -------------------------------------------------------------------------------


def test_an_officer_finds_them_from_the_task_and_the_record_says_who_took_what(national: Chain, tmp_path: Path) -> None:
    case_id = recommended(national, "county1", 1)
    city = desk(national, tmp_path, "city")
    way = f"/rounds/{national.round_id}/papers"
    task = national.open_task(case_id, "dispatch")
    assert f'href="{way}"' in city.get(f"/tasks/{task.id}").text
    assert f'href="/cases/{case_id}/papers/application.pdf"' in city.get(f"/cases/{case_id}").text
    assert f'href="{way}"' in city.get(f"/rounds/{national.round_id}").text
    page = city.get(way).text
    taken = {}
    for path in re.findall(rf'href="({way}/[^"]+|/cases/{case_id}/papers/[^"]+)"', page):
        answer = city.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        taken[path.rpartition("/")[2].partition("?")[0]] = sha256(answer.data).hexdigest()
    assert taken.keys() == {"summary.pdf", "summary.xlsx", "disc.zip", "application.pdf"}
    with national.database.read() as session:
        entries = session.execute(select(Event.actor, Event.payload).where(Event.kind == "papers.taken")).all()
    assert {entry.payload["sha256"] for entry in entries} == set(taken.values())
    assert {entry.actor for entry in entries} == {"city"}


def test_others_find_nothing(national: Chain, tmp_path: Path) -> None:
    case_id = recommended(national, "county1", 1)
    round_ = national.round_id
    for who in ("county1", "county2", "other_city", "province"):
        person = desk(national, tmp_path, who)
        for piece in ("summary.pdf", "summary.xlsx", "disc.zip"):
            assert person.get(f"/rounds/{round_}/papers/{piece}?office={CITY}").status_code == 404
        assert "本单位在本批次没有需要报送的材料" in person.get(f"/rounds/{round_}/papers").text
        own = 200 if who == "county1" else 404
        assert person.get(f"/cases/{case_id}/papers/application.pdf").status_code == own
    assert desk(national, tmp_path, "city_inspector").get(f"/rounds/{round_}/papers").status_code == 403
    with national.database.read() as session:
        what = session.scalars(select(Event.payload).where(Event.kind == "papers.taken")).all()
    assert [entry["what"] for entry in what] == ["申报表.pdf"]


def test_a_case_without_an_application_has_none_to_print(national: Chain, tmp_path: Path) -> None:
    case_id = national.apply("county1")
    assert desk(national, tmp_path, "county1").get(f"/cases/{case_id}/papers/application.pdf").status_code == 404


# ---- what has been sent -----------------------------------------------------------------------------


def shown(at: Chain, tmp_path: Path, who: str, case_id: int, element: str) -> str:
    page = desk(at, tmp_path, who).get(f"/tasks/{at.open_task(case_id, element).id}")
    assert page.status_code == 200
    return pages.read(page.text).text


def test_an_office_reads_how_many_it_has_to_send_and_the_next_one_what_it_sent(national: Chain, tmp_path: Path) -> None:
    case_id = recommended(national, "county1", 1)
    due = "推荐汇总表、申报表、佐证材料各一式 4 份，光盘 2 份，送达（粤24号 五）。"
    assert due in shown(national, tmp_path, "city", case_id, "dispatch")
    national.answer(case_id, "dispatch", copies=5, discs=2, ems_number="EX000000000CN", sent_on="2025-04-09")
    page = shown(national, tmp_path, "province", case_id, "receive")
    assert due in page
    assert "清远市工业和信息化局登记的寄送" in page
    for told in ("纸质材料份数：5", "光盘份数：2", "寄送日期：2025-04-09", "邮件号码：EX000000000CN"):
        assert told in page


def test_a_province_sends_the_ministry_an_original_two_duplicates_and_one_disc(national: Chain, tmp_path: Path) -> None:
    case_id = recommended(national, "county1", 1)
    for element in ("dispatch", "receive", "acceptance", "first_review", "arrange"):
        national.answer(case_id, element)
    national.clock.move_to("2025-07-08 17:00")
    national.tick()
    national.answer(case_id, "inspect", inspected_on="2025-07-08")
    national.answer(case_id, "recommend")
    page = shown(national, tmp_path, "province", case_id, "dispatch")
    assert (
        "推荐汇总表、申报表各一式 3 份（正本 1 份、副本 2 份），光盘 1 份，邮政特快专递（EMS）寄送（236号 五）。"
        in page
    )
    way = f"/rounds/{national.round_id}/papers"
    assert way in desk(national, tmp_path, "province").get(f"/rounds/{national.round_id}").text
    assert desk(national, tmp_path, "province").get(f"{way}/disc.zip").status_code == 200


@pytest.mark.parametrize(("copies", "discs", "wrong"), [(3, 2, ["copies"]), (4, 1, ["discs"]), (4, 2, [])])
def test_fewer_than_are_due_are_registered_only_with_a_reason(
    national: Chain, copies: int, discs: int, wrong: list[str]
) -> None:
    case_id = recommended(national, "county1", 1)
    found: list[str] = []
    try:
        national.answer(case_id, "dispatch", copies=copies, discs=discs)
    except FormInvalid as refused:
        found = [problem.field for problem in refused.problems]
    assert found == wrong
    if wrong:
        assert national.standing(case_id) == [("city", "city_recommendation/paper/dispatch")]
        national.answer(case_id, "dispatch", copies=copies, discs=discs, note="另一份随后补送")
    assert national.standing(case_id) == [("province", "city_recommendation/paper/receive")]
    national.answer(case_id, "receive", complete=False, note="申报表缺 1 份")
    with national.database.read() as session:
        told = select(Task.form, Task.answers).where(Task.case_id == case_id, Task.form.in_(("dispatch", "receive")))
        answers = {form: dict(given) for form, given in session.execute(told).all()}
    assert (answers["dispatch"]["copies"], answers["receive"]["note"]) == (copies, "申报表缺 1 份")
