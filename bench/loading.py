"""Loading of catalogs, and the memory of an image with all its indexes."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from bench.client import LIST
from bench.pages import FIRST_QUERIES, QUERIES
from bench.results import Result, timed
from ims_mock import create_app


def measure(from_yaml: int, generated: int) -> Iterator[Result]:
    """Load a YAML file and generate images, each in a new process, and measure the memory of the latter."""
    with tempfile.TemporaryDirectory() as folder, get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        path = f"{folder}/catalog.yaml"
        generate = ["generate", "--count", str(from_yaml), "--output", path]
        subprocess.run([sys.executable, "-m", "ims_mock", *generate], check=True)
        took, _ = pool.apply(_load, (path, 0))
        yield Result("load a YAML file", from_yaml, took, None, 0.7 * from_yaml)
        took, size = pool.apply(_load, ("empty", generated))
        yield Result("generate images", generated, took, None, max(500, 0.06 * generated))
        yield Result("KB of memory per image with indexes", generated, size / generated, None, 4)


def _load(source: str, generate: int) -> tuple[float, float]:
    """Return the milliseconds that loading takes, and the kilobytes of memory after many different queries."""
    create_app("empty", generate=1)  # imports everything
    before, apps = _resident(), []
    took = timed(lambda: apps.append(create_app(source, generate=generate)))
    client = apps[0].test_client()
    for query in (*FIRST_QUERIES, *QUERIES):
        client.get(f"{LIST}?{query}")
    return took, _resident() - before


def _resident() -> int:
    """Return the kilobytes of memory of this process; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
