"""What is known of a request once it is answered: the note that is laid down, and the entry that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ims_mock.auth.authentication import NO_CREDENTIALS, SIGNATURE, TOKEN, Authentication
from ims_mock.auth.credentials import redacted
from ims_mock.catalog.image import Image
from ims_mock.catalog.query import ListQuery, decoded
from ims_mock.catalog.visibility import ADMIN, MEMBER, View, is_queens
from ims_mock.contract.values import wire_text, wire_time
from ims_mock.journal.redaction import masked_value

if TYPE_CHECKING:
    from ims_mock.journal.findings import Finding

HEADERS: Final = (
    "accept", "authorization", "content-length", "content-type", "host", "origin", "transfer-encoding", "user-agent",
    "x-api-version", "x-auth-token", "x-project-id", "x-sdk-date", "x-security-token", "x-subject-token",
)  # fmt: skip
"""The headers that are kept, by their lower-case names."""

OPENED: Final = "ims_mock.opened"
"""Under this name a request on a connection holds when that was opened."""

MOST_CHARACTERS: Final = 32_768
"""So much is kept of a path, of a query and of a header: as much as the gateway takes of the first two."""

Paged = tuple[ListQuery, View, bool]
"""What a page answered: what was asked for, by whom, and whether the answer says that more images follow."""


class Note(NamedTuple):
    """What is known of a request once it is answered, as it is.

    Attributes:
        time: the emulator's time when it came.
        method: in upper case.
        path: as WSGI gives it.
        query: as it was sent.
        headers: those of :data:`HEADERS` that were sent; of secret ones what :func:`told` gives.
        project: whose eyes it was answered with; empty where nobody asked.
        credentials: what it sent; empty where nobody asked.
        refusal: the name of the problem for which they would be refused, else empty.
        status: of the answer; 0 where the connection was dropped instead.
        seconds: how long the answer took.
        images: those it was answered with, rendered; ``None`` where it was not, or so that nobody can read it.
        fault: the id of the fault that it met, else empty.
        began: when its answer was begun, in seconds of a clock of its own.
        opened: when its connection was opened, by the same clock; 0 where it came on none.
        paged: what it asked of a list; ``None`` where it was not answered with a page, or so that nobody can read it.
        roles: those of whose eyes it was answered with.
        is_unscoped: whether it sent a token that opens no project.
    """

    time: datetime
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    project: str
    credentials: str
    refusal: str
    status: int
    seconds: float
    images: tuple[Image, ...] | None
    fault: str
    began: float
    opened: float
    paged: Paged | None
    roles: frozenset[str] = frozenset()
    is_unscoped: bool = False


class Entry(NamedTuple):
    """A request and how it was answered; no dataclass, since making one of so many fields takes long at every start.

    Attributes:
        number: 1, 2, … since the journal was cleared.
        time: the emulator's time when it came, in wire format.
        method: in upper case.
        path: decoded.
        query: its parameters in order, decoded; what is secret by its name is masked.
        headers: those of :data:`HEADERS` that were sent, by their lower-case names; secrets are masked.
        project: whose eyes it was answered with; empty where that made no difference.
        credentials: what it sent: ``nothing``, ``a token`` or ``a signature``.
        refusal: the name of the problem for which ``--auth on`` refuses them; empty when they hold.
        status: of the answer; 0 where the connection was dropped instead.
        seconds: how long the answer took.
        ids: of the images that were answered, in order.
        fault: the id of the fault that it met, else empty.
        walk: the number of the walk through a list that it belongs to; 0 when it asked for no list.
        page: its page in that walk, 1, 2, …; 0 when it asked for no list.
        findings: what the client did that the document does not have.
    """

    number: int
    time: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    project: str
    credentials: str
    refusal: str
    status: int
    seconds: float
    ids: tuple[str, ...]
    fault: str
    walk: int
    page: int
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the entry as JSON has it; the query is a list of pairs, since names may be repeated."""
        findings = [one._asdict() for one in self.findings]
        return self._asdict() | {"query": list(map(list, self.query)), "ids": list(self.ids), "findings": findings}


def told(name: str, value: str, verdict: Authentication | None) -> str:
    """Give a secret header as the journal keeps it: of a signature all but itself, where nothing else is a secret.

    Args:
        name: one of :data:`ims_mock.auth.credentials.SECRET_HEADERS`.
        value: what was sent.
        verdict: what the credentials of the request are worth; ``None`` where nobody asked.
    """
    if name != "authorization" or verdict is None or verdict.failure_name == "key-secret":
        return redacted(value)
    from ims_mock.auth.signature import redacted_authorization  # most requests are not signed

    return redacted_authorization(value)


def findings_of(note: Note, ignored: frozenset[str], number: int = 0) -> tuple[Finding, ...]:
    """Give the findings of a request.

    Args:
        note: what is known of it.
        ignored: the names of those that appear nowhere.
        number: that of the request.
    """
    from ims_mock.journal.documented import Asked  # many journals are never read
    from ims_mock.journal.findings import found

    asked = Asked(
        note.method,
        wire_text(note.path),
        note.query,
        _pairs(note.query),
        is_queens(note.headers.get("x-api-version", "")),
        ADMIN in note.roles,
        note.credentials,
        _refusal(note),
    )
    return found(asked, ignored, number)


def _refusal(note: Note) -> str:
    """Name the problem for which ``--auth on`` refuses the credentials of a request; empty when it does not."""
    if note.refusal or note.credentials in ("", NO_CREDENTIALS) or not note.path.startswith("/v2/"):
        return note.refusal
    if note.is_unscoped:
        return "no-project"
    return "" if note.method == "GET" or note.roles & {ADMIN, MEMBER} else "read-only"


def entry_of(note: Note, number: int, walk: int, page: int, ignored: frozenset[str]) -> Entry:
    """Make the entry of a request.

    Args:
        note: what is known of it.
        number: its number in the journal.
        walk: the number of the walk that it belongs to; 0 when it asked for no list.
        page: its page there.
        ignored: the names of findings that no entry has.
    """
    sent = TOKEN if "x-auth-token" in note.headers else SIGNATURE if "authorization" in note.headers else NO_CREDENTIALS
    return Entry(
        number=number,
        time=wire_time(note.time),
        method=note.method,
        path=wire_text(note.path),
        query=_pairs(note.query),
        headers={name: wire_text(value) for name, value in note.headers.items()},
        project=note.project,
        credentials=note.credentials or sent,
        refusal=note.refusal,
        status=note.status,
        seconds=round(note.seconds, 6),
        ids=tuple([image.id for image in note.images or ()]),
        fault=note.fault,
        walk=walk,
        page=page,
        findings=findings_of(note, ignored, number),
    )


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    """Decode a query, and mask what is secret by its name."""
    return tuple((name, masked_value(name, value)) for name, value in decoded(query))
