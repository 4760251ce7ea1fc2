"""The access log: one line per request, and the traceback of an unexpected error; secrets are masked.

Each log record has its parts as a mapping in ``parts``, for a log in JSON.
"""

import logging
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from time import perf_counter
from typing import Final

from ims_mock.journal.journal import Record
from ims_mock.journal.redaction import redacted_query, redacted_text
from ims_mock.text import printable, wire_text
from ims_mock.web.context import MAX_MESSAGE_CHARACTERS, RequestContext
from ims_mock.web.recording import finding_lines

MAX_CHARACTERS: Final = 1000  # the longest path and the longest query in a line
MAX_FINDINGS: Final = 5  # the most findings in a line
_log = logging.getLogger("ims_mock")


def log_response(context: RequestContext, status: int, record: Record | None) -> None:
    """Log a request that the application has answered, with its findings if it is recorded."""
    if status == HTTPStatus.NOT_MODIFIED or not _log.isEnabledFor(logging.INFO):
        return  # an open control page asks every few seconds whether anything has changed
    rule = context.fault
    log_request(
        context.environ["REQUEST_METHOD"],
        _path(context),
        context.query_string,
        0 if rule and rule.drops_response else status,
        perf_counter() - context.started,
        context.request_id,
        fault=rule.id if rule else "",
        code=context.error_code,
        message=context.error_message,
        findings=finding_lines(context, record, MAX_FINDINGS) if record else (),
    )


def log_request(
    method: str,
    path: str,
    query: str,
    status: int,
    seconds: float,
    request_id: str,
    *,
    fault: str = "",
    code: str = "",
    message: str = "",
    findings: Sequence[str] = (),
) -> None:
    """Log a request with a decoded path; the status is 0 if the connection was dropped instead.

    ``fault`` is the id of the rule that matched, ``code`` and ``message`` are those of the error, without secrets.
    """
    path, query = printable(path, MAX_CHARACTERS), printable(redacted_query(query), MAX_CHARACTERS)
    target, milliseconds = f"{path}?{query}" if query else path, round(seconds * 1000, 1)
    parts = {"method": method, "path": path, "query": query, "status": status, "milliseconds": milliseconds}
    message = printable(message, MAX_MESSAGE_CHARACTERS)
    notes = {"fault": fault, "code": code, "message": message, "findings": findings}
    parts |= {"request_id": request_id, **{name: note for name, note in notes.items() if note}}
    texts = (f"fault {fault}" if fault else "", f"{code} {message}".strip(), *findings)
    text, extra = "".join(f" ({text})" for text in texts if text), {"parts": parts}
    _log.info("%s %s %d %.1f ms %s%s", method, target, status, milliseconds, request_id, text, extra=extra)


def log_failure(context: RequestContext) -> None:
    """Log the exception that is being handled, with its traceback."""
    secrets = (*context.emulator.credentials.secrets, *context.sent_secrets())
    text = redacted_text(traceback.format_exc(), secrets)
    method, path = context.request.method, printable(_path(context), MAX_CHARACTERS)
    parts = {"method": method, "path": path, "request_id": context.request_id, "exception": text}
    _log.error("request %s failed: %s %s\n%s", context.request_id, method, path, text, extra={"parts": parts})


def _path(context: RequestContext) -> str:
    """Return the whole path, including the path at which the application is mounted."""
    environ = context.environ
    return wire_text(environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", ""))
