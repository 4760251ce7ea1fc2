"""A page of 25 images from the middle of the list of other mock servers, compared with the same page from ims-mock."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.client import HOST, LIST, BenchError, Connection, free_port, request, running
from bench.pages import listed, serve
from bench.results import Result, compare

PAGE = 25


def _moto(images: list[Any], first: int) -> tuple[object, bytes]:
    """Serve the images as AMIs. moto has no pages, so 25 images are asked for by their ids."""
    fixed = {"owner_id": "801119661308", "virtualization_type": "hvm", "architecture": "x86_64", "state": "available"}
    names = {"name": "name", "__description": "description", "__platform": "platform", "created_at": "creation_date"}
    amis = [
        {"ami_id": f"ami-{image['id'].replace('-', '')[:17]}", "public": image["visibility"] == "public", **fixed}
        | {theirs: image.get(ours) for ours, theirs in names.items()}
        for image in images
    ]
    wanted = "&".join(f"ImageId.{number}={ami['ami_id']}" for number, ami in enumerate(amis[first:][:PAGE], start=1))
    signed = "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
    target = f"/?Action=DescribeImages&Version=2016-11-15&{wanted}"
    return amis, request(target, Host="ec2.us-east-1.amazonaws.com", Authorization=signed)


def _json_server(images: list[Any], first: int) -> tuple[object, bytes]:
    return {"images": images}, request(f"/images?_page={first // PAGE + 1}&_limit={PAGE}")


def _prism(images: list[Any], first: int) -> tuple[object, bytes]:
    """Serve an OpenAPI document with a page as its example, which Prism returns for every request."""
    page = {"schema": {"type": "object"}, "example": {"images": images[first : first + PAGE]}}
    responses = {"200": {"description": "A page.", "content": {"application/json": page}}}
    info = {"title": "images", "version": "2"}
    return {"openapi": "3.0.3", "info": info, "paths": {LIST: {"get": {"responses": responses}}}}, request(LIST)


def _wiremock(images: list[Any], first: int) -> tuple[object, bytes]:
    """Serve one stub for each page, selected by the marker."""
    stubs = []
    for start in range(0, len(images), PAGE):
        marker = {"equalTo": images[start - 1]["id"]} if start else {"absent": True}
        page = {"method": "GET", "urlPath": LIST, "queryParameters": {"marker": marker}}
        body = {"images": images[start : start + PAGE]}
        stubs.append({"request": page, "response": {"status": 200, "jsonBody": body}})
    return {"mappings": stubs}, request(f"{LIST}?marker={images[first - 1]['id']}")


JAVA = "java -jar {program} --bind-address {host} --port {port} --root-dir {folder} --use-chunked-encoding never"
PEERS: dict[str, tuple[str, str, Callable[[list[Any], int], tuple[object, bytes]]]] = {
    "moto": ("moto/bin/moto_server", "{program} -H {host} -p {port}", _moto),
    "json-server": ("node/*/.bin/json-server", "node {program} -q -H {host} -p {port} {file}", _json_server),
    "Prism": ("node/*/.bin/prism", "node {program} mock -h {host} -p {port} {file}", _prism),
    "WireMock": ("node/*/wiremock/build/wiremock-standalone-*.jar", JAVA, _wiremock),
}
"""For each server its program, the command that starts it, and the function that returns its data and the request."""


def measure(images: int, requests: int, installed: Path) -> Iterator[Result]:
    """Measure a page of every server in the folder of installed servers."""
    port = free_port()
    with running(serve(images, port), port, request("/_ims/health")) as ours:
        catalog = list(listed(ours))
        first = images // PAGE // 2 * PAGE
        page = request(f"{LIST}?marker={catalog[first - 1]['id']}")
        for name, (pattern, command, prepare) in PEERS.items():
            data, their_page = prepare(catalog, first)
            try:
                with _started(installed.resolve(), pattern, command, data, their_page) as theirs:
                    for _ in range(2):  # the first round warms up
                        actions = partial(ours.send, page), partial(theirs.send, their_page)
                        result = compare(f"page of {name}", images, 1.0, requests, *actions)
                yield result
            except (BenchError, OSError) as error:
                yield Result(f"page of {name}", images, note=str(error))


@contextmanager
def _started(installed: Path, pattern: str, command: str, data: object, page: bytes) -> Iterator[Connection]:
    """Run a server with its data, and yield a connection to it."""
    program, port = next(installed.glob(pattern), None), free_port()
    if program is None:
        raise BenchError(f"not installed: {installed / pattern}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mappings", "images.json")
        file.parent.mkdir()
        file.write_text(json.dumps(data))
        words = command.format(program=program, host=HOST, port=port, file=file, folder=folder).split()
        with running(words, port, page, MOTO_AMIS_PATH=str(file)) as connection:
            found = len(re.findall(b'"id":|<imageId>', connection.send(page)))
            if found != PAGE:
                raise BenchError(f"returns {found} images instead of {PAGE}")
            yield connection
