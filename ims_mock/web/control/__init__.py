"""The control API under ``/_ims/``, which inspects and changes the emulator itself and is never authenticated.

Each module has the views of one kind of resource (``health`` and ``reset`` are in ``catalog.py``); ``bodies.py`` reads
their bodies. A new path is a view here, a row in ``openapi/operations.py`` and the schemas of its bodies in
``openapi/schemas.py``.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request

from ims_mock.web import pages
from ims_mock.web.context import context
from ims_mock.web.control import catalog, clock, explain, faults, journal, sandboxes
from ims_mock.web.control.bodies import MEDIA_TYPES
from ims_mock.web.guards import refuse_foreign_host, refuse_foreign_origin

PREFIX: Final = "/_ims"

blueprint = Blueprint("control", __name__, url_prefix=PREFIX)
for part in (catalog, clock, explain, faults, journal, sandboxes, pages):
    blueprint.register_blueprint(part.blueprint)


@blueprint.before_request
def _refuse_changes_by_pages() -> None:
    """Refuse a change that a page of another origin or host sends, or whose body a page could send."""
    if request.method not in ("GET", "HEAD"):
        refuse_foreign_origin(context)
        if request.mimetype or request.content_length or "Transfer-Encoding" in request.headers:
            context.refuse_media_type(*MEDIA_TYPES)
        refuse_foreign_host(context)
