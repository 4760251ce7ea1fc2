"""The throttle: so many requests in so many seconds from one address, by the emulator's clock; more are refused."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ims_mock.contract.values import add_clamped
from ims_mock.errors import RequestError

_POLICY: Final = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
_ADDRESSES: Final = 10_000


class Throttle:
    """Counts the requests of each address.

    Args:
        policy: how many may come in any so many seconds: ``5/10`` for five in ten seconds.

    Raises:
        ValueError: it is written otherwise; the message says what is legal.
    """

    def __init__(self, policy: str) -> None:
        match = _POLICY.fullmatch(policy)
        if not match:
            raise ValueError(f"unknown throttle {policy!r}; legal is REQUESTS/SECONDS such as 5/10")
        self.policy = policy
        self._count, self._seconds = int(match[1]), int(match[2])
        self._passed: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._passed.clear()

    def check(self, address: str, clock: Callable[[], datetime]) -> None:
        """Count a request; one that is refused does not count.

        Args:
            address: where it came from.
            clock: gives the emulator's time; while that stands still, nothing is forgotten.

        Raises:
            RequestError: 429.
        """
        with self._lock:
            now = clock()  # inside of the lock, so that times come in their order
            begin = add_clamped(now, -timedelta(seconds=self._seconds))
            times = self._passed.pop(address, None) or deque()
            self._passed[address] = times  # the address heard last stands last
            while len(self._passed) > _ADDRESSES:
                del self._passed[next(iter(self._passed))]
            while times and not begin < times[0] <= now:
                times.popleft()
            if len(times) >= self._count:
                raise RequestError("throttled", count=str(self._count), seconds=str(self._seconds))
            times.append(now)
