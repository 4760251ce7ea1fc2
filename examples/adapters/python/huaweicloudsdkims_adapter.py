"""Adapter for huaweicloudsdkims, the Python SDK of Huawei Cloud, which leaves paging to the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkims.v2 import GlanceListImagesRequest, ImsClient

ATTRIBUTES = {name: attribute for attribute, name in GlanceListImagesRequest.attribute_map.items()}
CONVERSIONS = {"str": str, "int": int, "bool": {"true": True, "false": False}.__getitem__}


def list_images(service: Any, query: dict[str, str | list[str]]) -> Iterator[str]:
    """Yield the ids of all images: ask for pages that follow the last id, as long as a page has a ``next`` link."""
    credentials = BasicCredentials(service.access_key, service.secret_key, service.project)
    client = ImsClient.new_builder().with_credentials(credentials).with_endpoint(service.url).build()
    request = GlanceListImagesRequest(**dict(converted(name, value) for name, value in query.items()))
    while True:
        page = client.glance_list_images(request)
        # A response without images has ``None`` here. That is no error of the SDK, so it must not become one here.
        for image in page.images or []:
            yield image.id
            request.marker = image.id
        if not page.next:
            return


def converted(name: str, value: str | list[str]) -> tuple[str, Any]:
    """Return the attribute of the request for a query parameter, and the value in the attribute's type."""
    if name not in ATTRIBUTES:
        raise NotImplementedError(f"GlanceListImagesRequest has no parameter {name}")
    if not isinstance(value, str):
        raise NotImplementedError(f"GlanceListImagesRequest takes one value of {name}")
    attribute = ATTRIBUTES[name]
    return attribute, CONVERSIONS[GlanceListImagesRequest.openapi_types[attribute]](value)
