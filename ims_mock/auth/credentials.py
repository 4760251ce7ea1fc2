"""What says who somebody is: projects, tokens, access keys and users of a catalog, and what a request sends."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ims_mock.contract.values import wire_time

if TYPE_CHECKING:
    from ims_mock.auth.signature import Sent

DOMAIN: Final = "testdomain"
"""The domain (account) of a project or user that names none."""

REGION: Final = "cn-north-4"
"""The region of a project whose name tells none."""

SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-auth-token", "x-security-token", "x-subject-token"}
)
"""The headers that hold secrets, by their lower-case names."""

_REGION: Final = re.compile(r"[a-z]+-[a-z]+-[0-9]+")


class Project(NamedTuple):
    """A project, and the domain it belongs to; in this cloud it is named after its region, ``cn-north-4_team``."""

    id: str
    name: str = ""
    domain: str = DOMAIN

    @property
    def region(self) -> str:
        """The region that the name tells."""
        match = _REGION.match(self.name)
        return match[0] if match else REGION


def _has_come(time: str, now: datetime) -> bool:
    """Whether a time in wire format has come; an empty one never does."""
    return bool(time) and time <= wire_time(now)


def _told(value: Any, *secret: str) -> str:
    """Write a value for people, without what is secret of it."""
    parts = [f"{name}={one!r}" for name, one in value._asdict().items() if name not in secret]
    return f"{type(value).__name__}({', '.join(parts)})"


class Token(NamedTuple):
    """A token of a catalog, or one that was issued.

    Attributes:
        token: the token itself; empty on one that is not written yet.
        project: the project it opens; empty when it opens a domain or nothing.
        roles: the roles it gives.
        expires: in wire format; empty for never.
        issued: in wire format; empty for a catalog's.
        name: under which name the project was asked for; empty for its own.
        domain: the domain it opens, when it opens no project.
        user: the name of whose it is; a catalog's is nobody's in particular.
        user_domain: the domain of that user.
        methods: how the user proved who it is.
        opens: the projects, with the roles held there, that a token of nobody in particular was exchanged for; empty
            where that is its own.
        is_unproven: whether it was issued, where nothing is refused, to somebody who did not prove all they asked for.
    """

    token: str
    project: str
    roles: tuple[str, ...] = ("member",)
    expires: str = ""
    issued: str = ""
    name: str = ""
    domain: str = ""
    user: str = ""
    user_domain: str = ""
    methods: tuple[str, ...] = ()
    opens: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_unproven: bool = False

    def __repr__(self) -> str:
        return _told(self, "token")

    def is_expired(self, now: datetime) -> bool:
        """Whether its time has come."""
        return _has_come(self.expires, now)

    @property
    def own(self) -> Mapping[str, tuple[str, ...]]:
        """The projects that it opens by itself, each with the roles held there."""
        return dict(self.opens) or ({self.project: self.roles} if self.project else {})


class Key(NamedTuple):
    """An access key and its secret; one with a security token is temporary. Several rows open several projects."""

    access: str
    secret: str
    project: str
    roles: tuple[str, ...] = ("member",)
    security_token: str = ""
    expires: str = ""

    def __repr__(self) -> str:
        return _told(self, "secret", "security_token")

    def is_expired(self, now: datetime) -> bool:
        """Whether its time has come."""
        return _has_come(self.expires, now)


class Pass(NamedTuple):
    """What opens one emulator whatever its catalogs know: a token and an access key, for the project it has by then.

    Attributes:
        mark: what its own token and all that are issued there begin with.
        token: the token.
        access: the access key.
        secret: the secret of the access key.
    """

    mark: str
    token: str
    access: str
    secret: str

    def __repr__(self) -> str:
        return _told(self, "token", "secret")


class User(NamedTuple):
    """A user who logs in with a password; several rows open several projects."""

    name: str
    password: str
    project: str
    domain: str = DOMAIN
    roles: tuple[str, ...] = ("member",)

    def __repr__(self) -> str:
        return _told(self, "password")


class Credentials(NamedTuple):
    """What a request sent to say who it is; empty where it sent nothing.

    Attributes:
        project: the header ``X-Project-Id``.
        token: the header ``X-Auth-Token``.
        authorization: the header ``Authorization``.
        sent: the whole request, when it is signed.
    """

    project: str = ""
    token: str = ""
    authorization: str = ""
    sent: Sent | None = None

    def __repr__(self) -> str:
        return _told(self, "token", "authorization")


def redacted(secret: str) -> str:
    """Return what messages, logs and the journal show instead of a secret."""
    return f"<{len(secret)} characters>"


def id_of(kind: str, *names: str) -> str:
    """Make the id of a domain, user or role, which catalogs know by name only: 32 hex digits, always the same."""
    return hashlib.sha256("\0".join((kind, *names)).encode()).hexdigest()[:32]
