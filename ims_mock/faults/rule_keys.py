"""The keys of a fault rule: what it matches, when it applies, and its effects; how a rule is parsed and described."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Any, Final

from ims_mock.faults.changes import ChangeError
from ims_mock.faults.effects import EFFECT_KEYS
from ims_mock.faults.key_types import (
    EFFECT,
    INDEX,
    MATCH,
    MAX_COUNT,
    RULE,
    TEXT,
    TEXT_SCHEMA,
    TEXTS,
    KeyType,
    RuleKey,
    number,
    parse_text,
)
from ims_mock.text import quoted

_GLOB_SPECIALS: Final = re.compile(r"[?[]")  # only * is a wildcard


def _parse_pattern(value: object) -> re.Pattern[str]:
    return re.compile(translate(_GLOB_SPECIALS.sub(r"[\g<0>]", parse_text(value))))


_TIMES: Final = KeyType(
    f"{INDEX.legal}, or null for no limit",
    lambda value: None if value is None else INDEX.parse(value),
    {**INDEX.schema, "type": ["integer", "null"]},
)
_PATH: Final = KeyType("a path such as /v2/images; * matches any characters", _parse_pattern, TEXT_SCHEMA)

RULE_KEYS: Final = (
    RuleKey("method", MATCH, TEXT, "The method, in any case.", lambda method, request: method.upper() == request.method),
    RuleKey("path", MATCH, _PATH, "The path without the query.", lambda pattern, request: bool(pattern.fullmatch(request.path))),
    RuleKey("query", MATCH, TEXTS, "Decoded query parameters; all of them must be present.", lambda query, request: query.items() <= request.parameters),
    RuleKey("header", MATCH, TEXTS, "Headers; all of them must be present.", lambda header, request: all(request.header(name) == value for name, value in header.items())),
    RuleKey("page", MATCH, INDEX, "The page number in a walk through a list.", lambda page, request: request.page() == page),
    RuleKey("nth", MATCH, INDEX, "Only the nth of the requests that match the other keys."),
    RuleKey("times", RULE, _TIMES, "How often the fault occurs; default: once."),
    RuleKey("after", RULE, number(0, MAX_COUNT), "The number of matching requests to skip first; default: 0."),
    RuleKey("probability", RULE, number(0, 1, float), "The probability of the fault; default: 1. The same seed gives the same faults."),
    *EFFECT_KEYS,
)  # fmt: skip
"""The keys of a rule."""


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

    Raises:
        ValueError: A key or a value is not legal. The message names its path, the value and what is legal.
    """
    parsed = {RULE: _parse_section(RULE, given)}
    parsed |= {section: _parse_section(section, given.get(section, {})) for section in (MATCH, EFFECT)}
    if not parsed[EFFECT]:
        names = ", ".join(key.name for key in keys_of(EFFECT))
        raise ValueError(f"Invalid effect: it is empty. Use at least one of {names}.")
    return parsed


def rule_from_keywords(**keys: Any) -> dict[str, Any]:
    """Return the rule for keys of any section: ``page=2, status=503``.

    Raises:
        ValueError: A key is unknown.
    """
    sections = {key.name: key.section for key in RULE_KEYS}
    rule: dict[str, Any] = {}
    for name, value in keys.items():
        if name not in sections:
            raise _unknown_key(name, name, {one: one for one in sections}, sections)
        target = rule.setdefault(sections[name], {}) if sections[name] else rule
        target[name] = value
    return rule


def _parse_section(section: str, given: object) -> dict[str, Any]:
    keys = {key.name: key for key in keys_of(section)}
    sections = (MATCH, EFFECT) if section == RULE else ()
    legal = (*sections, *keys)
    if not isinstance(given, Mapping):
        raise ValueError(f"Invalid {section or 'rule'}: got {quoted(given)}. Use a mapping with {', '.join(legal)}.")
    for name in given:
        if name not in legal:
            paths = {MATCH: MATCH, EFFECT: EFFECT, **{key.name: key.path for key in RULE_KEYS}}
            raise _unknown_key(f"{section}.{name}" if section else str(name), str(name), paths, legal)
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
    except ChangeError as error:
        raise ValueError(f"Invalid {key.path}{error}") from None
    except ValueError:
        raise ValueError(f"Invalid {key.path}: got {quoted(value)}. Use {key.type.legal}.") from None


def _unknown_key(path: str, name: str, paths: Mapping[str, str], legal: Iterable[str]) -> ValueError:
    """Return the error for an unknown key at a path; it suggests the path of a key with a similar name."""
    similar = difflib.get_close_matches(name, paths, 1)
    hint = f"Did you mean {paths[similar[0]]}?" if similar else f"Use one of {', '.join(legal)}."
    return ValueError(f"Unknown key {path}. {hint}")
