"""Answers go out in as few pieces as there can be, and complete, whatever they are made of."""

import http.client
from contextlib import contextmanager

import pytest
from helpers import make_app

from ims_mock.server.background import Background
from ims_mock.server.http import JOINED_BYTES, Channel

LENGTHS = (0, 1, 500, JOINED_BYTES, JOINED_BYTES + 1, 300_000)
PARTS = {"length": (b"a" * 10, b"", b"b" * 10), "chunks": (b"a" * 10, b"b" * JOINED_BYTES, b"c")}


class Parts:
    """An application that answers with as many bytes as the query says, or with the parts that it names."""

    def __init__(self):
        self.extensions = {"ims_mock": make_app("empty").extensions["ims_mock"]}

    def __call__(self, environ, start_response):
        """Answer."""
        query = environ["QUERY_STRING"]
        parts = PARTS.get(query) or (b"x" * int(query),)
        headers = [] if query == "chunks" else [("Content-Length", str(sum(map(len, parts))))]
        start_response("200 OK", headers)
        return (part for part in parts)


@contextmanager
def served(monkeypatch, kind=Channel):
    """Serve the parts; give the server, and a list of the lengths of what it sends."""
    sent = []
    send = kind.send

    def noted(self, data, do_close=True):
        sent.append(len(data))
        return send(self, data, do_close)

    monkeypatch.setattr(kind, "send", noted)
    server = Background(Parts(), threads=1)
    try:
        yield server, sent
    finally:
        server.close()


def asked(connection, query, method="GET"):
    """Ask, and give the body."""
    connection.request(method, f"/?{query}")
    return connection.getresponse().read()


def test_head_and_body_are_sent_in_one_piece(monkeypatch):
    """On a connection that goes on; a long body, which would have to be copied for it, goes after its head."""
    with served(monkeypatch) as (server, sent):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for length in LENGTHS:
            sent.clear()
            assert asked(connection, length) == b"x" * length
            if length <= JOINED_BYTES:
                assert len(sent) == 1
                assert length < sent[0] < length + 200
        connection.close()


@pytest.mark.parametrize("query", PARTS)
def test_a_body_in_parts_is_whole(monkeypatch, query):
    """Only its first part goes with the head."""
    with served(monkeypatch) as (server, sent):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        assert asked(connection, query) == b"".join(PARTS[query])
        assert 10 < sent[0] < 210
        connection.close()


def test_an_answer_to_head_is_a_head(monkeypatch):
    """The application's body is left out, and the next answer is what it should be."""
    with served(monkeypatch) as (server, sent):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        assert asked(connection, 0, "HEAD") == b""
        assert len(sent) == 1
        assert asked(connection, 5) == b"xxxxx"
        connection.close()
