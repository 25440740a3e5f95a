"""A mail as octets: headers in encoded words, text and HTML side by side, attachments by their names.

Written out here rather than by `email.message`: that takes five times as long, which is more than all the rest of a
letter's way together. The tests read what is written with `email` and compare.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

_END = b"\r\n"
_PLAIN = re.compile(r"[ -~]*", re.ASCII)  # a header's value that needs no encoding
_WORD = 45  # octets of UTF-8 in an encoded word, which may have 75 characters in all (RFC 2047 2)
_LINE = 76  # characters of a line of base64
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; charset=utf-8)?", re.ASCII)


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter. Its bytes are given: nothing here opens a path."""

    name: str
    media_type: str  # "application/pdf", "text/calendar; charset=utf-8"
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One letter to one person."""

    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    message_id: str  # "<…@…>": ours, and the same whenever this letter is sent
    written_at: datetime
    html: str | None = None
    attachments: Sequence[Attachment] = ()
    headers: Sequence[tuple[str, str]] = ()


def written(mail: Mail) -> bytes:
    """The mail, each line ended by CRLF, seven bits wide. Raises ValueError for a line break in a header."""
    part = _text(mail.text, "plain")
    if mail.html is not None:
        part = _together("alternative", [part, _text(mail.html, "html")], "a")
    if mail.attachments:
        part = _together("mixed", [part, *map(_attached, mail.attachments)], "m")
    headers = [
        ("From", f"{_name(mail.sender_name)} <{mail.sender}>" if mail.sender_name else mail.sender),
        ("To", mail.recipient),
        ("Subject", _words(mail.subject)),
        ("Date", format_datetime(mail.written_at)),
        ("Message-ID", mail.message_id),
        ("MIME-Version", "1.0"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no holiday answers, please
        *((name, _words(value)) for name, value in mail.headers),
    ]
    return b"".join(_header(name, value) for name, value in headers) + part


def _header(name: str, value: str) -> bytes:
    if "\r" in value.replace("\r\n ", "") or "\n" in value.replace("\r\n ", ""):
        raise ValueError(f"a line break in the header {name}")
    return f"{name}: {value}\r\n".encode("ascii")


def _words(text: str) -> str:
    """The text as it may stand in a header: as it is, or in encoded words of whole characters, one a line."""
    if "\n" in text or "\r" in text:
        raise ValueError("a line break in a header")
    if _PLAIN.fullmatch(text) and len(text) <= _LINE - 16 and "=?" not in text:
        return text
    words, word = [], b""
    for sign in text:
        octets = sign.encode("utf-8")
        if len(word) + len(octets) > _WORD:
            words.append(word)
            word = b""
        word += octets
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in [*words, word])


def _name(text: str) -> str:
    """A name before an address: quoted where it holds commas or brackets, for they have a meaning there."""
    if not text.isascii() or len(text) > _LINE - 16:
        return _words(text)
    return text if _ATOMS.fullmatch(text) else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _text(text: str, kind: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return _part([f"Content-Type: text/{kind}; charset=utf-8"], lines.encode("utf-8"))


def _attached(attachment: Attachment) -> bytes:
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        raise ValueError(f"{attachment.media_type!r} is no media type")
    name = "".join(sign for sign in attachment.name.replace("/", "_") if sign.isprintable())
    plain = name.isascii() and not re.search(r'["\\]', name)
    # RFC 2231 alone where the name needs it: with both forms readers disagree which one counts.
    told = f'filename="{name}"' if plain else f"filename*=utf-8''{quote(name, safe='')}"
    lines = [f"Content-Type: {attachment.media_type}", f"Content-Disposition: attachment;\r\n {told}"]
    return _part(lines, attachment.content)


def _part(headers: Sequence[str], content: bytes) -> bytes:
    coded = base64.b64encode(content)
    lines = [coded[at : at + _LINE] for at in range(0, len(coded), _LINE)]
    return _head([*headers, "Content-Transfer-Encoding: base64"]) + _END + _END.join(lines) + _END


def _together(kind: str, parts: Sequence[bytes], mark: str) -> bytes:
    """Parts side by side. All of them are base64, so no line in them can be the boundary."""
    boundary = f"=_jiqun_{mark}"  # "=_" stands in no base64 and in no quoted-printable (RFC 2045 6.7)
    inner = b"".join(b"--" + boundary.encode() + _END + part for part in parts)
    kept = _head([f'Content-Type: multipart/{kind}; boundary="{boundary}"'])
    return kept + _END + inner + b"--" + boundary.encode() + b"--" + _END


def _head(lines: Sequence[str]) -> bytes:
    return "".join(line + "\r\n" for line in lines).encode("ascii")
