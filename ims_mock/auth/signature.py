"""Signatures of the algorithm SDK-HMAC-SHA256, computed and verified.

The algorithm is that of the vendor's SDKs. Text that came over the wire is held as WSGI holds it, one character a
byte, so that nothing is lost however it was encoded.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.errors import RequestError

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE: Final = "x-sdk-date"
CONTENT_HASH: Final = "x-sdk-content-sha256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
"""In place of the body's hash: the SDK puts it there for every body that is neither JSON nor BSON."""

SKEW: Final = timedelta(minutes=15)
"""How far the time of a signature may be from the clock, to either side (the gateway's own documentation)."""

DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_NAME: Final = re.compile(r"[0-9a-z!#$%&'*+.^`|~-]+")
_FORM: Final = f"{ALGORITHM} Access=<key>, SignedHeaders=<names joined by ;>, Signature=<64 hex digits>"
_PARTS: Final = ("Access", "SignedHeaders", "Signature")
_KNOWN_SCHEMES: Final = (
    "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "HMAC-SHA256", "Negotiate", "OBS", "SDK-ECDSA-P256-SHA256",
    "SDK-HMAC-SM3", "SDK-SM2-SM3", "V11-HMAC-SHA256",
)  # fmt: skip
"""Schemes that a refusal may name; the first word of any other header might be a secret."""


def sha256(data: bytes) -> str:
    """Give the hash of bytes as the algorithm writes it, in lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


NOTHING: Final = sha256(b"")
"""The hash of an empty body."""


@dataclass(frozen=True)
class Sent:
    """A request as it arrived.

    Attributes:
        method: in upper case.
        path: decoded once, as WSGI gives it.
        query: as it was sent.
        headers: by their lower-case names, stripped.
        body: gives the body.
        length: the bytes of the body; ``None`` while nobody knows.
    """

    method: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Callable[[], bytes] = field(repr=False)
    length: int | None


@dataclass(frozen=True)
class Authorization:
    """What the header ``Authorization`` says."""

    access: str
    signed: tuple[str, ...]
    signature: str = field(repr=False)

    @classmethod
    def parse(cls, header: str) -> Authorization:
        """Read the header; its parts may come in any order.

        Raises:
            RequestError: another scheme, or a part is absent or malformed. What was sent is not repeated: it may be a
                secret that stands in the wrong place.
        """
        scheme, _, rest = header.strip().partition(" ")
        if scheme != ALGORITHM:
            near = next((known for known in _KNOWN_SCHEMES if known.lower() == scheme.lower()), "")
            raise RequestError("algorithm", "its scheme" if near else "", near, _FORM)
        parts: dict[str, str] = {}
        for part in rest.split(","):
            name, separator, value = part.strip().partition("=")
            if not separator or name not in _PARTS or name in parts or not value:
                raise RequestError("authorization", legal=_FORM, what="is malformed")
            parts[name] = value
        if len(parts) < len(_PARTS):
            missing = next(name for name in _PARTS if name not in parts)
            raise RequestError("authorization", legal=_FORM, what=f"lacks {missing}")
        signed = tuple(parts["SignedHeaders"].split(";"))
        if list(signed) != sorted(set(signed)) or not all(map(_NAME.fullmatch, signed)):
            legal = "names of headers in lower case, sorted, each once, joined by ;"
            raise RequestError("signed-headers", legal=legal)
        return cls(parts["Access"], signed, parts["Signature"])


def told_authorization(header: str) -> str:
    """Give the header ``Authorization`` as people may read it: all but the signature, where it has one."""
    try:
        said = Authorization.parse(header)
    except RequestError:
        return redacted(header)
    signature = redacted(said.signature)
    return f"{ALGORITHM} Access={said.access}, SignedHeaders={';'.join(said.signed)}, Signature={signature}"


@dataclass(frozen=True)
class Canonical:
    """The six parts over which a signature is made."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: str = field(repr=False)
    signed: str
    payload: str = field(repr=False)

    @property
    def text(self) -> str:
        """The parts, one a line."""
        return "\n".join((self.method, self.path, self.query, self.headers, self.signed, self.payload))

    @cached_property
    def digest(self) -> str:
        """The hash of the text."""
        return sha256(self.text.encode("latin-1"))


def canonical(sent: Sent, signed: Iterable[str]) -> Canonical:
    """Put a request into the form that is signed.

    Args:
        sent: the request.
        signed: the lower-case names of the signed headers, sorted, each of them sent.
    """
    names = tuple(signed)
    path = quote(sent.path.encode("latin-1"), safe="/~")
    return Canonical(
        sent.method,
        path if path.endswith("/") else path + "/",
        query_of(sorted(pairs_of(sent.query))),
        block_of((name, sent.headers[name]) for name in names),
        ";".join(names),
        _payload(sent),
    )


def signature(form: Canonical, date: str, secret: str) -> str:
    """Compute a signature.

    Args:
        form: what is signed.
        date: the header ``X-Sdk-Date``.
        secret: the secret of the access key.
    """
    to_sign = f"{ALGORITHM}\n{date}\n{form.digest}"
    return hmac.new(secret.encode(), to_sign.encode("latin-1"), hashlib.sha256).hexdigest()


def date_of(moment: datetime) -> str:
    """Write a time as ``X-Sdk-Date`` has it."""
    return moment.strftime(DATE_FORMAT).rjust(16, "0")  # strftime writes the year 1 as "1" on some platforms


def late(sent: Sent, now: datetime) -> RequestError | None:
    """Tell whether the time of a signature is too far from the clock, and how.

    Raises:
        RequestError: ``X-Sdk-Date`` is absent or malformed.
    """
    date = sent.headers.get(DATE, "")
    legal = "a time in UTC such as 20250102T030405Z"
    if not date:
        raise RequestError("date-missing", legal=legal)
    try:
        moment = datetime.strptime(date if _DATE.fullmatch(date) else "", DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        raise RequestError("date", "X-Sdk-Date", date, legal) from None
    if abs(moment - now.replace(microsecond=0)) <= SKEW:
        return None
    legal = f"at most {SKEW.seconds // 60} minutes from the emulator's clock"
    return RequestError("signature-expired", legal=legal, sent=date, now=date_of(now))


def verify(sent: Sent, authorization: Authorization, secret: str, why: Callable[[Canonical], str]) -> None:
    """Verify the signature of a request.

    Args:
        sent: the request.
        authorization: what its header says.
        secret: the secret of the access key it names.
        why: tells, from what should have been signed, why a signature is wrong.

    Raises:
        RequestError: a signed header is not there, the body is not the one whose hash was sent, or the signature does
            not fit; its message then holds the canonical request, secrets masked, and the slip that explains it.
    """
    for name in authorization.signed:
        if name not in sent.headers:
            raise RequestError("header-missing", legal="to sign only what is sent", header=name)
    if not {"host", DATE} <= set(authorization.signed):
        legal = f"a list with host and {DATE}"
        raise RequestError("signed-headers", legal=legal)
    given = sent.headers.get(CONTENT_HASH, "")
    body = sent.body() if sent.length != 0 and given not in ("", UNSIGNED) else b""
    if body and not hmac.compare_digest(given.encode("latin-1"), sha256(body).encode()):
        raise RequestError(
            "body-hash", "X-Sdk-Content-Sha256", given, f"{UNSIGNED} or the hash of the body, {sha256(body)}"
        )
    form, date = canonical(sent, authorization.signed), sent.headers[DATE]
    wanted = authorization.signature.encode()
    forms = [form]
    if given == UNSIGNED and form.payload == NOTHING:  # an empty file is a body to the SDK, until it has read it
        forms.append(replace(form, payload=UNSIGNED))
    if any(hmac.compare_digest(wanted, signature(one, date, secret).encode()) for one in forms):
        return
    raise RequestError("signature", cure=why(form), canonical=_told(sent, form, authorization.signed))


# --- the parts ------------------------------------------------------------------------------------


def pairs_of(query: str) -> list[tuple[bytes, bytes]]:
    """Take the query apart, decoded; a ``+`` is a space, as in the query itself."""
    found = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.replace("+", " ").partition("=")
            found.append((unquote_to_bytes(name.encode("latin-1")), unquote_to_bytes(value.encode("latin-1"))))
    return found


def query_of(pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """Encode a query as it is signed, in the order given."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def block_of(headers: Iterable[tuple[str, str]]) -> str:
    """Write headers as they are signed, one a line."""
    return "".join(f"{name}:{value}\n" for name, value in headers)


def _payload(sent: Sent) -> str:
    """Give the hash of the body; of no body it is that of nothing, whatever the header says (the SDK's rule)."""
    return NOTHING if sent.length == 0 else sent.headers.get(CONTENT_HASH) or sha256(sent.body())


def _told(sent: Sent, form: Canonical, signed: Iterable[str]) -> str:
    """Write the canonical request as the gateway does, on one line; secrets masked."""
    headers = {name: redacted(value) if name in SECRET_HEADERS else value for name, value in sent.headers.items()}
    shown_form = replace(form, headers=block_of((name, headers[name]) for name in signed))
    return shown_form.text.encode("latin-1").decode("utf-8", "replace").replace("\n", "|")
