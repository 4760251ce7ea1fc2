"""Pages of recorded requests, of the walks through lists, and of the coverage of the contract."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from ims_mock.contract.values import parse_integer
from ims_mock.errors import RequestError
from ims_mock.journal.audit import audit
from ims_mock.journal.journal import Record
from ims_mock.text import wire_text
from ims_mock.web.context import context
from ims_mock.web.pages.layout import blueprint, render

MAX_ROWS: Final = 100
"""The number of requests, or of walks, on a page."""


@blueprint.get("/pages/requests")
def show_requests() -> Response:
    """Show the latest requests: all, or those with a text in their path and with a status such as 404 or 4xx."""
    journal = context.emulator.journal
    path, status, text = (request.args.get(name, "").strip() for name in ("path", "status", "before"))
    before = parse_integer(text or "0")
    if before is None:
        raise RequestError("integer", "before", text, "the number of a request")

    def matches(record: Record) -> bool:
        return path in wire_text(record.path) and str(record.status).startswith(status.lower().rstrip("x"))

    entries = journal.latest(MAX_ROWS + 1, matches, before)
    filters = {"path": path, "status": status, "before": before}
    return render("requests", {"entries": entries[:MAX_ROWS], "has_more": len(entries) > MAX_ROWS, **filters})


@blueprint.get("/pages/walks")
def show_walks() -> Response:
    """Show the latest walks with the remarks of their audit."""
    return render("walks", {"walks": audit(context.emulator.journal.lists()), "most": MAX_ROWS})


@blueprint.get("/pages/coverage")
def show_coverage() -> Response:
    """Show which items of the contract the requests have covered."""
    return render("coverage", context.emulator.coverage_recorder.coverage().as_json())
