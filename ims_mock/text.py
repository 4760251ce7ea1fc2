"""Text: quoted values in messages, tables in documents and on terminals, and caches of what texts mean."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

QUOTED_LENGTH: Final = 80  # the length to which values in messages are cut


def quoted(value: object) -> str:
    """Quote a value for a message, shortened so that the message does not grow with its input."""
    if isinstance(value, list | tuple | dict):
        return "a list" if not isinstance(value, dict) else "a mapping"
    text = repr(value)
    return text if len(text) <= QUOTED_LENGTH else f"{text[:QUOTED_LENGTH]}… ({len(str(value))} characters)"


def printable(text: str, length: int = QUOTED_LENGTH) -> str:
    """Make text safe for a terminal: on one line, shortened, with control characters escaped."""
    return escaped(text) if len(text) <= length else f"{escaped(text[:length])}…"


def escaped(text: str) -> str:
    """Escape line ends and other control characters."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def shortened(text: str, length: int) -> str:
    """Shorten a text in its middle, because its end often says what to do."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]} … {text[-half:]}"


def json_text(value: object) -> str:
    """Return a document as JSON, one value a line."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def counted(number: int, noun: str) -> str:
    """Return a number with a noun in the right form: ``1 image``, ``2 images``."""
    return f"{number} {noun}{'s' * (number != 1)}"


Function = TypeVar("Function", bound=Callable[..., Any])


def cached_if_short(size: int, length: int) -> Callable[[Function], Function]:
    """Cache results for as many first arguments, except those longer than ``length``, which take much memory."""

    def decorate(function: Function) -> Function:
        cached = lru_cache(size)(function)

        @wraps(function)
        def call(first: Any, *others: Any) -> Any:
            return (cached if len(first) <= length else function)(first, *others)

        return cast(Function, call)

    return decorate


def wire_text(raw: str) -> str:
    """Decode a header or query string that the server passed on with one character per byte; the bytes are UTF-8."""
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode("utf-8", "replace")


def header_text(text: str) -> str:
    """Encode a header for WSGI, with one character per byte of UTF-8: the opposite of :func:`wire_text`."""
    return text.encode().decode("latin-1")


def sent_path(raw: str) -> str:
    """Return a path of WSGI percent-encoded, as it was sent."""
    return quote(raw.encode("latin-1"), safe="/:@!$&'()*+,;=~")


# --- tables

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of text cells, each row with one cell per column heading."""

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
