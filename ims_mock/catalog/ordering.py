"""Images in one total order, and the bitmaps that answer queries.

The *rank* of an image is its index in the order. Each condition becomes one Python integer, its *bitmap*: bit *r* is
set if the image at rank *r* matches. The images that match several conditions are the bitwise AND of their bitmaps, and
a page is read from it beginning at the rank of the marker.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cmp_to_key, reduce
from itertools import accumulate, islice
from operator import and_
from typing import Any, Final

from ims_mock.catalog.filters import Condition
from ims_mock.catalog.image import Image
from ims_mock.catalog.query import SortKey

MAX_BITMAPS: Final = 64  # bitmaps kept per ordering; one takes 12.5 KB for 100,000 images
_FIRST_WINDOW: Final = 256
_ONE: Final = re.compile("1")
_BITS: Final = bytes.maketrans(b"\0\1", b"01")

Sort = tuple[SortKey, ...]


class Ordering:
    """Images in one total order, immutable but for its cache of bitmaps. One of the sort keys must be ``id``.

    A query has at least one condition, that of visibility.
    """

    def __init__(self, images: Iterable[Image], sort: Sort) -> None:
        self._images = list(images)
        for key in reversed(sort):  # stable: the most important key comes last
            self._images.sort(key=_value_of(key.name), reverse=key.is_descending)
        self._key = _key_of(sort)
        self._bitmaps: Mapping[Condition, int] = {}  # replaced, never changed, so that readers need no lock

    def find(self, conditions: Collection[Condition], after: Image | None, count: int) -> list[Image]:
        """Return the first ``count`` images that match all conditions, behind the image ``after`` if one is given."""
        start = 0 if after is None else self._rank(after) + 1
        bits, width = self._matching(conditions) >> start, _FIRST_WINDOW
        found: list[Image] = []
        # testing or clearing one bit of a long integer copies all of it, so the binary digits of a window are searched
        while bits and len(found) < count:
            lowest_first = bin(bits & ((1 << width) - 1))[:1:-1]
            ones = islice(_ONE.finditer(lowest_first), count - len(found))
            found += [self._images[start + one.start()] for one in ones]
            bits, start, width = bits >> width, start + width, width * 2
        return found

    def counts(self, conditions: Collection[Condition]) -> list[tuple[int, int]]:
        """Return for each condition the number of images that match it, and that match all conditions up to it."""
        bitmaps = [self._bitmap(condition) for condition in conditions]
        together = accumulate(bitmaps, and_)
        return [(bits.bit_count(), both.bit_count()) for bits, both in zip(bitmaps, together, strict=True)]

    def position(self, conditions: Collection[Condition], image: Image) -> int:
        """Return the number of images before an image among those that match all conditions."""
        return (self._matching(conditions) & ((1 << self._rank(image)) - 1)).bit_count()

    def edited(self, old: Image | None, new: Image | None) -> "Ordering":
        """Return the ordering with all of its bitmaps after one image was replaced: ``None`` adds or removes one."""
        edited = Ordering((), ())
        images, bitmaps = self._images.copy(), dict(self._bitmaps)
        edited._images, edited._key, edited._bitmaps = images, self._key, bitmaps
        if old is not None:
            rank = self._rank(old)
            del images[rank]
            for condition, bits in bitmaps.items():
                bitmaps[condition] = bits >> (rank + 1) << rank | bits & ((1 << rank) - 1)
        if new is not None:
            rank = edited._rank(new)
            images.insert(rank, new)
            for condition, bits in bitmaps.items():
                above = bits >> rank << 1 | condition.matches(new)
                bitmaps[condition] = above << rank | bits & ((1 << rank) - 1)
        return edited

    def _matching(self, conditions: Collection[Condition]) -> int:
        return reduce(and_, map(self._bitmap, conditions))

    def _rank(self, image: Image) -> int:
        """Return the rank of an image, or the rank at which it would be inserted."""
        return bisect_left(self._images, self._key(image), key=self._key)

    def _bitmap(self, condition: Condition) -> int:
        bits = self._bitmaps.get(condition)
        if bits is None:
            flags = bytes(map(condition.matches, self._images))
            bits = int(flags.translate(_BITS)[::-1] or b"0", 2)
            recent = list(self._bitmaps.items())[1 - MAX_BITMAPS :]
            self._bitmaps = {**dict(recent), condition: bits}
        return bits


# --- sort keys


class _First:
    """Sorts before every value: it stands for a missing one, as in Glance. A key of tuples sorts 1.5 times slower."""

    def __lt__(self, other: object) -> bool:
        return other is not self

    def __gt__(self, other: object) -> bool:
        return False


_FIRST: Final = _First()


def _value_of(name: str) -> Callable[[Image], Any]:
    """Return the key function for one attribute."""
    return lambda image: image.values.get(name, _FIRST)


def _key_of(sort: Sort) -> Callable[[Image], Any]:
    """Return the key function for all sort keys together; the keys compare as the images are ordered."""

    def compare(one: Image, other: Image) -> int:
        for name, is_descending in sort:
            value: Any = one.values.get(name, _FIRST)
            other_value = other.values.get(name, _FIRST)
            if value != other_value:
                return -1 if (value < other_value) is not is_descending else 1
        return 0

    return cmp_to_key(compare)
