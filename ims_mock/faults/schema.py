"""Schema of a fault rule: one row for each key that selects requests, counts them or describes an effect."""

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
from ims_mock.contract.values import quoted, read_text
from ims_mock.faults.changes import CatalogChange, ChangeError

MATCH, RULE, EFFECT = "match", "", "effect"
"""The sections of a rule. The keys of :data:`RULE` are those of the rule itself."""

MAX_COUNT: Final = 10**9
MAX_DELAY_SECONDS: Final = 600.0

_GLOB_SPECIALS: Final = re.compile(r"[?[]")
"""Characters with a meaning in shell patterns that stand for themselves here: only ``*`` is a wildcard."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass
class FaultCandidate:
    """A request as rules match it; what is expensive is computed when a rule needs it.

    Attributes:
        method: The method in upper case.
        path: The decoded path.
        query: The raw query string.
        header: Returns a header by name, or an empty string.
        page_of: Returns the page number of the request in its walk through a list; 0 if it requests no list.
    """

    method: str
    path: str
    query: str
    header: Callable[[str], str]
    page_of: Callable[[], int]

    @cached_property
    def parameters(self) -> frozenset[tuple[str, str]]:
        """The decoded query parameters."""
        return frozenset(decoded(self.query))

    @cached_property
    def page(self) -> int:
        """The page number in the walk."""
        return self.page_of()


@dataclass(frozen=True)
class RuleKey:
    """One key of a rule.

    Attributes:
        name: The key.
        section: The section it belongs to: :data:`MATCH`, :data:`RULE` or :data:`EFFECT`.
        legal: The legal values in words.
        description: What it means, in one sentence.
        parse: Converts a value; raises ``ValueError`` if it is not legal.
        schema: The JSON Schema of a value.
        matches: Whether a request matches the value; ``None`` if the key does not look at a single request.
        requires: The key it must be combined with.
        excludes: The key it cannot be combined with.
    """

    name: str
    section: str
    legal: str
    description: str
    parse: Callable[[object], Any]
    schema: Mapping[str, Any] = field(default_factory=dict)
    matches: Callable[[Any, FaultCandidate], bool] | None = None
    requires: str = ""
    excludes: str = ""

    @property
    def path(self) -> str:
        """The path of the key inside a rule."""
        return f"{self.section}.{self.name}" if self.section else self.name


# --- parsers of values


def _number(low: float, high: float, kind: type = int) -> Callable[[object], Any]:
    def parse(value: object) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        if kind(value) != value:
            raise ValueError
        return kind(value)

    return parse


def _times(value: object) -> int | None:
    return None if value is None else _number(1, MAX_COUNT)(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return read_text(value)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        raise ValueError
    return {name: read_text(one) for name, one in value.items()}


def _header(value: object) -> str:
    text = read_text(value)
    if not text.isprintable() or not text.isascii():
        raise ValueError
    return text


def _headers(value: object) -> dict[str, str]:
    """Parse response headers. The server sets those that describe the connection and the length of the body."""
    headers = {name: _header(one) for name, one in _texts(value).items()}
    for name in headers:
        if not _HEADER_NAME.fullmatch(name) or is_hop_by_hop(name) or name.lower() == "content-length":
            raise ValueError
    return headers


def _pattern(value: object) -> re.Pattern[str]:
    return re.compile(translate(_GLOB_SPECIALS.sub(r"[\g<0>]", _text(value))))


def _status(value: object) -> HTTPStatus:
    return HTTPStatus(_number(400, 599)(value))


def _delay(value: object) -> tuple[float, float]:
    bounds = value if isinstance(value, list | tuple) else (value, value)
    low, high = map(_number(0, MAX_DELAY_SECONDS, float), bounds)
    if low > high:
        raise ValueError
    return low, high


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return parse


# --- the table

BEFORE, MIDDLE = DROPS = ("before", "middle")
TRUNCATED, GARBAGE, EMPTY, HTML = BODIES = ("truncated", "garbage", "empty", "html")
MISSING, NULL, ABSOLUTE, LOOP, REPEATED = NEXT_LINKS = ("missing", "null", "absolute", "loop", "repeated")

_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _SCALAR}
_HEADER: Final = {**_SCALAR, "pattern": "^[ -~]*$"}
_HEADERS: Final = {
    "type": "object",
    "propertyNames": {"pattern": f"^(?!content-length$){_HEADER_NAME.pattern}$"},
    "additionalProperties": _HEADER,
}
_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": MAX_COUNT}
_SECONDS: Final = {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS}
_DELAY: Final = {"anyOf": [_SECONDS, {"type": "array", "items": _SECONDS, "minItems": 2, "maxItems": 2}]}
_STATUS: Final = {"enum": [int(status) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]}

RULE_KEYS: Final = (
    RuleKey("method", MATCH, "a method such as GET", "The method, in any case.", lambda value: _text(value).upper(), _TEXT, lambda method, request: method == request.method),
    RuleKey("path", MATCH, "a path such as /v2/images; * matches any characters", "The path without the query.", _pattern, _TEXT, lambda pattern, request: bool(pattern.fullmatch(request.path))),
    RuleKey("query", MATCH, "a mapping of names to texts", "Decoded query parameters; all of them must be present.", _texts, _TEXTS, lambda query, request: query.items() <= request.parameters),
    RuleKey("header", MATCH, "a mapping of names to texts", "Headers; all of them must be present.", _texts, _TEXTS, lambda header, request: all(request.header(name) == value for name, value in header.items())),
    RuleKey("page", MATCH, "an integer from 1", "The page number in a walk through a list.", _number(1, MAX_COUNT), _COUNT, lambda page, request: request.page == page),
    RuleKey("nth", MATCH, "an integer from 1", "Only the nth of the requests that match the other keys.", _number(1, MAX_COUNT), _COUNT),
    RuleKey("times", RULE, "an integer from 1, or null for no limit", "How often the fault occurs; default: once.", _times, {**_COUNT, "type": ["integer", "null"]}),
    RuleKey("after", RULE, "an integer from 0", "The number of matching requests to skip first; default: 0.", _number(0, MAX_COUNT), {**_COUNT, "minimum": 0}),
    RuleKey("probability", RULE, "a number from 0 to 1", "The probability of the fault; default: 1. The same seed gives the same faults.", _number(0, 1, float), {"type": "number", "minimum": 0, "maximum": 1}),
    RuleKey("delay", EFFECT, f"seconds from 0 to {MAX_DELAY_SECONDS:.0f}, or [minimum, maximum]", "Delays the request before anything else happens.", _delay, _DELAY),
    RuleKey("catalog", EFFECT, "a mapping with delete, add and update", "Deletes, adds or updates images before the request is answered: `{\"delete\": \"marker\"}` (the marker of this request), `{\"delete\": ID}`, `{\"add\": {…}}`, `{\"update\": {ID: {…}}}`.", CatalogChange.parse, {"type": "object"}),
    RuleKey("status", EFFECT, "a status code of HTTP from 400 to 599", "Rejects the request, in the format of the component that uses this status.", _status, _STATUS, excludes="next"),
    RuleKey("code", EFFECT, "a text such as IMG.0017", "The error code; `APIGW.…` selects the format of the gateway, any other code that of the service.", _text, _TEXT, requires="status"),
    RuleKey("message", EFFECT, "a text", "The error message.", _text, _TEXT, requires="status"),
    RuleKey("next", EFFECT, ", ".join(NEXT_LINKS), "The link to the next page is left out, `null`, an absolute URL, a link to the first page, or a link to the same page.", _one_of(*NEXT_LINKS), {"enum": [*NEXT_LINKS]}),
    RuleKey("body", EFFECT, ", ".join(BODIES), "The body is cut in half, not UTF-8, empty, or an HTML error page; Content-Length matches it.", _one_of(*BODIES), {"enum": [*BODIES]}),
    RuleKey("content_type", EFFECT, "a text of one line, empty for none", "The Content-Type of the response.", _header, _HEADER),
    RuleKey("headers", EFFECT, "a mapping of names to texts of one line, without Content-Length and hop-by-hop headers", "Response headers to add or replace.", _headers, _HEADERS),
    RuleKey("drop", EFFECT, " or ".join(DROPS), "Processes the request and closes the connection before the response or in the middle of its body.", _one_of(*DROPS), {"enum": [*DROPS]}),
)  # fmt: skip
"""The keys of a rule. Effects are listed in the order in which they are applied."""


def keys_of(section: str) -> tuple[RuleKey, ...]:
    """Return the keys of a section."""
    return tuple(key for key in RULE_KEYS if key.section == section)


def rule_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule."""
    schema = _section_schema(RULE)
    effect = {**_section_schema(EFFECT), "minProperties": 1}
    properties = {MATCH: _section_schema(MATCH), **schema["properties"], EFFECT: effect}
    return {**schema, "properties": properties, "required": [EFFECT]}


def _section_schema(section: str) -> dict[str, Any]:
    keys = keys_of(section)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key.name: {**key.schema, "description": key.description} for key in keys},
        "additionalProperties": False,
    }
    if required := {key.name: [key.requires] for key in keys if key.requires}:
        schema["dependentRequired"] = required
    if excluded := [{"required": [key.name, key.excludes]} for key in keys if key.excludes]:
        schema["not"] = {"anyOf": excluded}
    return schema


def parse_section(section: str, given: object) -> dict[str, Any]:
    """Parse the keys of one section of a rule.

    Args:
        section: :data:`MATCH`, :data:`RULE` or :data:`EFFECT`.
        given: The section as JSON. In that of the rule itself the keys ``match`` and ``effect`` are skipped.

    Raises:
        ValueError: A key or a value is not legal. The message names its path, the value and what is legal.
    """
    keys = {key.name: key for key in keys_of(section)}
    sections = (MATCH, EFFECT) if section == RULE else ()
    legal = (*sections, *keys)
    if not isinstance(given, Mapping):
        raise ValueError(f"Invalid {section or 'rule'}: got {quoted(given)}. Use a mapping with {', '.join(legal)}.")
    for name in given:
        if name not in legal:
            paths = {**{one: one for one in sections}, **{key.name: key.path for key in RULE_KEYS}}
            raise unknown_key(f"{section}.{name}" if section else str(name), str(name), paths, legal)
    for key in keys.values():
        if key.name in given and key.requires and key.requires not in given:
            raise ValueError(f"Invalid {key.path}: it needs {key.requires}. Use both or none of them.")
        if key.name in given and key.excludes and key.excludes in given:
            raise ValueError(f"Invalid {key.path}: it excludes {key.excludes}. Use only one of them.")
    return {name: _parse(keys[name], value) for name, value in given.items() if name in keys}


def _parse(key: RuleKey, value: object) -> Any:
    try:
        return key.parse(value)
    except ChangeError as error:
        raise ValueError(f"Invalid {key.path}{error.path}: {error}") from None
    except ValueError:
        raise ValueError(f"Invalid {key.path}: got {quoted(value)}. Use {key.legal}.") from None


def unknown_key(path: str, name: str, paths: Mapping[str, str], legal: Iterable[str]) -> ValueError:
    """Return the error for an unknown or misplaced key.

    Args:
        path: The path of the key.
        name: Its name.
        paths: The paths of all keys by name, to suggest one with a similar name.
        legal: The names that are legal in its place.
    """
    similar = difflib.get_close_matches(name, paths, 1)
    hint = f"Did you mean {paths[similar[0]]}?" if similar else f"Use one of {', '.join(legal)}."
    return ValueError(f"Unknown key {path}. {hint}")
