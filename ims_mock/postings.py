"""Posting lists: where in an order the images stand that have a value of an attribute."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from ims_mock.columns import column
from ims_mock.fields import BY_NAME
from ims_mock.image import Image
from ims_mock.kinds import TAGS, Value

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
        images: the images in that order.
        name: the attribute, or :data:`MEMBERS`.
        folded: whether values are found in any case and spelling.
    """

    def __init__(self, images: Iterable[Image], name: str, *, folded: bool = False) -> None:
        self._rare: _Rare | None = None
        self._lists: dict[Value, array[int]] = {}
        if name == MEMBERS:
            self._gather(enumerate((*image.members, "") if image.members else () for image in images))
        elif name in BY_NAME and BY_NAME[name].kind is TAGS:
            self._gather(enumerate(image.tags for image in images))
        else:
            self._gather_single(column(images, name), BY_NAME[name].fold if folded else None)

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

    def _gather_single(self, column: list[Value | None], fold: Callable[[str], str] | None) -> None:
        values: Counter[Any] = Counter(column)
        del values[None]
        if len(values) * _FEW > len(column) and not fold and all(isinstance(value, str) for value in values):
            self._rare = _Rare(column, values)
            return
        lists: dict[Value, array[int]] = {}
        stored = {
            value: lists.setdefault(fold(value) if fold and isinstance(value, str) else value, array("I"))
            for value in values
        }
        for rank, value in enumerate(column):
            if value is not None:
                stored[value].append(rank)
        self._lists = lists


class _Rare:
    """Posting lists of texts that few images share each, in three arrays.

    Args:
        column: the text of each rank, ``None`` where it has none.
        counts: how many images have each text.
    """

    def __init__(self, column: list[Any], counts: Counter[Any]) -> None:
        self._values: list[str] = sorted(counts)
        self._starts = array("I", accumulate(map(counts.__getitem__, self._values), initial=0))
        self._ranks = array("I", bytes(4 * self._starts[-1]))
        places = dict(zip(self._values, self._starts, strict=False))
        for rank, value in enumerate(column):
            if value is not None:
                place = places[value]
                self._ranks[place] = rank
                places[value] = place + 1

    def get(self, value: Value) -> Span:
        place = bisect_left(self._values, value) if isinstance(value, str) else 0
        if place == len(self._values) or self._values[place] != value:
            return NOWHERE
        return Span(self._ranks, self._starts[place], self._starts[place + 1])
