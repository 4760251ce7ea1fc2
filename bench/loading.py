"""Loading of catalogs, and the memory of an image with all its indexes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from bench.bare import LIST
from bench.pages import FIRST_QUERIES, QUERIES
from bench.results import Result
from ims_mock import create_app

YAML_SECONDS = {1_000: 0.7}
GENERATED_SECONDS = {100_000: 6.0}
BYTES_PER_IMAGE = 4096.0


def measure(from_yaml: int, generated: int) -> Iterator[Result]:
    """Measure how long loading takes, each in a new process, and the memory that the images occupy then.

    Args:
        from_yaml: The number of images in a YAML file.
        generated: The number of generated images.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        path = Path(folder) / "catalog.yaml"
        command = [sys.executable, "-m", "ims_mock", "generate", "--count", str(from_yaml), "--output", str(path)]
        subprocess.run(command, check=True)
        seconds = pool.apply(_load_file, (str(path),))
        yield Result("load a YAML file", from_yaml, seconds, None, YAML_SECONDS.get(from_yaml))
        seconds, size = pool.apply(_generate, (generated,))
        yield Result("generate images", generated, seconds, None, GENERATED_SECONDS.get(generated))
        yield Result("memory per image with indexes", generated, size, None, BYTES_PER_IMAGE, unit="B")


def _load_file(path: str) -> float:
    """Return the seconds that loading a file takes."""
    create_app("empty")
    began = time.perf_counter()
    create_app(path)
    return time.perf_counter() - began


def _generate(images: int) -> tuple[float, float]:
    """Return the seconds that generating takes, and the bytes per image after many different queries."""
    create_app("empty", generate=1)
    before, began = _resident_bytes(), time.perf_counter()
    app = create_app("empty", generate=images)
    seconds = time.perf_counter() - began
    client = app.test_client()
    for query in (*FIRST_QUERIES, *(query for query, _ in QUERIES.values())):
        client.get(f"{LIST}?{query}")
    return seconds, (_resident_bytes() - before) / images


def _resident_bytes() -> int:
    """Return the memory of this process; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
