"""Every endpoint beside the list, one row each: success, not found, forbidden, a wrong body, a wrong media type."""

import pytest
from endpoint_cases import CATALOG, GONE, HIDDEN, IMAGE, JSON, NAMES, OLD_PATCH, PATCH, ROWS, A, Row, sent
from helpers import in_process, over_socket, shared_app


@pytest.fixture
def app(profile):
    return shared_app(CATALOG, auth="on", profile=profile)


def assert_error(answer, profile, status, code, sentence=""):
    assert answer.status == status, answer.text
    if profile == "documented":
        assert answer.json["error"].keys() == {"code", "message"}
        assert answer.json["error"]["code"] == code
    else:
        assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert sentence in answer.text
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_a_valid_request_succeeds(app, emulator, row):
    image, status = row.done
    with over_socket(app) as over:
        for ask in (in_process(app), over):
            answer = sent(ask, row, image)
            assert answer.status == status, answer.text
            assert bool(answer.body) == (status != 204)
            assert ("Content-Type" in answer.headers) == (status != 204)
            emulator.reset()


@pytest.mark.parametrize("row", [row for row in ROWS if "{image}" in row.path], **NAMES)
@pytest.mark.parametrize("image", [HIDDEN, GONE, "nobody"])
def test_a_hidden_deleted_or_unknown_image_is_not_found(ask, profile, row, image):
    answer = sent(ask, row, image)
    assert_error(answer, profile, 404, row.hidden, row.says.format(image=image))


@pytest.mark.parametrize("row", [row for row in ROWS if row.forbidden], **NAMES)
def test_members_may_not_change_an_image_and_public_images_have_no_members(ask, profile, row):
    image, code, sentence = row.forbidden
    assert_error(sent(ask, row, image), profile, 403, code, sentence)


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_missing_credentials_are_a_401(ask, profile, row):
    answer = sent(ask, row, row.done[0], body=b"{", token="")
    assert answer.status == 401
    assert profile == "glance" or answer.json["error_code"] == "APIGW.0301"


@pytest.mark.parametrize("row", [row for row in ROWS if row.method != "GET"], **NAMES)
def test_a_reader_may_not_write(ask, profile, row):
    answer = sent(ask, row, row.done[0], token="reader")
    assert answer.status == 403
    assert profile == "glance" or answer.json["error_code"] == "APIGW.0302"


MALFORMED = [(row, wrong) for row in ROWS for wrong in row.malformed]
in_words = {"ids": lambda one: one.name if isinstance(one, Row) else repr(one[0])}


@pytest.mark.parametrize(("row", "wrong"), MALFORMED, **in_words)
def test_a_wrong_body_is_an_error_and_changes_nothing(ask, profile, row, wrong):
    body, status, code = wrong
    before = ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body
    assert_error(sent(ask, row, row.done[0], body=body), profile, status, code)
    assert ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body == before


@pytest.mark.parametrize("row", [row for row in ROWS if row.wrong_type], **NAMES)
def test_a_wrong_media_type_is_a_415(ask, profile, row):
    answer = sent(ask, row, row.done[0], media_type=row.wrong_type)
    if profile == "glance" and row.glance_wrong_type != 415:
        assert answer.status == row.glance_wrong_type
        return
    assert_error(answer, profile, 415, "IMG.0001", "Unsupported Content-Type")
    if row.method == "PATCH":
        assert answer.headers["Accept-Patch"] == f"{OLD_PATCH}, {PATCH}"


@pytest.mark.parametrize("row", [row for row in ROWS if row.path.count("/") > 2], **NAMES)
def test_a_trailing_slash_is_a_404_and_not_a_redirect(ask, profile, row):
    headers = {"X-Auth-Token": "of-a", "Content-Type": row.media_type or JSON}
    answer = ask(row.path.format(image=row.done[0]) + "/", headers, row.method, b"{}")
    assert answer.status == 404


def test_glance_lists_the_allowed_methods(profile):
    ask = in_process(shared_app(CATALOG, profile=profile))
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
