"""python-glanceclient, unmodified, over a socket: its library reads the schema, and does all it can with images."""

import io
from types import SimpleNamespace

import pytest
from clients.region import DATA, MISSING, OURS, PROFILES, A, B, served

pytest.importorskip("glanceclient")

import glanceclient
from glanceclient import exc
from keystoneauth1.identity import v3
from keystoneauth1.session import Session


@pytest.fixture(params=PROFILES)
def team(request):
    """Both projects' clients of an emulator that needs credentials."""
    with served(request.param) as url:
        a, b = (glanceclient.Client("2", endpoint=url, token=token) for token in ("of-a", "of-b"))
        yield SimpleNamespace(url=url, profile=request.param, a=a.images, b=b.images, client=a, other=b)


def ids(images):
    """The ids of images, in order."""
    return [image.id for image in images]


def created(team, **values):
    """Create an image of project A."""
    return team.a.create(name="new", disk_format="raw", container_format="bare", **values)


def test_it_logs_in(team):
    """With a password, by the service catalog."""
    who = {"username": "ann", "password": "secret", "user_domain_name": "team"}
    session = Session(v3.Password(f"{team.url}/v3", **who, project_id=A))
    assert ids(glanceclient.Client("2", session=session).images.list()) == OURS


def test_it_lists_every_image_once(team):
    """In order, two a page, by the links of the answers."""
    assert ids(team.a.list(page_size=2)) == OURS
    assert ids(team.a.list(page_size=2, sort_key="name", sort_dir="asc")) == OURS[::-1]
    assert ids(team.a.list(page_size=2, sort="name:asc", limit=3)) == OURS[:1:-1]
    assert ids(team.b.list()) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "image 4"}, [OURS[1]]),
        ({"__os_type": "Windows"}, [OURS[2]]),
        ({"tag": ["env=test"]}, [OURS[3]]),
        ({"visibility": "public"}, []),
    ],
)
def test_it_filters(team, filters, found):
    """By what stands in the columns, by properties and tags."""
    assert ids(team.a.list(filters=dict(filters))) == found  # it changes what it is given


def test_it_shows_an_image(team):
    """With its own exception for one that is not there, or another's."""
    assert team.a.get(OURS[3]).tags == ["env=test"]
    with pytest.raises(exc.HTTPNotFound):
        team.a.get(MISSING)
    with pytest.raises(exc.HTTPNotFound):
        team.b.get(OURS[0])


def test_a_wrong_request_is_its_own_exception(team):
    """With what is wrong, in the words of whoever refuses."""
    with pytest.raises(exc.HTTPBadRequest, match=MISSING):
        list(team.a.list(marker=MISSING))
    with pytest.raises(exc.HTTPBadRequest, match="visibility"):
        list(team.a.list(filters={"visibility": "secret"}))
    with pytest.raises(exc.HTTPConflict):
        team.a.upload(OURS[0], io.BytesIO(b"once more"))
    with pytest.raises(exc.HTTPForbidden):
        team.a.update(OURS[0], owner=B)


@pytest.mark.parametrize("team", ["glance"], indirect=True)
def test_a_refused_token_is_its_own_exception(team):
    """As from Glance; the body of the vendor's gateway it can not read, here as there."""
    team.client.http_client.auth_token = "unknown"
    with pytest.raises(exc.HTTPUnauthorized):
        list(team.a.list())


def test_it_reads_the_schema(team):
    """From which its command line is made."""
    assert team.client.schemas.get("image").is_base_property("min_disk")
    assert not team.client.schemas.get("image").is_base_property("__os_type")


def test_it_uploads_and_downloads_an_image(team):
    """A few megabytes, in pieces of a length that is not announced; what comes back is what was sent."""
    image = created(team)
    team.a.upload(image.id, io.BytesIO(DATA))
    image = team.a.get(image.id)
    assert (image.status, image.size) == ("active", len(DATA))
    assert b"".join(team.a.data(image.id)) == DATA


def test_an_image_without_data_has_none_to_download(team):
    """Which is no error."""
    assert team.a.data(created(team).id).wrapped is None


def test_it_changes_and_deletes_an_image(team):
    """Attributes, properties that were not there before, and protection."""
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


def test_it_tags_an_image(team):
    """And takes the tag away; one that is not there is its own exception."""
    team.client.image_tags.update(OURS[0], "k=v")
    assert team.a.get(OURS[0]).tags == ["k=v"]
    team.client.image_tags.delete(OURS[0], "k=v")
    assert team.a.get(OURS[0]).tags == []
    with pytest.raises(exc.HTTPNotFound):
        team.client.image_tags.delete(OURS[0], "k=v")


def test_it_shares_an_image(team):
    """The owner offers, the member accepts and lists it, the owner withdraws."""
    ours, theirs, image = team.client.image_members, team.other.image_members, OURS[0]
    assert ours.create(image, B).status == "pending"
    with pytest.raises(exc.HTTPConflict):
        ours.create(image, B)
    assert ids(team.b.list(filters={"member_status": "pending", "visibility": "shared"})) == [image]
    with pytest.raises(exc.HTTPForbidden):
        ours.update(image, B, "accepted")
    assert theirs.update(image, B, "accepted").status == "accepted"
    assert ids(team.b.list()) == [image]
    assert [(one.member_id, one.status) for one in ours.list(image)] == [(B, "accepted")]
    ours.delete(image, B)
    assert list(ours.list(image)) == []
    assert ids(team.b.list()) == []
