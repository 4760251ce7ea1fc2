"""A pipe between two threads: one appends what it receives, the other reads it like a file."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FULL_BYTES: Final = 2**20
"""So many bytes may wait for the reader; whoever appends more should wait until half of them are read."""

READ_BYTES: Final = 2**16
"""So many bytes are read at once for a reader that wants few."""

SILENT_SECONDS: Final = 120.0
"""So long a reader waits for a byte."""


class Interrupted(ConnectionError):
    """The bytes that were to follow will not come."""


class Pipe(io.RawIOBase):
    """Bytes on their way from the thread that appends them to the one that reads them.

    Once it is closed nobody reads any more, and what is appended is forgotten.

    Attributes:
        when_wanted: called in the reader's thread, before it waits for the first byte.
        when_drained: called in the reader's thread, when a pipe that was full may be appended to again.
    """

    def __init__(self) -> None:
        self.when_wanted: Callable[[], None] | None = None
        self.when_drained: Callable[[], None] | None = None
        self.is_full = False
        self._waiting = bytearray()
        self._is_ended = False
        self._interruption = ""
        self._changed = threading.Condition()

    # --- the appending side; it never waits

    def append(self, data: bytes) -> None:
        """Take bytes."""
        with self._changed:
            if not self.closed:
                self._waiting += data
                self.is_full = self.is_full or len(self._waiting) >= FULL_BYTES
                self._changed.notify()

    def end(self) -> None:
        """Say that this was all."""
        with self._changed:
            self._is_ended = True
            self._changed.notify()

    def interrupt(self, reason: str) -> None:
        """Say that the rest will not come, unless this was all."""
        with self._changed:
            self._interruption = self._interruption or reason
            self._changed.notify()

    @property
    def is_interrupted(self) -> bool:
        """Whether bytes are missing that will not come."""
        return bool(self._interruption) and not self._is_ended

    # --- the reading side

    def getfile(self) -> io.BufferedReader:
        """Give the file to read from: it gives as many bytes as it is asked for, unless the end comes first."""
        return io.BufferedReader(self, READ_BYTES)

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Wait for bytes, and move as many as there are and fit into a buffer; none at the end.

        Raises:
            Interrupted: they will not come.
        """
        if self.when_wanted and not self._waiting:
            self.when_wanted()
        self.when_wanted = None
        room = memoryview(buffer).cast("B")
        with self._changed:
            if not self._changed.wait_for(self._is_settled, SILENT_SECONDS):
                self._interruption = f"nothing came for {SILENT_SECONDS:g} seconds"
            if not self._waiting and self.is_interrupted:
                raise Interrupted(self._interruption)
            count = min(len(room), len(self._waiting))
            room[:count] = self._waiting[:count]
            del self._waiting[:count]
            is_drained = self.is_full and len(self._waiting) <= FULL_BYTES // 2
            self.is_full = self.is_full and not is_drained
        if is_drained and self.when_drained:
            self.when_drained()
        return count

    def _is_settled(self) -> bool:
        return bool(self._waiting or self._is_ended or self._interruption)

    def close(self) -> None:
        """Read no more."""
        with self._changed:
            super().close()
            self._waiting.clear()
            self.is_full = False
