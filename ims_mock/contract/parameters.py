"""The table of query parameters of ``GET /v2/images``, one row per parameter, and the sort keys.

Filters and sort keys derive from the table of attributes; a parameter with a rule of its own has its own row.
:mod:`ims_mock.catalog.query` parses them. Parameters that only the newer list has are in
:mod:`ims_mock.catalog.cloudimages`.
"""

from dataclasses import dataclass, replace
from typing import Final

from ims_mock.contract.fields import ASSUMED, BY_NAME, DOC, EVIDENCE, FIELDS, GLANCE, MEMBER_STATUSES, SEEN, Field
from ims_mock.contract.values import BOOLEAN, INTEGER, LIST, TIME

DEFAULT_LIMIT: Final = 25  # images on a page of /v2/images if the query has no limit
CLOUDIMAGES_LIMIT: Final = 500  # the same for /v2/cloudimages
LIMIT_CAP: Final = 1000  # a larger limit counts as this one

LAST, ALL, REJECTED = ("last", "all", "rejected")
"""What counts if a parameter is repeated: its last value, all values, or none, because the request is rejected."""

SORT_DIRECTIONS: Final = ("asc", "desc")
_GLANCE_SORT_KEYS: Final = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")


def _sort_keys(*evidence: str) -> tuple[str, ...]:
    """Return the sort keys with one of these kinds of evidence, first those of Glance in the order of its messages."""
    sortable = [field.name for field in FIELDS if field.sortable in evidence]
    return tuple(sorted(sortable, key=(*_GLANCE_SORT_KEYS, *sortable).index))


SORT_KEYS: Final = _sort_keys(*EVIDENCE)


@dataclass(frozen=True)
class Parameter:
    """One documented query parameter."""

    name: str
    json_type: str
    description: str
    values: tuple[str, ...] = ()  # the documented values
    default: str = ""  # the value that counts if it is not sent
    evidence: tuple[str, ...] = (DOC,)  # for its rule
    field: Field | None = None  # the attribute that it filters by; None for paging, sorting and membership
    undocumented_values: tuple[str, ...] = ()  # legal values that the document does not name
    is_checked: bool = False  # whether other values are rejected; if not, they match no image
    pattern: str = ""  # the regular expression of legal values, portable to JavaScript
    repeated: str = LAST  # what counts if it is repeated: LAST, ALL or REJECTED


_TYPE_RULES = {
    BOOLEAN: "`true` or `false` in any case. Anything else is a 400.",
    INTEGER: "Equality; an optional sign and digits. Anything else is a 400.",
    TIME: "`operator:time`; a time without an operator means `eq`. Anything else is a 400.",
    LIST: "The list contains the value.",
}
_IN_ITEM = r'(?:"[^"\\]*"|[^",]*)'
_IN_PATTERN = rf"^(?:[^:]*|eq:[\s\S]*|in:{_IN_ITEM}(?:,{_IN_ITEM})*)$"


def _text_rule(field: Field) -> str:
    rule = "Equality in any case." if field.values else "Exact."
    if field.spellings:
        spelled = {value.lower(): value for value in (*field.values, *field.seen_values)}
        equal = ", ".join(f"`{spelled[new]}` and `{spelled[old]}` are equal" for old, new in field.spellings)
        rule = f"Equality in any case; {equal}."
    return rule + (" Also `eq:` and `in:a,b` (glance)." if field.has_in_operator else "")


def _filter(field: Field) -> Parameter:
    return Parameter(
        field.name,
        field.type.json_type,
        _TYPE_RULES.get(field.type) or _text_rule(field),
        ("true", "false") if field.type is BOOLEAN else tuple(f"{one}:" for one in field.operators) or field.values,
        evidence=(DOC, GLANCE) if field.has_in_operator else (DOC,),
        field=field,
        is_checked=field.has_in_operator or field.type in (BOOLEAN, INTEGER, TIME),
        pattern=_IN_PATTERN if field.has_in_operator else "",
    )


_SPECIAL_FILTERS: Final = {
    "visibility": replace(_filter(BY_NAME["visibility"]), is_checked=True, repeated=REJECTED, description="Queens accepts `community` as well (glance). Any other value is a 400."),
    "__isregistered": replace(_filter(BY_NAME["__isregistered"]), values=("true",), evidence=(DOC, SEEN), description="Ordinary callers see registered images only; `false` returns them an empty list (assumed)."),
}

PARAMETERS: Final = (
    *(_SPECIAL_FILTERS.get(field.name) or _filter(field) for field in FIELDS if field.filterable == DOC and field.name != "tags"),
    Parameter("tag", "string", "One tag, `key=value` or `key`; if repeated, images must have all of them (glance).", evidence=(DOC, GLANCE), field=BY_NAME["tags"], repeated=ALL),
    Parameter("member_status", "string", "Which shared images are listed; `all` for any (glance). Any other value is a 400.", MEMBER_STATUSES, "accepted", (DOC, GLANCE), undocumented_values=("all",), is_checked=True, repeated=REJECTED),
    Parameter("limit", "integer", f"Images on a page, 0 to {LIMIT_CAP}; more counts as {LIMIT_CAP} (glance).", (), str(DEFAULT_LIMIT), (DOC, GLANCE), is_checked=True, repeated=REJECTED),
    Parameter("marker", "string", "Id of the last image of the previous page.", evidence=(DOC, GLANCE), is_checked=True, repeated=REJECTED),
    Parameter("sort_key", "string", "What to sort by, repeatable; `updated_at` too (glance).", _sort_keys(DOC), "created_at", (DOC, GLANCE), undocumented_values=_sort_keys(SEEN, GLANCE, ASSUMED), is_checked=True, repeated=ALL),
    Parameter("sort_dir", "string", "Sort direction; one for all keys, or one per key (glance).", SORT_DIRECTIONS, "desc", (DOC, GLANCE), is_checked=True, repeated=ALL),
)

REPEATABLE: Final = frozenset(parameter.name for parameter in PARAMETERS if parameter.repeated == ALL)
"""The names of the parameters of which every value counts."""
