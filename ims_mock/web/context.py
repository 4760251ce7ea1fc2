"""The request context: what is known about a request while it is answered."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from time import perf_counter
from typing import IO, Any, Final, cast
from urllib.parse import quote, unquote_to_bytes

from flask import Request, current_app, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.local import LocalProxy

from ims_mock.auth.authentication import NO_CREDENTIALS, Authentication, authenticate
from ims_mock.auth.credentials import SECRET_HEADERS
from ims_mock.auth.signature import CONTENT_HASH_HEADER, UNSIGNED_PAYLOAD, SignedRequest
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import Caller, View, is_queens
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.faults.rules import FaultRule
from ims_mock.journal.journal import Journal, ListAnswer
from ims_mock.journal.redaction import redacted_text, redacted_value, secrets_in_json, secrets_in_query
from ims_mock.json_body import JsonValue, parse_json
from ims_mock.options import STRICT
from ims_mock.text import shortened, wire_text
from ims_mock.web.recording import refuse_findings, wsgi_name

EMULATOR: Final = "ims_mock"  # the key of the server's own emulator in app.extensions
JSON: Final = "application/json"

SANDBOX_ID: Final = "ims_mock.sandbox"  # the key in the WSGI environment for the id of the sandbox in the URL

MAX_BODY_BYTES: Final = 12 * 2**20  # the largest body that the gateway accepts (its documentation)
SIGNED_BODY: Final = f"at most {MAX_BODY_BYTES} bytes, or {UNSIGNED_PAYLOAD} as {CONTENT_HASH_HEADER}"
MAX_JSON_BYTES: Final = 2**20  # the largest JSON body of a login, of a change to an image, or of a control request
MAX_MESSAGE_CHARACTERS: Final = 1000  # the length to which the journal and the log shorten the message of an error

_CONTEXT: Final = "ims_mock.context"
_SIGNATURE: Final = re.compile("Signature=([^,]+)")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_BEFORE_PROXY_FIX: Final = "werkzeug.proxy_fix.orig"


@dataclass(eq=False)
class RequestContext:
    """What is known about a request while it is answered."""

    request: Request
    extensions: Mapping[str, Any]  # of the application: the emulator and the sandboxes of the server
    emulator: Emulator  # the one that answers: the server's own, or that of a sandbox
    started: float = field(default_factory=perf_counter)  # when the request arrived
    journal: Journal | None = None  # the one that records the request, if any does
    time: datetime | None = None  # the emulator's time when the request arrived, if it is recorded
    fault: FaultRule | None = None
    error: RequestError | None = None
    is_glance_error: bool = False
    images: tuple[Image, ...] | None = None  # the images that the response shows, if it is of a kind that shows any
    list_answer: ListAnswer | None = None
    catalog: Catalog | None = None  # the one that the list query was answered from
    authentication: Authentication | None = None  # the result of authenticate(), if anything has needed it
    read_body: bytes | None = None  # the body, if anything has read it

    @cached_property
    def request_id(self) -> str:
        """The id of the request, in a header and in error bodies of the response."""
        return new_request_id()

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environment of the request."""
        return self.request.environ

    @property
    def query_string(self) -> str:
        """The query string as it was sent, one character per byte."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def sandbox_id(self) -> str:
        """The id of the sandbox to whose URL the request was sent; empty for the root."""
        return str(self.environ.get(SANDBOX_ID, ""))

    def header(self, name: str) -> str:
        """Return a header decoded from UTF-8; empty if it was not sent."""
        return wire_text(self.environ.get(wsgi_name(name), ""))

    # --- texts about it

    def sent_secrets(self) -> Iterator[str]:
        """Yield the secrets in headers, query and body."""
        for name in SECRET_HEADERS:
            value = self.request.headers.get(name, "")
            yield value
            yield from _SIGNATURE.findall(value)
        yield from secrets_in_query(self.query_string)
        yield from secrets_in_json(self.read_body or b"")

    @cached_property
    def error_message(self) -> str:
        """The message of the error that the client receives, without secrets, shortened; empty without an error."""
        if self.error is None:
            return ""
        error = self.error.about(redacted_value(self.error.details["parameter"], self.error.details["value"]))
        message = error.glance if self.is_glance_error else error.message
        return shortened(redacted_text(message, self.sent_secrets()), MAX_MESSAGE_CHARACTERS)

    @property
    def error_code(self) -> str:
        """The code of the error; empty without an error, and in the format of Glance, which has none."""
        return self.error.problem.code if self.error and not self.is_glance_error else ""

    # --- who sent it

    def authenticate(self) -> Authentication:
        """Check the credentials once, whether or not the emulator requires any; a failure is returned, not raised."""
        if self.authentication is None:
            emulator = self.emulator
            self.authentication = authenticate(
                emulator.credentials,
                emulator.clock.now(),
                self.header("X-Project-Id"),
                self.header("X-Auth-Token"),
                self._signed_request() if self.header("Authorization") else None,
                explains=emulator.needs_credentials,
            )
        return self.authentication

    def caller(self, *, needs_project: bool = True, needs_credentials: bool = True) -> Caller:
        """Return the sender of the request, or raise an error if the credentials, or strict findings, do not allow it.

        ``needs_credentials`` decides whether ``--auth on`` also rejects a request without credentials.
        """
        authentication = self.authenticate()
        if self.emulator.needs_credentials and (needs_credentials or authentication.method != NO_CREDENTIALS):
            writes = self.request.method not in ("GET", "HEAD", "OPTIONS")
            authentication.check(needs_project=needs_project, writes=writes)
        if self.emulator.options.findings == STRICT:
            refuse_findings(self)
        return authentication.caller

    def view(self, *, needs_credentials: bool = True) -> View:
        """Return the catalog as the :meth:`caller` sees it."""
        caller = self.caller(needs_credentials=needs_credentials)
        return View(caller, self.emulator.profile, is_queens(self.header("X-Api-Version")))

    def _signed_request(self) -> SignedRequest:
        """Return the request as the client signed it: behind a proxy, with the host and path that the client used."""
        headers = {name.lower(): value.strip(" \t") for name, value in self.request.headers.items()}
        if _BEFORE_PROXY_FIX in self.environ:
            forwarded = headers.get("x-forwarded-host", "").split(",")[-1].strip()
            match = _HOST.fullmatch(forwarded)
            if not forwarded:
                headers["host"] = self.environ[_BEFORE_PROXY_FIX]["HTTP_HOST"] or ""
            else:  # without a port it was the default one, or the proxy sends it separately
                headers["host"] = forwarded if match and match[1] else self.host
        return SignedRequest(
            method=self.request.method,
            path=self._prefix + self.environ.get("PATH_INFO", ""),
            query=self.query_string,
            headers=headers,
            body=self._signed_body,
            length=None if "transfer-encoding" in headers else self.request.content_length or 0,
        )

    def _signed_body(self) -> bytes:
        try:
            return self.body()
        except RequestError:
            raise RequestError("signed-body", legal=SIGNED_BODY) from None

    # --- its body

    def body(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Return the body, or raise an error if it has more bytes than the limit."""
        length = self.request.content_length or 0
        if self.read_body is None and length <= limit:
            self.request.max_content_length = limit + 1  # Flask cuts off a chunked body there
            try:
                self.read_body = self.request.get_data(cache=False)
            except (OSError, ClientDisconnected) as error:
                reason = error.__context__ if isinstance(error, ClientDisconnected) else error
                raise RequestError("malformed", "the body", str(reason or "it is incomplete")) from None
        body = self.read_body or b""
        if max(length, len(body)) > limit:
            raise RequestError("body-too-large", legal=f"at most {limit} bytes")
        return body

    def body_stream(self) -> IO[bytes]:
        """Return a body of any size as a stream."""
        if self.read_body is not None:
            return BytesIO(self.read_body)
        self.request.max_content_length = None
        return self.request.stream

    def json_body(self) -> JsonValue:
        """Return the JSON body."""
        return parse_json(self.body(MAX_JSON_BYTES))

    def image_body(self) -> JsonValue:
        """Return the JSON body of a change to an image; Glance does not check its declared media type."""
        if "service-rules" in self.emulator.profile:
            self.refuse_media_type(JSON, "")
        return self.json_body()

    def refuse_media_type(self, *legal: str, headers: Mapping[str, str] | None = None) -> None:
        """Raise an error if the body has none of the legal media types; an empty one stands for a body without any."""
        if self.request.mimetype not in legal:
            names = ", ".join(filter(None, legal))
            raise RequestError("media-type", "Content-Type", self.request.mimetype, names, headers=headers)

    # --- its URL

    @cached_property
    def base_url(self) -> str:
        """The URL at which the client reached the emulator, without a trailing slash; it needs a valid ``Host``."""
        if not _HOST.fullmatch(self.host):
            raise self.invalid_host()
        return f"{self.request.scheme}://{self.host}{quote(self._prefix.encode('latin-1'), safe='/')}"

    @property
    def host(self) -> str:
        """The ``Host``, without a default port. Werkzeug's property refuses names with ``_``, which containers have."""
        return str(self.environ.get("HTTP_HOST", "")).removesuffix(_DEFAULT_PORTS.get(self.request.scheme, ""))

    def invalid_host(self) -> RequestError:
        """Return the error for a request without a valid ``Host``."""
        legal = "a host name or an address, with a port unless it is the default one"
        return RequestError("host", "Host", self.environ.get("HTTP_HOST", ""), legal)

    @property
    def _prefix(self) -> str:
        """The path at which the application is mounted: empty, or beginning with a slash."""
        prefix = str(self.environ.get("SCRIPT_NAME", "")).strip("/")
        if _BEFORE_PROXY_FIX in self.environ:  # a proxy sends it percent-encoded
            prefix = unquote_to_bytes(prefix.encode("latin-1")).decode("latin-1")
        return f"/{prefix}" if prefix else ""


def new_request_id() -> str:
    """Return a new request id: 32 hex digits."""
    return secrets.token_hex(16)


def current_context() -> RequestContext:
    """Return the context of the request that is being answered.

    It is kept in the WSGI environment: ``flask.g`` outlives a request in tests that hold an application context, as
    pytest-flask does.
    """
    own: Request = request._get_current_object()  # type: ignore[attr-defined]  # the request behind Flask's proxy
    found: RequestContext | None = own.environ.get(_CONTEXT)
    if found is None:
        found = own.environ[_CONTEXT] = RequestContext(own, current_app.extensions, current_app.extensions[EMULATOR])
    return found


context: Final = cast(RequestContext, LocalProxy(current_context))
"""The context of the request that is being answered, for views. What runs on every request takes it as a parameter."""
