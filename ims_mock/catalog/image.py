"""Images: immutable values with their members, their data and their JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Final, NamedTuple

from ims_mock.contract.fields import FIELDS, QUEENS_VISIBILITIES
from ims_mock.contract.values import LINK, LIST, Value
from ims_mock.text import cached_if_short

IMAGES_PATH: Final = "/v2/images"
IMAGE_SCHEMA: Final = "/v2/schemas/image"
IMAGES_SCHEMA: Final = "/v2/schemas/images"
MEMBER_SCHEMA: Final = "/v2/schemas/member"
MEMBERS_SCHEMA: Final = "/v2/schemas/members"


class Membership(NamedTuple):
    """The share of one project in an image. Times are in wire format; if empty, that of the image's creation."""

    status: str  # pending, accepted or rejected
    created_at: str = ""  # when the image was shared
    updated_at: str = ""  # when the status last changed


_POSITIONS: Final = {row.name: position for position, row in enumerate(FIELDS)}
_LINKS: Final = frozenset(row.name for row in FIELDS if row.type is LINK)
_LISTS: Final = tuple(row.name for row in FIELDS if row.type is LIST)
_NULLABLE: Final = tuple(row.name for row in FIELDS if row.is_nullable)
_NULL_IN_GLANCE: Final = tuple(row.name for row in FIELDS if row.is_null_in_glance)
_HIDDEN_IN_IMAGES: Final = frozenset(row.name for row in FIELDS if not row.in_images)
_HIDDEN_IN_CLOUDIMAGES: Final = frozenset(row.name for row in FIELDS if not row.in_cloudimages)
_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


@cached_if_short(1024, length=100)
def in_table_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Sort attribute names as responses show them: those of the table in its order, then all others by name."""
    return tuple(sorted(names, key=lambda name: (_POSITIONS.get(name, len(_POSITIONS)), name)))


@dataclass(eq=False)
class UploadedData:
    """The data that was uploaded to an image: its size, its MD5 hash, and its bytes as long as they are kept."""

    size: int
    checksum: str
    content: bytes | None


@dataclass(frozen=True, eq=False)
class Image:
    """One image of a catalog. A change returns a new image. Two images are equal only if they are the same object."""

    values: Mapping[str, Value]  # in the order of the table; an attribute without a value is absent
    members: Mapping[str, Membership] = field(default_factory=dict)
    uploaded: UploadedData | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        ordered = {name: self.values[name] for name in in_table_order(tuple(self.values))}
        object.__setattr__(self, "values", ordered)

    @cached_property
    def id(self) -> str:
        """The id."""
        return str(self.values["id"])

    @property
    def is_deleted(self) -> bool:
        """Whether the image is deleted and only its record is left."""
        return self.text("status").lower() == "deleted"

    @cached_property
    def visibility(self) -> str:
        """The stored visibility in lower case; catalogs may spell documented values in any case."""
        return self.text("visibility").lower()

    @cached_property
    def is_shown_as_stored(self) -> bool:
        """Whether every caller is shown the stored values, members and callers who use Mitaka included."""
        return not self.members and self.visibility not in QUEENS_VISIBILITIES

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags as stored."""
        value = self.values.get("tags")
        return value if isinstance(value, tuple) else ()

    @property
    def data(self) -> bytes | None:
        """The uploaded bytes, as long as they are kept."""
        return self.uploaded.content if self.uploaded else None

    @property
    def memory(self) -> int:
        """An estimate of the bytes of memory that the image takes with its JSON, but without its data."""
        return 1000 + sum(40 + 2 * len(str(value)) for value in self.values.values()) + 200 * len(self.members)

    def get(self, name: str) -> Value | None:
        """Return the stored value of an attribute, or ``None``."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return the stored value of a text attribute, or an empty string."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def with_values(self, changes: Mapping[str, Value | None]) -> "Image":
        """Return the image with changed attributes; ``None`` removes one."""
        values = {name: value for name, value in {**self.values, **changes}.items() if value is not None}
        return Image(values, self.members, self.uploaded)

    # --- how responses show it

    def as_json(self) -> dict[str, object]:
        """Return the attributes as JSON shows them in responses, with the links."""
        shown: dict[str, object] = {**links_of(self.id)}
        shown.update(dict.fromkeys(_NULLABLE))
        for name, value in self.values.items():
            if name not in _LINKS:
                shown[name] = list(value) if isinstance(value, tuple) else value
        for name in _LISTS:
            shown.setdefault(name, [])
        return shown

    @cached_property
    def json(self) -> bytes:
        """The image as JSON."""
        return _json(self.as_json(), _HIDDEN_IN_IMAGES)

    @cached_property
    def glance_json(self) -> bytes:
        """The image as JSON in Glance, which shows attributes of its own as ``null`` if they have no value."""
        unset = dict.fromkeys(name for name in _NULL_IN_GLANCE if name not in self.values)
        return _json({**self.as_json(), **unset}, _HIDDEN_IN_IMAGES) if unset else self.json

    @cached_property
    def cloudimages_json(self) -> bytes:
        """The image as JSON in the newer list, ``/v2/cloudimages``, which shows other attributes."""
        shown = self.as_json()
        is_same = _HIDDEN_IN_IMAGES.isdisjoint(shown) and _HIDDEN_IN_CLOUDIMAGES.isdisjoint(shown)
        return self.json if is_same else _json(shown, _HIDDEN_IN_CLOUDIMAGES)

    @cached_property
    def as_shared(self) -> "Image":
        """The image as its members are shown it."""
        return self.with_values({"visibility": "shared", "__imagetype": "shared"})

    @cached_property
    def as_private(self) -> "Image":
        """The image as callers who use Mitaka are shown it if only Queens has its visibility (assumed)."""
        return self.with_values({"visibility": "private"})


def links_of(image_id: object) -> dict[str, str]:
    """Return the links of an image."""
    path = f"{IMAGES_PATH}/{image_id}"
    return {"self": path, "file": f"{path}/file", "schema": IMAGE_SCHEMA}


def _json(shown: Mapping[str, object], hidden: frozenset[str]) -> bytes:
    return _encode({name: value for name, value in shown.items() if name not in hidden}).encode()


def image_id(seed: int, number: int) -> str:
    """Return the id that is derived from the seed of a catalog and the index of an image in it."""
    return random_uuid(sha256(f"{seed}/{number}".encode()).hexdigest())


def random_uuid(digits: str) -> str:
    """Format 32 hexadecimal digits (further ones are ignored) as a version 4 UUID."""
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
