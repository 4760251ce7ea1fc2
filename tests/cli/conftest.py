"""Fixtures of the tests of commands."""

import pytest
from rogue import response, rogue

WRONG = {
    "error": lambda *_: response(b"", "503 Service Unavailable"),
    "no JSON": lambda *_: response(b"hello"),
    "no HTTP": lambda *_: b"\0\0\0 what?\r\n\r\n",
    "silence": lambda server, _: b"" if server.released.wait(10) else b"late",
}


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=WRONG.values(), ids=WRONG)
def failing_port(request):
    """The port of a server that is not ims-mock, and answers in one of several wrong ways."""
    with rogue(request.param) as server:
        yield int(server.url.rpartition(":")[2])
