"""Images as JSON text, and what stands in it: once one is written, pages, links and the journal need nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final

_QUOTE: Final = '"'
_ESCAPE: Final = b"\\"
_ESCAPES: Final = ord(_ESCAPE)
_TEXT: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)

encode: Final = json.JSONEncoder(ensure_ascii=False).encode
"""Writes any value, with blanks where Glance writes them."""


def json_of(members: Mapping[str, object]) -> bytes:
    """Write an object of any members."""
    return encode(members).encode()


def escaped(text: str) -> str:
    """Give a text as it stands between its quotes."""
    return encode_basestring(text)[1:-1]


def needs_escape(text: str) -> bool:
    """Whether a text stands otherwise between its quotes than it is."""
    return len(escaped(text)) > len(text)


def start_of(name: str, *, is_after_text: bool = False, is_text: bool = True) -> str:
    """Give what stands between the value before an attribute and its own one; the quotes of texts belong to it."""
    return f"{_QUOTE * is_after_text}, {encode_basestring(name)}: {_QUOTE * is_text}"


# Nothing in a text looks like a member of an object: there a quote is escaped.


@lru_cache(maxsize=256)
def _start(name: str) -> bytes:
    return start_of(name).encode()


_ID: Final = _start("id")


def text_in(rendered: bytes, name: str) -> str | None:
    """Find a text in an image.

    Args:
        rendered: the image.
        name: the attribute, which is not the first one.

    Returns:
        The text; ``None`` where the image has none of that name.
    """
    return texts_in((rendered,), name)[0]


def has_text(rendered: bytes, name: str) -> bool:
    """Whether an image has a text; arguments as for :func:`text_in`."""
    return rendered.rfind(_start(name)) >= 0


def texts_in(images: Iterable[bytes], name: str) -> list[str | None]:
    """Find the same text in many images.

    Args:
        images: those, rendered.
        name: as for :func:`text_in`.
    """
    start = _start(name)
    size = len(start)
    return [None if (begin := image.find(start)) < 0 else _text_at(image, begin + size) for image in images]


def id_in(rendered: bytes) -> str:
    """Find the id of an image; every one has one."""
    return _text_at(rendered, rendered.index(_ID) + len(_ID))


def replaced(rendered: bytes, name: str, text: str) -> bytes:
    """Put another text in the place of one that an image has.

    Args:
        rendered: the image.
        name: the attribute, which is not the first one.
        text: the other one.
    """
    start = _start(name)
    begin = rendered.index(start) + len(start)
    return rendered[:begin] + escaped(text).encode() + rendered[_end(rendered, begin) :]


def without(rendered: bytes, names: Iterable[str]) -> bytes:
    """Leave texts out of an image where it has them.

    Args:
        rendered: the image.
        names: their attributes, none of which is the first one.
    """
    for start in map(_start, names):
        begin = rendered.rfind(start)  # from the end, since most of what is left out stands there
        if begin >= 0:
            rendered = rendered[:begin] + rendered[_end(rendered, begin + len(start)) + 1 :]
    return rendered


def _text_at(rendered: bytes, begin: int) -> str:
    text = rendered[begin : rendered.index(b'"', begin)]
    return str(json.loads(b'"%b"' % rendered[begin : _end(rendered, begin)])) if _ESCAPE in text else text.decode()


def _end(rendered: bytes, begin: int) -> int:
    """Find the quote after a text that begins at a place."""
    end = rendered.index(b'"', begin)
    if rendered[end - 1] == _ESCAPES:  # it may belong to the text
        match = _TEXT.match(rendered, begin)
        assert match  # since any bytes do
        end = match.end()
    return end
