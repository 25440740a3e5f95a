"""Appointments and deadlines as calendar files (.ics), by RFC 5545. The same UID, a higher SEQUENCE: it has moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

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


@dataclass(frozen=True)
class Deadline:
    """What a calendar keeps of a date by which something is owed: all day, so no zone can move it."""

    uid: str  # the same whatever becomes of the date
    sequence: int  # rises with each change
    changed_at: datetime
    day: date
    summary: str
    description: str
    cancelled: bool = False


def calendar(appointment: Appointment) -> bytes:
    """The file. A cancelled appointment is told as such, so that it goes from the calendars that hold it.

    No METHOD: the file is fetched, not sent as an invitation, and names nobody who would have to answer.
    """
    times = [f"DTSTART:{_moment(appointment.starts_at)}", f"DTEND:{_moment(appointment.ends_at)}"]
    return _file([], "appointments", [_event(appointment, times, [f"LOCATION:{_text(appointment.place)}"])])


def deadlines(entries: Iterable[Deadline], *, title: str = "") -> bytes:
    """The file for a mail or a feed: published, so nobody is asked to answer. `title` names the calendar of a feed."""
    about = ["METHOD:PUBLISH", *([f"X-WR-CALNAME:{_text(title)}"] if title else [])]
    return _file(about, "deadlines", [_event(each, _all_day(each.day), ["TRANSP:TRANSPARENT"]) for each in entries])


def _file(about: list[str], product: str, events: Iterable[list[str]]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//jiqun//{product}//ZH", "CALSCALE:GREGORIAN", *about]
    lines += [line for event in events for line in event]
    return b"".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _event(entry: Appointment | Deadline, times: list[str], more: list[str]) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{_text(entry.uid)}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_moment(entry.changed_at)}",
        *times,
        f"SUMMARY:{_text(entry.summary)}",
        *more,
        f"DESCRIPTION:{_text(entry.description)}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        "END:VEVENT",
    ]


def _all_day(day: date) -> list[str]:
    """The day, and where it ends: the day after, which is no part of it (RFC 5545 3.6.1)."""
    return [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"]


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
