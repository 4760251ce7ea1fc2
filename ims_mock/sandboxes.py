"""Sandboxes: emulators of somebody's own beside the one that is served, which share the catalog it was loaded with.

One is found by its id, which stands in its URL, in its access key, and in its token and all that are issued in it.
Those that nobody uses expire by the real time, which is looked at when one is asked for or made.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from ims_mock.auth.credentials import SandboxCredentials
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.journal.coverage_recorder import CoverageRecorder
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.options import AppOptions, SandboxOptions

MOST: Final = 1_000
"""So many sandboxes there may be at the same time."""

_IN_TOKEN: Final = re.compile(r"sandbox-([0-9a-f]{12})\.")
_IN_AUTHORIZATION: Final = re.compile(r"\bAccess=SANDBOX([0-9A-F]{12})(?![^,\s])")


def _pass_of(sandbox_id: str) -> SandboxCredentials:
    mark = f"sandbox-{sandbox_id}."
    return SandboxCredentials(mark, mark + secrets.token_hex(16), f"SANDBOX{sandbox_id.upper()}", secrets.token_hex(20))


def named_by(token: str, authorization: str) -> str:
    """Give the id of the sandbox that credentials are of, whether there is one or not; empty when they are of none."""
    found = _IN_TOKEN.match(token) if token else _IN_AUTHORIZATION.search(authorization)
    return found[1].lower() if found else ""


@dataclass
class Sandbox:
    """One sandbox.

    Attributes:
        id: 12 hex digits.
        emulator: what answers in it.
        own: its credentials.
        seconds: how long it stays unused.
        used: when it was used last.
    """

    id: str
    emulator: Emulator
    own: SandboxCredentials
    seconds: float
    used: float


class Sandboxes:
    """All sandboxes of a server.

    Args:
        around: the emulator that is served, whose catalog and settings they have unless told.
        now: gives the real time in seconds, from any beginning.
    """

    def __init__(self, around: Emulator, now: Callable[[], float] = monotonic) -> None:
        self._around = around
        self._now = now
        self._lock = Lock()
        self._sandboxes: dict[str, Sandbox] = {}

    def __len__(self) -> int:
        return len(self._sandboxes)

    def make(
        self,
        loaded: LoadedCatalog | None = None,
        options: AppOptions | None = None,
        seconds: float = SandboxOptions.expires,
    ) -> Sandbox:
        """Make a sandbox.

        Args:
            loaded: Its catalogs; those of the server if absent, without a copy.
            options: Its options; those of the server if absent.
            seconds: Time after which it is removed if it is not used.

        Raises:
            RequestError: If there are too many sandboxes.
        """
        sandbox_id = secrets.token_hex(6)
        own = _pass_of(sandbox_id)
        emulator = self._emulator(own, loaded, options, CoverageRecorder(self._around.coverage_recorder))
        with self._lock:
            now = self._now()
            for one in [one for one in self._sandboxes.values() if now - one.used >= one.seconds]:
                del self._sandboxes[one.id]
            if len(self._sandboxes) >= MOST:
                raise RequestError("sandboxes", legal=f"at most {MOST}")
            made = self._sandboxes[sandbox_id] = Sandbox(sandbox_id, emulator, own, seconds, now)
        return made

    def restart(
        self,
        sandbox_id: str,
        loaded: LoadedCatalog | None = None,
        options: AppOptions | None = None,
        seconds: float = SandboxOptions.expires,
    ) -> Sandbox:
        """Start a sandbox again as if it were new; it keeps its id, credentials and coverage.

        Args:
            sandbox_id: Its id.
            loaded: As for :meth:`make`.
            options: As for :meth:`make`.
            seconds: As for :meth:`make`.

        Raises:
            RequestError: If there is no such sandbox.
        """
        self.emulator(sandbox_id)
        with self._lock:
            found = self._sandboxes.get(sandbox_id)
            if found is None:
                raise _unknown(sandbox_id)
            found.seconds = seconds
            found.emulator = self._emulator(found.own, loaded, options, found.emulator.coverage_recorder)
            return found

    def _emulator(
        self,
        own: SandboxCredentials,
        loaded: LoadedCatalog | None,
        options: AppOptions | None,
        recorder: CoverageRecorder,
    ) -> Emulator:
        around = self._around
        return Emulator(
            loaded or around.initial, options or around.options, sandbox_credentials=own, coverage_recorder=recorder
        )

    def emulator(self, sandbox_id: str) -> Emulator:
        """Give the emulator of a sandbox, which is thereby used.

        Raises:
            RequestError: there is none, or no longer.
        """
        with self._lock:
            found, now = self._sandboxes.get(sandbox_id), self._now()
            if found and now - found.used < found.seconds:
                found.used = now
                return found.emulator
            self._sandboxes.pop(sandbox_id, None)
        raise _unknown(sandbox_id)

    def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox; requests that it is answering end as if it stayed.

        Raises:
            RequestError: there is none.
        """
        with self._lock:
            if self._sandboxes.pop(sandbox_id, None):
                return
        raise _unknown(sandbox_id)


def _unknown(sandbox_id: str) -> RequestError:
    return RequestError("sandbox", "the sandbox", sandbox_id, "one that POST /_ims/sandboxes has made")
