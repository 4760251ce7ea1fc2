"""The transport to servers that are not trusted: one request per connection, with a deadline and a limit of size.

Redirects are not followed, and neither proxies nor ``.netrc`` are read: a credential reaches only the host of the URL.
"""

import json
import ssl
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from socket import SHUT_RDWR
from threading import Thread
from typing import Any, Final, NoReturn
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse

from ims_mock import __version__
from ims_mock.json_body import check_depth, count_values
from ims_mock.loading.parser import MAX_DEPTH
from ims_mock.text import printable

MAX_BODY: Final = 8 * 2**20  # bytes; a page of 1,000 images has about 2 MB
MAX_VALUES: Final = 200_000  # in a body; a page of 1,000 images has about 50,000, and small ones take most memory
_CHUNK: Final = 65_536


class EndpointError(Exception):
    """The endpoint cannot be used; the message names the server, what it did and, if it answered, the HTTP status."""


def parse_url(url: str, example: str) -> SplitResult:
    """Parse the URL of a service, whose path is before that of every request.

    Raises:
        ValueError: It is malformed, or contains credentials, a query or a fragment. The message has the example.
    """
    with suppress(ValueError):
        parts = urlsplit(url.rstrip("/"))
        is_plain = url.isascii() and url.isprintable() and not {"@", "?", "#", " ", "\\"} & set(url)
        if is_plain and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    shown = "a URL with credentials" if "@" in url else repr(printable(url))
    raise ValueError(f"{shown} is not the URL of a service. Use one such as {example}.")


def server_error(url: SplitResult, what: str) -> EndpointError:
    """Return the error for what the server of a URL did."""
    return EndpointError(f"{url.scheme}://{url.netloc} {what}.")


@dataclass(frozen=True)
class Answer:
    """A response to a request that was sent."""

    target: str  # as it was sent
    sent: Mapping[str, str] = field(repr=False)  # the headers of the request, secrets included
    status: int
    headers: Mapping[str, str]  # by their lower-case names
    body: bytes = field(repr=False)  # as it was received

    @property
    def media_type(self) -> str:
        """The media type, in lower case and without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def values(self) -> int:
        """The number of values that the body has if it is JSON, or more."""
        return count_values(self.body)

    @cached_property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            EndpointError: It is not JSON, has too many values, or is nested more deeply than a catalog may be.
        """
        if self.values > MAX_VALUES:
            raise EndpointError(f"{self}: the body has more than {MAX_VALUES} JSON values.")
        try:
            value = json.loads(self.body, parse_constant=_reject)
            check_depth(value, MAX_DEPTH)
        except RecursionError:
            raise EndpointError(f"{self}: JSON values are nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError:
            found = self.media_type or "no media type"
            raise EndpointError(f"{self}: the body is not complete JSON ({found}).") from None
        return value

    @property
    def explanation(self) -> str:
        """What an error says in the formats of the service, its gateway and Glance, as the end of a message."""
        try:
            body = self.json
        except EndpointError:
            return f" ({printable(self.media_type) or 'without a media type'})"
        error = body.get("error", body) if isinstance(body, dict) else {}
        names = ("code", "error_code", "message", "error_msg") if isinstance(error, dict) else ()
        found = ": ".join(str(error[name]) for name in names if error.get(name))
        return f" ({printable(found, 300)})" if found else ""

    def __str__(self) -> str:
        return f"GET {printable(self.target)} is answered with status {self.status}"


def _reject(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@dataclass(frozen=True)
class Transport:
    """Sends requests."""

    timeout: float  # seconds to wait for a complete response, the connection included
    tls: ssl.SSLContext  # how certificates are verified

    def send(self, url: SplitResult, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send a request, ``POST`` if it has a body.

        Raises:
            EndpointError: There is no complete response within the timeout, or it is too large or encoded.
        """
        method = "GET" if body is None else "POST"
        sent = {
            "Host": url.netloc, "User-Agent": f"ims-mock/{__version__}", "Accept-Encoding": "identity",
            "Connection": "close", **headers,
        }  # fmt: skip
        result: Future[Answer] = Future()
        sockets: list[Any] = []

        def exchange() -> None:  # in a thread, because nothing else ends the resolution of a name in time
            try:
                with closing(self._connection(url)) as connection:
                    connection.connect()
                    if not result.set_running_or_notify_cancel():
                        return
                    sockets.append(connection.sock)
                    connection.request(method, target, body, sent, preload_content=False, decode_content=False)
                    with closing(connection.getresponse()) as response:
                        names = {name.lower(): value for name, value in response.headers.items()}
                        answer = Answer(target, headers, response.status, names, _read(url, response))
                result.set_result(answer)
            except Exception as error:
                with suppress(InvalidStateError):  # cancelled
                    result.set_exception(error)

        Thread(target=exchange, daemon=True).start()
        try:
            if not wait([result], self.timeout).done:
                raise TimeoutError
            return result.result()
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise server_error(url, self._reason(error)) from error
        finally:
            result.cancel()
            for socket in sockets:  # ends a thread that still reads
                with suppress(OSError):
                    socket.shutdown(SHUT_RDWR)

    def _connection(self, url: SplitResult) -> HTTPConnection:
        host = url.hostname or ""
        if url.scheme == "http":
            return HTTPConnection(host, url.port, timeout=self.timeout)
        return HTTPSConnection(host, url.port, timeout=self.timeout, ssl_context=self.tls)

    def _reason(self, error: Exception) -> str:
        cause = error.__cause__ or error
        if isinstance(error, NameResolutionError):
            return "has an unknown host name"
        if isinstance(error, NewConnectionError):
            return f"cannot be reached: {getattr(cause, 'strerror', None) or cause}"
        if isinstance(error, TimeoutError | ConnectTimeoutError):
            return f"does not answer completely within {self.timeout:g} s"
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message.removesuffix(".")
            return f"has a certificate that is not trusted: {reason}. Use --ca-file, or --insecure"
        if isinstance(error, ssl.SSLError):
            return f"does not answer with TLS: {error.reason}"
        return f"does not answer with complete HTTP ({getattr(error, 'strerror', None) or type(error).__name__})"


def _read(url: SplitResult, response: HTTPResponse) -> bytes:
    if (coding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
        raise server_error(url, f"answers with the encoding {printable(coding)}, which was not accepted")
    received = bytearray()
    while data := response.read(_CHUNK, decode_content=False):
        received += data
        if len(received) > MAX_BODY:
            raise server_error(url, f"answers with status {response.status} and more than {MAX_BODY // 2**20} MB")
    return bytes(received)
