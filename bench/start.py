"""The cold start of ``ims-mock serve``, and the pytest fixture."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from statistics import median

from bench.bare import LIST
from bench.client import alternate, free_port, request, running
from bench.results import Result
from ims_mock import ImsMock

COLD_START = 1.4
"""The highest ratio to a bare Flask application on waitress."""
FIXTURE_SECONDS = {"start": 0.04, "reset": 0.0001, "stop": 0.005}

BARE = f"""
import sys
from flask import Flask
from waitress import serve

app = Flask("bare")

@app.get("{LIST}")
def images():
    return {{"images": []}}

serve(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


def measure(rounds: int) -> Iterator[Result]:
    """Start and stop servers.

    Args:
        rounds: How often each is started.
    """
    commands = [sys.executable, "-m", "ims_mock", "serve", "--port"], [sys.executable, "-c", BARE]
    for command in commands:
        _start(command)  # compiles the modules
    medians = alternate(rounds, lambda: _start(commands[0]), lambda: _start(commands[1]))
    yield Result("cold start to the first response", 63, *medians, COLD_START)
    ImsMock().close()
    times = [_fixture() for _ in range(rounds)]
    for number, (name, target) in enumerate(FIXTURE_SECONDS.items()):
        yield Result(f"fixture: {name}", 63, median(found[number] for found in times), None, target)


def _start(command: list[str]) -> float:
    """Return the seconds from starting a server to its first response."""
    port, began = free_port(), time.perf_counter()
    with running([*command, str(port)], port, request(LIST)):
        return time.perf_counter() - began


def _fixture() -> tuple[float, float, float]:
    """Return the seconds that the fixture takes to start, to reset and to stop the emulator."""
    began = time.perf_counter()
    mock = ImsMock()
    started = time.perf_counter()
    mock.reset()
    reset = time.perf_counter()
    mock.close()
    return started - began, reset - started, time.perf_counter() - reset
