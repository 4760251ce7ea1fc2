"""A comparison of WSGI servers: speed, memory, stopping, and manners on the wire, as one table in Markdown.

Every server runs in a process of its own and answers a bare Flask application over loopback. Rounds are interleaved, so
that a noisy minute hurts all alike; the table shows medians. Servers that are not installed are left out, and so is the
throughput without `wrk`. Linux only: memory is read from ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

HOST, THREADS = "127.0.0.1", 8
PATIENCE = 5.0  # seconds; nothing here waits longer for an answer, a start or an end
SILENCE = 0.5  # seconds without a byte, after which nothing more is expected
PAYLOAD = json.dumps({"images": "x" * 25_000}).encode()
Measures = dict[str, "float | str"]
Stop = Callable[[], None]


def application() -> Any:
    """Make the application that every server serves."""
    from flask import Flask, Response, request

    app = Flask("bench")

    def torn() -> Iterator[bytes]:
        yield PAYLOAD[:1000]
        raise ConnectionAbortedError

    views: dict[str, Callable[[], Any]] = {
        "constant": lambda: Response(PAYLOAD, mimetype="application/json"),
        "query": lambda: request.environ["QUERY_STRING"].encode("latin-1"),
        "first": lambda: request.stream.read(100),
        "length": lambda: f"{len(request.get_data())} bytes",
        "torn": lambda: Response(torn(), headers={"Content-Length": str(len(PAYLOAD))}),
        "torn-chunked": lambda: Response(torn()),
    }
    for name, view in views.items():
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
    return app


def waitress(app: Any, port: int) -> tuple[int, Stop]:
    """Start waitress."""
    from waitress import create_server, wasyncore

    sockets: dict[int, Any] = {}
    server = create_server(app, host=HOST, port=port, threads=THREADS, map=sockets)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def stop() -> None:
        server.task_dispatcher.shutdown()  # first: a worker that outlives the trigger writes to a closed descriptor
        # the loop ends when its map is empty, and only its own thread may empty it: the trigger carries the order
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
        thread.join(PATIENCE)

    return server.effective_port, stop


def cheroot(app: Any, port: int) -> tuple[int, Stop]:
    """Start cheroot."""
    from cheroot.wsgi import Server

    server = Server((HOST, port), app, numthreads=THREADS, max=THREADS)
    server.expiration_interval = 0.01  # how often its loop looks for a stop: every half second unless told
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    return server.bind_addr[1], server.stop


def werkzeug(app: Any, port: int) -> tuple[int, Stop]:
    """Start werkzeug's threaded development server."""
    from werkzeug.serving import make_server

    server = make_server(HOST, port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server.server_port, server.shutdown


# these bind in the caller's thread, serve in daemon threads, and give the port and the way to stop
IN_THREAD = {"waitress": waitress, "cheroot": cheroot, "werkzeug": werkzeug}
# these want a process of their own and put their own handlers on its signals
BY_COMMAND = {
    "gunicorn": "gunicorn --bind={host}:{port} --worker-class=gthread --threads={threads} servers:application()",
    "granian": "granian --host={host} --port={port} --interface=wsgi --blocking-threads={threads} --factory "
    "servers:application",
    "hypercorn": "hypercorn --bind={host}:{port} wsgi:servers:application()",
}
SERVERS = [*IN_THREAD, *BY_COMMAND]


def serve(name: str, port: int) -> None:
    """Be the process that is measured, until SIGTERM."""
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    _, stop = IN_THREAD[name](application(), port)
    while not terminated.wait(0.1):  # without a timeout it sleeps on when the signal lands on a dying thread
        pass
    stop()


def written(target: bytes = b"/constant", *headers: str, body: bytes = b"") -> bytes:
    """Write a request in one piece, so that no delayed acknowledgement is measured."""
    lines = "".join(f"{line}\r\n" for line in (f"Host: {HOST}", *headers))
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (b"POST" if headers else b"GET", target, lines.encode(), body)


LONG = b"a" * 100_000
CHUNKED = "Transfer-Encoding: chunked"
# what is sent, and what must be found in all that comes back, where [end] is the server closing the connection
PROBES: dict[str, tuple[bytes, bytes]] = {
    "keeps connections": (written() * 2, b"x{25000}.+x{25000}"),
    "query of 100 KB": (written(b"/query?" + LONG), b"\r\n\r\n" + LONG),
    "query with a raw 0xE9": (written(b"/query?n=\xe9"), rb"\r\n\r\nn=\xe9"),
    "query with %00 and %zz": (written(b"/query?a=%00&b=%zz"), rb"\r\n\r\na=%00&b=%zz"),
    "absolute-form target": (written(b"http://example.org/query?a=1"), rb"\r\n\r\na=1"),
    "Expect: 100-continue": (written(b"/length", "Content-Length: 4", "Expect: 100-continue"), rb"^HTTP/1.1 100"),
    "chunked body": (written(b"/length", CHUNKED, body=b"4\r\nabcd\r\n0\r\n\r\n"), b"4 bytes"),
    "chunked body left unread": (written(b"/query", CHUNKED, body=b"4\r\nabcd\r\n0\r\n\r\n") + written(), b"x{25000}"),
    "answer before the body is in": (written(b"/first", "Content-Length: 9000000", body=LONG), b"a{100}"),
    "torn body looks torn": (written(b"/torn"), rb"\r\n\r\n.{1000}\[end\]$"),
    "torn chunked body looks torn": (written(b"/torn-chunked"), rb"x{900}\r\n\[end\]$"),
}


@dataclass(frozen=True)
class Running:
    """A server process that has answered."""

    process: subprocess.Popen[bytes]
    port: int
    started_in: float  # milliseconds

    def connect(self) -> socket.socket:
        """Open a connection that gives up in time."""
        return socket.create_connection((HOST, self.port), PATIENCE)

    def exchange(self, data: bytes, silence: float = SILENCE) -> bytes:
        """Send bytes on a connection of their own; give all that comes back until the end or silence."""
        answer = b""
        with self.connect() as connection:
            connection.sendall(data)
            connection.settimeout(silence)
            with contextlib.suppress(TimeoutError, ConnectionError):
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


def answer_from(connection: socket.socket) -> bytes:
    """Send one request and read its answer; nothing but the body's last byte is a closing brace."""
    connection.sendall(written())
    answer = connection.recv(65_536)
    while answer and not answer.endswith(b"}"):
        part = connection.recv(65_536)
        answer = answer + part if part else b""
    return answer


def free_port() -> int:
    """Find a free port below those that the system hands out, so that nobody's outgoing connection takes it first."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as candidate:
            candidate.bind((HOST, port))
            return port


@contextlib.contextmanager
def running(name: str) -> Iterator[Running]:
    """Start a server in a process, wait for its first 200, and leave nothing of it behind."""
    port = free_port()
    command = [Path(__file__).name, "--serve", name, "--port", str(port)]
    if name in BY_COMMAND:
        command = ["-m", *BY_COMMAND[name].format(host=HOST, port=port, threads=THREADS).split()]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=Path(__file__).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that its workers can be ended with it
    )
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), PATIENCE) as connection:
                if b" 200 " in answer_from(connection)[:15]:
                    break
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"{name} did not start")
            time.sleep(0.005)
        yield Running(process, port, (time.perf_counter() - began) * 1000)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def latency(server: Running, count: int) -> Measures:
    """Time sequential requests on one connection, or on as many as a server that closes makes necessary."""
    times, connection = [], server.connect()
    for _ in range(count):
        began = time.perf_counter()
        answer = answer_from(connection)
        if b"\r\nConnection: close\r\n" in answer:
            connection.close()
            connection = server.connect()
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    percentiles = statistics.quantiles(times, n=100)
    return {"latency p50, ms": percentiles[49], "latency p99, ms": percentiles[98]}


def throughput(server: Running, seconds: int) -> Measures:
    """Count the requests a second that eight connections get answered."""
    if not (wrk := shutil.which("wrk")):
        return {}
    command = [wrk, "-t1", "-c8", f"-d{seconds}", f"http://{HOST}:{server.port}/constant"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + PATIENCE, check=True).stdout
    return {"8 connections, requests/s": float(output.partition("Requests/sec:")[2].split()[0])}


def manners(server: Running) -> Measures:
    """Look at what a server hands on, answers and adds."""
    seen: Measures = {}
    for label, (request, pattern) in PROBES.items():
        answer = server.exchange(request)
        status = answer[9:12].decode() if answer.startswith(b"HTTP/") else "no answer"
        seen[label] = "yes" if re.search(pattern, answer, re.DOTALL) else f"no ({status})"
    names = re.findall(rb"\r\n([\w-]+):", server.exchange(written()).partition(b"\r\n\r\n")[0] + b"\r\n")
    added = {name.decode().title() for name in names} - {"Content-Length", "Content-Type"}
    return {**seen, "headers it adds": " ".join(sorted(added))}


def one_round(name: str, requests: int, seconds: int) -> Measures:
    """Take every measure of a server that changes from run to run."""
    with running(name) as server:
        figures: Measures = {"cold start, ms": server.started_in, "memory at start, MB": server.resident()}
        figures |= latency(server, requests) | throughput(server, seconds)
        figures["memory after load, MB"] = server.resident()
        figures["SIGTERM, ms"], figures["exit status"] = server.terminate()
    with running(name) as server, server.connect() as idle:
        answer_from(idle)
        figures["SIGTERM beside an idle connection, ms"], figures["its exit status"] = server.terminate()
    if name in IN_THREAD:
        command = [sys.executable, __file__, "--in-thread", name]
        figures |= json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return figures


def stops_in_thread(name: str) -> Measures:
    """Serve ten times from a daemon thread of this process; see how long the stops take and what is left."""
    times, app = [], application()
    for _ in range(10):
        port, stop = IN_THREAD[name](app, 0)
        with socket.create_connection((HOST, port), PATIENCE) as connection:
            answer_from(connection)
            began = time.perf_counter()
            stop()
            times.append((time.perf_counter() - began) * 1000)
    return {"stop of a thread, ms": statistics.median(times), "threads left": str(threading.active_count() - 1)}


def table(results: dict[str, list[Measures]]) -> str:
    """Lay out servers as columns and measures as rows: medians of numbers, every value of texts."""

    def cell(values: list[float | str]) -> str:
        numbers = [value for value in values if not isinstance(value, str)]
        return f"{statistics.median(numbers):.4g}" if numbers else " / ".join(sorted({str(value) for value in values}))

    measures = {measure: None for rounds in results.values() for figures in rounds for measure in figures}
    rows = [["", *(f"{name} {metadata.version(name)}" for name in results)], ["---"] * (len(results) + 1)]
    for measure in measures:
        found = ([figures[measure] for figures in rounds if measure in figures] for rounds in results.values())
        rows.append([measure, *map(cell, found)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Read the command line; measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"of {', '.join(SERVERS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="of everything that varies (default: 5)")
    parser.add_argument("--requests", type=int, default=1000, help="on one connection, each round (default: 1000)")
    parser.add_argument("--seconds", type=int, default=3, help="of load, each round (default: 3)")
    parser.add_argument("--serve", choices=IN_THREAD, help=argparse.SUPPRESS)
    parser.add_argument("--in-thread", choices=IN_THREAD, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port)
    elif options.in_thread:
        print(json.dumps(stops_in_thread(options.in_thread)))
    else:
        results: dict[str, list[Measures]] = {}
        for name in [name for name in options.servers or SERVERS if util.find_spec(name)]:
            with running(name) as server:  # also warms the disk cache
                results[name] = [manners(server)]
        for number in range(options.rounds):
            for name, rounds in results.items():
                print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
                rounds.append(one_round(name, options.requests, options.seconds))
        print(table(results))


if __name__ == "__main__":
    main()
