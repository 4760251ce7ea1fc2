"""What somebody asks for who logs in: the body of ``POST /v3/auth/tokens``, read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ims_mock.auth.credentials import id_of
from ims_mock.contract.values import MAX_NAME, quoted
from ims_mock.json_body import Part

METHODS: Final = ("password", "token")

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
        identifier, name = (_short(part.part(key)) if part.has(key) else "" for key in ("id", "name"))
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
            return quoted(self.id)
        inside = self.domain or self.domain_id
        return quoted(self.name) + (f" in domain {quoted(inside)}" if inside else "")


def _short(part: Part) -> str:
    text = part.text()
    if len(text) > MAX_NAME:
        raise part.refused(f"at most {MAX_NAME} characters", f"has {len(text)} characters")
    return text


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
        user, password, token = Named(), "", ""
        if "password" in methods:
            asked = identity.part("password").part("user")
            user, password = Named.read(asked), asked.part("password", "a text").text()
            if not user.id and not (user.domain or user.domain_id):
                raise asked.part("domain", _NAMED).refused(_NAMED)
        if "token" in methods:
            token = identity.part("token").part("id", "a text").text()
        return cls(tuple(dict.fromkeys(methods)), user, password, token, *_scope(auth))


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
