"""The runner: each scenario with an emulator of its own, and the result."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.auth.credentials import DEFAULT_DOMAIN, DEFAULT_REGION
from ims_mock.conformance.adapter import Adapter, AdapterError, AdapterExitError
from ims_mock.conformance.expectations import FAILED, describe_answer, explain_excess, judge
from ims_mock.conformance.scenarios import PROJECT, SCENARIOS, SHOULD, Scenario
from ims_mock.emulator import Emulator
from ims_mock.loading.loader import load
from ims_mock.options import AppOptions
from ims_mock.server.server import BackgroundServer
from ims_mock.testing.requests import describe_requests
from ims_mock.web.app import app_for

BASELINE: Final = SCENARIOS[0]
MAX_EXITS: Final = 3  # of the adapter before any valid answer; they end a run


class RunError(Exception):
    """The adapter does not run at all; the message says why."""


@dataclass(frozen=True)
class Result:
    """The result of a scenario; what the SDK did and requested, and the end of standard error, are texts."""

    scenario: Scenario
    outcome: str
    why: str
    seconds: float
    actual: str
    requests: str
    stderr: str

    def explain(self) -> str:
        """Return everything about a failure, in lines."""
        scenario = self.scenario
        facts = {"query": query_text(scenario), "expected": scenario.expected, "actual": self.actual}
        facts |= {"reason": f"{scenario.reason} ({scenario.source})"}
        lines = [self.why, *(f"{name + ':':<10}{text}" for name, text in facts.items()), self.requests]
        if self.stderr:
            lines += ["the end of standard error:", *(f"  {line}" for line in self.stderr.splitlines())]
        return "\n".join(lines)


def query_text(scenario: Scenario) -> str:
    """Return the query of a scenario as text."""
    pairs = ((name, [value] if isinstance(value, str) else value) for name, value in scenario.query.items())
    return ", ".join(f"{name}={one}" for name, values in pairs for one in values) or "no parameters"


def select(profile: str, *, only: Sequence[str] = (), skip: Sequence[str] = (), level: str = SHOULD) -> list[Scenario]:
    """Return the scenarios of a profile, in the order of the table; raise ``ValueError`` for an unknown name."""
    if unknown := {*only, *skip} - {one.name for one in SCENARIOS}:
        raise ValueError(f"there is no scenario {min(unknown)!r}; --list prints their names")
    found = (one for one in SCENARIOS if profile in one.profiles and level in (SHOULD, one.level))
    return [one for one in found if (not only or one.name in only) and one.name not in skip]


class Runner:
    """Runs scenarios with one adapter. Each may take ``timeout`` seconds."""

    def __init__(self, command: Sequence[str], profile: str = "documented", timeout: float = 30.0) -> None:
        self._adapter = Adapter(command)
        self._profile, self._timeout, self._exits = profile, timeout, 0
        self.close = self._adapter.close

    def run(self, scenario: Scenario) -> Result:
        """Run one scenario; raise :class:`RunError` if the adapter never works."""
        started = time.monotonic()
        with _served(scenario, self._profile) as (emulator, url):
            outcome, why, actual = self._ask(scenario, emulator, url)
            entries = emulator.journal.entries()
        requests = describe_requests(entries, {"1": "the fault"}, (), url) if entries else "no request arrived"
        return Result(scenario, outcome, why, time.monotonic() - started, actual, requests, self._adapter.stderr)

    def _ask(self, scenario: Scenario, emulator: Emulator, url: str) -> tuple[str, str, str]:
        """Return the outcome, the reason, and what the SDK did."""
        known = _credentials("wrong" if scenario.has_wrong_credentials else scenario.name)
        (token,), (key,), (user,) = known.values()
        service = {"url": url, "iam_url": f"{url}/v3", "region": DEFAULT_REGION, "project": PROJECT}
        service |= {"token": token["token"], "access_key": key["access"], "secret_key": key["secret"]}
        service |= {"user": user["name"], "password": user["password"], "domain": DEFAULT_DOMAIN}
        request = {"scenario": scenario.name, "service": service, "query": scenario.query}

        def excess() -> str:
            return explain_excess(scenario, emulator.journal.lists())

        try:
            answer = self._adapter.ask(request, self._timeout, excess)
        except AdapterError as error:
            self._exits += isinstance(error, AdapterExitError)
            if self._exits >= MAX_EXITS and not self._adapter.has_answered:
                end = self._adapter.stderr or "nothing"
                raise RunError(f"{error}, {MAX_EXITS} times before any valid answer. Standard error: {end}") from None
            return FAILED, str(error), "no valid answer"
        if answer is None:
            return FAILED, excess(), "stopped before it answered"
        existing = [image.id for image in emulator.catalog if image.get("status") != "deleted"]
        return *judge(scenario, answer, emulator.journal.lists(), existing), describe_answer(answer)


@contextmanager
def _served(scenario: Scenario, profile: str) -> Iterator[tuple[Emulator, str]]:
    projects = [{"id": PROJECT, "name": DEFAULT_REGION, "domain": DEFAULT_DOMAIN}]
    catalog = {"projects": projects, "credentials": _credentials(scenario.name), "images": list(scenario.images)}
    emulator = Emulator(load([catalog]), AppOptions(auth="on", profile=profile))
    if scenario.fault:
        emulator.faults.add(scenario.fault)
    with closing(BackgroundServer(app_for(emulator, has_control=False))) as server:
        yield emulator, server.url


def _credentials(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the credentials of a scenario; those of another one are wrong."""
    key = {"access": f"AK{name.upper().replace('-', '')}", "secret": f"secret-key-{name}"}
    user = {"name": "tester", "password": f"password-{name}", "domain": DEFAULT_DOMAIN}
    credentials = {"tokens": {"token": f"token-{name}"}, "keys": key, "users": user}
    return {kind: [{**one, "project": PROJECT}] for kind, one in credentials.items()}
