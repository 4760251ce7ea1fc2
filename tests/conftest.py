"""Fixtures shared by all tests."""

from __future__ import annotations

import sys

import pytest
from flask import Flask
from helpers import Ask, in_process, make_app, shared_app

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
def ask(request: pytest.FixtureRequest, profile: str) -> Ask:
    """Call a new emulator of the catalog ``CATALOG`` of the test's module."""
    return in_process(shared_app(request.module.CATALOG, profile=profile))


@pytest.fixture
def app() -> Flask:
    """An application of the catalog ``default``, for the fixtures of pytest-flask."""
    return make_app("default")
