"""Who is asking: projects, tokens, keys and users, and the caller that a request's credentials make.

With authentication off nothing is refused: the project is the one named by ``X-Project-Id``, else the one of a known
token or access key, else the catalog's. With it on, a token must be known and not expired.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ims_mock.errors import RequestError
from ims_mock.tenancy import Caller

SERVICE_PROJECT: Final = "1bed856811654c1cb661a6ca845ebc77"
"""The service's own project, owner of public images (seen)."""

DEFAULT_PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
"""Whose eyes an anonymous caller has in a catalog that names no project."""

_ACCESS: Final = re.compile(r"SDK-HMAC-SHA256 Access=([^,\s]+)")


@dataclass(frozen=True)
class Project:
    """A project, and the domain (account) it belongs to."""

    id: str
    name: str = ""
    domain: str = "testdomain"


@dataclass(frozen=True)
class Token:
    """A token that opens a project; ``expires`` in wire format, empty for never."""

    token: str = field(repr=False)
    project: str
    roles: tuple[str, ...] = ("member",)
    expires: str = ""


@dataclass(frozen=True)
class Key:
    """An access key and its secret."""

    access: str
    secret: str = field(repr=False)
    project: str
    roles: tuple[str, ...] = ("member",)


@dataclass(frozen=True)
class User:
    """A user who logs in with a password."""

    name: str
    password: str = field(repr=False)
    project: str
    domain: str = "testdomain"
    roles: tuple[str, ...] = ("member",)


@dataclass(frozen=True)
class Credentials:
    """What a request sent to say who it is; empty where it sent nothing."""

    project: str = ""
    token: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)

    @property
    def access(self) -> str:
        """The access key that the signature names."""
        match = _ACCESS.match(self.authorization)
        return match[1] if match else ""


class Identity:
    """The projects and credentials of a catalog.

    Args:
        project: whose eyes a caller without credentials has.
        projects: the projects that are named; every other one exists all the same.
        tokens: the known tokens.
        keys: the known access keys.
        users: the known users.

    A catalog without any credentials has one of each.
    """

    def __init__(
        self,
        project: str = DEFAULT_PROJECT,
        projects: Iterable[Project] = (),
        tokens: Iterable[Token] = (),
        keys: Iterable[Key] = (),
        users: Iterable[User] = (),
    ) -> None:
        self.project = project
        self.projects = {one.id: one for one in projects}
        self.tokens = {one.token: one for one in tokens}
        self.keys = {one.access: one for one in keys}
        self.users = {(one.domain, one.name): one for one in users}
        if not (self.tokens or self.keys or self.users):
            self.tokens = {"ims-mock-token": Token("ims-mock-token", project)}
            self.keys = {"IMSMOCKACCESSKEY00001": Key("IMSMOCKACCESSKEY00001", "ims-mock-secret-key", project)}
            self.users = {("testdomain", "tester"): User("tester", "secret", project)}

    def anyone(self, sent: Credentials) -> Caller:
        """Let the request in, as the project it names or the one its known credentials open."""
        known = self.tokens.get(sent.token) or self.keys.get(sent.access)
        roles = frozenset(known.roles) if known else frozenset[str]()
        return Caller(sent.project or (known.project if known else self.project), roles)

    def verified(self, sent: Credentials, now: str) -> Caller:
        """Let the request in when its token is known and not expired.

        Args:
            sent: what the request sent.
            now: the emulator's time, in wire format.

        Raises:
            RequestError: 401 without usable credentials, 403 when ``X-Project-Id`` names another project.
        """
        if not sent.token:
            raise RequestError("signature" if sent.authorization else "token-missing")
        known = self.tokens.get(sent.token)
        if known is None:
            raise RequestError("token-unknown")
        if known.expires and known.expires <= now:
            raise RequestError("token-expired")
        if sent.project and sent.project != known.project:
            raise RequestError("other-project", "X-Project-Id", sent.project, "the project the token was issued for")
        return Caller(known.project, frozenset(known.roles))
