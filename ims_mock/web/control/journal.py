"""``/_ims/requests``: the journal, read and cleared."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from ims_mock.contract.values import parse_integer
from ims_mock.errors import RequestError
from ims_mock.web.context import emulator
from ims_mock.web.responses import empty_answer

blueprint = Blueprint("requests", __name__)


@blueprint.get("/requests", provide_automatic_options=False)
def list_requests() -> Response:
    """List the requests that are kept, the oldest first; those to one path, and after a number, where that is asked."""
    path, text = request.args.get("path"), request.args.get("since", "0")
    since = parse_integer(text)
    if since is None:
        raise RequestError("integer", "since", text, "the number of a request")
    entries = emulator().journal.entries(since)
    return jsonify(requests=[one.as_json() for one in entries if path in (None, one.path)])


@blueprint.delete("/requests", provide_automatic_options=False)
def forget_requests() -> Response:
    """Forget every request, and count anew."""
    emulator().journal.clear()
    return empty_answer()
