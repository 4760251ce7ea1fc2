"""``GET /v2/images``: the list."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

from ims_mock.emulator import Emulator
from ims_mock.identity import Credentials
from ims_mock.image import IMAGES_PATH
from ims_mock.query import parse
from ims_mock.tenancy import View
from ims_mock.web.answers import page_answer

blueprint = Blueprint("images", __name__)


def emulator() -> Emulator:
    """Give the emulator of the application that answers."""
    found: Emulator = current_app.extensions["ims_mock"]
    return found


def view() -> View:
    """Tell how the catalog looks to whoever sent the request."""
    headers = request.headers
    sent = Credentials(
        project=headers.get("X-Project-Id", ""),
        token=headers.get("X-Auth-Token", ""),
        authorization=headers.get("Authorization", ""),
    )
    return emulator().view(sent, headers.get("X-Api-Version", ""))


@blueprint.before_request
def _refuse_head() -> None:
    """Refuse ``HEAD``, which the web framework would answer: neither the gateway nor Glance routes it."""
    if request.method == "HEAD":
        raise MethodNotAllowed(valid_methods=["GET"])


@blueprint.route(IMAGES_PATH, methods=["GET"], provide_automatic_options=False)
def list_images() -> Response:
    """List the images that the caller sees and the query asks for, a page at a time."""
    catalog, seen_as = emulator().catalog, view()
    query = parse(request.environ["QUERY_STRING"], seen_as)
    return page_answer(catalog.page(query, seen_as), query)
