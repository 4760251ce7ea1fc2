"""The shape of images: the attributes that several have alike, and where the value of each stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import filterfalse
from typing import Final

from ims_mock.fields import FIELDS
from ims_mock.kinds import Value
from ims_mock.rendering import Frame

_NAMES: Final = tuple(field.name for field in FIELDS)
_RANK: Final = {name: rank for rank, name in enumerate(_NAMES)}
NULLABLE: Final = tuple(field.name for field in FIELDS if field.nullable)
"""The attributes that are shown as ``null`` when an image has no value for them."""

COMPUTED_FIRST: Final = ("self", "file", "schema", *NULLABLE)
"""What stands before the stored values of an image, unless it stores a value for one of the nullable ones."""

_COMPUTED: Final = frozenset(COMPUTED_FIRST)


class Shape:
    """The attributes a group of images has, where each one's value stands, and what such images are written into.

    Args:
        names: the attributes, in the order of the table.

    Attributes:
        places: the place of each value.
    """

    __slots__ = ("_frame", "places")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.places: dict[str, int] = dict(zip(names, range(len(names)), strict=True))
        self._frame: Frame | None = None

    @property
    def frame(self) -> Frame | None:
        """What images are written into; ``None`` where something is missing, or given that is computed."""
        if self._frame is None and "tags" in self.places and _COMPUTED.isdisjoint(self.places):
            self._frame = Frame((*COMPUTED_FIRST, *self.places))
        return self._frame


def shape_of(values: Mapping[str, Value], like: Shape) -> Shape:
    """Give the shape of an image, perhaps that of another one."""
    return like if values.keys() == like.places.keys() else Shape(in_table_order(values))


def in_table_order(names: Collection[str]) -> tuple[str, ...]:
    """Order names as the table does, those of free properties last."""
    free = sorted(filterfalse(_RANK.__contains__, names))
    ranks = sorted(map(_RANK.__getitem__, filter(_RANK.__contains__, names) if free else names))
    return *map(_NAMES.__getitem__, ranks), *free
