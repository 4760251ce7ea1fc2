"""Broken catalogs, hostile requests and many requests: no failure, no traceback, no hang, and no growing memory.

``ROBUSTNESS=full`` sends the full numbers, which takes about ten minutes.
"""

import json
import os
import re
import time
from contextlib import closing
from pathlib import Path

import pytest
from helpers import in_process, make_app, send_json
from hostile import CATALOG, IDS, LOGIN, Client, Hostile
from raw_http import head
from serving import LINUX, serving

from ims_mock.json_body import MAX_VALUES
from ims_mock.web.control.bodies import MAX_CATALOG_BYTES, MAX_IMAGES

pytestmark = pytest.mark.slow

IS_FULL = os.environ.get("ROBUSTNESS") == "full"
CATALOGS = 3_000 if IS_FULL else 200
REQUESTS = 50_000 if IS_FULL else 2_000
MIXED = 300_000 if IS_FULL else 12_000
GROWTH_MB = 20

PROFILES = pytest.mark.parametrize("profile", ["documented", "glance"])


@PROFILES
def test_broken_catalogs_are_rejected_or_served(profile, caplog):
    hostile, app = Hostile(f"catalogs {profile}"), make_app("empty", profile=profile)
    ask, found = in_process(app), {200: 0, 400: 0}
    for number in range(CATALOGS):
        data, is_json = hostile.catalog()
        begun = time.monotonic()
        headers = {"Content-Type": "application/json" if is_json else "application/yaml"}
        answer = ask("/_ims/catalog", headers, "PUT", data)
        assert answer.status in found, (number, data[:2000], answer)
        found[answer.status] += 1
        if answer.status == 200:
            for path in ("/v2/images?limit=1000", "/v2/cloudimages", "/_ims/catalog"):
                assert ask(path).status == 200, (number, path, data[:2000])
        assert time.monotonic() - begun < 10, (number, data[:2000])
    assert min(found.values()) > CATALOGS / 20, found
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


@PROFILES
@pytest.mark.parametrize("auth", ["off", "on"])
def test_hostile_requests_get_no_server_error(profile, auth):
    hostile = Hostile(f"requests {profile} {auth}")
    with serving("empty", "--profile", profile, "--auth", auth) as server, closing(Client(server.port)) as client:
        catalog = json.dumps(CATALOG).encode()
        statuses = {}
        for number in range(REQUESTS // 2):
            if number % 500 == 0:
                headers = {"Content-Type": "application/json"}
                assert server.ask("/_ims/reset", "POST", b"", **headers)[0] == 204
                assert server.ask("/_ims/catalog", "PUT", catalog, **headers)[0] == 200
            request, is_well_formed = hostile.request()
            status = client.send(request, is_well_formed=is_well_formed)
            assert bool(status) >= is_well_formed, (number, request[:3000])
            assert status < 500, (number, request[:3000])
            statuses[status] = statuses.get(status, 0) + 1
        assert {200, 204, 400, 404} <= statuses.keys(), statuses
        assert server.ask("/_ims/health")[0] == 200
        assert server.stopped() == ""


def mixed_requests():
    """Yield ordinary and wrong requests of all kinds; a reset now and then removes what they leave."""

    def request(method, target, body=b"", media_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Length": str(len(data)), **({"Content-Type": media_type} if data else {}), **headers}
        return head(method, target, sent) + data

    patch, number = "application/openstack-images-v2.1-json-patch", 0
    while True:
        yield request("POST", "/_ims/reset")
        yield request("PUT", "/_ims/catalog", CATALOG)
        yield request("GET", f"/_ims/requests?since={number}")
        yield request("GET", "/_ims/walks")
        for _ in range(60):
            number += 1
            unique = f"{number:032x}"
            yield request("GET", f"/v2/images?limit={number % 7}&name={unique}")
            yield request("GET", f"/v2/cloudimages?sort_key=name&min_disk={number}", **{"X-Auth-Token": unique})
            yield request("GET", f"/v2/images?marker=a&limit=1&__os_type={unique}")
            yield request("GET", f"/v2/images/{IDS[number % 5]}", **{"User-Agent": unique * 50})
            yield request("POST", "/v2/images", {"name": unique})
            yield request("PATCH", "/v2/images/a", [{"op": "replace", "path": "/name", "value": str(number)}], patch)
            yield request("PUT", f"/v2/images/a/tags/t{number % 50}")
            yield request("PUT", "/v2/images/queued/file", unique.encode() * 5000, "application/octet-stream")
            yield request("GET", "/v2/images/queued/file")
            yield request("POST", "/v3/auth/tokens", LOGIN)
            yield request("PUT", f"/_ims/images/{unique}", {"name": unique})
            yield request("DELETE", f"/_ims/images/{unique}")
            yield request("GET", f"/{unique}?{unique}")
            yield request("GET", "/_ims/catalog")
            yield request("GET", f"/v2/images?limit={unique}", **{"X-Project-Id": unique})


def resident_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000


@LINUX
def test_memory_does_not_grow_with_the_number_of_requests():
    with serving("empty") as server, closing(Client(server.port)) as client:
        sizes = []
        for number, request in zip(range(MIXED), mixed_requests(), strict=False):
            assert client.send(request) < 500, request
            if number % (MIXED // 10) == MIXED // 10 - 1:
                sizes.append(round(resident_mb(server.process.pid), 1))
        print(f"resident memory in MB after each tenth of {MIXED} requests: {sizes}")
        assert sizes[-1] - sizes[0] < GROWTH_MB, sizes
        assert server.stopped() == ""


def images(body):
    return b'{"images": [' + body + b"]}"


BY_COUNT = "values, by its commas and brackets"
NEAR_LIMITS = {  # functions that return catalogs, each with the status of the response and words in it
    "bytes": (lambda: images(b"{}").ljust(MAX_CATALOG_BYTES), 200, ""),
    "too many bytes": (lambda: images(b"{}").ljust(MAX_CATALOG_BYTES + 1), 413, f"at most {MAX_CATALOG_BYTES} bytes"),
    "images": (lambda: images(b",".join([b"{}"] * MAX_IMAGES)), 200, ""),
    "too many images": (lambda: images(b",".join([b"{}"] * (MAX_IMAGES + 1))), 400, f"{MAX_IMAGES + 1} images would"),
    "numbers": (lambda: images(b'{"a": [' + b"1," * (MAX_VALUES - 6) + b"1]}"), 200, ""),
    "too many numbers": (lambda: images(b'{"a": [' + b"1," * MAX_VALUES + b"1]}"), 400, BY_COUNT),
    "many objects": (lambda: images(b",".join([b"{}"] * 20_000_000)), 400, BY_COUNT),
    "many brackets": (lambda: b"[" * (MAX_VALUES - 2), 400, "nested"),
    "escaped quotation marks": (lambda: images(b'{"a": "' + b'\\"' * 30_000_000 + b'"}'), 400, "at most 65536 are"),
    "quotation marks": (lambda: images(b'{"a": "' + b'"""' * 20_000_000 + b'"}'), 400, "not JSON"),
}


@pytest.mark.parametrize("case", NEAR_LIMITS)
def test_a_catalog_near_the_limits_is_accepted_or_rejected(case):
    make, status, words = NEAR_LIMITS[case]
    body = make()
    requests = [("PUT", "catalog", body), ("PATCH", "catalog", body)]
    requests.append(("POST", "sandboxes", b'{"catalog":%b}' % (body[:-12] if case.endswith("bytes") else body)))
    for method, path, sent in requests[:1] if case == "images" else requests:  # which take long
        answer = send_json(in_process(make_app("empty")), method, f"/_ims/{path}", sent)
        assert answer.status == (201 if (method, status) == ("POST", 200) else status), answer.text[:500]
        assert words in answer.text
