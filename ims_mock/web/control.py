"""The control paths under ``/_ims/``: how tests and containers look at the emulator itself; never authenticated."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock import __version__
from ims_mock.web.current import emulator

blueprint = Blueprint("control", __name__, url_prefix="/_ims")


@blueprint.route("/health", methods=["GET"], provide_automatic_options=False)
def health() -> Response:
    """Say that the emulator answers, and what it answers from."""
    return jsonify(status="ok", version=__version__, catalog=emulator().name, images=len(emulator().catalog))
