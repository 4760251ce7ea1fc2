"""Records of answered requests, as the web layer hands them to the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from ims_mock.catalog.image import Image
from ims_mock.catalog.query import ListQuery
from ims_mock.catalog.visibility import View

HEADERS: Final = (
    "accept", "authorization", "content-length", "content-type", "host", "origin", "transfer-encoding", "user-agent",
    "x-api-version", "x-auth-token", "x-project-id", "x-sdk-date", "x-security-token", "x-subject-token",
)  # fmt: skip
"""The headers that are recorded, by their lower-case names."""

ERROR, WARNING, INFO = SEVERITIES = ("error", "warning", "info")
"""Severities of findings and remarks: it cannot work as intended; it works, but is not documented; good to know."""

CONNECTED: Final = "ims_mock.connected"
"""The key in the WSGI environment for the time at which the connection of a request was opened."""

MAX_CHARACTERS: Final = 32_768
"""The length to which paths, queries and headers are cut: the gateway accepts no longer path and query."""


@dataclass(frozen=True)
class ListAnswer:
    """A list query and how it was answered.

    Attributes:
        has_next: Whether the client was told that another page follows.
    """

    query: ListQuery
    view: View
    has_next: bool


class Record(NamedTuple):
    """A request and how it was answered. Nothing is decoded or formatted before the journal is read.

    It is a named tuple because one is created on every request, which takes a frozen dataclass three times as long.

    The attributes that are not described here are those of an entry of the journal.

    Attributes:
        time: The emulator's time when the request arrived.
        path: The path as WSGI has it, one character per byte.
        query: The query string as it was sent.
        headers: Those of :data:`HEADERS` that were sent; secrets are redacted.
        started: When the request arrived, in seconds of :func:`time.perf_counter`.
        connected: When the connection was opened, by the same clock; 0 without a connection.
        project: The project of the caller; empty if the request was not authenticated, as are the credentials.
        is_unscoped: Whether a token was sent that is for no project.
        images: The images that the response shows; ``None`` if the request failed or no client can read the response.
        answer: The list query that was answered; ``None`` for other requests and unreadable responses.
    """

    time: datetime
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int
    started: float
    seconds: float
    connected: float = 0.0
    project: str = ""
    roles: frozenset[str] = frozenset()
    credentials: str = ""
    refusal: str = ""
    is_unscoped: bool = False
    images: tuple[Image, ...] | None = None
    answer: ListAnswer | None = None
    fault: str = ""
