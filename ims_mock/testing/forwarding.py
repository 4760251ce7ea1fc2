"""A test client for an emulator that is elsewhere: its requests are passed on over a socket."""

from __future__ import annotations

from collections.abc import Iterable
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from werkzeug.test import Client
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OF_THE_CONNECTION: Final = frozenset({"connection", "date", "server", "transfer-encoding", "via"})
"""The headers of an answer that are about how it came here."""

_SAFE: Final = "/:@!$&'()*+,;=~"
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_PATIENCE_SECONDS: Final = 60.0


def forwarding_client(url: str) -> Client:
    """Make a test client whose requests are answered by a server.

    Args:
        url: the base URL of the server, which paths come after.
    """
    return Client(_Forwarding(url))


class _Forwarding:
    """An application that has every request answered elsewhere."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._server, self._base = parts.netloc, parts.path.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = Request(environ)
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe=_SAFE)
        query = quote(environ["QUERY_STRING"].encode("latin-1"), safe=_PRINTABLE)  # the rest stays as it was sent
        headers = {name: value for name, value in asked.headers if name != "Host"}
        connection = self._connection(self._server, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(
                asked.method, f"{self._base}{path}{'?' if query else ''}{query}", asked.get_data(), headers
            )
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        told = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION]
        start_response(f"{answer.status} {answer.reason}", told)
        return [body]
