"""The only clock: whatever replaces it, its moments are aware and in UTC."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from engine import clock

NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # half past seven in Shanghai, on the third


@pytest.mark.parametrize("zone", [UTC, clock.SHANGHAI, timezone(timedelta(hours=-9, minutes=-30))])
def test_a_replaced_clock_tells_utc_whatever_zone_its_moments_are_in(zone: timezone) -> None:
    with clock.replaced_by(lambda: NIGHT.astimezone(zone)):
        told = clock.now()
        assert (told, told.tzinfo) == (NIGHT, UTC)
        assert clock.today() == date(2026, 3, 3)
        with clock.standing():
            assert clock.now().tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with clock.replaced_by(lambda: NIGHT.replace(tzinfo=None)), pytest.raises(ValueError, match="zone"):
        clock.now()
