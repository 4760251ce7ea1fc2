"""The server behind ``ims-mock serve``: binds first, then loads, then answers until it is told to stop."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Final

from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from ims_mock.contract.values import printable
from ims_mock.server.http import BODY_BYTES, HEAD_BYTES, Channel

if TYPE_CHECKING:
    from ssl import SSLContext

    from flask import Flask

BACKLOG: Final = 1024
CONNECTIONS: Final = 1000
RECEIVED_BYTES: Final = 2**15
"""Taken from a connection at once; with more, bodies in small chunks take longer to be put together (measured)."""
STOP_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 2 * STOP_SECONDS


class BindError(Exception):
    """The address cannot be listened on."""


def bound(host: str, port: int) -> socket.socket:
    """Bind an address without listening yet, so that a busy port is found before anything is loaded.

    Args:
        host: a name or address, IPv4 or IPv6.
        port: 0 for any free one.

    Raises:
        BindError: the address is taken or not this machine's; the message says which and what to do.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, UnicodeError) as error:
        raise BindError(_taken(host, port, error)) from None
    return listener


def _taken(host: str, port: int, error: OSError | UnicodeError) -> str:
    reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is no name of a host"
    return f"cannot listen on {printable(host)} port {port}: {reason}; choose another with --host and --port"


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """End the process with status 0 on SIGTERM and SIGINT, from wherever it is.

    The block is left as by ``sys.exit``; behind it nothing more is done, for the interpreter's own end would wait for
    whoever should read what was written. A signal that comes again within a second says nothing new. Without any,
    signals end the process as usual afterwards.
    """
    signals = signal.SIGTERM, signal.SIGINT
    told = -inf

    def stop(*_: object) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told > _PATIENCE_SECONDS:
            told = now
            raise SystemExit(0)

    try:
        for one in signals:
            signal.signal(one, stop)
        yield
    finally:
        if told > -inf:
            os._exit(0)
        for one in signals:
            signal.signal(one, signal.SIG_DFL)


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Give the base URL under which a bound socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def listening(app: Flask, listener: socket.socket, threads: int, encryption: SSLContext | None = None) -> Any:
    """Make the server that answers with an application; its ``run`` begins, its ``close`` ends.

    Args:
        app: the application.
        listener: a bound socket; connections are accepted from now on.
        threads: requests answered at the same time.
        encryption: what encrypts the connections; ``None`` where nothing does.

    Raises:
        BindError: somebody else listens there already.
    """
    dispatcher = _Workers(threads)
    try:
        listener.listen(BACKLOG)
    except OSError as error:  # another process bound the port as well, and was the first to listen
        host, port = listener.getsockname()[:2]
        raise BindError(_taken(host, port, error)) from None
    channel_class = Channel
    if encryption:
        from ims_mock.server.tls import SecureChannel

        channel_class = SecureChannel
        listener = encryption.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
    server = create_server(
        app,
        sockets=[listener],
        _dispatcher=dispatcher,
        backlog=BACKLOG,
        connection_limit=CONNECTIONS,
        recv_bytes=RECEIVED_BYTES,
        max_request_header_size=HEAD_BYTES,
        max_request_body_size=BODY_BYTES,
        inbuf_overflow=sys.maxsize,  # nothing is put in a temporary file: there may be no disk to write to
        outbuf_overflow=sys.maxsize,
        asyncore_use_poll=hasattr(select, "poll"),  # select() knows no descriptor above 1023
        url_scheme="https" if encryption else "http",
        ident=None,
        clear_untrusted_proxy_headers=False,  # the application believes them only when it is told to
    )
    server.channel_class = channel_class
    dispatcher.channels = server.active_channels
    server.emulator = app.extensions["ims_mock"]
    return server


class _Workers(ThreadedTaskDispatcher):  # type: ignore[misc]  # the server's package has no types
    """The threads that answer, one more for every upload that has yet to arrive, and every delay on purpose.

    A stop interrupts uploads, and waits for other requests, but not for long.

    Args:
        count: requests answered at the same time, besides those.
    """

    channels: Mapping[int, Channel]

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._is_stopping = False
        self._resizing = threading.Lock()
        self._resize(0)

    @contextmanager
    def relieved(self) -> Iterator[None]:
        """Let one thread more answer others, as long as the caller's waits."""
        self._resize(1)
        try:
            yield
        finally:
            self._resize(-1)

    def _resize(self, by: int) -> None:
        with self._resizing:
            self._count += by
            if not self._is_stopping:
                self.set_thread_count(self._count)

    def shutdown(self, cancel_pending: bool = True, timeout: float = STOP_SECONDS) -> bool:
        """End the threads."""
        with self._resizing:
            self._is_stopping = True
        for channel in list(self.channels.values()):
            channel.interrupt("the server stops")
        return bool(super().shutdown(cancel_pending, timeout))


# --- logging --------------------------------------------------------------------------------------


_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class _JsonFormatter(logging.Formatter):
    """One JSON object a line: what a record has in parts, or else its message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {"time": self.formatTime(record, _TIME), "level": record.levelname.lower()}
        entry |= getattr(record, "parts", None) or {"message": record.getMessage()}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def log_to_stderr(level: str, form: str) -> None:
    """Send the emulator's log to standard error.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        form: ``text`` or ``json``.
    """
    handler = logging.StreamHandler()
    formatter = (
        _JsonFormatter() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s", _TIME)
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    for name, least in (("ims_mock", level.upper()), ("waitress", "ERROR")):  # its queue's depth is nobody's business
        log = logging.getLogger(name)
        log.addHandler(handler)
        log.setLevel(least)
        log.propagate = False
