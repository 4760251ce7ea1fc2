"""HTTP/1.1 connections: waitress with streaming uploads, early responses, dropped connections and our error bodies.

waitress collects the whole body of a request before it calls the application. Here the application is called as soon
as the headers of an upload have arrived. The code therefore relies on internals of waitress 3 (``setup.cfg`` excludes
version 4). Look at these names when upgrading:

* ``RequestParser`` replaces the buffer of the body receiver (``body_rcv.buf``) by a stream and copies ``adj`` to lift
  the size limit; it reads and sets ``chunked``, ``expect_continue``, ``empty``, ``error`` and ``completed``.
* ``Channel`` appends uploads to ``requests`` (under ``requests_lock``) before they are complete, and marks them as
  ``empty`` so that waitress does not append them again. It decides with ``close_when_flushed``, ``will_close``,
  ``total_outbufs_len``, ``_flush_exception`` and ``_flush_some`` when the connection is closed, and replaces
  ``_flush_outbufs_below_high_watermark``, in which a worker would wait for the client.
* The tasks override ``service``, ``execute``, ``get_environment`` and ``build_response_header``, and set
  ``close_on_finish``.
* ``server.py`` overrides ``readable``, ``maintenance`` and ``run`` of the server.
"""

import re
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from copy import copy
from functools import partial
from http import HTTPStatus
from time import perf_counter, time
from typing import Any, Final

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, Error

from ims_mock.auth.signature import ALGORITHM, CONTENT_HASH_HEADER, UNSIGNED_PAYLOAD
from ims_mock.errors import RequestError
from ims_mock.journal.journal import CONNECTED
from ims_mock.openapi.operations import is_glance_format
from ims_mock.server import limits
from ims_mock.server.upload_stream import UploadStream
from ims_mock.web.access_log import log_request
from ims_mock.web.context import MAX_JSON_BYTES, SIGNED_BODY, new_request_id
from ims_mock.web.error_bodies import glance_error, service_error
from ims_mock.web.fault_injection import RELEASE_WORKER, DroppedConnectionError

_UPLOAD: Final = re.compile(
    r"(?P<file>PUT .*/v2/images/[^/]+/file)"
    r"|(PUT|PATCH) .*/_ims/catalog|POST .*/_ims/sandboxes|PUT .*/_ims/sandboxes/[^/]+",
    re.DOTALL,
)
"""The requests whose body is streamed and not limited here: image files and catalogs, below any prefix."""

_MAX_DIGITS: Final = 640  # the lowest limit of Python for the digits of a number
_CODING: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*(.*?)[ \t]*(?=\r\n|$)")
_NON_ASCII: Final = re.compile(rb"[\x80-\xff]")
_TARGET: Final = re.compile(r"(/|https?://[^/?#]+(?=[/?]|$))[^\x00-\x20#\x7f]*|\*", re.IGNORECASE)
"""What a proxy and the emulator read alike: a path, a URL, or ``*``."""

_HEADERS: Final = f"{limits.MAX_HEADER_BYTES - 1} bytes"
_REJECTIONS: Final = {
    413: ("body-too-large", "the body has {size} bytes", f"at most {limits.MAX_BODY_BYTES} bytes"),
    431: ("body-too-large", f"the headers have more than {_HEADERS}", f"at most {_HEADERS} of headers"),
    503: ("away", "", "fewer or smaller requests at the same time"),
}
"""The error by the status, what is wrong unless waitress says it, and what is legal; other requests are malformed."""


class RequestParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Parses a request. Raw bytes in the request line, which curl sends, count as if they were percent-encoded."""

    adj: Any
    chunked: bool
    expect_continue: bool
    command = path = query = ""  # of a request that cannot be parsed
    upload: UploadStream | None = None  # the body if it is streamed
    is_file = False  # whether the upload is an image file, which the application keeps in memory up to a limit
    awaits_continue = False  # whether the client of an upload waits for "100 Continue"

    def __init__(self, adj: Any, has_room: Callable[[], bool]) -> None:
        self.has_room = has_room  # whether the bytes of all requests together are below their limit
        super().__init__(adj)

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and the headers."""
        line, end, headers = header_plus.partition(b"\r\n")
        names = end + headers.lower()
        if names.count(b"\r\nhost:") > 1:
            raise ParsingError("more than one Host")
        codings = _CODING.findall(names)
        if codings and (codings != [b"chunked"] or b"\r\ncontent-length:" in names or line.endswith(b"1.0")):
            raise ParsingError("Transfer-Encoding other than chunked, with Content-Length, or in HTTP/1.0")
        line = _NON_ASCII.sub(lambda match: b"%%%02X" % ord(match[0]), line)
        try:
            super().parse_header(line + end + headers)
        except ValueError:
            digits = self.headers.get("CONTENT_LENGTH", "")
            is_long = len(digits) > _MAX_DIGITS
            wrong = f"Content-Length has {len(digits)} digits" if is_long else "the request target is not a URL"
            raise ParsingError(wrong) from None
        if not _TARGET.fullmatch(self.request_uri):
            legal = "a path that starts with / nor a URL, without a fragment"
            raise ParsingError(f"the request target {self.request_uri} is neither {legal}")
        if self.body_rcv is None:
            return
        if match := _UPLOAD.fullmatch(f"{self.command} {self.path}"):
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = sys.maxsize
            self.is_file = bool(match["file"])
        elif not MAX_JSON_BYTES < self.content_length <= limits.MAX_BODY_BYTES:
            return  # others are streamed so that the application can reject them before they arrive
        self.upload = self.body_rcv.buf = UploadStream()
        self.awaits_continue, self.expect_continue = self.expect_continue, False  # sent when the application reads
        if self.chunked:  # waitress would replace the header by the length of the body, which is not known yet
            self.headers.pop("CONTENT_LENGTH", None)
            self.headers["TRANSFER_ENCODING"] = "chunked"
            self.chunked = False

    def received(self, data: bytes) -> int:
        """Parse more data, and return how many bytes belong to this request."""
        consumed: int = super().received(data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > limits.MAX_HEADER_BYTES:
            self.error, self.completed = BadRequest("Chunk header or trailer too long"), True
        if not self.completed and self.received_bytes > limits.SMALL_BYTES and not self.has_room():
            self.error, self.completed = Error("too many bytes at the same time"), True
            self.error.code = HTTPStatus.SERVICE_UNAVAILABLE
        if self.error:
            self.expect_continue = False
            if self.upload:
                self.upload.interrupt(self.error.body)
                self.empty = False  # so that waitress appends it once more, to reject it
        elif self.upload and self.completed:
            self.upload.end()
        self.awaits_continue = self.awaits_continue and not self.body_bytes_received
        return consumed

    @property
    def received_bytes(self) -> int:
        """The bytes of its body, or of its headers as long as they are not complete."""
        return int(self.body_bytes_received if self.headers_finished else len(self.header_plus))


class _RequestTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Calls the application."""

    close_on_finish: bool

    def service(self) -> None:
        """Send the response; if the application drops the connection, send what is written so far and close."""
        try:
            super().service()
        except DroppedConnectionError:
            self.channel.is_dropped = self.close_on_finish = True

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[RELEASE_WORKER] = self.channel.server.release_worker
        environ[CONNECTED] = self.channel.opened
        return environ

    def build_response_header(self) -> bytes:
        """Return the status line and headers; they tell the client if the connection is closed afterwards."""
        request = self.request
        has_unknown_end = request.awaits_continue or (request.upload and request.upload.is_interrupted)
        asks_to_close = request.headers.get("CONNECTION", "").lower() == "close"
        if self.channel.server.is_stopping or has_unknown_end or asks_to_close:
            self.set_close_on_finish()
        stays_open = not self.has_body and self.version == "1.1" and not self.close_on_finish
        # waitress would close the connection after a response without Content-Length, even one without a body (204)
        self.close_on_finish = self.close_on_finish or stays_open  # it then adds no "Connection: close"
        header: bytes = super().build_response_header()
        self.close_on_finish = self.close_on_finish and not stays_open
        return header


class _RejectionTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Rejects a request that is malformed or too large, with an error body like the application's."""

    def execute(self) -> None:
        error = self.request.error
        name, what, legal = _REJECTIONS.get(error.code, ("malformed", "", "HTTP/1.1"))
        size = self.request.content_length or f"more than {limits.MAX_BODY_BYTES}"
        request_id, is_glance = new_request_id(), is_glance_format(self.channel.server.emulator.profile)
        if error.code == 413 and self._is_signed:
            rejection = RequestError("signed-body", legal=SIGNED_BODY)
        else:
            rejection = RequestError(name, "the request", what.format(size=size) or error.body, legal)
        response = glance_error(rejection, self._header) if is_glance else service_error(rejection, request_id)
        sent = (self.request.command or "?", self.request.path or "?", self.request.query)
        code, message = ("", rejection.glance) if is_glance else (rejection.problem.code, rejection.message)
        log_request(*sent, response.status_code, 0.0, request_id, code=code, message=message)
        self.status = response.status
        self.response_headers.extend([("Content-Type", response.content_type), ("X-Request-Id", request_id)])
        self.set_close_on_finish()
        body = response.get_data()
        self.content_length = len(body)
        self.write(body)

    @property
    def _is_signed(self) -> bool:
        """Whether the signature of the body would have to be verified."""
        return (
            self.channel.server.emulator.needs_credentials
            and self._header("Authorization").startswith(ALGORITHM)
            and not self._header("X-Auth-Token")
            and self._header(CONTENT_HASH_HEADER) != UNSIGNED_PAYLOAD
            and not self.request.path.lstrip("/").startswith("_ims/")
        )

    def _header(self, name: str) -> str:
        return str(self.request.headers.get(name.upper().replace("-", "_"), ""))


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection: the event loop receives and sends, and a worker thread answers one request after the other."""

    task_class = _RequestTask
    error_task_class = _RejectionTask
    is_dropped = False  # the connection is closed as soon as what is written is sent
    _is_lingering = False  # everything is sent; data is read and discarded until the client closes the connection
    _awaits_reader = False  # the next request is answered when the client has read earlier responses

    def __init__(self, server: Any, *args: Any, **kwargs: Any) -> None:
        self.opened = self._last_received = perf_counter()
        self.last_sent = time()  # when the client last read something, or had nothing to read
        self.parser_class = partial(RequestParser, has_room=server.has_room)
        super().__init__(server, *args, **kwargs)

    @property
    def is_replaceable(self) -> bool:
        """Whether it may be closed for another client, because nothing happens until its own client sends something."""
        now, upload = perf_counter(), self._upload
        if self.total_outbufs_len:
            return False
        if self.requests:  # the first of them may be an upload for whose rest the application waits
            if not (upload and upload.is_read and not upload.is_full and len(self.requests) == 1):
                return False
            seconds = now - upload.started
            # a client could send a byte now and then forever
            is_slow = self.request.received_bytes < limits.UPLOAD_BYTES_PER_SECOND * seconds
            return now - self._last_received >= limits.QUIET_SECONDS or (is_slow and seconds >= limits.QUIET_SECONDS)
        is_between_requests = self._last_received > self.opened and self.request is None
        return is_between_requests or now - self.opened >= limits.QUIET_SECONDS

    def held_bytes(self, max_kept: int) -> int:
        """Return the bytes in memory of requests that are received or answered; a file up to ``max_kept`` is kept."""
        requests = {*self.requests, self.request} - {None}
        sizes, buffered = [(one.received_bytes, one.is_file) for one in requests], limits.MAX_BUFFERED_BYTES
        return sum(min(size, buffered) if is_file and size > max_kept else size for size, is_file in sizes)

    # --- in the event loop

    def received(self, data: bytes) -> None:
        """Take received data, and queue an upload as soon as its headers are complete."""
        self._last_received = perf_counter()
        super().received(data)
        with self.requests_lock:
            request = self.request
            if request is None or request.upload is None or request.empty or self.close_when_flushed:
                return
            request.upload.on_first_read = lambda: self._send_continue(request)
            request.upload.on_drained = self.server.pull_trigger
            request.empty = True  # so that waitress does not append it again when it is complete
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def _flush_some(self, do_close: bool = True) -> bool:
        has_sent = bool(super()._flush_some(do_close))
        if has_sent:
            self.last_sent = time()
        return has_sent

    def readable(self) -> bool:
        """Return whether data should be received."""
        upload = self._upload
        if not self.connected:  # closed while the sockets to wait for were collected
            return False
        if upload and not self.will_close:
            return not upload.is_full
        return self._is_lingering or bool(super().readable())

    def writable(self) -> bool:
        """Return whether there is data to send, or the connection should be closed."""
        return bool(self.connected and (self.will_close or (super().writable() and not self._is_lingering)))

    def handle_write(self) -> None:
        """Send data; after the last response, wait until the client closes the connection."""
        if self.socket is None:  # the client has disconnected in the same iteration of the loop
            return
        if self.will_close or self.is_dropped or not self.close_when_flushed:
            super().handle_write()
            self.resume()
            return
        self._flush_exception(self._flush_some)
        if self.connected and not self.total_outbufs_len:
            self._is_lingering = True  # to close while data arrives resets the connection; the response may be lost
            self.end_output()

    def resume(self) -> None:
        """Queue the next request if it has waited for the client to read."""
        if self._awaits_reader and not self.awaits_reader():
            self.server.add_task(self)

    def end_output(self) -> None:
        """Tell the client that no more data follows."""
        with suppress(OSError):  # the client has disconnected
            self.socket.shutdown(socket.SHUT_WR)

    def handle_close(self) -> None:
        """Close the connection."""
        super().handle_close()
        self.interrupt_upload("the client has disconnected")

    def interrupt_upload(self, reason: str, silent_for: float = 0.0) -> None:
        """Let the application fail that reads an unfinished upload, if nothing was received for some seconds."""
        if perf_counter() - self._last_received >= silent_for and (upload := self._upload):
            upload.interrupt(reason)

    @property
    def _upload(self) -> UploadStream | None:
        """The upload that is arriving."""
        request = self.request
        return request.upload if request is not None and request.empty else None

    # --- in any thread

    def awaits_reader(self) -> bool:
        """Return whether the next request has to wait until clients have read more; then the loop queues it."""
        with self.outbuf_lock:
            self._awaits_reader = self.total_outbufs_len > limits.MAX_UNSENT_BYTES or self.server.has_too_much_output
            return self._awaits_reader

    # --- in a worker thread

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Do not wait until the client has read more."""

    def service(self) -> None:
        """Answer a request, unless it has to wait; while an upload arrives, an additional thread answers others."""
        if self.awaits_reader():
            return
        request = self.requests[0]
        with self.server.release_worker() if request.upload and not request.completed else nullcontext():
            super().service()

    def _send_continue(self, request: RequestParser) -> None:
        if request.awaits_continue:
            with suppress(ClientDisconnected):  # the read that follows reports it
                self.write_soon(b"HTTP/1.1 100 Continue\r\n\r\n")
