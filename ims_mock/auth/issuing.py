"""Logging in: whoever proves who they are is issued a token for what they may open."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ims_mock.auth.authentication import Identity
from ims_mock.auth.credentials import DOMAIN, Project, Token
from ims_mock.auth.login import METHODS, Login, Named
from ims_mock.catalog.visibility import ADMIN, MEMBER
from ims_mock.contract.values import add_clamped, quoted, wire_time
from ims_mock.errors import RequestError

LIFE: Final = timedelta(hours=24)
"""How long an issued token is valid (the document)."""

NOBODY: Final = "ims-mock"
"""Whose a token is that belongs to nobody in particular."""


@dataclass(frozen=True)
class _Person:
    """Who logs in, and what they may open: projects, each with the roles held there, and a domain."""

    name: str = ""
    domain: str = DOMAIN
    opens: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expires: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """All the roles held; who opens nothing, and is let in all the same, is a member."""
        held = dict.fromkeys(role for roles in self.opens.values() for role in roles)
        return tuple(held) if self.opens else (MEMBER,)

    def roles_in(self, project: str) -> tuple[str, ...]:
        """The roles held in a project: an admin of one is an admin of all, and a member wherever nobody checks."""
        return self.opens.get(project, self.roles if ADMIN in self.roles else (MEMBER,))


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
    try:
        return identity.seal.sealed(_token(identity, login, now, is_checked=True))
    except RequestError:
        if is_checked:
            raise
    return identity.seal.sealed(_token(identity, login, now, is_checked=False)._replace(is_unproven=True))


def _token(identity: Identity, login: Login, now: datetime, *, is_checked: bool) -> Token:
    for method in login.methods:
        if is_checked and method not in METHODS:
            raise RequestError("login-method", "auth.identity.methods", method, " and ".join(METHODS))
    methods = tuple(method for method in login.methods if method in METHODS)
    people = [_PROOFS[method](identity, login, now, is_checked) for method in methods] or [_Person()]
    person = people[0]
    token = Token(
        "",
        "",
        roles=(),
        expires=min((one.expires for one in people if one.expires), default=wire_time(add_clamped(now, LIFE))),
        issued=wire_time(now),
        user=person.name,
        user_domain=person.domain if person.name else "",
        methods=methods,
    )
    if login.project:
        project = _project(identity, login.project, person, is_checked=is_checked)
        token = token._replace(project=project.id, name=project.name, roles=person.roles_in(project.id))
    elif login.domain:
        if is_checked and not login.domain.is_domain(person.domain):
            raise RequestError("login-scope", legal=quoted(person.domain), what=f"the domain {login.domain}")
        domain = person.domain if login.domain.is_domain(person.domain) else login.domain.name or login.domain.id
        token = token._replace(domain=domain, roles=person.roles)
    if token.user or token.own == person.opens:
        return token
    return token._replace(opens=tuple(person.opens.items()))


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
        return _Person(asked.name or asked.id, asked.domain or DOMAIN)
    return _Person(rows[0].name, rows[0].domain, {one.project: one.roles for one in rows} if is_right else {})


def _by_token(identity: Identity, login: Login, now: datetime, is_checked: bool) -> _Person:
    token = identity.token(login.token)
    if is_checked and (token is None or token.is_unproven):
        what = "was issued to somebody who did not prove all they asked for" if token else "is unknown"
        raise RequestError("login", what=f"the token {what}")
    if is_checked and token and token.is_expired(now):
        raise RequestError("login", what="the token has expired")
    if token is None:
        return _Person()
    _, domain = owner_of(identity, token)
    return _Person(token.user, domain, identity.opened_by(token), "" if token.is_expired(now) else token.expires)


_PROOFS: Final = {"password": _by_password, "token": _by_token}


def owner_of(identity: Identity, token: Token) -> tuple[str, str]:
    """Tell whose a token is, to show it: a catalog's belongs to the first user whom its project knows."""
    if token.user:
        return token.user, token.user_domain
    project = next(iter(token.own), "")
    for user in identity.users:
        if user.project == project:
            return user.name, user.domain
    return NOBODY, identity.named(project).domain


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
                identity.named(next(iter(person.opens), identity.project))._replace(name=asked.name)
            ]
    if not found:
        names = sorted({f"{quoted(one.name)} in domain {quoted(one.domain)}" for one in legal})
        raise RequestError("login-scope", legal=", ".join(names) or "no project", what=f"the project {asked}")
    return found[0]
