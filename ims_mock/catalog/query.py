"""List queries: a query string becomes a :class:`ListQuery`, and the links of a page repeat it.

The raw query string is parsed here and not by the web framework, because a stray ``%``, repeated parameters and bytes
that are not UTF-8 all have documented or recorded answers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from ims_mock.catalog.cloudimages import IMAGES, Listing
from ims_mock.catalog.filters import Condition, Equals, Filter, FilterParser, comparable
from ims_mock.catalog.links import REGISTERED, PageLinks, page_links
from ims_mock.catalog.visibility import HasVisibility, IsVisible, View, as_shown
from ims_mock.contract.fields import BY_NAME, DEAD_STATUSES, MEMBER_STATUSES, VISIBILITIES
from ims_mock.contract.parameters import LIMIT_CAP, REJECTED, SORT_DIRECTIONS, SORT_KEYS
from ims_mock.contract.values import parse_integer
from ims_mock.errors import RequestError
from ims_mock.text import cached_if_short, quoted, wire_text

_LEGAL_SORT_KEYS: Final = ", ".join(SORT_KEYS)
_LEGAL_LIMIT: Final = f"a whole number from 0 (more than {LIMIT_CAP} counts as {LIMIT_CAP})"
_STRAY_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Unread = dict[str, list[str]]  # parameters that are not read yet, in the order in which they were sent first


class SortKey(NamedTuple):
    """One sort key and its direction."""

    name: str
    is_descending: bool


@dataclass(frozen=True)
class ListQuery:
    """A list query, checked and complete."""

    listing: Listing
    conditions: tuple[Condition, ...]  # what every listed image satisfies, visibility to the caller included
    dead: frozenset[str]  # which of the statuses deleted and killed are requested
    limit: int  # 0 to 1000
    marker: str | None  # the id of the last image of the previous page
    sort: tuple[SortKey, ...]  # completed to a total order
    links: PageLinks


@cached_if_short(256, length=2_000)
def parse(raw: str, view: View, listing: Listing = IMAGES) -> ListQuery:
    """Parse the query string of a list as it was sent: percent-encoded, one character per byte.

    The checks run in Glance's order, so that of several mistakes the same one is reported as :class:`RequestError`.
    """
    parameters = _parameters(raw, is_strict="stray-percent" in view.profile)
    left: Unread = {}
    for name, value in parameters:
        left.setdefault(name, []).append(value)
    if "repeated-single-values" in view.profile:
        for name in sorted(one.name for one in listing.parameters.values() if one.repeated == REJECTED):
            if len(values := left.get(name, ())) > 1:
                raise RequestError("repeated", name, ", ".join(values), "one value")
    limit, marker, member_status = (_pop_first(left, name) for name in ("limit", "marker", "member_status"))
    visibility = _visibility(left.pop("visibility", []), view)
    since = left.pop("changes-since", [])
    if since and since[-1]:
        raise RequestError("changes-since", "changes-since", since[-1], "updated_at=gte:TIME")
    if member_status is not None and member_status not in (*MEMBER_STATUSES, "all"):
        raise RequestError("member-status", "member_status", member_status, f"{', '.join(MEMBER_STATUSES)} or all")
    count = listing.limit if limit is None else _limit(limit)
    sort = _sort(left)
    filters = _filters(left, view, listing)
    dead = _dead_statuses(filters) if "dead-images-on-request" in view.profile else frozenset[str]()
    service = _service_conditions(view, visibility, member_status or "accepted", DEAD_STATUSES - dead)
    conditions = dict.fromkeys([*service, *(as_shown(view, condition) for condition in filters)])
    links = page_links(listing.path, parameters, view)
    return ListQuery(listing, tuple(conditions), dead, min(count, LIMIT_CAP), marker, sort, links)


# --- the parameters


def _parameters(raw: str, *, is_strict: bool) -> list[tuple[str, str]]:
    """Split and decode a query string. Only ``&`` separates parameters, and each is split at its first ``=``."""
    parameters = []
    for text in raw.split("&"):
        if text:
            encoded_name, _, encoded_value = text.encode("latin-1", "replace").partition(b"=")
            name = _decode(encoded_name, "parameter name", is_strict=is_strict)
            parameters.append((name, _decode(encoded_value, name, is_strict=is_strict)))
    return parameters


def _decode(encoded: bytes, name: str, *, is_strict: bool) -> str:
    if is_strict and _STRAY_PERCENT.search(encoded):
        legal = "%25 for a literal %"
        raise RequestError("stray-percent", name, encoded.decode("latin-1"), legal)
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise RequestError("encoding", name, encoded.decode("latin-1"), "UTF-8, percent-encoded") from None


def decoded(raw: str) -> tuple[tuple[str, str], ...]:
    """Decode any query string for people to read; bytes that are not UTF-8 are replaced."""
    return tuple(parse_qsl(wire_text(raw), keep_blank_values=True, errors="replace"))


def has_stray_percent(raw: str) -> bool:
    """Return whether a query string has a ``%`` that escapes nothing."""
    return "%" in raw and _STRAY_PERCENT.search(raw.encode("latin-1", "replace")) is not None


def _pop_first(left: Unread, name: str) -> str | None:
    """Read the first value of a parameter. Further ones stay and become filters, as in Glance."""
    values = left.get(name)
    if values is None:
        return None
    if len(values) == 1:
        del left[name]
    return values.pop(0)


def _visibility(values: Sequence[str], view: View) -> str | None:
    """Return the requested visibility; of two Glance checks the last one, and no image has both (recorded)."""
    if not values:
        return None
    wanted = comparable(values[-1], BY_NAME["visibility"], view.profile)
    if not wanted and "empty-visibility" not in view.profile:
        return "" if view.is_queens or len(values) > 1 else None
    legal = (*VISIBILITIES, "community") if view.is_queens else VISIBILITIES
    if wanted not in legal:
        raise RequestError("visibility", "visibility", values[-1], f"one of {', '.join(legal)}")
    return wanted if len(values) == 1 else ""


def _limit(text: str) -> int:
    limit = parse_integer(text.strip())
    if limit is None or limit < 0:
        raise RequestError("limit" if limit is None else "negative-limit", "limit", text, _LEGAL_LIMIT)
    return limit


def _sort(left: Unread) -> tuple[SortKey, ...]:
    """Return the sort keys of either syntax, completed so that no two images are equal."""
    combined, keys, directions = _pop_first(left, "sort"), left.pop("sort_key", []), left.pop("sort_dir", [])
    if combined is not None:
        if keys or directions:
            raise RequestError("sort-syntaxes", "sort", combined, "sort alone, or sort_key and sort_dir")
        for part in combined.strip().split(","):  # Glance checks key and direction part by part
            key, _, way = part.partition(":")
            keys.append(_one_of(key.strip(), SORT_KEYS, "sort-key", "sort", combined))
            directions.append(_one_of((way or "desc").strip(), SORT_DIRECTIONS, "sort-direction", "sort", combined))
    else:
        keys = [_one_of(key.strip(), SORT_KEYS, "sort-key", "sort_key", key) for key in keys]
        directions = [_one_of(way.strip(), SORT_DIRECTIONS, "sort-direction", "sort_dir", way) for way in directions]
    if len(directions) > 1 and len(directions) != len(keys):
        legal = "one for all sort keys, or one for each"
        raise RequestError("sort-directions", "sort_dir", ",".join(directions), legal)
    keys = keys or ["created_at"]
    default = directions[0] if len(directions) == 1 else "desc"
    if len(directions) < len(keys):
        directions = [default] * len(keys)
    complete: dict[str, str] = {}
    for key, way in [*zip(keys, directions, strict=True), ("created_at", default), ("id", default)]:
        complete.setdefault(key, way)  # a key that is repeated changes nothing
    return tuple(SortKey(key, way == "desc") for key, way in complete.items())


def _one_of(text: str, legal: tuple[str, ...], problem: str, parameter: str, sent: str) -> str:
    if text not in legal:
        hint = f"one of {', '.join(legal)}" + (f"; {quoted(text)} is none of them" if text != sent else "")
        raise RequestError(problem, parameter, sent, hint, wrong=text, keys=_LEGAL_SORT_KEYS)
    return text


def _service_conditions(
    view: View, visibility: str | None, member_status: str, hidden: frozenset[str]
) -> Iterator[Condition]:
    """Yield the conditions of every list: no dead images, those that the caller sees, and only registered ones."""
    if hidden:
        yield Equals("status", hidden, folded=True, negated=True)
    yield IsVisible(view, member_status, with_community=view.is_queens and visibility is not None)
    if visibility is not None:
        yield HasVisibility(view, visibility, member_status)
    if view.needs_registered:
        yield registered(view)


def registered(view: View) -> Equals:
    """Return the condition that the service adds to the queries of ordinary callers."""
    return FilterParser(view.profile, view.is_queens).equals(*REGISTERED)


def _filters(left: Unread, view: View, listing: Listing) -> list[Filter]:
    """Return the conditions for all parameters that are filters.

    Of a repeated filter the last value counts, but every tag does. Glance takes ``tags`` for a list of tags, and a
    text is a list of characters (recorded).
    """
    parser = FilterParser(view.profile, view.is_queens)
    tags = [value.strip() for value in left.pop("tag", [])]
    characters = left.pop("tags", [])
    last = {name: values[-1] for name, values in left.items()}
    if "protected" in last:  # Glance checks it before all other filters (recorded)
        last = {"protected": last.pop("protected"), **last}
    found: list[Filter | None] = []
    for name, value in last.items():
        found.extend(listing.filters(parser, name, value))
    found += map(parser.tag, tags or (characters[-1] if characters else ()))
    return [one for one in found if one is not None]


def _dead_statuses(filters: Iterable[Filter]) -> frozenset[str]:
    """Return which dead statuses a filter by status requests."""
    statuses = (one.values for one in filters if isinstance(one, Equals) and one.name == "status")
    return frozenset(str(value) for values in statuses for value in values if value in DEAD_STATUSES)
