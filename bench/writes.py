"""What a write costs: a catalog with one image more, or another version of one, and the first list it answers.

Every second write is a new image, every other one a changed copy of any of those there are. The list is the default one
of an ordinary caller, asked of the catalog itself and of the whole application through Flask's test client. Counted is
the processor's time: nothing here waits, and what else a noisy machine does is not the catalog's doing.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator

from ims_mock.emulator import Emulator
from ims_mock.image import Image, image_id
from ims_mock.loading import load
from ims_mock.query import parse
from ims_mock.tenancy import MEMBER, Caller
from ims_mock.web.app import create_app

SEED = 7


def edits(images: list[Image], rounds: int) -> Iterator[Image]:
    """Invent images to write: new ones, and changed copies of those there are."""
    draw = random.Random(SEED)
    for number in range(rounds):
        image = draw.choice(images)
        moment = f"2030-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        changes = {"name": f"written {number}", "updated_at": moment}
        if number % 2:
            changes |= {"id": image_id(SEED + 1, number), "created_at": moment}
        written = image.changed(changes)
        if number % 2:
            images.append(written)
        yield written


def ways(emulator: Emulator, project: str) -> dict[str, Callable[[], object]]:
    """Give the ways to ask for the list, by what is asked."""
    view = emulator.view(Caller(project, frozenset({MEMBER})), "")
    query, client = parse("", view), create_app(emulator).test_client()
    return {
        "catalog": lambda: emulator.catalog.page(query, view),
        "application": lambda: client.get("/v2/images").get_data(),
    }


def times(emulator: Emulator, rounds: int, listed: Callable[[], object]) -> list[float]:
    """Write and list again and again; give the milliseconds of each round."""
    emulator.reset()
    images = list(edits(list(emulator.catalog), rounds))
    gc.freeze()  # as `ims-mock serve` does once it has loaded
    listed()
    found = []
    for image in images:
        began = time.process_time()
        emulator.write(lambda _, written=image: written)  # type: ignore[misc]
        listed()
        found.append((time.process_time() - began) * 1000)
    return found


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5000, help="writes to each catalog (default 5000)")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 10_000, 100_000], help="images to begin with")
    given = parser.parse_args()
    print("| write and list, ms | images | median | 99 % within | worst |\n|---|---|---|---|---|")
    for count in given.counts:
        loaded = load(["empty"], more=count, seed=SEED)
        emulator = Emulator(loaded)
        for name, listed in ways(emulator, loaded.identity.project).items():
            found = times(emulator, given.rounds, listed)
            cells = (statistics.median(found), statistics.quantiles(found, n=100)[-1], max(found))
            print(f"| {name} | {count:,} | {' | '.join(f'{cell:.2f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
