"""How flat the curve of each kind of query is: its ratio to the bare route, of the sizes against the smallest.

The ratio is taken, not the time: pages of catalogs of other sizes hold other images, and the bare route returned the
same ones in the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bench.pages import IN_PROCESS, SOCKET
from bench.questions import KINDS
from bench.rows import Row

CURVE: Final = "curve, the worst size against the smallest"
_BAR: Final = 1.2


def curves(rows: Iterable[Row]) -> Iterator[Row]:
    """Make the rows of the curves of those that were measured at several sizes."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in rows:
        if row.figure is not None:
            found.setdefault((row.bench, row.what), {})[row.images] = row.figure
    for bench in (IN_PROCESS, SOCKET):
        for kind in KINDS:
            sizes = found.get((bench, kind.name), {})
            if len(sizes) > 1:
                figure = max(sizes.values()) / sizes[min(sizes)]
                bar = _BAR if kind.is_bounded else None
                yield Row(CURVE, f"{kind.name}, {bench}", max(sizes), figure, bar=bar)
