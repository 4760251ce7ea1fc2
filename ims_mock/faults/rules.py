"""What goes wrong on purpose: rules that pick requests, by what they are and by chance, and say what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from itertools import count
from random import Random
from threading import Lock
from typing import Any, Final

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.faults.schema import BEFORE, EFFECT, KEYS, MATCH, MISSING, NULL, RULE, Asked, part_of, read_part, unknown
from ims_mock.journal.redaction import masked_value

MOST_RULES: Final = 1000


class Rule:
    """One rule: which requests it is about, how often, and what becomes of them.

    Args:
        rule_id: its id.
        given: the rule as JSON has it.
        seed: what its chances are made from, together with its id.

    Attributes:
        id: its id.
        match: what it matches, read.
        times: how often it happens; ``None`` for ever.
        after: how many requests that match are spared first.
        probability: how likely it is.
        effect: what it does, read.
        hits: how often it has happened.

    Raises:
        ValueError: something in it is not legal; the message names its path, the value and what is legal.
    """

    def __init__(self, rule_id: str, given: Mapping[str, Any], seed: int = 0) -> None:
        parts = read_part(RULE, given)
        self.id = rule_id
        self.match = read_part(MATCH, given.get(MATCH, {}))
        self.effect = read_part(EFFECT, given.get(EFFECT, {}))
        if not self.effect:
            raise ValueError(f"effect is empty; legal are {', '.join(key.name for key in part_of(EFFECT))}")
        self.times: int | None = parts.get("times", 1)
        self.after: int = parts.get("after", 0)
        self.probability: float = parts.get("probability", 1.0)
        self.hits = 0
        self._given = {part: deepcopy(dict(given.get(part, {}))) for part in (MATCH, EFFECT)}
        self._fits = [(key.fits, self.match[key.name]) for key in part_of(MATCH) if key.fits and key.name in self.match]
        self._random = Random(f"{seed}/{rule_id}")
        self._matching = self._matched = 0

    def takes(self, asked: Asked) -> bool:
        """Whether the fault happens to a request; this counts the request, so each is asked about once."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not all(fits(value, asked) for fits, value in self._fits):
            return False
        self._matching += 1
        if self._matching != self.match.get("nth", self._matching):
            return False
        self._matched += 1
        if self._matched <= self.after or (self.probability < 1 and self._random.random() >= self.probability):
            return False
        self.hits += 1
        return True

    @property
    def is_readable(self) -> bool:
        """Whether the answer still comes, and with the body that it should have."""
        return self.effect.keys().isdisjoint(("body", "drop"))

    @property
    def is_silent(self) -> bool:
        """Whether the connection is dropped before the answer."""
        return self.effect.get("drop") == BEFORE

    @property
    def hides_next(self) -> bool:
        """Whether the answer does not tell that there is another page."""
        return self.effect.get("next") in (MISSING, NULL)

    def seconds(self) -> float:
        """Tell how long a request is delayed this time."""
        least, most = self.effect.get("delay", (0.0, 0.0))
        return self._random.uniform(least, most) if least < most else least

    def as_json(self) -> dict[str, Any]:
        """Give the rule as JSON has it, with its id and its hits; secrets that it looks for are masked."""
        match = deepcopy(self._given[MATCH])
        for name, value in match.get("header", {}).items():
            match["header"][name] = redacted(str(value)) if name.lower() in SECRET_HEADERS else value
        for name, value in match.get("query", {}).items():
            match["query"][name] = masked_value(name, str(value))
        says = {"times": self.times, "after": self.after, "probability": self.probability}
        return {"id": self.id, MATCH: match, **says, EFFECT: deepcopy(self._given[EFFECT]), "hits": self.hits}


class Faults:
    """The rules, in the order they were given; the first that takes a request counts.

    Args:
        seed: what their chances are made from.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._lock = Lock()
        self._rules: tuple[Rule, ...] = ()
        self._numbers = count(1)

    def add(self, rule: Mapping[str, Any]) -> Rule:
        """Add a rule below the others.

        Args:
            rule: as JSON has it: ``match``, ``times``, ``after``, ``probability``, ``effect``.

        Raises:
            ValueError: something in it is not legal; the message names its path, the value and what is legal.
        """
        with self._lock:
            if len(self._rules) >= MOST_RULES:
                raise ValueError(f"there are {MOST_RULES} rules already; legal is to remove some first")
            Rule("", rule)  # a rule that is refused takes no number
            made = Rule(str(next(self._numbers)), rule, self._seed)
            self._rules = (*self._rules, made)
            return made

    def rules(self) -> tuple[Rule, ...]:
        """Give the rules, those that are used up as well."""
        return self._rules

    def remove(self, rule_id: str) -> bool:
        """Remove a rule, and tell whether there was one of this id."""
        with self._lock:
            kept = tuple(rule for rule in self._rules if rule.id != rule_id)
            is_there, self._rules = len(kept) < len(self._rules), kept
            return is_there

    def clear(self) -> None:
        """Remove every rule, and begin to count anew: the same rules then have the same chances again."""
        with self._lock:
            self._rules, self._numbers = (), count(1)

    def chosen(self, asked: Asked) -> Rule | None:
        """Give the first rule that takes a request, ``None`` where none does."""
        with self._lock:
            return next((rule for rule in self._rules if rule.takes(asked)), None)


def flat(**keys: Any) -> dict[str, Any]:
    """Put the keys of a rule that stand side by side into their parts: ``page=2, status=503``.

    Raises:
        ValueError: one is unknown.
    """
    parts = {key.name: key.part for key in KEYS}
    rule: dict[str, Any] = {}
    for name, value in keys.items():
        if name not in parts:
            raise unknown(name, name, {one: one for one in parts}, parts)
        (rule.setdefault(parts[name], {}) if parts[name] else rule)[name] = value
    return rule
