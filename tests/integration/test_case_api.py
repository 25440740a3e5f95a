"""What a case tells through the API: answers and letters to those they concern, and incidents to who mends them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from engine import bundle, deploying, lint, repairs
from engine.db import Database
from engine.models import Event, Letter
from engine.repairs import VariableRefused
from tests import samples
from tests import stopped as stopped_
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration import place as place_
from tests.integration.desk import Desk
from tests.integration.place import Place
from tests.office import REGIME

CANCEL = {"reason": "申报主体撤回"}
REPAIR = {"variables": {"higher_level_recognition": 1}, "reason": "应填数字"}


@pytest.fixture
def place(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Place:
    clock.move_to(samples.MOMENT)
    return place_.furnish(sqlite_database, tmp_path / "data")


def listed(place: Place, who: str, path: str) -> Any:
    """The items of a list, or the status of a refusal."""
    answer = place.at.with_token(place.tokens[who]).get(path.format(**place.ids))
    return answer.get_json()["items"] if answer.status_code == 200 else answer.status_code


# ---- answers and letters ------------------------------------------------------------------------


def test_answers_are_told_as_far_as_their_tasks_are_seen(place: Place) -> None:
    path = "/cases/{county_case}/answers"
    told = {
        who: answers if isinstance(answers := listed(place, who, path), int) else {row["element"] for row in answers}
        for who in ("county", "county2", "city", "leader", "expert", "sibling", "park", "other_city", "owner")
    }
    own, all_ = {"fill_in"}, {"fill_in", "acceptance", "first_review", "convene", "declare"}
    assert told == {
        **dict.fromkeys(("county", "county2"), own),
        **dict.fromkeys(("city", "leader"), all_),
        "expert": {"fill_in", "declare"},  # what is to be judged, and what they said themselves
        **dict.fromkeys(("sibling", "park", "other_city"), 404),
        "owner": 403,
    }
    (row,) = listed(place, "county", path)
    assert row.keys() == {"task_id", "element", "pass_number", "form", "data", "submitted_at"}
    assert (row["form"], row["pass_number"], row["data"]["evidence_1_files"]) == (
        "application",
        1,
        [place.ids["bound_file"]],
    )


def test_letters_are_told_to_the_office_they_are_addressed_to(place: Place) -> None:
    told = {
        who: letters if isinstance(letters := listed(place, who, "/cases/{county_case}/letters"), int) else len(letters)
        for who in ("county", "county2", "city", "leader", "expert", "inspector", "sibling", "other_city", "owner")
    }
    with place.at.database.read() as session:
        by_office = dict(
            session.execute(
                select(Letter.organisation_code, func.count())
                .where(Letter.case_id == int(place.ids["county_case"]))
                .group_by(Letter.organisation_code)
            ).all()
        )
    county, bureau = by_office[place_.COUNTY], by_office.get(place_.BUREAU, 0)
    assert county > 0
    assert told == {
        **dict.fromkeys(("county", "county2"), county),
        **dict.fromkeys(("city", "leader"), bureau),
        **dict.fromkeys(("expert", "inspector"), 0),  # visitors of the bureau do not read its letters
        **dict.fromkeys(("sibling", "other_city"), 404),
        "owner": 403,
    }


def test_a_county_does_not_read_the_letters_of_its_park(place: Place) -> None:
    with place.at.database.write() as session:
        session.execute(
            update(Letter)
            .where(Letter.case_id == int(place.ids["county_case"]))
            .values(case_id=int(place.ids["park_case"]), organisation_code=place_.PARK, role="park_officer")
        )
    assert listed(place, "park", "/cases/{park_case}/letters") != []
    assert listed(place, "county", "/cases/{park_case}/letters") == []


def test_a_letter_keeps_the_wording_of_its_deployment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listed(place, "county", "/cases/{county_case}/letters")
    assert before[0].keys() == {"id", "subject", "body", "status", "created_at"}
    assert "{{" not in before[0]["subject"] + before[0]["body"]
    monkeypatch.setattr(lint, "problems", lambda _: [])
    files = dict(bundle.shipped(REGIME))
    files |= {name: "另一种说法\n\n正文\n".encode() for name in files if name.startswith("letters/")}
    with place.at.database.write() as session:
        assert deploying.deploy(session, REGIME, files, by="setup").number == 2
    assert listed(place, "county", "/cases/{county_case}/letters") == before


def test_a_letter_that_cannot_be_written_hides_no_other(place: Place) -> None:
    with place.at.database.write() as session:
        first = session.scalars(select(Letter).where(Letter.organisation_code == place_.COUNTY)).first()
        assert first
        session.add(
            Letter(
                dedupe_key="broken",
                case_id=first.case_id,
                deployment_id=first.deployment_id,
                template=first.template,
                organisation_code=first.organisation_code,
                role=first.role,
                fields={},
                created_at=first.created_at,
            )
        )
    *others, broken = listed(place, "county", "/cases/{county_case}/letters")
    assert others
    assert broken["subject"] == "（通知无法成文）"
    assert "填空内容为空" in broken["body"]


# ---- incidents ----------------------------------------------------------------------------------


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    clock.move_to(samples.MOMENT)
    failing = stopped_.failing_after_acceptance()
    monkeypatch.setattr(bundle, "shipped", lambda _: failing)
    return desk.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def case_id(at: Desk) -> int:
    """A stopped case of the county."""
    return stopped_.stopped(at.office).case_id


def test_incidents_are_listed_for_who_looks_after_the_bureaus_diagrams(place: Place) -> None:
    (row,) = listed(place, "owner", "/incidents")
    assert row["case_id"] == int(place.ids["round_case"])
    assert (row["regime"], row["process"], row["code"], row["element"]) == (REGIME, "round", "step_failed", "closing")
    assert "title" not in row
    assert listed(place, "other_owner", "/incidents") == []
    assert listed(place, "leader", "/incidents") == [row]  # who confirms what an owner asks to skip
    assert {listed(place, who, "/incidents") for who in ("city", "county", "auditor")} == {403}


def test_why_a_case_stands_is_told_to_the_bureau_alone(at: Desk, case_id: int) -> None:
    told = {who: at.as_(who).get(f"/cases/{case_id}").get_json()["incident"] for who in ("city", "leader", "county")}
    assert told["city"].keys() == {"code", "message", "element", "happened_at"}
    assert (told["city"]["code"], told["city"]["element"]) == ("expression_failed", "recognised_above")
    assert told["leader"] == told["city"]
    assert told["county"] is None
    assert at.as_("owner").get(f"/cases/{case_id}").status_code == 403


@pytest.mark.parametrize(
    ("deed", "body", "status"), [("retry", None, "open"), ("repair", REPAIR, "open"), ("cancel", CANCEL, "cancelled")]
)
def test_the_owner_deals_with_an_incident_once_a_key(at: Desk, case_id: int, deed: str, body: Any, status: str) -> None:
    path = f"/cases/{case_id}/incident/{deed}"
    for who in ("city", "leader", "county", "sibling", "expert"):
        assert at.as_(who).post(path, body).status_code == 403
    first, again = at.as_("owner").post(path, body, key="one"), at.as_("owner").post(path, body, key="one")
    assert (first.status_code, first.get_json()) == (200, {"id": case_id, "process": "application", "status": status})
    assert (again.status_code, again.data, again.headers["Idempotency-Replayed"]) == (200, first.data, "true")
    late = at.as_("owner").post(path, body, key="two")
    assert (late.status_code, late.get_json()["code"]) == (409, "refused")
    assert at.as_("owner").get("/incidents").get_json()["items"] == []
    with at.database.read() as session:
        done = select(func.count()).where(Event.case_id == case_id, Event.kind.startswith("incident."))
        assert session.scalar(done) == 1
    stopped_.assert_sound(at.office)


def test_a_repaired_case_is_completed_as_if_nothing_had_been(at: Desk, case_id: int) -> None:
    assert at.as_("owner").post(f"/cases/{case_id}/incident/repair", REPAIR).status_code == 200
    task = at.office.open_task(case_id, "acceptance")
    answer = at.as_("city").post(f"/tasks/{task.id}/complete", {"data": samples.ANSWERS["acceptance"]})
    assert answer.status_code == 200
    assert at.office.open_elements(case_id) == ["first_review"]


NESTED: dict[str, Any] = {"list": [[[[1]]]]}


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "写明"),
        ({"typename": 1}, "保留"),
        ({"x": {"typename": "list"}}, "保留"),
        ({"x": [{"a__b": 1}]}, "保留"),
        ({"a__b": 1}, "保留"),
        ({"__class__": 1}, "变量名"),
        ({"today": "2025-01-01"}, "保留"),
        ({"deadline": 1}, "保留"),
        ({"if": 1}, "变量名"),
        ({"决定": 1}, "变量名"),
        ({"a b": 1}, "变量名"),
        ({"": 1}, "变量名"),
        ({"x" * 65: 1}, "变量名"),
        (NESTED, "嵌套"),
        ({"x": [0] * 1001}, "1000 项"),
        ({f"x{n}": [0] * 900 for n in range(6)}, "过多"),
        ({"x": "字" * 20_001}, "过多"),
        ({"x": 10**18}, "范围"),
        ({"x": [Decimal("1.5")]}, "整数"),
        ({"x": 1.5}, "整数"),
        ({"x": (1, 2)}, "整数"),
    ],
)
def test_a_repair_takes_no_variable_that_a_diagram_could_not_have(
    at: Desk, case_id: int, variables: dict[str, Any], says: str
) -> None:
    with pytest.raises(VariableRefused, match=says), at.database.write() as session:
        repairs.repair(session, at.office.actors["owner"], case_id, variables, "试试")
    assert stopped_.standing(at.office, case_id) == ("incident", None)


def test_every_kind_of_value_survives_a_repair(at: Desk, case_id: int) -> None:
    variables = {"a": 1, "b": "文", "c": True, "d": None, "e": [1, {"k": [2]}], "f": {"2024": -(10**17)}}
    body = {"variables": variables, "reason": "试试"}
    assert at.as_("owner").post(f"/cases/{case_id}/incident/repair", body).status_code == 200
    at.database.live.take(case_id, -1)  # the instance is read from its row again
    said = {"variables": variables, "old": dict.fromkeys(variables), "reason": "试试"}
    assert stopped_.recorded(at.office, case_id, "incident.repaired") == [("owner", said)]
    stopped_.assert_sound(at.office)


@pytest.mark.parametrize(
    ("deed", "body", "answer"),
    [
        ("repair", {"variables": {"typename": 1}, "reason": "试试"}, (422, "variable_refused")),
        ("repair", {"variables": {"x": 1}}, (422, "request_invalid")),
        ("repair", {"variables": [], "reason": "试试"}, (422, "request_invalid")),
        ("cancel", {"reason": " "}, (422, "request_invalid")),
        ("cancel", {}, (422, "request_invalid")),
        ("cancel", None, (415, "request_invalid")),
    ],
)
def test_what_is_wrong_with_a_repair_is_said(
    at: Desk, case_id: int, deed: str, body: Any, answer: tuple[int, str]
) -> None:
    told = at.as_("owner").post(f"/cases/{case_id}/incident/{deed}", body)
    assert (told.status_code, told.get_json()["code"]) == answer
