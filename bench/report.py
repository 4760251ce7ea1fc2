"""What the README shows of a run: a table of the queries, one of the bars, and one of the peers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from bench.compared import COMPARED
from bench.first import FIRST
from bench.loading import LOADING
from bench.pages import IN_PROCESS, OURS, SOCKET
from bench.questions import KINDS
from bench.rows import Row, written

FIGURES: Final = Path(__file__).with_name("figures.json")
"""The run that the README shows."""


def kept(path: Path = FIGURES) -> list[Row]:
    """Give the figures of an earlier run."""
    return [Row.from_json(one) for one in json.loads(path.read_text(encoding="utf-8"))["rows"]]


def query_table(rows: Iterable[Row]) -> list[list[str]]:
    """Show what each kind of query takes, the catalogs from the smallest to the largest."""
    found = {(row.bench, row.what, row.images): row for row in rows}
    sizes = sorted({images for bench, _, images in found if bench == IN_PROCESS})

    def line(bench: str, what: str, shown: Callable[[Row], float | None]) -> str:
        cells = (found.get((bench, what, images)) for images in sizes)
        figures = (None if row is None else shown(row) for row in cells)
        return " · ".join("?" if figure is None else written(figure) for figure in figures)

    heads = ["in process, µs", "against bare", "over a socket", "first, ms"]
    table = [[f"images: {' · '.join(f'{images:,}' for images in sizes)}", "a page takes", *heads]]
    for kind in KINDS:
        table.append(
            [
                kind.name,
                kind.cost,
                line(IN_PROCESS, kind.name, lambda row: row.beside.get(OURS)),
                line(IN_PROCESS, kind.name, lambda row: row.figure),
                line(SOCKET, kind.name, lambda row: row.figure),
                "as above" if kind.again else line(FIRST, kind.name, lambda row: row.figure),
            ]
        )
    return table


def bar_table(rows: Iterable[Row]) -> list[list[str]]:
    """Show how many of the figures meet their bar, and the one that is farthest from it."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.verdict:
            groups.setdefault((row.bench, row.limit), []).append(row)
    table = [["measured", "bar", "met", "farthest from it"]]
    for (bench, limit), group in groups.items():
        worst = max(group, key=_distance)
        images = f" at {worst.images:,} images" if worst.images else ""
        met = sum(row.verdict == "pass" for row in group)
        figure = written(worst.figure or 0.0)
        table.append([bench, f"{limit} {worst.unit}", f"{met} of {len(group)}", f"{worst.what}{images}: {figure}"])
    return table


def loading_table(rows: Iterable[Row]) -> list[list[str]]:
    """Show what it takes to load and to keep images."""
    found = [row for row in rows if row.bench == LOADING and row.figure is not None]
    table = [["loading", "images", "figure", "bar"]]
    for row in found:
        table.append([row.what, f"{row.images:,}", f"{written(row.figure or 0.0)} {row.unit}", row.limit])
    return table


def peer_table(rows: Iterable[Row]) -> list[list[str]]:
    """Show what a page takes each peer, at each size."""
    found = {(row.what, row.images): row for row in rows if row.bench == COMPARED}
    sizes = sorted({images for _, images in found})
    table = [["a page of 25 images of", *(f"{images:,}" for images in sizes)]]
    for peer in dict.fromkeys(what for what, _ in found):
        cells = (found.get((peer, images)) for images in sizes)
        table.append([peer, *("" if row is None else _beside_ours(row) for row in cells)])
    return table


def _beside_ours(row: Row) -> str:
    if row.figure is None:
        return row.note
    return f"{written(row.beside['peer, µs'] / 1000)} ms, {written(row.figure)} times ours"


def _distance(row: Row) -> float:
    """Tell how far a figure is beyond its bar: above 1 it is missed."""
    figure, bar = row.figure or 0.0, row.bar or 0.0
    return bar / figure if row.is_floor else figure / bar


TABLES: Final[dict[str, Callable[[Sequence[Row]], list[list[str]]]]] = {
    "queries": query_table,
    "loading": loading_table,
    "bars": bar_table,
    "peers": peer_table,
}
"""The tables by the names that they have in the README."""
