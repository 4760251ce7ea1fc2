"""Adapters with one mistake each, which the scenarios must find. ``correct`` has none."""

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen


class ServiceError(Exception):
    """A response with an error status."""

    def __init__(self, status):
        super().__init__(f"HTTP status {status}")
        self.status = status


def fetch(service, url, *, parse=json.loads):
    """Return the JSON of a page."""
    try:
        with urlopen(Request(url, headers={"X-Auth-Token": service.token}), timeout=10) as response:
            return parse(response.read())
    except HTTPError as error:
        raise ServiceError(error.code) from None


encode = partial(urlencode, doseq=True)


def correct(service, query, *, fetch=fetch, encode=encode, again=lambda query, page: page.get("next")):
    """Yield the ids page by page; the keywords are where the adapters below are wrong."""
    url = f"{service.url}/v2/images?{encode(query)}"
    while url:
        page = fetch(service, url)
        yield from (image["id"] for image in page["images"])
        link = again(query, page)
        url = urljoin(url, link) if link else ""


stops_early = partial(correct, again=lambda query, page: "")
takes_a_short_page_for_the_last = partial(
    correct, again=lambda query, page: page.get("next") if len(page["images"]) == int(query.get("limit", 25)) else ""
)


def swallows_errors(service, query):
    try:
        yield from correct(service, query)
    except Exception:
        return


def taking_for_empty_pages(*errors):
    """Return an adapter that takes a page for an empty one if it raises such an error."""

    def lenient(service, url):
        try:
            return fetch(service, url)
        except errors:
            return {"images": []}

    return partial(correct, fetch=lenient)


accepts_any_body = taking_for_empty_pages(ValueError, OSError)
ignores_status = taking_for_empty_pages(ServiceError)


def parse_truncated(body):
    """Return as many images as there are in a truncated page."""
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        if not body.startswith(b'{"images"'):
            raise
        whole = re.findall(r'\{[^{}]*"id": "([^"]+)"[^{}]*\}', body.decode())
        return {"images": [{"id": one} for one in whole]}


accepts_truncated_pages = partial(correct, fetch=partial(fetch, parse=parse_truncated))


def making_links(keeps):
    """Return an adapter that makes the link to the next page itself, of the parameters that it keeps."""

    def again(query, page):
        kept = {name: value for name, value in query.items() if keeps(name)}
        return f"/v2/images?{encode(kept)}&marker={page['images'][-1]['id']}" if page.get("next") else ""

    return partial(correct, again=again)


forgets_filters = making_links(lambda name: name in ("limit", "sort_key", "sort_dir"))
forgets_the_order = making_links(lambda name: not name.startswith("sort"))


def sorts_by_id(service, query):
    return sorted(correct(service, query))


def plain(query):
    pairs = [(name, one) for name, value in query.items() for one in ([value] if isinstance(value, str) else value)]
    return "&".join(f"{name}={one}" for name, one in pairs).replace(" ", "+").encode().decode("latin-1")


does_not_escape = partial(correct, encode=plain)


def keeps_the_last_value(service, query):
    last = {name: value if isinstance(value, str) else value[-1] for name, value in query.items()}
    return correct(service, last)


def retrying(service, url, delays):
    for delay in delays:
        try:
            return fetch(service, url)
        except ServiceError as error:
            if error.status not in (429, 503):
                raise
            last = error
            time.sleep(delay)
    raise last


retries_for_ever = partial(correct, fetch=lambda service, url: retrying(service, url, iter(lambda: 0.001, None)))
ignores_retry_after = partial(correct, fetch=lambda service, url: retrying(service, url, (0.01, 0.01, 0)))


def begins_again(service, query):
    """Begin again after an error, and keep the images of the first attempt."""
    for _ in range(2):
        try:
            yield from correct(service, query)
            return
        except ServiceError:
            pass
    yield from correct(service, query)


def loops(service, query):
    """Ask for the second page again and again, because the marker is that of the first page."""
    markers = []

    def again(query, page):
        markers.append(page.get("next"))
        return page.get("next") and markers[0]

    return correct(service, query, again=again)


def reporting(reported):
    """Return an adapter that reports an error of its own instead of that of the service."""

    def adapter(service, query):
        try:
            yield from correct(service, query)
        except ServiceError:
            raise reported from None

    return adapter


hides_the_status = reporting(RuntimeError("failed"))
reports_a_wrong_status = reporting(ServiceError(418))


def prints(service, query):
    print("on standard output, by Python")
    os.system("echo by a process")
    return correct(service, query)


def knows_no_sort(service, query):
    if "sort_key" in query:
        raise NotImplementedError("the SDK cannot sort")
    return correct(service, query)


def supports_nothing(service, query):
    raise NotImplementedError


def ignores_limit(service, query):
    return correct(service, {name: value for name, value in query.items() if name != "limit"})


def asks_twice(service, query):
    list(correct(service, query))
    return correct(service, query)


def fetch_the_last_page_twice(service, url):
    page = fetch(service, url)
    return page if page.get("next") else fetch(service, url)


repeats_a_page = partial(correct, fetch=fetch_the_last_page_twice)


def returns_images(service, query):
    page = fetch(service, f"{service.url}/v2/images?{encode(query)}")
    return [SimpleNamespace(**image) for image in page["images"]]


def returns_nothing(service, query):
    list(correct(service, query))


# --- processes: each is wrong in the scenario "empty-list" only

ANSWERS = {
    "banner": b"Welcome!",
    "nested": b"[" * 100_000,
    "not-utf-8": b'{"id": %d, "images": ["\xff"]}',
    "no-id": b'{"images": []}',
    "wrong-id": b'{"id": 99, "images": []}',
    "text-id": b'{"id": "%d", "images": []}',
    "list": b"[]",
    "objects": b'{"id": %d, "images": [{"id": "a"}]}',
    "null": b'{"id": %d, "images": null}',
    "both": b'{"id": %d, "images": [], "error": {}}',
    "neither": b'{"id": %d}',
    "text-status": b'{"id": %d, "error": {"status": "404"}}',
    "unknown-key": b'{"id": %d, "error": {"statuscode": 404}}',
    "long": b'{"id": %d, "images": ["' + 2**20 * b"a" + b'"]}',
}


def misbehave(how, request_id):
    if how in ANSWERS:
        answer = ANSWERS[how]
        sys.stdout.buffer.write((answer % request_id if b"%d" in answer else answer) + b"\n")
        sys.stdout.flush()
    elif how == "unflushed":
        sys.stdout.write(json.dumps({"id": request_id, "images": []}) + "\n")
    elif how == "exits":
        print("the licence has expired", file=sys.stderr)
        sys.exit(3)
    elif how == "leaves-a-child":
        subprocess.Popen(["sleep", "60"])
        sys.exit(4)
    elif how == "killed":
        os.kill(os.getpid(), 9)
    else:
        time.sleep(60)


def main(how):
    for line in sys.stdin:
        request = json.loads(line)
        if request["scenario"] == "empty-list":
            misbehave(how, request["id"])
        else:
            images = list(correct(SimpleNamespace(**request["service"]), request["query"]))
            print(json.dumps({"id": request["id"], "images": images}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
