"""Tokens: those of a catalog, and those that a login issues.

An issued token is stateless: it contains everything it stands for, signed with a key that is derived from the
catalog's credentials. Emulators of the same catalog accept each other's tokens, and a token survives a reset.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from ims_mock.contract.values import wire_time

_ALGORITHM: Final = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def has_expired(expires: str, now: datetime) -> bool:
    """Return whether a time in wire format is reached; an empty one never is."""
    return bool(expires) and expires <= wire_time(now)


@dataclass(frozen=True)
class Token:
    """A token of a catalog, or an issued one.

    Attributes:
        project: The project it is scoped to; empty if it is scoped to a domain or unscoped.
        roles: The roles in that project or domain.
        expires: When it expires, in wire format; empty for never.
        issued: When it was issued, in wire format; empty for a token of a catalog.
        project_name: The name by which the login named the project; empty for the project's own.
        domain: The domain it is scoped to.
        user: The name of its user; empty for a token of a catalog, which belongs to no user.
        user_domain: The domain of that user.
        methods: How the user authenticated.
        projects: Of a token that was exchanged for a catalog's token: the projects of that one, each with the roles in
            it, unless they are those of this token.
        is_unproven: Whether it was issued with ``--auth off`` to a login that ``--auth on`` rejects.
    """

    token: str = field(repr=False)
    project: str = ""
    roles: tuple[str, ...] = ("member",)
    expires: str = ""
    issued: str = ""
    project_name: str = ""
    domain: str = ""
    user: str = ""
    user_domain: str = ""
    methods: tuple[str, ...] = ()
    projects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_unproven: bool = False

    def is_expired(self, now: datetime) -> bool:
        """Return whether the token has expired."""
        return has_expired(self.expires, now)

    @property
    def own_projects(self) -> Mapping[str, tuple[str, ...]]:
        """The projects of a token without a user, each with the roles in it."""
        return self.projects or ({self.project: self.roles} if self.project else {})


class TokenSigner:
    """Issues tokens, each with a prefix, and reads them back; only the known credentials allow to forge one."""

    def __init__(self, known: Iterable[str], prefix: str = "") -> None:
        self._prefix = prefix
        self._serializer = URLSafeSerializer(json.dumps(list(known)), salt="token", signer_kwargs=_ALGORITHM)

    def sign(self, token: Token) -> Token:
        """Return a token with its text, which differs from that of every other token."""
        payload = {name: value for name, value in asdict(token).items() if name != "token"}
        return replace(token, token=self._prefix + self._serializer.dumps([payload, secrets.token_hex(8)]))

    def read(self, text: str) -> Token | None:
        """Return an issued token, or ``None`` if the text is none."""
        if not text.startswith(self._prefix) or not text.isascii():
            return None
        signed = text.removeprefix(self._prefix)
        try:
            payload, _ = self._serializer.loads(signed)
        except BadData:
            return None
        if self._serializer.make_signer().sign(signed.rpartition(".")[0]).decode() != signed:
            return None  # another spelling of the signature: base64 ignores some bits and characters
        lists = {name: tuple(payload[name]) for name in ("roles", "methods")}
        projects = {project: tuple(roles) for project, roles in payload["projects"].items()}
        return Token(**{**payload, **lists, "token": text, "projects": projects})
