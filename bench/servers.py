"""A comparison of WSGI servers: speed, memory, stopping, and manners on the wire, as one table in Markdown.

Each serves the emulator and, in another process, a bare Flask route of the same bytes, over loopback. Requests to the
two take turns, and so do the servers, round by round, so that a noisy minute hurts all alike; the table shows medians.
What is not installed is left out and named. Linux only: memory is read from ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from bench.options import Options
from bench.rows import Row
from bench.serving import APPLICATIONS, HOST, LIST, PATIENCE, SERVERS, UPLOAD, Server, bare

ROOT: Final = Path(__file__).parent.parent
CONNECTIONS: Final = 8
ROUNDS: Final = 3  # among other benches; a round takes ten seconds for each server
TURN: Final = 50  # requests, before it is the other application's turn
SILENCE: Final = 0.5  # seconds without a byte, after which nothing more is expected
Measures = dict[str, "float | str"]


def written(target: str | bytes = LIST, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request in one piece, so that no delayed acknowledgement is measured."""
    lines = "".join(f"{line}\r\n" for line in (f"Host: {HOST}", *headers))
    raw = target.encode() if isinstance(target, str) else target
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method.encode(), raw, lines.encode(), body)


LONG = b"a" * 100_000
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"4\r\nabcd\r\n0\r\n\r\n"
# what is sent, and what must be found in all that comes back, where [end] is the server closing the connection
PROBES: dict[str, tuple[bytes, bytes]] = {
    "keeps connections": (written() * 2, b'"images": .+"images": '),
    "a request line of 100 KB is answered": (written(b"/query?" + LONG), b"\r\n\r\n" + LONG),
    "an upload is answered before it is in": (
        written(UPLOAD, "Content-Length: 9000000", method="PUT", body=LONG),
        b"\r\n\r\na{100}",
    ),
    "and at least read while it arrives": (written("/uploads"), b"1 begun"),
    "query with a raw 0xE9": (written(b"/query?n=\xe9"), rb"\r\n\r\nn=(\xe9|%E9)"),
    "query with %00 and %zz": (written(b"/query?a=%00&b=%zz"), rb"\r\n\r\na=%00&b=%zz"),
    "absolute-form target": (written(b"http://example.org/query?a=1"), rb"\r\n\r\na=1"),
    "Expect: 100-continue": (
        written("/length", "Content-Length: 4", "Expect: 100-continue", method="POST"),
        b"^HTTP/1.1 100",
    ),
    "chunked body": (written("/length", CHUNKED, method="POST", body=CHUNKS), b"4 bytes"),
    "chunked body left unread": (written("/query", CHUNKED, method="POST", body=CHUNKS) + written(), b'"images": '),
    "torn body looks torn": (written("/torn"), rb"\r\n\r\n.{1000}\[end\]$"),
    "torn chunked body looks torn": (written("/torn-chunked"), rb"\r\n\r\n3e8\r\n.{1000}\r\n\[end\]$"),
}


class Connection:
    """A connection on which one request after the other is asked; it is made anew when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._got = b""
        self._missing = -1  # bytes of the answer; negative until its head is there
        self.connect()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self) -> None:
        """Make the connection."""
        self.socket = socket.create_connection((HOST, self._port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._got, self._missing = b"", -1
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take a part of the answer, and tell whether that was the last."""
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the answer is torn")
        if self._missing < 0:
            self._got += part
            head, end, body = self._got.partition(b"\r\n\r\n")
            if not end:
                return False
            self._got = head.lower()
            length = re.search(rb"\r\ncontent-length: *(\d+)", self._got)
            if not head[9:].startswith(b"200 ") or not length:
                raise ConnectionError(f"the answer is {head!r}")
            self._missing = int(length[1]) - len(body)
        else:
            self._missing -= len(part)
        if self._missing:
            return False
        if b"\r\nconnection: close" in self._got:
            self.socket.close()
            self.connect()
        return True

    def ask(self, request: bytes) -> None:
        """Send a request, and wait for the whole answer."""
        self.send(request)
        while not self.receive():
            pass


@dataclass(frozen=True)
class Running:
    """A server process that has answered."""

    process: subprocess.Popen[bytes]
    port: int
    started_in: float  # milliseconds

    def exchange(self, data: bytes, silence: float = SILENCE) -> bytes:
        """Send bytes on a connection of their own; give all that comes back until the end or silence."""
        answer = b""
        with (
            socket.create_connection((HOST, self.port), PATIENCE) as connection,
            contextlib.suppress(TimeoutError, ConnectionError),
        ):
            connection.sendall(data)
            connection.settimeout(silence)
            while part := connection.recv(65_536):
                answer += part
            answer += b"[end]"
        return answer

    def resident(self) -> float:
        """Add up the resident memory, in MB, of the process and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in (self.process.pid, *children)]
        return sum(int(status.split("VmRSS:")[1].split()[0]) for status in statuses) / 1024

    def terminate(self) -> tuple[float, str]:
        """Send SIGTERM; give the milliseconds to the end and the exit status."""
        began = time.perf_counter()
        self.process.terminate()
        while self.process.poll() is None and time.perf_counter() - began < PATIENCE:
            time.sleep(0.0005)
        status = self.process.returncode
        return (time.perf_counter() - began) * 1000, "still running" if status is None else str(status)


def free_port() -> int:
    """Find a free port below those that the system hands out, so that nobody's outgoing connection takes it first."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as candidate:
            candidate.bind((HOST, port))
            return port


@contextlib.contextmanager
def running(name: str, application: str) -> Iterator[Running]:
    """Start a server in a process, wait for its first 200, and leave nothing of it behind.

    Raises:
        RuntimeError: it does not start.
    """
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *SERVERS[name].arguments(name, application, port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that its workers can be ended with it
    )
    try:
        while True:
            with contextlib.suppress(OSError), Connection(port) as first:
                first.ask(written())
                break
            if process.poll() is not None or time.perf_counter() - began > 4 * PATIENCE:
                raise RuntimeError("does not start")
            time.sleep(0.005)
        yield Running(process, port, (time.perf_counter() - began) * 1000)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


# --- the measures ---------------------------------------------------------------------------------


def latencies(servers: dict[str, Running], count: int) -> Measures:
    """Time sequential requests on a connection to each of the servers, in turns."""
    times: dict[str, list[float]] = {label: [] for label in servers}
    with contextlib.ExitStack() as stack:
        connections = {label: stack.enter_context(Connection(server.port)) for label, server in servers.items()}
        for _ in range(max(count // TURN, 2)):
            for label, connection in connections.items():
                for _ in range(TURN):
                    began = time.perf_counter()
                    connection.ask(written())
                    times[label].append((time.perf_counter() - began) * 1000)
    percentiles = {label: statistics.quantiles(found, n=100) for label, found in times.items()}
    return {
        f"{label}: p{percentile}, ms": found[percentile - 1]
        for percentile in (50, 99)
        for label, found in percentiles.items()
    }


def throughput(server: Running, seconds: float) -> float:
    """Count the requests a second that eight connections get answered."""
    answered, request = 0, written()
    with selectors.DefaultSelector() as ready:

        def ask(connection: Connection) -> None:
            connection.send(request)
            ready.register(connection.socket, selectors.EVENT_READ, connection)

        for _ in range(CONNECTIONS):
            ask(Connection(server.port))
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            for key, _ in ready.select(PATIENCE):
                connection: Connection = key.data
                before = connection.socket
                if connection.receive():
                    answered += 1
                    ready.unregister(before)
                    ask(connection)
        for key in list(ready.get_map().values()):
            key.data.socket.close()
    return answered / took


def manners(server: Running) -> Measures:
    """Look at what a server hands on, answers and adds."""
    seen: Measures = {}
    for label, (request, pattern) in PROBES.items():
        answer = server.exchange(request)
        status = answer[9:12].decode() if answer.startswith(b"HTTP/") else "no answer"
        seen[label] = "yes" if re.search(pattern, answer, re.DOTALL | re.IGNORECASE) else f"no ({status})"
    names = re.findall(rb"\r\n([\w-]+):", server.exchange(written()).partition(b"\r\n\r\n")[0] + b"\r\n")
    added = {name.decode().title() for name in names} - {"Content-Length", "Content-Type"}
    return {**seen, "headers it adds": " ".join(sorted(added))}


def one_round(name: str, requests: int, seconds: float) -> Measures:
    """Take every measure of a server that changes from run to run."""
    with contextlib.ExitStack() as stack:
        servers = {application: stack.enter_context(running(name, application)) for application in APPLICATIONS}
        emulator = servers["ims"]
        figures: Measures = {"cold start, ms": emulator.started_in, "memory at start, MB": emulator.resident()}
        figures |= latencies(servers, requests)
        for application, server in servers.items():
            figures[f"{application}: {CONNECTIONS} connections, requests/s"] = throughput(server, seconds)
        figures["memory after load, MB"] = emulator.resident()
        idle = stack.enter_context(Connection(emulator.port))
        idle.ask(written())
        figures["SIGTERM beside an idle connection, ms"], figures["exit status"] = emulator.terminate()
    if SERVERS[name].in_thread:
        command = [sys.executable, "-m", "bench.servers", "--in-thread", name]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60)
        figures |= json.loads(done.stdout)
    return figures


def stops_in_thread(server: Server) -> Measures:
    """Serve ten times from a daemon thread of this process; see how long the stops take and what is left."""
    assert server.in_thread
    times, app = [], bare()
    for _ in range(10):
        port, stop = server.in_thread(app, 0)
        with Connection(port) as client:
            client.ask(written())
            began = time.perf_counter()
            stop()
            times.append((time.perf_counter() - began) * 1000)
    return {"stop of a thread, ms": statistics.median(times), "threads left": str(threading.active_count() - 1)}


# --- what comes out -------------------------------------------------------------------------------


def rows(
    names: Iterable[str] = SERVERS, *, rounds: int = 5, requests: int = 500, seconds: float = 1.0
) -> list[dict[str, Any]]:
    """Compare servers; give a row for each: medians of what was measured, or why it was skipped.

    Args:
        names: those to compare.
        rounds: how often everything is measured that varies.
        requests: so many on one connection, each round, to each application.
        seconds: so long the load on each application, each round.
    """
    found: dict[str, list[Measures]] = {}
    skipped: dict[str, str] = {}
    for name in names:
        missing = [package for package in SERVERS[name].packages if not _version(package)]
        if missing:
            skipped[name] = f"{' and '.join(missing)} not installed"
            continue
        try:
            with running(name, "bare") as server:  # also warms the disk cache
                found[name] = [{"platforms": SERVERS[name].platforms, **manners(server)}]
        except RuntimeError as error:
            skipped[name] = str(error)
    for number in range(rounds):
        for name in found:
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
            found[name].append(one_round(name, requests, seconds))
    made = [{"server": name, "version": _version(SERVERS[name].packages[0]), **_middle(found[name])} for name in found]
    return [*made, *({"server": name, "skipped": reason} for name, reason in skipped.items())]


def measure(options: Options) -> list[Row]:
    """Give the figures that ``python -m bench`` shows: what a request takes, and how many are answered a second."""
    found = []
    for row in rows(rounds=min(options.rounds, ROUNDS), requests=options.requests):
        name = f"{row['server']} {row.get('version', '')}".strip()
        if "skipped" in row:
            found.append(Row("servers", name, 0, None, note=row["skipped"]))
            continue
        for what, unit in (
            ("p50, ms", "ms"),
            ("p99, ms", "ms"),
            (f"{CONNECTIONS} connections, requests/s", "requests/s"),
        ):
            beside = {f"bare route, {unit}": row[f"bare: {what}"]}
            found.append(Row("servers", f"{name}: {what}", 0, row[f"ims: {what}"], unit, beside=beside))
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _middle(measured: list[Measures]) -> Measures:
    """Give the median of each number, and every value of a text; figures first."""
    middle: Measures = {}
    for measure in dict.fromkeys(measure for figures in (*measured[1:], measured[0]) for measure in figures):
        values = [figures[measure] for figures in measured if measure in figures]
        numbers = [value for value in values if not isinstance(value, str)]
        texts = sorted({value for value in values if isinstance(value, str)})
        middle[measure] = statistics.median(numbers) if numbers else " / ".join(texts)
    return middle


def table(found: list[dict[str, Any]]) -> str:
    """Lay out servers as columns and measures as rows; below it what was skipped."""
    measured = [row for row in found if "skipped" not in row]
    lines = [["", *(f"{row['server']} {row['version']}" for row in measured)], ["---"] * (len(measured) + 1)]
    for measure in dict.fromkeys(
        measure for row in measured for measure in row if measure not in ("server", "version")
    ):
        values = (row.get(measure, "") for row in measured)
        lines.append([measure, *(value if isinstance(value, str) else f"{value:.4g}" for value in values)])
    skipped = [f"\n{row['server']} was skipped: {row['skipped']}" for row in found if "skipped" in row]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), *skipped])


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"of {'; '.join(SERVERS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="of everything that varies (default: 5)")
    parser.add_argument("--requests", type=int, default=500, help="on one connection, each round (default: 500)")
    parser.add_argument("--seconds", type=float, default=1, help="of load, each round (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what is measured there too")
    parser.add_argument("--in-thread", choices=SERVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_thread:
        print(json.dumps(stops_in_thread(SERVERS[options.in_thread])))
        return
    if strange := [name for name in options.servers if name not in SERVERS]:
        parser.error(f"unknown server {strange[0]!r}; legal are {'; '.join(SERVERS)}")
    found = rows(options.servers or SERVERS, rounds=options.rounds, requests=options.requests, seconds=options.seconds)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
