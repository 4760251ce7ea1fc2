"""The emulator in a test's hand: arranged, asked and looked at through one object."""

import json
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from helpers import make_app

from ims_mock import ImsMock
from ims_mock.loading.sources import CatalogError
from ims_mock.server.server import BackgroundServer
from ims_mock.web import app as web

CENTOS = {"name": "CentOS 7.6", "__os_version": "CentOS 7.6 64bit", "tags": ["a=b"]}


@pytest.fixture(scope="module")
def server():
    """A server that is running already."""
    server = BackgroundServer(make_app("document-sample"))
    yield server.url
    server.close()


@pytest.fixture(params=["local", "remote"])
def make(request):
    """Make emulators, each with a server of its own, or as a sandbox on one that is running."""
    url = request.getfixturevalue("server") if request.param == "remote" else ""
    with ExitStack() as stack:
        yield lambda *arguments, **others: stack.enter_context(ImsMock(*arguments, url=url, **others))


@pytest.fixture
def ims(make):
    """An emulator over three images."""
    return make({"images": [{"id": name, "name": name} for name in "abc"]})


def names(ims):
    """List by name over a socket."""
    with urlopen(f"{ims.url}/v2/images?sort_key=name&sort_dir=asc") as answer:
        return [image["name"] for image in json.load(answer)["images"]]


def test_it_answers_as_soon_as_it_is_there():
    """At its URL, on a port of its own; and no longer when it is closed."""
    with ImsMock({"images": [{"name": "a"}]}) as ims:
        assert ims.url == f"http://127.0.0.1:{ims.port}"
        assert names(ims) == ["a"]
        assert repr(ims) == f"<ImsMock {ims.url}>"
    with pytest.raises(ConnectionError):
        HTTPConnection("127.0.0.1", ims.port).connect()


def test_a_sandbox_takes_the_place_of_a_server(server):
    """Beside others, under a URL of its own, or at the server's by its credentials; closing it removes it."""
    with ImsMock({"images": [{"name": "a"}]}, url=f"{server}/") as ims, ImsMock("empty", url=server) as other:
        assert ims.url.startswith(f"{server}/_ims/sandboxes/")
        assert server.endswith(f":{ims.port}")
        assert (names(ims), names(other)) == (["a"], [])
        with urlopen(Request(f"{server}/v2/images", headers={"X-Auth-Token": ims.token})) as answer:
            assert [image["name"] for image in json.load(answer)["images"]] == ["a"]
    with pytest.raises(HTTPError, match="404"):
        names(ims)
    ims.close()


@pytest.mark.parametrize(("is_there", "words"), [(False, "does not answer"), (True, "makes no sandbox")])
def test_a_server_that_makes_no_sandboxes_is_named(is_there, words):
    """Whether nothing is there, or an emulator without control paths."""
    emulator = make_app("empty").extensions["ims_mock"]
    server = BackgroundServer(web.create_app(emulator, has_control=False))
    if not is_there:
        server.close()
    with pytest.raises((ConnectionError, ValueError), match=server.url) as refused:
        ImsMock(url=server.url)
    assert words in str(refused.value)
    server.close()


def test_its_arguments_are_those_of_the_command_line(make):
    """And there are no others."""
    ims = make(["empty"], generate=4, seed=7, profile="glance", auth="on", project="p")
    assert (len(ims.images), ims.project) == (4, "p")
    assert ims.client.get("/v2/images").mimetype == "text/plain"
    assert ims.client.get("/v2/images", headers={"X-Auth-Token": ims.token}).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"auth": "yes"}, "Invalid auth 'yes'. Use 'off' or 'on'."),
        ({"profile": "real"}, "legal are documented and glance"),
        ({"generate": -1}, "Invalid generate -1. Use a whole number from 0 to 10000000."),
        ({"seed": True}, "Invalid seed True. Use a whole number from 0 to"),
        ({"project": None}, "Invalid project None. Use a text."),
    ],
)
def test_a_wrong_argument_is_named(arguments, words):
    """With what is legal."""
    with pytest.raises(ValueError, match=r"Use|legal") as refused:
        ImsMock(**arguments)
    assert words in str(refused.value)


def test_images_are_given_as_they_are_stored(ims):
    """With their members; dicts of one's own, which may be changed."""
    made = ims.add({**CENTOS, "id": "d", "members": {"p": "accepted"}})
    assert made in ims.images
    assert (made["tags"], made["members"], made["min_disk"]) == (["a=b"], {"p": "accepted"}, 40)
    assert None not in made.values()
    made["tags"].append("c")
    assert ims.images[-1]["tags"] == ["a=b"]


def test_added_images_are_completed_and_numbered_on(ims):
    """An absent id is a new one, an absent time the clock's now."""
    ims.clock.set("2030-01-01T00:00:00Z")
    first, second = ims.add(CENTOS), ims.add(CENTOS)
    assert first["id"] != second["id"]
    assert first["created_at"] == "2030-01-01T00:00:00Z"
    assert first["owner"] == ims.project
    assert names(ims) == ["CentOS 7.6", "CentOS 7.6", "a", "b", "c"]
    with pytest.raises(CatalogError, match="'a' is also the id of"):
        ims.add({"id": "a"})


def test_generated_images_come_from_a_seed(ims):
    """And with the values that are fixed."""
    made = ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold")
    assert [image["__platform"] for image in made] == ["CentOS"] * 3
    assert len(ims.images) == 6
    assert ims.generate(3, seed=7)[0]["id"] not in [image["id"] for image in made]
    ims.reset()
    assert ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold") == made


def test_a_reset_leads_back_to_the_beginning(ims):
    """From anything: images, credentials, time, faults and requests."""
    before = ims.images, ims.project
    credentials = {"tokens": [{"token": "t", "project": "p"}]}
    ims.load({"clock": "2030-01-01T00:00:00Z", "project": "p", "credentials": credentials})
    assert (ims.images, ims.project) == ([], "p")
    ims.faults.add(status=503)
    with pytest.raises(HTTPError):
        names(ims)
    ims.reset()
    assert (ims.images, ims.project) == before
    assert (len(ims.faults), len(ims.requests), ims.clock.now.year < 2030) == (0, 0, True)
    assert names(ims) == ["a", "b", "c"]


def test_it_begins_anew_with_other_arguments(ims):
    """What is not said is as it was made; without any it begins as it did at first."""
    ims.begin(auth="on")
    with pytest.raises(HTTPError, match="401"):
        names(ims)
    ims.reset()
    assert (len(ims.images), ims.client.get("/v2/images").status_code) == (3, 401)
    ims.begin(catalog="document-sample", profile="glance")
    assert (len(ims.images), ims.client.get("/v2/images").status_code) == (3, 200)
    assert ims.client.get("/v2/images?visibility=x").mimetype == "text/plain"
    ims.begin()
    assert names(ims) == ["a", "b", "c"]
    assert ims.client.get("/v2/images?visibility=x").mimetype == "application/json"
    with pytest.raises(CatalogError):
        ims.begin(catalog="nosuch")
    with pytest.raises(TypeError, match="catalogs"):
        ims.begin(catalogs="empty")
    assert names(ims) == ["a", "b", "c"]


def test_a_catalog_file_is_loaded_as_it_is_now(make, tmp_path):
    """Though it is not read again as long as it stays the same."""
    path = tmp_path / "one.yaml"
    path.write_text("images: [{id: a}]")
    ims = make(path)
    path.write_text("images: [{id: a}, {id: longer}]")
    ims.begin(seed=0)
    assert len(ims.images) == 2
    ims.begin()
    assert len(ims.images) == 1


def test_credentials_open_its_project(make):
    """Those of the catalog; of a sandbox, which needs some to be found by, its own."""
    catalog = {"project": "p", "credentials": {"tokens": [{"token": "t", "project": "p"}]}}
    ims = make(catalog, auth="on")
    assert ims.client.get("/v2/images", headers={"X-Auth-Token": ims.token}).status_code == 200
    ims.begin(catalog={"project": "other", **{name: catalog[name] for name in ("credentials",)}})
    is_sandbox = "sandboxes" in ims.url
    assert (bool(ims.token), bool(ims.access_key), bool(ims.secret_key)) == (is_sandbox,) * 3


def test_the_test_client_asks_anything(ims):
    """Any method, path, query and body, and sees headers and statuses."""
    body = {"name": "镜像", "__os_version": "CentOS 7.6 64bit"}
    made = ims.client.post("/v2/images", json=body, headers={"X-Auth-Token": ims.token})
    assert (made.status_code, made.json["name"]) == (201, "镜像")
    assert ims.client.get("/v2/images/a%2Fb").status_code == 404
    assert ims.client.get("/v2/images", query_string={"name": "镜像", "status": "queued"}).json["images"] == [made.json]
    assert ims.client.get("/v2/images?name=镜像&status=queued&owner=%2B").json["images"] == []
    assert ims.client.get("/v2/images?name=镜像&status=queued").json["images"] == [made.json]
    assert len(ims.client.get("/v2/images").headers["X-Request-Id"]) == 32
    assert ims.client.delete(f"/v2/images/{made.json['id']}").status_code == 204
    assert ims.requests.matching("/v2/images", name="镜像")


def test_a_snapshot_is_gone_back_to(ims):
    """As often as one likes, to any of them."""
    first = ims.snapshot()
    ims.add(CENTOS)
    second = ims.snapshot()
    ims.load("empty")
    ims.restore(second)
    assert len(ims.images) == 4
    ims.restore(first)
    assert names(ims) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="nosuch"):
        ims.restore("nosuch")


def test_faults_are_given_side_by_side(ims):
    """Conditions, counts and effects; each tells how often it happened."""
    fault = ims.faults.add(path="/v2/images", query={"sort_key": "name"}, status=503, times=2, code="IMG.0001")
    for _ in range(2):
        with pytest.raises(HTTPError, match="503"):
            names(ims)
    assert names(ims) == ["a", "b", "c"]
    assert [(rule.id, rule.hits) for rule in ims.faults] == [(fault.id, 2)]
    assert [entry.fault for entry in ims.requests] == [fault.id, fault.id, ""]
    ims.faults.clear()
    assert len(ims.faults) == 0
    with pytest.raises(ValueError, match=r"Did you mean status\?"):
        ims.faults.add(statu=503)


def test_requests_are_looked_at(ims):
    """Those over the socket and those of the test client; secrets are masked."""
    urlopen(Request(f"{ims.url}/v2/images?limit=2&name=a%20b", headers={"X-Auth-Token": ims.token}))
    ims.client.get("/v2/images/nosuch")
    first, second = ims.requests
    assert (first.path, first.query, first.status) == ("/v2/images", (("limit", "2"), ("name", "a b")), 200)
    assert (second.status, ims.requests.matching("/v2/images/*")) == (404, [second])
    assert ims.token not in str(first)
    ims.requests.clear()
    assert list(ims.requests) == []


def test_the_clock_is_set_and_moved(ims):
    """By texts and datetimes, by seconds and timedeltas."""
    ims.clock.set("2030-01-01T00:00:00Z")
    ims.clock.advance(90)
    ims.clock.advance(timedelta(hours=1))
    assert ims.clock.now == datetime(2030, 1, 1, 1, 1, 30, tzinfo=timezone.utc)
    ims.clock.set(datetime(2031, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert ims.clock.now == datetime(2031, 1, 1, tzinfo=timezone.utc)
    ims.clock.set(None)
    assert ims.clock.now < datetime(2100, 1, 1, tzinfo=timezone.utc)
    for wrong in ("tomorrow", "", 5):
        with pytest.raises(ValueError, match="legal is a time such as"):
            ims.clock.set(wrong)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        ims.clock.advance(1e12)


def test_walks_are_asserted_to_reach_the_end(ims):
    """All of them, or those that are named; the error shows the others."""
    ims.assert_walked_everything()
    names(ims)
    ims.assert_walked_everything("/v2/images", sort_key="name")
    page = ims.client.get("/v2/images?limit=1").json
    with pytest.raises(
        AssertionError, match=r"1 of 2 walks went wrong:\nwalk 2: (?s:.*)\n  stopped-early, request 2: "
    ):
        ims.assert_walked_everything()
    ims.assert_walked_everything(limit=None)
    with pytest.raises(AssertionError, match="there was no walk that matches limit='5'"):
        ims.assert_walked_everything(limit=5)
    while "next" in page:
        page = ims.client.get(page["next"]).json
    ims.assert_walked_everything(limit=1)
    assert [(walk.pages, walk.images, walk.is_whole) for walk in ims.walks] == [(1, 3, True), (3, 3, True)]
    ims.reset()
    assert ims.walks == []
