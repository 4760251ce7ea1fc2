"""JSON bodies of requests. Errors name the path of a value, but never the value, because it may be a secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ims_mock.errors import RequestError
from ims_mock.text import printable

MAX_DEPTH: Final = 64
"""The maximum nesting of objects and lists."""

MAX_COLLECTIONS: Final = 2_000_000
"""The number of objects and lists."""

_TYPES: Final = {
    dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "a boolean",
    type(None): "null",
}  # fmt: skip
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[\[{]|[\]}]")


@dataclass(frozen=True)
class JsonValue:
    """A value of a body and its path. Methods that read it raise :class:`RequestError` if it has the wrong type.

    Attributes:
        value: The value.
        path: Its path, such as ``auth.identity.methods[0]``.
    """

    value: Any = field(repr=False)
    path: str = "the body"

    def error(self, legal: str, what: str = "") -> RequestError:
        """Return the error that rejects this value.

        Args:
            legal: The legal values, as a phrase.
            what: What is wrong, as a clause; if it is empty, the type is.
        """
        return RequestError("body", legal=legal, what=f"{self.path} {what or 'is ' + _TYPES[type(self.value)]}")

    def has(self, name: str) -> bool:
        """Return whether the value is an object with a member that is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def member(self, name: str, legal: str = "an object") -> JsonValue:
        """Return a required member of an object; ``legal`` describes it if it is missing."""
        self.object()
        path = printable(name) if self.path == "the body" else f"{self.path}.{printable(name)}"
        if name not in self.value:
            raise JsonValue(None, path).error(legal, "is missing")
        return JsonValue(self.value[name], path)

    def object(self) -> dict[str, Any]:
        """Return the members of an object."""
        if not isinstance(self.value, dict):
            raise self.error("an object")
        return self.value

    def items(self, legal: str) -> Iterator[JsonValue]:
        """Yield the items of a list; ``legal`` describes it if this is no list."""
        if not isinstance(self.value, list):
            raise self.error(legal)
        for index, item in enumerate(self.value):
            yield JsonValue(item, f"{self.path}[{index}]")

    def text(self, legal: str = "a text", most: int = sys.maxsize) -> str:
        """Return a text of at most so many characters; ``legal`` describes it if this is no text."""
        if not isinstance(self.value, str):
            raise self.error(legal)
        try:
            self.value.encode()
        except UnicodeEncodeError:
            raise self.error("Unicode text", "holds half a character (a lone surrogate)") from None
        if len(self.value) > most:
            raise self.error(f"at most {most} characters", f"has {len(self.value)} characters")
        return self.value


def parse_json(data: bytes) -> JsonValue:
    """Parse a body.

    Raises:
        RequestError: It is not JSON in UTF-8, or is nested too deeply.
    """
    if not data.strip():
        raise RequestError("body-missing", legal="JSON")
    if data.count(b"[") + data.count(b"{") > MAX_COLLECTIONS:  # each takes more memory than its text
        raise RequestError("json", legal=f"at most {MAX_COLLECTIONS}", what="it has too many objects and lists")
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            what = "objects and lists are nested too deeply"
            raise RequestError("json", legal=f"at most {MAX_DEPTH} levels", what=what)
    try:
        return JsonValue(json.loads(data.decode(), parse_constant=_reject_constant))
    except UnicodeDecodeError as error:
        raise RequestError("json", legal="JSON in UTF-8", what=f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        what = f"it is not JSON from line {error.lineno}, column {error.colno} on"
        raise RequestError("json", legal="JSON", what=what) from None
    except ValueError:  # a number with more digits than Python parses
        raise RequestError("json", legal="JSON with shorter numbers", what="a number is too long") from None


def _reject_constant(name: str) -> None:
    raise RequestError("json", legal="JSON", what=f"{name} is not JSON")
