"""The images of a part of a catalog in one total order: where a walk begins, and which images it finds.

Within an order an image's position is its rank, so a posting list made by walking the order is sorted by itself.
A walk goes through the smallest set of ranks that holds all it can find, from the marker on. One that meets too many
images in vain goes on with bitmaps: what the conditions have in common is then found block by block.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, compress, filterfalse, islice
from typing import Final, NamedTuple

from ims_mock import groups
from ims_mock.bitmaps import Bitmap, bitmap, common
from ims_mock.conditions import Condition, Equals, HasTag, IsDefault, Not, Ranged
from ims_mock.image import Image
from ims_mock.keeping import Kept
from ims_mock.kinds import Value
from ims_mock.postings import MEMBERS, NOWHERE, Postings, Span
from ims_mock.query import ListQuery, SortKey
from ims_mock.tenancy import View

Sort = tuple[SortKey, ...]

PATIENCE: Final = 256
"""How many images a walk meets in vain before it goes on with bitmaps."""

GENEROUS: Final = 4
"""So many more it meets in vain for each that it finds."""

_POSTINGS_KEPT: Final = 48
_LISTS_KEPT: Final = 16
_BITMAPS_KEPT: Final = 64
_BASE: Final = ("created_at", "id")
_MISSING: Final = (False, "")
AS_SHOWN: Final = frozenset({"visibility", "__imagetype"})
"""What members are shown otherwise than it is stored, so that the stored values do not decide."""

_ID: Final = "id"
_ONES: Final = {verdict: bytes(one == verdict for one in range(256)) for verdict in (groups.YES, groups.ASK)}
"""Turns a verdict into 1, and the others into 0."""


class Stretch(NamedTuple):
    """Where a condition holds that holds in a range of values: ranks of the order that sorts by these.

    Attributes:
        order: that order.
        low: the first of the ranks.
        high: the rank after the last one.
    """

    order: Order
    low: int
    high: int

    @property
    def positions(self) -> Sequence[int]:
        """The positions of the images there."""
        return self.order.positions[self.low : self.high]


class Asked(NamedTuple):
    """What a walk has to know.

    Attributes:
        query: what is asked.
        view: who asks.
        verdicts: those on all groups; what they say of registration need not be tested.
        conditions: those that are to be tested.
        stretches: where those hold that hold in a range of values.
    """

    query: ListQuery
    view: View
    verdicts: groups.Verdicts
    conditions: tuple[Condition, ...]
    stretches: Mapping[Condition, Stretch]


class _Way(NamedTuple):
    """A set of ranks to walk.

    Attributes:
        span: the ranks.
        conditions: what is to be tested of each.
        verdict: on which groups the verdict must be this one; ``None`` where each image is known to be listed.
    """

    span: Span
    conditions: tuple[Condition, ...]
    verdict: int | None = None


class Order:
    """The images of a part in one total order, with the posting lists and bitmaps built for it so far.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.
        images: its images, oldest first and by id; their places here are called positions.
        numbers: the number of the group of each.
        sort: the keys of the order, down to the ``id``; the first one ascends.

    Attributes:
        positions: of the images, in this order.
    """

    def __init__(self, known: Mapping[str, Image | None], images: Sequence[Image], numbers: bytes, sort: Sort) -> None:
        self.sort = sort
        self._known, self._images = known, images
        self.positions = _arranged(images, sort)
        is_base = isinstance(self.positions, range)
        self._numbers = numbers if is_base else bytes(map(numbers.__getitem__, self.positions))
        self._first = sort[0].name
        self._postings: Kept[tuple[str, bool], Postings] = Kept(_POSTINGS_KEPT)
        self._bitmaps: Kept[object, Bitmap] = Kept(_BITMAPS_KEPT)
        self._of_verdict: Kept[tuple[groups.Verdicts, int], array[int]] = Kept(_LISTS_KEPT)
        self._flags: Kept[tuple[groups.Verdicts, int], bytes] = Kept(_LISTS_KEPT)
        self._by_project: Kept[groups.Verdicts, dict[str, array[int]]] = Kept(_LISTS_KEPT)

    def __len__(self) -> int:
        return len(self.positions)

    def image(self, rank: int) -> Image:
        """Give the image of a rank."""
        return self._images[self.positions[rank]]

    # --- where a walk begins and ends

    def beyond(self, marker: Image, *, is_reversed: bool) -> tuple[int, int]:
        """Give the range of ranks after an image on the walk; it may be one of another part."""
        positions, images = self.positions, self._images
        low, high = 0, len(self)
        for key in self.sort:
            part, column = part_of(key), self._column(key)
            wanted = part(marker)
            low = bisect_left(positions, wanted, low, high, key=column)
            if low < high and images[positions[low]] is marker:
                high = low + 1
                break
            high = bisect_right(positions, wanted, low, high, key=column)
            if low == high:
                break
        return (0, low) if is_reversed else (high, len(self))

    def narrowed(self, conditions: Iterable[Condition], low: int, high: int) -> tuple[int, int, list[Condition]]:
        """Narrow a range of ranks by the conditions that hold in a range of what the order sorts by first.

        Returns:
            The range, and the conditions that are still to be tested in it.
        """
        left = []
        for condition in conditions:
            if isinstance(condition, Ranged) and condition.name == self._first and condition.is_range:
                first, last = self.between(condition)
                low, high = max(low, first), min(high, last)
            else:
                left.append(condition)
        return low, max(low, high), left

    def between(self, condition: Ranged) -> tuple[int, int]:
        """Give the range of ranks in which a condition on what the order sorts by first holds."""
        images, low, high = self._images, self._valueless, len(self)
        least, most = condition.least, condition.most
        if least:
            low = bisect_left(self.positions, True, low, key=lambda position: least.holds(images[position]))
        if most:
            high = bisect_left(self.positions, True, low, key=lambda position: not most.holds(images[position]))
        return low, high

    @cached_property
    def _valueless(self) -> int:
        """How many images have no value of the first key; they stand first."""
        name, images = self._first, self._images
        return bisect_left(self.positions, True, key=lambda position: images[position].get(name) is not None)

    @cached_property
    def ranks(self) -> Sequence[int]:
        """The rank of each position."""
        if isinstance(self.positions, range):
            return self.positions
        ranks = array("I", bytes(4 * len(self)))
        for rank, position in enumerate(self.positions):
            ranks[position] = rank
        return ranks

    def _column(self, key: SortKey) -> Callable[[int], Part]:
        """Make the function that gives what one sort key adds to the key of a position."""
        part, images = part_of(key), self._images
        return lambda position: part(images[position])

    # --- what a walk finds

    def find(
        self,
        query: ListQuery,
        view: View,
        conditions: Sequence[Condition],
        stretches: Mapping[Condition, Stretch],
        within: range,
        count: int,
        *,
        is_reversed: bool,
    ) -> list[Image]:
        """Give the first images of a walk, as the caller is shown them.

        Args:
            query: what is asked.
            view: who asks.
            conditions: what is to be tested of each image.
            stretches: where those of them hold that hold in a range of values.
            within: the ranks to walk, one after the other.
            count: how many images at most.
            is_reversed: whether the walk is downwards.
        """
        asked = asked_of(query, view, conditions, stretches)
        ranks = None
        if not self._is_known_to_be_hard(asked):
            ranks = self._walk(asked, within, count, is_reversed=is_reversed)
        if ranks is None:
            return list(islice(self._common(asked, within, is_reversed=is_reversed), count))
        images, positions, shown = self._images, self.positions, view.shown
        found = [images[positions[rank]] for rank in ranks]
        return [shown(image) if image.members else image for image in found]

    def _walk(self, asked: Asked, within: range, count: int, *, is_reversed: bool) -> list[int] | None:
        """Give the first ranks of a walk; ``None`` when it meets too many images in vain."""
        found: list[int] = []
        low, high = within.start, within.stop
        for way in self._ways(asked, low, high):
            if way.span.size:
                ranks = self._along(way, asked, low, high, count, is_reversed=is_reversed)
                if ranks is None:
                    return None
                found = sorted({*found, *ranks}, reverse=is_reversed)[:count] if found else ranks
                if len(found) == count:  # what other ways find beyond these does not matter
                    low, high = (found[-1], high) if is_reversed else (low, found[-1])
        return found

    def _ways(self, asked: Asked, low: int, high: int) -> list[_Way]:
        """Choose the sets of ranks to walk: together the smallest that hold every image which is to be found."""
        of_all, own = self._listed(asked, low, high)
        size, chosen, spans = of_all.size + own.size, None, [of_all]
        for condition in asked.conditions:
            lists = self._spans(condition, asked)
            if lists is not None:
                lists = [span.within(low, high) for span in lists]
                total = sum([span.size for span in lists])
                if total < size:
                    size, chosen, spans = total, condition, lists
        if chosen is None:
            return [_Way(of_all, asked.conditions), _Way(own, asked.conditions)]
        left = asked.conditions
        if not _depends_on_view(chosen):
            left = tuple([one for one in left if one is not chosen])
        ways = [_Way(span, left, groups.YES) for span in spans]
        if own.size <= size:
            return [*ways, _Way(own, asked.conditions)]
        return ways + [_Way(span, left, groups.ASK) for span in spans]

    def _listed(self, asked: Asked, low: int, high: int) -> tuple[Span, Span]:
        """Give the ranks of the images which all who ask the same are listed, and of those which only some are."""
        of_all = self._with(asked.verdicts, groups.YES)
        own = self._by_project.get(asked.verdicts, lambda: self._shared_out(asked)).get(asked.view.caller.project)
        return _span(of_all).within(low, high), _span(own).within(low, high) if own else NOWHERE

    def _with(self, verdicts: groups.Verdicts, verdict: int) -> array[int]:
        """Give the ranks of the images on whose groups there is this verdict."""

        def compressed() -> array[int]:
            return array("I", compress(range(len(self)), self._flagged(verdicts, verdict)))

        return self._of_verdict.get((verdicts, verdict), compressed)

    def _flagged(self, verdicts: groups.Verdicts, verdict: int) -> bytes:
        """Give 1 for each rank on whose group there is this verdict, and 0 for each other."""
        return self._numbers.translate(verdicts.table.translate(_ONES[verdict]))

    def _shared_out(self, asked: Asked) -> dict[str, array[int]]:
        """Give the ranks of the images that some are listed and others are not, by the project that is listed them.

        Only those who own an image, or are its members, are listed one that is not listed to all.
        """
        projects: dict[str, array[int]] = {}
        numbers, admit = self._numbers, asked.verdicts.admit
        for rank in self._with(asked.verdicts, groups.ASK):
            image, number = self.image(rank), numbers[rank]
            owner, members = image.text("owner"), image.members
            for project in {owner, *members} if members else (owner,):
                membership = members.get(project)
                if admit(number, membership.status if membership else None, is_own=project == owner):
                    ranks = projects.get(project)
                    if ranks is None:
                        ranks = projects[project] = array("I")
                    ranks.append(rank)
        return projects

    def _spans(self, condition: Condition, asked: Asked) -> list[Span] | None:
        """Give the posting lists that hold every image for which a condition can hold, ``None`` when there are none."""
        if isinstance(condition, HasTag):
            return [self._listed_under("tags").get(tag) for tag in condition.tags]
        if isinstance(condition, Equals):
            if condition.name == _ID:
                return [_span(self._ranks_of(condition.values))]
            postings = self._listed_under(condition.name, folded=condition.folded)
            spans = [postings.get(value) for value in condition.values]
            if condition.name in AS_SHOWN and "shared" in condition.values:
                spans.append(self._listed_under(MEMBERS).get(asked.view.caller.project))
            return spans
        stretch = asked.stretches.get(condition)
        if stretch and stretch.high - stretch.low <= PATIENCE:
            return [_span(array("I", sorted(map(self.ranks.__getitem__, stretch.positions))))]
        return None

    def _listed_under(self, name: str, *, folded: bool = False) -> Postings:
        def made() -> Postings:
            return Postings(map(self._images.__getitem__, self.positions), name, folded=folded)

        return self._postings.get((name, folded), made)

    def _ranks_of(self, ids: Iterable[Value]) -> array[int]:
        """Give the ranks of the images with these ids."""
        images = (self._known.get(one) for one in ids if isinstance(one, str))
        places = (self.beyond(image, is_reversed=True)[1] for image in images if image is not None)
        return array("I", sorted(places))

    def _along(
        self, way: _Way, asked: Asked, low: int, high: int, count: int, *, is_reversed: bool
    ) -> list[int] | None:
        """Walk a set of ranks; ``None`` when too much of it is met in vain."""
        ranks, start, stop = way.span.within(low, high)
        if way.verdict is None and not way.conditions:
            return (
                list(ranks[max(start, stop - count) : stop])[::-1]
                if is_reversed
                else list(ranks[start : start + count][: stop - start])
            )
        found: list[int] = []
        met, size = 0, count + count // 2
        while start < stop and len(found) < count:
            if met - GENEROUS * len(found) > PATIENCE < stop - start:
                return None
            size = min(size, stop - start)
            if is_reversed:
                stop -= size
                some = ranks[stop : stop + size][::-1]
            else:
                some = ranks[start : start + size]
                start += size
            found += self._tested(some, way, asked)
            met += size
            size *= 2
        return found[:count]

    def _tested(self, ranks: Sequence[int], way: _Way, asked: Asked) -> Iterable[int]:
        """Give those ranks whose images are found."""
        images, positions, view = self._images, self.positions, asked.view
        verdict = way.verdict
        if verdict is not None:
            flags = self._flags.get((asked.verdicts, verdict), lambda: self._flagged(asked.verdicts, verdict))
            ranks = list(compress(ranks, map(flags.__getitem__, ranks)))
        if verdict == groups.ASK:
            ranks = [rank for rank in ranks if self._is_listed(rank, asked)]
        for condition in way.conditions:
            holds, shown = condition.holds, view.shown
            ranks = [
                rank for rank in ranks if holds(shown(image) if (image := images[positions[rank]]).members else image)
            ]
        return ranks

    def _is_listed(self, rank: int, asked: Asked) -> bool:
        """Whether the caller is listed an image that must be asked."""
        image, project = self.image(rank), asked.view.caller.project
        membership = image.members.get(project) if image.members else None
        status = membership.status if membership else None
        return asked.verdicts.admit(self._numbers[rank], status, is_own=image.get("owner") == project)

    # --- what a walk finds that meets too many images in vain

    def _is_known_to_be_hard(self, asked: Asked) -> bool:
        """Whether a walk with these conditions has met too many images in vain before."""
        kept = self._bitmaps
        return bool(len(kept) and asked.conditions) and all(
            key in kept for key in (_scope(asked), *filterfalse(_depends_on_view, asked.conditions))
        )

    def _common(self, asked: Asked, within: range, *, is_reversed: bool) -> Iterator[Image]:
        bitmaps = [self._bitmaps.get(_scope(asked), lambda: self._scope_bitmap(asked))]
        for condition in filterfalse(_depends_on_view, asked.conditions):
            bitmaps.append(self._bitmaps.get(condition, lambda one=condition: self._bitmap(one, asked)))  # type: ignore[misc]
        tests = [condition.holds for condition in filter(_depends_on_view, asked.conditions)]
        for rank in common(bitmaps, within, is_reversed=is_reversed):
            shown = asked.view.shown(self.image(rank))
            if all(test(shown) for test in tests):
                yield shown

    def _scope_bitmap(self, asked: Asked) -> Bitmap:
        """Make the bitmap of all images that the caller is listed."""
        flags = bytearray(len(self))
        for span in self._listed(asked, 0, len(self)):
            for rank in span.all():
                flags[rank] = 1
        return bitmap(flags)

    def _bitmap(self, condition: Condition, asked: Asked) -> Bitmap:
        """Make the bitmap of all images for which a condition holds."""
        stretch = asked.stretches.get(condition)
        found: Iterable[int]
        if stretch:
            found = map(self.ranks.__getitem__, stretch.positions)
        else:
            spans = self._spans(condition, asked)
            if spans is None:
                return bitmap(bytes(map(condition.holds, map(self._images.__getitem__, self.positions))))
            found = chain.from_iterable(span.all() for span in spans)
        flags = bytearray(len(self))
        for rank in found:
            flags[rank] = 1
        return bitmap(flags)


def _span(ranks: array[int]) -> Span:
    return Span(ranks, 0, len(ranks))


def asked_of(
    query: ListQuery, view: View, conditions: Iterable[Condition], stretches: Mapping[Condition, Stretch]
) -> Asked:
    """Let the verdicts on groups stand for the condition that an image is registered."""
    registered, left = None, []
    for condition in conditions:
        how = None if registered else groups.registration(condition)
        if how:
            registered = how
        else:
            left.append(condition)
    return Asked(query, view, groups.verdicts(query, view, registered), tuple(left), stretches)


def _scope(asked: Asked) -> object:
    return asked.verdicts, asked.view.caller.project


def _depends_on_view(condition: Condition) -> bool:
    """Whether a condition may hold for an image as one caller is shown it, and not as another is."""
    inner = condition.condition if isinstance(condition, Not) else condition
    return isinstance(inner, Equals | IsDefault | Ranged) and inner.name in AS_SHOWN


# --- how images compare ---------------------------------------------------------------------------


class _Descending:
    """A part of a key by which an order descends: of two the larger one sorts first."""

    __slots__ = ("ascending",)

    def __init__(self, ascending: tuple[bool, Value]) -> None:
        self.ascending = ascending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.ascending == other.ascending

    def __lt__(self, other: _Descending) -> bool:
        return other.ascending < self.ascending


Part = tuple[bool, Value] | str | _Descending


def key_of(sort: Sort) -> Callable[[Image], tuple[Part, ...]]:
    """Make the function that gives an image's key in an order: keys compare as the images stand."""
    parts = [part_of(key) for key in sort]
    return lambda image: tuple([part(image) for part in parts])


def part_of(key: SortKey) -> Callable[[Image], Part]:
    """Make the function that gives what one sort key adds to an image's key.

    A missing value sorts below every value.
    """
    name, is_descending = key
    if name in _BASE and not is_descending:  # every image has both
        return lambda image: image.text(name)

    def part(image: Image) -> Part:
        value = image.get(name)
        ascending = _MISSING if value is None else (True, value)
        return _Descending(ascending) if is_descending else ascending

    return part


def _arranged(images: Sequence[Image], sort: Sort) -> Sequence[int]:
    """Sort stably by one key after the other, the last first; the order of the images already breaks the ties."""
    names, keys = tuple(key.name for key in sort), sort
    positions: Sequence[int] = range(len(images))
    if names[-2:] == _BASE and len({key.is_descending for key in sort[-2:]}) == 1:
        positions, keys = (positions[::-1] if keys[-1].is_descending else positions), keys[:-2]
    if not keys:
        return positions
    for key in reversed(keys):
        values = [image.get(key.name) for image in images]
        present = [position for position in positions if values[position] is not None]
        missing = [position for position in positions if values[position] is None]
        present.sort(key=values.__getitem__, reverse=key.is_descending)  # type: ignore[arg-type]
        positions = present + missing if key.is_descending else missing + present
    return array("I", positions)
