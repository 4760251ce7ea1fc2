"""Servers in processes of their own, and a client that adds little to the times it measures."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from statistics import median

HOST = "127.0.0.1"
START_SECONDS = 600.0
"""How long a server may take to load its images."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BenchError(Exception):
    """A benchmark cannot be run; the message says why."""


def request(target: str, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """Return an HTTP request; underscores in the names of headers stand for hyphens."""
    fields = {"Host": HOST, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection:
    """A persistent HTTP/1.1 connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection((HOST, self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, request: bytes) -> tuple[float, bytes]:
        """Send a request and return the seconds until the response is complete, and its body.

        Raises:
            BenchError: The response is an error.
            OSError: The connection failed.
        """
        began = time.perf_counter()
        self._socket.sendall(request)
        response, head, start, end = bytearray(), b"", 0, 1
        while len(response) < end:
            received = self._socket.recv(2**20)
            if not received:
                raise ConnectionError("the server closed the connection")
            response += received
            if not start and (found := response.find(b"\r\n\r\n") + 4) > 3:
                head, start = bytes(response[:found]), found
                if not head.startswith(b"HTTP/1.1 2"):
                    raise BenchError(f"{request[:200]!r} got {head!r}")
                length = _LENGTH.search(head)
                end = start + (int(length[1]) if length else 0)
            elif not start:
                end = len(response) + 1
        seconds = time.perf_counter() - began
        if b"\r\nconnection: close" in head.lower():
            self.close()
            self._connect()
        return seconds, bytes(response[start:])

    def time(self, request: bytes) -> float:
        """Send a request and return the seconds until the response is complete."""
        return self.send(request)[0]


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, probe: bytes, **variables: str) -> Iterator[Connection]:
    """Run a server during the block, and yield a connection to it as soon as it answers a request with success.

    Args:
        command: The command that starts the server.
        port: The port it listens on.
        probe: The request.
        variables: Additional environment variables.

    Raises:
        BenchError: The server exits, or does not answer in time.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMS_MOCK_")} | variables
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=null, stdout=null, stderr=null, start_new_session=True)
    try:
        connection = _connected(process, port, probe)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _connected(process: subprocess.Popen[bytes], port: int, probe: bytes) -> Connection:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):  # it does not listen yet
            connection = Connection(port)
            try:
                connection.send(probe)
                return connection
            except (BenchError, OSError):  # it listens before it is ready
                connection.close()
        time.sleep(0.002)
    raise BenchError(f"{process.args!r} does not answer; its exit status is {process.poll()}")


def alternate(rounds: int, ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Measure two things alternately, and return the median of each."""
    times = [(ours(), other()) for _ in range(rounds)]
    return median(one for one, _ in times), median(one for _, one in times)
