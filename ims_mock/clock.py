"""The clock of an emulator: real, ahead of real time, or frozen. No other module asks for the date."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ims_mock.contract.values import add_clamped, wire_time
from ims_mock.text import quoted


@dataclass(frozen=True)
class Clock:
    """A clock. Setting it returns a new one. A time outside the years 1 to 9999 in UTC is a ``ValueError``."""

    frozen: datetime | None = None  # the time at which it stands still
    ahead: timedelta = timedelta(0)  # the difference of a running clock from real time

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC."""
        now = self.frozen or datetime.now(timezone.utc)
        return add_clamped(now, self.ahead) if self.ahead else now

    def wire(self) -> str:
        """Return the time in wire format."""
        return wire_time(self.now())

    @classmethod
    def at(cls, instant: datetime, *, runs: bool = False) -> "Clock":
        """Return a clock that is set to a time, of which a naive one is UTC; it goes on from there if it ``runs``."""
        try:
            utc = instant.replace(tzinfo=timezone.utc) if instant.tzinfo is None else instant.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"{instant} is outside the years 1 to 9999 in UTC") from None
        return cls(ahead=utc - datetime.now(timezone.utc)) if runs else cls(utc)

    def advanced(self, by: timedelta) -> "Clock":
        """Return the clock, moved by a duration, which may be negative."""
        try:
            moved = self.now() + by
        except OverflowError:
            raise ValueError(f"{quoted(str(by))} leads out of the years 1 to 9999") from None
        return replace(self, frozen=moved) if self.frozen else replace(self, ahead=self.ahead + by)
