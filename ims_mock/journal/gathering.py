"""Requests gather until somebody looks at what they exercised of the contract.

No request waits to be looked at: what was laid down waits, and all of it is looked at when somebody asks, or when much
of it has gathered. So nothing is lost of what the journal forgets.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from ims_mock.journal.places import MANY, Laid

if TYPE_CHECKING:
    from ims_mock.journal.coverage import Coverage, Fact
    from ims_mock.journal.exercising import Endpoints, Reader


class Exercised:
    """Knows what was exercised of one emulator, and of all that are inside of it.

    Args:
        around: the one around; ``None`` for the outermost.
    """

    def __init__(self, around: Exercised | None = None) -> None:
        self._facts: set[Fact] = set()
        self._around = around
        self._desk: _Desk = around._desk if around else _Desk()

    def serve(self, endpoints: Endpoints) -> None:
        """Say which endpoints there are.

        Args:
            endpoints: gives them when they are needed.
        """
        self._desk.endpoints = endpoints

    def note(self, laid: Laid) -> None:
        """Take a request that was answered."""
        desk = self._desk
        desk.waiting.append((self, laid))
        if len(desk.waiting) >= MANY and desk.lock.acquire(blocking=False):
            try:
                desk.look()
            finally:
                desk.lock.release()

    def learn(self, facts: set[Fact]) -> None:
        """Know from now on that something was exercised."""
        self._facts |= facts
        if self._around:
            self._around.learn(facts)

    def coverage(self) -> Coverage:
        """Tell what was exercised so far."""
        from ims_mock.journal.coverage import Coverage, contract  # most emulators are never asked

        with self._desk.lock:
            self._desk.look()
            return Coverage(contract(self._desk.endpoints()), frozenset(self._facts))

    def clear(self) -> None:
        """Forget what was exercised so far."""
        with self._desk.lock:
            self._desk.look()
            self._facts.clear()


class _Desk:
    """Where the requests to emulators that belong together wait to be looked at.

    Attributes:
        waiting: these requests, each with who wants to know.
        lock: held by whoever looks.
        endpoints: gives the endpoints there are.
    """

    def __init__(self) -> None:
        self.waiting: deque[tuple[Exercised, Laid]] = deque()
        self.lock = Lock()
        self.endpoints: Endpoints = tuple
        self._reader: Reader | None = None

    def look(self) -> None:
        """Look at all that waits."""
        found: dict[Exercised, set[Fact]] = {}
        while self.waiting:
            who, laid = self.waiting.popleft()
            facts = found.get(who)
            if facts is None:
                facts = found[who] = set()
            self._read(laid, facts)
        for who, facts in found.items():
            who.learn(facts)

    def _read(self, laid: Laid, facts: set[Fact]) -> None:
        if self._reader is None:
            from ims_mock.journal.exercising import Reader  # a start is quicker without it

            self._reader = Reader(lambda: self.endpoints())
        self._reader.read(laid, facts)
