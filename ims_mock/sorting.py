"""How images compare in an order, and how they are put into it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final

from ims_mock.fields import BY_NAME
from ims_mock.image import Image
from ims_mock.kinds import TIME, Value
from ims_mock.query import SortKey
from ims_mock.table import BASE, Table

Sort = tuple[SortKey, ...]

_MISSING: Final = (False, "")


class _Descending:
    """A part of a key by which an order descends: of two the larger one sorts first."""

    __slots__ = ("ascending",)

    def __init__(self, ascending: tuple[bool, Value]) -> None:
        self.ascending = ascending

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.ascending == other.ascending

    def __lt__(self, other: _Descending) -> bool:
        return other.ascending < self.ascending


Part = tuple[bool, Value] | str | _Descending


def key_of(sort: Sort) -> Callable[[Image], tuple[Part, ...]]:
    """Make the function that gives an image's key in an order: keys compare as the images stand."""
    parts = [part_of(key) for key in sort]
    return lambda image: tuple([part(image) for part in parts])


def part_of(key: SortKey) -> Callable[[Image], Part]:
    """Make the function that gives what one sort key adds to an image's key.

    A missing value sorts below every value.
    """
    name, is_descending = key
    if name in BASE and not is_descending:
        return lambda image: image.text(name)

    def part(image: Image) -> Part:
        value = image.get(name)
        ascending = _MISSING if value is None else (True, value)
        return _Descending(ascending) if is_descending else ascending

    return part


def arranged(table: Table, sort: Sort) -> Sequence[int]:
    """Give the positions of images in an order.

    Args:
        table: the images.
        sort: the keys of the order.
    """
    positions: Sequence[int] = range(len(table))
    names = [key.name for key in sort]
    keys = sort[: names.index("id") + 1] if "id" in names else sort  # no two images have the same one
    if tuple(key.name for key in keys[-2:]) == BASE and len({key.is_descending for key in keys[-2:]}) == 1:
        positions, keys = (positions[::-1] if keys[-1].is_descending else positions), keys[:-2]
    if not keys:
        return positions
    for key in reversed(keys):  # a stable sort by one key after the other, the last first
        if BY_NAME[key.name].kind is TIME:  # where there is none, that is the smallest number
            positions = sorted(positions, key=table.stamps(key.name).__getitem__, reverse=key.is_descending)
            continue
        values = table.column(key.name)
        present, missing = list(positions), list[int]()
        if None in values:
            missing = [position for position in positions if values[position] is None]
            present = [position for position in positions if values[position] is not None]
        present.sort(key=values.__getitem__, reverse=key.is_descending)  # type: ignore[arg-type]
        positions = present + missing if key.is_descending else missing + present
    return array("I", positions)
