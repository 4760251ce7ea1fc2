"""What clients may write to an image: the names of its properties, and its tags one by one."""

import pytest

from ims_mock.writes.validation import MAX_TAGS

A, B = "a" * 32, "b" * 32
CATALOG = {
    "project": A,
    "clock": "2030-01-01T00:00:00Z",
    "images": [
        {"id": "image", "owner": A, "tags": ["old"]},
        {"id": "full", "owner": A, "tags": [str(number) for number in range(MAX_TAGS)]},
    ],
}


@pytest.mark.parametrize(
    ("written", "tag"),
    [("a=b", "a=b"), ("a%3Db", "a=b"), ("%E9%95%9C", "镜"), ("a%20b", "a b"), ("x" * 255, "x" * 255)],
)
def test_an_added_tag_is_found(ask, written, tag):
    assert ask(f"/v2/images/image/tags/{written}", method="PUT").status == 204
    image = ask("/v2/images/image").json
    assert (image["tags"], image["updated_at"]) == (["old", tag], "2030-01-01T00:00:00Z")
    assert ask(f"/v2/images?tag={written.replace('=', '%3D')}").ids == ["image"]


def test_adding_a_tag_twice_changes_nothing(ask):
    before = ask("/v2/images/image").body
    assert ask("/v2/images/image/tags/old", method="PUT").status == 204
    assert ask("/v2/images/image").body == before


def test_a_tag_can_be_removed(ask):
    assert ask("/v2/images/image/tags/old", method="DELETE").status == 204
    assert ask("/v2/images/image").json["tags"] == []
    assert ask("/v2/images?tag=old").ids == []
    assert ask("/v2/images/image/tags/old", method="DELETE").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "glance", "code"),
    [
        ("DELETE", "image/tags/absent", 404, 404, "IMG.0115"),
        ("PUT", f"image/tags/{'x' * 256}", 400, 400, "IMG.0115"),
        ("PUT", "full/tags/new", 400, 413, "IMG.0116"),
    ],
)
def test_invalid_tags_are_rejected(ask, profile, method, path, status, glance, code):
    answer = ask(f"/v2/images/{path}", method=method)
    if profile == "glance":
        assert answer.status == glance
    else:
        assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_the_number_of_tags_is_limited(ask):
    assert ask("/v2/images/full/tags/7", method="PUT").status == 204
