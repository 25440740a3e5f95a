"""The inbox, the cases and the rounds as people read them: what each role sees, takes, finds and takes home."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from engine import access, calendar, events, inbox
from engine.db import Database
from engine.inbox import Filters
from engine.models import Case, StoredFile, Task
from tests import samples
from tests.clock import StandingClock, moment
from tests.integration import desk, reader
from tests.integration import place as place_
from tests.integration.place import PERSONAS, Place
from tests.office import BUREAU
from tests.publicised import publicised
from tests.samples import ANSWERS
from web.pages.cases import timeline

OUTSIDE = [name for name, (role, _) in PERSONAS.items() if role.endswith(("owner", "administrator"))]
RETURN = {"decision": "return", "opinion": "材料不全", "remarks": [{"field": "集群总产值", "remark": "请核对"}]}
FURTHER = {"opinion": "名单仍缺一家", "decision": "return", "remarks": [{"field": "佐证材料第3项", "remark": "请补交"}]}


@pytest.fixture
def place(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Place:
    clock.move_to(samples.MOMENT)
    return place_.furnish(sqlite_database, tmp_path / "data")


@dataclass(frozen=True)
class Shown:
    """A page as it is read: its words without the marks between them."""

    status: int
    html: str

    @property
    def words(self) -> str:
        main = re.sub(r"(?s).*<main[^>]*>|</main>.*", "", self.html)
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())

    def rows(self) -> list[str]:
        """The rows of its tables, each in words."""
        found = re.findall(r"(?s)<tr[^>]*>(.*?)</tr>", self.html.partition("<main")[2])
        return [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in found if "<td" in row]

    def steps(self) -> dict[str, str]:
        """Each step's row by its name."""
        return {row.split(" ")[0]: row for row in self.rows() if re.search("正在办理|已完成|未到", row)}


def shown(place: Place, who: str, path: str) -> Shown:
    answer = place.ask(place.at.app, who, "GET", path.format(**place.ids))
    return Shown(answer.status_code, answer.text)


def as_reader(place: Place, who: str) -> reader.Reader:
    return reader.reader(place.at.app, place.sign_ins[who])


# ---- the inbox ----------------------------------------------------------------------------------


def test_each_inbox_holds_what_its_person_may_act_on(place: Place) -> None:
    """The list, read along its piles, is the list of the one rule about rows."""
    with place.at.database.read() as session:
        for who, actor in place.actors.items():
            on = inbox.piles(session, actor)
            listed = [row["id"] for row in inbox.tasks(session, actor, on, Filters())]
            may = set(session.scalars(select(Task.id).where(access.tasks_for(actor))))
            assert (set(listed), len(listed)) == (may, len(may)), who
            assert inbox.counts(session, actor, on)["all"] == inbox.waiting(session, actor, 100) == len(may), who


def test_the_inbox_tells_case_step_time_and_holder(place: Place) -> None:
    (row,) = shown(place, "expert", "/tasks").rows()
    assert samples.CLUSTER in row
    assert f"编号 {place.ids['county_case']}" in row
    assert "英德市中小企业主管部门" in row
    assert "评分" in row
    assert re.search(r"还剩 \d+ 个工作日 2025年\d+月\d+日 expert 办理", row)
    assert "目前没有待办" in shown(place, "expert2", "/tasks").words  # claimed by a colleague


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("path", ["/tasks", "/tasks.csv", "/cases", "/cases/{county_case}", "/rounds"])
def test_who_handles_no_cases_is_told_so(place: Place, who: str, path: str) -> None:
    answer = shown(place, who, path)
    assert answer.status == 403
    assert "<main" in answer.html


def test_a_task_is_claimed_and_given_back(place: Place) -> None:
    officer = as_reader(place, "city")
    task = place.ids["draft_call"]
    answer = officer.post(f"/tasks/{task}/claim", {"back": "step=call_notice"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks?step=call_notice")
    after = officer.get("/tasks?step=call_notice").text
    assert "已认领：发布申报通知" in after
    assert f"/tasks/{task}/release" in after
    assert f"/tasks/{task}/claim" not in after
    assert officer.post(f"/tasks/{task}/claim").status_code == 303  # a second click changes nothing
    assert officer.post(f"/tasks/{task}/release").status_code == 303
    assert f"/tasks/{task}/claim" in officer.get("/tasks").text


def test_a_seats_task_offers_no_way_to_give_it_back(place: Place) -> None:
    expert = as_reader(place, "expert")
    for page in ("/tasks", f"/tasks/{place.ids['review']}"):
        assert "/release" not in expert.get(page).text
    assert expert.post(f"/tasks/{place.ids['review']}/release").status_code == 409


def test_claiming_leads_back_within_the_site_only(place: Place) -> None:
    inspector = as_reader(place, "inspector")
    path = f"/tasks/{place.ids['inspect']}/claim"
    for back in ("//elsewhere.example", "https://elsewhere.example", "a\nb"):
        assert inspector.post(path, {"back": back}).headers["Location"].startswith("/tasks")
    assert inspector.post(path, {"then": "task"}).headers["Location"] == f"/tasks/{place.ids['inspect']}"


def test_a_colleagues_task_cannot_be_claimed(place: Place) -> None:
    answer = as_reader(place, "expert2").post(f"/tasks/{place.ids['review']}/claim")
    assert answer.status_code in {404, 409}
    assert as_reader(place, "county").post(f"/tasks/{place.ids['inspect']}/claim").status_code == 404


def many(place: Place, number: int, **facts: Any) -> None:
    """More open tasks on the city officers' desk, due day after day, ten of them late; a fifth open-ended."""
    with place.at.database.write() as session:
        now = samples.MOMENT
        case = session.get_one(Case, int(place.ids["county_case"]))
        columns = {column.key: getattr(case, column.key) for column in Case.__table__.columns if column.key != "id"}
        for index in range(number):
            title = f"示例县中小企业特色产业集群（第{index}号产业）"
            inserted = session.execute(insert(Case).values(**columns | {"title": title}).returning(Case.id))
            row = {
                "id": str(uuid4()),
                "case_id": inserted.scalar_one(),
                "process": "application",
                "element": "acceptance",
                "instance_path": "",
                "pass_number": 1,
                "title": "受理",
                "form": "acceptance",
                "roles": " bureau_officer ",
                "organisation_code": BUREAU,
                "state": "open",
                "opened_at": now,
                "due_at": None if index % 5 == 4 else now + timedelta(days=index - 10),
            }
            session.execute(insert(Task).values(**row | facts))


def test_a_long_inbox_is_paged_without_gap_or_repetition(place: Place) -> None:
    many(place, 120)
    city, found, path = as_reader(place, "city"), list[str](), "/tasks"
    pages = 0
    while path:
        html = city.get(path).text
        found += re.findall(r'<td><a class="jq-strong" href="/tasks/([^"]+)"', html)
        following = re.search(r'href="([^"]+)" rel="next"', html)
        path = unescape(following[1]) if following else ""
        pages += 1
    with place.at.database.read() as session:
        actor = place.actors["city"]
        tasks = {task.id: task for task in session.scalars(select(Task).where(access.tasks_for(actor)))}
    order = sorted(tasks.values(), key=lambda task: (task.due_at or inbox.NEVER, task.opened_at, task.id))
    assert pages == 3
    assert found == [task.id for task in order]


def test_the_tiles_count_and_lead_to_what_they_count(place: Place, clock: StandingClock) -> None:
    many(place, 60)
    tiles = re.findall(
        r'<li><a href="(/tasks[^"]*)"[^>]*>(\S+) <strong[^>]*>(\d+\+?)</strong>', shown(place, "city", "/tasks").html
    )
    assert [label for _, label, _ in tiles] == ["全部待办", "已逾期", "三日内到期", "待认领"]
    numbers = {label: int(count) for _, label, count in tiles}
    with place.at.database.read() as session:
        due = [row.due_at for row in session.scalars(select(Task).where(access.tasks_for(place.actors["city"])))]
    until = inbox.soon_until(calendar.shipped())
    assert until == moment("2025-04-16 00:00")  # Thursday 10 April, a weekend: 11, 14 and 15 April count
    late = sum(1 for each in due if each and each < clock.at)
    soon = sum(1 for each in due if each and clock.at <= each < until)
    assert numbers == {"全部待办": len(due), "已逾期": late, "三日内到期": soon, "待认领": len(due)}
    assert late > 0
    assert soon > 0
    for href, label, _ in tiles[1:3]:
        assert len(shown(place, "city", unescape(href)).rows()) == min(50, numbers[label])


def test_more_than_a_thousand_are_counted_as_that(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST", 5)
    monkeypatch.setattr("web.pages.inbox.MOST", 5)
    many(place, 3)
    assert "全部待办 4 " in shown(place, "city", "/tasks").words
    many(place, 3)
    assert "全部待办 5+ " in shown(place, "city", "/tasks").words


FILTERS: list[tuple[str, int]] = [
    ("q=第3号产业", 1),
    ("q=英德市中小企业主管部门", 20),
    ("q=没有这样的集群", 0),
    ("step=acceptance", 20),
    ("step=call_notice", 1),
    ("round={open_round}", 20),
    ("round={draft_round}", 1),
    ("round={open_round}&step=call_notice", 0),
    ("own=1", 0),
    ("state=free", 21),
    ("state=nonsense&round=x&step=", 21),
    ("q=%25", 0),
]


@pytest.mark.parametrize(("asked", "number"), FILTERS)
def test_filters_stand_in_the_address(place: Place, asked: str, number: int) -> None:
    many(place, 20)
    assert len(shown(place, "city", f"/tasks?{asked}").rows()) == number


def test_a_case_is_found_by_its_number(place: Place) -> None:
    (row,) = shown(place, "inspector", "/tasks?q={county_case}").rows()
    assert f"编号 {place.ids['county_case']}" in row
    assert shown(place, "inspector", "/tasks?q={park_case}").rows() == []


def test_many_cases_that_match_are_found_from_the_side_of_the_tasks(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few cases are named one by one, many are asked of each task: both say the same."""
    many(place, 30)
    one_by_one = shown(place, "city", "/tasks?q=示例县").rows()
    monkeypatch.setattr(inbox, "FEW", 3)
    assert shown(place, "city", "/tasks?q=示例县").rows() == one_by_one
    assert len(one_by_one) == 30


def sheet(place: Place, who: str, path: str) -> list[dict[str, str]]:
    answer = place.ask(place.at.app, who, "GET", path.format(**place.ids))
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_filtered_inbox_can_be_taken_home_as_a_table(place: Place) -> None:
    many(place, 60)
    assert len(sheet(place, "city", "/tasks.csv")) == 61
    (row,) = sheet(place, "city", "/tasks.csv?q=第3号产业")
    assert row["办件"] == "示例县中小企业特色产业集群（第3号产业）"
    assert (row["当前环节"], row["申报主体"]) == ("受理", "英德市中小企业主管部门")
    assert row["办理期限"] == "2025-04-03 09:00"


def test_a_table_calculates_nothing(place: Place) -> None:
    many(place, 1, title="=HYPERLINK(1)")
    (row,) = sheet(place, "city", "/tasks.csv?step=acceptance")
    assert row["当前环节"] == "'=HYPERLINK(1)"


# ---- cases --------------------------------------------------------------------------------------


def test_the_list_of_cases_is_the_readers_own(place: Place) -> None:
    seen = {
        who: sorted(re.findall(r'href="/cases/(\d+)"', shown(place, who, "/cases").html))
        for who in ("county", "park", "sibling", "city", "expert", "other_city")
    }
    county, park = place.ids["county_case"], place.ids["park_case"]
    assert seen == {
        "county": sorted([county, park]),  # the county is above its park
        "park": [park],
        "sibling": [],
        "city": sorted([county, park]),  # a round's own run is no case about a cluster
        "expert": [county],
        "other_city": [],
    }


@pytest.mark.parametrize(
    ("asked", "cases"),
    [
        ("stage=fill_in", ["park_case"]),
        ("stage=score", ["county_case"]),
        ("stage=waiting", []),
        ("status=ended", []),
        ("status=open&round={open_round}", ["county_case", "park_case"]),
        ("round={draft_round}", []),
        ("q={county_case}", ["county_case"]),
        ("q=英德市某园区管委会", ["park_case"]),
    ],
)
def test_cases_are_found_by_round_stage_state_and_words(place: Place, asked: str, cases: list[str]) -> None:
    found = re.findall(r'href="/cases/(\d+)"', shown(place, "city", f"/cases?{asked}").html)
    assert sorted(found) == sorted(place.ids[case] for case in cases)


def test_a_list_of_cases_tells_who_has_each(place: Place) -> None:
    rows = {row["编号"]: row for row in sheet(place, "city", "/cases.csv")}
    reviewed = rows[place.ids["county_case"]]
    assert reviewed["当前环节"] == "评分、记录抽查情况"
    assert reviewed["办理人"] == "expert、inspector"
    outside = {row["编号"]: row for row in sheet(place, "county", "/cases.csv")}
    assert outside[place.ids["county_case"]]["办理人"] == "清远市工业和信息化局"  # not who at the bureau


@pytest.fixture
def returned(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> tuple[desk.Desk, int]:
    """An application that came back twice, was corrected twice, and is at the first review."""
    clock.move_to(samples.MOMENT)
    at = desk.furnish(sqlite_database, tmp_path / "data")
    office = at.office
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    case = office.open_case("county", ANSWERS["application_start"] | {"round_id": round_.id})
    office.complete("county", office.open_task(case.id, "fill_in"), samples.application_data())
    for said in (RETURN, FURTHER):
        office.complete("city", office.open_task(case.id, "acceptance"), said)
        office.complete("county", office.open_task(case.id, "correct"), samples.application_data())
    office.complete("city", office.open_task(case.id, "acceptance"), ANSWERS["acceptance"])
    return at, case.id


def case_page(at: desk.Desk, who: str, case_id: int) -> Shown:
    answer = reader.reader(at.app, reader.signed_in(at.database, who)).get(f"/cases/{case_id}")
    return Shown(answer.status_code, answer.text)


def test_a_returned_case_tells_its_way_in_words(returned: tuple[desk.Desk, int]) -> None:
    page = case_page(returned[0], "city", returned[1])
    steps = page.steps()
    assert steps["受理"].startswith("受理 受理机关 已完成 city（清远市工业和信息化局）")
    assert steps["受理"].endswith(" 3")
    assert steps["补正申报材料"].startswith("补正申报材料 申报主体 已完成 county（英德市中小企业主管部门）")
    assert steps["补正申报材料"].endswith(" 2")
    assert steps["初审"] == "初审 初审机关 正在办理 清远市工业和信息化局 — —"
    assert steps["修改申报材料"] == "修改申报材料 申报主体 未到 — — —"
    assert steps["通知新申报"].startswith("通知新申报 自动 受理机关 已完成")
    told = page.words.partition("办理记录")[2]
    assert told.count("受理 退回补正") == 2
    assert "city办结；第 3 次办理本环节" in told
    assert f"【退回补正】请补正{samples.CLUSTER}的申报材料" in told
    assert told.index("受理 受理") < told.index("受理 退回补正")  # newest first


def test_an_applicant_reads_what_happened_and_not_who_at_the_bureau(returned: tuple[desk.Desk, int]) -> None:
    page = case_page(returned[0], "county", returned[1])
    assert page.status == 200
    steps = page.steps()
    assert steps["受理"].startswith("受理 受理机关 已完成 清远市工业和信息化局 ")
    assert steps["补正申报材料"].startswith("补正申报材料 申报主体 已完成 county（英德市中小企业主管部门）")
    assert "city" not in page.words
    assert "受理 退回补正" not in page.words
    assert "【退回补正】" in page.words  # the letter says it


def test_the_viewer_gets_the_way_and_the_place(returned: tuple[desk.Desk, int]) -> None:
    at, case_id = returned
    browser = reader.reader(at.app, reader.signed_in(at.database, "county"))
    drawn = browser.get(f"/cases/{case_id}/diagram", headers={"Accept": "application/json"}).get_json()
    assert drawn["xml"].lstrip().startswith("<?xml")
    assert drawn["passed"]["elements"]["intake"] == 1  # where it was corrected twice, and which is over
    assert drawn["passed"]["flows"]["intake_to_intake_outcome"] == 1
    assert [stop["element"] for stop in drawn["current"]] == ["examination"]
    (called,) = drawn["called"]
    (place,) = called["current"]
    assert (place["element"], place["level"]) == ("first_review", "fine")
    assert place["told"].startswith("还剩 ")
    assert place["told"].endswith(" 个工作日 · 清远市工业和信息化局")
    told = at.as_("county").get(f"/cases/{case_id}/diagram").get_json()
    assert told["passed"] == drawn["passed"]
    assert [stop["element"] for stop in told["called"][-1]["current"]] == ["first_review"]
    assert at.as_("sibling").get(f"/cases/{case_id}/diagram").status_code == 404


def test_a_review_is_shown_by_the_diagrams_it_runs_through(place: Place) -> None:
    answer = place.ask(place.at.app, "city", "GET", f"/cases/{place.ids['county_case']}/diagram")
    drawn = answer.get_json()
    assert {stop["element"] for stop in drawn["current"]} == {"expert_review"}
    inner = {run["path"]: [stop["element"] for stop in run["current"]] for run in drawn["called"]}
    assert inner == {"expert_review/": ["panel_scoring"], "expert_review/panel_scoring[1]/": ["score"]}


@pytest.mark.parametrize("who", ["sibling", "park", "other_city"])
def test_a_strangers_case_is_not_there(place: Place, who: str) -> None:
    for path in ("/cases/{county_case}", "/cases/{county_case}/diagram"):
        assert shown(place, who, path).status == 404


def test_an_incident_is_shown_to_the_bureau(place: Place) -> None:
    assert "试验用的异常" in shown(place, "city", "/cases/{round_case}").words


def test_whose_turn_it_is_finds_the_way_to_the_task(place: Place) -> None:
    assert f'href="/tasks/{place.ids["review"]}"' in shown(place, "expert", "/cases/{county_case}").html
    assert "办理当前环节" not in shown(place, "county", "/cases/{county_case}").words


def test_every_kind_of_entry_is_told_in_words() -> None:
    """What the engine writes about a case and the time line leaves out, is left out on purpose."""
    written = set()
    for file in Path(events.__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        written |= set(re.findall(r'(?:Entry\(|_note\(session, actor, task, )\s*"([a-z]+\.[a-z_]+)"', text))
    assert "task.closed" in written
    of_no_case, of_the_bureau = {"obligation.moved"}, {"finding.noted"}
    assert written - timeline._TOLD.keys() - of_no_case - of_the_bureau == {"task.opened"}


# ---- opening an application ---------------------------------------------------------------------


def test_an_applicant_opens_an_application_and_goes_on_to_its_form(place: Place) -> None:
    sibling = as_reader(place, "sibling")
    assert "2025年度认定批次" in sibling.get("/cases/new").text
    form = sibling.get(f"/cases/new?round={place.ids['open_round']}").text
    assert "认定文件名称和文号" in form
    given = {
        "round_id": place.ids["open_round"],
        "cluster_name": samples.CLUSTER,
        "leading_industry": "特种铝型材",
        "niche": "轨道交通车体用铝型材",
        "higher_level_recognition": "none",
    }
    wrong = sibling.post("/cases/new", given | {"cluster_name": "铝型材集群", "niche": ""})
    assert wrong.status_code == 422
    assert re.findall(r'<li><a href="(#[\w-]+)">', wrong.text) == ["#f-cluster_name", "#f-niche"]
    assert 'value="特种铝型材"' in wrong.text
    opened = sibling.post("/cases/new", given)
    assert opened.status_code == 303
    with place.at.database.read() as session:
        (task,) = session.scalars(select(Task).where(access.tasks_for(place.actors["sibling"])))
    assert opened.headers["Location"] == f"/tasks/{task.id}"
    assert (task.element, task.case_id) == ("fill_in", max(int(place.ids["park_case"]), task.case_id))


def test_the_document_of_a_higher_level_comes_with_the_beginning_and_lies_before_who_verifies_it(place: Place) -> None:
    sibling = as_reader(place, "sibling")
    given = ANSWERS["application_start"] | {
        "round_id": place.ids["open_round"],
        "higher_level_recognition": "provincial",
        "higher_level_reference": "粤工信认字〔2024〕1号",
        "niche": "",
    }
    scan = {"_file.higher_level_document": (io.BytesIO(b"%PDF-1.4\n"), "认定文件.pdf")}
    wrong = sibling.post("/cases/new", given | scan)
    assert re.findall(r'<li><a href="(#[\w-]+)">', wrong.text) == ["#f-niche"]
    (kept,) = re.findall(r'name="higher_level_document" value="([0-9a-f]{32})"', wrong.text)  # not asked for twice
    assert "认定文件.pdf" in wrong.text
    held = given | {"higher_level_document": kept}
    without = sibling.post("/cases/new", held | {"_file_delete": kept})
    assert without.status_code == 200
    assert kept not in without.text
    program = {"_file.higher_level_document": (io.BytesIO(b"MZ"), "program.exe")}
    assert "#f-higher_level_document" in sibling.post("/cases/new", given | program).text
    opened = sibling.post("/cases/new", held | {"niche": "轨道交通车体用铝型材"})
    assert opened.status_code == 303
    with place.at.database.read() as session:
        (task,) = session.scalars(select(Task).where(access.tasks_for(place.actors["sibling"])))
        stored = session.get_one(StoredFile, kept)
    assert stored.case_id == task.case_id
    office = place.at.office
    office.complete("sibling", task, samples.application_data(higher_level_recognition="provincial"))
    office.complete("city", office.open_task(task.case_id, "acceptance"), ANSWERS["acceptance"])
    verifying = shown(place, "city", f"/tasks/{office.open_task(task.case_id, 'verify_higher_level').id}")
    assert "认定文件名称和文号：粤工信认字〔2024〕1号" in verifying.words
    assert f'<a href="/files/{kept}">认定文件.pdf</a>' in verifying.html


def test_a_button_pressed_twice_opens_one_application(place: Place) -> None:
    sibling = as_reader(place, "sibling")
    given = ANSWERS["application_start"] | {"round_id": place.ids["open_round"]}
    first, again = sibling.post("/cases/new", given), sibling.post("/cases/new", given)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert len(shown(place, "sibling", "/cases").rows()) == 1


def test_after_the_closing_minute_no_application_is_begun(place: Place, clock: StandingClock) -> None:
    clock.move_to("2025-06-30 17:30:01")
    sibling = reader.reader(place.at.app, reader.signed_in(place.at.database, "sibling"))
    assert "目前没有正在接收申报的批次" in sibling.get("/cases/new").text
    given = ANSWERS["application_start"] | {"round_id": place.ids["open_round"]}
    refused = sibling.post("/cases/new", given)
    assert refused.status_code == 409
    assert "申报已于2025年6月30日17:30截止" in refused.text


def test_the_bureau_applies_to_nobody(place: Place) -> None:
    assert "目前没有正在接收申报的批次" in shown(place, "city", "/cases/new").words
    assert shown(place, "expert", "/cases/new").status == 403


# ---- rounds -------------------------------------------------------------------------------------


def test_rounds_are_listed_with_their_state(place: Place) -> None:
    rows = shown(place, "city", "/rounds").rows()
    assert [("拟稿" in row, "申报中" in row) for row in rows] == [(False, True), (True, False)]
    (row,) = shown(place, "county", "/rounds").rows()
    assert "申报中" in row
    assert shown(place, "county", "/rounds/{draft_round}").status == 404


def test_a_round_tells_each_case_by_stage_and_what_holds_it_up(place: Place) -> None:
    page = shown(place, "city", "/rounds/{open_round}")
    assert "办件 2 件" in page.words
    assert re.search(r"填写申报表 1 评分、记录抽查情况 1", page.words)
    park = next(row for row in page.rows() if f"编号 {place.ids['park_case']}" in row)
    assert re.search(r"填写申报表 英德市某园区管委会（待认领） · 自 04-10 \d\d:\d\d 还剩 \d+ 个工作日", park)
    assert [row["编号"] for row in sheet(place, "city", "/rounds/{open_round}.csv")] == [
        place.ids["park_case"],
        place.ids["county_case"],
    ]


def test_applicants_find_only_their_own_cases_in_a_round(place: Place) -> None:
    assert "本单位办件 1 件" in shown(place, "park", "/rounds/{open_round}").words
    assert "本单位在本批次没有办件" in shown(place, "sibling", "/rounds/{open_round}").words
    assert sheet(place, "sibling", "/rounds/{open_round}.csv") == []
    assert shown(place, "other_city", "/rounds/{open_round}").status == 404


def test_the_bureau_finds_the_rounds_own_task(place: Place) -> None:
    draft = shown(place, "city", "/rounds/{draft_round}")
    assert f'href="/tasks/{place.ids["draft_call"]}"' in draft.html
    assert "办理：发布申报通知" in draft.words
    assert "办理：" not in shown(place, "leader", "/rounds/{draft_round}").words


def test_a_round_is_opened_by_the_bureau_officer(place: Place) -> None:
    city = as_reader(place, "city")
    assert "qingyuan" in city.get("/rounds/new").text
    wrong = city.post("/rounds/new", {"regime": "", "year": "二〇二六", "title": " "})
    assert wrong.status_code == 422
    assert re.findall(r'<li><a href="(#\w+)">', wrong.text) == ["#regime", "#year", "#title"]
    opened = city.post("/rounds/new", {"regime": "qingyuan", "year": "2026", "title": "2026年度认定批次"})
    assert opened.status_code == 303
    page = city.get(opened.headers["Location"]).text
    assert "批次已开启" in page
    assert "2026年度认定批次" in page
    assert as_reader(place, "county").get("/rounds/new").status_code == 403
    assert as_reader(place, "leader").post("/rounds/new", {}).status_code == 403


def test_a_text_that_is_not_in_force_opens_no_round(place: Place, clock: StandingClock) -> None:
    clock.move_to("2028-03-06 09:00")
    city = reader.reader(place.at.app, reader.signed_in(place.at.database, "city"))
    answer = city.post("/rounds/new", {"regime": "qingyuan", "year": "2028", "title": "批次"})
    assert answer.status_code == 409
    assert "施行期间" in answer.text
    assert 'value="批次"' in answer.text  # nothing has to be typed again


def test_a_running_publicity_period_counts_its_days(
    sqlite_database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    """Public since 1 July 2025: seven working days are 2, 3, 4, 7, 8, 9 and 10 July."""
    at = desk.furnish(sqlite_database, tmp_path / "data")
    round_case = publicised(at.office, clock, clusters=1).round_case
    clock.move_to("2025-07-03 09:00")
    browser = reader.reader(at.app, reader.signed_in(at.database, "city"))
    page = Shown(200, browser.get("/rounds/1").text)
    assert "2025年7月1日 至 2025年7月10日，共 7 个工作日；已过 2 个。" in page.words
    assert "公示中" in page.words
    drawn = browser.get(f"/cases/{round_case}/diagram").get_json()
    assert [stop["element"] for stop in drawn["current"]] == ["publicity"]
    (inner,) = drawn["called"]
    assert [(stop["element"], stop["told"]) for stop in inner["current"]] == [("publicity_over", "还剩 5 个工作日")]
