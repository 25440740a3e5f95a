"""Behind a reverse proxy: its word on where a request comes from counts, and nobody else's."""

import json
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from sqlalchemy import select

from config.errors import SettingInvalid
from engine import accounts
from engine.db import Database
from engine.models import SignInFailure
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk, http
from tests.integration.desk import Desk
from web.server_commands import proxied

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.1"  # where the tests call from, and where nobody does
VISITOR, ANOTHER = "203.0.113.9", "203.0.113.10"


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    made = desk.furnish(sqlite_database, tmp_path / "data", lock_after_failures=1)  # of an address: ten
    with sqlite_database.write() as session:
        accounts.set_password(session, accounts.by_name(session, "county"), desk.PASSWORD, by="setup")
    return made


def sign_in(address: tuple[str, int], name: str, password: str, forwarded: str) -> HTTPResponse:
    connection = HTTPConnection(*address, timeout=60)
    headers = {"Content-Type": "application/json", "X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    try:
        connection.request("POST", "/api/v1/session", json.dumps({"name": name, "password": password}), headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer


def counted(at: Desk) -> set[str]:
    """The addresses that failures are counted for."""
    with at.database.read() as session:
        keys = session.scalars(select(SignInFailure.key).where(SignInFailure.key.startswith("address:")))
        return {key.removeprefix("address:") for key in keys}


def test_the_lock_counts_the_address_that_the_trusted_proxy_names(at: Desk) -> None:
    with http.serving(at.app, **proxied(HERE)) as address:
        for n in range(10):
            # What the visitor wrote before it is not believed: the proxy's own word comes last.
            assert sign_in(address, f"nobody{n}", "wrong", f"198.51.100.{n}, {VISITOR}").status == 401
        assert sign_in(address, "county", desk.PASSWORD, VISITOR).status == 401
        answer = sign_in(address, "county", desk.PASSWORD, ANOTHER)
    assert answer.status == 201
    assert "Strict-Transport-Security" in answer.headers
    assert counted(at) == {VISITOR}


@pytest.mark.parametrize("trusted", ["", ELSEWHERE])
def test_nobody_else_is_believed(at: Desk, trusted: str) -> None:
    with http.serving(at.app, **proxied(trusted)) as address:
        for n in range(10):
            assert sign_in(address, f"nobody{n}", "wrong", f"203.0.113.{n}").status == 401
        answer = sign_in(address, "county", desk.PASSWORD, ANOTHER)
    assert answer.status == 401  # locked: another forwarded address is no way round
    assert "Strict-Transport-Security" not in answer.headers
    assert counted(at) == {HERE}


@pytest.mark.parametrize("trusted", ["*", "proxy.example", "10.0.0.0/8", " 10.0.0.1"])
def test_a_proxy_is_named_by_its_address(trusted: str) -> None:
    with pytest.raises(SettingInvalid, match="JIQUN_TRUSTED_PROXY"):
        proxied(trusted)
