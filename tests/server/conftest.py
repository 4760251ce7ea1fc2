"""Fixtures for requests to an application over a socket."""

import pytest
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
