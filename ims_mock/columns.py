"""Attributes of many images at once, as orders and lists are built from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import itemgetter

from ims_mock.image import Image
from ims_mock.kinds import Value
from ims_mock.rendering import has_text, texts_in
from ims_mock.shape import DISTINCT, Shape

Take = Callable[[tuple[Value, ...]], tuple[Value | None, ...]]
"""Gives some of the values of an image."""


def column(images: Iterable[Image], name: str) -> list[Value | None]:
    """Give what each of many images stores of an attribute; to ask each of them would take twice as long.

    Args:
        images: those.
        name: the attribute; of an image that has none it is ``None``.
    """
    if name in DISTINCT:
        return list(texts_in((image.rendered for image in images), name))
    return [None if (place := image.shape.places.get(name)) is None else image.values[place] for image in images]


def names_in(images: Iterable[Image]) -> frozenset[str]:
    """Give every attribute for whose value any of many images has a place."""
    return frozenset().union(*[shape.places for shape in {image.shape for image in images}])


def stored_of(images: Iterable[Image], names: tuple[str, ...]) -> bytearray:
    """Tell which of some attributes each of many images stores, by a number each that :func:`names_of` understands.

    Args:
        images: those.
        names: the attributes, eight at most.
    """
    bits = {name: 1 << place for place, name in enumerate(names)}
    in_text = {name: bit for name, bit in bits.items() if name in DISTINCT}
    by_shape: dict[Shape, int] = {}
    found = bytearray()
    for image in images:
        shape = image.shape
        which = by_shape.get(shape)
        if which is None:
            which = by_shape[shape] = sum(bit for name, bit in bits.items() if name in shape.places)
        if shape.is_packed:
            for name, bit in in_text.items():
                if has_text(image.rendered, name):
                    which |= bit
        found.append(which)
    return found


@lru_cache(maxsize=256)
def names_of(names: tuple[str, ...], which: int) -> list[str]:
    """Give those of some attributes that an image stores, by the number of :func:`stored_of`."""
    return [name for place, name in enumerate(names) if which >> place & 1]


def rows(images: Iterable[Image], *names: str) -> Iterator[tuple[Value | None, ...]]:
    """Give what each of many images stores of two attributes or more.

    Args:
        images: those.
        names: the attributes, none of :data:`ims_mock.shape.DISTINCT`; of an image that has none it is ``None``.
    """
    assert DISTINCT.isdisjoint(names)
    takes: dict[Shape, Take] = {}
    for image in images:
        shape = image.shape
        take = takes.get(shape)
        if take is None:
            take = takes[shape] = _taking(tuple(map(shape.places.get, names)))
        yield take(image.values)


@lru_cache(maxsize=256)
def _taking(places: tuple[int | None, ...]) -> Take:
    """Make what takes the values at some places; many shapes have the same ones."""
    known = [place for place in places if place is not None]
    if len(known) == len(places):
        return itemgetter(*known)
    return lambda values: tuple([None if place is None else values[place] for place in places])
