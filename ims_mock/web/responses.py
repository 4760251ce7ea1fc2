"""Answers on the wire: a page of images, and an error in the shape of whoever refuses."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import Response

from ims_mock.catalog.catalog import Page
from ims_mock.catalog.image import IMAGES_SCHEMA, Image
from ims_mock.catalog.query import ListQuery
from ims_mock.catalog.visibility import View
from ims_mock.contract.profiles import Profile
from ims_mock.errors import RequestError

Shape = Callable[[RequestError, str, str], Response]
"""Writes an error, given the id of the request and its ``Accept`` header."""


JSON: Final = "application/json"
REQUEST_ID: Final = "X-Request-Id"


class Shown(Response):
    """An answer that shows images.

    Attributes:
        images: those, in order, as they are rendered.
    """

    images: tuple[Image, ...] = ()


def images_of(answer: Response) -> tuple[Image, ...] | None:
    """Give the images that an answer shows, ``None`` when it is of another kind.

    Its class does not tell: pytest-flask puts one of its own in place of that.
    """
    return vars(answer).get("images")


class Dropped(ConnectionError):
    """The connection is closed on purpose instead of going on with an answer."""


RELIEVED: Final = "ims_mock.relieved"
"""Under this name a request on a connection holds what lets another worker answer others while its own one waits."""

_FAILED = "The server has either erred or is incapable of performing the requested operation."
_TITLES = {413: "Request Entity Too Large", 414: "Request URI Too Long"}  # other names in newer versions of Python
_USUAL = {
    404: "The resource could not be found.",
    405: "The method {method} is not allowed for this resource.",
    500: _FAILED,
}


def page_answer(page: Page, query: ListQuery) -> Shown:
    """Answer with a page."""
    end = b"]}"
    if query.listing.has_links:  # which hold no character that JSON would escape
        following = f', "next": "{query.next(page.images[-1].id)}"' if page.has_next else ""
        end = f'], "first": "{query.first()}", "schema": "{IMAGES_SCHEMA}"{following}}}'.encode()
    answer = Shown(b'{"images": [' + b", ".join(map(query.listing.json, page.images)) + end, mimetype=JSON)
    answer.images = page.images
    return answer


def image_answer(image: Image, view: View, status: int = 200) -> Shown:
    """Answer with one image, as the caller is shown it."""
    shown = view.shown(image)
    answer = Shown(shown.json, status, mimetype=JSON)
    answer.images = (shown,)
    return answer


def empty_answer() -> Response:
    """Answer that it is done, with nothing to show."""
    answer = Response(status=HTTPStatus.NO_CONTENT)
    del answer.headers["Content-Type"]
    return answer


def error_answer(error: RequestError, profile: Profile, request_id: str, accept: str) -> Response:
    """Answer with an error.

    Args:
        error: what is wrong.
        profile: decides between the documented service's shapes and Glance's.
        request_id: the id that header and body agree on.
        accept: the request's ``Accept`` header.
    """
    return shape_of(profile)(error, request_id, accept)


def shape_of(profile: Profile) -> Shape:
    """Tell how a profile writes errors."""
    return service_error_answer if "error-body" in profile else glance_error_answer


def service_error_answer(error: RequestError, request_id: str, _: str = "") -> Response:
    """Answer with an error in the shape of the service, or of the gateway where that refuses."""
    problem = error.problem
    if problem.is_of_gateway:
        body: object = {"error_msg": error.message, "error_code": problem.code, "request_id": request_id}
    else:
        body = {"error": {"code": problem.code, "message": error.message}}
    return Response(json.dumps(body, ensure_ascii=False) + "\n", problem.status, mimetype=JSON)


def keystone_error_answer(error: RequestError, *_: str) -> Response:
    """Answer with an error in Keystone's shape, which every client reads, whatever the profile."""
    status = HTTPStatus(error.problem.glance_status or error.problem.status)
    says = {"code": int(status), "message": error.message, "title": _TITLES.get(status) or status.phrase}
    return Response(json.dumps({"error": says}, ensure_ascii=False) + "\n", status, mimetype=JSON)


def glance_error_answer(error: RequestError, request_id: str, accept: str) -> Response:
    """Answer as Glance's web framework does: plain text, unless only JSON or HTML is wanted (recorded)."""
    status = error.problem.glance_status or error.problem.status
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    usual = _USUAL.get(status, "").format(method=error.words.get("method", ""))
    sentence, _, detail = (error.glance or usual or error.message).partition("\n")
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
