"""huaweicloudsdkims over a socket: every operation of the image API, signed."""

from types import SimpleNamespace

import pytest
from clients.region import IDS, MISSING, PROFILES, A, B, served
from clients.sdks import ims_client, walked

pytest.importorskip("huaweicloudsdkims")

import huaweicloudsdkims.v2 as ims
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException


@pytest.fixture(params=PROFILES)
def team(request):
    with served(request.param) as url:
        a, b = ims_client(url, "AK-A", "SK-A", A), ims_client(url, "AK-B", "SK-B", B)
        yield SimpleNamespace(profile=request.param, a=a, b=b)


def listed(client, **query):
    return [image.id for image in client.glance_list_images(ims.GlanceListImagesRequest(**query)).images]


def shown(client, image):
    return client.glance_show_image(ims.GlanceShowImageRequest(image))


def changed(client, image, *operations):
    body = [ims.GlanceUpdateImageRequestBody(*operation) for operation in operations]
    return client.glance_update_image(ims.GlanceUpdateImageRequest(image, body))


def refused(call):
    with pytest.raises(ClientRequestException) as caught:
        call()
    return caught.value


def test_paging_returns_every_image_once(team):
    assert walked(team.a) == IDS
    assert listed(team.b) == []


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"name": "image 4"}, [IDS[1]]),
        ({"os_type": "Windows"}, [IDS[2]]),
        ({"tag": "env=test"}, [IDS[3]]),
        ({"protected": True}, []),
        ({"created_at": "gte:2020-01-01T00:00:04Z", "sort_key": "name", "sort_dir": "asc"}, [IDS[1], IDS[0]]),
    ],
)
def test_filters_and_sort_keys(team, filters, ids):
    assert listed(team.a, **filters) == ids


def test_exceptions_have_the_status_and_code_of_the_error(team):
    refusals = [
        (404, "IMG.0027", lambda: shown(team.a, MISSING)),
        (404, "IMG.0027", lambda: shown(team.b, IDS[0])),
        (404, "IMG.0144", lambda: team.a.glance_delete_image(ims.GlanceDeleteImageRequest(MISSING))),
        (400, "IMG.0027", lambda: listed(team.a, marker=MISSING)),
        (400, "IMG.0017", lambda: listed(team.a, sort_key="colour")),
        (403, "IMG.0026", lambda: changed(team.a, IDS[0], ("replace", "/status", "active"))),
        (409, "IMG.0035", lambda: changed(team.a, IDS[0], ("remove", "/nothing"))),
    ]
    for status, code, call in refusals:
        error = refused(call)
        is_service = team.profile == "documented"
        assert (error.status_code, error.error_code) == (status, code if is_service else str(status))
        assert error.error_msg
        assert len(error.request_id) == 32


def test_image_is_created_changed_and_deleted(team):
    what = {"name": "new", "container_format": "bare", "disk_format": "raw", "tags": ["a=b"], "protected": True}
    body = ims.GlanceCreateImageMetadataRequestBody(os_version="CentOS 7.3 64bit", min_disk=40, **what)
    image = team.a.glance_create_image_metadata(ims.GlanceCreateImageMetadataRequest(body))
    assert (image.status, image.visibility, image.owner, image.tags) == ("queued", "private", A, ["a=b"])
    assert (image.name, image.os_version, image.min_disk, image.protected) == ("new", "CentOS 7.3 64bit", 40, True)
    if team.profile == "documented":
        assert (image.imagetype, image.isregistered, image.image_size) == ("private", "true", "0")
        assert (image.platform, image.os_type, image.os_bit) == ("CentOS", "Linux", "64")
    assert len(listed(team.a)) == len(IDS) + 1
    description, name = ("add", "/__description", "镜像"), ("replace", "/name", "newer")
    image = changed(team.a, image.id, description, name, ("replace", "/protected", False))
    assert (image.description, image.name, image.protected) == ("镜像", "newer", False)
    assert changed(team.a, image.id, ("remove", "/__description")).description is None
    body = ims.GlanceDeleteImageRequestBody(delete_backup=True)
    assert team.a.glance_delete_image(ims.GlanceDeleteImageRequest(image.id, body)).status_code == 204
    assert refused(lambda: shown(team.a, image.id)).status_code == 404


def test_tags_are_added_and_removed(team):
    for tag in ("k=v", "镜 像"):
        team.a.glance_create_tag(ims.GlanceCreateTagRequest(IDS[0], tag))
    assert shown(team.a, IDS[0]).tags == ["k=v", "镜 像"]
    for tag in ("k=v", "镜 像"):
        team.a.glance_delete_tag(ims.GlanceDeleteTagRequest(IDS[0], tag))
    assert shown(team.a, IDS[0]).tags == []
    missing = ims.GlanceDeleteTagRequest(IDS[0], "k=v")
    assert refused(lambda: team.a.glance_delete_tag(missing)).status_code == 404


def test_member_lists_a_shared_image_after_accepting_it(team):
    image = IDS[0]
    added = ims.GlanceAddImageMemberRequest(image, ims.GlanceAddImageMemberRequestBody(B))
    member = team.a.glance_add_image_member(added)
    assert (member.image_id, member.member_id, member.status) == (image, B, "pending")
    assert refused(lambda: team.a.glance_add_image_member(added)).status_code == 409
    assert listed(team.b) == []
    body = ims.GlanceUpdateImageMemberRequestBody("accepted")
    accepted, one = ims.GlanceUpdateImageMemberRequest(image, B, body), ims.GlanceShowImageMemberRequest(image, B)
    assert refused(lambda: team.a.glance_update_image_member(accepted)).status_code == 403
    assert team.b.glance_update_image_member(accepted).status == "accepted"
    assert team.a.glance_show_image_member(one).status == "accepted"
    assert listed(team.b) == [image]
    (member,) = team.a.glance_list_image_members(ims.GlanceListImageMembersRequest(image)).members
    assert (member.member_id, member.status) == (B, "accepted")
    team.a.glance_delete_image_member(ims.GlanceDeleteImageMemberRequest(image, B))
    assert team.a.glance_list_image_members(ims.GlanceListImageMembersRequest(image)).members == []
    assert refused(lambda: team.a.glance_show_image_member(one)).status_code == 404


def test_schemas_and_versions(team):
    assert team.a.glance_show_image_schemas(ims.GlanceShowImageSchemasRequest()).name == "image"
    assert team.a.glance_list_image_schemas(ims.GlanceListImageSchemasRequest()).name == "images"
    assert team.a.glance_show_image_member_schemas(ims.GlanceShowImageMemberSchemasRequest()).name == "member"
    assert team.a.glance_list_image_member_schemas(ims.GlanceListImageMemberSchemasRequest()).name == "members"
    assert [one.id for one in team.a.list_versions(ims.ListVersionsRequest()).versions] == ["v2.2", "v2.1", "v2.0"]
    assert [one.id for one in team.a.show_version(ims.ShowVersionRequest("v2.0")).versions] == ["v2.0"]


def cloudimages(client, **query):
    return [image.id for image in client.list_images(ims.ListImagesRequest(**query)).images]


def test_cloudimages_are_paged_and_filtered(team):
    found = cloudimages(team.a, limit=2)
    while page := cloudimages(team.a, limit=2, marker=found[-1]):
        found += page
    assert found == IDS
    assert cloudimages(team.a, architecture="x86", enterprise_project_id="all_granted_eps") == IDS
    assert cloudimages(team.a, architecture="arm") == []
    error = refused(lambda: cloudimages(team.a, flavor_id="huge"))
    assert (error.status_code, error.error_code) == (400, "IMG.0192")
    assert "flavor_id 'huge'" in error.error_msg
