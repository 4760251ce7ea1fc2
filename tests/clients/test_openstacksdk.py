"""openstacksdk over a socket."""

from types import SimpleNamespace

import pytest
from clients.region import DATA, IDS, MISSING, PROFILES, A, B, served
from clients.sdks import LOGINS, connected, password
from helpers import make_app, over_socket

openstack = pytest.importorskip("openstack")

exceptions = openstack.exceptions


@pytest.fixture(params=PROFILES)
def team(request):
    with (
        served(request.param) as url,
        connected(**password(url, "ann", A)) as a,
        connected(**password(url, "bob", B)) as b,
    ):
        yield SimpleNamespace(url=url, profile=request.param, a=a.image, b=b.image, cloud=a)


def ids(images):
    return [image.id for image in images]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("way", LOGINS)
def test_login(way, profile):
    auth = "off" if way == "none" else "on"
    with served(profile, auth) as url, connected(**LOGINS[way](url, "of-a")) as cloud:
        assert ids(cloud.image.images()) == IDS
        image = cloud.image.create_image("new", data=b"data", disk_format="raw", validate_checksum=True)
        assert image.owner == A
        cloud.image.delete_image(image)
        assert ids(cloud.image.images()) == IDS


@pytest.mark.parametrize(("auth", "name"), [("off", "cn-north-4"), ("on", "RegionOne")])
def test_login_in_a_custom_region(auth, name):
    app = make_app({"project": A, "projects": [{"id": A, "name": name, "domain": "testdomain"}]}, auth=auth)
    with over_socket(app) as ask:
        who = {"username": "tester", "password": "secret", "user_domain_name": "testdomain"}
        where = {"project_name": "RegionOne", "project_domain_name": "testdomain", "region_name": "RegionOne"}
        cloud = openstack.connect(auth_type="password", auth_url=f"{ask.url}/v3", app_name="test", **who, **where)
        assert ids(cloud.image.images()) == []
        cloud.close()


@pytest.mark.parametrize("profile", PROFILES)
def test_invalid_token_raises_unauthorized(profile):
    with served(profile) as url, connected(**LOGINS["admin token"](url, "wrong")) as cloud:
        with pytest.raises(exceptions.HttpException) as caught:
            list(cloud.image.images())
        assert caught.value.status_code == 401


def test_paging_returns_every_image_once(team):
    assert ids(team.a.images(limit=2)) == IDS
    assert ids(team.a.images(limit=2, sort_key="name", sort_dir="asc")) == IDS[::-1]
    assert ids(team.b.images()) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "image 4"}, [IDS[1]]),
        ({"owner": B}, []),
        ({"tag": "env=test"}, [IDS[3]]),
        ({"visibility": "public"}, []),
        ({"created_at": "gte:2020-01-01T00:00:04Z", "sort": "name:asc"}, [IDS[1], IDS[0]]),
    ],
)
def test_filters_and_sort_keys(team, filters, found):
    assert ids(team.a.images(**filters)) == found


def test_image_is_found_by_id_and_by_name(team):
    assert team.a.find_image(IDS[1]).name == "image 4"
    assert team.a.find_image("image 4").id == IDS[1]
    assert team.a.find_image("image 6") is None
    with pytest.raises(exceptions.NotFoundException):
        team.a.get_image(MISSING)
    with pytest.raises(exceptions.NotFoundException):
        team.b.get_image(IDS[0])


def test_invalid_requests_raise_exceptions_of_the_client(team):
    with pytest.raises(exceptions.BadRequestException) as caught:
        list(team.a.images(sort_key="colour"))
    assert "colour" in str(caught.value)
    with pytest.raises(exceptions.BadRequestException):
        list(team.a.images(marker=MISSING))
    with pytest.raises(exceptions.ForbiddenException):
        team.a.update_image(IDS[0], owner_id=B)
    with pytest.raises(exceptions.ConflictException):
        exceptions.raise_from_response(team.a.get_image(IDS[0]).upload(team.a, data=b"once more"))


def test_client_extracts_the_message_from_an_error_page_of_glance():
    with served("glance") as url, connected(**password(url, "ann", A)) as cloud:
        with pytest.raises(exceptions.NotFoundException) as caught:
            cloud.image.get_image(MISSING)
        assert caught.value.response.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert caught.value.details == f"404 Not Found: No image found with ID {MISSING}"
        with pytest.raises(exceptions.BadRequestException) as caught:
            cloud.image.add_member(IDS[0], member_id="")
        assert caught.value.details == "400 Bad Request: Member can't be empty"


def test_download_returns_what_was_uploaded(team, tmp_path):
    (tmp_path / "data").write_bytes(DATA)
    what = {"filename": str(tmp_path / "data"), "disk_format": "raw", "validate_checksum": True}
    image = team.a.create_image("new", tags=["镜像", "k=v"], **what)
    image.data.close()  # it leaves the file open
    assert (image.status, image.size, image.tags) == ("active", len(DATA), ["镜像", "k=v"])
    assert team.a.download_image(image).content == DATA
    team.a.download_image(image, output=str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == DATA
    with team.a.download_image(image, stream=True) as answer:
        assert b"".join(answer.iter_content(65_536)) == DATA
    again = team.a.create_image("new", **what)
    assert (again.id, again.properties["owner_specified.openstack.md5"]) == (image.id, image.checksum)


def test_image_is_changed_and_deleted(team):
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


def test_member_lists_a_shared_image_after_accepting_it(team):
    image = IDS[0]
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


@pytest.mark.parametrize("name", ["image", "images", "member", "members"])
def test_schemas(team, name):
    assert getattr(team.a, f"get_{name}_schema")().name == name


def test_cloud_layer_lists_and_finds_images(team):
    assert ids(team.cloud.list_images()) == IDS
    assert team.cloud.get_image("image 4").id == IDS[1]
    assert ids(team.cloud.search_images(filters={"name": "image 4"})) == [IDS[1]]
