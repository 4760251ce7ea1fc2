"""An image comes into being, and goes."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.defaults import with_defaults
from ims_mock.catalog.image import NO_MEMBERS, Image, image_id
from ims_mock.catalog.visibility import View, visibility_of
from ims_mock.contract.operating_systems import system_of
from ims_mock.contract.values import Value
from ims_mock.errors import RequestError
from ims_mock.json_body import Part
from ims_mock.writes.permissions import must_own
from ims_mock.writes.validation import Writer

OTHER_SYSTEM: Final = "Other Linux(64 bit)"
"""The operating system of an image that was created without one (doc)."""

_NEW: Final = {"status": "queued", "name": "", "__imagetype": "private", "__isregistered": "true", "__image_size": "0"}
"""What the service gives every new image (doc)."""


def created(body: Part, catalog: Catalog, view: View, *, seed: int, now: str) -> Image:
    """Make the image that a client asks for; it waits for its data.

    Args:
        body: its attributes.
        catalog: where it will be; its id is new there.
        view: who asks.
        seed: what an absent id is made from.
        now: the time, in wire format.

    Raises:
        RequestError: an attribute can not be set, or not to this value.
    """
    writer = Writer(view)
    values: dict[str, Value | None] = {}
    for name in body.object():
        writer.refuse_name(name)
        if name == "id" and writer.is_service:
            raise RequestError("read-only-attribute", "the attribute", name, "to leave it out")
        values[name] = writer.value(name, body.part(name, "a value"))
        writer.refuse_service_value(name, values[name], _NEW.get(name))
    owner = values.setdefault("owner", view.caller.project)
    if owner != view.caller.project and not view.caller.is_admin:
        raise RequestError("owner", "owner", str(owner), view.caller.project)
    if "id" not in values:
        values["id"] = new_id(catalog, seed)
    elif catalog.get(str(values["id"])):
        raise RequestError("id-taken", "id", str(values["id"]), "an id that no image has, or none")
    made = _by_service(values, view, now) if writer.is_service else _by_glance(values, view, now)
    return Image({name: one for name, one in made.items() if one is not None})


def new_id(catalog: Catalog, seed: int) -> str:
    """Derive an id as absent ones of a catalog are: the same requests after a reset give the same ids."""
    return next(one for number in count(len(catalog)) if not catalog.get(one := image_id(seed, number)))


def _by_service(values: dict[str, Value | None], view: View, now: str) -> dict[str, Value | None]:
    """Fill in what the service adds; everything about the operating system follows from its version (doc)."""
    system = system_of(str(values.setdefault("__os_version", OTHER_SYSTEM)))
    derived = {"__platform": system.platform, "__os_type": system.os_type, "__os_bit": system.os_bit}
    return with_defaults({**_NEW, **derived, **values}, 0, project=view.caller.project, seed=0, now=now)


def _by_glance(values: dict[str, Value | None], view: View, now: str) -> dict[str, Value | None]:
    """Fill in what Glance adds; in Queens a new image may be shared, in Mitaka any that is not public."""
    usual: dict[str, Any] = {
        "status": "queued",
        "visibility": "shared" if view.is_queens else "private",
        "protected": False,
        "min_disk": 0,
        "min_ram": 0,
        "tags": (),
    }
    return {**usual, **values, "created_at": now, "updated_at": now}


def deleted(image: Image, view: View, now: str) -> Image:
    """Give what is left of an image that a client deletes: its record, with neither data nor members.

    Raises:
        RequestError: the image is not the caller's to delete, or protected.
    """
    if "service-rules" in view.profile and visibility_of(image) == "public" and not view.caller.is_admin:
        raise RequestError("public-deleted", "the image", image.id, "a private image of the caller's own project")
    must_own(image, view, "delete this image.")
    if image.get("protected"):
        raise RequestError("protected", "the image", image.id, "an image whose attribute protected is false")
    return gone(image, now)


def gone(image: Image, now: str) -> Image:
    """Give what is left of a deleted image."""
    return image.with_values({"status": "deleted", "updated_at": now}).with_members(NO_MEMBERS).with_data(None)
