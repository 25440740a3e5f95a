"""清远's round by programs that know a server's address, a token and the OpenAPI document: no path stands here.

Four applicants from three counties and a park: one is recognised, an objection to it dismissed; one is sent back, then
listed, and leaves by an objection; one has just 60.00 where more than 60 is asked; one is recognised from above. What
a step needs is asked for: the inbox, the form, what may be chosen. Dates are counted by hand from the holidays of 2025.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import organisations
from engine.db import Database
from tests import panel, samples
from tests.clock import StandingClock, moment
from tests.integration import desk
from tests.integration.bureau import Bureau
from tests.integration.contract import Contract, hold_form
from tests.integration.http import Client, serving
from tests.integration.programs import Programs
from tests.office import BUREAU
from tests.publicised import DISMISSED, GROUNDS, INVESTIGATED, UPHELD
from tests.samples import ANSWERS
from tests.unit.test_uploads import PDF
from web.app import create_app
from web.worker import Worker

THIRD_COUNTY = "441821"
CLOSES_AT = "2025-09-12T17:30:00+08:00"
CLUSTERS = {  # who applies → for which cluster; nobody and nothing of this exists
    "county": "云溪县中小企业特色产业集群（特种铝型材产业）",  # fine
    "sibling": "石桥县中小企业特色产业集群（精细陶瓷产业）",  # sent back; leaves the list
    "third": "梅塘县中小企业特色产业集群（竹木家具产业）",  # at the boundary
    "park": "松岭园中小企业特色产业集群（生物饲料产业）",  # recognised from above
}
EXPERTS = tuple(f"expert{number}" for number in range(1, 7))  # five sit, one more is there to follow
INSPECTORS = ("inspector", "inspector2")
POINTS, MEAN = ("80", "82", "85.50", "91", "86.50"), Decimal(85)  # by seat, the same for every indicator
MISSING = {"field": "output", "remark": "与企业发展情况表的合计不一致，请核对"}
REASON = "主导产业产值占比为60.00%，规定为高于60%，不符合第十四条（二）。"
UPHELD_REASON = "公示期间收到的异议经核查成立"


@pytest.fixture
def programs(database: Database, clock: StandingClock, tmp_path: Path) -> Iterator[Programs]:
    clock.move_to("2025-07-01 09:00")
    at = desk.furnish(database, tmp_path / "data")
    with database.write() as session:
        organisations.add(session, THIRD_COUNTY, "佛冈县中小企业主管部门", "county", BUREAU)
    at.engage("third", "county_officer", THIRD_COUNTY)
    for name in (*EXPERTS, INSPECTORS[1]):
        at.engage(name, "inspector" if name in INSPECTORS else "expert", BUREAU)
    with serving(create_app(at.settings, database, clock=lambda: clock.at)) as address:
        yield Programs(Bureau(at, address, clock, Worker(database, at.settings), Client), Contract.read(address))


def test_a_round_by_programs_that_know_the_document_alone(programs: Programs) -> None:
    the_call(programs)
    the_pool(programs)
    the_applications(programs)
    one_is_sent_back(programs)
    the_boundary_is_told(programs)
    recognised_from_above(programs)
    five_experts_judge(programs, "county", recused=2)
    five_experts_judge(programs, "sibling")
    both_are_visited(programs)
    two_decide_the_list(programs)
    seven_working_days(programs)
    first = the_public_objects(programs, "county")
    settled_with_reasons(programs, "county", first, DISMISSED)
    second = the_public_objects(programs, "sibling")
    the_open_one_is_held_back(programs)
    published(programs)
    settled_with_reasons(programs, "sibling", second, UPHELD)
    the_round_is_over(programs)
    the_register(programs)
    the_papers(programs)
    nothing_waits(programs)


# ---- 第十五条（一） 组织申报 ------------------------------------------------------------------------


def the_call(programs: Programs) -> None:
    city = programs.as_("city")
    (regime,) = city.call("list_regimes")["items"]
    opened = city.call("open_round", {"regime": regime["name"], "year": 2025, "title": "2025年度认定批次"})
    assert programs.as_("county").call("list_rounds")["items"] == []
    assert programs.as_("county").call("list_openings")["items"] == []
    known = programs.about("city", opened["case_id"], "call_notice")["known"]
    assert known == {"title": f"关于组织申报2025年度{regime['title']}的通知", "year": 2025}
    programs.do("city", opened["case_id"], "call_notice", {**ANSWERS["call_notice"], **known, "closes_at": CLOSES_AT})
    assert (programs.newest_notice["kind"], programs.newest_notice["title"]) == ("call", known["title"])
    (programs.round,) = programs.as_("county").call("list_rounds")["items"]
    assert (programs.round["state"], _moment(programs.round["closes_at"])) == ("open", moment("2025-09-12 17:30"))


def the_pool(programs: Programs) -> None:
    """Experts and inspectors, put into the pool of the bureau whose round it is."""
    card = {"fields": ["有色金属"], "first_day": "2025-03-04", "bureau_code": programs.round["bureau_code"]}
    for number, name in enumerate((*EXPERTS, *INSPECTORS), 1):
        given = {**card, "name": name, "kind": "expert" if name in EXPERTS else "inspector"}
        added = programs.as_("city").call("add_member", given | {"employer": f"虚构研究院第{number}所"})
        assert added["able"]
    assert programs.as_("county").refused("list_members") == (403, "forbidden")


def the_applications(programs: Programs) -> None:
    """Each finds the door, begins, and files; the park's paper goes by way of its county."""
    programs.on("2025-07-02 10:00")
    for who, name in CLUSTERS.items():
        applicant = programs.as_(who)
        (door,) = applicant.call("list_openings")["items"]
        start = {**ANSWERS["application_start"], "round_id": door["round_id"], "cluster_name": name}
        changes: dict[str, Any] = {}
        if who == "park":
            paper = applicant.call("upload_file", files={"file": [("认定公告.pdf", PDF)]})
            changes["higher_level_recognition"] = start["higher_level_recognition"] = "provincial"
            start |= {"higher_level_reference": "示例公告〔2024〕第1号", "higher_level_document": paper["id"]}
        if who == "third":
            changes["leading_share"] = samples.by_year("58.10", "59.40", "60.00")
        hold_form(door["schema"], start)
        begun = applicant.call("open_case", {"regime": door["regime"], "process": door["process"], "data": start})
        programs.cases[who] = begun["id"]
        assert programs.about(who, begun["id"], "fill_in")["known"]["cluster_name"] == name
        programs.do(who, begun["id"], "fill_in", samples.application_data(cluster_name=name, **changes))
    assert programs.as_("city").call("list_openings")["items"] == []  # the bureau does not apply to itself
    programs.do("county", programs.cases["park"], "forward", ANSWERS["forward"])


def one_is_sent_back(programs: Programs) -> None:
    """The remarks arrive with the task, and what was filed stands there: nothing is asked twice."""
    programs.on("2025-07-07 10:00")
    case_id = programs.cases["sibling"]
    back = {"decision": "return", "opinion": "材料不全", "remarks": [MISSING]}
    assert programs.waiting("city", case_id, "acceptance")["can_return"]
    programs.do("city", case_id, "acceptance", back, "return_task")
    programs.on("2025-07-09 15:00")
    said = programs.about("sibling", case_id, "correct")["returned"]
    assert (said["back"], said["opinion"]) == (True, "材料不全")
    assert [(each["field"], each["text"]) for each in said["remarks"]] == [(MISSING["field"], MISSING["remark"])]
    filed = programs.waiting("sibling", case_id, "correct")["data"]
    assert filed["cluster_name"] == CLUSTERS["sibling"]
    programs.do("sibling", case_id, "correct", {**filed, "output": samples.by_year("21.30", "22.90", "24.40")})
    for who in CLUSTERS:
        programs.do("city", programs.cases[who], "acceptance", ANSWERS["acceptance"])


def the_boundary_is_told(programs: Programs) -> None:
    """第十四条（二） 高于60%: 60.00 is not above it. The precheck says so, a person decides and gives the reason."""
    programs.on("2025-07-11 09:00")
    case_id = programs.cases["third"]
    (checked,) = programs.as_("city").call("case_prechecks", case_id=case_id)["items"]
    (verdict,) = [each for each in checked["verdicts"] if each["verdict"] == "fail"]
    assert (verdict["criterion"], verdict["clause"]) == ("leading_share", "第十四条（二）")
    assert (verdict["value"], verdict["operator"], verdict["threshold"]) == ("60.00", ">", "60")
    judged = {"finding_competitiveness": {"judgement": "not_met", "reason": verdict["text"][:200]}}
    failed = {**ANSWERS["first_review"], **judged, "decision": "fail", "opinion": REASON}
    assert programs.do("city", case_id, "first_review", failed)["outcome"] == "not_passed"
    letter = programs.as_("third").call("case_letters", case_id=case_id)["items"][-1]
    assert letter["subject"].startswith("【初审未通过】")
    assert REASON in letter["body"]
    for who in ("county", "sibling"):
        programs.do("city", programs.cases[who], "first_review", ANSWERS["first_review"])


def recognised_from_above(programs: Programs) -> None:
    """第十五条（二）: automatic, and checked by a person against the paper that was sent in with it."""
    case_id = programs.cases["park"]
    (paper,) = programs.as_("city").call("case_files", case_id=case_id)["items"]
    assert programs.as_("city").call("download_file", file_id=paper["id"]) == PDF
    programs.do("city", case_id, "verify_higher_level", ANSWERS["verify_higher_level"])
    assert programs.steps("park") == []  # no panel, no visit: it waits for the list


# ---- 第十五条（二） 审核认定 ------------------------------------------------------------------------


def five_experts_judge(programs: Programs, who: str, recused: int = 0) -> None:
    """Drawn by lot; who has a tie leaves the seat to the sixth; blind until the last score is in."""
    case_id, city = programs.cases[who], programs.as_("city")
    programs.on("2025-07-14 09:00")
    free = [each for each in city.call("list_candidates", case_id=case_id)["items"] if each["excluded"] is None]
    assert sorted(each["name"] for each in free) == list(EXPERTS)
    programs.do("city", case_id, "convene", {**ANSWERS["panel"], "size": 5})
    if recused:
        leaving = _seated(programs, case_id)[recused - 1]
        tie = {"decision": "recuse", "grounds": "interest", "reason": "任集群内一家企业的顾问"}
        programs.do(leaving, case_id, "declare", tie)
        assert set(_seated(programs, case_id)) == set(EXPERTS) - {leaving}
        assert [each["origin"] for each in _panel(programs, case_id)["seats"]].count("substitute") == 1
        assert programs.as_(leaving).refused("show_case", case_id=case_id) == (404, "not_found")
    seated = _seated(programs, case_id)
    assert len(set(seated)) == 5
    for expert, points in zip(seated, POINTS, strict=True):
        assert programs.as_(expert).refused("show_case", case_id=case_id) == (404, "not_found")
        programs.do(expert, case_id, "declare", ANSWERS["declare_interest"])
        assert programs.as_(expert).call("show_case", case_id=case_id)["title"] == CLUSTERS[who]
        programs.do(expert, case_id, "score", {**ANSWERS["score_sheet"], **panel.scores(points)})
        assert programs.as_(expert).call("list_opinions", case_id=case_id)["items"] == []
    programs.do("city", case_id, "open_opinions", ANSWERS["open_opinions"])
    (result,) = programs.as_(seated[0]).call("list_opinions", case_id=case_id)["items"]
    assert (result["total"]["count"], result["recommended"], Decimal(result["total"]["mean"])) == (5, 5, MEAN)
    assert programs.as_(who).refused("list_opinions", case_id=case_id) == (403, "forbidden")
    for expert in seated:
        programs.do(expert, case_id, "concur", {"stance": "agree"})
    programs.do(seated[0], case_id, "panel_opinion", ANSWERS["expert_review"])
    assert programs.steps(who) == []


def both_are_visited(programs: Programs) -> None:
    """实地抽查: of two at least two are drawn. Who may go, and who went, is a choice that the step offers."""
    programs.on("2025-09-15 09:00")
    programs.do("city", programs.round["case_id"], "draw_sample", ANSWERS["draw_sample"])
    programs.on("2025-09-15 09:01")
    (sample,) = programs.as_("leader").call("round_samples", round_id=programs.round["id"])["items"]
    reviewed = sorted(programs.cases[who] for who in ("county", "sibling"))
    assert (sorted(sample["drawn"]), sample["listed"], sample["rule"]) == (
        reviewed,
        reviewed,
        {"share_pct": "30", "at_least": 2},
    )
    times = {"starts_at": "2025-09-19T09:30:00+08:00", "ends_at": "2025-09-19T16:00:00+08:00"}
    for case_id in reviewed:
        team = programs.about("city", case_id, "arrange")["choices"]["inspectors"]
        assert len(team) == len(INSPECTORS)
        arranged = {**ANSWERS["arrange_inspection"], **times, "inspectors": team, "leader": team[0]}
        programs.do("city", case_id, "arrange", arranged)
    programs.on("2025-09-19 17:00")
    visits = programs.as_("inspector").call("list_visits")["items"]
    assert sorted(visit["case_id"] for visit in visits) == reviewed
    for visit in visits:
        went = programs.about("inspector", visit["case_id"], "inspect")["choices"]["inspectors"]
        assert went == [each["member_id"] for each in visit["inspectors"]]
        report = {**ANSWERS["site_inspection"], "inspected_on": visit["starts_at"][:10], "inspectors": went}
        programs.do("inspector", visit["case_id"], "inspect", report)


def two_decide_the_list(programs: Programs) -> None:
    """The system proposes what review and visits speak for; one person drafts it, another decides."""
    programs.on("2025-09-24 10:00")
    round_case = programs.round["case_id"]
    on_it = sorted(programs.cases[who] for who in ("county", "sibling", "park"))
    about = programs.about("city", round_case, "draft_list")
    assert sorted(about["choices"]["cases"]) == sorted(about["known"]["cases"]) == on_it
    programs.do("city", round_case, "draft_list", {**about["known"], "opinion": "评审和抽查均已完成。"})
    programs.on("2025-09-26 16:00")
    task = programs.waiting("leader", round_case, "decide_list")
    assert programs.as_("city").refused("complete_task", {"data": {}}, task_id=task["id"]) == (403, "forbidden")
    programs.do("leader", round_case, "decide_list", ANSWERS["decide_list"])


# ---- 第十五条（二） 公示、公布 ----------------------------------------------------------------------


def seven_working_days(programs: Programs) -> None:
    """From Friday 26 September, not counted, to Monday 13 October: 28 September and 11 October are worked."""
    shown = programs.newest_notice
    assert (shown["kind"], shown["first_day"], shown["last_day"]) == ("publicity", "2025-09-26", "2025-10-13")
    assert shown["basis"]["counted"] == [
        *("2025-09-28", "2025-09-29", "2025-09-30"),
        *("2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13"),
    ]
    assert {entry["case"]: entry.get("basis") for entry in shown["entries"]} == {
        programs.cases["county"]: None,
        programs.cases["sibling"]: None,
        programs.cases["park"]: "自动认定（第十五条（二））",
    }


def the_public_objects(programs: Programs, who: str) -> str:
    """With evidence, without a name at the door; the number of the receipt says how it stands."""
    programs.on("2025-09-28 10:00" if who == "county" else "2025-10-13 23:59:59")
    shown = programs.newest_notice
    (meant,) = [entry["case"] for entry in shown["entries"] if entry["cluster"] == CLUSTERS[who]]
    written = {"name": "示例反映人", "contact": "0763-0000000", "case": meant, "grounds": GROUNDS}
    key = {"Idempotency-Key": f"objection-{who}"}
    files = {"files": [("搬迁公告.pdf", PDF)]}
    sent = [programs.nobody.call("send_objection", written, files=files, notice_id=shown["id"], **key) for _ in "12"]
    assert sent[0] == sent[1]  # the second click is the same objection
    assert (sent[0]["state"], sent[0]["late"]) == ("received", False)
    if who == "county":
        assert sent[0]["answer_by"] == "2025-10-22"  # 8 and 5 working days after 28 September
    receipt = str(sent[0]["receipt"])
    assert programs.nobody.call("show_standing", receipt=receipt) == sent[0]
    return receipt


def settled_with_reasons(programs: Programs, who: str, receipt: str, decision: Mapping[str, str]) -> None:
    """Each objection is a case of its own; who did the first review neither reads nor investigates it."""
    programs.on("2025-09-30 10:00" if who == "county" else "2025-10-22 10:00")
    (objection,) = programs.as_("city2").every("list_objections", state="received")
    assert (objection["cluster"], objection["target_case_id"]) == (CLUSTERS[who], programs.cases[who])
    assert programs.as_("city").refused("show_objection", objection_id=objection["id"]) == (403, "forbidden")
    told = programs.as_("city2").call("show_objection", objection_id=objection["id"])
    (evidence,) = told["evidence"]
    there = {"objection_id": objection["id"], "file_id": evidence["id"]}
    assert programs.as_("city2").call("download_evidence", **there) == PDF
    programs.do("city2", objection["case_id"], "investigate", INVESTIGATED | {"proposal": decision["decision"]})
    assert programs.nobody.call("show_standing", receipt=receipt)["state"] == "investigating"
    programs.do("leader", objection["case_id"], "decide", decision)
    standing = programs.nobody.call("show_standing", receipt=receipt)
    state = {"dismiss": "dismissed", "uphold": "upheld"}[decision["decision"]]
    assert (standing["state"], standing["answer"]) == (state, decision["answer"])


def the_open_one_is_held_back(programs: Programs) -> None:
    """经公示无异议的，确定: an open objection blocks its cluster, not the list; a dismissed one blocks nothing."""
    programs.on("2025-10-15 10:00")
    known = programs.about("city", programs.round["case_id"], "check_objections")["known"]
    assert known == {"objections": "some", "blocked": [programs.cases["sibling"]]}
    task = programs.waiting("city", programs.round["case_id"], "check_objections")
    hasty = {"data": {"objections": "some", "blocked": [], "note": "不等了"}}
    assert programs.as_("city").refused("complete_task", hasty, task_id=task["id"]) == (422, "form_invalid")
    programs.do("city", programs.round["case_id"], "check_objections", known | {"note": "一件尚在核查"})


def published(programs: Programs) -> None:
    programs.on("2025-10-20 10:00")
    assert programs.nobody.call("list_register")["items"] == []
    programs.do("publisher", programs.round["case_id"], "publish", ANSWERS["publish"])
    programs.on("2025-10-20 10:01")
    shown = programs.newest_notice
    assert (shown["kind"], shown["number"]) == ("publication", ANSWERS["publish"]["document_number"])
    assert {entry["case"] for entry in shown["entries"]} == {programs.cases["county"], programs.cases["park"]}
    for paper in shown["files"]:
        content = programs.nobody.call("download_notice_file", notice_id=shown["id"], file_id=paper["id"])
        assert hashlib.sha256(content).hexdigest() == paper["sha256"]
    assert {paper["name"].rpartition(".")[2] for paper in shown["files"]} == {"pdf", "docx"}


def the_round_is_over(programs: Programs) -> None:
    """异议成立 in this city: the cluster leaves the list. Its county learns why."""
    known = programs.about("city", programs.round["case_id"], "settle_held")["known"]
    assert known == {"decision": "close", "cases": [], "blocked": []}
    ended = programs.do("city", programs.round["case_id"], "settle_held", known | {"opinion": "异议成立，移出名单。"})
    assert (ended["status"], ended["outcome"]) == ("ended", "concluded")
    programs.on("2025-10-22 10:01")
    outcomes = {"county": "recognised", "sibling": "not_listed", "third": "not_passed", "park": "recognised"}
    assert {who: programs.case(who)["outcome"] for who in CLUSTERS} == outcomes
    letter = programs.as_("sibling").call("case_letters", case_id=programs.cases["sibling"])["items"][-1]
    assert letter["subject"].startswith("【未予认定】")
    assert UPHELD_REASON in letter["body"]
    standings = programs.as_("leader").call("round_cases", round_id=programs.round["id"])["items"]
    found = {row["id"]: row["result"] for row in standings}
    assert found[programs.cases["park"]]["automatic"]
    assert [found[programs.cases[who]]["objections"] for who in ("county", "sibling")] == [1, 1]


def the_register(programs: Programs) -> None:
    """Anybody's, as JSON and as CSV; valid for three years from the day of publication (第十六条)."""
    rows = programs.nobody.call("list_register")["items"]
    assert [(row["number"], row["name"]) for row in rows] == [
        ("清集群2025-001", CLUSTERS["county"]),
        ("清集群2025-002", CLUSTERS["park"]),
    ]
    assert {(row["first_day"], row["last_day"]) for row in rows} == {("2025-10-20", "2028-10-20")}
    sheet = list(csv.DictReader(io.StringIO(programs.nobody.call("list_register", format="csv").decode("utf-8-sig"))))
    assert [(row["登记编号"], row["集群名称"]) for row in sheet] == [(row["number"], row["name"]) for row in rows]
    (place,) = programs.nobody.call("count_register")["items"]
    assert (place["division"], place["recognised"], place["total"]) == ("441881", 2, 2)
    entry = programs.nobody.call("show_register_entry", cluster_id=rows[0]["id"])
    assert [notice["kind"] for notice in entry["notices"]] == ["publicity", "publication"]
    owed = programs.as_("county").call("list_obligations", cluster_id=rows[0]["id"])["items"]
    assert [(row["kind"], row["printed_on"]) for row in owed][:1] == [("annual_report", "2026-03-15")]


def the_papers(programs: Programs) -> None:
    """The dossier holds what its manifest says, twice the same; the record tells the round's milestones in order."""
    case_id = programs.cases["county"]
    first, again = (programs.as_("city").call("download_dossier", case_id=case_id) for _ in range(2))
    assert first == again
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        listed = {each["path"]: each["sha256"] for each in manifest["files"]}
        held = {name: hashlib.sha256(bundle.read(name)).hexdigest() for name in bundle.namelist()}
    assert held.pop("manifest.json")
    assert held == listed
    told = [row["kind"] for row in programs.as_("leader").every("case_history", case_id=programs.round["case_id"])]
    milestones = ["round.open", "round.closed", "sample.drawn", "publicity.opened", "round.published"]
    assert [kind for kind in dict.fromkeys(told) if kind in milestones] == milestones
    outside = list(programs.as_("county").every("case_history", case_id=case_id, limit=9))
    assert {(row["actor"], row["payload"]) for row in outside} == {(None, None)}


def nothing_waits(programs: Programs) -> None:
    for who in programs.bureau.at.tokens.keys() - {"owner"}:
        assert programs.as_(who).call("list_tasks", mine="1")["items"] == []
    assert programs.nobody.call("readyz")["status"] == "ready"


def _panel(programs: Programs, case_id: int) -> dict[str, Any]:
    return dict(programs.as_("city").call("list_panels", case_id=case_id)["items"][-1])


def _seated(programs: Programs, case_id: int) -> Sequence[str]:
    """Who sits there, by seat and account: the chair first."""
    accounts = {each["display_name"]: each["name"] for each in programs.as_("city").call("list_members")["items"]}
    return [accounts[seat["display_name"]] for seat in _panel(programs, case_id)["seats"]]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
