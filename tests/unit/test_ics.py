"""Calendar files: what RFC 5545 asks of them, and that a changed appointment is the same one."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import SHANGHAI
from notifications import ics
from notifications.ics import Appointment

STARTS = datetime(2025, 7, 8, 9, 30, tzinfo=SHANGHAI)


def appointment(**changes: object) -> Appointment:
    given: dict[str, object] = {
        "uid": "0f" * 16 + "@jiqun",
        "sequence": 0,
        "changed_at": datetime(2025, 7, 1, 1, 0, tzinfo=UTC),
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(hours=2),
        "summary": "实地抽查：英德市中小企业特色产业集群（红茶精深加工产业）",
        "place": "园区东门",
        "description": "联系：服务科",
    }
    return Appointment(**(given | changes))  # type: ignore[arg-type]


def properties(content: bytes) -> dict[str, str]:
    """The file as a calendar reads it: lines unfolded, then name and value."""
    lines = content.decode("utf-8").replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if line)


def test_the_moments_are_those_of_shanghai_told_in_utc() -> None:
    told = properties(ics.calendar(appointment()))
    assert (told["DTSTART"], told["DTEND"]) == ("20250708T013000Z", "20250708T033000Z")
    assert told["DTSTAMP"] == "20250701T010000Z"


def test_every_line_ends_with_crlf_and_none_is_longer_than_75_octets() -> None:
    content = ics.calendar(appointment(description="很长的说明，" * 60))
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode("utf-8")  # no character is broken in two
    assert properties(content)["DESCRIPTION"] == "很长的说明，" * 60


@pytest.mark.parametrize("length", range(60, 90))
def test_a_line_of_any_length_is_folded_and_read_again(length: int) -> None:
    assert properties(ics.calendar(appointment(place="x" * length + "园" * 9)))["LOCATION"] == "x" * length + "园" * 9


def test_signs_that_mean_something_are_escaped_and_controls_left_out() -> None:
    told = properties(ics.calendar(appointment(place="甲;乙,丙\\丁\r\n戊\x00\x07")))
    assert told["LOCATION"] == "甲\\;乙\\,丙\\\\丁\\n戊"


def test_a_place_cannot_write_lines_of_its_own() -> None:
    content = ics.calendar(appointment(place="x\r\nATTENDEE:mailto:a@example.org\u2028BEGIN:VALARM"))
    assert [line for line in content.split(b"\r\n") if line.startswith((b"BEGIN:", b"ATTENDEE"))] == [
        b"BEGIN:VCALENDAR",
        b"BEGIN:VEVENT",
    ]


def test_a_change_keeps_the_uid_and_raises_the_sequence() -> None:
    first, moved = appointment(), appointment(sequence=1, starts_at=STARTS + timedelta(days=1))
    before, after = properties(ics.calendar(first)), properties(ics.calendar(moved))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == ("0", "1")
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CONFIRMED")


def test_what_is_called_off_says_so() -> None:
    assert properties(ics.calendar(appointment(sequence=2, cancelled=True)))["STATUS"] == "CANCELLED"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        ics.calendar(appointment(starts_at=datetime(2025, 7, 8, 9, 30)))  # noqa: DTZ001  # that is the point
