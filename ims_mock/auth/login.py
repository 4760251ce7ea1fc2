"""Logins: the body of ``POST /v3/auth/tokens``, its verification, and the issued token."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ims_mock.auth.credentials import DEFAULT_DOMAIN, CredentialStore, Project, Token, has_expired, roles_in, stable_id
from ims_mock.catalog.visibility import ADMIN
from ims_mock.contract.values import MAX_NAME, add_clamped, wire_time
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue
from ims_mock.text import quoted

METHODS: Final = ("password", "token")

TOKEN_LIFETIME: Final = timedelta(hours=24)  # of an issued token (documented)
_DEFAULT_USER: Final = "ims-mock"  # of a catalog's token if its project has no users
_REFERENCE: Final = "an object with id or name"


# --- the request


@dataclass(frozen=True)
class Reference:
    """A user, project or domain as a request refers to it: by id, or by name within a domain."""

    id: str = ""
    name: str = ""
    domain: "Reference | None" = None

    @classmethod
    def read(cls, part: JsonValue) -> "Reference":
        """Read a reference from a request body."""
        part.object()
        reference_id, name = (part.member(key).text(most=MAX_NAME) if part.has(key) else "" for key in ("id", "name"))
        if not reference_id and not name:
            raise part.error(_REFERENCE, "has neither id nor name")
        return cls(reference_id, name, cls.read(part.member("domain")) if part.has("domain") else None)

    def is_domain(self, domain: str) -> bool:
        """Return whether this refers to a domain."""
        return (self.id or stable_id("domain", self.name)) == stable_id("domain", domain)

    def is_user(self, domain: str, name: str) -> bool:
        """Return whether this refers to a user."""
        if self.id:
            return self.id == stable_id("user", domain, name)
        return self.name == name and (self.domain is None or self.domain.is_domain(domain))

    def __str__(self) -> str:
        if self.id or not self.domain:
            return quoted(self.id or self.name)
        return f"{quoted(self.name)} in domain {self.domain}"


@dataclass(frozen=True)
class Login:
    """A request for a token: how the user authenticates, and the project or domain that it is requested for."""

    methods: tuple[str, ...]
    user: Reference = Reference()
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    project: Reference | None = None
    domain: Reference | None = None

    @classmethod
    def read(cls, body: JsonValue) -> "Login":
        """Read the body of a request."""
        legal = f"a list of {' or '.join(METHODS)}"
        auth = body.member("auth")
        identity = auth.member("identity")
        methods = tuple(item.text(legal) for item in identity.member("methods", legal).items(legal))
        if not methods:
            raise identity.member("methods").error(legal, "is empty")
        user, password, token = Reference(), "", ""
        if "password" in methods:
            part = identity.member("password").member("user")
            user, password = Reference.read(part), part.member("password", "a text").text()
            if not user.id and not user.domain:
                raise part.member("domain", _REFERENCE).error(_REFERENCE)
        if "token" in methods:
            token = identity.member("token").member("id", "a text").text()
        project, domain = _read_scope(auth)
        return cls(tuple(dict.fromkeys(methods)), user, password, token, project, domain)


def _read_scope(auth: JsonValue) -> tuple[Reference | None, Reference | None]:
    """Return the requested project and domain; a project takes precedence (the vendor's documentation)."""
    if not auth.has("scope") or auth.member("scope").value == "unscoped":
        return None, None
    legal, scope = "'unscoped', or an object with project or domain", auth.member("scope")
    if not isinstance(scope.value, dict):
        raise scope.error(legal)
    if scope.has("project"):
        return Reference.read(scope.member("project")), None
    if scope.has("domain"):
        return None, Reference.read(scope.member("domain"))
    raise scope.error(legal, "names neither")


# --- the token


def issue_token(store: CredentialStore, login: Login, now: datetime, *, needs_credentials: bool) -> Token:
    """Return the token for a login. An invalid one is a 401 with ``needs_credentials``; else its token is unproven."""
    unknown = [method for method in login.methods if method not in METHODS]
    failures = [RequestError("login-method", "auth.identity.methods", one, " or ".join(METHODS)) for one in unknown]
    methods, drafts = tuple(method for method in login.methods if method in METHODS), []
    for method in methods:
        draft, failure = _by_password(store, login) if method == "password" else _by_token(store, login, now)
        drafts.append(draft)
        failures += [failure] if failure else []
    draft = drafts[0] if drafts else Token("")
    projects, user_domain = store.projects_of(draft), owner_of(store, draft)[1]
    project, domain = Project(""), ""
    roles: tuple[str, ...] = ()
    if login.project:
        project, is_legal, legal = _find_project(store, login.project, projects, user_domain)
        if not is_legal:
            failures.append(RequestError("login-scope", legal=legal, what=f"the project {login.project}"))
        roles = roles_in(projects, project.id)
    elif login.domain:
        is_own, roles = login.domain.is_domain(user_domain), roles_in(projects)
        if not is_own:
            what = f"the domain {login.domain}"
            failures.append(RequestError("login-scope", legal=quoted(user_domain), what=what))
        domain = user_domain if is_own else login.domain.name or login.domain.id
    if failures and needs_credentials:
        raise failures[0]
    token = replace(
        draft,
        token="",
        project=project.id,
        project_name=project.name,
        domain=domain,
        roles=roles,
        expires=min((one.expires for one in drafts if one.expires), default=expiry(now)),
        issued=wire_time(now),
        methods=methods,
        is_unproven=bool(failures),
    )
    return store.issue(token)


def expiry(now: datetime) -> str:
    """Return when a token that is issued now expires, in wire format."""
    return wire_time(add_clamped(now, TOKEN_LIFETIME))


def owner_of(store: CredentialStore, token: Token) -> tuple[str, str]:
    """Return the name and domain of the user of a token; for a catalog's token, the first user of its project."""
    if token.user:
        return token.user, token.user_domain
    project = next(iter(store.projects_of(token)), "")
    owners = ((user.name, user.domain) for user in store.users if user.project == project)
    return next(owners, (_DEFAULT_USER, store.project(project).domain))


def _by_password(store: CredentialStore, login: Login) -> tuple[Token, RequestError | None]:
    """Return a token with the user of a login, whose projects are those of the token, and what is wrong."""
    rows = [user for user in store.users if login.user.is_user(user.domain, user.name)]
    if not rows:
        name, domain = login.user.name or login.user.id, login.user.domain.name if login.user.domain else ""
        what = f"there is no user {login.user}"
    else:
        name, domain = rows[0].name, rows[0].domain
        if hmac.compare_digest(rows[0].password.encode(), login.password.encode()):
            return Token("", user=name, user_domain=domain), None
        what = f"the password of the user {login.user} is wrong"
    unproven = Token("", user=name, user_domain=domain or DEFAULT_DOMAIN, is_unproven=True)
    return unproven, RequestError("login", what=what)


def _by_token(store: CredentialStore, login: Login, now: datetime) -> tuple[Token, RequestError | None]:
    token = store.find_token(login.token)
    if token is None:
        return Token(""), RequestError("login", what="the token is unknown")
    draft, failure = token if token.issued else replace(token, source=token.id), None
    if has_expired(token.expires, now):
        draft, failure = replace(draft, expires=""), RequestError("login", what="the token has expired")
    if token.is_unproven:
        failure = RequestError("login", what="the token was issued for a login that --auth on rejects")
    return draft, failure


def _find_project(
    store: CredentialStore, asked: Reference, projects: Mapping[str, tuple[str, ...]], user_domain: str
) -> tuple[Project, bool, str]:
    """Return the requested project, whether the login is valid for it, and for which projects it is."""
    own = [store.project(project) for project in projects]
    named = [*own, *map(store.project, store.projects), store.project(store.default_project)]
    is_admin = ADMIN in roles_in(projects)
    valid = named if is_admin else own
    legal = ", ".join(sorted({f"{quoted(one.name)} in domain {quoted(one.domain)}" for one in valid}))
    if asked.id:  # every id is a project
        return store.project(asked.id), is_admin or asked.id in projects, legal
    domain = asked.domain or Reference(name=user_domain)  # the vendor's own examples name none
    same_name = [project for project in named if project.name == asked.name]
    found = [project for project in same_name if domain.is_domain(project.domain)]
    if found:
        return found[0], found[0] in valid, legal
    first = store.project(next(iter(projects), store.default_project))
    return same_name[0] if same_name else replace(first, name=asked.name), False, legal
