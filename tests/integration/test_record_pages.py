"""The record as the audit administrator reads it: filtered, verified, exported, and without any business."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import events
from engine.db import Database
from engine.models import Person
from tests import samples
from tests.clock import StandingClock
from tests.integration.administrators import BUREAU, as_, furnish, kinds, number, said
from tests.integration.desk import Desk
from tests.integration.test_record import tamper


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return furnish(sqlite_database, tmp_path / "data")


def busy(at: Desk) -> int:
    """A case that was opened: the bureau's chain says so, with what was filled in."""
    round_ = at.office.open_round()
    at.office.complete("city", at.office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
    return at.office.open_case("county", start).id


def rows(page: str) -> list[list[str]]:
    """The record's table: number, moment, account, what happened."""
    body = page.rpartition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<td[^>]*>([^<]*)", row) for row in body.split("<tr>")[1:]]
    return [[cell.strip() for cell in row[:4]] for row in cells]


def test_the_record_is_read_by_chain_account_kind_day_and_case(at: Desk, clock: StandingClock) -> None:
    case, auditor = busy(at), as_(at, "auditor")
    clock.move_to("2025-04-11 00:00")
    as_(at, "sysadmin").post("/office/accounts/new", {"name": "later", "display_name": "后来者"})
    auditor = as_(at, "auditor")
    assert {row[2] for row in rows(said(auditor.get("/office/record?who=sysadmin")))} == {"sysadmin"}
    assert {row[3] for row in rows(said(auditor.get("/office/record?kind=role.granted")))} == {"授予岗位"}
    assert [row[3] for row in rows(said(auditor.get("/office/record?on=2025-04-11")))] == ["开设账号"]
    bureau = rows(said(auditor.get(f"/office/record?chain={BUREAU}")))
    assert "开始办件" in {row[3] for row in bureau}
    assert "开设账号" not in {row[3] for row in bureau}
    of_case = said(auditor.get(f"/office/record?case={case}"))  # its chain is found
    assert f"办件 {case}" in of_case
    assert "办件 1 " not in of_case


def test_the_record_shows_no_business(at: Desk) -> None:
    busy(at)
    page = said(as_(at, "auditor").get(f"/office/record?chain={BUREAU}"))
    assert samples.CLUSTER not in page
    assert "特种铝型材" not in page


def test_the_record_goes_page_by_page(at: Desk) -> None:
    auditor = as_(at, "auditor")
    seen: list[int] = []
    path = "/office/record?chain=system"
    for _ in range(9):
        page = said(auditor.get(path))
        seen += [int(row[0]) for row in rows(page)]
        before, there, _rest = page.partition('" rel="next"')
        path = before.rpartition('href="')[2].replace("&amp;", "&")
        if not there:
            break
    assert seen == list(range(len(seen), 0, -1))
    assert len(seen) > 30


def test_a_chain_is_verified_and_a_change_in_it_is_found(at: Desk) -> None:
    auditor = as_(at, "auditor")
    assert ">完好<" in said(auditor.post("/office/record/verify", {"chain": "system"}))
    tamper(at.database, "UPDATE event SET actor = 'somebody' WHERE chain = 'system' AND seq = 3")
    page = said(auditor.post("/office/record/verify", {"chain": "system"}))
    assert ">不完整<" in page
    assert "第 3 条" in page
    assert kinds(at, "auditor") == ["record.verified", "record.verified"]


def test_a_long_chain_is_verified_part_by_part(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.pages import record

    monkeypatch.setattr(record, "AT_ONCE", 10)
    auditor = as_(at, "auditor")
    page = said(auditor.post("/office/record/verify", {"chain": "system"}))
    assert "前 10 条完好" in page
    assert 'name="after" value="10"' in page
    for after in range(10, 200, 10):
        page = said(auditor.post("/office/record/verify", {"chain": "system", "after": str(after)}))
        if ">完好<" in page:
            break
    assert ">完好<" in page
    # a change in the part before is not what the next part looks at
    tamper(at.database, "UPDATE event SET actor = 'somebody' WHERE chain = 'system' AND seq = 15")
    assert "第 15 条" in said(auditor.post("/office/record/verify", {"chain": "system", "after": "10"}))


def test_the_exported_record_can_be_verified_elsewhere_and_holds_no_business(at: Desk, tmp_path: Path) -> None:
    busy(at)
    answer = as_(at, "auditor").post("/office/record/export")
    lines = [json.loads(line) for line in said(answer).splitlines()]
    assert {line["chain"] for line in lines} == {"system", BUREAU}
    assert samples.CLUSTER not in said(answer)
    previous: dict[str, str] = {}
    for line in lines:
        assert line["previous"] == previous.get(line["chain"], events.GENESIS)
        previous[line["chain"]] = line["hash"]
    assert kinds(at, "auditor") == ["record.exported"]
    assert lines[-1]["kind"] == "record.exported"


def test_a_person_who_was_disabled_stays_in_the_record(at: Desk) -> None:
    as_(at, "sysadmin").post(f"/office/accounts/{number(at, 'county')}/disable")
    with at.database.read() as session:
        assert session.scalar(select(Person.disabled_at).where(Person.name == "county")) is not None
    assert "county" in said(as_(at, "auditor").get("/office/record?kind=account.disabled"))
