"""The data of an image arrives: read piece by piece, hashed, and kept when it is not too long."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.errors import RequestError
from ims_mock.writes.permissions import must_own

PIECE_BYTES: Final = 65_536
SAVING: Final = "saving"
"""The status of an image while its data arrives."""

MEDIA_TYPE: Final = "application/octet-stream"


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Give up to that many bytes; none at the end."""


@dataclass(frozen=True)
class Received:
    """What has arrived: how many bytes, their MD5, and the bytes themselves where they are kept."""

    size: int
    checksum: str
    data: bytes | None


def begun(image: Image, view: View, now: str) -> Image:
    """Give the image while its data arrives.

    Raises:
        RequestError: it is not the caller's, or does not wait for data.
    """
    must_own(image, view, "upload data for this image.")
    status = image.text("status")
    if status.lower() != "queued":
        raise RequestError("upload-state", "its status", status, "queued")
    if "service-rules" not in view.profile:
        for name in ("disk_format", "container_format"):
            if image.get(name) is None:
                raise RequestError("formats-missing", name, "absent", "to set both formats first")
    return image.with_values({"status": SAVING, "updated_at": now})


def received(stream: Readable, most: int) -> Received:
    """Read all there is.

    Args:
        stream: where it comes from.
        most: how many bytes are kept; of longer data none are.
    """
    digest, kept, size = hashlib.md5(usedforsecurity=False), bytearray(), 0
    while piece := stream.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
        if size <= most:
            kept += piece
        else:
            kept.clear()
    return Received(size, digest.hexdigest(), bytes(kept) if size <= most else None)


def finished(image: Image, view: View, came: Received, now: str) -> Image:
    """Give the image with its data.

    Args:
        image: one that is being saved.
        view: who uploaded it.
        came: the data.
        now: the time, in wire format.
    """
    values: dict[str, Any] = {"status": "active", "size": came.size, "checksum": came.checksum, "updated_at": now}
    if "service-rules" in view.profile:
        values |= {"__image_size": str(came.size), "active_at": now}
    return image.with_values(values).with_data(came.data)


def abandoned(image: Image, now: str) -> Image:
    """Give the image once its upload has failed: it waits again (glance)."""
    return image.with_values({"status": "queued", "updated_at": now})
