"""The parser of catalog files: YAML or JSON to plain values, with the line of each value.

Scalars stay as written, because it depends on their attributes what they mean: ``1.10`` and ``0123`` are each a
``PlainScalar``, and so is ``true`` in YAML; a plain ``null`` is ``None``. YAML is read as a stream of events, so that
nesting, aliases and sizes are limited at once. JSON is parsed by the standard library; because that reports no lines of
values, they are found when they are needed.
"""

import io
import json
import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count, islice
from typing import Any, Final, NamedTuple

import yaml

from ims_mock.contract.values import JSON_NUMBER, PlainScalar
from ims_mock.json_body import count_values
from ims_mock.text import quoted

MAX_BYTES: Final = 2**30
MAX_DEPTH: Final = 32
MAX_ALIAS_GROWTH: Final = 10
MAX_DIRECTIVES: Final = 10  # of YAML; the parser compares each with all others and holds the interpreter lock meanwhile

ValuePath = tuple[str | int, ...]  # the keys, and the indexes of lists, that lead to a value in a file
Progress = Callable[[int, int], None]  # called with the number of lines that are parsed, and of all lines

_PROGRESS_STEP: Final = 10_000  # YAML events between two calls
_CHARACTERS_PER_VALUE: Final = 32  # a longer text counts as several values in the growth by aliases
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml, the Python version does the same
_REPEATED: Final = "the key {} is repeated"
_TOO_DEEP: Final = f"values are nested deeper than {MAX_DEPTH} levels"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE_KEY: Final = "<<"
_CORE_TAG: Final = "tag:yaml.org,2002:"
_LEGAL_TAGS: Final = {"!"}.union(
    _CORE_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)
_JSON_TEXT_OR_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)
_JSON_GAP: Final = re.compile(r"[ \t\r\n]*[,:]?[ \t\r\n]*")
_DIRECTIVE: Final = re.compile("%(?<![^\n\r\x85\u2028\u2029]%)")  # at the start of a line
_DOCUMENT_START: Final = 1  # the index of this YAML event, between those that start the stream and the value


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


_NO_CATALOGS: Final = {
    "http/": "begins with the headers of a response, as curl -i prints them; save its body only",
    **dict.fromkeys(("<!doctype", "<html"), "is an HTML page; save the JSON response of the API"),
}
"""The beginnings, in lower case, of what is often saved in place of a catalog, and what to do."""


class Document(NamedTuple):
    """The plain values of a text, and a function that returns the line of a value.

    If there is no value with a path, it is the line of the nearest one around it. The line of a value with a key is
    that of the key. An empty text has the value ``None`` in line 0.
    """

    value: Any
    line_of: Callable[[ValuePath], int]


@dataclass(frozen=True)
class CatalogText:
    """The bytes of a catalog file, in JSON or else in YAML, and how many values it may have.

    Those of JSON are counted before they are parsed; see :func:`ims_mock.json_body.count_values`.
    """

    data: bytes
    is_json: bool
    max_values: int = sys.maxsize

    def parse(self, progress: Progress | None = None) -> Document:
        """Parse the text; raise :class:`ParseError` if it is not YAML or JSON or exceeds a limit."""
        if len(self.data) > MAX_BYTES:
            raise ParseError(1, f"the file is larger than {MAX_BYTES} bytes")
        if self.is_json and (count := count_values(self.data)) > self.max_values:
            found = f"the catalog has up to {count} values, by its commas and brackets"
            raise ParseError(1, f"{found}; at most {self.max_values} are allowed")
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise ParseError(line, f"the byte {self.data[error.start]:#04x} is not UTF-8") from None
        for start, message in _NO_CATALOGS.items():
            if text[: len(start)].lower() == start:
                raise ParseError(1, message)
        if self.is_json:
            return _JsonParser(text).document()
        return _YamlBuilder(_yaml_events(text, progress), self.max_values).document()


def dumps(catalog: Mapping[str, Any], *, is_json: bool) -> str:
    """Return the text of a catalog file."""
    if is_json:
        stream = io.StringIO()  # a list of all pieces takes much memory
        json.dump(catalog, stream, ensure_ascii=False, indent=1)
        return stream.getvalue() + "\n"
    style = {"Dumper": _Dumper, "allow_unicode": True, "sort_keys": False, "width": 120, "default_flow_style": None}
    dump: Any = partial(yaml.dump, **style)
    images = catalog.get("images")
    if not images or not isinstance(images, list) or not all(isinstance(image, dict) for image in images):
        return str(dump(catalog))
    others = {name: value for name, value in catalog.items() if name != "images"}
    start = dump({**others, "images": []}).removesuffix(" []\n")
    return "".join([start, "\n", *(dump([image]) for image in images)])  # the nodes of all images would take more


class _NotJson(NamedTuple):
    """Stands for a value that the standard library accepts: an object with a repeated key, or a constant."""

    repeated_key: str = ""
    constant: str = ""


class _Child(NamedTuple):
    """The positions of a value in a JSON text, and of its key or, without one, again of the value."""

    key: int
    value: int


class _JsonParser:
    """Parses a JSON text, and finds the line of a value by skipping the values before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[int, dict[str | int, _Child]] = {}  # the children of values by their positions
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_unique_keys,
            parse_int=_plain_scalar,
            parse_float=_plain_scalar,
            parse_constant=lambda name: _NotJson(constant=name),
        )

    def document(self) -> Document:
        try:
            value = self._decoder.decode(self._text)
        except json.JSONDecodeError as error:
            message = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
            raise ParseError(error.lineno, message) from None
        except RecursionError:
            raise ParseError(self._line_that_is_too_deep(), _TOO_DEEP) from None
        self._check(value, ())
        return Document(value, self._line_of)

    def _line_that_is_too_deep(self) -> int:
        depth = 0
        for match in _JSON_TEXT_OR_BRACKET.finditer(self._text):
            depth += (match[0] in "[{") - (match[0] in "]}")
            if depth > MAX_DEPTH:
                break
        return self._line_at(match.start())

    def _check(self, value: Any, path: ValuePath) -> None:
        """Raise an error if a value is nested too deeply or is not JSON."""
        if isinstance(value, dict | list):
            if len(path) >= MAX_DEPTH:
                raise ParseError(self._line_at(self._find(path).value), _TOO_DEEP)
            for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
                if not isinstance(inner, str):
                    self._check(inner, (*path, step))
        elif isinstance(value, _NotJson):
            start = self._find(path).value
            if value.constant:
                column = start - self._text.rfind("\n", 0, start)
                message = f"not JSON: {value.constant} is not a value, at column {column}"
                raise ParseError(self._line_at(start), message)
            _, second, *_ = (child.key for key, child in self._children(start) if key == value.repeated_key)
            raise ParseError(self._line_at(second), _REPEATED.format(quoted(value.repeated_key)))

    def _line_of(self, path: ValuePath) -> int:
        return self._line_at(self._find(path).key)

    def _line_at(self, position: int) -> int:
        return 1 + bisect_left(self._line_ends, position)

    @cached_property
    def _line_ends(self) -> Sequence[int]:
        return array("Q", (match.start() for match in re.finditer("\n", self._text)))

    def _find(self, path: ValuePath) -> _Child:
        """Find a value, or the nearest one around it if there is none."""
        start = self._after_gap(0)
        found = _Child(start, start)
        for step in path:
            if found.value not in self._found:
                self._found[found.value] = dict(self._children(found.value))
            if step not in self._found[found.value]:
                break
            found = self._found[found.value][step]
        return found

    def _children(self, start: int) -> Iterator[tuple[str | int, _Child]]:
        """Yield the keys and values, or indexes and items, of the collection at a position; a scalar has none."""
        opening, place = self._text[start], self._after_gap(start + 1)
        for number in count() if opening in "[{" else ():
            if self._text[place] in "]}":
                return
            key: str | int = number
            value = place
            if opening == "{":
                key, end = self._decoder.raw_decode(self._text, place)
                value = self._after_gap(end)
            yield key, _Child(place, value)
            place = self._after_gap(self._decoder.raw_decode(self._text, value)[1])

    def _after_gap(self, position: int) -> int:
        match = _JSON_GAP.match(self._text, position)
        assert match is not None
        return match.end()


def _plain_scalar(text: str) -> PlainScalar:
    """Return a scalar as it is written. Unlike a class, a function lets other threads run when it is called."""
    return PlainScalar(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _NotJson:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            return _NotJson(repeated_key=key)
        found[key] = value
    return found


class _YamlBuilder:
    """Builds the values of a YAML text, with the line of each by its path, and enforces the limits meanwhile."""

    def __init__(self, events: Iterator[Any], max_values: int) -> None:
        self._events = events
        self._max_values = max_values
        self._lines: dict[ValuePath, int] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}  # values with their sizes
        self._built = 0  # the size of all values so far
        self._size = 0  # their size with all aliases expanded

    def document(self) -> Document:
        value = None
        for event in self._events:  # one starts the value, which takes the others; an empty text has none
            self._lines[()] = _line(event)
            value = self._build(event, ())
        return Document(value, self._line_of)

    def _line_of(self, path: ValuePath) -> int:
        enclosing = (path[:length] for length in range(len(path), -1, -1))
        return next((self._lines[outer] for outer in enclosing if outer in self._lines), 0)

    def _build(self, event: Any, path: ValuePath) -> Any:
        value, size_before = _value(event), self._size
        size = 1 + (len(value) // _CHARACTERS_PER_VALUE if isinstance(value, str) else 0)
        self._built += size
        self._size += size
        if len(self._lines) > self._max_values:
            raise ParseError(_line(event), f"the catalog has more than {self._max_values} values")
        if isinstance(event, yaml.AliasEvent):
            return self._repeated(event)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(path) >= MAX_DEPTH:
                raise ParseError(_line(event), _TOO_DEEP)
            self._fill(value, path)
        if event.anchor:
            self._anchors[event.anchor] = value, self._size - size_before
        return value

    def _repeated(self, alias: yaml.AliasEvent) -> Any:
        if alias.anchor not in self._anchors:
            raise ParseError(_line(alias), f"the alias {quoted(alias.anchor)} has no anchor before it")
        value, size = self._anchors[alias.anchor]
        self._size += size
        if self._size > MAX_ALIAS_GROWTH * self._built + 10_000:
            raise ParseError(_line(alias), f"aliases make the document more than {MAX_ALIAS_GROWTH} times as large")
        return value

    def _fill(self, collection: dict[str, Any] | list[Any], path: ValuePath) -> None:
        """Add the values of a mapping or list, up to the event that ends it."""
        own_keys: set[tuple[str, bool]] = set()  # a merge key is no ordinary key "<<"
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            if isinstance(collection, list):
                item_path = (*path, len(collection))
                self._lines[item_path] = _line(event)
                collection.append(self._build(event, item_path))
                continue
            key = {} if isinstance(event, yaml.CollectionStartEvent) else self._build(event, path)
            if not isinstance(key, str):
                what = "null" if key is None else "a list or mapping"
                raise ParseError(_line(event), f"a key is {what}; keys must be text")
            is_merge = isinstance(event, yaml.ScalarEvent) and isinstance(key, PlainScalar) and key == _MERGE_KEY
            if (key, is_merge) in own_keys:
                raise ParseError(_line(event), _REPEATED.format(quoted(key)))
            own_keys.add((key, is_merge))
            key = str(key)
            self._lines[(*path, key)] = _line(event)
            first = next(self._events)
            value = self._build(first, (*path, key))
            if is_merge:
                _merge(collection, value, _line(first))
            else:
                collection[key] = value


def _merge(target: dict[str, Any], merged: Any, line: int) -> None:
    """Add the keys of merged mappings that a mapping does not have yet. A key of its own overrides them later."""
    for mapping in merged if isinstance(merged, list) else [merged]:
        if not isinstance(mapping, dict):
            raise ParseError(line, f"{_MERGE_KEY} is not followed by a mapping or a list of mappings")
        for name, value in mapping.items():
            target.setdefault(name, value)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _value(event: Any) -> Any:
    """Return what an event starts: a scalar, an empty collection, or the anchor that an alias repeats."""
    if isinstance(event, yaml.MappingStartEvent):
        return {}
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    if isinstance(event, yaml.AliasEvent):
        return event.anchor
    is_plain = event.tag is None and (event.style or "").strip() == ""
    return event.value if not is_plain else None if event.value in _NULLS else PlainScalar(event.value)


def _yaml_events(text: str, progress: Progress | None) -> Iterator[Any]:
    """Yield the events that start a value or end a collection."""
    lines = text.count("\n")
    for directive in islice(_DIRECTIVE.finditer(text), MAX_DIRECTIVES, None):
        line = text.count("\n", 0, directive.start()) + 1
        raise ParseError(line, f"more than {MAX_DIRECTIVES} lines begin with %, as directives of YAML do")
    try:
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if progress and number % _PROGRESS_STEP == 0:
                progress(_line(event) - 1, lines)
            tag = getattr(event, "tag", None)
            if tag and tag not in _LEGAL_TAGS:
                raise ParseError(_line(event), f"the tag {quoted(tag)} is not allowed in catalogs")
            if isinstance(event, yaml.DocumentStartEvent) and number > _DOCUMENT_START:
                raise ParseError(_line(event), "a second document begins; a file may have one")
            is_nothing = isinstance(event, yaml.ScalarEvent) and event.implicit[0] and not event.value
            if is_nothing and number == _DOCUMENT_START + 1:
                continue  # no value after "---"
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                yield event
    except yaml.YAMLError as error:
        raise _yaml_error(error, text) from None


def _yaml_error(error: yaml.YAMLError, text: str) -> ParseError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    column = f" at column {mark.column + 1}" if mark else ""
    position = getattr(error, "position", 0)  # of a character that is not allowed in YAML, in bytes
    line = mark.line + 1 if mark else text.encode()[:position].count(b"\n") + 1
    if "nesting depth" in problem:  # a limit of newer versions of libyaml
        return ParseError(line, _TOO_DEEP)
    return ParseError(line, f"not YAML: {problem}{column}")
