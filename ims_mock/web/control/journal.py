"""``/_ims/requests``, ``/_ims/walks`` and ``/_ims/coverage``: recorded requests and what is derived from them."""

from flask import Blueprint, Response, jsonify, request

from ims_mock.contract.values import parse_integer
from ims_mock.errors import RequestError
from ims_mock.journal.audit import audit
from ims_mock.web.context import context

blueprint = Blueprint("journal", __name__)


@blueprint.get("/requests")
def list_requests() -> Response:
    """List the recorded requests, the oldest first: all, or those to ``path``, or those after the number ``since``."""
    path, text = request.args.get("path"), request.args.get("since", "0")
    since = parse_integer(text)
    if since is None:
        raise RequestError("integer", "since", text, "the number of a request")
    entries = context.emulator.journal.entries(since)
    return jsonify(requests=[vars(entry) for entry in entries if path in (None, entry.path)])


@blueprint.get("/walks")
def list_walks() -> Response:
    """List the walks of the recorded requests in the order in which they began, each with its audit."""
    return jsonify(walks=[walk.as_json() for walk in audit(context.emulator.journal.lists())])


@blueprint.get("/coverage")
def show_coverage() -> Response:
    """Show which items of the contract requests have covered, by group; a reset does not clear it."""
    return jsonify(context.emulator.coverage_recorder.coverage().as_json())
