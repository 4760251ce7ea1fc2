"""The members of an image: offered by the owner, decided by the member."""

import pytest
from helpers import send_json

from ims_mock.writes.members import MAX_MEMBERS

A, B, C, D = "a" * 32, "b" * 32, "c" * 32, "d" * 32
MANY = {f"{number:032x}": "pending" for number in range(MAX_MEMBERS)}
CATALOG = {
    "project": A,
    "clock": "2030-01-01T00:00:00Z",
    "credentials": {"tokens": [{"token": "admin", "project": D, "roles": ["admin"]}, {"token": "a", "project": A}]},
    "images": [
        {
            "id": "image", "owner": A, "visibility": "shared", "created_at": "2020-01-01T00:00:00Z",
            "members": {B: "accepted", C: "rejected"},
        },
        {"id": "private", "owner": A},
        {"id": "encrypted", "owner": A, "visibility": "shared", "__system__cmkid": "key"},
        {"id": "full", "owner": A, "visibility": "shared", "members": MANY},
        {"id": "public", "owner": A, "visibility": "public", "members": {B: "accepted"}},
    ],
}  # fmt: skip


def sent(ask, method, path, body=None, project=A, **headers):
    headers = {"X-Project-Id": project, **headers}
    return send_json(ask, method, f"/v2/images/{path}", b"" if body is None else body, headers)


def members_of(ask, project=A, image="image", **headers):
    answer = sent(ask, "GET", f"{image}/members", project=project, **headers)
    assert answer.status == 200, answer.text
    return {member["member_id"]: member["status"] for member in answer.json["members"]}


def test_a_membership_is_pending_until_it_is_accepted(ask):
    answer = sent(ask, "POST", "image/members", {"member": D})
    assert (answer.status, answer.json) == (200, {
        "member_id": D, "image_id": "image", "status": "pending", "schema": "/v2/schemas/member",
        "created_at": "2030-01-01T00:00:00Z", "updated_at": "2030-01-01T00:00:00Z",
    })  # fmt: skip
    for status, default in (("pending", []), ("accepted", ["image"]), ("rejected", []), ("pending", [])):
        decided = sent(ask, "PUT", f"image/members/{D}", {"status": status, "vault_id": "for a whole server"}, D)
        assert (decided.status, decided.json["status"]) == (200, status)
        shared = ask("/v2/images?visibility=shared", {"X-Project-Id": D})
        assert shared.ids == default
        found = ask(f"/v2/images?visibility=shared&member_status={status}", {"X-Project-Id": D})
        assert found.ids == ["image"]
        assert ask("/v2/images/image", {"X-Project-Id": D}).status == 200


def test_a_removed_member_no_longer_sees_the_image(ask):
    assert sent(ask, "DELETE", f"image/members/{B}").status == 204
    assert members_of(ask) == {C: "rejected"}
    assert ask("/v2/images/image", {"X-Project-Id": B}).status == 404
    assert sent(ask, "GET", f"image/members/{B}").status == 404


@pytest.mark.parametrize(
    ("project", "known"), [(A, {B: "accepted", C: "rejected"}), (B, {B: "accepted"}), (C, {C: "rejected"})]
)
def test_a_member_sees_only_itself(ask, project, known):
    assert members_of(ask, project) == known
    for member in (B, C):
        assert sent(ask, "GET", f"image/members/{member}", project=project).status == (200 if member in known else 404)
    assert members_of(ask, D, **{"X-Auth-Token": "admin"}) == {B: "accepted", C: "rejected"}


def test_a_membership_of_a_catalog_is_as_old_as_its_image(ask):
    member = sent(ask, "GET", f"image/members/{B}").json
    assert (member["created_at"], member["updated_at"]) == ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z")
    decided = sent(ask, "PUT", f"image/members/{B}", {"status": "rejected"}, B).json
    assert (decided["created_at"], decided["updated_at"]) == ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
    assert ask("/v2/images/image").json["updated_at"] == "2020-01-01T00:00:00Z"


REFUSALS = [
    # who, what, and the refusal: status, code, Glance's status and sentence
    (A, "POST", "image/members", {"member": B}, 409, "IMG.0112", 409, f"Member {B} is duplicated for image image"),
    (A, "POST", "public/members", {"member": C}, 403, "IMG.0089", 403, "Error fetching members of image public: Pub"),
    (A, "POST", "full/members", {"member": B}, 400, "IMG.0088", 413, "Image member limit exceeded for image full"),
    (B, "POST", "image/members", {"member": D}, 403, "IMG.0026", 403, "Not allowed to create members for image image."),
    (A, "POST", "image/members", {"member": ""}, 400, "IMG.0001", 400, "Member can't be empty"),
    (A, "POST", "image/members", {"project": B}, 400, "IMG.0001", 400, "Member to be added not specified"),
    (A, "PUT", f"image/members/{B}", {"status": "rejected"}, 403, "IMG.0026", 403, "Not allowed to update members for"),
    (A, "PUT", f"image/members/{D}", {"status": "rejected"}, 404, "IMG.0108", 404, f"{D} not found in the member list"),
    (B, "PUT", f"image/members/{C}", {"status": "accepted"}, 404, "IMG.0108", 404, f"{C} not found in the member list"),
    (B, "PUT", f"image/members/{B}", {"status": "yes"}, 400, "IMG.0001", 400, "Incorrect request: Status must be"),
    (B, "PUT", f"image/members/{B}", {}, 400, "IMG.0001", 400, "Status not specified"),
    (B, "DELETE", f"image/members/{B}", None, 403, "IMG.0026", 403, "Not allowed to delete members for image image."),
    (A, "DELETE", f"image/members/{D}", None, 404, "IMG.0108", 404, f"{D} not found in the member list of the image"),
    (D, "GET", "image/members", None, 404, "IMG.0027", 404, "Image image not found."),
]


@pytest.mark.parametrize(("project", "method", "path", "body", "status", "code", "glance", "sentence"), REFUSALS)
def test_errors_of_members_have_their_codes(ask, profile, project, method, path, body, status, code, glance, sentence):
    before = members_of(ask)
    answer = sent(ask, method, path, body, project)
    if profile == "glance":
        assert (answer.status, sentence in answer.text) == (glance, True)
    else:
        assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert members_of(ask) == before


def test_the_service_has_additional_rules(ask, profile):
    own = sent(ask, "POST", "image/members", {"member": A})
    encrypted = sent(ask, "POST", "encrypted/members", {"member": B})
    if profile == "glance":
        assert (own.status, encrypted.status) == (200, 200)
    else:
        refusals = [(one.status, one.json["error"]["code"]) for one in (own, encrypted)]
        assert refusals == [(400, "IMG.0076"), (400, "IMG.0098")]


def test_admins_can_set_any_member_status(ask):
    admin = {"X-Auth-Token": "admin"}
    assert sent(ask, "PUT", f"image/members/{C}", {"status": "accepted"}, D, **admin).json["status"] == "accepted"
    assert sent(ask, "POST", "private/members", {"member": B}, D, **admin).status == 200
    assert sent(ask, "DELETE", f"image/members/{B}", None, D, **admin).status == 204


def test_only_shared_images_have_members_in_queens(ask, profile):
    answer = sent(ask, "POST", "private/members", {"member": B}, **{"X-Api-Version": "Q"})
    assert answer.status == (403 if profile == "glance" else 200)
    assert sent(ask, "POST", "image/members", {"member": D}, **{"X-Api-Version": "Q"}).status == 200
