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

from ims_mock.catalog.catalog import Catalog
from ims_mock.journal.notes import Entry, Note
from ims_mock.journal.places import NOWHERE, Laid, Places
from ims_mock.options import AppOptions

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


class Journal:
    """Keeps the latest requests.

    Args:
        size: how many.
        ignored: the names of findings that no entry has.
        tell: is told of each; clearing the journal makes it forget nothing.
    """

    def __init__(
        self,
        size: int = AppOptions.journal,
        ignored: frozenset[str] = frozenset(),
        tell: Callable[[Laid], None] = lambda _: None,
    ) -> None:
        self.ignored = ignored
        self._tell = tell
        self._laid: deque[Laid] = deque(maxlen=size)
        self._places = Places()
        self._count = 0
        self._catalog: Catalog | None = None
        self._catalogs: deque[tuple[int, Catalog]] = deque(maxlen=_MOST_PAST + 1)
        self._lock = Lock()

    def clear(self) -> None:
        """Forget every request, and begin to count anew."""
        with self._lock:
            self._places.settle()
            self._laid.clear()
            self._places = Places()
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
            laid = Laid(self._places, self._count, note)
            self._laid.append(laid)
            self._places.take(laid)
        self._tell(laid)

    def page_of(self, path: str, project: str, query: str) -> int:
        """Tell which page of its walk a request would be.

        Args:
            path: of the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        return self._places.next(path, project, query)

    def entries(self, since: int = 0) -> list[Entry]:
        """Give the requests that are kept, the oldest first.

        Args:
            since: the number after which they begin.
        """
        with self._lock:
            kept = list(self._laid)
        return [laid.entry(self.ignored) for laid in kept if laid.number > since]

    def lists(self) -> list[Listed]:
        """Give those of the requests that are kept which asked for a page of a list, the oldest first."""
        with self._lock:
            kept, catalogs = list(self._laid), list(self._catalogs)
        since = [number for number, _ in catalogs]
        latest: dict[str, int] = {}
        found = []
        for laid in kept:
            number, note = laid.number, laid.note
            if laid.place != NOWHERE:
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
