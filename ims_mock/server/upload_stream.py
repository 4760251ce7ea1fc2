"""A stream between two threads: the server appends the body of an upload while the application reads it."""

import io
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

from ims_mock.server import limits


class UploadInterruptedError(ConnectionError):
    """The rest of the upload will not arrive, or did not arrive in time."""


class UploadStream(io.RawIOBase):
    """The body of an upload. After the reader closes the stream, appended bytes are discarded."""

    def __init__(self) -> None:
        self.started = perf_counter()  # when the headers had arrived
        self.is_full = False  # whether the writer should wait
        self.is_read = False  # whether the reader has begun to read
        self.on_first_read: Callable[[], None] | None = None  # called by the reader before it waits for the first byte
        self.on_drained: Callable[[], None] | None = None  # called by the reader when a full stream has room again
        self._buffer = bytearray()
        self._is_complete = False
        self._interruption = ""
        self._changed = threading.Condition()

    # --- the writer; it never blocks

    def append(self, data: bytes) -> None:
        """Append bytes."""
        with self._changed:
            if not self.closed:
                self._buffer += data
                self.is_full = self.is_full or len(self._buffer) >= limits.MAX_BUFFERED_BYTES
                self._changed.notify()

    def end(self) -> None:
        """Mark the upload as complete."""
        with self._changed:
            self._is_complete = True
            self._changed.notify()

    def interrupt(self, reason: str) -> None:
        """Mark the upload as interrupted, unless it is complete."""
        with self._changed:
            self._interruption = self._interruption or reason
            self._changed.notify()

    @property
    def is_interrupted(self) -> bool:
        """Whether the rest of the upload will not arrive."""
        return bool(self._interruption) and not self._is_complete

    # --- the reader

    def getfile(self) -> io.BufferedReader:
        """Return a file whose ``read(n)`` returns fewer than ``n`` bytes only at the end of the upload."""
        return io.BufferedReader(self, 2**16)

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes and move as many as fit into a buffer; return 0 at the end of the upload."""
        if self.on_first_read and not self._buffer:
            self.on_first_read()
        self.on_first_read = None
        self.is_read = True
        view = memoryview(buffer).cast("B")
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._buffer or self._is_complete or self._interruption, limits.READ_SECONDS
            ):
                self._interruption = f"no data was received for {limits.READ_SECONDS:g} seconds"
            if not self._buffer and self.is_interrupted:
                raise UploadInterruptedError(self._interruption)
            count = min(len(view), len(self._buffer))
            view[:count] = self._buffer[:count]
            del self._buffer[:count]
            is_drained = self.is_full and len(self._buffer) <= limits.MAX_BUFFERED_BYTES // 2
            self.is_full = self.is_full and not is_drained
        if is_drained and self.on_drained:
            self.on_drained()
        return count

    def close(self) -> None:
        """Stop reading and discard what is buffered."""
        with self._changed:
            super().close()
            self._buffer.clear()
            self.is_full = False
