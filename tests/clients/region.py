"""A small region for real clients: a team shares images between two projects; and what to upload there."""

from collections.abc import Iterator
from contextlib import contextmanager

from clients.told import untold
from helpers import make_app, over_socket

PROFILES = ["documented", "glance"]

A, B = "a" * 32, "b" * 32
OURS = [f"0000000{number}-aaaa-4aaa-8aaa-aaaaaaaaaaaa" for number in (5, 4, 3, 2, 1)]
"""The images of project A as they are listed: the newest first."""

MISSING = "00000000-0000-4000-8000-000000000000"

CATALOG = {
    "project": A,
    "projects": [
        {"id": A, "name": "cn-north-4", "domain": "team"},
        {"id": B, "name": "cn-east-3", "domain": "team"},
    ],
    "credentials": {
        "keys": [
            {"access": "AK-A", "secret": "SK-A", "project": A},
            {"access": "AK-B", "secret": "SK-B", "project": B},
        ],
        "tokens": [{"token": "of-a", "project": A}, {"token": "of-b", "project": B}],
        "users": [
            {"name": "ann", "password": "secret", "domain": "team", "project": A},
            {"name": "bob", "password": "secret", "domain": "team", "project": B},
        ],
    },
    "images": [
        {
            "id": one,
            "name": f"image {one[7]}",
            "owner": A,
            "created_at": f"2020-01-01T00:00:0{one[7]}Z",
            "disk_format": "raw",
            "__os_type": "Windows" if one[7] == "3" else "Linux",
            "tags": ["env=test"] if one[7] == "2" else [],
        }
        for one in OURS
    ],
}

DATA = bytes(range(256)) * 12_000
"""A few megabytes, more than any client sends in one piece."""


@contextmanager
def served(profile: str, auth: str = "on") -> Iterator[str]:
    """Serve the region, and give its URL; clients do nothing there that the README does not tell."""
    app = make_app(CATALOG, auth=auth, profile=profile)
    with over_socket(app) as ask:
        yield ask.url
    assert not untold(app)
