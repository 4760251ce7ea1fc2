"""The parser of catalog files: YAML or JSON to plain values, with the line of each value.

Scalars stay as written: ``1.10`` and ``0123`` are text, and so is ``true`` in YAML; a plain ``null`` is ``None``.
Values are built from a stream of YAML events or JSON tokens, so that nesting, aliases and sizes are limited at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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
_JSON_CONSTANTS: Final = {"true": True, "false": False, "null": None}
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
        return self._parsed(progress).value

    def lines(self) -> Mapping[ValuePath, int]:
        """Return the line of each value. The text is parsed again, because few catalogs have problems."""
        return self._parsed(None).lines

    def _parsed(self, progress: Callable[[int, int], None] | None) -> _Tree:
        text = self._decoded()
        return _parse_json(text) if self.is_json else _parse_yaml(text, progress)

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


# --- values with their lines


@dataclass
class _Collection:
    """A mapping or list that is being built.

    Attributes:
        value: The values added so far.
        path: Its path.
        line: Its line.
        anchor: Its anchor, if it has one.
        key: The key that the next value belongs to; ``None`` if a key comes next.
        is_merge: Whether that key is a merge key.
        keys: The keys of its own.
        has_merge_key: Whether it has a merge key.
        size: The number of values in it, with all aliases expanded.
    """

    value: dict[str, Any] | list[Any]
    path: ValuePath
    line: int
    anchor: str | None
    key: str | None = None
    is_merge: bool = False
    keys: set[str] = field(default_factory=set)
    has_merge_key: bool = False
    size: int = 1


class _Tree:
    """Builds the values of a document and enforces the limits.

    Attributes:
        value: The value of the document.
        lines: The line of each value; that of its key if it has one.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.lines: dict[ValuePath, int] = {}
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._added = 0

    def start(self, value: dict[str, Any] | list[Any], line: int, anchor: str | None = None) -> None:
        """Start a mapping or list, whose values follow."""
        if len(self._open) >= MAX_DEPTH:
            raise ParseError(line, _TOO_DEEP)
        path: ValuePath = ()
        if self._open:
            parent = self._open[-1]
            if isinstance(parent.value, dict) and parent.key is None:
                raise ParseError(line, "a key is a list or mapping; keys must be text")
            path = (*parent.path, len(parent.value) if isinstance(parent.value, list) else parent.key or "")
        self._open.append(_Collection(value, path, line, anchor))

    def end(self) -> None:
        """End the innermost mapping or list."""
        collection = self._open.pop()
        self._add(collection.value, collection.size, collection.line, anchor=collection.anchor)

    def scalar(self, value: Any, line: int, *, anchor: str | None = None, is_merge: bool = False) -> None:
        """Add a key or a scalar."""
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise ParseError(line, f"a text has {len(value)} characters; at most {MAX_TEXT} are allowed")
        self._add(value, 1, line, anchor=anchor, is_merge=is_merge)

    def alias(self, anchor: str | None, line: int) -> None:
        """Add the value of an anchor again."""
        if anchor is None or anchor not in self._anchors:
            raise ParseError(line, f"the alias *{anchor} has no anchor before it")
        self._add(*self._anchors[anchor], line)

    def _add(self, value: Any, size: int, line: int, *, anchor: str | None = None, is_merge: bool = False) -> None:
        self._added += 1
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.value = value
            self.lines[()] = line
            return
        parent = self._open[-1]
        parent.size += size
        if parent.size > MAX_ALIAS_GROWTH * self._added + 10_000:
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
        if parent.has_merge_key if is_merge else key in parent.keys:
            raise ParseError(line, f"the key {key!r} is repeated")
        if is_merge:
            parent.has_merge_key = True
        else:
            parent.keys.add(key)
        parent.key, parent.is_merge = key, is_merge
        self.lines[(*parent.path, key)] = line


def _merge(target: dict[str, Any], own_keys: set[str], merged: Any, line: int) -> None:
    """Add the keys of merged mappings that a mapping does not have itself."""
    for mapping in merged if isinstance(merged, list) else [merged]:
        if not isinstance(mapping, dict):
            raise ParseError(line, f"{_MERGE_KEY} is not followed by a mapping or a list of mappings")
        for name, value in mapping.items():
            if name not in own_keys:
                target.setdefault(name, value)


# --- JSON


def _parse_json(text: str) -> _Tree:
    """Parse JSON. The standard library finds syntax errors; it knows no lines, so values are built from tokens."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        raise ParseError(error.lineno, message) from None
    except RecursionError:
        pass  # reported below, with the line
    tree = _Tree()
    line, position = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        line += text.count("\n", position, match.start())
        position = match.start()
        if token in "{[":
            tree.start({} if token == "{" else [], line)
        elif token in "}]":
            tree.end()
        elif token[0] == '"':
            tree.scalar(json.loads(token), line)
        elif token in ("NaN", "Infinity", "-Infinity"):
            raise ParseError(line, f"{token} is not a JSON value")
        elif token not in ":,":
            tree.scalar(_JSON_CONSTANTS.get(token, token), line)
    return tree


# --- YAML


def _parse_yaml(text: str, progress: Callable[[int, int], None] | None) -> _Tree:
    tree = _Tree()
    lines = text.count("\n") if progress else 0
    documents = 0
    try:
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            line = event.start_mark.line + 1  # type: ignore[union-attr]  # parsed events have marks
            if progress and number % _PROGRESS_STEP == _PROGRESS_STEP - 1:
                progress(line - 1, lines)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ParseError(line, "a second document begins; a file may have one")
            _add_event(tree, event, line)
    except yaml.YAMLError as error:
        raise _yaml_error(error, text) from None
    return tree


def _add_event(tree: _Tree, event: yaml.Event, line: int) -> None:
    if isinstance(event, yaml.AliasEvent):
        tree.alias(event.anchor, line)
    elif isinstance(event, yaml.CollectionEndEvent):
        tree.end()
    elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
        if event.tag and event.tag not in _LEGAL_TAGS:
            raise ParseError(line, f"the tag {event.tag} is not allowed in catalogs")
        if isinstance(event, yaml.CollectionStartEvent):
            tree.start({} if isinstance(event, yaml.MappingStartEvent) else [], line, event.anchor)
        else:
            is_plain = event.tag is None and (event.style or "").strip() == ""
            value = None if is_plain and event.value in _NULLS else event.value
            tree.scalar(value, line, anchor=event.anchor, is_merge=is_plain and value == _MERGE_KEY)


def _yaml_error(error: yaml.YAMLError, text: str) -> ParseError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    column = f" at column {mark.column + 1}" if mark else ""
    position = getattr(error, "position", 0)  # of a character that is not allowed in YAML, in bytes
    line = mark.line + 1 if mark else text.encode()[:position].count(b"\n") + 1
    if "nesting depth" in problem:  # a limit of newer versions of libyaml
        return ParseError(line, _TOO_DEEP)
    return ParseError(line, f"not YAML: {problem}{column}")
