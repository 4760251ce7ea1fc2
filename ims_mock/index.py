"""One part of a catalog: images in every order asked for, with lists of where in it each value stands.

An index never changes. Orders and posting lists are built on first use and kept. Within an order an image's position
is its rank, so a posting list made by walking the order is sorted by itself, and the images that match a query are
found by walking the smallest list that holds every candidate, from the marker on.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import chain, groupby
from typing import Final

from ims_mock.conditions import Compares, Condition, Equals, HasTag
from ims_mock.fields import BY_NAME, DEAD_STATUSES
from ims_mock.image import Image
from ims_mock.kinds import TAGS, Value
from ims_mock.query import ListQuery, SortKey
from ims_mock.tenancy import View

Ranks = Sequence[int]
Sort = tuple[SortKey, ...]

_BASE: Final = ("created_at", "id")
_NONE: Final = array("I")
_MISSING: Final = (False, "")
_ORDERS_KEPT: Final = 24


class Index:
    """The images of one part of a catalog.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.
    """

    def __init__(self, known: Mapping[str, Image | None]) -> None:
        self.known = known
        self._orders: dict[Sort, Order] = {}

    def __len__(self) -> int:
        return len(self.known)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every attribute that any image has."""
        return frozenset(chain.from_iterable(image.names for image in self._base))

    @cached_property
    def _base(self) -> list[Image]:
        """All images, oldest first and by id: the order in which every other order breaks its ties."""
        images = (image for image in self.known.values() if image is not None)
        return sorted(images, key=lambda image: (image.text("created_at"), image.id))

    def matches(self, query: ListQuery, view: View, marker: Image | None) -> Iterator[Image]:
        """Walk the images that a query lists, as the caller is shown them.

        Args:
            query: what is asked.
            view: who asks.
            marker: the image after which the walk begins, whatever part it is of; ``None`` to begin with the first.
        """
        for condition in query.conditions:
            if isinstance(condition, Equals) and condition.name not in BY_NAME and condition.name not in self.names:
                return  # no image has it, whatever it is called: no list need be built
        sort, is_reversed = walked(query.sort)
        order = self._order(sort)
        low, high = 0, len(order.rows)
        if marker is not None:
            low, high = order.beyond(marker, is_reversed=is_reversed)
        low, high = order.narrowed(query.conditions, low, high)
        for rank in order.candidates(query, view, range(low, high), is_reversed=is_reversed):
            image = order.rows[rank]
            status = image.text("status").lower()
            if status in DEAD_STATUSES and status not in query.dead:
                continue
            if not view.lists(image, query.visibility, query.member_status):
                continue
            shown = view.shown(image)
            if all(condition.holds(shown) for condition in query.conditions):
                yield shown

    def _order(self, sort: Sort) -> Order:
        order = self._orders.get(sort)
        if order is None:
            for oldest in list(self._orders)[: len(self._orders) - _ORDERS_KEPT + 1]:
                self._orders.pop(oldest, None)
            order = self._orders[sort] = Order(self._base, sort)
        return order


def walked(sort: Sort) -> tuple[Sort, bool]:
    """Tell which order is walked and whether backwards: every order serves both of its directions."""
    if sort[0].is_descending:
        return tuple(SortKey(key.name, not key.is_descending) for key in sort), True
    return sort, False


class _Descending:
    """A part of a key by which an order descends: of two the larger one sorts first."""

    __slots__ = ("ascending",)

    def __init__(self, ascending: tuple[bool, Value]) -> None:
        self.ascending = ascending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.ascending == other.ascending

    def __lt__(self, other: _Descending) -> bool:
        return other.ascending < self.ascending


Part = tuple[bool, Value] | _Descending


def key_of(sort: Sort) -> Callable[[Image], tuple[Part, ...]]:
    """Make the function that gives an image's key in an order: keys compare as the images stand."""
    columns = [_column(key) for key in sort]
    return lambda image: tuple([part(image) for part in columns])


def _column(key: SortKey) -> Callable[[Image], Part]:
    """Make the function that gives what one sort key adds to a key; a missing value sorts below every value."""
    name, is_descending = key.name, key.is_descending

    def part(image: Image) -> Part:
        value = image.get(name)
        ascending = _MISSING if value is None else (True, value)
        return _Descending(ascending) if is_descending else ascending

    return part


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
    """The images of a part in one total order, with the posting lists built for it so far.

    Args:
        base: the images by ``created_at`` and ``id``.
        sort: the keys of the order, down to the ``id``.
    """

    def __init__(self, base: list[Image], sort: Sort) -> None:
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

    def beyond(self, marker: Image, *, is_reversed: bool) -> tuple[int, int]:
        """Give the range of ranks after an image on the walk; it may be one of another part."""
        low, high = 0, len(self.rows)
        for key in self.sort:
            part = _column(key)
            stretch = (self.rows, part(marker), low, high)
            low, high = bisect_left(*stretch, key=part), bisect_right(*stretch, key=part)
            if low == high:
                break
        return (0, low) if is_reversed else (high, len(self.rows))

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

    def candidates(self, query: ListQuery, view: View, within: range, *, is_reversed: bool) -> Iterator[int]:
        """Walk the smallest known set of ranks within a range that holds every image the query can list."""
        best, size = [_Span(within, 0, len(within))], len(within)
        for lists in self._choices(query, view):
            spans = [_Span(ranks, bisect_left(ranks, within.start), bisect_left(ranks, within.stop)) for ranks in lists]
            total = sum(map(len, spans))
            if total < size:
                best, size = spans, total
        walks = [span.walk(is_reversed=is_reversed) for span in best if span]
        if len(walks) == 1:
            return walks[0]
        return (rank for rank, _ in groupby(merge(*walks, reverse=is_reversed)))

    def _choices(self, query: ListQuery, view: View) -> Iterator[list[Ranks]]:
        """Give several ways to name a set of candidates, each a union of posting lists."""
        scope = view.scope(query.visibility)
        if scope is not None:
            yield [self._postings_of(name, folded=name == "visibility").get(value, _NONE) for name, value in scope]
        for condition in query.conditions:
            if isinstance(condition, HasTag):
                yield [self._postings_of("tags").get(tag, _NONE) for tag in condition.tags]
            elif isinstance(condition, Equals):
                lists = self._postings_of(condition.name, folded=condition.folded)
                found: list[Ranks] = [lists.get(value, _NONE) for value in condition.values]
                if condition.name in ("visibility", "__imagetype") and "shared" in condition.values:
                    found.append(self._postings_of("members").get(view.caller.project, _NONE))
                yield found

    def _postings_of(self, name: str, *, folded: bool = False) -> dict[Value, array[int]]:
        lists = self._postings.get((name, folded))
        if lists is None:
            lists, values = {}, _values_of(name)
            fold = BY_NAME[name].fold if folded else None
            stored: dict[Value, array[int]] = {}  # the same lists by the values as they are written
            for rank, image in enumerate(self.rows):
                for value in values(image):
                    ranks = stored.get(value)
                    if ranks is None:
                        key = fold(value) if fold and isinstance(value, str) else value
                        ranks = stored[value] = lists.setdefault(key, array("I"))
                    ranks.append(rank)
            self._postings[name, folded] = lists
        return lists


def _values_of(name: str) -> Callable[[Image], Iterable[Value]]:
    """Make the function that gives the values under which an image is found in the posting lists of an attribute."""
    if name == "members":
        return lambda image: (*image.members, "") if image.members else ()
    if name in BY_NAME and BY_NAME[name].kind is TAGS:
        return lambda image: image.tags
    return lambda image: () if (value := image.get(name)) is None else (value,)
