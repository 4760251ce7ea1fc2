"""Fault rules: which requests they select, and the rules of an emulator with how often they applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.catalog.query import decoded
from ims_mock.faults.keys import BEFORE, EFFECT, MATCH, RULE, RULE_KEYS, parse_rule
from ims_mock.journal.redaction import redacted_value

MAX_RULES: Final = 1000


@dataclass(frozen=True)
class FaultCandidate:
    """A request as rules match it; what is expensive is computed when a rule needs it.

    Attributes:
        query: The raw query string.
        header: Returns a header by name, or an empty string.
        page_number: Returns the number of the page in its walk; 0 if it requests no list.
    """

    method: str
    path: str
    query: str
    header: Callable[[str], str]
    page_number: Callable[[], int]

    @cached_property
    def parameters(self) -> frozenset[tuple[str, str]]:
        """The decoded query parameters."""
        return frozenset(decoded(self.query))


class FaultRule:
    """A rule that selects requests and describes what happens to them.

    It is given as JSON, see :data:`ims_mock.faults.keys.RULE_KEYS`. Seed and id determine its random numbers.

    Attributes:
        effect: The parsed effects.
        hits: The number of requests that the rule was applied to.
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
    """The rules of an emulator in the order they were added. The first that applies to a request wins.

    Attributes:
        rules: The rules, also those that are used up.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rules: tuple[FaultRule, ...] = ()
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
