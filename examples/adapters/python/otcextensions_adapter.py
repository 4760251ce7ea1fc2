"""Adapter for otcextensions, which extends openstacksdk for Open Telekom Cloud, another cloud with this service.

Its ``imsv2.images()`` reads ``/v2/cloudimages``, the newer list, and leaves paging to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from otcextensions import sdk

from .openstacksdk_adapter import connected, converted


def list_images(service: Any, query: dict[str, str | list[str]]) -> Iterator[str]:
    """Yield the ids of all images: ask for pages that follow the last id, until a page is empty."""
    filters = converted(query)
    with connected(service) as cloud:
        sdk.register_otc_extensions(cloud)
        while page := [image.id for image in cloud.imsv2.images(**filters)]:
            yield from page
            filters["marker"] = page[-1]
