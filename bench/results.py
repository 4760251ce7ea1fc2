"""The result table that all benchmarks print."""

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import NamedTuple


class Result(NamedTuple):
    """One row of the table: milliseconds, of what they are compared with, and the highest legal value or ratio."""

    name: str
    images: int
    value: float | None = None
    other: float | None = None
    target: float | None = None
    note: str = ""


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds that an action takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def compare(
    name: str, images: int, target: float, rounds: int, ours: Callable[[], object], other: Callable[[], object]
) -> Result:
    """Measure two actions alternately, and return the median of each."""
    times = [(timed(ours), timed(other)) for _ in range(rounds)]
    return Result(name, images, median(one for one, _ in times), median(one for _, one in times), target)


def table(results: Iterable[Result]) -> str:
    """Return the results as a table with aligned columns."""
    rows: list[tuple[str, ...]] = [("benchmark", "images", "ims-mock", "other", "ratio", "target", "note")]
    for name, images, value, other, target, note in results:
        numbers = (value, other, value / other if value and other else None, target)
        rows.append((name, f"{images:,}", *("" if one is None else f"{one:,.3f}" for one in numbers), note))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
