"""The lists of images, ``/v2/images`` and ``/v2/cloudimages``, and one image: created, shown, changed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from ims_mock.access import found
from ims_mock.listing import CLOUDIMAGES, IMAGES, Listing
from ims_mock.query import parse
from ims_mock.web.answers import empty_answer, image_answer, page_answer
from ims_mock.web.current import (
    base_url,
    body,
    emulator,
    json_body,
    kept,
    refuse_head,
    refuse_media_type,
    view,
    written_body,
)

if TYPE_CHECKING:
    from ims_mock.catalog import Catalog
    from ims_mock.image import Image

IMAGE_PATH: Final = f"{IMAGES.path}/<image_id>"

BLUEPRINT: Final = "images"

blueprint = Blueprint(BLUEPRINT, __name__)
blueprint.before_request(refuse_head)


@blueprint.get(IMAGES.path, provide_automatic_options=False)
def list_images() -> Response:
    """List the images that the caller sees and the query asks for, a page at a time."""
    return _listed(IMAGES)


@blueprint.get(CLOUDIMAGES.path, provide_automatic_options=False)
def list_cloudimages() -> Response:
    """List the same images as the service's newer list does."""
    return _listed(CLOUDIMAGES)


def _listed(listing: Listing) -> Response:
    catalog, seen_as = emulator().catalog, view()
    query = parse(request.environ.get("QUERY_STRING", ""), seen_as, listing)
    page = catalog.page(query, seen_as)
    kept().update(paged=(query, seen_as, page.has_next), catalog=catalog)
    return page_answer(page, query)


@blueprint.get(IMAGE_PATH, provide_automatic_options=False)
def show_image(image_id: str) -> Response:
    """Show an image that the caller may see, a shared one whatever became of the offer."""
    seen_as = view()
    return image_answer(found(emulator().catalog, seen_as, image_id), seen_as)


@blueprint.post(IMAGES.path, provide_automatic_options=False)
def create_image() -> Response:
    """Create an image, which then waits for its data."""
    from ims_mock.lifecycle import created  # a start is quicker without what few requests need

    here, seen_as = emulator(), view()
    asked, now = written_body(), here.clock.wire()

    def made(catalog: Catalog) -> Image:
        return created(asked, catalog, seen_as, shapes=here.shapes, seed=here.seed, now=now)

    base = base_url()  # a request without a host makes no image
    image = here.write(made)
    answer = image_answer(image, seen_as, 201)
    answer.headers["Location"] = f"{base}{IMAGES.path}/{image.id}"
    return answer


@blueprint.patch(IMAGE_PATH, provide_automatic_options=False)
def change_image(image_id: str) -> Response:
    """Change attributes of an image: all that the patch says, or nothing."""
    from ims_mock.patching import MEDIA_TYPES, parsed, patched

    here, seen_as = emulator(), view()
    refuse_media_type(*MEDIA_TYPES, headers={"Accept-Patch": ", ".join(MEDIA_TYPES)})
    operations, now = parsed(json_body(), request.mimetype, seen_as), here.clock.wire()

    def changed(catalog: Catalog) -> Image:
        return patched(found(catalog, seen_as, image_id, "image-to-change"), operations, seen_as, now)

    return image_answer(here.write(changed), seen_as)


@blueprint.delete(IMAGE_PATH, provide_automatic_options=False)
def delete_image(image_id: str) -> Response:
    """Delete an image; its record stays, and is listed to those who ask for deleted ones."""
    from ims_mock.lifecycle import deleted

    here, seen_as = emulator(), view()
    if "service-rules" in here.profile and body():
        _check_deletion()
    now = here.clock.wire()
    here.write(lambda catalog: deleted(found(catalog, seen_as, image_id, "image-to-delete"), seen_as, now))
    return empty_answer()


def _check_deletion() -> None:
    """Check what a client says about the backup of the image it deletes; there is none here (doc)."""
    asked = written_body()
    if "delete_backup" in asked.object() and not isinstance(asked.value["delete_backup"], bool):
        raise asked.part("delete_backup").refused("true or false")
