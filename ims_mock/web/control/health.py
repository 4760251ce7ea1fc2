"""``/_ims/health`` and ``/_ims/reset``."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock import __version__
from ims_mock.web.context import current_context
from ims_mock.web.responses import empty_response

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Report that the emulator answers, and its catalog."""
    emulator = current_context().emulator
    return jsonify(
        status="ok",
        version=__version__,
        catalog=emulator.state.name,
        images=len(emulator.catalog),
        project=emulator.credentials.default_project,
    )


@blueprint.post("/reset")
def reset() -> Response:
    """Restore the loaded catalog and clock; clear journal, faults and rate limit."""
    current_context().emulator.reset()
    return empty_response()
