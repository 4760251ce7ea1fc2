"""The catalog: holds images and answers a query with a page.

A catalog never changes: an edit makes a new one, and a request answers from the one it began with, so readers take no
lock. It is made of parts, the oldest and largest first; of those that know an id the newest is right. An edit adds a
part of its own. Small parts are merged, so that there are few of them, and large ones are left alone, so that no edit
has to wait until they are indexed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from heapq import merge
from itertools import islice, repeat
from typing import Final, NamedTuple

from ims_mock.errors import RequestError
from ims_mock.image import Image
from ims_mock.index import Index, walked
from ims_mock.query import ListQuery
from ims_mock.sorting import key_of
from ims_mock.tenancy import View

_UUID_LENGTH: Final = 36
_LEGAL_MARKER: Final = "the id of an image that the list has shown"

LIKE: Final = 4
"""How many times as large a part may be and still be merged with the newer one after it."""

FULL: Final = 512
"""How large parts may become by being merged: the larger one is, the longer the next list waits for its index."""

MANY: Final = 32
"""How many parts there may be, since every page looks into each: of more, all but the oldest become one."""


class Page(NamedTuple):
    """The images of one page, rendered as the list shows them to the caller, and whether more follow."""

    images: tuple[bytes, ...]
    has_next: bool


class Catalog:
    """An immutable set of images with unique ids.

    Args:
        images: the images, in any order.

    Raises:
        ValueError: two images have the same id.
    """

    def __init__(self, images: Iterable[Image] = ()) -> None:
        every = list(images)
        by_id: dict[str, Image | None] = {image.id: image for image in every}
        if len(by_id) < len(every):
            twice, _ = Counter(image.id for image in every).most_common(1)[0]
            raise ValueError(f"the id {twice} is given twice")
        self._parts: tuple[Index, ...] = (Index(by_id),)
        self._count = len(by_id)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Image]:
        for part in self._parts:
            for image_id, image in part.known.items():
                if image is not None and self._newest(image_id) is part:
                    yield image

    def settle(self) -> None:
        """Put the images in their usual order now, so that no query has to wait for it."""
        for part in self._parts:
            part.settle()

    def image(self, image_id: str) -> Image | None:
        """Give the image of this id, dead or alive; ``None`` when there is none."""
        part = self._newest(image_id)
        return None if part is None else part.known[image_id]

    def with_image(self, image: Image) -> Catalog:
        """Give the catalog in which there is this image, in place of the one with its id if there is one."""
        return self.with_images((image,))

    def with_images(self, images: Iterable[Image]) -> Catalog:
        """Give the catalog in which there are these images, each in place of the one with its id if there is one."""
        known: dict[str, Image | None] = {image.id: image for image in images}
        if not known:
            return self
        return self._edited(known, len(self) + sum(self.image(image_id) is None for image_id in known))

    def without(self, image_id: str) -> Catalog:
        """Give the catalog in which there is no image of this id, not even a deleted one's record."""
        if self.image(image_id) is None:
            return self
        return self._edited({image_id: None}, len(self) - 1)

    def _edited(self, known: Mapping[str, Image | None], count: int) -> Catalog:
        edited = copy(self)
        edited._parts = _settled((*self._parts, Index(known)))
        edited._count = count
        return edited

    def _newest(self, image_id: str) -> Index | None:
        """Give the newest part that knows an id, ``None`` when none does."""
        for part in reversed(self._parts):
            if image_id in part.known:
                return part
        return None

    def page(self, query: ListQuery, view: View) -> Page:
        """Answer a query.

        Args:
            query: what is asked.
            view: who asks.

        Raises:
            RequestError: the marker is unknown or not the caller's to see.
        """
        marker, count = self._marker(query, view), query.limit + 1
        if len(self._parts) == 1:
            images = self._parts[0].rendered(query, view, marker, count)
        else:
            images = [query.listing.shown(one.rendered) for one in islice(self._matches(query, view, marker), count)]
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

    def _matches(self, query: ListQuery, view: View, marker: Image | None) -> Iterator[Image]:
        """Walk the images that a query lists from the marker on: those of all parts, merged.

        What a newer part knows better is left out only then: where a whole stretch of an old part was edited, it is
        walked no further than the page goes.
        """
        walks = [part.matches(query, view, marker) for part in self._parts]
        sort, is_reversed = walked(query.sort)
        key = key_of(sort)
        known = merge(*map(zip, walks, map(repeat, self._parts)), key=lambda pair: key(pair[0]), reverse=is_reversed)
        return (image for image, part in known if self._newest(image.id) is part)


def _settled(parts: tuple[Index, ...]) -> tuple[Index, ...]:
    """Merge the newest parts as long as they are alike and small; when there are many, all but the oldest."""
    if len(parts) > MANY:
        return _merged(parts, 1)
    while len(parts) > 1:
        older, newer = map(len, parts[-2:])
        if newer * LIKE < older or newer + older > FULL:
            break
        parts = _merged(parts, len(parts) - 2)
    return parts


def _merged(parts: tuple[Index, ...], place: int) -> tuple[Index, ...]:
    """Merge the parts from a place on; that an image is no more need be known only where an older part has it."""
    older = parts[:place]
    known: dict[str, Image | None] = {}
    for part in parts[place:]:
        known |= part.known
    return *older, Index(
        {
            image_id: image
            for image_id, image in known.items()
            if image is not None or any(image_id in part.known for part in older)
        }
    )
