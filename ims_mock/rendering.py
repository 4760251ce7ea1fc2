"""Values of an image as JSON text, quickly: images with the same attributes are written into the same frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final

from ims_mock.fields import BY_NAME
from ims_mock.kinds import LINK, TEXT, TIME, Value

_MOST: Final = 500
"""So many values are kept as JSON in one place."""

_LONG: Final = 200
"""A value that takes more characters is written each time."""

_QUOTE: Final = '"'

_QUOTED: Final = "__os_feature_list"
"""The attribute whose values are full of quotes; they are few."""

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


class _Written(dict[Any, str]):
    """The values of one attribute as JSON; each has its own, since 1 and true are one key."""

    def __missing__(self, value: Value) -> str:
        text = _encode(value)
        if len(self) < _MOST and len(text) <= _LONG:
            self[value] = text
        return text


_written: Final = {
    name: _Written() for name, field in BY_NAME.items() if field.kind not in (TEXT, TIME, LINK) or name == _QUOTED
}
"""The attributes that are no plain texts, each with its values; free properties are texts."""


class _Starts(dict[str, str]):
    """What stands before the value of each attribute of the table.

    Args:
        end: the end of the value before it.
    """

    def __init__(self, end: str) -> None:
        super().__init__()
        self._end = end

    def __missing__(self, name: str) -> str:
        start = f"{self._end}, {encode_basestring(name)}: {_QUOTE * (name not in _written)}"
        if name in BY_NAME:
            self[name] = start
        return start


_after_text: Final = _Starts(_QUOTE)
_after_other: Final = _Starts("")


class _Members(dict[tuple[str, str], bytes]):
    """How texts stand in an image that begins with something else; many images share one."""

    def __missing__(self, member: tuple[str, str]) -> bytes:
        name, text = member
        written = f", {encode_basestring(name)}: {encode_basestring(text)}".encode()
        if len(self) < _MOST and len(written) <= _LONG:
            self[member] = written
        return written


_members: Final = _Members()


class Frame:
    """What stands around the values of images that have the same attributes; the quotes of texts belong to it.

    Args:
        names: the attributes, in the order in which they are written; the first one is a text.
    """

    __slots__ = ("_parts", "_texts", "_written")

    def __init__(self, names: Sequence[str]) -> None:
        starts = [*map(_after_text.__getitem__, names), f"{_QUOTE}}}"]
        starts[0] = "{" + starts[0].removeprefix(f"{_QUOTE}, ")
        others = [place for place, name in enumerate(names) if name in _written]
        for place in others:
            following = names[place + 1 : place + 2]
            starts[place + 1] = _after_other[following[0]] if following else "}"
        self._parts = starts * 2
        self._parts[::2] = starts
        self._parts.pop()
        self._texts, self._written = _plan(len(names), tuple([(place, names[place]) for place in others]))

    def write(self, values: Iterable[Value | None]) -> bytes:
        """Write an image.

        Args:
            values: the value of each attribute, as an image holds it.
        """
        written: list[Any] = list(values)
        texts = "".join(self._texts(written))
        if len(encode_basestring(texts)) > len(texts) + 2 * len(_QUOTE):  # something must be escaped
            others = {place for place, _ in self._written}
            written = [
                value if place in others else encode_basestring(value)[1:-1] for place, value in enumerate(written)
            ]
        for place, write in self._written:
            written[place] = write(written[place])
        parts = self._parts.copy()
        parts[1::2] = written
        return "".join(parts).encode()


@lru_cache(maxsize=1024)
def _plan(
    count: int, others: tuple[tuple[int, str], ...]
) -> tuple[Callable[[Sequence[Any]], Iterable[str]], list[tuple[int, Callable[[Any], str]]]]:
    """Tell what takes the texts of so many values, and how the others are written, by their places."""
    texts = sorted(set(range(count)) - {place for place, _ in others})
    return itemgetter(*texts), [(place, _written[name].__getitem__) for place, name in others]


def json_of(members: dict[str, object]) -> bytes:
    """Write an object of any members."""
    return _encode(members).encode()


def without(rendered: bytes, members: Iterable[tuple[str, str]]) -> bytes:
    """Leave texts out of an image, which has them, and none of them first.

    Nothing in a text looks like a member: there a quote is escaped. These stand near the end.

    Args:
        rendered: the image.
        members: the names of the texts, and these.
    """
    for member in members:
        before, _, behind = rendered.rpartition(_members[member])
        rendered = before + behind
    return rendered
