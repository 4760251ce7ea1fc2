"""The lists of images straight over WSGI: the same answer as the web framework would give, in less than its own time.

What is not plain, from a mistake in the query to a hook of somebody's own, is left to the framework, which then answers
it from the beginning.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sized
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, signals

from ims_mock.credentials import Credentials
from ims_mock.kinds import wire_text
from ims_mock.listing import CLOUDIMAGES, IMAGES, Listing
from ims_mock.query import parse
from ims_mock.settings import LENIENT
from ims_mock.web.answers import JSON, REQUEST_ID, page_body
from ims_mock.web.choice import emulator_for
from ims_mock.web.current import id_of
from ims_mock.web.images import BLUEPRINT
from ims_mock.web.lines import log_answer
from ims_mock.web.noting import note_beginning, note_end

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LISTINGS: Final[dict[str, Listing]] = {one.path: one for one in (IMAGES, CLOUDIMAGES)}

_LONG: Final = 4_096
"""A query of so many characters may be too long for somebody, who says so."""

_HOST: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*(?::[0-9]+)?")
_SCHEMES: Final = frozenset({"http", "https"})
_OK: Final = HTTPStatus.OK.value
_PRESERVED: Final = "werkzeug.debug.preserve_context"
"""Under this name a request holds what keeps its context for a test that wants to look at it."""

_SIGNALS: Final = (
    signals.request_started,
    signals.request_finished,
    signals.request_tearing_down,
    signals.appcontext_pushed,
    signals.appcontext_popped,
    signals.appcontext_tearing_down,
)
_log = logging.getLogger("ims_mock")


def answer_lists_straight(app: Flask) -> None:
    """Let an application answer requests for the lists straight, where nothing speaks against it.

    Args:
        app: the application, with all of its own hooks.
    """
    framework, nobody_listens = app.wsgi_app, _silence(app)

    def straight(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        listing = _LISTINGS.get(environ.get("PATH_INFO", ""))
        body = _answer(app, environ, listing) if listing and _is_plain(environ) and nobody_listens() else None
        if body is None:
            return framework(environ, start_response)
        identifier = id_of(environ["ims_mock.kept"])
        headers = [("Content-Type", JSON), ("Content-Length", str(len(body))), (REQUEST_ID, identifier)]
        start_response("200 OK", headers)
        return [body]

    app.wsgi_app = straight  # type: ignore[method-assign]


def _is_plain(environ: WSGIEnvironment) -> bool:
    """Whether a request is one that can be answered without the framework."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and "HTTP_AUTHORIZATION" not in environ
        and "HTTP_UPGRADE" not in environ
        and environ.get("wsgi.url_scheme") in _SCHEMES
        and len(environ.get("QUERY_STRING", "")) < _LONG
        and _HOST.fullmatch(environ.get("HTTP_HOST", "")) is not None
        and _PRESERVED not in environ
    )


def _silence(app: Flask) -> Callable[[], bool]:
    """Make the function that tells whether nobody hooks into requests for lists but the application itself."""
    kinds = (
        app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs, app.url_value_preprocessors,
    )  # fmt: skip
    hooks: list[Sized] = [kind[name] for kind in kinds for name in (None, BLUEPRINT)]
    hooks.append(app.teardown_appcontext_funcs)
    own = sum(map(len, hooks))
    hooks += [signal.receivers for signal in _SIGNALS]
    views, config = app.view_functions, app.config
    names = [name for name in views if name.startswith(f"{BLUEPRINT}.list_")]
    own_views = [views[name] for name in names]

    def is_silent() -> bool:
        return (
            sum(map(len, hooks)) == own and [views[name] for name in names] == own_views and not config["TRUSTED_HOSTS"]
        )

    return is_silent


def _answer(app: Flask, environ: WSGIEnvironment, listing: Listing) -> bytes | None:
    """Answer a request and note it; ``None`` when the framework must answer it."""
    known: dict[str, Any] = {"began": perf_counter()}
    try:
        here = emulator_for(app, environ, by_credentials=True)
        if here.has_faults or here.throttle or here.treatment.mode != LENIENT:
            return None
        project, token = environ.get("HTTP_X_PROJECT_ID", ""), environ.get("HTTP_X_AUTH_TOKEN", "")
        note_beginning(here, known)
        verdict = here.identity.nobody
        if project or token:
            verdict = here.verdict(Credentials(project=wire_text(project), token=wire_text(token)))
        known["verdict"] = verdict
        seen_as = here.view(here.admitted(verdict), environ.get("HTTP_X_API_VERSION", ""))
        query = parse(environ.get("QUERY_STRING", ""), seen_as, listing)
        catalog = here.catalog
        page = catalog.page(query, seen_as)
        body = page_body(page, query)
    except Exception:  # a mistake or a bug: the framework meets it again, and answers it
        return None
    environ["ims_mock.kept"] = known
    note_end(_OK, page.images, environ, known, (query, seen_as, page.has_next), catalog)
    if _log.isEnabledFor(logging.INFO):
        log_answer(_OK, environ, known)
    return body
