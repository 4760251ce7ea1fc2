"""Page numbers: which page of which walk a request for a list is.

A walk is a series of requests that follow each other from page to page. A request continues the walk whose last page
ended with its marker, whatever its other parameters: a client that forgets its filters on the second page is still on
the same walk. The other parameters decide only between walks that ended with the same image.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from ims_mock.catalog.query import REGISTERED, decoded
from ims_mock.text import cached_if_short

MAX_WALKS: Final = 1000  # the number of last images for which walks are kept, the most recent ones
MAX_WALKS_PER_IMAGE: Final = 4  # the number of walks kept that ended with the same image, the most recent ones
_MAX_CHARACTERS: Final = 2_000  # how much of a query string is kept of a walk
_MARKER: Final = re.compile(r"(?:^|&)marker=([^&]*)")

Question = tuple[tuple[str, str], ...]  # the parameters that are the same on every page of a walk, sorted
PageKey = tuple[str, Question]  # a page as the client requests it: the marker and the other parameters


class _End(NamedTuple):
    """The last page of a walk so far; a named tuple is made faster than a frozen dataclass."""

    walk: int
    page_number: int
    query: str


class PageCounter:
    """Numbers walks and their pages."""

    def __init__(self) -> None:
        self._count = 0
        self._ends: dict[tuple[str, str, str], list[_End]] = {}
        self._failed: dict[tuple[str, str, str], int] = {}

    def number(self, path: str, project: str, query: str) -> tuple[int, int]:
        """Return the numbers that a request would get: of its walk, 0 for a new one, and of its page."""
        marker = marker_of(query)
        if not marker:
            return self._failed.get((path, project, query[:_MAX_CHARACTERS]), 0), 1
        ends = self._ends.get((path, project, marker), [])
        if len(ends) > 1:  # prefer the latest one with the same question
            ends = sorted(ends, key=lambda end: question_of(end.query) == question_of(query))
        return (ends[-1].walk, ends[-1].page_number + 1) if ends else (0, 1)

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
            self._failed[path, project, query] = walk
            _drop_oldest(self._failed)
        elif self._failed:
            self._failed.pop((path, project, query), None)
        if last:
            key = (path, project, last)
            others = [end for end in self._ends.pop(key, ()) if end.query != query]
            self._ends[key] = [*others[1 - MAX_WALKS_PER_IMAGE :], _End(walk, page_number, query)]
            _drop_oldest(self._ends)
        return walk, page_number


def _drop_oldest(walks: dict[tuple[str, str, str], Any]) -> None:
    if len(walks) > MAX_WALKS:
        del walks[next(iter(walks))]


def marker_of(query: str) -> str:
    """Return the first marker of a query string; empty without one."""
    match = _MARKER.search(query) if "marker=" in query else None
    return unquote_plus(match[1]) if match else ""


@cached_if_short(256, length=2_000)
def question_of(query: str) -> Question:
    """Return the parameters of a query string but the marker and the filter that the service adds to its links."""
    return tuple(sorted(pair for pair in decoded(query) if pair[0] != "marker" and pair != REGISTERED))
