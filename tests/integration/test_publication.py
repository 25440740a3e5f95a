"""公布: the decision and its documents, numbers without a gap, an addendum, and who is told what."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from engine import timers
from engine.db import Database
from engine.errors import FormInvalid
from engine.models import Case, Cluster, Event, Letter, Notice, StoredFile
from notifications import wording
from tests import publicised, samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import Reader, reader
from tests.publicised import OVER, List
from tests.samples import ANSWERS
from tests.unit.test_uploads import PDF

PUBLISHED = "2025-07-15 10:00"
NUMBER = "示例〔2025〕7号"


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to("2025-04-10 09:00")
    return desk.furnish(database, tmp_path / "data")


@pytest.fixture
def listed(at: Desk, clock: StandingClock) -> List:
    """Three clusters on a list whose publicity is over, without an objection."""
    made = publicised.publicised(at.office, clock)
    clock.move_to(OVER)
    made.tick()
    return made


def checked(listed: List, clock: StandingClock) -> None:
    listed.answer("city", listed.round_case, "check_objections", ANSWERS["check_objections"])
    clock.move_to(PUBLISHED)


def publish(listed: List, **changes: Any) -> Notice:
    listed.answer("publisher", listed.round_case, "publish", ANSWERS["publish"] | {"document_number": NUMBER} | changes)
    listed.tick()
    with listed.office.database.read() as session:
        query = select(Notice).where(Notice.kind == "publication").order_by(Notice.id.desc()).limit(1)
        return session.scalars(query).one()


def files_of(listed: List, notice: Notice) -> dict[str, tuple[StoredFile, bytes]]:
    """What hangs on a notice, by its ending."""
    with listed.office.database.read() as session:
        rows = [session.get_one(StoredFile, file_id) for file_id in notice.files]
    folder = listed.office.database.files
    kept = {row.id: (folder / row.sha256[:2] / row.sha256[2:4] / row.sha256).read_bytes() for row in rows}
    return {row.name.rpartition(".")[2]: (row, kept[row.id]) for row in rows}


def clusters_of(listed: List) -> list[Cluster]:
    with listed.office.database.read() as session:
        query = select(Cluster).join(Case, Case.cluster_id == Cluster.id).where(Case.id.in_(listed.cases))
        return list(session.scalars(query.order_by(Cluster.id)))


def last_letters(listed: List, place: int) -> list[Letter]:
    with listed.office.database.read() as session:
        query = select(Letter).where(Letter.case_id == listed.cases[place]).order_by(Letter.id)
        return list(session.scalars(query))


# ---- the decision ---------------------------------------------------------------------------------


def test_the_publication_has_its_number_and_its_decision_as_pdf_and_word(listed: List, clock: StandingClock) -> None:
    checked(listed, clock)
    notice = publish(listed, addressees="各县（市、区）中小企业主管部门", copies="广东省工业和信息化厅")
    assert notice.number == NUMBER
    assert [entry["number"] for entry in notice.entries] == ["清集群2025-001", "清集群2025-002", "清集群2025-003"]
    assert {(entry["first_day"], entry["last_day"]) for entry in notice.entries} == {("2025-07-15", "2028-07-15")}
    found = files_of(listed, notice)
    assert found.keys() == {"pdf", "docx"}
    for row, content in found.values():
        assert row.sha256 == hashlib.sha256(content).hexdigest()
        assert NUMBER in row.name
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(found["pdf"][1])).pages)
    printed = "".join(printed.split())  # lines break where there is no room
    with zipfile.ZipFile(io.BytesIO(found["docx"][1])) as written:
        typed = written.read("word/document.xml").decode()
    for words in (
        *("清远市工业和信息化局文件", NUMBER, ANSWERS["publish"]["title"], "各县（市、区）中小企业主管部门："),
        *("经公示无异议，现将名单予以公布。", "2025年7月15日", "清集群2025-003", "2028-07-15"),
        *("英德市中小企业特色产业集群（新型建材产业）", "抄送：广东省工业和信息化厅。", "2025年7月15日印发"),
    ):
        assert words in typed, words
        assert words in printed, words


def test_the_record_names_the_files_of_a_notice_by_their_hashes(listed: List, clock: StandingClock) -> None:
    checked(listed, clock)
    notice = publish(listed)
    with listed.office.database.read() as session:
        query = select(Event.payload).where(Event.kind == "notice.published").order_by(Event.seq.desc()).limit(1)
        said = session.scalars(query).one()
    assert said["number"] == NUMBER
    assert said["files"] == {row.id: row.sha256 for row, _ in files_of(listed, notice).values()}


def test_numbers_go_on_in_the_year_and_begin_anew_in_the_next(at: Desk, listed: List, clock: StandingClock) -> None:
    with at.database.write() as session:  # one was recognised earlier this year, one the year before
        for number in ("清集群2024-009", "清集群2025-001"):
            session.add(
                Cluster(
                    regime="qingyuan",
                    bureau_code="441800",
                    organisation_code="441881",
                    name=number,
                    number=number,
                    state="recognised",
                    created_at=samples.MOMENT,
                )
            )
    checked(listed, clock)
    publish(listed)
    assert [cluster.number for cluster in clusters_of(listed)] == ["清集群2025-002", "清集群2025-003", "清集群2025-004"]


def test_the_register_learns_the_industry_that_was_filed_last(listed: List, clock: StandingClock) -> None:
    checked(listed, clock)
    assert {cluster.industry for cluster in clusters_of(listed)} == {None}
    publish(listed)
    assert {cluster.industry for cluster in clusters_of(listed)} == {ANSWERS["application"]["leading_industry"]}


def test_a_publication_without_a_number_is_one(listed: List, clock: StandingClock) -> None:
    checked(listed, clock)
    notice = publish(listed, document_number="无")
    assert notice.number is None
    assert "示例〔" not in files_of(listed, notice)["pdf"][0].name


# ---- an addendum ----------------------------------------------------------------------------------


def test_an_addendum_has_its_own_number_and_list_and_goes_on_counting(listed: List, clock: StandingClock) -> None:
    first, second = held_back_and_cleared(listed, clock)
    assert [entry["number"] for entry in first.entries] == ["清集群2025-001", "清集群2025-002"]
    assert [(entry["case"], entry["number"]) for entry in second.entries] == [(listed.cases[1], "清集群2025-003")]
    assert second.number == "示例〔2025〕8号"
    assert not set(first.files) & set(second.files)


def test_a_number_that_a_notice_has_already_is_refused_at_its_field(listed: List, clock: StandingClock) -> None:
    with pytest.raises(FormInvalid) as refused:
        held_back_and_cleared(listed, clock, number=NUMBER)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("document_number", "number_taken")
    ]
    with listed.office.database.read() as session:
        assert len(session.scalars(select(Notice).where(Notice.kind == "publication")).all()) == 1


def held_back_and_cleared(listed: List, clock: StandingClock, number: str = "示例〔2025〕8号") -> tuple[Notice, Notice]:
    """The second cluster is held back by a late officer's doubt, then published by an addendum."""
    listed.checked(1)
    clock.move_to(PUBLISHED)
    first = publish(listed)
    listed.settled("publish", cases=[1])
    return first, publish(listed, title="关于增补公布集群的公告", document_number=number)


# ---- who is told ----------------------------------------------------------------------------------


def test_the_applicant_learns_number_and_validity(at: Desk, listed: List, clock: StandingClock) -> None:
    checked(listed, clock)
    publish(listed)
    letter = last_letters(listed, 0)[-1]
    assert (letter.template, letter.organisation_code) == ("recognised", "441881")
    _, body = worded(letter)
    assert "登记编号：清集群2025-001" in body
    assert "有效期：2025年7月15日至2028年7月15日" in body


def test_who_is_not_recognised_is_told_why_and_what_can_be_done(listed: List, clock: StandingClock) -> None:
    listed.checked(1)
    clock.move_to(PUBLISHED)
    publish(listed)
    listed.settled("close")
    letter = last_letters(listed, 1)[-1]
    assert letter.template == "not_listed"
    _, body = worded(letter)
    assert "理由：已获国家级认定" in body  # what the list says of this case
    assert "重新申报" in body


def test_whose_cluster_an_objection_removed_reads_the_reasons_and_not_by_whom(at: Desk, clock: StandingClock) -> None:
    made = publicised.publicised(at.office, clock, clusters=2)
    objection = made.object(1)
    made.decided(objection, publicised.UPHELD)
    clock.move_to(OVER)
    made.tick()
    made.checked(1)
    clock.move_to(PUBLISHED)
    publish(made)
    made.settled("close")
    _, body = worded(last_letters(made, 1)[-1])
    assert "理由：公示期间收到的异议经核查成立：占比低于规定。" in body
    assert objection.name not in body
    assert objection.contact not in body


def test_the_county_above_a_park_gets_a_copy_and_a_county_none(at: Desk, clock: StandingClock) -> None:
    made = publicised.publicised(at.office, clock, clusters=1)
    with at.database.write() as session:  # the application is a park's
        session.get_one(Case, made.cases[0]).organisation_code = "441881-01"
    clock.move_to(OVER)
    made.tick()
    checked(made, clock)
    publish(made)
    told = [(each.organisation_code, each.role) for each in last_letters(made, 0) if each.template == "recognised"]
    assert told == [("441881-01", "park_officer"), ("441881", "county_officer")]


def worded(letter: Letter) -> tuple[str, str]:
    template = Path(__file__).parents[2] / "processes" / "letters" / f"{letter.template}.txt"
    return wording.render(template.read_bytes(), letter.fields)


# ---- what hangs on a notice -----------------------------------------------------------------------


@pytest.fixture
def passer_by(at: Desk) -> Reader:
    return reader(at.app)


def test_anybody_downloads_what_the_notice_names_and_nothing_else(
    at: Desk, listed: List, clock: StandingClock, passer_by: Reader
) -> None:
    loose = at.as_("publisher").upload(PDF, "讨论稿.pdf").get_json()["id"]
    hung = at.as_("publisher").upload(PDF, "认定标准.pdf").get_json()["id"]
    checked(listed, clock)
    notice = publish(listed, attachments=[hung])
    page = passer_by.get(f"/notices/{notice.id}").get_data(as_text=True)
    assert "认定标准.pdf" in page
    assert NUMBER in page
    for file_id in notice.files:
        answer = passer_by.get(f"/notices/{notice.id}/files/{file_id}")
        assert (answer.status_code, answer.headers["Content-Disposition"][:10]) == (200, "attachment")
        assert answer.data == at.anonymous().get(f"/public/notices/{notice.id}/files/{file_id}").data
    for notice_id, file_id in ((notice.id, loose), (notice.id - 1, hung), (notice.id, "0" * 32)):
        assert passer_by.get(f"/notices/{notice_id}/files/{file_id}").status_code == 404
        assert at.anonymous().get(f"/public/notices/{notice_id}/files/{file_id}").status_code == 404
    told = at.anonymous().get(f"/public/notices/{notice.id}").get_json()
    assert [file["id"] for file in told["files"]] == notice.files
    assert told["number"] == NUMBER


def test_the_call_shows_its_attachments(at: Desk, clock: StandingClock, passer_by: Reader) -> None:
    hung = at.as_("city").upload(PDF, "申报表样.pdf").get_json()["id"]
    round_ = at.office.open_round()
    task = at.office.open_task(round_.case_id or 0, "call_notice")
    at.office.complete("city", task, ANSWERS["call_notice"] | {"attachments": [hung]})
    timers.tick(at.database)
    with at.database.read() as session:
        notice = session.scalars(select(Notice)).one()
    assert notice.files == [hung]
    assert "申报表样.pdf" in passer_by.get(f"/notices/{notice.id}").get_data(as_text=True)
    assert passer_by.get(f"/notices/{notice.id}/files/{hung}").data == PDF
