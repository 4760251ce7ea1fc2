"""A query string becomes a frozen :class:`ListQuery`; the links of the answer are made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from ims_mock.conditions import Condition, Equals, Reading
from ims_mock.errors import RequestError
from ims_mock.fields import (
    DEAD_STATUSES,
    LIMIT_CAP,
    MEMBER_STATUSES,
    SORT_DIRECTIONS,
    SORT_KEYS,
    VISIBILITIES,
)
from ims_mock.kinds import shown, whole_number
from ims_mock.listing import IMAGES, Listing
from ims_mock.parts import Part, form_encoded, parts_of
from ims_mock.profile import Profile
from ims_mock.tenancy import View

REGISTERED: Final = ("__isregistered", "true")

_SINGLE: Final = ("limit", "marker", "member_status", "visibility")
_FRAMING: Final = frozenset({*_SINGLE, "changes-since", "sort", "sort_key", "sort_dir"})
"""The parameters that are no filters."""

_LEGAL_SORT_KEYS: Final = ", ".join(SORT_KEYS)
_LEGAL_LIMIT: Final = f"a whole number from 0 (more than {LIMIT_CAP} counts as {LIMIT_CAP})"

_LONG: Final = 1_000
"""A query of more characters is not kept."""

_KEPT: Final = 1024
"""So many questions are kept that were asked lately."""

_MARKED: Final = re.compile(r"((?:(?!marker)[^&]+&)*)marker=([0-9a-f-]{36})((?:&(?!marker)[^&]+)*)")
_NONE: Final = frozenset[str]()


class SortKey(NamedTuple):
    """One key of an order and its direction."""

    name: str
    is_descending: bool


_USUAL_SORT: Final = (SortKey("created_at", is_descending=True), SortKey("id", is_descending=True))


class ListQuery(NamedTuple):
    """What a caller asked a list for, checked and complete.

    Attributes:
        listing: the list that was asked.
        conditions: what each image must satisfy besides being visible.
        visibility: the visibility asked for, ``None`` when none is.
        member_status: the status a membership must have, ``all`` for any.
        dead: which of the statuses ``deleted`` and ``killed`` are asked for.
        limit: images on a page, 0 to 1000.
        marker: id of the last image of the page before, ``None`` for the first page.
        sort: the total order, ``created_at`` and ``id`` included.
        repeated: what the links repeat of the query, form-encoded.
    """

    listing: Listing = IMAGES
    conditions: tuple[Condition, ...] = ()
    visibility: str | None = None
    member_status: str = "accepted"
    dead: frozenset[str] = _NONE
    limit: int = IMAGES.limit
    marker: str | None = None
    sort: tuple[SortKey, ...] = _USUAL_SORT
    repeated: str = ""

    def first(self) -> str:
        """Link to the first page: path-relative, form-encoded, without a marker."""
        return f"{self.listing.path}?{self.repeated}" if self.repeated else self.listing.path

    def next(self, last: str) -> str:
        """Link to the page after the one that ends with the image ``last``."""
        marker = f"marker={form_encoded(last)}"
        return f"{self.listing.path}?{self.repeated}&{marker}" if self.repeated else f"{self.listing.path}?{marker}"


def parse(raw: str, view: View, listing: Listing = IMAGES) -> ListQuery:
    """Read the query string of a list.

    The checks run in Glance's order, so that of several mistakes the same one is reported. What was asked lately is not
    read anew for the next page: of a usual marker nothing can be wrong here.

    Args:
        raw: the query string as it came, percent-encoded; one character a byte.
        view: who asks, in which profile and version of the API.
        listing: the list that is asked.

    Raises:
        RequestError: something in it is not legal; the first such thing is named.
    """
    asked = _asked(view.profile, view.is_queens, view.needs_registered, listing)
    if len(raw) > _LONG:
        return _parsed(raw, asked)
    if "marker" not in raw:
        return _known(raw, asked)
    match = _MARKED.fullmatch(raw)
    if match:
        before, marker, after = match.groups()
        query = _known(f"{before}{after}" if before else after[1:], asked)
        if query.marker is None:
            return query._replace(marker=marker)
    return _parsed(raw, asked)


class _Asked(NamedTuple):
    """What a query is read for.

    Attributes:
        reading: how its filters are read.
        registered: the filter ``__isregistered=true`` where the service adds it.
        listing: the list that is asked.
        is_strict: whether a ``%`` that escapes nothing is refused.
        repeats_all: whether the links repeat every value of a repeated parameter, and not just the last.
    """

    reading: Reading
    registered: Condition | None
    listing: Listing
    is_strict: bool
    repeats_all: bool


@lru_cache(maxsize=64)
def _asked(profile: Profile, is_queens: bool, needs_registered: bool, listing: Listing) -> _Asked:
    reading = Reading(profile, is_queens)
    return _Asked(
        reading,
        reading.equals(*REGISTERED) if needs_registered else None,
        listing,
        is_strict="stray-percent" in profile,
        repeats_all="repeated-parameters-in-links" in profile,
    )


def _parsed(raw: str, asked: _Asked) -> ListQuery:
    """Read a query string in two halves, each of which was often asked for before with another one.

    What a fresh question waits for is code that is in no cache of the processor: one loop takes less of it than several
    comprehensions, here and in what follows.
    """
    parts = parts_of(raw, is_strict=asked.is_strict)
    framing: list[Part] = []
    filters: list[Part] = []
    for part in parts:
        (framing if part.name in _FRAMING else filters).append(part)
    is_long = len(raw) > _LONG
    frame = (_frame.__wrapped__ if is_long else _frame)(tuple(framing), asked)
    if frame.surplus:
        filters = [part for part in parts if part.name not in _FRAMING or part.name in frame.surplus]
    wanted = (_filters.__wrapped__ if is_long else _filters)(tuple(filters), asked)
    return ListQuery(
        asked.listing,
        wanted.conditions,
        frame.visibility,
        frame.member_status,
        wanted.dead,
        frame.limit,
        frame.marker,
        frame.sort,
        _repeated(parts, asked),
    )


_known: Final = lru_cache(maxsize=_KEPT)(_parsed)


class _Frame(NamedTuple):
    """What a query says besides filters, as :class:`ListQuery` has it.

    Attributes:
        surplus: what was sent more often than it is taken: the further values are filters (as in Glance).
    """

    visibility: str | None
    member_status: str
    limit: int
    marker: str | None
    sort: tuple[SortKey, ...]
    surplus: frozenset[str]


@lru_cache(maxsize=_KEPT)
def _frame(parts: tuple[Part, ...], asked: _Asked) -> _Frame:
    """Read what is no filter.

    Args:
        parts: the parameters of these names.
        asked: what the query is read for.
    """
    left = _Left(parts)
    if left.is_repeating and "repeated-single-values" in asked.reading.profile:
        for name in _SINGLE:
            values = left.all(name)
            if len(values) > 1:
                raise RequestError("repeated", name, ", ".join(values), f"one value, not {len(values)}")
    limit, marker = left.first("limit"), left.first("marker")
    member_status = left.first("member_status")
    visibility = _visibility(left, asked.reading)
    since = left.every("changes-since")
    if since and since[-1]:
        raise RequestError("changes-since", "changes-since", since[-1], "no value; use updated_at=gte:TIME")
    if member_status is not None and member_status not in (*MEMBER_STATUSES, "all"):
        raise RequestError("member-status", "member_status", member_status, f"{', '.join(MEMBER_STATUSES)} or all")
    count = _limit(limit) if limit is not None else asked.listing.limit
    sort = _sort(left)
    return _Frame(visibility, member_status or "accepted", min(count, LIMIT_CAP), marker, sort, left.names)


class _Filters(NamedTuple):
    """The filters of a query, as :class:`ListQuery` has them."""

    conditions: tuple[Condition, ...]
    dead: frozenset[str]


@lru_cache(maxsize=_KEPT)
def _filters(parts: tuple[Part, ...], asked: _Asked) -> _Filters:
    """Read the filters, and what the service adds to them.

    Args:
        parts: all of them; of a repeated one the last value counts, but of tags each.
        asked: what the query is read for.
    """
    reading, listing = asked.reading, asked.listing
    conditions: list[Condition | None] = []
    filters: dict[str, str] = {}
    tags: list[str] = []
    for name, value, _ in parts:
        if name == "tag":
            tags.append(value.strip())
        else:
            filters[name] = value
    characters = filters.pop("tags", "")  # Glance takes `tags` for a list of tags, here one a character
    if "protected" in filters:
        conditions += listing.conditions(reading, "protected", filters.pop("protected"))
    for name, value in filters.items():
        conditions += listing.conditions(reading, name, value)
    conditions.extend(map(reading.tag, tags or characters))
    conditions.append(asked.registered)
    found: tuple[Condition, ...] = tuple(filter(None, conditions))
    is_about_dead = "status" in filters and "dead-images-on-request" in reading.profile
    return _Filters(found, _dead(found) if is_about_dead else _NONE)


class _Left:
    """The parameters not yet taken, in the order they were sent first."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value, _ in parts:
            self._values.setdefault(name, []).append(value)
        self.is_repeating = len(self._values) < len(parts)

    def all(self, name: str) -> list[str]:
        """Look at every value of a parameter and leave them."""
        return self._values.get(name, [])

    def first(self, name: str) -> str | None:
        """Take the first value of a parameter; any further one is left, as a filter (as in Glance)."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) == 1:
            del self._values[name]
        return values.pop(0)

    def every(self, name: str) -> list[str]:
        """Take every value of a parameter."""
        return self._values.pop(name, [])

    @property
    def names(self) -> frozenset[str]:
        """The names of what is left."""
        return frozenset(self._values) if self._values else _NONE


def _visibility(left: _Left, reading: Reading) -> str | None:
    """Check the visibility asked for; Glance judges two by the last, and nothing has both (recorded)."""
    values = left.every("visibility")
    if not values:
        return None
    asked = values[-1]
    if "enumerations-ignore-case" in reading.profile:
        asked = asked.lower()
    if not asked and "empty-visibility" not in reading.profile:
        return "" if reading.is_queens or len(values) > 1 else None
    legal = (*VISIBILITIES, "community") if reading.is_queens else VISIBILITIES
    if asked not in legal:
        raise RequestError("visibility", "visibility", values[-1], f"one of {', '.join(legal)}")
    return asked if len(values) == 1 else ""


def _limit(text: str) -> int:
    limit = whole_number(text.strip())
    if limit is None:
        raise RequestError("limit", "limit", text, _LEGAL_LIMIT)
    if limit < 0:
        raise RequestError("negative-limit", "limit", text, _LEGAL_LIMIT)
    return limit


def _sort(left: _Left) -> tuple[SortKey, ...]:
    """Read the order in either syntax and complete it, so that no two images are equal in it."""
    combined = left.first("sort")
    keys, directions = left.every("sort_key"), left.every("sort_dir")
    if not keys and not directions and combined is None:
        return _USUAL_SORT
    is_long = len(combined or "") > _LONG or len(keys) + len(directions) > len(SORT_KEYS) * 2
    return (_sorted.__wrapped__ if is_long else _sorted)(combined, tuple(keys), tuple(directions))


@lru_cache(maxsize=256)
def _sorted(combined: str | None, given: tuple[str, ...], ways_given: tuple[str, ...]) -> tuple[SortKey, ...]:
    keys, directions = list(given), list(ways_given)
    if combined is not None:
        if keys or directions:
            raise RequestError("sort-syntaxes", "sort", combined, "sort alone, or sort_key and sort_dir")
        for part in combined.strip().split(","):  # Glance checks key and direction part by part
            key, _, direction = part.partition(":")
            keys.append(_one_of(key.strip(), SORT_KEYS, "sort-key", "sort", combined))
            directions.append(
                _one_of((direction or "desc").strip(), SORT_DIRECTIONS, "sort-direction", "sort", combined)
            )
    else:
        keys = [_one_of(key.strip(), SORT_KEYS, "sort-key", "sort_key", key) for key in keys]
        directions = [_one_of(way.strip(), SORT_DIRECTIONS, "sort-direction", "sort_dir", way) for way in directions]
    if len(directions) > 1 and len(directions) != len(keys):
        raise RequestError(
            "sort-directions", "sort_dir", ",".join(directions), "one for all sort keys, or one for each"
        )
    keys = keys or ["created_at"]
    default = directions[0] if len(directions) == 1 else "desc"
    if len(directions) < len(keys):
        directions = [default] * len(keys)
    ways: dict[str, str] = {}
    for key, direction in zip(keys, directions, strict=True):
        ways.setdefault(key, direction)  # a key that comes again changes nothing
    for tie in ("created_at", "id"):
        ways.setdefault(tie, default)
    return tuple(SortKey(name, way == "desc") for name, way in ways.items())


def _one_of(text: str, legal: tuple[str, ...], problem: str, parameter: str, sent: str) -> str:
    if text not in legal:
        hint = f"one of {', '.join(legal)}" + (f"; {shown(text)} is none of them" if text != sent else "")
        raise RequestError(problem, parameter, sent, hint, wrong=text, keys=_LEGAL_SORT_KEYS)
    return text


def _dead(conditions: Iterable[Condition | None]) -> frozenset[str]:
    """Tell which dead statuses a filter by status asks for."""
    found = [one for one in conditions if isinstance(one, Equals) and one.name == "status"]
    return frozenset(str(value) for one in found for value in one.values if value in DEAD_STATUSES) if found else _NONE


def _repeated(parts: Sequence[Part], asked: _Asked) -> str:
    """Write what the links repeat: all that was sent but the marker, and what the service adds."""
    if not asked.repeats_all:
        parts = list({part.name: part for part in parts}.values())
    links: list[str] = []
    is_added = asked.registered is not None
    for name, _, encoded in parts:
        if name != "marker":
            links.append(encoded)
        if name == REGISTERED[0]:
            is_added = False
    return "&".join(("=".join(REGISTERED), *links) if is_added else links)
