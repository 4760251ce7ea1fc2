"""Default values of the attributes that every real image has.

Only absent attributes get a default: an attribute given as ``null`` stays without a value.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ims_mock.catalog.image import image_id
from ims_mock.contract.values import Value, wire_time

SERVICE_PROJECT: Final = "1bed856811654c1cb661a6ca845ebc77"  # owns gold and market images (doc)
EPOCH: Final = datetime(2023, 11, 13, tzinfo=timezone.utc)
"""The date of the document: absent creation times in a file count up from it, one second per image."""

PUBLIC_TYPES: Final = ("gold", "market")  # of the images that everybody sees


def with_defaults(
    values: Mapping[str, Value | None], index: int, *, project: str, seed: int, now: str = ""
) -> dict[str, Value | None]:
    """Return the values of an image with defaults for all absent attributes.

    An absent id is derived from the seed and the index of the image in the whole catalog. ``created_at`` is ``now``, or
    derived from the index if that is empty.
    """
    full: dict[str, Any] = dict(values)

    def text(name: str) -> str:
        return (full.get(name) or "").lower()

    full.setdefault("status", "active")
    full.setdefault("__imagetype", {"public": "gold", "shared": "shared"}.get(text("visibility"), "private"))
    image_type = text("__imagetype")
    is_public = image_type in PUBLIC_TYPES
    full.setdefault("visibility", "public" if is_public else "shared" if image_type == "shared" else "private")
    full.setdefault("protected", is_public)
    full.setdefault("__isregistered", "true")
    full.setdefault("container_format", "bare")
    full.setdefault("virtual_env_type", "IsoImage" if text("disk_format") == "iso" else "FusionCompute")
    full.setdefault("disk_format", "iso" if text("virtual_env_type") == "isoimage" else "zvhd2")
    system = text("__platform") or text("__os_version")
    full.setdefault("__os_type", "Windows" if system.startswith("windows") else "Linux")
    full.setdefault("__image_source_type", "uds")
    full.setdefault("min_ram", 0)
    full.setdefault("min_disk", 40)
    full.setdefault("tags", ())
    full.setdefault("id", image_id(seed, index))
    full.setdefault("owner", SERVICE_PROJECT if is_public else project)
    full.setdefault("created_at", now or wire_time(EPOCH + timedelta(seconds=index)))
    full.setdefault("updated_at", full["created_at"])
    return full


DEFAULTED: Final = tuple(name for name in with_defaults({}, 0, project="", seed=0) if name != "id")
"""The attributes, besides ``id``, that :func:`with_defaults` fills in."""
