"""A minimal client of the image list, as a project under test has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode
from urllib.request import Request, urlopen


def list_images(base_url: str, token: str, **query: str) -> Iterator[dict[str, object]]:
    """Yield all images that match a query, page by page."""
    target = f"/v2/images?{urlencode(query)}"
    while target:
        request = Request(base_url + target, headers={"X-Auth-Token": token})
        with urlopen(request, timeout=10) as response:
            page = json.load(response)
        yield from page["images"]
        target = page.get("next")
