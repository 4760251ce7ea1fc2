"""Recording requests in the journal, and reporting their findings in the response."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Final

from ims_mock.auth.authentication import Authentication
from ims_mock.auth.credentials import SECRET_HEADERS
from ims_mock.catalog.visibility import Caller
from ims_mock.errors import RequestError
from ims_mock.faults.effects import MISSING, NULL
from ims_mock.journal.findings import INFO, Finding, findings_of
from ims_mock.journal.journal import CONNECTED, HEADERS, MAX_CHARACTERS, MAX_HEADER_CHARACTERS, Record
from ims_mock.journal.redaction import redacted_header
from ims_mock.options import WARN
from ims_mock.text import printable

if TYPE_CHECKING:
    from flask import Response

    from ims_mock.web.context import RequestContext

FINDING_HEADER: Final = "X-IMS-Mock-Finding"

MAX_FINDING_HEADERS: Final = 20  # the most that one response has; clients accept about a hundred headers in all
MAX_FINDING_CHARACTERS: Final = 500  # the longest text of a finding in a header or in the log


@lru_cache(maxsize=64)
def wsgi_name(header: str) -> str:
    """Return the name of a header in the WSGI environment."""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{name}"


_RECORDED_HEADERS: Final = {wsgi_name(name): name for name in HEADERS}
_MISSING: Final = "token-missing"
_NOT_CHECKED: Final = Authentication(Caller(""), method="")


def record_response(context: RequestContext, response: Response) -> Record | None:
    """Record a request, if it has a journal; with findings as warnings, add them to the headers of the response."""
    if context.journal is None:
        return None
    record = _record(context, response.status_code)
    emulator = context.emulator
    emulator.coverage_recorder.record(record, context.journal.record(record, context.catalog))
    if emulator.options.findings == WARN:
        for line in finding_lines(context, record, MAX_FINDING_HEADERS):
            escaped = line.encode("ascii", "backslashreplace").decode()
            response.headers.add(FINDING_HEADER, escaped[:MAX_FINDING_CHARACTERS])
    return record


def finding_lines(context: RequestContext, record: Record, most: int) -> list[str]:
    """Return the findings of a request, each on one line; if there are many, the last line says how many more."""
    findings = findings_of(record.documented, context.emulator.ignored_findings)
    lines = [printable(_line(finding), MAX_FINDING_CHARACTERS) for finding in findings[:most]]
    more = len(findings) - most
    return [*lines, f"{more} more are in the journal"] if more > 0 else lines


def refuse_findings(context: RequestContext) -> None:
    """Raise an error that lists the findings of the request, if any is more severe than info."""
    findings = findings_of(_record(context, status=0).documented, context.emulator.ignored_findings)
    if lines := [_line(finding) for finding in findings if finding.severity != INFO]:
        raise RequestError("findings", says="\n".join(lines))


def _line(finding: Finding) -> str:
    return f"{finding.name}: {finding.message}; {finding.cure}"


def _record(context: RequestContext, status: int) -> Record:
    """Return the record of a request. If a fault damaged the response, record only what the client could read."""
    environ, rule, answer, error = context.environ, context.fault, context.list_answer, context.error
    ids = None if context.images is None else tuple([image.id for image in context.images])
    if ids is None and status < HTTPStatus.BAD_REQUEST:
        ids = ()
    if rule and rule.effect.keys() & {"body", "drop"}:
        status, ids, answer, error = (0 if rule.drops_response else status), None, None, None
    elif rule and answer and rule.effect.get("next") in (MISSING, NULL) and answer.query.listing.has_links:
        answer = replace(answer, has_next=False)
    authentication = context.authentication or _NOT_CHECKED
    refusal = None if authentication is _NOT_CHECKED else authentication.failure_name
    headers = {name: environ[variable] for variable, name in _RECORDED_HEADERS.items() if variable in environ}
    for name, value in headers.items():
        shown = redacted_header(name, value, refusal) if name in SECRET_HEADERS else value
        headers[name] = shown[:MAX_HEADER_CHARACTERS]
    return Record(
        time=context.time or context.emulator.clock.now(),
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "")[:MAX_CHARACTERS],
        query=context.query_string[:MAX_CHARACTERS],
        headers=headers,
        caller=authentication.caller,
        credentials=authentication.method,
        refusal=refusal or (_MISSING if error and error.problem.name == _MISSING else ""),
        is_in_sandbox=bool(context.sandbox_id),
        is_unscoped=authentication.token is not None and not authentication.token.project,
        status=status,
        code=context.error_code if error else "",
        message=context.error_message if error else "",
        seconds=perf_counter() - context.started,
        ids=ids,
        fault=rule.id if rule else "",
        started=context.started,
        connected=environ.get(CONNECTED, 0.0),
        answer=answer,
    )
