"""The one clock: standing still, running ahead, or real; nothing else in the project asks for the date."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from ims_mock.contract.values import add_clamped, quoted, wire_time


class Clock(NamedTuple):
    """Tells the emulator's time; a value, so that setting it makes a new one and forgetting that is an assignment.

    Attributes:
        frozen: the instant at which the clock stands still; ``None`` when it runs.
        ahead: how far a running clock is ahead of the real time.
    """

    frozen: datetime | None = None
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Give the time as an aware datetime in UTC."""
        now = self.frozen or datetime.now(timezone.utc)
        return add_clamped(now, self.ahead) if self.ahead else now

    def wire(self) -> str:
        """Give the time as the API writes it, in whole seconds."""
        return wire_time(self.now())

    @classmethod
    def at(cls, instant: datetime, *, runs: bool = False) -> Clock:
        """Make a clock that is set to an instant.

        Args:
            instant: the time it shows now; a naive one is UTC.
            runs: whether it runs on from there, instead of standing still.

        Raises:
            ValueError: it is outside of the years 1 to 9999 in UTC.
        """
        try:
            utc = instant.replace(tzinfo=timezone.utc) if instant.tzinfo is None else instant.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"{instant} lies outside of the years 1 to 9999 in UTC") from None
        return cls(ahead=utc - datetime.now(timezone.utc)) if runs else cls(utc)

    def advanced(self, by: timedelta) -> Clock:
        """Give the clock moved on: one that stands still stands later, one that runs runs further ahead.

        Args:
            by: how far; a negative one moves it back.

        Raises:
            ValueError: it would leave the years 1 to 9999.
        """
        try:
            moved = self.now() + by
        except OverflowError:
            raise ValueError(f"{quoted(str(by))} leads out of the years 1 to 9999") from None
        return self._replace(frozen=moved) if self.frozen else self._replace(ahead=self.ahead + by)
