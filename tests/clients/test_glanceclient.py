"""python-glanceclient over a socket; ``test_commands.py`` has its commands for logins, tags and members."""

import io
from types import SimpleNamespace

import pytest
from clients.region import DATA, IDS, MISSING, PROFILES, B, served

pytest.importorskip("glanceclient")

import glanceclient
from glanceclient import exc


@pytest.fixture(params=PROFILES)
def team(request):
    with served(request.param) as url:
        a, b = (glanceclient.Client("2", endpoint=url, token=token) for token in ("of-a", "of-b"))
        yield SimpleNamespace(a=a.images, b=b.images, client=a)


def ids(images):
    return [image.id for image in images]


def created(team, **values):
    return team.a.create(name="new", disk_format="raw", container_format="bare", **values)


def test_paging_returns_every_image_once(team):
    assert ids(team.a.list(page_size=2)) == IDS
    assert ids(team.a.list(page_size=2, sort_key="name", sort_dir="asc")) == IDS[::-1]
    assert ids(team.a.list(page_size=2, sort="name:asc", limit=3)) == IDS[:1:-1]
    assert ids(team.b.list()) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "image 4"}, [IDS[1]]),
        ({"__os_type": "Windows"}, [IDS[2]]),
        ({"tag": ["env=test"]}, [IDS[3]]),
        ({"visibility": "public"}, []),
    ],
)
def test_filters(team, filters, found):
    assert ids(team.a.list(filters=dict(filters))) == found  # the client changes its argument


def test_invalid_requests_raise_exceptions_of_the_client(team):
    with pytest.raises(exc.HTTPNotFound):
        team.b.get(IDS[0])
    with pytest.raises(exc.HTTPBadRequest, match=MISSING):
        list(team.a.list(marker=MISSING))
    with pytest.raises(exc.HTTPBadRequest, match="visibility"):
        list(team.a.list(filters={"visibility": "secret"}))
    with pytest.raises(exc.HTTPConflict):
        team.a.upload(IDS[0], io.BytesIO(b"once more"))
    with pytest.raises(exc.HTTPForbidden):
        team.a.update(IDS[0], owner=B)


@pytest.mark.parametrize("team", ["glance"], indirect=True)
def test_invalid_token_raises_unauthorized(team):  # it cannot parse the response of the documented gateway
    team.client.http_client.auth_token = "unknown"
    with pytest.raises(exc.HTTPUnauthorized):
        list(team.a.list())


def test_schema_distinguishes_base_properties(team):
    assert team.client.schemas.get("image").is_base_property("min_disk")
    assert not team.client.schemas.get("image").is_base_property("__os_type")


def test_download_returns_what_was_uploaded(team):
    image = created(team)
    assert team.a.data(image.id).wrapped is None
    team.a.upload(image.id, io.BytesIO(DATA))
    image = team.a.get(image.id)
    assert (image.status, image.size) == ("active", len(DATA))
    assert b"".join(team.a.data(image.id)) == DATA


def test_image_is_changed_and_deleted(team):
    image = created(team, min_disk=40, protected=True, tags=["a=b"])
    assert (image.status, image.min_disk, image.protected, image.tags) == ("queued", 40, True, ["a=b"])
    image = team.a.update(image.id, name="newer", __description="镜像")
    assert (image.name, image["__description"]) == ("newer", "镜像")
    assert "__description" not in team.a.update(image.id, remove_props=["__description"])
    with pytest.raises(exc.HTTPForbidden):
        team.a.delete(image.id)
    team.a.update(image.id, protected=False)
    team.a.delete(image.id)
    with pytest.raises(exc.HTTPNotFound):
        team.a.delete(image.id)
