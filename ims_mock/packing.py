"""Images that are about to be shown are packed: written as JSON text at once, and texts of their own kept nowhere else.

That is done for each image of a catalog while it is loaded, so it goes by the table of fields: the attributes up to the
tags, which nearly all images have alike, are written into a frame, and those after them are texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import filterfalse
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ims_mock.fields import BY_NAME, FIELDS
from ims_mock.image import Image, Shapes, computed, memberships
from ims_mock.kinds import LINK, TEXT, TIME, Value
from ims_mock.rendering import json_of
from ims_mock.shape import COMPUTED_FIRST, DISTINCT, Shape, in_table_order

_MOST: Final = 500
"""So many values of an attribute are kept as they are written."""

_LONG: Final = 200
"""A value that takes more characters is written each time."""

_QUOTE: Final = '"'
_TAGS: Final = "tags"
_FEATURES: Final = "__os_feature_list"
"""The text that is full of quotes, and one of few."""

_STORED: Final = tuple(field.name for field in FIELDS if field.kind is not LINK and field.name not in COMPUTED_FIRST)
_HEAD: Final = _STORED[: _STORED.index(_TAGS) + 1]
_TAIL: Final = _STORED[len(_HEAD) :]
_COMPUTED: Final = frozenset(COMPUTED_FIRST)
_OTHERS: Final = frozenset(name for name in _HEAD if BY_NAME[name].kind not in (TEXT, TIME))
assert all(BY_NAME[name].kind in (TEXT, TIME) for name in _TAIL)

_BEGINNING: Final = json_of(computed("%s")).decode().removesuffix("}")
"""What stands before the stored values; the id comes twice."""

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


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


_written: Final = {name: _Written(_encode) for name in _OTHERS}
_features: Final = _Written(lambda text: encode_basestring(text)[1:-1])
_starts: Final = {name: f'", {encode_basestring(name)}: "' for name in _TAIL}
"""What stands before the text of each attribute after the tags; before the first one no quote must be closed."""


class _Head(NamedTuple):
    """What stands around the values of the attributes up to the tags, of images that have the same ones.

    Attributes:
        parts: what is written, with a place for the value of each.
        texts: gives those of the values that are texts.
        others: the places of the others, and what writes them.
    """

    parts: list[str]
    texts: Callable[[Sequence[Any]], tuple[str, ...]]
    others: list[tuple[int, Callable[[Any], str]]]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Head:
        """Make it of the attributes."""
        parts = [""]
        for name in names:
            is_text = name not in _OTHERS
            parts[-1] += f", {encode_basestring(name)}: {_QUOTE * is_text}"
            parts += "", _QUOTE * is_text
        texts = [place for place, name in enumerate(names) if name not in _OTHERS]
        others = [(place, _written[name].__getitem__) for place, name in enumerate(names) if name in _OTHERS]
        return cls(parts, itemgetter(*texts), others)


class Packer:
    """Packs images while they are made; those of the same shape share what is alike in them."""

    def __init__(self) -> None:
        self._unpacked = Shapes()
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._heads: dict[tuple[str, ...], _Head] = {}

    def image(self, values: Mapping[str, Value], members: Mapping[str, str] | None = None) -> Image:
        """Make an image of its values, and render it.

        Args:
            values: those, in any order, with an id.
            members: the status of each project's membership.
        """
        if _TAGS not in values or not _COMPUTED.isdisjoint(values):
            image = self._unpacked.image(values, members)
            image.render()
            return image
        head, tail = tuple(filter(values.__contains__, _HEAD)), tuple(filter(values.__contains__, _TAIL))
        names, rendered = head + tail, None
        if len(names) == len(values):
            rendered = self._plainly(values, head, tail)
        else:  # it has free properties
            names = in_table_order(values)
        if rendered is None:
            rendered = json_of({**computed(values["id"]), **{name: values[name] for name in names}})
        kept = tuple(filterfalse(DISTINCT.__contains__, names))
        shape = self._shapes.get(kept)
        if shape is None:
            shape = self._shapes[kept] = Shape(kept, is_packed=True)
        return Image(shape, tuple(map(values.__getitem__, kept)), memberships(members), rendered=rendered)

    def _plainly(self, values: Mapping[str, Value], names: tuple[str, ...], tail: Sequence[str]) -> bytes | None:
        """Write an image.

        Args:
            values: its values.
            names: its attributes up to the tags.
            tail: those after them.

        Returns:
            the JSON text; ``None`` when something in a text must be escaped.
        """
        head = self._heads.get(names)
        if head is None:
            head = self._heads[names] = _Head.of(names)
        written: list[Any] = list(map(values.__getitem__, names))
        texts: list[Any] = list(map(values.__getitem__, tail))
        features = ""
        if _FEATURES in values:
            place = tail.index(_FEATURES)
            features, texts[place] = _features[texts[place]], ""
        checked = "".join((*head.texts(written), *texts))
        if len(encode_basestring(checked)) > len(checked) + 2 * len(_QUOTE):
            return None
        if features:
            texts[place] = features
        for place, write in head.others:
            written[place] = write(written[place])
        parts = [_BEGINNING % (values["id"], values["id"]), *head.parts]
        parts[2::2] = written
        if tail:
            starts = list(map(_starts.__getitem__, tail))
            starts[0] = starts[0][len(_QUOTE) :]
            starts *= 2
            starts[::2] = starts[: len(tail)]
            starts[1::2] = texts
            parts += starts
            parts.append(_QUOTE)
        parts.append("}")
        return "".join(parts).encode()
