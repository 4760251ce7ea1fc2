"""The lifecycle of an image: it is created, receives data and tags, and is deleted.

Every function takes an image and returns the changed image; storing it is up to the caller. If the change is not
allowed, it raises :class:`RequestError`. ``view`` is the catalog as the caller sees it, ``now`` a time in wire format.
"""

import hashlib
from dataclasses import replace
from itertools import count
from threading import Lock
from typing import IO, Final
from weakref import ref

from ims_mock.catalog.attribute_defaults import with_defaults
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image, UploadedData, image_id
from ims_mock.catalog.visibility import View
from ims_mock.contract.operating_systems import system_of
from ims_mock.contract.values import Value
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue
from ims_mock.writes import validation

DATA_MEDIA_TYPE: Final = "application/octet-stream"

MAX_UPLOADS: Final = 16  # that are kept in all, if they have the largest size that is kept
_CHUNK_BYTES: Final = 65_536
_DEFAULT_OS_VERSION: Final = "Other Linux(64 bit)"  # if a client gives none (doc)
_NEW: Final = {"status": "queued", "name": "", "__imagetype": "private", "__isregistered": "true", "__image_size": "0"}
"""The attributes that the service gives every new image (doc)."""

_GLANCE_NEW: Final[dict[str, Value]] = {"status": "queued", "protected": False, "min_disk": 0, "min_ram": 0, "tags": ()}


# --- creation


def create_image(body: JsonValue, catalog: Catalog, view: View, *, seed: int, now: str) -> Image:
    """Return the image that a client creates, with an unused id. It is queued until its data is uploaded."""
    is_service = "service-rules" in view.profile
    values: dict[str, Value | None] = {}
    for name in body.object():
        validation.check_name(name)
        if name == "id" and is_service:
            raise RequestError("read-only-attribute", "the attribute", name)
        values[name] = validation.parse_value(view, name, body.member(name, "a value"))
        validation.check_service_value(view, name, values[name], _NEW.get(name))
    owner = values.setdefault("owner", view.caller.project)
    if owner != view.caller.project and not view.caller.is_admin:
        raise RequestError("owner", "owner", str(owner), view.caller.project)
    if "id" not in values:
        values["id"] = unused_id(catalog, seed)
    elif catalog.get(str(values["id"])):
        raise RequestError("id-taken", "id", str(values["id"]), "an unused id, or none")
    if is_service:  # all facts about the operating system follow from its version (doc)
        system = system_of(str(values.get("__os_version", _DEFAULT_OS_VERSION)))
        given = {**_NEW, **system.attributes, **values}
        values = with_defaults(given, 0, project=view.caller.project, seed=0, now=now)
    else:  # every new image can have members: in Queens because it is ``shared``, in Mitaka all can
        visibility = "shared" if view.is_queens else "private"
        values = {**_GLANCE_NEW, "visibility": visibility, **values, "created_at": now, "updated_at": now}
    return Image({name: value for name, value in values.items() if value is not None})


def unused_id(catalog: Catalog, seed: int) -> str:
    """Derive an id as for images of a catalog file: after a reset the same requests get the same ids."""
    return next(one for number in count(len(catalog)) if not catalog.get(one := image_id(seed, number)))


# --- data


class KeptUploads:
    """The uploaded data that is kept for downloads, as long as an image has it. The oldest is dropped for new data."""

    def __init__(self, limit: int) -> None:  # the bytes that are kept of one upload
        self._max_bytes = MAX_UPLOADS * limit
        self._kept: list[ref[UploadedData]] = []
        self._lock = Lock()

    def add(self, new: UploadedData) -> None:
        """Add new data."""
        with self._lock:
            kept = [data for one in self._kept if (data := one())] + [new]
            size = sum(len(data.content or b"") for data in kept)
            while size > self._max_bytes:
                oldest = kept.pop(0)
                size -= len(oldest.content or b"")
                oldest.content = None
            self._kept = list(map(ref, kept))


def begin_upload(image: Image, view: View, now: str) -> Image:
    """Return a queued image during the upload of its data. Glance needs both formats (recorded)."""
    validation.require_owner(view, image, "upload data for this image.")
    status = image.text("status")
    if status.lower() != "queued":
        raise RequestError("upload-state", "status", status)
    if "service-rules" not in view.profile:
        for name in ("disk_format", "container_format"):
            if image.get(name) is None:
                raise RequestError("formats-missing", name)
    return image.with_values({"status": "saving", "updated_at": now})


def receive_data(stream: IO[bytes], limit: int) -> UploadedData:
    """Read a stream to its end. Data of more than ``limit`` bytes is only counted and hashed."""
    digest, kept, size = hashlib.md5(usedforsecurity=False), bytearray(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if size <= limit:
            kept += chunk
        else:
            kept.clear()
    return UploadedData(size, digest.hexdigest(), bytes(kept) if size <= limit else None)


def finish_upload(image: Image, view: View, data: UploadedData, now: str) -> Image:
    """Return the active image with its data."""
    values: dict[str, Value | None] = {"status": "active", "size": data.size, "checksum": data.checksum}
    if "service-rules" in view.profile:
        values |= {"__image_size": str(data.size), "active_at": now}
    return replace(image.with_values({**values, "updated_at": now}), uploaded=data)


def abort_upload(image: Image, now: str) -> Image:
    """Return the image after a failed upload: it is queued again (glance)."""
    return image.with_values({"status": "queued", "updated_at": now})


# --- tags


def add_tag(image: Image, tag: str, now: str) -> Image:
    """Return the image with a tag; if it has the tag already, it does not change."""
    validation.check_tag(tag)
    if tag in image.tags:
        return image
    tags = (*image.tags, tag)
    validation.check_tag_count(tags)
    return image.with_values({"tags": tags, "updated_at": now})


def remove_tag(image: Image, tag: str, now: str) -> Image:
    """Return the image without a tag, which it must have."""
    if tag not in image.tags:
        raise RequestError("tag-missing", "the tag", tag, "a tag of the image")
    return image.with_values({"tags": tuple(one for one in image.tags if one != tag), "updated_at": now})


# --- deletion


def delete_image(image: Image, view: View, now: str) -> Image:
    """Return the record that is left of an image that a client deletes, unless it is protected."""
    if "service-rules" in view.profile and image.visibility == "public" and not view.caller.is_admin:
        raise RequestError("public-deleted", "the image", image.id, "a private image of the caller's own project")
    validation.require_owner(view, image, "delete this image.")
    if image.get("protected"):
        raise RequestError("protected", "the image", image.id, "an image that is not protected")
    return mark_deleted(image, now)


def mark_deleted(image: Image, now: str) -> Image:
    """Return the record that is left of an image: its attributes, without data and members."""
    return Image({**image.values, "status": "deleted", "updated_at": now})
