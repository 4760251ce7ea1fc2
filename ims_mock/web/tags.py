"""``/v2/images/{id}/tags/{tag}``: one tag of an image, set and taken away."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.web.context import emulator, refuse_head, view
from ims_mock.web.images import IMAGE_PATH
from ims_mock.web.responses import empty_answer
from ims_mock.writes.permissions import found, must_own

TAG_PATH: Final = f"{IMAGE_PATH}/tags/<tag>"

blueprint = Blueprint("tags", __name__)
blueprint.before_request(refuse_head)


@blueprint.put(TAG_PATH, provide_automatic_options=False)
def set_tag(image_id: str, tag: str) -> Response:
    """Set a tag; one that is set stays."""
    from ims_mock.writes.validation import tagged  # a start is quicker without what few requests need

    here, seen_as = emulator(), view()
    here.write(lambda catalog: tagged(_own(catalog, seen_as, image_id), tag, here.clock.wire()))
    return empty_answer()


@blueprint.delete(TAG_PATH, provide_automatic_options=False)
def remove_tag(image_id: str, tag: str) -> Response:
    """Take a tag away."""
    from ims_mock.writes.validation import untagged

    here, seen_as = emulator(), view()
    here.write(lambda catalog: untagged(_own(catalog, seen_as, image_id), tag, here.clock.wire()))
    return empty_answer()


def _own(catalog: Catalog, seen_as: View, image_id: str) -> Image:
    image = found(catalog, seen_as, image_id, "image-with-parts")
    must_own(image, seen_as, "modify tags on this image.")
    return image
