"""openstacksdk, unmodified, over a socket: it logs in every way, and does all it can with images."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from clients.region import DATA, MISSING, OURS, PROFILES, A, B, served

pytest.importorskip("openstack")

import openstack
from openstack import exceptions


@contextmanager
def connected(url, **credentials):
    """A connection that ends with the test."""
    cloud = openstack.connect(region_name="cn-north-4", app_name="test", image_api_version="2", **credentials)
    yield cloud
    cloud.close()


def password(url, user, project):
    """The credentials of somebody with a password."""
    who = {"username": user, "password": "secret", "user_domain_name": "team", "project_id": project}
    return {"auth_type": "password", "auth_url": f"{url}/v3", **who}


@pytest.fixture(params=PROFILES)
def team(request):
    """Both projects' connections to an emulator that needs credentials."""
    with (
        served(request.param) as url,
        connected(url, **password(url, "ann", A)) as a,
        connected(url, **password(url, "bob", B)) as b,
    ):
        yield SimpleNamespace(url=url, profile=request.param, a=a.image, b=b.image, cloud=a)


def ids(images):
    """The ids of images, in order."""
    return [image.id for image in images]


WAYS = {
    "password": lambda url: password(url, "ann", A),
    "token": lambda url: {"auth_type": "token", "auth_url": f"{url}/v3", "token": "of-a", "project_id": A},
    "admin token": lambda url: {"auth_type": "admin_token", "endpoint": f"{url}/v2", "token": "of-a"},
    "none": lambda url: {"auth_type": "none", "endpoint": url},
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("way", WAYS)
def test_it_logs_in(way, profile):
    """By password, by token, with a token and a URL alone, and, where nothing is refused, without anything.

    With an ``admin_token`` it asks for no versions, so the URL must name one, here as for real Glance.
    """
    auth = "off" if way == "none" else "on"
    with served(profile, auth) as url, connected(url, **WAYS[way](url)) as cloud:
        assert ids(cloud.image.images()) == OURS
        image = cloud.image.create_image("new", data=b"data", disk_format="raw", validate_checksum=True)
        assert image.owner == A
        cloud.image.delete_image(image)
        assert ids(cloud.image.images()) == OURS


@pytest.mark.parametrize("profile", PROFILES)
def test_a_wrong_token_is_its_own_exception(profile):
    """Whoever refuses."""
    with served(profile) as url, connected(url, **WAYS["admin token"](url) | {"token": "wrong"}) as cloud:
        with pytest.raises(exceptions.HttpException) as caught:
            list(cloud.image.images())
        assert caught.value.status_code == 401


def test_it_lists_every_image_once(team):
    """In order, two a page, by the links of the answers."""
    assert ids(team.a.images(limit=2)) == OURS
    assert ids(team.a.images(limit=2, sort_key="name", sort_dir="asc")) == OURS[::-1]
    assert ids(team.b.images()) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "image 4"}, [OURS[1]]),
        ({"owner": B}, []),
        ({"tag": "env=test"}, [OURS[3]]),
        ({"visibility": "public"}, []),
        ({"created_at": "gte:2020-01-01T00:00:04Z", "sort": "name:asc"}, [OURS[1], OURS[0]]),
    ],
)
def test_it_filters_and_sorts(team, filters, found):
    """By all it knows; of the filters that it does not know, such as ``__os_type``, it sends none."""
    assert ids(team.a.images(**filters)) == found


def test_it_finds_an_image(team):
    """By id and by name; one that is not there is none, or its own exception."""
    assert team.a.find_image(OURS[1]).name == "image 4"
    assert team.a.find_image("image 4").id == OURS[1]
    assert team.a.find_image("image 6") is None
    with pytest.raises(exceptions.NotFoundException):
        team.a.get_image(MISSING)
    with pytest.raises(exceptions.NotFoundException):
        team.b.get_image(OURS[0])


def test_a_wrong_request_is_its_own_exception(team):
    """With what is wrong, in the words of whoever refuses."""
    with pytest.raises(exceptions.BadRequestException) as caught:
        list(team.a.images(sort_key="colour"))
    assert "colour" in str(caught.value)
    with pytest.raises(exceptions.BadRequestException):
        list(team.a.images(marker=MISSING))
    with pytest.raises(exceptions.ForbiddenException):
        team.a.update_image(OURS[0], owner_id=B)
    with pytest.raises(exceptions.ConflictException):
        exceptions.raise_from_response(team.a.get_image(OURS[0]).upload(team.a, data=b"once more"))


def test_it_uploads_and_downloads_an_image(team, tmp_path):
    """A file of some megabytes, in pieces; what comes back is what was sent, and the same file is sent once."""
    (tmp_path / "data").write_bytes(DATA)
    what = {"filename": str(tmp_path / "data"), "disk_format": "raw", "validate_checksum": True}
    image = team.a.create_image("new", tags=["a"], **what)
    image.data.close()  # it leaves the file open
    assert (image.status, image.size, image.tags) == ("active", len(DATA), ["a"])
    assert team.a.download_image(image).content == DATA
    team.a.download_image(image, output=str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == DATA
    with team.a.download_image(image, stream=True) as answer:
        assert b"".join(answer.iter_content(65_536)) == DATA
    again = team.a.create_image("new", **what)
    assert (again.id, again.properties["owner_specified.openstack.md5"]) == (image.id, image.checksum)


def test_it_changes_and_deletes_an_image(team):
    """Attributes, properties that were not there before, and protection."""
    image = team.a.create_image("new", disk_format="raw", min_disk=40, is_protected=True)
    assert (image.status, image.min_disk, image.is_protected) == ("queued", 40, True)
    image = team.a.update_image(image.id, name="newer", __description="镜像")
    assert (image.name, image.properties["__description"]) == ("newer", "镜像")
    kept = {name: value for name, value in image.properties.items() if name != "__description"}
    assert "__description" not in team.a.update_image(image, properties=kept).properties
    with pytest.raises(exceptions.ForbiddenException):
        team.a.delete_image(image)
    team.a.update_image(image, is_protected=False)
    team.a.delete_image(image, ignore_missing=False)
    with pytest.raises(exceptions.NotFoundException):
        team.a.delete_image(image.id, ignore_missing=False)
    team.a.delete_image(image.id)


def test_it_tags_an_image(team):
    """And takes the tag away."""
    image = team.a.get_image(OURS[0])
    for tag in ("k=v", "镜像"):
        team.a.add_tag(image, tag)
    assert team.a.get_image(OURS[0]).tags == ["k=v", "镜像"]
    for tag in ("k=v", "镜像"):
        team.a.remove_tag(image, tag)
    assert team.a.get_image(OURS[0]).tags == []


def test_it_shares_an_image(team):
    """The owner offers, the member accepts and lists it, the owner withdraws."""
    image = OURS[0]
    assert team.a.add_member(image, member_id=B).status == "pending"
    with pytest.raises(exceptions.ConflictException):
        team.a.add_member(image, member_id=B)
    assert ids(team.b.images()) == []
    assert team.b.get_image(image).id == image
    with pytest.raises(exceptions.ForbiddenException):
        team.a.update_member(B, image, status="accepted")
    assert team.b.update_member(B, image, status="accepted").status == "accepted"
    assert ids(team.b.images()) == [image]
    assert [(one.member_id, one.status) for one in team.a.members(image)] == [(B, "accepted")]
    assert team.a.get_member(B, image).status == "accepted"
    team.a.remove_member(B, image, ignore_missing=False)
    with pytest.raises(exceptions.NotFoundException):
        team.a.get_member(B, image)
    assert ids(team.b.images()) == []


def test_it_reads_schemas(team):
    """Of images and of members."""
    assert team.a.get_image_schema().name == "image"
    assert team.a.get_images_schema().name == "images"
    assert team.a.get_member_schema().name == "member"
    assert team.a.get_members_schema().name == "members"


def test_its_cloud_layer_lists_and_finds(team):
    """As Ansible's modules ask."""
    assert ids(team.cloud.list_images()) == OURS
    assert team.cloud.get_image("image 4").id == OURS[1]
    assert ids(team.cloud.search_images(filters={"name": "image 4"})) == [OURS[1]]
