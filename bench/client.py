"""A lean client that keeps its connections: what it does itself takes next to nothing, and so blurs no ratio."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from typing import Final

HOST: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 60.0
_OK: Final = b"HTTP/1.1 200 "
_LENGTH: Final = b"\r\nContent-Length: "
_CLOSING: Final = b"\r\nConnection: close"
_END: Final = b"\r\n\r\n"


class BenchError(Exception):
    """Something answers otherwise than it must; the message says what."""


def request(target: str, **headers: str) -> bytes:
    """Write a request in one piece, with further headers or another host by their names with underscores."""
    given = {"Host": HOST, "Accept": "*/*", "User-Agent": "bench"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()


class Kept:
    """A connection that is kept.

    Args:
        port: whose server is on this machine.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()
        self._buffer = bytearray(2**22)
        self._view = memoryview(self._buffer)
        self._filled = self._begin = self._total = 0
        self._asked = b""

    def _connect(self) -> None:
        self.socket = socket.create_connection((HOST, self._port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_closing = False

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def send(self, asked: bytes) -> None:
        """Send a request, on another connection where the server wanted to end the last one."""
        if self._is_closing:
            self.close()
            self._connect()
        self._filled = self._total = 0
        self._asked = asked
        self.socket.sendall(asked)

    def receive(self) -> bool:
        """Take what has come, and tell whether the answer is complete.

        Raises:
            BenchError: it is none that a bench can use.
        """
        count = self.socket.recv_into(self._view[self._filled :])
        if not count:
            raise BenchError(f"the connection was closed instead of answering {self._asked!r}")
        self._filled += count
        if not self._total:
            head = self._buffer.find(_END, 0, self._filled)
            if head < 0:
                return False
            place = self._buffer.find(_LENGTH, 0, head)
            if not self._buffer.startswith(_OK) or place < 0:
                raise BenchError(f"{self._asked!r} is answered {bytes(self._view[: self._filled])!r}")
            begin = place + len(_LENGTH)
            length = int(self._buffer[begin : self._buffer.find(b"\r\n", begin)])
            self._is_closing = self._buffer.find(_CLOSING, 0, head) >= 0
            self._begin = head + len(_END)
            self._total = self._begin + length
            if self._total > len(self._buffer):
                raise BenchError(f"{self._asked!r} is answered with {length} bytes, more than a bench takes")
        return self._filled >= self._total

    def body(self) -> bytes:
        """Give the body of the answer."""
        return bytes(self._view[self._begin : self._total])

    def took(self, asked: bytes) -> float:
        """Send a request, receive its answer, and give the seconds between."""
        began = time.perf_counter()
        self.send(asked)
        while not self.receive():
            pass
        return time.perf_counter() - began

    def ask(self, target: str) -> bytes:
        """Ask for a path with its query, and give the body."""
        self.took(request(target))
        return self.body()


def rate(port: int, asked: Sequence[bytes], connections: int) -> float:
    """Give the requests a second that so many connections get answered, each asking on as soon as it has its answer."""
    kept = [Kept(port) for _ in range(connections)]
    with selectors.DefaultSelector() as ready:
        for one in kept:
            ready.register(one.socket, selectors.EVENT_READ, one)
        left = iter(asked)
        began = time.perf_counter()
        for one in kept:
            one.send(next(left))
        missing = len(asked)
        while missing:
            events = ready.select(PATIENCE_SECONDS)
            if not events:
                raise BenchError(f"no answer within {PATIENCE_SECONDS} seconds")
            for event, _ in events:
                if event.data.receive():
                    missing -= 1
                    following = next(left, None)
                    if following is not None:
                        event.data.send(following)
        took = time.perf_counter() - began
    for one in kept:
        one.close()
    return len(asked) / took
