"""Control requests to a running server."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPException
from typing import Any, Final
from urllib.request import BaseHandler, HTTPSHandler, ProxyHandler, build_opener

TIMEOUT_SECONDS: Final = 3.0


def local_url(host: str, port: int, tls_cert: str) -> str:
    """Return the URL of the server that these options of ``serve`` start on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    scheme = "https" if tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def get_control(url: str, path: str) -> Any:
    """Send a control request and return the JSON of the response.

    The request contains no secrets, so any certificate is accepted. The path is below ``/_ims/``.

    Raises:
        HTTPError: If the response is an error.
        OSError: If the server does not answer.
        ValueError: If the URL is invalid or the response is not JSON.
    """
    handlers: list[BaseHandler] = [ProxyHandler({})]  # a server on this machine is not behind a proxy
    if url.startswith("https:"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        handlers.append(HTTPSHandler(context=context))
    try:
        with build_opener(*handlers).open(f"{url.rstrip('/')}/_ims/{path}", timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except HTTPException as error:
        raise ValueError(str(error)) from None
