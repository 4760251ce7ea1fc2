"""The limits of the server: times, bytes and connections."""

from typing import Final

QUIET_SECONDS: Final = 2.0  # for the first request, and between parts of an upload, if others wait to connect
READ_SECONDS: Final = 120.0  # until a connection is closed, and an upload interrupted, whose client sends nothing
WRITE_SECONDS: Final = 30.0  # until a connection is closed whose client does not read what there is to read
FINISH_SECONDS: Final = 5.0  # for running requests to finish after a signal
STOP_SECONDS: Final = 0.5  # for threads to end when the server stops

MAX_HEADER_BYTES: Final = 2**20  # of request line and headers; the application rejects long URIs itself
MAX_BODY_BYTES: Final = 16 * 2**20  # of a body that is no upload; the application has a lower limit, with its own error
MAX_BUFFERED_BYTES: Final = 2**20  # an upload that buffers as much is full, until half of it is read
MAX_UNSENT_BYTES: Final = 2**20  # while a client has as much to read, its next request is not answered

MAX_HELD_BYTES: Final = 16 * 2**20  # a sixteenth of what all requests, or responses, hold if --keep-data is smaller
SMALL_BYTES: Final = 2**16  # a request of this size is accepted even if all requests together have too many bytes
UPLOAD_BYTES_PER_SECOND: Final = 1024  # a slower upload may be closed if others wait to connect
RECEIVE_BYTES: Final = 2**15

BACKLOG: Final = 1024
MAX_CONNECTIONS: Final = 1000  # the connections that are kept open, if the process may open so many files
OTHER_FILES: Final = 64  # the files that the process may need besides connections
