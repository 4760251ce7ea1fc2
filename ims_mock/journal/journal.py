"""The journal: the most recent requests and how they were answered."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from threading import Lock
from typing import Any, Final, NamedTuple

from ims_mock.auth.authentication import NO_CREDENTIALS, SIGNATURE, TOKEN
from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.cloudimages import asks_list
from ims_mock.catalog.query import ListQuery
from ims_mock.catalog.visibility import Caller, View, is_queens
from ims_mock.contract.values import wire_time
from ims_mock.journal.documented import DocumentedRequest, decoded_query
from ims_mock.journal.findings import Finding, findings_of
from ims_mock.journal.pagination import PageCounter, PageKey, Question, marker_of, question_of
from ims_mock.journal.redaction import redacted_query
from ims_mock.options import AppOptions
from ims_mock.text import sent_path, wire_text

HEADERS: Final = (
    "accept", "authorization", "content-length", "content-type", "host", "origin", "transfer-encoding", "user-agent",
    "x-api-version", "x-auth-token", "x-project-id", "x-sdk-date", "x-security-token", "x-subject-token",
)  # fmt: skip
"""The headers that are recorded, by their lower-case names."""

CONNECTED: Final = "ims_mock.connected"  # the key in the WSGI environment for the time a connection was opened
MAX_CHARACTERS: Final = 32_768  # the length to which paths and queries are cut: the gateway accepts no longer ones
MAX_HEADER_CHARACTERS: Final = 1024  # the length to which values of headers are cut
MEAN_CHARACTERS: Final = 2_000  # the average length of path and query up to which the journal keeps all requests
MAX_PAST_CATALOGS: Final = 100  # catalogs before the current one that are kept for the audit of walks
MAX_PAST_BYTES: Final = 50_000_000  # the memory that they take
_PAGE_NUMBERS: Final = frozenset(
    {"offset", "page", "page_no", "page_num", "page_number", "page_size", "pageNo", "pageNum", "pageSize", "pagesize"}
    | {"per_page", "skip", "start"}
)  # parameters of services that number their pages


@dataclass(frozen=True)
class ListAnswer:
    """A list query and how it was answered; ``has_next`` says whether the client was told that a page follows."""

    query: ListQuery
    view: View
    has_next: bool


class Record(NamedTuple):
    """A request and how it was answered. Nothing is decoded or formatted before the journal is read.

    It is a named tuple because one is created on every request, which takes a frozen dataclass three times as long.
    Most of its attributes are those of :class:`Entry`.
    """

    time: datetime
    method: str
    path: str  # as WSGI has it, one character per byte
    query: str  # as it was sent
    headers: Mapping[str, str]
    status: int
    started: float  # when the request arrived, in seconds of time.perf_counter()
    seconds: float
    connected: float = 0.0  # when the connection was opened, by the same clock; 0 without a connection
    caller: Caller = Caller("")  # without a project if the credentials were not checked, which are then empty, too
    credentials: str = ""
    refusal: str = ""
    is_in_sandbox: bool = False  # whether it was sent to the URL of a sandbox
    is_unscoped: bool = False  # whether a token was sent that is for no project
    ids: tuple[str, ...] | None = None  # None if the request failed or no client can read the response
    answer: ListAnswer | None = None  # of a list; None for other requests and unreadable responses
    fault: str = ""
    code: str = ""
    message: str = ""

    @property
    def target(self) -> str:
        """The path and query as they were sent, with secrets redacted."""
        path, query = sent_path(self.path), wire_text(redacted_query(self.query))
        return f"{path}?{query}" if query else path

    @property
    def length(self) -> int:
        """The length of path and query."""
        return len(self.path) + len(self.query)

    @property
    def documented(self) -> DocumentedRequest:
        """The request, as the vendor's documentation describes it."""
        return DocumentedRequest(
            method=self.method,
            path=wire_text(self.path),
            query=self.query,
            is_queens=is_queens(self.headers.get("x-api-version", "")),
            is_admin=self.caller.is_admin,
            credentials=self.credentials,
            refusal=self.refusal or self._missing_permission,
        )

    @property
    def _missing_permission(self) -> str:
        if self.credentials in ("", NO_CREDENTIALS) or not self.path.startswith("/v2/"):
            return ""
        if self.is_unscoped:
            return "no-project"
        return "read-only" if self.method != "GET" and self.caller.only_reads else ""


@dataclass(frozen=True)
class Entry:
    """A request and how it was answered, as users read it: decoded, and with secrets redacted.

    Attributes:
        number: 1, 2, … since the journal was cleared.
        time: The emulator's time when the request arrived, in wire format.
        method: The method in upper case.
        path: The path.
        query: The parameters in the order they were sent.
        target: Path and query as they were sent.
        headers: The recorded headers by their lower-case names.
        project: The project of the caller; empty if it made no difference.
        credentials: What was sent: ``nothing``, ``a token`` or ``a signature``.
        refusal: The name of the error with which ``--auth on`` rejects the credentials; empty if they are valid.
        status: The status of the response; 0 if the connection was dropped instead.
        code: The code of the error, such as ``IMG.0027``; empty if there is none, or the client cannot read it.
        message: The message of the error that the client received, likewise. Errors in the format of Glance have its
            message and no code.
        seconds: How long the response took.
        ids: The ids of the images in the response, in order.
        fault: The id of the fault rule that matched; empty without one.
        walk: The number of the walk through a list that the request belongs to; 0 if it is not for a list.
        page: The page number in that walk, from 1; 0 if the request is not for a list.
        findings: How the request differs from the vendor's documentation.
    """

    number: int
    time: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    target: str
    headers: Mapping[str, str]
    project: str
    credentials: str
    refusal: str
    status: int
    code: str
    message: str
    seconds: float
    ids: tuple[str, ...]
    fault: str
    walk: int
    page: int
    findings: tuple[Finding, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Entry:
        """Return the entry that JSON shows, in which every tuple is a list."""
        query, findings = tuple(map(tuple, data["query"])), tuple(Finding(**one) for one in data["findings"])
        return cls(**{**data, "query": query, "ids": tuple(data["ids"]), "findings": findings})


@dataclass(frozen=True)
class ListRequest:
    """A request for a page of a list, as the audit of walks reads it."""

    number: int
    walk: int
    page_number: int
    record: Record
    previous: int  # the number of the previous request of the same project, 0 if it is not known
    catalog: Catalog | None  # that it was answered from; None if there is none or it is no longer kept

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the images in the response."""
        return self.record.ids or ()

    @cached_property
    def marker(self) -> str:
        """The marker; empty without one."""
        return marker_of(self.record.query)

    @cached_property
    def question(self) -> Question:
        """The parameters that are the same on every page, also if the client numbers its pages."""
        return tuple(pair for pair in question_of(self.record.query) if pair[0] not in _PAGE_NUMBERS)

    @property
    def page_key(self) -> PageKey:
        """The page that is requested: the same marker and question are the same page."""
        return self.marker, self.question

    @property
    def is_numbered(self) -> bool:
        """Whether the client numbers pages or images, and therefore found none."""
        return not self.ids and self.question != question_of(self.record.query)

    @property
    def has_trouble(self) -> bool:
        """Whether it failed or met a fault, so that the client may repeat it."""
        return self.record.answer is None or bool(self.record.fault)


class Journal:
    """Keeps the most recent requests: ``size`` of them, or fewer if their paths and queries are long."""

    def __init__(self, size: int = AppOptions.journal) -> None:
        self.ignored: frozenset[str] = frozenset()  # the names of findings that no entry shows
        self._size = size
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every request and restart the numbering."""
        with self._lock:
            self._records: deque[tuple[int, int, int, Record]] = deque()  # its number, its walk's, its page's
            self._characters = 0
            self._pages = PageCounter()
            self._count = 0
            self._catalogs: deque[tuple[int, Catalog, int]] = deque(maxlen=MAX_PAST_CATALOGS + 1)  # with its memory

    def record(self, record: Record, catalog: Catalog | None = None) -> int:
        """Record a request, and the catalog that a list was answered from. Return the page number; 0 without a list."""
        with self._lock:
            self._count += 1
            if catalog is not None and not (self._catalogs and self._catalogs[-1][1] is catalog):
                self._keep(catalog)
            walk, page_number = 0, 0
            if asks_list(record.method, record.path):
                last = None if record.ids is None else record.ids[-1] if record.ids else ""
                walk, page_number = self._pages.record(record.path, record.caller.project, record.query, last)
            self._records.append((self._count, walk, page_number, record))
            self._characters += record.length
            most = max(MEAN_CHARACTERS * self._size, 3 * MAX_CHARACTERS)
            while len(self._records) > self._size or self._characters > most:
                self._characters -= self._records.popleft()[3].length
        return page_number

    def page_number(self, path: str, project: str, query: str) -> int:
        """Return the page number that a request for a list would get in its walk."""
        with self._lock:
            return self._pages.number(path, project, query)[1]

    def latest(self, count: int, matches: Callable[[Record], bool], before: int = 0) -> list[Entry]:
        """Return at most ``count`` matching requests, the newest first; with ``before``, those before this number."""
        with self._lock:
            records = list(self._records)
        found = (one for one in reversed(records) if (not before or one[0] < before) and matches(one[3]))
        return [_entry(*one, self.ignored) for one in islice(found, count)]

    def entries(self, since: int = 0) -> list[Entry]:
        """Return the recorded requests after a number, the oldest first."""
        with self._lock:
            records = list(self._records)
        return [_entry(*one, self.ignored) for one in records if one[0] > since]

    def lists(self) -> list[ListRequest]:
        """Return the recorded requests for a page of a list, the oldest first."""
        with self._lock:
            records, catalogs = list(self._records), list(self._catalogs)
        first_numbers = [number for number, *_ in catalogs]
        latest: dict[str, int] = {}
        requests = []
        for number, walk, page_number, record in records:
            project = record.caller.project
            if walk:
                index = bisect_right(first_numbers, number) if record.answer else 0
                catalog = catalogs[index - 1][1] if index else None
                requests.append(ListRequest(number, walk, page_number, record, latest.get(project, 0), catalog))
            latest[project] = number
        return requests

    def _keep(self, catalog: Catalog) -> None:
        """Keep the catalog that lists are answered from now on, and drop those that are too old or too large."""
        if self._catalogs:
            number, latest, _ = self._catalogs.pop()
            self._catalogs.append((number, latest, latest.memory_beside(catalog, MAX_PAST_BYTES)))
        self._catalogs.append((self._count, catalog, 0))
        oldest = self._records[0][0] if self._records else self._count
        past = sum(memory for *_, memory in self._catalogs)
        while len(self._catalogs) > 1 and (past > MAX_PAST_BYTES or self._catalogs[1][0] <= oldest):
            past -= self._catalogs.popleft()[2]


def _entry(number: int, walk: int, page_number: int, record: Record, ignored: frozenset[str]) -> Entry:
    sent = TOKEN if "x-auth-token" in record.headers else SIGNATURE if "authorization" in record.headers else ""
    return Entry(
        number=number,
        time=wire_time(record.time),
        method=record.method,
        path=wire_text(record.path),
        query=decoded_query(record.query),
        target=record.target,
        headers={name: wire_text(value) for name, value in record.headers.items()},
        project=record.caller.project,
        credentials=record.credentials or sent or NO_CREDENTIALS,
        refusal=record.refusal,
        status=record.status,
        code=record.code,
        message=record.message,
        seconds=round(record.seconds, 6),
        ids=record.ids or (),
        fault=record.fault,
        walk=walk,
        page=page_number,
        findings=findings_of(record.documented, ignored, number),
    )
