"""Test suite of a user, written from the documentation alone; it runs against the wheel in an empty environment."""

import json
import time
from datetime import datetime, timezone
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest


class Client:
    """The code under test: lists images, and retries if the service is busy."""

    def __init__(self, url, token="", tries=3):
        self.url, self.token, self.tries = url, token, tries

    def get(self, target):
        """Send a request, and retry."""
        for left in reversed(range(self.tries)):
            try:
                with urlopen(Request(self.url + target, headers={"X-Auth-Token": self.token}), timeout=5) as answer:
                    return json.load(answer)
            except HTTPError as error:
                if error.code != 503 or not left:
                    raise

    def images(self, **query):
        """Yield the images of all pages."""
        target = "/v2/images?" + "&".join(f"{name}={value}" for name, value in query.items())
        while target:
            page = self.get(target)
            yield from page["images"]
            target = page.get("next")


@pytest.fixture
def client(ims_mock):
    """Return the code under test, with a token."""
    return Client(ims_mock.url, ims_mock.token)


def test_default_catalog_is_loaded(ims_mock, client):
    assert len(ims_mock.images) == 63
    assert "CentOS" in {image["__platform"] for image in client.images(__imagetype="gold")}


def test_filters_are_sent(ims_mock, client):
    list(client.images(__platform="CentOS", limit=100))
    assert ims_mock.requests.matching("/v2/images", __platform="CentOS", limit=100)
    assert ims_mock.requests[0].status == 200


def test_all_pages_are_requested(ims_mock, client):
    ims_mock.load({"images": [{"name": f"image {number}"} for number in range(7)]})
    assert len(list(client.images(limit=3))) == 7
    assert [entry.page for entry in ims_mock.requests] == [1, 2, 3]


def test_busy_service_is_retried(ims_mock, client):
    ims_mock.faults.add(path="/v2/images", status=503, times=2)
    assert list(client.images(limit=50))
    assert [entry.status for entry in ims_mock.requests][:3] == [503, 503, 200]


def test_retries_are_limited(ims_mock, client):
    fault = ims_mock.faults.add(path="/v2/images", status=503, times=None)
    with pytest.raises(HTTPError, match="503"):
        list(client.images())
    assert [rule.hits for rule in ims_mock.faults] == [3]
    assert {entry.fault for entry in ims_mock.requests} == {fault.id}


@pytest.mark.ims_mock(catalog="team.yaml", auth="on")
def test_credentials_of_the_team_are_required(ims_mock, client):
    assert [image["name"] for image in client.images()] == ["ours"]
    with pytest.raises(HTTPError, match="401"):
        list(Client(ims_mock.url).images())


@pytest.mark.ims_mock(catalog="empty")
def test_added_images_are_found(ims_mock, client):
    image = ims_mock.add({"name": "mine", "__os_version": "CentOS 7.6 64bit", "tags": ["team=a"]})
    ims_mock.generate(5, seed=7, __platform="Ubuntu")
    assert [one["id"] for one in client.images(tag="team=a")] == [image["id"]]
    assert len(ims_mock.images) == 6


@pytest.mark.ims_mock(catalog="team.yaml", auth="on")
def test_token_expires(ims_mock, client):
    ims_mock.clock.set(datetime(2029, 12, 31, 23, tzinfo=timezone.utc))
    assert list(client.images())
    ims_mock.clock.advance(3600)
    with pytest.raises(HTTPError, match="401"):
        list(client.images())


def test_snapshot_is_restored(ims_mock, client):
    before = ims_mock.snapshot()
    ims_mock.load("empty")
    assert list(client.images()) == []
    ims_mock.restore(before)
    assert len(ims_mock.images) == 63


def test_delay_affects_only_one_request(ims_mock, client):
    ims_mock.faults.add(path="/v2/images", delay=0.2)
    began = time.monotonic()
    list(client.images(limit=100))
    assert time.monotonic() - began > 0.2
    assert ims_mock.client.get("/v2/images?limit=1").json["images"]
