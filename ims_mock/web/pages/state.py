"""Pages of fault rules, of the clock and snapshots, and of sandboxes."""

from __future__ import annotations

from typing import Final

from flask import Response

from ims_mock.errors import RequestError
from ims_mock.faults.keys import EFFECT, MATCH, RULE, keys_of
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.options import SandboxOptions, options_of
from ims_mock.web.context import context
from ims_mock.web.pages.layout import blueprint, render
from ims_mock.web.sandbox_routing import sandboxes

_SECTIONS: Final = {MATCH: "Which requests", RULE: "How often", EFFECT: "What happens"}


@blueprint.get("/pages/faults")
def show_faults() -> Response:
    """Show the rules of fault injection, and a form for another one."""
    rules = [rule.as_json() for rule in context.emulator.faults.all()]
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
