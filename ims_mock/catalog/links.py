"""The links of a page: how ``first`` and ``next`` are built from the query of the client."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import quote_plus, urlencode

from ims_mock.catalog.visibility import View

REGISTERED: Final = ("__isregistered", "true")  # which the service adds to the queries of ordinary callers


class PageLinks(NamedTuple):
    """The links of the pages of one list query."""

    path: str  # of the list
    query: str  # which all links repeat, form-encoded

    @property
    def first(self) -> str:
        """The link to the first page: path and query without a marker."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def next(self, last: str) -> str:
        """Return the link to the page after the one that ends with the image ``last``."""
        separator = "&" if self.query else ""
        return f"{self.path}?{self.query}{separator}marker={quote_plus(last)}"


def page_links(path: str, parameters: Sequence[tuple[str, str]], view: View) -> PageLinks:
    """Return links with all parameters but the marker, preceded by the one that the service adds."""
    if "repeated-parameters-in-links" not in view.profile:
        parameters = list(dict(parameters).items())
    repeated = [(name, value) for name, value in parameters if name != "marker"]
    if view.needs_registered and all(name != REGISTERED[0] for name, _ in parameters):
        repeated.insert(0, REGISTERED)
    return PageLinks(path, urlencode(repeated))
