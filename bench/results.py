"""The result table that all benchmarks print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADS = ("benchmark", "images", "ims-mock", "other", "ratio", "target", "note")


@dataclass(frozen=True)
class Result:
    """One row of the result table.

    Attributes:
        name: What was measured.
        images: The number of images in the catalog.
        value: The seconds, or the number of bytes.
        other: The same of what it is compared with.
        target: The highest ratio if there is a comparison, else the highest value.
        note: A remark, for example why nothing was measured.
        unit: ``s`` or ``B``.
    """

    name: str
    images: int
    value: float | None = None
    other: float | None = None
    target: float | None = None
    note: str = ""
    unit: str = "s"

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the row."""
        ratio = f"{self.value / self.other:.2f}" if self.value and self.other else ""
        target = f"{self.target:.2f}" if self.target and ratio else self._text(self.target)
        return self.name, f"{self.images:,}", self._text(self.value), self._text(self.other), ratio, target, self.note

    def _text(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:,.0f} B" if self.unit == "B" else f"{value * 1000:,.3f} ms"


def table(results: Iterable[Result]) -> str:
    """Return the results as a table with aligned columns."""
    rows = [HEADS, *(result.cells() for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)
