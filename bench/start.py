"""The cold start of ``ims-mock serve``, compared with Flask on waitress, and the pytest fixture."""

import sys
from collections.abc import Iterator
from functools import partial
from statistics import median

from bench.client import LIST, free_port, request, running
from bench.results import Result, compare, timed
from ims_mock import ImsMock

BARE = f"""
import sys, flask, waitress
app = flask.Flask("bare")
app.get("{LIST}")(lambda: {{"images": []}})
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


def measure(rounds: int) -> Iterator[Result]:
    """Start and stop servers and fixtures so many times."""
    commands = [sys.executable, "-m", "ims_mock", "serve", "--port"], [sys.executable, "-c", BARE]
    for _ in range(2):  # the first round compiles the modules
        result = compare("cold start", 63, 1.4, rounds, *(partial(_start, command) for command in commands))
    yield result
    ImsMock().close()  # imports the server
    mocks: list[ImsMock] = []
    for name, target, action in (
        ("start", 40, lambda: mocks.append(ImsMock())),
        ("reset", 0.1, lambda: mocks[-1].reset()),
        ("stop", 5, lambda: mocks.pop().close()),
    ):
        yield Result(f"fixture: {name}", 63, median([timed(action) for _ in range(rounds)]), None, target)


def _start(command: list[str]) -> None:
    """Start a server and wait for its first response."""
    port = free_port()
    with running([*command, str(port)], port, request(LIST)):
        pass
