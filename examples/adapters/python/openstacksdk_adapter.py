"""Adapter for openstacksdk, which follows ``next`` links by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openstack

INTEGERS = ("limit", "min_disk", "min_ram")


def list_images(service: Any, query: dict[str, str | list[str]]) -> Iterator[str]:
    """Yield the ids of all images.

    ``images()`` takes any keyword: it sends some, compares others with the attributes of the images, and ignores the
    rest without an error.
    """
    with connected(service) as cloud:
        for image in cloud.image.images(**converted(query)):
            yield image.id


def connected(service: Any) -> openstack.connection.Connection:
    """Return a connection that logs in with the password and ignores the settings of this machine."""
    return openstack.connect(
        auth_url=service.iam_url,
        username=service.user,
        password=service.password,
        user_domain_name=service.domain,
        project_id=service.project,
        region_name=service.region,
        load_yaml_config=False,
        load_envvars=False,
    )


def converted(query: dict[str, str | list[str]]) -> dict[str, Any]:
    """Return the query with integers where the SDK compares integers."""
    return {name: int(str(value)) if name in INTEGERS else value for name, value in query.items()}
