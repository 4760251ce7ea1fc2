"""Fault rules: the table of their keys, their format, and the rules of an emulator with how often they applied.

A rule selects requests; its effects are in :mod:`ims_mock.faults.effects`.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property, partial
from random import Random
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.catalog.query import decoded
from ims_mock.faults.catalog_changes import PartError
from ims_mock.faults.effects import BEFORE, EFFECTS
from ims_mock.faults.key_types import EFFECT, INDEX, MATCH, MAX_COUNT, RULE, TEXT, TEXTS, KeyType, RuleKey, number
from ims_mock.journal.redaction import redacted_value
from ims_mock.text import printable, quoted

MAX_RULES: Final = 1000


@dataclass(frozen=True)
class FaultCandidate:
    """A request as rules match it; what is expensive is computed when a rule needs it."""

    method: str
    path: str
    query: str  # as it was sent
    header: Callable[[str], str]  # by name; empty if it was not sent
    page_number: Callable[[], int]  # in its walk; 0 if it requests no list

    @cached_property
    def parameters(self) -> frozenset[tuple[str, str]]:
        """The decoded query parameters."""
        return frozenset(decoded(self.query))


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
    RuleKey("after", RULE, number(0, MAX_COUNT), "The number of matching requests to skip first; default: 0."),
    RuleKey("probability", RULE, number(0, 1, float), "The probability of the fault; default: 1. The same seed gives the same faults."),
    *EFFECTS,
)  # fmt: skip


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


class FaultRule:
    """A rule that selects requests and describes what happens to them.

    It is given as JSON, see :data:`RULE_KEYS`. Seed and id determine its random numbers.
    """

    def __init__(self, rule_id: str, given: Mapping[str, Any], seed: int = 0) -> None:
        parsed = parse_rule(given)
        self.id, self.hits, self.effect = rule_id, 0, parsed[EFFECT]
        self._given = {section: deepcopy(dict(given.get(section, {}))) for section in (MATCH, EFFECT)}
        self._limits = {"times": 1, "after": 0, "probability": 1.0, **parsed[RULE]}
        match = parsed[MATCH]
        self._nth = match.get("nth")
        self._conditions = [
            partial(key.matches, match[key.name]) for key in RULE_KEYS if key.matches and key.name in match
        ]
        self._random = Random(f"{seed}/{rule_id}")
        self._matched = self._selected = 0

    def claim(self, request: FaultCandidate) -> bool:
        """Return whether the rule applies to a request, and count the request. Call it once per request."""
        if self.hits == self._limits["times"] or not all(matches(request) for matches in self._conditions):
            return False
        self._matched += 1
        if self._nth not in (None, self._matched):
            return False
        self._selected += 1
        probability = self._limits["probability"]
        if self._selected <= self._limits["after"] or (probability < 1 and self._random.random() >= probability):
            return False
        self.hits += 1
        return True

    @property
    def drops_response(self) -> bool:
        """Whether the connection is closed before the response."""
        return self.effect.get("drop") == BEFORE

    def delay_seconds(self) -> float:
        """Return the delay of one request, which is random if the rule has a range."""
        low, high = self.effect.get("delay", (0.0, 0.0))
        return self._random.uniform(low, high) if low < high else low

    def as_json(self) -> dict[str, Any]:
        """Return the rule as JSON with its id and its hits; secrets that it matches are redacted."""
        match = deepcopy(self._given[MATCH])
        for name, value in match.get("header", {}).items():
            match["header"][name] = redacted(str(value)) if name.lower() in SECRET_HEADERS else value
        for name, value in match.get("query", {}).items():
            match["query"][name] = redacted_value(name, str(value))
        return {"id": self.id, MATCH: match, **self._limits, EFFECT: deepcopy(self._given[EFFECT]), "hits": self.hits}


class FaultRules:
    """The rules of an emulator in the order they were added. The first that applies to a request wins."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: tuple[FaultRule, ...] = ()  # also those that are used up
        self._seed, self._lock, self._count = seed, Lock(), 0

    def add(self, given: Mapping[str, Any]) -> FaultRule:
        """Append a rule; raise ``ValueError`` if it is invalid or there are too many."""
        with self._lock:
            if len(self.rules) >= MAX_RULES:
                raise ValueError(f"There are {MAX_RULES} rules already. Remove some of them.")
            rule = FaultRule(str(self._count + 1), given, self._seed)
            self._count += 1  # an invalid rule uses up no id
            self.rules = (*self.rules, rule)
            return rule

    def remove(self, rule_id: str) -> bool:
        """Remove a rule, and return whether it existed."""
        with self._lock:
            before, self.rules = self.rules, tuple(rule for rule in self.rules if rule.id != rule_id)
            return len(self.rules) < len(before)

    def clear(self) -> None:
        """Remove all rules and restart their ids, so that the same rules have the same random numbers again."""
        with self._lock:
            self.rules, self._count = (), 0

    def select(self, request: FaultCandidate) -> FaultRule | None:
        """Return the rule that applies to a request, or ``None``."""
        with self._lock:
            return next((rule for rule in self.rules if rule.claim(request)), None)
