"""The catalog: holds images and answers a query with a page.

A catalog never changes; a request answers from the one it began with, so readers take no lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ims_mock.errors import RequestError
from ims_mock.image import Image
from ims_mock.index import Index
from ims_mock.query import ListQuery
from ims_mock.tenancy import View

_UUID_LENGTH: Final = 36
_LEGAL_MARKER: Final = "the id of an image that the list has shown"


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
        self._index = Index(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Image]:
        return iter(self._by_id.values())

    @property
    def names(self) -> frozenset[str]:
        """Every attribute that any image has."""
        return self._index.names

    def image(self, image_id: str) -> Image | None:
        """Give the image of this id, dead or alive; ``None`` when there is none."""
        return self._by_id.get(image_id)

    def with_image(self, image: Image) -> Catalog:
        """Give a catalog in which an image is added, or replaces the one of its id."""
        return Catalog({**self._by_id, image.id: image}.values())

    def page(self, query: ListQuery, view: View) -> Page:
        """Answer a query.

        Args:
            query: what is asked.
            view: who asks.

        Raises:
            RequestError: the marker is unknown or not the caller's to see.
        """
        images = tuple(islice(self._index.matches(query, view, self._marker(query, view)), query.limit + 1))
        page = images[: query.limit]
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
