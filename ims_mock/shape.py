"""The shape of images: the attributes that several have alike, and where the value of each stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import filterfalse
from typing import Final

from ims_mock.fields import FIELDS
from ims_mock.kinds import TEXT, TIME, Value

_NAMES: Final = tuple(field.name for field in FIELDS)
_RANK: Final = {name: rank for rank, name in enumerate(_NAMES)}
NULLABLE: Final = tuple(field.name for field in FIELDS if field.nullable)
"""The attributes that are shown as ``null`` when an image has no value for them."""

COMPUTED_FIRST: Final = ("self", "file", "schema", *NULLABLE)
"""What stands before the stored values of an image, unless it stores a value for one of the nullable ones."""

DISTINCT: Final = frozenset(field.name for field in FIELDS if field.is_distinct)
"""The texts that most images have to themselves."""

assert all(field.kind in (TEXT, TIME) and field.name != _NAMES[0] for field in FIELDS if field.is_distinct)


class Shape:
    """The attributes a group of images has, and where each one's value stands.

    Args:
        names: the attributes, in the order of the table.
        is_packed: whether such images are packed: what they have of :data:`DISTINCT` stands only in their JSON text.

    Attributes:
        places: the place of each value.
        is_packed: the same.
    """

    __slots__ = ("is_packed", "places")

    def __init__(self, names: tuple[str, ...], *, is_packed: bool = False) -> None:
        self.places: dict[str, int] = dict(zip(names, range(len(names)), strict=True))
        self.is_packed = is_packed


def shape_of(values: Mapping[str, Value], like: Shape) -> Shape:
    """Give the shape of an image that is not packed, perhaps that of another one."""
    is_alike = not like.is_packed and values.keys() == like.places.keys()
    return like if is_alike else _shape(in_table_order(values))


_shape: Final = lru_cache(maxsize=256)(Shape)


def in_table_order(names: Collection[str]) -> tuple[str, ...]:
    """Order names as the table does, those of free properties last."""
    free = sorted(filterfalse(_RANK.__contains__, names))
    ranks = sorted(map(_RANK.__getitem__, filter(_RANK.__contains__, names) if free else names))
    return *map(_NAMES.__getitem__, ranks), *free
