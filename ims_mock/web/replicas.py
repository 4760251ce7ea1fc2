"""One of several that answer alike: what only one of them would know is refused, before the others answer otherwise."""

from __future__ import annotations

from typing import Final

from flask import request

from ims_mock.errors import RequestError
from ims_mock.web.context import caller, emulator

LOGIN: Final = "identity.create_token"
"""Logging in changes nothing: issued tokens say all there is to know, and every replica reads them."""

NOTES: Final = {
    "control.requests.list_requests": "the journal",
    "control.walks.list_walks": "the journal",
    "control.coverage.show_coverage": "the coverage",
}
"""What tells of the requests that a process got, and its name."""

MUTE: Final = frozenset({"Granian"})
"""The servers that say of any number of processes that there is one."""

_LEGAL: Final = "GET, and logging in"


def refuse_changes() -> None:
    """Refuse what would change something, of whoever may change it otherwise.

    Raises:
        RequestError: 403.
    """
    if _is_change():
        raise RequestError("unchanging", "the method", request.method, _LEGAL)


def refuse_division() -> None:
    """Where the server may answer with several processes, refuse what only one of them would know.

    Raises:
        RequestError: 403.
    """
    environ = request.environ
    if not environ.get("wsgi.multiprocess") and environ.get("SERVER_SOFTWARE") not in MUTE:
        return
    one = "one process with threads"
    if _is_change():
        what = "has a catalog of its own"
        raise RequestError("divided", "the method", request.method, _LEGAL, cure=f"changes want {one}", what=what)
    told = NOTES.get(request.endpoint or "")
    if told:
        raise RequestError("divided", cure=f"{told} wants {one}", what="notes its own requests")
    if emulator().throttle:
        raise RequestError("divided", cure=f"a throttle wants {one}", what="counts its own requests")


def _is_change() -> bool:
    """Whether the request would change something; its credentials are judged first, as ever."""
    if request.method in ("GET", "HEAD") or request.url_rule is None or request.endpoint == LOGIN:
        return False
    if "control" not in request.blueprints:
        caller()
    return True
