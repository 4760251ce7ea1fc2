"""Responses: pages, single images and empty bodies."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Response

from ims_mock.catalog.catalog import Page
from ims_mock.catalog.image import IMAGES_SCHEMA, Image
from ims_mock.catalog.links import first_link, next_link
from ims_mock.catalog.query import ListQuery

if TYPE_CHECKING:
    from ims_mock.web.context import RequestContext


JSON: Final = "application/json"
REQUEST_ID_HEADER: Final = "X-Request-Id"

RELEASE_WORKER: Final = "ims_mock.release_worker"
"""The WSGI environment key of a context manager that frees the worker thread while a request waits."""


class DropConnection(ConnectionError):
    """Tells the server to close the connection instead of sending more of the response."""


def page_response(context: RequestContext, page: Page, query: ListQuery) -> Response:
    """Return one page of images, with links if the list has them."""
    context.images = page.images
    end = b"]}"
    if query.listing.has_links:  # form-encoded, so there is nothing to escape in JSON
        following = f', "next": "{next_link(query, page.images[-1].id)}"' if page.has_next else ""
        end = f'], "first": "{first_link(query)}", "schema": "{IMAGES_SCHEMA}"{following}}}'.encode()
    parts = list(map(query.listing.json, page.images)) or [b""]
    parts[0] = b'{"images": [' + parts[0]  # joined once: a page of 1,000 images has more than a megabyte
    parts[-1] += end
    return Response(b", ".join(parts), mimetype=JSON)


def image_response(context: RequestContext, image: Image, status: int = 200) -> Response:
    """Return one image, which is already as the caller is shown it."""
    context.images = (image,)
    return Response(image.json, status, mimetype=JSON)


def empty_response() -> Response:
    """Return 204 without a body."""
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response
