"""The JSON body of a request, read part by part; what is wrong with it is named by its path, never by its value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ims_mock.contract.values import printable
from ims_mock.errors import RequestError

MAX_DEPTH: Final = 64
"""How deep objects and lists may lie in one another."""

_TYPES: Final = {
    dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "a boolean",
    type(None): "null",
}  # fmt: skip
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_OUTSIDE: Final = re.compile(rb"[\[{]|[\]}]")


@dataclass(frozen=True)
class Part:
    """A part of a body: a value, and where it stands."""

    value: Any = field(repr=False)
    path: str = "the body"

    def refused(self, legal: str, what: str = "") -> RequestError:
        """Make the error that refuses this part.

        Args:
            legal: what it may be.
            what: what is wrong with it; empty: its type.
        """
        return RequestError("body", legal=legal, what=f"{self.path} {what or 'is ' + _TYPES[type(self.value)]}")

    def has(self, name: str) -> bool:
        """Whether an object has a member that is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def part(self, name: str, legal: str = "an object") -> Part:
        """Give a member that an object must have.

        Raises:
            RequestError: this is no object, or the member is missing.
        """
        self.object()
        inside = printable(name) if self.path == "the body" else f"{self.path}.{printable(name)}"
        if name not in self.value:
            raise Part(None, inside).refused(legal, "is missing")
        return Part(self.value[name], inside)

    def object(self) -> dict[str, Any]:
        """Give the members of an object.

        Raises:
            RequestError: this is none.
        """
        if not isinstance(self.value, dict):
            raise self.refused("an object")
        return self.value

    def items(self, legal: str) -> Iterator[Part]:
        """Give the items of a list.

        Raises:
            RequestError: this is none; ``legal`` says what is.
        """
        if not isinstance(self.value, list):
            raise self.refused(legal)
        for place, item in enumerate(self.value):
            yield Part(item, f"{self.path}[{place}]")

    def text(self, legal: str = "a text") -> str:
        """Give a text.

        Raises:
            RequestError: this is none, or holds half a character; ``legal`` says what is one.
        """
        if not isinstance(self.value, str):
            raise self.refused(legal)
        try:
            self.value.encode()
        except UnicodeEncodeError:
            raise self.refused("Unicode text", "holds half a character (a lone surrogate)") from None
        return self.value


def parse(data: bytes) -> Part:
    """Read a body.

    Args:
        data: the bytes of the request.

    Raises:
        RequestError: they are no JSON in UTF-8, or objects and lists lie too deep in one another.
    """
    if not data.strip():
        raise RequestError("body-missing", legal="JSON")
    depth = 0
    for bracket in _OUTSIDE.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise RequestError("json", legal=f"at most {MAX_DEPTH} levels", what="objects and lists lie too deep")
    try:
        return Part(json.loads(data.decode(), parse_constant=_refused_constant))
    except UnicodeDecodeError as error:
        raise RequestError("json", legal="JSON in UTF-8", what=f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        what = f"it is no JSON from line {error.lineno}, column {error.colno} on"
        raise RequestError("json", legal="JSON", what=what) from None
    except ValueError:  # a number with more digits than Python reads
        raise RequestError("json", legal="JSON with numbers of usual size", what="a number is too long") from None


def _refused_constant(name: str) -> None:
    raise RequestError("json", legal="JSON", what=f"{name} is no JSON")
