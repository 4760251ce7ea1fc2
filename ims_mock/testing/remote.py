"""Backend on a running server: a sandbox, controlled over HTTP.

Catalogs are loaded in this process and sent with their content, because their files are here, and so is the reader of
their error messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from werkzeug.test import Client
from werkzeug.wrappers import Request

from ims_mock.clock import Clock
from ims_mock.contract.values import parse_wire_time
from ims_mock.loading.dump import dump_catalog
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import UNNAMED, CatalogError, CatalogProblem, Source, report_problems, warn
from ims_mock.options import EmulatorOptions, options_of
from ims_mock.testing.backend import load_once, send, stored_image
from ims_mock.text import sent_path
from ims_mock.web.control.bodies import MAX_IMAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TIMEOUT_SECONDS: Final = 60.0
_IN_CATALOG: Final = frozenset({"catalog", "generate", "project"})  # options that the content of catalogs replaces
_HOP_BY_HOP: Final = frozenset({"connection", "date", "server", "transfer-encoding", "via"})  # response headers
_SAFE_IN_QUERY: Final = "".join(map(chr, range(0x21, 0x7F)))  # the query is already quoted


class Remote:
    """A sandbox on the running server with a base URL; ``ImsMock`` describes the methods. Its clock has seconds."""

    def __init__(self, server: str, options: EmulatorOptions) -> None:
        self._body = self._first_body = _body(options)
        self._has_snapshots = False
        proxy = _Proxy(server.rstrip("/"))
        self._server, self.port = Client(proxy), proxy.port
        try:
            self._sandbox = send(self._server, "POST", "/_ims/sandboxes", self._body)
        except ValueError as error:
            raise ValueError(f"Cannot create a sandbox on {server}: {error}") from None
        self._path = f"/_ims/sandboxes/{self._sandbox['id']}"
        self.url = server.rstrip("/") + self._path

    def restart(self, options: EmulatorOptions | None) -> None:
        """Start again, without options as at first. A reset does if the options and snapshots are as they were."""
        body = _body(options) if options else self._first_body
        if body is self._body and not self._has_snapshots:
            self.reset()
            return
        send(self._server, "PUT", self._path, body)
        self._body, self._has_snapshots = body, False

    def reset(self) -> None:
        self.control("POST", "reset")

    def close(self) -> None:
        with suppress(ConnectionError, ValueError):  # the sandbox may no longer exist
            send(self._server, "DELETE", self._path)

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self._has_snapshots |= path == "snapshots"
        return send(self._server, method, f"{self._path}/_ims/{path}", body)

    def client(self) -> Client:
        return Client(_Proxy(self.url))

    def credentials(self) -> dict[str, str]:
        return {**self._sandbox, "project": self.control("GET", "health")["project"]}

    def images(self) -> list[dict[str, Any]]:
        return [stored_image(entry) for entry in self.control("GET", "catalog")["images"]]

    def load(self, source: Source) -> None:
        loaded = load([source], seed=self._body["seed"], shown_to=self.credentials()["project"])
        self.control("PUT", "catalog", _content(loaded))
        warn(report_problems(loaded.warnings))

    def add(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add images. Problems are reported as this process finds them, without a line of the request."""
        before, rejection = self.control("GET", "catalog"), ""
        try:
            has_problems = bool(self.control("PATCH", "catalog", content)["warnings"])
        except ValueError as error:
            has_problems, rejection = True, str(error)
        if has_problems:
            base = load([before], unmask=str)  # the secrets that the server masks make no difference
            warn(report_problems(load([content], base=base, max_images=MAX_IMAGES).warnings))
        if rejection:
            raise CatalogError([CatalogProblem(UNNAMED, 0, "", rejection)])
        known = {image["id"] for image in before["images"]}
        return [image for image in self.images() if image["id"] not in known]

    def now(self) -> datetime:
        return parse_wire_time(self.control("GET", "clock")["now"])

    def set_clock(self, instant: datetime | None) -> None:
        self.control("PUT", "clock", {"now": Clock.at(instant).wire() if instant else None})

    def advance_clock(self, by: timedelta) -> None:
        self.control("PUT", "clock", {"advance": by.total_seconds()})


def _body(options: EmulatorOptions) -> dict[str, Any]:
    names = [option.name for option in options_of(EmulatorOptions) if option.name not in _IN_CATALOG]
    return {"catalog": _content(load_once(options)), **{name: getattr(options, name) for name in names}}


def _content(loaded: LoadedCatalog) -> dict[str, Any]:
    return dump_catalog(loaded.catalog, loaded.credentials, loaded.clock)


class _Proxy:
    """A WSGI application that forwards every request to a server."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._connection = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        self.port = self._url.port or self._connection.default_port

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        target = self._url.path + sent_path(environ["PATH_INFO"])
        if query := environ["QUERY_STRING"]:
            target += f"?{quote(query.encode('latin-1'), safe=_SAFE_IN_QUERY)}"
        headers = {name: value for name, value in request.headers if name != "Host"}
        connection = self._connection(self._url.netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            url = f"{self._url.scheme}://{self._url.netloc}{target}"
            raise ConnectionError(f"{url} does not answer ({error}). Use the URL of a running ims-mock.") from None
        try:
            connection.request(request.method, target, request.get_data(), headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]
        start_response(f"{response.status} {response.reason}", kept)
        return [body]
