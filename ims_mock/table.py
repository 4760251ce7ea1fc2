"""The images of one part of a catalog, oldest first: what all orders of the part share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress, count, islice
from operator import ne
from typing import Final

from ims_mock.groups import groups_of
from ims_mock.image import Image

BASE: Final = ("created_at", "id")
"""The attributes by which the images stand here, and by which every order breaks its ties; every image has both."""


class Table:
    """The images of a part, by :data:`BASE`; an image's place is called its position.

    Args:
        known: what the part knows about each id: an image, or ``None``: there is none any more.

    Attributes:
        known: the same.
        images: the images.
        times: when each was created.
        numbers: the number of the group of each.
    """

    def __init__(self, known: Mapping[str, Image | None]) -> None:
        self.known = known
        images = [image for image in known.values() if image is not None]
        times = [image.text(BASE[0]) for image in images]
        numbers: Sequence[int] = bytes(groups_of(images))
        places = sorted(range(len(images)), key=times.__getitem__)
        self.images = [images[place] for place in places]
        self.times = [times[place] for place in places]
        numbers = bytearray(map(numbers.__getitem__, places))
        self._order_ties(numbers)
        self.numbers = bytes(numbers)

    def _order_ties(self, numbers: bytearray) -> None:
        """Put images that were created in the same second in the order of their ids; hardly any were."""
        ends = compress(count(1), map(ne, self.times, islice(self.times, 1, None)))
        start = 0
        for end in [*ends, len(self.times)]:
            if end - start > 1:
                tied = sorted(range(start, end), key=lambda place: self.images[place].id)
                self.images[start:end] = [self.images[place] for place in tied]
                numbers[start:end] = bytes([numbers[place] for place in tied])
            start = end

    def __len__(self) -> int:
        return len(self.images)

    def position(self, image: Image) -> int | None:
        """Give the position of an image, ``None`` when it is not in this part."""
        place = self._places.get(image.id)
        return None if place is None or self.images[place] is not image else place

    @cached_property
    def _places(self) -> dict[str, int]:
        """The position of each id, for markers; most parts are asked for none."""
        return {image.id: place for place, image in enumerate(self.images)}
