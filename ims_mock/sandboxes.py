"""Sandboxes: further emulators on a server, each with its own state, selected by URL or by credentials.

The id of a sandbox is part of its URL, of its access key, and of its token and all tokens issued in it. Unused
sandboxes expire by real time; this is checked when a sandbox is selected or created. A sandbox that does not exist, and
one too many, is a :class:`RequestError`.
"""

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
from ims_mock.loading.dump import Masks
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.options import AppOptions

MAX_SANDBOXES: Final = 1_000

_IN_TOKEN: Final = re.compile(r"sandbox-([0-9a-f]{12})\.")
_IN_AUTHORIZATION: Final = re.compile(r"\bAccess=SANDBOX([0-9A-F]{12})(?![^,\s])")


def sandbox_id_of(token: str, authorization: str) -> str:
    """Return the sandbox id in credentials, even if there is no such sandbox; empty if they contain none."""
    found = _IN_TOKEN.match(token) if token else _IN_AUTHORIZATION.search(authorization)
    return found[1].lower() if found else ""


@dataclass
class Sandbox:
    """One sandbox, with times in seconds; it is removed if it is not used for as long as ``expires``."""

    id: str
    emulator: Emulator
    credentials: SandboxCredentials
    expires: float
    created: float
    last_used: float


class Sandboxes:
    """The sandboxes of a server, whose coverage includes that of the sandboxes; ``now`` returns the real time."""

    def __init__(self, server: Emulator, now: Callable[[], float] = monotonic) -> None:
        self._server = server
        self._now = now
        self.masks = Masks()  # replace secrets wherever the server shows a catalog
        self._lock = Lock()
        self._sandboxes: dict[str, Sandbox] = {}

    def __len__(self) -> int:
        return len(self._sandboxes)

    def create(self, loaded: LoadedCatalog, options: AppOptions, expires: float) -> Sandbox:
        """Create a sandbox, which is removed if it is not used for some seconds."""
        sandbox_id = secrets.token_hex(6)
        prefix, access_key = f"sandbox-{sandbox_id}.", f"SANDBOX{sandbox_id.upper()}"
        credentials = SandboxCredentials(prefix, prefix + secrets.token_hex(16), access_key, secrets.token_hex(20))
        emulator = Emulator(loaded, options, credentials, self._server)
        with self._lock:
            now = self._remove_expired()
            if len(self._sandboxes) >= MAX_SANDBOXES:
                raise RequestError("sandboxes", legal=f"at most {MAX_SANDBOXES}")
            sandbox = self._sandboxes[sandbox_id] = Sandbox(sandbox_id, emulator, credentials, expires, now, now)
        return sandbox

    def ages(self) -> list[tuple[Sandbox, float, float]]:
        """Return each sandbox with its age and the time since its last use, both in seconds."""
        with self._lock:
            now = self._remove_expired()
            return [(one, now - one.created, now - one.last_used) for one in self._sandboxes.values()]

    def _remove_expired(self) -> float:
        """Remove the sandboxes that have not been used for too long, and return the time."""
        now = self._now()
        self._sandboxes = {key: one for key, one in self._sandboxes.items() if now - one.last_used < one.expires}
        return now

    def restart(self, sandbox_id: str, loaded: LoadedCatalog, options: AppOptions, expires: float) -> Sandbox:
        """Start a sandbox again as if it were new; it keeps its id, credentials and coverage."""
        with self._lock:
            sandbox = self._find(sandbox_id)
            sandbox.emulator.restart(loaded, options)
            sandbox.expires = expires
            return sandbox

    def emulator(self, sandbox_id: str) -> Emulator:
        """Return the emulator of a sandbox. This counts as a use of the sandbox."""
        with self._lock:
            return self._find(sandbox_id).emulator

    def unmasker(self) -> Callable[[str], str]:
        """Return a function that returns the secret of a mask, as long as the server or a sandbox has the secret."""
        emulators = [self._server, *(one.emulator for one in list(self._sandboxes.values()))]
        return self.masks.unmasker(store for emulator in emulators for store in emulator.all_credentials)

    def have_image(self, image_id: str) -> bool:
        """Return whether the catalog of a sandbox has an image."""
        return any(one.emulator.catalog.get(image_id) for one in list(self._sandboxes.values()))

    def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox. Requests that it is answering are completed."""
        with self._lock:
            self._find(sandbox_id)
            del self._sandboxes[sandbox_id]

    def _find(self, sandbox_id: str) -> Sandbox:
        now = self._remove_expired()
        if sandbox_id not in self._sandboxes:
            raise RequestError("sandbox", "the sandbox", sandbox_id, "one that POST /_ims/sandboxes has created")
        sandbox = self._sandboxes[sandbox_id]
        sandbox.last_used = now
        return sandbox
