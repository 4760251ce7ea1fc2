"""Reference adapter: lists images with the standard library, as an SDK would.

Run it with ``ims-mock conformance adapter:list_images`` in this directory.
"""

import json
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

ATTEMPTS = 3
LONGEST_WAIT = 5.0


class ServiceError(Exception):
    """The service rejected a request, or its response cannot be used."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


def list_images(service, query):
    """Yield the id of each image that matches, page by page."""
    url = f"{service.url}/v2/images?{urlencode(query, doseq=True)}"
    pages, images = set(), set()
    while url not in pages:
        pages.add(url)
        page = get(url, service.token)
        for image in page["images"]:
            if image["id"] not in images:
                images.add(image["id"])
                yield image["id"]
        if "next" not in page:
            return
        url = urljoin(url, page["next"])
    raise ServiceError("the links to the next page lead back to an earlier one")


def get(url, token):
    """Return the JSON of a response; try again if the service is busy or the connection breaks."""
    request = Request(url, headers={"X-Auth-Token": token})
    for attempt in range(1, ATTEMPTS + 1):
        wait = 0.1 * attempt
        try:
            with urlopen(request, timeout=20) as response:
                body = response.read()
            break
        except HTTPError as error:
            wait = float(error.headers.get("Retry-After", wait))
            if error.code not in (429, 503) or wait > LONGEST_WAIT or attempt == ATTEMPTS:
                raise ServiceError(error.read().decode("utf-8", "replace"), error.code) from None
        except (OSError, HTTPException) as error:
            if attempt == ATTEMPTS:
                raise ServiceError(f"no response: {error}") from None
        time.sleep(wait)
    page = json.loads(body)  # an empty, cut or other body is an error
    if not isinstance(page, dict) or not isinstance(page.get("images"), list):
        raise ServiceError("the response is no list of images")
    return page
