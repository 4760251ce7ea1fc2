"""The walks through lists: requests that follow each other from page to page, linked by their markers.

A walk goes on where its last page ended, whatever else the client asks there: one that forgets its filters on the
second page is still on the same walk. Only where several walks ended at the same image, the question tells them apart.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from ims_mock.query import REGISTERED, decoded

_MARKER: Final = re.compile(r"(?:^|&)marker=([^&]*)")
_KEPT: Final = 1000
"""So many ends of walks are kept, the latest."""

_MANY: Final = 4
"""So many walks that ended at the same image are told apart, the latest."""


class Step(NamedTuple):
    """One page of a walk: the number of the walk, that of the page in it, and what was asked.

    Walk 0 is one that nobody has begun.
    """

    walk: int
    page: int
    query: str


class Walks:
    """Knows where the walks of late have ended."""

    def __init__(self) -> None:
        self._count = 0
        self._ends: dict[tuple[str, str, str], list[Step]] = {}
        self._unanswered: dict[tuple[str, str, str], int] = {}

    def next(self, path: str, project: str, query: str) -> Step:
        """Tell which page of which walk a request is.

        Args:
            path: the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        marker = marker_of(query)
        if not marker:
            return Step(self._unanswered.get((path, project, query), 0), 1, query)
        ends = self._ends.get((path, project, marker))
        if ends is None:
            return Step(0, 1, query)
        end = ends[0] if len(ends) == 1 else _same(ends, query)
        return Step(end.walk, end.page + 1, query)

    def went(self, path: str, project: str, query: str, last: str | None) -> Step:
        """Note a request, and tell which page of which walk it is.

        A first page begins a walk, unless it is asked for once more because it was not answered.

        Args:
            path: the list that is asked.
            project: of whoever asks.
            query: as it was sent.
            last: the id of the last image that was answered; empty where there were none, ``None`` where the request
                was not answered with a page that can be read.
        """
        step, asked = self.next(path, project, query), (path, project, query)
        if not step.walk:
            self._count += 1
            step = step._replace(walk=self._count)
        if last is None and step.page == 1:
            self._unanswered[asked] = step.walk
            _bound(self._unanswered)
        elif self._unanswered:
            self._unanswered.pop(asked, None)
        if last:
            where = (path, project, last)
            others = [end for end in self._ends.pop(where, ()) if end.query != query]
            self._ends[where] = [*others[1 - _MANY :], step]
            _bound(self._ends)
        return step


def _bound(known: dict[tuple[str, str, str], Any]) -> None:
    """Forget what was heard of longest ago."""
    if len(known) > _KEPT:
        del known[next(iter(known))]


def marker_of(query: str) -> str:
    """Give the marker that a query names, empty when it names none."""
    match = _MARKER.search(query)
    return unquote_plus(match[1]) if match else ""


def _same(ends: list[Step], query: str) -> Step:
    """Give the walk that asked the same before, else the latest; the service adds one filter to its links."""
    asked = _question(query)
    return next((end for end in reversed(ends) if _question(end.query) == asked), ends[-1])


def _question(query: str) -> list[tuple[str, str]]:
    return sorted(pair for pair in decoded(query) if pair[0] != "marker" and pair != REGISTERED)
