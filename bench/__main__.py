"""The command ``python -m bench``: measures what is wanted, and prints tables."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench import cold_start, compared, first, guests, pages, walk
from bench.apart import Bench, apart
from bench.client import BenchError
from bench.curves import curves
from bench.options import Options, told
from bench.plot import plot
from bench.report import kept
from bench.rows import Row, tables

SIZES: Final = (100, 10_000, 100_000, 1_000_000)
QUICK_SIZES: Final = (100, 10_000)

BY_SIZE: Final[dict[str, tuple[Bench, int, int]]] = {
    "process": (pages.in_process, 0, sys.maxsize),
    "socket": (pages.over_socket, 0, sys.maxsize),
    "first": (first.first_queries, 0, sys.maxsize),
    "walk": (walk.walks, walk.FROM, walk.TO),
    "peers": (compared.compared, 0, sys.maxsize),
}
"""The benches of catalogs, with the least and the most images that they are for."""

ALONE: Final[dict[str, Callable[[Options], list[Row]]]] = {
    "start": cold_start.measure,
    **{name: partial(guests.measure, name) for name in guests.guests()},
}
"""The benches to which the size of a catalog is nothing."""

BENCHES: Final = (*BY_SIZE, *ALONE)

ABOUT: Final = """\
process, socket: pages of every kind of query, in process and over a connection that is kept
first: the first query after a load; walk: through the whole list
peers: other mock servers, and real Glance; bench/peers.py says how they are installed
start: from nothing to the first answer, and the memory then
"""


def measured(names: Sequence[str], options: Options) -> Iterator[Row]:
    """Measure; what can not be measured is a row that says why."""
    for name in names:
        if name in ALONE:
            yield from _rows(name, 0, partial(ALONE[name], options))
            continue
        bench, least, most = BY_SIZE[name]
        for images in options.sizes:
            if least <= images <= most:
                yield from _rows(name, images, partial(apart, bench, images, options))


def _rows(name: str, images: int, rows: Callable[[], list[Row]]) -> list[Row]:
    try:
        return rows()
    except (BenchError, OSError) as error:
        return [Row(name, "not measured", images, None, note=str(error))]


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, epilog=ABOUT, formatter_class=shape)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--sizes", type=int, nargs="+", help="images in the catalogs (default: 100 to 1,000,000)")
    parser.add_argument("--rounds", type=int, default=7, help="of everything that varies (default: 7)")
    parser.add_argument("--requests", type=int, default=200, help="of a kind, a round and a side (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="what questions are drawn from (default: 1)")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="where peers are installed (default: peers)")
    parser.add_argument("--quick", action="store_true", help="100 and 10,000 images, 5 rounds of 75 requests, no peers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves there, as PNG (needs matplotlib)")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="take those of an earlier --json, measure nothing")
    return parser


def _kept(about: dict[str, str], rows: Sequence[Row]) -> str:
    """Write figures as JSON, a row a line."""
    lines = ",\n".join(json.dumps(row.as_json(), ensure_ascii=False) for row in rows)
    return f'{{"about": {json.dumps(about)}, "rows": [\n{lines}\n]}}\n'


def main() -> None:
    """Measure and print."""
    parser = _parser()
    given = parser.parse_args()
    unknown = [name for name in given.benches if name not in BENCHES]
    if unknown:
        parser.error(f"{unknown[0]} is no bench; legal are {', '.join(BENCHES)}")
    if given.plot and not find_spec("matplotlib"):
        parser.error("--plot needs matplotlib, which is not installed: pip install '.[bench]'")
    if given.figures:
        rows = kept(given.figures)
    else:
        sizes, names = tuple(given.sizes or SIZES), given.benches or list(BENCHES)
        options = Options(sizes, given.rounds, given.requests, given.seed, given.peers)
        if given.quick:
            options = Options(tuple(given.sizes or QUICK_SIZES), 5, 75, given.seed, given.peers)
            names = given.benches or [name for name in BENCHES if name != "peers"]
        rows = []
        try:
            for row in measured(names, options):
                rows.append(row)
        except KeyboardInterrupt:
            told("interrupted: this is what was measured until then")
        rows += curves(rows)
    if given.json:
        about = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
        given.json.write_text(_kept(about, rows), encoding="utf-8")
    print(tables(sorted(rows, key=lambda row: row.bench)), end="")
    if given.plot:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
