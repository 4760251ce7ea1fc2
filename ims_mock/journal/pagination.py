"""Page numbers: which page of which walk a request for a list is.

A walk is a series of requests that follow each other from page to page. A request continues the walk whose last page
ended with its marker, whatever its other parameters: a client that forgets its filters on the second page is still on
the same walk. The other parameters decide only between walks that ended with the same image.
"""

import re
from typing import Any, Final
from urllib.parse import unquote_plus

from ims_mock.catalog.links import REGISTERED
from ims_mock.catalog.query import decoded
from ims_mock.text import cached_if_short

MAX_WALKS: Final = 1000  # the number of last images for which walks are kept, the most recent ones
MAX_WALKS_PER_IMAGE: Final = 4  # the number of walks kept that ended with the same image, the most recent ones
_MAX_CHARACTERS: Final = 2_000  # how much of a query string is kept of a walk
_MARKER: Final = re.compile(r"(?:^|&)marker=([^&]*)")

Question = tuple[tuple[str, str], ...]  # the parameters that are the same on every page of a walk, sorted
PageKey = tuple[str, Question]  # a page as the client requests it: the marker and the other parameters
_Key = tuple[str, str, str]  # the path, the project, and the last image or the query of a page


class PageCounter:
    """Numbers walks and their pages."""

    def __init__(self) -> None:
        self._count = 0
        self._ends: dict[_Key, dict[str, tuple[int, int]]] = {}  # by last image and query: numbers of walk and page
        self._failed: dict[_Key, int] = {}  # by the query of a first page: the number of the walk

    def number(self, path: str, project: str, query: str) -> tuple[int, int]:
        """Return the numbers that a request would get: of its walk, 0 for a new one, and of its page."""
        marker = marker_of(query)
        if not marker:
            return self._failed.get((path, project, query[:_MAX_CHARACTERS]), 0), 1
        ends = self._ends.get((path, project, marker), {"": (0, 0)})
        same = [end for end in ends if question_of(end) == question_of(query)] if len(ends) > 1 else []
        walk, page_number = ends[(same or [*ends])[-1]]  # the latest one, with the same question if there is one
        return walk, page_number + 1

    def record(self, path: str, project: str, query: str, last: str | None) -> tuple[int, int]:
        """Record a request and return the numbers of its walk and page.

        A first page begins a new walk, unless it repeats a first page that failed. ``last`` is the id of the last image
        on the page; empty for an empty page, ``None`` if the request failed.
        """
        walk, page_number = self.number(path, project, query)
        query = query[:_MAX_CHARACTERS]
        if not walk:
            walk = self._count = self._count + 1
        if last is None and page_number == 1:
            _put_last(self._failed, (path, project, query), walk, MAX_WALKS)
        elif self._failed:
            self._failed.pop((path, project, query), None)
        if last:
            ends = self._ends.get((path, project, last), {})
            _put_last(ends, query, (walk, page_number), MAX_WALKS_PER_IMAGE)
            _put_last(self._ends, (path, project, last), ends, MAX_WALKS)
        return walk, page_number


def _put_last(items: dict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Make an item the last of a mapping; if there are too many, the first is removed."""
    items.pop(key, None)
    items[key] = value
    if len(items) > most:
        del items[next(iter(items))]


def marker_of(query: str) -> str:
    """Return the first marker of a query string; empty without one."""
    match = _MARKER.search(query) if "marker=" in query else None
    return unquote_plus(match[1]) if match else ""


@cached_if_short(256, length=2_000)
def question_of(query: str) -> Question:
    """Return the parameters of a query string but the marker and the filter that the service adds to its links."""
    return tuple(sorted(pair for pair in decoded(query) if pair[0] != "marker" and pair != REGISTERED))
