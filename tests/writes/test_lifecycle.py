"""How images come into being, get tags, and go."""

import pytest
from helpers import in_process, send_json, shared_app, token_of

from ims_mock.catalog.image import image_id
from ims_mock.contract.operating_systems import SYSTEMS
from ims_mock.writes.validation import MAX_TAGS

A, B = "a" * 32, "b" * 32
TAKEN = "11111111-0000-4000-8000-000000000000"
CATALOG = {
    "project": A,
    "clock": "2030-01-01T00:00:00Z",
    "credentials": {"tokens": [token_of("of-a", A), token_of("of-b", B), token_of("admin", B, "admin")]},
    "images": [
        {"id": TAKEN, "owner": A},
        {"id": "public", "__imagetype": "gold"},
        {"id": "unprotected", "__imagetype": "gold", "protected": False},
        {"id": "own-public", "owner": A, "visibility": "public", "protected": False},
        {"id": "protected", "owner": A, "protected": True},
        {"id": "shared", "owner": B, "visibility": "shared", "members": {A: "accepted"}},
        {"id": "mine", "owner": A, "members": {B: "accepted"}, "tags": ["a"]},
        {"id": "ownerless", "owner": None},
        {"id": "tagged", "owner": A, "tags": ["old"]},
        {"id": "full", "owner": A, "tags": [str(number) for number in range(MAX_TAGS)]},
    ],
}


@pytest.fixture
def documented():
    return in_process(shared_app(CATALOG))


@pytest.fixture
def glance():
    return in_process(shared_app(CATALOG, profile="glance"))


def create(ask, values, token="of-a", **headers):
    return send_json(ask, "POST", "/v2/images", values, {"X-Auth-Token": token, **headers})


def error(answer):
    return answer.status, answer.json["error"]["code"]


def test_a_new_image_has_the_defaults_of_the_service(documented):
    answer = create(documented, {})
    image = answer.json
    assert answer.status == 201
    expected = {
        "name": "", "status": "queued", "visibility": "private", "protected": False, "owner": A, "tags": [],
        "min_ram": 0, "min_disk": 40, "container_format": "bare", "disk_format": "zvhd2", "virtual_size": None,
        "__imagetype": "private", "__isregistered": "true", "__image_size": "0", "__image_source_type": "uds",
        "virtual_env_type": "FusionCompute", "__os_version": "Other Linux(64 bit)", "__os_type": "Linux",
        "__os_bit": "64", "created_at": "2030-01-01T00:00:00Z", "updated_at": "2030-01-01T00:00:00Z",
    }  # fmt: skip
    assert {name: image[name] for name in expected} == expected
    assert not {"size", "checksum", "active_at"} & image.keys()


def test_a_new_image_has_the_defaults_of_glance(glance):
    image = create(glance, {"name": "x"}).json
    assert (image["status"], image["visibility"], image["min_disk"], image["min_ram"]) == ("queued", "private", 0, 0)
    assert not [name for name in image if name.startswith("__")]
    assert create(glance, {}, **{"X-Api-Version": "Q"}).json["visibility"] == "shared"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.os_version)
def test_the_operating_system_follows_from_its_version(documented, system):
    image = create(documented, {"__os_version": system.os_version}).json
    assert {name: image[name] for name in system.attributes} == system.attributes


def test_given_attributes_are_kept(ask):
    given = {
        "name": "镜像 1", "min_ram": 1024, "min_disk": 60, "disk_format": "qcow2", "container_format": "bare",
        "protected": True, "tags": ["b", "a", "b"], "colour": "", "__os_version": "CentOS 7.3 64bit", "x" * 255: "y",
    }  # fmt: skip
    image = create(ask, given).json
    assert {name: image[name] for name in given} == {**given, "tags": ["b", "a"]}


def test_a_new_image_is_listed_and_shown_at_once(ask):
    answer = create(ask, {"name": "new", "container_format": "bare"})
    assert answer.headers["Location"] == f"http://localhost{answer.json['self']}"
    assert ask("/v2/images?name=new").json["images"] == [answer.json]
    assert ask(answer.json["self"]).json == answer.json
    assert ask("/v2/images?name=new", {"X-Project-Id": B}).ids == []
    assert ask(answer.json["self"], {"X-Project-Id": B}).status == 404
    assert ask("/v2/images?limit=1").ids == [answer.json["id"]]


def test_a_request_without_a_host_creates_no_image(ask):
    before = ask("/v2/images?limit=1000").ids
    assert create(ask, {"name": "new"}, Host="").status == 400
    assert ask("/v2/images?limit=1000").ids == before


def test_ids_are_derived_as_in_a_catalog_file(documented):
    number = len(CATALOG["images"])
    assert [create(documented, {}).json["id"] for _ in range(2)] == [image_id(0, number), image_id(0, number + 1)]


def test_clients_of_glance_can_choose_the_id(glance):
    own = "22222222-0000-4000-8000-000000000000"
    assert create(glance, {"id": own}).json["id"] == own
    taken = create(glance, {"id": TAKEN})
    assert (taken.status, f"Image ID {TAKEN} already exists!" in taken.text) == (409, True)
    assert create(glance, {"id": "no-uuid"}).status == 400


REFUSED = {
    (403, "IMG.0026"): [
        {"id": "22222222-0000-4000-8000-000000000000"}, {"status": "active"}, {"created_at": "2018-09-06T14:03:27Z"},
        {"size": 1}, {"self": "/"}, {"deleted": "x"}, {"locations": []}, {"members": {}}, {"__imagetype": "gold"},
        {"__isregistered": "false"}, {"__image_size": "1"}, {"active_at": "2018-09-06T14:03:27Z"},
        {"active_at": "yesterday"}, {"owner": B}, {"visibility": "public"}, {"visibility": "shared"},
    ],
    (400, "IMG.0001"): [
        {"visibility": "bogus"}, {"name": None}, {"name": 1}, {"name": "\ud800"}, {"min_ram": True}, {"min_ram": 1.5},
        {"protected": "true"}, {"tags": "a"}, {"tags": [1]}, {"container_format": "docker"}, {"colour": None},
        {"colour": {"a": 1}}, {"colour": "x" * 65_537}, {"": "x"}, {"\ud800": "x"}, {"x" * 256: "x"},
    ],
    (400, "IMG.0002"): [{"name": "x" * 129}],
    (400, "IMG.0003"): [{"name": " x"}, {"name": "a/b"}],
    (400, "IMG.0004"): [{"__description": "x" * 1025}],
    (400, "IMG.0054"): [{"__description": "<b>"}],
    (400, "IMG.0055"): [{"min_disk": -1}, {"min_ram": 2**31}],
    (400, "IMG.0056"): [{"__os_type": "BeOS"}],
    (400, "IMG.0072"): [{"disk_format": "vhdx"}],
    (400, "IMG.0115"): [{"tags": ["x" * 256]}, {"tags": [""]}],
    (400, "IMG.0116"): [{"tags": [str(number) for number in range(129)]}],
    (400, "IMG.0141"): [{"hw_firmware_type": "openfirmware"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "refusal"),
    [(one, refusal) for refusal in REFUSED for one in REFUSED[refusal]],
    ids=lambda one: repr(one)[:40],
)
def test_invalid_attributes_are_rejected(documented, values, refusal):
    before = documented("/v2/images").body
    answer = create(documented, values)
    assert error(answer) == refusal
    assert len(answer.text) < 1000
    assert documented("/v2/images").body == before


@pytest.mark.parametrize(
    ("values", "status", "sentence"),
    [
        ({"status": "active"}, 403, "Attribute 'status' is read-only."),
        ({"deleted": "x"}, 403, "Attribute 'deleted' is reserved."),
        ({"direct_url": "x"}, 403, "Attribute 'direct_url' is read-only."),
        ({"owner": B}, 403, f"You are not permitted to create images owned by '{B}'."),
        ({"visibility": "public"}, 403, "You are not authorized to complete this action."),
        ({"visibility": "shared"}, 400, "visibility"),
        ({"name": "x" * 256}, 400, "name"),
        ({"disk_format": "tar"}, 400, "disk_format"),
        ({"tags": [str(number) for number in range(129)]}, 413, "Attempted: 129, Maximum: 128"),
    ],
)
def test_glance_rejects_invalid_attributes(glance, values, status, sentence):
    answer = create(glance, values)
    assert (answer.status, sentence in answer.text) == (status, True)


@pytest.mark.parametrize("values", [{"name": " a/b<>"}, {"name": None}, {"__imagetype": "gold"}, {"tags": [""]}])
def test_glance_accepts_more_values(glance, values):
    image = create(glance, values).json
    assert {name: image.get(name) for name in values} == values


@pytest.mark.parametrize("name", ["disk_format", "container_format"])
def test_every_value_of_the_published_schema_is_accepted(ask, name):
    values = ask("/v2/schemas/image").json["properties"][name]["enum"]
    accepted = [create(ask, {name: value}).json.get(name) for value in values]
    assert accepted == values


@pytest.mark.parametrize(("version", "visibility"), [("Q", "shared"), ("Q", "community"), ("M", "private")])
def test_legal_visibilities_depend_on_the_release(glance, version, visibility):
    assert create(glance, {"visibility": visibility}, **{"X-Api-Version": version}).json["visibility"] == visibility


def test_admins_can_set_owner_and_visibility(ask):
    image = create(ask, {"visibility": "public", "owner": A}, "admin").json
    assert (image["visibility"], image["owner"]) == ("public", A)
    assert ask(image["self"]).status == 200


def test_admins_can_set_attributes_of_the_service(documented):
    image = create(documented, {"__imagetype": "gold"}, "admin").json
    assert (image["visibility"], image["protected"]) == ("public", True)


def test_clients_can_repeat_values_of_the_service(documented):
    assert create(documented, {"__imagetype": "private", "__isregistered": "true", "__image_size": "0"}).status == 201


def delete(ask, image, token="of-a", body=b"", **headers):
    return ask(f"/v2/images/{image}", {"X-Auth-Token": token, **headers}, "DELETE", body)


def test_only_the_record_of_a_deleted_image_is_left(documented):
    assert delete(documented, "mine").status == 204
    for token in ("of-a", "of-b", "admin"):
        assert documented("/v2/images/mine", {"X-Auth-Token": token}).status == 404
        assert "mine" not in documented("/v2/images", {"X-Auth-Token": token}).ids
    assert error(delete(documented, "mine")) == (404, "IMG.0144")
    (image,) = documented("/v2/images?status=deleted").json["images"]
    assert (image["id"], image["status"], image["updated_at"]) == ("mine", "deleted", "2030-01-01T00:00:00Z")
    assert documented("/v2/images?status=deleted", {"X-Project-Id": B}).ids == []
    assert documented("/v2/images?status=deleted&marker=mine").ids == []


def test_glance_never_lists_deleted_images(glance):
    own = "22222222-0000-4000-8000-000000000000"
    create(glance, {"id": own})
    assert delete(glance, own).status == 204
    assert glance("/v2/images?status=deleted").ids == []
    assert create(glance, {"id": own}).status == 409


@pytest.mark.parametrize(
    ("image", "token", "code", "sentence"),
    [
        ("protected", "of-a", "IMG.0028", "Image protected is protected and cannot be deleted."),
        ("protected", "admin", "IMG.0028", "Image protected is protected and cannot be deleted."),
        ("public", "of-a", "IMG.0094", "You are not permitted to delete this image."),
        ("public", "admin", "IMG.0028", "Image public is protected and cannot be deleted."),
        ("unprotected", "of-a", "IMG.0094", "You are not permitted to delete this image."),
        ("own-public", "of-a", "IMG.0094", None),
        ("shared", "of-a", "IMG.0026", "You are not permitted to delete this image."),
        ("ownerless", "of-a", "IMG.0026", "You are not permitted to delete this image."),
    ],
)
def test_deletions_are_rejected(documented, glance, image, token, code, sentence):
    assert error(delete(documented, image, token)) == (403, code)
    assert documented(f"/v2/images/{image}", {"X-Auth-Token": token}).status == 200
    answer = delete(glance, image, token)
    assert answer.status == (403 if sentence else 204)  # in Glance, owners can delete public images
    assert (sentence or "") in answer.text


@pytest.mark.parametrize(("image", "token"), [("unprotected", "admin"), ("shared", "admin"), ("shared", "of-b")])
def test_owners_and_admins_can_delete(ask, image, token):
    assert delete(ask, image, token).status == 204


@pytest.mark.parametrize("body", [b"", b"{}", b'{"delete_backup": true}', b'{"delete_backup": false}'])
def test_delete_backup_is_accepted(ask, body):
    assert delete(ask, "mine", body=body, **{"Content-Type": "application/json"}).status == 204


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"delete_backup": "yes"}'])
def test_an_invalid_body_deletes_nothing(ask, profile, body):
    answer = delete(ask, "mine", body=body, **{"Content-Type": "application/json"})
    assert answer.status == (400 if profile == "documented" else 204)
    if profile == "documented":
        assert error(answer) == (400, "IMG.0001")
        assert error(delete(ask, "mine", body=b"{}", **{"Content-Type": "text/plain"})) == (415, "IMG.0001")


# --- tags


@pytest.mark.parametrize(
    ("written", "tag"),
    [("a=b", "a=b"), ("a%3Db", "a=b"), ("%E9%95%9C", "镜"), ("a%20b", "a b"), ("x" * 255, "x" * 255)],
)
def test_an_added_tag_is_found(ask, written, tag):
    assert ask(f"/v2/images/tagged/tags/{written}", method="PUT").status == 204
    image = ask("/v2/images/tagged").json
    assert (image["tags"], image["updated_at"]) == (["old", tag], "2030-01-01T00:00:00Z")
    assert ask(f"/v2/images?tag={written.replace('=', '%3D')}").ids == ["tagged"]


@pytest.mark.parametrize(("image", "tag"), [("tagged", "old"), ("full", "7")])
def test_adding_a_tag_twice_changes_nothing(ask, image, tag):
    before = ask(f"/v2/images/{image}").body
    assert ask(f"/v2/images/{image}/tags/{tag}", method="PUT").status == 204
    assert ask(f"/v2/images/{image}").body == before


def test_a_tag_can_be_removed(ask):
    assert ask("/v2/images/tagged/tags/old", method="DELETE").status == 204
    assert ask("/v2/images/tagged").json["tags"] == []
    assert ask("/v2/images?tag=old").ids == []


@pytest.mark.parametrize(
    ("method", "path", "status", "glance", "code"),
    [
        ("DELETE", "tagged/tags/absent", 404, 404, "IMG.0115"),
        ("PUT", f"tagged/tags/{'x' * 256}", 400, 400, "IMG.0115"),
        ("PUT", "full/tags/new", 400, 413, "IMG.0116"),
    ],
)
def test_invalid_tags_are_rejected(ask, profile, method, path, status, glance, code):
    answer = ask(f"/v2/images/{path}", method=method)
    if profile == "glance":
        assert answer.status == glance
    else:
        assert (answer.status, answer.json["error"]["code"]) == (status, code)
