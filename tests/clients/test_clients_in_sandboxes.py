"""Real clients in a sandbox, selected by its URL or by its credentials."""

import json
import urllib.request
from types import SimpleNamespace

import pytest
from clients.region import DATA, IDS, PROFILES, A, served


@pytest.fixture(params=PROFILES)
def sandbox(request):
    with served(request.param) as root:
        asked = urllib.request.Request(f"{root}/_ims/sandboxes", method="POST")
        with urllib.request.urlopen(asked) as answer:
            yield SimpleNamespace(root=root, **json.load(answer))


def count(url):
    with urllib.request.urlopen(f"{url}/_ims/health") as answer:
        return json.load(answer)["images"]


@pytest.mark.parametrize("place", ["url", "root"])
def test_huaweicloudsdkims(sandbox, place):
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    credentials = BasicCredentials(sandbox.access_key, sandbox.secret_key, sandbox.project)
    builder = ims.ImsClient.new_builder().with_credentials(credentials).with_endpoint(getattr(sandbox, place))
    client = builder.build()
    found, marker, more = [], None, True
    while more:
        page = client.glance_list_images(ims.GlanceListImagesRequest(limit=2, marker=marker))
        found += [image.id for image in page.images]
        marker, more = found[-1], page.next
    assert found == IDS
    body = ims.GlanceCreateImageMetadataRequestBody(container_format="bare", disk_format="raw", name="new")
    image = client.glance_create_image_metadata(ims.GlanceCreateImageMetadataRequest(body))
    patch = [ims.GlanceUpdateImageRequestBody("replace", "/name", "newer")]
    assert client.glance_update_image(ims.GlanceUpdateImageRequest(image.id, patch)).name == "newer"
    assert (count(sandbox.url), count(sandbox.root)) == (len(IDS) + 1, len(IDS))


def password(sandbox):
    who = {"username": "ann", "password": "secret", "user_domain_name": "team", "project_id": A}
    return {"auth_type": "password", "auth_url": f"{sandbox.url}/v3", **who}


def token(sandbox, url):
    return {"auth_type": "token", "auth_url": f"{url}/v3", "token": sandbox.token, "project_id": A}


LOGINS = {
    "password": password,
    "token": lambda sandbox: token(sandbox, sandbox.url),
    "token at the root": lambda sandbox: token(sandbox, sandbox.root),
    "admin token": lambda sandbox: {
        "auth_type": "admin_token",
        "endpoint": f"{sandbox.root}/v2",
        "token": sandbox.token,
    },
}


@pytest.mark.parametrize("way", LOGINS)
def test_openstacksdk(sandbox, way):
    openstack = pytest.importorskip("openstack")
    asked = LOGINS[way](sandbox)
    cloud = openstack.connect(region_name="cn-north-4", app_name="test", image_api_version="2", **asked)
    assert [image.id for image in cloud.image.images(limit=2)] == IDS
    image = cloud.image.create_image("new", data=DATA, container_format="bare", disk_format="raw")
    assert cloud.image.get_image(image.id).size == len(DATA)
    assert (count(sandbox.url), count(sandbox.root)) == (len(IDS) + 1, len(IDS))
    cloud.close()
