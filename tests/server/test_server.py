"""The server: responses over a socket, and servers in a thread."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest
from helpers import make_app

from ims_mock.server.server import BackgroundServer

BODIES = {
    "empty": [b""],
    "short": [b"a"],
    "long": [b"a" * 300_000],
    "parts": [b"a" * 10, b"", b"b" * 10],
    "chunked": [b"a" * 10, b"b" * 100_000, b"c"],
}


class Application:
    """Responds with the body that the query names; only ``chunked`` has no Content-Length."""

    def __init__(self):
        self.extensions = {"ims_mock": make_app("empty").extensions["ims_mock"]}

    def __call__(self, environ, start_response):
        name = environ["QUERY_STRING"]
        length = [] if name == "chunked" else [("Content-Length", str(sum(map(len, BODIES[name]))))]
        start_response("200 OK", length)
        return iter(BODIES[name])


@pytest.fixture(scope="module")
def connection():
    server = BackgroundServer(Application(), threads=1)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    yield connection
    connection.close()
    server.close()


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_complete(connection, name):
    connection.request("GET", f"/?{name}")
    assert connection.getresponse().read() == b"".join(BODIES[name])


def test_requests_that_wait_for_a_thread_are_not_logged(caplog):
    server = BackgroundServer(make_app("empty"), threads=1)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: urlopen(f"{server.url}/_ims/health").read(), range(80)))
    server.close()
    assert "queue" not in caplog.text


def test_a_background_server_answers_at_once():
    app = make_app("empty")
    for _ in range(20):
        server = BackgroundServer(app, threads=1)
        assert urlopen(f"{server.url}/_ims/health").status == 200
        server.close()


def test_close_does_not_wait_for_idle_connections():
    before = threading.active_count()
    server = BackgroundServer(make_app("empty"))
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/_ims/health")
    client.getresponse().read()
    began = time.perf_counter()
    server.close()
    assert time.perf_counter() - began < 0.25
    assert client.sock.recv(1) == b""
    client.close()
    server.close()
    assert threading.active_count() == before
