"""Test cases of all endpoints except the lists: a catalog, and one row for each endpoint."""

import json
from dataclasses import dataclass

from helpers import token_of

A, B, C = "a" * 32, "b" * 32, "c" * 32
IMAGE, QUEUED, SHARED, HIDDEN, PUBLIC, PROTECTED, GONE = (
    f"{number}" * 8 + "-0000-4000-8000-000000000000" for number in range(1, 8)
)
PATCH = "application/openstack-images-v2.1-json-patch"
OLD_PATCH = "application/openstack-images-v2.0-json-patch"
JSON, DATA = "application/json", "application/octet-stream"

CATALOG = {
    "project": A,
    "clock": "2030-01-01T00:00:00Z",
    "credentials": {
        "tokens": [token_of("of-a", A), token_of("of-b", B), token_of("reader", A, "reader"), token_of("admin", C, "admin")]
    },
    "images": [
        {"id": IMAGE, "owner": A, "visibility": "shared", "tags": ["there"], "members": {C: "pending"}},
        {"id": QUEUED, "owner": A, "status": "queued"},
        {"id": SHARED, "owner": B, "visibility": "shared", "status": "queued", "tags": ["there"], "members": {A: "pending", C: "rejected"}},
        {"id": HIDDEN, "owner": B, "members": {C: "pending"}},
        {"id": PUBLIC, "__imagetype": "gold"},
        {"id": PROTECTED, "owner": A, "protected": True},
        {"id": GONE, "owner": A, "status": "deleted", "members": {C: "pending"}},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One endpoint: its request, its response and its errors.

    ``path`` contains ``{image}``. ``done`` is the id of an image and the status of a success with it; ``hidden`` and
    ``says`` are the code and Glance's message if there is no such image; ``forbidden`` is the id of an image that the
    caller sees but may not change, with code and message; ``malformed`` are wrong bodies.
    """

    name: str
    method: str
    path: str
    done: tuple[str, int]
    body: object = None
    media_type: str = ""
    hidden: str = "IMG.0027"
    says: str = "No image found with ID {image}"
    forbidden: tuple[str, str, str] | None = None
    malformed: tuple[object, ...] = ()
    wrong_type: str = ""
    glance_wrong_type: int = 415


BROKEN = (b"{", b"", b"\xff", "text")
PATCHES = {
    "says": "Failed to find image {image} to update",
    "forbidden": (SHARED, "IMG.0026", "You are not permitted to modify 'name' on this image."),
}
TAGS = {
    "says": "Image {image} not found.",
    "forbidden": (SHARED, "IMG.0026", "You are not permitted to modify tags on this image."),
}
MEMBERS = {"says": "Image {image} not found.", "forbidden": (PUBLIC, "IMG.0089", "Public images do not have members.")}
"""What Glance says in errors of several endpoints."""

ROWS = (
    Row("show", "GET", "/v2/images/{image}", (IMAGE, 200)),
    Row("create", "POST", "/v2/images", (IMAGE, 201), {"name": "new"}, JSON,
        malformed=(*BROKEN, [], {"min_disk": "1"}, {"colour": 1}), wrong_type="text/plain", glance_wrong_type=201),
    Row("patch", "PATCH", "/v2/images/{image}", (IMAGE, 200), [{"op": "replace", "path": "/name", "value": "new"}], PATCH,
        **PATCHES, malformed=(*BROKEN, {}, [{}], [1]), wrong_type=JSON),
    Row("old patch", "PATCH", "/v2/images/{image}", (IMAGE, 200), [{"replace": "/name", "value": "new"}], OLD_PATCH,
        **PATCHES, malformed=(*BROKEN, [{"replace": "/name"}], [{"op": "add", "path": "/a", "value": ""}]),
        wrong_type="application/json-patch+json"),
    Row("delete", "DELETE", "/v2/images/{image}", (IMAGE, 204), hidden="IMG.0144",
        says="Failed to find image {image} to delete",
        forbidden=(SHARED, "IMG.0026", "You are not permitted to delete this image.")),
    Row("upload", "PUT", "/v2/images/{image}/file", (QUEUED, 204), b"data", DATA,
        forbidden=(SHARED, "IMG.0026", "You are not permitted to upload data for this image."), wrong_type=JSON),
    Row("download", "GET", "/v2/images/{image}/file", (IMAGE, 204)),
    Row("tag", "PUT", "/v2/images/{image}/tags/new", (IMAGE, 204), **TAGS),
    Row("untag", "DELETE", "/v2/images/{image}/tags/there", (IMAGE, 204), **TAGS),
    Row("members", "GET", "/v2/images/{image}/members", (IMAGE, 200), **MEMBERS),
    Row("share", "POST", "/v2/images/{image}/members", (IMAGE, 200), {"member": B}, JSON, says="Image {image} not found.",
        forbidden=(SHARED, "IMG.0026", f"Not allowed to create members for image {SHARED}."),
        malformed=(*BROKEN, {}, {"member": ""}, {"member": 1}), wrong_type="text/plain", glance_wrong_type=200),
    Row("member", "GET", f"/v2/images/{{image}}/members/{C}", (IMAGE, 200), **MEMBERS),
    Row("decide", "PUT", f"/v2/images/{{image}}/members/{A}", (SHARED, 200), {"status": "accepted"}, JSON,
        **MEMBERS, malformed=(*BROKEN, {}, {"status": "yes"}, {"status": []}), wrong_type="text/plain", glance_wrong_type=200),
    Row("withdraw", "DELETE", f"/v2/images/{{image}}/members/{C}", (IMAGE, 204), **MEMBERS),
)  # fmt: skip
NAMES = {"ids": lambda row: row.name}


def sent(ask, row, image, *, body=None, media_type=None, token="of-a"):
    """Send a row's request about an image."""
    body = row.body if body is None else body
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    kind = row.media_type if media_type is None else media_type
    headers = {name: value for name, value in (("X-Auth-Token", token), ("Content-Type", kind)) if value}
    return ask(row.path.format(image=image), headers, row.method, raw)
