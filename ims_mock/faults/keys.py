"""The keys of a fault rule: the table of all keys with their legal values, the JSON Schema of a rule, and its parser.

Rules select requests with these keys in :mod:`ims_mock.faults.rules`; the effects are applied in
:mod:`ims_mock.web.fault_injection`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from http import HTTPStatus
from typing import Any, Final
from wsgiref.util import is_hop_by_hop

from ims_mock.contract.values import read_text
from ims_mock.faults.changes import CatalogChange, PartError
from ims_mock.text import printable, quoted

MATCH, RULE, EFFECT = "match", "", "effect"
"""The sections of a rule. The keys of :data:`RULE` are those of the rule itself."""

_MAX_COUNT: Final = 10**9
_MAX_DELAY_SECONDS: Final = 600.0


@dataclass(frozen=True)
class KeyType:
    """The legal values of a key: in words, as a parser that raises ``ValueError``, and as a JSON Schema."""

    legal: str
    parse: Callable[[object], Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class RuleKey:
    """One key of a rule.

    Attributes:
        matches: Whether a request matches the value; ``None`` if the key does not look at a single request.
        requires: The key it must be combined with.
        excludes: The key it cannot be combined with.
    """

    name: str
    section: str
    type: KeyType
    description: str
    matches: Callable[[Any, Any], bool] | None = None
    requires: str = ""
    excludes: str = ""

    @property
    def path(self) -> str:
        """The path of the key inside a rule."""
        return f"{self.section}.{self.name}" if self.section else self.name


def _checked(value: Any, is_legal: bool) -> Any:
    """Return the value, or raise ``ValueError`` if it is not legal."""
    if not is_legal:
        raise ValueError
    return value


def _number(low: float, high: float, kind: type = int) -> KeyType:
    def parse(value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return kind(_checked(value, is_number and low <= value <= high and kind(value) == value))

    is_integer = kind is int
    legal = f"an integer from {low}" if is_integer else f"a number from {low} to {high}"
    return KeyType(legal, parse, {"type": "integer" if is_integer else "number", "minimum": low, "maximum": high})


def _choice(*choices: str) -> KeyType:
    return KeyType(", ".join(choices), lambda value: _checked(value, value in choices), {"enum": [*choices]})


def _read_part(value: object, path: str = "") -> str:
    """Return a text of a rule, which is at a path inside the value of its key, or raise :class:`PartError`."""
    try:
        return read_text(value)
    except ValueError as error:
        raise PartError(f"{path}: {error}. Use a text, a number, true or false.") from None


def _parse_text(value: object) -> str:
    return _read_part(_checked(value, isinstance(value, str)))


def _parse_texts(value: Any) -> dict[str, str]:
    for name in _checked(value, isinstance(value, Mapping)):
        if not isinstance(name, str) or not name:
            raise PartError(f": invalid name {quoted(name)}. Use {TEXTS.legal}.")
    return {_read_part(name, " name"): _read_part(one, f".{printable(name)}") for name, one in value.items()}


_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_NAMES_SCHEMA: Final = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _SCALAR}

INDEX: Final = _number(1, _MAX_COUNT)
TEXT: Final = KeyType("a text", _parse_text, {"type": "string"})
TEXTS: Final = KeyType("a mapping of names to texts", _parse_texts, _NAMES_SCHEMA)


# --- values of effects

BEFORE, MIDDLE = _DROPS = ("before", "middle")
TRUNCATED, GARBAGE, EMPTY, HTML = _BODIES = ("truncated", "garbage", "empty", "html")
MISSING, NULL, ABSOLUTE, LOOP, REPEATED = _LINKS = ("missing", "null", "absolute", "loop", "repeated")

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LINE_TEXT: Final = re.compile("[ -~]*")


def _parse_line(value: object) -> str:
    text = _read_part(value)
    return str(_checked(text, bool(_LINE_TEXT.fullmatch(text))))


def _parse_headers(value: object) -> dict[str, str]:
    """Parse response headers. The server sets those that describe the connection and the length of the body."""
    headers: dict[str, str] = TEXTS.parse(value)
    for name, text in headers.items():
        if is_hop_by_hop(name) or name.lower() == "content-length":
            raise PartError(f": the server sets {name} itself. Use other headers.")
        if not _HEADER_NAME.fullmatch(name):
            raise PartError(f": {quoted(name)} is not the name of a header. Use letters, digits and hyphens.")
        if not _LINE_TEXT.fullmatch(text):
            raise PartError(f".{name}: got {quoted(text)}. Use {_LINE.legal}.")
    return headers


def _parse_delay(value: object) -> tuple[float, float]:
    low, high = map(_SECONDS.parse, value if isinstance(value, list | tuple) else (value, value))
    return low, _checked(high, low <= high)


_SECONDS: Final = _number(0, _MAX_DELAY_SECONDS, float)
_LINE_SCHEMA: Final = {**_SCALAR, "pattern": f"^{_LINE_TEXT.pattern}$"}
_LINE: Final = KeyType("a text of one line in ASCII, empty for none", _parse_line, _LINE_SCHEMA)
_HEADERS: Final = KeyType(
    "a mapping of names to texts of one line, without Content-Length and hop-by-hop headers",
    _parse_headers,
    {
        "type": "object",
        "propertyNames": {"pattern": f"^(?!content-length$){_HEADER_NAME.pattern}$"},
        "additionalProperties": _LINE_SCHEMA,
    },
)
_STATUS: Final = KeyType(
    "a status code of HTTP from 400 to 599",
    lambda value: HTTPStatus(_number(400, 599).parse(value)),
    {"enum": [int(status) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]},
)
_DELAY: Final = KeyType(
    f"seconds from 0 to {_MAX_DELAY_SECONDS:.0f}, or [minimum, maximum]",
    _parse_delay,
    {"anyOf": [_SECONDS.schema, {"type": "array", "items": _SECONDS.schema, "minItems": 2, "maxItems": 2}]},
)
_CHANGE: Final = KeyType("a mapping with delete, add, update", CatalogChange.parse, {"type": "object"})


# --- the table

_GLOB_SPECIALS: Final = re.compile(r"[?[]")  # only * is a wildcard


def _parse_pattern(value: object) -> re.Pattern[str]:
    return re.compile(translate(_GLOB_SPECIALS.sub(r"[\g<0>]", TEXT.parse(value))))


_TIMES: Final = KeyType(
    f"{INDEX.legal}, or null for no limit",
    lambda value: None if value is None else INDEX.parse(value),
    {**INDEX.schema, "type": ["integer", "null"]},
)
_PATH: Final = KeyType("a path such as /v2/images; * matches any characters", _parse_pattern, TEXT.schema)

RULE_KEYS: Final = (
    RuleKey("method", MATCH, TEXT, "The method, in any case.", lambda method, request: method.upper() == request.method),
    RuleKey("path", MATCH, _PATH, "The path without the query.", lambda pattern, request: bool(pattern.fullmatch(request.path))),
    RuleKey("query", MATCH, TEXTS, "Decoded query parameters; all of them must be present.", lambda query, request: query.items() <= request.parameters),
    RuleKey("header", MATCH, TEXTS, "Headers; all of them must be present.", lambda header, request: all(request.header(name) == value for name, value in header.items())),
    RuleKey("page", MATCH, INDEX, "The page number in a walk through a list.", lambda page, request: request.page_number() == page),
    RuleKey("nth", MATCH, INDEX, "Only the nth of the requests that match the other keys."),
    RuleKey("times", RULE, _TIMES, "How often the fault occurs; default: once."),
    RuleKey("after", RULE, _number(0, _MAX_COUNT), "The number of matching requests to skip first; default: 0."),
    RuleKey("probability", RULE, _number(0, 1, float), "The probability of the fault; default: 1. The same seed gives the same faults."),
    RuleKey("delay", EFFECT, _DELAY, "Delays the request before anything else happens."),
    RuleKey("catalog", EFFECT, _CHANGE, "Deletes, adds or updates images before the request is answered: `{\"delete\": \"marker\"}` (the marker of this request), `{\"delete\": ID}`, `{\"add\": {…}}`, `{\"update\": {ID: {…}}}`."),
    RuleKey("status", EFFECT, _STATUS, "Rejects the request, in the format of the component that uses this status.", excludes="next"),
    RuleKey("code", EFFECT, TEXT, "The error code, such as `IMG.0017`; `APIGW.…` selects the format of the gateway, any other code that of the service.", requires="status"),
    RuleKey("message", EFFECT, TEXT, "The error message.", requires="status"),
    RuleKey("next", EFFECT, _choice(*_LINKS), "The link to the next page is left out, `null`, an absolute URL, a link to the first page, or a link to the same page."),
    RuleKey("body", EFFECT, _choice(*_BODIES), "The body is cut in half, not UTF-8, empty, or an HTML error page; Content-Length matches it."),
    RuleKey("content_type", EFFECT, _LINE, "The Content-Type of the response."),
    RuleKey("headers", EFFECT, _HEADERS, "Response headers to add or replace."),
    RuleKey("drop", EFFECT, _choice(*_DROPS), "Processes the request and closes the connection before the response or in the middle of its body."),
)  # fmt: skip
"""The keys of a rule; the effects are in the order in which they are applied."""


# --- the format of a rule


def keys_of(section: str) -> tuple[RuleKey, ...]:
    """Return the keys of a section."""
    return tuple(key for key in RULE_KEYS if key.section == section)


def rule_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule."""
    rule, match, effect = map(_section_schema, (RULE, MATCH, EFFECT))
    properties = {MATCH: match, **rule["properties"], EFFECT: {**effect, "minProperties": 1}}
    return {**rule, "properties": properties, "required": [EFFECT]}


def _section_schema(section: str) -> dict[str, Any]:
    keys = keys_of(section)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key.name: {**key.type.schema, "description": key.description} for key in keys},
        "additionalProperties": False,
    }
    if required := {key.name: [key.requires] for key in keys if key.requires}:
        schema["dependentRequired"] = required
    if excluded := [{"required": [key.name, key.excludes]} for key in keys if key.excludes]:
        schema["not"] = {"anyOf": excluded}
    return schema


def parse_rule(given: Any) -> dict[str, dict[str, Any]]:
    """Parse a rule, and return the values of each section.

    A ``ValueError`` names the path of a key, its value and what is legal.
    """
    parsed = {RULE: _parse_section(RULE, given)}
    parsed |= {section: _parse_section(section, given.get(section, {})) for section in (MATCH, EFFECT)}
    if not parsed[EFFECT]:
        names = ", ".join(key.name for key in keys_of(EFFECT))
        raise ValueError(f"Invalid effect: it is empty. Use at least one of {names}.")
    return parsed


def rule_from_keywords(**keys: Any) -> dict[str, Any]:
    """Return the rule for keys of any section: ``page=2, status=503``."""
    rule: dict[str, Any] = {MATCH: {}, EFFECT: {}}
    sections = {key.name: rule.get(key.section, rule) for key in RULE_KEYS}
    for name, value in keys.items():
        sections[name][name] = value
    return rule


def _parse_section(section: str, given: object) -> dict[str, Any]:
    keys = {key.name: key for key in keys_of(section)}
    sections = (MATCH, EFFECT) if section == RULE else ()
    legal = (*sections, *keys)
    if not isinstance(given, Mapping):
        raise ValueError(f"Invalid {section or 'rule'}: got {quoted(given)}. Use a mapping with {', '.join(legal)}.")
    for name in given:
        if name not in legal:
            raise _unknown_key(section, str(name), legal)
    sent = [key for key in keys.values() if key.name in given]
    for key in sent:
        if key.requires and key.requires not in given:
            raise ValueError(f"Invalid {key.path}: it needs {key.requires}. Use both or none of them.")
        if key.excludes in given:
            raise ValueError(f"Invalid {key.path}: it excludes {key.excludes}. Use only one of them.")
    return {key.name: _parse(key, given[key.name]) for key in sent}


def _parse(key: RuleKey, value: object) -> Any:
    try:
        return key.type.parse(value)
    except PartError as error:
        raise ValueError(f"Invalid {key.path}{error}") from None
    except ValueError:
        raise ValueError(f"Invalid {key.path}: got {quoted(value)}. Use {key.type.legal}.") from None


def _unknown_key(section: str, name: str, legal: Iterable[str]) -> ValueError:
    """Return the error for an unknown key of a section; it suggests the path of a key with a similar name."""
    paths = {MATCH: MATCH, EFFECT: EFFECT, **{key.name: key.path for key in RULE_KEYS}}
    similar = difflib.get_close_matches(name, paths, 1)
    hint = f"Did you mean {paths[similar[0]]}?" if similar else f"Use one of {', '.join(legal)}."
    return ValueError(f"Unknown key {printable(f'{section}.{name}' if section else name)}. {hint}")
