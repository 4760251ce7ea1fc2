"""What the vendor's documentation says about a request: parameters, values and deprecated paths."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ims_mock.auth.authentication import NO_CREDENTIALS
from ims_mock.catalog.cloudimages import LISTS, Listing
from ims_mock.catalog.filters import FilterParser
from ims_mock.catalog.query import decoded
from ims_mock.contract.fields import BY_NAME, KNOWN_NAMES, nearest
from ims_mock.contract.parameters import Parameter
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.contract.values import TIME, is_documented_time, parse_integer, parse_time
from ims_mock.errors import RequestError
from ims_mock.journal.redaction import redacted_value
from ims_mock.text import quoted

ValueProblem = tuple[str, str, str]  # the finding, what is wrong with a value, and what to send instead

_DOCUMENTED_PATHS: Final = (*(f"{path}/" for path in LISTS), "/v2/schemas/")  # the document names no parameters below
_GLANCE_OPERATORS: Final = ("eq", "in")
_REPLACEMENTS: Final = {"changes-since": "write updated_at=gte:TIME", "tags": "write tag=KEY=VALUE, once for each"}
_DEPRECATED: Final = (  # methods and paths, in which * is one segment, and what the vendor recommends instead
    ("GET", "/v2/images/*", "GET /v2/cloudimages?id=ID"),
    ("PATCH", "/v2/images/*", "PATCH /v2/cloudimages/ID"),
    ("PUT", "/v2/images/*/file", "PUT /v1/cloudimages/ID/upload"),
    ("PUT", "/v2/images/*/tags/*", "POST /v2/PROJECT/images/ID/tags"),
    ("DELETE", "/v2/images/*/tags/*", "DELETE /v2/PROJECT/images/ID/tags/KEY"),
    ("POST", "/v2/images/*/members", "POST /v1/cloudimages/members"),
    ("PUT", "/v2/images/*/members/*", "PUT /v1/cloudimages/members"),
    ("DELETE", "/v2/images/*/members/*", "DELETE /v1/cloudimages/members"),
    ("GET", r"/v1\.1/images/detail", "GET /v2/cloudimages"),
    ("HEAD", "/v1/images/*", "GET /v2/cloudimages?id=ID"),
    ("DELETE", r"/v1\.1/images/*", "DELETE /v2/images/ID"),
)


@dataclass(frozen=True)
class DocumentedRequest:
    """A request, as far as the document says something about it."""

    method: str
    path: str  # decoded
    query: str = ""  # as it was sent
    is_queens: bool = False
    is_admin: bool = False
    credentials: str = NO_CREDENTIALS  # what was sent: "nothing", "a token" or "a signature"
    refusal: str = ""  # the name of the error with which --auth on rejects the request

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The parameters in the order they were sent, decoded; values of secrets are redacted."""
        return decoded_query(self.query)

    @cached_property
    def listing(self) -> Listing | None:
        """The list of images that it requests; ``None`` for other requests."""
        return LISTS.get(self.path.rstrip("/")) if self.method == "GET" else None

    @cached_property
    def parameters(self) -> Mapping[str, Parameter] | None:
        """The documented parameters of the path; ``None`` if the document does not name the path."""
        if self.listing:
            return self.listing.parameters
        return {} if f"{self.path.rstrip('/')}/".startswith(_DOCUMENTED_PATHS) else None

    @cached_property
    def sent(self) -> Mapping[str, list[str]]:
        """The values of each documented parameter in the order they were sent."""
        sent: dict[str, list[str]] = {}
        for name, value in self.pairs:
            if name in (self.parameters or ()):
                sent.setdefault(name, []).append(value)
        return sent

    def values(self, name: str) -> list[str]:
        """Return the different values of a documented parameter."""
        return list(dict.fromkeys(self.sent.get(name, ())))

    @cached_property
    def value_problems(self) -> tuple[ValueProblem, ...]:
        """The values of documented parameters that differ from the document."""
        if self.listing is None:
            return ()
        pairs = [(name, value) for name in self.sent for value in self.values(name)]
        return tuple(filter(None, (_value_problem(self.listing, *pair, is_queens=self.is_queens) for pair in pairs)))

    def instead_of(self, name: str) -> str:
        """Return what to send instead of a parameter that the document does not name for the path."""
        if not self.parameters:
            return "remove it: the document names no parameter for this path"
        if name in _REPLACEMENTS:
            return _REPLACEMENTS[name]
        if name not in KNOWN_NAMES and (near := nearest(name, self.parameters)):
            return f"did you mean {near}?"
        for listing in LISTS.values():
            if name in listing.parameters:
                return f"send it to {listing.path}, which has it"
        if name in BY_NAME:
            return "read the property in the response: only Glance filters by it"
        return "remove it: only Glance filters by properties that the document does not name"

    @cached_property
    def alternative(self) -> str | None:
        """What the vendor recommends instead of a deprecated method and path; ``None`` for all others."""
        for method, pattern, alternative in _DEPRECATED:
            if self.method == method and re.fullmatch(pattern.replace("*", "[^/]+"), self.path):
                return alternative
        return None


def decoded_query(query: str) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a query string, decoded; values of secrets are redacted."""
    return tuple((name, redacted_value(name, value)) for name, value in decoded(query))


def _value_problem(listing: Listing, name: str, value: str, *, is_queens: bool) -> ValueProblem | None:
    parameter, sent = listing.parameters[name], f"{name} is {quoted(value)}"
    field = parameter.field
    if field is not None and field.type is TIME:
        return _time_problem(sent, value)
    if parameter.json_type == "integer":
        number = parse_integer(value)
        if number is not None and number >= 0:
            return None
        return "undocumented-value", f"{sent}, not a whole number from 0", f"write {name}= and digits"
    if field is not None and field.has_in_operator and ":" in value:
        return _operator_problem(name, sent, value)
    legal = field.values if field is not None and field.values else parameter.values
    parse = listing.parsers.get(name)
    if value in legal or (not legal and parse is None):
        return None
    if parse is not None:
        try:
            parse(FilterParser(DOCUMENTED, is_queens), value)
        except RequestError as error:
            return "undocumented-value", f"{sent}, which the service rejects", f"write {error.legal}"
    folded, by_folded = value.lower(), {one.lower(): one for one in legal}
    if field is not None and folded in dict(field.spellings):
        return "old-spelling", f"{sent}, an older spelling", f"write {name}={by_folded[field.fold(value)]}"
    if folded in by_folded:
        return "value-case", f"{sent}, which is documented in another case", f"write {name}={by_folded[folded]}"
    if parse is not None:
        return None
    cure = f"write one of {', '.join(legal)}"
    if field is not None and folded in map(str.lower, field.known_values):
        source = "real responses show" if folded in map(str.lower, field.seen_values) else "the published schema lists"
        return "beyond-document", f"{sent}, which only {source}", cure
    if value in parameter.undocumented_values or (name == "visibility" and folded == "community" and is_queens):
        return "beyond-document", f"{sent}, which only Glance knows", cure
    for near in difflib.get_close_matches(folded, by_folded, 1):
        cure += f"; did you mean {by_folded[near]}?"
    return "undocumented-value", f"{sent}, which is not a documented value", cure


def _operator_problem(name: str, sent: str, value: str) -> ValueProblem:
    operator, _, operand = value.partition(":")
    if operator in _GLANCE_OPERATORS:
        cure = f"write {name}= and one value"
        if ":" in operand:
            cure = "keep it if you must: nothing else finds a value with a colon"
        return "beyond-document", f"{sent}, with an operator that only Glance knows", cure
    message = f"{sent}: the text before the colon is read as an operator, and there is no such operator"
    return "undocumented-value", message, f"write {name}=eq:{value}"


def _time_problem(sent: str, value: str) -> ValueProblem | None:
    """Return how a time filter differs from the document; a missing operator is a finding of its own."""
    operator, separator, text = value.partition(":")
    if not separator or parse_time(value):
        operator, text = "", value
    cure = "write the time as 2018-09-06T14:03:27Z or 2018-09-06 14:03:27"
    if parse_time(text) is None or (operator and operator not in TIME.operators):
        cure += f", after {', '.join(TIME.operators)} and a colon"
        return "undocumented-value", f"{sent}, not an operator and a time", cure
    if not is_documented_time(text):
        return "time-format", f"{sent}, a time in a format that only Glance knows", cure
    return None
