"""What a bench finds: rows with a figure each, its bar and whether that is met, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        bench: which bench found it.
        what: what was measured.
        images: how many images the catalog had; 0 where that does not matter.
        figure: the median of the rounds; ``None`` where there is none.
        unit: of the figure; ``times`` for a ratio.
        rounds: the figures of all rounds.
        bar: what the figure is held against; ``None`` where nothing is promised.
        is_floor: whether the bar is the least that is wanted, not the most.
        beside: other figures, by name and unit, that belong to it.
        note: why there is no figure, or what must be known of it.
    """

    bench: str
    what: str
    images: int
    figure: float | None
    unit: str = "times"
    rounds: tuple[float, ...] = ()
    bar: float | None = None
    is_floor: bool = False
    beside: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(cls, bench: str, what: str, images: int, rounds: Sequence[float], **more: Any) -> Row:
        """Make the row whose figure is the median of rounds."""
        return cls(bench, what, images, median(rounds), rounds=tuple(rounds), **more)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Row:
        """Make the row of what :meth:`as_json` has given."""
        kept = {name: value for name, value in given.items() if name != "verdict"}
        return cls(**{**kept, "rounds": tuple(kept["rounds"])})

    @property
    def verdict(self) -> str:
        """Whether the bar is met; empty where there is none."""
        if self.bar is None or self.figure is None:
            return ""
        is_met = self.figure >= self.bar if self.is_floor else self.figure <= self.bar
        return "pass" if is_met else "FAIL"

    def as_json(self) -> dict[str, Any]:
        """Give the row as JSON has it."""
        rounds, beside = map(_rounded, self.rounds), {name: _rounded(one) for name, one in self.beside.items()}
        figure = None if self.figure is None else _rounded(self.figure)
        return {**vars(self), "figure": figure, "rounds": [*rounds], "beside": beside, "verdict": self.verdict}

    def cells(self, beside: Iterable[str]) -> list[str]:
        """Give the row as people read it."""
        figure = "" if self.figure is None else f"{written(self.figure)}{self._spread} {self.unit}"
        others = (written(self.beside[name]) if name in self.beside else "" for name in beside)
        images = f"{self.images:,}" if self.images else ""
        return [self.what, images, *others, "; ".join(filter(None, (figure, self.note))), self.limit, self.verdict]

    @property
    def limit(self) -> str:
        """The bar as people read it; empty where there is none."""
        return "" if self.bar is None else f"{'≥' if self.is_floor else '≤'} {written(self.bar)}"

    @property
    def _spread(self) -> str:
        if len(self.rounds) < 2:
            return ""
        return f" ({written(min(self.rounds))} to {written(max(self.rounds))})"


def _rounded(number: float) -> float:
    """Leave out digits that say nothing."""
    return float(f"{number:.5g}")


def written(number: float) -> str:
    """Write a number as precisely as anybody cares for."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}" if abs(number) >= 10 else f"{number:.2f}"


def tables(rows: Iterable[Row]) -> str:
    """Write rows as Markdown, a table a bench."""
    parts = []
    for bench, group in groupby(rows, key=lambda row: row.bench):
        found = list(group)
        beside = list(dict.fromkeys(name for row in found for name in row.beside))
        heads = [bench, "images", *beside, "figure (least to most)", "bar", ""]
        parts.append(markdown([heads, *(row.cells(beside) for row in found)]))
    return "\n".join(parts)


def markdown(table: Sequence[Sequence[str]]) -> str:
    """Write a table, its first row the heads."""
    heads, *lines = (f"| {' | '.join(line)} |\n" for line in table)
    return "".join((heads, f"|{'---|' * len(table[0])}\n", *lines))
