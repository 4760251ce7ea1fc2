"""The runner: each scenario with an emulator of its own, and the results of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.auth.credentials import DEFAULT_REGION
from ims_mock.conformance.adapter import Adapter, AdapterError
from ims_mock.conformance.expectations import FAILED, Verdict, describe_answer, explain_excess, judge
from ims_mock.conformance.scenario import PROJECT, Scenario
from ims_mock.conformance.scenarios import SCENARIOS
from ims_mock.emulator import Emulator
from ims_mock.loading.loader import load
from ims_mock.options import AppOptions
from ims_mock.server.server import BackgroundServer
from ims_mock.testing.requests import describe_requests
from ims_mock.web.app import app_for

BASELINE: Final = SCENARIOS[0]
MAX_EXITS: Final = 3
"""The exits of the adapter before any valid answer that end a run."""


class RunError(Exception):
    """The adapter does not run at all; the message says why."""


@dataclass(frozen=True)
class Result:
    """The result of a scenario.

    Attributes:
        scenario: The scenario.
        verdict: The outcome, with the reason.
        seconds: How long it took.
        actual: What the SDK did, as text.
        requests: The recorded requests, as text.
        stderr: The end of what the adapter wrote to standard error.
    """

    scenario: Scenario
    verdict: Verdict
    seconds: float
    actual: str = ""
    requests: str = ""
    stderr: str = ""


class Runner:
    """Runs scenarios with one adapter.

    Args:
        command: The program and the arguments of the adapter.
        profile: The profile of the emulators.
        timeout: The seconds that a scenario may take.
    """

    def __init__(self, command: Sequence[str], profile: str = "documented", timeout: float = 30.0) -> None:
        self._adapter = Adapter(command)
        self._profile, self._timeout = profile, timeout
        self._exits = 0

    def close(self) -> None:
        """End the adapter."""
        self._adapter.close()

    def run(self, scenario: Scenario) -> Result:
        """Run one scenario.

        Raises:
            RunError: The adapter has ended several times without any valid answer.
        """
        started = time.monotonic()
        with _emulator(scenario, self._profile) as (emulator, url):
            verdict, actual = self._ask(scenario, emulator, url)
            requests = describe_requests(emulator.journal.entries(), {}, (), url)
        return Result(scenario, verdict, time.monotonic() - started, actual, requests, self._adapter.stderr)

    def _ask(self, scenario: Scenario, emulator: Emulator, url: str) -> tuple[Verdict, str]:
        excess = ""

        def stop() -> bool:
            nonlocal excess
            excess = explain_excess(scenario, emulator.journal.lists())
            return bool(excess)

        request = {"scenario": scenario.name, "service": _service(scenario, url), "query": scenario.query}
        try:
            answer = self._adapter.ask(request, self._timeout, stop)
        except AdapterError as error:
            self._count_exit(error)
            return Verdict(FAILED, str(error)), "no valid answer"
        if answer is None:
            return Verdict(FAILED, f"{excess} and was stopped"), "no answer before it was stopped"
        existing = [image.id for image in emulator.catalog if image.get("status") not in ("deleted", "killed")]
        return judge(scenario, answer, emulator.journal.lists(), existing), describe_answer(answer)

    def _count_exit(self, error: AdapterError) -> None:
        self._exits += error.has_exited
        if self._exits >= MAX_EXITS and not self._adapter.has_answered:
            stderr = self._adapter.stderr
            end = f"; the end of its standard error: {stderr}" if stderr else "; it wrote nothing to standard error"
            raise RunError(f"{error}, {MAX_EXITS} times before any valid answer{end}") from None


def select(
    profile: str, *, only: Sequence[str] = (), skip: Sequence[str] = (), level: str = "should"
) -> list[Scenario]:
    """Return the scenarios of a profile in their order.

    Raises:
        ValueError: There is no scenario of a name.
    """
    known = [one.name for one in SCENARIOS]
    for name in (*only, *skip):
        if name not in known:
            raise ValueError(f"unknown scenario {name!r}")
    return [
        one
        for one in SCENARIOS
        if profile in one.profiles
        and (not only or one.name in only)
        and one.name not in skip
        and level in ("should", one.level)
    ]


@contextmanager
def _emulator(scenario: Scenario, profile: str) -> Iterator[tuple[Emulator, str]]:
    """Yield the emulator of a scenario, with its URL."""
    catalog = {
        "project": PROJECT,
        "projects": [{"id": PROJECT, "name": DEFAULT_REGION, "domain": "testdomain"}],
        "credentials": _credentials(scenario.name),
        "images": list(scenario.images),
    }
    emulator = Emulator(load([catalog]), AppOptions(auth="on", profile=profile))
    for rule in scenario.faults:
        emulator.faults.add(rule)
    server = BackgroundServer(app_for(emulator, has_control=False))
    try:
        yield emulator, server.url
    finally:
        server.close()


def _credentials(name: str) -> dict[str, Any]:
    """Return credentials of a scenario, so that those of another one are wrong."""
    return {
        "tokens": [{"token": f"token-{name}", "project": PROJECT}],
        "keys": [{"access": f"AK{name.upper()}", "secret": f"secret-key-{name}", "project": PROJECT}],
        "users": [{"name": "tester", "password": f"password-{name}", "domain": "testdomain", "project": PROJECT}],
    }


def _service(scenario: Scenario, url: str) -> Mapping[str, str]:
    known = _credentials("wrong" if scenario.has_wrong_credentials else scenario.name)
    (token,), (key,), (user,) = (known[name] for name in ("tokens", "keys", "users"))
    return {
        "url": url,
        "iam_url": f"{url}/v3",
        "region": DEFAULT_REGION,
        "project": PROJECT,
        "token": token["token"],
        "access_key": key["access"],
        "secret_key": key["secret"],
        "user": user["name"],
        "password": user["password"],
        "domain": user["domain"],
    }
