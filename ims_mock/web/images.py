"""The lists of images, ``/v2/images`` and ``/v2/cloudimages``, and one image: created, shown, changed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from ims_mock.auth.credentials import Credentials
from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, Listing
from ims_mock.catalog.query import parse
from ims_mock.contract.values import wire_text
from ims_mock.options import STRICT
from ims_mock.web.context import (
    base_url,
    body,
    emulator,
    json_body,
    refuse_head,
    refuse_media_type,
    view,
    written_body,
)
from ims_mock.web.responses import empty_answer, image_answer, page_answer
from ims_mock.writes.permissions import found

if TYPE_CHECKING:
    from ims_mock.catalog.catalog import Catalog
    from ims_mock.catalog.image import Image

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
    environ = request.environ
    known = environ["ims_mock.kept"]
    here = known["emulator"]
    if "HTTP_AUTHORIZATION" in environ or here.treatment.mode == STRICT:
        seen_as = view()
    else:
        found = known["verdict"] = here.verdict(
            Credentials(
                project=wire_text(environ.get("HTTP_X_PROJECT_ID", "")),
                token=wire_text(environ.get("HTTP_X_AUTH_TOKEN", "")),
                authorization="",
                sent=None,
            )
        )
        seen_as = here.view(here.admitted(found), environ.get("HTTP_X_API_VERSION", ""))
    catalog = here.catalog
    query = parse(environ["QUERY_STRING"], seen_as, listing)
    page = catalog.page(query, seen_as)
    known["paged"], known["catalog"] = (query, seen_as, page.has_next), catalog
    return page_answer(page, query)


@blueprint.get(IMAGE_PATH, provide_automatic_options=False)
def show_image(image_id: str) -> Response:
    """Show an image that the caller may see, a shared one whatever became of the offer."""
    seen_as = view()
    return image_answer(found(emulator().catalog, seen_as, image_id), seen_as)


@blueprint.post(IMAGES.path, provide_automatic_options=False)
def create_image() -> Response:
    """Create an image, which then waits for its data."""
    from ims_mock.writes.lifecycle import created  # a start is quicker without what few requests need

    here, seen_as = emulator(), view()
    asked, now = written_body(), here.clock.wire()

    def made(catalog: Catalog) -> Image:
        return created(asked, catalog, seen_as, seed=here.seed, now=now)

    base = base_url()  # a request without a host makes no image
    image = here.write(made)
    answer = image_answer(image, seen_as, 201)
    answer.headers["Location"] = f"{base}{IMAGES.path}/{image.id}"
    return answer


@blueprint.patch(IMAGE_PATH, provide_automatic_options=False)
def change_image(image_id: str) -> Response:
    """Change attributes of an image: all that the patch says, or nothing."""
    from ims_mock.writes.json_patch import MEDIA_TYPES, parsed, patched

    here, seen_as = emulator(), view()
    refuse_media_type(*MEDIA_TYPES, headers={"Accept-Patch": ", ".join(MEDIA_TYPES)})
    operations, now = parsed(json_body(), request.mimetype, seen_as), here.clock.wire()

    def changed(catalog: Catalog) -> Image:
        return patched(found(catalog, seen_as, image_id, "image-to-change"), operations, seen_as, now)

    return image_answer(here.write(changed), seen_as)


@blueprint.delete(IMAGE_PATH, provide_automatic_options=False)
def delete_image(image_id: str) -> Response:
    """Delete an image; its record stays, and is listed to those who ask for deleted ones."""
    from ims_mock.writes.lifecycle import deleted

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
