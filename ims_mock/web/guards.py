"""Pages of another origin: what a browser lets them send without asking us must change nothing.

A browser asks before it sends anything but ``GET``, ``HEAD`` and ``POST``, or a media type beyond the three of forms;
nobody answers such a question here, so those requests never come. On every ``POST`` it says where the page is from.
"""

from __future__ import annotations

from typing import Final

from flask import request

from ims_mock.errors import RequestError
from ims_mock.web.context import host

UNASKED: Final = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""The media types, none among them, that a page may send to anybody (the Fetch standard)."""


def refuse_foreign_page() -> None:
    """Refuse a request that a page of another origin sends.

    Raises:
        RequestError: 403.
    """
    origin, own = request.headers.get("Origin", ""), f"{request.scheme}://{host()}"
    if origin and origin.lower() != own.lower():
        raise RequestError("origin", "Origin", origin, f"none, or {own}")


def refuse_unasked() -> None:
    """Refuse what a browser sends for a page of another origin without asking.

    Raises:
        RequestError: 403.
    """
    if request.method == "POST" and request.mimetype in UNASKED:
        refuse_foreign_page()
