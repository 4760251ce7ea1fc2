"""The images of one part of a catalog, oldest first: what all orders of the part share."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress, count, islice
from operator import eq
from typing import Final

from ims_mock.columns import column, stored_of
from ims_mock.fields import FIELDS
from ims_mock.groups import groups_of
from ims_mock.image import Image
from ims_mock.keeping import Kept
from ims_mock.kinds import Value, stamp

BASE: Final = ("created_at", "id")
"""The attributes by which the images stand here, and by which every order breaks its ties.

A catalog may leave an image without a time, by a ``null``; it is then older than every other.
"""

PROJECTS_KEPT: Final = 16
"""Of so many projects is kept what only they are shown or listed."""


class Table:
    """The images of a part, by :data:`BASE`; an image's place is called its position.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.

    Attributes:
        known: the same.
        images: the images.
        numbers: the number of the group of each.
    """

    def __init__(self, known: Mapping[str, Image | None]) -> None:
        self.known = known
        images = list(self._loaded())
        times = [str(time or "") for time in column(images, BASE[0])]
        numbers = bytes(groups_of(images))
        places = sorted(range(len(images)), key=times.__getitem__)
        _order_ties(places, list(map(times.__getitem__, places)), images)
        self.images = list(map(images.__getitem__, places))
        self.numbers = bytes(map(numbers.__getitem__, places))
        self._places = array("I", places)
        self._stamps: Kept[str, array[int]] = Kept(len(FIELDS))
        self._stored: Kept[tuple[str, ...], bytes] = Kept(1)
        self._shown: Kept[str, dict[int, bytes]] = Kept(PROJECTS_KEPT)

    def __len__(self) -> int:
        return len(self.images)

    def _loaded(self) -> Iterator[Image]:
        """Walk the images as they were loaded."""
        return (image for image in self.known.values() if image is not None)

    @cached_property
    def rendered(self) -> list[bytes]:
        """The images as JSON text, for pages: to look at each image itself would take a page longer."""
        return [image.rendered for image in self.images]

    def column(self, name: str) -> list[Value | None]:
        """Give what each image stores of an attribute, ``None`` where it has none.

        They are looked at as they were loaded, one beside the other in memory: any other way would take twice as long.
        """
        stored = column(self._loaded(), name)
        return list(map(stored.__getitem__, self._places))

    def stored_of(self, names: tuple[str, ...]) -> bytes:
        """Tell which of some attributes each image stores, as :func:`ims_mock.columns.stored_of` does."""

        def stored() -> bytes:
            found = stored_of(self._loaded(), names)
            return bytes(map(found.__getitem__, self._places))

        return self._stored.get(names, stored)

    def stamps(self, name: str) -> array[int]:
        """Give a time of each image as a number, 0 where it has none.

        Args:
            name: the attribute.
        """
        return self._stamps.get(name, lambda: array("q", [stamp(str(one or "")) for one in self.column(name)]))

    def shown_to(self, project: str) -> dict[int, bytes]:
        """Give what a project is shown of the images of which it is a member, as far as it was shown them."""
        return self._shown.get(project, dict)

    def position(self, image: Image) -> int | None:
        """Give the position of an image, ``None`` when it is not in this part."""
        place = self._positions.get(image.id)
        return None if place is None or self.images[place] is not image else place

    @cached_property
    def _positions(self) -> dict[str, int]:
        """The position of each id, for markers; most parts are asked for none."""
        ids = [one for one, image in self.known.items() if image is not None]
        return dict(zip(map(ids.__getitem__, self._places), range(len(ids)), strict=True))


def _order_ties(places: list[int], times: Sequence[str], images: Sequence[Image]) -> None:
    """Put images that were created in the same second in the order of their ids; hardly any were.

    Args:
        places: where the images stand, ordered by time.
        times: when each was created, in this order.
        images: these.
    """
    stop = 0
    for tied in compress(count(1), map(eq, times, islice(times, 1, None))):
        if tied >= stop:
            stop = bisect_right(times, times[tied], tied)
            places[tied - 1 : stop] = sorted(places[tied - 1 : stop], key=lambda place: images[place].id)
