"""Views of images: the two lists, one image, its tags and its data."""

from collections.abc import Callable
from operator import attrgetter
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.cloudimages import CLOUDIMAGES, IMAGES, LISTS, Listing
from ims_mock.catalog.image import IMAGES_SCHEMA, Image
from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import View
from ims_mock.errors import RequestError
from ims_mock.journal.journal import ListAnswer
from ims_mock.text import header_text
from ims_mock.web.context import JSON, RequestContext, context, current_context
from ims_mock.writes import lifecycle
from ims_mock.writes.json_patch import MEDIA_TYPES, apply_patch, parse_patch
from ims_mock.writes.lifecycle import DATA_MEDIA_TYPE, abort_upload, begin_upload, finish_upload, receive_data
from ims_mock.writes.validation import find_image, require_owner

IMAGE_PATH: Final = f"{IMAGES.path}/<image_id>"

blueprint = Blueprint("images", __name__)


@blueprint.get(IMAGES.path)
@blueprint.get(CLOUDIMAGES.path)
def list_images() -> Response:
    """List the images that the caller sees and that match the query, one page at a time."""
    return page_response(current_context())


def page_response(context: RequestContext) -> Response:
    """Return a page of the list that a request asks for."""
    listing, catalog, view = LISTS[context.request.path], context.emulator.catalog, context.view()
    query = parse(context.query_string, view, listing)
    page = catalog.page(query, view)
    context.list_answer, context.catalog = ListAnswer(query, view, page.has_next), catalog
    context.images = page.images
    end = b"]}"
    if listing.has_links:  # form-encoded, so there is nothing to escape in JSON
        following = f', "next": "{query.links.next(page.images[-1].id)}"' if page.has_next else ""
        end = f'], "first": "{query.links.first}", "schema": "{IMAGES_SCHEMA}"{following}}}'.encode()
    parts = list(map(_rendering(listing, view), page.images)) or [b""]
    parts[0] = b'{"images": [' + parts[0]  # joined once: a page of 1,000 images has more than a megabyte
    parts[-1] += end
    return Response(b", ".join(parts), mimetype=JSON)


@blueprint.get(IMAGE_PATH)
def show_image(image_id: str) -> Response:
    """Show an image that the caller may see, a shared one whatever the status of the membership."""
    view = context.view()
    return _image_response(view, find_image(context.emulator.catalog, view, image_id))


@blueprint.post(IMAGES.path)
def create_image() -> Response:
    """Create an image, which then waits for its data."""
    emulator, view, body = context.emulator, context.view(), context.image_body()
    location = f"{context.base_url}{IMAGES.path}"  # a request without a valid Host creates nothing
    seed, now = emulator.state.seed, emulator.clock.wire()
    image = emulator.write_image(lambda catalog: lifecycle.create_image(body, catalog, view, seed=seed, now=now))
    response = _image_response(view, image, 201)
    response.headers["Location"] = f"{location}/{image.id}"
    return response


@blueprint.patch(IMAGE_PATH)
def change_image(image_id: str) -> Response:
    """Change attributes of an image: everything that the patch says, or nothing."""
    view = context.view()
    context.refuse_media_type(*MEDIA_TYPES, headers={"Accept-Patch": ", ".join(MEDIA_TYPES)})
    operations = parse_patch(context.json_body(), request.mimetype, view)
    now = context.emulator.clock.wire()
    image = _edit(view, image_id, "image-to-change", lambda image: apply_patch(image, operations, view, now))
    return _image_response(view, image)


@blueprint.delete(IMAGE_PATH)
def delete_image(image_id: str) -> tuple[str, int]:
    """Delete an image; its record stays, and lists that request deleted images show it."""
    emulator, view = context.emulator, context.view()
    if "service-rules" in emulator.profile and context.body():  # the emulator has no backups (doc)
        body = context.image_body()
        if "delete_backup" in body.object() and not isinstance(body.value["delete_backup"], bool):
            raise body.member("delete_backup").error("true or false")
    now = emulator.clock.wire()
    _edit(view, image_id, "image-to-delete", lambda image: lifecycle.delete_image(image, view, now))
    return "", 204


def _edit(view: View, image_id: str, problem: str, edit: Callable[[Image], Image]) -> Image:
    """Replace an image by what a function makes of it; ``problem`` is the error if the caller does not see it."""
    return context.emulator.write_image(lambda catalog: edit(find_image(catalog, view, image_id, problem)))


@blueprint.route(f"{IMAGE_PATH}/tags/<tag>", methods=("PUT", "DELETE"))
def change_tag(image_id: str, tag: str) -> tuple[str, int]:
    """Add a tag, unless the image has it, or remove one."""
    view, now = context.view(), context.emulator.clock.wire()
    change = lifecycle.add_tag if request.method == "PUT" else lifecycle.remove_tag

    def edited(image: Image) -> Image:
        require_owner(view, image, "modify tags on this image.")
        return change(image, tag, now)

    _edit(view, image_id, "image-with-parts", edited)
    return "", 204


@blueprint.put(f"{IMAGE_PATH}/file")
def upload(image_id: str) -> tuple[str, int]:
    """Store the data of a queued image and make it active; while the data arrives the image is ``saving``."""
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
    emulator.uploads.add(data)
    emulator.write_image(lambda catalog: finish_upload(current(catalog), view, data, emulator.clock.wire()))
    return "", 204


@blueprint.get(f"{IMAGE_PATH}/file")
def download(image_id: str) -> Response | tuple[str, int]:
    """Return the data of an image, if it was kept."""
    image = find_image(context.emulator.catalog, context.view(), image_id)
    if (data := image.data) is None:
        return "", 204
    checksum = {"Content-MD5": header_text(image.text("checksum"))}
    return Response(data, headers=checksum, mimetype=DATA_MEDIA_TYPE)


def _rendering(listing: Listing, view: View) -> Callable[[Image], bytes]:
    if listing is IMAGES and "absent-base-properties" not in view.profile:
        return attrgetter("glance_json")
    return listing.json


def _image_response(view: View, image: Image, status: int = 200) -> Response:
    image = view.shown(image)
    context.images = (image,)
    return Response(_rendering(IMAGES, view)(image), status, mimetype=JSON)
