"""Values of an image as JSON text, quickly: what many images share is written once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import Any, Final

from ims_mock.fields import BY_NAME
from ims_mock.kinds import LINK, TEXT, TIME, Value

_MOST: Final = 500
"""So many texts are kept of one attribute."""

Piece = tuple[str, Callable[[Any], str]]
"""How an attribute is written: a beginning, and what gives the rest for a value."""

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


class _Members(dict[Any, str]):
    """The texts of one attribute, name and all, by its values.

    Args:
        start: how the attribute begins.
        write: gives the text of a value.
    """

    def __init__(self, start: str, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._start, self._write = start, write

    def __missing__(self, value: Value) -> str:
        text = self._start + self._write(value)
        if len(self) < _MOST:
            self[value] = text
        return text


class _Pieces(dict[str, Piece]):
    """How each attribute of the table is written; of free properties there may be any number, and none is kept."""

    def __missing__(self, name: str) -> Piece:
        start, field = f", {encode_basestring(name)}: ", BY_NAME.get(name)
        if field is None:
            return start, encode_basestring
        if field.kind in (TEXT, TIME, LINK) and not field.values:  # hardly two images have the same
            piece: Piece = (start, encode_basestring)
        elif field.kind in (TEXT, TIME):
            piece = ("", _Members(start, encode_basestring).__getitem__)
        else:
            piece = ("", _Members(start, _encode).__getitem__)
        self[name] = piece
        return piece


_pieces: Final = _Pieces()


def json_object(names: Iterable[str], values: Iterable[Value | None]) -> bytes:
    """Write attributes as a JSON object.

    Args:
        names: their names.
        values: the value of each, as an image holds it.
    """
    pieces = map(_pieces.__getitem__, names)
    members = "".join([start + write(value) for (start, write), value in zip(pieces, values, strict=True)])
    return f"{{{members[2:]}}}".encode()


def json_of(members: dict[str, object]) -> bytes:
    """Write an object of any members."""
    return _encode(members).encode()
