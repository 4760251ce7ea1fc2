"""``/v2/images/{id}/file``: the data of an image, uploaded and downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from ims_mock.errors import RequestError
from ims_mock.web.context import body_stream, emulator, refuse_head, refuse_media_type, view
from ims_mock.web.images import IMAGE_PATH
from ims_mock.web.responses import empty_answer
from ims_mock.writes.permissions import found

if TYPE_CHECKING:
    from ims_mock.catalog.catalog import Catalog
    from ims_mock.catalog.image import Image

FILE_PATH: Final = f"{IMAGE_PATH}/file"

blueprint = Blueprint("data", __name__)
blueprint.before_request(refuse_head)


@blueprint.put(FILE_PATH, provide_automatic_options=False)
def upload(image_id: str) -> Response:
    """Take the data of an image that waits for it, and make it active; meanwhile it is being saved."""
    from ims_mock.writes.uploading import MEDIA_TYPE, abandoned, begun, finished, received

    here, seen_as = emulator(), view()
    refuse_media_type(MEDIA_TYPE)
    life = here.life

    def beginning(catalog: Catalog) -> Image:
        """Give the image as it is while its data arrives, and note in which of the emulator's lives that is."""
        nonlocal life
        life = here.life
        return begun(found(catalog, seen_as, image_id), seen_as, here.clock.wire())

    def saving(catalog: Catalog) -> Image:
        """Give the image as it is by now, whosever it is: it may have been changed, given away or deleted meanwhile."""
        image = catalog.get(image_id)
        if image is None or image.is_deleted or here.life is not life:
            raise RequestError("image-gone", "the image", image_id)
        return image

    here.write(beginning)
    try:
        came = received(body_stream(), here.kept_bytes)
        if request.content_length not in (None, came.size):
            raise ConnectionError(f"{came.size} of {request.content_length} bytes came")
    except Exception as error:
        here.write(lambda catalog: abandoned(saving(catalog), here.clock.wire()))
        if isinstance(error, OSError | ClientDisconnected):
            raise RequestError("upload-torn", what=str(error) or "the connection ended") from None
        raise
    here.write(lambda catalog: finished(saving(catalog), seen_as, came, here.clock.wire()))
    return empty_answer()


@blueprint.get(FILE_PATH, provide_automatic_options=False)
def download(image_id: str) -> Response:
    """Give the data of an image back, when it was kept."""
    image = found(emulator().catalog, view(), image_id)
    if image.data is None:
        return empty_answer()
    checksum = {"Content-MD5": image.text("checksum")}
    return Response(image.data, headers=checksum, mimetype="application/octet-stream")
