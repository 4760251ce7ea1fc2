"""The WSGI application: every blueprint over one emulator, and the one place where errors become answers."""

from __future__ import annotations

import logging
from functools import partial
from time import perf_counter
from typing import Final

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadHost, HTTPException, MethodNotAllowed, NotFound

from ims_mock.catalog.cloudimages import CLOUDIMAGES, asks_list
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.journal.treatment import Treatment
from ims_mock.loading.dump import Masks
from ims_mock.options import WARN
from ims_mock.web import control, images, members, openapi, schemas, tags
from ims_mock.web import discovery as versions
from ims_mock.web import image_data as data
from ims_mock.web import keystone as identity
from ims_mock.web.access_log import log_answer, log_failure
from ims_mock.web.context import emulator, host_refused, id_of, kept, request_id, verdict
from ims_mock.web.control.coverage import endpoints_of
from ims_mock.web.guards import refuse_unasked
from ims_mock.web.noting import note_beginning, note_end
from ims_mock.web.responses import (
    REQUEST_ID,
    Shape,
    glance_error_answer,
    images_of,
    keystone_error_answer,
    service_error_answer,
    shape_of,
)
from ims_mock.web.sandbox_routing import emulator_for, have_sandboxes

GATEWAY_URI_BYTES: Final = 32_768
"""The longest path and query the gateway takes (its own documentation)."""

GLANCE_LINE_BYTES: Final = 8_192
"""The longest request line Glance's server takes, line end included (recorded)."""

_SHAPES: Final[dict[str, Shape]] = {
    identity.PREFIX: keystone_error_answer,
    control.PREFIX: keystone_error_answer,
    openapi.PATH: keystone_error_answer,
    CLOUDIMAGES.path: service_error_answer,
}
"""The paths whose errors have one shape in every profile."""

_log = logging.getLogger("ims_mock")


class _App(Flask):
    def ensure_sync(self, func):  # type: ignore
        return func


def create_app(
    over: Emulator,
    *,
    has_control: bool = True,
    is_forwarded: bool = False,
    is_read_only: bool = False,
    is_alone: bool = True,
) -> Flask:
    """Make the application.

    Args:
        over: the emulator it answers from.
        has_control: whether the control paths under ``/_ims/`` exist.
        is_forwarded: whether ``X-Forwarded-For``, ``-Proto``, ``-Host``, ``-Port`` and ``-Prefix`` are believed.
        is_read_only: whether all that would change something is refused.
        is_alone: whether this process alone answers, whatever requests say of that.
    """
    app = _App("ims_mock", static_folder=None)
    app.extensions["ims_mock"] = over
    app.extensions["ims_mock.masks"] = Masks()
    app.url_map.merge_slashes = False  # a redirect would be taken for an empty success by the vendor's client
    app.url_map.strict_slashes = True
    for part in (versions, images, data, tags, members, schemas, identity, openapi):
        app.register_blueprint(part.blueprint)
    if has_control:
        app.register_blueprint(control.blueprint)
    app.before_request(_begin)
    if is_read_only:
        from ims_mock.web.replicas import refuse_changes  # most do without

        app.before_request(refuse_changes)
    if not is_alone:
        from ims_mock.web.replicas import refuse_division

        app.before_request(refuse_division)
    app.after_request(_end)
    app.register_error_handler(RequestError, _answer)
    app.register_error_handler(Exception, _answer_any)
    over.exercised.serve(partial(endpoints_of, app.url_map))
    if has_control:
        have_sandboxes(app, over)
    if is_forwarded:
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.wsgi_app = ProxyFix(app.wsgi_app, x_port=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    """Note the time, let a fault happen, and refuse what need not be looked at: by us, the gateway or Glance."""
    environ = request.environ
    known = environ["ims_mock.kept"] = {"began": perf_counter()}
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    is_control = _is_under(control.PREFIX, path)
    here = known["emulator"] = emulator_for(current_app, environ, by_credentials=not is_control)
    if not is_control:
        note_beginning(here, known)
    refuse_unasked()
    if not is_control:
        if here.has_faults:
            from ims_mock.web.fault_injection import suffer  # most emulators do without

            suffer()
        if here.throttle:
            if asks_list(environ["REQUEST_METHOD"], path):
                verdict()  # the journal tells with it whose walk it is
            here.throttle.check(request.remote_addr or "", here.clock.now)
    length = len(path) + len(query) + bool(query)
    line = length + len(environ["REQUEST_METHOD"]) + 12
    if length > GATEWAY_URI_BYTES:
        raise RequestError("uri-too-large")
    if line >= GLANCE_LINE_BYTES and _shape() is glance_error_answer:
        raise RequestError("uri-too-large")


def _end(response: Response) -> Response:
    """Give every answer its id, let a fault spoil it, and write its line in the log and its entry in the journal."""
    environ = request.environ
    known = environ.get("ims_mock.kept") or kept()
    response.headers.add(REQUEST_ID, id_of(known))
    if "fault" in known:
        from ims_mock.web.fault_injection import spoiled

        response = spoiled(response)
    if "journal" in known:
        paged, catalog = known.get("paged"), known.get("catalog")
        note = note_end(response.status_code, images_of(response), environ, known, paged, catalog)
        treatment: Treatment = known["emulator"].treatment
        if treatment.mode == WARN:
            from ims_mock.web.telling import tell_findings  # most emulators do without

            tell_findings(response, note, treatment)
    if _log.isEnabledFor(logging.INFO):
        log_answer(response.status_code, environ, known)
    return response


def _answer(error: RequestError) -> Response:
    answer = _shape()(error, request_id(), request.headers.get("Accept", ""))
    answer.headers.extend(error.headers)
    return answer


def _answer_any(error: Exception) -> Response:
    """Answer what is not this project's own error: a route that does not exist, or a bug."""
    if isinstance(error, MethodNotAllowed):
        legal = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
        answer = _answer(RequestError("method", "the method", request.method, legal, method=request.method))
        if answer.status_code == MethodNotAllowed.code:
            answer.headers["Allow"] = legal
        return answer
    if isinstance(error, NotFound):
        return _answer(RequestError("route", "the path", request.path))
    if isinstance(error, BadHost):
        return _answer(host_refused())
    if isinstance(error, HTTPException):
        return _answer(RequestError("malformed"))
    log_failure()
    return _answer(RequestError("internal"))


def _shape() -> Shape:
    """Tell how errors of the request's path are written."""
    own = (shape for prefix, shape in _SHAPES.items() if _is_under(prefix, request.path))
    return next(own, None) or shape_of(emulator().profile)


def _is_under(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
