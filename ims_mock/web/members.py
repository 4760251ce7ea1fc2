"""Views of the members of an image: the projects that it is shared with."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from ims_mock.catalog.image import MEMBERS_SCHEMA, Image
from ims_mock.catalog.visibility import View
from ims_mock.web.context import context
from ims_mock.web.images import IMAGE_PATH
from ims_mock.writes import members
from ims_mock.writes.members import find_shareable_image

blueprint = Blueprint("members", __name__, url_prefix=f"{IMAGE_PATH}/members")


@blueprint.get("")
def list_members(image_id: str) -> Response:
    """List the members that the caller may see."""
    view = context.view()
    image = find_shareable_image(context.emulator.catalog, view, image_id)
    return jsonify(members=members.list_members(image, view), schema=MEMBERS_SCHEMA)


@blueprint.post("")
def add_member(image_id: str) -> Response:
    """Share an image with a project, which then accepts or rejects it."""
    view = context.view()
    project, now = members.parse_member(context.image_body()), context.emulator.clock.wire()
    image = _edit(view, image_id, lambda image: members.add_member(image, view, project, now))
    return jsonify(members.show_member(image, project))


@blueprint.get("/<member_id>")
def show_member(image_id: str, member_id: str) -> Response:
    """Show one membership."""
    view = context.view()
    image = find_shareable_image(context.emulator.catalog, view, image_id)
    members.find_member(image, view, member_id)
    return jsonify(members.show_member(image, member_id))


@blueprint.put("/<member_id>")
def decide(image_id: str, member_id: str) -> Response:
    """Accept or reject a shared image."""
    view = context.view()
    status, now = members.parse_status(context.image_body()), context.emulator.clock.wire()
    image = _edit(view, image_id, lambda image: members.set_member_status(image, view, member_id, status, now))
    return jsonify(members.show_member(image, member_id))


@blueprint.delete("/<member_id>")
def remove_member(image_id: str, member_id: str) -> tuple[str, int]:
    """Stop sharing an image with a project."""
    view = context.view()
    _edit(view, image_id, lambda image: members.remove_member(image, view, member_id))
    return "", 204


def _edit(view: View, image_id: str, edit: Callable[[Image], Image]) -> Image:
    return context.emulator.write_image(lambda catalog: edit(find_shareable_image(catalog, view, image_id)))
