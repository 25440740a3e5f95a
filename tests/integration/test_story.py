"""From the call to recognition: a year of 清远's bureau through the API, by people who do things once, and twice.

Dates and outcomes come from 清工信函〔2025〕16号 and the holiday notice of 2025, counted by hand: 28 September and
11 October are working days, 1 to 8 October are not.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import accounts, events
from engine.columns import Base
from engine.db import Database
from engine.models import Letter, Message
from tests import panel, samples
from tests.clock import StandingClock, moment
from tests.integration import desk
from tests.integration.bureau import Bureau
from tests.integration.http import Answer, Client, Doubter, serving
from tests.office import BUREAU, COUNTY, PARK, REGIME, SIBLING
from tests.samples import ANSWERS
from tests.unit.test_uploads import PDF
from web import cli
from web.app import create_app
from web.worker import Worker

CLOSES_AT = "2025-09-12T17:30:00+08:00"
CLUSTERS = {  # who applies → for which cluster; nobody and nothing of this exists
    "county": "云溪县中小企业特色产业集群（特种铝型材产业）",
    "sibling": "石桥县中小企业特色产业集群（精细陶瓷产业）",
    "park": "松岭园中小企业特色产业集群（生物饲料产业）",
    "late": "梅塘县中小企业特色产业集群（竹木家具产业）",
}
POINTS, MEAN = ("80", "85.50", "91"), 85.50  # by seat, the same for every indicator
EXPERTS = ("expert", "expert2", "expert3", "expert4")
REMARKS = [
    {"field": "output", "remark": "与企业发展情况表的合计不一致，请核对"},
    {"field": "佐证材料第3项", "remark": "请补交加盖公章的名单"},
]


POOL = {  # who may be drawn or sent → the employer on their card
    **{name: ("expert", f"虚构研究院第{number}所") for number, name in enumerate(EXPERTS, 1)},
    "inspector": ("inspector", "清远市工业和信息化局"),
    "inspector2": ("inspector", "虚构会计师事务所"),
}


@pytest.fixture(params=[Client, Doubter], ids=["once", "twice"])
def bureau(
    request: pytest.FixtureRequest, database: Database, clock: StandingClock, tmp_path: Path
) -> Iterator[Bureau]:
    clock.move_to("2025-07-01 09:00")
    at = desk.furnish(database, tmp_path / "data")
    with database.write() as session:  # somebody who drafts and decides, though never the same list
        accounts.grant(session, accounts.by_name(session, "city2"), "bureau_leader", BUREAU, by="setup")
    for name in POOL.keys() - at.tokens.keys():
        at.engage(name, POOL[name][0], BUREAU)
    with serving(create_app(at.settings, database, clock=lambda: clock.at)) as address:
        yield Bureau(at, address, clock, Worker(database, at.settings), request.param)


def test_from_the_call_to_recognition(bureau: Bureau, capsys: pytest.CaptureFixture[str]) -> None:
    the_pool(bureau)
    round_ = the_call(bureau)
    cases = {who: an_application(bureau, who, round_["id"]) for who in CLUSTERS}
    two_sittings(bureau, cases["county"])
    handed_back_twice(bureau, cases["county"])
    by_way_of_the_county(bureau, cases["park"])
    judged_by_a_panel(bureau, cases["county"])
    judged_after_a_question(bureau, cases["park"])
    the_closing_minute(bureau, cases["sibling"], cases["late"], round_)
    the_draw_waits_for_the_last_panel(bureau, round_["case_id"], cases["sibling"])
    sampled = the_sample(bureau, round_, cases)
    visited(bureau, sampled)
    the_list_takes_two(bureau, round_["case_id"], cases)
    seven_working_days(bureau, round_["case_id"], cases)
    one_is_held_back(bureau, round_["case_id"], cases["sibling"])
    published(bureau, round_, cases)
    the_held_one_is_settled(bureau, round_, cases["sibling"])
    everybody_is_told(bureau, cases, sampled)
    recognised_for_three_years(bureau, cases)
    anybody_may_read_it(bureau)
    the_record_tells_it(bureau, round_["case_id"], cases["county"], capsys)
    nothing_is_left_over(bureau, len(sampled))


def the_pool(bureau: Bureau) -> None:
    """Who judges and who visits stands in the pool before any lot is drawn; an officer puts them there."""
    for name, (kind, employer) in POOL.items():
        card = {"fields": ["有色金属"], "employer": employer, "first_day": "2025-03-04"}
        added = bureau.as_("city").post("/pool", {**card, "bureau_code": BUREAU, "name": name, "kind": kind})
        assert (added.status, added.json["able"]) == (201, True)
    assert bureau.as_("county").get("/pool").refusal == (403, "forbidden")


# ---- 第十五条（一） 组织申报 ------------------------------------------------------------------------


def the_call(bureau: Bureau) -> dict[str, Any]:
    """The city officer opens a round, which nobody outside sees before its notice is out."""
    given = {"regime": REGIME, "year": 2025, "title": "2025年度认定批次"}
    assert bureau.as_("county").post("/rounds", given).refusal == (403, "forbidden")
    opened = bureau.as_("city").post("/rounds", given)
    assert (opened.status, opened.json["state"]) == (201, "draft")
    round_id, case_id = opened.json["id"], opened.json["case_id"]
    assert opened.headers["location"] == f"/api/v1/rounds/{round_id}"
    assert bureau.as_("county").get("/rounds").json["items"] == []
    assert bureau.as_("county").get(f"/rounds/{round_id}").refusal == (404, "not_found")
    assert bureau.public.get("/public/notices").json["items"] == []
    bureau.complete("city", case_id, "call_notice", {**ANSWERS["call_notice"], "closes_at": CLOSES_AT})
    (seen,) = bureau.as_("county").get("/rounds").json["items"]
    assert seen["state"] == "open"
    assert datetime.fromisoformat(seen["closes_at"]) == moment("2025-09-12 17:30")
    (notice,) = bureau.public.get("/public/notices").json["items"]
    assert (notice["kind"], notice["title"]) == ("call", ANSWERS["call_notice"]["title"])
    return dict(seen)


def an_application(bureau: Bureau, who: str, round_id: int) -> int:
    """Counties and parks may apply, the bureau to itself may not."""
    bureau.on("2025-07-02 10:00")
    start = {**ANSWERS["application_start"], "round_id": round_id, "cluster_name": CLUSTERS[who]}
    given = {"regime": REGIME, "process": "application", "data": start}
    assert bureau.as_("city").post("/cases", given).refusal == (409, "refused")
    applicant = "sibling" if who == "late" else who  # the second county applies for two clusters
    opened = bureau.as_(applicant).post("/cases", given)
    assert (opened.status, opened.json["status"], opened.json["title"]) == (201, "open", CLUSTERS[who])
    task = bureau.as_(applicant).get(f"/tasks/{bureau.waiting(applicant, opened.json['id'], 'fill_in')}").json
    assert datetime.fromisoformat(task["due_at"]) == moment("2025-09-12 17:30")
    assert task["clause"] == "第十五条（一）"
    return int(opened.json["id"])


def two_sittings(bureau: Bureau, case_id: int) -> None:
    """The nine parts in two sittings: what was saved is there a week later, and what was filed is what was written."""
    county, path = bureau.as_("county"), f"/tasks/{bureau.waiting('county', case_id, 'fill_in')}"
    file_id = county.upload("statement.pdf", PDF).json["id"]
    whole = samples.application_data(evidence=file_id, signed_statement=file_id)
    half = {name: whole[name] for name in takewhile(lambda name: name != "carbon_monitoring", whole)}  # parts 1 to 4
    assert county.put(f"{path}/draft", {"data": half, "version": 0}).json["version"] == 1

    bureau.on("2025-07-10 15:00")
    draft = county.get(path).json["draft"]
    assert (draft["data"], draft["version"]) == (half, 1)
    assert bureau.as_("county2").get(path).json["draft"] is None  # a draft is its writer's
    assert county.put(f"{path}/draft", {"data": whole, "version": 0}).refusal == (409, "conflict")
    assert county.put(f"{path}/draft", {"data": whole, "version": 1}).json["version"] == 2
    unfinished = county.post(f"{path}/complete", {"data": half})
    assert unfinished.refusal == (422, "form_invalid")
    assert "truth_statement" in {problem["field"] for problem in unfinished.json["problems"]}
    assert county.post(f"{path}/complete", {"data": county.get(path).json["draft"]["data"]}).status == 200

    filed = county.get(path).json
    assert (filed["state"], filed["draft"]) == ("done", None)
    assert {name: filed["data"][name] for name in whole} == whole
    assert county.get(f"/files/{file_id}").body == bureau.as_("city").get(f"/files/{file_id}").body == PDF
    assert bureau.as_("sibling").get(f"/files/{file_id}").refusal == (404, "not_found")


def handed_back_twice(bureau: Bureau, case_id: int) -> None:
    """退回补正: once by a list of remarks, once more; each time it comes back to who asked."""
    bureau.on("2025-07-14 10:00")
    assert bureau.as_("city").post(f"/tasks/{bureau.waiting('city', case_id, 'acceptance')}/claim").status == 200
    returned(bureau, case_id, {"opinion": "材料不全", "remarks": REMARKS})
    remarks = "集群总产值（亿元）：与企业发展情况表的合计不一致，请核对；佐证材料第3项：请补交加盖公章的名单"
    assert bureau.letters(case_id)[-1].fields["意见"] == f"材料不全；{remarks}"
    assert bureau.letters(case_id)[-1].fields["期限"] == "2025年7月28日"  # ten working days after 14 July
    corrected(bureau, case_id, "2025-07-21 09:30", due="2025-07-28 23:59:59")  # five after 21 July

    bureau.on("2025-07-22 16:00")
    returned(bureau, case_id, {"opinion": "名单仍缺一家", "remarks": REMARKS[1:]})
    assert bureau.letters(case_id)[-1].fields["意见"] == "名单仍缺一家；佐证材料第3项：请补交加盖公章的名单"
    assert bureau.letters(case_id)[-1].fields["期限"] == "2025年8月5日"
    corrected(bureau, case_id, "2025-07-24 11:00", due="2025-07-31 23:59:59")

    bureau.on("2025-07-25 09:00")
    bureau.complete("city", case_id, "acceptance", ANSWERS["acceptance"])
    bureau.on("2025-07-28 09:00")
    bureau.complete("city2", case_id, "first_review", ANSWERS["first_review"])


def returned(bureau: Bureau, case_id: int, data: dict[str, Any]) -> None:
    path = f"/tasks/{bureau.waiting('city', case_id, 'acceptance')}"
    assert bureau.as_("city").get(path).json["can_return"] is True
    assert bureau.as_("city").post(f"{path}/return", {"data": data}).json["status"] == "open"


def corrected(bureau: Bureau, case_id: int, at: str, *, due: str) -> None:
    """Nothing is asked twice: the form stands there as it was filed. Then it lies on the first reviewer's desk."""
    bureau.on(at)
    path = f"/tasks/{bureau.waiting('county', case_id, 'correct')}"
    task = bureau.as_("county").get(path).json
    assert task["assignee"] == "county"
    assert task["clause"] is None
    assert task["internal_reason"].startswith("办法未规定补正")  # and says so
    data = {**task["data"], "sme_staff": task["data"]["sme_staff"] + 1}
    assert bureau.as_("county").post(f"{path}/complete", {"data": data}).status == 200
    again = bureau.as_("city").get(f"/tasks/{bureau.waiting('city', case_id, 'acceptance')}").json
    assert (again["assignee"], datetime.fromisoformat(again["due_at"])) == ("city", moment(due))
    for command in ("claim", "complete"):
        body = {"data": ANSWERS["acceptance"]} if command == "complete" else None
        refused = bureau.as_("city2").post(f"/tasks/{again['id']}/{command}", body)
        assert refused.refusal == (409, "task_claimed_by_another")


def by_way_of_the_county(bureau: Bureau, case_id: int) -> None:
    """A park's application goes through the county department (第十五条（一）)."""
    bureau.on("2025-07-29 09:00")
    bureau.complete("park", case_id, "fill_in", samples.application_data(cluster_name=CLUSTERS["park"]))
    assert bureau.elements(case_id) == ["forward"]
    assert bureau.letters(case_id) == []  # the bureau hears of it when the county has sent it in
    bureau.complete("county", case_id, "forward", ANSWERS["forward"])
    bureau.on("2025-07-30 09:00")
    bureau.complete("city2", case_id, "acceptance", ANSWERS["acceptance"])
    bureau.complete("city", case_id, "first_review", ANSWERS["first_review"])


def the_closing_minute(bureau: Bureau, in_time: int, too_late: int, round_: dict[str, Any]) -> None:
    """Until 17:30 counts. What comes after is told so, whether or not a worker has been by."""
    bureau.on("2025-09-12 17:29:59")
    bureau.tick()
    bureau.complete("sibling", in_time, "fill_in", samples.application_data(cluster_name=CLUSTERS["sibling"]))
    path = f"/tasks/{bureau.waiting('sibling', too_late, 'fill_in')}/complete"

    bureau.on("2025-09-12 17:30:01")
    filled = {"data": samples.application_data(cluster_name=CLUSTERS["late"])}
    late = bureau.as_("sibling").post(path, filled)
    assert late.refusal == (409, "refused")
    assert "时间已过" in late.json["detail"]
    start = {**ANSWERS["application_start"], "round_id": round_["id"]}
    another = bureau.as_("sibling").post("/cases", {"regime": REGIME, "process": "application", "data": start})
    assert another.refusal == (409, "refused")

    bureau.tick()
    assert bureau.case(too_late)["outcome"] == "unfiled"
    assert [letter.template for letter in bureau.letters(too_late)] == ["expired_unfiled"]
    assert bureau.as_("sibling").post(path, filled).refusal == (409, "conflict")
    assert bureau.elements(in_time) == ["acceptance"]
    assert bureau.as_("county").get(f"/rounds/{round_['id']}").json["state"] == "closed"
    assert bureau.elements(round_["case_id"]) == ["draw_sample"]


# ---- 第十五条（二） 审核认定 ------------------------------------------------------------------------


def judged_by_a_panel(bureau: Bureau, case_id: int) -> None:
    """组织专家组: three of four by lot; one has a tie and leaves the seat to the fourth."""
    bureau.on("2025-08-01 09:00")
    bureau.complete("city", case_id, "convene", ANSWERS["panel"])
    leaving = bureau.seated(case_id)[1]
    (fourth,) = set(EXPERTS) - set(bureau.seated(case_id))
    recused = {"decision": "recuse", "grounds": "interest", "reason": "任集群内一家企业的顾问"}
    path = f"/tasks/{bureau.waiting(leaving, case_id, 'declare')}"
    assert bureau.as_(leaving).post(f"{path}/complete", {"data": recused}).status == 200
    assert bureau.as_(leaving).get(path).refusal == (404, "not_found")
    assert bureau.seated(case_id)[1] == fourth
    opinions(bureau, case_id, "2025-08-04 10:00")
    concluded(bureau, case_id, "2025-08-06 10:00")


def judged_after_a_question(bureau: Bureau, case_id: int) -> None:
    """An expert asks; the applicant answers without learning who asked."""
    bureau.on("2025-08-11 09:00")
    bureau.complete("city2", case_id, "convene", ANSWERS["panel"])
    asking = bureau.seated(case_id)[0]
    bureau.complete(asking, case_id, "declare", ANSWERS["declare_interest"])
    bureau.complete(asking, case_id, "score", {"decision": "ask", "question": "共享检测中心由谁运营？"})
    bureau.complete("city2", case_id, "pass_on", ANSWERS["pass_on"])
    path = f"/tasks/{bureau.waiting('park', case_id, 'answer_question')}"
    assert asking not in bureau.as_("park").get(path).body.decode()
    bureau.complete("park", case_id, "answer_question", ANSWERS["answer_question"])
    opinions(bureau, case_id, "2025-08-13 10:00")
    concluded(bureau, case_id, "2025-08-15 10:00")


def opinions(bureau: Bureau, case_id: int, at: str) -> None:
    """Each member declares, which opens the application to them, and scores; nobody reads a colleague's scores yet."""
    bureau.on(at)
    for number, who in enumerate(bureau.seated(case_id)):
        bureau.clock.move_by(hours=1)
        expert = bureau.as_(who)
        if expert.get(f"/cases/{case_id}").status == 404:
            bureau.complete(who, case_id, "declare", ANSWERS["declare_interest"])
        assert expert.get(f"/cases/{case_id}").status == 200
        bureau.complete(who, case_id, "score", {**ANSWERS["score_sheet"], **panel.scores(POINTS[number])})
        assert expert.get(f"/cases/{case_id}/opinions").json["items"] == []
    assert bureau.elements(case_id) == ["open_opinions"]


def concluded(bureau: Bureau, case_id: int, at: str) -> None:
    """Opened, the opinions are read by all three, who say what they think of them; the chair writes for the panel."""
    bureau.on(at)
    members = bureau.seated(case_id)
    bureau.complete("city", case_id, "open_opinions", ANSWERS["open_opinions"])
    (result,) = bureau.as_(members[1]).get(f"/cases/{case_id}/opinions").json["items"]
    assert [float(given["total"]) for given in result["given"]] == [float(points) for points in POINTS]
    assert float(result["total"]["mean"]) == MEAN
    assert bureau.as_("county").get(f"/cases/{case_id}/opinions").status in {403, 404}
    for who in members:
        bureau.complete(who, case_id, "concur", ANSWERS["stance"])
    assert bureau.elements(case_id) == ["panel_opinion"]
    bureau.complete(members[0], case_id, "panel_opinion", ANSWERS["expert_review"])
    assert (bureau.elements(case_id), bureau.case(case_id)["status"]) == ([], "open")  # it waits for the draw


def the_draw_waits_for_the_last_panel(bureau: Bureau, round_case: int, case_id: int) -> None:
    """Drawn before the last panel is through, the sample would leave that cluster out: the officer is told."""
    bureau.on("2025-09-15 09:00")
    bureau.complete("city", case_id, "acceptance", ANSWERS["acceptance"])
    bureau.on("2025-09-15 11:00")
    bureau.complete("city", case_id, "first_review", ANSWERS["first_review"])
    path = f"/tasks/{bureau.waiting('city', round_case, 'draw_sample')}"
    early = bureau.as_("city").post(f"{path}/complete", {"data": ANSWERS["draw_sample"]})
    assert [(found["field"], found["code"]) for found in early.json["problems"]] == [
        ("without_unfinished", "review_unfinished")
    ]
    due = bureau.as_("city").get(path).json["due_at"]
    assert datetime.fromisoformat(due) == moment("2025-09-19 23:59:59")  # five working days after 12 September
    bureau.complete("city", case_id, "convene", ANSWERS["panel"])
    opinions(bureau, case_id, "2025-09-16 09:00")
    concluded(bureau, case_id, "2025-09-16 16:00")


def the_sample(bureau: Bureau, round_: dict[str, Any], cases: dict[str, int]) -> list[int]:
    """实地抽查: 30 % of three is one, and at least two are drawn; one is added with its reason. Repeated by hand."""
    bureau.on("2025-09-17 09:00")
    added = [{"case": cases["county"], "reason": "产值数据两次补正"}]
    bureau.complete("city", round_["case_id"], "draw_sample", {**ANSWERS["draw_sample"], "added": added})
    bureau.tick()
    assert bureau.as_("county").get(f"/rounds/{round_['id']}/samples").refusal == (403, "forbidden")
    (sample,) = bureau.as_("leader").get(f"/rounds/{round_['id']}/samples").json["items"]
    reviewed = sorted(cases[who] for who in ("county", "park", "sibling"))
    lots = {case_id: hashlib.sha256(f"{sample['seed']}:{case_id}".encode()).hexdigest() for case_id in reviewed}
    assert (sample["listed"], sample["added"]) == (reviewed, added)
    assert sample["drawn"] == sorted(reviewed, key=lots.__getitem__)[:2]
    sampled = sorted({*sample["drawn"], cases["county"]})
    for case_id in reviewed:
        assert bureau.elements(case_id) == (["arrange"] if case_id in sampled else [])
    return sampled


def visited(bureau: Bureau, sampled: list[int]) -> None:
    """Two inspectors on a day that the applicant is told; who leads them reports, and the other cannot."""
    pool = {member["name"]: member["id"] for member in bureau.as_("city").get("/pool").json["items"]}
    team = [pool["inspector"], pool["inspector2"]]
    day = "2025-09-19"
    times = {"starts_at": f"{day}T09:30:00+08:00", "ends_at": f"{day}T16:00:00+08:00"}
    for case_id in sampled:
        bureau.on("2025-09-17 14:00")
        arranged = {**ANSWERS["arrange_inspection"], **times, "inspectors": team, "leader": team[0]}
        bureau.complete("city", case_id, "arrange", arranged)
        assert "2025年9月19日09:30至16:00" in bureau.letters(case_id)[-1].fields["安排"]
    report = {**ANSWERS["site_inspection"], "inspected_on": day, "inspectors": team}
    for hours, case_id in enumerate(sampled):
        bureau.on("2025-09-19 17:00")
        bureau.clock.move_by(hours=hours)
        path = f"/tasks/{bureau.waiting('inspector', case_id, 'inspect')}/complete"
        assert bureau.as_("inspector2").post(path, {"data": report}).refusal == (404, "not_found")
        bureau.complete("inspector", case_id, "inspect", report)
        assert (bureau.elements(case_id), bureau.case(case_id)["status"]) == ([], "open")


def the_list_takes_two(bureau: Bureau, round_case: int, cases: dict[str, int]) -> None:
    """One person drafts the list, the leader decides; who drafted may not, though a leader as well."""
    bureau.on("2025-09-24 10:00")
    path = f"/tasks/{bureau.waiting('city2', round_case, 'draft_list')}"
    due = bureau.as_("city2").get(path).json["due_at"]
    assert datetime.fromisoformat(due) == moment("2025-09-30 23:59:59")  # ten working days after the draw
    wrong = bureau.as_("city2").post(f"{path}/complete", {"data": a_list(cases.values())})
    assert wrong.refusal == (422, "form_invalid")
    assert [(found["field"], found["code"]) for found in wrong.json["problems"]] == [("cases[3]", "case_not_ready")]
    listed = [cases[who] for who in ("county", "sibling", "park")]
    bureau.complete("city2", round_case, "draft_list", a_list(listed))

    bureau.on("2025-09-26 16:00")
    path = f"/tasks/{bureau.waiting('leader', round_case, 'decide_list')}"
    approved = {"data": ANSWERS["decide_list"]}
    assert bureau.as_("city").post(f"{path}/complete", approved).refusal == (403, "forbidden")
    assert bureau.as_("county").post(f"{path}/complete", approved).refusal == (404, "not_found")
    for command, body in (("claim", None), ("complete", approved)):
        refused = bureau.as_("city2").post(f"{path}/{command}", body)
        assert refused.refusal == (409, "refused")
        assert "不同人员" in refused.json["detail"]
    assert bureau.as_("leader").post(f"{path}/complete", approved).status == 200


def a_list(case_ids: Any) -> dict[str, Any]:
    reasons = [{"case": case_id, "reason": "专家评审86.50分，实地抽查相符"} for case_id in case_ids]
    return {"cases": list(case_ids), "reasons": reasons, "opinion": "评审和抽查均已完成。"}


def seven_working_days(bureau: Bureau, round_case: int, cases: dict[str, int]) -> None:
    """公示期为7个工作日: from Friday 26 September, not counted, to Monday 13 October, the whole day."""
    notice = bureau.public.get("/public/notices").json["items"][0]
    assert (notice["kind"], notice["first_day"], notice["last_day"]) == ("publicity", "2025-09-26", "2025-10-13")
    shown = bureau.public.get(f"/public/notices/{notice['id']}").json
    assert [entry["cluster"] for entry in shown["entries"]] == [CLUSTERS[who] for who in ("county", "park", "sibling")]
    assert {entry["case"] for entry in shown["entries"]} == {cases[who] for who in ("county", "park", "sibling")}
    september = ["2025-09-28", "2025-09-29", "2025-09-30"]  # a Sunday first, worked for the holiday
    assert shown["basis"]["counted"] == [*september, "2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13"]
    assert shown["basis"]["clause"] == "第十五条（二）"
    for at in ("2025-09-28 12:00", "2025-10-10 23:59:59", "2025-10-13 23:59:58"):
        bureau.on(at)
        bureau.tick()
        assert bureau.elements(round_case) == []
    bureau.on("2025-10-14 00:00:00")
    bureau.tick()
    assert bureau.elements(round_case) == ["check_objections"]
    assert bureau.public.get("/readyz").json["status"] == "ready"


def one_is_held_back(bureau: Bureau, round_case: int, case_id: int) -> None:
    """经公示无异议的，确定: an objection concerns its own cluster and no other."""
    bureau.on("2025-10-15 10:00")
    found = {"objections": "some", "blocked": [case_id], "note": "对产值数据的异议尚在核查。"}
    bureau.complete("city", round_case, "check_objections", found)


def published(bureau: Bureau, round_: dict[str, Any], cases: dict[str, int]) -> None:
    """The publisher publishes, nobody else; that day the clusters are recognised."""
    bureau.on("2025-10-20 10:00")
    path = f"/tasks/{bureau.waiting('publisher', round_['case_id'], 'publish')}/complete"
    assert bureau.as_("city").post(path, {"data": ANSWERS["publish"]}).refusal == (403, "forbidden")
    assert bureau.public.get("/public/clusters").json["items"] == []
    assert bureau.as_("publisher").post(path, {"data": ANSWERS["publish"]}).json["status"] == "open"
    notice = bureau.public.get("/public/notices").json["items"][0]
    assert (notice["kind"], notice["title"]) == ("publication", ANSWERS["publish"]["title"])
    entries = bureau.public.get(f"/public/notices/{notice['id']}").json["entries"]
    assert {entry["case"] for entry in entries} == {cases["county"], cases["park"]}
    bureau.tick()
    outcomes = {who: bureau.case(case_id)["outcome"] for who, case_id in cases.items()}
    assert outcomes == {"county": "recognised", "park": "recognised", "sibling": None, "late": "unfiled"}


def the_held_one_is_settled(bureau: Bureau, round_: dict[str, Any], case_id: int) -> None:
    """What an objection held back is settled by itself; with it the round ends."""
    bureau.on("2025-10-27 10:00")
    told = bureau.complete("city", round_["case_id"], "settle_held", ANSWERS["settle_held"])
    assert (told["status"], told["outcome"]) == ("ended", "concluded")
    bureau.tick()
    assert bureau.case(case_id)["outcome"] == "not_listed"
    counted = bureau.as_("city").get(f"/rounds/{round_['id']}").json
    assert counted["state"] == "published"
    assert {(row["status"], row["outcome"], row["cases"]) for row in counted["cases"]} == {
        ("ended", "recognised", 2),
        ("ended", "not_listed", 1),
        ("ended", "unfiled", 1),
    }


def everybody_is_told(bureau: Bureau, cases: dict[str, int], sampled: list[int]) -> None:
    outcomes = {who: bureau.case(case_id)["outcome"] for who, case_id in cases.items()}
    assert outcomes == {"county": "recognised", "park": "recognised", "sibling": "not_listed", "late": "unfiled"}
    to_bureau, to_county = (BUREAU, "bureau_officer"), (COUNTY, "county_officer")
    to_sibling, to_park = (SIBLING, "county_officer"), (PARK, "park_officer")
    expected = {
        "county": [
            ("submitted", *to_bureau),
            ("returned", *to_county),
            ("returned", *to_county),
            ("accepted", *to_county),
            ("inspection", *to_county),
            ("publicity_begins", *to_county),
            ("recognised", *to_county),
        ],
        "park": [
            ("submitted", *to_bureau),
            ("accepted", *to_park),
            ("question_passed", *to_park),
            *([("inspection", *to_park)] if cases["park"] in sampled else []),
            ("publicity_begins", *to_park),
            ("recognised", *to_park),
            ("recognised", *to_county),  # above the park
        ],
        "sibling": [
            ("submitted", *to_bureau),
            ("accepted", *to_sibling),
            *([("inspection", *to_sibling)] if cases["sibling"] in sampled else []),
            ("publicity_begins", *to_sibling),
            ("not_listed", *to_sibling),
        ],
        "late": [("expired_unfiled", *to_sibling)],
    }
    for who, case_id in cases.items():
        letters = bureau.letters(case_id)
        assert [(row.template, row.organisation_code, row.role) for row in letters] == expected[who]
        assert {row.fields["集群名称"] for row in letters} == {CLUSTERS[who]}
        assert all(row.spread_at for row in letters)


# ---- 第十六条、第十七条 ------------------------------------------------------------------------------


def recognised_for_three_years(bureau: Bureau, cases: dict[str, int]) -> None:
    """有效期为三年 from publication on 20 October 2025; a report by 15 March of each year after it."""
    for who, case_id in cases.items():
        path = f"/clusters/{bureau.case(case_id)['cluster_id']}"
        cluster = bureau.as_("city").get(path).json
        owed = bureau.as_("city").get(f"{path}/obligations").json["items"]
        if who in ("sibling", "late"):
            assert (cluster["state"], cluster["recognised_on"], owed) == ("candidate", None, [])
            continue
        assert (cluster["state"], cluster["recognised_on"]) == ("recognised", "2025-10-20")
        assert (cluster["first_day"], cluster["last_day"]) == ("2025-10-20", "2028-10-20")
        assert bureau.as_(who).get(f"{path}/obligations").json["items"] == owed
        assert [(row["kind"], row["printed_on"], row["clause"]) for row in owed] == [
            ("annual_report", "2026-03-15", "第十七条"),  # a Sunday, and stays there
            ("assessment", "2026-05-31", "本局设置"),
            ("annual_report", "2027-03-15", "第十七条"),
            ("assessment", "2027-05-31", "本局设置"),
            ("annual_report", "2028-03-15", "第十七条"),
            ("renewal", "2028-04-20", "本局设置"),
            ("assessment", "2028-05-31", "本局设置"),
            ("expiry", "2028-10-20", "第十六条"),
        ]
        assert all(row["effective_on"] == row["printed_on"] and row["state"] == "open" for row in owed)
        assert not owed[0]["provisional"]  # the holidays of 2026 are known


def anybody_may_read_it(bureau: Bureau) -> None:
    """The register without a token, for programs and for spreadsheets; everything else asks who is there."""
    days = {"state": "recognised", "recognised_on": "2025-10-20", "first_day": "2025-10-20", "last_day": "2028-10-20"}
    names = ("英德市中小企业主管部门", CLUSTERS["county"]), ("英德市某园区管委会", CLUSTERS["park"])
    known = {"regime": REGIME, "division": "441881", "industry": "特种铝型材", **days}
    register = bureau.public.get("/public/clusters").json["items"]
    assert [{name: value for name, value in row.items() if name != "id"} for row in register] == [
        {"number": f"清集群2025-{serial:03}", "name": cluster, "applicant": applicant, **known}
        for serial, (applicant, cluster) in enumerate(names, 1)
    ]
    sheet = bureau.public.get("/public/clusters?format=csv")
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(sheet.body.decode("utf-8-sig"))))
    kept = ["登记编号", "集群名称", "主导产业", "申报主体", "行政区划代码", "状态", "公布日期", "有效期起", "有效期止"]
    assert rows[0] == kept
    dates = ["2025-10-20", "2025-10-20", "2028-10-20"]
    assert rows[1:] == [
        [f"清集群2025-{serial:03}", cluster, "特种铝型材", applicant, "441881", "有效", *dates]
        for serial, (applicant, cluster) in enumerate(names, 1)
    ]
    assert bureau.public.get("/clusters").refusal == (401, "sign_in_failed")


# ---- the record --------------------------------------------------------------------------------


def the_record_tells_it(bureau: Bureau, round_case: int, case_id: int, capsys: pytest.CaptureFixture[str]) -> None:
    opened, closed, letter, precheck = "task.opened", "task.closed", "letter.queued", "precheck.done"
    rows = history(bureau.as_("city"), case_id)
    assert [row["kind"] for row in rows] == [
        *("case.opened", opened),
        *(closed, precheck, opened, letter),  # filled in
        *("task.claimed", closed, opened, letter),  # handed back
        *(closed, precheck, opened),  # corrected
        *(closed, opened, letter),  # handed back
        *(closed, precheck, opened),  # corrected
        *(closed, opened, letter),  # accepted
        *(closed, precheck, opened),  # first review
        *("panel.drawn", closed, opened, opened, opened),
        *("seat.recused", closed, opened),
        *3 * ("seat.declared", closed, opened, "opinion.given", closed),
        *(opened, "panel.opened", closed, opened, opened, opened),
        *3 * ("stance.taken", closed),
        *(opened, "panel.concluded", closed),
        *("message.received", opened),  # drawn, or added to the sample
        *("inspection.arranged", closed, opened, letter, "inspection.reported", closed),
        letter,  # that its publicity begins
        *("message.received", letter, "case.ended"),
    ]
    by = [row["actor"] for row in rows if row["kind"] == closed]
    assert by[:8] == ["county", "city", "county", "city", "county", "city", "city2", "city"]
    assert set(by[8:15]) == set(EXPERTS)  # one leaves, three declare and score
    assert (by[15], set(by[16:20]), by[20:]) == ("city", set(bureau.seated(case_id)), ["city", "inspector"])
    assert datetime.fromisoformat(rows[0]["at"]) == moment("2025-07-02 10:00")
    assert datetime.fromisoformat(rows[-1]["at"]) == moment("2025-10-20 10:00")
    outside = history(bureau.as_("county"), case_id)  # what happened, not who at the bureau did it
    assert [(row["kind"], row["actor"], row["payload"]) for row in outside] == [
        (row["kind"], None, None) for row in rows
    ]
    told = [row["kind"] for row in history(bureau.as_("leader"), round_case)]
    milestones = ["round.open", "round.closed", "publicity.opened", "cluster.recognised", "round.published"]
    assert [kind for kind in dict.fromkeys(told) if kind in milestones] == milestones
    assert (told.count("sample.drawn"), told.count("timer.fired"), told.count("cluster.recognised"), told[-1]) == (
        1,
        2,
        2,
        "case.ended",
    )

    bureau.worker.hourly()
    database = bureau.at.database.url.render_as_string(hide_password=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(["--database", database, "--data", str(bureau.at.settings.data), "audit", "verify", "--anchors"])
    assert (ended.value.code, capsys.readouterr().out) == (0, "")
    assert {file.stem for file in (bureau.at.settings.data / "anchors").glob("*.jsonl")} == {BUREAU, events.SYSTEM}


def history(client: Client, case_id: int) -> list[dict[str, Any]]:
    """The whole record of a case, a page at a time."""
    rows: list[dict[str, Any]] = []
    following: str | None = f"/cases/{case_id}/history?limit=7"
    while following:
        answer: Answer = client.get(following.removeprefix("/api/v1"))
        rows += answer.json["items"]
        following = answer.json["next"]
    return rows


def nothing_is_left_over(bureau: Bureau, visits: int) -> None:
    """Everybody's desk is empty, and everything is there once, however often it was sent."""
    for who in bureau.at.tokens:
        inbox = bureau.as_(who).get("/tasks?mine=1")
        assert inbox.refusal == (403, "forbidden") if who == "owner" else inbox.json["items"] == []
    with bureau.at.database.read() as session:
        assert session.scalar(select(func.count()).where(Message.delivered_at.is_(None))) == 0
        judging = ("pool_member", "interest", "panel", "seat", "opinion", "stance", "sample", "inspection")
        names = ("round", "case_run", "cluster", "task", "letter", "notice", "obligation", "message")
        rows = {
            name: session.scalar(select(func.count()).select_from(Base.metadata.tables[name]))
            for name in (*names, *judging, "file", "draft", "incident", "deployment", "precheck")
        }
        of_tasks = select(Letter.task_id, Letter.role).where(Letter.task_id.is_not(None))
        told = [tuple(row) for row in session.execute(of_tasks)]
        tasks_told = len(set(told))  # those that stood open when the worker came by, each once to each role
    assert rows == {
        "deployment": 1,
        "round": 1,
        "cluster": 4,
        "case_run": 4 + 1,
        "task": (7 + 13)
        + (4 + 15)
        + (3 + 12)
        + 2 * visits
        + 7
        + 1,  # to and in each panel, the round's; one unfinished
        "precheck": 4 + 2 + 2,  # filed, twice corrected and first reviewed; filed and first reviewed
        "letter": 6 + 6 + 4 + 1 + visits + tasks_told,
        "notice": 3,  # call, publicity, publication
        "obligation": 2 * (5 + 3) + 2,  # the clusters' and their assessments, the closing minute and the publicity
        "message": 3 + 3 + 1,  # to the cases still open at the draw, at the decision, and at the settling
        "file": 1 + 2,  # the applicant's, and the decision as PDF and Word
        "pool_member": 4 + 2,
        "interest": 1,
        "panel": 3 + visits,  # of experts, and of inspectors
        "seat": 9 + 2 * visits,
        "opinion": 9,
        "stance": 9 * 2,  # each on both of the others
        "sample": 1,
        "inspection": visits,
        "draft": 0,
        "incident": 0,
    }
