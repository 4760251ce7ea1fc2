"""Sandboxes on a shared server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import in_process, make_app, over_socket, send_json
from login_helpers import login_body

from ims_mock.auth import signature as signing
from ims_mock.contract.values import parse_wire_time
from ims_mock.journal.walks import LEFT_SANDBOX
from ims_mock.sandboxes import MAX_SANDBOXES, Sandboxes

NOW = "2023-11-13T08:00:00Z"

CATALOG = {
    "project": "pa",
    "clock": NOW,
    "projects": [{"id": "pa", "name": "cn-east-3"}],
    "images": [{"id": f"image-{number}", "name": "n"} for number in range(3)],
}
PATH = "/_ims/sandboxes"


@pytest.fixture
def app():
    return make_app(CATALOG)


def make(ask, **asked):
    answer = post(ask, PATH, asked)
    assert answer.status == 201, answer.text
    return answer.json


def prefix(made):
    return made["url"][made["url"].index("/_ims/") :]


def post(ask, path, value, headers=None):
    return send_json(ask, "POST", path, value, headers)


def count(ask, path="", **headers):
    return len(ask(f"{path}/v2/images", headers).ids)


def test_a_sandbox_is_selected_by_url_or_credentials(ask):
    made = make(ask)
    assert post(ask, f"{prefix(made)}/v2/images", {"name": "mine"}).status == 201
    assert post(ask, "/v2/images", {"name": "mine too"}, {"X-Auth-Token": made["token"]}).status == 201
    assert (count(ask), count(ask, prefix(made)), count(ask, **{"X-Auth-Token": made["token"]})) == (3, 5, 5)
    assert ask(f"{prefix(made)}/_ims/health").json["images"] == 5
    assert ask("/_ims/health", {"X-Auth-Token": made["token"]}).json["images"] == 3


def test_links_are_relative_to_the_base_url(ask):
    made = make(ask)
    page = ask(f"{prefix(made)}/v2/images?limit=1").json
    assert {page[name].partition("?")[0] for name in ("first", "next")} == {"/v2/images"}
    for path in ("", "/", "/versions"):
        versions = ask(prefix(made) + path).json["versions"]
        assert {one["links"][0]["href"] for one in versions} == {f"{made['url']}/v2/"}
    answer = post(ask, f"{prefix(made)}/v2/images", {"name": "mine"})
    assert answer.headers["Location"] == made["url"] + answer.json["self"]
    catalog = ask(f"{prefix(made)}/v3/auth/catalog").json["catalog"]
    assert {one["url"] for service in catalog for one in service["endpoints"]} == {made["url"], f"{made['url']}/v3"}
    assert ask(f"{prefix(made)}/v3").json["version"]["links"][0]["href"] == f"{made['url']}/v3/"


def test_image_that_only_a_sandbox_knows_is_explained(profile):
    app = make_app(CATALOG, profile=profile)
    ask = in_process(app)
    made = make(ask, catalog={"images": [{"id": "inside"}]})
    paths = ("images?marker=inside", "cloudimages?marker=inside", "images/inside", "images/inside/members")
    unknown = [*(ask(f"/v2/{path}") for path in paths), ask("/v2/images/inside", method="DELETE")]
    for answer, entry in zip(unknown, app.extensions["ims_mock"].journal.entries(), strict=True):
        assert answer.status in (400, 404)
        hint = "; a sandbox has this image: links begin with /v2/, so append them to the URL of the sandbox"
        assert hint in entry.message
        assert hint in answer.text
    if profile == "glance":
        assert "\n\nNo image found with ID inside; a sandbox has" in unknown[0].text
    for target, headers in [
        ("/v2/images?marker=nowhere", {}),
        (f"{prefix(made)}/v2/images?marker=image-0", {}),
        ("/v2/images?marker=nowhere", {"X-Auth-Token": made["token"]}),
        ("/_ims/images/inside", {}),
        ("/v2/images/inside/tags", {}),
    ]:
        assert "a sandbox" not in ask(target, headers).text


def test_walk_that_stops_early_in_a_sandbox_may_have_left_it(ask):
    made = make(ask)
    ask(f"{prefix(made)}/v2/images?limit=1")
    ask("/v2/images?limit=2", {"X-Auth-Token": made["token"]})
    ask("/v2/images?limit=1")
    causes = [
        remark["cause"]
        for path in (prefix(made), "")
        for walk in ask(f"{path}/_ims/walks").json["walks"]
        for remark in walk["remarks"]
        if remark["name"] == "stopped-early"
    ]
    assert causes == [LEFT_SANDBOX, "", ""]


def test_a_sandbox_behind_a_proxy_has_both_prefixes():
    ask = in_process(make_app(CATALOG, forwarded="on"))
    headers = {"X-Forwarded-Host": "front.test", "X-Forwarded-Prefix": "/a b"}
    made = ask(PATH, headers, "POST").json
    assert made["url"] == f"http://front.test/a%20b{PATH}/{made['id']}"
    version = ask(f"{prefix(made)}/versions", headers).json["versions"][0]
    assert version["links"][0]["href"] == f"{made['url']}/v2/"


def test_its_credentials_work_with_any_catalog(ask):
    made = make(ask, auth="on")
    token = {"X-Auth-Token": made["token"]}
    assert ask(f"{prefix(made)}/v2/images").status == 401
    for method, path, body in (
        ("GET", "health", b""),
        ("PUT", "catalog", {"project": "pb", "images": [{"id": "x"}]}),
        ("PATCH", "catalog", {"images": [{"id": "y"}]}),
        ("PUT", "images/y", {}),
        ("POST", "snapshots", {"name": "s"}),
        ("POST", "reset", b""),
        ("POST", "snapshots/s/restore", b""),
    ):
        assert send_json(ask, method, f"{prefix(made)}/_ims/{path}", body).status < 300
        seen = ask(f"{prefix(made)}/v2/images", token)
        assert (seen.status, seen.ids) == (200, ask("/v2/images", token).ids)
    assert seen.ids == ["y", "x"]
    shown = ask(f"{prefix(made)}/_ims/catalog").json
    assert [one["token"] for one in shown["credentials"]["tokens"]] != [made["token"]]
    assert len(shown["credentials"]["tokens"]) == 1


@pytest.mark.parametrize("is_inside", [True, False])
def test_signatures_verify(ask, is_inside):
    made = make(ask, auth="on", catalog={"project": "pa", "clock": NOW, "images": [{"id": "x"}]})
    now = parse_wire_time(NOW)
    for base, status in (("", 401), (prefix(made), 200)) if is_inside else (("", 200), (prefix(made), 401)):
        headers = {"host": "localhost", "x-sdk-date": signing.format_date(now)}
        sent = signing.SignedRequest("GET", f"{base}/v2/images", "limit=2", headers, lambda: b"", 0)
        canonical = signing.canonical_request(sent, sorted(headers))
        signature = canonical.signature(headers["x-sdk-date"], made["secret_key"])
        authorization = f"Access={made['access_key']}, SignedHeaders=host;x-sdk-date, Signature={signature}"
        target = f"{prefix(made) if is_inside else ''}/v2/images?limit=2"
        answer = ask(target, {**headers, "Authorization": f"SDK-HMAC-SHA256 {authorization}"})
        assert answer.status == status
        assert status == 401 or answer.ids == ["x"]


def test_uploads_stream_and_other_bodies_do_not(app):
    with over_socket(app) as ask:
        made = make(ask)
        path = prefix(made) + post(ask, f"{prefix(made)}/v2/images", {"name": "mine"}).json["self"]
        data = bytes(20 * 2**20)
        assert ask(f"{path}/file", {"Content-Type": "application/octet-stream"}, "PUT", data).status == 204
        assert ask(path).json["size"] == len(data)
        assert post(ask, f"{prefix(made)}/v2/images", {"name": "x" * 17 * 2**20}).status == 413
        catalog = {"images": [{"id": f"{number}", "free": "x" * 60_000} for number in range(350)]}
        assert send_json(ask, "PUT", f"{prefix(made)}/_ims/catalog", catalog).status == 200
        assert len(ask(f"{prefix(made)}/_ims/catalog").body) > 20 * 2**20
        assert count(ask, prefix(make(ask, catalog=catalog))) == 25
        again = {"catalog": {**catalog, "images": catalog["images"][:290]}}
        assert send_json(ask, "PUT", prefix(made), again).status == 200
        assert ask(f"{prefix(made)}/_ims/health").json["images"] == 290


def test_a_sandbox_has_the_requested_catalog_or_that_of_the_server(ask):
    answer = ask(PATH, method="POST")
    assert answer.status == 201
    assert sorted(answer.json) == ["access_key", "expires", "id", "project", "secret_key", "token", "url", "warnings"]
    url = f"http://localhost{PATH}/{answer.json['id']}"
    assert (answer.json["url"], answer.json["project"], answer.json["expires"]) == (url, "pa", 3600)
    made = make(ask, catalog={"project": "pb", "images": [{"name": "a", "__os_version": 1.5}]}, generate=2, seed=7)
    shown = ask(f"{prefix(made)}/_ims/catalog").json
    assert (made["project"], len(shown["images"]), shown["images"][0]["__os_version"]) == ("pb", 3, "1.5")
    assert ask(f"{prefix(make(ask, catalog='document-sample'))}/_ims/health").json["images"] == 3
    assert ask(f"{prefix(make(ask, generate=2))}/_ims/health").json["images"] == 5
    assert make(ask, project="pc")["project"] == "pc"


def test_a_sandbox_has_the_requested_options(ask):
    assert ask(f"{prefix(make(ask, profile='glance'))}/v2/images?limit=x").text.startswith("400 Bad Request")
    assert ask(f"{prefix(make(ask))}/v2/images?limit=x").json["error"]["code"] == "IMG.0017"
    assert ask(f"{prefix(make(ask, auth='on'))}/v2/images").status == 401
    around = in_process(make_app(CATALOG, auth="on", profile="glance", throttle="1/10"))
    inside = prefix(make(around))
    assert [around(f"{path}/v2/images").status for path in (inside, inside, "")] == [401, 429, 401]


def test_a_sandbox_is_replaced(ask):
    made = make(ask, catalog="empty")
    path, allowed = prefix(made), {"X-Auth-Token": made["token"]}
    post(ask, f"{path}/_ims/faults", {"effect": {"status": 503}})
    post(ask, f"{path}/_ims/snapshots", {"name": "one"})
    assert ask(f"{path}/v2/images").status == 503
    words = {"catalog": {"project": "pb", "images": [{"name": "anew"}]}, "auth": "on"}
    begun = send_json(ask, "PUT", path, words)
    assert (begun.status, begun.json) == (200, {**made, "project": "pb"})
    assert (ask(f"{path}/v2/images").status, count(ask, path, **allowed), count(ask, **allowed)) == (401, 1, 1)
    assert ask(f"{path}/_ims/snapshots").json == {"snapshots": []}
    assert len(ask(f"{path}/_ims/requests").json["requests"]) == 3
    assert ask(path, method="PUT").json == made | {"project": "pa"}
    assert count(ask, path) == 3
    ask(path, method="DELETE")
    assert ask(path, method="PUT").status == 404


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"catalogue": {}}, "catalogue is unknown. Use catalog, generate, seed, profile, auth, project, findings, "),
        ({"catalog": "/etc/passwd"}, "catalog is not a bundled catalog. Use the content of a catalog file, or one of"),
        ({"catalog": ["default"]}, "catalog is a list. Use the content"),
        ({"catalog": {"images": [{"min_disk": "x"}]}}, "catalog: images[0].min_disk: 'x' is not a whole number"),
        ({"generate": -1}, "Invalid request body: generate -1. Use a whole number from 0 to"),
        ({"generate": True}, "Invalid request body: generate True"),
        ({"generate": 100_001}, "Invalid request body: generate is 100001. Use at most 100000."),
        (
            {"generate": 1, "catalog": {"images": [None] * 100_000}},
            "images: 100000 images would be loaded; at most 99999",
        ),
        ({"generate": 1, "catalog": {"generate": [{"count": 100_000}]}}, "100000 images would be loaded; at most"),
        ({"seed": "x"}, "Invalid request body: seed 'x'"),
        ({"project": 5}, "Invalid request body: project 5. Use a text"),
        ({"profile": "nova"}, "profile 'nova'. Use 'documented' or 'glance'"),
        ({"findings_ignore": "old-speling"}, "no finding 'old-speling'. Did you mean old-spelling?"),
        ({"auth": True}, "Invalid request body: auth True. Use 'off' or 'on'"),
        ({"auth": "yes"}, "Invalid request body: auth 'yes'"),
        ({"expires": 0}, "Invalid request body: expires 0"),
        ({"expires": "1h"}, "Use a number from 0.001 to 604800"),
        ({"project": "\ud800"}, "project holds half a character"),
        ([], "the body is a list"),
    ],
)
def test_a_wrong_option_of_a_sandbox_is_named(ask, asked, words):
    answer = post(ask, PATH, asked)
    assert (answer.status, answer.json["error"]["code"]) == (400, 400)
    assert words in answer.json["error"]["message"]


def test_there_are_no_sandboxes_in_sandboxes(ask):
    made = make(ask)
    for path, method in ((PATH, "POST"), (PATH, "GET"), (f"{PATH}/{made['id']}", "DELETE")):
        answer = ask(prefix(made) + path, method=method)
        assert (answer.status, answer.json["error"]["code"]) == (404, 404)
    assert ask(f"{prefix(made)}{prefix(made)}/v2/images").status == 404


def test_sandboxes_are_isolated(ask):
    places = ["", *(prefix(make(ask)) for _ in range(2))]
    mine = places[1]
    post(ask, f"{mine}/v2/images", {"name": "mine"})
    send_json(ask, "PUT", f"{mine}/_ims/clock", {"now": "2030-01-01T00:00:00Z"})
    post(ask, f"{mine}/_ims/snapshots", {"name": "s"})
    assert post(ask, f"{mine}/_ims/faults", {"effect": {"status": 503}, "times": None}).status == 201
    seen = {
        place: (
            ask(f"{place}/v2/images").status,
            ask(f"{place}/_ims/health").json["images"],
            ask(f"{place}/_ims/clock").json["now"],
            ask(f"{place}/_ims/snapshots").json["snapshots"],
            [one["path"] for one in ask(f"{place}/_ims/requests").json["requests"]],
            len(ask(f"{place}/_ims/faults").json["faults"]),
        )
        for place in places
    }
    others = dict.fromkeys(("", places[2]), (200, 3, NOW, [], ["/v2/images"], 0))
    assert seen == {**others, mine: (503, 4, "2030-01-01T00:00:00Z", ["s"], ["/v2/images"] * 2, 1)}
    assert ask("/_ims/reset", method="POST").status == 204
    assert ask(f"{mine}/_ims/health").json["images"] == 4


LOGIN = login_body(scope={"project": {"id": "pa"}}, user="tester", password="secret", domain={"name": "testdomain"})


def test_an_issued_token_selects_its_sandbox(ask):
    made, other = make(ask, auth="on"), make(ask, auth="on")
    post(ask, f"{prefix(made)}/v2/images", {"name": "mine"}, {"X-Auth-Token": made["token"]})
    token = post(ask, f"{prefix(made)}/v3/auth/tokens", LOGIN).headers["X-Subject-Token"]
    own = post(ask, "/v3/auth/tokens", LOGIN).headers["X-Subject-Token"]
    assert count(ask, prefix(made), **{"X-Auth-Token": token}) == 4
    assert count(ask, **{"X-Auth-Token": token}) == 4
    assert count(ask, **{"X-Auth-Token": own}) == 3
    for base, foreign in ((other, token), (other, made["token"]), (made, own)):
        assert ask(f"{prefix(base)}/v2/images", {"X-Auth-Token": foreign}).status == 401
    assert ask("/v3/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token}).status == 200
    exchanged = post(ask, "/v3/auth/tokens", login_body(token=made["token"])).headers["X-Subject-Token"]
    assert exchanged.startswith(f"sandbox-{made['id']}.")
    assert ask("/v3/auth/projects", {"X-Auth-Token": exchanged}).json["projects"][0]["id"] == "pa"


def test_a_removed_sandbox_is_a_404(profile):
    ask = in_process(make_app(CATALOG, profile=profile))
    made = make(ask)
    authorization = f"SDK-HMAC-SHA256 Access={made['access_key']}, SignedHeaders=host;x-sdk-date, Signature=00"
    assert ask(prefix(made), method="DELETE").status == 204
    for target, headers in (
        (f"{prefix(made)}/v2/images", {}),
        (f"{prefix(made)}/_ims/health", {}),
        ("/v2/images", {"X-Auth-Token": made["token"]}),
        ("/v2/images", {"Authorization": authorization}),
    ):
        answer = ask(target, headers)
        assert answer.status == 404
        assert "it does not exist or has expired" in answer.text
    answer = ask(prefix(made), method="DELETE")
    assert (answer.status, answer.json["error"]["code"]) == (404, 404)


def test_unused_sandboxes_expire_and_the_others_are_listed_without_secrets(app, emulator, ask):
    now = [0.0]
    app.extensions["ims_mock.sandboxes"] = Sandboxes(emulator, lambda: now[0])
    first, unused, used = (make(ask, expires=expires) for expires in (100, 10, 10))
    for _ in range(3):
        now[0] += 9.5
        assert count(ask, prefix(used)) == 3
    now[0] += 0.5
    assert ask(prefix(unused)).status == 404
    answer = ask(PATH)
    listed = [(one["id"], one["age_seconds"], one["unused_seconds"]) for one in answer.json["sandboxes"]]
    assert listed == [(first["id"], 29, 29), (used["id"], 29, 0.5)]
    for name in ("token", "access_key", "secret_key"):
        assert first[name] not in answer.text
        assert used[name] not in answer.text
    now[0] += 9.5
    assert ask(prefix(used)).status == 404
    now[0] += 62
    make(ask)
    assert len(app.extensions["ims_mock.sandboxes"]) == 1
    assert ask(prefix(first)).status == 404


def test_sandboxes_are_bounded(app, emulator, ask):
    made = make(ask)
    boxes = app.extensions["ims_mock.sandboxes"]
    for _ in range(MAX_SANDBOXES - 1):
        boxes.create(emulator.initial, emulator.options, 10)
    answer = ask(PATH, method="POST")
    assert (answer.status, answer.json["error"]["code"]) == (429, 429)
    assert "delete one, or wait until unused ones expire. Use at most 1000" in answer.json["error"]["message"]
    assert ask(prefix(made), method="DELETE").status == 204
    assert ask(PATH, method="POST").status == 201


def test_a_sandbox_shares_the_catalog(app, emulator, ask):
    made = make(ask)
    inside = app.extensions["ims_mock.sandboxes"].emulator(made["id"])
    assert inside.catalog is emulator.catalog
    ask(f"{prefix(made)}/_ims/images/image-0", method="DELETE")
    assert len(inside.catalog) == len(emulator.catalog) - 1
    ask(f"{prefix(made)}/_ims/reset", method="POST")
    assert inside.catalog is emulator.catalog


def test_sandboxes_are_made_and_removed_concurrently(app):
    def live(number):
        ask = in_process(app)
        for round_ in range(12):
            made = make(ask)
            for image in range(3):
                post(ask, f"{prefix(made)}/v2/images", {"name": f"{number}-{round_}-{image}"})
            names = {one["name"] for one in ask("/v2/images", {"X-Auth-Token": made["token"]}).json["images"]}
            assert names == {"n", *(f"{number}-{round_}-{image}" for image in range(3))}
            assert ask(prefix(made), method="DELETE").status == 204
            assert count(ask) == 3

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(live, range(6)))
    assert len(app.extensions["ims_mock.sandboxes"]) == 0
