"""The text of a catalog becomes plain values, with the line of each: YAML or JSON (the only yaml).

Scalars stay as they are written: ``1.10``, ``0123`` and ``true`` are text, and what is plainly nothing is ``None``.
The YAML is read event by event, so that nesting, aliases and sizes are bounded before anything is built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import yaml

from ims_mock.contract.values import MAX_TEXT

MAX_BYTES: Final = 2**30
MAX_DEPTH: Final = 32
MAX_ALIAS_GROWTH: Final = 10

Path = tuple[str | int, ...]

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml is absent, what Python does is as safe
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"
_TELL_EVERY: Final = 10_000
_CLOSELY: Final = 1_000  # so many mappings are searched for texts that come again; of more,
_SELDOM: Final = 16  # every so many; and
_MET: Final = 10_000  # so many texts are remembered that came once
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE: Final = "<<"
_CORE_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    _CORE_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
)
_JSON_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{},:]|[^][{},:"\s]+', re.DOTALL)


class UnreadableError(Exception):
    """A text that is no catalog at all: the line (counted from 1), and what is wrong there."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Text:
    """The text of one catalog file.

    Args:
        data: the bytes of the file.
        is_json: whether they are JSON; else they are YAML.
    """

    data: bytes
    is_json: bool

    def value(self, told: Callable[[int, int], None] | None = None) -> Any:
        """Read the text.

        Args:
            told: called now and then with the line that is read and the number of lines, where that is known.

        Raises:
            UnreadableError: it is not YAML (or JSON), or past one of the bounds.
        """
        if len(self.data) > MAX_BYTES:
            raise UnreadableError(1, f"the file has more than {MAX_BYTES} bytes, and no more are legal")
        text = self._decoded()
        return _json_value(text) if self.is_json else _Events(text).value(told)

    def lines(self) -> Mapping[Path, int]:
        """Find the line of every value, by reading the text once more; what cannot be found is left out."""
        text = self._decoded()
        if self.is_json:
            return _JsonScan(text).lines
        events = _Events(text)
        with suppress(UnreadableError):
            events.value()
        return events.lines

    def _decoded(self) -> str:
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise UnreadableError(line, f"the byte {self.data[error.start]:#04x} is not UTF-8") from None


def dump(catalog: Mapping[str, object], *, is_json: bool) -> str:
    """Write a catalog as a file that reads back the same."""
    if is_json:
        return json.dumps(catalog, ensure_ascii=False, indent=1) + "\n"
    text: str = yaml.dump(
        catalog, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None
    )
    return text


# --- JSON -----------------------------------------------------------------------------------------


def _json_value(text: str) -> Any:
    """Read JSON quickly; only where something is wrong is it scanned for the line."""
    try:
        value = json.loads(
            text, object_pairs_hook=_Pairs().mapping, parse_int=str, parse_float=str, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        raise UnreadableError(error.lineno, message) from None
    except (_UnscannedError, RecursionError):
        value = None
    if value is None or _is_past_bounds(value, may_be_long=_may_hold_long_texts(text)):
        _JsonScan(text, is_strict=True)
    return value


class _UnscannedError(Exception):
    """Something is wrong; the scan says what, and where."""


class _Pairs:
    """Makes mappings of pairs; equal texts become one, if they come often enough to be worth remembering."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._met: set[str] = set()
        self._mappings = 0

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Make one mapping.

        Raises:
            _UnscannedError: a key is given twice.
        """
        self._mappings += 1
        if self._mappings < _CLOSELY or self._mappings % _SELDOM == 0:
            self._learn(pairs)
        known = self._texts.get
        values = {name: known(value, value) if type(value) is str else value for name, value in pairs}
        if len(values) != len(pairs):
            raise _UnscannedError
        return values

    def _learn(self, pairs: list[tuple[str, Any]]) -> None:
        """Remember each text that comes for the second time."""
        for _, value in pairs:
            if type(value) is str and value not in self._texts:
                if value in self._met:
                    self._texts[value] = value
                else:
                    self._met.add(value)
        if len(self._met) > _MET:
            self._met.clear()


def _no_constant(_: str) -> Any:
    raise _UnscannedError


_BOXES: Final = (dict, list)
_QUOTE: Final = re.compile(r'(?<!\\)"')


def _may_hold_long_texts(text: str) -> bool:
    """Whether there is a long way from one quote to the next, those inside of texts aside, as in a text too long."""
    half = MAX_TEXT // 2
    return any(_QUOTE.search(text, place, place + half) is None for place in range(0, len(text) - half, half))


def _is_past_bounds(value: Any, *, may_be_long: bool) -> bool:
    level = [[value]]
    for _ in range(MAX_DEPTH + 1):
        if may_be_long and any(map(_holds_long_texts, level)):
            return True
        below: list[Any] = []
        for one in level:
            below += [box for box in (one.values() if isinstance(one, dict) else one) if type(box) in _BOXES]
        level = below
    return bool(level)


def _holds_long_texts(box: Any) -> bool:
    values = [*box, *box.values()] if isinstance(box, dict) else box
    return any(isinstance(one, str) and len(one) > MAX_TEXT for one in values)


class _JsonScan:
    """Walks the tokens of a JSON text to find the line of every value.

    Args:
        text: JSON, or what was taken for it.
        is_strict: whether the first breach of a bound, repeated key or foreign constant is raised.
    """

    def __init__(self, text: str, *, is_strict: bool = False) -> None:
        self.lines: dict[Path, int] = {}
        self._is_strict = is_strict
        self._steps: list[str | int | None] = []  # where in each open list or mapping; None before a key
        line, place = 1, 0
        for match in _JSON_TOKEN.finditer(text):
            line += text.count("\n", place, match.start())
            place = match.start()
            self._take(match[0], line)

    def _take(self, token: str, line: int) -> None:
        if token in "[{":
            self._note(line)
            if self._is_strict and len(self._steps) >= MAX_DEPTH:
                raise UnreadableError(line, _TOO_DEEP)
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
            self._value(token, line)

    def _key(self, name: str, line: int) -> None:
        self._steps[-1] = name
        if self._is_strict:
            self._check_length(name, line)
            if self._path() in self.lines:
                raise UnreadableError(line, f"the key {name!r} is given twice")
        self.lines[self._path()] = line

    def _value(self, token: str, line: int) -> None:
        self._note(line)
        if not self._is_strict:
            return
        if token[0] == '"':
            self._check_length(_unquoted(token), line)
        elif token.lstrip("-") in ("NaN", "Infinity"):
            raise UnreadableError(line, f"{token} is not a JSON value")

    def _check_length(self, text: str, line: int) -> None:
        if len(text) > MAX_TEXT:
            raise UnreadableError(line, f"a text of {len(text)} characters; legal are at most {MAX_TEXT}")

    def _note(self, line: int) -> None:
        self.lines.setdefault(self._path(), line)

    def _path(self) -> Path:
        return tuple(step if step is not None else "" for step in self._steps)


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


# --- YAML -----------------------------------------------------------------------------------------


class _Box:
    """A mapping or list that is being read: where it belongs, and what it weighs with its aliases expanded."""

    __slots__ = ("anchor", "is_merge", "key", "line", "merged", "own", "path", "value", "weight")

    def __init__(self, value: dict[str, Any] | list[Any], path: Path, line: int, anchor: str | None) -> None:
        self.value = value
        self.path = path
        self.line = line
        self.anchor = anchor
        self.key: str | None = None
        self.is_merge = False
        self.own: set[str] = set()
        self.merged: set[str] = set()
        self.weight = 1


class _Events:
    """Reads one YAML document event by event."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._boxes: list[_Box] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._root: Any = None
        self._documents = 0
        self._events = 0

    def value(self, told: Callable[[int, int], None] | None = None) -> Any:
        """Read the document.

        Raises:
            UnreadableError: it is not YAML, or past one of the bounds.
        """
        height = self._text.count("\n") if told else 0
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._events += 1
                if told and self._events % _TELL_EVERY == 0:
                    told(event.start_mark.line, height)  # type: ignore[union-attr]  # parsed events have marks
                self._take(event, event.start_mark.line + 1)  # type: ignore[union-attr]  # parsed events have marks
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
            column = f" at column {mark.column + 1}" if mark else ""
            place = getattr(error, "position", 0)  # of a character that no YAML may hold, in bytes
            line = mark.line + 1 if mark else self._text.encode()[:place].count(b"\n") + 1
            if "nesting depth" in problem:  # newer versions of the library look ahead, and bound that themselves
                raise UnreadableError(line, _TOO_DEEP) from None
            raise UnreadableError(line, f"not YAML: {problem}{column}") from None
        return self._root

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            box = self._boxes.pop()
            if box.anchor:
                self._anchors[box.anchor] = (box.value, box.weight)
            self._put(box.value, box.weight, box.line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise UnreadableError(line, f"the alias *{event.anchor} names nothing that was read before")
            value, weight = self._anchors[event.anchor]
            self._put(value, weight, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise UnreadableError(line, "a second document begins; legal is one a file")

    def _scalar(self, event: Any, line: int) -> None:
        self._check_tag(event, line)
        value: str | None = event.value
        if len(event.value) > MAX_TEXT:
            raise UnreadableError(line, f"a text of {len(event.value)} characters; legal are at most {MAX_TEXT}")
        is_plain = event.tag is None and (event.style is None or not event.style.strip())
        if is_plain and event.value in _NOTHING:
            value = None
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1, line, is_merge=is_plain and value == _MERGE)

    def _open(self, value: dict[str, Any] | list[Any], event: Any, line: int) -> None:
        self._check_tag(event, line)
        if len(self._boxes) >= MAX_DEPTH:
            raise UnreadableError(line, _TOO_DEEP)
        if self._boxes and isinstance(self._boxes[-1].value, dict) and self._boxes[-1].key is None:
            raise UnreadableError(line, "a list or mapping stands where a key belongs; legal is text")
        self._boxes.append(_Box(value, self._path(), line, event.anchor))

    def _check_tag(self, event: Any, line: int) -> None:
        if event.tag and event.tag not in _PLAIN_TAGS and event.tag != "!":
            raise UnreadableError(
                line, f"the tag {event.tag} is not for catalogs; legal are values, lists and mappings"
            )

    def _path(self) -> Path:
        """Give the path of the value that comes next."""
        if not self._boxes:
            return ()
        box = self._boxes[-1]
        return (*box.path, len(box.value) if isinstance(box.value, list) else box.key or "")

    def _put(self, value: Any, weight: int, line: int, *, is_merge: bool = False) -> None:
        """Lay a finished value into the box that is open."""
        if not self._boxes:
            self._root = value
            self.lines[()] = line
            return
        box = self._boxes[-1]
        box.weight += weight
        if box.weight > MAX_ALIAS_GROWTH * self._events + 10_000:
            raise UnreadableError(line, f"its aliases make the document grow more than {MAX_ALIAS_GROWTH} times")
        if isinstance(box.value, dict) and box.key is None:
            if not isinstance(value, str):
                raise UnreadableError(line, "nothing stands where a key belongs; legal is text")
            if value in box.merged if is_merge else value in box.own:
                raise UnreadableError(line, f"the key {value!r} is given twice")
            (box.merged if is_merge else box.own).add(value)
            box.is_merge = is_merge
            box.key = value
            self.lines[(*box.path, value)] = line
            return
        if isinstance(box.value, list):
            self.lines[(*box.path, len(box.value))] = line
            box.value.append(value)
        elif box.is_merge:
            self._merge(box, value, line)
        else:
            box.value[box.key or ""] = value
        box.key = None

    def _merge(self, box: _Box, merged: Any, line: int) -> None:
        """Lay the mappings of a merge key under what the mapping holds itself."""
        for one in merged if isinstance(merged, list) else [merged]:
            if not isinstance(one, dict):
                raise UnreadableError(line, "<< merges mappings; legal is an alias of a mapping, or a list of them")
            for name, value in one.items():
                if name not in box.own and isinstance(box.value, dict):
                    box.value.setdefault(name, value)


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Give the line of a value, or of the nearest thing around it that is known."""
    ends: Iterable[int] = range(len(path), -1, -1)
    return next((lines[path[:end]] for end in ends if path[:end] in lines), 1)
