"""Hints why a signature is wrong: common mistakes of clients, tried until one of them yields the same signature."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from string import capwords
from typing import Final
from urllib.parse import quote

from ims_mock.auth import signature as signing
from ims_mock.auth.signature import EMPTY_HASH, UNSIGNED_PAYLOAD, Authorization, CanonicalRequest, SignedRequest
from ims_mock.contract.values import add_clamped
from ims_mock.text import quoted

_ESCAPE: Final = re.compile("%..")
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{64}")

_MAX_BODY_BYTES: Final = 2**20
_MAX_HEADERS: Final = 50
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def explain(request: SignedRequest, authorization: Authorization, secret: str, key_secrets: Mapping[str, str]) -> str:
    """Return a sentence about the single mistake that explains a wrong signature, or about how to find it.

    The client may have used one of ``key_secrets``, the secrets of all access keys, instead of the right one.
    """
    form = signing.canonical_request(request, authorization.signed_headers)
    signature, date = authorization.signature, request.headers[signing.DATE_HEADER]
    if not _SIGNATURE.fullmatch(signature):
        return f"the signature has the length {len(signature)}; it must be 64 hex digits"
    if form.signature(date, secret) == signature.lower():
        return "the signature is right, but its hex digits must be lower-case"
    if form.signature(date, secret + "\n") == signature:
        return "the signature was made with a line end at the end of the secret; remove it"
    for access, other_secret in key_secrets.items():
        if form.signature(date, other_secret) == signature:
            return f"the signature was made with the secret of the access key {access}"
    for mistake, wrong_form in _mistakes(form, request, authorization.signed_headers):
        if wrong_form != form and wrong_form.signature(date, secret) == signature:
            return f"the client made one mistake: {mistake}"
    for other_date in _other_dates(date):
        if form.signature(other_date, secret) == signature:
            return f"the client signed the date {other_date}, but X-Sdk-Date is {date}"
    return (
        "no common mistake explains it: either the secret is wrong, or the client signed something else than it sent; "
        "compare this canonical request with the client's own, part by part"
    )


def _mistakes(
    form: CanonicalRequest, request: SignedRequest, signed_headers: tuple[str, ...]
) -> Iterator[tuple[str, CanonicalRequest]]:
    """Yield the mistakes that clients are known to make, each with what they then sign."""
    for mistake, path in _paths(form, request):
        yield f"the path was signed {mistake}", replace(form, path=path)
    for mistake, query in _queries(form, request):
        yield f"the query was signed {mistake}", replace(form, query=query)
    for what, payload in _payloads(form, request):
        yield f"{what} was signed for the body instead of {form.payload}", replace(form, payload=payload)
    for method in (*_METHODS, form.method.lower()):
        yield f"the method {method} was signed, but {form.method} was sent", replace(form, method=method)
    headers = [(name, request.headers[name]) for name in signed_headers]
    title_block = signing.encode_headers((capwords(name, "-"), value) for name, value in headers)
    title_names = ";".join(capwords(name, "-") for name in signed_headers)
    for block, names in ((title_block, form.signed_headers), (title_block, title_names), (form.headers, title_names)):
        mistake = "names of headers were signed with upper-case letters; they must be lower-case"
        yield mistake, replace(form, headers=block, signed_headers=names)
    yield "the line end after the last header is missing", replace(form, headers=form.headers.removesuffix("\n"))
    for name, value, mistake in _header_values(request):
        if name in signed_headers:
            block = signing.encode_headers((one, value if one == name else sent) for one, sent in headers)
            yield f"the header {name} was signed {mistake}", replace(form, headers=block)


def _paths(form: CanonicalRequest, request: SignedRequest) -> Iterator[tuple[str, str]]:
    raw = request.path.encode("latin-1")
    yield "without a trailing /; it must end with one", form.path.removesuffix("/")
    yield "as / only", "/"
    yield "with // at its start; one / is lost on the way", "/" + form.path
    yield "in another encoding than UTF-8", quote(raw.decode("utf-8", "replace"), safe="/~").removesuffix("/") + "/"
    for end in ("", "/"):
        yield "without percent-encoding", request.path.removesuffix("/") + end
        for path in (quote(quote(raw)), quote(quote(raw, safe="~"), safe="~")):
            yield "with percent-encoding applied twice", path.removesuffix("/") + end
        for path in (quote(raw, safe=""), quote(raw, safe="~")):
            yield "with its / percent-encoded; they must be kept", path + end


def _queries(form: CanonicalRequest, request: SignedRequest) -> Iterator[tuple[str, str]]:
    pairs = signing.parse_query(request.query)
    yield "as an empty text", ""
    yield "in the order in which it was sent; it must be sorted", signing.encode_query(pairs)
    yield "sorted by value; it must be sorted by name", signing.encode_query(sorted(pairs, key=lambda pair: pair[::-1]))
    yield "with + for a space; it must be %20", form.query.replace("%20", "+")
    yield "with %2B for a + that was sent and means a space", form.query.replace("%20", "%2B")
    yield "with ~ encoded; it must be kept", form.query.replace("~", "%7E")
    yield "with / kept; it must be encoded", form.query.replace("%2F", "/")
    lower_case = _ESCAPE.sub(lambda escape: escape[0].lower(), form.query)
    yield "with lower-case escapes; they must be upper-case", lower_case
    without_signs = "&".join(item.removesuffix("=") for item in form.query.split("&"))
    yield "without the = of an empty value; it must have one", without_signs
    plain = [f"{name}={value}" for name, value in pairs]
    for items in (sorted(plain), plain):
        yield "without percent-encoding", "&".join(items)
    for items in (request.query.split("&"), sorted(request.query.split("&"))):
        yield "as it was sent; all characters but A-Z a-z 0-9 - _ . ~ must be encoded", "&".join(items)


def _payloads(form: CanonicalRequest, request: SignedRequest) -> Iterator[tuple[str, str]]:
    body = request.body() if request.length is not None and request.length <= _MAX_BODY_BYTES else b""
    yield "the hash of an empty body", EMPTY_HASH
    yield UNSIGNED_PAYLOAD, UNSIGNED_PAYLOAD
    yield "the hash of the body", signing.sha256(body)
    yield "the body itself", body.decode("latin-1")
    yield "an upper-case hash", form.payload.encode("latin-1").upper().decode("latin-1")
    yield "the hash of the body without its line end", signing.sha256(body.rstrip(b"\r\n"))


def _header_values(request: SignedRequest) -> Iterator[tuple[str, str, str]]:
    """Yield values of headers as they may have been before the client or a proxy changed them."""
    host, media_type = request.headers["host"], request.headers.get("content-type", "")
    name, _, port = host.rpartition(":")
    bare_host = name if port.isdigit() else host
    for value in (bare_host, f"{bare_host}:80", f"{bare_host}:443"):
        yield "host", value, f"as {quoted(value)}, but {quoted(host)} was sent"
    forwarded = request.headers.get("x-forwarded-host", "")
    yield "host", forwarded, f"as {quoted(forwarded)} from X-Forwarded-Host; trust the proxy with --forwarded on"
    bare_type = media_type.partition(";")[0].strip()
    for suffix in ("", ";charset=utf-8", ";charset=UTF-8", "; charset=utf-8", "; charset=UTF-8"):
        value = bare_type + suffix
        yield "content-type", value, f"as {quoted(value)}, but {quoted(media_type)} was sent"
    for name, value in list(request.headers.items())[:_MAX_HEADERS]:
        yield name, "", "without its value"
        yield name, value.lower(), "in lower case; its case must be kept"


def _other_dates(date: str) -> Iterator[str]:
    """Yield the dates of a clock that was read twice, and of clocks in other time zones."""
    moment = datetime.strptime(date, signing.DATE_FORMAT)
    for seconds in (*range(-3, 4), *(hours * 3600 for hours in range(-12, 15))):
        yield signing.format_date(add_clamped(moment, timedelta(seconds=seconds)))
