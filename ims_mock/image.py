"""One image: its values, its members, and its bytes on the wire.

Images of the same shape (the same attributes) share where each value stands, so that an image costs one tuple of
values. Those of a catalog that is served are packed: rendered at once, and what most images have to themselves is kept
nowhere else. An image never changes: an edit makes a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final, NamedTuple

from ims_mock.fields import FIELDS
from ims_mock.kinds import LINK, Value
from ims_mock.rendering import json_of, replaced, text_in
from ims_mock.shape import COMPUTED_FIRST, DISTINCT, NULLABLE, Shape, in_table_order, shape_of

IMAGES_PATH: Final = "/v2/images"
IMAGE_SCHEMA: Final = "/v2/schemas/image"
IMAGES_SCHEMA: Final = "/v2/schemas/images"
MEMBER_SCHEMA: Final = "/v2/schemas/member"
MEMBERS_SCHEMA: Final = "/v2/schemas/members"


class Membership(NamedTuple):
    """One project's share in an image.

    Attributes:
        status: ``pending``, ``accepted`` or ``rejected``.
        created_at: when the image was offered, in wire format; empty: when the image was created.
        updated_at: when the status last changed, likewise.
    """

    status: str
    created_at: str = ""
    updated_at: str = ""


NO_MEMBERS: Final[Mapping[str, Membership]] = MappingProxyType({})

_VARIANTS: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_LINKS: Final = frozenset(field.name for field in FIELDS if field.kind is LINK)
_AS_MEMBER: Final = {"visibility": "shared", "__imagetype": "shared"}


class Shapes:
    """The shapes met while a catalog is read, each kept once."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, ...], Shape] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def __len__(self) -> int:
        return len(self._shapes)

    def image(self, values: Mapping[str, Value], members: Mapping[str, str] | None = None) -> Image:
        """Make an image of its values.

        Args:
            values: those, in any order, with an id.
            members: the status of each project's membership, as in a catalog file.
        """
        given = tuple(values)
        shape = self._given.get(given)
        if shape is None:
            names = in_table_order(given)
            shape = self._given[given] = self._shapes.setdefault(names, Shape(names))
        return _image(shape, values, memberships(members))


class Image:
    """One image of a catalog: a value that never changes.

    ``image.get(name)`` is the stored value, ``None`` when there is none. ``image.members`` maps the projects it is
    shared with to their memberships; ``image.data`` is what was uploaded, ``None`` where that was not, or is not kept.

    Attributes:
        shape: which attributes it has, and where each one's value stands.
        values: these values.
        rendered: the image as JSON text.
    """

    __slots__ = ("_as_member", "data", "members", "rendered", "shape", "values")

    rendered: bytes

    def __init__(
        self,
        shape: Shape,
        values: tuple[Value, ...],
        members: Mapping[str, Membership],
        data: bytes | None = None,
        rendered: bytes | None = None,
    ) -> None:
        if rendered is not None:
            self.rendered = rendered
        self.shape = shape
        self.values = values
        self.members = members or NO_MEMBERS
        self.data = data
        self._as_member: Image | None = None

    def get(self, name: str) -> Value | None:
        """Give the stored value of an attribute, ``None`` when the image has none."""
        place = self.shape.places.get(name)
        if place is not None:
            return self.values[place]
        return text_in(self.rendered, name) if self.shape.is_packed and name in DISTINCT else None

    def text(self, name: str) -> str:
        """Give the stored value of a text attribute, empty when the image has none."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    @property
    def id(self) -> str:
        """The image's id; every image has one, and it stands first in the table."""
        return str(self.values[0])

    @property
    def is_deleted(self) -> bool:
        """Whether only its record is left."""
        return self.text("status").lower() == "deleted"

    @property
    def tags(self) -> tuple[str, ...]:
        """The image's tags as stored."""
        value = self.get("tags")
        return value if isinstance(value, tuple) else ()

    def __repr__(self) -> str:
        return f"<Image {self.id} {self.get('name')!r}>"

    @property
    def as_member(self) -> Image:
        """The image as those are shown it who see it as its members: ``shared``, whatever is stored."""
        if self._as_member is None:
            self._as_member = self._for_members()
        return self._as_member

    def _for_members(self) -> Image:
        shape = self.shape
        if not shape.is_packed or not shape.places.keys() >= _AS_MEMBER.keys():
            return self.changed(_AS_MEMBER)
        rendered, values = self.rendered, list(self.values)
        for name, value in _AS_MEMBER.items():
            rendered = replaced(rendered, name, value)
            values[shape.places[name]] = value
        return Image(shape, tuple(values), self.members, self.data, rendered)

    def stored(self) -> dict[str, Value]:
        """Give the stored values by name, in the order in which they are shown."""
        if not self.shape.is_packed:
            return dict(zip(self.shape.places, self.values, strict=True))
        stored: dict[str, Value] = json.loads(self.rendered)
        for name in COMPUTED_FIRST:
            del stored[name]
        return {**stored, "tags": self.tags}

    def changed(self, changes: Mapping[str, Value | None]) -> Image:
        """Give the image with other values; ``None`` takes one away."""
        kept = {name: one for name, one in {**self.stored(), **changes}.items() if one is not None}
        return _image(shape_of(kept, self.shape), kept, self.members, self.data)

    def shared_with(self, members: Mapping[str, Membership]) -> Image:
        """Give the image with other members."""
        return Image(self.shape, self.values, MappingProxyType(dict(members)), self.data, self._packed)

    def holding(self, data: bytes | None) -> Image:
        """Give the image with other data."""
        return Image(self.shape, self.values, self.members, data, self._packed)

    @property
    def _packed(self) -> bytes | None:
        """What an image needs that is packed as this one is."""
        return self.rendered if self.shape.is_packed else None

    def wire(self) -> dict[str, object]:
        """Give the image as a client sees it: computed links included, tags as a list, absent values left out."""
        wire: dict[str, object] = {**computed(self.id)}
        wire.update((name, value) for name, value in self.stored().items() if name not in _LINKS)
        wire["tags"] = list(self.tags)
        return wire

    def __getattr__(self, name: str) -> bytes:
        """Render the image when it is first shown; from then on the bytes are found without asking here."""
        if name != "rendered":
            raise AttributeError(f"an image has no {name}")
        return self.render()

    def render(self) -> bytes:
        """Render the image as JSON text, and keep that."""
        self.rendered = json_of(self.wire())
        return self.rendered


def computed(image_id: Value) -> dict[str, Value | None]:
    """Give what stands before the stored values of an image."""
    path = f"{IMAGES_PATH}/{image_id}"
    return {"self": path, "file": f"{path}/file", "schema": IMAGE_SCHEMA} | dict.fromkeys(NULLABLE)


def memberships(members: Mapping[str, str] | None) -> Mapping[str, Membership]:
    """Make the memberships of a catalog file."""
    return {project: Membership(status) for project, status in members.items()} if members else NO_MEMBERS


def _image(
    shape: Shape, values: Mapping[str, Value], members: Mapping[str, Membership], data: bytes | None = None
) -> Image:
    """Put the values of an image in their places."""
    return Image(shape, tuple(map(values.__getitem__, shape.places)), members, data)


def image_id(seed: int, number: int) -> str:
    """Derive an id from a seed and the image's running number in the whole catalog, stable for ever."""
    return uuid_of(sha256(f"{seed}/{number}".encode()).hexdigest())


def uuid_of(digits: str) -> str:
    """Write 32 hex digits, or the first of more, as a random (version 4) UUID of the usual variant."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:32]}"
