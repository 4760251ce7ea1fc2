"""Logging in: what the body of ``POST /v3/auth/tokens`` asks for, and the token that answers it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ims_mock.bodies import Part
from ims_mock.credentials import DOMAIN, Project, Token, id_of
from ims_mock.errors import RequestError
from ims_mock.identity import Identity
from ims_mock.kinds import later, shown, wire_time
from ims_mock.tenancy import ADMIN, MEMBER

LIFE: Final = timedelta(hours=24)
"""How long an issued token is valid (the document)."""

METHODS: Final = ("password", "token")

NOBODY: Final = "ims-mock"
"""Whose a token is that belongs to nobody in particular."""
_NAMED: Final = "an object with id or name"


@dataclass(frozen=True)
class Named:
    """Something that is named by its id, or by its name inside a domain; empty where nothing is said."""

    id: str = ""
    name: str = ""
    domain_id: str = ""
    domain: str = ""

    @classmethod
    def read(cls, part: Part) -> Named:
        """Read it from a body.

        Raises:
            RequestError: it has neither id nor name, or they are no texts.
        """
        part.object()
        identifier = part.part("id").text() if part.has("id") else ""
        name = part.part("name").text() if part.has("name") else ""
        if not identifier and not name:
            raise part.refused(_NAMED, "has neither id nor name")
        if not part.has("domain"):
            return cls(identifier, name)
        inside = cls.read(part.part("domain"))
        return cls(identifier, name, inside.id, inside.name)

    def is_domain(self, domain: str) -> bool:
        """Whether this names a domain."""
        return _is(self.id, self.name, domain)

    def is_inside(self, domain: str) -> bool:
        """Whether this lies in a domain, as far as it says."""
        return not (self.domain_id or self.domain) or _is(self.domain_id, self.domain, domain)

    def is_user(self, domain: str, name: str) -> bool:
        """Whether this names a user."""
        if self.id:
            return self.id == id_of("user", domain, name)
        return self.name == name and self.is_inside(domain)

    def __str__(self) -> str:
        """Write it for a message."""
        if self.id:
            return shown(self.id)
        inside = self.domain or self.domain_id
        return shown(self.name) + (f" in domain {shown(inside)}" if inside else "")


def _is(domain_id: str, name: str, domain: str) -> bool:
    return (domain_id or id_of("domain", name)) == id_of("domain", domain)


@dataclass(frozen=True)
class Login:
    """What somebody asks for who logs in.

    Attributes:
        methods: how they prove who they are.
        user: who they are, by password.
        password: that user's password.
        token: the token they have already.
        project: the project that the new token shall open.
        domain: the domain that it shall open.
    """

    methods: tuple[str, ...]
    user: Named = Named()
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    project: Named | None = None
    domain: Named | None = None

    @classmethod
    def read(cls, body: Part) -> Login:
        """Read the body of a request.

        Raises:
            RequestError: something is missing or of the wrong type; the message gives its path and what is legal.
        """
        legal = f"a list of {' or '.join(METHODS)}"
        auth = body.part("auth")
        identity = auth.part("identity")
        methods = tuple(one.text(legal) for one in identity.part("methods", legal).items(legal))
        if not methods:
            raise identity.part("methods").refused(legal, "is empty")
        for method in methods:
            if method not in METHODS:
                raise RequestError("login-method", "auth.identity.methods", method, " and ".join(METHODS))
        user, password, token = Named(), "", ""
        if "password" in methods:
            asked = identity.part("password").part("user")
            user, password = Named.read(asked), asked.part("password", "a text").text()
            if not user.id and not (user.domain or user.domain_id):
                raise asked.part("domain", _NAMED).refused(_NAMED)
        if "token" in methods:
            token = identity.part("token").part("id", "a text").text()
        return cls(methods, user, password, token, *_scope(auth))


def _scope(auth: Part) -> tuple[Named | None, Named | None]:
    """Read what shall be opened; a project goes before a domain (the vendor's documentation)."""
    legal = "'unscoped', or an object with project or domain"
    if not auth.has("scope"):
        return None, None
    scope = auth.part("scope")
    if scope.value == "unscoped":
        return None, None
    if not isinstance(scope.value, dict):
        raise scope.refused(legal)
    if scope.has("project"):
        return Named.read(scope.part("project")), None
    if scope.has("domain"):
        return None, Named.read(scope.part("domain"))
    raise scope.refused(legal, "names neither")


@dataclass(frozen=True)
class _Person:
    """Who logs in, and what they may open: projects, each with the roles held there, and a domain."""

    name: str
    domain: str
    opens: Mapping[str, tuple[str, ...]]
    expires: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """All the roles held."""
        return tuple(dict.fromkeys(role for roles in self.opens.values() for role in roles)) or (MEMBER,)

    def roles_in(self, project: str) -> tuple[str, ...]:
        """The roles held in a project: an admin of one is an admin of all, and a member wherever nobody checks."""
        return self.opens.get(project) or (self.roles if ADMIN in self.roles else (MEMBER,))


def issued(identity: Identity, login: Login, now: datetime, *, is_checked: bool) -> Token:
    """Answer a login with a token.

    Args:
        identity: who is known.
        login: what is asked for.
        now: the emulator's time.
        is_checked: whether it is refused to be unknown, and to open what is not one's own.

    Raises:
        RequestError: 401.
    """
    people = [_METHODS[method](identity, login, now, is_checked) for method in login.methods]
    person = people[0]
    token = Token(
        "",
        "",
        roles=(),
        expires=min((one.expires for one in people if one.expires), default=wire_time(later(now, LIFE))),
        issued=wire_time(now),
        user=person.name,
        user_domain=person.domain,
        methods=tuple(dict.fromkeys(login.methods)),
    )
    if login.project:
        project = _project(identity, login.project, person, is_checked=is_checked)
        token = replace(token, project=project.id, name=project.name, roles=person.roles_in(project.id))
    elif login.domain:
        if is_checked and not login.domain.is_domain(person.domain):
            raise RequestError("login-scope", legal=shown(person.domain), what=f"the domain {login.domain}")
        domain = person.domain if login.domain.is_domain(person.domain) else login.domain.name or login.domain.id
        token = replace(token, domain=domain, roles=person.roles)
    return identity.seal.sealed(token)


def _by_password(identity: Identity, login: Login, _: datetime, is_checked: bool) -> _Person:
    asked = login.user
    rows = [one for one in identity.users if asked.is_user(one.domain, one.name)]
    password = rows[0].password if rows else ""
    is_right = hmac.compare_digest(password.encode(), login.password.encode()) and bool(rows)
    if is_checked and not is_right:
        raise RequestError(
            "login", what=f"the password of the user {asked} is wrong" if rows else f"there is no user {asked}"
        )
    if not rows:
        return _Person(asked.name or asked.id, asked.domain or DOMAIN, {})
    return _Person(rows[0].name, rows[0].domain, {one.project: one.roles for one in rows} if is_right else {})


def _by_token(identity: Identity, login: Login, now: datetime, is_checked: bool) -> _Person:
    token = identity.token(login.token)
    is_right = token is not None and not (token.expires and token.expires <= wire_time(now))
    if is_checked and not is_right:
        raise RequestError("login", what="the token has expired" if token else "the token is unknown")
    if token is None:
        return _Person(NOBODY, DOMAIN, {})
    return _Person(*owner_of(identity, token), identity.opened_by(token), token.expires if is_right else "")


_METHODS: Final = {"password": _by_password, "token": _by_token}


def owner_of(identity: Identity, token: Token) -> tuple[str, str]:
    """Tell whose a token is, by name and domain: a catalog's belongs to the first user whom its project knows."""
    if token.user:
        return token.user, token.user_domain
    for user in identity.users:
        if user.project == token.project:
            return user.name, user.domain
    return NOBODY, identity.named(token.project).domain


def _project(identity: Identity, asked: Named, person: _Person, *, is_checked: bool) -> Project:
    """Find the project that somebody wants to open.

    By name it lies in the domain of who asks, unless another is named (the vendor's own examples name none).
    """
    own = [identity.named(project) for project in person.opens]
    named = [*own, *(identity.named(project) for project in identity.projects), identity.named(identity.project)]
    legal = own if is_checked and ADMIN not in person.roles else named
    if asked.id:
        found = [one for one in legal if one.id == asked.id]
        if not found and (not is_checked or ADMIN in person.roles):  # every other project exists all the same
            found = [identity.named(asked.id)]
    else:
        domain = asked if asked.domain or asked.domain_id else Named(domain=person.domain)
        found = [one for one in legal if one.name == asked.name and domain.is_inside(one.domain)]
        if not found and not is_checked:
            found = [one for one in legal if one.name == asked.name] or [
                replace(identity.named(identity.project), name=asked.name)
            ]
    if not found:
        names = sorted({f"{shown(one.name)} in domain {shown(one.domain)}" for one in legal})
        raise RequestError("login-scope", legal=", ".join(names) or "no project", what=f"the project {asked}")
    return found[0]
