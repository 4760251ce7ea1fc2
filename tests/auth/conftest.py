"""Emulators of the catalog of a test's module or of ``login_helpers``, with and without authentication."""

import pytest
from flask import Flask
from helpers import Ask, in_process, make_app, probed
from login_helpers import CATALOG


@pytest.fixture(scope="module")
def module_app(request: pytest.FixtureRequest) -> Flask:
    """An application with ``--auth on``."""
    return probed(make_app(getattr(request.module, "CATALOG", CATALOG), auth="on"))


@pytest.fixture
def app(module_app: Flask) -> Flask:
    """That application as it was when it started."""
    module_app.extensions["ims_mock"].reset()
    return module_app


@pytest.fixture(scope="module")
def ask_off(request: pytest.FixtureRequest) -> Ask:
    """Call an application with ``--auth off``."""
    return in_process(probed(make_app(getattr(request.module, "CATALOG", CATALOG))))
