"""Coverage of the service contract: the table of its items, and which of them requests have covered.

The items are derived from the other tables, so that a new row there is a new item here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, Listing
from ims_mock.contract.parameters import LIMIT_CAP, PARAMETERS, SORT_DIRECTIONS, SORT_KEYS, Parameter
from ims_mock.contract.values import TIME
from ims_mock.errors import PROBLEMS
from ims_mock.text_tables import Table

Item = tuple[str, str]
"""The name of a group and the name of one of its items."""

Contract = Mapping[str, tuple[str, ...]]
"""The items of each group, in order."""

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
_NO_BREAK: Final = "\0"


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
    """The groups of items of one list.

    Attributes:
        parameters: The query parameters that count, by name.
        names, values, paging: The names of its three groups.
        paging_items: The items of the group ``paging``.
    """

    def __init__(self, listing: Listing, parameters: Iterable[Parameter], suffix: str = "") -> None:
        self.parameters = {one.name: one for one in parameters}
        self.names, self.values, self.paging = f"parameters{suffix}", f"values{suffix}", f"paging{suffix}"
        self.paging_items = tuple(item for item in _PAGING if item != NEXT_LINK or listing.has_links)

    def items(self) -> Contract:
        """Return the items of each group."""
        plain = [one for one in self.parameters.values() if has_plain_values(one)]
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


def error_group(method: str, path: str) -> str:
    """Return the group of the errors of an endpoint."""
    if path in LISTS and method != "POST":
        return _LIST_ERRORS
    return _IDENTITY_ERRORS if path.startswith("/v3") else _IMAGE_ERRORS


def is_time(parameter: Parameter) -> bool:
    """Return whether a parameter compares times."""
    return parameter.field is not None and bool(parameter.field.operators)


def has_plain_values(parameter: Parameter) -> bool:
    """Return whether the documented values of a parameter are values, neither operators nor sort keys."""
    return parameter.name not in SORT_VALUES and not is_time(parameter)


def contract(endpoints: Iterable[Endpoint]) -> Contract:
    """Return every item that requests can cover, given the endpoints of the service."""
    groups = {ENDPOINTS: tuple(f"{one.method} {one.path}" for one in endpoints)}
    for lists in LISTS.values():
        groups.update(lists.items())
    times = [one.name for one in PARAMETERS if is_time(one)]
    groups[OPERATORS] = tuple(f"{name}={operator}" for name in times for operator in TIME.operators)
    groups[ORDER] = tuple(f"{name}={value}" for name, values in SORT_VALUES.items() for value in values)
    return groups | {group: tuple(map(str, statuses)) for group, statuses in ERRORS.items()}


@dataclass(frozen=True)
class Coverage:
    """The items of a contract that requests have covered."""

    contract: Contract
    items: frozenset[Item]

    @classmethod
    def read(cls, data: Any) -> Coverage:
        """Return the coverage that :meth:`as_json` has written.

        Raises:
            ValueError: The data has another form.
        """
        try:
            groups = {_text(group["name"]): tuple(map(_text, group["items"])) for group in data["groups"]}
            missing = {(group["name"], item) for group in data["groups"] for item in map(_text, group["never"])}
        except (LookupError, TypeError):
            raise ValueError("this is no coverage of ims-mock") from None
        return cls(groups, frozenset((name, item) for name, items in groups.items() for item in items) - missing)

    def merged(self, other: Coverage) -> Coverage:
        """Return what either covers, of all items of both contracts."""
        groups = {
            group: tuple(dict.fromkeys((*self.contract.get(group, ()), *other.contract.get(group, ()))))
            for group in {**self.contract, **other.contract}
        }
        return Coverage(groups, self.items | other.items)

    def covered(self, group: str) -> tuple[str, ...]:
        """Return the covered items of a group, in the order of the contract."""
        return tuple(one for one in self.contract[group] if (group, one) in self.items)

    def never(self, group: str) -> tuple[str, ...]:
        """Return the items of a group that are not covered, in the order of the contract."""
        return tuple(one for one in self.contract[group] if (group, one) not in self.items)

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
        lines = [summary, Table(("group", "covered"), tuple(counts.items())).text()]
        if any(missing.values()):
            paragraphs = [_paragraph(group, items) for group, items in missing.items() if items]
            lines.append("not covered:\n" + "".join(paragraphs))
        return "\n".join(lines)

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
