"""Adapter for python-glanceclient, which follows ``next`` links by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import glanceclient
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

ARGUMENTS = {"limit": "page_size", "marker": "marker", "sort_key": "sort_key", "sort_dir": "sort_dir"}


def list_images(service: Any, query: dict[str, str | list[str]]) -> Iterator[str]:
    """Yield the ids of all images. Its ``limit`` is a total; the size of a page is ``page_size``."""
    login = v3.Password(
        service.iam_url,
        username=service.user,
        password=service.password,
        user_domain_name=service.domain,
        project_id=service.project,
    )
    client = glanceclient.Client("2", session=Session(login), region_name=service.region)
    arguments: dict[str, Any] = {ARGUMENTS[name]: value for name, value in query.items() if name in ARGUMENTS}
    filters = {name: value for name, value in query.items() if name not in ARGUMENTS}
    for image in client.images.list(filters=filters, **arguments):
        yield image.id
