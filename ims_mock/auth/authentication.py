"""Authentication: who sent a request, which projects its credentials are valid for, and why they are rejected.

With ``--auth off`` no request is rejected: its project is the one in ``X-Project-Id``, else that of a known token or
access key, else the catalog's. With ``--auth on`` a token must be known and not expired, or a signature must verify.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ims_mock.auth import signature as signing
from ims_mock.auth.credentials import AccessKey, CredentialStore, Token, has_expired
from ims_mock.auth.signature import Authorization, SignedRequest
from ims_mock.auth.signature_hints import explain
from ims_mock.catalog.visibility import ADMIN, Caller
from ims_mock.errors import RequestError
from ims_mock.text import printable, wire_text

NO_CREDENTIALS: Final = "nothing"
TOKEN: Final = "a token"
SIGNATURE: Final = "a signature"


@dataclass(frozen=True)
class Authentication:
    """The result of authenticating a request: its sender if it is accepted, and what is wrong with its credentials."""

    caller: Caller
    method: str = NO_CREDENTIALS
    failure: RequestError | None = None
    projects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # each with the roles in it
    token: Token | None = None  # if it is known

    @property
    def failure_name(self) -> str:
        """The name of the problem with its credentials; empty if they are valid."""
        return self.failure.problem.name if self.failure else ""

    def check(self, *, needs_project: bool, writes: bool) -> None:
        """Raise a 401 if there are no valid credentials, a 403 if they do not permit the request."""
        if self.method == NO_CREDENTIALS:
            raise RequestError("token-missing")
        if self.failure:
            raise self.failure
        if needs_project and self.token and not self.token.project:
            raise RequestError("no-project", scope="scoped to a domain" if self.token.domain else "unscoped")
        if writes and self.caller.only_reads:
            raise RequestError("read-only")


def authenticate(
    store: CredentialStore, now: datetime, project: str, token: str, signed: SignedRequest | None, *, explains: bool
) -> Authentication:
    """Return the result for ``X-Project-Id`` and ``X-Auth-Token``, or for a signed request; a failure is part of it.

    If it ``explains``, the failure of a wrong signature says what the client did wrong.
    """
    if token:
        return _authenticate_token(store, now, project, token)
    if signed:
        return _authenticate_signature(store, project, signed, now, explains=explains)
    return Authentication(Caller(project or store.default_project))


def _authenticate_token(store: CredentialStore, now: datetime, project: str, text: str) -> Authentication:
    token = store.find_token(text)
    if token is None:
        return Authentication(Caller(project or store.default_project), TOKEN, RequestError("token-unknown"))
    failure, projects = None, store.projects_of(token)
    if token.is_unproven:
        failure = RequestError("token-unproven")
    elif has_expired(token.expires, now):
        failure = RequestError("token-expired")
    elif token.project and token.project not in projects and ADMIN not in token.roles:  # the catalog was replaced
        failure = RequestError("other-project", "the project", token.project, ", ".join(projects))
    elif project and project not in ([token.project] if token.project else projects):
        failure = RequestError("other-project", "X-Project-Id", project, "the project the token was issued for")
    caller = Caller(project or token.project or store.default_project, frozenset(token.roles))
    return Authentication(caller, TOKEN, failure, projects, token)


def _authenticate_signature(
    store: CredentialStore, project: str, request: SignedRequest, now: datetime, *, explains: bool
) -> Authentication:
    keys: Sequence[AccessKey] = ()
    is_verified = False
    try:
        authorization = Authorization.parse(wire_text(request.headers["authorization"]))
        keys = store.find_keys(authorization.access)
        failure = _verify(store, request, authorization, now, explains=explains)
        is_verified = True
    except RequestError as error:
        failure = error
    projects = {key.project: key.roles for key in keys}
    if failure is None and project and project not in projects:
        legal = f"a project of the access key: {', '.join(projects)}"
        failure = RequestError("other-project", "X-Project-Id", project, legal)
    first_project = next(iter(projects), store.default_project)
    roles = frozenset(projects.get(project, projects.get(first_project, ())))
    caller = Caller(project or first_project, roles if is_verified else roles - {ADMIN})
    return Authentication(caller, SIGNATURE, failure, projects)


def _verify(
    store: CredentialStore, request: SignedRequest, authorization: Authorization, now: datetime, *, explains: bool
) -> RequestError | None:
    """Raise an error if a signature does not prove who sent the request; return that its date or key has expired."""
    access = authorization.access
    keys = store.find_keys(access)
    if not keys:
        if access in store.secrets:  # a secret in place of the access key, which must not be repeated
            raise RequestError("key-secret")
        raise RequestError("key-unknown", access=printable(access))
    key, skew_failure = keys[0], signing.skew_failure(request, now)
    token = request.headers.get("x-security-token", "")
    try:
        if key.security_token and not token:
            raise RequestError("security-token-missing", access=access)
        if not hmac.compare_digest(key.security_token.encode(), token.encode("latin-1", "replace")):
            raise RequestError("security-token", access=access)
        signing.check_content(request, authorization)
        if not signing.verifies(request, authorization, key.secret):
            hint = explain(request, authorization, key.secret, store.key_secrets) if explains else ""
            raise RequestError("signature", hint=hint, canonical=signing.redacted_text(request, authorization))
    except RequestError as error:
        raise skew_failure or error from None
    if has_expired(key.expires, now):
        return RequestError("key-expired", access=access, expires=key.expires)
    return skew_failure
