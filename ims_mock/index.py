"""One part of a catalog: its images, and the orders in which they were asked for.

An index never changes. Orders are built on first use and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

from ims_mock.columns import names_in
from ims_mock.conditions import RANGED, Condition, Equals
from ims_mock.fields import BY_NAME
from ims_mock.image import Image
from ims_mock.keeping import Kept, uncollected
from ims_mock.lists import AS_SHOWN, Asked, KeptLists, Lists, Stretch, asked_of
from ims_mock.order import Order
from ims_mock.query import ListQuery, SortKey
from ims_mock.sorting import Sort
from ims_mock.table import BASE, Table
from ims_mock.tenancy import View
from ims_mock.walking import find, images_at, rendered_at

ORDERS_KEPT: Final = 24


class Index:
    """The images of one part of a catalog.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.
    """

    def __init__(self, known: Mapping[str, Image | None]) -> None:
        self.known = known
        self._lists: Kept[Sort, Lists] = Kept(ORDERS_KEPT)
        self._kept = KeptLists()

    def __len__(self) -> int:
        return len(self.known)

    def settle(self) -> None:
        """Put the images in the order that all others are built from."""
        _ = self._table.rendered

    @cached_property
    def names(self) -> frozenset[str]:
        """Every attribute that any image has, but for those of the table of fields."""
        return names_in(self._table.images).difference(BY_NAME)

    @cached_property
    def _table(self) -> Table:
        with uncollected():
            return Table(self.known)

    def rendered(self, query: ListQuery, view: View, marker: Image | None, count: int) -> Sequence[bytes]:
        """Give the first images of a walk, rendered as the list shows them to the caller.

        Args:
            query: what is asked.
            view: who asks.
            marker: the image after which the walk begins, whatever part it is of; ``None`` to begin with the first.
            count: how many images at most.
        """
        found = self._first(query, view, marker, count)
        return rendered_at(*found) if found else []

    def matches(self, query: ListQuery, view: View, marker: Image | None) -> Iterator[Image]:
        """Walk the images that a query lists, as the caller is shown them.

        Args:
            query: what is asked.
            view: who asks.
            marker: as for :meth:`rendered`.
        """
        count = query.limit + 1
        while found := self._first(query, view, marker, count):
            images = images_at(*found)
            yield from images
            if len(images) < count:
                return
            marker = images[-1]

    def _first(
        self, query: ListQuery, view: View, marker: Image | None, count: int
    ) -> tuple[Lists, Asked, list[int]] | None:
        """Find the ranks of the first images of a walk, and in which lists; ``None`` where no list need be built."""
        for condition in query.conditions:
            if isinstance(condition, Equals) and condition.name not in BY_NAME and condition.name not in self.names:
                return None  # no image has it, whatever it is called
        sort, is_reversed = walked(query.sort)
        lists = self._lists_of(sort)
        order = lists.order
        low, high = 0, len(order)
        if marker is not None:
            low, high = order.beyond(marker, is_reversed=is_reversed)
        low, high, conditions = order.narrowed(query.conditions, low, high)
        asked = asked_of(query, view, conditions, self._stretches(conditions))
        return lists, asked, find(lists, asked, range(low, high), count, is_reversed=is_reversed)

    def _lists_of(self, sort: Sort) -> Lists:
        return self._lists.get(sort, lambda: Lists(Order(self._table, sort), self._kept))

    def _stretches(self, conditions: Sequence[Condition]) -> dict[Condition, Stretch]:
        """Tell where those conditions hold that hold in a range of values, by the orders that sort by these."""
        found: dict[Condition, Stretch] = {}
        for condition in conditions:
            if isinstance(condition, RANGED) and condition.is_range and condition.name not in AS_SHOWN:
                names = dict.fromkeys((condition.name, *BASE))
                lists = self._lists_of(tuple(SortKey(name, is_descending=False) for name in names))
                found[condition] = Stretch(lists.order, *lists.order.between(condition))
        return found


@lru_cache(maxsize=64)
def walked(sort: Sort) -> tuple[Sort, bool]:
    """Tell which order is walked and whether backwards: every order serves both of its directions."""
    if sort[0].is_descending:
        return tuple(SortKey(key.name, not key.is_descending) for key in sort), True
    return sort, False
