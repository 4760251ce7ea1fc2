"""The parser of catalog files: YAML or JSON to plain values, with the line of each value.

Scalars stay as written: ``1.10``, ``0123`` and ``true`` are text in YAML; a plain ``null`` is ``None``. YAML is parsed
from its event stream, so that nesting, aliases and sizes are limited before values are built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from ims_mock.contract.values import MAX_TEXT

MAX_BYTES: Final = 2**30
MAX_DEPTH: Final = 32
MAX_ALIAS_GROWTH: Final = 10

ValuePath = tuple[str | int, ...]
"""The path of a value in a file: keys, and indexes of lists."""

_PROGRESS_STEP: Final = 10_000
"""The number of YAML events between two calls of the progress callback."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml, the Python version does the same
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TOO_DEEP: Final = f"values are nested deeper than {MAX_DEPTH} levels"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE_KEY: Final = "<<"
_CORE_TAG: Final = "tag:yaml.org,2002:"
_LEGAL_TAGS: Final = {"!"}.union(
    _CORE_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)
_JSON_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{},:]|[^][{},:"\s]+', re.DOTALL)


class ParseError(Exception):
    """The text is not YAML or JSON, or it exceeds a limit.

    Attributes:
        line: The line of the problem, counted from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class CatalogText:
    """The text of a catalog.

    Attributes:
        data: The bytes of the file.
        is_json: Whether they are JSON instead of YAML.
    """

    data: bytes
    is_json: bool

    def parse(self, progress: Callable[[int, int], None] | None = None) -> Any:
        """Return the plain values of the text.

        Args:
            progress: Called now and then with the number of lines that are parsed, and of all lines.

        Raises:
            ParseError: The text is not YAML or JSON, or it exceeds a limit.
        """
        if len(self.data) > MAX_BYTES:
            raise ParseError(1, f"the file is larger than {MAX_BYTES} bytes")
        text = self._decoded()
        return _parse_json(text) if self.is_json else _YamlParser(text).parse(progress)

    def lines(self) -> Mapping[ValuePath, int]:
        """Return the line of each value. The text is parsed again; values behind a syntax error are missing."""
        text = self._decoded()
        if self.is_json:
            return _JsonScanner(text).lines
        parser = _YamlParser(text)
        with suppress(ParseError):
            parser.parse()
        return parser.lines

    def _decoded(self) -> str:
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise ParseError(line, f"the byte {self.data[error.start]:#04x} is not UTF-8") from None


def line_of(path: ValuePath, lines: Mapping[ValuePath, int]) -> int:
    """Return the line of a value, or of the nearest value around it that has one."""
    enclosing = (path[:length] for length in range(len(path), -1, -1))
    return next((lines[outer] for outer in enclosing if outer in lines), 1)


def dumps(catalog: Mapping[str, object], *, is_json: bool) -> str:
    """Return the text of a catalog file."""
    if is_json:
        return json.dumps(catalog, ensure_ascii=False, indent=1) + "\n"
    text: str = yaml.dump(
        catalog, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None
    )
    return text


def _check_length(text: str, line: int) -> None:
    if len(text) > MAX_TEXT:
        raise ParseError(line, f"a text has {len(text)} characters; at most {MAX_TEXT} are allowed")


# --- JSON


class _NeedsScanError(Exception):
    """The JSON has a problem whose line :class:`_JsonScanner` finds."""


def _parse_json(text: str) -> Any:
    try:
        value = json.loads(
            text, object_pairs_hook=_unique_keys, parse_int=str, parse_float=str, parse_constant=_reject_constant
        )
        _check_limits(value)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        raise ParseError(error.lineno, message) from None
    except (_NeedsScanError, RecursionError):
        _JsonScanner(text, is_strict=True)
        raise AssertionError("the scanner reports every problem") from None
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _NeedsScanError
    return values


def _reject_constant(_: str) -> Any:
    raise _NeedsScanError


def _check_limits(value: Any) -> None:
    """Raise an error if values are nested too deeply or a text is too long."""
    level = [value]
    for depth in range(MAX_DEPTH + 1):
        nested: list[Any] = []
        for one in level:
            if isinstance(one, str) and len(one) > MAX_TEXT:
                raise _NeedsScanError
            if isinstance(one, dict | list):
                if depth == MAX_DEPTH:
                    raise _NeedsScanError
                nested += one
            if isinstance(one, dict):
                nested += one.values()
        level = nested


class _JsonScanner:
    """Finds the line of each value in a JSON text by scanning its tokens.

    Args:
        text: JSON, possibly with syntax errors.
        is_strict: Whether to raise an error for a repeated key, a constant that is not JSON or an exceeded limit.
    """

    def __init__(self, text: str, *, is_strict: bool = False) -> None:
        self.lines: dict[ValuePath, int] = {}
        self._is_strict = is_strict
        self._steps: list[str | int | None] = []  # the key or index in each open value; None before a key
        line, position = 1, 0
        for match in _JSON_TOKEN.finditer(text):
            line += text.count("\n", position, match.start())
            position = match.start()
            self._handle(match[0], line)

    def _handle(self, token: str, line: int) -> None:
        if token in "[{":
            self._record(line)
            if self._is_strict and len(self._steps) >= MAX_DEPTH:
                raise ParseError(line, _TOO_DEEP)
            self._steps.append(0 if token == "[" else None)
        elif token in "]}":
            del self._steps[-1:]
        elif token == ",":
            if self._steps:
                step = self._steps[-1]
                self._steps[-1] = step + 1 if isinstance(step, int) else None
        elif token[0] == '"' and self._steps and self._steps[-1] is None:
            self._key(_unquoted(token), line)
        elif token != ":":
            self._record(line)
            if self._is_strict and token[0] == '"':
                _check_length(_unquoted(token), line)
            elif self._is_strict and token.lstrip("-") in ("NaN", "Infinity"):
                raise ParseError(line, f"{token} is not a JSON value")

    def _key(self, name: str, line: int) -> None:
        self._steps[-1] = name
        if self._is_strict:
            _check_length(name, line)
            if self._path() in self.lines:
                raise ParseError(line, f"the key {name!r} is repeated")
        self.lines[self._path()] = line

    def _record(self, line: int) -> None:
        self.lines.setdefault(self._path(), line)

    def _path(self) -> ValuePath:
        return tuple(step if step is not None else "" for step in self._steps)


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


# --- YAML


@dataclass
class _Collection:
    """A mapping or list that is being parsed.

    Attributes:
        value: The values parsed so far.
        path: Its path.
        line: Its line.
        anchor: Its anchor, if it has one.
        key: The key that the next value belongs to; ``None`` if a key comes next.
        is_merge: Whether that key is a merge key.
        keys: The keys parsed so far; merge keys do not count.
        has_merged: Whether it has a merge key.
        size: The number of values in it, with all aliases expanded.
    """

    value: dict[str, Any] | list[Any]
    path: ValuePath
    line: int
    anchor: str | None
    key: str | None = None
    is_merge: bool = False
    keys: set[str] = field(default_factory=set)
    has_merged: bool = False
    size: int = 1


class _YamlParser:
    """Parses one YAML document from its events."""

    def __init__(self, text: str) -> None:
        self.lines: dict[ValuePath, int] = {}
        self._text = text
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._root: Any = None
        self._documents = 0
        self._events = 0

    def parse(self, progress: Callable[[int, int], None] | None = None) -> Any:
        """Return the value of the document.

        Raises:
            ParseError: The text is not YAML, or it exceeds a limit.
        """
        lines = self._text.count("\n") if progress else 0
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._events += 1
                line = event.start_mark.line  # type: ignore[union-attr]  # parsed events have marks
                if progress and self._events % _PROGRESS_STEP == 0:
                    progress(line, lines)
                self._handle(event, line + 1)
        except yaml.YAMLError as error:
            raise self._error(error) from None
        return self._root

    def _error(self, error: yaml.YAMLError) -> ParseError:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        column = f" at column {mark.column + 1}" if mark else ""
        position = getattr(error, "position", 0)  # of a character that is not allowed in YAML, in bytes
        line = mark.line + 1 if mark else self._text.encode()[:position].count(b"\n") + 1
        if "nesting depth" in problem:  # a limit of newer versions of libyaml
            return ParseError(line, _TOO_DEEP)
        return ParseError(line, f"not YAML: {problem}{column}")

    def _handle(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start({} if isinstance(event, yaml.MappingStartEvent) else [], event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            collection = self._open.pop()
            if collection.anchor:
                self._anchors[collection.anchor] = (collection.value, collection.size)
            self._add(collection.value, collection.size, collection.line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ParseError(line, f"the alias *{event.anchor} has no anchor before it")
            self._add(*self._anchors[event.anchor], line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise ParseError(line, "a second document begins; a file may have one")

    def _scalar(self, event: Any, line: int) -> None:
        _check_tag(event.tag, line)
        _check_length(event.value, line)
        is_plain = event.tag is None and (event.style or "").strip() == ""
        value = None if is_plain and event.value in _NULLS else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1, line, is_merge=is_plain and value == _MERGE_KEY)

    def _start(self, value: dict[str, Any] | list[Any], event: Any, line: int) -> None:
        _check_tag(event.tag, line)
        if len(self._open) >= MAX_DEPTH:
            raise ParseError(line, _TOO_DEEP)
        path: ValuePath = ()
        if self._open:
            parent = self._open[-1]
            is_key = isinstance(parent.value, dict) and parent.key is None
            if is_key:
                raise ParseError(line, "a key is a list or mapping; keys must be text")
            path = (*parent.path, len(parent.value) if isinstance(parent.value, list) else parent.key or "")
        self._open.append(_Collection(value, path, line, event.anchor))

    def _add(self, value: Any, size: int, line: int, *, is_merge: bool = False) -> None:
        """Add a key or value to the innermost open collection."""
        if not self._open:
            self._root = value
            self.lines[()] = line
            return
        parent = self._open[-1]
        parent.size += size
        if parent.size > MAX_ALIAS_GROWTH * self._events + 10_000:
            raise ParseError(line, f"aliases make the document more than {MAX_ALIAS_GROWTH} times as large")
        if isinstance(parent.value, list):
            self.lines[(*parent.path, len(parent.value))] = line
            parent.value.append(value)
        elif parent.key is None:
            self._add_key(parent, value, line, is_merge=is_merge)
        else:
            if parent.is_merge:
                _merge(parent.value, parent.keys, value, line)
            else:
                parent.value[parent.key] = value
            parent.key = None

    def _add_key(self, parent: _Collection, key: Any, line: int, *, is_merge: bool) -> None:
        if not isinstance(key, str):
            what = "is null" if key is None else "is a list or mapping"
            raise ParseError(line, f"a key {what}; keys must be text")
        if parent.has_merged if is_merge else key in parent.keys:
            raise ParseError(line, f"the key {key!r} is repeated")
        if is_merge:
            parent.has_merged = True
        else:
            parent.keys.add(key)
        parent.key, parent.is_merge = key, is_merge
        self.lines[(*parent.path, key)] = line


def _check_tag(tag: str | None, line: int) -> None:
    if tag and tag not in _LEGAL_TAGS:
        raise ParseError(line, f"the tag {tag} is not allowed in catalogs")


def _merge(target: dict[str, Any], own_keys: set[str], merged: Any, line: int) -> None:
    """Add the keys of merged mappings that a mapping does not have itself."""
    for mapping in merged if isinstance(merged, list) else [merged]:
        if not isinstance(mapping, dict):
            raise ParseError(line, f"{_MERGE_KEY} is not followed by a mapping or a list of mappings")
        for name, value in mapping.items():
            if name not in own_keys:
                target.setdefault(name, value)
