"""The access log: one line per request, and the traceback of an unexpected error; secrets are masked.

Each log record has its parts as a mapping in ``parts``, for a log in JSON.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from time import perf_counter
from typing import Final

from ims_mock.auth.credentials import SECRET_HEADERS
from ims_mock.journal.redaction import redacted_query, redacted_text, secrets_in_json, secrets_in_query
from ims_mock.text import printable, wire_text
from ims_mock.web.context import RequestContext

MAX_CHARACTERS: Final = 1000
"""The longest path and the longest query in a line."""

_SIGNATURE: Final = re.compile("Signature=([^,]+)")
_log = logging.getLogger("ims_mock")


def log_response(context: RequestContext, status: int) -> None:
    """Log a request that the application has answered."""
    if not _log.isEnabledFor(logging.INFO):
        return
    rule, authentication = context.fault, context.authentication
    failure = ""
    if authentication and authentication.failure:
        failure = f"{authentication.method} that --auth on refuses: {authentication.failure_name}"
    log_request(
        context.environ["REQUEST_METHOD"],
        _path(context),
        context.query_string,
        0 if rule and rule.drops_response else status,
        perf_counter() - context.started,
        context.request_id,
        fault=rule.id if rule else "",
        doubt=failure,
    )


def log_request(method: str, path: str, query: str, status: int, seconds: float, request_id: str, **notes: str) -> None:
    """Log a request with a decoded path; the status is 0 if the connection was dropped instead.

    Args:
        notes: Further notes by name: ``fault`` is the id of a rule, ``doubt`` a sentence about the credentials. Empty
            ones are left out.
    """
    path, query = printable(path, MAX_CHARACTERS), printable(redacted_query(query), MAX_CHARACTERS)
    target, milliseconds = f"{path}?{query}" if query else path, round(seconds * 1000, 1)
    parts = {"method": method, "path": path, "query": query, "status": status, "milliseconds": milliseconds}
    notes = {name: note for name, note in notes.items() if note}
    text = "".join(f" ({note if name == 'doubt' else f'{name} {note}'})" for name, note in notes.items())
    extra = {"parts": {**parts, "request_id": request_id, **notes}}
    _log.info("%s %s %d %.1f ms %s%s", method, target, status, milliseconds, request_id, text, extra=extra)


def log_failure(context: RequestContext) -> None:
    """Log the exception that is being handled, with its traceback."""
    text = redacted_text(traceback.format_exc(), _secrets(context))
    method, path = context.request.method, printable(_path(context), MAX_CHARACTERS)
    parts = {"method": method, "path": path, "request_id": context.request_id, "exception": text}
    _log.error("request %s failed: %s %s\n%s", context.request_id, method, path, text, extra={"parts": parts})


def _path(context: RequestContext) -> str:
    """Return the whole path, including the path at which the application is mounted."""
    environ = context.environ
    return wire_text(environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", ""))


def _secrets(context: RequestContext) -> Iterator[str]:
    """Yield all secrets that a traceback can contain: those of the emulator, and those that the request sent."""
    yield from context.emulator.credentials.secrets
    for name in SECRET_HEADERS:
        value = context.request.headers.get(name, "")
        yield value
        yield from _SIGNATURE.findall(value)
    yield from secrets_in_query(context.query_string)
    yield from secrets_in_json(context.read_body or b"")
