"""Drafts of a regime's files: saved one by one against the version that was read, and nothing harmful is let in."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from engine import xml
from engine.db import Database
from engine.models import Event
from engine.workshop import drafts
from tests import samples
from tests.clock import StandingClock
from tests.drafting import (
    LETTER,
    OTHER_WORDS,
    WORDS,
    as_,
    current,
    deploy,
    files,
    furnished,
    nothing_found,
    opened,
    put,
    save,
)
from tests.integration.desk import Desk
from tests.integration.reader import Reader
from tests.integration.test_letter_pages import rows, text
from tests.office import REGIME


@pytest.fixture(autouse=True)
def unchecked() -> Iterator[None]:
    with nothing_found():
        yield


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(database, clock, tmp_path)


@pytest.fixture
def here(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    return furnished(sqlite_database, clock, tmp_path)


def packed(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def bring(owner: Reader, draft: str, name: str, content: bytes, **form: str) -> Any:
    boundary, body = encode_multipart({"files": FileStorage(io.BytesIO(content), name), **form})
    kind = f"multipart/form-data; boundary={boundary}"
    return owner.send("POST", f"{draft}/files", data=body, content_type=kind)


def test_a_file_is_saved_against_the_version_that_was_read(at: Desk) -> None:
    owner, other, draft = as_(at, "owner"), as_(at, "owner2"), opened(at)
    before = owner.get(f"{draft}/files/{LETTER}")
    in_force = current(at)
    assert before.data == in_force[LETTER]
    saved = put(owner, f"{draft}/files/{LETTER}", WORDS, If_Match=before.headers["ETag"])
    assert (saved.status_code, saved.headers["ETag"]) == (200, drafts.etag(WORDS))
    late = put(other, f"{draft}/files/{LETTER}", OTHER_WORDS, If_Match=before.headers["ETag"])
    refusal = late.get_json()
    assert (late.status_code, refusal["code"], refusal["by"]) == (412, "overtaken", "owner")
    assert (datetime.fromisoformat(refusal["at"]), refusal["href"]) == (samples.MOMENT, f"{draft}/files/{LETTER}")
    assert "另开一页查看较新的一版" in refusal["detail"]
    both = other.post(f"{draft}/beside/{LETTER}", OTHER_WORDS).get_json()
    assert both["by"] == "owner"
    assert [each["text"] for each in both["changes"]] == [
        "通知“【催办】{{办件标题}}”的正文由“请即办理。”改为“请尽快。”"
    ]
    assert other.get(f"{draft}/files/{LETTER}").data == WORDS
    assert files(at) == {**in_force, LETTER: WORDS}
    again = put(other, f"{draft}/files/{LETTER}", OTHER_WORDS, If_Match=saved.headers["ETag"])
    assert (again.status_code, other.get(f"{draft}/files/{LETTER}").data) == (200, OTHER_WORDS)
    kinds = [event.kind for event in rows(at, Event) if event.kind.startswith("draft.")]
    assert kinds == ["draft.opened", "draft.changed", "draft.changed"]


def test_a_save_says_which_version_it_knew(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    assert put(owner, f"{draft}/files/{LETTER}", WORDS).status_code == 428
    assert put(owner, f"{draft}/files/{LETTER}", WORDS, If_None_Match="*").status_code == 412  # there is one already
    new = put(owner, f"{draft}/files/letters/new.txt", WORDS, If_None_Match="*")
    gone = owner.send("DELETE", f"{draft}/files/{LETTER}", headers={"If-Match": drafts.etag(current(here)[LETTER])})
    assert (new.status_code, gone.status_code, owner.get(f"{draft}/files/{LETTER}").status_code) == (200, 204, 404)
    assert files(here).keys() == current(here).keys() - {LETTER} | {"letters/new.txt"}
    page = text(owner.get(draft))
    assert "新增通知“【催办】{{办件标题}}”" in page
    assert owner.post(f"{draft}/restore", {"path": LETTER}).status_code == 303
    assert LETTER in files(here)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
HEAD = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="renewal">'
TAIL = b"</process></definitions>"
HOSTILE = {  # file, content, the rule that it breaks, the element, words of the way out
    "doctype": ("renewal.bpmn", BOMB, "doctype", "", "请删除这一声明"),
    "ten megabytes": ("renewal.bpmn", b" " * 10_000_000, "too-large", "", "请拆分或精简"),
    "ten thousand elements": (
        *("renewal.bpmn", HEAD + b"<textAnnotation/>" * 10_000 + TAIL, "too-large", "renewal", "请拆成几个流程"),
    ),
    "five hundred steps": (
        "renewal.bpmn",
        HEAD + b"".join(b'<task id="t%d"/>' % number for number in range(500)) + TAIL,
        "too-large",
        "t400",
        "请拆成几个流程",
    ),
    "an id twice": ("renewal.bpmn", HEAD + b'<task id="a"/><task id="a"/>' + TAIL, "duplicate-id", "a", "换编号"),
    "a hostile id": ("renewal.bpmn", HEAD + b'<task id="&lt;img&gt;"/>' + TAIL, "bad-id", "renewal", "应以英文字母"),
    "no XML": ("renewal.bpmn", b"<definitions", "unreadable-xml", "", "重新导出"),
    "deep JSON": ("forms/acceptance.json", b"[" * 500 + b"]" * 500, "too-large", "", "嵌套过深"),
    "no JSON": ("forms/acceptance.json", b'{"a":', "unreadable-json", "", "请改正后再存"),
    "no TOML": ("regime.toml", b"a = ", "unreadable-toml", "", "请改正后再存"),
    "no text": ("letters/urged.txt", b"\xff\xfe", "encoding", "", "请另存为 UTF-8"),
    "a name that leads out": ("letters/..%2F..%2Fetc.txt", b"x", "unknown-file", "", "请改名"),
}


def test_what_harms_whoever_looks_is_refused_with_element_reason_and_way_out(here: Desk) -> None:
    draft, owner, before = opened(here), as_(here, "owner"), files(here)
    for what, (path, content, rule, element, way_out) in HOSTILE.items():
        seen = {"If_Match": drafts.etag(before[path])} if path in before else {"If_None_Match": "*"}
        answer = put(owner, f"{draft}/files/{path}", content, **seen)
        refusal = answer.get_json()
        assert (answer.status_code, refusal["rule"], refusal["element"]) == (422, rule, element), what
        assert way_out in refusal["detail"], what
    assert files(here) == before


def test_what_other_systems_wrote_is_listed_kept_and_taken_out_on_request(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    text_of = files(here)["renewal.bpmn"].decode()
    spoiled = text_of.replace("<bpmn:definitions ", f'<bpmn:definitions xmlns:camunda="{xml.CAMUNDA}" ', 1)
    spoiled = spoiled.replace(' id="decide_renewal"', ' camunda:assignee="${boss}" id="decide_renewal"', 1)
    job = '<z:job xmlns:z="http://zeebe/1" type="pay"/>'
    spoiled = spoiled.replace("<bpmn:extensionElements>", f"<bpmn:extensionElements>{job}", 1)
    save(here, draft, "renewal.bpmn", spoiled.encode())
    assert files(here)["renewal.bpmn"] == spoiled.encode()
    page = text(owner.get(draft))
    assert "<code>camunda:assignee</code> ${boss}" in page
    assert "<code>&lt;z:job&gt;</code> type=pay" in page
    assert owner.post(f"{draft}/clear").status_code == 303
    cleared = files(here)["renewal.bpmn"].decode()
    assert "camunda" not in cleared
    assert "zeebe" not in cleared
    assert cleared.count("<bpmn:userTask") == text_of.count("<bpmn:userTask")
    assert 'id="foreign"' not in text(owner.get(draft))


def test_files_leave_and_come_back_the_same(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    save(here, draft)
    taken = owner.get(f"{draft}/files.zip").data
    assert owner.get(f"{draft}/files.zip").data == taken
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(here)
    second = opened(here, "带入")
    assert bring(owner, second, "x.zip", taken).status_code == 303
    assert files(here) == {**current(here), LETTER: WORDS}
    folded = packed(**{"包/letters/accepted.txt": WORDS, "包/readme.md": b"", "包/x/y.bpmn": b""})
    page = text(owner.get(bring(owner, second, "x.zip", folded).headers["Location"]))
    assert "这些文件不属于流程包，没有带入 2 个：readme.md、x/y.bpmn" in page
    assert files(here) == {**current(here), LETTER: WORDS, "letters/accepted.txt": WORDS}
    shorter = current(here)["renewal.bpmn"].replace("审定复核".encode(), "审定".encode())
    assert bring(owner, second, "复核 (2).bpmn", shorter).status_code == 303
    assert files(here)["renewal.bpmn"] == shorter  # a diagram by itself goes by its process
    assert bring(owner, second, "x.zip", packed(**{LETTER: OTHER_WORDS}), whole="1").status_code == 303
    assert files(here) == {LETTER: OTHER_WORDS}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.zip", packed(**{"../x": b""}), "指向压缩包之外"),
        ("x.zip", packed(**{"/etc/x": b""}), "指向压缩包之外"),
        ("x.zip", packed(**{f"f{number}": b"" for number in range(1001)}), "上限为 1000"),
        ("x.zip", b"PK\x03\x04broken", "已损坏"),
        ("x.zip", packed(**{LETTER: b"0" * 3_000_000}), "上限为"),
        ("renewal.bpmn", BOMB, "DOCTYPE"),
    ],
    ids=["above", "outside", "too many", "broken", "too large", "bomb"],
)
def test_an_archive_that_is_none_changes_nothing(here: Desk, name: str, content: bytes, why: str) -> None:
    draft, owner = opened(here), as_(here, "owner")
    answer = bring(owner, draft, name, content)
    assert (answer.status_code, why in text(answer)) == (422, True), text(answer)[:2000]
    assert files(here) == current(here)


def test_a_draft_on_a_replaced_version_says_so_and_is_brought_up_to_date(at: Desk) -> None:
    draft, owner = opened(at), as_(at, "owner")
    save(at, draft)
    save(at, draft, "letters/returned.txt", OTHER_WORDS)
    deploy(at, urged=OTHER_WORDS, accepted=OTHER_WORDS)
    assert "这份草案依据第 1 版，现行的已是第 2 版" in text(owner.get(draft))
    refused = owner.post(f"{draft}/submit", {"reason": "更简明"})
    assert (refused.status_code, "请先更新依据" in text(refused)) == (409, True)
    undecided = owner.post(f"{draft}/update")
    assert (undecided.status_code, f"请逐个选定留哪一份：{LETTER}" in text(undecided)) == (409, True)
    assert owner.post(f"{draft}/update", {f"keep:{LETTER}": "own"}).status_code == 303
    assert files(at) == {**current(at), LETTER: WORDS, "letters/returned.txt": OTHER_WORDS}
    assert current(at)["letters/accepted.txt"] == OTHER_WORDS  # taken over without a question
    assert "现行的已是" not in text(owner.get(draft))


def test_a_draft_that_is_given_up_changes_no_more(here: Desk) -> None:
    draft, owner = opened(here), as_(here, "owner")
    assert owner.post(f"{draft}/discard").status_code == 303
    answer = put(owner, f"{draft}/files/{LETTER}", WORDS, If_Match=drafts.etag(current(here)[LETTER]))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "refused")
    assert "已作废" in text(owner.get("/workshop"))
    assert as_(here, "owner").post("/workshop", {"regime": REGIME, "title": " "}).status_code == 422
