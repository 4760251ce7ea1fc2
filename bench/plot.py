"""The picture of a run: what a page takes, against the number of images, for each kind of query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.pages import BARE, IN_PROCESS, OURS, SOCKET
from bench.questions import KINDS
from bench.rows import Row

_INCHES: Final = (10.0, 4.2)
_DOTS_AN_INCH: Final = 90


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw it as PNG."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=_INCHES, sharey=True, layout="constrained")
    for axis, bench in zip(axes, (IN_PROCESS, SOCKET), strict=True):
        _draw(axis, bench, [row for row in rows if row.bench == bench and row.beside])
    axes[0].set_ylabel("a page of about 25 images, µs")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8)
    figure.savefig(path, dpi=_DOTS_AN_INCH)
    pyplot.close(figure)


def _draw(axis: Any, bench: str, rows: Sequence[Row]) -> None:
    for kind in KINDS:
        if kind.is_drawn:
            found = sorted((row.images, row.beside[OURS]) for row in rows if row.what == kind.name)
            line = "-" if kind.is_bounded else ":"
            axis.plot(*zip(*found, strict=True), line, marker="o", markersize=3, linewidth=1.3, label=kind.name)
    bare = sorted((row.images, row.beside[BARE]) for row in rows if row.what == KINDS[0].name)
    axis.plot(*zip(*bare, strict=True), "k--", linewidth=1.3, label="bare Flask route, same bytes")
    axis.set(title=bench, xlabel="images in the catalog", xscale="log", yscale="log")
    axis.grid(visible=True, which="major", color="0.9")
    axis.spines[["top", "right"]].set_visible(False)
