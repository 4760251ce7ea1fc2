"""The vendor's SDK for images, unmodified, over a socket: what its calls get."""

import pytest
from conftest import make_app, over_socket

pytest.importorskip("huaweicloudsdkims")

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkims.v2 import ImsClient, ListImagesRequest

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
"""Python 3.12 warns of how the SDK looks at the clock."""

KEY, SECRET, PROJECT = "IMSMOCKACCESSKEY00001", "ims-mock-secret-key", "a" * 32
CATALOG = {
    "project": PROJECT,
    "images": [{"name": f"image {number}", "__support_arm": str(number % 2 == 0).lower()} for number in range(5)],
}


@pytest.fixture(scope="module", params=["documented", "glance"])
def ims(request):
    """A client of an emulator that verifies its signatures."""
    with over_socket(make_app(CATALOG, auth="on", profile=request.param)) as ask:
        credentials = BasicCredentials(KEY, SECRET, PROJECT)
        yield ImsClient.new_builder().with_credentials(credentials).with_endpoint(ask.url).build()


def test_the_newer_list_is_walked_by_marker(ims):
    """Two images a page, until a page is empty; every image once."""
    walked, marker = [], None
    while page := ims.list_images(ListImagesRequest(limit=2, marker=marker, sort_key="name", sort_dir="asc")).images:
        walked += [image.name for image in page]
        marker = page[-1].id
    assert walked == [f"image {number}" for number in range(5)]


def test_the_newer_list_is_filtered(ims):
    """By what only it filters by."""
    found = ims.list_images(ListImagesRequest(architecture="arm", enterprise_project_id="all_granted_eps")).images
    assert {image.name for image in found} == {"image 0", "image 2", "image 4"}


def test_the_sdk_understands_a_refusal_of_the_newer_list(ims):
    """As its own exception, with the code of the service."""
    with pytest.raises(ClientRequestException) as refused:
        ims.list_images(ListImagesRequest(flavor_id="huge"))
    assert (refused.value.status_code, refused.value.error_code) == (400, "IMG.0192")
    assert "flavor_id is 'huge'" in refused.value.error_msg
