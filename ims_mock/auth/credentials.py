"""Projects and credentials: tokens, access keys and users of a catalog, and their lookup."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ims_mock.auth.tokens import Token, TokenSigner

DEFAULT_PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
"""The project of unauthenticated requests if a catalog names none."""

DEFAULT_DOMAIN: Final = "testdomain"
"""The domain (account) of a project or user that names none."""

DEFAULT_REGION: Final = "cn-north-4"
"""The region of a project whose name contains none."""

SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-auth-token", "x-security-token", "x-subject-token"}
)
"""The headers that hold secrets, by their lower-case names."""

_REGION: Final = re.compile(r"[a-z]+-[a-z]+-[0-9]+")


@dataclass(frozen=True)
class Project:
    """A project, its domain, and its name, which starts with its region in this cloud: ``cn-north-4_team``."""

    id: str
    name: str = ""
    domain: str = DEFAULT_DOMAIN

    @property
    def region(self) -> str:
        """The region in the name, or the default one."""
        match = _REGION.match(self.name)
        return match[0] if match else DEFAULT_REGION


@dataclass(frozen=True)
class AccessKey:
    """An access key for one project; it is temporary if it has a security token."""

    access: str
    secret: str = field(repr=False)
    project: str
    roles: tuple[str, ...] = ("member",)
    security_token: str = field(default="", repr=False)
    expires: str = ""


@dataclass(frozen=True)
class User:
    """A user who logs in with a password to one project."""

    name: str
    password: str = field(repr=False)
    project: str
    domain: str = DEFAULT_DOMAIN
    roles: tuple[str, ...] = ("member",)


@dataclass(frozen=True)
class SandboxCredentials:
    """A token and an access key of one sandbox, valid for the default project of whatever catalog it has.

    Attributes:
        prefix: The text that its token starts with, and every token issued in the sandbox.
    """

    prefix: str
    token: str = field(repr=False)
    access: str
    secret: str = field(repr=False)


class CredentialStore:
    """The projects and credentials of a catalog; a catalog without any credentials gets one of each kind.

    Args:
        default_project: The project of unauthenticated requests.
        projects: The projects with a name or domain; every other id is a project, too.
        tokens: The tokens.
        keys: The access keys, one row per project that a key is valid for.
        users: The users, one row per project that a user belongs to.
        sandbox: The credentials of the sandbox, which are part of no catalog.

    Attributes:
        secrets: Every secret in it.
        key_secrets: The secret of each access key.
    """

    def __init__(
        self,
        default_project: str = DEFAULT_PROJECT,
        projects: Iterable[Project] = (),
        tokens: Iterable[Token] = (),
        keys: Iterable[AccessKey] = (),
        users: Iterable[User] = (),
        sandbox: SandboxCredentials | None = None,
    ) -> None:
        self.default_project = default_project
        self.projects = {project.id: project for project in projects}
        self.tokens, self.keys, self.users = tuple(tokens), tuple(keys), tuple(users)
        if not (self.tokens or self.keys or self.users):
            self.tokens = (Token("ims-mock-token", default_project),)
            self.keys = (AccessKey("IMSMOCKACCESSKEY00001", "ims-mock-secret-key", default_project),)
            self.users = (User("tester", "secret", default_project),)
        all_tokens, all_keys = self.tokens, self.keys
        if sandbox:
            all_tokens += (Token(sandbox.token, default_project),)
            all_keys += (AccessKey(sandbox.access, sandbox.secret, default_project),)
        token_texts = [token.token for token in all_tokens]
        self._tokens = dict(zip(token_texts, all_tokens, strict=True))
        self._keys: dict[str, list[AccessKey]] = {}
        for key in all_keys:
            self._keys.setdefault(key.access, []).append(key)
        self.key_secrets = {key.access: key.secret for key in all_keys}
        key_secrets = [secret for key in all_keys for secret in (key.secret, key.security_token) if secret]
        self.secrets = frozenset([*token_texts, *key_secrets, *(user.password for user in self.users)])
        keys_and_users = [text for key in all_keys for text in (key.access, key.secret)]
        keys_and_users += [text for user in self.users for text in (user.domain, user.name, user.password)]
        self.token_signer = TokenSigner([*token_texts, *keys_and_users], sandbox.prefix if sandbox else "")

    def with_sandbox(self, sandbox: SandboxCredentials) -> CredentialStore:
        """Return a store that also accepts the credentials of a sandbox."""
        catalog = self.projects.values(), self.tokens, self.keys, self.users
        return CredentialStore(self.default_project, *catalog, sandbox)

    def project(self, project_id: str) -> Project:
        """Return a project with a name: an unnamed one is called by its id, the default one by the default region."""
        found = self.projects.get(project_id) or Project(project_id)
        default_name = DEFAULT_REGION if project_id == self.default_project else project_id
        return found if found.name else replace(found, name=default_name)

    def find_token(self, text: str) -> Token | None:
        """Return a token of the catalog or an issued one, even if it has expired, or ``None``."""
        return self._tokens.get(text) or self.token_signer.read(text)

    def find_keys(self, access: str) -> Sequence[AccessKey]:
        """Return the rows of an access key, one per project; none if it is unknown."""
        return self._keys.get(access, ())

    def projects_of(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """Return the projects that the owner of a token may use, each with the roles in it."""
        if not token.user or token.is_unproven:
            return token.own_projects
        rows = (user for user in self.users if (user.domain, user.name) == (token.user_domain, token.user))
        return {user.project: user.roles for user in rows}


def redacted(secret: str) -> str:
    """Return what messages, logs and the journal show instead of a secret."""
    return f"<{len(secret)} characters>"


def stable_id(kind: str, *names: str) -> str:
    """Return the id of something that catalogs know by name only: a domain, user or role. It is 32 hex digits."""
    return hashlib.sha256("\0".join((kind, *names)).encode()).hexdigest()[:32]
