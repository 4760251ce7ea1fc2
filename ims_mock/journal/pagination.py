"""The walks through lists: requests that follow each other from page to page, linked by their markers.

A walk goes on where its last page ended, whatever else the client asks there: one that forgets its filters on the
second page is still on the same walk. Only where several walks ended at the same image, the question tells them apart.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_plus

from ims_mock.catalog.query import REGISTERED, decoded

_MARKER: Final = re.compile(r"(?:^|&)marker=([^&]*)")
_KEPT: Final = 1000
"""So many ends of walks are kept, the latest."""

_MANY: Final = 4
"""So many walks that ended at the same image are told apart, the latest."""

End = tuple[int, int, str]
"""Where a walk ended so far: its number, that of its last page, and what was asked for that page."""


class Walks:
    """Knows where the walks of late have ended."""

    def __init__(self) -> None:
        self._count = 0
        self._ends: dict[tuple[str, str, str], list[End]] = {}
        self._unanswered: dict[tuple[str, str, str], int] = {}

    def next(self, path: str, project: str, query: str) -> tuple[int, int]:
        """Tell which page of which walk a request is; walk 0 is one that it would begin.

        Args:
            path: the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        marker = marker_of(query)
        if not marker:
            return self._unanswered.get((path, project, query), 0), 1
        ends = self._ends.get((path, project, marker))
        if ends is None:
            return 0, 1
        walk, page, _ = ends[0] if len(ends) == 1 else _same(ends, query)
        return walk, page + 1

    def went(self, path: str, project: str, query: str, last: str | None) -> tuple[int, int]:
        """Note a request, and tell which page of which walk it is.

        A first page begins a walk, unless it is asked for once more because it was not answered.

        Args:
            path: the list that is asked.
            project: of whoever asks.
            query: as it was sent.
            last: the id of the last image that was answered; empty where there were none, ``None`` where the request
                was not answered with a page that can be read.
        """
        walk, page = self.next(path, project, query)
        if not walk:
            walk = self._count = self._count + 1
        if last is None and page == 1:
            self._unanswered[path, project, query] = walk
            _bound(self._unanswered)
        elif self._unanswered:
            self._unanswered.pop((path, project, query), None)
        if last:
            where = (path, project, last)
            others = [end for end in self._ends.pop(where, ()) if end[2] != query]
            self._ends[where] = [*others[1 - _MANY :], (walk, page, query)]
            _bound(self._ends)
        return walk, page


def _bound(known: dict[tuple[str, str, str], Any]) -> None:
    """Forget what was heard of longest ago."""
    if len(known) > _KEPT:
        del known[next(iter(known))]


def marker_of(query: str) -> str:
    """Give the marker that a query names, empty when it names none."""
    match = _MARKER.search(query) if "marker=" in query else None
    return unquote_plus(match[1]) if match else ""


def _same(ends: list[End], query: str) -> End:
    """Give the walk that asked the same before, else the latest; the service adds one filter to its links."""
    asked = question_of(query)
    return next((end for end in reversed(ends) if question_of(end[2]) == asked), ends[-1])


def question_of(query: str) -> list[tuple[str, str]]:
    """Give what a query asks for on whatever page, in one order: all but the marker, and what the service adds."""
    return sorted(pair for pair in decoded(query) if pair[0] != "marker" and pair != REGISTERED)
