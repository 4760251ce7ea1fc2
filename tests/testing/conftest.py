"""Fixtures of the tests of ``ImsMock`` and of the pytest plugin."""

from contextlib import ExitStack

import pytest
from helpers import make_app, over_socket

from ims_mock import ImsMock


@pytest.fixture(scope="module")
def server():
    """The URL of a running server."""
    with over_socket(make_app("document-sample")) as ask:
        yield ask.url


@pytest.fixture(params=["local", "remote"])
def make(request):
    """Return a function that makes an ``ImsMock``, in this process or as a sandbox on the server."""
    url = request.getfixturevalue("server") if request.param == "remote" else ""
    with ExitStack() as stack:
        yield lambda *catalog, **options: stack.enter_context(ImsMock(*catalog, url=url, **options))


@pytest.fixture
def ims(make):
    """An ``ImsMock`` with three images."""
    return make({"images": [{"id": name, "name": name} for name in "abc"]})


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


@pytest.fixture(params=["local", "remote"])
def target(request):
    """The arguments of pytest for an emulator of its own, and for a running server."""
    return ["--ims-mock-url", request.getfixturevalue("server")] if request.param == "remote" else []
