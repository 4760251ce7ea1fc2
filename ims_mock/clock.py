"""The one clock: standing still, or real; nothing else in the project asks the time."""

from __future__ import annotations

from datetime import datetime, timezone

from ims_mock.kinds import wire_time


class Clock:
    """Tells the emulator's time.

    Args:
        frozen: the instant at which the clock stands still; ``None`` for the real time.
    """

    def __init__(self, frozen: datetime | None = None) -> None:
        self._frozen = frozen

    def now(self) -> datetime:
        """Give the time as an aware datetime in UTC."""
        return self._frozen or datetime.now(timezone.utc)

    def wire(self) -> str:
        """Give the time as the API writes it, in whole seconds."""
        return wire_time(self.now())
