"""The emulator in a test's hand: arranged, asked and looked at through one object."""

import json
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ims_mock import ImsMock
from ims_mock.sources import CatalogError

CENTOS = {"name": "CentOS 7.6", "__os_version": "CentOS 7.6 64bit", "tags": ["a=b"]}


@pytest.fixture
def ims():
    """An emulator over three images."""
    with ImsMock({"images": [{"id": name, "name": name} for name in "abc"]}) as ims:
        yield ims


def names(ims):
    """List by name over a socket."""
    with urlopen(f"{ims.url}/v2/images?sort_key=name&sort_dir=asc") as answer:
        return [image["name"] for image in json.load(answer)["images"]]


def test_it_answers_as_soon_as_it_is_there(ims):
    """At its URL, on a port of its own; and no longer when it is closed."""
    assert ims.url == f"http://127.0.0.1:{ims.port}"
    assert names(ims) == ["a", "b", "c"]
    assert repr(ims) == f"<ImsMock {ims.url}>"
    ims.close()
    with pytest.raises(ConnectionError):
        HTTPConnection("127.0.0.1", ims.port).connect()


def test_its_arguments_are_those_of_the_command_line():
    """And there are no others."""
    with ImsMock(["empty"], generate=4, seed=7, profile="glance", auth="on", project="p") as ims:
        assert (len(ims.images), ims.project) == (4, "p")
        assert ims.client.get("/v2/images").mimetype == "text/plain"
        assert ims.client.get("/v2/images", headers={"X-Auth-Token": ims.token}).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"auth": "yes"}, "auth is 'yes'; legal are off and on"),
        ({"profile": "real"}, "legal are documented and glance"),
        ({"generate": -1}, "generate is -1; legal are whole numbers from 0 to 10000000"),
        ({"seed": True}, "seed is True; legal are whole numbers from 0 to"),
        ({"project": None}, "project is None; legal is a text"),
    ],
)
def test_a_wrong_argument_is_named(arguments, words):
    """With what is legal."""
    with pytest.raises(ValueError, match="legal") as refused:
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
    with pytest.raises(CatalogError, match="'a' is the id of"):
        ims.add({"id": "a"})


def test_generated_images_come_from_a_seed(ims):
    """And with the values that are fixed."""
    made = ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold")
    assert [image["__platform"] for image in made] == ["CentOS"] * 3
    assert len(ims.images) == 6
    ims.reset()
    assert ims.generate(3, seed=7, __platform="CentOS", __imagetype="gold") == made


def test_a_reset_leads_back_to_the_beginning(ims):
    """From anything: images, credentials, time, faults and requests."""
    before = ims.images, ims.token
    credentials = {"tokens": [{"token": "t", "project": "p"}]}
    ims.load({"clock": "2030-01-01T00:00:00Z", "project": "p", "credentials": credentials})
    assert (ims.images, ims.project, ims.token, ims.access_key) == ([], "p", "t", "")
    ims.faults.add(status=503)
    with pytest.raises(HTTPError):
        names(ims)
    ims.reset()
    assert (ims.images, ims.token) == before
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


def test_a_catalog_file_is_loaded_as_it_is_now(tmp_path):
    """Though it is not read again as long as it stays the same."""
    path = tmp_path / "one.yaml"
    path.write_text("images: [{id: a}]")
    with ImsMock(path) as ims:
        path.write_text("images: [{id: a}, {id: longer}]")
        ims.begin(seed=0)
        assert len(ims.images) == 2


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
    with pytest.raises(ValueError, match=r"did you mean status\?"):
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
