"""Routing of a request to the emulator that answers it: that of a sandbox, or the server's own.

A sandbox is selected by its URL, ``/_ims/sandboxes/{id}/…``, or by its credentials.
"""

import re
from typing import Any, Final

from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.journal.walks import STAY_IN_SANDBOX
from ims_mock.sandboxes import Sandboxes, sandbox_id_of
from ims_mock.web.context import EMULATOR, SANDBOX_ID, RequestContext, current_context

PATH: Final = "/_ims/sandboxes"
SANDBOXES: Final = "ims_mock.sandboxes"  # the key of the sandboxes in app.extensions; absent without control API
_UNKNOWN_IMAGE: Final = ("marker", "long-marker", "image", "image-to-change", "image-to-delete", "image-with-parts")
_URL: Final = re.compile(rf"({PATH}/([^/]+))(/.*)?", re.DOTALL)


def mount_sandbox(environ: dict[str, Any]) -> None:
    """Make a request to a URL under that of a sandbox one to an application that is mounted there."""
    path = environ["PATH_INFO"]
    match = _URL.fullmatch(path) if path.startswith(PATH) else None
    if match and (match[3] or environ["REQUEST_METHOD"] not in ("PUT", "DELETE")):  # methods of the sandbox itself
        mount, environ[SANDBOX_ID], rest = match.groups()
        environ["PATH_INFO"] = rest or "/"
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "").rstrip("/") + mount


def sandboxes() -> Sandboxes:
    """Return the sandboxes of the server."""
    found: Sandboxes = current_context().extensions[SANDBOXES]
    return found


def select_emulator(context: RequestContext, token: str = "", authorization: str = "") -> None:
    """Select the emulator of the sandbox that the URL of a request names, or else its credentials; it must exist."""
    sandbox_id = context.sandbox_id
    if not sandbox_id and (token or authorization):
        sandbox_id = sandbox_id_of(token, authorization)
    if sandbox_id and SANDBOXES in context.extensions:
        context.emulator = context.extensions[SANDBOXES].emulator(sandbox_id)


def explain_unknown_image(context: RequestContext, error: RequestError) -> None:
    """Add to the error for an image that the server does not know that a sandbox has it: a link led out of that."""
    server: Emulator = context.extensions[EMULATOR]
    if error.problem.name not in _UNKNOWN_IMAGE or context.journal is not server.journal:
        return
    image_id = error.details["value"]
    sandboxes: Sandboxes | None = context.extensions.get(SANDBOXES)
    if sandboxes is not None and not server.catalog.get(image_id) and sandboxes.have_image(image_id):
        error.hint = f"a sandbox has this image: {STAY_IN_SANDBOX}"
