"""Credentials for a real endpoint: none, a token, an access key that signs every request, or the token of a login."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, unquote

from ims_mock.auth.signature import ALGORITHM, DATE_HEADER, SignedRequest, canonical_request, format_date
from ims_mock.clock import Clock
from ims_mock.endpoint.transport import EndpointError, Transport, parse_url, server_error
from ims_mock.text import printable

IAM_VERSION: Final = "/v3"
_NEEDED: Final = {
    "token": ("token",), "access_key": ("access_key", "secret_key"), "user": ("user", "password", "domain", "iam"),
}  # fmt: skip
"""The options that each kind of credentials needs."""

_REFUSED: Final = (400, 401, 403, 404)  # the statuses of a login for which the options may be wrong
_REGION: Final = re.compile(r"[a-z]+-[a-z]+-[0-9]+")


@dataclass(frozen=True)
class Credentials:
    """A token, or an access key, whose token is the security token of a temporary one, or none of these."""

    project: str = ""  # that they are for; empty if it is unknown
    token: str = field(default="", repr=False)
    access: str = ""
    secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no output may contain."""
        return (self.token, self.secret, self.access)

    def headers(self, host: str, target: str) -> dict[str, str]:
        """Return the headers that authenticate a ``GET`` request to a host."""
        if not self.access:
            return {"X-Auth-Token": self.token} if self.token else {}
        date = format_date(Clock().now())
        signed = {"host": host, DATE_HEADER: date}
        signed |= {"x-project-id": self.project} if self.project else {}
        signed |= {"x-security-token": self.token} if self.token else {}
        names = sorted(signed)
        path, _, query = target.partition("?")
        request = SignedRequest("GET", unquote(path, "latin-1"), query, signed, bytes, 0)
        signature = canonical_request(request, names).signature(date, self.secret)
        value = f"{ALGORITHM} Access={self.access}, SignedHeaders={';'.join(names)}, Signature={signature}"
        return {**{name.title(): one for name, one in signed.items()}, "Authorization": value}


def choose(given: Mapping[str, str], transport: Transport, host: str) -> Credentials:
    """Return the credentials of the options, given by their names, after the login if they ask for one.

    Raises:
        ValueError: They are incomplete, contradict each other, or cannot be sent, or the token is for no project.
        EndpointError: The identity service does not issue a token.
    """
    present = {name for names in (*_NEEDED.values(), ("security_token",)) for name in names if given[name]}
    for name in present - {"user", "password", "domain"} | ({"project"} if given["project"] else set()):
        if not _is_header(given[name]):
            raise ValueError(f"{_flag(name)} has characters that no header can contain. Use printable ASCII.")
    used = [kind for kind, names in _NEEDED.items() if present & set(names)]
    if present == {"security_token"} or (used and used != ["access_key"] and "security_token" in present):
        raise ValueError("--security-token requires --access-key and --secret-key, and excludes other credentials.")
    if len(used) > 1:
        raise ValueError(f"{' and '.join(map(_flag, used))} exclude each other. Use credentials of one kind.")
    for kind in used:
        if missing := [name for name in _NEEDED[kind] if name not in present]:
            raise ValueError(f"{_flag(min(present & set(_NEEDED[kind])))} requires {', '.join(map(_flag, missing))}.")
    if used == ["user"]:
        iam = parse_url(given["iam"], "https://iam.cn-north-4.myhuaweicloud.com/v3")
        if not iam.path.endswith(IAM_VERSION):
            raise ValueError(f"--iam {printable(given['iam'])!r} does not end in {IAM_VERSION}.")
        return _log_in(iam, given, transport, host)
    token = given["token"] or given["security_token"]
    return Credentials(given["project"], token, given["access_key"], given["secret_key"])


def _log_in(iam: SplitResult, given: Mapping[str, str], transport: Transport, host: str) -> Credentials:
    """Log in with a password, once; without a project for that of the region in the name of the endpoint's host."""
    user = {"name": given["user"], "password": given["password"], "domain": {"name": given["domain"]}}
    auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    project, hint = given["project"], "Check user, password and domain"
    if project:
        auth["scope"], hint = {"project": {"id": project}}, "Check user, password, domain and project"
    elif region := _REGION.search(host):
        auth["scope"] = {"project": {"name": region[0]}}
        hint += f", and whether the domain has the project {region[0]}"
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = transport.send(iam, f"{iam.path}/auth/tokens", headers, json.dumps({"auth": auth}).encode())
    token = answer.headers.get("x-subject-token", "")
    if answer.status != 201 or not _is_header(token):
        what = f"answers the login with status {answer.status}{' and no token' * (answer.status == 201)}"
        hint = f". {hint}" if answer.status in _REFUSED else ""
        raise server_error(iam, f"{what}{answer.explanation}{hint}")
    with suppress(EndpointError, LookupError, TypeError):  # a token without a project
        project = project or str(answer.json["token"]["project"]["id"] or "")
    if not project:
        raise ValueError("The token of the login is for no project. Use --project ID.")
    return Credentials(project, token)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _is_header(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable() and value == value.strip()
