"""Catalog changes made by a fault: images that are deleted, added or updated between two pages of a walk."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ims_mock.catalog.attribute_defaults import with_defaults
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.contract.values import Value, read_text
from ims_mock.loading.loader import image_from_entry, memberships
from ims_mock.loading.published import UNSET, as_shared, without_links
from ims_mock.loading.schema import MEMBERS, SchemaError, read_image
from ims_mock.loading.sources import format_path
from ims_mock.text import quoted
from ims_mock.writes.lifecycle import mark_deleted, unused_id

MARKER: Final = "marker"  # stands for the id of the image that is the marker of the request
Attributes = Mapping[str, Any]

_TYPES: Final = {
    "delete": (str, f"the id of an image, or {MARKER}"),
    "add": (Mapping, "an image"),
    "update": (Mapping, "a mapping of ids to attributes"),
}


class PartError(ValueError):
    """An invalid part of a value; the message begins with the path of the part: ``.add.min_disk: …``."""


@dataclass(frozen=True)
class CatalogChange:
    """A change of the catalog."""

    delete: str = ""  # the id of an image to delete; its record stays
    add: Attributes | None = None  # an image, as in a catalog file or, with its links, as in a response
    is_add_published: bool = False  # whether it is as in a response
    update: Mapping[str, Attributes] = field(default_factory=dict)  # by id; None removes an attribute

    @classmethod
    def parse(cls, given: object) -> CatalogChange:
        """Parse a mapping with ``delete``, ``add`` and ``update``; raise :class:`PartError` if a value is not legal."""
        if not isinstance(given, Mapping) or not given or not _TYPES.keys() >= given.keys():
            raise PartError(f": got {quoted(given)}. Use a mapping with {', '.join(_TYPES)}.")
        for name, value in given.items():
            expected, legal = _TYPES[name]
            if not isinstance(value, expected):
                raise PartError(f".{name}: got {quoted(value)}. Use {legal}.")
        for one in (given.get("delete", ""), *given.get("update", {})):
            _check_id(one)
        image, odd_links, is_published = without_links(given.get("add"))
        add = _attributes(given["add"] if odd_links else image, "add") if "add" in given else None
        if add is not None and not add.get("id", "generated"):
            raise PartError(".add.id: has no value. Leave it out to have an id generated.")
        update = {name: _attributes(values, "update", name) for name, values in given.get("update", {}).items()}
        for name, values in update.items():
            if "id" in values:
                path = format_path(("update", name, "id"))
                raise PartError(f".{path}: the id of an image cannot change. Use other attributes.")
        return cls(given.get("delete", ""), add, is_published, update)

    def apply(self, catalog: Catalog, *, marker: str, project: str, seed: int, now: str) -> Catalog:
        """Return the changed catalog. Ids of images that do not exist are ignored.

        An added image has defaults from ``project`` and ``seed``. The marker may be empty, the time is in wire format.
        """
        for name, values in self.update.items():
            if image := catalog.get(marker if name == MARKER else name):
                catalog = catalog.with_image(_updated(image, values, now))
        if image := catalog.get(marker if self.delete == MARKER else self.delete):
            catalog = catalog.with_image(mark_deleted(image, now))
        if self.add is not None:
            added: Attributes = {"id": unused_id(catalog, seed), **self.add}
            if self.is_add_published:
                added, _ = as_shared({**UNSET, **added}, project)
            values = with_defaults(added, 0, project=project, seed=seed, now=now)
            catalog = catalog.with_image(image_from_entry(values))
        return catalog


def _check_id(image_id: object) -> None:
    with suppress(ValueError):
        if isinstance(image_id, str):
            read_text(image_id)
            return
    raise PartError(f": got the id {quoted(image_id)}. Use Unicode text.")


def _attributes(given: object, *path: str) -> dict[str, Any]:
    try:
        return read_image(given)
    except SchemaError as error:
        where, message = error.problems[0]
        raise PartError(f".{format_path((*path, *where))}: {message}") from None


def _updated(image: Image, values: Attributes, now: str) -> Image:
    changes: dict[str, Value | None] = {name: value for name, value in values.items() if name != MEMBERS}
    changed = image.with_values({"updated_at": now, **changes})
    return replace(changed, members=memberships(values)) if MEMBERS in values else changed
