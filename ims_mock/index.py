"""One part of a catalog: its images, and the orders in which they were asked for.

An index never changes. Orders are built on first use and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Final

from ims_mock.conditions import Condition, Equals, Ranged
from ims_mock.fields import BY_NAME
from ims_mock.groups import group_of
from ims_mock.image import Image
from ims_mock.keeping import Kept
from ims_mock.order import AS_SHOWN, Order, Sort, Stretch
from ims_mock.query import ListQuery, SortKey
from ims_mock.tenancy import View

_ORDERS_KEPT: Final = 24


class Index:
    """The images of one part of a catalog.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.
    """

    def __init__(self, known: Mapping[str, Image | None]) -> None:
        self.known = known
        self._orders: Kept[Sort, Order] = Kept(_ORDERS_KEPT)

    def __len__(self) -> int:
        return len(self.known)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every attribute that any image has."""
        return frozenset(chain.from_iterable(image.names for image in self._images))

    @cached_property
    def _images(self) -> list[Image]:
        """All images, oldest first and by id: the order in which every other order breaks its ties."""
        images = [image for image in self.known.values() if image is not None]
        images.sort(key=lambda image: image.id)
        images.sort(key=lambda image: image.text("created_at"))
        return images

    @cached_property
    def _numbers(self) -> bytes:
        """The number of the group of each image."""
        return bytes(map(group_of, self._images))

    def first(self, query: ListQuery, view: View, marker: Image | None, count: int) -> list[Image]:
        """Give the first images of a walk, as the caller is shown them.

        Args:
            query: what is asked.
            view: who asks.
            marker: the image after which the walk begins, whatever part it is of; ``None`` to begin with the first.
            count: how many images at most.
        """
        for condition in query.conditions:
            if isinstance(condition, Equals) and condition.name not in BY_NAME and condition.name not in self.names:
                return []  # no image has it, whatever it is called: no list need be built
        sort, is_reversed = walked(query.sort)
        order = self._order(sort)
        low, high = 0, len(order)
        if marker is not None:
            low, high = order.beyond(marker, is_reversed=is_reversed)
        low, high, conditions = order.narrowed(query.conditions, low, high)
        stretches = self._stretches(conditions)
        return order.find(query, view, conditions, stretches, range(low, high), count, is_reversed=is_reversed)

    def matches(self, query: ListQuery, view: View, marker: Image | None) -> Iterator[Image]:
        """Walk the images that a query lists, as the caller is shown them.

        Args:
            query: what is asked.
            view: who asks.
            marker: as for :meth:`first`.
        """
        count = query.limit + 1
        while found := self.first(query, view, marker, count):
            yield from found
            if len(found) < count:
                return
            marker = found[-1]

    def _order(self, sort: Sort) -> Order:
        return self._orders.get(sort, lambda: Order(self.known, self._images, self._numbers, sort))

    def _stretches(self, conditions: Sequence[Condition]) -> dict[Condition, Stretch]:
        """Tell where those conditions hold that hold in a range of values, by the orders that sort by these."""
        found: dict[Condition, Stretch] = {}
        for condition in conditions:
            if isinstance(condition, Ranged) and condition.is_range and condition.name not in AS_SHOWN:
                names = dict.fromkeys((condition.name, "created_at", "id"))
                order = self._order(tuple(SortKey(name, is_descending=False) for name in names))
                found[condition] = Stretch(order, *order.between(condition))
        return found


@lru_cache(maxsize=64)
def walked(sort: Sort) -> tuple[Sort, bool]:
    """Tell which order is walked and whether backwards: every order serves both of its directions."""
    if sort[0].is_descending:
        return tuple(SortKey(key.name, not key.is_descending) for key in sort), True
    return sort, False
