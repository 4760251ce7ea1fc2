"""The SDKs that several test modules use; a test is skipped if its SDK is not installed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from clients.region import A


def ims_client(url: str, access: str, secret: str, project: str | None) -> Any:
    """Return a client of huaweicloudsdkims."""
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    credentials = BasicCredentials(access, secret, project)
    return ims.ImsClient.new_builder().with_credentials(credentials).with_endpoint(url).build()


def walked(client: Any) -> list[str]:
    """Return the ids of all images that a client of huaweicloudsdkims lists in pages of two."""
    ims = pytest.importorskip("huaweicloudsdkims.v2")
    found, marker, more = [], None, True
    while more:
        page = client.glance_list_images(ims.GlanceListImagesRequest(limit=2, marker=marker))
        found += [image.id for image in page.images]
        marker, more = found[-1], page.next
    return found


@contextmanager
def connected(**credentials: str) -> Iterator[Any]:
    """Yield a connection of openstacksdk."""
    openstack = pytest.importorskip("openstack")
    cloud = openstack.connect(region_name="cn-north-4", app_name="test", image_api_version="2", **credentials)
    yield cloud
    cloud.close()


def password(url: str, user: str, project: str) -> dict[str, str]:
    """Return the credentials of a password login with openstacksdk."""
    who = {"username": user, "password": "secret", "user_domain_name": "team", "project_id": project}
    return {"auth_type": "password", "auth_url": f"{url}/v3", **who}


LOGINS: dict[str, Callable[[str, str], dict[str, str]]] = {
    "password": lambda url, _: password(url, "ann", A),
    "token": lambda url, token: {"auth_type": "token", "auth_url": f"{url}/v3", "token": token, "project_id": A},
    "admin token": lambda url, token: {"auth_type": "admin_token", "endpoint": f"{url}/v2", "token": token},
    "none": lambda url, _: {"auth_type": "none", "endpoint": url},
}
"""The credentials of openstacksdk for project A, at a URL with a token; ``admin token`` sends that without a login."""
