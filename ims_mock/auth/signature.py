"""Request signatures of the algorithm SDK-HMAC-SHA256, as the vendor's SDKs compute them.

Text of a request is held as WSGI passes it, one character per byte, so that every encoding can be signed.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from ims_mock.auth.credentials import SECRET_HEADERS, redacted
from ims_mock.contract.values import wire_time
from ims_mock.errors import RequestError

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_HEADER: Final = "x-sdk-date"
CONTENT_HASH_HEADER: Final = "x-sdk-content-sha256"

UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"  # signed instead of the hash of a body that is neither JSON nor BSON
MAX_SKEW: Final = timedelta(minutes=15)  # of a date from the clock in either direction (the gateway's documentation)
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HEADER_NAME: Final = re.compile(r"[0-9a-z!#$%&'*+.^`|~-]+")
_HEADER_FORMAT: Final = f"{ALGORITHM} Access=<key>, SignedHeaders=<names joined by ;>, Signature=<64 hex digits>"
_PARAMETERS: Final = ("Access", "SignedHeaders", "Signature")
_KNOWN_SCHEMES: Final = (
    "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "HMAC-SHA256", "Negotiate", "OBS", "SDK-ECDSA-P256-SHA256",
    "SDK-HMAC-SM3", "SDK-SM2-SM3", "V11-HMAC-SHA256",
)  # fmt: skip
"""Schemes that an error message may repeat; any other first word of the header might be a secret."""


def sha256(data: bytes) -> str:
    """Return a hash in lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


EMPTY_HASH: Final = sha256(b"")


@dataclass(frozen=True)
class SignedRequest:
    """A request as it arrived."""

    method: str
    path: str  # percent-decoded once as in WSGI
    query: str = field(repr=False)  # as it was sent
    headers: Mapping[str, str] = field(repr=False)  # by their lower-case names, stripped
    body: Callable[[], bytes] = field(repr=False)
    length: int | None  # of the body in bytes; None if the request does not tell


@dataclass(frozen=True)
class Authorization:
    """The header ``Authorization`` of a signed request."""

    access: str
    signed_headers: tuple[str, ...]
    signature: str = field(repr=False)

    @classmethod
    def parse(cls, header: str) -> "Authorization":
        """Parse the header. An error does not repeat it, because it may contain a secret in the wrong place."""
        scheme, _, rest = header.strip().partition(" ")
        if scheme != ALGORITHM:
            known = next((known for known in _KNOWN_SCHEMES if known.lower() == scheme.lower()), "")
            raise RequestError("algorithm", "its scheme" if known else "", known, _HEADER_FORMAT)
        pairs = [item.strip().partition("=")[::2] for item in rest.split(",")]
        parameters = dict(pairs)
        if len(parameters) < len(pairs) or not parameters.keys() <= set(_PARAMETERS) or not all(parameters.values()):
            raise RequestError("authorization", legal=_HEADER_FORMAT, what="is malformed")
        missing = [name for name in _PARAMETERS if name not in parameters]
        if missing:
            raise RequestError("authorization", legal=_HEADER_FORMAT, what=f"lacks {missing[0]}")
        names = tuple(parameters["SignedHeaders"].split(";"))
        if list(names) != sorted(set(names)) or not all(map(_HEADER_NAME.fullmatch, names)):
            raise RequestError("signed-headers", legal="unique names of headers in lower case, sorted and joined by ;")
        return cls(parameters["Access"], names, parameters["Signature"])


def redacted_authorization(header: str) -> str:
    """Return the header ``Authorization`` without its signature, or redacted completely if it cannot be parsed."""
    try:
        parsed = Authorization.parse(header)
    except RequestError:
        return redacted(header)
    names = ";".join(parsed.signed_headers)
    return f"{ALGORITHM} Access={parsed.access}, SignedHeaders={names}, Signature={redacted(parsed.signature)}"


@dataclass(frozen=True)
class CanonicalRequest:
    """The six parts of a request that are signed."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: str = field(repr=False)
    signed_headers: str
    payload: str = field(repr=False)

    @property
    def text(self) -> str:
        """The parts, one per line."""
        return "\n".join((self.method, self.path, self.query, self.headers, self.signed_headers, self.payload))

    def signature(self, date: str, secret: str) -> str:
        """Return the signature for a header ``X-Sdk-Date`` and the secret of an access key."""
        to_sign = f"{ALGORITHM}\n{date}\n{sha256(self.text.encode('latin-1'))}"
        return hmac.new(secret.encode(), to_sign.encode("latin-1"), hashlib.sha256).hexdigest()


def canonical_request(request: SignedRequest, signed_headers: Sequence[str]) -> CanonicalRequest:
    """Return the canonical form of a request, which must have all of the signed headers."""
    path = quote(request.path.encode("latin-1"), safe="/~")
    is_empty = request.length == 0  # the SDK then signs the hash of an empty body whatever the header says
    return CanonicalRequest(
        method=request.method,
        path=path if path.endswith("/") else path + "/",
        query=encode_query(sorted(parse_query(request.query))),
        headers=encode_headers((name, request.headers[name]) for name in signed_headers),
        signed_headers=";".join(signed_headers),
        payload=EMPTY_HASH if is_empty else request.headers.get(CONTENT_HASH_HEADER) or sha256(request.body()),
    )


def redacted_text(request: SignedRequest, authorization: Authorization) -> str:
    """Return the canonical request on one line, as the gateway shows it, without secrets."""
    form = canonical_request(request, authorization.signed_headers)
    headers = [(name, request.headers[name]) for name in authorization.signed_headers]
    shown = encode_headers((name, redacted(value) if name in SECRET_HEADERS else value) for name, value in headers)
    return replace(form, headers=shown).text.encode("latin-1").decode("utf-8", "replace").replace("\n", "|")


def format_date(moment: datetime) -> str:
    """Return a time in the format of ``X-Sdk-Date``."""
    return wire_time(moment).replace("-", "").replace(":", "")


def skew_failure(request: SignedRequest, now: datetime) -> RequestError | None:
    """Return the failure of a signature whose date is too far from the clock; raise that of a malformed date."""
    date = request.headers.get(DATE_HEADER, "")
    legal = "a time in UTC such as 20250102T030405Z"
    if not date:
        raise RequestError("date-missing", legal=legal)
    try:
        moment = datetime.strptime(date if _DATE.fullmatch(date) else "", DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        raise RequestError("date", "X-Sdk-Date", date, legal) from None
    if abs(moment - now.replace(microsecond=0)) <= MAX_SKEW:
        return None
    legal = f"a date at most {MAX_SKEW.seconds // 60} minutes from the emulator's clock"
    return RequestError("signature-expired", legal=legal, sent=date, now=format_date(now))


def check_content(request: SignedRequest, authorization: Authorization) -> None:
    """Check that the signed headers were sent, and that the body has the hash that was sent."""
    for name in authorization.signed_headers:
        if name not in request.headers:
            raise RequestError("header-missing", legal="names of headers that are sent", header=name)
    if DATE_HEADER not in authorization.signed_headers:  # the vendor's SDK for Go does not sign the host
        raise RequestError("signed-headers", legal=f"a list with {DATE_HEADER}")
    sent_hash = request.headers.get(CONTENT_HASH_HEADER, "")
    if request.length == 0 or sent_hash in ("", UNSIGNED_PAYLOAD):
        return
    body = request.body()
    if body and not hmac.compare_digest(sent_hash.encode("latin-1"), sha256(body).encode()):
        legal = f"{UNSIGNED_PAYLOAD} or the hash of the body, {sha256(body)}"
        raise RequestError("body-hash", "X-Sdk-Content-Sha256", sent_hash, legal)


def verifies(request: SignedRequest, authorization: Authorization, secret: str) -> bool:
    """Return whether the signature of a request was made with a secret."""
    form = canonical_request(request, authorization.signed_headers)
    forms = [form]
    if request.headers.get(CONTENT_HASH_HEADER) == UNSIGNED_PAYLOAD and form.payload == EMPTY_HASH:
        forms.append(replace(form, payload=UNSIGNED_PAYLOAD))  # what the SDK signs for the upload of an empty file
    sent, date = authorization.signature.encode(), request.headers[DATE_HEADER]
    return any(hmac.compare_digest(sent, one.signature(date, secret).encode()) for one in forms)


# --- encoding


def parse_query(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values of a query string, one character per byte."""
    return parse_qsl(query, keep_blank_values=True, encoding="latin-1")


def encode_query(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a query string as it is signed, in the given order."""
    return urlencode(pairs, quote_via=quote, safe="~", encoding="latin-1")


def encode_headers(headers: Iterable[tuple[str, str]]) -> str:
    """Return headers as they are signed, one per line."""
    return "".join(f"{name}:{value}\n" for name, value in headers)
