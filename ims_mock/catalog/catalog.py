"""The catalog: an immutable set of images that answers list queries."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from operator import is_not
from typing import Final, NamedTuple

from ims_mock.catalog.image import Image
from ims_mock.catalog.ordering import Ordering, Sort
from ims_mock.catalog.query import ListQuery
from ims_mock.catalog.visibility import View
from ims_mock.errors import RequestError

MAX_ORDERINGS: Final = 4  # orderings kept per catalog; sort keys come from clients and combine freely
_BYTES_PER_ENTRY: Final = 150
"""The memory that a catalog takes for each of its images, besides the image: in a dictionary, lists and bitmaps."""

_UUID_LENGTH: Final = 36
_LEGAL_MARKER: Final = "the id of an image from a previous page"


class Page(NamedTuple):
    """One page of a list: its images as the caller is shown them, and whether there is a next page."""

    images: tuple[Image, ...]
    has_next: bool


class Catalog:
    """An immutable set of images. An edit returns a new catalog. Two images with the same id are a ``ValueError``."""

    def __init__(self, images: Iterable[Image] = ()) -> None:
        given = list(images)
        self._images: Mapping[str, Image] = {image.id: image for image in given}
        self._orderings: dict[Sort, Ordering] = {}  # replaced, never changed, so that readers need no lock
        self._lineage = object()  # the same for all edits of a catalog
        self._edited_bytes = 0
        if len(self._images) < len(given):
            duplicate, _ = Counter(image.id for image in given).most_common(1)[0]
            raise ValueError(f"the id {duplicate} is given twice")

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[Image]:
        return iter(self._images.values())

    def get(self, image_id: str) -> Image | None:
        """Return the image with an id, deleted or not, or ``None``."""
        return self._images.get(image_id)

    def memory_beside(self, other: "Catalog", limit: int) -> int:
        """Estimate the bytes of memory that the catalog takes beside another one; above the limit it may take more."""
        images = self._images
        if other._lineage is self._lineage:
            return _BYTES_PER_ENTRY * len(images) + abs(other._edited_bytes - self._edited_bytes)
        own = compress(images.values(), map(is_not, images.values(), map(other._images.get, images)))
        size = _BYTES_PER_ENTRY * len(images)
        for image in own:
            size += image.memory
            if size > limit:
                break
        return size

    # --- edits

    def with_image(self, image: Image) -> "Catalog":
        """Return the catalog with an image added or replaced."""
        return self._edited({**self._images, image.id: image}, self.get(image.id), image)

    def with_images(self, images: Iterable[Image]) -> "Catalog":
        """Return the catalog with images added or replaced. Its orderings are built anew when they are needed."""
        return Catalog({**self._images, **{image.id: image for image in images}}.values())

    def without(self, image_id: str) -> "Catalog":
        """Return the catalog without an image, not even the record of a deleted one."""
        old = self.get(image_id)
        if old is None:
            return self
        return self._edited({key: image for key, image in self._images.items() if key != image_id}, old, None)

    def _edited(self, images: Mapping[str, Image], old: Image | None, new: Image | None) -> "Catalog":
        edited = Catalog()
        edited._images = images
        edited._lineage = self._lineage
        edited._edited_bytes = self._edited_bytes + sum(image.memory for image in (old, new) if image)
        edited._orderings = {sort: ordering.edited(old, new) for sort, ordering in self._orderings.items()}
        return edited

    # --- lists

    def page(self, query: ListQuery, view: View) -> Page:
        """Answer a list query. The marker must be an image that the caller sees."""
        marker = self.marker(query, view)
        found = self.ordering(query.sort).find(query.conditions, marker, query.limit + 1)
        images = tuple([image if image.is_shown_as_stored else view.shown(image) for image in found[: query.limit]])
        if "full-last-page" in view.profile:
            return Page(images, has_next=0 < len(images) < len(found))
        return Page(images, has_next=0 < len(images) == query.limit)

    def ordering(self, sort: Sort) -> Ordering:
        """Return the ordering for a sort; the one that was used least recently is dropped for a new one."""
        found = self._orderings.get(sort) or Ordering(self, sort)
        if next(reversed(self._orderings), None) != sort:  # the most recently used one comes last
            others = [(key, ordering) for key, ordering in self._orderings.items() if key != sort]
            self._orderings = {**dict(others[1 - MAX_ORDERINGS :]), sort: found}
        return found

    def marker(self, query: ListQuery, view: View) -> Image | None:
        """Return the image that a page starts behind. Only admins and lists of deleted images can use a deleted one."""
        if query.marker is None:
            return None
        image = self.get(query.marker)
        is_unknown = image is not None and image.is_deleted and not view.caller.is_admin and "deleted" not in query.dead
        if image is None or is_unknown:
            is_long = image is None and len(query.marker) > _UUID_LENGTH  # Glance does not look up such an id
            raise RequestError("long-marker" if is_long else "marker", "marker", query.marker, _LEGAL_MARKER)
        if not view.sees(image):
            raise RequestError("hidden-marker", "marker", query.marker, _LEGAL_MARKER)
        return image
