"""The parser of catalog files: YAML or JSON to plain values, with the line of each value.

Scalars stay as written, because it depends on their attributes what they mean: ``1.10`` and ``0123`` are each a
``PlainScalar``, and so is ``true`` in YAML; a plain ``null`` is ``None``. Values are built from a stream of YAML events
or JSON tokens, so that nesting, aliases and sizes are limited at once.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import yaml

from ims_mock.contract.values import JSON_NUMBER, MAX_TEXT, PlainScalar
from ims_mock.text import quoted

MAX_BYTES: Final = 2**30
MAX_DEPTH: Final = 32
MAX_ALIAS_GROWTH: Final = 10
MAX_PROBLEMS: Final = 1_000
"""The number of errors that ends loading, and of warnings that are kept."""

MAX_DIRECTIVES: Final = 10
"""The number of YAML directives. The parser compares each with all others and holds the interpreter lock meanwhile."""

_CHARACTERS_PER_VALUE: Final = 32
"""A longer text counts as several values in the growth by aliases."""

ValuePath = tuple[str | int, ...]
"""The path of a value in a file: keys, and indexes of lists."""

Progress = Callable[[int, int], None]
"""Called with the number of lines that are parsed, and of all lines."""

_PROGRESS_STEP: Final = 10_000
"""The number of YAML events between two calls of the progress callback."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml, the Python version does the same
_TOO_DEEP: Final = f"values are nested deeper than {MAX_DEPTH} levels"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE_KEY: Final = "<<"
_CORE_TAG: Final = "tag:yaml.org,2002:"
_LEGAL_TAGS: Final = {"!"}.union(
    _CORE_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)
_JSON_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_JSON_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|[^][{},:"\s]+', re.DOTALL)
_DIRECTIVE: Final = re.compile("%(?<![^\n\r\x85\u2028\u2029]%)")
"""A ``%`` at the start of a line."""

_FIRST_NODE: Final = 3
"""The number of the YAML event that starts the value, after the starts of the stream and of the document."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # without libyaml, the Python version
    """Quotes text that the parser would take for a number, and repeats values instead of writing aliases."""

    def ignore_aliases(self, _: object) -> bool:
        return True


_Dumper.add_implicit_resolver(f"{_CORE_TAG}float", JSON_NUMBER, [*"-0123456789"])


class ParseError(Exception):
    """The text is not YAML or JSON, or it exceeds a limit. Its ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class CatalogText:
    """The bytes of a catalog file, in JSON or else in YAML, and how many values it may have."""

    data: bytes
    is_json: bool
    max_values: int = sys.maxsize

    def parse(self, progress: Progress | None = None) -> Document:
        """Parse the text.

        Args:
            progress: Called now and then.

        Raises:
            ParseError: The text is not YAML or JSON, or it exceeds a limit.
        """
        if len(self.data) > MAX_BYTES:
            raise ParseError(1, f"the file is larger than {MAX_BYTES} bytes")
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise ParseError(line, f"the byte {self.data[error.start]:#04x} is not UTF-8") from None
        return Document(_json_events(text) if self.is_json else _yaml_events(text, progress), self.max_values)


def dumps(catalog: Mapping[str, object], *, is_json: bool) -> str:
    """Return the text of a catalog file."""
    if is_json:
        return json.dumps(catalog, ensure_ascii=False, indent=1) + "\n"
    text: str = yaml.dump(
        catalog, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None
    )
    return text


# --- values with their lines


@dataclass(slots=True)
class _Event:
    """One step through a text.

    Attributes:
        kind: ``start`` or ``end`` of a collection, ``scalar``, ``merge`` (a plain ``<<``) or ``alias``.
        line: Its line.
        value: An empty mapping or list, a scalar, or the anchor that an alias repeats.
        anchor: The anchor of the value, if it has one.
    """

    kind: str
    line: int
    value: Any = None
    anchor: str | None = None


class Document:
    """The contents of a text. The limits are enforced while its events are read.

    Attributes:
        value: The plain values; ``None`` if the text is empty.
        lines: The line of each value by its path; that of its key if it has one. Empty if the text is.
    """

    def __init__(self, events: Iterator[_Event], max_values: int) -> None:
        self.value: Any = None
        self.lines: dict[ValuePath, int] = {}
        self._events = events
        self._max_values = max_values
        self._anchors: dict[str, tuple[Any, int]] = {}  # values with their sizes
        self._built = 0  # the size of all values so far
        self._size = 0  # their size with all aliases expanded
        for event in events:  # one starts the value, which takes the others; an empty text has none
            self.lines[()] = event.line
            self.value = self._build(event, ())

    def _build(self, event: _Event, path: ValuePath) -> Any:
        """Return the value that an event starts."""
        value, size_before = event.value, self._size
        size = 1 + (len(value) // _CHARACTERS_PER_VALUE if isinstance(value, str) else 0)
        self._built += size
        self._size += size
        if len(self.lines) > self._max_values:
            raise ParseError(event.line, f"the catalog has more than {self._max_values} values")
        if event.kind == "alias":
            if value not in self._anchors:
                raise ParseError(event.line, f"the alias {quoted(value)} has no anchor before it")
            value, repeated = self._anchors[value]
            self._size += repeated
            if self._size > MAX_ALIAS_GROWTH * self._built + 10_000:
                raise ParseError(event.line, f"aliases make the document more than {MAX_ALIAS_GROWTH} times as large")
        elif event.kind == "start":
            if len(path) >= MAX_DEPTH:
                raise ParseError(event.line, _TOO_DEEP)
            self._fill(value, path)
        elif isinstance(value, str) and len(value) > MAX_TEXT:
            raise ParseError(event.line, f"a text has {len(value)} characters; at most {MAX_TEXT} are allowed")
        if event.anchor:
            self._anchors[event.anchor] = value, self._size - size_before
        return value

    def _fill(self, collection: dict[str, Any] | list[Any], path: ValuePath) -> None:
        """Add the values of a mapping or list, up to the event that ends it."""
        own_keys: set[tuple[str, bool]] = set()  # a merge key is no ordinary key "<<"
        for event in self._events:
            if event.kind == "end":
                return
            if isinstance(collection, list):
                item_path = (*path, len(collection))
                self.lines[item_path] = event.line
                collection.append(self._build(event, item_path))
                continue
            key = event.value if event.kind == "start" else self._build(event, path)
            if not isinstance(key, str):
                what = "null" if key is None else "a list or mapping"
                raise ParseError(event.line, f"a key is {what}; keys must be text")
            is_merge = event.kind == "merge"
            if (key, is_merge) in own_keys:
                raise ParseError(event.line, f"the key {quoted(key)} is repeated")
            own_keys.add((key, is_merge))
            key = str(key)
            self.lines[(*path, key)] = event.line
            first = next(self._events)
            value = self._build(first, (*path, key))
            if is_merge:
                _merge(collection, value, first.line)
            else:
                collection[key] = value


def _merge(target: dict[str, Any], merged: Any, line: int) -> None:
    """Add the keys of merged mappings that a mapping does not have yet. A key of its own overrides them later."""
    for mapping in merged if isinstance(merged, list) else [merged]:
        if not isinstance(mapping, dict):
            raise ParseError(line, f"{_MERGE_KEY} is not followed by a mapping or a list of mappings")
        for name, value in mapping.items():
            target.setdefault(name, value)


# --- the events of a text


def _json_events(text: str) -> Iterator[_Event]:
    """Return the events of JSON. The standard library finds syntax errors; it reports no lines of values."""
    try:
        json.loads(text, parse_int=str)  # a number may have more digits than Python converts
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        raise ParseError(error.lineno, message) from None
    except RecursionError:
        pass  # reported with its line, when the events are read
    line, position = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        token, start = match[0], match.start()
        line += text.count("\n", position, start)
        position = start
        if token[0] == '"':
            yield _Event("scalar", line, json.loads(token) if "\\" in token else token[1:-1])
        elif token in "{[":
            yield _Event("start", line, {} if token == "{" else [])
        elif token in "}]":
            yield _Event("end", line)
        elif token in ("NaN", "Infinity", "-Infinity"):
            column = start - text.rfind("\n", 0, start)
            raise ParseError(line, f"not JSON: {token} is not a value, at column {column}")
        else:
            yield _Event("scalar", line, _JSON_CONSTANTS.get(token, PlainScalar(token)))


def _yaml_events(text: str, progress: Progress | None) -> Iterator[_Event]:
    lines, documents = text.count("\n"), 0
    for directive in islice(_DIRECTIVE.finditer(text), MAX_DIRECTIVES, None):
        line = text.count("\n", 0, directive.start()) + 1
        raise ParseError(line, f"more than {MAX_DIRECTIVES} lines begin with %, as directives of YAML do")
    try:
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER), 1):
            line = event.start_mark.line + 1  # type: ignore[union-attr]  # parsed events have marks
            if progress and number % _PROGRESS_STEP == 0:
                progress(line - 1, lines)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ParseError(line, "a second document begins; a file may have one")
            elif isinstance(event, yaml.CollectionEndEvent):
                yield _Event("end", line)
            elif isinstance(event, yaml.AliasEvent):
                yield _Event("alias", line, event.anchor)
            elif number == _FIRST_NODE and _is_nothing(event):
                pass  # no value after "---"
            elif isinstance(event, yaml.NodeEvent):
                yield _node_event(event, line)
    except yaml.YAMLError as error:
        raise _yaml_error(error, text) from None


def _is_nothing(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and not event.value


def _node_event(event: Any, line: int) -> _Event:
    """Return the event of a scalar, or of the start of a collection."""
    if event.tag and event.tag not in _LEGAL_TAGS:
        raise ParseError(line, f"the tag {quoted(event.tag)} is not allowed in catalogs")
    if isinstance(event, yaml.CollectionStartEvent):
        return _Event("start", line, {} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor)
    is_plain = event.tag is None and (event.style or "").strip() == ""
    kind = "merge" if is_plain and event.value == _MERGE_KEY else "scalar"
    value = event.value if not is_plain else None if event.value in _NULLS else PlainScalar(event.value)
    return _Event(kind, line, value, event.anchor)


def _yaml_error(error: yaml.YAMLError, text: str) -> ParseError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    column = f" at column {mark.column + 1}" if mark else ""
    position = getattr(error, "position", 0)  # of a character that is not allowed in YAML, in bytes
    line = mark.line + 1 if mark else text.encode()[:position].count(b"\n") + 1
    if "nesting depth" in problem:  # a limit of newer versions of libyaml
        return ParseError(line, _TOO_DEEP)
    return ParseError(line, f"not YAML: {problem}{column}")
