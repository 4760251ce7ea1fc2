"""The request at hand: its emulator, its id, its body, and who sent it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from io import BytesIO
from random import Random
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote_to_bytes

from flask import current_app, request
from werkzeug.exceptions import MethodNotAllowed

from ims_mock.auth.authentication import Verdict
from ims_mock.auth.credentials import Credentials
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.values import wire_text
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.options import STRICT

if TYPE_CHECKING:
    from ims_mock.auth.signature import Sent
    from ims_mock.json_body import Part

GATEWAY_BODY_BYTES: Final = 12 * 2**20
"""The longest body that the gateway takes (its own documentation)."""

JSON_BODY_BYTES: Final = 2**20
"""The longest body in which somebody logs in, or sets something."""

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
_ORIGINAL: Final = "werkzeug.proxy_fix.orig"
"""Where a believed proxy's headers have changed the request, this holds what it was before."""

_drawn: Final = Random()
"""Draws the ids of requests; to ask the system for each lets other threads go first, and takes a tenth of a page."""

if hasattr(os, "register_at_fork"):  # else two workers of one server would draw the same
    os.register_at_fork(after_in_child=_drawn.seed)

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def emulator() -> Emulator:
    """Give the emulator that answers: that of a sandbox when the request is for one, else the server's."""
    found: Emulator = kept().get("emulator") or current_app.extensions["ims_mock"]
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
    return id_of(kept())


def id_of(known: dict[str, Any]) -> str:
    """Give the id of a request by what is kept of it."""
    found: str = known.get("request_id") or known.setdefault("request_id", f"{_drawn.getrandbits(128):032x}")
    return found


def base_url() -> str:
    """Give the URL under which the client reached the emulator, without a slash at its end.

    Raises:
        RequestError: the request names no host, or what is none.
    """
    name = host()
    if not _HOST.fullmatch(name):
        raise host_refused()
    return f"{request.scheme}://{name}{quote(_prefix().encode('latin-1'), safe='/')}"


def host() -> str:
    """Give the host that the client asked, with its port where that is not the usual one.

    Names with ``_``, as containers have them, are hosts too; the web framework thinks otherwise.
    """
    named: str = request.environ.get("HTTP_HOST", "")
    return named.removesuffix(_USUAL_PORTS.get(request.scheme, ""))


def host_refused() -> RequestError:
    """Make the error that refuses the host of the request."""
    legal = "a name or an address, and a port where it is not the usual one"
    return RequestError("host", "Host", request.environ.get("HTTP_HOST", ""), legal)


def _prefix() -> str:
    """Give the path under which the application is mounted, or a proxy says it is; empty or with a slash before it."""
    prefix = request.environ.get("SCRIPT_NAME", "").strip("/")
    if _ORIGINAL in request.environ:  # a proxy writes it as it stands in a URL
        prefix = unquote_to_bytes(prefix.encode("latin-1")).decode("latin-1")
    return f"/{prefix}" if prefix else ""


def refuse_head() -> None:
    """Refuse ``HEAD``, which the web framework would answer: neither the gateway nor Glance routes it."""
    if request.method == "HEAD":
        adapter = current_app.create_url_adapter(request)
        raise MethodNotAllowed(valid_methods=adapter.allowed_methods() if adapter else ())


def refuse_media_type(*legal: str, headers: Mapping[str, str] | None = None) -> None:
    """Refuse a body of another media type.

    Args:
        legal: the media types that are served; an empty one stands for none at all.
        headers: what the refusal says in its headers.
    """
    if request.mimetype not in legal:
        named = ", ".join(filter(None, legal))
        raise RequestError("media-type", "Content-Type", request.mimetype, named, headers=headers)


def header(name: str) -> str:
    """Give a header as text, in UTF-8 as catalogs are; empty when it was not sent."""
    return wire_text(request.headers.get(name, ""))


def body(most: int = GATEWAY_BODY_BYTES) -> bytes:
    """Give the body.

    Args:
        most: how many bytes it may have.

    Raises:
        RequestError: it has more.
    """
    found: bytes | None = kept().get("body")
    length = request.content_length or 0
    if found is None and length <= most:
        request.max_content_length = most + 1  # there the framework cuts off a body whose length was not announced
        found = request.get_data(cache=False)
    if max(length, len(found or b"")) > most:
        raise RequestError("body-too-large", legal=f"{most} bytes")
    kept()["body"] = found
    return found or b""


def body_stream() -> IO[bytes]:
    """Give the body, of any length, to be read piece by piece; also what was read of it before."""
    if "body" in kept():
        return BytesIO(kept()["body"])
    request.max_content_length = None
    return request.stream


def json_body() -> Part:
    """Give the body as JSON.

    Raises:
        RequestError: it is too long, or no JSON.
    """
    from ims_mock.json_body import parse  # a start is quicker without what few requests need

    return parse(body(JSON_BODY_BYTES))


def written_body() -> Part:
    """Give the JSON body in which a client writes to an image.

    Raises:
        RequestError: it is too long, or no JSON, or said to be something else (Glance does not look).
    """
    if "service-rules" in emulator().profile:
        refuse_media_type("application/json", "")
    return json_body()


# --- who sent it ----------------------------------------------------------------------------------


def verdict() -> Verdict:
    """Tell what the credentials of the request are worth."""
    found: Verdict | None = kept().get("verdict")
    if found is None:
        authorization = header("Authorization")
        sent = Credentials(
            project=header("X-Project-Id"),
            token=header("X-Auth-Token"),
            authorization=authorization,
            sent=_sent() if authorization else None,
        )
        found = kept()["verdict"] = emulator().verdict(sent)
    return found


def caller(*, needs_project: bool = True) -> Caller:
    """Let the request in, and tell who sent it.

    Args:
        needs_project: whether the request is about the images of a project.

    Raises:
        RequestError: credentials are needed, and these are no use for this; or findings are refused.
    """
    here = emulator()
    admitted = here.admitted(verdict(), needs_project=needs_project, writes=request.method not in _READS)
    if here.treatment.mode == STRICT:
        from ims_mock.web.telling import refuse_findings  # most emulators do without

        refuse_findings(here.treatment, request.environ, kept())
    return admitted


def view() -> View:
    """Tell how the catalog looks to whoever sent the request.

    Raises:
        RequestError: credentials are needed, and these are no use for this.
    """
    return emulator().view(caller(), request.headers.get("X-Api-Version", ""))


def _sent() -> Sent:
    """Give the request as it was signed: behind a proxy, with the host and path that the client knows."""
    from ims_mock.auth.signature import Sent

    environ = request.environ
    headers = {name.lower(): value.strip(" \t") for name, value in request.headers.items()}
    if _ORIGINAL in environ:
        forwarded = headers.get("x-forwarded-host", "").split(",")[-1].strip()
        named = _HOST.fullmatch(forwarded)
        if not forwarded:
            headers["host"] = environ[_ORIGINAL]["HTTP_HOST"] or ""
        else:  # what names no port had the usual one, or the proxy tells it apart
            headers["host"] = forwarded if named and named[1] else host()
    return Sent(
        method=request.method,
        path=_prefix() + environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
        length=None if "transfer-encoding" in headers else request.content_length or 0,
    )
