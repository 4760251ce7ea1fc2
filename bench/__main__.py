"""The command ``python -m bench``: measures what is wanted, and prints tables."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench import compared, first, pages, walk
from bench.client import BenchError
from bench.options import Options
from bench.rows import Row, tables

SIZES: Final = (100, 10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (100, 10_000)

BySize = Callable[[int, Options], list[Row]]

BY_SIZE: Final[dict[str, tuple[BySize, int, int]]] = {
    "process": (pages.in_process, 0, sys.maxsize),
    "socket": (pages.over_socket, 0, sys.maxsize),
    "first": (first.first_queries, 0, sys.maxsize),
    "walk": (walk.walks, walk.FROM, walk.TO),
    "peers": (compared.compared, 0, compared.MOST),
}
"""The benches of catalogs, with the least and the most images that they are for."""


def measured(names: list[str], options: Options) -> Iterator[Row]:
    """Measure, each size in a process of its own, so that nothing is left behind in memory."""
    for name in names:
        bench, least, most = BY_SIZE[name]
        for images in options.sizes:
            if least <= images <= most:
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    try:
                        yield from process.submit(bench, images, options).result()
                    except BenchError as error:
                        yield Row(name, "not measured", images, None, note=str(error))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"of {', '.join(BY_SIZE)} (default: all)")
    parser.add_argument("--sizes", type=int, nargs="+", help="images in the catalogs (default: 100 to 1,000,000)")
    parser.add_argument("--rounds", type=int, default=7, help="of everything that varies (default: 7)")
    parser.add_argument("--requests", type=int, default=200, help="of a kind, a round and a side (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="what questions are drawn from (default: 1)")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="where peers are installed (default: peers)")
    parser.add_argument("--quick", action="store_true", help="100 and 10,000 images, 5 rounds, 100 requests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    given = parser.parse_args()
    unknown = [name for name in given.benches if name not in BY_SIZE]
    if unknown:
        parser.error(f"{unknown[0]} is no bench; legal are {', '.join(BY_SIZE)}")
    options = Options(tuple(given.sizes or SIZES), given.rounds, given.requests, given.seed, given.peers)
    if given.quick:
        options = Options(tuple(given.sizes or QUICK_SIZES), 5, 100, given.seed, given.peers)
    rows = list(measured(given.benches or list(BY_SIZE), options))
    rows.sort(key=lambda row: row.bench)
    print(tables(rows))
    if given.json:
        about = {"python": platform.python_version(), "system": platform.platform()}
        given.json.write_text(json.dumps({**about, "rows": [row.as_json() for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
