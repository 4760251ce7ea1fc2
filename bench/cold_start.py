"""Cold starts: process start to the first 200, and the memory then, against a bare Flask application on waitress.

Compiled modules are kept in a folder that both sides fill in a start that does not count, so that it does not matter
whether Python may write any beside the code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench.client import BenchError, Kept
from bench.options import Options, free_port, told
from bench.rows import Row
from ims_mock.listing import IMAGES

START: Final = "start of `serve` with the catalog `default`"
_PATIENCE_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.002
_BARE: Final = f"""
import sys
from flask import Flask, Response
from waitress import serve
app = Flask("bare")
@app.route("{IMAGES.path}")
def images():
    return Response(b'{{"images": []}}', mimetype="application/json")
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8, _quiet=True)
"""


def measure(options: Options) -> list[Row]:
    """Start both in turn, so that a noisy minute hurts both alike."""
    found: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with tempfile.TemporaryDirectory() as compiled:
        for round_ in range(-1, options.rounds):
            told(f"{START}, round {round_ + 1}")
            ours = _started(["-m", "ims_mock", "serve", "--port"], compiled)
            bare = _started(["-c", _BARE], compiled)
            if round_ >= 0:
                found.append((ours, bare))
    return [
        _row("seconds to the first 200", found, 0, "s", bar=1.3),
        _row("resident memory then", found, 1, "MB", bar=1.4),
    ]


def _row(
    what: str, found: list[tuple[tuple[float, float], tuple[float, float]]], place: int, unit: str, bar: float
) -> Row:
    return Row.of(
        START,
        what,
        0,
        [ours[place] / bare[place] for ours, bare in found],
        bar=bar,
        beside={
            f"ims-mock, {unit}": median(ours[place] for ours, _ in found),
            f"bare Flask, {unit}": median(bare[place] for _, bare in found),
        },
    )


def _started(command: list[str], compiled: str) -> tuple[float, float]:
    """Start a server; give the seconds until it answers 200, and the megabytes that it occupies then.

    Raises:
        BenchError: it does not within 20 seconds.
    """
    port = free_port()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command, str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            while time.perf_counter() - began < _PATIENCE_SECONDS:
                try:
                    with Kept(port) as kept:
                        kept.ask(IMAGES.path)
                        took = time.perf_counter() - began
                except ConnectionError:
                    time.sleep(_POLL_SECONDS)
                    continue
                status = Path(f"/proc/{server.pid}/status").read_text()
                return took, int(status.partition("VmRSS:")[2].split()[0]) / 1024
            raise BenchError(f"{command[0]} {command[1][:10]} does not answer within {_PATIENCE_SECONDS} seconds")
        finally:
            os.kill(server.pid, signal.SIGTERM)
