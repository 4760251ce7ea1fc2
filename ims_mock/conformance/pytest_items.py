"""The scenarios as test items of pytest."""

from typing import Any

import pytest

from ims_mock.conformance.adapter import python_command
from ims_mock.conformance.expectations import FAILED, UNSUPPORTED
from ims_mock.conformance.runner import RunError, Runner, select
from ims_mock.conformance.scenarios import MUST, Scenario


class ScenarioItem(pytest.Item):
    """One scenario. A failed ``should`` is an expected failure, because it fails no run of the command either."""

    def __init__(self, *, scenario: Scenario, runner: Runner, **others: Any) -> None:
        super().__init__(**others)
        self._scenario, self._runner = scenario, runner

    def runtest(self) -> None:
        """Run the scenario."""
        try:
            result = self._runner.run(self._scenario)
        except RunError as error:
            pytest.fail(str(error), pytrace=False)
        if result.outcome == UNSUPPORTED:
            pytest.skip(f"unsupported: {result.why}")
        if result.outcome == FAILED and self._scenario.level == MUST:
            pytest.fail(result.explain(), pytrace=False)
        if result.outcome == FAILED:
            pytest.xfail(result.why)

    def reportinfo(self) -> tuple[Any, None, str]:
        """Return what pytest shows as the place of the test: none in a file."""
        return self.path, None, f"conformance: {self.name}"


class _Group(pytest.Collector):
    def __init__(self, *, runner: Runner, **others: Any) -> None:
        super().__init__(**others)
        self._runner = runner

    def collect(self) -> list[pytest.Item]:
        scenarios = select("documented")
        return [ScenarioItem.from_parent(self, name=one.name, scenario=one, runner=self._runner) for one in scenarios]


def scenario_items(session: pytest.Session, target: str) -> list[pytest.Item]:
    """Return an item for each scenario, run with the adapter ``MODULE:FUNCTION``."""
    runner = Runner(python_command(target))
    session.config.add_cleanup(runner.close)
    group = _Group.from_parent(session, name="conformance", nodeid="conformance", runner=runner)
    return [*session.genitems(group)]  # reports them as collected, so that pytest counts them
