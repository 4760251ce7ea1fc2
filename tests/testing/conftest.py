"""Fixtures of the tests of the pytest plugin."""

import pytest
from helpers import make_app, over_socket


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that runs a test suite with the plugin; with other plugins in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("IMS_MOCK_URL", raising=False)

    def run(suite, *arguments, plugins=()):
        pytester.makepyfile(suite)
        loaded = [word for plugin in ("ims_mock.pytest_plugin", *plugins) for word in ("-p", plugin)]
        runpytest = pytester.runpytest_subprocess if plugins else pytester.runpytest_inprocess
        return runpytest("-W", "error", *loaded, *arguments)

    return run


@pytest.fixture
def url():
    """The URL of a running server."""
    with over_socket(make_app("empty")) as ask:
        yield ask.url


@pytest.fixture(params=["local", "remote"])
def target(request):
    """The arguments of pytest for an emulator of its own, and for a running server."""
    return ["--ims-mock-url", request.getfixturevalue("url")] if request.param == "remote" else []
