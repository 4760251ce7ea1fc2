"""JSON bodies of requests. Errors name the path of a value, but never the value, because it may be a secret."""

import json
import sys
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from ims_mock.errors import RequestError
from ims_mock.text import printable

MAX_DEPTH: Final = 64  # the maximum nesting of objects and lists
MAX_VALUES: Final = 1_000_000
"""The number of values. The standard library builds them without a pause, and they take more memory than their text."""

_TYPES: Final = {
    dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "a boolean",
    type(None): "null",
}  # fmt: skip


@dataclass(frozen=True)
class JsonValue:
    """A value of a body and its path. Methods that read it raise :class:`RequestError` if it has the wrong type."""

    value: Any = field(repr=False)
    path: str = "the body"  # or, for example, auth.identity.methods[0]

    def error(self, legal: str, what: str = "") -> RequestError:
        """Return the error that rejects this value. ``what`` is wrong, a clause; if it is empty, the type is."""
        return RequestError("body", legal=legal, what=f"{self.path} {what or 'is ' + _TYPES[type(self.value)]}")

    def has(self, name: str) -> bool:
        """Return whether the value is an object with a member that is not null."""
        return isinstance(self.value, dict) and self.value.get(name) is not None

    def member(self, name: str, legal: str = "an object") -> "JsonValue":
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

    def items(self, legal: str) -> "list[JsonValue]":
        """Return the items of a list; ``legal`` describes it if this is no list."""
        if not isinstance(self.value, list):
            raise self.error(legal)
        return [JsonValue(item, f"{self.path}[{index}]") for index, item in enumerate(self.value)]

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


def count_values(data: bytes) -> int:
    """Return the number of values in a JSON text, or more: commas and opening brackets in texts count as well."""
    return 1 + sum(map(data.count, (b",", b"[", b"{")))


def parse_json(data: bytes) -> JsonValue:
    """Parse a body, which must be JSON in UTF-8, without too many values and nested not too deeply."""
    if not data.strip():
        raise RequestError("body-missing", legal="JSON")
    if (count := count_values(data)) > MAX_VALUES:
        what = f"it has up to {count} values, by its commas and brackets"
        raise RequestError("json", legal=f"at most {MAX_VALUES}", what=what)
    try:
        value = json.loads(data.decode(), parse_constant=_reject_constant)
        check_depth(value, MAX_DEPTH)
    except UnicodeDecodeError as error:
        raise RequestError("json", legal="JSON in UTF-8", what=f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        what = f"it is not JSON from line {error.lineno}, column {error.colno} on"
        raise RequestError("json", legal="JSON", what=what) from None
    except ValueError:  # a number with more digits than Python parses
        raise RequestError("json", legal="JSON with shorter numbers", what="a number is too long") from None
    except RecursionError:
        what = "objects and lists are nested too deeply"
        raise RequestError("json", legal=f"at most {MAX_DEPTH} levels", what=what) from None
    return JsonValue(value)


def check_depth(value: Any, most: int) -> None:
    """Raise ``RecursionError``, as the parser does, if objects and lists are nested in more than so many levels."""
    level = [value]
    for _ in range(most):
        outer = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = list(chain.from_iterable(outer))
    if any(isinstance(one, dict | list) for one in level):
        raise RecursionError


def _reject_constant(name: str) -> None:
    raise RequestError("json", legal="JSON", what=f"{name} is not JSON")
