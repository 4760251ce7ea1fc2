"""A server in a thread of its own, beside the program that asks it."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Final

from waitress import wasyncore

from ims_mock.server.server import STOP_SECONDS, bound, listening, url_of

if TYPE_CHECKING:
    from flask import Flask

THREADS: Final = 8
_PATIENCE_SECONDS: Final = 10 * STOP_SECONDS


class Background:
    """Answers with an application, on a port of its own, until it is closed.

    It listens before it is there: whoever has one can ask it, and has nothing to wait for.

    Args:
        app: the application.
        threads: requests answered at the same time.

    Attributes:
        url: the base URL, without a slash at its end.
        port: the port, a free one that the system chose.
    """

    def __init__(self, app: Flask, threads: int = THREADS) -> None:
        listener = bound("127.0.0.1", 0)
        self.url, self.port = url_of(listener), int(listener.getsockname()[1])
        self._server = listening(app, listener, threads)
        self._thread = Thread(target=self._server.run, name="ims-mock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and leave every connection; what is being answered has half a second to end."""
        if not self._thread.is_alive():
            return
        self._server.task_dispatcher.shutdown()
        with suppress(OSError):  # the server was awake already, and closed what should have woken it
            self._server.trigger.pull_trigger(self._leave)
        self._thread.join(_PATIENCE_SECONDS)

    def _leave(self) -> None:
        """Close the connections that clients keep, with what was to be sent on them, and then all the rest."""
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        wasyncore.close_all(self._server._map)
