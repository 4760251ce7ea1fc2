"""The request at hand: its emulator, its id, its body, and who sent it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from ims_mock.credentials import Credentials
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.identity import Verdict
from ims_mock.tenancy import Caller, View

if TYPE_CHECKING:
    from ims_mock.bodies import Part
    from ims_mock.signing import Sent

GATEWAY_BODY_BYTES: Final = 12 * 2**20
"""The longest body that the gateway takes (its own documentation)."""

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def emulator() -> Emulator:
    """Give the emulator of the application that answers."""
    found: Emulator = current_app.extensions["ims_mock"]
    return found


def kept() -> dict[str, Any]:
    """Give what is kept for as long as the request lasts.

    It hangs on the request itself: Flask's ``g`` outlives it where a test holds an application context of its own, as
    pytest-flask does.
    """
    found: dict[str, Any] = request.environ.setdefault("ims_mock.kept", {})
    return found


def request_id() -> str:
    """Give the id of the request, 32 hex digits; header and body of the answer agree on it."""
    found: str = kept().get("request_id") or kept().setdefault("request_id", secrets.token_hex(16))
    return found


def base_url() -> str:
    """Give the URL under which the client reached the emulator, without a slash at its end."""
    return request.root_url.rstrip("/")


def body() -> bytes:
    """Give the body, which must not be longer than the gateway takes.

    Raises:
        RequestError: it is.
    """
    if (request.content_length or 0) > GATEWAY_BODY_BYTES:
        raise RequestError("body-too-large", legal=f"{GATEWAY_BODY_BYTES} bytes")
    request.max_content_length = GATEWAY_BODY_BYTES
    try:
        return request.get_data()
    except RequestEntityTooLarge:  # of a length that was not announced
        raise RequestError("body-too-large", legal=f"{GATEWAY_BODY_BYTES} bytes") from None


def json_body() -> Part:
    """Give the body as JSON.

    Raises:
        RequestError: it is too long, or no JSON.
    """
    from ims_mock.bodies import parse  # a start is quicker without what few requests need

    return parse(body())


# --- who sent it ----------------------------------------------------------------------------------


def verdict() -> Verdict:
    """Tell what the credentials of the request are worth."""
    if "verdict" not in kept():
        headers = request.headers
        authorization = headers.get("Authorization", "")
        sent = Credentials(
            project=headers.get("X-Project-Id", ""),
            token=headers.get("X-Auth-Token", ""),
            authorization=authorization,
            sent=_sent() if authorization else None,
        )
        kept()["verdict"] = emulator().verdict(sent)
    found: Verdict = kept()["verdict"]
    return found


def caller(*, needs_project: bool = True) -> Caller:
    """Let the request in, and tell who sent it.

    Args:
        needs_project: whether the request is about the images of a project.

    Raises:
        RequestError: credentials are needed, and these are no use for this.
    """
    return emulator().admitted(verdict(), needs_project=needs_project, writes=request.method not in _READS)


def view() -> View:
    """Tell how the catalog looks to whoever sent the request.

    Raises:
        RequestError: credentials are needed, and these are no use for this.
    """
    return emulator().view(caller(), request.headers.get("X-Api-Version", ""))


def _sent() -> Sent:
    """Give the request as it was signed: behind a proxy, with the host and path that the client knows."""
    from ims_mock.signing import Sent

    environ = request.environ
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    before = environ.get("werkzeug.proxy_fix.orig")
    if before:
        headers["host"] = headers.get("x-forwarded-host", before["HTTP_HOST"] or "").split(",")[-1].strip()
    return Sent(
        method=request.method,
        path=environ["SCRIPT_NAME"] + environ["PATH_INFO"],
        query=environ["QUERY_STRING"],
        headers=headers,
        body=body,
        length=None if "transfer-encoding" in headers else request.content_length or 0,
    )
