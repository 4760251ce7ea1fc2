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
_TEXT: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def json_of(members: Mapping[str, object]) -> bytes:
    """Write an object of any members, with blanks where Glance writes them."""
    return _encode(members).encode()


# Nothing in a text looks like a member of an object: there a quote is escaped.


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


def texts_in(images: Iterable[bytes], name: str) -> list[str | None]:
    """Find the same text in many images; to look into one after the other would take three times as long.

    Args:
        images: those, rendered.
        name: as for :func:`text_in`.
    """
    start = _start(name)
    size = len(start)
    found: list[str | None] = []
    for image in images:
        begin = image.find(start) + size
        if begin < size:
            found.append(None)
            continue
        text = image[begin : image.index(b'"', begin)]
        found.append(text_in(image, name) if _ESCAPE in text else text.decode())
    return found


def id_in(rendered: bytes) -> str:
    """Find the id of an image; every one has one."""
    return text_in(rendered, "id") or ""


def replaced(rendered: bytes, name: str, text: str) -> bytes:
    """Put another text in the place of one that an image has.

    Args:
        rendered: the image.
        name: the attribute, which is not the first one.
        text: the other one.
    """
    start = _start(name)
    begin = rendered.index(start) + len(start)
    return rendered[:begin] + encode_basestring(text)[1:-1].encode() + rendered[_end(rendered, begin) :]


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
    if rendered[end - 1 : end] == _ESCAPE:  # it may belong to the text
        match = _TEXT.match(rendered, begin)
        assert match  # since any bytes do
        end = match.end()
    return end
