"""Projects and credentials: tokens, access keys and users of a catalog, their lookup, and the tokens of logins.

An issued token is stateless: it contains everything it stands for, signed with a key that is derived from the
catalog's credentials. Emulators of the same catalog accept each other's tokens, and a token survives a reset.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from ims_mock.catalog.visibility import ADMIN, MEMBER
from ims_mock.contract.values import wire_time

DEFAULT_PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"  # of unauthenticated requests if a catalog names none
DEFAULT_DOMAIN: Final = "testdomain"  # the account of a project or user that names none
DEFAULT_REGION: Final = "cn-north-4"  # of a project whose name does not begin with one
SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-auth-token", "x-security-token", "x-subject-token"}
)
"""The headers that hold secrets, by their lower-case names."""

_REGION: Final = re.compile(r"[a-z]+-[a-z]+-[0-9]+")
_SIGNING: Final = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


@dataclass(frozen=True)
class Project:
    """A project, its domain, and its name, which starts with its region in this cloud: ``cn-north-4_team``."""

    id: str
    name: str = ""
    domain: str = DEFAULT_DOMAIN

    @property
    def regions(self) -> tuple[str, ...]:
        """The region that the name begins with. Any other name is a custom region, beside the default one."""
        if match := _REGION.match(self.name):
            return (match[0],)
        return (DEFAULT_REGION,) if self.name in ("", self.id) else (self.name, DEFAULT_REGION)


def has_expired(expires: str, now: datetime) -> bool:
    """Return whether a time in wire format is reached; an empty one never is."""
    return bool(expires) and expires <= wire_time(now)


@dataclass(frozen=True)
class Token:
    """A token of a catalog, or an issued one. Times are in wire format."""

    token: str = field(repr=False)
    project: str = ""  # empty if it is scoped to a domain or unscoped
    roles: tuple[str, ...] = ("member",)
    expires: str = ""  # empty for never

    issued: str = ""  # empty for a token of a catalog, like all that follows
    project_name: str = ""  # by which the login named the project; empty for the project's own
    domain: str = ""  # the domain it is scoped to
    user: str = ""  # empty for a token that was exchanged for a catalog's token
    user_domain: str = ""
    methods: tuple[str, ...] = ()  # how the user authenticated
    source: str = ""  # the id of the catalog's token that it was exchanged for
    is_unproven: bool = False  # issued with --auth off to a login that --auth on rejects

    @property
    def id(self) -> str:
        """An id that does not reveal the token."""
        return stable_id("token", self.token)


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
    """A token and an access key of one sandbox, valid for the default project of whatever catalog it has."""

    prefix: str  # of its token, and of every token issued in the sandbox
    token: str = field(repr=False)
    access: str
    secret: str = field(repr=False)


class CredentialStore:
    """The projects and credentials of a catalog; a catalog without any credentials gets one of each kind."""

    def __init__(
        self,
        default_project: str = DEFAULT_PROJECT,  # of unauthenticated requests
        projects: Iterable[Project] = (),  # with a name or domain; every other id is a project, too
        tokens: Iterable[Token] = (),
        keys: Iterable[AccessKey] = (),  # one row per project
        users: Iterable[User] = (),  # one row per project
        sandbox: SandboxCredentials | None = None,  # part of no catalog
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
        self._tokens = {token.token: token for token in all_tokens}
        self._keys: dict[str, list[AccessKey]] = {}
        for key in all_keys:
            self._keys.setdefault(key.access, []).append(key)
        self.key_secrets = {key.access: key.secret for key in all_keys}
        key_secrets = [secret for key in all_keys for secret in (key.secret, key.security_token) if secret]
        self.secrets = frozenset([*self._tokens, *key_secrets, *(user.password for user in self.users)])
        known = [token.token for token in all_tokens]
        known += [text for key in all_keys for text in (key.access, key.secret)]
        known += [text for user in self.users for text in (user.domain, user.name, user.password)]
        self._issued_prefix = sandbox.prefix if sandbox else ""
        self._serializer = URLSafeSerializer(json.dumps(known), salt="token-2", signer_kwargs=_SIGNING)

    def with_sandbox(self, sandbox: SandboxCredentials) -> "CredentialStore":
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
        if found := self._tokens.get(text):
            return found
        token = self._read_issued(text)
        if token is None or token.is_unproven or not (token.project or token.domain):
            return token
        # the roles are those that its owner has now: the catalog may have been replaced since
        source = self._tokens_by_id.get(token.source)
        expires = min(token.expires, source.expires) if source and source.expires else token.expires
        return replace(token, roles=roles_in(self.projects_of(token), token.project), expires=expires)

    @cached_property
    def _tokens_by_id(self) -> Mapping[str, Token]:
        return {token.id: token for token in self._tokens.values()}

    def find_keys(self, access: str) -> Sequence[AccessKey]:
        """Return the rows of an access key, one per project; none if it is unknown."""
        return self._keys.get(access, ())

    def projects_of(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """Return the projects that the owner of a token may use, each with the roles in it."""
        token = self._tokens_by_id.get(token.source, token)
        if not token.user or token.is_unproven:
            return {token.project: token.roles} if token.project else {}
        rows = (user for user in self.users if (user.domain, user.name) == (token.user_domain, token.user))
        return {user.project: user.roles for user in rows}

    # --- issued tokens

    def issue(self, token: Token) -> Token:
        """Return a token with its text, which differs from that of every other token."""
        payload = {name: value for name, value in asdict(token).items() if name != "token"}
        text = self._serializer.dumps([payload, secrets.token_hex(8)])
        return replace(token, token=self._issued_prefix + text)

    def _read_issued(self, text: str) -> Token | None:
        if not text.startswith(self._issued_prefix) or not text.isascii():
            return None
        signed = text.removeprefix(self._issued_prefix)
        try:
            payload, _ = self._serializer.loads(signed)
        except BadData:
            return None
        if self._serializer.make_signer().sign(signed.rpartition(".")[0]).decode() != signed:
            return None  # another spelling of the signature: base64 ignores some bits and characters
        lists = {name: tuple(payload[name]) for name in ("roles", "methods")}
        return Token(**{**payload, **lists, "token": text})


def roles_in(projects: Mapping[str, tuple[str, ...]], project: str = "") -> tuple[str, ...]:
    """Return the roles in a project, or in all: an admin of one project is an admin of all.

    A user or token that is valid for no project, but accepted nevertheless, is a member.
    """
    roles = tuple(dict.fromkeys(role for roles in projects.values() for role in roles)) if projects else (MEMBER,)
    return projects.get(project, roles if ADMIN in roles else (MEMBER,)) if project else roles


def redacted(secret: str) -> str:
    """Return what messages, logs and the journal show instead of a secret."""
    return f"<{len(secret)} characters>"


def stable_id(kind: str, *names: str) -> str:
    """Return the id of something that catalogs know by name only: a domain, user or role. It is 32 hex digits."""
    return hashlib.sha256("\0".join((kind, *names)).encode()).hexdigest()[:32]
