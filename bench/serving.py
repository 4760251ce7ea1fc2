"""The servers that are compared, and the two applications that each of them serves, in a process of its own.

``python -m bench.serving SERVER APPLICATION PORT`` is such a process, until SIGTERM.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

HOST: Final = "127.0.0.1"
THREADS: Final = 8
LIST: Final = "/v2/images"
UPLOAD: Final = "/v2/images/0f1e2d3c/file"
LONG_BYTES: Final = 2**20
"""A request line of this length is allowed wherever a server lets itself be told."""

PATIENCE: Final = 5.0  # seconds
Stop = Callable[[], None]
Served = tuple[int, Stop]


# --- the applications -----------------------------------------------------------------------------


def ims() -> Any:
    """Make the emulator's application over its default catalog."""
    from ims_mock import create_app

    return create_app()


def bare() -> Any:
    """Make a bare Flask application that answers with the same bytes, and has views to try manners with."""
    from flask import Flask, Response, request

    emulated = ims()
    payload = emulated.test_client().get(LIST).get_data()
    app = Flask("bench")
    app.extensions.update(emulated.extensions)  # the emulator's own server asks them how to refuse

    begun: list[bytes] = []

    def upload() -> bytes:
        begun.append(request.stream.read(100))
        return begun[-1]

    def torn() -> Iterator[bytes]:
        yield payload[:1000]
        raise ConnectionAbortedError

    views: dict[str, Callable[[], Any]] = {
        LIST: lambda: Response(payload, mimetype="application/json"),
        UPLOAD: upload,
        "/uploads": lambda: f"{len(begun)} begun",
        "/query": lambda: request.environ["QUERY_STRING"].encode("latin-1"),
        "/length": lambda: f"{len(request.get_data())} bytes",
        "/torn": lambda: Response(torn(), headers={"Content-Length": str(len(payload))}),
        "/torn-chunked": lambda: Response(torn()),
    }
    for path, view in views.items():
        app.add_url_rule(path, path, view, methods=["GET", "POST", "PUT"])
    return app


def asgi_ims() -> Any:
    """Make the emulator's application for servers that speak ASGI."""
    return import_module("a2wsgi").WSGIMiddleware(ims(), workers=THREADS)


def asgi_bare() -> Any:
    """Make the bare one for them."""
    return import_module("a2wsgi").WSGIMiddleware(bare(), workers=THREADS)


APPLICATIONS: Final = {"ims": ims, "bare": bare}


# --- servers in a thread --------------------------------------------------------------------------


def ours(app: Any, _: int) -> Served:
    """Start the emulator's own server, waitress with other connections and workers, as ``ims_mock.ImsMock`` does."""
    from ims_mock.background import Background

    server = Background(app, THREADS)
    return server.port, server.close


def waitress(app: Any, port: int) -> Served:
    """Start waitress as it comes."""
    from waitress import create_server, wasyncore

    sockets: dict[int, Any] = {}
    server = create_server(app, host=HOST, port=port, threads=THREADS, map=sockets)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def stop() -> None:
        server.task_dispatcher.shutdown()  # first: a worker that outlives the trigger writes to a closed descriptor
        # the loop ends when its map is empty, and only its own thread may empty it: the trigger carries the order
        with suppress(OSError):  # it was awake already, took the order, and closed the trigger
            server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
        thread.join(PATIENCE)

    return server.effective_port, stop


def cheroot(app: Any, port: int) -> Served:
    """Start cheroot."""
    from cheroot.wsgi import Server

    server = Server((HOST, port), app, numthreads=THREADS, max=THREADS)
    server.expiration_interval = 0.01  # how often its loop looks for a stop: every half second unless told
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    return server.bind_addr[1], server.stop


def werkzeug(app: Any, port: int) -> Served:
    """Start werkzeug's threaded development server."""
    from werkzeug.serving import make_server

    server = make_server(HOST, port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server.server_port, server.shutdown


# --- servers that want the process ----------------------------------------------------------------


def ours_alone(app: Any, port: int) -> None:
    """Be the emulator's own server, as ``ims-mock serve`` is it."""
    from ims_mock.server import bound, listening, stopped_by_signals

    with stopped_by_signals():
        listening(app, bound(HOST, port), THREADS).run()


def bjoern(app: Any, port: int) -> None:
    """Be bjoern, which has one thread and no way to stop but the signal."""
    import_module("bjoern").run(app, HOST, port)


def gevent(app: Any, port: int) -> None:
    """Be gevent's server, whose threads are its own green ones."""
    hub: Any = import_module("gevent")
    pywsgi: Any = import_module("gevent.pywsgi")
    pywsgi.MAX_REQUEST_LINE = LONG_BYTES
    server = pywsgi.WSGIServer((HOST, port), app, log=None)
    hub.signal_handler(signal.SIGTERM, server.stop)
    server.serve_forever()


@dataclass(frozen=True)
class Server:
    """One server that is compared.

    Attributes:
        packages: what is installed for it; its version is that of the first.
        in_thread: binds in the caller's thread, serves in daemon threads, and gives the port and the way to stop.
        alone: is the process, until SIGTERM; wins over the former there.
        command: arguments of ``python -m`` that make it the process.
        platforms: where it runs.
    """

    packages: tuple[str, ...]
    in_thread: Callable[[Any, int], Served] | None = None
    alone: Callable[[Any, int], None] | None = None
    command: str = ""
    platforms: str = "Linux, macOS, Windows"

    def arguments(self, name: str, application: str, port: int) -> list[str]:
        """Give the arguments of Python that serve an application."""
        if not self.command:
            return ["-m", "bench.serving", name, application, str(port)]
        words = {"host": HOST, "port": port, "threads": THREADS, "app": application, "long": LONG_BYTES}
        return ["-m", *self.command.format(**words).split()]


_GUNICORN: Final = "gunicorn --bind={host}:{port} --limit-request-line=0 --worker-class="
_POSIX: Final = "Linux, macOS"

SERVERS: Final = {
    "ims-mock on waitress": Server(("waitress",), ours, ours_alone),
    "waitress": Server(("waitress",), waitress),
    "cheroot": Server(("cheroot",), cheroot),
    "werkzeug, threaded": Server(("werkzeug",), werkzeug),
    "gunicorn, sync": Server(("gunicorn",), command=_GUNICORN + "sync bench.serving:{app}()", platforms=_POSIX),
    "gunicorn, gthread": Server(
        ("gunicorn",), command=_GUNICORN + "gthread --threads={threads} bench.serving:{app}()", platforms=_POSIX
    ),
    "granian": Server(
        ("granian",),
        command="granian --host={host} --port={port} --interface=wsgi --blocking-threads={threads} --no-ws "
        "--log-level=critical --factory bench.serving:{app}",
    ),
    "bjoern": Server(("bjoern",), alone=bjoern, platforms=f"{_POSIX}, built against libev"),
    "gevent": Server(("gevent",), alone=gevent),
    "uvicorn, a2wsgi": Server(
        ("uvicorn", "a2wsgi"),
        command="uvicorn --host={host} --port={port} --log-level=critical --no-access-log "
        "--h11-max-incomplete-event-size={long} --factory bench.serving:asgi_{app}",
    ),
    "hypercorn": Server(
        ("hypercorn",),
        command="hypercorn --bind={host}:{port} --config=python:bench.serving wsgi:bench.serving:{app}()",
    ),
}
h11_max_incomplete_size: Final = LONG_BYTES
"""What hypercorn reads here as its configuration."""


def main() -> None:
    """Be the process that is measured, until SIGTERM."""
    name, application, port = sys.argv[1:]
    server, app = SERVERS[name], APPLICATIONS[application]()
    if server.alone:
        server.alone(app, int(port))
        return
    assert server.in_thread
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    _, stop = server.in_thread(app, int(port))
    while not terminated.wait(0.01):  # without a timeout it sleeps on when the signal lands on a dying thread
        pass
    stop()


if __name__ == "__main__":
    main()
