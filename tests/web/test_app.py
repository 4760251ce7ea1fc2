"""``create_app`` for users."""

import json

import pytest
from helpers import in_process, make_app, over_socket
from raw_http import connected, head, read_response

import ims_mock
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
