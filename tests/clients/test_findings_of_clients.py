"""Each real client has exactly the findings that the guide documents."""

import io

import pytest
from clients.client_findings import PROVOKED, documented_findings, findings, undocumented_findings
from clients.region import CATALOG, IDS, A, B
from helpers import make_app, over_socket


def huaweicloudsdkims(url):
    """Walk, filter, and do what can be done with an image."""
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    credentials = BasicCredentials("AK-A", "SK-A", A)
    client = ims.ImsClient.new_builder().with_credentials(credentials).with_endpoint(url).build()
    page = client.glance_list_images(ims.GlanceListImagesRequest(limit=2, sort_key="name", sort_dir="asc"))
    client.glance_list_images(ims.GlanceListImagesRequest(limit=2, marker=page.images[-1].id))
    wanted = {"imagetype": "private", "protected": False, "isregistered": True, "os_type": "Linux", "min_disk": 40}
    client.glance_list_images(ims.GlanceListImagesRequest(**wanted, tag="env=test"))
    client.list_images(ims.ListImagesRequest(architecture="x86", enterprise_project_id="all_granted_eps"))
    body = ims.GlanceCreateImageMetadataRequestBody(container_format="bare", disk_format="raw", name="new")
    image = client.glance_create_image_metadata(ims.GlanceCreateImageMetadataRequest(body)).id
    patch = [ims.GlanceUpdateImageRequestBody("replace", "/name", "newer")]
    client.glance_update_image(ims.GlanceUpdateImageRequest(image, patch))
    client.glance_create_tag(ims.GlanceCreateTagRequest(image, "k=v"))
    client.glance_add_image_member(ims.GlanceAddImageMemberRequest(image, ims.GlanceAddImageMemberRequestBody(B)))
    client.glance_list_image_members(ims.GlanceListImageMembersRequest(image))
    client.glance_show_image(ims.GlanceShowImageRequest(image))
    client.glance_delete_image(ims.GlanceDeleteImageRequest(image))


def openstacksdk(url):
    """Log in, look an image up by its name, list, upload and delete."""
    openstack = pytest.importorskip("openstack")
    who = {"username": "ann", "password": "secret", "user_domain_name": "team", "project_id": A}
    cloud = openstack.connect(
        region_name="cn-north-4", app_name="test", auth_type="password", auth_url=f"{url}/v3", **who
    )
    assert cloud.image.find_image("nosuch") is None
    assert [image.id for image in cloud.image.images(limit=2, sort="name:asc")] == IDS[::-1]
    image = cloud.image.create_image("new", data=b"data", container_format="bare", disk_format="raw")
    cloud.image.add_tag(image, "one")
    cloud.image.add_member(image, member_id=B)
    cloud.image.delete_image(image)
    cloud.close()


def glanceclient(url):
    """List in either syntax, upload, download and delete."""
    client = pytest.importorskip("glanceclient").Client("2", endpoint=url, token="of-a")
    assert [image.id for image in client.images.list(page_size=2, sort="name:asc")] == IDS[::-1]
    assert len(list(client.images.list(page_size=2, sort_key="name", sort_dir="asc"))) == len(IDS)
    image = client.images.create(name="new", disk_format="raw", container_format="bare").id
    client.images.upload(image, io.BytesIO(b"data"))
    assert b"".join(client.images.data(image)) == b"data"
    client.images.update(image, name="newer")
    client.image_tags.update(image, "k=v")
    client.image_members.create(image, B)
    client.images.delete(image)


CLIENTS = {"huaweicloudsdkims": huaweicloudsdkims, "openstacksdk": openstacksdk, "python-glanceclient": glanceclient}


@pytest.mark.parametrize("name", CLIENTS)
def test_client_has_exactly_the_documented_findings(name):
    app = make_app(CATALOG, auth="on")
    with over_socket(app) as ask:
        CLIENTS[name](ask.url)
    found = {(client, finding) for client, finding, _ in findings(app)}
    assert found == {(client, finding) for client, finding in documented_findings() if client == name}
    assert not undocumented_findings(app)


def test_undocumented_findings_are_detected():
    app = make_app(CATALOG)
    client = app.test_client()
    for agent in ("openstacksdk/4", "huaweicloud-usdk-python/3", "curl/8"):
        for target in ("/v2/images?sort=name:asc", "/v2/images?sort_key=colour", f"/v2/images/{IDS[0]}"):
            client.get(target, headers={"User-Agent": agent})
    assert undocumented_findings(app) == {("huaweicloudsdkims", "legacy-sort"), ("", "legacy-sort")}
    assert {finding for _, finding, _ in findings(app)} & PROVOKED == {"undocumented-value"}
