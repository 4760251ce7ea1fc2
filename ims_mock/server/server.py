"""The server: waitress with our connections, bound before catalogs are loaded so that a busy port is found early."""

import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import TYPE_CHECKING

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from ims_mock.emulator import Emulator
from ims_mock.server import limits
from ims_mock.server.http import Channel
from ims_mock.server.tls import TLSChannel
from ims_mock.text import printable

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger("ims_mock")


class BindError(Exception):
    """The address is not available; the message says why and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket to an address of this machine, or with port 0 to any free port of it; it does not listen yet."""
    if not host:
        raise BindError("cannot listen on an empty --host; use an address of this machine, such as 127.0.0.1")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, UnicodeError) as error:
        raise _bind_error(host, port, error) from None
    return listener


def _bind_error(host: str, port: int, error: OSError | UnicodeError) -> BindError:
    reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "invalid host name"
    return BindError(f"cannot listen on {printable(host)} port {port}: {reason}; use another --host or --port")


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Return the base URL of a bound socket, without a trailing slash."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """The event loop, the listening socket and its connections: ``run()`` serves until ``stop()`` is called.

    The listener is a bound socket. If another process listens on its address, that is a :class:`BindError`.
    """

    active_channels: dict[int, Channel]

    def __init__(self, app: "Flask", listener: socket.socket, threads: int, tls: SSLContext | None = None) -> None:
        self.emulator: Emulator = app.extensions["ims_mock"]  # error bodies are in its profile
        self.channel_class = TLSChannel if tls else Channel
        self.max_connections = _max_connections()
        self.is_stopping = self._has_ended = self._has_closed_idle = False
        self._threads, self._threads_lock = threads, threading.Lock()
        self._stop_lock = threading.RLock()  # not Lock: a signal handler may interrupt run()
        try:
            listener.listen(limits.BACKLOG)
        except OSError as error:  # another process bound the port as well, and was the first to listen
            host, port = listener.getsockname()[:2]
            raise _bind_error(host, port, error) from None
        if tls:
            listener = tls.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        settings = Adjustments(
            sockets=[listener],
            backlog=limits.BACKLOG,
            connection_limit=sys.maxsize,  # the server has its own
            cleanup_interval=1,
            channel_timeout=int(limits.READ_SECONDS),
            recv_bytes=limits.RECEIVE_BYTES,
            max_request_header_size=limits.MAX_HEADER_BYTES,
            max_request_body_size=limits.MAX_BODY_BYTES + 1,  # waitress rejects a body of this size
            inbuf_overflow=sys.maxsize,  # no temporary files: the file system may be read-only
            outbuf_overflow=sys.maxsize,
            asyncore_use_poll=hasattr(select, "poll"),  # select() is limited to descriptors below 1024
            url_scheme="https" if tls else "http",
            ident=None,
            clear_untrusted_proxy_headers=False,  # the application decides whether it trusts them
        )
        workers = ThreadedTaskDispatcher()
        workers.queue_logger = logging.Logger("waitress.queue", logging.ERROR)  # no warning if requests wait
        workers.set_thread_count(threads)
        address = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(app, {}, True, listener, workers, settings, address, bind_socket=False)

    # --- connections

    def readable(self) -> bool:
        """Return whether a client can be accepted, if need be in place of another."""
        super().readable()
        is_full = len(self.active_channels) >= self.max_connections
        return bool(self.accepting and not (is_full and self._replaceable() is None))

    def handle_accept(self) -> None:
        """Accept a client; close the connection that is idle for longest if there are too many."""
        super().handle_accept()
        if len(self.active_channels) <= self.max_connections or (idle := self._replaceable()) is None:
            return
        idle.handle_close()
        if not self._has_closed_idle:
            self._has_closed_idle = True
            _log.warning("%d connections are open; the oldest idle ones are closed", self.max_connections)

    def _replaceable(self) -> Channel | None:
        idle = [channel for channel in self.active_channels.values() if channel.is_replaceable]
        return min(idle, key=lambda channel: channel.last_activity, default=None)

    def maintenance(self, now: float) -> None:
        """Close connections that are idle for long, or whose client does not read."""
        super().maintenance(now)
        oldest_first = sorted(self.active_channels.values(), key=lambda channel: channel.last_sent)
        for channel in oldest_first:
            if not channel.total_outbufs_len:
                channel.last_sent = now
            elif channel.last_sent < now - limits.WRITE_SECONDS or self.has_too_much_output:
                channel.handle_close()
        for channel in reversed(oldest_first):  # clients that do not read are among the oldest
            channel.resume()

    @property
    def has_too_much_output(self) -> bool:
        """Whether the responses that clients have yet to read are too large in all."""
        unsent: int = sum(channel.total_outbufs_len for channel in list(self.active_channels.values()))
        return unsent > self._max_held_bytes

    def has_room(self) -> bool:
        """Return whether the requests that are received or answered are small enough in all."""
        max_kept = self.emulator.options.keep_data
        held = sum(channel.held_bytes(max_kept) for channel in self.active_channels.values())
        return held <= self._max_held_bytes

    @property
    def _max_held_bytes(self) -> int:
        return 16 * max(limits.MAX_HELD_BYTES, self.emulator.options.keep_data)

    # --- threads

    @contextmanager
    def release_worker(self) -> Iterator[None]:
        """Run an additional thread while the calling one waits for an upload or a delay, so that it blocks no other."""
        self._change_threads(1)
        try:
            yield
        finally:
            self._change_threads(-1)

    def _change_threads(self, by: int) -> None:
        with self._threads_lock:
            self._threads += by
            if not self._has_ended:
                self.task_dispatcher.set_thread_count(self._threads)

    # --- the loop

    def run(self) -> None:
        """Serve until :meth:`stop` is called and requests are answered, and close all connections."""
        while not self.is_stopping:
            self._wait(self.adj.asyncore_loop_timeout)
        wasyncore.dispatcher.close(self)  # no further clients
        deadline, seconds = time.monotonic() + self._finish_seconds, 0.0
        while time.monotonic() < deadline:
            self._wait(seconds)
            for channel in list(self.active_channels.values()):
                channel.interrupt_upload("the server is stopping", silent_for=limits.STOP_SECONDS)
                if not channel.requests and not channel.total_outbufs_len:
                    channel.handle_close()
            if not self.active_channels:
                break
            seconds = 0.05
        for channel in list(self.active_channels.values()):
            channel.interrupt_upload("the server is stopping")
        with self._threads_lock:
            self._has_ended = True
        self.task_dispatcher.shutdown(timeout=limits.STOP_SECONDS)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        with self._stop_lock:
            wasyncore.close_all(self._map)

    def _wait(self, seconds: float) -> None:
        wasyncore.loop(seconds, self.adj.asyncore_use_poll, self._map, count=1)

    def stop(self, finish_seconds: float = limits.FINISH_SECONDS) -> None:
        """Let :meth:`run` end; a signal handler may call this. Requests get some seconds to finish."""
        with self._stop_lock:  # run() ends by itself if a client acts now, and would close the trigger
            self._finish_seconds, self.is_stopping = finish_seconds, True
            self.pull_trigger()


def _max_connections() -> int:
    """Return how many connections can be kept open with the limit of open files."""
    if resource is None or (files := resource.getrlimit(resource.RLIMIT_NOFILE)[0]) == resource.RLIM_INFINITY:
        return limits.MAX_CONNECTIONS
    return min(limits.MAX_CONNECTIONS, max(8, files - limits.OTHER_FILES))


class BackgroundServer:
    """A server in a thread of its own, on a free local port. It accepts connections as soon as it exists."""

    def __init__(self, app: "Flask", threads: int = 8) -> None:
        listener = bind("127.0.0.1", 0)
        self.url, self.port = url_of(listener), int(listener.getsockname()[1])
        self._server = Server(app, listener, threads)
        self._thread = threading.Thread(target=self._server.run, name="ims-mock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close all connections; requests that are being answered get half a second to finish."""
        if self._thread.is_alive():
            self._server.stop(limits.STOP_SECONDS)
            self._thread.join(10 * limits.STOP_SECONDS)


@contextmanager
def exit_on_signals() -> Iterator[Callable[[Server], None]]:
    """End the process with status 0 on SIGTERM or SIGINT; yield a function that runs a server until then.

    The server lets requests finish first; a second signal ends the process at once. The process ends without the
    interpreter's own shutdown, which would wait for a reader of its output. If there is no signal, the default handlers
    are restored.
    """
    is_received, servers = False, list[Server]()

    def stop(*_: object) -> None:
        nonlocal is_received
        if is_received:
            os._exit(0)
        is_received = True
        if not servers:
            raise SystemExit(0)
        servers[0].stop()  # an exception could tear a response that the loop is sending

    def run(server: Server) -> None:
        servers.append(server)
        server.run()

    try:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        yield run
    finally:
        if is_received:
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
