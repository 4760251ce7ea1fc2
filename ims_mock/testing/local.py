"""An emulator in this process, behind a server in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ims_mock.clock import Clock
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.loading.dump import dump_image
from ims_mock.loading.loader import load
from ims_mock.options import AppOptions, EmulatorOptions, convert
from ims_mock.server.server import BackgroundServer
from ims_mock.testing.backend import Owner, stored
from ims_mock.testing.catalog_cache import CatalogCache
from ims_mock.web.app import create_app

if TYPE_CHECKING:
    from werkzeug.test import Client

    from ims_mock.faults.rules import FaultRule
    from ims_mock.journal.audit_rules import Audit
    from ims_mock.journal.coverage import Coverage
    from ims_mock.journal.notes import Entry
    from ims_mock.loading.sources import Source


class Local:
    """An emulator in this process; it listens before it is there, on a free port.

    Args:
        options: Its options.

    Raises:
        CatalogError: If a catalog is invalid.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        self._cache = CatalogCache()
        self._first = options, self._cache.load(options)
        self.emulator = Emulator(self._first[1], convert(options, AppOptions))
        self._app = create_app(self.emulator)
        self._server = BackgroundServer(self._app)
        self.url, self.port = self._server.url, self._server.port

    def restart(self, options: EmulatorOptions) -> None:
        """Start again with these options."""
        first, loaded = self._first
        if options is not first:
            loaded = self._cache.load(options)
        self.emulator.restart(loaded, convert(options, AppOptions))

    def reset(self) -> None:
        """Go back to what it began with."""
        self.emulator.reset()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def owner(self) -> Owner:
        """Tell whose eyes a caller without credentials has."""
        known = self.emulator.credentials
        tokens = [one for one in known.tokens if one.project == known.default_project]
        keys = [one for one in known.keys if one.project == known.default_project and not one.security_token]
        access, secret = (keys[0].access, keys[0].secret) if keys else ("", "")
        return Owner(known.default_project, tokens[0].token if tokens else "", access, secret)

    def client(self) -> Client:
        """Give a client in this process."""
        return self._app.test_client()

    # --- its images

    def images(self) -> list[dict[str, Any]]:
        """Give every image as it is stored."""
        return [stored(dump_image(image)) for image in self.emulator.catalog]

    def load(self, source: Source) -> None:
        """Put another catalog in the place of the one there is."""
        self.emulator.replace(load([source], seed=self.emulator.seed))

    def add(self, structure: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add what a catalog holds to what there is, and give the images that are new."""
        before, after = self.emulator.catalog, self.emulator.add(structure).catalog
        return [stored(dump_image(image)) for image in after if before.get(image.id) is None]

    def snapshot(self, name: str) -> None:
        """Keep the state it is in under a name."""
        self.emulator.snapshot(name)

    def restore(self, name: str) -> None:
        """Go back to the state that was kept under a name."""
        try:
            self.emulator.restore(name)
        except RequestError as error:
            raise ValueError(error.message) from None

    # --- what goes wrong, what it was asked, and its time

    def add_fault(self, rule: Mapping[str, Any]) -> FaultRule:
        """Let something go wrong."""
        return self.emulator.faults.add(rule)

    def faults(self) -> list[FaultRule]:
        """Give the rules of what goes wrong, with their hits."""
        return list(self.emulator.faults.all())

    def forget_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.emulator.faults.clear()

    def requests(self) -> list[Entry]:
        """Give the requests it got, in their order."""
        return self.emulator.journal.entries()

    def walks(self) -> list[Audit]:
        """Give the walks through lists, audited."""
        from ims_mock.journal.audit import audits  # many tests do without

        return audits(self.emulator.journal.lists())

    def forget_requests(self) -> None:
        """Forget the requests it got."""
        self.emulator.journal.clear()

    def coverage(self) -> Coverage:
        """Tell what was exercised of the contract."""
        return self.emulator.exercised.coverage()

    def set_clock(self, instant: datetime | None) -> None:
        """Let the clock stand still at an instant, or tell the real time."""
        self.emulator.move_clock(lambda _: Clock.at(instant) if instant else Clock())

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""
        self.emulator.move_clock(lambda clock: clock.advanced(by))

    def now(self) -> datetime:
        """Tell its time."""
        return self.emulator.clock.now()
