"""Fault rules as tests add and inspect them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from ims_mock.faults.rules import RULE_KEYS, parse_rule, rule_from_keywords
from ims_mock.journal.journal import Entry
from ims_mock.journal.redaction import redacted_value
from ims_mock.options import suggests_keywords
from ims_mock.testing.requests import MatchingRequests, RequestPattern
from ims_mock.text import counted, printable

Texts = Mapping[str, str | float | bool]  # texts by name; numbers and booleans are written as in JSON
_MAX_LENGTH: Final = 110
_MAX_FAULTS: Final = 5


class Fault:
    """A fault rule of an emulator, as it was added. Its ``times`` are ``None`` if it applies without limit."""

    def __init__(self, rule: Mapping[str, Any], faults: Faults) -> None:
        self.id: str = rule["id"]
        self.match: dict[str, Any] = rule["match"]
        self.effect: dict[str, Any] = rule["effect"]
        self.times: int | None = rule["times"]
        self.after: int = rule["after"]
        self.probability: float = rule["probability"]
        self._hits: int = rule["hits"]
        self._faults: Faults | None = faults

    def __str__(self) -> str:
        return f"fault {self.id} ({printable(_format_keys({**self.match, **self.effect}), _MAX_LENGTH)})"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def hits(self) -> int:
        """The number of requests it was applied to; after its removal, until then."""
        if self._faults:
            self._hits = self._faults.hits().get(self.id, self._hits)
        return self._hits

    def explain_no_hit(self, entries: Sequence[Entry]) -> str:
        """Return a sentence about the recorded requests that explains why it never occurred."""
        others = dict(self.match)
        pattern = RequestPattern(others.pop("path", ""), others.pop("method", ""), others.pop("query", {}))
        if self.after:
            others["after"] = self.after
        if self.probability < 1:
            others["probability"] = self.probability
        found = MatchingRequests(pattern, entries)
        if pattern == RequestPattern() and others:
            return f"it needs {_format_keys(others)}"
        if not found:
            nearest = f"; nearest: {found.nearest[0]}" if found.nearest else ""
        elif others:
            nearest = f", but it also needs {_format_keys(others)}"
        else:
            nearest = ", but only the first fault that applies to a request occurs"
        return found.summary + nearest


def _format_keys(keys: Mapping[str, Any]) -> str:
    """Return keys of a rule as they are given to :meth:`Faults.add`, without secrets."""
    shown = dict(keys)
    for name, value in keys.items():
        if isinstance(value, Mapping):
            shown[name] = {key: redacted_value(key, str(one)) for key, one in value.items()}
    return ", ".join(f"{key.name}={shown[key.name]}" for key in RULE_KEYS if key.name in shown)


class Faults:
    """The fault rules in order. The first that applies to a request wins."""

    def __init__(self, control: Callable[..., Any], requests: Sequence[Entry]) -> None:
        self._control, self._requests = control, requests
        self._added: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return (Fault(rule, self) for rule in self._control("GET", "faults")["faults"])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @suggests_keywords
    def add(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        query: Texts | None = None,
        header: Texts | None = None,
        page: int | None = None,
        nth: int | None = None,
        times: int | None = 1,
        after: int = 0,
        probability: float = 1,
        delay: float | Sequence[float] | None = None,
        catalog: Mapping[str, Any] | None = None,
        status: int | None = None,
        code: str | None = None,
        message: str | None = None,
        next: Literal["missing", "null", "absolute", "loop", "repeated"] | None = None,
        body: Literal["truncated", "garbage", "empty", "html"] | None = None,
        content_type: str | None = None,
        headers: Texts | None = None,
        drop: Literal["before", "middle"] | None = None,
    ) -> Fault:
        """Append a rule: ``add(path="/v2/images", page=2, times=3, status=503)``.

        The parameters are the keys of a rule, whatever their section. Those that are ``None`` are left out, except for
        ``times``, which then has no limit. The returned rule counts its hits. An unknown key is a ``TypeError``, and a
        value that is not legal a ``ValueError``.
        """
        keys = {name: value for name, value in locals().items() if value is not None or name == "times"}
        del keys["self"]
        rule = rule_from_keywords(**keys)
        parse_rule(rule)  # raises the plain error, not that of a request
        fault = Fault(self._control("POST", "faults", rule), self)
        self._added.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all rules."""
        self.detach()
        self._control("DELETE", "faults")

    def hits(self) -> dict[str, int]:
        """Return the hits of all rules by id."""
        return {fault.id: fault._hits for fault in self}

    def explain_no_hits(self) -> str:
        """Return a text about the rules that never occurred; an empty string if all did."""
        faults = list(iter(self))  # without a request for the length
        missed = [fault for fault in faults if not fault._hits]
        if not missed:
            return ""
        entries = self._requests[:]
        lines = [f"  {fault}: {fault.explain_no_hit(entries)}" for fault in missed[:_MAX_FAULTS]]
        lines += [f"  … {len(missed) - _MAX_FAULTS} more"] if len(missed) > _MAX_FAULTS else []
        return "\n".join([f"{len(missed)} of {counted(len(faults), 'fault')} never occurred:", *lines])

    def assert_all_hit(self) -> None:
        """Assert that each rule was applied to a request; the message shows the others, each with a similar request."""
        __tracebackhide__ = True
        if message := self.explain_no_hits():
            raise AssertionError(message)

    def detach(self) -> None:
        """Fix the hits of the faults that were added here, because the rules are about to be removed."""
        hits = self.hits() if self._added else {}
        for fault in self._added:
            fault._hits, fault._faults = hits.get(fault.id, fault._hits), None
        self._added.clear()
