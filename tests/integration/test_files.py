"""Files: what is uploaded stays as it was, belongs to a case once a form names it, and is nobody else's."""

import hashlib
import os
import sys
import time
import tracemalloc
from ast import literal_eval
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from config.errors import SettingInvalid
from engine import files, scanner
from engine.db import Database
from engine.errors import NotFound, Refused
from engine.models import StoredFile
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.unit.test_uploads import BAD, DOCX, PDF
from web.app import create_app


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(database, tmp_path / "data", file_megabytes=1, case_megabytes=2, objection_megabytes=0)


def stored(at: Desk) -> list[Path]:
    """Every file below the folder of uploads."""
    return [path for path in (at.settings.data / "files").rglob("*") if path.is_file()]


def rows(at: Desk) -> list[StoredFile]:
    with at.database.read() as session:
        return list(session.scalars(select(StoredFile)))


def test_an_upload_comes_back_as_it_was(at: Desk) -> None:
    made = at.as_("county").upload(PDF, "佐证 材料.pdf")
    assert made.status_code == 201
    told = made.get_json()
    assert made.headers["Location"] == f"/api/v1/files/{told['id']}"
    assert (told["name"], told["media_type"], told["size"]) == ("佐证 材料.pdf", "application/pdf", len(PDF))
    assert told["sha256"] == hashlib.sha256(PDF).hexdigest()
    back = at.as_("county").get(f"/files/{told['id']}")
    assert back.status_code == 200
    assert back.data == PDF


def test_a_download_is_saved_and_never_shown(at: Desk) -> None:
    file_id = at.as_("county").upload(PDF, "佐证材料.pdf").get_json()["id"]
    headers = at.as_("county").get(f"/files/{file_id}").headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E4%BD%90%E8%AF%81%E6%9D%90%E6%96%99.pdf" in headers["Content-Disposition"]  # RFC 5987
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"] == "no-store"


def test_the_bytes_lie_under_their_hash_and_twice_is_once(at: Desk) -> None:
    first, second = at.as_("county").upload(PDF, "一.pdf").get_json(), at.as_("city").upload(PDF, "二.pdf").get_json()
    sha256 = hashlib.sha256(PDF).hexdigest()
    assert stored(at) == [at.settings.data / "files" / sha256[:2] / sha256[2:4] / sha256]
    assert stored(at)[0].stat().st_mode & 0o777 == 0o640
    assert first["id"] != second["id"]
    assert at.as_("county").get(f"/files/{first['id']}").data == PDF
    assert at.as_("city").get(f"/files/{second['id']}").data == PDF


@pytest.mark.parametrize("name", ["", "a\x08\x1b[31m.pdf", "../../x.pdf", "a';b%22.pdf", "名" * 300 + ".pdf"])
def test_no_name_breaks_a_download(at: Desk, name: str) -> None:
    told = at.as_("county").upload(PDF, name or "无.pdf").get_json()
    back = at.as_("county").get(f"/files/{told['id']}")
    assert back.status_code == 200
    assert back.data == PDF
    assert "/" not in told["name"]


@pytest.mark.parametrize(("name", "content", "reason"), BAD[:8])
def test_a_refused_file_leaves_nothing_behind(at: Desk, name: str, content: bytes, reason: str) -> None:
    answer = at.as_("county").upload(content, name)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "file_refused"
    assert reason in answer.get_json()["detail"]
    assert (stored(at), rows(at)) == ([], [])


def test_a_file_of_just_the_limit_is_taken_and_one_byte_more_is_not(at: Desk) -> None:
    full = PDF + b"\x00" * (1024 * 1024 - len(PDF))
    assert at.as_("county").upload(full).status_code == 201
    answer = at.as_("county").upload(full + b"\x00")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "file_too_large")
    assert len(rows(at)) == len(stored(at)) == 1


def test_a_body_far_over_the_limit_is_not_even_read(at: Desk) -> None:
    form = b"--x\r\n" + b"\x00" * 3 * 1024 * 1024
    answer = at.as_("county").ask("POST", "/files", data=form, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


def test_an_empty_file_is_no_file(at: Desk) -> None:
    assert at.as_("county").upload(b"").status_code == 422


def test_what_nobody_uses_does_not_grow_without_end(at: Desk) -> None:
    for number in range(2):
        content = PDF + bytes([number]) + b"\x00" * (900 * 1024)
        assert at.as_("county").upload(content).status_code == 201
    answer = at.as_("county").upload(PDF + b"\x02" + b"\x00" * (900 * 1024))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "refused")
    assert at.as_("county2").upload(PDF).status_code == 201  # it is the other's limit


@pytest.mark.parametrize("fields", [[], ["document"], ["file", "note"], ["file", "file"], ["file", "document"]])
def test_an_upload_is_one_file_and_nothing_else(at: Desk, fields: list[str]) -> None:
    content = {name: "x" if name == "note" else FileStorage(BytesIO(PDF), "a.pdf") for name in fields}
    if fields == ["file", "file"]:
        content = MultiDict([(name, FileStorage(BytesIO(PDF), "a.pdf")) for name in fields])
    boundary, body = encode_multipart(content)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = at.as_("county").ask("POST", "/files", data=body, content_type=kind)
    assert answer.status_code == 422
    assert answer.get_json()["problems"][0]["field"] == "file"
    assert rows(at) == []


def test_an_upload_that_is_no_form_is_named_so(at: Desk) -> None:
    assert at.as_("county").ask("POST", "/files", data=PDF, content_type="application/pdf").status_code == 415
    assert at.as_("county").post("/files", {"file": "x"}).status_code == 415


def test_the_same_upload_twice_with_one_key_is_one_file(at: Desk) -> None:
    first = at.as_("county").upload(PDF, key="upload-1")
    again = at.as_("county").upload(PDF, key="upload-1")  # another boundary, the same content
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert len(rows(at)) == 1
    other = at.as_("county").upload(DOCX, "b.docx", key="upload-1")
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")


# ---- whose file it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["county2", "sibling", "park", "city", "expert", "leader", "publisher"])
def test_a_file_that_no_form_has_named_is_its_uploaders_alone(at: Desk, who: str) -> None:
    file_id = at.as_("county").upload(PDF).get_json()["id"]
    assert at.as_(who).get(f"/files/{file_id}").status_code == 404
    assert at.as_("county").get(f"/files/{file_id}").status_code == 200


@pytest.mark.parametrize("who", ["owner"])
def test_who_handles_no_cases_handles_no_files(at: Desk, who: str) -> None:
    file_id = at.as_("county").upload(PDF).get_json()["id"]
    assert at.as_(who).get(f"/files/{file_id}").status_code == 403
    assert at.as_(who).upload(PDF).status_code == 403
    assert at.anonymous().get(f"/files/{file_id}").status_code == 401


def test_a_file_of_nowhere_is_not_found(at: Desk) -> None:
    for file_id in ("0" * 32, "x", "..%2F..%2Fetc%2Fpasswd", "%00"):
        answer: TestResponse = at.as_("county").get(f"/files/{file_id}")
        assert answer.status_code in {400, 404}
        assert answer.content_type == "application/problem+json"


# ---- becoming part of a case --------------------------------------------------------------------


@pytest.fixture
def case_id(at: Desk) -> int:
    """A case of the county, with a file limit of its own."""
    round_ = at.office.open_round()
    at.office.complete("city", at.office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    return at.office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id}).id


def bind(at: Desk, case_id: int, who: str, *ids: str) -> None:
    with at.database.write() as session:
        files.bind(session, case_id, ids, at.office.actors[who])


def test_a_bound_file_is_seen_by_who_sees_the_case(at: Desk, case_id: int) -> None:
    file_id = at.as_("county").upload(PDF).get_json()["id"]
    bind(at, case_id, "county", file_id)
    seen = {who for who in at.office.actors if at.as_(who).get(f"/files/{file_id}").status_code == 200}
    # The county that applied, and the bureau. Not the county next door, nor the park below; no expert has a task yet.
    assert seen == {"county", "county2", "city", "city2", "leader", "publisher"}


def test_a_colleague_may_name_a_file_that_the_case_has_already(at: Desk, case_id: int) -> None:
    file_id = at.as_("county").upload(PDF).get_json()["id"]
    bind(at, case_id, "county", file_id)
    bind(at, case_id, "city", file_id)
    assert rows(at)[0].case_id == case_id


def test_nobody_draws_anothers_file_into_a_case(at: Desk, case_id: int) -> None:
    theirs = at.as_("sibling").upload(PDF).get_json()["id"]
    for file_id in (theirs, "0" * 32, ""):
        with pytest.raises(NotFound):
            bind(at, case_id, "county", file_id)
    assert rows(at)[0].case_id is None


def test_a_file_of_one_case_is_not_named_by_another(at: Desk, case_id: int) -> None:
    with at.database.read() as session:
        round_id = session.scalars(select(StoredFile.case_id)).first()
    assert round_id is None
    file_id = at.as_("county").upload(PDF).get_json()["id"]
    bind(at, case_id, "county", file_id)
    with pytest.raises(NotFound):
        bind(at, case_id - 1, "county", file_id)


def test_the_files_of_a_case_have_a_limit_together(at: Desk, case_id: int) -> None:
    ids = [at.as_("county").upload(PDF + bytes([n]) + b"\x00" * (600 * 1024)).get_json()["id"] for n in range(2)]
    at.database.case_megabytes = 1
    bind(at, case_id, "county", ids[0])
    with pytest.raises(Refused, match="1 MB"):
        bind(at, case_id, "county", ids[1])
    at.database.case_megabytes = 2
    bind(at, case_id, "county", ids[1])


def test_a_task_is_not_completed_with_more_than_the_installation_allows(at: Desk, case_id: int) -> None:
    first, second = (PDF + bytes([n]) + b"\x00" * (1000 * 1024) for n in range(2))
    bind(at, case_id, "county", at.as_("county").upload(first).get_json()["id"])
    bind(at, case_id, "county", at.as_("county").upload(second).get_json()["id"])
    evidence = at.as_("county").upload(PDF + b"\x00" * (100 * 1024)).get_json()["id"]
    task = at.office.open_task(case_id, "fill_in")
    answers = {"data": samples.application_data(evidence=evidence)}
    answer = at.as_("county").post(f"/tasks/{task.id}/complete", answers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "refused")
    assert "2 MB" in answer.get_json()["detail"]
    create_app(replace(at.settings, case_megabytes=3), at.database)  # the same database, opened with more room
    assert at.as_("county").post(f"/tasks/{task.id}/complete", answers).status_code == 200


# ---- the scanner --------------------------------------------------------------------------------

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCANNER = """#!{python}
import pathlib, sys
content = pathlib.Path(sys.argv[-1]).read_bytes()
pathlib.Path(__file__).with_suffix(".seen").write_text(repr(sys.argv[1:]))
sys.exit(1 if b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE" in content else {otherwise})
"""


def scanning(at: Desk, tmp_path: Path, otherwise: int = 0) -> Desk:
    """The same office, with a scanner that finds the test string and answers `otherwise` to everything else."""
    script = tmp_path / "a scanner; rm -rf *"  # a name that a shell would stumble over
    script.write_text(SCANNER.format(python=sys.executable, otherwise=otherwise), encoding="utf-8")
    script.chmod(0o755)
    settings = replace(at.settings, scanner=f"'{script}' --no-summary")
    return replace(at, settings=settings, app=create_app(settings, at.database))


def test_a_file_in_which_the_scanner_finds_something_is_refused(at: Desk, tmp_path: Path) -> None:
    watched = scanning(at, tmp_path)
    answer = watched.as_("county").upload(EICAR, "说明.txt")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "file_refused")
    assert "病毒扫描发现可疑内容" in answer.get_json()["detail"]
    assert (stored(at), rows(at)) == ([], [])
    assert watched.as_("county").upload(PDF).status_code == 201
    assert len(stored(at)) == 1


def test_the_scanner_gets_its_own_words_and_the_files_path(at: Desk, tmp_path: Path) -> None:
    scanning(at, tmp_path).as_("county").upload(PDF, "$(touch x).pdf")
    seen = literal_eval((tmp_path / "a scanner; rm -rf *.seen").read_text(encoding="utf-8"))
    assert seen[0] == "--no-summary"
    assert Path(seen[1]).parent == (at.settings.data / "files" / "incoming").absolute()
    assert len(seen) == 2


@pytest.mark.parametrize("trouble", ["exit 2", "gone", "asleep"])
def test_without_the_scanners_answer_nothing_is_kept(
    at: Desk, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = scanning(at, tmp_path, otherwise=2)
    if trouble == "gone":
        (tmp_path / "a scanner; rm -rf *").unlink()
    if trouble == "asleep":
        monkeypatch.setattr(scanner, "SECONDS", 0.001)
    answer = watched.as_("county").upload(PDF)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "scan_failed")
    assert "请稍后再传" in answer.get_json()["detail"]
    assert (stored(at), rows(at)) == ([], [])


@pytest.mark.parametrize("wrong", ["no-such-scanner --quiet", "clamdscan 'unfinished"])
def test_a_scanner_that_is_not_there_is_told_before_the_first_upload(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="JIQUN_SCANNER"):
        scanner.command(wrong)
    assert scanner.command("") == []


def test_a_file_over_the_limit_is_refused_without_being_held_in_memory(tmp_path: Path) -> None:
    class Endless:
        """200 MB, a piece at a time."""

        given = 0

        def read(self, size: int) -> bytes:
            piece = b"\x00" * min(size, 200 * files.MEGABYTE - self.given)
            self.given += len(piece)
            return piece

    stream = Endless()
    tracemalloc.start()
    with pytest.raises(files.FileTooLarge, match="50 MB"):
        files.receive(tmp_path, cast(IO[bytes], stream), "a.pdf", megabytes=50, scanner="")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.given <= 51 * files.MEGABYTE
    assert most < 8 * files.MEGABYTE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# ---- versions -----------------------------------------------------------------------------------


def test_an_earlier_version_stays_in_the_case(at: Desk, case_id: int, clock: StandingClock) -> None:
    first, other = (
        at.as_("county").upload(PDF, "名单.pdf").get_json(),
        at.as_("county").upload(PDF, "章.pdf").get_json(),
    )
    answers = samples.application_data(evidence=first["id"], signed_statement=other["id"])
    at.office.complete("county", at.office.open_task(case_id, "fill_in"), answers)
    returned = {"decision": "return", "opinion": "名单不全", "remarks": [{"field": "evidence_3", "remark": "请补全"}]}
    at.office.complete("city", at.office.open_task(case_id, "acceptance"), returned)
    clock.move_by(days=1)
    second = at.as_("county").upload(PDF + b"%%EOF", "名单.pdf").get_json()
    corrected = samples.application_data(evidence=second["id"], signed_statement=other["id"])
    at.office.complete("county", at.office.open_task(case_id, "correct"), corrected)

    listed = at.as_("city").get(f"/cases/{case_id}/files").get_json()["items"]
    assert [(row["name"], row["version"], row["current"], row["id"]) for row in listed] == [
        ("名单.pdf", 2, True, second["id"]),
        ("名单.pdf", 1, False, first["id"]),
        ("章.pdf", 1, True, other["id"]),
    ]
    assert {row["uploaded_by"] for row in listed} == {"county"}
    assert at.as_("county").get(f"/files/{first['id']}").data == PDF
    outside = at.as_("county").get(f"/cases/{case_id}/files").get_json()["items"]
    assert [row | {"uploaded_by": "county"} for row in outside] == listed
    assert {row["uploaded_by"] for row in outside} == {None}
    assert at.as_("sibling").get(f"/cases/{case_id}/files").status_code == 404


# ---- sweeping -----------------------------------------------------------------------------------


def test_the_sweep_takes_old_bytes_without_a_row_and_nothing_else(at: Desk) -> None:
    folder, long_ago = at.settings.data / "files", time.time() - 3601
    kept = at.as_("county").upload(PDF).get_json()
    orphan = files.receive(folder, BytesIO(DOCX), "a.docx", megabytes=1, scanner="")
    waiting = folder / "incoming" / "left-by-a-crash"
    waiting.write_bytes(b"half")

    def sweep() -> int:
        with at.database.read() as session:
            return files.sweep(session, folder)

    assert sweep() == 0  # it may be an upload that is about to get its row
    for path in (files.path(folder, kept["sha256"]), files.path(folder, orphan.sha256), waiting):
        os.utime(path, (long_ago, long_ago))
    assert sweep() == 2
    assert stored(at) == [files.path(folder, kept["sha256"])]


def test_bytes_that_come_again_are_fresh_for_the_sweep(at: Desk) -> None:
    folder, long_ago = at.settings.data / "files", time.time() - 3601
    first = files.receive(folder, BytesIO(PDF), "a.pdf", megabytes=1, scanner="")
    os.utime(files.path(folder, first.sha256), (long_ago, long_ago))
    files.receive(folder, BytesIO(PDF), "a.pdf", megabytes=1, scanner="")
    with at.database.read() as session:
        assert files.sweep(session, folder) == 0
