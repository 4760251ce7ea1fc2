"""Views of the data of an image: upload and download."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.errors import RequestError
from ims_mock.web.context import current_context
from ims_mock.web.images import IMAGE_PATH
from ims_mock.web.responses import empty_response
from ims_mock.writes.lifecycle import DATA_MEDIA_TYPE, abort_upload, begin_upload, finish_upload, receive_data
from ims_mock.writes.permissions import find_image

FILE_PATH: Final = f"{IMAGE_PATH}/file"

blueprint = Blueprint("data", __name__)


@blueprint.put(FILE_PATH)
def upload(image_id: str) -> Response:
    """Store the data of a queued image and make it active; while the data arrives the image is ``saving``."""
    context = current_context()
    emulator, view = context.emulator, context.view()
    context.refuse_media_type(DATA_MEDIA_TYPE)
    generation = emulator.generation

    def saving(catalog: Catalog) -> Image:
        nonlocal generation
        generation = emulator.generation
        return begin_upload(find_image(catalog, view, image_id), view, emulator.clock.wire())

    def current(catalog: Catalog) -> Image:
        """Re-read the image: it may have been changed, transferred or deleted during the upload."""
        image = catalog.get(image_id)
        if image is None or image.is_deleted or emulator.generation != generation:
            raise RequestError("image-gone", "the image", image_id)
        return image

    emulator.write_image(saving)
    try:
        data = receive_data(context.body_stream(), emulator.options.keep_data)
        if request.content_length not in (None, data.size):
            raise ConnectionError(f"{data.size} of {request.content_length} bytes arrived")
    except BaseException as error:
        emulator.write_image(lambda catalog: abort_upload(current(catalog), emulator.clock.wire()))
        if isinstance(error, (OSError, ClientDisconnected)):
            raise RequestError("upload-torn", what=str(error) or "the connection ended") from None
        raise
    emulator.write_image(lambda catalog: finish_upload(current(catalog), view, data, emulator.clock.wire()))
    return empty_response()


@blueprint.get(FILE_PATH)
def download(image_id: str) -> Response:
    """Return the data of an image, if it was kept."""
    context = current_context()
    image = find_image(context.emulator.catalog, context.view(), image_id)
    if image.data is None:
        return empty_response()
    checksum = {"Content-MD5": image.text("checksum")}
    return Response(image.data, headers=checksum, mimetype="application/octet-stream")
