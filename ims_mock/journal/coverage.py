"""Coverage of the service contract: its items, which of them each request covers, and a report of those covered.

An item is covered by a response that does what the item is about. An endpoint, and the parameters and paging of a list:
by a status below 400 with a body that no fault has spoiled; whether images were found makes no difference. The value of
a parameter: by any spelling that the profile accepts for it. Of a repeated filter only the last value counts, as in the
response. A followed ``next`` link covers the link and the marker, but not the parameters that it repeats. An error: by
its status, whatever caused it, faults included. Requests to paths without an endpoint cover nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from itertools import groupby
from textwrap import wrap
from threading import Lock
from typing import Any, Final

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, Listing
from ims_mock.catalog.filters import comparable
from ims_mock.catalog.query import decoded
from ims_mock.contract.parameters import LIMIT_CAP, PARAMETERS, REPEATABLE, SORT_DIRECTIONS, SORT_KEYS, Parameter
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import TIME, parse_integer
from ims_mock.errors import PROBLEMS
from ims_mock.journal.journal import ListAnswer, Record
from ims_mock.text import Table, quoted

Item = tuple[str, str]  # the name of a group and the name of one of its items
Contract = Mapping[str, tuple[str, ...]]  # the items of each group, in order

ENDPOINTS, OPERATORS, ORDER = "endpoints", "operators", "order"
FIRST_PAGE, LAST_PAGE, EMPTY_LIST = "first page", "last of several pages", "empty list"
NEXT_LINK, OWN_MARKER = "next page by the link", "next page by a marker of one's own"
LIMIT, LIMIT_ABOVE_CAP = "limit", f"limit above {LIMIT_CAP}"
_SORT_VALUES: Final = {"sort_key": SORT_KEYS, "sort_dir": SORT_DIRECTIONS}
_PAGING: Final = (FIRST_PAGE, NEXT_LINK, OWN_MARKER, LIMIT, LIMIT_ABOVE_CAP, LAST_PAGE, EMPTY_LIST)


@dataclass(frozen=True)
class Endpoint:
    """One method of one path, with its variable parts in braces; ``choices`` are their values if they are few."""

    method: str
    path: str
    choices: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The paths of its requests."""
        variable = "|".join(map(re.escape, self.choices)) or "[^/]+"
        return re.compile(f"(?:{variable})".join(map(re.escape, re.split("{.*?}", self.path))))


class ListGroups:
    """The query parameters of one list that count, and the names of its three groups."""

    def __init__(self, listing: Listing, parameters: Iterable[Parameter], suffix: str = "") -> None:
        self.parameters = {one.name: one for one in parameters}
        self.names, self.values, self.paging = f"parameters{suffix}", f"values{suffix}", f"paging{suffix}"
        self.paging_items = tuple(item for item in _PAGING if item != NEXT_LINK or listing.has_links)


LIST_GROUPS: Final = {
    IMAGES.path: ListGroups(IMAGES, PARAMETERS),
    CLOUDIMAGES.path: ListGroups(CLOUDIMAGES, CLOUDIMAGES.extras, " of cloudimages"),
}
"""The groups of the lists by path. Of ``/v2/cloudimages`` only the parameters count that it has or documents itself."""

_STATUSES: Final = sorted({problem.status for problem in PROBLEMS})
_LIST_ERRORS, _IMAGE_ERRORS, _IDENTITY_ERRORS = "errors of lists", "errors of images", "errors of identity"
ERRORS: Final[dict[str, tuple[int, ...]]] = {  # the error statuses of each group of endpoints
    _LIST_ERRORS: tuple(status for status in _STATUSES if status not in (409, 413, 415)),  # lists take no body
    _IMAGE_ERRORS: tuple(_STATUSES),
    _IDENTITY_ERRORS: tuple(status for status in _STATUSES if status not in (409, 415)),
}


def _error_group(method: str, path: str) -> str:
    """Return the group of the errors of an endpoint; those of wrong methods count as errors of the list."""
    if path in LIST_GROUPS and method != "POST":
        return _LIST_ERRORS
    return _IDENTITY_ERRORS if path.startswith("/v3") else _IMAGE_ERRORS


def _is_time(parameter: Parameter) -> bool:
    return parameter.field is not None and bool(parameter.field.operators)


def _contract() -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the name and the items of each group but the endpoints."""
    for groups in LIST_GROUPS.values():
        plain = [one for one in groups.parameters.values() if one.name not in _SORT_VALUES and not _is_time(one)]
        yield groups.names, groups.parameters
        yield groups.values, (f"{one.name}={value}" for one in plain for value in one.values)
        yield groups.paging, groups.paging_items
    times = [one.name for one in PARAMETERS if _is_time(one)]
    yield OPERATORS, (f"{name}={operator}" for name in times for operator in TIME.operators)
    yield ORDER, (f"{name}={value}" for name, values in _SORT_VALUES.items() for value in values)
    yield from ((group, map(str, statuses)) for group, statuses in ERRORS.items())


_CONTRACT: Final = {group: tuple(items) for group, items in _contract()}
_ITEMS: Final = frozenset((group, item) for group, items in _CONTRACT.items() for item in items)


class CoverageRecorder:
    """Collects the items that the requests to one emulator have covered; so does ``parent``, if it is a sandbox."""

    def __init__(self, endpoints: Iterable[Endpoint], parent: CoverageRecorder | None = None) -> None:
        self._endpoints = tuple(endpoints)
        self._patterns = {one.path: one.pattern for one in sorted(self._endpoints, key=lambda one: "{" in one.path)}
        self._parent = parent
        self._items: set[Item] = set()
        self._lock = Lock()

    def record(self, record: Record, page_number: int) -> None:
        """Record a request, and the number of its page if it is for a list."""
        path, answer = self._endpoint_path(record.path), record.answer
        if path is not None:
            self._add(_endpoint_items(record, path))
        if answer is not None:
            page_item, own_query = _page_item(record, answer, page_number)
            listing, profile = answer.query.listing, answer.view.profile
            self._add(_list_items(listing.path, page_item, own_query, profile, is_last=not answer.has_next))

    def coverage(self) -> Coverage:
        """Return what is covered so far."""
        endpoints = {ENDPOINTS: tuple(f"{one.method} {one.path}" for one in self._endpoints)}
        with self._lock:
            return Coverage(endpoints | _CONTRACT, frozenset(self._items))

    def clear(self) -> None:
        """Forget what is covered so far."""
        with self._lock:
            self._items.clear()

    def _endpoint_path(self, path: str) -> str | None:
        if path in self._patterns and "{" not in path:
            return path
        return next((one for one, pattern in self._patterns.items() if pattern.fullmatch(path)), None)

    def _add(self, items: frozenset[Item]) -> None:
        if not items <= self._items:
            with self._lock:
                self._items |= items
        if self._parent:
            self._parent._add(items)


def _endpoint_items(record: Record, path: str) -> frozenset[Item]:
    if record.status >= HTTPStatus.BAD_REQUEST:
        return _ITEMS & {(_error_group(record.method, path), str(record.status))}
    return frozenset({(ENDPOINTS, f"{record.method} {path}")} if record.status and record.ids is not None else ())


def _page_item(record: Record, answer: ListAnswer, page_number: int) -> tuple[str, str]:
    """Return the paging item of a page, and the part of the query string that the client wrote itself."""
    query = answer.query
    if query.marker is None:
        return EMPTY_LIST if not record.ids and query.limit > 0 else FIRST_PAGE, record.query
    is_link = query.listing.has_links and query.links.next(query.marker) == f"{query.listing.path}?{record.query}"
    if is_link and page_number > 1:
        return NEXT_LINK, ""
    before, found, marker = record.query.rpartition("&marker=")
    return OWN_MARKER, before if found and "&" not in marker else record.query


@lru_cache(maxsize=256)
def _list_items(path: str, page_item: str, own_query: str, profile: Profile, *, is_last: bool) -> frozenset[Item]:
    """Return what a page covers, and what the parameters cover that the client wrote itself."""
    groups = LIST_GROUPS[path]
    items = {(groups.paging, page_item)}
    if page_item in (FIRST_PAGE, EMPTY_LIST):
        items.add((groups.paging, FIRST_PAGE))
    else:
        items |= {(groups.names, "marker"), (groups.paging, LAST_PAGE if is_last else page_item)}
    pairs = decoded(own_query)
    for name, value in (*dict(pairs).items(), *(pair for pair in pairs if pair[0] in REPEATABLE)):
        items.update(_parameter_items(groups, name, value, profile))
    return _ITEMS & items


def _parameter_items(groups: ListGroups, name: str, value: str, profile: Profile) -> Iterator[Item]:
    """Yield what a parameter covers, and other items that are not in the contract."""
    if parameter := groups.parameters.get(name):
        yield groups.names, name
        yield OPERATORS, f"{name}={value.partition(':')[0]}"
        yield from ((groups.values, f"{name}={one}") for one in _values(parameter, value, profile))
    if name == "limit" and (limit := parse_integer(value.strip())):
        yield groups.paging, LIMIT if limit <= LIMIT_CAP else LIMIT_ABOVE_CAP
    if name in _SORT_VALUES:
        yield ORDER, f"{name}={value.strip()}"
    if name == "sort":
        for key, _, direction in (part.partition(":") for part in value.split(",")):
            yield ORDER, f"sort_key={key.strip()}"
            yield ORDER, f"sort_dir={direction.strip()}"


def _values(parameter: Parameter, value: str, profile: Profile) -> Iterator[str]:
    """Return the documented values that a filter names."""
    field = parameter.field
    operator, _, rest = value.partition(":")
    named = [value]
    if field and field.has_in_operator and operator in ("eq", "in"):
        named = [one.strip('"') for one in rest.split(",")] if operator == "in" else [rest]
    compared = {comparable(one, field, profile) for one in named}
    return (one for one in parameter.values if comparable(one, field, profile) in compared)


_NO_BREAK: Final = "\0"


@dataclass(frozen=True)
class Coverage:
    """The items of a contract that requests have covered."""

    contract: Contract
    items: frozenset[Item]

    @classmethod
    def read(cls, data: Any) -> Coverage:
        """Return the coverage that :meth:`as_json` has written; raise ``ValueError`` for data of another form."""
        try:
            groups = {_text(group["name"]): tuple(map(_text, group["items"])) for group in data["groups"]}
            missing = {(group["name"], item) for group in data["groups"] for item in map(_text, group["never"])}
        except (LookupError, TypeError):
            raise ValueError("this is not a coverage report of ims-mock") from None
        return cls(groups, frozenset((name, item) for name, items in groups.items() for item in items) - missing)

    def merged(self, other: Coverage) -> Coverage:
        """Return what either covers of the same contract."""
        return replace(self, items=self.items | other.items)

    def covered(self, group: str) -> tuple[str, ...]:
        """Return the covered items of a group, in the order of the contract."""
        if group not in [*self.contract]:  # also for what cannot be a key
            raise ValueError(f"Invalid group {quoted(group)}. Use {', '.join(self.contract)}.")
        return tuple(one for one in self.contract[group] if (group, one) in self.items)

    def never(self, group: str) -> tuple[str, ...]:
        """Return the items of a group that are not covered, in the order of the contract."""
        covered = self.covered(group)
        return tuple(one for one in self.contract[group] if one not in covered)

    def as_json(self) -> dict[str, Any]:
        """Return the coverage as JSON shows it: every item of each group, and which of them are not covered."""
        groups = [{"name": one, "items": items, "never": self.never(one)} for one, items in self.contract.items()]
        covered, total = self._counts(self.contract)
        return {"exercised": covered, "total": total, "groups": groups}

    def report(self, form: str = "table") -> str:
        """Return a report for people: for a terminal, or in Markdown if the form is ``markdown``."""
        covered, total = self._counts(self.contract)
        summary = f"{covered} of {total} covered ({covered * 100 // (total or 1)} %)\n"
        counts = {group: "{} of {}".format(*self._counts([group])) for group in self.contract}
        missing = {group: _compact(self.never(group)) for group in self.contract}
        if form == "markdown":
            rows = [(group, counts[group], ", ".join(f"`{one}`" for one in missing[group])) for group in counts]
            return f"{summary}\n{Table(('group', 'covered', 'not covered'), tuple(rows)).markdown()}"
        paragraphs = [_paragraph(group, items) for group, items in missing.items() if items]
        rest = [f"not covered:\n{''.join(paragraphs)}"] if paragraphs else []
        return "\n".join([summary, Table(("group", "covered"), tuple(counts.items())).text(), *rest])

    def _counts(self, groups: Collection[str]) -> tuple[int, int]:
        return sum(len(self.covered(one)) for one in groups), sum(len(self.contract[one]) for one in groups)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _compact(items: Iterable[str]) -> list[str]:
    """Join the items that share a name: ``status=queued, saving``."""
    joined = []
    for name, alike in groupby(items, lambda item: item.partition("=")[0] if "=" in item else item):
        values = [item.partition("=")[2] for item in alike]
        joined.append(f"{name}={', '.join(values)}" if values[0] else name)
    return joined


def _paragraph(group: str, items: list[str]) -> str:
    """Return the items of a group in lines that break between items, or between the values of one."""
    is_compact = any("=" in item for item in items)
    text = "; ".join(items) if is_compact else ", ".join(item.replace(" ", _NO_BREAK) for item in items)
    lines = wrap(f"{group}: {text}", 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines).replace(_NO_BREAK, " ") + "\n"
