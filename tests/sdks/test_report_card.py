"""The report card of SDKs: its page, and the adapters of ``examples/adapters``, built and run."""

import pytest

from ims_mock.conformance.scenarios import SCENARIOS
from scripts.report_card import CAUSES, PAGE, REFERENCE, SOURCES, adapters, cause, page, run, stored

ADAPTERS = adapters()
FAILURES = [(name, scenario) for name, result in stored().items() for scenario in result["failed"]]


def test_page_shows_the_stored_results():
    assert PAGE.read_text() == page(), "run python scripts/report_card.py"


def test_results_are_of_the_adapters_and_scenarios_that_exist():
    assert list(stored()) == list(ADAPTERS)
    assert {name for result in stored().values() for names in result.values() for name in names} <= {
        one.name for one in SCENARIOS
    }


def test_every_cause_explains_a_failure():
    assert {cause(*failure) for failure in FAILURES} == {text for *_, text in CAUSES}


def test_reference_adapters_pass_every_scenario():
    results = {name: result for name, result in stored().items() if name.startswith(REFERENCE)}
    assert len(results) == 4
    assert not any(names for result in results.values() for names in result.values())


def test_versions_are_those_that_are_installed():
    files = ["python/requirements.txt", "go/go.mod", "java/pom.xml", "node/package-lock.json"]
    pinned = "".join((SOURCES / file).read_text() for file in files)
    assert [name for name, adapter in ADAPTERS.items() if adapter.version not in pinned] == []


@pytest.mark.sdks
@pytest.mark.parametrize("name", ADAPTERS)
def test_results_of_the_adapter_are_the_stored_ones(name):
    if missing := ADAPTERS[name].missing_tools:
        pytest.skip(f"needs {' and '.join(missing)}")
    assert run(ADAPTERS[name]) == stored()[name]
