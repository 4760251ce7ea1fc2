"""The limits of the server: times, bytes and connections."""

from typing import Final

# --- times

QUIET_SECONDS: Final = 2.0
"""How long a client may take to send its first request, or to continue an upload, if others wait to connect."""

READ_SECONDS: Final = 120.0
"""A connection is closed if its client has sent nothing for so long; an upload is interrupted."""

WRITE_SECONDS: Final = 30.0
"""A connection is closed if its client has read nothing for so long, although there is something to read."""

FINISH_SECONDS: Final = 5.0
"""How long requests may take to finish after a signal."""

STOP_SECONDS: Final = 0.5
"""How long threads may take to end when the server stops."""

# --- bytes

MAX_HEADER_BYTES: Final = 2**20
"""Limit of the request line and headers. It is high because the application rejects long URIs itself."""

MAX_BODY_BYTES: Final = 16 * 2**20
"""Limit of a body that is not an upload. The application has a lower limit, with its own error."""

MAX_BUFFERED_BYTES: Final = 2**20
"""An upload that buffers this much is full; it accepts more once half of it is read."""

MAX_UNSENT_BYTES: Final = 2**20
"""While a client has this much to read, its next request is not answered."""

MAX_HELD_BYTES: Final = 16 * 2**20
"""A sixteenth of the bytes that requests, and responses, may hold in memory, unless ``--keep-data`` is larger."""

SMALL_BYTES: Final = 2**16
"""A request of this size is accepted even if all requests together have too many bytes."""

UPLOAD_BYTES_PER_SECOND: Final = 1024
"""An upload that is slower than this may be closed if others wait to connect."""

RECEIVE_BYTES: Final = 2**15

# --- connections

BACKLOG: Final = 1024

MAX_CONNECTIONS: Final = 1000
"""The connections that are kept open, if the process may open so many files."""

OTHER_FILES: Final = 64
"""The files that the process may need besides connections."""
