"""Fixtures for uploads to an application over a socket."""

import pytest
from helpers import over_socket
from upload_app import UploadApp


@pytest.fixture
def receiver():
    return UploadApp()


@pytest.fixture
def url(receiver):
    with over_socket(receiver) as ask:
        yield ask.url
