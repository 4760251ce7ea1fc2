"""Requests and responses as bytes on a socket."""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

Headers = Mapping[str, str]

CHUNKED = {"Transfer-Encoding": "chunked"}


@contextmanager
def connected(url: str, seconds: float = 20) -> Iterator[socket.socket]:
    """Connect to a server."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def head(method: str, target: str, headers: Headers | None = None, version: str = "1.1") -> bytes:
    """Return the request line and headers of a request."""
    lines = [f"{name}: {value}" for name, value in {"Host": "localhost", **(headers or {})}.items()]
    return "\r\n".join((f"{method} {target} HTTP/{version}", *lines, "", "")).encode()


def body(headers: Headers, *pieces: bytes) -> bytes:
    """Return a body, or a part of it, in the transfer encoding of the headers. An empty piece is the last chunk."""
    if "Transfer-Encoding" in headers:
        pieces = tuple(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"".join(pieces)


def read(connection: socket.socket, length: int) -> bytes:
    """Read a number of bytes."""
    got = bytearray()
    while len(got) < length:
        got += connection.recv(min(length - len(got), 65536)) or pytest.fail(f"closed after {bytes(got)!r}")
    return bytes(got)


def read_head(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """Read the status and headers of a response."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        got += read(connection, 1)
    return int(got.split()[1]), dict(re.findall(r"([\w-]+): (.*)\r\n", got.decode()))


def read_response(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read the status, headers and body of a response that has a Content-Length."""
    status, headers = read_head(connection)
    return status, headers, read(connection, int(headers["Content-Length"]))


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    got = b""
    while data := connection.recv(65536):
        got += data
    return got
