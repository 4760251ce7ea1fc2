"""The journal: the latest requests and how they were answered, each a frozen entry, secrets masked.

A request must not wait for its entry: what is known of it is laid down as it is, and made into an entry when somebody
reads the journal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple

from ims_mock.catalog import Catalog
from ims_mock.listing import CLOUDIMAGES, IMAGES
from ims_mock.notes import Entry, Note, entry_of
from ims_mock.settings import JOURNAL_ENTRIES
from ims_mock.walks import Walks

MANY: Final = 256
"""So many requests wait at most until their places are found."""

_NOWHERE: Final = (0, 0)
_LISTS: Final = frozenset({IMAGES.path, CLOUDIMAGES.path})

_MOST_PAST: Final = 100
_MOST_PAST_IMAGES: Final = 100_000
"""So many catalogs that are no more are kept for the audit of walks, the latest, and with so many images in all."""


class Listed(NamedTuple):
    """A request for a page of a list, as the audit of walks looks at it.

    Attributes:
        entry: as everybody may read it.
        note: what was laid down of it.
        follows: the number of the request directly before it by the same project, 0 where none is known.
        catalog: what it was answered from; ``None`` where it was not, or where that is kept no longer.
    """

    entry: Entry
    note: Note
    follows: int
    catalog: Catalog | None


class Laid:
    """A request as it was laid down.

    Args:
        journal: where.
        number: 1, 2, … since that was cleared.
        note: what is known of it.

    Attributes:
        number: the same.
        note: the same.
    """

    __slots__ = ("_journal", "_place", "note", "number")

    def __init__(self, journal: Journal, number: int, note: Note) -> None:
        self._journal, self.number, self.note = journal, number, note
        self._place: tuple[int, int] | None = None

    @property
    def place(self) -> tuple[int, int]:
        """The number of the walk through a list that it belongs to, and its page there; 0 when it asked for no list."""
        if self._place is None:
            self._journal.settle()
        return self._place or _NOWHERE

    def entry(self, ignored: frozenset[str]) -> Entry:
        """Give it as people read it.

        Args:
            ignored: the names of findings that it does not have.
        """
        return entry_of(self.note, self.number, *self.place, ignored)

    def settle(self, walks: Walks) -> None:
        """Find its place among the walks of those before it."""
        note, self._place = self.note, _NOWHERE
        if asks_list(note.method, note.path):
            images = note.images
            last = None if images is None else images[-1].id if images else ""
            self._place = walks.went(note.path, note.project, note.query, last)


class Journal:
    """Keeps the latest requests.

    Args:
        size: how many.
        ignored: the names of findings that no entry has.
        tell: is told of each; clearing the journal makes it forget nothing.
    """

    def __init__(
        self,
        size: int = JOURNAL_ENTRIES,
        ignored: frozenset[str] = frozenset(),
        tell: Callable[[Laid], None] = lambda _: None,
    ) -> None:
        self.ignored = ignored
        self._tell = tell
        self._laid: deque[Laid] = deque(maxlen=size)
        self._fresh: list[Laid] = []
        self._walks = Walks()
        self._count = 0
        self._catalog: Catalog | None = None
        self._catalogs: deque[tuple[int, Catalog]] = deque(maxlen=_MOST_PAST + 1)
        self._lock = Lock()

    def clear(self) -> None:
        """Forget every request, and begin to count anew."""
        with self._lock:
            self._settle()
            self._laid.clear()
            self._walks = Walks()
            self._count = 0
            self._catalog = None
            self._catalogs.clear()

    def record(self, note: Note, catalog: Catalog | None = None) -> None:
        """Lay down what is known of a request.

        Args:
            note: that.
            catalog: what a list was answered from.
        """
        with self._lock:
            self._count += 1
            if catalog is not None and catalog is not self._catalog:
                self._keep(catalog)
            laid = Laid(self, self._count, note)
            self._laid.append(laid)
            self._fresh.append(laid)
            if len(self._fresh) >= MANY:
                self._settle()
        self._tell(laid)

    def settle(self) -> None:
        """Find the place of each request that is laid down."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        for laid in self._fresh:
            laid.settle(self._walks)
        self._fresh.clear()

    def page_of(self, path: str, project: str, query: str) -> int:
        """Tell which page of its walk a request would be.

        Args:
            path: of the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        with self._lock:
            self._settle()
            return self._walks.next(path, project, query)[1]

    def entries(self, since: int = 0) -> list[Entry]:
        """Give the requests that are kept, the oldest first.

        Args:
            since: the number after which they begin.
        """
        with self._lock:
            self._settle()
            kept = list(self._laid)
        return [laid.entry(self.ignored) for laid in kept if laid.number > since]

    def lists(self) -> list[Listed]:
        """Give those of the requests that are kept which asked for a page of a list, the oldest first."""
        with self._lock:
            self._settle()
            kept, catalogs = list(self._laid), list(self._catalogs)
        since = [number for number, _ in catalogs]
        latest: dict[str, int] = {}
        found = []
        for laid in kept:
            number, note = laid.number, laid.note
            if laid.place != _NOWHERE:
                place = bisect_right(since, number) if note.paged else 0
                catalog = catalogs[place - 1][1] if place else None
                found.append(Listed(laid.entry(self.ignored), note, latest.get(note.project, 0), catalog))
            latest[note.project] = number
        return found

    def _keep(self, catalog: Catalog) -> None:
        """Keep the catalog from which lists are answered from now on, and forget what is too old or too much."""
        self._catalog = catalog
        self._catalogs.append((self._count, catalog))
        oldest = self._laid[0].number if self._laid else self._count
        past = sum(len(one) for _, one in self._catalogs) - len(catalog)
        while len(self._catalogs) > 1 and (past > _MOST_PAST_IMAGES or self._catalogs[1][0] <= oldest):
            past -= len(self._catalogs.popleft()[1])


def asks_list(method: str, path: str) -> bool:
    """Whether a request asks for a page of a list of images."""
    return path in _LISTS and method == "GET"
