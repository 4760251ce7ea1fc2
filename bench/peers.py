"""A page of 25 images from other mock servers, compared with the same page from ims-mock.

Each server is loaded as its users load it, and asked for a page from the middle of the list:

* **moto**: the images are AMIs from a file. It has no pages, so 25 images are asked for by their ids.
* **json-server**: a file of images, asked by ``_page`` and ``_limit``.
* **Prism**: an OpenAPI document with a page as its example, which it returns for every request.
* **WireMock**: one stub for each page, selected by the marker.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.bare import LIST
from bench.client import HOST, BenchError, alternate, free_port, request, running
from bench.pages import listed, serve
from bench.results import Result

PAGE = 25

Image = Mapping[str, Any]


Setup = tuple[list[str], bytes, dict[str, str]]
"""The command that starts a server, the request for a page, and environment variables of the command."""


def _written(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


def _middle(images: Sequence[Image]) -> int:
    """Return the index of the first image of a page in the middle of the list."""
    return len(images) // PAGE // 2 * PAGE


def _moto(program: Path, folder: Path, port: int, images: Sequence[Image]) -> Setup:
    ids = [f"ami-{image['id'].replace('-', '')[:17]}" for image in images]
    amis = [
        {
            "ami_id": ami,
            "name": image.get("name"),
            "description": image.get("__description"),
            "owner_id": "801119661308",
            "public": image["visibility"] == "public",
            "platform": image.get("__platform"),
            "image_location": image.get("__image_location"),
            "virtualization_type": "hvm",
            "architecture": "x86_64",
            "state": "available",
            "creation_date": image["created_at"],
        }
        for ami, image in zip(ids, images, strict=True)
    ]
    first = _middle(images)
    wanted = "&".join(f"ImageId.{number}={ami}" for number, ami in enumerate(ids[first : first + PAGE], start=1))
    page = request(
        f"/?Action=DescribeImages&Version=2016-11-15&{wanted}",
        Host="ec2.us-east-1.amazonaws.com",
        Authorization="AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/ec2/aws4_request, "
        "SignedHeaders=host, Signature=0",
    )
    return [str(program), "-H", HOST, "-p", str(port)], page, {"MOTO_AMIS_PATH": _written(folder / "amis.json", amis)}


def _json_server(program: Path, folder: Path, port: int, images: Sequence[Image]) -> Setup:
    file = _written(folder / "db.json", {"images": images})
    command = ["node", str(program), "--quiet", "--host", HOST, "--port", str(port), file]
    return command, request(f"/images?_page={_middle(images) // PAGE + 1}&_limit={PAGE}"), {}


def _prism(program: Path, folder: Path, port: int, images: Sequence[Image]) -> Setup:
    content = {"application/json": {"schema": {"type": "object"}, "example": {"images": images[:PAGE]}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "images", "version": "2"},
        "paths": {LIST: {"get": {"responses": {"200": {"description": "A page.", "content": content}}}}},
    }
    file = _written(folder / "images.json", document)
    return ["node", str(program), "mock", "-h", HOST, "-p", str(port), file], request(LIST), {}


def _wiremock(program: Path, folder: Path, port: int, images: Sequence[Image]) -> Setup:
    stubs = []
    for first in range(0, len(images), PAGE):
        marker = {"equalTo": images[first - 1]["id"]} if first else {"absent": True}
        page = {"method": "GET", "urlPath": LIST, "queryParameters": {"marker": marker}}
        body = {"images": images[first : first + PAGE]}
        stubs.append({"request": page, "response": {"status": 200, "jsonBody": body}})
    _written(folder / "mappings/pages.json", {"mappings": stubs})
    jar = next(program.glob("wiremock-standalone-*.jar"))
    options = ["--root-dir", str(folder), "--use-chunked-encoding", "never", "--disable-banner"]
    command = ["java", "-jar", str(jar), "--bind-address", HOST, "--port", str(port), *options]
    return command, request(f"{LIST}?marker={images[_middle(images) - 1]['id']}"), {}


PEERS: dict[str, tuple[str, Callable[[Path, Path, int, Sequence[Image]], Setup]]] = {
    "moto": ("moto/bin/moto_server", _moto),
    "json-server": ("node/node_modules/.bin/json-server", _json_server),
    "Prism": ("node/node_modules/.bin/prism", _prism),
    "WireMock": ("node/node_modules/wiremock/build", _wiremock),
}
"""For each server its program, in the folder of installed servers, and the function that prepares it."""


def measure(images: int, requests: int, installed: Path) -> Iterator[Result]:
    """Measure a page of every server that is installed.

    Args:
        images: The number of images.
        requests: How often each page is requested.
        installed: The folder in which the servers are installed.
    """
    port = free_port()
    with running(serve(images, port), port, request("/_ims/health")) as ours:
        catalog = list(listed(ours))
        page = request(f"{LIST}?marker={catalog[_middle(catalog) - 1]['id']}")
        for name, (file, setup) in PEERS.items():
            program = installed.resolve() / file
            try:
                if not program.exists():
                    raise BenchError(f"not installed: {program}")
                with tempfile.TemporaryDirectory() as folder:
                    port = free_port()
                    command, their_page, variables = setup(program, Path(folder), port, catalog)
                    with running(command, port, their_page, **variables) as theirs:
                        found = len(re.findall(b'"id":|<imageId>', theirs.send(their_page)[1]))
                        if found != PAGE:
                            raise BenchError(f"returns {found} images instead of {PAGE}")
                        alternate(requests, lambda: ours.time(page), partial(theirs.time, their_page))  # warms up
                        medians = alternate(requests, lambda: ours.time(page), partial(theirs.time, their_page))
                yield Result(f"page of {name}", images, *medians, 1.0)
            except (BenchError, OSError) as error:
                yield Result(f"page of {name}", images, note=str(error))
