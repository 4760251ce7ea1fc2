"""Each real client has the findings that the guide documents; every test with clients fails if one has others."""

import pytest
from clients import sdks
from clients.client_findings import PROVOKED, documented_findings, findings, undocumented_findings
from clients.region import CATALOG, IDS, A
from helpers import make_app, over_socket


def huaweicloudsdkims(url):
    client = sdks.ims_client(url, "AK-A", "SK-A", A)
    import huaweicloudsdkims.v2 as ims

    wanted = {"imagetype": "private", "protected": False, "isregistered": True, "os_type": "Linux", "min_disk": 40}
    assert len(client.glance_list_images(ims.GlanceListImagesRequest(**wanted)).images) == len(IDS) - 1
    client.glance_show_image(ims.GlanceShowImageRequest(IDS[0]))


def openstacksdk(url):
    with sdks.connected(**sdks.password(url, "ann", A)) as cloud:
        assert cloud.image.find_image("nosuch") is None
        assert [image.id for image in cloud.image.images(limit=2, sort="name:asc")] == IDS[::-1]


def glanceclient(url):
    images = pytest.importorskip("glanceclient").Client("2", endpoint=url, token="of-a").images
    assert [image.id for image in images.list(page_size=2, sort="name:asc")] == IDS[::-1]
    assert images.get(IDS[0]).id == IDS[0]


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
