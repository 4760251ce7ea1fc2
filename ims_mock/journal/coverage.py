"""What a suite exercised of the contract, and what never; the contract is made from the tables.

Something is exercised when it was answered as it is meant. An endpoint, and all that a list is asked: by an answer
below 400 whose body nobody spoiled on purpose; whether images were found makes no difference. A value of a parameter:
in one of the spellings that the profile takes for it. Of a filter that is repeated only the last value counts, as it
does for the answer. A link that is followed exercises the link and the marker, and nothing else of what stands in it.
An error: by its status, wherever that came from, a fault on purpose too. Paths that no endpoint has exercise nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any, Final, NamedTuple

from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, Listing
from ims_mock.contract.parameters import LIMIT_CAP, PARAMETERS, SORT_DIRECTIONS, SORT_KEYS, Parameter
from ims_mock.contract.values import TIME
from ims_mock.errors import PROBLEMS
from ims_mock.text_tables import Table

Fact = tuple[str, str]
"""Something exercised: the name of its group, and its own."""

Contract = Mapping[str, tuple[str, ...]]
"""The items of each group, in order."""

ENDPOINTS: Final = "endpoints"
OPERATORS: Final = "operators"
ORDER: Final = "order"

FIRST: Final = "first page"
LINK: Final = "next page by the link"
MARKER: Final = "next page by a marker of one's own"
LIMIT: Final = "limit"
BEYOND: Final = f"limit above {LIMIT_CAP}"
LAST: Final = "last of several pages"
EMPTY: Final = "empty list"

_WIDTH: Final = 100
_TIED: Final = "\0"
"""Stands for a space at which no line ends."""


class Endpoint(NamedTuple):
    """One method of one path.

    Attributes:
        method: in upper case.
        path: with what varies in it in braces.
        legal: the legal values of what varies, where they are few.
    """

    method: str
    path: str
    legal: tuple[str, ...] = ()


class Asked(NamedTuple):
    """What one list can be asked, and the names of the groups for that.

    Attributes:
        parameters: those of the query that are counted, by their names.
        named: the group of the parameters.
        valued: the group of their documented values.
        paged: the group of the ways from page to page.
        ways: these.
    """

    parameters: Mapping[str, Parameter]
    named: str
    valued: str
    paged: str
    ways: tuple[str, ...]


def _asked(listing: Listing, parameters: Iterable[Parameter], suffix: str) -> Asked:
    ways = (FIRST, LINK, MARKER, LIMIT, BEYOND, LAST, EMPTY)
    return Asked(
        {one.name: one for one in parameters},
        f"parameters{suffix}",
        f"values{suffix}",
        f"paging{suffix}",
        ways if listing.has_links else tuple(way for way in ways if way != LINK),
    )


LISTS: Final[dict[str, Asked]] = {
    IMAGES.path: _asked(IMAGES, PARAMETERS, ""),
    CLOUDIMAGES.path: _asked(CLOUDIMAGES, CLOUDIMAGES.extras, " of cloudimages"),
}
"""The lists, by their paths; of the newer one only the parameters count that it has besides or otherwise."""

ORDERS: Final = {"sort_key": SORT_KEYS, "sort_dir": SORT_DIRECTIONS}
"""The parameters that say in which order, with their values."""

_STATUSES: Final = sorted({problem.status for problem in PROBLEMS})

ERRORS: Final[dict[str, tuple[int, ...]]] = {
    group: tuple(status for status in _STATUSES if status not in others)
    for group, others in {
        "errors of lists": (409, 413, 415),  # they take no body, and nothing is in their way
        "errors of images": (),
        "errors of identity": (409, 415),
    }.items()
}
"""The statuses of errors, by what was asked."""


def area(method: str, path: str) -> str:
    """Give the group of the errors of an endpoint."""
    lists, images, identity = ERRORS
    if path in LISTS and method != "POST":
        return lists
    return identity if path.startswith("/v3") else images


def has_values(parameter: Parameter) -> bool:
    """Whether the documented values of a parameter are values, and neither operators nor an order."""
    return parameter.name not in ORDERS and not is_time(parameter)


def is_time(parameter: Parameter) -> bool:
    """Whether a parameter compares times."""
    return parameter.field is not None and bool(parameter.field.operators)


def contract(endpoints: Iterable[Endpoint]) -> Contract:
    """Give all there is to exercise.

    Args:
        endpoints: those that are served.
    """
    groups = {ENDPOINTS: tuple(f"{one.method} {one.path}" for one in endpoints)}
    for asked in LISTS.values():
        known = asked.parameters.values()
        groups[asked.named] = tuple(asked.parameters)
        groups[asked.valued] = tuple(f"{one.name}={value}" for one in known if has_values(one) for value in one.values)
        groups[asked.paged] = asked.ways
    times = [one.name for one in PARAMETERS if is_time(one)]
    groups[OPERATORS] = tuple(f"{name}={operator}" for name in times for operator in TIME.operators)
    groups[ORDER] = tuple(f"{name}={value}" for name, values in ORDERS.items() for value in values)
    return groups | {group: tuple(map(str, statuses)) for group, statuses in ERRORS.items()}


@dataclass(frozen=True)
class Coverage:
    """What was exercised of a contract.

    Attributes:
        contract: all there is.
        facts: what of it was exercised.
    """

    contract: Contract
    facts: frozenset[Fact]

    @classmethod
    def read(cls, says: Any) -> Coverage:
        """Read what :meth:`as_json` gave.

        Raises:
            ValueError: it is something else.
        """
        items: dict[str, tuple[str, ...]] = {}
        facts: set[Fact] = set()
        try:
            for group in says["groups"]:
                name, never = _text(group["name"]), frozenset(_texts(group["never"]))
                items[name] = _texts(group["items"])
                facts.update((name, one) for one in items[name] if one not in never)
        except (LookupError, TypeError):
            raise ValueError("this is no coverage of ims-mock") from None
        return cls(items, frozenset(facts))

    def merged(self, other: Coverage) -> Coverage:
        """Give what either exercised, of all that either knows."""
        groups = {
            group: tuple(dict.fromkeys((*self.contract.get(group, ()), *other.contract.get(group, ()))))
            for group in (*self.contract, *(group for group in other.contract if group not in self.contract))
        }
        return Coverage(groups, self.facts | other.facts)

    def exercised(self, group: str) -> tuple[str, ...]:
        """Give what of a group was exercised, in order."""
        return tuple(one for one in self.contract[group] if (group, one) in self.facts)

    def never(self, group: str) -> tuple[str, ...]:
        """Give what of a group was not, in order."""
        return tuple(one for one in self.contract[group] if (group, one) not in self.facts)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON has it: of each group all there is, and what of it was never exercised."""
        groups = [{"name": one, "items": items, "never": self.never(one)} for one, items in self.contract.items()]
        done, total = self._counts(self.contract)
        return {"exercised": done, "total": total, "groups": groups}

    def report(self, form: str = "table") -> str:
        """Write it for people.

        Args:
            form: ``table`` or ``markdown``.
        """
        done, total = self._counts(self.contract)
        words = f"{done} of {total} exercised ({done * 100 // (total or 1)} %)\n"
        counts = {group: "{} of {}".format(*self._counts([group])) for group in self.contract}
        if form == "markdown":
            rows = tuple(
                (group, counts[group], ", ".join(f"`{one}`" for one in _runs(self.never(group)))) for group in counts
            )
            return f"{words}\n{Table(('group', 'exercised', 'never exercised'), rows).markdown()}"
        lines = [words, Table(("group", "exercised"), tuple(counts.items())).text()]
        missing = {group: _runs(never) for group in self.contract if (never := self.never(group))}
        if missing:
            lines.append("never exercised:\n" + "".join(_paragraph(group, runs) for group, runs in missing.items()))
        return "\n".join(lines)

    def _counts(self, groups: Iterable[str]) -> tuple[int, int]:
        counts = [(len(self.exercised(group)), len(self.contract[group])) for group in groups]
        return sum(done for done, _ in counts), sum(total for _, total in counts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(_text, values))


def _runs(items: Iterable[str]) -> list[str]:
    """Write items side by side that share a name: ``status=queued, saving``."""
    runs = []
    for name, alike in groupby(items, lambda item: item.partition("=")[0] if "=" in item else item):
        values = [item.partition("=")[2] for item in alike]
        runs.append(f"{name}={', '.join(values)}" if values[0] else name)
    return runs


def _paragraph(group: str, runs: list[str]) -> str:
    joint = "; " if any("=" in run for run in runs) else ", "
    whole = [run.replace(" ", _TIED) if joint == ", " else run for run in runs]
    lines = wrap(
        f"{group}: {joint.join(whole)}",
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_TIED, " ") + "\n"
