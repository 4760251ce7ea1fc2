"""One image: its values, its members, and its bytes on the wire.

Images of the same shape (the same attributes) share where each value stands, so that an image costs one tuple of
values. An image never changes: an edit makes a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from itertools import filterfalse
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from ims_mock.fields import FIELDS
from ims_mock.kinds import LINK, Value
from ims_mock.rendering import Frame, json_of, without

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
_NAMES: Final = tuple(field.name for field in FIELDS)
_RANK: Final = {name: rank for rank, name in enumerate(_NAMES)}
_NULLABLE: Final = tuple(field.name for field in FIELDS if field.nullable)
_NOT_IN_CLOUDIMAGES: Final = tuple(field.name for field in FIELDS if not field.in_cloudimages)
_LINKS: Final = frozenset(field.name for field in FIELDS if field.kind is LINK)
_COMPUTED_FIRST: Final = ("self", "file", "schema", *_NULLABLE)
"""What stands before the stored values of an image, unless it stores a value for one of the nullable ones."""

_COMPUTED: Final = frozenset(_COMPUTED_FIRST)
_NULLS: Final = (None,) * len(_NULLABLE)


class Shape:
    """The attributes a group of images has, where each one's value stands, and what such images are written into.

    Args:
        names: the attributes, in the order of the table.

    Attributes:
        places: the place of each value.
        left_out: the attributes that the newer listing does not show.
    """

    __slots__ = ("_frame", "left_out", "places")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.places: dict[str, int] = dict(zip(names, range(len(names)), strict=True))
        self.left_out = tuple(filter(self.places.__contains__, _NOT_IN_CLOUDIMAGES))
        self._frame: Frame | None = None

    @property
    def frame(self) -> Frame | None:
        """What images are written into; ``None`` where something is missing, or given that is computed."""
        if self._frame is None and "tags" in self.places and _COMPUTED.isdisjoint(self.places):
            self._frame = Frame((*_COMPUTED_FIRST, *self.places))
        return self._frame


class Shapes:
    """The shapes met while a catalog is read, each kept once."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, ...], Shape] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def __len__(self) -> int:
        return len(self._shapes)

    def image(self, values: Mapping[str, Value], members: Mapping[str, str] | None = None) -> Image:
        """Make an image of its values; members map a project to its membership's status, as in a catalog file."""
        given = tuple(values)
        shape = self._given.get(given)
        if shape is None:
            names = in_table_order(given)
            shape = self._given[given] = self._shapes.setdefault(names, Shape(names))
        shared = {project: Membership(status) for project, status in members.items()} if members else NO_MEMBERS
        return _image(shape, values, shared)


Take = Callable[[tuple[Value, ...]], tuple[Value | None, ...]]
"""Gives some of the values of an image."""


class Image:
    """One image of a catalog: a value that never changes.

    ``image.get(name)`` is the stored value, ``None`` when there is none. ``image.members`` maps the projects it is
    shared with to their memberships; ``image.data`` is what was uploaded, ``None`` where that was not, or is not kept.

    Attributes:
        rendered: the image as JSON text.
    """

    __slots__ = ("_as_member", "_shape", "_values", "data", "members", "rendered")

    rendered: bytes

    def __init__(
        self, shape: Shape, values: tuple[Value, ...], members: Mapping[str, Membership], data: bytes | None = None
    ) -> None:
        self._shape = shape
        self._values = values
        self.members = members or NO_MEMBERS
        self.data = data
        self._as_member: Image | None = None

    def get(self, name: str) -> Value | None:
        """Give the stored value of an attribute, ``None`` when the image has none."""
        place = self._shape.places.get(name)
        return None if place is None else self._values[place]

    def text(self, name: str) -> str:
        """Give the stored value of a text attribute, empty when the image has none."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    @property
    def id(self) -> str:
        """The image's id; every image has one."""
        return str(self._values[self._shape.places["id"]])

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
            values = {**self.stored(), "visibility": "shared", "__imagetype": "shared"}
            self._as_member = _image(_shape_of(values, self._shape), values, self.members)
        return self._as_member

    def stored(self) -> dict[str, Value]:
        """Give the stored values by name, in the order in which they are shown."""
        return dict(zip(self._shape.places, self._values, strict=True))

    def changed(self, changes: Mapping[str, Value | None]) -> Image:
        """Give the image with other values; ``None`` takes one away."""
        kept = {name: one for name, one in {**self.stored(), **changes}.items() if one is not None}
        return _image(_shape_of(kept, self._shape), kept, self.members, self.data)

    def shared_with(self, members: Mapping[str, Membership]) -> Image:
        """Give the image with other members."""
        return Image(self._shape, self._values, MappingProxyType(dict(members)), self.data)

    def holding(self, data: bytes | None) -> Image:
        """Give the image with other data."""
        return Image(self._shape, self._values, self.members, data)

    def wire(self) -> dict[str, object]:
        """Give the image as a client sees it: computed links included, tags as a list, absent values left out."""
        path = f"{IMAGES_PATH}/{self.id}"
        wire: dict[str, object] = {"self": path, "file": f"{path}/file", "schema": IMAGE_SCHEMA}
        wire.update((name, None) for name in _NULLABLE)
        wire.update((name, value) for name, value in self.stored().items() if name not in _LINKS)
        wire["tags"] = list(self.tags)
        return wire

    def __getattr__(self, name: str) -> bytes:
        """Render the image when it is first shown; from then on the bytes are found without asking here."""
        if name != "rendered":
            raise AttributeError(f"an image has no {name}")
        return self.render()

    @property
    def rendered_in_cloudimages(self) -> bytes:
        """The image as the newer listing shows it: the same bytes, but for what is left out there."""
        left_out = self._shape.left_out
        return without(self.rendered, [(name, self.text(name)) for name in left_out]) if left_out else self.rendered

    def render(self) -> bytes:
        """Render the image, before somebody waits for it."""
        frame = self._shape.frame
        self.rendered = json_of(self.wire()) if frame is None else frame.write((*self._computed, *self._values))
        return self.rendered

    @property
    def _computed(self) -> tuple[Value | None, ...]:
        """What stands before the stored values."""
        path = f"{IMAGES_PATH}/{self.id}"
        return path, f"{path}/file", IMAGE_SCHEMA, *_NULLS


def column(images: Iterable[Image], name: str) -> list[Value | None]:
    """Give what each of many images stores of an attribute; to ask one after the other would take twice as long.

    Args:
        images: those.
        name: the attribute; of an image that has none it is ``None``.
    """
    return [None if (place := image._shape.places.get(name)) is None else image._values[place] for image in images]


def names_in(images: Iterable[Image]) -> frozenset[str]:
    """Give every attribute that any of many images has."""
    return frozenset().union(*[shape.places for shape in {image._shape for image in images}])


def rows(images: Iterable[Image], *names: str) -> Iterator[tuple[Value | None, ...]]:
    """Give what each of many images stores of two attributes or more.

    Args:
        images: those.
        names: the attributes; of an image that has none it is ``None``.
    """
    takes: dict[Shape, Take] = {}
    for image in images:
        shape = image._shape
        take = takes.get(shape)
        if take is None:
            take = takes[shape] = _taking(tuple(map(shape.places.get, names)))
        yield take(image._values)


@lru_cache(maxsize=256)
def _taking(places: tuple[int | None, ...]) -> Take:
    """Make what takes the values at some places; many shapes have the same ones."""
    known = [place for place in places if place is not None]
    if len(known) == len(places):
        return itemgetter(*known)
    return lambda values: tuple([None if place is None else values[place] for place in places])


def _shape_of(values: Mapping[str, Value], like: Shape) -> Shape:
    """Give the shape of an image, perhaps that of another one."""
    return like if values.keys() == like.places.keys() else Shape(in_table_order(values))


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


def in_table_order(names: Collection[str]) -> tuple[str, ...]:
    """Order names as the table does, those of free properties last."""
    free = sorted(filterfalse(_RANK.__contains__, names))
    ranks = sorted(map(_RANK.__getitem__, filter(_RANK.__contains__, names) if free else names))
    return *map(_NAMES.__getitem__, ranks), *free
