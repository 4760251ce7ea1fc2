"""What every real image has is filled in where a catalog leaves it out.

An attribute given as ``null`` is left without a value: only absent ones get a default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ims_mock.auth.credentials import SERVICE_PROJECT
from ims_mock.catalog.image import image_id
from ims_mock.contract.values import Value, wire_time

EPOCH: Final = datetime(2023, 11, 13, tzinfo=timezone.utc)
"""The instant from which absent times in a file are counted, one second an image: the date of the document."""

_OPEN: Final = ("gold", "market")


def completed(
    values: Mapping[str, Value | None], number: int, *, project: str, seed: int, now: str = ""
) -> dict[str, Value | None]:
    """Fill in what is absent.

    Args:
        values: what the catalog gives; ``None`` for no value.
        number: the image's running number in the whole catalog; absent ids and times are made from it.
        project: owner of an image that names none.
        seed: absent ids are made from it and the number.
        now: the time an absent ``created_at`` gets, in wire format; empty counts it from the fixed instant.
    """
    full: dict[str, Any] = dict(values)
    for name, default in _DEFAULTS:
        if name not in full:
            full[name] = default(full)
    if "id" not in full:
        full["id"] = image_id(seed, number)
    if "owner" not in full:
        full["owner"] = SERVICE_PROJECT if _type(full) in _OPEN else project
    if "created_at" not in full:
        full["created_at"] = now or wire_time(EPOCH + timedelta(seconds=number))
    full.setdefault("updated_at", full["created_at"])
    return full


def _type(values: Mapping[str, Any]) -> str:
    return (values.get("__imagetype") or "private").lower()


def _environment(values: Mapping[str, Any]) -> str:
    return "IsoImage" if (values.get("disk_format") or "").lower() == "iso" else "FusionCompute"


def _system(values: Mapping[str, Any]) -> str:
    named = values.get("__platform") or values.get("__os_version") or ""
    return "Windows" if named.lower().startswith("windows") else "Linux"


_DEFAULTS: Final[tuple[tuple[str, Callable[[Mapping[str, Any]], Value]], ...]] = (
    ("status", lambda _: "active"),
    ("__imagetype", lambda _: "private"),
    ("visibility", lambda v: {"gold": "public", "market": "public", "shared": "shared"}.get(_type(v), "private")),
    ("protected", lambda v: _type(v) in _OPEN),
    ("__isregistered", lambda _: "true"),
    ("container_format", lambda _: "bare"),
    ("virtual_env_type", _environment),
    ("disk_format", lambda v: "iso" if (v["virtual_env_type"] or "").lower() == "isoimage" else "zvhd2"),
    ("__os_type", _system),
    ("__image_source_type", lambda _: "uds"),
    ("min_ram", lambda _: 0),
    ("min_disk", lambda _: 40),
    ("tags", lambda _: ()),
)
"""Each attribute with what it is made from, in an order in which everything it needs is there."""

FILLED: Final = (*(name for name, _ in _DEFAULTS), "owner", "created_at", "updated_at")
"""The attributes, beside the ``id``, that an image is given where a catalog does not mention them."""
