"""The journal: the latest requests and how they were answered, each a frozen entry, secrets masked.

A request must not wait for its entry: what is known of it is laid down as it is, and made into an entry when somebody
reads the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Final, NamedTuple

from ims_mock.identity import NOTHING, SIGNATURE, TOKEN, Verdict
from ims_mock.image import Image
from ims_mock.kinds import wire_time
from ims_mock.listing import CLOUDIMAGES, IMAGES
from ims_mock.masking import masked, masked_value
from ims_mock.query import decoded
from ims_mock.settings import JOURNAL_ENTRIES
from ims_mock.walks import Walks

HEADERS: Final = (
    "accept", "authorization", "content-length", "content-type", "host", "origin", "transfer-encoding", "user-agent",
    "x-api-version", "x-auth-token", "x-project-id", "x-sdk-date", "x-security-token", "x-subject-token",
)  # fmt: skip
"""The headers that are kept, by their lower-case names."""

MOST_CHARACTERS: Final = 32_768
"""So much is kept of a path, of a query and of a header: as much as the gateway takes of the first two."""

_LISTS: Final = frozenset({IMAGES.path, CLOUDIMAGES.path})


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
        images: those it was answered with; ``None`` where it was not, or so that nobody can read it.
        fault: the id of the fault that it met, else empty.
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

    def as_json(self) -> dict[str, Any]:
        """Give the entry as JSON has it; the query is a list of pairs, since names may be repeated."""
        return self._asdict() | {"query": list(map(list, self.query)), "ids": list(self.ids)}


class Journal:
    """Keeps the latest requests.

    Args:
        size: how many.
    """

    def __init__(self, size: int = JOURNAL_ENTRIES) -> None:
        self._notes: deque[tuple[int, int, int, Note]] = deque(maxlen=size)
        self._walks = Walks()
        self._count = 0
        self._lock = Lock()

    def clear(self) -> None:
        """Forget every request, and begin to count anew."""
        with self._lock:
            self._notes.clear()
            self._walks = Walks()
            self._count = 0

    def record(self, note: Note) -> None:
        """Lay down what is known of a request."""
        walk = page = 0
        with self._lock:
            self._count += 1
            if asks_list(note.method, note.path):
                images = note.images
                last = None if images is None else images[-1].id if images else ""
                walk, page = self._walks.went(note.path, note.project, note.query, last)
            self._notes.append((self._count, walk, page, note))

    def page_of(self, path: str, project: str, query: str) -> int:
        """Tell which page of its walk a request would be.

        Args:
            path: of the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        with self._lock:
            return self._walks.next(path, project, query)[1]

    def entries(self, since: int = 0) -> list[Entry]:
        """Give the requests that are kept, the oldest first.

        Args:
            since: the number after which they begin.
        """
        with self._lock:
            notes = list(self._notes)
        return [_entry(*note) for note in notes if note[0] > since]


def asks_list(method: str, path: str) -> bool:
    """Whether a request asks for a page of a list of images."""
    return path in _LISTS and method == "GET"


def told(name: str, value: str, verdict: Verdict | None) -> str:
    """Give a secret header as the journal keeps it: of a signature all but itself, where nothing else is a secret.

    Args:
        name: one of :data:`ims_mock.masking.SECRET_HEADERS`.
        value: what was sent.
        verdict: what the credentials of the request are worth; ``None`` where nobody asked.
    """
    if name != "authorization" or verdict is None or verdict.doubt == "key-secret":
        return masked(value)
    from ims_mock.signing import told_authorization  # most requests are not signed

    return told_authorization(value)


def _entry(number: int, walk: int, page: int, note: Note) -> Entry:
    sent = TOKEN if "x-auth-token" in note.headers else SIGNATURE if "authorization" in note.headers else NOTHING
    return Entry(
        number=number,
        time=wire_time(note.time),
        method=note.method,
        path=_text(note.path),
        query=tuple((name, masked_value(name, value)) for name, value in decoded(note.query)),
        headers={name: _text(value) for name, value in note.headers.items()},
        project=note.project,
        credentials=note.credentials or sent,
        refusal=note.refusal,
        status=note.status,
        seconds=round(note.seconds, 6),
        ids=tuple(image.id for image in note.images or ()),
        fault=note.fault,
        walk=walk,
        page=page,
    )


def _text(raw: str) -> str:
    """Decode what the wire brought as one character a byte."""
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode("utf-8", "replace")
