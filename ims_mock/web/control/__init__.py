"""The control API under ``/_ims/``, which inspects and changes the emulator itself and is never authenticated.

Changes without bodies are in the table below. Each module has the other views of one kind of resource (``health`` is in
``catalog.py``); ``bodies.py`` reads their bodies. A new path is a view, a row in ``openapi/operations.py`` and the
schemas of its bodies in ``openapi/schemas.py``.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from flask import Blueprint, request

from ims_mock.emulator import Emulator
from ims_mock.web import pages
from ims_mock.web.context import context
from ims_mock.web.control import catalog, clock, explain, faults, journal, sandboxes
from ims_mock.web.control.bodies import MEDIA_TYPES
from ims_mock.web.guards import refuse_foreign_host, refuse_foreign_origin

PREFIX: Final = "/_ims"

_CHANGES: Final[dict[tuple[str, str], Callable[..., None]]] = {
    ("POST", "/reset"): Emulator.reset,
    ("DELETE", "/images/<path:image_id>"): Emulator.remove_image,
    ("POST", "/snapshots/<path:name>/restore"): Emulator.restore,
    ("DELETE", "/snapshots/<path:name>"): Emulator.delete_snapshot,
    ("DELETE", "/faults"): lambda emulator: emulator.faults.clear(),
    ("DELETE", "/requests"): lambda emulator: emulator.journal.clear(),
    ("DELETE", "/coverage"): lambda emulator: emulator.coverage_recorder.clear(),
}
"""The changes without a body, which are answered with a 204."""


def _change(change: Callable[..., None], **arguments: str) -> tuple[str, int]:
    change(context.emulator, **arguments)
    return "", 204


blueprint = Blueprint("control", __name__, url_prefix=PREFIX)
for part in (catalog, clock, explain, faults, journal, sandboxes, pages):
    blueprint.register_blueprint(part.blueprint)
for (method, rule), change in _CHANGES.items():
    blueprint.add_url_rule(rule, f"{method} {rule}", partial(_change, change), methods=[method])


@blueprint.before_request
def _refuse_changes_by_pages() -> None:
    """Refuse a change that a page of another origin or host sends, or whose body a page could send."""
    if request.method not in ("GET", "HEAD"):
        refuse_foreign_origin(context)
        if request.mimetype or request.content_length or "Transfer-Encoding" in request.headers:
            context.refuse_media_type(*MEDIA_TYPES)
        refuse_foreign_host(context)
