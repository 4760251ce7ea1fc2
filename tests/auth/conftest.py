"""Emulators over the catalog of ``login_helpers``, with and without authentication."""

import pytest
from flask import Flask
from helpers import Ask, in_process, make_app, probed
from login_helpers import CATALOG


@pytest.fixture(scope="session")
def session_app() -> Flask:
    """An application with ``--auth on``."""
    return probed(make_app(CATALOG, auth="on"))


@pytest.fixture
def app(session_app: Flask) -> Flask:
    """That application as it was when it started."""
    session_app.extensions["ims_mock"].reset()
    return session_app


@pytest.fixture
def ask(app: Flask) -> Ask:
    """Ask that application."""
    return in_process(app)


@pytest.fixture(scope="session")
def ask_off() -> Ask:
    """Ask an application with ``--auth off``."""
    return in_process(probed(make_app(CATALOG)))
