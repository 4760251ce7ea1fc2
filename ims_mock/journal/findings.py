"""The table of findings: how a request can differ from the vendor's documentation, and what to send instead.

A finding is about the request alone: it is the same in every profile, whatever the response is.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ims_mock.auth.authentication import NO_CREDENTIALS
from ims_mock.catalog.query import has_stray_percent
from ims_mock.contract.fields import DEAD_STATUSES
from ims_mock.contract.parameters import ALL, LAST, LIMIT_CAP, PARAMETERS
from ims_mock.contract.values import TIME, parse_integer, parse_time
from ims_mock.errors import BY_NAME
from ims_mock.journal.documented import DocumentedRequest
from ims_mock.loading.lint import EXCLUSIONS
from ims_mock.text import counted, printable, quoted

ERROR, WARNING, INFO = SEVERITIES = ("error", "warning", "info")
"""Of findings and remarks: it cannot work as intended; it works, but is not documented; it is good to know."""

MAX_FINDINGS: Final = 100  # the largest number of findings of one request
_COMBINED_SORT: Final = "sort"  # Glance's parameter for sort keys and directions in one
_TIMES: Final = frozenset(one.name for one in PARAMETERS if one.field is not None and one.field.type is TIME)


@dataclass(frozen=True)
class Finding:
    """One difference between a request and the document: what is wrong, and what to send instead.

    Attributes:
        request: The number of the request in the journal; 0 while it is being answered.
    """

    name: str
    severity: str
    message: str
    cure: str
    request: int = 0


Messages = Iterator[tuple[str, str]]  # the message and the cure of each finding of one rule


@dataclass(frozen=True)
class FindingRule:
    """One kind of finding: what it is about, where the rule is known from, and a check that yields each such finding."""

    name: str
    severity: str
    about: str
    source: str
    check: Callable[[DocumentedRequest], Messages]


def _undocumented_parameter(request: DocumentedRequest) -> Messages:
    known = request.parameters
    if known is None:
        return
    for name in dict.fromkeys(name for name, _ in request.pairs):
        if name not in known and not (known and name == _COMBINED_SORT):
            path = printable(request.path)
            sent = printable(name) if name else "the empty name"
            yield f"{sent} is not a documented parameter of {request.method} {path}", request.instead_of(name)


def _value(finding: str) -> Callable[[DocumentedRequest], Messages]:
    return lambda request: ((message, cure) for kind, message, cure in request.value_problems if kind == finding)


def _repeated_parameter(request: DocumentedRequest) -> Messages:
    for name, values in request.sent.items():
        parameter = (request.parameters or {})[name]
        if len(values) < 2 or parameter.repeated == ALL:
            continue
        message, cure = f"{name} is sent {len(values)} times", f"send {name} once"
        if parameter.repeated == LAST:
            message += ", and only the last value counts"
        if name in _TIMES:
            cure = f"send one bound of a range as {name}, and check the other one in the client"
        yield message, cure


def _limit_above_cap(request: DocumentedRequest) -> Messages:
    for value in request.values("limit"):
        number = parse_integer(value)
        if number is not None and number > LIMIT_CAP:
            message = f"limit is {quoted(value)}, which counts as {LIMIT_CAP}"
            yield message, f"write limit={LIMIT_CAP}, and request the next page"


def _sort_dir_alone(request: DocumentedRequest) -> Messages:
    for value in request.values("sort_dir")[:1]:
        if not request.values("sort_key"):
            yield f"sort_dir is {quoted(value)} without a sort_key", "send a sort_key too, such as sort_key=created_at"


def _legacy_sort(request: DocumentedRequest) -> Messages:
    for name, value in request.pairs:
        if name == _COMBINED_SORT and request.listing:
            message = f"sort is {quoted(value)}, in a syntax that only Glance knows"
            yield message, "write sort_key=KEY and sort_dir=DIRECTION"


def _member_status_alone(request: DocumentedRequest) -> Messages:
    for value in request.values("member_status")[:1]:
        if "shared" not in map(str.lower, request.values("visibility")):
            yield f"member_status is {quoted(value)} without visibility=shared", "send visibility=shared too"


def _dotted_tag(request: DocumentedRequest) -> Messages:
    for value in request.values("tag"):
        key, dot, rest = value.partition(".")
        if key and dot and rest and "=" not in value:
            yield f"tag is {quoted(value)}, in the old form", f"write tag={key}={rest}"


def _time_without_operator(request: DocumentedRequest) -> Messages:
    for name in filter(_TIMES.__contains__, request.sent):
        for value in request.values(name):
            if parse_time(value):
                yield f"{name} is {quoted(value)}, without an operator", f"write {name}=eq:TIME"


def _unregistered(request: DocumentedRequest) -> Messages:
    if "false" in map(str.lower, request.values("__isregistered")) and not request.is_admin:
        message = "__isregistered is 'false', and ordinary callers see only registered images"
        yield message, "remove it, or send the credentials of an admin"


def _never_together(request: DocumentedRequest) -> Messages:
    for name, others in EXCLUSIONS:
        for other in others:
            if name in request.sent and other in request.sent:
                yield f"{name} is combined with {other}, and no image has both", f"remove {other}"


def _deprecated_path(request: DocumentedRequest) -> Messages:
    if request.alternative:
        message = f"{request.method} {printable(request.path)} is deprecated"
        yield message, f"the vendor recommends {request.alternative}"


_SEE_RESPONSE = "sign as the vendor's SDKs do; with --auth on, the message of the response says what differs"
_CREDENTIAL_CURES: Final = {  # by the name of the error; the errors without an entry are about the signature
    "token-missing": "send a token of the catalog (ims_mock.token in a test) as X-Auth-Token, or sign the request",
    "token-unknown": "send a token of the catalog (ims_mock.token in a test), or one that /v3 issued to one of its users",
    "token-unproven": "log in as a user of the catalog, with the password, and send that token",
    "token-expired": "log in again and send the new token, or set the emulator's clock (ims_mock.clock in a test)",
    "key-unknown": "sign with an access key of the catalog (ims_mock.access_key and ims_mock.secret_key in a test)",
    "key-secret": "send the access key as Access, and use the secret key only to sign",
    "key-expired": "request a new temporary key, or set the emulator's clock (ims_mock.clock in a test)",
    "security-token": "send the X-Security-Token that belongs to the temporary access key; none with a permanent one",
    "security-token-missing": "send the X-Security-Token that belongs to the temporary access key",
    "signature-expired": "correct the client's clock, or set the emulator's (ims_mock.clock in a test, clock in the catalog)",
    "other-project": "send the project of the credentials (ims_mock.project in a test), or credentials of that project",
    "no-project": "log in with a project as scope, and send that token",
    "read-only": "send credentials with the role admin or member",
}


def _credentials(request: DocumentedRequest) -> Messages:
    if request.refusal:
        sent = "this request" if request.credentials == NO_CREDENTIALS else request.credentials
        message = f"--auth on rejects {sent} ({request.refusal}): {BY_NAME[request.refusal].when.replace('`', '')}"
        yield message, _CREDENTIAL_CURES.get(request.refusal, _SEE_RESPONSE)


def _one_profile(request: DocumentedRequest) -> Messages:
    if request.listing is None:
        return
    if has_stray_percent(request.query):
        yield "the query has a % that escapes nothing, which the profile documented rejects", "write %25 for a %"
    if any(name == "is_public" for name, _ in request.pairs):
        message = "only Mitaka knows is_public; later versions filter by a property of this name"
        yield message, "write visibility=public"
    if request.is_queens and "community" in map(str.lower, request.values("visibility")):
        yield "visibility is 'community', which Mitaka rejects", "always send an X-Api-Version above M"
    for value in request.values("status"):
        if value.lower() in DEAD_STATUSES:
            message = f"status is {quoted(value)}, and the profile glance never lists such images"
            yield message, "expect an empty list from Glance"


_PARAMETERS = "doc: the table of parameters"

FINDINGS: Final = (
    FindingRule("undocumented-parameter", WARNING, "The query has a parameter that the document does not name for this path.", _PARAMETERS, _undocumented_parameter),
    FindingRule("undocumented-value", ERROR, "A value is not documented, or not of the documented type.", _PARAMETERS, _value("undocumented-value")),
    FindingRule("value-case", WARNING, "A documented value is written in another case.", _PARAMETERS, _value("value-case")),
    FindingRule("old-spelling", WARNING, "A platform is spelled as in older documents, such as `RedHat`.", "doc: `__platform`", _value("old-spelling")),
    FindingRule("beyond-document", WARNING, "A value or operator is known only from Glance, from real responses or from the schema of images: `in:a,b`, `member_status=all`, `sort_key=updated_at`.", "glance, seen", _value("beyond-document")),
    FindingRule("repeated-parameter", ERROR, "A parameter with a single value is sent several times.", "doc: `limit` and others; glance", _repeated_parameter),
    FindingRule("limit-above-cap", WARNING, f"`limit` is above {LIMIT_CAP}; the page has fewer images than requested.", "glance", _limit_above_cap),
    FindingRule("sort-dir-alone", WARNING, "`sort_dir` is sent without `sort_key`.", "doc: `sort_dir`", _sort_dir_alone),
    FindingRule("legacy-sort", WARNING, "The order is requested as `sort=name:asc`, which only Glance knows.", "glance", _legacy_sort),
    FindingRule("member-status-alone", WARNING, "`member_status` is sent without `visibility=shared`.", "doc: `member_status`", _member_status_alone),
    FindingRule("dotted-tag", WARNING, "A tag is written in the old form `key.value`.", "doc: the note on `tag`", _dotted_tag),
    FindingRule("time-format", WARNING, "A time is in a format that only Glance knows.", "doc: `created_at`, `updated_at`", _value("time-format")),
    FindingRule("time-without-operator", WARNING, "A time has no operator; Mitaka rejects it.", "doc: `created_at`, `updated_at`", _time_without_operator),
    FindingRule("unregistered", WARNING, "An ordinary caller requests `__isregistered=false`.", "doc: `__isregistered`", _unregistered),
    FindingRule("never-together", ERROR, "Two properties are combined that no image has together, such as a type of GPU with `__support_kvm`.", "doc: `__support_kvm_gpu_type` and others", _never_together),
    FindingRule("deprecated-path", INFO, "The vendor deprecates this path; the list `/v2/images` is exempt.", "doc: the index of 2025", _deprecated_path),
    FindingRule("credentials", WARNING, "Credentials were sent that `--auth on` rejects, or none with `--auth on`; the message says why.", "doc: the gateway's errors", _credentials),
    FindingRule("one-profile", INFO, "The request works in one profile or version of the API, and not in the other.", "doc, glance: the departures", _one_profile),
)  # fmt: skip
FINDINGS_BY_NAME: Final = {rule.name: rule for rule in FINDINGS}


def parse_ignored(names: str) -> frozenset[str]:
    """Parse the option ``findings_ignore``, names separated by commas; raise ``ValueError`` for an unknown name."""
    ignored = frozenset(filter(None, map(str.strip, names.split(","))))
    for name in sorted(ignored - FINDINGS_BY_NAME.keys()):
        near = difflib.get_close_matches(name, FINDINGS_BY_NAME, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Use names from {', '.join(FINDINGS_BY_NAME)}."
        raise ValueError(f"Invalid findings_ignore {quoted(names)}: no finding {quoted(name)}. {hint}")
    return ignored


def findings_of(request: DocumentedRequest, ignored: Collection[str] = (), number: int = 0) -> tuple[Finding, ...]:
    """Return the findings of the request with a number, without the ignored ones, in the order of the table."""
    findings = (
        Finding(rule.name, rule.severity, message, cure, number)
        for rule in FINDINGS
        if rule.name not in ignored
        for message, cure in rule.check(request)
    )
    return tuple(islice(findings, MAX_FINDINGS))


def explain_findings(requests: Iterable[tuple[str, Iterable[Finding]]]) -> str:
    """Return a text about requests, each with its findings; empty if none is worse than an info."""
    lines, count = [], 0
    for request, findings in requests:
        serious = [one for one in findings if one.severity != INFO]
        count += len(serious)
        lines += [f"  {request}"] if serious else []
        for one in serious:
            lines += [f"    {one.severity} {one.name}: {one.message}", f"      cure: {one.cure}"]
    return "\n".join((f"there {'are' if count > 1 else 'is'} {counted(count, 'finding')}:", *lines)) if count else ""
