"""Images that are about to be shown are packed: written as JSON text at once, and texts of their own kept nowhere else.

That is done for each image of a catalog while it is loaded. How it is done is found out once for those that have the
same attributes, by the table of fields: those up to the tags nearly all images have, and those after them are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import filterfalse
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ims_mock.fields import BY_NAME, FIELDS
from ims_mock.image import Image, Shapes, computed, memberships
from ims_mock.kinds import TEXT, TIME, Value
from ims_mock.rendering import encode, escaped, json_of, needs_escape, start_of
from ims_mock.shape import COMPUTED_FIRST, DISTINCT, Shape, in_table_order

_MOST: Final = 500
"""So many values of an attribute are kept as they are written."""

_LONG: Final = 200
"""A value that takes more characters is written each time."""

_ID: Final = "id"
_TAGS: Final = "tags"
_FEATURES: Final = "__os_feature_list"
"""The text that is full of quotes, and one of few."""

_STORED: Final = tuple(field.name for field in FIELDS if field.name not in COMPUTED_FIRST)
_HEAD: Final = _STORED[: _STORED.index(_TAGS) + 1]
_TAIL: Final = _STORED[len(_HEAD) :]
_KNOWN: Final = frozenset(_STORED)
_COMPUTED: Final = frozenset(COMPUTED_FIRST)
_OTHERS: Final = frozenset(name for name in _HEAD if BY_NAME[name].kind not in (TEXT, TIME))
assert all(BY_NAME[name].kind in (TEXT, TIME) for name in _TAIL)

_BEGINNING: Final = json_of(computed("\n")).decode().removesuffix("}").split(r"\n")
"""What stands before the stored values, with gaps for the id."""

_PACKINGS_KEPT: Final = 16_384
"""For so many sets of attributes is kept how images are packed, while a catalog is loaded."""


class _Written(dict[Any, str]):
    """The values of one attribute as they are written; each attribute has its own, since 1 and true are one key.

    Args:
        write: writes one.
    """

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: Value) -> str:
        text = self._write(value)
        if len(self) < _MOST and len(text) <= _LONG:
            self[value] = text
        return text


_written: Final = {name: _Written(encode) for name in _OTHERS}
_features: Final = _Written(escaped)

_Writers = list[tuple[int, Callable[[Any], str]]]
"""Which of the values that are written need more than quotes around them, and what writes them."""


_starts: Final = {name: start_of(name, is_after_text=True) for name in _TAIL}


class _Head(NamedTuple):
    """How the attributes up to the tags are written.

    Attributes:
        parts: gaps for the values, the id twice more before them, and what stands around them.
        texts: which of them are texts.
        writers: what writes the others.
    """

    parts: list[str]
    texts: list[int]
    writers: _Writers


@lru_cache(maxsize=64)
def _head(names: Sequence[str]) -> _Head:
    *parts, before = _BEGINNING[0], "", _BEGINNING[1], "", _BEGINNING[2]
    head = _Head(parts, [], [])
    is_text = False
    for place, name in enumerate(names, 2):
        is_after_text, is_text = is_text, name not in _OTHERS
        parts += before + start_of(name, is_after_text=is_after_text, is_text=is_text), ""
        before = ""
        if is_text:
            head.texts.append(place)
        else:
            head.writers.append((place, _written[name].__getitem__))
    return head


class _Packing(NamedTuple):
    """How images with the same attributes are packed.

    With an id, a size and tags alone, the parts are ``{"self": "/v2/images/``, a gap, ``", "file": "/v2/images/``, a
    gap, ``/file", "schema": …, "virtual_size": null, "id": "``, a gap, ``", "size": ``, a gap, ``, "tags": ``, a gap,
    and ``}``.

    Attributes:
        shape: theirs.
        kept: gives those values for which the shape has a place.
        whole: gives all that is written of an image: its id twice, then its values in the order of the table.
        parts: what is written: at odd places gaps for these, at even ones what stands around them.
        texts: gives those of them in which nothing is to be escaped.
        writers: what writes the others.
    """

    shape: Shape
    kept: Callable[[Mapping[str, Value]], tuple[Value, ...]]
    whole: Callable[[Mapping[str, Value]], tuple[Value, ...]]
    parts: list[str]
    texts: Callable[[Sequence[Any]], tuple[str, ...]]
    writers: _Writers

    def write(self, values: Mapping[str, Value], *, are_plain: bool) -> bytes | None:
        """Write an image.

        Args:
            values: those.
            are_plain: whether it is known of its texts.

        Returns:
            The JSON text; ``None`` when something must be escaped in it.
        """
        written: list[Any] = list(self.whole(values))
        if not are_plain and needs_escape("".join(self.texts(written))):
            return None
        for place, write in self.writers:
            written[place] = write(written[place])
        parts = self.parts.copy()
        parts[1::2] = written
        return "".join(parts).encode()


class Packer:
    """Packs images while they are made; those of the same shape share what is alike in them."""

    def __init__(self) -> None:
        self._unpacked = Shapes()
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._packings: dict[tuple[str, ...], _Packing | None] = {}

    def image(
        self, values: Mapping[str, Value], members: Mapping[str, str] | None = None, *, are_plain: bool = False
    ) -> Image:
        """Make an image of its values, and render it.

        Args:
            values: those, in any order, with an id.
            members: the status of each project's membership.
            are_plain: whether it is known of all texts but ``__os_feature_list`` that nothing in them is escaped.
        """
        given = tuple(values)
        try:
            packing = self._packings[given]
        except KeyError:
            packing = self._learned(given)
        if packing is None:
            image = self._unpacked.image(values, members)
            image.render()
            return image
        rendered = packing.write(values, are_plain=are_plain)
        if rendered is None:
            rendered = json_of(computed(values["id"]) | {name: values[name] for name in in_table_order(values)})
        return Image(packing.shape, packing.kept(values), memberships(members), rendered=rendered)

    def _learned(self, given: tuple[str, ...]) -> _Packing | None:
        """Find out how images with some attributes are packed, and keep that; when it is too much, nothing else."""
        if len(self._packings) >= _PACKINGS_KEPT:
            self._packings.clear()
        packing = self._packings[given] = self._packing_of(given)
        return packing

    def _packing_of(self, given: tuple[str, ...]) -> _Packing | None:
        """Find out how images are packed that have some attributes; ``None``: not at all, since some are computed."""
        if _TAGS not in given or not _COMPUTED.isdisjoint(given):
            return None
        has = set(given).__contains__
        names, tail = tuple(filter(has, _HEAD)), list(filter(has, _TAIL))
        if len(names) + len(tail) < len(given):
            tail += sorted(filterfalse(_KNOWN.__contains__, given))
        head = _head(names)
        first = len(names) + 2
        texts, writers, end = [*head.texts, *range(first, first + len(tail))], head.writers, "}"
        gaps = [""] * (2 * len(tail))
        if tail:
            gaps[::2] = [_starts.get(name) or start_of(name, is_after_text=True) for name in tail]
            gaps[0] = start_of(tail[0])
            end = '"}'
        if has(_FEATURES):
            place = first + tail.index(_FEATURES)
            texts.remove(place)
            writers = [*writers, (place, _features.__getitem__)]
        every = (*names, *tail)
        kept = tuple(filterfalse(DISTINCT.__contains__, every))
        shape = self._shapes.get(kept)
        if shape is None:
            shape = self._shapes[kept] = Shape(kept, is_packed=True)
        parts = [*head.parts, *gaps, end]
        return _Packing(shape, itemgetter(*kept), itemgetter(_ID, _ID, *every), parts, itemgetter(*texts), writers)
