"""How flat the curve of each kind of query is: its ratio to the bare route, of the sizes against the smallest.

The ratio is taken, not the time: pages of catalogs of other sizes hold other images, and the bare route returned the
same ones in the same rounds. Sizes whose pages are far from full do not count: few images take less than many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bench.pages import IN_PROCESS, SHOWN, SOCKET
from bench.questions import KINDS
from bench.rows import Row

CURVE: Final = "curve, the worst size against the smallest"
_BAR: Final = 1.2
_FULL: Final = 0.75  # of the fullest page


def curves(rows: Iterable[Row]) -> Iterator[Row]:
    """Make the rows of the curves of those that were measured at several sizes."""
    pages: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pages.setdefault((row.bench, row.what), []).append(row)
    for bench in (IN_PROCESS, SOCKET):
        for kind in KINDS:
            found = pages.get((bench, kind.name), [])
            fullest = max((row.beside.get(SHOWN, 0) for row in found), default=0)
            sizes = {row.images: row.figure or 0.0 for row in found if row.beside.get(SHOWN, -1) >= _FULL * fullest}
            if len(sizes) > 1:
                figure = max(sizes.values()) / sizes[min(sizes)]
                bar = _BAR if kind.is_bounded else None
                yield Row(CURVE, f"{kind.name}, {bench}", max(sizes), figure, bar=bar)
