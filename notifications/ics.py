"""Appointments as calendar files (.ics): one event, by RFC 5545. The same UID and a higher SEQUENCE move it."""

from dataclasses import dataclass
from datetime import UTC, datetime

LINE = 75  # octets of a line without its end (RFC 5545 3.1)
MEDIA_TYPE = "text/calendar; charset=utf-8"

_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True)
class Appointment:
    """What a calendar keeps of a visit. Moments are aware; they are written in UTC, which needs no VTIMEZONE."""

    uid: str  # the same for all changes of one appointment
    sequence: int  # 0 at first; it rises with each change
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    place: str
    description: str
    cancelled: bool = False


def calendar(appointment: Appointment) -> bytes:
    """The file. A cancelled appointment is told as such, so that it goes from the calendars that hold it.

    No METHOD: the file is fetched, not sent as an invitation, and names nobody who would have to answer.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//jiqun//appointments//ZH",
        "CALSCALE:GREGORIAN",
        "BEGIN:VEVENT",
        f"UID:{_text(appointment.uid)}",
        f"SEQUENCE:{appointment.sequence}",
        f"DTSTAMP:{_moment(appointment.changed_at)}",
        f"DTSTART:{_moment(appointment.starts_at)}",
        f"DTEND:{_moment(appointment.ends_at)}",
        f"SUMMARY:{_text(appointment.summary)}",
        f"LOCATION:{_text(appointment.place)}",
        f"DESCRIPTION:{_text(appointment.description)}",
        f"STATUS:{'CANCELLED' if appointment.cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("an appointment needs aware moments")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """A value as RFC 5545 3.3.11 writes it. Other control characters have no place in it."""
    folded = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in folded if sign == "\n" or sign.isprintable()).translate(_ESCAPED)


def _folded(line: str) -> bytes:
    """The line with CRLF, broken after at most 75 octets and never inside a character; what follows is indented."""
    parts: list[bytes] = []
    part = b""
    for sign in line:
        octets = sign.encode("utf-8")
        if len(part) + len(octets) > LINE - bool(parts):  # the blank in front of a later part counts as well
            parts.append(part)
            part = b""
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"
