"""The catalog that real clients use: two projects, the images of one of them, and credentials of every kind."""

from contextlib import contextmanager

from clients.client_findings import undocumented_findings
from helpers import make_app, over_socket

PROFILES = ["documented", "glance"]

A, B = "a" * 32, "b" * 32
IDS = [f"0000000{number}-aaaa-4aaa-8aaa-aaaaaaaaaaaa" for number in (5, 4, 3, 2, 1)]  # of project A, in list order
MISSING = "00000000-0000-4000-8000-000000000000"

CATALOG = {
    "project": A,
    "projects": [{"id": A, "name": "cn-north-4", "domain": "team"}, {"id": B, "name": "cn-east-3", "domain": "team"}],
    "credentials": {
        "keys": [
            {"access": "AK-A", "secret": "SK-A", "project": A},
            {"access": "AK-B", "secret": "SK-B", "project": B},
        ],
        "tokens": [{"token": "of-a", "project": A}, {"token": "of-b", "project": B}],
        "users": [
            {"name": name, "password": "secret", "domain": "team", "project": project}
            for name, project in (("ann", A), ("ann", B), ("bob", B))
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
        for one in IDS
    ],
}

DATA = bytes(range(256)) * 12_000  # more than a client sends in one piece


@contextmanager
def served(profile, auth="on"):
    """Serve the catalog, yield the URL, and assert that all findings of clients are documented."""
    app = make_app(CATALOG, auth=auth, profile=profile)
    with over_socket(app) as ask:
        yield ask.url
    assert not undocumented_findings(app)
