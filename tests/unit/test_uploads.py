"""What may be uploaded, by ending and by content."""

import io
import zipfile
from pathlib import Path

import pytest

from engine import uploads

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 16
JPG = b"\xff\xd8\xff\xe0" + b"\x00" * 16
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def container(*names: str, size: int = 10, **more: bytes) -> bytes:
    """A zip with these entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, b"<Types/>" if name == "[Content_Types].xml" else b"x" * size)
        for name, content in more.items():
            file.writestr(name, content)
    return made.getvalue()


DOCX = container("[Content_Types].xml", "word/document.xml")
XLSX = container("[Content_Types].xml", "xl/workbook.xml")


def encrypted(made: bytes) -> bytes:
    """The same zip, claiming in its directory that the first entry is encrypted."""
    at = made.index(b"PK\x01\x02") + 8
    return made[:at] + b"\x01\x00" + made[at + 2 :]


def claiming(made: bytes, entries: int) -> bytes:
    """The same zip, claiming so many entries at its end."""
    at = made.rindex(b"PK\x05\x06") + 10
    return made[:at] + entries.to_bytes(2, "little") + made[at + 2 :]


GOOD = [
    ("证明.pdf", PDF),
    ("扫描.JPG", JPG),
    ("扫描.jpeg", JPG),
    ("图.png", PNG),
    ("说明.docx", DOCX),
    ("表.xlsx", XLSX),
    ("表.xlsx", container("[Content_Types].xml", "xl/workbook.xml", "xl/embeddings/Microsoft_Word_Document.docx")),
    ("旧.doc", OLE),
    ("旧.xls", OLE),
    ("稿.wps", OLE),
    ("稿.wps", container("document.xml")),
    ("版式.ofd", container("OFD.xml", "Doc_0/Document.xml")),
    ("名单.csv", "企业,产值\n某公司,1\n".encode("gb18030")),
    ("说明.txt", "说明".encode()),
]

BAD = [
    ("程序.exe", b"MZ", "不接收 .exe"),
    ("程序.pdf", b"MZ\x90\x00" + b"\x00" * 2000 + PDF, "不符"),
    ("页.jpg", b"<html><script>alert(1)</script>", "不符"),
    ("页.html", b"<html>", "不接收 .html"),
    ("宏.docm", container("word/document.xml", "word/vbaProject.bin"), "不接收 .docm"),
    ("宏.docx", container("word/document.xml", "word/vbaProject.bin"), "宏"),
    ("宏.docx", container("word/document.xml", "word/VBAPROJECT.BIN"), "宏"),
    ("宏.xlsx", container("xl/workbook.xml", "xl/embeddings/a.xlsm"), "宏"),
    ("包.docx", container("word/document.xml", "a.zip"), "压缩包"),
    ("包.docx", container("word/document.xml", "payload.exe"), "可执行"),
    ("表.docx", XLSX, "不符"),
    ("包.zip", container("a.txt"), "不接收 .zip"),
    ("包.docx", container("a.txt"), "不符"),
    ("路径.docx", container("word/document.xml", "../../etc/cron.d/x"), "不安全"),
    ("路径.docx", container("word/document.xml", "..\\x"), "不安全"),
    ("路径.docx", container("word/document.xml", "/etc/x"), "不安全"),
    ("路径.docx", container("word/document.xml", "C:\\x"), "不安全"),
    ("多.docx", container("word/document.xml", *(f"{n}.xml" for n in range(2000))), "2000 个"),
    ("多.docx", claiming(container("word/document.xml", *(f"{n}.xml" for n in range(2000))), 1), "2000 个"),
    ("多.docx", claiming(DOCX, 65_535), "2000 个"),
    ("弹.docx", container("word/document.xml", size=65 * 1024 * 1024), "解压"),
    ("密.docx", encrypted(DOCX), "加密"),
    ("坏.docx", DOCX[:-30], "损坏"),
    ("坏.docx", b"PK\x03\x04 and no more", "损坏"),
    ("二进制.txt", b"a\x00b", "不符"),
    ("没有扩展名", PDF, "没有扩展名"),
    (".pdf.", PDF, "扩展名"),
]


@pytest.mark.parametrize(("name", "content"), GOOD)
def test_the_papers_of_an_office_are_taken(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert uploads.problem(tmp_path / "file", name) is None


@pytest.mark.parametrize(("name", "content", "reason"), BAD)
def test_what_is_not_a_paper_is_refused_with_its_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)
    problem = uploads.problem(tmp_path / "file", name)
    assert problem is not None
    assert reason in problem


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("证明.pdf", "证明.pdf"),
        ("C:\\用户\\证明.pdf", "证明.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("exe.\u202efdp.pdf", "exe.fdp.pdf"),  # a mark that turns the reading direction
        ("a\x00b.pdf", "ab.pdf"),
        ("", "未命名"),
        ("...", "未命名"),
        ("\udcff.pdf", "pdf"),  # a lone surrogate, then a name that begins with its dot
        ("长" * 200 + ".pdf", "长" * 146 + ".pdf"),  # 150 characters, the ending among them
    ],
)
def test_a_name_keeps_its_letters_and_loses_what_is_not_seen(given: str, kept: str) -> None:
    assert uploads.clean_name(given) == kept
