"""``/_ims/coverage``: what was exercised of the contract, and what never."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, jsonify
from werkzeug.routing import Map

from ims_mock.web.context import emulator
from ims_mock.web.responses import empty_answer

if TYPE_CHECKING:
    from ims_mock.journal.coverage import Endpoint

_VARIES: Final = re.compile(r"<(?:any\(([^)]*)\):|\w+:)?(\w+)>")

_OUR_OWN: Final = frozenset({"control", "openapi"})
"""The blueprints of what is no part of the contract: the control paths, and the document that describes all paths."""

blueprint = Blueprint("coverage", __name__)


def endpoints_of(routes: Map) -> Iterator[Endpoint]:
    """Give the endpoints of the emulated service.

    Args:
        routes: those of the application; what somebody else has added belongs to no blueprint.
    """
    from ims_mock.journal.coverage import Endpoint  # a start is quicker without it

    for rule in routes.iter_rules():
        part, is_own, _ = rule.endpoint.partition(".")
        if is_own and part not in _OUR_OWN:
            match = _VARIES.search(rule.rule)
            legal = tuple(match[1].split(",")) if match and match[1] else ()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield Endpoint(method, _VARIES.sub(r"{\2}", rule.rule), legal)


@blueprint.get("/coverage", provide_automatic_options=False)
def show_coverage() -> Response:
    """Show what was exercised and what never, by groups; a reset forgets nothing of it."""
    return jsonify(emulator().exercised.coverage().as_json())


@blueprint.delete("/coverage", provide_automatic_options=False)
def forget_coverage() -> Response:
    """Forget what was exercised."""
    emulator().exercised.clear()
    return empty_answer()
