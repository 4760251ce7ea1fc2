"""How the images of a page are found: a walk through one order, from the marker on.

Where nothing is to be tested, what everybody is listed is merged with one's own. Any other walk goes through the
smallest set of ranks that holds all it can find. One that meets too many images in vain goes on with bitmaps: what the
conditions have in common is then found block by block.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ims_mock.bitmaps import common
from ims_mock.columns import names_of
from ims_mock.conditions import Condition
from ims_mock.image import Image
from ims_mock.lists import Asked, Lists, depends_on_view
from ims_mock.postings import Span
from ims_mock.rendering import without
from ims_mock.table import Table
from ims_mock.tenancy import View
from ims_mock.zones import Within

PATIENCE: Final = 256
"""How many images a walk meets in vain before it goes on with bitmaps."""

GENEROUS: Final = 4
"""So many more it meets in vain for each that it finds."""

FASTER: Final = 16
"""Where only times are looked at, it meets one image of so many in vain: a bitmap takes as long for each."""

_NOTHING: Final = array("I")


class _Way(NamedTuple):
    """A set of ranks to walk.

    Attributes:
        span: the ranks.
        conditions: what is to be tested of each.
        flags: 1 for each rank that the caller is listed; ``None`` where that is each of these.
    """

    span: Span
    conditions: Sequence[Condition]
    flags: bytes | bytearray | None


def find(lists: Lists, asked: Asked, within: range, count: int, *, is_reversed: bool) -> list[int]:
    """Give the ranks of the first images of a walk.

    Args:
        lists: those of the order to walk.
        asked: what is asked, and by whom.
        within: the ranks to walk, one after the other.
        count: how many images at most.
        is_reversed: whether the walk is downwards.
    """
    ranks = None
    if not asked.conditions:
        ranks = _listed(lists, asked, within, count, is_reversed=is_reversed)
    elif not lists.have_bitmaps(asked):
        ranks = _walked(lists, asked, within, count, is_reversed=is_reversed)
    return list(islice(_common(lists, asked, within, is_reversed=is_reversed), count)) if ranks is None else ranks


def images_at(lists: Lists, asked: Asked, ranks: Sequence[int]) -> list[Image]:
    """Give the images of some ranks, as the caller is shown them."""
    return list(map(asked.view.shown, map(lists.order.image, ranks)))


def rendered_at(lists: Lists, asked: Asked, ranks: Sequence[int]) -> Sequence[bytes]:
    """Give the same as JSON text, as the list shows it; an image is only looked at where its group has guests."""
    order, at = lists.order, _taking(ranks)
    positions = ranks if isinstance(order.positions, range) else at(order.positions)
    take = _taking(positions)
    rendered = take(order.table.rendered)
    is_guest = bytes(at(lists.numbers)).translate(asked.verdicts.guests)
    if 1 in is_guest:
        rendered = _with_guests(order.table, asked.view, positions, rendered, is_guest)
    names = asked.listing.left_out
    if names:
        stored, shown = take(order.table.stored_of(names)), list(rendered)
        for place in compress(range(len(shown)), stored):
            shown[place] = without(shown[place], names_of(names, stored[place]))
        return shown
    return rendered


def _taking(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Make what takes the items at some places: all at once, so that the processor waits for memory but once."""
    return itemgetter(*places) if len(places) > 1 else lambda items: [items[place] for place in places]


def _with_guests(
    table: Table, view: View, positions: Sequence[int], rendered: Sequence[bytes], is_guest: bytes
) -> list[bytes]:
    """Put what a member is shown in the place of what others are shown."""
    shown, found = table.shown_to(view.caller.project), list(rendered)
    for place, position in compress(enumerate(positions), is_guest):
        one = shown.get(position)
        if one is None:
            one = shown[position] = view.shown(table.images[position]).rendered
        found[place] = one
    return found


def _listed(lists: Lists, asked: Asked, within: range, count: int, *, is_reversed: bool) -> list[int]:
    """Give the first ranks of a walk on which nothing is to be tested: what everybody is listed, and one's own."""
    listed = lists.listed(asked)
    found: list[int] = []
    for ranks in (listed.of_all, listed.by_project.get(asked.view.caller.project, _NOTHING)):
        low = bisect_left(ranks, within.start) if within.start else 0
        high = bisect_left(ranks, within.stop, low)
        found += ranks[max(low, high - count) : high] if is_reversed else ranks[low : min(low + count, high)]
    found.sort(reverse=is_reversed)
    return found[:count]


def ways(lists: Lists, asked: Asked, low: int, high: int) -> list[_Way]:
    """Choose the sets of ranks to walk: together the smallest that hold every image which is to be found.

    Args:
        lists: those of the order to walk.
        asked: what is asked, and by whom.
        low: the first rank.
        high: the rank after the last one.
    """
    listed = lists.listed(asked)
    own = listed.by_project.get(asked.view.caller.project, _NOTHING)
    size = len(listed.of_all) + len(own)
    spans = [Span.of(listed.of_all), Span.of(own)]
    chosen: Condition | None = None
    for condition in asked.conditions:
        found = lists.spans(condition, asked)
        if found is not None:
            total = 0
            for _, start, stop in found:
                total += stop - start
            if total < size:
                size, chosen, spans = total, condition, found
    left, flags = list(asked.conditions), None
    if chosen is not None:
        flags = listed.flags(asked.view.caller.project)
        if not depends_on_view(chosen):
            left.remove(chosen)
    return [_Way(span.within(low, high), left, flags) for span in spans if span.size]


def _walked(lists: Lists, asked: Asked, within: range, count: int, *, is_reversed: bool) -> list[int] | None:
    """Give the first ranks of a walk; ``None`` when it meets too many images in vain."""
    found: list[int] = []
    for way in ways(lists, asked, within.start, within.stop):
        span = way.span
        if len(found) == count:  # what this way finds beyond these does not matter
            last = found[-1]
            span = span.within(last + 1, within.stop) if is_reversed else span.within(within.start, last)
        if span.size:
            ranks = _along(lists, way, span, asked, count, is_reversed=is_reversed)
            if ranks is None:
                return None
            found = sorted({*found, *ranks}, reverse=is_reversed)[:count] if found else ranks
    return found


def _along(lists: Lists, way: _Way, span: Span, asked: Asked, count: int, *, is_reversed: bool) -> list[int] | None:
    """Walk a span of a way; ``None`` when too much of it is met in vain."""
    ranks, start, stop = span
    _, conditions, flags = way
    times: list[Within] = []
    others: list[Condition] = []
    for condition in conditions:
        within = lists.within(condition)
        if within is None:
            others.append(condition)
        else:
            times.append(within)
    patience = max(PATIENCE, len(lists.order) // FASTER) if times else PATIENCE
    found: list[int] = []
    met, size = 0, count if flags is None and not conditions else count + count // 2
    while start < stop and len(found) < count:
        if met - GENEROUS * len(found) > patience < stop - start:
            return None
        if times:
            if is_reversed:
                stop = bisect_right(ranks, times[0].beside(ranks[stop - 1], is_reversed=True), start, stop)
            else:
                start = bisect_left(ranks, times[0].beside(ranks[start], is_reversed=False), start, stop)
        size = min(size, stop - start)
        if is_reversed:
            stop -= size
            some = ranks[stop : stop + size][::-1]
        else:
            some = ranks[start : start + size]
            start += size
        if flags is not None:
            some = _flagged(flags, some)
        for within in times:
            some = within.among(some)
        found += _tested(lists, some, others, asked) if others else some
        met += size
        size *= 2
    return found[:count]


def _flagged(flags: bytes | bytearray, ranks: Sequence[int]) -> Sequence[int]:
    """Give those ranks that have flags."""
    return [rank for rank in ranks if flags[rank]]


def _tested(lists: Lists, ranks: Sequence[int], conditions: Sequence[Condition], asked: Asked) -> Sequence[int]:
    """Give those ranks for whose images all conditions hold."""
    left = ranks
    for condition in conditions:
        holding = lists.flags(condition, asked)
        if holding is not None:
            left = _flagged(holding, left)
            continue
        holds, shown, image_of = condition.holds, asked.view.shown, lists.order.image
        left = [rank for rank in left if holds(shown(image) if (image := image_of(rank)).members else image)]
    return left


def _common(lists: Lists, asked: Asked, within: range, *, is_reversed: bool) -> Iterator[int]:
    """Walk the ranks that all conditions have in common."""
    bitmaps = [lists.listed_bitmap(asked), *(lists.bitmap(condition, asked) for condition in asked.conditions)]
    return common(bitmaps, within, is_reversed=is_reversed)
