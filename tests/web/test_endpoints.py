"""Every endpoint around the list, one row each: done, not found, forbidden, a wrong body, a wrong media type.

Each is asked in both profiles, in process and over a socket.
"""

import pytest
from endpoint_cases import CATALOG, GONE, HIDDEN, IMAGE, JSON, NAMES, OLD_PATCH, PATCH, ROWS, WRITING, A, Row, sent
from helpers import in_process, make_app, over_socket


@pytest.fixture(params=["in process", "over a socket"])
def ask(request, profile):
    """Ask a fresh emulator that needs credentials, for project A unless told otherwise."""
    app = make_app(CATALOG, auth="on", profile=profile)
    if request.param == "in process":
        yield in_process(app)
        return
    with over_socket(app) as asked:
        yield asked


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
