"""Backend in this process: an emulator behind a server in a background thread."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from werkzeug.test import Client

from ims_mock.clock import Clock
from ims_mock.emulator import Emulator
from ims_mock.loading.dump import dump_image
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import Source, report_problems, warn
from ims_mock.options import AppOptions, EmulatorOptions, convert
from ims_mock.server.server import BackgroundServer
from ims_mock.testing.backend import load_once, send, stored_image
from ims_mock.web.app import app_for


class Local:
    """An emulator that listens on a free port until it is closed; ``ImsMock`` describes the methods."""

    def __init__(self, options: EmulatorOptions) -> None:
        self._first_state = _state(options)
        self._emulator = Emulator(*self._first_state)
        self._app = app_for(self._emulator)
        self._server = BackgroundServer(self._app)
        self.url, self.port = self._server.url, self._server.port

    def restart(self, options: EmulatorOptions | None) -> None:
        """Start again; without options as at first, even if catalog files have changed since then."""
        self._emulator.restart(*(_state(options) if options else self._first_state))

    def reset(self) -> None:
        self._emulator.reset()

    def close(self) -> None:
        self._server.close()

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return send(self.client(), method, f"/_ims/{path}", body)

    def client(self) -> Client:
        return self._app.test_client()

    def credentials(self) -> dict[str, str]:
        """Return the project, and its first token and its first permanent access key in the catalog."""
        known = self._emulator.credentials
        project = known.default_project
        token = next((one.token for one in known.tokens if one.project == project), "")
        key = next((one for one in known.keys if one.project == project and not one.security_token), None)
        access, secret = (key.access, key.secret) if key else ("", "")
        return {"project": project, "token": token, "access_key": access, "secret_key": secret}

    def images(self) -> list[dict[str, Any]]:
        return [stored_image(dump_image(image)) for image in self._emulator.catalog]

    def load(self, source: Source) -> None:
        state = self._emulator.state
        loaded = load([source], seed=state.seed, shown_to=state.credentials.default_project)
        self._emulator.replace(loaded)
        warn(report_problems(loaded.warnings))

    def add(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        before = self._emulator.catalog
        after = self._emulator.add(content)
        warn(report_problems(after.warnings))
        return [stored_image(dump_image(image)) for image in after.catalog if before.get(image.id) is None]

    def now(self) -> datetime:
        return self._emulator.clock.now()

    def set_clock(self, instant: datetime | None) -> None:
        self._emulator.change_clock(lambda _: Clock.at(instant) if instant else Clock())

    def advance_clock(self, by: timedelta) -> None:
        self._emulator.change_clock(lambda clock: clock.advanced(by))


def _state(options: EmulatorOptions) -> tuple[LoadedCatalog, AppOptions]:
    return load_once(options), convert(options, AppOptions)
