"""Every endpoint beside the list, one row each: success, not found, forbidden, a wrong body, a wrong media type."""

from dataclasses import replace

import pytest
from endpoint_cases import CATALOG, GONE, HIDDEN, IMAGE, NAMES, OLD_PATCH, PATCH, ROWS, A, sent
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
def test_a_hidden_deleted_or_unknown_image_is_not_found(ask, profile, row):
    for image in (HIDDEN, GONE, "nobody"):
        assert_error(sent(ask, row, image), profile, 404, row.hidden, row.says.format(image=image))


@pytest.mark.parametrize("row", [row for row in ROWS if row.forbidden], **NAMES)
def test_members_may_not_change_an_image_and_public_images_have_no_members(ask, profile, row):
    image, code, sentence = row.forbidden
    assert_error(sent(ask, row, image), profile, 403, code, sentence)


@pytest.mark.parametrize("row", ROWS, **NAMES)
def test_missing_credentials_are_a_401_and_a_reader_may_not_write(ask, profile, row):
    refused = [(401, "APIGW.0301", sent(ask, row, row.done[0], body=b"{", token=""))]
    if row.method != "GET":
        refused.append((403, "APIGW.0302", sent(ask, row, row.done[0], token="reader")))
    for status, code, answer in refused:
        assert answer.status == status
        assert profile == "glance" or answer.json["error_code"] == code


@pytest.mark.parametrize("row", [row for row in ROWS if row.malformed], **NAMES)
def test_a_wrong_body_is_an_error_and_changes_nothing(ask, profile, row):
    before = ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body
    for body in row.malformed:
        assert_error(sent(ask, row, row.done[0], body=body), profile, 400, "IMG.0007" if body == b"" else "IMG.0001")
        assert ask("/v2/images?limit=1000", {"X-Auth-Token": "admin"}).body == before, body


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
def test_a_trailing_slash_is_a_404_and_not_a_redirect(ask, row):
    assert sent(ask, replace(row, path=f"{row.path}/"), row.done[0]).status == 404


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
