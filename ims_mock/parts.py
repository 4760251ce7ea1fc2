"""The parts of a query string: split, decoded, and encoded again.

The raw query string is read here, not by the web framework: a stray ``%``, repeated parameters and bytes that are not
UTF-8 all have documented answers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes

from ims_mock.errors import RequestError
from ims_mock.kinds import wire_text

_ESCAPES: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PLAIN: Final = re.compile(r"([A-Za-z0-9_.~-]+)=((?:[A-Za-z0-9_.~:+-]|%3A|%3D)*)")
_SAFE: Final = re.compile(r"[A-Za-z0-9_.~:=-]*")

_KEPT: Final = 1024
"""So many parts are kept that were read lately: names, limits and orders come again and again."""

_LONG: Final = 100
"""A part of more characters is not kept."""

Pairs = tuple[tuple[str, str], ...]


class Part(NamedTuple):
    """What stands between two ``&``: a parameter.

    Attributes:
        name: decoded.
        value: decoded.
        encoded: both, form-encoded, as links repeat them.
    """

    name: str
    value: str
    encoded: str


def parts_of(raw: str, *, is_strict: bool) -> list[Part]:
    """Split and decode a query string; only ``&`` separates, and each part splits at its first ``=``.

    Args:
        raw: the query string as it came; one character a byte.
        is_strict: whether a ``%`` that escapes nothing is refused.

    Raises:
        RequestError: it can not be decoded.
    """
    return [_part(text, is_strict) if len(text) <= _LONG else _read(text, is_strict) for text in raw.split("&") if text]


def _read(text: str, is_strict: bool) -> Part:
    plain = _PLAIN.fullmatch(text)
    if plain:  # most parts are, times and tags among them
        name, value = plain.groups()
        read = value.replace("%3A", ":").replace("%3D", "=").replace("+", " ")
        return Part(name, read, f"{name}={value.replace(':', '%3A')}")
    sent, _, rest = text.encode("latin-1", "replace").partition(b"=")
    name = _decode(sent, "the name of a parameter", is_strict=is_strict)
    value = _decode(rest, name, is_strict=is_strict)
    return Part(name, value, f"{form_encoded(name)}={form_encoded(value)}")


_part: Final = lru_cache(maxsize=_KEPT)(_read)


def _decode(encoded: bytes, what: str, *, is_strict: bool) -> str:
    if is_strict and _ESCAPES.search(encoded):
        raise RequestError(
            "stray-percent", what, encoded.decode("latin-1"), "a % followed by two hex digits; %25 is a %"
        )
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise RequestError("encoding", what, encoded.decode("latin-1"), "UTF-8, percent-encoded") from None


def form_encoded(text: str) -> str:
    """Encode a text as forms do; of most little need be, and the standard library looks at each character."""
    return text.replace(":", "%3A").replace("=", "%3D") if _SAFE.fullmatch(text) else quote_plus(text)


def decoded(raw: str) -> Pairs:
    """Give the parameters of any query for somebody to look at; what can not be decoded is replaced."""
    return tuple(parse_qsl(wire_text(raw), keep_blank_values=True, errors="replace"))


def has_stray_percent(raw: str) -> bool:
    """Whether a query string has a ``%`` that escapes nothing."""
    return "%" in raw and _ESCAPES.search(raw.encode("latin-1", "replace")) is not None
