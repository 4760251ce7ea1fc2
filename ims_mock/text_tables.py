"""Tables as text: Markdown for documents, aligned columns for terminals."""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of text cells.

    Attributes:
        heads: The column headings.
        rows: The rows, each with one cell per column.
    """

    heads: Row
    rows: tuple[Row, ...]

    def markdown(self) -> str:
        """Return the table in Markdown, with the first column in backticks."""
        lines = [f"| {' | '.join(self.heads)} |", f"|{'---|' * len(self.heads)}"]
        for first, *others in self.rows:
            cells = [first if first.startswith("`") else f"`{first}`", *others]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        return "\n".join(lines) + "\n"

    def text(self) -> str:
        """Return the table in columns that are padded with spaces."""
        lines = [self.heads, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)

    def records(self) -> list[dict[str, str]]:
        """Return each row as a mapping from headings to cells."""
        return [dict(zip(self.heads, row, strict=True)) for row in self.rows]
