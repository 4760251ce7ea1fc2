"""Credentials for a real endpoint: none, a token, an access key that signs every request, or the token of a login."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from ims_mock.auth.signature import ALGORITHM, DATE_HEADER, SignedRequest, canonical_request, format_date
from ims_mock.clock import Clock
from ims_mock.endpoint.transport import Answer, BaseUrl, EndpointError, Transport
from ims_mock.text import printable

IAM_VERSION: Final = "/v3"
_WAYS: Final = (("token",), ("access_key", "secret_key"), ("user", "password", "domain", "iam"))
"""The kinds of credentials, each with the options that it needs."""

_REGION: Final = re.compile(r"[a-z]+-[a-z]+-[0-9]+")


@dataclass(frozen=True)
class Credentials:
    """A token, or no credentials if it is empty.

    Attributes:
        project: The project that they are for; empty if it is unknown.
        token: The token.
    """

    project: str = ""
    token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no output may contain."""
        return (self.token,)

    def headers(self, authority: str, target: str) -> dict[str, str]:
        """Return the headers that authenticate a ``GET`` request to a host."""
        return {"X-Auth-Token": self.token} if self.token else {}


@dataclass(frozen=True)
class AccessKey(Credentials):
    """An access key; it is temporary if it has a token, the security token."""

    access: str = ""
    secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no output may contain."""
        return (self.token, self.secret, self.access)

    def headers(self, authority: str, target: str) -> dict[str, str]:
        """Return the headers of the signature."""
        date = format_date(Clock().now())
        signed = {"host": authority, DATE_HEADER: date}
        signed |= {"x-project-id": self.project} if self.project else {}
        signed |= {"x-security-token": self.token} if self.token else {}
        names = sorted(signed)
        path, _, query = target.partition("?")
        request = SignedRequest("GET", unquote(path, "latin-1"), query, signed, bytes, 0)
        signature = canonical_request(request, names).signature(date, self.secret)
        value = f"{ALGORITHM} Access={self.access}, SignedHeaders={';'.join(names)}, Signature={signature}"
        return {**{name.title(): one for name, one in signed.items()}, "Authorization": value}


@dataclass(frozen=True)
class Login:
    """A login with a password; without a project it asks for that of the region in the name of the endpoint's host."""

    iam: BaseUrl
    user: str
    password: str = field(repr=False)
    domain: str
    project: str = ""

    def send(self, transport: Transport, host: str) -> Credentials:
        """Log in, once.

        Raises:
            EndpointError: The identity service does not issue a token.
            ValueError: The token is for no project.
        """
        user = {"name": self.user, "password": self.password, "domain": {"name": self.domain}}
        auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
        if self.project:
            auth["scope"] = {"project": {"id": self.project}}
        elif region := _REGION.search(host):
            auth["scope"] = {"project": {"name": region[0]}}
        body = json.dumps({"auth": auth}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        target = f"{self.iam.path}/auth/tokens"
        answer = Answer(target, headers, *transport.send(self.iam, target, headers, body))
        token = answer.headers.get("x-subject-token", "")
        if answer.status != 201 or not is_header(token):
            what = f"answers the login with status {answer.status}{' and no token' * (answer.status == 201)}"
            raise EndpointError(f"{self.iam.scheme}://{self.iam.authority} {what}. Check user, password and domain.")
        project = self.project
        with suppress(EndpointError, LookupError, TypeError):  # a token without a project
            project = project or str(answer.json["token"]["project"]["id"] or "")
        if not project:
            raise ValueError("The token of the login is for no project. Use --project ID.")
        return Credentials(project, token)


def is_header(value: str) -> bool:
    """Return whether a text, which is not empty, can be sent as a header."""
    return bool(value) and value.isascii() and value.isprintable() and value == value.strip()


def choose(given: Mapping[str, str]) -> Credentials | Login:
    """Return the credentials of the options, by their names.

    Raises:
        ValueError: They are incomplete, contradict each other, or cannot be sent.
    """
    ways = {names[0]: names for names in _WAYS}
    present = {name for names in (*_WAYS, ("security_token",)) for name in names if given[name]}
    for name in present - {"user", "password", "domain"} | ({"project"} if given["project"] else set()):
        if not is_header(given[name]):
            raise ValueError(f"{_flag(name)} has characters that no header can contain. Use printable ASCII.")
    used = [way for way, names in ways.items() if present & set(names)]
    if present == {"security_token"} or (used and used != ["access_key"] and "security_token" in present):
        raise ValueError("--security-token requires --access-key and --secret-key, and excludes other credentials.")
    if len(used) > 1:
        raise ValueError(f"{' and '.join(map(_flag, used))} exclude each other. Use credentials of one kind.")
    for way in used:
        if missing := [name for name in ways[way] if name not in present]:
            raise ValueError(f"{_flag(min(present & set(ways[way])))} requires {', '.join(map(_flag, missing))}.")
    if used == ["user"]:
        iam = BaseUrl.parse(given["iam"], "https://iam.cn-north-4.myhuaweicloud.com/v3")
        if not iam.path.endswith(IAM_VERSION):
            raise ValueError(f"--iam {printable(given['iam'])!r} does not end in {IAM_VERSION}.")
        return Login(iam, given["user"], given["password"], given["domain"], given["project"])
    if used == ["access_key"]:
        return AccessKey(given["project"], given["security_token"], given["access_key"], given["secret_key"])
    return Credentials(given["project"], given["token"])


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
