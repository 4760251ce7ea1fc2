"""THE TABLE of faults: every key of a rule, what it matches, when it counts and what it does, one row each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from wsgiref.util import is_hop_by_hop

from ims_mock.catalog.query import decoded
from ims_mock.contract.values import read_text, shown
from ims_mock.faults.changes import Change, ChangeError

MATCH, RULE, EFFECT = "match", "", "effect"
"""The parts of a rule: what it matches, the rule itself, and what it does."""

MOST_SECONDS: Final = 600.0
"""The longest delay."""

MOST_TIMES: Final = 10**9

_NO_STARS: Final = re.compile(r"[?[]")
"""What else stands for something in the patterns of shells, and here for itself."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass
class Asked:
    """A request as rules look at it; what is costly to know is found out when a rule wants to.

    Attributes:
        method: in upper case.
        path: decoded.
        query: as it was sent.
        header: gives a header by its name, empty when it was not sent.
        page_of: tells which page of its walk through a list it is; 0 when it asks for no list.
    """

    method: str
    path: str
    query: str
    header: Callable[[str], str]
    page_of: Callable[[], int]

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The parameters of the query, decoded."""
        return frozenset(decoded(self.query))

    @cached_property
    def page(self) -> int:
        """The page of its walk."""
        return self.page_of()


@dataclass(frozen=True)
class Key:
    """One key of a rule.

    Attributes:
        name: the key.
        part: where it stands: :data:`MATCH`, :data:`RULE` or :data:`EFFECT`.
        legal: what it may be, in words.
        about: what it does, in one sentence.
        read: gives its value; raises ``ValueError`` for what is not legal, with more words where there are some.
        fits: whether a request matches; ``None`` where that is no question of one request.
        needs: the key that must stand beside it.
        excludes: keys that can not stand beside it.
        schema: what it may be, as a JSON Schema.
    """

    name: str
    part: str
    legal: str
    about: str
    read: Callable[[object], Any]
    fits: Callable[[Any, Asked], bool] | None = None
    needs: str = ""
    excludes: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where in a rule it stands."""
        return f"{self.part}.{self.name}" if self.part else self.name


# --- how values are read --------------------------------------------------------------------------


def _number(low: float, high: float, kind: type = int) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        if kind(value) != value:
            raise ValueError
        return kind(value)

    return read


def _times(value: object) -> int | None:
    return None if value is None else _number(1, MOST_TIMES)(value)


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return read_text(value)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        raise ValueError
    return {name: read_text(one) for name, one in value.items()}


def _header(value: object) -> str:
    """Read what can stand in a header: one line of ASCII."""
    text = read_text(value)
    if not text.isprintable() or not text.isascii():
        raise ValueError
    return text


def _headers(value: object) -> dict[str, str]:
    """Read headers; those that say how the connection goes on are the server's."""
    found = {name: _header(one) for name, one in _texts(value).items()}
    if any(not _NAME.fullmatch(name) or is_hop_by_hop(name) or name.lower() == "content-length" for name in found):
        raise ValueError
    return found


def _pattern(value: object) -> re.Pattern[str]:
    return re.compile(translate(_NO_STARS.sub(r"[\g<0>]", _words(value))))


def _status(value: object) -> HTTPStatus:
    return HTTPStatus(_number(400, 599)(value))


def _delay(value: object) -> tuple[float, float]:
    seconds = _number(0, MOST_SECONDS, float)
    least, most = map(seconds, value if isinstance(value, list | tuple) else (value, value))
    if least > most:
        raise ValueError
    return least, most


def _one_of(*legal: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in legal:
            raise ValueError
        return str(value)

    return read


# --- the table ------------------------------------------------------------------------------------

BEFORE, MIDDLE = "before", "middle"
TRUNCATED, GARBAGE, EMPTY, HTML = "truncated", "garbage", "empty", "html"
MISSING, NULL, ABSOLUTE, LOOP, REPEATED = "missing", "null", "absolute", "loop", "repeated"

_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _SCALAR}
_LINE: Final = {**_SCALAR, "pattern": "^[ -~]*$"}
_LINES: Final = {
    "type": "object",
    "propertyNames": {"pattern": f"^(?!content-length$){_NAME.pattern}$"},
    "additionalProperties": _LINE,
}
_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": MOST_TIMES}
_SECONDS: Final = {"type": "number", "minimum": 0, "maximum": MOST_SECONDS}
_SPAN: Final = {"anyOf": [_SECONDS, {"type": "array", "items": _SECONDS, "minItems": 2, "maxItems": 2}]}
_STATUS: Final = {"enum": [int(status) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]}

KEYS: Final = (
    Key("method", MATCH, "a method such as GET", "The method, in any case.", lambda value: _words(value).upper(), lambda method, asked: method == asked.method, schema=_TEXT),
    Key("path", MATCH, "a path such as /v2/images; * stands for anything", "The path, without the query.", _pattern, lambda pattern, asked: bool(pattern.fullmatch(asked.path)), schema=_TEXT),
    Key("query", MATCH, "a mapping of names to texts", "Parameters that are all there, decoded.", _texts, lambda query, asked: query.items() <= asked.pairs, schema=_TEXTS),
    Key("header", MATCH, "a mapping of names to texts", "Headers that are all there.", _texts, lambda header, asked: all(asked.header(name) == value for name, value in header.items()), schema=_TEXTS),
    Key("page", MATCH, "a whole number from 1", "The page in a walk through a list.", _number(1, MOST_TIMES), lambda page, asked: asked.page == page, schema=_COUNT),
    Key("nth", MATCH, "a whole number from 1", "Only this one of the requests that match the rest.", _number(1, MOST_TIMES), schema=_COUNT),
    Key("times", RULE, "a whole number from 1, or null for ever", "How often the fault happens; once unless told.", _times, schema={**_COUNT, "type": ["integer", "null"]}),
    Key("after", RULE, "a whole number from 0", "How many requests that match are spared first; none unless told.", _number(0, MOST_TIMES), schema={**_COUNT, "minimum": 0}),
    Key("probability", RULE, "a number from 0 to 1", "How likely the fault is; certain unless told. The same seed gives the same faults.", _number(0, 1, float), schema={"type": "number", "minimum": 0, "maximum": 1}),
    Key("delay", EFFECT, f"seconds from 0 to {MOST_SECONDS:.0f}, or [least, most]", "The request waits before anything else is done.", _delay, schema=_SPAN),
    Key("catalog", EFFECT, "a mapping with delete, add and update", "Before the request is answered somebody deletes, adds or updates images: `{\"delete\": \"marker\"}` (the marker of this request), `{\"delete\": ID}`, `{\"add\": {…}}`, `{\"update\": {ID: {…}}}`.", Change.read, schema={"type": "object"}),
    Key("status", EFFECT, "a status that HTTP knows, 400 to 599", "The request is refused, in the shape of whoever refuses with this status.", _status, excludes=("next",), schema=_STATUS),
    Key("code", EFFECT, "a text such as IMG.0017", "The code of the refusal; APIGW.… is the gateway's, another the service's.", _words, needs="status", schema=_TEXT),
    Key("message", EFFECT, "a text", "What the refusal says.", _words, needs="status", schema=_TEXT),
    Key("next", EFFECT, ", ".join((MISSING, NULL, ABSOLUTE, LOOP, REPEATED)), "The link to the next page is left out, `null`, with scheme and host, to the first page again, or to this page again.", _one_of(MISSING, NULL, ABSOLUTE, LOOP, REPEATED), schema={"enum": [MISSING, NULL, ABSOLUTE, LOOP, REPEATED]}),
    Key("body", EFFECT, ", ".join((TRUNCATED, GARBAGE, EMPTY, HTML)), "The body is cut in half, no text at all, without a byte, or the page of a web server; the length fits.", _one_of(TRUNCATED, GARBAGE, EMPTY, HTML), schema={"enum": [TRUNCATED, GARBAGE, EMPTY, HTML]}),
    Key("content_type", EFFECT, "a text of one line, empty for none", "The Content-Type of the answer.", _header, schema=_LINE),
    Key("headers", EFFECT, "a mapping of names to texts of one line; not the length, nor those about the connection", "Headers of the answer, besides or instead.", _headers, schema=_LINES),
    Key("drop", EFFECT, f"{BEFORE} or {MIDDLE}", "The request is done and the connection closed, before the answer or in the middle of its body.", _one_of(BEFORE, MIDDLE), schema={"enum": [BEFORE, MIDDLE]}),
)  # fmt: skip
"""Every key of a rule. Effects are listed in the order in which they come about."""


def part_schema(part: str) -> dict[str, Any]:
    """Describe a part of a rule as a JSON Schema; of the rule itself what stands in no other part as well.

    Args:
        part: :data:`MATCH`, :data:`RULE` or :data:`EFFECT`.
    """
    keys = part_of(part)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key.name: {**key.schema, "description": key.about} for key in keys},
        "additionalProperties": False,
    }
    if part == RULE:
        effect = part_schema(EFFECT) | {"minProperties": 1}
        return schema | {
            "properties": {MATCH: part_schema(MATCH), **schema["properties"], EFFECT: effect},
            "required": [EFFECT],
        }
    if needs := {key.name: [key.needs] for key in keys if key.needs}:
        schema["dependentRequired"] = needs
    if pairs := [[key.name, other] for key in keys for other in key.excludes]:
        schema["not"] = {"anyOf": [{"required": pair} for pair in pairs]}
    return schema


def part_of(name: str) -> tuple[Key, ...]:
    """Give the keys of a part of a rule."""
    return tuple(key for key in KEYS if key.part == name)


def read_part(part: str, given: object) -> dict[str, Any]:
    """Read a part of a rule; of the rule itself what stands in no other part.

    Args:
        part: :data:`MATCH`, :data:`RULE` or :data:`EFFECT`.
        given: its keys and values.

    Raises:
        ValueError: one is not legal; the message names its path, the value and what is legal.
    """
    keys = {key.name: key for key in part_of(part)}
    parts = (MATCH, EFFECT) if part == RULE else ()
    if not isinstance(given, Mapping):
        raise ValueError(
            f"{part or 'the rule'} is {shown(given)}; legal is a mapping with {', '.join((*parts, *keys))}"
        )
    for name in given:
        if name not in keys and name not in parts:
            places = {**{one: one for one in parts}, **{key.name: key.path for key in KEYS}}
            raise unknown(f"{part}.{name}" if part else str(name), str(name), places, (*parts, *keys))
    found = {name: _read(keys[name], value) for name, value in given.items() if name in keys}
    for name in found:
        key = keys[name]
        if key.needs and key.needs not in found:
            raise ValueError(f"{key.path} stands alone; legal is {name} beside {key.needs}")
        for other in key.excludes:
            if other in found:
                raise ValueError(f"{key.path} stands beside {other}; legal is one of them")
    return found


def _read(key: Key, value: object) -> Any:
    try:
        return key.read(value)
    except ChangeError as error:
        raise ValueError(f"{key.path}{error.path} {error}") from None
    except ValueError:
        raise ValueError(f"{key.path} is {shown(value)}; legal is {key.legal}") from None


def unknown(path: str, name: str, places: Mapping[str, str], legal: Iterable[str]) -> ValueError:
    """Make the error that refuses a key nobody knows, or that stands in the wrong place."""
    near = difflib.get_close_matches(name, places, 1)
    hint = f"did you mean {places[near[0]]}?" if near else f"legal are {', '.join(legal)}"
    return ValueError(f"{path} is unknown; {hint}")
