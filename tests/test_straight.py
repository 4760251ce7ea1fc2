"""Lists answered straight over WSGI: the same as the framework answers, and by the framework whatever is not plain."""

import json

import pytest
from conftest import make_app
from flask import signals
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from ims_mock.web import straight

CATALOG = [
    {"generate": [{"count": 40}]},
    {"images": [{"name": "镜像", "tags": ["a=b", "x y"], "members": {"7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e": "accepted"}}]},
]
PROJECT = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"
QUERIES = st.lists(
    st.sampled_from(
        [
            "limit=3", "limit=0", "limit=x", "limit=%2B2", "marker=nosuch", "name=%E9%95%9C%E5%83%8F", "name=a+b", "%z",
            "sort_key=name", "sort_key=size", "sort_dir=asc", "sort_key=nosuch", "sort=name:asc", "visibility=private",
            "visibility=shared", "visibility=x", "member_status=all", "status=deleted", "tag=a%3Db", "tag=x+y",
            "created_at=gt:2019", "updated_at=lt:x", "__isregistered=false", "owner=nobody", "foo=bar", "size_min=3",
            "__os_type=Linux", "__os_type=in:a,b", "protected=true", "min_disk=40", "", "a", "=b", "&",
        ]
    ),
    max_size=4,
).map("&".join)  # fmt: skip
HEADERS = st.dictionaries(
    st.sampled_from(["X-Project-Id", "X-Auth-Token", "X-Api-Version", "Accept", "User-Agent", "Host"]),
    st.sampled_from([PROJECT, "ims-mock-token", "nosuch", "Queens", "text/html", "a_b:80", "localhost", "é"]),
    max_size=3,
)


def asked(app, query, headers=(), path="/v2/images", method="GET"):
    """Ask and give status, headers but for the id of the request, and body."""
    environ = EnvironBuilder(path=path, query_string=query, headers=dict(headers), method=method).get_environ()
    parts, status, found = run_wsgi_app(app, environ)
    return status, [pair for pair in found if pair[0] != "X-Request-Id"], b"".join(parts)


def journal(app):
    """Give what the journal holds, but for times."""
    entries = app.extensions["ims_mock"].journal.entries()
    return [entry._replace(time="", seconds=0.0) for entry in entries]


@pytest.fixture(scope="module")
def pair():
    """Give two applications alike, of which the second never answers straight."""
    one, other = (make_app(*CATALOG, seed=4) for _ in range(2))
    other.teardown_request(lambda _: None)
    return one, other


@settings(max_examples=200, deadline=None)
@given(query=QUERIES, headers=HEADERS, path=st.sampled_from(["/v2/images", "/v2/cloudimages"]))
def test_the_answer_is_that_of_the_framework(pair, query, headers, path):
    """Status, headers, bytes and what the journal holds are the same."""
    one, other = pair
    for app in pair:
        app.extensions["ims_mock"].reset()
    assert asked(one, query, headers, path) == asked(other, query, headers, path)
    assert journal(one) == journal(other) != []


@pytest.fixture
def reached(monkeypatch):
    """Give a list of what was answered straight."""
    answers, answer = [], straight._answer
    monkeypatch.setattr(straight, "_answer", lambda *given: answers.append(answer(*given)) or answers[-1])
    return answers


def test_a_plain_request_is_answered_straight(reached):
    """The shortcut is taken, with an id for the request."""
    app = make_app(*CATALOG)
    answer = app.test_client().get("/v2/images?limit=2", headers={"X-Auth-Token": "ims-mock-token"})
    assert len(answer.headers["X-Request-Id"]) == 32
    assert reached == [answer.data]
    assert len(json.loads(answer.data)["images"]) == 2
    (entry,) = app.extensions["ims_mock"].journal.entries()
    assert repr(entry.status) == "200"


def hooked_before(app):
    """Hook in before a request."""
    app.before_request(lambda: ("mine", 418))


def hooked_after(app):
    """Hook in after a request."""

    @app.after_request
    def mine(response):
        response.status_code = 418
        return response


def viewed(app):
    """Put another view in the place of the list's."""
    app.view_functions["images.list_images"] = lambda: ("mine", 418)


@pytest.mark.parametrize("hook", [hooked_before, hooked_after, viewed])
def test_hooks_are_called(reached, hook):
    """Who extends the application is asked on each request."""
    app = make_app(*CATALOG)
    hook(app)
    assert app.test_client().get("/v2/images").status_code == 418
    assert reached == []


def test_signals_are_sent(reached):
    """Who listens to the framework's signals hears of each request, and of none once nobody listens."""
    app, heard = make_app(*CATALOG), []

    def hear(*_, **__):
        heard.append(1)

    with signals.request_finished.connected_to(hear, app):
        app.test_client().get("/v2/images")
    assert (heard, reached) == ([1], [])
    app.test_client().get("/v2/images")
    assert (len(heard), len(reached)) == (1, 1)


def test_a_test_may_look_at_the_request(reached):
    """Inside of a ``with`` the context of the request is kept, as the framework's documentation promises."""
    from flask import request

    with make_app(*CATALOG).test_client() as client:
        client.get("/v2/images?limit=2")
        assert request.args["limit"] == "2"
    assert reached == []


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("HEAD", "/v2/images", {}),
        ("POST", "/v2/images", {}),
        ("GET", "/v2/images/", {}),
        ("GET", "/v2/images/x", {}),
        ("GET", "/v2/images", {"Authorization": "SDK-HMAC-SHA256 x"}),
        ("GET", "/v2/images", {"Host": "a_b"}),
        ("GET", "/v2/images", {"Host": "a..b"}),
        ("GET", "/v2/images", {"Host": "x" * 64}),
        ("GET", "/v2/images", {"Upgrade": "websocket", "Connection": "Upgrade"}),
        ("GET", f"/v2/images?foo={'x' * 5000}", {}),
    ],
)
def test_what_is_not_plain_is_the_frameworks(reached, method, path, headers):
    """Other requests, and those with something to look at, go on to the framework at once."""
    make_app(*CATALOG).test_client().open(path, method=method, headers=headers)
    assert reached == []


def test_what_a_proxy_took_for_a_socket_is_the_frameworks(reached):
    """It says so in the scheme; no list is for a socket."""
    client = make_app(*CATALOG, forwarded="on").test_client()
    assert client.get("/v2/images", headers={"X-Forwarded-Proto": "wss"}).status_code == 404
    assert client.get("/v2/images", headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert len(reached) == 1


def test_faults_happen_to_lists(reached):
    """As long as there are faults, the framework answers."""
    app = make_app(*CATALOG)
    client = app.test_client()
    client.post("/_ims/faults", json={"effect": {"status": 503}, "times": 1})
    assert client.get("/v2/images").status_code == 503
    assert reached == [None]
