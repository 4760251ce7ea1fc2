"""The table of effects: what a fault rule can do to a request and its response, one row per effect.

They are applied in :mod:`ims_mock.web.fault_injection`.
"""

import re
from http import HTTPStatus
from typing import Final
from wsgiref.util import is_hop_by_hop

from ims_mock.faults.catalog_changes import CatalogChange, PartError
from ims_mock.faults.key_types import EFFECT, SCALAR, TEXT, TEXTS, KeyType, RuleKey, checked, choice, number, read_part
from ims_mock.text import quoted

MAX_DELAY_SECONDS: Final = 600.0

BEFORE, MIDDLE = _DROPS = ("before", "middle")
TRUNCATED, GARBAGE, EMPTY, HTML = _BODIES = ("truncated", "garbage", "empty", "html")
MISSING, NULL, ABSOLUTE, LOOP, REPEATED = _LINKS = ("missing", "null", "absolute", "loop", "repeated")

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LINE_TEXT: Final = re.compile("[ -~]*")


def _parse_line(value: object) -> str:
    text = read_part(value)
    return str(checked(text, bool(_LINE_TEXT.fullmatch(text))))


def _parse_headers(value: object) -> dict[str, str]:
    """Parse response headers. The server sets those that describe the connection and the length of the body."""
    headers: dict[str, str] = TEXTS.parse(value)
    for name, text in headers.items():
        if is_hop_by_hop(name) or name.lower() == "content-length":
            raise PartError(f": the server sets {name} itself. Use other headers.")
        if not _HEADER_NAME.fullmatch(name):
            raise PartError(f": {quoted(name)} is not the name of a header. Use letters, digits and hyphens.")
        if not _LINE_TEXT.fullmatch(text):
            raise PartError(f".{name}: got {quoted(text)}. Use {_LINE.legal}.")
    return headers


def _parse_delay(value: object) -> tuple[float, float]:
    low, high = map(_SECONDS.parse, value if isinstance(value, list | tuple) else (value, value))
    return low, checked(high, low <= high)


_SECONDS: Final = number(0, MAX_DELAY_SECONDS, float)
_LINE_SCHEMA: Final = {**SCALAR, "pattern": f"^{_LINE_TEXT.pattern}$"}
_LINE: Final = KeyType("a text of one line in ASCII, empty for none", _parse_line, _LINE_SCHEMA)
_HEADERS: Final = KeyType(
    "a mapping of names to texts of one line, without Content-Length and hop-by-hop headers",
    _parse_headers,
    {
        "type": "object",
        "propertyNames": {"pattern": f"^(?!content-length$){_HEADER_NAME.pattern}$"},
        "additionalProperties": _LINE_SCHEMA,
    },
)
_STATUS: Final = KeyType(
    "a status code of HTTP from 400 to 599",
    lambda value: HTTPStatus(number(400, 599).parse(value)),
    {"enum": [int(status) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]},
)
_DELAY: Final = KeyType(
    f"seconds from 0 to {MAX_DELAY_SECONDS:.0f}, or [minimum, maximum]",
    _parse_delay,
    {"anyOf": [_SECONDS.schema, {"type": "array", "items": _SECONDS.schema, "minItems": 2, "maxItems": 2}]},
)
_CHANGE: Final = KeyType("a mapping with delete, add, update", CatalogChange.parse, {"type": "object"})
EFFECTS: Final = (
    RuleKey("delay", EFFECT, _DELAY, "Delays the request before anything else happens."),
    RuleKey("catalog", EFFECT, _CHANGE, "Deletes, adds or updates images before the request is answered: `{\"delete\": \"marker\"}` (the marker of this request), `{\"delete\": ID}`, `{\"add\": {…}}`, `{\"update\": {ID: {…}}}`."),
    RuleKey("status", EFFECT, _STATUS, "Rejects the request, in the format of the component that uses this status.", excludes="next"),
    RuleKey("code", EFFECT, TEXT, "The error code, such as `IMG.0017`; `APIGW.…` selects the format of the gateway, any other code that of the service.", requires="status"),
    RuleKey("message", EFFECT, TEXT, "The error message.", requires="status"),
    RuleKey("next", EFFECT, choice(*_LINKS), "The link to the next page is left out, `null`, an absolute URL, a link to the first page, or a link to the same page."),
    RuleKey("body", EFFECT, choice(*_BODIES), "The body is cut in half, not UTF-8, empty, or an HTML error page; Content-Length matches it."),
    RuleKey("content_type", EFFECT, _LINE, "The Content-Type of the response."),
    RuleKey("headers", EFFECT, _HEADERS, "Response headers to add or replace."),
    RuleKey("drop", EFFECT, choice(*_DROPS), "Processes the request and closes the connection before the response or in the middle of its body."),
)  # fmt: skip
"""The effects in the order in which they are applied."""
