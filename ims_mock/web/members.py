"""``/v2/images/{id}/members``: whom an image is shared with, and what they make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, jsonify

from ims_mock.catalog.image import MEMBERS_SCHEMA
from ims_mock.web.context import emulator, refuse_head, view, written_body
from ims_mock.web.images import IMAGE_PATH
from ims_mock.web.responses import empty_answer

if TYPE_CHECKING:
    from ims_mock.catalog.catalog import Catalog
    from ims_mock.catalog.image import Image

MEMBERS_PATH: Final = f"{IMAGE_PATH}/members"
MEMBER_PATH: Final = f"{MEMBERS_PATH}/<member_id>"

blueprint = Blueprint("members", __name__)
blueprint.before_request(refuse_head)


@blueprint.get(MEMBERS_PATH, provide_automatic_options=False)
def list_members(image_id: str) -> Response:
    """List the members that the caller may know of."""
    from ims_mock.writes.members import listed, shared  # a start is quicker without what few requests need

    seen_as = view()
    image = shared(emulator().catalog, seen_as, image_id)
    return jsonify(members=listed(image, seen_as), schema=MEMBERS_SCHEMA)


@blueprint.post(MEMBERS_PATH, provide_automatic_options=False)
def add_member(image_id: str) -> Response:
    """Offer an image to a project, which then accepts it or does not."""
    from ims_mock.writes.members import offered, project_of, shared, written

    here, seen_as = emulator(), view()
    project, now = project_of(written_body()), here.clock.wire()
    image = here.write(lambda catalog: offered(shared(catalog, seen_as, image_id), seen_as, project, now))
    return jsonify(written(image, project))


@blueprint.get(MEMBER_PATH, provide_automatic_options=False)
def show_member(image_id: str, member_id: str) -> Response:
    """Show one membership."""
    from ims_mock.writes.members import known, shared, written

    seen_as = view()
    image = shared(emulator().catalog, seen_as, image_id)
    return jsonify(written(image, known(image, seen_as, member_id)))


@blueprint.put(MEMBER_PATH, provide_automatic_options=False)
def decide(image_id: str, member_id: str) -> Response:
    """Let a member accept what it was offered, or reject it."""
    from ims_mock.writes.members import decided, shared, status_of, written

    here, seen_as = emulator(), view()
    status, now = status_of(written_body()), here.clock.wire()

    def changed(catalog: Catalog) -> Image:
        return decided(shared(catalog, seen_as, image_id), seen_as, member_id, status, now)

    return jsonify(written(here.write(changed), member_id))


@blueprint.delete(MEMBER_PATH, provide_automatic_options=False)
def remove_member(image_id: str, member_id: str) -> Response:
    """Take back what was offered."""
    from ims_mock.writes.members import shared, withdrawn

    here, seen_as = emulator(), view()
    here.write(lambda catalog: withdrawn(shared(catalog, seen_as, image_id), seen_as, member_id))
    return empty_answer()
