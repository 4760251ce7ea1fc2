"""The links of a page: how ``first`` and ``next`` are built from a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode

from ims_mock.catalog.visibility import View

if TYPE_CHECKING:
    from ims_mock.catalog.query import ListQuery

REGISTERED: Final = ("__isregistered", "true")
"""The parameter that the service adds to the queries of ordinary callers."""

STAY_IN_SANDBOX: Final = (
    "links begin with /v2/, so append them to the URL of the sandbox instead of resolving them with urljoin, "
    "or send the sandbox's token"
)
"""What a client does that has left a sandbox by following a link."""


def link_query(parameters: Sequence[tuple[str, str]], view: View) -> str:
    """Return the query that links carry: all parameters but the marker, preceded by the one that the service adds."""
    if "repeated-parameters-in-links" not in view.profile:
        parameters = list(dict(parameters).items())
    repeated = [(name, value) for name, value in parameters if name != "marker"]
    if view.needs_registered and all(name != REGISTERED[0] for name, _ in parameters):
        repeated.insert(0, REGISTERED)
    return urlencode(repeated)


def first_link(query: ListQuery) -> str:
    """Return the link to the first page: path and query without a marker."""
    return f"{query.listing.path}?{query.link_query}" if query.link_query else query.listing.path


def next_link(query: ListQuery, last: str) -> str:
    """Return the link to the page after the one that ends with the image ``last``."""
    separator = "&" if query.link_query else ""
    return f"{query.listing.path}?{query.link_query}{separator}marker={quote_plus(last)}"
