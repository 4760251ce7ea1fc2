"""The images of a part of a catalog in one total order: their ranks, and where a walk begins and ends.

Within an order an image's place is its rank, so a list of ranks made by walking the order is sorted by itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from ims_mock.conditions import RANGED, Condition, Ranged
from ims_mock.fields import BY_NAME
from ims_mock.image import Image
from ims_mock.kinds import TIME, Value
from ims_mock.sorting import Sort, arranged, part_of
from ims_mock.table import Table


class Order:
    """The images of a part in one total order.

    Args:
        table: the images.
        sort: the keys of the order, down to the ``id``; the first one ascends.

    Attributes:
        table: the same.
        positions: the position of each rank.
    """

    def __init__(self, table: Table, sort: Sort) -> None:
        self.table = table
        self.positions = arranged(table, sort)
        self._sort, self._first = sort, sort[0].name

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def ranks(self) -> Sequence[int]:
        """The rank of each position."""
        if isinstance(self.positions, range):
            return self.positions
        ranks = array("I", bytes(4 * len(self)))
        for rank, position in enumerate(self.positions):
            ranks[position] = rank
        return ranks

    def image(self, rank: int) -> Image:
        """Give the image of a rank."""
        return self.table.images[self.positions[rank]]

    def column(self, name: str) -> list[Value | None]:
        """Give what each image stores of an attribute, in this order."""
        stored = self.table.column(name)
        return stored if isinstance(self.positions, range) else list(map(stored.__getitem__, self.positions))

    def images(self) -> Iterable[Image]:
        """Give all images, in this order."""
        return map(self.table.images.__getitem__, self.positions)

    def rank(self, image: Image) -> int | None:
        """Give the rank of an image, ``None`` when it is not in this part."""
        position = self.table.position(image)
        return None if position is None else self.ranks[position]

    def beyond(self, marker: Image, *, is_reversed: bool) -> tuple[int, int]:
        """Give the range of ranks after an image on the walk; it may be one of another part."""
        rank = self.rank(marker)
        if rank is not None:
            return (0, rank) if is_reversed else (rank + 1, len(self))
        images, low, high = self.table.images, 0, len(self)
        for key in self._sort:
            part = part_of(key)
            wanted = part(marker)
            low = bisect_left(self.positions, wanted, low, high, key=lambda one, part=part: part(images[one]))
            high = bisect_right(self.positions, wanted, low, high, key=lambda one, part=part: part(images[one]))
            if low == high:
                break
        return (0, low) if is_reversed else (high, len(self))

    def narrowed(self, conditions: Sequence[Condition], low: int, high: int) -> tuple[int, int, Sequence[Condition]]:
        """Narrow a range of ranks by the conditions that hold in a range of what the order sorts by first.

        Returns:
            The range, and the conditions that are still to be tested in it.
        """
        left = conditions
        for condition in conditions:
            if isinstance(condition, RANGED) and condition.name == self._first and condition.is_range:
                first, last = self.between(condition)
                low, high = max(low, first), min(high, last)
                left = [one for one in left if one is not condition]
        return low, max(low, high), left

    def between(self, condition: Ranged) -> tuple[int, int]:
        """Give the range of ranks in which a condition on what the order sorts by first holds."""
        valueless, values = self._values
        low, high = condition.among(values)
        return valueless + low, valueless + high

    @cached_property
    def _values(self) -> tuple[int, Sequence[Value]]:
        """How many images have no value of the first key, which stand first, and the values of the others.

        Times are numbers here, which lie together, so that a bisection finds them sooner.
        """
        if BY_NAME[self._first].kind is TIME:
            stamps = array("q", map(self.table.stamps(self._first).__getitem__, self.positions))
            timeless = bisect_right(stamps, 0)
            return timeless, stamps[timeless:]
        values = [value for value in self.column(self._first) if value is not None]
        return len(self) - len(values), values
