"""Servers in processes of their own, and a client that adds little to the times it measures."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

HOST = "127.0.0.1"
LIST = "/v2/images"
START_SECONDS = 600.0  # loading many images takes long


class BenchError(Exception):
    """A benchmark cannot be run; the message says why."""


def request(target: str, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """Return an HTTP request; underscores in the names of headers stand for hyphens."""
    fields = {"Host": HOST, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Connection:
    """A persistent HTTP connection. It is leaner than http.client, whose time would hide differences of servers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection((HOST, self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def send(self, request: bytes) -> bytes:
        """Send a request and return the body of the response, which must be a success."""
        self._socket.sendall(request)
        status, headers = self._file.readline(), {}
        while (line := self._file.readline()).strip():
            name, _, value = line.lower().partition(b":")
            headers[name] = value.strip()
        body = self._file.read(int(headers.get(b"content-length", 0)))
        if headers.get(b"connection") == b"close":
            self.close()
            self._connect()
        if status.split()[1:2] not in ([b"200"], [b"201"]):
            raise BenchError(f"{request[:200]!r} got {status!r}")
        return body


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, probe: bytes, **variables: str) -> Iterator[Connection]:
    """Run a server during the block, and yield a connection to it when it answers the probe with success."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMS_MOCK_")} | variables
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as after an installation, which compiles all modules
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdin=null, stdout=null, stderr=null, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    try:
        while not _answers(port, probe):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{command} does not answer; its exit status is {process.poll()}")
            time.sleep(0.002)
        with closing(Connection(port)) as connection:
            yield connection
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int, probe: bytes) -> bool:
    with suppress(BenchError, OSError), closing(Connection(port)) as connection:
        return bool(connection.send(probe))
    return False
