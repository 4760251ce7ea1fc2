"""Views of the members of an image: the projects that it is shared with."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import MEMBERS_SCHEMA, Image
from ims_mock.web.context import current_context
from ims_mock.web.images import IMAGE_PATH
from ims_mock.web.responses import empty_response
from ims_mock.writes.members import (
    decided,
    known,
    listed,
    offered,
    project_of,
    shared,
    status_of,
    withdrawn,
    written,
)

MEMBERS_PATH: Final = f"{IMAGE_PATH}/members"
MEMBER_PATH: Final = f"{MEMBERS_PATH}/<member_id>"

blueprint = Blueprint("members", __name__)


@blueprint.get(MEMBERS_PATH, provide_automatic_options=False)
def list_members(image_id: str) -> Response:
    """List the members that the caller may see."""
    context = current_context()
    view = context.view()
    image = shared(context.emulator.catalog, view, image_id)
    return jsonify(members=listed(image, view), schema=MEMBERS_SCHEMA)


@blueprint.post(MEMBERS_PATH, provide_automatic_options=False)
def add_member(image_id: str) -> Response:
    """Share an image with a project, which then accepts or rejects it."""
    context = current_context()
    emulator, view = context.emulator, context.view()
    project, now = project_of(context.image_body()), emulator.clock.wire()
    image = emulator.write_image(lambda catalog: offered(shared(catalog, view, image_id), view, project, now))
    return jsonify(written(image, project))


@blueprint.get(MEMBER_PATH, provide_automatic_options=False)
def show_member(image_id: str, member_id: str) -> Response:
    """Show one membership."""
    context = current_context()
    view = context.view()
    image = shared(context.emulator.catalog, view, image_id)
    return jsonify(written(image, known(image, view, member_id)))


@blueprint.put(MEMBER_PATH, provide_automatic_options=False)
def decide(image_id: str, member_id: str) -> Response:
    """Accept or reject a shared image."""
    context = current_context()
    emulator, view = context.emulator, context.view()
    status, now = status_of(context.image_body()), emulator.clock.wire()

    def changed(catalog: Catalog) -> Image:
        return decided(shared(catalog, view, image_id), view, member_id, status, now)

    return jsonify(written(emulator.write_image(changed), member_id))


@blueprint.delete(MEMBER_PATH, provide_automatic_options=False)
def remove_member(image_id: str, member_id: str) -> Response:
    """Stop sharing an image with a project."""
    context = current_context()
    emulator, view = context.emulator, context.view()
    emulator.write_image(lambda catalog: withdrawn(shared(catalog, view, image_id), view, member_id))
    return empty_response()
