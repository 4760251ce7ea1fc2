"""Images as JSON text, quickly: those with the same attributes are written into the same frame, and texts found again.

Once an image is written, pages, links and the journal need nothing else of it.
"""

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
_ESCAPE: Final = b"\\"

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


# --- what stands in an image that is written ------------------------------------------------------
# Nothing in a text looks like a member: there a quote is escaped.


@lru_cache(maxsize=256)
def _start(name: str) -> bytes:
    """Give what stands before the text of an attribute in an image that begins with another one."""
    return f", {encode_basestring(name)}: {_QUOTE}".encode()


def text_in(rendered: bytes, name: str) -> str | None:
    """Find a text in an image.

    Args:
        rendered: the image.
        name: the attribute, which is not the first one.

    Returns:
        The text; ``None`` where the image has none of that name.
    """
    start = _start(name)
    begin = rendered.find(start)
    if begin < 0:
        return None
    begin += len(start)
    text = rendered[begin : _end(rendered, begin)]
    return str(json.loads(b'"%b"' % text)) if _ESCAPE in text else text.decode()


def id_in(rendered: bytes) -> str:
    """Find the id of an image; every one has one."""
    return text_in(rendered, "id") or ""


def without(rendered: bytes, names: Iterable[str]) -> bytes:
    """Leave texts out of images where these have them.

    Args:
        rendered: one image, or several with whatever between them.
        names: their attributes, none of which is the first one.
    """
    for start in map(_start, names):
        before, *following = rendered.rsplit(start)  # which takes half as long as to look from the beginning
        if following:
            rendered = b"".join((before, *[one[_end(one, 0) + 1 :] for one in following]))
    return rendered


def _end(rendered: bytes, begin: int) -> int:
    """Find the quote after a text that begins at a place."""
    end = rendered.index(b'"', begin)
    while rendered[end - 1 : end] == _ESCAPE:
        before = rendered[begin:end]
        if (len(before) - len(before.rstrip(_ESCAPE))) % 2 == 0:
            break
        end = rendered.index(b'"', end + 1)
    return end
