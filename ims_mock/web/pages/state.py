"""Pages of the emulator's state: requests, walks, coverage, faults, clock and snapshots, sandboxes."""

from typing import Final

from flask import Response, request

from ims_mock.contract.values import parse_integer
from ims_mock.errors import RequestError
from ims_mock.faults.key_types import EFFECT, MATCH, RULE
from ims_mock.faults.rules import keys_of
from ims_mock.journal.audit import audit
from ims_mock.journal.journal import Record
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.options import SandboxOptions, options_of
from ims_mock.text import wire_text
from ims_mock.web.context import context
from ims_mock.web.pages.layout import blueprint, render
from ims_mock.web.sandbox_routing import sandboxes

MAX_ROWS: Final = 100  # the number of requests, or of walks, on a page
_SECTIONS: Final = {MATCH: "Which requests", RULE: "How often", EFFECT: "What happens"}


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


@blueprint.get("/pages/faults")
def show_faults() -> Response:
    """Show the rules of fault injection, and a form for another one."""
    rules = [rule.as_json() for rule in context.emulator.faults.rules]
    return render("faults", {"rules": rules, "sections": {title: keys_of(one) for one, title in _SECTIONS.items()}})


@blueprint.get("/pages/clock-and-snapshots")
def show_state() -> Response:
    """Show the clock and the snapshots."""
    return render("clock-and-snapshots", {})


@blueprint.get("/pages/sandboxes")
def show_sandboxes() -> Response:
    """Show the sandboxes, and a form for another one."""
    if context.sandbox_id:
        raise RequestError("route", "the path", context.request.path)
    values = {"options": options_of(SandboxOptions), "catalogs": bundled_catalogs(), "sandboxes": sandboxes().ages()}
    return render("sandboxes", values)
