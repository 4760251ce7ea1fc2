"""What the log says of requests: one line each, and the traceback of a bug; what is secret is masked.

Each line carries its parts as well, under ``parts``, for a log in JSON.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from time import perf_counter
from typing import Any, Final

from flask import request

from ims_mock.auth.authentication import Verdict
from ims_mock.auth.credentials import SECRET_HEADERS
from ims_mock.contract.values import printable, wire_text
from ims_mock.journal.redaction import masked_query, secrets_in_json, secrets_in_query, without
from ims_mock.web.context import emulator, id_of, kept, request_id

MOST_CHARACTERS: Final = 1000
"""So much of a path and of a query stands in a line."""

_SIGNATURE: Final = re.compile("Signature=([^,]+)")
_log = logging.getLogger("ims_mock")


def log_answer(status: int, environ: dict[str, Any], known: dict[str, Any]) -> None:
    """Log a request that is answered.

    Args:
        status: of the answer.
        environ: the request as WSGI has it.
        known: what was kept of it.
    """
    rule = known.get("fault")
    notes = {"fault": rule.id if rule else "", "doubt": _doubt(known.get("verdict"))}
    log_request(
        environ["REQUEST_METHOD"],
        _path(environ),
        environ.get("QUERY_STRING", ""),
        0 if rule and rule.drops_response else status,
        perf_counter() - known["began"],
        id_of(known),
        **notes,
    )


def log_request(method: str, path: str, query: str, status: int, seconds: float, identifier: str, **notes: str) -> None:
    """Log a request.

    Args:
        method: as it was sent.
        path: decoded.
        query: as it was sent.
        status: of the answer; 0 where the connection was dropped instead.
        seconds: how long the answer took.
        identifier: the id of the request.
        notes: what else is worth knowing, by its name; empty ones are left out.
    """
    path, query = printable(path, MOST_CHARACTERS), printable(masked_query(query), MOST_CHARACTERS)
    target, milliseconds = f"{path}?{query}" if query else path, round(seconds * 1000, 1)
    parts = {"method": method, "path": path, "query": query, "status": status, "milliseconds": milliseconds}
    notes = {name: note for name, note in notes.items() if note}
    said = "".join(f" ({note if name == 'doubt' else f'{name} {note}'})" for name, note in notes.items())
    _log.info(
        "%s %s %d %.1f ms %s%s", method, target, status, milliseconds, identifier, said,
        extra={"parts": {**parts, "request_id": identifier, **notes}},
    )  # fmt: skip


def _path(environ: dict[str, Any]) -> str:
    """Give the whole path that was asked, wherever the application is mounted."""
    return wire_text(environ.get("SCRIPT_NAME", "").rstrip("/") + environ.get("PATH_INFO", ""))


def _doubt(judged: Verdict | None) -> str:
    """Tell what would refuse the credentials that were sent."""
    return f"{judged.proof} that --auth on refuses: {judged.refusal.problem.name}" if judged and judged.refusal else ""


def log_failure() -> None:
    """Log the bug because of which a request fails."""
    told = without(traceback.format_exc(), _secrets())
    path = printable(_path(request.environ), MOST_CHARACTERS)
    parts = {"method": request.method, "path": path, "request_id": request_id(), "exception": told}
    _log.error("request %s failed: %s %s\n%s", request_id(), request.method, path, told, extra={"parts": parts})


def _secrets() -> Iterator[str]:
    """Give all secrets that a traceback might hold: the emulator's, and those that the request brought."""
    yield from emulator().identity.secrets
    for name in SECRET_HEADERS:
        value = request.headers.get(name, "")
        yield value
        yield from _SIGNATURE.findall(value)
    yield from secrets_in_query(request.environ.get("QUERY_STRING", ""))
    yield from secrets_in_json(kept().get("body", b""))
