"""What is built for one order of images when it is first needed: posting lists, who is listed what, and bitmaps."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from typing import Final, NamedTuple

from ims_mock import groups
from ims_mock.bitmaps import Bitmap, bitmap
from ims_mock.columns import column
from ims_mock.conditions import RANGED, Compares, Condition, Equals, HasTag, IsDefault, Not
from ims_mock.keeping import Kept
from ims_mock.kinds import Value
from ims_mock.listing import Listing
from ims_mock.order import Order
from ims_mock.postings import MEMBERS, Postings, Span
from ims_mock.query import ListQuery
from ims_mock.table import PROJECTS_KEPT
from ims_mock.tenancy import View
from ims_mock.zones import Within, Zones

AS_SHOWN: Final = frozenset({"visibility", "__imagetype"})
"""What members are shown otherwise than it is stored, so that the stored values do not decide."""

FEW: Final = 256
"""So many ranks are put in order for one question without being kept."""

DENSE: Final = 32
"""A condition that holds for one image of so many, or more, is kept as flags: one byte an image."""

_ATTRIBUTES: Final = (Equals, IsDefault, *RANGED)
"""The conditions on one attribute."""

_POSTINGS_KEPT: Final = 128
_FLAGS_KEPT: Final = 128
_LISTED_KEPT: Final = 32
_ZONES_KEPT: Final = 4
"""So much is kept of each kind; all of it together takes less than a kilobyte an image."""

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
        view: who asks.
        verdicts: those on all groups; what they say of registration need not be tested.
        conditions: those that are to be tested.
        stretches: where those hold that hold in a range of values.
        listing: the list that is asked.
    """

    view: View
    verdicts: groups.Verdicts
    conditions: tuple[Condition, ...]
    stretches: Mapping[Condition, Stretch]
    listing: Listing


def asked_of(
    query: ListQuery, view: View, conditions: Iterable[Condition], stretches: Mapping[Condition, Stretch]
) -> Asked:
    """Let the verdicts on groups stand for the condition that an image is registered.

    Args:
        query: what is asked.
        view: who asks.
        conditions: what is to be tested of each image.
        stretches: where those of them hold that hold in a range of values.
    """
    registered, left = None, []
    for condition in conditions:
        how = groups.registration(condition)
        if how is None:
            left.append(condition)
        elif registered != "exactly":  # links repeat what the service adds, and of two the stricter one holds for both
            registered = how
    return Asked(view, groups.verdicts(query, view, registered), tuple(left), stretches, query.listing)


def depends_on_view(condition: Condition) -> bool:
    """Whether a condition may hold for an image as one caller is shown it, and not as another is."""
    inner = condition.condition if isinstance(condition, Not) else condition
    return isinstance(inner, _ATTRIBUTES) and inner.name in AS_SHOWN


class Listed:
    """Which images of an order are listed to those who ask the same, whatever their project.

    Args:
        order: the order.
        numbers: the number of the group of each rank.
        verdicts: those on all groups.

    Attributes:
        of_all: the ranks of the images that everybody is listed.
        by_project: the ranks of the others, by the projects that are listed them: their owners and members.
    """

    def __init__(self, order: Order, numbers: bytes, verdicts: groups.Verdicts) -> None:
        self._certain = numbers.translate(verdicts.table.translate(_ONES[groups.YES]))
        self._flags: Kept[str, bytearray] = Kept(PROJECTS_KEPT)
        self.of_all = array("I", compress(range(len(numbers)), self._certain))
        self.by_project: dict[str, array[int]] = {}
        self._ask(order, numbers, verdicts)

    def _ask(self, order: Order, numbers: bytes, verdicts: groups.Verdicts) -> None:
        """Find who is listed those images whose groups do not tell."""
        ranks = list(compress(range(len(numbers)), numbers.translate(verdicts.table.translate(_ONES[groups.ASK]))))
        images = list(map(order.table.images.__getitem__, map(order.positions.__getitem__, ranks)))
        for rank, image, stored in zip(ranks, images, column(images, "owner"), strict=True):
            number, members, owner = numbers[rank], image.members, str(stored or "")
            for project in {owner, *members} if members else (owner,):
                status = members[project].status if project in members else None
                if verdicts.admit(number, status, is_own=project == owner):
                    listed = self.by_project.get(project)
                    if listed is None:
                        listed = self.by_project[project] = array("I")
                    listed.append(rank)

    def flags(self, project: str) -> bytes | bytearray:
        """Give 1 for each rank whose image a project is listed, and 0 for each other."""
        own = self.by_project.get(project)
        if own is None:
            return self._certain
        return self._flags.find(project) or self._flags.get(project, lambda: self._flagged(own))

    def _flagged(self, own: Iterable[int]) -> bytearray:
        flags = bytearray(self._certain)
        for rank in own:
            flags[rank] = 1
        return flags


class KeptLists:
    """What is kept of what was built for the orders of a part: so much of each kind, whatever orders it is for.

    Attributes:
        postings: posting lists, by order, attribute and whether values are found in any case.
        flags: where conditions hold for the images as they are stored, by order and condition.
        bitmaps: where they hold for the images as they are shown, and which images are listed to a project.
        listed: which images are listed, by order and verdicts.
        zones: times along orders, by order and attribute.
    """

    def __init__(self) -> None:
        self.postings: Kept[tuple[object, str, bool], Postings] = Kept(_POSTINGS_KEPT)
        self.flags: Kept[tuple[object, Condition], bytearray] = Kept(_FLAGS_KEPT)
        self.bitmaps: Kept[tuple[object, object], Bitmap] = Kept(_FLAGS_KEPT)
        self.listed: Kept[tuple[object, groups.Verdicts], Listed] = Kept(_LISTED_KEPT)
        self.zones: Kept[tuple[object, str], Zones] = Kept(_ZONES_KEPT)


class Lists:
    """What is built for an order.

    Args:
        order: the order.
        kept: where it is kept.

    Attributes:
        order: the same.
        numbers: the number of the group of each rank.
    """

    def __init__(self, order: Order, kept: KeptLists) -> None:
        self.order = order
        self._kept, self._own = kept, object()
        numbers = order.table.numbers
        self.numbers = (
            numbers if isinstance(order.positions, range) else bytes(map(numbers.__getitem__, order.positions))
        )

    # --- who is listed what

    def listed(self, asked: Asked) -> Listed:
        """Give which images are listed to those who ask the same."""
        key = self._own, asked.verdicts
        found = self._kept.listed.find(key)
        if found is None:
            found = self._kept.listed.get(key, lambda: Listed(self.order, self.numbers, asked.verdicts))
        return found

    # --- where conditions hold

    def spans(self, condition: Condition, asked: Asked) -> list[Span] | None:
        """Give the posting lists that hold every image for which a condition can hold, ``None`` when there are none."""
        if isinstance(condition, HasTag):
            return [self._listed_under("tags").get(tag) for tag in condition.tags]
        if isinstance(condition, Equals):
            if condition.name == _ID:
                return [Span.of(self._ranks_of(condition.values))]
            postings = self._listed_under(condition.name, folded=condition.folded)
            spans = [postings.get(value) for value in condition.values]
            if condition.name in AS_SHOWN and "shared" in condition.values:
                spans.append(self._listed_under(MEMBERS).get(asked.view.caller.project))
            return spans
        stretch = asked.stretches.get(condition)
        if stretch and stretch.high - stretch.low <= FEW:
            return [Span.of(array("I", sorted(map(self.order.ranks.__getitem__, stretch.positions))))]
        return None

    def within(self, condition: Condition) -> Within | None:
        """Tell where a time lies within what a condition wants, ``None`` when that is about something else."""
        if not isinstance(condition, Compares) or not condition.is_range:
            return None
        key = self._own, condition.name
        zones = self._kept.zones.find(key) or self._kept.zones.get(key, lambda: Zones(self.order, condition.name))
        return Within(zones, *condition.bounds)

    def _listed_under(self, name: str, *, folded: bool = False) -> Postings:
        key = self._own, name, folded
        found = self._kept.postings.find(key)
        return found or self._kept.postings.get(key, lambda: Postings(self.order, name, folded=folded))

    def _ranks_of(self, ids: Iterable[Value]) -> array[int]:
        """Give the ranks of the images with these ids."""
        known, rank = self.order.table.known, self.order.rank
        found = [rank(image) for one in ids if isinstance(one, str) and (image := known.get(one)) is not None]
        return array("I", sorted(one for one in found if one is not None))

    def flags(self, condition: Condition, asked: Asked) -> bytearray | None:
        """Give 1 for each rank at which a condition holds, and 0 for each other; ``None`` when that is not kept."""
        if depends_on_view(condition):
            return None
        found = self._kept.flags.find((self._own, condition))
        if found is None:
            spans = self.spans(condition, asked)
            if spans is None or sum([one.size for one in spans]) * DENSE < len(self.numbers):
                return None
            found = self._kept.flags.get((self._own, condition), lambda: self._flagged(condition, asked))
        return found

    def _flagged(self, condition: Condition, asked: Asked) -> bytearray:
        flags = bytearray(len(self.numbers))
        stretch, ranks = asked.stretches.get(condition), self.order.ranks
        found: Iterable[int]
        if stretch:
            found = map(ranks.__getitem__, stretch.positions)
        else:
            spans = self.spans(condition, asked)
            if spans is None:
                return bytearray(map(condition.holds, self.order.images()))
            found = chain.from_iterable([one.all() for one in spans])
        for rank in found:
            flags[rank] = 1
        return flags

    # --- bitmaps

    def have_bitmaps(self, asked: Asked) -> bool:
        """Whether a walk with these conditions has met too many images in vain before."""
        kept = self._kept.bitmaps
        return len(kept) > 0 and all(
            (self._own, key) in kept
            for key in (_scope(asked), *(_shown_to(condition, asked) for condition in asked.conditions))
        )

    def listed_bitmap(self, asked: Asked) -> Bitmap:
        """Give the bitmap of all images that the caller is listed."""
        return self._kept.bitmaps.get(
            (self._own, _scope(asked)), lambda: bitmap(self.listed(asked).flags(asked.view.caller.project))
        )

    def bitmap(self, condition: Condition, asked: Asked) -> Bitmap:
        """Give the bitmap of all images for which a condition holds, as the caller is shown them."""
        flagged = self._flagged_as_shown if depends_on_view(condition) else self._flagged
        key = self._own, _shown_to(condition, asked)
        return self._kept.bitmaps.get(key, lambda: bitmap(flagged(condition, asked)))

    def _flagged_as_shown(self, condition: Condition, asked: Asked) -> bytearray:
        """Tell where a condition holds: only what is shared with the caller may be shown otherwise than stored."""
        stored = self._kept.flags.get(
            (self._own, condition), lambda: bytearray(map(condition.holds, self.order.images()))
        )
        flags, holds, shown, image_of = bytearray(stored), condition.holds, asked.view.shown, self.order.image
        for rank in self._listed_under(MEMBERS).get(asked.view.caller.project).all():
            flags[rank] = holds(shown(image_of(rank)))
        return flags


def _scope(asked: Asked) -> object:
    return asked.verdicts, asked.view.caller.project


def _shown_to(condition: Condition, asked: Asked) -> object:
    """Tell what decides for which images a condition holds: itself alone, or also who asks."""
    return (condition, _scope(asked)) if depends_on_view(condition) else condition
