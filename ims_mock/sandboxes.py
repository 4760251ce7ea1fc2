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

from ims_mock.auth.credentials import Pass
from ims_mock.contract.profiles import Profile
from ims_mock.emulator import Emulator
from ims_mock.errors import RequestError
from ims_mock.journal.treatment import Treatment
from ims_mock.loading.loader import Loaded

MOST: Final = 1_000
"""So many sandboxes there may be at the same time."""

UNUSED_SECONDS: Final = 3_600
"""So long a sandbox stays when nobody uses it, unless told."""

_IN_TOKEN: Final = re.compile(r"sandbox-([0-9a-f]{12})\.")
_IN_AUTHORIZATION: Final = re.compile(r"\bAccess=SANDBOX([0-9A-F]{12})(?![^,\s])")


def _pass_of(sandbox_id: str) -> Pass:
    mark = f"sandbox-{sandbox_id}."
    return Pass(mark, mark + secrets.token_hex(16), f"SANDBOX{sandbox_id.upper()}", secrets.token_hex(20))


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
    own: Pass
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
        loaded: Loaded | None = None,
        *,
        profile: Profile | None = None,
        needs_credentials: bool | None = None,
        treatment: Treatment | None = None,
        seconds: float = UNUSED_SECONDS,
    ) -> Sandbox:
        """Make a sandbox.

        Args:
            loaded: what it begins with; what the server began with when absent.
            profile: how it answers; as the server does when absent.
            needs_credentials: whether requests without usable credentials are refused; as on the server when absent.
            treatment: what becomes of findings; as on the server when absent.
            seconds: how long it stays when nobody uses it.

        Raises:
            RequestError: there are too many.
        """
        sandbox_id = secrets.token_hex(6)
        own = _pass_of(sandbox_id)
        emulator = self._around.sandbox(own, loaded, profile, needs_credentials=needs_credentials, treatment=treatment)
        with self._lock:
            now = self._now()
            for one in [one for one in self._sandboxes.values() if now - one.used >= one.seconds]:
                del self._sandboxes[one.id]
            if len(self._sandboxes) >= MOST:
                raise RequestError("sandboxes", legal=f"at most {MOST}")
            made = self._sandboxes[sandbox_id] = Sandbox(sandbox_id, emulator, own, seconds, now)
        return made

    def begin(
        self,
        sandbox_id: str,
        loaded: Loaded | None = None,
        *,
        profile: Profile | None = None,
        needs_credentials: bool | None = None,
        treatment: Treatment | None = None,
        seconds: float = UNUSED_SECONDS,
    ) -> Sandbox:
        """Let a sandbox begin anew as if it were made now; its id, its credentials and its coverage are all that stays.

        Args:
            sandbox_id: its id.
            loaded: as for a new one, and so are the others.
            profile: how it answers.
            needs_credentials: whether requests without usable credentials are refused.
            treatment: what becomes of findings.
            seconds: how long it stays when nobody uses it.

        Raises:
            RequestError: there is none, or no longer.
        """
        self.emulator(sandbox_id)
        with self._lock:
            found = self._sandboxes.get(sandbox_id)
            if found is None:
                raise _unknown(sandbox_id)
            found.seconds = seconds
            found.emulator = self._around.sandbox(
                found.own,
                loaded,
                profile,
                needs_credentials=needs_credentials,
                treatment=treatment,
                exercised=found.emulator.exercised,
            )
            return found

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
