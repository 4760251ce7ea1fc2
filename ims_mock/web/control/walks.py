"""``/_ims/walks``: the walks through lists, audited."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock.web.context import emulator

blueprint = Blueprint("walks", __name__)


@blueprint.get("/walks", provide_automatic_options=False)
def list_walks() -> Response:
    """List the walks of the requests that are kept, in the order in which they began, with what is remarked of them."""
    from ims_mock.journal.audit import audits  # a start is quicker without what few requests need

    return jsonify(walks=[audit.as_json() for audit in audits(emulator().journal.lists())])
