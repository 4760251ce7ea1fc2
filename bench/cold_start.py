"""A comparison of cold starts: process start to the first 200, against a bare Flask application on the same server.

Both are started in turn, so that a noisy minute hurts both alike; quoted are the medians and their ratio.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

HOST = "127.0.0.1"
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.002
BARE = """
import sys
from flask import Flask, Response
from waitress import serve
app = Flask("bare")
@app.route("/v2/images")
def images():
    return Response(b'{"images": []}', mimetype="application/json")
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8, _quiet=True)
"""


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def first_answer(command: list[str], port: int) -> float:
    """Start a server and give the seconds until it answers 200.

    Raises:
        TimeoutError: it does not within 20 seconds.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while time.perf_counter() - began < PATIENCE_SECONDS:
                connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
                try:
                    connection.request("GET", "/v2/images")
                    if connection.getresponse().status == http.HTTPStatus.OK:
                        return time.perf_counter() - began
                except ConnectionError:
                    time.sleep(POLL_SECONDS)
                finally:
                    connection.close()
            raise TimeoutError(f"{command[:3]} did not answer within {PATIENCE_SECONDS} seconds")
        finally:
            os.kill(server.pid, signal.SIGTERM)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="starts of each (default 7)")
    parser.add_argument("--catalog", default="default", help="what ims-mock serves (default: default)")
    given = parser.parse_args()
    times: dict[str, list[float]] = {"bare Flask": [], "ims-mock": []}
    for round_ in range(-1, given.rounds):  # the first round fills the file system's cache and is not counted
        for name in times:
            port = free_port()
            emulator = [sys.executable, "-m", "ims_mock", "serve", given.catalog, "--port", str(port)]
            seconds = first_answer(emulator if name == "ims-mock" else [sys.executable, "-c", BARE, str(port)], port)
            if round_ >= 0:
                times[name].append(seconds)
    print("| cold start, ms | median | least | most |\n|---|---|---|---|")
    for name, found in times.items():
        cells = (statistics.median(found), min(found), max(found))
        print(f"| {name} | {' | '.join(f'{cell * 1000:.0f}' for cell in cells)} |")
    print(
        f"\nratio of the medians: {statistics.median(times['ims-mock']) / statistics.median(times['bare Flask']):.2f}"
    )


if __name__ == "__main__":
    main()
