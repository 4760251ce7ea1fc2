"""The clock: real, ahead of real time, or frozen."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ims_mock.clock import Clock

INSTANT = datetime(2023, 11, 13, 8, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PACKAGE = Path(__file__).parent.parent / "ims_mock"


def is_near(clock, instant):
    return abs(clock.now() - instant) < timedelta(seconds=30)


def test_the_default_clock_shows_real_time():
    assert is_near(Clock(), datetime.now(timezone.utc))
    assert Clock().now().tzinfo is timezone.utc


def test_a_set_clock_is_frozen():
    clock = Clock.at(INSTANT)
    assert clock.now() == clock.now() == INSTANT
    assert clock.wire() == "2023-11-13T08:00:00Z"
    assert Clock.at(datetime(2023, 11, 13, 8)).now() == INSTANT
    assert Clock.at(datetime(2023, 11, 13, 16, tzinfo=timezone(8 * HOUR))).wire() == "2023-11-13T08:00:00Z"


def test_a_set_clock_can_run():
    clock = Clock.at(INSTANT, runs=True)
    first = clock.now()
    assert first >= INSTANT
    assert is_near(clock, INSTANT)
    assert clock.now() > first


def test_clocks_advance_by_a_duration():
    assert Clock(INSTANT).advanced(HOUR).advanced(-3 * HOUR).now() == INSTANT - 2 * HOUR
    assert is_near(Clock().advanced(HOUR).advanced(HOUR), datetime.now(timezone.utc) + 2 * HOUR)
    assert is_near(Clock.at(INSTANT, runs=True).advanced(HOUR), INSTANT + HOUR)


@pytest.mark.parametrize("days", [10**6 * 3, -(10**6), 999_999_999])
@pytest.mark.parametrize("clock", [Clock(INSTANT), Clock()])
def test_a_clock_cannot_be_advanced_out_of_the_calendar(clock, days):
    with pytest.raises(ValueError, match="leads out of the years 1 to 9999"):
        clock.advanced(timedelta(days=days))


@pytest.mark.parametrize("runs", [True, False])
def test_a_clock_cannot_be_set_outside_the_calendar(runs):
    with pytest.raises(ValueError, match="is outside the years 1 to 9999"):
        Clock.at(datetime.max.replace(tzinfo=timezone(-HOUR)), runs=runs)
    assert Clock.at(datetime.max, runs=True).now().year == 9999


def test_no_other_module_asks_for_the_date():
    calls = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time|time_ns|gmtime\(\)|localtime\(\))")
    found = {path.name for path in PACKAGE.rglob("*.py") if calls.search(path.read_text())}
    assert found == {"clock.py"}
