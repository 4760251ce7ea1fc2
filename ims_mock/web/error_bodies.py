"""Error bodies: the response to an error in the format of the service and its gateway, of Keystone or of Glance.

The status, code and wording of each error are a row of :mod:`ims_mock.errors`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import Response

from ims_mock.contract.profiles import Profile
from ims_mock.errors import RequestError
from ims_mock.web.context import JSON

ErrorFormat = Callable[[RequestError, str, str], Response]
"""Formats an error, given the id of the request and its ``Accept`` header."""

_TITLES: Final = {413: "Request Entity Too Large", 414: "Request URI Too Long"}  # newer versions of Python differ
_GLANCE_MESSAGES: Final = {
    404: "The resource could not be found.",
    405: "The method {method} is not allowed for this resource.",
    500: "The server has either erred or is incapable of performing the requested operation.",
}


def error_format(profile: Profile) -> ErrorFormat:
    """Return the error format of a profile."""
    return service_error if "error-body" in profile else glance_error


def service_error(error: RequestError, request_id: str, _: str = "") -> Response:
    """Format an error as the service does, or as its gateway if that detects the error."""
    problem = error.problem
    if problem.is_of_gateway:
        body: object = {"error_msg": error.message, "error_code": problem.code, "request_id": request_id}
    else:
        body = {"error": {"code": problem.code, "message": error.message}}
    return Response(json.dumps(body, ensure_ascii=False) + "\n", problem.status, mimetype=JSON)


def keystone_error(error: RequestError, *_: str) -> Response:
    """Format an error as Keystone does, which every client understands."""
    status = HTTPStatus(error.problem.glance_status or error.problem.status)
    body = {"code": int(status), "message": error.message, "title": _TITLES.get(status) or status.phrase}
    return Response(json.dumps({"error": body}, ensure_ascii=False) + "\n", status, mimetype=JSON)


def glance_error(error: RequestError, request_id: str, accept: str) -> Response:
    """Format an error as Glance does: plain text, unless the client accepts only JSON or HTML (recorded)."""
    status = error.problem.glance_status or error.problem.status
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    default = _GLANCE_MESSAGES.get(status, "").format(method=error.details.get("method", ""))
    sentence, _, detail = (error.glance or default or error.message).partition("\n")
    accept = accept.lower()
    if "application/json" in accept and "text/" not in accept and "*/*" not in accept:
        body = {"message": f"{sentence}<br /><br />\n{detail}\n\n", "code": f"{status} {title}", "title": title}
        return Response(json.dumps(body), status, mimetype=JSON)
    if "text/html" in accept and "text/plain" not in accept:
        page = (
            f"<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n  <h1>{status} {title}</h1>\n"
            f"  {html.escape(sentence)}<br /><br />\n{html.escape(detail)}\n\n\n </body>\n</html>"
        )
        return Response(page, status, content_type="text/html; charset=UTF-8")
    return Response(f"{status} {title}\n\n{sentence}\n\n {detail}  ", status, content_type="text/plain; charset=UTF-8")
