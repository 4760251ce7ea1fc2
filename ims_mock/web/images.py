"""``/v2/images``: the list, and one image."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ims_mock.errors import RequestError
from ims_mock.image import IMAGES_PATH
from ims_mock.query import parse
from ims_mock.web.answers import page_answer
from ims_mock.web.current import emulator, refuse_head, view

blueprint = Blueprint("images", __name__)
blueprint.before_request(refuse_head)


@blueprint.get(IMAGES_PATH, provide_automatic_options=False)
def list_images() -> Response:
    """List the images that the caller sees and the query asks for, a page at a time."""
    catalog, seen_as = emulator().catalog, view()
    query = parse(request.environ.get("QUERY_STRING", ""), seen_as)
    return page_answer(catalog.page(query, seen_as), query)


@blueprint.get(f"{IMAGES_PATH}/<image_id>", provide_automatic_options=False)
def show_image(image_id: str) -> Response:
    """Show an image that the caller may see, a shared one whatever became of the offer."""
    catalog, seen_as = emulator().catalog, view()
    image = catalog.image(image_id)
    if image is None or image.is_deleted or not seen_as.sees(image):
        raise RequestError("image", "the image", image_id, "the id of an image that the caller may see")
    return Response(seen_as.shown(image).rendered, mimetype="application/json")
