"""The control API under ``/_ims/``: how tests and containers inspect and change the emulator. Never authenticated."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request

from ims_mock.web.context import current_context
from ims_mock.web.control import catalog, clock, faults, health, journal, sandboxes
from ims_mock.web.control.bodies import MEDIA_TYPES
from ims_mock.web.guards import refuse_foreign_origin

PREFIX: Final = "/_ims"

blueprint = Blueprint("control", __name__, url_prefix=PREFIX)
for part in (health, catalog, clock, faults, journal, sandboxes):
    blueprint.register_blueprint(part.blueprint)


@blueprint.before_request
def _refuse_changes_by_pages() -> None:
    """Refuse a change that a page of another origin sends, or whose body a page could send."""
    if request.method in ("GET", "HEAD"):
        return
    context = current_context()
    refuse_foreign_origin(context)
    if request.mimetype or request.content_length or "Transfer-Encoding" in request.headers:
        context.refuse_media_type(*MEDIA_TYPES)
