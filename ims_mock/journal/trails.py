"""The walks of the journal told apart anew: which requests followed each other, whatever the client forgot on its way.

The journal numbers walks while requests come in. Here all is known that came later as well: walks of several threads
with the same question are told apart, and a request belongs to its walk although it lost the marker or the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from ims_mock.catalog.filters import Condition
from ims_mock.catalog.query import ListQuery, decoded
from ims_mock.journal.journal import Listed
from ims_mock.journal.pagination import marker_of, question_of

_OFTEN: Final = 3
"""So often a page is asked by a client that goes round in a circle."""

_COUNTING: Final = frozenset(
    {"offset", "page", "page_no", "page_num", "page_number", "page_size", "pageNo", "pageNum", "pageSize", "pagesize"}
    | {"per_page", "skip", "start"}
)
"""Parameters of lists whose pages are counted, as those of this service are not."""


Question = tuple[tuple[str, str], ...]


class Asked:
    """A request for a page, and what is looked at most of it."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.number, self.follows = listed.entry.number, listed.follows
        self.marker = marker_of(listed.note.query)
        pairs = question_of(listed.note.query)
        self.question = tuple(pair for pair in pairs if pair[0] not in _COUNTING)
        self.ids = listed.entry.ids
        self.paged = listed.note.paged
        self.page = self.marker, self.question
        self.is_counted = not self.ids and len(self.question) < len(pairs)

    @property
    def is_troubled(self) -> bool:
        """Whether it was not answered with a page, or met a fault: then a client may ask again."""
        return self.paged is None or bool(self.listed.note.fault)

    @property
    def has_more(self) -> bool:
        """Whether images follow this page, as far as the client can know.

        Glance promises more after every full page, so the catalog is asked what comes.
        """
        if self.paged is None or not self.paged[2]:
            return False
        query, view, _ = self.paged
        catalog = None if "full-last-page" in view.profile else self.listed.catalog
        return catalog is None or bool(catalog.page(replace(query, marker=self.ids[-1], limit=1), view).images)

    def differences(self, other: Asked) -> Iterator[str]:
        """Name the remarks that a page deserves for not going on with the question of another."""
        if self.paged is not None and other.paged is not None:
            own, others = self.paged[0], other.paged[0]
            if _filters(own) != _filters(others):
                yield "filters-changed"
            if own.sort != others.sort:
                yield "sort-changed"

    def follows_link_of(self, other: Asked) -> bool:
        """Whether it asks what the link in the answer to another says."""
        if other.paged is None or not other.ids:
            return False
        link = other.paged[0].next(other.ids[-1]).partition("?")[2]
        return sorted(decoded(link)) == sorted(decoded(self.listed.note.query))

    def overlaps(self, other: Asked) -> bool:
        """Whether somebody was there to ask it before an earlier one was answered, on another connection."""
        own, others = self.listed.note, other.listed.note
        is_elsewhere = bool(own.opened) and own.opened != others.opened
        return (own.opened if is_elsewhere else own.began) < others.began + others.seconds


def _filters(query: ListQuery) -> frozenset[Condition]:
    return frozenset(query.conditions)


# --- walks are told apart -------------------------------------------------------------------------


class Trail:
    """A walk as far as it is known: its requests, in order."""

    def __init__(self, first: Asked) -> None:
        self.asked = [first]
        self.questions: set[Question] = set()
        self.shown: set[str] = set(first.ids)
        self.pages: set[tuple[str, Question]] = set()
        self.end = ""
        self.is_open = True
        self._took(first)

    def take(self, asked: Asked) -> None:
        """Go on with a request."""
        self.asked.append(asked)
        self._took(asked)

    def _took(self, asked: Asked) -> None:
        self.shown.update(asked.ids)
        if asked.paged is not None:
            self.pages.add(asked.page)
            self.is_open = asked.paged[2]
        self.end = asked.ids[-1] if asked.ids else self.end

    @property
    def last(self) -> Asked:
        """Its latest request."""
        return self.asked[-1]

    def is_alike(self, asked: Asked) -> bool:
        """Whether a request asks what the walk asked first, or asks now."""
        return asked.question in (self.asked[0].question, self.last.question)

    def awaits(self, asked: Asked) -> bool:
        """Whether a request is the next one of the walk, or one asked again because of some trouble."""
        is_again = self.last.is_troubled and asked.page == self.last.page
        return self.end == asked.marker and (asked.page not in self.pages or is_again)


def told_apart(group: Iterable[Asked]) -> list[Trail]:
    """Tell the walks of one project through one list apart.

    Args:
        group: all of its requests, in order.
    """
    known = _Known()
    for asked in group:
        known.take(asked)
    return _paired(_circling(known.trails))


class _Known:
    """The walks that are known so far, by what requests say."""

    def __init__(self) -> None:
        self.trails: list[Trail] = []
        self._asking: dict[Question, list[Trail]] = {}
        self._showing: dict[str, list[Trail]] = {}
        self._ended: dict[tuple[str, Question], list[Trail]] = {}
        self._troubled: dict[Question, list[Trail]] = {}

    def take(self, asked: Asked) -> None:
        """Give a request to its walk, which may begin with it."""
        trail = self._home(asked) if asked.marker else self._begun_again(asked)
        fresh = asked.ids if trail is None else [image for image in asked.ids if image not in trail.shown]
        if trail is None:
            trail = Trail(asked)
            self.trails.append(trail)
        else:
            trail.take(asked)
        for image in fresh:
            self._showing.setdefault(image, []).append(trail)
        for question in {trail.asked[0].question, asked.question}:
            self._ended.setdefault((trail.end, question), []).append(trail)
        if asked.question not in trail.questions:
            trail.questions.add(asked.question)
            self._asking.setdefault(asked.question, []).append(trail)
        if asked.is_troubled:
            self._troubled.setdefault(asked.question, []).append(trail)

    def _begun_again(self, asked: Asked) -> Trail | None:
        """Give the walk that a request without a marker begins again because of some trouble."""
        troubled = self._troubled.get(asked.question, [])
        while troubled and not (troubled[-1].last.is_troubled and troubled[-1].is_open):
            troubled.pop()
        return troubled[-1] if troubled else None

    def _home(self, asked: Asked) -> Trail | None:
        """Give the walk that a request with a marker goes on with, ``None`` where it begins one.

        Best is a walk with the same question that ended at the marker. Otherwise the client lost something: its
        question, or its marker. Of several walks it is most likely on the one of which it asked last.
        """
        ended = self._ended.get((asked.marker, asked.question), [])
        while ended and not ended[-1].awaits(asked):
            ended.pop()
        if ended:
            return ended[-1]
        met = self._showing.get(asked.marker, [])
        found = [one for one in met if one.is_alike(asked) and (one.is_open or asked.follows == one.last.number)]
        if not found:
            found = [one for one in met if one.is_open and one.end == asked.marker]
            if met or asked.listed.entry.page == 1:  # else the journal knows the marker, and has forgotten the page
                alike = self._asking.get(asked.question, [])
                found += [one for one in alike if one.is_open and one.is_alike(asked)]
        if not found:
            found = [one for one in met if asked.follows == one.last.number]
        return max(found, key=lambda one: one.last.number, default=None)


def _circling(trails: list[Trail]) -> list[Trail]:
    """Join the walks of a client that begins from the beginning again and again.

    Each begins directly after the one before, with the same question to the same catalog, and before the one before was
    at its end. One that asked for several pages and then, once, for the first again may have been two that stopped.
    """
    runs: list[list[Trail]] = []
    ends = {walk.last.number: walk for walk in trails}
    places: dict[int, list[Trail]] = {}
    for walk in trails:
        first, before = walk.asked[0], ends.get(walk.asked[0].follows)
        is_again = (
            before is not None
            and not first.marker
            and before.is_open
            and before.is_alike(first)
            and before.last.listed.catalog is first.listed.catalog is not None
            and not first.overlaps(before.last)
        )
        run = places.get(id(before)) if is_again else None
        if run is None:
            run = []
            runs.append(run)
        run.append(walk)
        places[id(walk)] = run
    return [walk for run in runs for walk in (_joined(run) if _is_circle(run) else run)]


def _is_circle(run: list[Trail]) -> bool:
    is_counted = any(walk.asked[0].is_counted for walk in run)
    return len(run) >= _OFTEN or (len(run) > 1 and (is_counted or len(run[0].asked) == 1))


def _joined(run: list[Trail]) -> list[Trail]:
    whole = run[0]
    for walk in run[1:]:
        for asked in walk.asked:
            whole.take(asked)
    return [whole]


def _paired(trails: list[Trail]) -> list[Trail]:
    """Join the two walks that a client looks like which asks for each page twice."""
    left, found = {walk.asked[0].follows: walk for walk in trails}, []
    for walk in trails:
        first = walk.asked[0]
        if left.pop(first.follows, None) is not walk:  # it is the twin of one before
            continue
        twin = left.get(first.number)
        if twin and _are_twins(walk.asked, twin.asked):
            del left[first.number]
            walk.asked = sorted((*walk.asked, *twin.asked), key=lambda asked: asked.number)
        found.append(walk)
    return found


def _are_twins(ones: list[Asked], others: list[Asked]) -> bool:
    """Whether each page of two walks is asked for twice in a row, never at the same time.

    Two threads may happen to ask so, each time on another connection, but hardly for long.
    """
    fewest = 2 if ones[0].listed.note.opened == others[0].listed.note.opened else 3
    if len(ones) < fewest or abs(len(ones) - len(others)) > 1:
        return False
    both = sorted((*ones, *others), key=lambda asked: asked.number)
    return all(one.page == other.page for one, other in zip(both[::2], both[1::2], strict=False)) and all(
        after.follows == before.number and not after.overlaps(before) for before, after in pairwise(both)
    )
