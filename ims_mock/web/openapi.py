"""``/openapi.json``: the OpenAPI document of the emulator that answers; open to all."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request

from ims_mock.web.context import current_context

PATH: Final = "/openapi.json"

_KEPT: Final = "ims_mock.openapi"
"""Under this name an application keeps the documents it has shown."""

blueprint = Blueprint("openapi", __name__)


@blueprint.get(PATH, provide_automatic_options=False)
def show_document() -> Response:
    """Show the document, which is made when it is first asked for."""
    from ims_mock.openapi.document import document_json  # a start is quicker without what few requests need

    here, kept = current_context().emulator, current_app.extensions.setdefault(_KEPT, {})
    wanted: dict[str, Any] = {
        "needs_credentials": here.needs_credentials,
        "has_control": "control" in current_app.blueprints,
        "server": quote(request.root_path.rstrip("/")) or "/",
    }
    key = (here.profile.label, *wanted.values())
    if key not in kept:
        kept[key] = document_json(here.profile, **wanted)
    return Response(kept[key], mimetype="application/json")
