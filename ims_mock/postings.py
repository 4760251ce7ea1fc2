"""Posting lists: where in an order the images stand that have a value of an attribute."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, islice
from operator import eq
from typing import Any, Final, NamedTuple

from ims_mock.fields import BY_NAME
from ims_mock.kinds import TAGS, Value
from ims_mock.order import Order

MEMBERS: Final = "members"
"""Under this name stands which projects an image is shared with."""

_FEW: Final = 8
"""Where a value has fewer images than that on average, a list for each would take more room than its ranks."""


class Span(NamedTuple):
    """A stretch of a sorted sequence of ranks."""

    ranks: Sequence[int]
    start: int
    stop: int

    @classmethod
    def of(cls, ranks: Sequence[int]) -> Span:
        """Give all of some ranks."""
        return cls(ranks, 0, len(ranks))

    @property
    def size(self) -> int:
        """How many ranks it holds."""
        return self.stop - self.start

    def all(self) -> Sequence[int]:
        """Give its ranks."""
        return self.ranks[self.start : self.stop]

    def within(self, low: int, high: int) -> Span:
        """Give what of it stands from one rank up to, but without, another."""
        ranks, start, stop = self
        if start < stop and low <= ranks[start] and ranks[stop - 1] < high:
            return self
        return Span(ranks, bisect_left(ranks, low, start, stop), bisect_left(ranks, high, start, stop))


NOWHERE: Final = Span.of(array("I"))


class Postings:
    """The posting lists of one attribute in one order.

    Args:
        order: that order.
        name: the attribute, or :data:`MEMBERS`.
        folded: whether values are found in any case and spelling.
    """

    def __init__(self, order: Order, name: str, *, folded: bool = False) -> None:
        self._rare: _Rare | None = None
        self._lists: dict[Value, array[int]] = {}
        if name == MEMBERS:
            self._gather(enumerate((*image.members, "") if image.members else () for image in order.images()))
            return
        found = order.column(name)
        if name in BY_NAME and BY_NAME[name].kind is TAGS:
            self._gather(enumerate(one if isinstance(one, tuple) else () for one in found))
            return
        fold = BY_NAME[name].fold if folded else None
        images, positions = order.table.images, order.positions
        counts: Counter[Any] = Counter(found)
        del counts[None]
        self._rare = None if fold else _Rare.of(found, counts, lambda rank: images[positions[rank]].get(name))
        if self._rare is None:
            self._gather_single(found, counts, fold)

    def get(self, value: Value) -> Span:
        """Give where the images stand that have a value."""
        if self._rare:
            return self._rare.get(value)
        ranks = self._lists.get(value)
        return NOWHERE if ranks is None else Span.of(ranks)

    def _gather(self, found: Iterable[tuple[int, Iterable[Value]]]) -> None:
        lists = self._lists
        for rank, values in found:
            for value in values:
                ranks = lists.get(value)
                if ranks is None:
                    ranks = lists[value] = array("I")
                ranks.append(rank)

    def _gather_single(
        self, column: list[Value | None], values: Iterable[Value], fold: Callable[[str], str] | None
    ) -> None:
        lists: dict[Value, array[int]] = {}
        stored = {
            value: lists.setdefault(fold(value) if fold and isinstance(value, str) else value, array("I"))
            for value in values
        }
        for rank, value in enumerate(column):
            if value is not None:
                stored[value].append(rank)
        self._lists = lists


class _Rare(NamedTuple):
    """Posting lists of texts that few images share each, in three arrays; the texts themselves are not kept.

    Attributes:
        hashes: those of the texts, in ascending order.
        starts: where the ranks of each begin, and where the last ones end.
        ranks: those at which the images stand that have the first text, then those of the second, …
        text_at: gives the text at a rank.
    """

    hashes: array[int]
    starts: array[int]
    ranks: array[int]
    text_at: Callable[[int], Value | None]

    @classmethod
    def of(
        cls, column: Sequence[Value | None], counts: Mapping[Any, int], text_at: Callable[[int], Value | None]
    ) -> _Rare | None:
        """Make them; ``None`` where many images share a value, or what would have to be known is not.

        Args:
            column: the text of each rank, ``None`` where it has none.
            counts: how many images have each text.
            text_at: gives the same again.
        """
        if len(counts) * _FEW <= len(column) or not all(isinstance(value, str) for value in counts):
            return None
        values = sorted(counts, key=hash)
        hashes = array("q", map(hash, values))
        if any(map(eq, hashes, islice(hashes, 1, None))):  # of two texts one could not be told from the other
            return None
        starts = array("I", accumulate(map(counts.__getitem__, values), initial=0))
        ranks = array("I", bytes(4 * starts[-1]))
        places = dict(zip(values, starts, strict=False))
        for rank, value in enumerate(column):
            if value is not None:
                place = places[value]
                ranks[place] = rank
                places[value] = place + 1
        return cls(hashes, starts, ranks, text_at)

    def get(self, value: Value) -> Span:
        """Give where the images stand that have a text."""
        wanted = hash(value)
        place = bisect_left(self.hashes, wanted)
        if place == len(self.hashes) or self.hashes[place] != wanted:
            return NOWHERE
        start = self.starts[place]
        return Span(self.ranks, start, self.starts[place + 1]) if self.text_at(self.ranks[start]) == value else NOWHERE
