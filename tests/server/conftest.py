"""Fixtures for requests to an application over a socket."""

from contextlib import ExitStack

import pytest
from raw_http import connected
from upload_app import UploadApp

from ims_mock.server.server import BackgroundServer


@pytest.fixture
def receiver():
    return UploadApp()


@pytest.fixture
def server(receiver):
    server = BackgroundServer(receiver, threads=4)
    yield server
    server.close()


@pytest.fixture
def url(server):
    return server.url


@pytest.fixture
def connect(url):
    """A function that opens a connection to the server."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(connected(url))


@pytest.fixture
def connection(connect):
    return connect()
