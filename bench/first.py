"""What the first query of each kind takes after a load, when no order and no list of values has been built."""

from __future__ import annotations

from random import Random
from typing import Final

from bench.options import Options, told
from bench.pages import InProcess
from bench.questions import KINDS, Facts
from bench.rows import Row
from ims_mock.catalog import Catalog

FIRST: Final = "first query after a load"
_BARS: Final = ((1_000, None), (100_000, 500.0), (1_000_000, 4000.0))


def first_queries(images: int, options: Options) -> list[Row]:
    """Ask each kind of a catalog that nobody has asked anything."""
    door = InProcess(images)
    bar = next((bar for most, bar in _BARS if images <= most), None)
    stored = list(door.emulator.catalog)
    facts = Facts.learned(lambda target: door.ours(target)[1])
    rows = []
    for place, kind in enumerate(KINDS):
        if kind.again:
            continue
        told(f"{FIRST}, {images:,} images: {kind.name}")
        random = Random(f"{options.seed}/{place}")
        found = []
        for _ in range(_times(images)):
            catalog = Catalog(stored)
            catalog.settle()  # as loading does
            door.emulator.replace(door.emulator.loaded._replace(catalog=catalog))
            found.append(door.ours(kind.target(random, facts))[0] * 1000)
        rows.append(Row.of(FIRST, kind.name, images, found, unit="ms", bar=bar))
    return rows


def _times(images: int) -> int:
    """Tell how often it is tried: what takes seconds is the same the next time."""
    return 5 if images <= 10_000 else 3 if images <= 100_000 else 1
