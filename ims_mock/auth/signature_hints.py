"""The slips of clients that sign: what each of them then signs, so that a wrong signature can be explained."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from ims_mock.auth.signature import (
    DATE,
    DATE_FORMAT,
    NOTHING,
    UNSIGNED,
    Authorization,
    Canonical,
    Sent,
    block_of,
    date_of,
    pairs_of,
    query_of,
    sha256,
    signature,
)
from ims_mock.contract.values import add_clamped, quoted

_ESCAPE: Final = re.compile("%..")
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{64}")
_READ_BYTES: Final = 2**20
"""A longer body, or one of unknown length, is not read for an explanation."""

_HEADERS: Final = 50
"""A slip in a header is looked for in as many."""

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def explained(sent: Sent, form: Canonical, authorization: Authorization, secret: str, others: Mapping[str, str]) -> str:
    """Tell what a client did to arrive at its signature, when one slip alone explains it.

    Args:
        sent: the request.
        form: what should have been signed.
        authorization: what the header says.
        secret: the secret of the access key it names.
        others: the secrets of the other keys; one of them may have been taken by mistake.
    """
    given, date = authorization.signature, sent.headers[DATE]
    if not _SIGNATURE.fullmatch(given):
        return f"the signature is a text of {len(given)}, legal are 64 hex digits"
    if hmac.compare_digest(signature(form, date, secret), given.lower()):
        return "the signature fits, but its hex digits must be lower-case"
    if hmac.compare_digest(signature(form, date, secret + "\n"), given):
        return "the signature fits when a line end belongs to the secret: it must not"
    for access, other in others.items():
        if hmac.compare_digest(signature(form, date, other), given):
            return f"the signature fits with the secret of the access key {access}"
    for slip, wrong in _slips(sent, form, authorization.signed):
        if wrong != form and hmac.compare_digest(signature(wrong, date, secret), given):
            return f"the signature fits when {slip}"
    for other_date in _other_dates(date):
        if hmac.compare_digest(signature(form, other_date, secret), given):
            return f"the signature fits when the time that is signed is {other_date}: X-Sdk-Date says {date}"
    return (
        "no common slip explains the signature: either the secret is another one, or what was signed differs from what "
        "arrived; compare the canonical request with the client's own, part by part"
    )


def _slips(sent: Sent, form: Canonical, signed: tuple[str, ...]) -> Iterator[tuple[str, Canonical]]:
    """Give what clients are known to get wrong, each with what they then sign."""
    for what, path in _paths(sent, form):
        yield f"the path is {what}", replace(form, path=path)
    for what, query in _queries(sent, form):
        yield f"the query is {what}", replace(form, query=query)
    for what, payload in _payloads(sent, form):
        yield f"the part for the body is {what}: it must be {form.payload}", replace(form, payload=payload)
    for method in (*_METHODS, form.method.lower()):
        yield f"the method is {method}: it was sent as {form.method}", replace(form, method=method)
    headers = [(name, sent.headers[name]) for name in signed]
    titled, title = block_of((_titled(name), value) for name, value in headers), ";".join(map(_titled, signed))
    for block, names in ((titled, form.signed), (titled, title), (form.headers, title)):
        slip = "the names of headers keep their upper-case letters: they must be lower-case"
        yield slip, replace(form, headers=block, signed=names)
    yield "the line end after the last header is missing", replace(form, headers=form.headers.removesuffix("\n"))
    for name, other, what in _values(sent):
        if name in signed:
            block = block_of((one, other if one == name else value) for one, value in headers)
            yield f"the header {name} is {what}", replace(form, headers=block)


def _paths(sent: Sent, form: Canonical) -> Iterator[tuple[str, str]]:
    raw = sent.path.encode("latin-1")
    yield "without a / at its end: it must have one", form.path.removesuffix("/")
    yield "/ alone", "/"
    yield "signed with // at its begin: one / is left of them on the way", "/" + form.path
    yield "not UTF-8", quote(raw.decode("utf-8", "replace"), safe="/~").removesuffix("/") + "/"
    for end in ("", "/"):
        yield "not percent-encoded: it must be", sent.path.removesuffix("/") + end
        for path in (quote(quote(raw)), quote(quote(raw, safe="~"), safe="~")):
            yield "percent-encoded twice: once is right", path.removesuffix("/") + end
        for path in (quote(raw, safe=""), quote(raw, safe="~")):
            yield "percent-encoded with its /: they stay as they are", path + end


def _queries(sent: Sent, form: Canonical) -> Iterator[tuple[str, str]]:
    pairs, right = pairs_of(sent.query), form.query
    yield "not signed: it must be", ""
    yield "in the order in which it was sent: it must be sorted", query_of(pairs)
    yield "sorted by value: it must be sorted by name", query_of(sorted(pairs, key=lambda pair: pair[::-1]))
    yield "signed with + for a space: that is %20", right.replace("%20", "+")
    yield "signed with %2B for what was sent as +, which means a space", right.replace("%20", "%2B")
    yield "signed with ~ encoded: it must not be", right.replace("~", "%7E")
    yield "signed with / as it is: it must be encoded", right.replace("%2F", "/")
    yield "signed with lower-case escapes: they must be upper-case", _ESCAPE.sub(lambda one: one[0].lower(), right)
    yield (
        "signed without the = of an empty value: it must have one",
        "&".join(one.removesuffix("=") for one in right.split("&")),
    )
    plain = [f"{name.decode('latin-1')}={value.decode('latin-1')}" for name, value in pairs]
    for pieces in (sorted(plain), plain):
        yield "not percent-encoded: it must be", "&".join(pieces)
    for pieces in (sent.query.split("&"), sorted(sent.query.split("&"))):
        yield "signed as it was sent: it must be encoded anew, all but A-Z a-z 0-9 - _ . ~", "&".join(pieces)


def _payloads(sent: Sent, form: Canonical) -> Iterator[tuple[str, str]]:
    body = sent.body() if sent.length is not None and sent.length <= _READ_BYTES else b""
    yield "the hash of no body", NOTHING
    yield UNSIGNED, UNSIGNED
    yield "the hash of the body", sha256(body)
    yield "the body itself", body.decode("latin-1")
    yield "upper-case", form.payload.encode("latin-1").upper().decode("latin-1")
    yield "the hash of the body without its line end", sha256(body.rstrip(b"\r\n"))


def _titled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _values(sent: Sent) -> Iterator[tuple[str, str, str]]:
    """Give what the values of headers may have been before something on the way, or the client itself, changed them."""
    host, kind = sent.headers["host"], sent.headers.get("content-type", "")
    bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    for other in (bare, f"{bare}:80", f"{bare}:443"):
        yield "host", other, f"{quoted(other)}: it was sent as {quoted(host)}"
    forwarded = sent.headers.get("x-forwarded-host", "")
    yield "host", forwarded, f"{quoted(forwarded)}, as X-Forwarded-Host has it: believe the proxy with --forwarded on"
    bare = kind.partition(";")[0].strip()
    for other in (bare, *(f"{bare};{space}charset={name}" for space in ("", " ") for name in ("utf-8", "UTF-8"))):
        yield "content-type", other, f"{quoted(other)}: it was sent as {quoted(kind)}"
    for name, value in list(sent.headers.items())[:_HEADERS]:
        yield name, "", "signed without its value"
        yield name, value.lower(), "signed in lower case: values stay as they are"


def _other_dates(date: str) -> Iterator[str]:
    """Give the times that a second look at the clock, or a clock of another zone, would have shown."""
    moment = datetime.strptime(date, DATE_FORMAT)
    for seconds in (*range(-3, 4), *(hours * 3600 for hours in range(-12, 15))):
        yield date_of(add_clamped(moment, timedelta(seconds=seconds)))
