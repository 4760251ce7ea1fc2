"""What a request exercises of the contract, read from what the journal lays down of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

from ims_mock.catalog.query import ListQuery, decoded
from ims_mock.contract.parameters import LIMIT_CAP, Parameter
from ims_mock.contract.values import TIME, parse_integer
from ims_mock.journal.coverage import (
    BEYOND,
    EMPTY,
    ENDPOINTS,
    ERRORS,
    FIRST,
    LAST,
    LIMIT,
    LINK,
    LISTS,
    MARKER,
    OPERATORS,
    ORDER,
    ORDERS,
    Asked,
    Endpoint,
    Fact,
    area,
    has_values,
    is_time,
)
from ims_mock.journal.notes import Note, Paged
from ims_mock.journal.places import Laid

_LONG: Final = 200
"""What is longer is looked at each time."""

_KEPT: Final = 4096
"""So many things are kept that were looked at lately."""

_LIMIT: Final = "limit"
_TIME, _ANY, _PLAIN = "time", "any", "plain"
_SORTS: Final = (*ORDERS, "sort")
_ALL_COUNT: Final = ("tag", *ORDERS)
"""The parameters of which each value counts; of any other the last."""

Endpoints = Callable[[], Iterable[Endpoint]]
Facts = frozenset[Fact]

_NOTHING: Final = Facts()


class Reader:
    """Reads what requests exercise.

    Args:
        endpoints: gives the endpoints there are when they are needed.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._paths: _Paths | None = None
        self._outline = lru_cache(maxsize=_KEPT)(self._outlined)

    def read(self, laid: Laid, facts: set[Fact]) -> None:
        """Add what one request exercised."""
        note, (_, page) = laid.note, laid.place
        outline = self._outline if len(note.method) + len(note.path) <= _LONG else self._outlined
        facts.update(outline(note.method, note.path, note.status, note.images is not None))
        if note.paged is not None:
            _look_at_list(facts, page, note, note.paged)

    def _outlined(self, method: str, path: str, status: int, is_readable: bool) -> Facts:
        """Tell what a request exercised whatever it asked for."""
        if self._paths is None:
            self._paths = _Paths(self._endpoints())
        found = self._paths.find(path)
        if found is None or not status:
            return _NOTHING
        if status >= HTTPStatus.BAD_REQUEST:
            group = area(method, found)
            return Facts({(group, str(status))}) if status in ERRORS[group] else _NOTHING
        return Facts({(ENDPOINTS, f"{method} {found}")}) if is_readable else _NOTHING


class _Paths:
    """Tells to which endpoint's path the path of a request belongs.

    Args:
        endpoints: those there are.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._plain: set[str] = set()
        self._patterns: dict[str, re.Pattern[str]] = {}
        for one in endpoints:
            if "{" not in one.path:
                self._plain.add(one.path)
            elif one.path not in self._patterns:
                varies = "|".join(map(re.escape, one.legal)) or "[^/]+"
                parts = [f"(?:{varies})" if part.startswith("{") else re.escape(part) for part in one.path.split("/")]
                self._patterns[one.path] = re.compile("/".join(parts))

    def find(self, path: str) -> str | None:
        """Give the path with what varies in braces; ``None`` when it is that of no endpoint."""
        if path in self._plain:
            return path
        return next((one for one, pattern in self._patterns.items() if pattern.fullmatch(path)), None)


# --- what a list is asked -------------------------------------------------------------------------


def _look_at_list(facts: set[Fact], page: int, note: Note, paged: Paged) -> None:
    """Tell what a request exercised that was answered with a page of a list.

    Args:
        facts: what was exercised so far.
        page: its page in its walk.
        note: what is known of it.
        paged: what it asked.
    """
    query, view, has_next = paged
    question, marker, is_empty = note.query, query.marker, False
    if marker is None:
        way = FIRST
        is_empty = not note.images and query.limit > 0
    elif page > 1 and query.listing.has_links and _is_link(question, query, marker):
        way, question = LINK, ""
    else:
        way = MARKER
        before, is_last, after = question.rpartition("&marker=")
        if is_last and "&" not in after:
            question = before
    path = query.listing.path
    question = _essence(question, path)
    look = _listed if len(question) <= _LONG else _listed.__wrapped__
    is_folded = "enumerations-ignore-case" in view.profile.departures
    facts.update(look(path, question, is_folded, way, has_next, is_empty))


def _essence(question: str, path: str) -> str:
    """Leave out of a query what makes no difference to what it exercises, so that most are alike.

    Args:
        question: the query, as it was sent.
        path: that of the list.
    """
    parts = []
    for part in question.split("&"):
        name, is_given, value = part.partition("=")
        kind = _kind(name, path) if len(name) <= _LONG else _ANY
        if kind == _PLAIN:
            part = name
        elif kind == _TIME:
            operator, is_followed, _ = value.replace("%3A", ":").partition(":")
            part = f"{name}{is_given}{operator}{is_followed}"
        elif kind == _LIMIT and value.isdecimal() and value.isascii() and len(value) < len(str(LIMIT_CAP)):
            part = f"{name}={bool(value.strip('0')):d}"
        parts.append(part)
    return "&".join(parts)


@lru_cache(maxsize=_KEPT)
def _listed(path: str, question: str, is_folded: bool, way: str, has_next: bool, is_empty: bool) -> Facts:
    """Tell what a page of a list exercises.

    Args:
        path: that of the list.
        question: the essence of its query, perhaps without the marker.
        is_folded: whether values count in any case.
        way: how the page was come to.
        has_next: whether another one follows.
        is_empty: whether nothing was found.
    """
    asked = LISTS[path]
    facts: set[Fact] = {(asked.paged, way)}
    if is_empty:
        facts.add((asked.paged, EMPTY))
    if way != FIRST:
        if not has_next:
            facts.add((asked.paged, LAST))
        if "marker" in asked.parameters:
            facts.add((asked.named, "marker"))
    parts = question.split("&")
    last = {part.partition("=")[0]: part for part in parts}
    counting: Iterable[str] = last.values()
    if len(last) < len(parts):
        counting = [*counting, *(part for part in parts if part.partition("=")[0] in _ALL_COUNT)]
    for part in counting:
        ask = _asking if len(part) <= _LONG else _asking.__wrapped__
        facts.update(ask(part, path, is_folded))
    return Facts(facts)


def _is_link(question: str, query: ListQuery, marker: str) -> bool:
    """Whether a query is that of a link to a next page."""
    if question == f"{query.repeated}&marker={marker}":
        return True
    return query.next(marker) == f"{query.listing.path}?{question}"


@lru_cache(maxsize=_KEPT)
def _kind(name: str, path: str) -> str:
    """Tell what of the value of a parameter makes a difference, by its name as it was sent; of a plain one nothing."""
    known = unquote_plus(name)
    parameter = LISTS[path].parameters.get(known)
    if known == _LIMIT:
        return _LIMIT
    if parameter and is_time(parameter):
        return _TIME
    return _ANY if known in _SORTS or (parameter and parameter.values) else _PLAIN


@lru_cache(maxsize=_KEPT)
def _asking(part: str, path: str, is_folded: bool) -> Facts:
    """Tell what one parameter in the query of a list exercises.

    Args:
        part: the parameter and its value, as they were sent.
        path: that of the list.
        is_folded: whether values count in any case.
    """
    return Facts(fact for name, value in decoded(part) for fact in _exercised(name, value, LISTS[path], is_folded))


def _exercised(name: str, value: str, asked: Asked, is_folded: bool) -> Iterator[Fact]:
    parameter = asked.parameters.get(name)
    if parameter:
        yield asked.named, name
        if has_values(parameter):
            yield from ((asked.valued, f"{name}={one}") for one in _values(parameter, value, is_folded))
        elif is_time(parameter):
            operator, separator, _ = value.partition(":")
            if separator and operator in TIME.operators:
                yield OPERATORS, f"{name}={operator}"
    if name == _LIMIT:
        limit = parse_integer(value.strip())
        if limit:
            yield asked.paged, LIMIT if limit <= LIMIT_CAP else BEYOND
    yield from ((ORDER, f"{key}={one}") for key, one in _ordered(name, value) if one in ORDERS[key])


def _values(parameter: Parameter, text: str, is_folded: bool) -> Iterator[str]:
    """Give the documented values that a filter names."""
    field = parameter.field
    operator, _, rest = text.partition(":")
    picked = [text]
    if field and field.has_in_operator and operator in ("eq", "in"):
        picked = [one.strip('"') for one in rest.split(",")] if operator == "in" else [rest]
    fold = (field.fold if field else str.lower) if is_folded else str
    wanted = {fold(one) for one in picked}
    return (one for one in parameter.values if fold(one) in wanted)


def _ordered(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Give the sort keys and directions that a parameter names, in either syntax."""
    key, way = ORDERS
    if name in ORDERS:
        yield name, value.strip()
    elif name == "sort":
        for part in value.split(","):
            named, _, direction = part.partition(":")
            yield key, named.strip()
            yield way, direction.strip()
