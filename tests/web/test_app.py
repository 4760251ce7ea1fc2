"""``create_app`` for users, and the shortcut that the emulator's own server takes."""

import json
from dataclasses import replace
from itertools import product

import pytest
from helpers import in_process, make_app, over_socket
from raw_http import connected, head, read_response

import ims_mock
from ims_mock.faults.rules import rule_from_keywords
from ims_mock.loading.sources import CatalogError


def test_create_app_returns_an_application():
    ask = in_process(ims_mock.create_app(["empty", {"images": [{"id": "a", "owner": "p"}]}], generate=3, project="p"))
    assert "a" in ask("/v2/images").ids
    assert ask("/_ims/health").json["images"] == 4


def test_the_fixtures_of_pytest_flask_work_and_requests_in_their_context_share_nothing(client):
    answer = client.get("/v2/images", query_string={"__platform": "Red Hat", "limit": 1})
    assert answer.status_code == 200
    assert [image["__platform"] for image in answer.json["images"]] == ["Red Hat"]
    answers = [client.get("/v3/auth/projects", headers={"X-Project-Id": project}) for project in ("a", "b")]
    assert [answer.json["projects"][0]["id"] for answer in answers] == ["a", "b"]
    assert answers[0].headers["X-Request-Id"] != answers[1].headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"catalog": "defualt"}, CatalogError, "did you mean default?"),
        ({"catalog": {"images": [{"min_disk": "x"}]}, "generate": 10_000_000}, CatalogError, "min_disk"),  # at once
        ({"profile": "real"}, ValueError, "Invalid profile 'real'. Use 'documented' or 'glance'."),
        ({"throttle": "5/0"}, ValueError, "Invalid throttle '5/0'. Use REQUESTS/SECONDS such as 5/10."),
        ({"allowed_hosts": "a.test,http://b"}, ValueError, "Invalid allowed_hosts 'http://b'. Use host names"),
        ({"auth": True}, ValueError, "Invalid auth True. Use 'off' or 'on'."),
        ({"forwarded": "yes"}, ValueError, "Invalid forwarded 'yes'. Use 'off' or 'on'."),
    ],
)
def test_wrong_arguments_are_named(options, error, words):
    with pytest.raises(error) as refused:
        ims_mock.create_app(**options)
    assert words in str(refused.value)


def test_the_project_option_does_not_change_owners():
    catalog = {"project": "own", "images": [{"id": "a"}, {"id": "b", "owner": "other"}]}
    by_option = in_process(ims_mock.create_app(catalog, project="other"))("/v2/images")
    by_header = in_process(ims_mock.create_app(catalog))("/v2/images", {"X-Project-Id": "other"})
    assert by_option.ids == by_header.ids == ["b"]


def test_a_url_without_a_path_is_that_of_the_root():
    with over_socket(make_app("empty")) as ask, connected(ask.url) as connection:
        for target in ("http://localhost?a=b", "/?a=b"):
            connection.sendall(head("GET", target))
            status, headers, body = read_response(connection)
            assert (status, headers["Content-Type"], "versions" in json.loads(body)) == (300, "application/json", True)


LISTED = {
    "projects": [{"id": "a"}, {"id": "b"}],
    "project": "a",
    "clock": "2023-11-13T08:00:00Z",
    "images": [
        {"id": "x", "owner": "a", "tags": ["t"]},
        {"id": "s", "owner": "b", "name": "中", "members": {"a": "accepted"}},
        {"id": "y", "owner": "a"},
    ],
}
QUERIES = [
    *("", "limit=1", "limit=1&marker=x", "limit=0", "limit=x", "marker=nosuch", "sort_key=x", "__os_bit=x", "a=%zz"),
    *("member_status=all&visibility=shared", "tag=t", "name=in:x", "changes-since=x"),
    *("x=" + "x" * 9_000, "x=" + "x" * 33_000, "limit=1&limit=2", "%ff"),
]
HEADERS = [
    *({"X-Project-Id": "b"}, {"X-Api-Version": "Rocky"}, {"X-Auth-Token": "none"}, {"Accept": "text/html"}),
    *({"X-Fault": "html"}, {"X-Fault": "late"}, {"X-Fault": "link"}, {"X-Fault": "link", "Host": "a b"}),
    *(
        {"Host": "a..b"},
        {"Host": "a..b c"},
        {"Host": "a b"},
        {"Host": "x" * 64},
        {"X-Auth-Token": "sandbox-none-token"},
    ),
    {"Authorization": "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=0"},
    {"Connection": "Upgrade", "Upgrade": "websocket"},
]


@pytest.mark.parametrize(
    "options", [{}, {"auth": "on", "findings": "strict"}, {"throttle": "60/100", "findings": "warn"}]
)
def test_lists_are_answered_alike_with_and_without_the_routing_of_flask(profile, options):
    def exchanges(*, has_shortcut):
        app = make_app(LISTED, profile=profile, **options)
        app.has_shortcut = has_shortcut
        ask, emulator = in_process(app), app.extensions["ims_mock"]
        emulator.faults.add(rule_from_keywords(next="absolute", times=99, header={"X-Fault": "link"}))
        emulator.faults.add(rule_from_keywords(body="html", times=99, header={"X-Fault": "html"}))
        emulator.faults.add(rule_from_keywords(status=503, times=99, header={"X-Fault": "late"}))
        requests = [*product([{}], QUERIES), *product(HEADERS, QUERIES[:3])]
        for path, (headers, query) in product(("/v2/images", "/v2/cloudimages"), requests):
            answer = ask(f"{path}?{query}", headers)
            request_id = answer.headers.pop("X-Request-Id").encode()
            yield answer.status, answer.headers, answer.body.replace(request_id, b"")
        yield [replace(entry, seconds=0.0) for entry in emulator.journal.entries()]
        yield emulator.coverage_recorder.coverage()

    assert list(exchanges(has_shortcut=True)) == list(exchanges(has_shortcut=False))
