"""Every endpoint around the list, one row each: done, not found, forbidden, a wrong body, a wrong media type.

Each is asked in both profiles, in process and over a socket.
"""

import json
from dataclasses import dataclass

import pytest
from helpers import in_process, make_app, over_socket

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
        "tokens": [
            {"token": "of-a", "project": A},
            {"token": "of-b", "project": B},
            {"token": "reader", "project": A, "roles": ["reader"]},
            {"token": "admin", "project": C, "roles": ["admin"]},
        ]
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
    """One endpoint: how it is asked, what it answers, and how it refuses.

    ``path`` holds ``{image}``; ``done`` is the id and the status of a success, ``forbidden`` the id and the code of an
    image that is the caller's to see and not to touch; ``hidden`` the code where there is no such image.
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
    malformed: tuple[tuple[object, int, str], ...] = ()
    wrong_type: str = ""
    glance_wrong_type: int = 415


BROKEN = ((b"{", 400, "IMG.0001"), (b"", 400, "IMG.0007"), (b"\xff", 400, "IMG.0001"), ("text", 400, "IMG.0001"))
FOREIGN = "The image is another project's"
ROWS = (
    Row("show", "GET", "/v2/images/{image}", (IMAGE, 200)),
    Row("create", "POST", "/v2/images", (IMAGE, 201), {"name": "new"}, JSON,
        malformed=(*BROKEN, ([], 400, "IMG.0001"), ({"min_disk": "1"}, 400, "IMG.0001"), ({"colour": 1}, 400, "IMG.0001")),
        wrong_type="text/plain", glance_wrong_type=201),
    Row("patch", "PATCH", "/v2/images/{image}", (IMAGE, 200), [{"op": "replace", "path": "/name", "value": "new"}], PATCH,
        forbidden=(SHARED, "IMG.0026", "You are not permitted to modify 'name' on this image."),
        says="Failed to find image {image} to update",
        malformed=(*BROKEN, ({}, 400, "IMG.0001"), ([{}], 400, "IMG.0001"), ([1], 400, "IMG.0001")), wrong_type=JSON),
    Row("old patch", "PATCH", "/v2/images/{image}", (IMAGE, 200), [{"replace": "/name", "value": "new"}], OLD_PATCH,
        forbidden=(SHARED, "IMG.0026", "You are not permitted to modify 'name' on this image."),
        says="Failed to find image {image} to update",
        malformed=(*BROKEN, ([{"replace": "/name"}], 400, "IMG.0001"), ([{"op": "add", "path": "/a", "value": ""}], 400, "IMG.0001")),
        wrong_type="application/json-patch+json"),
    Row("delete", "DELETE", "/v2/images/{image}", (IMAGE, 204), hidden="IMG.0144",
        says="Failed to find image {image} to delete",
        forbidden=(SHARED, "IMG.0026", "You are not permitted to delete this image.")),
    Row("upload", "PUT", "/v2/images/{image}/file", (QUEUED, 204), b"data", DATA,
        forbidden=(SHARED, "IMG.0026", "You are not permitted to upload data for this image."), wrong_type=JSON),
    Row("download", "GET", "/v2/images/{image}/file", (IMAGE, 204)),
    Row("tag", "PUT", "/v2/images/{image}/tags/new", (IMAGE, 204), says="Image {image} not found.",
        forbidden=(SHARED, "IMG.0026", "You are not permitted to modify tags on this image.")),
    Row("untag", "DELETE", "/v2/images/{image}/tags/there", (IMAGE, 204), says="Image {image} not found.",
        forbidden=(SHARED, "IMG.0026", "You are not permitted to modify tags on this image.")),
    Row("members", "GET", "/v2/images/{image}/members", (IMAGE, 200), says="Image {image} not found.",
        forbidden=(PUBLIC, "IMG.0089", "Public images do not have members.")),
    Row("share", "POST", "/v2/images/{image}/members", (IMAGE, 200), {"member": B}, JSON, says="Image {image} not found.",
        forbidden=(SHARED, "IMG.0026", f"Not allowed to create members for image {SHARED}."),
        malformed=(*BROKEN, ({}, 400, "IMG.0001"), ({"member": ""}, 400, "IMG.0001"), ({"member": 1}, 400, "IMG.0001")),
        wrong_type="text/plain", glance_wrong_type=200),
    Row("member", "GET", f"/v2/images/{{image}}/members/{C}", (IMAGE, 200), says="Image {image} not found.",
        forbidden=(PUBLIC, "IMG.0089", "Public images do not have members.")),
    Row("decide", "PUT", f"/v2/images/{{image}}/members/{A}", (SHARED, 200), {"status": "accepted"}, JSON,
        says="Image {image} not found.", forbidden=(PUBLIC, "IMG.0089", "Public images do not have members."),
        malformed=(*BROKEN, ({}, 400, "IMG.0001"), ({"status": "yes"}, 400, "IMG.0001"), ({"status": []}, 400, "IMG.0001")),
        wrong_type="text/plain", glance_wrong_type=200),
    Row("withdraw", "DELETE", f"/v2/images/{{image}}/members/{C}", (IMAGE, 204), says="Image {image} not found.",
        forbidden=(PUBLIC, "IMG.0089", "Public images do not have members.")),
)  # fmt: skip
WRITING = [row for row in ROWS if row.method != "GET"]
NAMES = {"ids": lambda row: row.name}


@pytest.fixture(params=["in process", "over a socket"])
def ask(request, profile):
    """Ask a fresh emulator that needs credentials, for project A unless told otherwise."""
    app = make_app(CATALOG, auth="on", profile=profile)
    if request.param == "in process":
        yield in_process(app)
        return
    with over_socket(app) as asked:
        yield asked


def sent(ask, row, image, *, body=None, media_type=None, token="of-a"):
    """Send a row's request about an image."""
    body = row.body if body is None else body
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    kind = row.media_type if media_type is None else media_type
    headers = {"X-Auth-Token": token} | ({"Content-Type": kind} if kind else {})
    return ask(row.path.format(image=image), headers, row.method, raw)


def refused(answer, profile, status, code, sentence=""):
    """Check a refusal: the code of the service, or the sentence of Glance."""
    assert answer.status == status, answer.text
    if profile == "documented":
        assert answer.json["error"].keys() == {"code", "message"}
        assert answer.json["error"]["code"] == code
    else:
        assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert sentence in answer.text
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_it_is_done(ask, row):
    """With the documented status; a list of the images still answers."""
    image, status = row.done
    answer = sent(ask, row, image)
    assert answer.status == status, answer.text
    assert bool(answer.body) == (status != 204)
    assert ("Content-Type" in answer.headers) == (status != 204)
    assert ask("/v2/images", {"X-Auth-Token": "of-a"}).status == 200


@pytest.mark.parametrize("row", [row for row in ROWS if "{image}" in row.path], **NAMES)
@pytest.mark.parametrize("image", [HIDDEN, GONE, "nobody"])
def test_what_is_not_there_for_the_caller_is_not_found(ask, profile, row, image):
    """Hidden, deleted or unknown: nobody learns which."""
    answer = sent(ask, row, image)
    refused(answer, profile, 404, row.hidden, row.says.format(image=image))


@pytest.mark.parametrize("row", [row for row in ROWS if row.forbidden], **NAMES)
def test_what_is_not_the_callers_to_touch_is_forbidden(ask, profile, row):
    """A member only looks on; a public image has no members."""
    image, code, sentence = row.forbidden
    refused(sent(ask, row, image), profile, 403, code, sentence)


@pytest.mark.parametrize("row", WRITING, **NAMES)
def test_a_reader_writes_nothing(ask, profile, row):
    """Where credentials are needed; the gateway refuses."""
    answer = sent(ask, row, row.done[0], token="reader")
    assert answer.status == 403
    if profile == "documented":
        assert answer.json["error_code"] == "APIGW.0302"


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_without_credentials_nothing_is_answered(ask, profile, row):
    """Whatever the body."""
    answer = ask(row.path.format(image=row.done[0]), {"Content-Type": row.media_type or JSON}, row.method, b"{")
    assert answer.status == 401
    if profile == "documented":
        assert answer.json["error_code"] == "APIGW.0301"


MALFORMED = [(row, wrong) for row in ROWS for wrong in row.malformed]


@pytest.mark.parametrize(
    ("row", "wrong"), MALFORMED, ids=lambda one: one.name if isinstance(one, Row) else repr(one[0])
)
def test_a_wrong_body_is_refused(ask, profile, row, wrong):
    """It is named, and nothing is changed."""
    body, status, code = wrong
    before = ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body
    refused(sent(ask, row, row.done[0], body=body), profile, status, code)
    assert ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body == before


@pytest.mark.parametrize("row", [row for row in ROWS if row.wrong_type], **NAMES)
def test_a_wrong_media_type_is_refused(ask, profile, row):
    """With what is legal; Glance takes any body for JSON but a patch and data."""
    answer = sent(ask, row, row.done[0], media_type=row.wrong_type)
    if profile == "glance" and row.glance_wrong_type != 415:
        assert answer.status == row.glance_wrong_type
        return
    refused(answer, profile, 415, "IMG.0001", "Content-Type is")
    if row.method == "PATCH":
        assert answer.headers["Accept-Patch"] == f"{OLD_PATCH}, {PATCH}"


@pytest.mark.parametrize("row", [row for row in ROWS if row.path.count("/") > 2], **NAMES)
def test_a_slash_at_the_end_leads_nowhere(ask, profile, row):
    """Above all not to a redirect, which the vendor's client takes for a success."""
    headers = {"X-Auth-Token": "of-a", "Content-Type": row.media_type or JSON}
    answer = ask(row.path.format(image=row.done[0]) + "/", headers, row.method, b"{}")
    assert answer.status == 404


def test_glance_names_the_methods_of_each_path(profile):
    """In the header Allow; the gateway says nothing."""
    ask = in_process(make_app(CATALOG, profile=profile))
    for path, methods in {
        "/v2/images": "GET, POST",
        f"/v2/images/{IMAGE}": "DELETE, GET, PATCH",
        f"/v2/images/{IMAGE}/file": "GET, PUT",
        f"/v2/images/{IMAGE}/tags/a": "DELETE, PUT",
        f"/v2/images/{IMAGE}/members": "GET, POST",
        f"/v2/images/{IMAGE}/members/{A}": "DELETE, GET, PUT",
    }.items():
        for method in ("TRACE", "HEAD", "OPTIONS"):
            answer = ask(path, method=method)
            assert answer.status == (405 if profile == "glance" else 404)
            assert answer.headers.get("Allow") == (methods if profile == "glance" else None)
