"""The catalog: holds images and answers a query with a page.

A catalog never changes; a request answers from the one it began with, so readers take no lock. Orders and posting
lists are built on first use and kept. Within an order an image's position is its rank, so a posting list made by
walking the order is sorted by itself, and a page is: the smallest list that holds every candidate, from the marker on,
checked until the page is full.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import groupby
from typing import Final

from ims_mock.conditions import Compares, Condition, Equals, HasTag
from ims_mock.errors import RequestError
from ims_mock.fields import BY_NAME, DEAD_STATUSES
from ims_mock.image import Image
from ims_mock.kinds import TAGS, Value
from ims_mock.query import ListQuery, SortKey
from ims_mock.tenancy import View

Ranks = Sequence[int]

_BASE: Final = ("created_at", "id")
_NONE: Final = array("I")
_UUID_LENGTH: Final = 36
_LEGAL_MARKER: Final = "the id of an image that the list has shown"
_ORDERS_KEPT: Final = 24


@dataclass(frozen=True)
class Page:
    """The images of one page, as the caller is shown them, and whether more follow."""

    images: tuple[Image, ...]
    has_next: bool


class Catalog:
    """An immutable set of images with unique ids.

    Args:
        images: the images, in any order.

    Raises:
        ValueError: two images have the same id.
    """

    def __init__(self, images: Iterable[Image] = ()) -> None:
        self._by_id: dict[str, Image] = {}
        for image in images:
            if self._by_id.setdefault(image.id, image) is not image:
                raise ValueError(f"the id {image.id} is given twice")
        self._orders: dict[tuple[SortKey, ...], Order] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Image]:
        return iter(self._by_id.values())

    def image(self, image_id: str) -> Image | None:
        """Give the image of this id, dead or alive; ``None`` when there is none."""
        return self._by_id.get(image_id)

    def with_image(self, image: Image) -> Catalog:
        """Give a catalog in which an image is added, or replaces the one of its id."""
        return Catalog({**self._by_id, image.id: image}.values())

    @cached_property
    def names(self) -> frozenset[str]:
        """Every attribute that any image has."""
        return frozenset(name for image in self for name in image.names)

    @cached_property
    def _base(self) -> list[Image]:
        """All images, oldest first and by id: the order in which every other order breaks its ties."""
        return sorted(self, key=lambda image: (image.text("created_at"), image.id))

    def page(self, query: ListQuery, view: View) -> Page:
        """Answer a query.

        Args:
            query: what is asked.
            view: who asks.

        Raises:
            RequestError: the marker is unknown or not the caller's to see.
        """
        marker = self._marker(query, view)
        order, is_reversed = self._order(query.sort)
        low, high = 0, len(order.rows)
        if marker is not None:
            rank = order.rank(marker)
            low, high = (low, rank) if is_reversed else (rank + 1, high)
        low, high = order.narrowed(query.conditions, low, high)
        images: list[Image] = []
        for rank in order.candidates(query, view, self.names, range(low, high), is_reversed=is_reversed):
            image = order.rows[rank]
            status = image.text("status").lower()
            if status in DEAD_STATUSES and status not in query.dead:
                continue
            if not view.lists(image, query.visibility, query.member_status):
                continue
            shown = view.shown(image)
            if all(condition.holds(shown) for condition in query.conditions):
                images.append(shown)
                if len(images) > query.limit:
                    break
        page = tuple(images[: query.limit])
        if "full-last-page" in view.profile:
            return Page(page, has_next=0 < len(page) < len(images))
        return Page(page, has_next=0 < len(page) == query.limit)

    def _marker(self, query: ListQuery, view: View) -> Image | None:
        """Look the marker up; a deleted image is one for an admin, or where deleted images are asked for."""
        if query.marker is None:
            return None
        image = self.image(query.marker)
        is_gone = image is not None and image.is_deleted
        if image is None or (is_gone and not view.caller.is_admin and "deleted" not in query.dead):
            is_long = image is None and len(query.marker) > _UUID_LENGTH  # Glance does not even look such an id up
            raise RequestError("long-marker" if is_long else "marker", "marker", query.marker, _LEGAL_MARKER)
        if not view.sees(image):
            raise RequestError("hidden-marker", "marker", query.marker, _LEGAL_MARKER)
        return image

    def _order(self, sort: tuple[SortKey, ...]) -> tuple[Order, bool]:
        """Give the order and whether to walk it backwards: every order serves both of its directions."""
        is_reversed = sort[0].is_descending
        if is_reversed:
            sort = tuple(SortKey(key.name, not key.is_descending) for key in sort)
        order = self._orders.get(sort)
        if order is None:
            for oldest in list(self._orders)[: len(self._orders) - _ORDERS_KEPT + 1]:
                self._orders.pop(oldest, None)
            order = self._orders[sort] = Order(self._base, sort)
        return order, is_reversed


@dataclass(frozen=True)
class _Span:
    """A stretch of a posting list."""

    ranks: Ranks
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def walk(self, *, is_reversed: bool) -> Iterator[int]:
        """Walk the ranks up or down, without copying them."""
        places = range(self.start, self.stop)
        return map(self.ranks.__getitem__, reversed(places) if is_reversed else places)


class Order:
    """The images in one total order, with the posting lists built for it so far.

    Args:
        base: the images by ``created_at`` and ``id``.
        sort: the keys of the order, down to the ``id``.
    """

    def __init__(self, base: list[Image], sort: tuple[SortKey, ...]) -> None:
        self.sort = sort
        self.rows = self._arranged(base)
        self._postings: dict[tuple[str, bool], dict[Value, array[int]]] = {}

    def _arranged(self, base: list[Image]) -> list[Image]:
        """Sort stably by one key after the other, the last first; the base order already breaks the ties."""
        names = tuple(key.name for key in self.sort)
        rows, keys = base, self.sort
        if names[-2:] == _BASE and len({key.is_descending for key in self.sort[-2:]}) == 1:
            rows, keys = (base[::-1] if keys[-1].is_descending else base), keys[:-2]
        for key in reversed(keys):
            present = [image for image in rows if image.get(key.name) is not None]
            missing = [image for image in rows if image.get(key.name) is None]
            present.sort(key=lambda image, name=key.name: image.get(name), reverse=key.is_descending)  # type: ignore[misc]
            rows = present + missing if key.is_descending else missing + present
        return rows

    @cached_property
    def _is_ascending(self) -> bool:
        return not any(key.is_descending for key in self.sort)

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {image.id: rank for rank, image in enumerate(self.rows)}

    def _key(self, image: Image) -> tuple[tuple[bool, Value], ...]:
        """Make a key that compares as the order does: a missing value sorts below every value."""
        values = (image.get(key.name) for key in self.sort)
        return tuple((False, "") if value is None else (True, value) for value in values)

    def rank(self, image: Image) -> int:
        """Give the position of an image; it must be in the catalog."""
        if self._is_ascending:
            return bisect_left(self.rows, self._key(image), key=self._key)
        return self._ranks[image.id]

    def narrowed(self, conditions: Iterable[Condition], low: int, high: int) -> tuple[int, int]:
        """Narrow a range of ranks by the conditions on the time that the order sorts by first."""
        first = self.sort[0]
        for condition in conditions:
            if isinstance(condition, Compares) and condition.name == first.name and not first.is_descending:
                second, operator = condition.instant.second, condition.operator
                if operator in ("gt", "gte", "eq"):
                    low = max(low, bisect_left(self.rows, second, key=lambda image: image.text(first.name)))
                if operator in ("lt", "lte", "eq"):
                    high = min(high, bisect_right(self.rows, second, key=lambda image: image.text(first.name)))
        return low, max(low, high)

    def candidates(
        self, query: ListQuery, view: View, names: frozenset[str], within: range, *, is_reversed: bool
    ) -> Iterator[int]:
        """Walk the smallest known set of ranks within a range that holds every image the query can list."""
        best, size = [_Span(within, 0, len(within))], len(within)
        for lists in self._choices(query, view, names):
            spans = [_Span(ranks, bisect_left(ranks, within.start), bisect_left(ranks, within.stop)) for ranks in lists]
            total = sum(map(len, spans))
            if total < size:
                best, size = spans, total
        walks = [span.walk(is_reversed=is_reversed) for span in best if span]
        if len(walks) == 1:
            return walks[0]
        return (rank for rank, _ in groupby(merge(*walks, reverse=is_reversed)))

    def _choices(self, query: ListQuery, view: View, names: frozenset[str]) -> Iterator[list[Ranks]]:
        """Give several ways to name a set of candidates, each a union of posting lists."""
        scope = view.scope(query.visibility)
        if scope is not None:
            yield [self._postings_of(name, folded=name == "visibility").get(value, _NONE) for name, value in scope]
        for condition in query.conditions:
            if isinstance(condition, HasTag):
                yield [self._postings_of("tags").get(tag, _NONE) for tag in condition.tags]
            elif isinstance(condition, Equals):
                if condition.name not in names and condition.name not in ("visibility", "__imagetype"):
                    yield []  # no image has it, whatever it is called: no list need be built
                    continue
                lists = self._postings_of(condition.name, folded=condition.folded)
                found: list[Ranks] = [lists.get(value, _NONE) for value in condition.values]
                if condition.name in ("visibility", "__imagetype") and "shared" in condition.values:
                    found.append(self._postings_of("members").get(view.caller.project, _NONE))
                yield found

    def _postings_of(self, name: str, *, folded: bool = False) -> dict[Value, array[int]]:
        lists = self._postings.get((name, folded))
        if lists is None:
            lists = {}
            fold = BY_NAME[name].fold if folded else None
            for rank, image in enumerate(self.rows):
                for value in _values(image, name):
                    key = fold(value) if fold and isinstance(value, str) else value
                    lists.setdefault(key, array("I")).append(rank)
            self._postings[name, folded] = lists
        return lists


def _values(image: Image, name: str) -> Iterable[Value]:
    """Give every value under which an image is found in the posting lists of an attribute."""
    if name == "members":
        return (*image.members, "") if image.members else ()
    if name in BY_NAME and BY_NAME[name].kind is TAGS:
        return image.tags
    value = image.get(name)
    return () if value is None else (value,)
