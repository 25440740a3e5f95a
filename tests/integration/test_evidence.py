"""Evidence that a program sends with an objection: taken as the page takes it, and refused as clearly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine.db import Database
from engine.models import Objection
from tests import publicised
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.publicised import GROUNDS, List
from tests.unit.test_uploads import PDF


@dataclass(frozen=True)
class Program:
    """Somebody's program, before a published list."""

    at: Desk
    public: List

    def send(
        self,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        key: str = "",
        field: str = "files",
        headers: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> TestResponse:
        written = {
            "name": "示例反映人",
            "contact": "0763-0000000",
            "case": str(self.public.cases[0]),
            "grounds": GROUNDS,
        }
        parts: dict[str, Any] = {**written, **changes}
        parts[field] = [FileStorage(BytesIO(content), name) for name, content in files]
        boundary, body = encode_multipart(parts)
        return self.at.anonymous().post(
            f"/public/notices/{self.public.notice.id}/objections",
            data=body,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers=headers or {},
            key=key,
        )

    def kept(self) -> list[Objection]:
        with self.at.database.read() as session:
            return list(session.scalars(select(Objection)))

    def on_disk(self) -> int:
        return sum(path.is_file() for path in (self.at.settings.data / "files").rglob("*"))


@pytest.fixture
def program(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Program:
    public = publicised.listed(sqlite_database, clock)
    return Program(desk.of(public.office, tmp_path / "data", objection_megabytes=1), public)


def test_evidence_is_kept_with_the_objection_and_the_same_key_sends_it_once(program: Program) -> None:
    first, again = (program.send([("一.pdf", PDF), ("二.pdf", PDF + b"\n")], key="once") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    (objection,) = program.kept()
    assert len(objection.files) == 2
    told = program.at.as_("city2").get(f"/objections/{objection.id}").get_json()
    assert [each["name"] for each in told["evidence"]] == ["一.pdf", "二.pdf"]


def test_a_form_without_files_is_taken_as_well(program: Program) -> None:
    assert program.send().status_code == 201
    assert [objection.files for objection in program.kept()] == [[]]


@pytest.mark.parametrize(
    ("files", "changes", "status", "fields"),
    [
        ([(f"{number}.pdf", PDF) for number in range(4)], {}, 422, None),
        ([("大文件.pdf", PDF + b"\n" * 1024 * 1024)], {}, 413, None),
        ([("程序.exe", b"MZ")], {}, 422, None),
        ([("证据.pdf", PDF)], {"grounds": "短"}, 422, ["grounds"]),
        ([("证据.pdf", PDF)], {"case": "2000000"}, 422, ["case"]),
        ([("证据.pdf", PDF)], {"case": "甲"}, 422, ["case"]),
        ([("证据.pdf", PDF)], {"field": "evidence"}, 422, ["evidence"]),
        ([("证据.pdf", PDF)], {"colour": "red"}, 422, ["colour"]),
        ([("证据.pdf", PDF)], {"name": ["甲", "乙"]}, 422, ["name"]),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(
    program: Program,
    files: Sequence[tuple[str, bytes]],
    changes: dict[str, Any],
    status: int,
    fields: list[str] | None,
) -> None:
    answer = program.send(files, **changes)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert fields is None or [found["field"] for found in answer.get_json()["problems"]] == fields
    assert (program.kept(), program.on_disk()) == ([], 0)


def test_a_form_that_another_site_lets_a_browser_send_is_refused(program: Program) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        answer = program.send([("证据.pdf", PDF)], headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forged")
    assert (program.kept(), program.on_disk()) == ([], 0)


def test_who_has_sent_enough_is_refused_before_the_files_are_looked_at(program: Program) -> None:
    for number in range(program.at.settings.objections_an_hour):
        assert program.send(key=f"key-{number}").status_code == 201
    answer = program.send([("程序.exe", b"MZ")])
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many")
    assert program.on_disk() == 0
