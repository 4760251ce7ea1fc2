"""The catalog in the control API: shown, replaced, extended and kept as snapshots."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import in_process, make_app, over_socket, send_json

from ims_mock.emulator import MAX_SNAPSHOTS
from ims_mock.web.control.bodies import MAX_IMAGES

NOW = "2023-11-13T08:00:00Z"
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
SECRETS = ("the-token", "the-secret", "the-security-token", "the-password")
FULL = {
    "project": "pa",
    "clock": NOW,
    "projects": [{"id": "pa", "name": "cn-east-3_a"}, {"id": "pb", "domain": "other"}],
    "credentials": {
        "tokens": [{"token": SECRETS[0], "project": "pa", "roles": [], "expires": "2030-01-01T00:00:00Z"}],
        "keys": [{"access": "AK", "secret": SECRETS[1], "project": "pb", "security_token": SECRETS[2]}],
        "users": [{"name": "me", "password": SECRETS[3], "project": "pa", "roles": ["admin"]}],
    },
    "images": [
        {"id": "one", "name": "1.10", "tags": ["a=b", "x"], "members": {"pb": "pending"}, "free": "~"},
        {"id": "two", "min_disk": 0, "tags": None, "__os_type": None, "owner": None, "created_at": None},
        {"id": "gone", "status": "deleted"},
    ],
}


@pytest.fixture
def app():
    return make_app(FULL)


def send(ask, method, path, value=b"", headers=None):
    return send_json(ask, method, f"/_ims/{path}", value, headers)


def held(emulator):
    images = {image.id: (dict(image.values), dict(image.members)) for image in emulator.catalog}
    store = emulator.credentials
    return images, store.default_project, store.projects, store.tokens, store.keys, store.users, emulator.clock


def message(answer, status=400):
    """Return the message of an error, after checking its status."""
    assert (answer.status, answer.json["error"]["code"]) == (status, status)
    return answer.json["error"]["message"]


@pytest.mark.parametrize("catalog", [FULL, "default", "edge-cases", "empty"])
@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_the_shown_catalog_loads_as_the_same_images(catalog, kind):
    app = make_app(catalog)
    ask, emulator = in_process(app), app.extensions["ims_mock"]
    before = held(emulator)
    shown = ask("/_ims/catalog", {"Accept": kind})
    assert shown.headers["Content-Type"] == kind
    assert send(ask, "PUT", "catalog", {"images": [{"id": "another"}]}).json == {"images": 1, "warnings": []}
    assert held(emulator) != before
    answer = send(ask, "PUT", "catalog", shown.body, {"Content-Type": kind})
    assert answer.json["images"] == len(before[0])
    assert held(emulator) == before


def test_a_catalog_with_many_problems_is_answered_with_the_first_ones(ask):
    wrong, odd = ({"images": [{"min_disk": size}] * 60} for size in ("x", 0))
    assert message(send(ask, "PUT", "catalog", wrong)).splitlines()[-1] == "and 10 more errors"
    lines = send(ask, "PATCH", "catalog", odd).json["warnings"]
    assert (len(lines), lines[-1]) == (51, "and 10 more warnings")


def test_warnings_are_reported_wherever_a_catalog_or_an_image_is_loaded(ask):
    odd = {"images": [{"id": "new", "min_disk": 0}]}
    reports = [
        send(ask, "PUT", "catalog", odd),
        send(ask, "PATCH", "catalog", {"images": [{"min_disk": 0}]}),
        send(ask, "PUT", "images/new", {"min_disk": 0}),
        send(ask, "POST", "sandboxes", {"catalog": odd}),
    ]
    lines = [line.partition(" ")[2] for answer in reports for line in answer.json["warnings"]]
    assert lines == ["images[0].min_disk: warning: 0 is not 1 to 1024 GB"] * 4
    assert "warnings" not in ask("/_ims/images/new").json


@pytest.mark.slow
def test_other_requests_are_answered_while_a_catalog_is_loaded():
    body = json.dumps({"images": [{"id": str(number)} for number in range(20_000)] + [{"id": "0"}]}).encode()
    with over_socket(make_app("empty")) as ask, ThreadPoolExecutor() as threads:
        loading, began, times = threads.submit(ask, "/_ims/catalog", JSON, "PUT", body), time.monotonic(), []
        while not loading.done():
            started = time.monotonic()
            assert ask("/_ims/health").status == 200
            times.append(time.monotonic() - started)
    assert len(times) > 3
    assert max(times) < (time.monotonic() - began) / 2
    assert loading.result().status == 400


def test_secrets_are_masked_and_a_mask_is_valid_as_long_as_the_server_has_the_secret(emulator, ask):
    text = ask("/_ims/catalog").text
    assert [secret for secret in SECRETS if secret in text] == []
    assert '"AK"' in text
    assert text == ask("/_ims/catalog").text
    send(ask, "POST", "sandboxes", {})
    send(ask, "PUT", "catalog", {"credentials": {"tokens": [{"token": "a-new-token", "project": "p"}]}})
    shown = ask("/_ims/catalog").body
    send(ask, "POST", "snapshots", {"name": "one"})
    send(ask, "PUT", "catalog", {})
    assert send(ask, "PUT", "catalog", shown).status == 200
    assert emulator.credentials.tokens[0].token == "a-new-token"
    send(ask, "PUT", "catalog", {})
    send(ask, "DELETE", "snapshots/one")
    assert "is a mask of no secret" in send(ask, "PUT", "catalog", shown).text


def test_a_catalog_is_replaced_until_the_reset(emulator, ask):
    before = held(emulator)
    assert send(ask, "PUT", "catalog", {"project": "pc", "images": [{"name": "n"}]}).json["images"] == 1
    assert ask("/v2/images").json["images"][0]["name"] == "n"
    assert {"images": 1, "project": "pc"}.items() <= ask("/_ims/health").json.items()
    assert ask("/_ims/clock").json["is_frozen"] is False
    assert send(ask, "POST", "reset").status == 204
    assert held(emulator) == before


def test_a_catalog_is_added_to(emulator, ask):
    added = {
        "projects": [{"id": "pc"}],
        "credentials": {"tokens": [{"token": "another", "project": "pc"}]},
        "images": [{"name": "n"}, {"name": "old", "created_at": "1 day ago"}],
        "generate": [{"count": 2, "seed": 7}],
    }
    assert send(ask, "PATCH", "catalog", added).json["images"] == 7
    new = {image.text("name"): image for image in emulator.catalog}
    assert (new["n"].get("created_at"), new["n"].get("owner")) == (NOW, "pa")
    assert new["old"].get("created_at") == "2023-11-12T08:00:00Z"
    assert {"one", "two", "gone"} < {image.id for image in emulator.catalog}
    assert [*emulator.credentials.projects] == ["pa", "pb", "pc"]
    assert [one.token for one in emulator.credentials.tokens] == [SECRETS[0], "another"]
    assert (emulator.credentials.default_project, emulator.clock.wire()) == ("pa", NOW)
    ids = {image.id for image in emulator.catalog}
    send(ask, "POST", "reset")
    send(ask, "PATCH", "catalog", added | {"project": "pb", "clock": "2024-01-01T00:00:00Z"})
    assert {image.id for image in emulator.catalog} == ids
    assert (emulator.credentials.default_project, emulator.clock.wire()) == ("pb", "2024-01-01T00:00:00Z")


def test_ids_of_removed_images_can_be_used_again(ask):
    send(ask, "PUT", "catalog", {"images": [{"name": "a"}, {"name": "b"}, {"name": "c"}]})
    first = ask("/_ims/catalog").json["images"][0]["id"]
    assert ask(f"/_ims/images/{first}", method="DELETE").status == 204
    assert send(ask, "PATCH", "catalog", {"images": [{}, {}], "generate": [{"count": 2}]}).json["images"] == 6


WRONG = b"""images:
- min_disk: forty
- id: one
- created_at: tomorrow
credentials: {tokens: [{project: pa}]}
"""


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_every_problem_of_a_catalog_is_named(emulator, ask, method):
    before = held(emulator)
    said = message(send(ask, method, "catalog", WRONG, YAML))
    assert "catalog:2: images[0].min_disk: 'forty' is not a whole number of 64 bits" in said
    assert "catalog:4: images[2].created_at: 'tomorrow' is not a time" in said
    assert "credentials.tokens[0].token: is missing" in said
    assert held(emulator) == before


UNKNOWN_MASK = {"credentials": {"tokens": [{"token": "masked-0123456789abcdef", "project": "pa"}]}}
WRONG_NAMES = ("", "x" * 256, 5, ".", "..")
TAKEN = "id: 'one' is also the id of an image of the catalog that is added to"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PATCH", "catalog", b"", "Use a catalog in JSON or YAML"),
        ("PATCH", "catalog", b"{", "not JSON"),
        ("PATCH", "catalog", b"[]", "it must be a mapping"),
        ("PATCH", "catalog", b'"/etc/passwd"', "it must be a mapping"),
        ("PATCH", "catalog", b'{"image": []}', "did you mean images?"),
        ("PATCH", "catalog", {"images": [{"id": "one"}]}, f"images[0].{TAKEN}"),
        ("PATCH", "catalog", {"generate": [{"count": 1, "set": {"id": "one"}}]}, f"generate[0].set.{TAKEN}"),
        ("PATCH", "catalog", UNKNOWN_MASK, "credentials.tokens[0].token: is a mask of no secret that is known here"),
        ("PUT", "images/one", {"min_disk": "forty"}, "min_disk: 'forty' is not a whole number"),
        ("PUT", "images/one", {"id": "other"}, "Use one, or leave it out"),
        ("PUT", "images/one", [], "Use a mapping of attributes to values"),
        ("PUT", "images/one", b"{", "line 1: not JSON"),
        *(("POST", "snapshots", body, "Use ") for body in ({}, [], *({"name": name} for name in WRONG_NAMES))),
        *(
            (
                method,
                "catalog",
                {"images": [None] * written, "generate": [{"count": count} for count in counts]},
                f"{path}: {written + sum(counts)} images would be loaded; at most {MAX_IMAGES}",
            )
            for method in ("PUT", "PATCH")
            for written, counts, path in (
                (0, [10_000_000], "generate[0].count"),
                (0, [60_000, 40_001], "generate[1].count"),
                (MAX_IMAGES + 1, [], "images"),
                (2, [MAX_IMAGES - 1], "generate[0].count"),
            )
        ),
    ],
)
def test_a_wrong_body_is_an_error_and_changes_nothing(emulator, ask, method, path, body, words):
    before = held(emulator)
    assert words in message(send(ask, method, path, body))
    assert held(emulator) == before


def test_an_image_is_shown_as_it_is_stored(ask):
    assert ask("/_ims/images/one").json["members"] == {"pb": "pending"}
    assert ask("/_ims/images/gone").json["status"] == "deleted"
    assert ask("/_ims/images/two").json["owner"] is None
    assert ask("/_ims/images/one", {"Accept": "text/yaml"}).text.startswith("id: one\n")


def test_an_unknown_image_or_snapshot_is_a_404(emulator, ask):
    emulator.snapshot("s")
    for method in ("GET", "DELETE"):
        assert message(ask("/_ims/images/nosuch", method=method), 404) == "Image 'nosuch' not found."
    for method, path in (("POST", "snapshots/t/restore"), ("DELETE", "snapshots/t")):
        assert message(ask(f"/_ims/{path}", method=method), 404) == "Snapshot 't' not found. Use s."


@pytest.mark.parametrize("image_id", ["one", "two", "gone", "new", "a/b", "%E9%95%9C"])
def test_an_image_is_put_in_any_state(ask, image_id):
    shown = send(ask, "PUT", f"images/{image_id}", {"status": "killed", "protected": True}).json
    assert "warnings" not in shown
    assert (shown["status"], shown["protected"], shown["owner"]) == ("killed", True, "pa")
    assert shown["created_at"] == NOW
    assert ask(f"/_ims/images/{image_id}").json == shown
    assert send(ask, "PUT", f"images/{image_id}", shown).json == shown
    assert ask(f"/_ims/images/{image_id}", method="DELETE").status == 204
    assert ask(f"/_ims/images/{image_id}").status == 404


def test_a_replaced_image_keeps_its_data_and_membership_times(app, ask):
    send(ask, "PUT", "catalog", {"clock": NOW, "project": "pa"})
    path = ask("/v2/images", JSON, "POST", b'{"name": "n", "__os_version": "CentOS 7.6 64bit"}').json["self"]
    image = path.rpartition("/")[2]
    assert ask(f"{path}/file", {"Content-Type": "application/octet-stream"}, "PUT", b"data").status == 204
    send(ask, "PUT", "clock", {"advance": 5})
    member = ask(f"{path}/members", JSON, "POST", b'{"member": "pb"}').json
    shown = ask(f"/_ims/images/{image}").json
    send(ask, "PUT", f"images/{image}", {**shown, "name": "other"})
    assert ask(f"{path}/file").body == b"data"
    assert ask(f"{path}/members").json["members"] == [member]
    assert ask(path).json["name"] == "other"


def test_snapshots_are_restored_replaced_removed_and_bounded(emulator, ask):
    path = "snapshots/a%2Fb%20%E9%95%9C%E5%83%8F"
    send(ask, "PATCH", "catalog", {"images": [{"id": "new"}], "clock": "2024-01-01T00:00:00Z"})
    before = emulator.state
    assert send(ask, "POST", "snapshots", {"name": "a/b 镜像"}).json == {"name": "a/b 镜像"}
    assert ask("/_ims/snapshots").json == {"snapshots": ["a/b 镜像"]}
    for _ in range(2):
        send(ask, "POST", "reset")
        assert ask("/_ims/images/new").status == 404
        assert send(ask, "POST", f"{path}/restore").status == 204
        assert emulator.state is before
    send(ask, "PUT", "catalog", {})
    assert send(ask, "POST", "snapshots", {"name": "a/b 镜像"}).status == 201
    send(ask, "POST", "reset")
    send(ask, "POST", f"{path}/restore")
    assert ask("/_ims/health").json["images"] == 0
    assert ask(f"/_ims/{path}", method="DELETE").status == 204
    assert ask("/_ims/snapshots").json == {"snapshots": []}
    for number in range(MAX_SNAPSHOTS):
        emulator.snapshot(str(number))
    assert send(ask, "POST", "snapshots", {"name": "more"}).status == 429
    assert send(ask, "POST", "snapshots", {"name": "7"}).status == 201


def test_no_write_is_lost_among_additions(app, emulator):
    def write(name):
        for number in range(20):
            send(in_process(app), "PATCH", "catalog", {"images": [{"name": f"{name}{number}"}]})
            send(in_process(app), "PUT", f"images/{name}{number}", {})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    assert len(emulator.catalog) == 3 + 4 * 40


@pytest.mark.parametrize(
    ("headers", "legal", "more", "words"),
    [
        (JSON, b'{"images": [{}, {}%b]}', b", {}", "up to 8 values, by its commas and brackets; at"),
        (YAML, b"images:\n- a: 1\n- b: 2%b", b"\n- {}", "more than 6 values"),
    ],
)
def test_a_request_has_a_limited_number_of_values(ask, monkeypatch, headers, legal, more, words):
    monkeypatch.setattr("ims_mock.web.control.bodies.MAX_VALUES", 6)
    assert ask("/_ims/catalog", headers, "PUT", legal % b"").status == 200
    assert words in message(ask("/_ims/catalog", headers, "PUT", legal % more))
