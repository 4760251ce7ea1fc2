"""The journal: the latest requests and how they were answered, each a frozen entry, secrets masked.

A request must not wait for its entry: what is known of it is laid down as it is, and made into an entry when somebody
reads the journal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ims_mock.catalog import Catalog
from ims_mock.identity import NOTHING, SIGNATURE, TOKEN, Verdict
from ims_mock.image import Image
from ims_mock.kinds import wire_text, wire_time
from ims_mock.listing import CLOUDIMAGES, IMAGES
from ims_mock.masking import masked, masked_value
from ims_mock.parts import decoded
from ims_mock.query import ListQuery
from ims_mock.settings import JOURNAL_ENTRIES
from ims_mock.tenancy import ADMIN, MEMBER, View, is_queens
from ims_mock.walks import Walks

if TYPE_CHECKING:
    from ims_mock.findings import Finding

HEADERS: Final = (
    "accept", "authorization", "content-length", "content-type", "host", "origin", "transfer-encoding", "user-agent",
    "x-api-version", "x-auth-token", "x-project-id", "x-sdk-date", "x-security-token", "x-subject-token",
)  # fmt: skip
"""The headers that are kept, by their lower-case names."""

OPENED: Final = "ims_mock.opened"
"""Under this name a request on a connection holds when that was opened."""

MOST_CHARACTERS: Final = 32_768
"""So much is kept of a path, of a query and of a header: as much as the gateway takes of the first two."""

MANY: Final = 256
"""So many requests wait at most until their places are found."""

_NOWHERE: Final = (0, 0)
_LISTS: Final = frozenset({IMAGES.path, CLOUDIMAGES.path})

_MOST_PAST: Final = 100
_MOST_PAST_IMAGES: Final = 100_000
"""So many catalogs that are no more are kept for the audit of walks, the latest, and with so many images in all."""

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
        images: those it was answered with; ``None`` where it was not, or so that nobody can read it.
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


class Listed(NamedTuple):
    """A request for a page of a list, as the audit of walks looks at it.

    Attributes:
        entry: as everybody may read it.
        note: what was laid down of it.
        follows: the number of the request directly before it by the same project, 0 where none is known.
        catalog: what it was answered from; ``None`` where it was not, or where that is kept no longer.
    """

    entry: Entry
    note: Note
    follows: int
    catalog: Catalog | None


class Laid:
    """A request as it was laid down.

    Args:
        journal: where.
        number: 1, 2, … since that was cleared.
        note: what is known of it.

    Attributes:
        number: the same.
        note: the same.
    """

    __slots__ = ("_journal", "_place", "note", "number")

    def __init__(self, journal: Journal, number: int, note: Note) -> None:
        self._journal, self.number, self.note = journal, number, note
        self._place: tuple[int, int] | None = None

    @property
    def place(self) -> tuple[int, int]:
        """The number of the walk through a list that it belongs to, and its page there; 0 when it asked for no list."""
        if self._place is None:
            self._journal.settle()
        return self._place or _NOWHERE

    def settle(self, walks: Walks) -> None:
        """Find its place among the walks of those before it."""
        note, self._place = self.note, _NOWHERE
        if asks_list(note.method, note.path):
            images = note.images
            last = None if images is None else images[-1].id if images else ""
            self._place = walks.went(note.path, note.project, note.query, last)


class Journal:
    """Keeps the latest requests.

    Args:
        size: how many.
        ignored: the names of findings that no entry has.
        tell: is told of each; clearing the journal makes it forget nothing.
    """

    def __init__(
        self,
        size: int = JOURNAL_ENTRIES,
        ignored: frozenset[str] = frozenset(),
        tell: Callable[[Laid], None] = lambda _: None,
    ) -> None:
        self.ignored = ignored
        self._tell = tell
        self._laid: deque[Laid] = deque(maxlen=size)
        self._fresh: list[Laid] = []
        self._walks = Walks()
        self._count = 0
        self._catalog: Catalog | None = None
        self._catalogs: deque[tuple[int, Catalog]] = deque(maxlen=_MOST_PAST + 1)
        self._lock = Lock()

    def clear(self) -> None:
        """Forget every request, and begin to count anew."""
        with self._lock:
            self._settle()
            self._laid.clear()
            self._walks = Walks()
            self._count = 0
            self._catalog = None
            self._catalogs.clear()

    def record(self, note: Note, catalog: Catalog | None = None) -> None:
        """Lay down what is known of a request.

        Args:
            note: that.
            catalog: what a list was answered from.
        """
        with self._lock:
            self._count += 1
            if catalog is not None and catalog is not self._catalog:
                self._keep(catalog)
            laid = Laid(self, self._count, note)
            self._laid.append(laid)
            self._fresh.append(laid)
            if len(self._fresh) >= MANY:
                self._settle()
        self._tell(laid)

    def settle(self) -> None:
        """Find the place of each request that is laid down."""
        with self._lock:
            self._settle()

    def _settle(self) -> None:
        for laid in self._fresh:
            laid.settle(self._walks)
        self._fresh.clear()

    def page_of(self, path: str, project: str, query: str) -> int:
        """Tell which page of its walk a request would be.

        Args:
            path: of the list that is asked.
            project: of whoever asks.
            query: as it was sent.
        """
        with self._lock:
            self._settle()
            return self._walks.next(path, project, query)[1]

    def entries(self, since: int = 0) -> list[Entry]:
        """Give the requests that are kept, the oldest first.

        Args:
            since: the number after which they begin.
        """
        with self._lock:
            self._settle()
            kept = list(self._laid)
        return [_entry(laid, self.ignored) for laid in kept if laid.number > since]

    def lists(self) -> list[Listed]:
        """Give those of the requests that are kept which asked for a page of a list, the oldest first."""
        with self._lock:
            self._settle()
            kept, catalogs = list(self._laid), list(self._catalogs)
        since = [number for number, _ in catalogs]
        latest: dict[str, int] = {}
        found = []
        for laid in kept:
            number, note = laid.number, laid.note
            if laid.place != _NOWHERE:
                place = bisect_right(since, number) if note.paged else 0
                catalog = catalogs[place - 1][1] if place else None
                found.append(Listed(_entry(laid, self.ignored), note, latest.get(note.project, 0), catalog))
            latest[note.project] = number
        return found

    def _keep(self, catalog: Catalog) -> None:
        """Keep the catalog from which lists are answered from now on, and forget what is too old or too much."""
        self._catalog = catalog
        self._catalogs.append((self._count, catalog))
        oldest = self._laid[0].number if self._laid else self._count
        past = sum(len(one) for _, one in self._catalogs) - len(catalog)
        while len(self._catalogs) > 1 and (past > _MOST_PAST_IMAGES or self._catalogs[1][0] <= oldest):
            past -= len(self._catalogs.popleft()[1])


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


def findings_of(note: Note, ignored: frozenset[str], number: int = 0) -> tuple[Finding, ...]:
    """Give the findings of a request.

    Args:
        note: what is known of it.
        ignored: the names of those that appear nowhere.
        number: that of the request.
    """
    from ims_mock.contract import Asked  # many journals are never read
    from ims_mock.findings import found

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
    if note.refusal or note.credentials in ("", NOTHING) or not note.path.startswith("/v2/"):
        return note.refusal
    if note.is_unscoped:
        return "no-project"
    return "" if note.method == "GET" or note.roles & {ADMIN, MEMBER} else "read-only"


def _entry(laid: Laid, ignored: frozenset[str]) -> Entry:
    number, note = laid.number, laid.note
    walk, page = laid.place
    sent = TOKEN if "x-auth-token" in note.headers else SIGNATURE if "authorization" in note.headers else NOTHING
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
        ids=tuple(image.id for image in note.images or ()),
        fault=note.fault,
        walk=walk,
        page=page,
        findings=findings_of(note, ignored, number),
    )


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    """Decode a query, and mask what is secret by its name."""
    return tuple((name, masked_value(name, value)) for name, value in decoded(query))
