"""Runs benchmarks and prints one result table: ``python -m bench [pages|loading|start|peers]``."""

import argparse
import sys
from pathlib import Path

from bench import loading, pages, peers, start
from bench.results import table

NAMES = ("pages", "loading", "start", "peers")


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks that the arguments name; without names, all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of ims-mock.")
    parser.add_argument("names", nargs="*", choices=("all", *NAMES), default="all", help="default: all")
    parser.add_argument("--sizes", type=int, nargs="+", default=(1_000, 10_000, 100_000), help="numbers of images")
    parser.add_argument("--requests", type=int, default=400, help="requests per query (default: 400)")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder of other servers (default: peers)")
    given = parser.parse_args(arguments)
    benchmarks = {
        "pages": pages.measure(given.sizes, given.requests),
        "loading": loading.measure(min(given.sizes), max(given.sizes)),
        "start": start.measure(max(1, given.requests // 40)),
        "peers": peers.measure(min(given.sizes), given.requests, given.peers),
    }
    results = []
    for name in NAMES if "all" in given.names else given.names:
        for result in benchmarks[name]:
            print(f"{name}: {result.name}, {result.images:,} images", file=sys.stderr)
            results.append(result)
    print(table(results))


if __name__ == "__main__":
    main()
