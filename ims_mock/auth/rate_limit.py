"""The rate limit: a number of requests per client address in a period of the emulator's time."""

import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from ims_mock.contract.values import add_clamped
from ims_mock.errors import RequestError

_POLICY: Final = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
_MAX_ADDRESSES: Final = 10_000


class RateLimit:
    """Counts the requests of each address. A policy of ``5/10`` accepts five in any ten seconds."""

    def __init__(self, policy: str) -> None:
        match = _POLICY.fullmatch(policy)
        if not match:
            raise ValueError(f"Invalid throttle {policy!r}. Use REQUESTS/SECONDS such as 5/10.")
        self._count, self._seconds = int(match[1]), int(match[2])
        self._accepted: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._accepted.clear()

    def check(self, address: str, clock: Callable[[], datetime]) -> None:
        """Count a request from an address, or reject it if the limit is reached; a rejected one does not count."""
        with self._lock:
            now = clock()  # read inside the lock, so that the times of an address are in order
            start = add_clamped(now, -timedelta(seconds=self._seconds))
            times = self._accepted.pop(address, None) or deque()
            self._accepted[address] = times  # the addresses are in the order of their latest requests
            while len(self._accepted) > _MAX_ADDRESSES:
                del self._accepted[next(iter(self._accepted))]
            while times and not start < times[0] <= now:
                times.popleft()
            if len(times) >= self._count:
                raise RequestError("throttled", count=str(self._count), seconds=str(self._seconds))
            times.append(now)
