"""``/v2/schemas/…``: the JSON Schemas of images and members; some clients ask for them before anything else."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock.web.context import current_context

blueprint = Blueprint("schemas", __name__, url_prefix="/v2/schemas")


@blueprint.get("/<any(image,images,member,members):name>", provide_automatic_options=False)
def show_schema(name: str) -> Response:
    """Show one schema."""
    from ims_mock.openapi.schemas import PUBLISHED  # a start is quicker without what few requests need

    current_context().view()
    return jsonify(PUBLISHED[name])
