"""A connection to a client: how requests are read, how uploads are passed on while they arrive, and how it ends."""

from __future__ import annotations

import logging
import re
import socket
import sys
from contextlib import nullcontext, suppress
from copy import copy
from time import perf_counter
from typing import Any, Final

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest

from ims_mock.errors import RequestError
from ims_mock.journal.notes import OPENED
from ims_mock.server.upload_stream import Pipe
from ims_mock.web.access_log import log_request
from ims_mock.web.context import id_of
from ims_mock.web.responses import RELIEVED, Dropped, error_answer

HEAD_BYTES: Final = 2**20
"""Request line and headers; an URI that is too long for the service is refused by the service, not here."""

BODY_BYTES: Final = 16 * 2**20
"""A body that is no upload; the gateway's limit is a little lower, and told by the application in its own words."""

JOINED_BYTES: Final = 2**16
"""A body, or a first part of one, that is not longer is sent with the head before it, in one piece."""

_UPLOAD: Final = re.compile(
    r"PUT .*/v2/images/[^/]+/file|(PUT|PATCH) .*/_ims/catalog|POST .*/_ims/sandboxes|PUT .*/_ims/sandboxes/[^/]+",
    re.DOTALL,
)
"""The requests, wherever the service is mounted, whose body may have any size: image files and whole catalogs.

The application is called before such a body has arrived, and reads it as it comes. All other bodies are collected.
"""

_log = logging.getLogger("ims_mock")
_RAW: Final = re.compile(rb"[\x80-\xff]")
_LEGAL: Final = {413: f"{BODY_BYTES} bytes", 431: f"{HEAD_BYTES} bytes of headers"}


class Parser(HTTPRequestParser):  # type: ignore[misc]  # the server's package has no types
    """Reads a request; bytes that should have been percent-encoded are taken as if they were, as curl sends them.

    Attributes:
        pipe: through it the body of an upload goes; no other request has one.
        awaits_continue: whether the client of an upload wants to be told before it sends the body.
    """

    adj: Any
    chunked: bool
    expect_continue: bool
    pipe: Pipe | None = None
    awaits_continue = False

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request line and the headers."""
        line, end, headers = header_plus.partition(b"\r\n")
        if not line.isascii():
            line = _RAW.sub(lambda match: b"%%%02X" % ord(match[0]), line)
        try:
            super().parse_header(line + end + headers)
        except ValueError as error:  # a target that is no URL
            raise ParsingError(str(error)) from None
        if self.body_rcv is not None and _UPLOAD.fullmatch(f"{self.command} {self.path}"):
            self._stream()

    def _stream(self) -> None:
        """Pass the body on instead of collecting it."""
        self.pipe = self.body_rcv.buf = Pipe()
        self.awaits_continue, self.expect_continue = self.expect_continue, False  # not before somebody reads
        self.adj = copy(self.adj)
        self.adj.max_request_body_size = sys.maxsize
        if self.chunked:
            self.headers.pop("CONTENT_LENGTH", None)
            self.headers["TRANSFER_ENCODING"] = "chunked"  # which the server keeps to itself, as it tells the length
            self.chunked = False  # the end would be the time to tell the length, and is too late

    def received(self, data: bytes) -> int:
        """Read on, and tell how many bytes belong to this request."""
        consumed: int = super().received(data)
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > HEAD_BYTES:
            self.error, self.completed = BadRequest("Chunk without an end"), True
        if self.error:
            self.expect_continue = False
            if self.pipe:
                self.pipe.interrupt(self.error.body)
                self.empty = False  # it is queued once more, to be refused
        elif self.pipe and self.completed:
            self.pipe.end()
        self.awaits_continue = self.awaits_continue and not self.body_bytes_received
        return consumed

    @property
    def loses_track(self) -> bool:
        """Whether nobody knows where on the connection a next request would begin."""
        return bool(self.awaits_continue or (self.pipe and self.pipe.is_interrupted))


class _Answer(WSGITask):  # type: ignore[misc]  # the server's package has no types
    """Has the application answer a request."""

    close_on_finish: bool
    wrote_header: bool

    def service(self) -> None:
        """Answer; where the application drops the connection, send what it said so far, and close."""
        try:
            super().service()
        except Dropped:
            self.channel.is_dropped = self.close_on_finish = True

    def get_environment(self) -> dict[str, Any]:
        """Give the request as WSGI has it."""
        environ: dict[str, Any] = super().get_environment()
        environ[RELIEVED] = self.channel.server.task_dispatcher.relieved
        environ[OPENED] = self.channel.opened
        return environ

    def write(self, data: bytes) -> None:
        """Send a part of the body; before the first one goes the head."""
        if self.complete and not self.wrote_header and len(data) <= JOINED_BYTES:
            self.channel.head, self.wrote_header = self.build_response_header(), True
        super().write(data)
        self.channel.write_soon(b"")  # the head, where no body took it along

    def build_response_header(self) -> bytes:
        """Write the head of the answer, which says when the connection cannot go on after it.

        The server ends it after every answer of unknown length, and takes one without a body for such a one.
        """
        if self.request.loses_track or self.request.headers.get("CONNECTION", "").lower() == "close":
            self.set_close_on_finish()
        is_bare = not self.has_body and self.version == "1.1" and not self.close_on_finish
        self.close_on_finish = self.close_on_finish or is_bare  # the server now has nothing to add
        head: bytes = super().build_response_header()
        self.close_on_finish = self.close_on_finish and not is_bare
        return head


class _Refusal(ErrorTask):  # type: ignore[misc]  # the server's package has no types
    """Answers what is no HTTP request, or too large a one, in the shape of the other errors."""

    def execute(self) -> None:
        """Write the refusal and close the connection."""
        found = self.request.error
        legal = _LEGAL.get(found.code)
        error = RequestError("body-too-large" if legal else "malformed", "the request", found.body, legal or "HTTP/1.1")
        request_id = id_of({})
        profile = self.channel.server.emulator.profile
        answer = error_answer(error, profile, request_id, self.request.headers.get("ACCEPT", ""))
        body = answer.get_data()
        if _log.isEnabledFor(logging.INFO):
            method, path, query = (getattr(self.request, name, "") or "" for name in ("command", "path", "query"))
            log_request(method or "?", path or "?", query, answer.status_code, 0.0, request_id, refused=found.body)
        self.status = answer.status
        self.response_headers.extend([("Content-Type", answer.content_type), ("X-Request-Id", request_id)])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]  # the server's package has no types
    """A connection; the main loop reads and writes, and a worker's thread answers, one request after the other."""

    parser_class = Parser
    task_class = _Answer
    error_task_class = _Refusal
    is_dropped = False  # all that is said is sent, and then the connection is closed, in whatever state the client is
    is_leaving = False  # all is said, and what the client still says is not listened to
    head = b""  # of an answer, to be sent with whatever is sent next

    def __init__(self, *arguments: Any, **others: Any) -> None:
        self.opened = perf_counter()
        super().__init__(*arguments, **others)

    # --- the main loop

    def received(self, data: bytes) -> None:
        """Take bytes; as soon as they hold the head of an upload, have it answered."""
        super().received(data)
        with self.requests_lock:
            request = self.request
            if request is None or request.pipe is None or request.empty or self.close_when_flushed:
                return
            request.pipe.when_wanted = lambda: self._continue(request)
            request.pipe.when_drained = self.server.pull_trigger
            request.empty = True  # so that the server does not queue it again when it is complete
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def readable(self) -> bool:
        """Tell whether more bytes can be taken."""
        upload = self._upload
        if upload and not self.will_close:
            return not upload.is_full
        return self.is_leaving or bool(super().readable())

    def writable(self) -> bool:
        """Tell whether there is something to send, or to end."""
        return bool(self.will_close or (super().writable() and not self.is_leaving))

    def handle_write(self) -> None:
        """Send; and after the last answer leave, but not before the client.

        Whoever closes a connection on which bytes are still coming resets it, and that may take away the answer.
        """
        if self.socket is None:  # reading has just found out that the client has left
            return
        if self.will_close or self.is_dropped or not self.close_when_flushed:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.connected and not self.total_outbufs_len:
            self.is_leaving = True
            self.say_goodbye()

    def say_goodbye(self) -> None:
        """Tell the client that this was all."""
        with suppress(OSError):  # the client has left first
            self.socket.shutdown(socket.SHUT_WR)

    def handle_close(self) -> None:
        """Leave."""
        super().handle_close()
        self.interrupt("the client has left")

    def interrupt(self, reason: str) -> None:
        """Wake whoever waits for the rest of an upload."""
        if upload := self._upload:
            upload.interrupt(reason)

    @property
    def _upload(self) -> Pipe | None:
        """The upload that is arriving."""
        request = self.request
        return request.pipe if request is not None and request.empty else None

    # --- a worker's thread

    def service(self) -> None:
        """Answer a request; as long as it is an upload that arrives, another worker answers others."""
        request = self.requests[0]
        with self.server.task_dispatcher.relieved() if request.pipe and not request.completed else nullcontext():
            super().service()

    def write_soon(self, data: Any) -> int:
        """Send bytes, or a file, as soon as the client takes them."""
        if self.head:
            data, self.head = self.head + data, b""
        count: int = super().write_soon(data)
        return count

    def _continue(self, request: Parser) -> None:
        """Tell a client that waits for it to send the body."""
        if request.awaits_continue:
            with suppress(ClientDisconnected):  # as the reader is about to find out
                self.write_soon(b"HTTP/1.1 100 Continue\r\n\r\n")
