"""An emulator on a running server: a sandbox of a test's own there, arranged through the control paths.

Catalogs are loaded here and sent as they are then: their files are here, and so is whoever wants to know what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ims_mock.clock import Clock
from ims_mock.contract.values import parse_wire_time
from ims_mock.faults.rules import FaultRule
from ims_mock.journal.audit_rules import Audit
from ims_mock.journal.coverage import Coverage
from ims_mock.journal.findings import Finding
from ims_mock.journal.notes import Entry
from ims_mock.loading.dump import dump_clock, dump_credentials, dump_image
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import UNNAMED, CatalogError, CatalogProblem
from ims_mock.options import EmulatorOptions, options_of
from ims_mock.testing.backend import Owner, stored
from ims_mock.testing.catalog_cache import CatalogCache

if TYPE_CHECKING:
    from werkzeug.test import Client

    from ims_mock.loading.sources import Source

_PORTS: Final = {"http": 80, "https": 443}
_PATIENCE_SECONDS: Final = 60.0
_LOADED: Final = ("catalog", "generate", "project")
"""Options that are contained in the content of the loaded catalogs."""


class Remote:
    """A sandbox on a running server.

    Args:
        server: the base URL of the server.
        options: Its options.

    Raises:
        CatalogError: with every problem of every catalog.
        ConnectionError: nothing answers there.
        ValueError: what answers there makes none, as ims-mock does with ``--control off``.
    """

    def __init__(self, server: str, options: EmulatorOptions) -> None:
        self._cache = CatalogCache()
        self._first = self._now = options
        self._body = self._body_of(options)
        sandboxes = f"{server.rstrip('/')}/_ims/sandboxes"
        try:
            made = _asked("POST", sandboxes, self._body)
        except ValueError as error:
            raise ValueError(f"{server} makes no sandbox: {error}") from None
        self.url = f"{sandboxes}/{made['id']}"
        parts = urlsplit(self.url)
        self.port = parts.port or _PORTS[parts.scheme]
        self._own: dict[str, Any] = made
        self._has_snapshots = False

    def restart(self, options: EmulatorOptions) -> None:
        """Start again with these options; the body of the first ones is not made again."""
        if options is self._now and not self._has_snapshots:
            self.reset()
            return
        _asked("PUT", self.url, self._body if options is self._first else self._body_of(options))
        self._now, self._has_snapshots = options, False

    def _body_of(self, options: EmulatorOptions) -> dict[str, Any]:
        """Return a body for ``/_ims/sandboxes``: the options, with the content of the catalogs."""
        names = [option.name for option in options_of(EmulatorOptions) if option.name not in _LOADED]
        body = {name: getattr(options, name) for name in names}
        return {"catalog": _filed(self._cache.load(options)), **body}

    def reset(self) -> None:
        """Go back to what it began with."""
        self._control("POST", "reset")

    def close(self) -> None:
        """Remove the sandbox."""
        with suppress(ConnectionError, ValueError):  # it is gone already
            _asked("DELETE", self.url)

    def owner(self) -> Owner:
        """Tell whose eyes a caller without credentials has; the credentials are those of the sandbox."""
        own = self._own
        return Owner(self._control("GET", "health")["project"], own["token"], own["access_key"], own["secret_key"])

    def client(self) -> Client:
        """Give a client that asks the server; it looks like one in this process."""
        from ims_mock.testing.forwarding import forwarding_client

        return forwarding_client(self.url)

    def _control(self, method: str, path: str, words: Mapping[str, Any] | None = None) -> Any:
        return _asked(method, f"{self.url}/_ims/{path}", words)

    # --- its images

    def images(self) -> list[dict[str, Any]]:
        """Give every image as it is stored."""
        return [stored(entry) for entry in self._control("GET", "catalog")["images"]]

    def load(self, source: Source) -> None:
        """Put another catalog in the place of the one there is."""
        self._control("PUT", "catalog", _filed(load([source], seed=self._now.seed)))

    def add(self, structure: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add what a catalog holds to what there is, and give the images that are new."""
        before = {image["id"] for image in self.images()}
        try:
            self._control("PATCH", "catalog", structure)
        except ValueError as error:
            raise CatalogError([CatalogProblem(UNNAMED, 0, "", str(error))]) from None
        return [image for image in self.images() if image["id"] not in before]

    def snapshot(self, name: str) -> None:
        """Keep the state it is in under a name."""
        self._control("POST", "snapshots", {"name": name})
        self._has_snapshots = True

    def restore(self, name: str) -> None:
        """Go back to the state that was kept under a name."""
        self._control("POST", f"snapshots/{name}/restore")

    # --- what goes wrong, what it was asked, and its time

    def add_fault(self, rule: Mapping[str, Any]) -> FaultRule:
        """Let something go wrong."""
        return _rule(self._control("POST", "faults", rule))

    def faults(self) -> list[FaultRule]:
        """Give the rules of what goes wrong, with the hits they have now."""
        return [_rule(one) for one in self._control("GET", "faults")["faults"]]

    def forget_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._control("DELETE", "faults")

    def requests(self) -> list[Entry]:
        """Give the requests it got, in their order."""
        return [_entry(one) for one in self._control("GET", "requests")["requests"]]

    def walks(self) -> list[Audit]:
        """Give the walks through lists, audited."""
        return [Audit.read(one) for one in self._control("GET", "walks")["walks"]]

    def forget_requests(self) -> None:
        """Forget the requests it got."""
        self._control("DELETE", "requests")

    def coverage(self) -> Coverage:
        """Tell what was exercised of the contract."""
        return Coverage.read(self._control("GET", "coverage"))

    def set_clock(self, instant: datetime | None) -> None:
        """Let the clock stand still at an instant, or tell the real time."""
        self._control("PUT", "clock", {"now": Clock.at(instant).wire() if instant else None})

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""
        self._control("PUT", "clock", {"advance": by.total_seconds()})

    def now(self) -> datetime:
        """Tell its time, in whole seconds."""
        return parse_wire_time(self._control("GET", "clock")["now"])


def _asked(method: str, url: str, words: Mapping[str, Any] | None = None) -> Any:
    """Ask a control path, and give what it answers; nothing where that is empty.

    Raises:
        ConnectionError: nothing answers.
        ValueError: it refuses; the message is its own.
    """
    data = None if method == "GET" else json.dumps(words or {}).encode()
    asked = Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urlopen(asked, timeout=_PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or b"null")
    except HTTPError as error:
        raise ValueError(_told(error)) from None
    except URLError as error:
        raise ConnectionError(f"{url} does not answer ({error.reason}); legal is a running ims-mock") from None


def _told(error: HTTPError) -> str:
    """Give the message of a refusal."""
    with error:
        try:
            return str(json.loads(error.read())["error"]["message"])
        except (ValueError, LookupError, TypeError):  # whoever that is
            return f"{error.url} answers with {error.code}; legal is a running ims-mock"


def _filed(loaded: LoadedCatalog) -> dict[str, Any]:
    images = [dump_image(image) for image in loaded.catalog]
    return dump_clock(loaded.clock) | dump_credentials(loaded.credentials) | {"images": images}


def _rule(says: Mapping[str, Any]) -> FaultRule:
    rule = FaultRule(says["id"], {name: value for name, value in says.items() if name not in ("id", "hits")})
    rule.hits = says["hits"]
    return rule


def _entry(says: Mapping[str, Any]) -> Entry:
    pairs = tuple((name, value) for name, value in says["query"])
    findings = tuple(Finding(**one) for one in says["findings"])
    return Entry(**{**says, "query": pairs, "ids": tuple(says["ids"]), "findings": findings})
