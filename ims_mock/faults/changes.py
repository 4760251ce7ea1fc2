"""What somebody else does to the catalog between two pages of a walk: images deleted, added and updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image, Membership
from ims_mock.contract.values import Value, shown
from ims_mock.loading.defaults import completed
from ims_mock.loading.sections import MEMBERS, plain_image
from ims_mock.writes.lifecycle import gone, new_id

MARKER: Final = "marker"
"""In place of an id: the image that is the marker of the request."""

Values = Mapping[str, Any]


class ChangeError(ValueError):
    """A change that is not legal: where, and the sentence that follows."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Change:
    """A change of the catalog. What is no image of it, or is the marker of a request without one, is passed over.

    Attributes:
        delete: the id of an image that somebody deletes; its record stays.
        add: an image as a catalog file has it.
        update: new values of images by their ids; ``None`` takes one away.
    """

    delete: str = ""
    add: Values | None = None
    update: Mapping[str, Values] = field(default_factory=dict)

    @classmethod
    def read(cls, given: object) -> Change:
        """Read a change.

        Args:
            given: a mapping with ``delete``, ``add`` and ``update``.

        Raises:
            ChangeError: it is none.
        """
        legal = (f"an image's id, or {MARKER}", "an image", "a mapping of ids to values")
        if not isinstance(given, Mapping) or not given or not {"delete", "add", "update"}.issuperset(given):
            raise ChangeError("", f"is {shown(given)}; legal is a mapping with delete, add and update")
        for (name, kind), words in zip((("delete", str), ("add", Mapping), ("update", Mapping)), legal, strict=True):
            if name in given and not isinstance(given[name], kind):
                raise ChangeError(f".{name}", f"is {shown(given[name])}; legal is {words}")
        add = _image(".add", given["add"]) if "add" in given else None
        update = {name: _image(f".update.{name}", values) for name, values in given.get("update", {}).items()}
        for name, values in update.items():
            if "id" in values:
                raise ChangeError(f".update.{name}.id", "can not be updated; legal are all other attributes")
        return cls(given.get("delete", ""), add, update)

    def done(self, catalog: Catalog, *, marker: str, project: str, seed: int, now: str) -> Catalog:
        """Give the catalog after the change.

        Args:
            catalog: as it is before.
            marker: the id that :data:`MARKER` stands for, empty for none.
            project: the owner of an added image that names none.
            seed: what an absent id is made from.
            now: the time, in wire format.
        """
        for name, values in self.update.items():
            image = catalog.get(marker if name == MARKER else name)
            if image:
                catalog = catalog.with_image(_updated(image, values, now))
        image = catalog.get(marker if self.delete == MARKER else self.delete)
        if image:
            catalog = catalog.with_image(gone(image, now))
        if self.add is not None:
            values = completed({"id": new_id(catalog, seed), **self.add}, 0, project=project, seed=seed, now=now)
            kept = {name: one for name, one in values.items() if one is not None and name != MEMBERS}
            catalog = catalog.with_image(Image(kept, _memberships(self.add)))
        return catalog


def _image(path: str, given: object) -> dict[str, Any]:
    """Read the values of an image."""
    values = plain_image(given)
    if values is not None:
        return values
    from ims_mock.loading.schema import ShapeError, read_image  # knows what is wrong, and reads what is odd

    try:
        return read_image(given)
    except ShapeError as error:
        where, message = error.problems[0]
        raise ChangeError(".".join((path, *map(str, where))), message) from None


def _updated(image: Image, values: Values, now: str) -> Image:
    changes: dict[str, Value | None] = {name: value for name, value in values.items() if name != MEMBERS}
    changed = image.with_values({"updated_at": now, **changes})
    if MEMBERS not in values:
        return changed
    return changed.with_members(_memberships(values))


def _memberships(values: Values) -> dict[str, Membership]:
    return {project: Membership(status) for project, status in (values.get(MEMBERS) or {}).items()}
