"""The control paths under ``/_ims/``: how tests and containers look at the emulator itself; never authenticated."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from ims_mock import __version__
from ims_mock.web.context import emulator, refuse_media_type
from ims_mock.web.control import catalog as stored
from ims_mock.web.control import clock, coverage, faults, sandboxes, walks
from ims_mock.web.control import journal as requests
from ims_mock.web.control.bodies import MEDIA_TYPES
from ims_mock.web.guards import refuse_foreign_page
from ims_mock.web.responses import empty_answer

PREFIX: Final = "/_ims"

blueprint = Blueprint("control", __name__, url_prefix=PREFIX)
for part in (clock, coverage, faults, requests, walks, stored, sandboxes):
    blueprint.register_blueprint(part.blueprint)


@blueprint.before_request
def _refuse_pages_of_others() -> None:
    """Refuse a change that a page of another origin asks for, and a body that a page could have sent."""
    if request.method in ("GET", "HEAD"):
        return
    refuse_foreign_page()
    if request.mimetype or request.content_length or "Transfer-Encoding" in request.headers:
        refuse_media_type(*MEDIA_TYPES)


@blueprint.get("/health", provide_automatic_options=False)
def health() -> Response:
    """Say that the emulator answers, and what it answers from."""
    here = emulator()
    says = {"catalog": here.name, "images": len(here.catalog), "project": here.identity.project}
    return jsonify(status="ok", version=__version__, **says)


@blueprint.post("/reset", provide_automatic_options=False)
def reset() -> Response:
    """Go back to the catalogs that were loaded first."""
    emulator().reset()
    return empty_answer()
