"""A server beside the test: there at once, gone at once."""

import http.client
import threading
import time
from urllib.request import urlopen

from helpers import make_app

from ims_mock.server.background import Background


def test_whoever_has_one_can_ask_it():
    """There is nothing to wait for, however often it is tried."""
    app = make_app("empty")
    for _ in range(20):
        server = Background(app, threads=1)
        assert urlopen(f"{server.url}/_ims/health").status == 200
        server.close()


def test_each_has_a_port_of_its_own():
    """So that several answer side by side."""
    servers = [Background(make_app("empty"), threads=1) for _ in range(3)]
    assert len({server.port for server in servers}) == 3
    for server in servers:
        server.close()


def test_it_stops_at_once_though_a_client_stays():
    """A connection that is kept open is closed; nothing of the server is left."""
    before = threading.active_count()
    server = Background(make_app("empty"))
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/_ims/health")
    client.getresponse().read()
    began = time.perf_counter()
    server.close()
    assert time.perf_counter() - began < 0.25  # a few milliseconds, on a machine that has time (bench/doors.py)
    assert client.sock.recv(1) == b""
    client.close()
    server.close()
    assert threading.active_count() == before
