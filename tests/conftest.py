"""Fixtures shared by all tests."""

import sys

import pytest
from flask import Flask
from helpers import Ask, in_process, shared_app

from ims_mock.emulator import Emulator

collect_ignore = [] if sys.version_info >= (3, 11) else ["openapi/test_schemathesis.py"]
"""schemathesis needs Python 3.11."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run all tests in several processes, but a selection of files in one, which starts sooner."""
    is_whole_suite = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_explicit = any(argument.startswith("-n") for argument in config.invocation_params.args)
    return None if is_whole_suite or is_explicit else 0


@pytest.fixture(params=["documented", "glance"])
def profile(request: pytest.FixtureRequest) -> str:
    """Each profile."""
    return str(request.param)


@pytest.fixture
def app(request: pytest.FixtureRequest, profile: str) -> Flask:
    """An application as it was when it started, of the catalog ``CATALOG`` of the test's module or of ``default``."""
    return shared_app(getattr(request.module, "CATALOG", "default"), profile=profile)


@pytest.fixture
def emulator(app: Flask) -> Emulator:
    """The emulator of that application."""
    return app.extensions["ims_mock"]


@pytest.fixture
def ask(app: Flask) -> Ask:
    """Call that application."""
    return in_process(app)
