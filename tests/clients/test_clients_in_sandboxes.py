"""Real clients in a sandbox, selected by its URL or by its credentials."""

import json
import urllib.request
from types import SimpleNamespace

import pytest
from clients import sdks
from clients.region import DATA, IDS, PROFILES, served


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
    client = sdks.ims_client(getattr(sandbox, place), sandbox.access_key, sandbox.secret_key, sandbox.project)
    import huaweicloudsdkims.v2 as ims

    assert sdks.walked(client) == IDS
    body = ims.GlanceCreateImageMetadataRequestBody(container_format="bare", disk_format="raw", name="new")
    image = client.glance_create_image_metadata(ims.GlanceCreateImageMetadataRequest(body))
    patch = [ims.GlanceUpdateImageRequestBody("replace", "/name", "newer")]
    assert client.glance_update_image(ims.GlanceUpdateImageRequest(image.id, patch)).name == "newer"
    assert (count(sandbox.url), count(sandbox.root)) == (len(IDS) + 1, len(IDS))


@pytest.mark.parametrize(
    ("way", "place"), [("password", "url"), ("token", "url"), ("token", "root"), ("admin token", "root")]
)
def test_openstacksdk(sandbox, way, place):
    with sdks.connected(**sdks.LOGINS[way](getattr(sandbox, place), sandbox.token)) as cloud:
        assert [image.id for image in cloud.image.images(limit=2)] == IDS
        image = cloud.image.create_image("new", data=DATA, container_format="bare", disk_format="raw")
        assert cloud.image.get_image(image.id).size == len(DATA)
        assert (count(sandbox.url), count(sandbox.root)) == (len(IDS) + 1, len(IDS))
