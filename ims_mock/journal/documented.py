"""What the document has for a request: the parameters of its path and their values, and the paths it gives up."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from ims_mock.auth.authentication import NO_CREDENTIALS
from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES
from ims_mock.catalog.filters import FilterParser
from ims_mock.contract.fields import BY_NAME, nearest
from ims_mock.contract.parameters import PARAMETERS, SORT_KEYS, Parameter
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.contract.values import TIME, is_documented_time, parse_integer, parse_time, printable, quoted
from ims_mock.errors import RequestError

COMBINED_SORT: Final = "sort"
"""Glance's parameter for keys and directions in one."""

REPEATABLE: Final = frozenset({"tag", "sort_key", "sort_dir"})
"""The parameters of which every value counts."""

PICKS: Final = ("eq", "in")
"""Glance's own prefixes of values that are no times."""

_LISTS: Final[dict[str, dict[str, Parameter]]] = {
    one.path: {parameter.name: parameter for parameter in (*PARAMETERS, *one.extras)} for one in (IMAGES, CLOUDIMAGES)
}
_READERS: Final = {(one.path, name): read for one in (IMAGES, CLOUDIMAGES) for name, read in one.parsers.items()}
_AROUND: Final = (IMAGES.path, CLOUDIMAGES.path, "/v2/schemas")
"""Under these the document names paths without any parameters."""

_BEYOND: Final = {"member_status": ("all",), "sort_key": SORT_KEYS}
"""Values that Glance takes, besides the documented ones."""

_INSTEAD: Final = {"changes-since": "write updated_at=gte:TIME", "tags": "write tag=KEY=VALUE, once for each"}
"""What stands in the document for parameters of Glance's."""

_DEPRECATED: Final = (
    ("GET", "/v2/images/*", "GET /v2/cloudimages?id=ID"),
    ("PATCH", "/v2/images/*", "PATCH /v2/cloudimages/ID"),
    ("PUT", "/v2/images/*/file", "PUT /v1/cloudimages/ID/upload"),
    ("PUT", "/v2/images/*/tags/*", "POST /v2/PROJECT/images/ID/tags"),
    ("DELETE", "/v2/images/*/tags/*", "DELETE /v2/PROJECT/images/ID/tags/KEY"),
    ("POST", "/v2/images/*/members", "POST /v1/cloudimages/members"),
    ("PUT", "/v2/images/*/members/*", "PUT /v1/cloudimages/members"),
    ("DELETE", "/v2/images/*/members/*", "DELETE /v1/cloudimages/members"),
    ("GET", "/v1.1/images/detail", "GET /v2/cloudimages"),
    ("HEAD", "/v1/images/*", "GET /v2/cloudimages?id=ID"),
    ("DELETE", "/v1.1/images/*", "DELETE /v2/images/ID"),
)
"""Method and path that the vendor advises against, and what it names instead; ``*`` is one part."""


class Slip(NamedTuple):
    """What is wrong with the value of a parameter.

    Attributes:
        finding: the name of the finding.
        message: what was sent, and what is wrong with it.
        cure: what to write instead.
    """

    finding: str
    message: str
    cure: str


@dataclass(frozen=True)
class Asked:
    """A request, as far as the document can be held against it.

    Attributes:
        method: in upper case.
        path: decoded.
        query: as it was sent.
        pairs: the parameters of the query in order, decoded; what is secret by its name is masked.
        is_queens: whether it asks for the Queens release.
        is_admin: whether it comes from an admin.
        proof: what it sent to prove itself: ``nothing``, ``a token`` or ``a signature``.
        refusal: the name of the problem for which ``--auth on`` refuses that; empty when it holds.
    """

    method: str
    path: str
    query: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    is_queens: bool = False
    is_admin: bool = False
    proof: str = NO_CREDENTIALS
    refusal: str = ""

    @cached_property
    def is_list(self) -> bool:
        """Whether it asks for a list of images."""
        return self.method == "GET" and self.path.rstrip("/") in _LISTS

    @cached_property
    def parameters(self) -> Mapping[str, Parameter] | None:
        """The parameters that the document names for the path; ``None`` where it does not know the path."""
        path = self.path.rstrip("/")
        if self.is_list:
            return _LISTS[path]
        return {} if any(path == one or path.startswith(f"{one}/") for one in _AROUND) else None

    @cached_property
    def listed(self) -> Mapping[str, list[str]]:
        """The values of each documented parameter of a list, in the order they were sent."""
        found: dict[str, list[str]] = {}
        for name, value in self.pairs:
            if name in (self.parameters or ()):
                found.setdefault(name, []).append(value)
        return found

    @cached_property
    def slips(self) -> tuple[Slip, ...]:
        """What is wrong with the values of these parameters."""
        path, is_queens = self.path.rstrip("/"), self.is_queens
        found = (
            _slip(path, name, value, is_queens=is_queens)
            for name, values in self.listed.items()
            for value in dict.fromkeys(values)
        )
        return tuple(filter(None, found))

    def values(self, name: str) -> list[str]:
        """Give the values of a documented parameter of a list, each once."""
        return list(dict.fromkeys(self.listed.get(name, ())))


def misnamed(asked: Asked, name: str) -> str:
    """Tell what to write in place of a parameter that the document does not name."""
    known = asked.parameters or {}
    if not known:
        return "leave it out: the document names no parameter for this path"
    if name in _INSTEAD:
        return _INSTEAD[name]
    near = None if name in BY_NAME else nearest(name.lower(), known)
    if near:
        return f"did you mean {near}?"
    elsewhere = [path for path, parameters in _LISTS.items() if name in parameters]
    if elsewhere:
        return f"ask {elsewhere[0]}, which has it"
    if name in BY_NAME:
        return "look at the property in the answer: only Glance finds images by it"
    return "leave it out: at best it is a property that only Glance finds images by"


def _slip(path: str, name: str, value: str, *, is_queens: bool) -> Slip | None:
    """Hold the value of one parameter against the document; ``None`` when it is one that it has.

    Args:
        path: of the list.
        name: of the parameter.
        value: decoded.
        is_queens: whether the request asks for the Queens release.
    """
    parameter, said = _LISTS[path][name], f"{name} is {quoted(value)}"
    field = parameter.field
    if field is not None and field.type is TIME:
        return _time_slip(said, value)
    if parameter.json_type == "integer":
        return _number_slip(name, said, value)
    if field is not None and field.has_in_operator and ":" in value:
        return _prefix_slip(name, said, value)
    legal = field.values if field is not None and field.values else parameter.values
    written = {one.lower(): one for one in legal}
    folded = value.lower()
    if value in legal:
        return None
    read = _READERS.get((path, name))
    if read is not None:
        try:
            read(FilterParser(DOCUMENTED, is_queens), value)
        except RequestError as error:
            return Slip("undocumented-value", f"{said}, which the service refuses", f"write {error.legal}")
    elif not legal:
        return None
    if field is not None and folded in dict(field.spellings):
        return Slip("old-spelling", f"{said}, an older spelling", f"write {name}={written[field.fold(value)]}")
    if folded in written:
        return Slip("value-case", f"{said}, in another case than documented", f"write {name}={written[folded]}")
    if read is not None:
        return None
    cure = f"write one of {', '.join(legal)}"
    if field is not None and folded in map(str.lower, field.seen_values):
        return Slip("beyond-document", f"{said}, which only real answers show", cure)
    if value in _BEYOND.get(name, ()) or (name == "visibility" and folded == "community" and is_queens):
        return Slip("beyond-document", f"{said}, which only Glance knows", cure)
    near = difflib.get_close_matches(folded, written, 1)
    return Slip("undocumented-value", f"{said}, no documented value", cure + _hint([written[one] for one in near]))


def _hint(near: Iterable[str]) -> str:
    return "".join(f"; did you mean {one}?" for one in near)


def _number_slip(name: str, said: str, value: str) -> Slip | None:
    number = parse_integer(value)
    if number is None or number < 0:
        return Slip("undocumented-value", f"{said}, no whole number from 0", f"write {name}= and digits")
    return None


def _prefix_slip(name: str, said: str, value: str) -> Slip:
    prefix = value.partition(":")[0]
    if prefix in PICKS:
        message = f"{said}, with a prefix that only Glance knows"
        return Slip("beyond-document", message, f"write {name}= and one value")
    message = f"{said}; what stands before its colon is taken for an operator, which is none"
    return Slip("undocumented-value", message, f"write {name}= and a value without a colon")


def _time_slip(said: str, value: str) -> Slip | None:
    """Hold a time against the document; one without an operator is a finding of its own."""
    operator, text = operator_of(value)
    cure = "write the time as 2018-09-06T14:03:27Z or 2018-09-06 14:03:27"
    if parse_time(text) is None or (operator and operator not in TIME.operators):
        cure += f", after {', '.join(TIME.operators)} and a colon"
        return Slip("undocumented-value", f"{said}, no operator and time", cure)
    if not is_documented_time(text):
        return Slip("time-format", f"{said}, a time in a format that only Glance knows", cure)
    return None


def operator_of(value: str) -> tuple[str, str]:
    """Split a filter by time into its operator, empty when there is none, and its time."""
    operator, separator, text = value.partition(":")
    return ("", value) if not separator or parse_time(value) else (operator, text)


def replacement(method: str, path: str) -> str | None:
    """Tell what the vendor names in place of a request that it advises against; ``None`` when it does not."""
    parts = path.split("/")
    for known, pattern, instead in _DEPRECATED:
        others = pattern.split("/")
        if method == known and len(parts) == len(others) and all(map(_fits, parts, others)):
            return instead
    return None


def _fits(part: str, other: str) -> bool:
    return part == other or (other == "*" and bool(part))


def parameter_written(name: str) -> str:
    """Write the name of a parameter for a message."""
    return printable(name) if name else "the empty name"
