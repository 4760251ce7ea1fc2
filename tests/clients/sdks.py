"""The SDKs that several test modules use; a test is skipped if its SDK is not installed."""

from contextlib import contextmanager

import pytest
from clients.region import A


def ims_client(url, access, secret, project):
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    credentials = BasicCredentials(access, secret, project)
    return ims.ImsClient.new_builder().with_credentials(credentials).with_endpoint(url).build()


def walked(client):
    """Return the ids of all images that a client of huaweicloudsdkims lists in pages of two."""
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    found, marker, more = [], None, True
    while more:
        page = client.glance_list_images(ims.GlanceListImagesRequest(limit=2, marker=marker))
        found += [image.id for image in page.images]
        marker, more = found[-1], page.next
    return found


@contextmanager
def connected(**credentials):
    """Yield a connection of openstacksdk."""
    openstack = pytest.importorskip("openstack")
    cloud = openstack.connect(region_name="cn-north-4", app_name="test", image_api_version="2", **credentials)
    yield cloud
    cloud.close()


def password(url, user, project):
    """Return the credentials of a password login with openstacksdk."""
    who = {"username": user, "password": "secret", "user_domain_name": "team", "project_id": project}
    return {"auth_type": "password", "auth_url": f"{url}/v3", **who}


LOGINS = {  # the credentials of openstacksdk for project A, at a URL with a token, which "admin token" sends as it is
    "password": lambda url, _: password(url, "ann", A),
    "token": lambda url, token: {"auth_type": "token", "auth_url": f"{url}/v3", "token": token, "project_id": A},
    "admin token": lambda url, token: {"auth_type": "admin_token", "endpoint": f"{url}/v2", "token": token},
    "none": lambda url, _: {"auth_type": "none", "endpoint": url},
}
