"""Default values of the attributes that every real image has.

Only absent attributes get a default: an attribute given as ``null`` stays without a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    for name, default in _DEFAULTS:
        if name not in full:
            full[name] = default(full)
    full.setdefault("id", image_id(seed, index))
    full.setdefault("owner", SERVICE_PROJECT if _image_type(full) in PUBLIC_TYPES else project)
    full.setdefault("created_at", now or wire_time(EPOCH + timedelta(seconds=index)))
    full.setdefault("updated_at", full["created_at"])
    return full


def _image_type(values: Mapping[str, Any]) -> str:
    return (values.get("__imagetype") or "private").lower()


def _default_image_type(values: Mapping[str, Any]) -> str:
    return {"public": "gold", "shared": "shared"}.get((values.get("visibility") or "").lower(), "private")


def _visibility(values: Mapping[str, Any]) -> str:
    image_type = _image_type(values)
    return "public" if image_type in PUBLIC_TYPES else "shared" if image_type == "shared" else "private"


def _virtual_env_type(values: Mapping[str, Any]) -> str:
    return "IsoImage" if (values.get("disk_format") or "").lower() == "iso" else "FusionCompute"


def _disk_format(values: Mapping[str, Any]) -> str:
    return "iso" if (values["virtual_env_type"] or "").lower() == "isoimage" else "zvhd2"


def _os_type(values: Mapping[str, Any]) -> str:
    system = values.get("__platform") or values.get("__os_version") or ""
    return "Windows" if system.lower().startswith("windows") else "Linux"


_DEFAULTS: Final[tuple[tuple[str, Callable[[Mapping[str, Any]], Value]], ...]] = (
    ("status", lambda _: "active"),
    ("__imagetype", _default_image_type),
    ("visibility", _visibility),
    ("protected", lambda values: _image_type(values) in PUBLIC_TYPES),
    ("__isregistered", lambda _: "true"),
    ("container_format", lambda _: "bare"),
    ("virtual_env_type", _virtual_env_type),
    ("disk_format", _disk_format),
    ("__os_type", _os_type),
    ("__image_source_type", lambda _: "uds"),
    ("min_ram", lambda _: 0),
    ("min_disk", lambda _: 40),
    ("tags", lambda _: ()),
)
"""The attributes with a default and how to compute it. A default may use the attributes above its row."""

DEFAULTED: Final = (*(name for name, _ in _DEFAULTS), "owner", "created_at", "updated_at")
"""The attributes, besides ``id``, that :func:`with_defaults` fills in."""
