"""A measurement of what the pytest plugin costs: installed and unused, at its first use, between tests, and at the end.

Run it where the package is installed beside pytest, and little else: other plugins take their time, and vary in it.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from ims_mock import ImsMock

FIRST_USE = """
import time
from collections.abc import Callable
began = time.perf_counter()
from ims_mock import ImsMock
import urllib.request
ims = ImsMock()
assert urllib.request.urlopen(ims.url + "/v2/images").status == 200
print(time.perf_counter() - began)
ims.close()
"""
COLLECT = """
import sys, time, pytest

def collected(*arguments):
    for name in [name for name in sys.modules if name.partition(".")[0] == "ims_mock"]:
        del sys.modules[name]
    began = time.perf_counter()
    pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *arguments])
    return time.perf_counter() - began

runs = (("-p", "no:ims_mock"), ())
for round_ in range(int(sys.argv[1]) + 2):  # the first ones import pytest's own modules and are not counted
    took = {run: collected(*run) for run in (runs if round_ % 2 else runs[::-1])}
    if round_ >= 2:
        print(f"{took[runs[1]] - took[runs[0]]:.6f}")
"""


def unused(rounds: int) -> list[float]:
    """Give what the plugin adds to collecting nothing, in runs with and without it that take turns.

    They are runs in one process, which imports the package anew each time: processes differ by far more than this.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", COLLECT, str(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [float(line) for line in done.stdout.splitlines() if line.startswith(("0.", "-0."))]


def first_use() -> float:
    """Give the seconds from the first import to the first answer, in a process of its own."""
    return float(subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, check=True).stdout)


def used_up(ims: ImsMock) -> http.client.HTTPConnection:
    """Leave behind what a test may leave behind: another catalog, a fault, requests, and a connection that stays."""
    ims.load({"images": [{"name": "one"}]})
    ims.faults.add(path="/v2/images", status=503)
    client = http.client.HTTPConnection("127.0.0.1", ims.port)
    for _ in range(3):
        client.request("GET", "/v2/images")
        client.getresponse().read()
    return client


def timed(step: Callable[[], None]) -> float:
    """Give the seconds that a step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def between_tests(rounds: int) -> list[float]:
    """Give what beginning anew takes, after tests that left something behind."""
    with ImsMock() as ims:
        found = []
        for _ in range(rounds):
            client = used_up(ims)
            found.append(timed(ims.begin))
            client.close()
        return found


def stopped() -> float:
    """Give what the end takes."""
    ims = ImsMock()
    client = used_up(ims)
    seconds = timed(ims.close)
    client.close()
    return seconds


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="runs of each (default 20)")
    rounds = parser.parse_args().rounds
    rows = {
        "installed and unused: added to pytest --collect-only in an empty folder": unused(5 * rounds),
        "first use: from the first import to the first answer": [first_use() for _ in range(rounds)],
        "between two tests": between_tests(10 * rounds),
        "the end, with a client that stays": [stopped() for _ in range(rounds)],
    }
    print("| what, in ms | median | least | most |\n|---|---|---|---|")
    for name, found in rows.items():
        cells = (statistics.median(found), min(found), max(found))
        print(f"| {name} | {' | '.join(f'{cell * 1000:.2f}' for cell in cells)} |")


if __name__ == "__main__":
    main()
