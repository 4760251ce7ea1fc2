"""A connection to a client: how requests are read, and how what is none is refused."""

from __future__ import annotations

import re
import secrets
from typing import Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask

from ims_mock.errors import RequestError
from ims_mock.web.answers import error_answer

HEAD_BYTES: Final = 2**20
"""Request line and headers; an URI that is too long for the service is refused by the service, not here."""

_RAW: Final = re.compile(rb"[\x80-\xff]")
_TOO_LARGE: Final = (413, 431)


class Parser(HTTPRequestParser):  # type: ignore[misc]  # the server's package has no types
    """Reads a request; bytes that should have been percent-encoded are taken as if they were, as curl sends them."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request line and the headers."""
        line, end, headers = header_plus.partition(b"\r\n")
        if not line.isascii():
            line = _RAW.sub(lambda match: b"%%%02X" % ord(match[0]), line)
        try:
            super().parse_header(line + end + headers)
        except ValueError as error:  # a target that is no URL
            raise ParsingError(str(error)) from None


class _Refusal(ErrorTask):  # type: ignore[misc]  # the server's package has no types
    """Answers what is no HTTP request, or too large a one, in the shape of the other errors."""

    def execute(self) -> None:
        """Write the refusal and close the connection."""
        found = self.request.error
        is_large = found.code in _TOO_LARGE
        problem, legal = ("body-too-large", f"{HEAD_BYTES} bytes of headers") if is_large else ("malformed", "HTTP/1.1")
        error = RequestError(problem, "the request", found.body, legal)
        request_id = secrets.token_hex(16)
        profile = self.channel.server.emulator.profile
        answer = error_answer(error, profile, request_id, self.request.headers.get("ACCEPT", ""))
        body = answer.get_data()
        self.status = answer.status
        self.response_headers.extend([("Content-Type", answer.content_type), ("X-Request-Id", request_id)])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]  # the server's package has no types
    """A connection that reads and refuses as above."""

    parser_class = Parser
    error_task_class = _Refusal
