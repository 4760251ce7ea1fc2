"""``GET /v2/images``: the list."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from ims_mock.image import IMAGES_PATH
from ims_mock.query import parse
from ims_mock.web.answers import page_answer
from ims_mock.web.current import emulator, view

blueprint = Blueprint("images", __name__)


@blueprint.before_request
def _refuse_head() -> None:
    """Refuse ``HEAD``, which the web framework would answer: neither the gateway nor Glance routes it."""
    if request.method == "HEAD":
        raise MethodNotAllowed(valid_methods=["GET"])


@blueprint.route(IMAGES_PATH, methods=["GET"], provide_automatic_options=False)
def list_images() -> Response:
    """List the images that the caller sees and the query asks for, a page at a time."""
    catalog, seen_as = emulator().catalog, view()
    query = parse(request.environ.get("QUERY_STRING", ""), seen_as)
    return page_answer(catalog.page(query, seen_as), query)
