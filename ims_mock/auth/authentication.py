"""Who is asking: what the credentials of a request are worth, and the projects they open.

With authentication off nothing is refused: the project is the one named by ``X-Project-Id``, else the one of a known
token or access key, else the catalog's. With it on, a token must be known and not expired, or a signature must fit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from ims_mock.auth.credentials import REGION, Credentials, Key, Pass, Project, Token, User
from ims_mock.auth.tokens import Seal
from ims_mock.catalog.visibility import ADMIN, Caller
from ims_mock.contract.values import printable
from ims_mock.errors import RequestError

if TYPE_CHECKING:
    from ims_mock.auth.signature import Authorization, Canonical

SERVICE_PROJECT: Final = "1bed856811654c1cb661a6ca845ebc77"
"""The service's own project, owner of public images (seen)."""

DEFAULT_PROJECT: Final = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
"""Whose eyes an anonymous caller has in a catalog that names no project."""

NOTHING, TOKEN, SIGNATURE = "nothing", "a token", "a signature"
"""What a request may prove itself with."""


class Verdict(NamedTuple):
    """What the credentials of a request are worth.

    Attributes:
        caller: as whom the request is let in where nothing is refused.
        proof: what it sent: :data:`NOTHING`, :data:`TOKEN` or :data:`SIGNATURE`.
        refusal: what is wrong with it; ``None`` when it holds.
        opens: the projects that whoever sent it may open, each with the roles held there.
        token: the token it sent, when that is known.
    """

    caller: Caller
    proof: str = NOTHING
    refusal: RequestError | None = None
    opens: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    token: Token | None = None

    @property
    def doubt(self) -> str:
        """The name of what is wrong with it, empty when it holds."""
        return self.refusal.problem.name if self.refusal else ""

    def refused(self, *, needs_project: bool, writes: bool) -> RequestError | None:
        """Tell why the request is refused where credentials are needed; ``None`` when it is not.

        Args:
            needs_project: whether it is about the images of a project.
            writes: whether it changes something.
        """
        if self.proof == NOTHING:
            return RequestError("token-missing")
        if self.refusal is None and needs_project and self.token and not self.token.project:
            return RequestError("no-project", scope="scoped to a domain" if self.token.domain else "unscoped")
        if self.refusal is None and writes and self.caller.only_reads:
            return RequestError("read-only")
        return self.refusal


class Identity:
    """The projects and credentials of a catalog.

    Args:
        project: whose eyes a caller without credentials has.
        projects: the projects that are named; every other one exists all the same.
        tokens: the known tokens.
        keys: the known access keys, a row for each project that one opens.
        users: the known users, a row for each project that one opens.
        own: what opens the emulator besides; it stands in no catalog.

    Attributes:
        nobody: what a request is worth that sends nothing.

    A catalog without any credentials has one of each.
    """

    def __init__(
        self,
        project: str = DEFAULT_PROJECT,
        projects: Iterable[Project] = (),
        tokens: Iterable[Token] = (),
        keys: Iterable[Key] = (),
        users: Iterable[User] = (),
        own: Pass | None = None,
    ) -> None:
        self.project = project
        self.nobody = Verdict(Caller(project))
        self.projects = {one.id: one for one in projects}
        self.tokens, self.keys, self.users = tuple(tokens), tuple(keys), tuple(users)
        if not (self.tokens or self.keys or self.users):
            self.tokens = (Token("ims-mock-token", project),)
            self.keys = (Key("IMSMOCKACCESSKEY00001", "ims-mock-secret-key", project),)
            self.users = (User("tester", "secret", project),)
        own_tokens = (Token(own.token, project),) if own else ()
        own_keys = (Key(own.access, own.secret, project),) if own else ()
        known_keys = (*self.keys, *own_keys)
        self._by_hash = {_hash(one.token): one for one in (*self.tokens, *own_tokens)}
        self._secrets = {one.access: one.secret for one in known_keys}
        self._rows: dict[str, list[Key]] = {}
        for key in known_keys:
            self._rows.setdefault(key.access, []).append(key)
        self._opens: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        for user in self.users:
            self._opens.setdefault((user.domain, user.name), {})[user.project] = user.roles
        self.secrets = (  # what only their owners may see; empty where one is not given
            *(one.token for one in (*self.tokens, *own_tokens)),
            *(part for one in known_keys for part in (one.secret, one.security_token)),
            *(one.password for one in self.users),
        )
        self._hashes = set(map(_hash, self.secrets))
        self.seal = Seal(
            [one.token for one in (*self.tokens, *own_tokens)]
            + [part for one in known_keys for part in (one.access, one.secret)]
            + [part for one in self.users for part in (one.domain, one.name, one.password)],
            own.mark if own else "",
        )

    def opened_besides_by(self, own: Pass) -> Identity:
        """Give the same projects and credentials, and what opens the emulator besides."""
        return Identity(self.project, self.projects.values(), self.tokens, self.keys, self.users, own)

    def named(self, project: str) -> Project:
        """Give a project with its name: one without is called by its id, the catalog's own by the usual region."""
        known = self.projects.get(project) or Project(project)
        if known.name:
            return known
        return Project(project, REGION if project == self.project else project, known.domain)

    def token(self, text: str) -> Token | None:
        """Give a known token, of the catalog or issued, expired or not.

        It is looked up by its hash, so that the time this takes tells nothing of the tokens that are known.
        """
        return self._by_hash.get(_hash(text)) or self.seal.opened(text)

    def opened_by(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """Give the projects that the owner of a token may open, each with the roles held there."""
        if not token.user or token.is_unproven:
            return token.own
        return self._opens.get((token.user_domain, token.user), {})

    def judged(self, sent: Credentials, now: datetime, *, is_explained: bool) -> Verdict:
        """Tell what credentials are worth.

        Args:
            sent: what the request sent.
            now: the emulator's time.
            is_explained: whether to look for the slip behind a wrong signature.
        """
        if sent.token:
            return self._judged_token(sent, now)
        if sent.authorization:
            return self._judged_signature(sent, now, is_explained=is_explained)
        return Verdict(Caller(sent.project)) if sent.project else self.nobody

    def _judged_token(self, sent: Credentials, now: datetime) -> Verdict:
        token = self.token(sent.token)
        if token is None:
            return Verdict(Caller(sent.project or self.project), TOKEN, RequestError("token-unknown"))
        refusal, opens = None, self.opened_by(token)
        if token.is_unproven:
            refusal = RequestError("token-unproven")
        elif token.is_expired(now):
            refusal = RequestError("token-expired")
        elif sent.project and sent.project not in ([token.project] if token.project else opens):
            refusal = RequestError(
                "other-project", "X-Project-Id", sent.project, "the project the token was issued for"
            )
        caller = Caller(sent.project or token.project or self.project, frozenset(token.roles))
        return Verdict(caller, TOKEN, refusal, opens, token)

    def _judged_signature(self, sent: Credentials, now: datetime, *, is_explained: bool) -> Verdict:
        from ims_mock.auth import signature as signing  # most requests are not signed

        rows: list[Key] = []
        is_proven = False
        try:
            authorization = signing.Authorization.parse(sent.authorization)
            rows = self._rows.get(authorization.access, [])
            refusal = self._signature_refused(sent, authorization, rows, now, is_explained=is_explained)
            is_proven = True
        except RequestError as error:
            refusal = error
        opens = {one.project: one.roles for one in rows}
        if refusal is None and sent.project and sent.project not in opens:
            legal = f"a project of the access key: {', '.join(opens)}"
            refusal = RequestError("other-project", "X-Project-Id", sent.project, legal)
        first = rows[0] if rows else Key("", "", self.project, ())
        roles = frozenset(opens.get(sent.project, first.roles))
        caller = Caller(sent.project or first.project, roles if is_proven else roles - {ADMIN})
        return Verdict(caller, SIGNATURE, refusal, opens)

    def _signature_refused(
        self,
        credentials: Credentials,
        authorization: Authorization,
        rows: list[Key],
        now: datetime,
        *,
        is_explained: bool,
    ) -> RequestError | None:
        """Check a signature, and tell what is wrong beside it: that it, or the key, is out of date.

        Raises:
            RequestError: it does not prove who signed.
        """
        from ims_mock.auth import signature as signing
        from ims_mock.auth import signature_hints as slips

        sent, access = credentials.sent, authorization.access
        if sent is None:
            raise TypeError("a signature is verified against the request it came with")
        if not rows:
            is_secret = _hash(access) in self._hashes  # the two of a pair in each other's place, or a token
            raise RequestError("key-secret") if is_secret else RequestError("key-unknown", access=printable(access))
        key, late = rows[0], signing.late(sent, now)
        given = sent.headers.get("x-security-token", "")

        def why(form: Canonical) -> str:
            return slips.explained(sent, form, authorization, key.secret, self._secrets) if is_explained else ""

        try:
            if key.security_token and not given:
                raise RequestError("security-token-missing", access=access)
            if not hmac.compare_digest(key.security_token.encode(), given.encode("latin-1", "replace")):
                raise RequestError("security-token", access=access)
            signing.verify(sent, authorization, key.secret, why)
        except RequestError as error:
            raise late or error from None
        return RequestError("key-expired", access=access, expires=key.expires) if key.is_expired(now) else late


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
