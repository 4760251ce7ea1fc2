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
from functools import lru_cache
from http import HTTPStatus
from threading import Lock
from typing import Final

from ims_mock.catalog.query import ListQuery, decoded
from ims_mock.contract.parameters import LIMIT_CAP, Parameter
from ims_mock.contract.values import TIME, parse_integer
from ims_mock.journal.coverage import (
    EMPTY_LIST,
    ENDPOINTS,
    ERRORS,
    FIRST_PAGE,
    LAST_PAGE,
    LIMIT,
    LIMIT_ABOVE_CAP,
    LISTS,
    NEXT_LINK,
    OPERATORS,
    ORDER,
    OWN_MARKER,
    SORT_VALUES,
    Coverage,
    Endpoint,
    Item,
    ListGroups,
    contract,
    error_group,
    has_plain_values,
    is_time,
)
from ims_mock.journal.documented import REPEATABLE
from ims_mock.journal.records import ListAnswer, Record

Items = frozenset[Item]

_NOTHING: Final = Items()


class Endpoints:
    """The endpoints of the service, found by the path of a request.

    Args:
        endpoints: The endpoints.

    Attributes:
        all: The same.
    """

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        self.all = tuple(endpoints)
        by_path = {one.path: one for one in sorted(self.all, key=lambda one: "{" in one.path)}
        self._paths = tuple(by_path)
        self._pattern = re.compile("|".join(map(_path_pattern, by_path.values())))

    def path_of(self, path: str) -> str | None:
        """Return the path of the endpoint that a request is for, ``None`` if there is none."""
        match = self._pattern.fullmatch(path)
        return self._paths[match.lastindex - 1] if match and match.lastindex else None


def _path_pattern(endpoint: Endpoint) -> str:
    variable = f"(?:{'|'.join(map(re.escape, endpoint.choices)) or '[^/]+'})"
    parts = (variable if part.startswith("{") else re.escape(part) for part in endpoint.path.split("/"))
    return f"({'/'.join(parts)})"


class CoverageRecorder:
    """Collects the items that the requests to one emulator have covered.

    Args:
        parent: The recorder of the server that the emulator is a sandbox of; it collects the same items.
    """

    def __init__(self, parent: CoverageRecorder | None = None) -> None:
        self._parent = parent
        self._endpoints = Endpoints()
        self._items: set[Item] = set()
        self._lock = Lock()

    @property
    def endpoints(self) -> Endpoints:
        """The endpoints of the service; a sandbox has those of its server."""
        return self._parent.endpoints if self._parent else self._endpoints

    def set_endpoints(self, endpoints: Iterable[Endpoint]) -> None:
        """Set the endpoints of the service."""
        self._endpoints = Endpoints(endpoints)

    def record(self, record: Record, page: int) -> None:
        """Record a request.

        Args:
            record: The request.
            page: The number of its page in its walk, 0 if it is not for a list.
        """
        self._add(_endpoint_items(record, self.endpoints.path_of(record.path)))
        if record.answer is not None:
            self._add(_list_items(record, record.answer, page))

    def coverage(self) -> Coverage:
        """Return what is covered so far."""
        with self._lock:
            return Coverage(contract(self.endpoints.all), frozenset(self._items))

    def clear(self) -> None:
        """Forget what is covered so far."""
        with self._lock:
            self._items.clear()

    def _add(self, items: Items) -> None:
        if not items <= self._items:
            with self._lock:
                self._items |= items
        if self._parent:
            self._parent._add(items)


def _endpoint_items(record: Record, path: str | None) -> Items:
    if path is None or not record.status:
        return _NOTHING
    if record.status >= HTTPStatus.BAD_REQUEST:
        group = error_group(record.method, path)
        return Items({(group, str(record.status))}) if record.status in ERRORS[group] else _NOTHING
    return Items({(ENDPOINTS, f"{record.method} {path}")}) if record.images is not None else _NOTHING


# --- lists


def _list_items(record: Record, answer: ListAnswer, page: int) -> Items:
    query, parameters, is_empty = answer.query, record.query, False
    if query.marker is None:
        way, is_empty = FIRST_PAGE, not record.images and query.limit > 0
    elif page > 1 and _is_next_link(record.query, query):
        way, parameters = NEXT_LINK, ""
    else:
        way = OWN_MARKER
        before, found, marker = parameters.rpartition("&marker=")
        if found and "&" not in marker:
            parameters = before
    is_folded = "enumerations-ignore-case" in answer.view.profile
    return _page_items(query.listing.path, way, is_empty, not answer.has_next) | _parameter_items(
        query.listing.path, parameters, is_folded
    )


def _is_next_link(raw: str, query: ListQuery) -> bool:
    return query.listing.has_links and query.next(query.marker or "") == f"{query.listing.path}?{raw}"


def _page_items(path: str, way: str, is_empty: bool, is_last: bool) -> Items:
    lists = LISTS[path]
    items = {(lists.paging, way)}
    if is_empty:
        items.add((lists.paging, EMPTY_LIST))
    if way != FIRST_PAGE:
        if is_last:
            items.add((lists.paging, LAST_PAGE))
        if "marker" in lists.parameters:
            items.add((lists.names, "marker"))
    return Items(items)


@lru_cache(maxsize=256)
def _parameter_items(path: str, raw: str, is_folded: bool) -> Items:
    """Return what the parameters of a list query cover.

    Args:
        path: The path of the list.
        raw: The query string as it was sent.
        is_folded: Whether values are compared in any case.
    """
    pairs = decoded(raw)
    counted = {*dict(pairs).items(), *(pair for pair in pairs if pair[0] in REPEATABLE)}
    return Items(item for name, value in counted for item in _items_of(LISTS[path], name, value, is_folded=is_folded))


def _items_of(lists: ListGroups, name: str, value: str, *, is_folded: bool) -> Iterator[Item]:
    parameter = lists.parameters.get(name)
    if parameter:
        yield lists.names, name
        if has_plain_values(parameter):
            yield from ((lists.values, f"{name}={one}") for one in _values(parameter, value, is_folded=is_folded))
        elif is_time(parameter):
            operator, separator, _ = value.partition(":")
            if separator and operator in TIME.operators:
                yield OPERATORS, f"{name}={operator}"
    if name == "limit":
        limit = parse_integer(value.strip())
        if limit:
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
