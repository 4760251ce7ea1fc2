"""Real clients, unmodified, in a sandbox of a server that needs credentials: under its URL, and at the root."""

import json
import urllib.request
from types import SimpleNamespace

import pytest
from clients.region import DATA, OURS, PROFILES, A, served


@pytest.fixture(params=PROFILES)
def box(request):
    """A sandbox, and the server around it."""
    with served(request.param) as root:
        asked = urllib.request.Request(f"{root}/_ims/sandboxes", method="POST")
        with urllib.request.urlopen(asked) as answer:
            yield SimpleNamespace(root=root, **json.load(answer))


def count(url):
    """How many images an emulator holds."""
    with urllib.request.urlopen(f"{url}/_ims/health") as answer:
        return json.load(answer)["images"]


@pytest.mark.parametrize("place", ["url", "root"])
def test_the_vendors_sdk(box, place):
    """It signs the path with the prefix, follows the pages, and writes; the server around keeps what it has."""
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    credentials = BasicCredentials(box.access_key, box.secret_key, box.project)
    builder = ims.ImsClient.new_builder().with_credentials(credentials).with_endpoint(getattr(box, place))
    client = builder.build()
    found, marker, more = [], None, True
    while more:
        page = client.glance_list_images(ims.GlanceListImagesRequest(limit=2, marker=marker))
        found += [image.id for image in page.images]
        marker, more = found[-1], page.next
    assert found == OURS
    body = ims.GlanceCreateImageMetadataRequestBody(container_format="bare", disk_format="raw", name="new")
    image = client.glance_create_image_metadata(ims.GlanceCreateImageMetadataRequest(body))
    patch = [ims.GlanceUpdateImageRequestBody("replace", "/name", "newer")]
    assert client.glance_update_image(ims.GlanceUpdateImageRequest(image.id, patch)).name == "newer"
    assert (count(box.url), count(box.root)) == (len(OURS) + 1, len(OURS))


def password(box):
    """Log in to the sandbox under its URL."""
    who = {"username": "ann", "password": "secret", "user_domain_name": "team", "project_id": A}
    return {"auth_type": "password", "auth_url": f"{box.url}/v3", **who}


WAYS = {
    "password": password,
    "token": lambda box: {
        "auth_type": "token",
        "auth_url": f"{box.url}/v3",
        "token": box.token,
        "project_id": A,
    },
    "token at the root": lambda box: {
        "auth_type": "token",
        "auth_url": f"{box.root}/v3",
        "token": box.token,
        "project_id": A,
    },
    "admin token": lambda box: {"auth_type": "admin_token", "endpoint": f"{box.root}/v2", "token": box.token},
}


@pytest.mark.parametrize("way", WAYS)
def test_openstacksdk(box, way):
    """The service catalog leads back to the sandbox; an upload arrives there."""
    openstack = pytest.importorskip("openstack")
    asked = WAYS[way](box)
    cloud = openstack.connect(region_name="cn-north-4", app_name="test", image_api_version="2", **asked)
    assert [image.id for image in cloud.image.images(limit=2)] == OURS
    image = cloud.image.create_image("new", data=DATA, container_format="bare", disk_format="raw")
    assert cloud.image.get_image(image.id).size == len(DATA)
    assert (count(box.url), count(box.root)) == (len(OURS) + 1, len(OURS))
    cloud.close()
