"""Helpers of all tests: emulators of any catalog, called in process or over a socket."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

from flask import Flask

from ims_mock import ImsMock, create_app
from ims_mock.server.server import BackgroundServer
from ims_mock.web.context import current_context


@dataclass(frozen=True)
class Answer:
    """A response of the emulator."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The ids of the images of a page, in order."""
        return [image["id"] for image in self.json["images"]]


Ask = Callable[..., Answer]


def link(url: str | None) -> tuple[str, list[tuple[str, str]]] | None:
    """Return a link in a form that compares equal if only the order of the parameters differs."""
    if url is None:
        return None
    parts = urlsplit(url)
    return parts.path, sorted(parse_qsl(parts.query, keep_blank_values=True))


def token_of(name: str, project: str, *roles: str) -> dict[str, Any]:
    """Return the entry of a token in a catalog."""
    return {"token": name, "project": project, **({"roles": list(roles)} if roles else {})}


def make_app(*sources: Any, **options: Any) -> Flask:
    """Return an application of catalogs."""
    return create_app(sources or "default", **options)


_shared: dict[str, Flask] = {}


def shared_app(*sources: Any, **options: Any) -> Flask:
    """Return an application of catalogs as it was when it started; building one takes much longer than a request."""
    key = json.dumps([sources, options], sort_keys=True)
    app = _shared.get(key) or _shared.setdefault(key, make_app(*sources, **options))
    app.extensions["ims_mock"].reset()
    return app


def in_process(app: Flask) -> Ask:
    """Return a function that calls an application without a socket; the query string is passed on as it is."""
    client = app.test_client()

    def ask(target: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b"") -> Answer:
        path, _, query = target.partition("?")
        raw = {"QUERY_STRING": query}
        answer = client.open(path, method=method, headers=headers, data=body or None, environ_overrides=raw)
        return Answer(answer.status_code, dict(answer.headers), answer.get_data())

    return ask


def send_json(ask: Ask, method: str, target: str, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a value as JSON; bytes are sent as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return ask(target, {"Content-Type": "application/json", **(headers or {})}, method, body)


def over_port(port: int) -> Ask:
    """Return a function that calls the server on a port, each time on a new connection; it sends raw bytes."""

    def ask(target: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection._validate_path = lambda _: None
        connection._encode_request = lambda request: request.encode("latin-1")
        try:
            connection.request(method, target, body=body or None, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    return ask


@contextmanager
def over_socket(app: Flask, threads: int = 4) -> Iterator[Ask]:
    """Yield a function that calls an application through a server on a free port."""
    server = BackgroundServer(app, threads=threads)
    ask = over_port(server.port)
    ask.url = server.url  # type: ignore[attr-defined]
    try:
        yield ask
    finally:
        server.close()


TRANSPORTS: dict[str, Callable[[Flask], AbstractContextManager[Ask]]] = {
    "in process": lambda app: nullcontext(in_process(app)),
    "over a socket": over_socket,
}
"""The ways to call an application."""


def in_threads(count: int, work: Callable[[], object]) -> None:
    """Do the same work in several threads at the same time."""
    ready = threading.Barrier(count)

    def begin() -> None:
        ready.wait()
        work()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def probed(app: Flask) -> Flask:
    """Add a route for every other path and method that returns the caller."""

    def probe(rest: str) -> dict[str, Any]:
        caller = current_context().view().caller
        return {"project": caller.project, "roles": sorted(caller.roles)}

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/<path:rest>", view_func=probe, methods=methods, provide_automatic_options=False)
    return app


def names(ims: ImsMock) -> list[str]:
    """Return the sorted names of the images that an emulator lists."""
    with urlopen(f"{ims.url}/v2/images?sort_key=name&sort_dir=asc") as response:
        return [image["name"] for image in json.load(response)["images"]]
