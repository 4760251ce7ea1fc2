"""Pages of the image list over a socket, compared with a bare Flask route that returns the same bytes."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import cycle
from statistics import median
from typing import Any

from bench.client import LIST, Connection, free_port, request, running
from bench.results import Result, compare, timed

COMMON = 1.35
"""The highest ratio for the default page and one or two filters."""
QUERIES = dict.fromkeys(("", "__os_type=Linux", "__imagetype=gold&__os_type=Linux"), COMMON) | dict.fromkeys(
    (
        "__imagetype=gold&__os_bit=64&status=active",
        "limit=1000",
        "sort_key=name&sort_dir=asc",
        "sort_key=status&sort_key=name&sort_dir=asc",
        "created_at=gte:2015-01-01T00:00:00Z&updated_at=lt:2024-01-01T00:00:00Z",
        "tag=env%3Dtest",
        "visibility=shared",
        "name=in:a,b",
        "min_disk=40",
        "__platform=nosuch",
    ),
    1.6,
)
FIRST_QUERIES = (
    "sort_key=id&sort_dir=asc&min_ram=0",
    "sort_key=size&sort_dir=desc&__support_kvm=true",
    "sort_key=disk_format&sort_dir=asc&protected=true",
    "sort_key=container_format&sort_dir=desc&__platform=CentOS",
    "sort_key=updated_at&sort_dir=desc&created_at=gte:2016-01-01T00:00:00Z",
)
"""Queries that use an order and a filter which no query before them used."""


def serve(images: int, port: int) -> list[str]:
    """Return the command that serves generated images."""
    options = ["--port", str(port), "--log-level", "error", "--generate", str(images)]
    return [sys.executable, "-m", "ims_mock", "serve", "empty", *options]


def measure(sizes: Iterable[int], requests: int) -> Iterator[Result]:
    """Send each query so many times to each of two servers, with catalogs of several sizes."""
    for images in sizes:
        port, bare_port = free_port(), free_port()
        bare_command = [sys.executable, "-m", "bench.bare", str(bare_port)]
        with (
            running(serve(images, port), port, request("/_ims/health")) as ours,
            running(bare_command, bare_port, request(LIST), PYTHONPATH=os.pathsep.join(sys.path)) as bare,
        ):
            first = max(timed(partial(ours.send, request(f"{LIST}?{query}"))) for query in FIRST_QUERIES)
            yield Result("first query of a sort and a filter", images, first, None, max(100, images / 100), "worst")
            for query, ratio in QUERIES.items():
                yield _compared(query or "default page", images, ratio, requests, ours, bare, [f"{LIST}?{query}"])
            ids = [image["id"] for image in listed(ours)]
            deep = [f"{LIST}?marker={marker}" for marker in ids[len(ids) // 2 :][:20]]
            yield _compared("markers deep in the list", images, COMMON, requests, ours, bare, deep)
            write = request(LIST, "POST", b'{"name": "bench", "__os_type": "Linux"}', Content_Type="application/json")
            page = request(f"{LIST}?__os_type=Linux")
            times = [
                timed(partial(ours.send, write)) + timed(partial(ours.send, page)) for _ in range(requests // 4 + 1)
            ]
            yield Result("write and list", images, median(times), None, max(1, images / 10_000), "median")
            yield Result("write and list", images, max(times), None, max(1, images / 10_000), "worst")


def listed(ours: Connection) -> Iterator[dict[str, Any]]:
    """Yield all images of the list."""
    target: str | None = f"{LIST}?limit=1000"
    while target:
        page = json.loads(ours.send(request(target)))
        yield from page["images"]
        target = page.get("next")


def _compared(
    name: str, images: int, ratio: float, rounds: int, ours: Connection, bare: Connection, targets: list[str]
) -> Result:
    """Send the same requests to both servers, which must return the same bytes."""
    for target in targets:
        body = ours.send(request(target))
        bare.send(request(target, "PUT", body))
        assert bare.send(request(target)) == body
    our_gets, bare_gets = (cycle([request(target) for target in targets]) for _ in range(2))
    return compare(name, images, ratio, rounds, lambda: ours.send(next(our_gets)), lambda: bare.send(next(bare_gets)))
