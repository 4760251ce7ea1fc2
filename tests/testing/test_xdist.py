"""Tests on workers of pytest-xdist, in random order, do not affect each other."""

import pytest
from helpers import make_app, over_socket

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

SUITE = """
    import pytest
    import requests


    @pytest.mark.parametrize("number", range(400))
    def test_it(ims_mock, number):
        assert (len(ims_mock.images) > 7, len(ims_mock.faults), len(ims_mock.requests)) == (True, 0, 0)
        names = sorted(f"{number}-{index}" for index in range(number % 7))
        broken = (500, 502, 503)[number % 3]
        ims_mock.load({"images": [{"name": name} for name in names]})
        ims_mock.faults.add(path="/v2/images", nth=2, status=broken)
        answers = [requests.get(f"{ims_mock.url}/v2/images", {"__test": value}) for value in (number, None, None)]
        assert [answer.status_code for answer in answers] == [200, broken, 200]
        first, _, last = [sorted(image["name"] for image in one.json().get("images", [])) for one in answers]
        assert (first, last) == ([], names)
        assert [entry.status for entry in ims_mock.requests] == [200, broken, 200]
        assert len(ims_mock.requests.matching("/v2/images", __test=number)) == 1
        assert [rule.hits for rule in ims_mock.faults] == [1]
"""
PLUGINS = [word for name in ("ims_mock.pytest_plugin", "xdist", "pytest_randomly") for word in ("-p", name)]


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("IMS_MOCK_URL", raising=False)
    pytester.makepyfile(SUITE)
    return lambda *arguments: pytester.runpytest_subprocess("-W", "error", *PLUGINS, "-n", "4", "-q", *arguments)


def test_each_worker_has_its_own_server(run):
    run().assert_outcomes(passed=400)


def test_workers_use_separate_sandboxes_of_a_shared_server(run):
    app = make_app("document-sample")
    catalog = app.extensions["ims_mock"].catalog
    with over_socket(app) as ask:
        run("--ims-mock-url", ask.url).assert_outcomes(passed=400)
    assert app.extensions["ims_mock"].catalog is catalog
    assert len(app.extensions["ims_mock.sandboxes"]) == 0
