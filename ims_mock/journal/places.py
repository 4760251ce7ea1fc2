"""Requests as they are laid down; which pages of which walks they are is found when somebody asks."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Final

from ims_mock.catalog.cloudimages import asks_list
from ims_mock.journal.notes import Entry, Note, entry_of
from ims_mock.journal.pagination import Walks

MANY: Final = 256
"""So many requests wait at most until their places are found."""

Place = tuple[int, int]
"""The number of a walk, and that of a page in it."""

NOWHERE: Final[Place] = (0, 0)
"""The place of a request that asked for no list."""


class Laid:
    """A request as it was laid down.

    Args:
        places: finds its place.
        number: 1, 2, … since the journal was cleared.
        note: what is known of it.

    Attributes:
        number: the same.
        note: the same.
    """

    __slots__ = ("_place", "_places", "note", "number")

    def __init__(self, places: Places, number: int, note: Note) -> None:
        self._places: Places | None = places
        self._place = NOWHERE
        self.number, self.note = number, note

    @property
    def place(self) -> Place:
        """Which page of which walk it is."""
        places = self._places
        if places is not None:
            places.settle()
        return self._place

    def entry(self, ignored: frozenset[str]) -> Entry:
        """Give it as people read it.

        Args:
            ignored: the names of findings that it does not have.
        """
        return entry_of(self.note, self.number, *self.place, ignored)

    def settle(self, walks: Walks) -> None:
        """Find its place after those of all before it."""
        note = self.note
        if asks_list(note.method, note.path):
            images = note.images
            last = None if images is None else images[-1].id if images else ""
            self._place = walks.went(note.path, note.project, note.query, last)
        self._places = None  # at the very end: whoever sees that nobody is asked any more sees the place


class Places:
    """Finds the places of requests, in the order in which they were laid down."""

    def __init__(self) -> None:
        self._walks = Walks()
        self._waiting: deque[Laid] = deque()
        self._lock = Lock()

    def take(self, laid: Laid) -> None:
        """Take a request whose place nobody wants to know yet."""
        with self._lock:
            self._waiting.append(laid)
            if len(self._waiting) >= MANY:
                self._settle()

    def settle(self) -> None:
        """Find the place of each request that waits."""
        with self._lock:
            self._settle()

    def next(self, path: str, project: str, query: str) -> int:
        """Tell which page of its walk a request would be.

        Args:
            path: of the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        with self._lock:
            self._settle()
            return self._walks.next(path, project, query)[1]

    def _settle(self) -> None:
        while self._waiting:
            self._waiting.popleft().settle(self._walks)
