"""Which emulator answers a request: that of a sandbox, by its URL or its credentials, or the server's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask, current_app, request

from ims_mock.emulator import Emulator
from ims_mock.sandboxes import Sandboxes, named_by
from ims_mock.web.context import kept

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH: Final = "/_ims/sandboxes"

_EXTENSION: Final = "ims_mock.sandboxes"
"""Under this name an application holds its sandboxes, when it has control paths."""

_MOUNT: Final = re.compile(rf"({PATH}/([^/]+))(/.*)?", re.DOTALL)
_ABOUT_ITSELF: Final = frozenset({"DELETE", "PUT"})
"""What is asked of a sandbox, and not inside of it: to be removed, and to begin anew."""

_ID: Final = "ims_mock.sandbox"
"""Under this name a request holds the id of the sandbox whose URL it was sent to."""


def have_sandboxes(app: Flask, around: Emulator) -> None:
    """Let an application have sandboxes, and answer under the URL of each as it does at its root.

    Args:
        app: the application.
        around: the emulator that answers where no sandbox does.
    """
    app.extensions[_EXTENSION] = Sandboxes(around)
    application = app.wsgi_app

    def moved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        match = _MOUNT.fullmatch(path) if path.startswith(PATH) else None
        if match and (match[3] or environ["REQUEST_METHOD"] not in _ABOUT_ITSELF):
            mount, environ[_ID], rest = match.groups()
            environ["PATH_INFO"] = rest or "/"
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "").rstrip("/") + mount
        return application(environ, start_response)

    app.wsgi_app = moved  # type: ignore[method-assign]


def is_inside() -> bool:
    """Whether the request was sent to the URL of a sandbox."""
    return _ID in request.environ


def emulator_for(app: Flask, environ: WSGIEnvironment, *, by_credentials: bool) -> Emulator:
    """Give the emulator that answers a request.

    Args:
        app: the application it was sent to.
        environ: the request.
        by_credentials: whether those of a sandbox count; the control paths take none.

    Raises:
        RequestError: it is for a sandbox that is not there; no other may answer in its place.
    """
    sandbox_id = environ.get(_ID, "")
    if not sandbox_id and by_credentials:
        token, authorization = environ.get("HTTP_X_AUTH_TOKEN", ""), environ.get("HTTP_AUTHORIZATION", "")
        sandbox_id = named_by(token, authorization) if token or authorization else ""
    if sandbox_id and _EXTENSION in app.extensions:
        return _inside(app, sandbox_id)
    served: Emulator = app.extensions["ims_mock"]
    return served


def choose_by_token(token: str) -> None:
    """Choose the emulator by a token that stands in the body.

    Raises:
        RequestError: it is of a sandbox that is not there.
    """
    sandbox_id = "" if is_inside() else named_by(token, "")
    if sandbox_id and _EXTENSION in current_app.extensions:
        kept()["emulator"] = _inside(current_app, sandbox_id)


def sandboxes() -> Sandboxes:
    """Give all sandboxes of the server."""
    found: Sandboxes = current_app.extensions[_EXTENSION]
    return found


def _inside(app: Flask, sandbox_id: str) -> Emulator:
    found: Sandboxes = app.extensions[_EXTENSION]
    return found.emulator(sandbox_id)
