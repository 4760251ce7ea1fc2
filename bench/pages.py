"""Pages of the image list over a socket, compared with a bare Flask route that returns the same bytes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import cycle
from statistics import median
from typing import Any

from bench.bare import LIST
from bench.client import BenchError, Connection, alternate, free_port, request, running
from bench.results import Result

COMMON = 1.35
"""The highest ratio to the bare route for the default page and one or two filters."""
ANY = 1.6
"""The highest ratio for any other documented query."""

QUERIES = {
    "default page": ("", COMMON),
    "one filter": ("__os_type=Linux", COMMON),
    "two filters": ("__imagetype=gold&__os_type=Linux", COMMON),
    "three filters": ("__imagetype=gold&__os_bit=64&status=active", ANY),
    "limit=1000": ("limit=1000", ANY),
    "sort_key=name": ("sort_key=name&sort_dir=asc", ANY),
    "two sort keys": ("sort_key=status&sort_key=name&sort_dir=asc", ANY),
    "time range": ("created_at=gte:2015-01-01T00:00:00Z&updated_at=lt:2024-01-01T00:00:00Z", ANY),
    "tag": ("tag=env%3Dtest", ANY),
    "visibility=shared": ("visibility=shared", ANY),
    "name": ("name=in:a,b", ANY),
    "min_disk": ("min_disk=40", ANY),
    "no image matches": ("__platform=nosuch", ANY),
}
FIRST_QUERIES = (
    "sort_key=id&sort_dir=asc&min_ram=0",
    "sort_key=size&sort_dir=desc&__support_kvm=true",
    "sort_key=disk_format&sort_dir=asc&protected=true",
    "sort_key=container_format&sort_dir=desc&__platform=CentOS",
    "sort_key=updated_at&sort_dir=desc&created_at=gte:2016-01-01T00:00:00Z",
)
"""Queries that use an order and a filter which no query before them used."""
FIRST_SECONDS = {1_000: 0.1, 10_000: 0.1, 100_000: 1.0}
WRITE_SECONDS = {1_000: 0.001, 10_000: 0.001, 100_000: 0.01}


def serve(images: int, port: int) -> list[str]:
    """Return the command that serves generated images."""
    options = ["--port", str(port), "--log-level", "error", "--generate", str(images)]
    return [sys.executable, "-m", "ims_mock", "serve", "empty", *options]


def measure(sizes: Iterable[int], requests: int) -> Iterator[Result]:
    """Measure all queries with catalogs of several sizes.

    Args:
        sizes: The numbers of images.
        requests: How often each query is sent to each server.
    """
    for images in sizes:
        ports = free_port(), free_port()
        bare_command = [sys.executable, "-m", "bench.bare", str(ports[1])]
        with (
            running(serve(images, ports[0]), ports[0], request("/_ims/health")) as ours,
            running(bare_command, ports[1], request(LIST), PYTHONPATH=os.pathsep.join(sys.path)) as bare,
        ):
            first = max(ours.time(request(f"{LIST}?{query}")) for query in FIRST_QUERIES)
            yield Result(
                "first query of an order and a filter", images, first, None, FIRST_SECONDS.get(images), "worst"
            )
            for name, (query, target) in QUERIES.items():
                yield _compared(name, images, ours, bare, [f"{LIST}?{query}"], requests, target)
            ids = [image["id"] for image in listed(ours)]
            targets = [f"{LIST}?marker={marker}" for marker in ids[len(ids) // 2 :][:20]]
            yield _compared("markers deep in the list", images, ours, bare, targets, requests, COMMON)
            yield from _writes(images, ours, requests // 4 + 1)


def listed(ours: Connection) -> Iterator[dict[str, Any]]:
    """Yield all images of the list."""
    target: str | None = f"{LIST}?limit=1000"
    while target:
        page = json.loads(ours.send(request(target))[1])
        yield from page["images"]
        target = page.get("next")


def _compared(
    name: str, images: int, ours: Connection, bare: Connection, targets: list[str], requests: int, limit: float
) -> Result:
    """Send the same requests to both servers alternately."""
    for target in targets:
        body = ours.send(request(target))[1]
        bare.send(request(target, "PUT", body))
        if bare.send(request(target))[1] != body:
            raise BenchError(f"{target}: the bare route returns other bytes")
    ours_next, bare_next = (cycle([request(target) for target in targets]) for _ in range(2))
    medians = alternate(requests, lambda: ours.time(next(ours_next)), lambda: bare.time(next(bare_next)))
    return Result(name, images, *medians, limit)


def _writes(images: int, ours: Connection, rounds: int) -> Iterator[Result]:
    """Create an image and list after it, several times."""
    body = json.dumps({"name": "bench", "min_disk": 40, "__os_type": "Linux"}).encode()
    write, page = request(LIST, "POST", body, Content_Type="application/json"), request(f"{LIST}?__os_type=Linux")
    times = [ours.time(write) + ours.time(page) for _ in range(rounds)]
    yield Result("write and list", images, median(times), None, WRITE_SECONDS.get(images), "median")
    yield Result("write and list", images, max(times), None, WRITE_SECONDS.get(images), "worst")
