"""Runs benchmarks and prints one result table: ``python -m bench [pages|loading|start|peers]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import loading, pages, peers, start
from bench.results import Result, table

SIZES = (1_000, 10_000, 100_000)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks that the arguments name; without names, all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of ims-mock.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="pages, loading, start or peers (default: all)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of images")
    parser.add_argument("--requests", type=int, default=400, help="requests per query (default: 400)")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder of other servers (default: peers)")
    given = parser.parse_args(arguments)
    sizes = tuple(given.sizes)
    benchmarks: dict[str, Callable[[], Iterator[Result]]] = {
        "pages": lambda: pages.measure(sizes, given.requests),
        "loading": lambda: loading.measure(min(sizes), max(sizes)),
        "start": lambda: start.measure(max(1, given.requests // 40)),
        "peers": lambda: peers.measure(min(sizes), given.requests, given.peers),
    }
    if unknown := set(given.names) - benchmarks.keys():
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}: use {', '.join(benchmarks)}")
    results = []
    for name in given.names or benchmarks:
        for result in benchmarks[name]():
            print(f"{name}: {result.name}, {result.images:,} images", file=sys.stderr)
            results.append(result)
    print(table(results))


if __name__ == "__main__":
    main()
