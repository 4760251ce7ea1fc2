"""The coverage recorder: which items of the contract each request covers.

An item is covered by a response that does what the item is about. An endpoint, and the parameters and paging of a list:
by a status below 400 with a body that no fault has spoiled; whether images were found makes no difference. The value of
a parameter: by any spelling that the profile accepts for it. Of a repeated filter only the last value counts, as in the
response. A followed ``next`` link covers the link and the marker, but not the parameters that it repeats. An error: by
its status, whatever caused it, faults included. Requests to paths without an endpoint cover nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from threading import Lock
from typing import Final

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, Listing
from ims_mock.catalog.links import next_link
from ims_mock.catalog.query import decoded
from ims_mock.contract.parameters import LIMIT_CAP, PARAMETERS, REPEATABLE, SORT_DIRECTIONS, SORT_KEYS, Parameter
from ims_mock.contract.values import TIME, parse_integer
from ims_mock.errors import PROBLEMS
from ims_mock.journal.coverage import Contract, Coverage, Item
from ims_mock.journal.records import ListAnswer, Record

ENDPOINTS: Final = "endpoints"
OPERATORS: Final = "operators"
ORDER: Final = "order"

FIRST_PAGE: Final = "first page"
NEXT_LINK: Final = "next page by the link"
OWN_MARKER: Final = "next page by a marker of one's own"
LIMIT: Final = "limit"
LIMIT_ABOVE_CAP: Final = f"limit above {LIMIT_CAP}"
LAST_PAGE: Final = "last of several pages"
EMPTY_LIST: Final = "empty list"

SORT_VALUES: Final = {"sort_key": SORT_KEYS, "sort_dir": SORT_DIRECTIONS}
"""The parameters that sort, with their values."""

_PAGING: Final = (FIRST_PAGE, NEXT_LINK, OWN_MARKER, LIMIT, LIMIT_ABOVE_CAP, LAST_PAGE, EMPTY_LIST)


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: The path, with its variable parts in braces.
        choices: The legal values of the variable part; empty for any.
    """

    method: str
    path: str
    choices: tuple[str, ...] = ()


class ListGroups:
    """The query parameters of one list that count, the names of its three groups, and their items."""

    def __init__(self, listing: Listing, parameters: Iterable[Parameter], suffix: str = "") -> None:
        self.parameters = {one.name: one for one in parameters}
        self.names, self.values, self.paging = f"parameters{suffix}", f"values{suffix}", f"paging{suffix}"
        self.paging_items = tuple(item for item in _PAGING if item != NEXT_LINK or listing.has_links)

    def items(self) -> Contract:
        """Return the items of each group."""
        plain = [one for one in self.parameters.values() if _has_plain_values(one)]
        values = tuple(f"{one.name}={value}" for one in plain for value in one.values)
        return {self.names: tuple(self.parameters), self.values: values, self.paging: self.paging_items}


LISTS: Final = {
    IMAGES.path: ListGroups(IMAGES, PARAMETERS),
    CLOUDIMAGES.path: ListGroups(CLOUDIMAGES, CLOUDIMAGES.extras, " of cloudimages"),
}
"""The groups of the lists by path. Of ``/v2/cloudimages`` only the parameters count that it has or documents itself."""

_STATUSES: Final = sorted({problem.status for problem in PROBLEMS})

_LIST_ERRORS, _IMAGE_ERRORS, _IDENTITY_ERRORS = "errors of lists", "errors of images", "errors of identity"

ERRORS: Final[dict[str, tuple[int, ...]]] = {
    _LIST_ERRORS: tuple(status for status in _STATUSES if status not in (409, 413, 415)),  # lists take no body
    _IMAGE_ERRORS: tuple(_STATUSES),
    _IDENTITY_ERRORS: tuple(status for status in _STATUSES if status not in (409, 415)),
}
"""The error statuses of each group of endpoints."""


def _error_group(method: str, path: str) -> str:
    if path in LISTS and method != "POST":
        return _LIST_ERRORS
    return _IDENTITY_ERRORS if path.startswith("/v3") else _IMAGE_ERRORS


def _is_time(parameter: Parameter) -> bool:
    return parameter.field is not None and bool(parameter.field.operators)


def _has_plain_values(parameter: Parameter) -> bool:
    """Return whether the documented values of a parameter are values, neither operators nor sort keys."""
    return parameter.name not in SORT_VALUES and not _is_time(parameter)


def _contract(endpoints: Iterable[Endpoint]) -> Contract:
    groups = {ENDPOINTS: tuple(f"{one.method} {one.path}" for one in endpoints)}
    for lists in LISTS.values():
        groups.update(lists.items())
    times = [one.name for one in PARAMETERS if _is_time(one)]
    groups[OPERATORS] = tuple(f"{name}={operator}" for name in times for operator in TIME.operators)
    groups[ORDER] = tuple(f"{name}={value}" for name, values in SORT_VALUES.items() for value in values)
    return groups | {group: tuple(map(str, statuses)) for group, statuses in ERRORS.items()}


# --- recording


class _Endpoints:
    """The endpoints of the service, found by the path of a request."""

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        self.all = tuple(endpoints)
        self._patterns = {one.path: _path_pattern(one) for one in sorted(self.all, key=lambda one: "{" in one.path)}

    def path_of(self, path: str) -> str | None:
        """Return the path of the endpoint that a request is for, ``None`` if there is none."""
        if path in self._patterns and "{" not in path:
            return path
        return next((one for one, pattern in self._patterns.items() if pattern.fullmatch(path)), None)


def _path_pattern(endpoint: Endpoint) -> re.Pattern[str]:
    variable = f"(?:{'|'.join(map(re.escape, endpoint.choices)) or '[^/]+'})"
    parts = (variable if part.startswith("{") else re.escape(part) for part in endpoint.path.split("/"))
    return re.compile("/".join(parts))


class CoverageRecorder:
    """Collects the items that the requests to one emulator have covered.

    Args:
        parent: The recorder of the server that the emulator is a sandbox of; it collects the same items.
    """

    def __init__(self, parent: CoverageRecorder | None = None) -> None:
        self._parent = parent
        self._endpoints = _Endpoints()
        self._items: set[Item] = set()
        self._lock = Lock()

    @property
    def endpoints(self) -> _Endpoints:
        """The endpoints of the service; a sandbox has those of its server."""
        return self._parent.endpoints if self._parent else self._endpoints

    def set_endpoints(self, endpoints: Iterable[Endpoint]) -> None:
        """Set the endpoints of the service."""
        self._endpoints = _Endpoints(endpoints)

    def record(self, record: Record, page: int) -> None:
        """Record a request, and the number of its page if it is for a list."""
        path, answer = self.endpoints.path_of(record.path), record.answer
        if path is not None:
            self._add(_endpoint_items(record.method, path, record.status, is_readable=record.images is not None))
        if answer is not None:
            path, is_folded = answer.query.listing.path, "enumerations-ignore-case" in answer.view.profile
            page_item, own_query = _page_item(record, answer, page)
            self._add(_page_items(path, page_item, is_last=not answer.has_next))
            self._add(_parameter_items(path, own_query, is_folded=is_folded))

    def coverage(self) -> Coverage:
        """Return what is covered so far."""
        with self._lock:
            return Coverage(_contract(self.endpoints.all), frozenset(self._items))

    def clear(self) -> None:
        """Forget what is covered so far."""
        with self._lock:
            self._items.clear()

    def _add(self, items: frozenset[Item]) -> None:
        if not items <= self._items:
            with self._lock:
                self._items |= items
        if self._parent:
            self._parent._add(items)


@lru_cache(maxsize=256)
def _endpoint_items(method: str, path: str, status: int, *, is_readable: bool) -> frozenset[Item]:
    if status >= HTTPStatus.BAD_REQUEST:
        group = _error_group(method, path)
        return frozenset({(group, str(status))} if status in ERRORS[group] else ())
    return frozenset({(ENDPOINTS, f"{method} {path}")} if status and is_readable else ())


# --- lists


def _page_item(record: Record, answer: ListAnswer, page: int) -> tuple[str, str]:
    """Return the paging item of a page, and the part of the query string that the client wrote itself."""
    query = answer.query
    if query.marker is None:
        return EMPTY_LIST if not record.images and query.limit > 0 else FIRST_PAGE, record.query
    is_link = query.listing.has_links and next_link(query, query.marker) == f"{query.listing.path}?{record.query}"
    if is_link and page > 1:
        return NEXT_LINK, ""
    before, found, marker = record.query.rpartition("&marker=")
    return OWN_MARKER, before if found and "&" not in marker else record.query


@lru_cache(maxsize=64)
def _page_items(path: str, page_item: str, *, is_last: bool) -> frozenset[Item]:
    lists = LISTS[path]
    if page_item in (FIRST_PAGE, EMPTY_LIST):
        return frozenset((lists.paging, item) for item in (FIRST_PAGE, page_item))
    items = {(lists.paging, page_item)}
    if is_last:
        items.add((lists.paging, LAST_PAGE))
    if "marker" in lists.parameters:
        items.add((lists.names, "marker"))
    return frozenset(items)


@lru_cache(maxsize=256)
def _parameter_items(path: str, raw: str, *, is_folded: bool) -> frozenset[Item]:
    """Return what the parameters of a list query cover; values are compared in any case if it is folded."""
    pairs, lists = decoded(raw), LISTS[path]
    counted = {*dict(pairs).items(), *(pair for pair in pairs if pair[0] in REPEATABLE)}
    return frozenset(item for name, value in counted for item in _items_of(lists, name, value, is_folded=is_folded))


def _items_of(lists: ListGroups, name: str, value: str, *, is_folded: bool) -> Iterator[Item]:
    parameter = lists.parameters.get(name)
    if parameter:
        yield lists.names, name
        if _has_plain_values(parameter):
            yield from ((lists.values, f"{name}={one}") for one in _values(parameter, value, is_folded=is_folded))
        elif _is_time(parameter) and ":" in value and (operator := value.partition(":")[0]) in TIME.operators:
            yield OPERATORS, f"{name}={operator}"
    if name == "limit" and (limit := parse_integer(value.strip())):
        yield lists.paging, LIMIT if limit <= LIMIT_CAP else LIMIT_ABOVE_CAP
    yield from ((ORDER, f"{key}={one}") for key, one in _sort_values(name, value) if one in SORT_VALUES[key])


def _values(parameter: Parameter, value: str, *, is_folded: bool) -> Iterator[str]:
    """Return the documented values that a filter names."""
    field = parameter.field
    operator, _, rest = value.partition(":")
    named = [value]
    if field and field.has_in_operator and operator in ("eq", "in"):
        named = [one.strip('"') for one in rest.split(",")] if operator == "in" else [rest]
    fold = (field.fold if field else str.lower) if is_folded else str
    folded = {fold(one) for one in named}
    return (one for one in parameter.values if fold(one) in folded)


def _sort_values(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Return the sort keys and directions that a parameter names, in either syntax."""
    if name in SORT_VALUES:
        yield name, value.strip()
    elif name == "sort":
        for part in value.split(","):
            key, _, direction = part.partition(":")
            yield "sort_key", key.strip()
            yield "sort_dir", direction.strip()
