"""The throttle: so many requests in so many seconds from one address, by the emulator's clock; more are refused."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ims_mock.errors import RequestError
from ims_mock.kinds import later

_POLICY: Final = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
_ADDRESSES: Final = 10_000


@dataclass(frozen=True)
class Policy:
    """How many requests an address may send.

    Attributes:
        count: at most this many requests,
        seconds: in any period of this many seconds.
    """

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Policy | None:
        """Read ``5/10``, five requests in ten seconds; nothing is no policy.

        Raises:
            ValueError: anything else; the message says what is legal.
        """
        match = _POLICY.fullmatch(text)
        if text and not match:
            raise ValueError(f"unknown throttle {text!r}; legal is REQUESTS/SECONDS such as 5/10")
        return cls(int(match[1]), int(match[2])) if match else None


class Throttle:
    """Counts the requests of each address."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._passed: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def check(self, address: str, now: datetime) -> None:
        """Count a request; one that is refused does not count.

        Args:
            address: where it came from.
            now: the emulator's time; while that stands still, nothing is forgotten.

        Raises:
            RequestError: 429.
        """
        begin = later(now, -timedelta(seconds=self._policy.seconds))
        with self._lock:
            times = self._passed.pop(address, None) or deque()
            self._passed[address] = times  # the address heard last stands last
            while len(self._passed) > _ADDRESSES:
                del self._passed[next(iter(self._passed))]
            while times and not begin < times[0] <= now:
                times.popleft()
            if len(times) >= self._policy.count:
                raise RequestError("throttled", count=str(self._policy.count), seconds=str(self._policy.seconds))
            times.append(now)
