"""python-glanceclient, unmodified, over a socket: it reads the schema, lists page by page, and shows."""

import pytest
from conftest import make_app, over_socket

pytest.importorskip("glanceclient")

import glanceclient
from glanceclient import exc

pytestmark = pytest.mark.filterwarnings("ignore:`version` keyword:DeprecationWarning")
"""The usual way to make a client is an old one."""

A = "a" * 32
CATALOG = {
    "project": A,
    "credentials": {"tokens": [{"token": "of-a", "project": A}]},
    "images": [{"name": f"image {number}", "disk_format": "zvhd2", "tags": ["a=b"]} for number in range(5)],
}


@pytest.fixture(params=["documented", "glance"])
def client(request):
    """A client of an emulator that needs credentials."""
    with over_socket(make_app(CATALOG, auth="on", profile=request.param)) as ask:
        yield glanceclient.Client("2", endpoint=ask.url, token="of-a")


def test_it_lists_every_image_once(client):
    """Two a page, by the links of the answers."""
    names = [image.name for image in client.images.list(page_size=2, sort_key="name", sort_dir="asc")]
    assert names == [f"image {number}" for number in range(5)]
    found = list(client.images.list(filters={"name": "image 3", "tag": ["a=b"]}))
    assert [image.name for image in found] == ["image 3"]


def test_it_shows_an_image(client):
    """With its own exception for one that is not there."""
    (listed, *_) = client.images.list(limit=1)
    assert client.images.get(listed.id).tags == ["a=b"]
    with pytest.raises(exc.HTTPNotFound):
        client.images.get("nobody's")


def test_it_reads_the_schema(client):
    """From which its command line is made."""
    assert client.schemas.get("image").is_base_property("min_disk")
    assert not client.schemas.get("image").is_base_property("__os_type")


@pytest.mark.parametrize("client", ["glance"], indirect=True)
def test_a_refused_token_is_its_own_exception(client):
    """As from Glance; the body of the vendor's gateway it can not read, here as there."""
    client.http_client.auth_token = "unknown"
    with pytest.raises(exc.HTTPUnauthorized):
        list(client.images.list())
