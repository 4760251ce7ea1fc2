"""Issued tokens: all they say stands in them, under a seal, so that none has to be remembered.

Emulators over the same catalog know each other's tokens, and a token outlives a reset.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from typing import Final

from ims_mock.auth.credentials import Token

_SEAL_BYTES: Final = 32
_LONGEST: Final = 65_536


class Seal:
    """Writes tokens that nobody can make who does not know the catalog's credentials.

    Args:
        known: the secrets of the catalog, in its order.
        mark: what each token begins with.
    """

    def __init__(self, known: Iterable[str], mark: str = "") -> None:
        self._begin = mark
        self._key = hashlib.sha256(json.dumps(["token", *known]).encode()).digest()

    def sealed(self, token: Token) -> Token:
        """Give a token with its text; of two that say the same, each has one of its own."""
        says = {name: value for name, value in token._asdict().items() if value and name != "token"}
        text = json.dumps([says, secrets.token_hex(8)], separators=(",", ":")).encode()
        return token._replace(token=self._begin + _written(self._mark(text) + text))

    def opened(self, text: str) -> Token | None:
        """Read a token; ``None`` when it was not written here."""
        if len(text) > _LONGEST or not text.startswith(self._begin):
            return None
        rest = text[len(self._begin) :]
        try:
            raw = base64.b64decode(rest.encode("ascii") + b"=" * (-len(rest) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        mark, said = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(mark, self._mark(said)) or rest != _written(raw):  # there is one way to write it
            return None
        says, _ = json.loads(said)
        lists = {name: tuple(says[name]) for name in ("roles", "methods") if name in says}
        opens = tuple((project, tuple(roles)) for project, roles in says.get("opens", ()))
        return Token(**{"token": text, "project": "", "roles": (), **says, **lists, "opens": opens})

    def _mark(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
