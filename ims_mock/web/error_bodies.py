"""Error bodies: the response to an error in the format of the service and its gateway, of Keystone or of Glance.

The status, code and wording of each error are a row of :mod:`ims_mock.errors`; the schemas of the bodies are in
:mod:`ims_mock.openapi.schemas`.
"""

import html
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import Response

from ims_mock.catalog.visibility import is_queens
from ims_mock.errors import RequestError
from ims_mock.openapi.operations import SERVICE, is_glance_format, service_of
from ims_mock.web.context import JSON, RequestContext
from ims_mock.web.sandbox_routing import explain_unknown_image

_TITLES: Final = {413: "Request Entity Too Large", 414: "Request URI Too Long"}  # newer versions of Python differ


def error_response(context: RequestContext, error: RequestError) -> Response:
    """Return the response to a request that ends with an error."""
    context.error = error
    explain_unknown_image(context, error)
    path = context.request.path
    context.is_glance_error = is_glance_format(context.emulator.profile, path)
    if context.is_glance_error:
        response = glance_error(error, context.header)
    elif service_of(path) == SERVICE:
        response = service_error(error, context.request_id)
    else:
        response = keystone_error(error)
    response.headers.extend(error.headers)
    return response


def service_error(error: RequestError, request_id: str) -> Response:
    """Format an error as the service does, or as its gateway if that detects the error."""
    problem = error.problem
    if problem.is_of_gateway:
        body: object = {"error_msg": error.message, "error_code": problem.code, "request_id": request_id}
    else:
        body = {"error": {"code": problem.code, "message": error.message}}
    return Response(json.dumps(body, ensure_ascii=False) + "\n", problem.status, mimetype=JSON)


def keystone_error(error: RequestError) -> Response:
    """Format an error as Keystone does, which every client understands."""
    status = HTTPStatus(error.problem.glance_status or error.problem.status)
    body = {"code": int(status), "message": error.message, "title": _TITLES.get(status) or status.phrase}
    return Response(json.dumps({"error": body}, ensure_ascii=False) + "\n", status, mimetype=JSON)


def glance_error(error: RequestError, header: Callable[[str], str]) -> Response:
    """Format an error as WebOb does for Glance: as an HTML page, as JSON (only in Queens) or as text (recorded)."""
    status = error.problem.glance_status or error.problem.status
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    sentence, _, detail = error.glance.partition("\n")
    accept = header("Accept")
    if "html" in accept or "*/*" in accept:
        page = (
            f"<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n  <h1>{status} {title}</h1>\n"
            f"  {_escaped(sentence)}<br /><br />\n{_escaped(detail)}\n\n\n </body>\n</html>"
        )
        return Response(page, status, content_type="text/html; charset=UTF-8")
    if "application/json" in accept and is_queens(header("X-Api-Version")):
        body = {"message": f"{sentence}<br /><br />\n{detail}\n\n", "code": f"{status} {title}", "title": title}
        return Response(json.dumps(body), status, mimetype=JSON)
    return Response(f"{status} {title}\n\n{sentence}\n\n {detail}  ", status, content_type="text/plain; charset=UTF-8")


def _escaped(text: str) -> str:
    """Escape text as WebOb does on Python 2, which keeps apostrophes."""
    return html.escape(text, quote=False).replace('"', "&quot;").encode("ascii", "xmlcharrefreplace").decode()
