"""The one clock: it stands still, runs ahead, or is the real one, and nothing else tells the date."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ims_mock.clock import Clock

INSTANT = datetime(2023, 11, 13, 8, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
PACKAGE = Path(__file__).parent.parent / "ims_mock"


def is_near(clock, instant):
    """Whether a running clock shows an instant, as near as a test can look."""
    return abs(clock.now() - instant) < timedelta(seconds=30)


def test_the_usual_clock_is_the_real_one():
    """Nobody set it."""
    assert is_near(Clock(), datetime.now(timezone.utc))
    assert Clock().now().tzinfo is timezone.utc


def test_a_clock_that_is_set_stands_still():
    """It shows the instant it was set to, in UTC."""
    clock = Clock.at(INSTANT)
    assert clock.now() == clock.now() == INSTANT
    assert clock.wire() == "2023-11-13T08:00:00Z"
    assert Clock.at(datetime(2023, 11, 13, 8)).now() == INSTANT
    assert Clock.at(datetime(2023, 11, 13, 16, tzinfo=timezone(8 * HOUR))).wire() == "2023-11-13T08:00:00Z"


def test_a_clock_may_run_on_from_where_it_is_set():
    """As fast as the real one."""
    clock = Clock.at(INSTANT, runs=True)
    first = clock.now()
    assert first >= INSTANT
    assert is_near(clock, INSTANT)
    assert clock.now() > first


def test_a_clock_is_moved_on():
    """One that stands still stands later; one that runs runs further ahead, or back."""
    assert Clock(INSTANT).advanced(HOUR).advanced(-3 * HOUR).now() == INSTANT - 2 * HOUR
    assert is_near(Clock().advanced(HOUR).advanced(HOUR), datetime.now(timezone.utc) + 2 * HOUR)
    assert is_near(Clock.at(INSTANT, runs=True).advanced(HOUR), INSTANT + HOUR)


def test_a_clock_is_a_value():
    """Moving it leaves the old one as it was."""
    clock = Clock(INSTANT)
    clock.advanced(HOUR)
    assert clock.now() == INSTANT


@pytest.mark.parametrize("days", [10**6 * 3, -(10**6), 999_999_999])
@pytest.mark.parametrize("clock", [Clock(INSTANT), Clock()])
def test_a_clock_stays_inside_the_calendar(clock, days):
    """Beyond it, it is refused to move."""
    with pytest.raises(ValueError, match="leads out of the years 1 to 9999"):
        clock.advanced(timedelta(days=days))


@pytest.mark.parametrize("runs", [True, False])
def test_a_clock_is_not_set_outside_of_the_calendar(runs):
    """A time that is inside of it only in its own zone is refused; one that runs on to the end stays there."""
    with pytest.raises(ValueError, match="lies outside of the years 1 to 9999"):
        Clock.at(datetime.max.replace(tzinfo=timezone(-HOUR)), runs=runs)
    assert Clock.at(datetime.max, runs=True).now().year == 9999


def test_nothing_else_asks_for_the_date():
    """No module but the clock looks at the real time; how long something took is another matter."""
    asking = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today|time\.time|time_ns|gmtime\(\)|localtime\(\))")
    found = {path.name for path in PACKAGE.rglob("*.py") if asking.search(path.read_text())}
    assert found == {"clock.py"}
