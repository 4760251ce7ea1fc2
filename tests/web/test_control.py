"""The control API: clock, requests, faults and its protection against foreign pages."""

import pytest
from helpers import in_process, make_app, send_json, shared_app

from ims_mock.web.app import app_for
from ims_mock.web.control.bodies import MEDIA_TYPES

CLOCK = "/_ims/clock"
NOW = "2023-11-13T08:00:00Z"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def ask():
    return in_process(shared_app({"clock": NOW}, auth="on", profile="glance"))


def put(ask, body):
    return send_json(ask, "PUT", CLOCK, body)


def test_the_clock_is_advanced(ask):
    for by, now in (
        ("PT1H", "2023-11-13T09:00:00Z"),
        ("P1DT30M", "2023-11-14T09:30:00Z"),
        ("-P1W", "2023-11-07T09:30:00Z"),
        ("PT1M30S", "2023-11-07T09:31:30Z"),
        (90, "2023-11-07T09:33:00Z"),
        (-3600.0, "2023-11-07T08:33:00Z"),
        ("PT0.5S", "2023-11-07T08:33:00Z"),
    ):
        assert put(ask, {"advance": by}).json["now"] == ask(CLOCK).json["now"] == now


def test_the_clock_is_set(ask):
    frozen = {"is_frozen": True, "ahead_seconds": 0}
    assert ask(CLOCK).json == {"now": NOW, **frozen}
    assert put(ask, {"now": "2030-01-01 00:00:00"}).json == {"now": "2030-01-01T00:00:00Z", **frozen}
    running = put(ask, {"now": "2040-01-01T00:00:00Z", "runs": True}).json
    assert running["now"][:16] == "2040-01-01T00:00"
    assert (running["is_frozen"], running["ahead_seconds"] > 10**8) == (False, True)
    assert put(ask, {"now": None}).json["ahead_seconds"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "the body has no key. Use now, now and runs, or advance"),
        ({"now": NOW, "advance": 5}, "the body has now and advance. Use now, now and runs, or advance"),
        ({"noww": NOW}, "the body has the unknown key 'noww'. Use now, now and runs, or advance"),
        ([], "the body is a list"),
        ({"now": "tomorrow"}, "now 'tomorrow' is not a time"),
        ({"advance": 5, "runs": True}, "the body has advance and runs. Use now, now and runs, or advance"),
        ({"now": None, "runs": False}, "Use nothing beside a now that is null"),
        ({"now": 5}, "now is a number. Use a time such as"),
        ({"now": NOW, "runs": "yes"}, "runs is a text. Use true or false"),
        *(({"advance": by}, "Use a duration such as PT1H") for by in ("1h", "P", "PT", "P1Y", "P1M", "", True, None)),
        ({"advance": "P9999999D"}, "leads out of the years 1 to 9999"),
        ({"advance": 1e300}, "Use a duration such as"),
        ({"advance": "P" + "9" * 400 + "D"}, "Use a duration such as"),
        (b"{", "it is not JSON"),
    ],
)
def test_a_wrong_time_is_named(ask, body, words):
    answer = put(ask, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, 400)
    assert words in answer.json["error"]["message"]
    assert ask(CLOCK).json["now"] == NOW


FOREIGN = {"Origin": "https://elsewhere.test"}
FOREIGN_ORIGINS = (*FOREIGN.values(), "null", "http://[", "https://localhost", "http://localhost:3000")
OWN = ({"Origin": "http://ims_mock:9292", "Host": "ims_mock:9292"}, {"Origin": "http://localhost"}, {})
ORIGINS = [*(({"Origin": origin}, False) for origin in FOREIGN_ORIGINS), *((headers, True) for headers in OWN)]


@pytest.mark.slow
@pytest.mark.parametrize(("headers", "is_own"), ORIGINS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(("PUT", "clock", b'{"now": null}'), ("PATCH", "catalog", b"{}"), ("PUT", "images/x", b"{}")),
        *(("DELETE", "images/one", b""), ("POST", "reset", b""), ("POST", "snapshots", b'{"name": "s"}')),
        *(("POST", "snapshots/first/restore", b""), ("POST", "sandboxes", b"")),
    ],
)
def test_a_page_of_another_origin_changes_nothing(method, path, body, headers, is_own):
    app = make_app({"clock": NOW, "images": [{"id": "one"}]})
    here = app.extensions["ims_mock"]
    here.snapshot("first")
    before, sent = here.state, {**(JSON if body else {}), **headers}
    answer = in_process(app)(f"/_ims/{path}", sent, method, body)
    assert (answer.status < 300) == is_own
    if not is_own:
        assert (answer.status, here.state, here.snapshots) == (403, before, ("first",))
        assert "Use no Origin, or http://" in answer.json["error"]["message"]


ALLOWED = (
    "localhost", "127.0.0.1:9292", "[::1]:9292", "10.0.0.7", "[::ffff:10.0.0.7]", "ims-mock:9292", "ims_mock",
    "api.localhost", "ims.example.test", "IMS.Example.test:80",
)  # fmt: skip
OTHERS = ("evil.test", "evil.test:9292", "127.0.0.1.evil.test", "localhost.", "x.example.test")


@pytest.mark.parametrize(
    ("host", "is_allowed"), [*((host, True) for host in ALLOWED), *((host, False) for host in OTHERS)]
)
def test_a_page_changes_nothing_under_a_host_name_of_its_own(host, is_allowed):
    ask = in_process(shared_app("empty", allowed_hosts="other.test, ims.example.TEST"))
    browser = {"Origin": f"http://{host.removesuffix(':80')}", "Host": host}
    for path, method, body in (("reset", "POST", b""), ("catalog", "PATCH", b"{}"), ("images/x", "DELETE", b"")):
        answer = ask(f"/_ims/{path}", {**(JSON if body else {}), **browser}, method, body)
        assert (answer.status != 403) == is_allowed
        if not is_allowed:
            assert "cannot change the emulator from a browser. Use localhost, an IP address" in answer.text
        assert ask(f"/_ims/{path}", {**(JSON if body else {}), "Host": host}, method, body).status != 403
    assert ask("/_ims/catalog", browser).status == 200


def test_a_page_writes_nothing_to_a_sandbox_under_a_host_name_of_its_own():
    ask = in_process(make_app("empty"))
    sandbox = f"/_ims/sandboxes/{ask('/_ims/sandboxes', JSON, 'POST').json['id']}"
    images = f"{sandbox}/v2/images"
    image_id = ask(images, JSON, "POST", b"{}").json["id"]
    browser = {**JSON, "Origin": "http://evil.test", "Host": "evil.test"}
    for method, path in (("POST", ""), ("DELETE", f"/{image_id}"), ("PUT", f"/{image_id}/tags/a")):
        answer = ask(images + path, browser, method, b"{}")
        assert (answer.status, "cannot change the emulator from a browser" in answer.text) == (403, True)
    assert ask(f"{sandbox}/_ims/reset", FOREIGN, "POST").status == 403
    assert [image["tags"] for image in ask(images, browser).json["images"]] == [[]]


@pytest.mark.parametrize(
    ("media_types", "status", "reset_status"),
    [
        (["application/json; charset=utf-8", *MEDIA_TYPES], 200, 204),
        ([""], 415, 204),
        (["text/plain", "text/plain; application/json", "multipart/form-data; boundary=x"], 415, 415),
        (["application/x-www-form-urlencoded", "application/json-patch+json"], 415, 415),
    ],
)
def test_a_change_is_json_or_yaml(ask, media_types, status, reset_status):
    for media_type in media_types:
        assert ask("/_ims/catalog", {"Content-Type": media_type}, "PUT", b"{}").status == status
        assert ask("/_ims/reset", {"Content-Type": media_type}, "POST").status == reset_status
    assert send_json(ask, "PUT", CLOCK, {"advance": 5}, {"Content-Type": "application/yaml"}).status == 415


def test_no_page_is_permitted_to_send_more(ask):
    assert ask("/_ims/catalog", FOREIGN, "OPTIONS").status >= 400
    assert ask("/v2/images", FOREIGN, "OPTIONS").headers.get("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(("headers", "is_own"), ORIGINS)
@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_a_page_of_another_origin_creates_no_image(profile, headers, is_own, media_type):
    app = shared_app("empty", profile=profile)
    in_process(app)("/v2/images", {"Content-Type": media_type, **headers}, "POST", b"{}")
    is_taken = media_type in ("", "application/json") or profile == "glance"
    is_let_in = is_own or media_type == "application/json"
    assert len(app.extensions["ims_mock"].catalog) == (is_taken and is_let_in)


def test_requests_are_listed_and_cleared(ask):
    for path in ("/v2/images?limit=1", "/v3", "/v2/images", "/_ims/health"):
        ask(path)

    def listed(query=""):
        return [(one["number"], one["path"]) for one in ask(f"/_ims/requests{query}").json["requests"]]

    assert listed() == [(1, "/v2/images"), (2, "/v3"), (3, "/v2/images")]
    assert listed("?path=/v2/images&since=1") == [(3, "/v2/images")]
    assert ask("/_ims/requests").json["requests"][0]["query"] == [["limit", "1"]]
    assert ask("/_ims/requests?since=x").json["error"]["code"] == 400
    assert ask("/_ims/requests", method="DELETE").status == 204
    assert listed() == []


def test_faults_are_added_listed_and_removed_and_wrong_ones_named(ask):
    path, rule = "/_ims/faults", b'{"match": {"path": "/v2/images"}, "effect": {"status": 503}, "times": 2}'
    added = [ask(path, JSON, "POST", rule) for _ in range(2)]
    assert [(one.status, one.json["hits"]) for one in added] == [(201, 0), (201, 0)]
    first, second = (one.json["id"] for one in added)
    assert ask("/v2/images").status == 503
    assert [one["hits"] for one in ask(path).json["faults"]] == [1, 0]
    assert ask(f"{path}/{first}", method="DELETE").status == 204
    assert [one["id"] for one in ask(path).json["faults"]] == [second]
    unknown = ask(f"{path}/nosuch", method="DELETE")
    assert (unknown.status, unknown.json["error"]["message"]) == (404, f"Fault 'nosuch' not found. Use {second}.")
    assert ask(path, method="DELETE").status == 204
    for wrong in (b"{}", b'{"effect": {"status": 7}}', b'{"match": {"xyzzy": "x"}}', b"[]"):
        answer = ask(path, JSON, "POST", wrong)
        assert (answer.status, "Use " in answer.json["error"]["message"]) == (400, True)
    assert ask(path).json == {"faults": []}
    assert ask("/v2/images").status == 401


def test_an_unknown_control_path_is_an_error_in_json_as_all_are_with_control_off(ask):
    assert ask("/_ims/nosuch").json["error"]["code"] == 404
    assert ask("/_ims/health", method="DELETE").json["error"]["code"] == 405
    ask = in_process(app_for(make_app("empty").extensions["ims_mock"], has_control=False))
    for path in ("", "health", "clock", "catalog", "images/x", "sandboxes", "sandboxes/0123456789ab/v2/images"):
        for method in ("GET", "POST", "PUT"):
            assert ask(f"/_ims/{path}", JSON, method, b"{}").json["error"]["code"] == 404
    assert ask("/v2/images", {"X-Auth-Token": "sandbox-0123456789ab.x"}).status == 200
