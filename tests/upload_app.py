"""An application that reads uploads under the control of a test."""

import hashlib
import json
import threading
from typing import IO, Any

from helpers import make_app

MIB = 2**20
FIRST = b"the first bytes"
"""What a test sends before the rest of an upload."""


class UploadApp:
    """Responds as the query says: with 409 and no reading for ``refuse``, with so many MiB, or with what it read."""

    def __init__(self) -> None:
        self.extensions = {"ims_mock": make_app("empty", keep_data=0).extensions["ims_mock"]}
        self.environs: list[dict[str, Any]] = []
        self.errors: list[OSError] = []  # of reading
        self.has_begun = threading.Event()  # set when something has been read
        self.has_ended = threading.Event()  # set when everything has been read or reading has failed
        self.may_read = threading.Event()  # cleared by a test to suspend reading
        self.may_read.set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.environs.append(environ)
        status, body, query = "200 OK", b"fine", environ["QUERY_STRING"]
        if query == "refuse":
            self.may_read.wait(20)
            status = "409 Conflict"
        elif query:
            body = bytes(int(query) * MIB)
        elif environ["REQUEST_METHOD"] != "GET":
            body = json.dumps(self.read(environ["wsgi.input"])).encode()
        start_response(status, [("Content-Length", str(len(body)))])
        return [body]

    def read(self, stream: IO[bytes]) -> list[Any]:
        """Read to the end; the first read returns when the first bytes have arrived."""
        length, checksum, size = 0, hashlib.md5(), len(FIRST)
        try:
            while data := stream.read(size):
                length, size = length + len(data), 65536
                checksum.update(data)
                self.has_begun.set()
                self.may_read.wait(20)
        except OSError as error:
            self.errors.append(error)
        self.has_ended.set()
        return [length, checksum.hexdigest()]


def summary(data: bytes) -> list[Any]:
    """Return the JSON with which the application responds to an upload."""
    return [len(data), hashlib.md5(data).hexdigest()]
