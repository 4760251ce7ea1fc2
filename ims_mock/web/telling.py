"""Findings told while a request is answered: in headers of its answer, or by refusing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ims_mock.errors import RequestError
from ims_mock.journal.findings import INFO, Finding
from ims_mock.journal.notes import Note, findings_of
from ims_mock.journal.treatment import Treatment
from ims_mock.web.noting import note_of

if TYPE_CHECKING:
    from flask import Response

HEADER: Final = "X-IMS-Mock-Finding"

MOST_HEADERS: Final = 20
"""So many findings are told in headers: clients take about a hundred in all."""

MOST_CHARACTERS: Final = 500
"""So long is a header at most."""


def refuse_findings(treatment: Treatment, environ: dict[str, Any], known: dict[str, Any]) -> None:
    """Refuse a request that has findings worse than an info.

    Args:
        treatment: which findings are ignored.
        environ: the request as WSGI has it.
        known: what was kept of it.

    Raises:
        RequestError: it has some; the message lists them.
    """
    found = findings_of(note_of(0, None, environ, known), treatment.ignored)
    refused = [_line(one) for one in found if one.severity != INFO]
    if refused:
        raise RequestError("findings", says="\n".join(refused))


def tell_findings(answer: Response, note: Note, treatment: Treatment) -> None:
    """Tell the findings of a request in headers of its answer, one header a finding.

    Args:
        answer: the answer.
        note: what is known of the request.
        treatment: which findings are ignored.
    """
    found = findings_of(note, treatment.ignored)
    for one in found[:MOST_HEADERS]:
        answer.headers.add(HEADER, _ascii(_line(one)))
    if len(found) > MOST_HEADERS:
        answer.headers.add(HEADER, f"{len(found) - MOST_HEADERS} more are in the journal")


def _line(finding: Finding) -> str:
    return f"{finding.name}: {finding.message}; {finding.cure}"


def _ascii(text: str) -> str:
    """Write a text as a header can hold it."""
    return text.encode("ascii", "backslashreplace").decode()[:MOST_CHARACTERS]
