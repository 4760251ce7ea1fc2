"""The bare Flask application that everything is held against: it returns the bytes that the emulator has returned.

It stands on the emulator's own server, in a process of its own, and answers with as many headers. The bodies come
through a pipe before they are asked for, so that finding one costs it nothing.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import SimpleNamespace

from flask import Flask, Response

from ims_mock.background import THREADS
from ims_mock.listing import CLOUDIMAGES, IMAGES
from ims_mock.profile import DOCUMENTED
from ims_mock.server import bound, listening, stopped_by_signals

_REQUEST_ID = "0" * 32


class Bare:
    """The application.

    Attributes:
        app: what a server serves.
    """

    def __init__(self) -> None:
        self.app = Flask("bare", static_folder=None)
        self.app.extensions["ims_mock"] = SimpleNamespace(profile=DOCUMENTED)  # whose profile the server asks for
        for listing in (IMAGES, CLOUDIMAGES):
            self.app.add_url_rule(listing.path, listing.path, self._answer)
        self.returns([b"{}"])

    def returns(self, bodies: Sequence[bytes]) -> None:
        """Set what it returns: one body after the other, and then from the first again."""
        self._bodies = cycle(bodies)

    def _answer(self) -> Response:
        answer = Response(next(self._bodies), mimetype="application/json")
        answer.headers["X-Request-Id"] = _REQUEST_ID
        return answer


class BareServer:
    """A process that serves it.

    Attributes:
        port: where it listens.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port: int = pipe.recv()

    def returns(self, bodies: Sequence[bytes]) -> None:
        """Set what it returns."""
        self._pipe.send(list(bodies))
        self._pipe.recv()


@contextmanager
def bare_server() -> Iterator[BareServer]:
    """Start a process that serves it, and end it afterwards."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield BareServer(ours)
    finally:
        process.terminate()
        process.join()


@stopped_by_signals()
def _serve(pipe: Connection) -> None:
    logging.getLogger("waitress").setLevel(logging.ERROR)  # as the emulator's: of its queue it says nothing
    bare = Bare()
    listener = bound("127.0.0.1", 0)
    server = listening(bare.app, listener, THREADS)

    def listen() -> None:
        while True:
            bare.returns(pipe.recv())
            pipe.send(None)

    threading.Thread(target=listen, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    gc.collect()
    gc.freeze()
    server.run()
