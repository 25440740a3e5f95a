"""One cluster in several regimes: who may say so, what offices then see of it, what the precheck makes of it."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import select, text

from config.settings import Settings
from engine import bundle, deploying, deployments, identities, prechecks, queries, tasks
from engine import clock as clocks
from engine.db import Database
from engine.errors import FormInvalid
from engine.models import Case, Cluster, Task
from tests import chain, samples
from tests.chain import CITY, COUNTIES, OTHER_CITY, PROVINCE, Chain
from tests.clock import StandingClock
from tests.conftest import opened
from tests.integration.reader import reader, signed_in
from web.app import create_app

Furnish: TypeAlias = Callable[..., Chain]

NAME = "中小企业特色产业集群（county1产业）"  # as tests.chain calls the one of county1
ELSEWHERE = "清远市中小企业特色产业集群（红茶产业）"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Furnish:
    clock.move_to(samples.MOMENT.isoformat())
    return lambda regime, **notice: chain.furnish(database, clock, regime, **{"first_batch": None} | notice)


@pytest.fixture
def national(office: Furnish) -> Chain:
    return office("national")


def recognised(
    at: Chain, name: str, bureau: str, *, office: str = COUNTIES[0], regime: str = "provincial", **more: Any
) -> int:
    """A cluster that some bureau has recognised for this office, valid from June 2024 to June 2027."""
    facts: dict[str, Any] = {
        "state": "recognised",
        "recognised_on": date(2024, 6, 20),
        "first_day": date(2024, 6, 20),
        "last_day": date(2027, 6, 20),
        "number": f"{regime}-{bureau}-001",
    }
    with at.database.write() as session:
        cluster = Cluster(
            regime=regime,
            bureau_code=bureau,
            organisation_code=office,
            name=name,
            created_at=clocks.now(),
            **(facts | more),
        )
        session.add(cluster)
        session.flush()
        return cluster.id


def cluster_of(at: Chain, case_id: int) -> Cluster:
    with at.database.read() as session:
        return session.get_one(Cluster, at.case(case_id).cluster_id or 0)


def verdict(at: Chain, case_id: int) -> tuple[str, str]:
    """What the precheck says of the recognition that has to come first, and its clause."""
    with at.database.read() as session:
        (made,) = queries.prechecks(session, at.actors["county1"], case_id)
    (found,) = (each for each in made["verdicts"] if each["criterion"] == "prerequisite")
    return found["verdict"], found["clause"]


def page(at: Chain, tmp_path: Path, who: str, path: str) -> str:
    """The words of a page."""
    app = create_app(Settings(data=tmp_path / "data"), at.database)
    answer = reader(app, signed_in(at.database, who) if who else "").get(path)
    assert answer.status_code == 200
    words = re.sub(r"(?s).*<main[^>]*>|</main>.*", "", answer.text)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", words)).split())


# ---- which cluster an application is about ----------------------------------------------------------


def test_a_cluster_of_the_same_name_and_office_is_the_same_one(national: Chain) -> None:
    earlier = recognised(national, NAME, PROVINCE)
    recognised(national, "中小企业特色产业集群（county2产业）", PROVINCE, number=None)  # of another office
    assert cluster_of(national, national.apply("county1")).identity == earlier
    newcomer = cluster_of(national, national.apply("county2"))
    assert newcomer.identity == newcomer.id


def test_an_office_says_which_of_its_clusters_it_applies_for(national: Chain) -> None:
    first = recognised(national, ELSEWHERE, CITY, regime="municipal")
    second = recognised(national, "另一名称", PROVINCE, same_as=first)
    for chosen in (first, second):
        assert cluster_of(national, national.apply("county1", earlier_cluster=chosen)).identity == first


@pytest.mark.parametrize("of", ["another office", "nobody"])
def test_another_offices_cluster_cannot_be_chosen(national: Chain, of: str) -> None:
    theirs = recognised(national, ELSEWHERE, CITY, office=COUNTIES[1])
    with pytest.raises(FormInvalid) as refused:
        national.apply("county1", earlier_cluster=theirs if of == "another office" else theirs + 1000)
    assert [problem.field for problem in refused.value.problems] == ["earlier_cluster"]
    with national.database.read() as session:
        assert session.scalars(select(Case.id).where(Case.process == "application")).all() == []


def test_an_office_chooses_among_its_own_each_once_with_what_they_are(national: Chain) -> None:
    first = recognised(national, ELSEWHERE, CITY, regime="municipal")
    recognised(national, ELSEWHERE, PROVINCE, same_as=first)
    recognised(national, "别人的集群", CITY, office=COUNTIES[1], regime="municipal", number=None)
    national.apply("county1")
    with national.database.read() as session:
        offered = dict(identities.earlier(session, COUNTIES[0]))
    numbers = f"municipal-{CITY}-001、provincial-{PROVINCE}-001"
    assert list(offered.values()) == [f"{ELSEWHERE}（{numbers}）", f"{NAME}（尚未认定）"]
    assert next(iter(offered)) == first


def test_the_page_of_an_application_offers_them_and_says_who_may_not(national: Chain, tmp_path: Path) -> None:
    mine = recognised(national, ELSEWHERE, PROVINCE)
    theirs = recognised(national, "别人的集群", PROVINCE, office=COUNTIES[1], number=None)
    app = create_app(Settings(data=tmp_path / "data"), national.database)
    county = reader(app, signed_in(national.database, "county1"))
    form = county.get(f"/cases/new?round={national.round_id}").text
    assert f'<option value="{mine}"' in form
    assert f'<option value="{theirs}"' not in form
    given = samples.ANSWERS["application_start"] | {"round_id": national.round_id}
    refused = county.post("/cases/new", given | {"earlier_cluster": theirs})
    assert refused.status_code == 422
    assert 'href="#f-earlier_cluster"' in refused.text
    assert county.post("/cases/new", given | {"earlier_cluster": mine}).status_code == 303
    newcomer = reader(app, signed_in(national.database, "county3"))
    assert "earlier_cluster" not in newcomer.get(f"/cases/new?round={national.round_id}").text


# ---- what it is recognised as -----------------------------------------------------------------------


def test_recognitions_stand_as_they_are_on_the_day_the_highest_first(national: Chain) -> None:
    first = recognised(national, ELSEWHERE, CITY, regime="municipal", last_day=date(2025, 4, 9))
    recognised(national, ELSEWHERE, PROVINCE, same_as=first, state="revoked")
    recognised(national, ELSEWHERE, PROVINCE, same_as=first, regime="candidate", recognised_on=None, number=None)
    about = cluster_of(national, national.apply("county1", earlier_cluster=first))
    with national.database.read() as session:
        found = identities.recognitions(session, about, date(2025, 4, 10))
        before = identities.recognitions(session, about, date(2025, 4, 9))
    told = [(each.level, each.state, each.bureau) for each in found]
    assert told == [("province", "revoked", "广东省工业和信息化厅"), ("city", "expired", "清远市工业和信息化局")]
    assert [each.state for each in before] == ["revoked", "recognised"]  # the last day is valid


def test_register_and_case_show_the_other_recognitions(national: Chain, tmp_path: Path) -> None:
    municipal = recognised(national, NAME, CITY, regime="municipal")
    recognised(national, NAME, PROVINCE, same_as=municipal)
    case_id = national.apply("county1")
    with national.database.write() as session:
        deploying.deploy(session, "qingyuan", bundle.shipped("qingyuan"), by="setup")
        session.get_one(Cluster, municipal).regime = "qingyuan"
    entry = page(national, tmp_path, "", f"/register/{municipal}")
    assert f"provincial-{PROVINCE}-001 广东省工业和信息化厅 2024年6月20日 2027年6月20日 有效" in entry
    own = page(national, tmp_path, "county1", f"/cases/{case_id}")
    assert f"municipal-{CITY}-001 清远市中小企业特色产业集群 清远市工业和信息化局" in own
    app = create_app(Settings(data=tmp_path / "data"), national.database)
    (other,) = app.test_client().get(f"/api/v1/public/clusters/{municipal}").get_json()["others"]
    assert (other["number"], other["state"], other["level"]) == (f"provincial-{PROVINCE}-001", "recognised", "province")


# ---- what the offices are shown ---------------------------------------------------------------------


def test_who_verifies_a_higher_recognition_sees_those_that_are_known(office: Furnish, tmp_path: Path) -> None:
    at = office("qingyuan")
    recognised(at, NAME, PROVINCE)
    higher = {"higher_level_recognition": "provincial"}
    for who, known in (
        ("county1", f"广东省工业和信息化厅： provincial-{PROVINCE}-001，有效期 2024-06-20 至 2027-06-20，有效"),
        ("county2", "系统中没有本集群的上级认定，请核对申报主体提供的认定文件。"),
    ):
        case_id = at.apply(who, higher_level_reference="虚构公告〔2024〕1号", **higher)
        at.answer(case_id, "fill_in", application_year=2025, **higher)
        at.answer(case_id, "acceptance")
        task = at.open_task(case_id, "verify_higher_level")
        assert known in page(at, tmp_path, "city", f"/tasks/{task.id}")


def test_who_accepts_a_national_application_sees_the_provinces_recognition(national: Chain, tmp_path: Path) -> None:
    recognised(national, NAME, PROVINCE)
    task = national.open_task(national.filed("county1"), "acceptance")
    shown = page(national, tmp_path, "city", f"/tasks/{task.id}")
    assert "本批次不是首批，申报的集群须已获认定（第十二条）。" in shown
    assert f"广东省工业和信息化厅： provincial-{PROVINCE}-001" in shown


def test_who_recommends_is_told_what_their_own_rules_ask_and_is_not_held_back(office: Furnish, tmp_path: Path) -> None:
    national = office("national", first_batch=True)
    with national.database.write() as session:
        deploying.deploy(session, "shantou", bundle.shipped("shantou"), by="setup")
    recognised(national, NAME, OTHER_CITY, office=chain.FAR_COUNTY, regime="shantou")
    known = national.filed("far_county")
    unknown = national.apply("far_county", cluster_name=NAME)
    national.answer(unknown, "fill_in", application_year=2025, niche="另一细分领域")
    for case_id in (known, unknown):
        national.answer(case_id, "acceptance")
    precondition = "认定为市级集群后才能推荐申报省级集群（汕头市促进中小企业特色产业集群发展工作方案 二（一））"
    for case_id, told in ((known, "系统中没有本集群的"), (unknown, f"shantou-{OTHER_CITY}-001")):
        task = national.open_task(case_id, "recommend")
        shown = page(national, tmp_path, "other_city", f"/tasks/{task.id}")
        assert precondition in shown
        assert told in shown
    national.answer(known, "recommend")
    assert national.standing(known) == [("other_city", "city_recommendation/paper/dispatch")]


# ---- what the precheck makes of it ------------------------------------------------------------------


STATED = {"higher_level_recognition": "provincial"}
ASKED = "除首批外，已认定为省级集群的才能申报（第十二条）"


def filed(at: Chain, **filled: Any) -> int:
    case_id = at.apply("county1", higher_level_reference="虚构公告〔2024〕1号", **filled)
    at.answer(case_id, "fill_in", application_year=2025, niche="红茶", **filled)
    return case_id


def refusal(at: Chain, case_id: int, element: str, **answers: Any) -> tuple[str, str]:
    """The field at which a step is refused, and why; nothing has changed."""
    before = at.case(case_id).version, at.standing(case_id)
    with pytest.raises(FormInvalid) as refused:
        at.answer(case_id, element, **answers)
    assert (at.case(case_id).version, at.standing(case_id)) == before
    (problem,) = refused.value.problems
    return problem.field, problem.message


def test_a_national_applicant_without_a_provincial_recognition_does_not_file(national: Chain, tmp_path: Path) -> None:
    case_id = national.apply("county1")
    given = {"application_year": 2025, "niche": "红茶"}
    field, why = refusal(national, case_id, "fill_in", **given)
    assert (field, why) == ("higher_level_recognition", ASKED + "；请在取得省级认定之后再申报")
    task = national.open_task(case_id, "fill_in")
    with national.database.write() as session:
        tasks.save_draft(session, national.actors["county1"], task.id, national.usual(task) | given, 0)
    desk = reader(
        create_app(Settings(data=tmp_path / "data"), national.database), signed_in(national.database, "county1")
    )
    answer = desk.post(f"/tasks/{task.id}/submit", {"_version": "1"})
    assert (answer.status_code, ASKED in answer.text) == (422, True)
    assert national.standing(case_id) == [("county1", "filing/fill_in")]
    national.answer(case_id, "fill_in", **given, **STATED)
    assert verdict(national, case_id) == ("pass", "第十二条")


def test_one_that_was_revoked_cannot_be_stated(national: Chain) -> None:
    recognised(national, NAME, PROVINCE, state="revoked")
    case_id = national.apply("county1", higher_level_reference="虚构公告〔2024〕1号", **STATED)
    field, why = refusal(national, case_id, "fill_in", application_year=2025, niche="红茶", **STATED)
    assert field == "higher_level_recognition"
    assert why == f"系统中本集群的“上级认定”（广东省工业和信息化厅，provincial-{PROVINCE}-001）已被撤销。" + ASKED


def test_what_is_revoked_after_the_filing_is_neither_prechecked_nor_accepted_as_valid(national: Chain) -> None:
    known = recognised(national, NAME, PROVINCE)
    case_id = filed(national, **STATED)
    assert verdict(national, case_id)[0] == "pass"
    with national.database.write() as session:
        session.get_one(Cluster, known).state = "revoked"
    field, why = refusal(national, case_id, "acceptance", prerequisite="recognised")
    assert field == "prerequisite"
    assert why.endswith("已被撤销，不能作为依据；请改选")
    with national.database.read() as session:
        case = session.get_one(Case, case_id)
        form = deployments.deployed(session, case.deployment_id).form("application")
        answers = session.scalars(select(Task.answers).where(Task.case_id == case_id, Task.element == "fill_in")).one()
        made = prechecks.of_answers(session, case, form, answers or {})
    assert {each.criterion: each.verdict for each in made}["prerequisite"] == "fail"
    national.answer(case_id, "acceptance", decision="refuse", opinion="省级认定已撤销（第十二条）。")
    assert national.case(case_id).outcome == "not_accepted"


def test_one_revoked_and_another_that_holds_count_as_the_one_that_holds(national: Chain) -> None:
    first = recognised(national, NAME, PROVINCE, state="revoked")
    recognised(national, NAME, PROVINCE, same_as=first, regime="provincial_again")
    assert verdict(national, filed(national, **STATED))[0] == "pass"


@pytest.mark.parametrize("state", ["revoked", "recognised"])
def test_what_was_revoked_recognises_nobody_automatically(office: Furnish, state: str) -> None:
    at = office("qingyuan")
    recognised(at, NAME, PROVINCE, state=state)
    case_id = filed(at, **STATED)
    at.answer(case_id, "acceptance")
    if state == "recognised":
        at.answer(case_id, "verify_higher_level")
        return
    field, why = refusal(at, case_id, "verify_higher_level")
    assert field == "decision"
    assert "已被撤销，不能作为依据" in why
    at.answer(case_id, "verify_higher_level", decision="reject", checked_document="无", opinion="省级认定已撤销。")
    assert at.standing(case_id) == [("city", "examination/first_review")]


def test_nobody_calls_a_round_the_first_batch_at_the_acceptance(national: Chain) -> None:
    case_id = filed(national, **STATED)
    field, why = refusal(national, case_id, "acceptance", prerequisite="first_batch")
    assert (field, why) == ("prerequisite", "本批次的申报通知没有写明为首批，请改选")


def test_a_recognition_that_the_system_knows_counts_like_one_that_is_stated(national: Chain) -> None:
    recognised(national, NAME, PROVINCE)
    assert verdict(national, national.filed("county1")) == ("pass", "第十二条")


@pytest.mark.parametrize("how", [{"last_day": date(2025, 4, 9)}, {"state": "revoked"}])
def test_one_that_is_over_or_revoked_does_not_count(national: Chain, how: dict[str, Any]) -> None:
    recognised(national, NAME, PROVINCE, **how)
    case_id = national.apply("county1")
    assert ASKED in refusal(national, case_id, "fill_in", application_year=2025, niche="红茶")[1]


@pytest.mark.parametrize(("meanwhile", "counts"), [("holds", "provincial"), ("rests", None)])
def test_what_is_over_and_waits_for_its_renewal_counts_as_its_bureau_has_set(
    national: Chain, meanwhile: str, counts: str | None
) -> None:
    """No text says what holds between the last valid day and the 复核."""
    files = dict(bundle.shipped("shantou"))
    files["regime.toml"] = files["regime.toml"].replace(b'meanwhile = "rests"', f'meanwhile = "{meanwhile}"'.encode())
    with national.database.write() as session:
        deploying.deploy(session, "shantou", files, by="setup")
    mine = recognised(national, NAME, CITY, regime="municipal")
    recognised(national, NAME, PROVINCE, regime="shantou", last_day=date(2025, 4, 9), same_as=mine)
    with national.database.read() as session:
        assert identities.higher_level(session, mine) == counts


def test_a_city_is_no_province(national: Chain) -> None:
    recognised(national, NAME, CITY, regime="municipal")
    case_id = national.apply("county1")
    assert ASKED in refusal(national, case_id, "fill_in", application_year=2025, niche="红茶")[1]


def test_the_first_batch_is_excepted_and_says_so(office: Furnish, tmp_path: Path) -> None:
    at = office("national", first_batch=True)
    case_id = at.filed("county1")
    assert verdict(at, case_id)[0] == "pass"
    task = at.open_task(case_id, "acceptance")
    assert "本批次为首批，不要求已获认定（第十二条）。" in page(at, tmp_path, "city", f"/tasks/{task.id}")
    assert "本批次为首批，不要求已获下一级认定" in page(at, tmp_path, "city", f"/rounds/{at.round_id}")


def test_an_applicant_reads_it_before_filing(national: Chain, tmp_path: Path) -> None:
    case_id = national.apply("county1")
    task = national.open_task(case_id, "fill_in")
    with national.database.write() as session:
        drafted = samples.application_data(application_year=2025)
        form = deployments.deployed(session, national.case(case_id).deployment_id).form("application")
        known = {name: value for name, value in drafted.items() if name in form.fields()}
        tasks.save_draft(session, national.actors["county1"], task.id, known, 0)
    shown = page(national, tmp_path, "county1", f"/tasks/{task.id}/check")
    assert re.search(r"已通过省级认定（首批除外）：无.*第十二条", shown)


@pytest.mark.parametrize("regime", ["qingyuan", "shantou", "guangxi", "national"])
def test_a_round_may_be_the_first_batch_where_a_recognition_has_to_come_first(regime: str) -> None:
    files = bundle.shipped(regime)
    asked = "prerequisite" in deployments.Deployed(0, files).regime.criteria
    assert ("first_batch" in deployments.Deployed(0, files).form("call_notice").fields()) == asked


# ---- before there were identities -------------------------------------------------------------------


def test_clusters_from_before_that_an_office_named_alike_are_one(empty_url: str) -> None:
    at = "2025-10-20 02:00:00+00:00" if empty_url.startswith("postgresql") else "2025-10-20 02:00:00.000000"
    rows = [(1, "441881", "红茶"), (2, "441882", "红茶"), (3, "441881", "红茶"), (4, "441881", "绿茶")]
    with opened(empty_url) as database:
        database.upgrade("20261125")
        with database.engine.begin() as connection:
            for code in ("441800", "441881", "441882"):
                organisation = (
                    "INSERT INTO organisation (code, name, level, division, path) VALUES (:c, :c, :l, :c, :p)"
                )
                connection.execute(text(organisation), {"c": code, "l": "county", "p": f"/{code}/"})
            for number, office, name in rows:
                connection.execute(
                    text(
                        "INSERT INTO cluster (id, regime, bureau_code, organisation_code, name, state, created_at)"
                        " VALUES (:id, 'r', '441800', :office, :name, 'candidate', :at)"
                    ),
                    {"id": number, "office": office, "name": name, "at": at},
                )
        database.upgrade()
        with database.read() as session:
            found = session.scalars(select(Cluster).order_by(Cluster.id)).all()
            assert [cluster.identity for cluster in found] == [1, 2, 1, 4]
