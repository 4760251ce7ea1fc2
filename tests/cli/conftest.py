"""Fixtures of the tests of commands."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class _Failing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        if self.server.mood == "error":
            self.send_error(503)
        elif self.server.mood == "no JSON":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
        elif self.server.mood == "no HTTP":
            self.wfile.write(b"\0\0\0 what?\r\n\r\n")
        else:
            self.server.released.wait(10)

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture(params=["error", "no JSON", "no HTTP", "silence"])
def failing_port(request):
    """The port of a server that is not ims-mock, and answers its only request in one of several wrong ways."""
    server = HTTPServer(("127.0.0.1", 0), _Failing)
    server.mood, server.released = request.param, threading.Event()
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    yield server.server_port
    server.released.set()
    thread.join()
    server.server_close()
