"""The WSGI application: every blueprint over one emulator, and the one place where errors become answers."""

from __future__ import annotations

import logging
import secrets
from time import perf_counter
from typing import Final

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.kinds import printable
from ims_mock.web import control, images
from ims_mock.web.answers import error_answer

GATEWAY_URI_BYTES: Final = 32_768
"""The longest path and query the gateway takes (its own documentation)."""

GLANCE_LINE_BYTES: Final = 8_192
"""The longest request line Glance's server takes, line end included (recorded)."""

_log = logging.getLogger("ims_mock")


def create_app(emulator: Emulator, *, has_control: bool = True) -> Flask:
    """Make the application.

    Args:
        emulator: what it answers from.
        has_control: whether the control paths under ``/_ims/`` exist.
    """
    app = Flask("ims_mock", static_folder=None)
    app.extensions["ims_mock"] = emulator
    app.url_map.merge_slashes = False  # a redirect would be taken for an empty success by the vendor's client
    app.url_map.strict_slashes = True
    app.register_blueprint(images.blueprint)
    if has_control:
        app.register_blueprint(control.blueprint)
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(RequestError, _answer)
    app.register_error_handler(Exception, _answer_any)
    return app


def _begin() -> None:
    """Note the time, and refuse what the gateway, or Glance's server, would never read to the end."""
    if _log.isEnabledFor(logging.INFO):
        g.began = perf_counter()
    path, query = request.environ["PATH_INFO"], request.environ["QUERY_STRING"]
    length = len(path) + len(query) + bool(query)
    if length > GATEWAY_URI_BYTES:
        raise RequestError("uri-too-large")
    if "error-body" not in _emulator().profile and length + len(f"{request.method}  HTTP/1.1\r\n") >= GLANCE_LINE_BYTES:
        raise RequestError("uri-too-large")


def _end(response: Response) -> Response:
    """Give every answer its id, and the log its line."""
    response.headers["X-Request-Id"] = request_id()
    if "began" in g:
        query = request.environ["QUERY_STRING"]
        target = printable(request.path + ("?" + query if query else ""), 1000)
        milliseconds = (perf_counter() - g.began) * 1000
        _log.info("%s %s %d %.1f ms %s", request.method, target, response.status_code, milliseconds, request_id())
    return response


def request_id() -> str:
    """Give the id of the current request, 32 hex digits; header and body agree on it."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(16)
    found: str = g.request_id
    return found


def _answer(error: RequestError) -> Response:
    return error_answer(error, _emulator().profile, request_id(), request.headers.get("Accept", ""))


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
    if isinstance(error, RequestEntityTooLarge):
        return _answer(RequestError("body-too-large"))
    if isinstance(error, HTTPException):
        return _answer(RequestError("malformed"))
    _log.exception("request %s failed: %s %s", request_id(), request.method, request.path)
    return _answer(RequestError("internal"))


def _emulator() -> Emulator:
    return images.emulator()
