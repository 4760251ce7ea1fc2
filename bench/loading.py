"""What it takes to load and to generate catalogs, and the memory that an image takes, each in a process of its own.

Memory is what the process grows by. An image takes some before anything is asked, and more once the catalog has been
asked in every order for every parameter. The bars are for a million images.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlencode

from bench.options import Options, told
from bench.rows import Row
from ims_mock.emulator import Emulator
from ims_mock.fields import DOC, FIELDS, SORT_KEYS
from ims_mock.image import Image
from ims_mock.kinds import BOOLEAN, TAGS, TIME
from ims_mock.loading import load
from ims_mock.query import parse
from ims_mock.tenancy import MEMBER, Caller

T = TypeVar("T")

LOADING: Final = "loading"
GENERATE: Final = "generate"
TIMES: Final = (
    (GENERATE, 100_000, 3.0),
    (GENERATE, 1_000_000, 30.0),
    ("yaml", 1_000, 0.6),
    ("json", 1_000, 0.1),
    ("json", 100_000, 6.0),
)
"""What is loaded, how many images, and the most seconds that may take."""

KB: Final = 1024
MEMORY: Final = (
    ("before the first query", 2.0),
    ("with every index that is kept", 3.0),
)
"""When memory is measured, and the most kilobytes that an image may take then."""

_FEW: Final = 1_000
_MANY: Final = 1_000_000
_FEW_ROUNDS: Final = 3
_PROJECT: Final = "aaaa1111bbbb2222cccc3333dddd4444"


def measure(options: Options) -> list[Row]:
    """Measure up to the largest size that is wanted, and what takes long in few rounds."""
    most = max(options.sizes)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_timed(Path(folder), *one, options) for one in TIMES if one[1] <= max(most, _FEW)]
    told(f"memory of {most} images")
    return rows + [
        Row(LOADING, f"an image in memory, {when}", most, figure, "KB", bar=bar if most == _MANY else None)
        for (when, bar), figure in zip(MEMORY, alone(partial(memory, most, options.seed)), strict=True)
    ]


def _timed(folder: Path, form: str, count: int, bar: float, options: Options) -> Row:
    told(f"{form}, {count} images")
    file = folder / f"{count}.{form}"
    if form != GENERATE:
        command = [sys.executable, "-m", "ims_mock", "generate", "--format", form, "--output", str(file)]
        subprocess.run([*command, "--count", str(count), "--seed", str(options.seed)], check=True)
    rounds = min(options.rounds, _FEW_ROUNDS) if count == _MANY else options.rounds
    took = partial(_seconds, str(file) if form != GENERATE else None, count, options.seed)
    what = "seconds to generate" if form == GENERATE else f"seconds to load from {form.upper()}"
    return Row.of(LOADING, what, count, [alone(took) for _ in range(rounds)], unit="s", bar=bar)


def alone(ask: Callable[[], T]) -> T:
    """Ask a process of its own, in which nothing is left of what was asked before."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(ask).result()


def _seconds(file: str | None, count: int, seed: int) -> float:
    began = time.perf_counter()
    loaded = load([file]) if file else load(["empty"], more=count, seed=seed)
    took = time.perf_counter() - began
    assert len(loaded.catalog) == count
    return took


# --- memory ---------------------------------------------------------------------------------------


def memory(count: int, seed: int) -> list[float]:
    """Give the kilobytes that an image takes at each of the times."""
    load(["empty"], more=1, seed=seed)  # what the program itself takes is none of the images'
    before, found = _resident(), []
    emulator = Emulator(load(["empty"], more=count, seed=seed, project=_PROJECT))
    found.append((_resident() - before) / count / KB)
    every_index(emulator)
    found.append((_resident() - before) / count / KB)
    return found


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def every_index(emulator: Emulator) -> int:
    """Ask a catalog in every order for every parameter that the document has; give how many questions that were."""
    image = next(iter(emulator.catalog))
    filters = ["", *(urlencode([pair]) for pair in held(image))]
    asked = [f"limit=2&{urlencode(order)}&{one}" for order in orders() for one in filters]
    view = emulator.view(Caller(_PROJECT, frozenset({MEMBER})), "")
    for one in asked:
        emulator.catalog.page(parse(one, view), view)
    return len(asked)


def orders() -> Iterator[list[tuple[str, str]]]:
    """Name as many orders as are kept: each key alone, with what breaks its ties otherwise, and with another key."""
    for key in SORT_KEYS:
        yield [("sort_key", key), ("sort_dir", "asc")]
        yield [("sort", f"{key}:asc,{'id' if key == 'created_at' else 'created_at'}:desc")]
        yield [("sort", f"{key}:asc,{'size' if key == 'status' else 'status'}:desc")]


def held(image: Image) -> Iterator[tuple[str, str]]:
    """Name each parameter that the document has, with what an image has of it, or a legal value."""
    for field in FIELDS:
        if field.filters != DOC:
            continue
        value = image.get(field.name)
        if field.kind is TAGS:
            yield "tag", image.tags[0] if image.tags else "golden"
        elif field.kind is TIME:
            yield field.name, f"gte:{value}"
        elif field.kind is BOOLEAN:
            yield field.name, str(value).lower()
        else:
            yield field.name, str(field.values[0] if value is None else value)
