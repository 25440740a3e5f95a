"""Files at a form: chosen or dropped, with progress, too large, of the wrong kind; and what they cost when refused."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import JSHandle, Locator, Page, expect
from sqlalchemy import select
from waitress.buffers import OverflowableBuffer

from engine.models import StoredFile
from tests.browser.desk import SAVED, Desk, field, state
from tests.unit import test_uploads as uploads

PDF = b"%PDF-1.4\n" + b"0" * 300_000


def test_files_come_with_progress_and_a_refused_one_says_why(desk: Desk) -> None:
    desk.visits.forgive(r"\b422\b")
    page = desk.open("evidence")
    field(page, "evidence_1").and_(page.locator('[value="provided"]')).check()
    place = page.locator('[data-upload$="field=evidence_1_files"]')
    place.locator('input[type="file"]').set_input_files(
        [
            {"name": "证明.pdf", "mimeType": "application/pdf", "buffer": PDF},
            {"name": "程序.exe", "mimeType": "application/octet-stream", "buffer": b"MZ" + bytes(300)},
        ]
    )
    expect(place.locator("[data-files]")).to_contain_text("证明.pdf")
    expect(place.locator(".jq-error")).to_contain_text("“程序.exe”不能上传：不接收 .exe 文件")
    expect(state(page)).to_have_text(SAVED)
    assert len(desk.draft["evidence_1_files"]) == 1
    place.get_by_role("button", name="不要了").click()
    place.locator("[data-file-delete]").click()
    expect(place.locator("[data-files] li")).to_have_count(0)
    expect(state(page)).to_have_text(SAVED)


def test_an_upload_can_be_stopped(desk: Desk) -> None:
    desk.visits.forgive("ERR_")
    page = desk.open("evidence")
    page.route("**/files?*", lambda route: None)  # the line is so slow that no answer comes
    field(page, "evidence_1").and_(page.locator('[value="provided"]')).check()
    place = page.locator('[data-upload$="field=evidence_1_files"]')
    place.locator('input[type="file"]').set_input_files(
        [{"name": "大.pdf", "mimeType": "application/pdf", "buffer": PDF}]
    )
    expect(place.locator("progress")).to_be_visible()
    place.get_by_role("button", name="取消").click()
    expect(place.locator(".jq-upload")).to_have_count(0)


# ---- too large ---------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
TOO_LARGE = 200 * MEGABYTE


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """A film of the works, say: 200 MB, none of them on the disk."""
    path = tmp_path / "园区宣传片.pdf"
    path.write_bytes(PDF)
    with path.open("r+b") as opened:
        opened.truncate(TOO_LARGE)
    return path


def test_a_file_of_200_megabytes_is_refused_before_a_byte_of_it_is_sent(desk: Desk, huge: Path) -> None:
    page, place = evidence(desk)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/files" in request.url else None)
    place.locator('input[type="file"]').set_input_files(huge)
    expect(place.locator(".jq-error")).to_contain_text(f"“{huge.name}”未能上传：文件超过 50 MB")
    expect(place.locator(".jq-error").get_by_role("button", name="重试")).to_have_count(0)
    expect(state(page)).to_have_text(SAVED)
    expect(field(page, "evidence_1").first).to_be_checked()
    assert sent == []
    assert kept(desk) == []
    assert desk.draft["evidence_1"] == "provided"


def test_without_scripts_the_server_refuses_it_and_shows_the_way_back(
    desk: Desk, huge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = desk.without_scripts("evidence")
    field(page, "evidence_1").first.check()
    field(page, "evidence_2").last.check()
    page.locator('[name="_file.evidence_1_files"]').set_input_files(huge)
    held = held_by_the_server(monkeypatch)
    page.get_by_role("button", name="保存并继续").click()
    expect(page.locator("h1")).to_have_text("内容过大")
    expect(page.locator("main")).to_contain_text("单个文件不超过 50 MB")
    assert sum(held) < MEGABYTE  # of the film nothing, in memory or on the disk
    assert kept(desk) == []
    way_back = page.get_by_role("link", name="返回刚才的页面")
    expect(way_back).to_have_attribute("href", re.compile("/part/evidence$"))
    page.go_back()
    expect(field(page, "evidence_1").first).to_be_checked()
    expect(field(page, "evidence_2").last).to_be_checked()


# ---- dropped -----------------------------------------------------------------------------------

_TRANSFER = """
(files) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name));
  return carried;
}
"""
_DROPPED_ASIDE = """
(carried) => ["dragover", "drop"].map((kind) =>
  document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried })))
"""
PAPER = PDF.decode()


def carrying(page: Page, *files: tuple[str, str]) -> JSHandle:
    """Files in the hand of somebody who drags them: their names and what is in them."""
    return page.evaluate_handle(_TRANSFER, files)


def drop(place: Locator, *files: tuple[str, str]) -> None:
    """Drags files over a place and lets go."""
    carried = carrying(place.page, *files)
    for kind in ("dragenter", "dragover"):
        place.dispatch_event(kind, {"dataTransfer": carried})
    expect(place).to_have_class(re.compile("jq-drop-over"))
    place.dispatch_event("drop", {"dataTransfer": carried})
    expect(place).not_to_have_class(re.compile("jq-drop-over"))


def test_a_dropped_file_is_uploaded_like_a_chosen_one(desk: Desk) -> None:
    page, place = evidence(desk)
    drop(place, ("证明.pdf", PAPER))
    expect(place.locator("[data-files] a")).to_have_text("证明.pdf")
    expect(state(page)).to_have_text(SAVED)
    assert len(desk.draft["evidence_1_files"]) == 1


def test_two_files_dropped_at_once_are_both_taken_and_the_wrong_one_says_why(desk: Desk) -> None:
    desk.visits.forgive(r"\b422\b")
    page, place = evidence(desk)
    drop(place, ("甲.pdf", PAPER), ("程序.exe", "MZ"), ("乙.pdf", PAPER))
    expect(place.locator("[data-files] a")).to_have_text(["甲.pdf", "乙.pdf"])
    expect(place.locator(".jq-error")).to_contain_text("“程序.exe”不能上传：不接收 .exe 文件")
    expect(state(page)).to_have_text(SAVED)
    assert len(desk.draft["evidence_1_files"]) == 2


def test_of_two_files_dropped_where_one_has_room_neither_is_chosen_for_the_reader(desk: Desk) -> None:
    page = desk.open("part_9")
    place = page.locator('[data-upload$="field=signed_statement"]')
    drop(place, ("甲.pdf", PAPER), ("乙.pdf", PAPER))
    expect(place.locator(".jq-error")).to_have_text([re.compile("甲.pdf.*最多 1 个"), re.compile("乙.pdf.*最多 1 个")])
    assert kept(desk) == []
    for name in ("甲.pdf", "乙.pdf"):
        drop(place, (name, PAPER))
        expect(place.locator("[data-files] a")).to_have_text(name)  # the second in place of the first


def test_a_file_dropped_beside_the_place_does_not_make_the_browser_leave_the_form(desk: Desk) -> None:
    page, _place = evidence(desk)
    assert page.evaluate(_DROPPED_ASIDE, carrying(page, ("证明.pdf", PAPER))) == [False, False]


# ---- not what they say -------------------------------------------------------------------------

BAD = {
    "not what it says": ("照片.png", PDF, "内容与扩展名 .png 不符"),
    "a macro document": ("通知.docm", uploads.container("word/vbaProject.bin"), "不接收 .docm 文件"),
    "a macro under a harmless name": (
        "通知.docx",
        uploads.container("word/document.xml", "word/vbaProject.bin"),
        "含有宏或控件",
    ),
    "a zip bomb": ("表.docx", uploads.container("word/document.xml", size=65 * MEGABYTE), "解压后过大"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_says_what_is_wrong_beside_its_field_and_leaves_nothing(desk: Desk, what: str) -> None:
    name, content, reason = BAD[what]
    desk.visits.forgive(r"\b422\b")
    page, place = evidence(desk)
    place.locator('input[type="file"]').set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    expect(place.locator(".jq-error")).to_contain_text(f"“{name}”不能上传：{reason}")
    expect(state(page)).to_have_text(SAVED)
    assert (kept(desk), desk.draft["evidence_1"]) == ([], "provided")


@pytest.mark.parametrize("what", BAD)
def test_without_scripts_the_same_is_said_and_what_was_chosen_is_kept(desk: Desk, what: str) -> None:
    name, content, reason = BAD[what]
    page = desk.without_scripts("evidence")
    field(page, "evidence_1").first.check()
    page.locator('[name="_file.evidence_1_files"]').set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    page.get_by_role("button", name="保存并继续").click()
    expect(page).to_have_title(re.compile("^错误"))
    expect(page.locator("[data-summary]")).to_contain_text(reason)
    expect(page.locator("#f-evidence_1_files .jq-error")).to_contain_text(reason)
    assert (kept(desk), desk.draft["evidence_1"]) == ([], "provided")


def test_of_a_name_with_folders_the_name_is_kept(desk: Desk) -> None:
    _page, place = evidence(desk)
    drop(place, ("../../../etc/cron.d/证明.pdf", PAPER))
    expect(place.locator("[data-files] a")).to_have_text("证明.pdf")
    assert kept(desk)[0] == "证明.pdf"


def evidence(desk: Desk) -> tuple[Page, Locator]:
    """The part for evidence, the first item of it provided; and the place for its files."""
    page = desk.open("evidence")
    field(page, "evidence_1").and_(page.locator('[value="provided"]')).check()
    return page, page.locator('[data-upload$="field=evidence_1_files"]')


def kept(desk: Desk) -> list[str]:
    """What the office has of any file: rows, and bytes in its folder, whole or half."""
    folder = desk.office.settings.data / "files"
    with desk.office.database.read() as session:
        rows = list(session.scalars(select(StoredFile.name)))
    return rows + [path.name for path in folder.rglob("*") if path.is_file()]


def held_by_the_server(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what the server puts by from now on, coming in or going out."""
    sizes: list[int] = []
    put = OverflowableBuffer.append

    def weighed(self: OverflowableBuffer, data: bytes) -> None:
        sizes.append(len(data))
        put(self, data)

    monkeypatch.setattr(OverflowableBuffer, "append", weighed)
    return sizes
