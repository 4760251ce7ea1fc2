"""``GET /v2/images/{id}`` and the API versions."""

import json

import pytest
from helpers import in_process, make_app, shared_app, token_of

A, B, V2 = "a" * 32, "b" * 32, "http://localhost/v2/"
CATALOG = {
    "project": A,
    "credentials": {"tokens": [token_of("of-a", A), token_of("of-b", B), token_of("admin", B, "admin")]},
    "images": [
        {"id": "public", "name": "镜像", "__imagetype": "gold", "tags": ["a=b"], "colour": "blue"},
        {"id": "private", "owner": A},
        {"id": "accepted", "owner": B, "members": {A: "accepted"}},
        {"id": "rejected", "owner": B, "members": {A: "rejected"}},
        {"id": "hidden", "owner": B},
        {"id": "community", "owner": B, "visibility": "community"},
        {"id": "unregistered", "owner": A, "__isregistered": "false"},
        {"id": "queued", "owner": A, "status": "queued"},
        {"id": "killed", "owner": A, "status": "killed"},
        {"id": "deleted", "owner": A, "status": "deleted"},
        {"id": "a/b ü%", "owner": A},
    ],
}


@pytest.fixture(scope="module")
def ask():
    return in_process(make_app(CATALOG))


@pytest.mark.parametrize("name", ["public", "private", "accepted"])
def test_an_image_is_shown_as_it_is_listed(ask, name):
    (listed,) = ask(f"/v2/images?id={name}").json["images"]
    answer = ask(f"/v2/images/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json == listed


FREE = {
    "boolean": False, "integer": 0, "number": 1.5, "text": "false", "list": [], "null_in_list": [None],
    "mapping": {"url": "x", "metadata": {"is_ready": True, "n": 1}},
}  # fmt: skip
TYPED = {"id": "typed", "__imagetype": "gold", "os_hidden": False, "__system_support_market": False, **FREE}


@pytest.fixture
def ask_typed(profile):
    return in_process(shared_app({"images": [TYPED, {"id": "plain"}]}, profile=profile))


def test_attributes_keep_their_json_types_in_every_response(ask_typed):
    older, newer = ({**FREE, "os_hidden": False}, {**FREE, "__system_support_market": False})
    paths = {"/v2/images?id=typed": older, "/v2/images/typed": older, "/v2/cloudimages?id=typed": newer}
    for path, expected in paths.items():
        answer = ask_typed(path).json
        shown = answer["images"][0] if "images" in answer else answer
        found = {name: shown[name] for name in TYPED if name in shown and name not in ("id", "__imagetype")}
        assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)  # 0 is not False


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        *(("boolean=false", True), ("boolean=False", False), ("boolean=0", False), ("integer=0", True)),
        *(("integer=0.0", False), ("number=1.5", True), ("text=false", True), ("list=%5B%5D", True), ("list=", False)),
        ("mapping=%7B%22url%22: %22x%22, %22metadata%22: %7B%22is_ready%22: true, %22n%22: 1%7D%7D", True),
        *(("os_hidden=false", True), ("os_hidden=False", True), ("os_hidden=True", False), ("os_hidden=bogus", False)),
        *(("__system_support_market=false", True), ("__system_support_market=0", False)),
    ],
)
@pytest.mark.parametrize("path", ["/v2/images", "/v2/cloudimages"])
def test_other_types_than_text_are_filtered_by_their_json(ask_typed, path, query, matches):
    assert ask_typed(f"{path}?{query}").ids == ["typed"] * matches


SEEN = {
    "of-a": ["public", "private", "accepted", "rejected", "unregistered", "queued", "killed"],
    "of-b": ["public", "accepted", "rejected", "hidden", "community"],
    "admin": [image["id"] for image in CATALOG["images"] if image["id"] not in ("deleted", "a/b ü%")],
}


@pytest.mark.parametrize("token", SEEN)
@pytest.mark.parametrize("auth", ["on", "off"])
def test_who_may_see_an_image_is_shown_it(token, auth):
    ask = in_process(make_app(CATALOG, auth=auth))
    names = [image["id"] for image in CATALOG["images"] if image["id"] != "a/b ü%"]
    shown = [name for name in names if ask(f"/v2/images/{name}", {"X-Auth-Token": token}).status == 200]
    assert shown == SEEN[token]


def test_a_community_image_is_shown_to_all_of_queens_and_a_member_a_shared_one(ask):
    assert ask("/v2/images/community").status == 404
    assert ask("/v2/images/community", {"X-Api-Version": "Q"}).status == 200
    assert ask("/v2/images/rejected").json["visibility"] == "shared"
    assert ask("/v2/images/rejected", {"X-Project-Id": B}).json["visibility"] == "private"


@pytest.mark.parametrize(("name", "code"), [("%20", "IMG.0027"), ("x" * 5000, "IMG.0027"), ("private/nothing", None)])
def test_an_odd_id_is_a_404(ask, name, code):
    answer = ask(f"/v2/images/{name}")
    assert (answer.status, answer.json.get("error", {}).get("code")) == (404, code)


def test_the_versions_are_open_to_all(profile):
    ask, links = in_process(make_app("empty", auth="on", profile=profile)), [{"rel": "self", "href": V2}]
    rows = (("v2.2", "CURRENT"), ("v2.1", "SUPPORTED"), ("v2.0", "SUPPORTED"))
    versions = [{"id": version, "status": status, "links": links} for version, status in rows]
    for path, status in {"/": 300, "/v2": 300, "/v2/": 300, "/versions": 200}.items():
        assert (ask(path).status, ask(path).json) == (status, {"versions": versions})
    assert (ask("/v2.1").status, ask("/v2.1").json) == (300, {"versions": [versions[1]]})
    for path in ("/v1", "/v2.3", "/v2.1/", "/versions/"):
        assert ask(path).status == 404


def test_base_properties_without_a_value_are_null_in_glance_and_absent_in_the_service(profile):
    base = ("name", "size", "checksum", "disk_format", "container_format")
    unset = {"id": "1", "owner": A, **dict.fromkeys(base)}
    ask = in_process(make_app({"project": A, "images": [unset]}, profile=profile))
    (listed,) = ask("/v2/images").json["images"]
    expected = dict.fromkeys(base) if profile == "glance" else {}
    for shown in (listed, ask("/v2/images/1").json):
        assert {name: shown[name] for name in base if name in shown} == expected
    (cloud,) = ask("/v2/cloudimages").json["images"]
    assert not set(base) & set(cloud)
