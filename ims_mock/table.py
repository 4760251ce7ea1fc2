"""The images of one part of a catalog, oldest first: what all orders of the part share."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Final

from ims_mock.groups import group_of
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
        self.images = [image for image in known.values() if image is not None]
        self.images.sort(key=lambda image: image.id)
        self.images.sort(key=lambda image: image.text("created_at"))
        self.times = [image.text("created_at") for image in self.images]
        self.numbers = bytes(map(group_of, self.images))

    def __len__(self) -> int:
        return len(self.images)

    def position(self, image: Image) -> int | None:
        """Give the position of an image, ``None`` when it is not in this part."""
        if self.known.get(image.id) is not image:
            return None
        time = image.text("created_at")
        place = bisect_left(self.times, time)
        if self.images[place] is image:
            return place
        end = bisect_right(self.times, time, place)
        return bisect_left(self.images, image.id, place, end, key=lambda other: other.id)
