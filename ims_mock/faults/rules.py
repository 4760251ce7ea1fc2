"""Fault rules of an emulator: which requests they select, how often they apply, and how often they did."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from random import Random
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.faults.keys import BEFORE, EFFECT, MATCH, MISSING, NULL, RULE, FaultCandidate, keys_of, parse_rule
from ims_mock.journal.redaction import redacted_value

MAX_RULES: Final = 1000


class FaultRule:
    """A rule that selects requests and describes what happens to them.

    Args:
        rule_id: The id.
        given: The rule as JSON, see :data:`RULE_KEYS`.
        seed: The seed of its random numbers, together with the id.

    Attributes:
        effect: The parsed effects.
        hits: The number of requests that the rule was applied to.

    Raises:
        ValueError: As :func:`parse_rule` does.
    """

    def __init__(self, rule_id: str, given: Mapping[str, Any], seed: int = 0) -> None:
        parsed = parse_rule(given)
        own, match, self.effect = parsed[RULE], parsed[MATCH], parsed[EFFECT]
        self.id, self.hits = rule_id, 0
        self._given = {section: deepcopy(dict(given.get(section, {}))) for section in (MATCH, EFFECT)}
        self._times: int | None = own.get("times", 1)
        self._after: int = own.get("after", 0)
        self._probability: float = own.get("probability", 1.0)
        self._nth: int | None = match.get("nth")
        self._conditions = [
            (key.matches, match[key.name]) for key in keys_of(MATCH) if key.matches and key.name in match
        ]
        self._random = Random(f"{seed}/{rule_id}")
        self._matched = self._selected = 0

    def claim(self, request: FaultCandidate) -> bool:
        """Return whether the rule applies to a request, and count the request. Call it once per request."""
        if self.hits == self._times or not all(matches(value, request) for matches, value in self._conditions):
            return False
        self._matched += 1
        if self._nth not in (None, self._matched):
            return False
        self._selected += 1
        if self._selected <= self._after or (self._probability < 1 and self._random.random() >= self._probability):
            return False
        self.hits += 1
        return True

    @property
    def keeps_body(self) -> bool:
        """Whether the client receives the body of the response unchanged except for its links."""
        return self.effect.keys().isdisjoint(("body", "drop"))

    @property
    def drops_response(self) -> bool:
        """Whether the connection is closed before the response."""
        return self.effect.get("drop") == BEFORE

    @property
    def hides_next(self) -> bool:
        """Whether the response does not link to the next page."""
        return self.effect.get("next") in (MISSING, NULL)

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
        own = {"times": self._times, "after": self._after, "probability": self._probability}
        return {"id": self.id, MATCH: match, **own, EFFECT: deepcopy(self._given[EFFECT]), "hits": self.hits}


class FaultRules:
    """The rules of an emulator in the order they were added. The first that applies to a request wins."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._lock = Lock()
        self._rules: tuple[FaultRule, ...] = ()
        self._count = 0

    def all(self) -> tuple[FaultRule, ...]:
        """Return the rules, also those that are used up."""
        return self._rules

    def add(self, given: Mapping[str, Any]) -> FaultRule:
        """Append a rule.

        Raises:
            ValueError: There are too many rules, or a key or a value is not legal.
        """
        with self._lock:
            if len(self._rules) >= MAX_RULES:
                raise ValueError(f"There are {MAX_RULES} rules already. Remove some of them.")
            rule = FaultRule(str(self._count + 1), given, self._seed)
            self._count += 1  # an invalid rule uses up no id
            self._rules = (*self._rules, rule)
            return rule

    def remove(self, rule_id: str) -> bool:
        """Remove a rule, and return whether it existed."""
        with self._lock:
            before, self._rules = self._rules, tuple(rule for rule in self._rules if rule.id != rule_id)
            return len(self._rules) < len(before)

    def clear(self) -> None:
        """Remove all rules and restart their ids, so that the same rules have the same random numbers again."""
        with self._lock:
            self._rules, self._count = (), 0

    def select(self, request: FaultCandidate) -> FaultRule | None:
        """Return the rule that applies to a request, or ``None``."""
        with self._lock:
            return next((rule for rule in self._rules if rule.claim(request)), None)
