"""An owner's own words for a letter: approved by another, in force for cases opened then; nothing else is changed."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from engine import accounts, bundle, deploying, deployments, events, letters, lint, organisations
from engine.db import Database
from engine.models import Case, Deployment, Event
from notifications import wording
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.test_letter_pages import as_, rows, text
from tests.office import BUREAU, REGIME, Office

PATH, WORDS = "letters/urged.txt", "【催办】{{办件标题}}\n\n请即办理。\n"
FORM = {"regime": REGIME, "name": "urged", "example": "invented", "text": WORDS, "seen": "1", "reason": "更简明"}


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(database, tmp_path / "data")


@pytest.fixture
def here(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path / "data")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """What the check of a deployment finds is tested elsewhere; it takes a second each time."""
    with patch.object(lint, "problems", return_value=[]):
        yield


def save(at: Desk, who: str = "owner", **changes: str) -> Any:
    return as_(at, who).post("/letters/preview/deploy", FORM | changes)


def approve(at: Desk, answer: Any) -> None:
    """The leader approves what was submitted."""
    assert answer.status_code == 303, text(answer)
    leader, draft = as_(at, "leader"), answer.headers["Location"]
    seen_ = text(leader.get(draft)).partition('name="seen" value="')[2].partition('"')[0]
    assert leader.post(f"{draft}/decide", {"deed": "approve", "seen": seen_}).status_code == 303


def deploy(at: Desk, *without: str, **changed: str) -> None:
    """The next deployment, by the command line: with other words in some letters, and without others."""
    files = {name: content for name, content in current(at).items() if name not in without}
    files |= {f"letters/{name}.txt": words.encode() for name, words in changed.items()}
    with at.database.write() as session:
        deploying.deploy(session, REGIME, files, by="operator")


def current(at: Desk) -> bundle.Files:
    with at.database.read() as session:
        return deployments.deployed(session, deployments.current(session, REGIME).id).files


def numbers(at: Desk) -> list[int]:
    return [row.number for row in rows(at, Deployment)]


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found[1]


@pytest.mark.usefixtures("unchecked")
def test_new_words_are_for_cases_opened_once_another_person_approved_them(at: Desk) -> None:
    before, old = current(at), at.office.open_round(2024)
    submitted = save(at)
    assert current(at) == before
    approve(at, submitted)
    new = at.office.open_round(2025)
    with at.database.read() as session:
        made = deployments.current(session, REGIME)
        assert (made.number, made.deployed_by, made.approved_by) == (2, "owner", "leader")
        told = {round_.year: session.get_one(Case, round_.case_id).deployment_id for round_ in (old, new)}
        known = {"办件标题": "某件", "环节": "初审"}
        shown = {year: wording.read(session, number, "urged", known)[1] for year, number in told.items()}
        assert ("尚未办结" in shown[2024], shown[2025]) == (True, "请即办理。\n")
        assert events.verify(session) == []
        (noted,) = session.scalars(select(Event).where(Event.kind == "letter.reworded"))
    assert current(at) == {**before, PATH: WORDS.encode()}
    assert (noted.actor, noted.payload) == (
        "owner",
        {
            "regime": REGIME,
            "letter": "urged",
            "draft": 1,
            "before": hashlib.sha256(before[PATH]).hexdigest(),
            "after": hashlib.sha256(WORDS.encode()).hexdigest(),
            "reason": "更简明",
        },
    )


def test_a_letter_with_an_unknown_field_is_explained_and_kept_as_typed(at: Desk) -> None:
    answer = save(at, text="题\r\n\r\n请致电{{电话}}")
    assert answer.status_code == 422
    assert re.search(r'id="text-error">错误：第 3 行：没有“电话”这个空', text(answer))
    assert "请致电{{电话}}</textarea>" in text(answer)
    assert 'value="更简明"' in text(answer)
    assert numbers(at) == [1]


@pytest.mark.usefixtures("unchecked")
def test_what_was_deployed_meanwhile_is_told_first_and_never_lost(at: Desk) -> None:
    page = text(as_(at, "owner").get("/letters/preview?name=urged"))
    assert (seen(page), "第 1 版" in page) == ("1", True)
    deploy(at, urged="【催办】同事的文字\n\n正文\n", returned="【退回】同事的文字\n\n正文\n")
    previewed = text(as_(at, "owner").post("/letters/preview", FORM))
    assert seen(previewed) == "1"  # looking at one's own words is not looking at theirs
    answer = save(at)
    assert answer.status_code == 409
    assert re.search(r'id="text-error">错误：打开本页之后已部署第 2 版', text(answer))
    assert "请即办理。\n</textarea>" in text(answer)
    assert "【催办】同事的文字" in text(answer)  # to compare with
    assert (numbers(at), seen(text(answer))) == ([1, 2], "2")
    approve(at, save(at, seen="2"))
    assert current(at)[PATH] == WORDS.encode()
    assert current(at)["letters/returned.txt"].startswith("【退回】同事的文字".encode())


@pytest.mark.usefixtures("unchecked")
def test_a_letter_that_the_deployment_lacks_is_added_to_it(here: Desk) -> None:
    deploy(here, PATH)
    page = text(as_(here, "owner").get("/letters/preview?name=urged"))
    assert "【催办】请尽快办理" in page  # the words that ship stand in
    approve(here, save(here, seen="2"))
    assert current(here)[PATH] == WORDS.encode()
    (noted,) = [event for event in rows(here, Event) if event.kind == "letter.reworded"]
    assert noted.payload["before"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " \r\n"}, "reason"),
        ({"reason": "长" * 501}, "reason"),
        ({"text": ""}, "text"),
        ({"text": "题\n\n正文\x00"}, "text"),  # no database keeps it
        ({"text": "题\rBcc: x@example.cn\n\n正文"}, "text"),
        ({"text": "题\n\n" + "长" * letters.MAX_BYTES}, "text"),
    ],
)
def test_what_cannot_be_put_in_force_is_explained_at_its_field(here: Desk, changes: dict[str, str], field: str) -> None:
    answer = save(here, **changes)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert numbers(here) == [1]


def test_the_words_in_force_are_no_new_version(here: Desk) -> None:
    answer = save(here, text=current(here)[PATH].decode().replace("\n", "\r\n"))
    assert answer.status_code == 422
    assert "与现行文字相同" in text(answer)
    assert numbers(here) == [1]


def test_only_an_owner_of_the_regimes_bureau_may(here: Desk) -> None:
    here.engage("stranger", "process_owner", "440000")
    assert [save(here, who).status_code for who in ("city", "leader", "stranger")] == [403, 403, 403]
    page = text(as_(here, "stranger").get("/letters/preview?name=urged"))
    assert "只有其流程管理人员可以存为新版本" in page
    assert "/letters/preview/deploy" not in page
    assert numbers(here) == [1]


@pytest.mark.parametrize(
    ("changes", "status"), [({"name": "nothing"}, 404), ({"regime": "nowhere"}, 404), ({"name": "digest"}, 409)]
)
def test_only_letters_of_a_deployment_have_versions(here: Desk, changes: dict[str, str], status: int) -> None:
    assert save(here, **changes).status_code == status
    assert numbers(here) == [1]


@pytest.mark.parametrize("name", ["digest", "calendar_missing"])
def test_a_letter_of_no_regime_says_why_it_is_not_reworded(here: Desk, name: str) -> None:
    page = text(as_(here, "owner").get(f"/letters/preview?name={name}"))
    assert "这件通知不属于哪个规则体系" in page
    assert "/letters/preview/deploy" not in page


def test_a_regime_that_is_not_deployed_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as session:
        organisations.add(session, BUREAU, "某局", "city")
        owner = accounts.add(session, "owner", by="setup")
        accounts.grant(session, owner, "process_owner", BUREAU, by="setup")
        made = Office(sqlite_database, {"owner": accounts.actor(session, owner)})
    at = desk.of(made, tmp_path / "data")
    page = text(as_(at, "owner").get(f"/letters/preview?regime={REGIME}&name=urged"))
    assert "该规则体系尚未部署" in page
    assert "/letters/preview/deploy" not in page
    assert save(at).status_code == 404


def test_what_was_typed_stands_on_the_page_after_it_was_tried_out(here: Desk) -> None:
    with here.database.write() as session:
        accounts.by_name(session, "owner").email = "owner@example.cn"
    answer = as_(here, "owner").post("/letters/preview/send", FORM)
    assert answer.status_code == 200
    assert "请即办理。\n</textarea>" in text(answer)
    assert 'value="更简明"' in text(answer)
    assert numbers(here) == [1]
