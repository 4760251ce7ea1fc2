"""What requests with faults leave behind in memory, once the journal is full: nothing.

Walks through the list of the bundled catalog are asked for in this process, as a server would ask. Every effect of the
table befalls some of the requests, and one in three meets none. Linux only: memory is read from ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ims_mock.emulator import Emulator
from ims_mock.faults import flat
from ims_mock.image import IMAGES_PATH
from ims_mock.loading import load
from ims_mock.web.app import create_app

SEED = 7
WARM = 5_000  # requests after which the journal is full and everything has happened
EFFECTS: tuple[dict[str, Any], ...] = (
    {"status": 503, "headers": {"Retry-After": "1"}},
    {"status": 429, "code": "APIGW.0308", "message": "slowly"},
    {"delay": [0, 0.0001]},
    {"catalog": {"delete": "marker", "add": {"id": "new"}, "update": {"marker": {"name": "changed"}}}},
    *({"next": how} for how in ("missing", "null", "absolute", "loop", "repeated")),
    *({"body": how} for how in ("truncated", "garbage", "empty", "html")),
    {"content_type": "text/plain"},
    *({"drop": where} for where in ("before", "middle")),
)


def megabytes() -> float:
    """Give the memory that this process occupies."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def targets(emulator: Emulator) -> Iterator[str]:
    """Ask for pages of walks through the list, whatever became of the pages before, by any marker and question."""
    draw = random.Random(SEED)
    while True:
        markers = [image.id for image in emulator.catalog if not image.is_deleted]
        for number in range(200):
            limit = draw.randrange(1, 9)
            marker = f"&marker={draw.choice(markers)}" if number % 5 else ""
            name = f"&name={draw.random()}" if number % 50 == 0 else ""
            yield f"limit={limit}{marker}{name}"


def run(requests: int) -> float:
    """Ask so often, and give the megabytes by which the process has grown since the journal was full."""
    emulator = Emulator(load())
    client = create_app(emulator).test_client()
    for effect in EFFECTS:
        emulator.faults.add(flat(times=None, probability=1 / (1.5 * len(EFFECTS)), **effect))
    asked, begun = targets(emulator), 0.0
    for number in range(WARM + requests):
        if number == WARM:
            gc.collect()
            begun = megabytes()
        if number % 1000 == 0:
            emulator.edit(lambda _: emulator.loaded.catalog)  # of what somebody deletes, nothing would be left to list
        with contextlib.suppress(ConnectionError):
            client.get(IMAGES_PATH, query_string=next(asked)).get_data()
    gc.collect()
    hits = sum(rule.hits for rule in emulator.faults.rules())
    print(f"{hits} of {WARM + requests} requests met one of {len(EFFECTS)} faults")
    return megabytes() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    print(f"grown by {run(parser.parse_args().requests):.1f} MB")


if __name__ == "__main__":
    main()
