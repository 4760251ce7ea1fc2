"""THE TABLE of peers: other mock servers that can list images, each with how it is installed, loaded and asked.

Every peer is loaded as its own users load it, and asked for a page of 25 images in the way that suits it best:

* **moto**: the images are AMIs from a file; its ``DescribeImages`` knows no pages, so 25 images are asked by their ids.
* **json-server**: one file of images, asked by ``_page`` and ``_limit``.
* **Prism**: an OpenAPI document whose example is a page of 25 images, which it answers whatever is asked: it holds no
  catalog, and so its figure is the same for every size.
* **WireMock**: a stub for every page, found by its marker.
* **Glance**: the real one, on SQLite, filled through its database, under waitress with 8 threads as the emulator is;
  the identity service that it would ask is left out, and the headers that this would set are sent instead.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from subprocess import DEVNULL, run
from time import monotonic
from typing import Any, Final

from bench.client import HOST, BenchError, request
from ims_mock.fields import BY_NAME
from ims_mock.listing import IMAGES

PAGE: Final = 25
LOAD_SECONDS: Final = 600.0
_BATCH: Final = 1_000
_REACHED: Final = 0.6  # so far into the list markers lie: every page is full

Image = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a peer is set up with.

    Attributes:
        folder: where peers are installed.
        scratch: a folder of its own.
        port: where it is to listen.
        images: the catalog, in the order of the list.
        until: when loading must be over, on the monotonic clock.
    """

    folder: Path
    scratch: Path
    port: int
    images: Sequence[Image]
    until: float

    def written(self, name: str, content: object) -> str:
        """Write a file into the scratch folder, anything but text as JSON, and give its path."""
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def pages(self) -> Iterator[Sequence[Image]]:
        """Cut the catalog into pages."""
        for place in range(0, len(self.images), PAGE):
            yield self.images[place : place + PAGE]


@dataclass(frozen=True)
class Launch:
    """How a peer that is set up is started."""

    command: Sequence[str]
    variables: dict[str, str]


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        name: what it is called.
        program: the file, below the folder of peers, without which it is not installed.
        install: the command that installs it, run in that folder.
        launch: sets it up.
        asked: writes a request for a page, drawn at random.
        mark: stands once for every image of an answer.
    """

    name: str
    program: str
    install: str
    launch: Callable[[Setting], Launch]
    asked: Callable[[Random, Sequence[Image]], bytes]
    mark: bytes


def drawn_marker(random: Random, images: Sequence[Image]) -> str:
    """Draw an image after which a whole page follows."""
    return str(images[random.randrange(int(len(images) * _REACHED))]["id"])


# --- moto -----------------------------------------------------------------------------------------

_CREDENTIAL: Final = (
    "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
)


def _ami(image: Image) -> str:
    return f"ami-{image['id'].replace('-', '')[:17]}"


def _moto(given: Setting) -> Launch:
    amis = [
        {
            "ami_id": _ami(image),
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
        for image in given.images
    ]
    command = [str(given.folder / "moto/bin/moto_server"), "-H", HOST, "-p", str(given.port)]
    return Launch(command, {"MOTO_AMIS_PATH": given.written("amis.json", amis)})


def _of_moto(random: Random, images: Sequence[Image]) -> bytes:
    drawn = enumerate(random.sample(images, PAGE), start=1)
    ids = "&".join(f"ImageId.{number}={_ami(image)}" for number, image in drawn)
    target = f"/?Action=DescribeImages&Version=2016-11-15&{ids}"
    return request(target, Host="ec2.us-east-1.amazonaws.com", Authorization=_CREDENTIAL)


# --- json-server ----------------------------------------------------------------------------------


def _json_server(given: Setting) -> Launch:
    program = str(given.folder / "node/node_modules/.bin/json-server")
    file = given.written("db.json", {"images": given.images})
    return Launch(["node", program, "--quiet", "--host", HOST, "--port", str(given.port), file], {})


def _of_json_server(random: Random, images: Sequence[Image]) -> bytes:
    pages = max(1, int(len(images) * _REACHED) // PAGE)
    return request(f"/images?_page={random.randrange(pages) + 1}&_limit={PAGE}")


# --- Prism ----------------------------------------------------------------------------------------


def _prism(given: Setting) -> Launch:
    content = {"application/json": {"schema": {"type": "object"}, "example": {"images": given.images[:PAGE]}}}
    parameter = {"name": "marker", "in": "query", "schema": {"type": "string"}}
    answers = {"200": {"description": "a page", "content": content}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "images", "version": "2"},
        "paths": {IMAGES.path: {"get": {"parameters": [parameter], "responses": answers}}},
    }
    program = str(given.folder / "node/node_modules/.bin/prism")
    file = given.written("images.json", document)
    return Launch(["node", program, "mock", "-h", HOST, "-p", str(given.port), file], {})


def _by_marker(random: Random, images: Sequence[Image]) -> bytes:
    return request(f"{IMAGES.path}?marker={drawn_marker(random, images)}")


# --- WireMock -------------------------------------------------------------------------------------


def _wiremock(given: Setting) -> Launch:
    stubs, last = [], ""
    for page in given.pages():
        query = {"marker": {"equalTo": last} if last else {"absent": True}}
        stubs.append(
            {
                "request": {"method": "GET", "urlPath": IMAGES.path, "queryParameters": query},
                "response": {"status": 200, "jsonBody": {"images": page}},
            }
        )
        last = page[-1]["id"]
    given.written("mappings/pages.json", {"mappings": stubs})
    jar = next((given.folder / "node/node_modules/wiremock/build").glob("wiremock-standalone-*.jar"))
    options = ["--root-dir", str(given.scratch), "--use-chunked-encoding", "never", "--disable-banner"]
    return Launch(["java", "-jar", str(jar), "--bind-address", HOST, "--port", str(given.port), *options], {})


def _of_wiremock(random: Random, images: Sequence[Image]) -> bytes:
    pages = max(1, int(len(images) * _REACHED) // PAGE)
    return request(f"{IMAGES.path}?marker={images[random.randrange(pages) * PAGE + PAGE - 1]['id']}")


# --- Glance ---------------------------------------------------------------------------------------

_CONF: Final = """
[DEFAULT]
log_file = {scratch}/glance.log
[database]
connection = sqlite:///{scratch}/glance.sqlite
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {scratch}/stored
[paste_deploy]
flavor = given
config_file = {scratch}/glance-api-paste.ini
"""
_PASTE: Final = """
[composite:glance-api-given]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: images
[pipeline:images]
pipeline = context apiv2app
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
"""
_COLUMNS: Final = (
    "id", "name", "size", "status", "created_at", "updated_at", "deleted", "disk_format", "container_format",
    "checksum", "owner", "min_disk", "min_ram", "protected", "visibility",
)  # fmt: skip


def _glance(given: Setting) -> Launch:
    scratch, programs = given.scratch, given.folder / "glance/bin"
    conf = given.written("glance-api.conf", _CONF.format(scratch=scratch))
    given.written("glance-api-paste.ini", _PASTE)
    run([str(programs / "glance-manage"), "--config-file", conf, "db_sync"], check=True, stdout=DEVNULL, stderr=DEVNULL)
    with closing(sqlite3.connect(scratch / "glance.sqlite")) as database:
        _fill(database, given)
    command = [str(programs / "waitress-serve"), "--listen", f"{HOST}:{given.port}", "--threads", "8"]
    return Launch([*command, "glance.wsgi.api:application"], {"OS_GLANCE_CONFIG_DIR": str(scratch)})


def _fill(database: sqlite3.Connection, given: Setting) -> None:
    """Put the images into Glance's tables: its own columns, everything else as properties, and tags."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):  # which only loading feels
        database.execute(f"PRAGMA {pragma}")
    left = iter(given.images)
    while batch := list(islice(left, _BATCH)):
        if monotonic() > given.until:
            raise BenchError(f"loading gave up after {LOAD_SECONDS:.0f} s")
        places = ", ".join("?" * len(_COLUMNS))
        rows = ([_cell(name, image) for name in _COLUMNS] for image in batch)
        database.executemany(f"INSERT INTO images ({', '.join(_COLUMNS)}) VALUES ({places})", rows)
        for table, name, found in (
            ("image_properties", "name, value", _properties(batch)),
            ("image_tags", "value", _tags(batch)),
        ):
            columns = f"image_id, {name}, created_at, deleted"
            places = ", ".join("?" * len(columns.split(",")))
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", found)
        database.commit()


def _cell(name: str, image: Image) -> object:
    value = 0 if name == "deleted" else image.get(name)
    return _moment(value) if name.endswith("_at") else value


def _moment(wire: Any) -> str:
    return f"{wire[:19].replace('T', ' ')}.000000"


def _properties(images: Iterable[Image]) -> Iterator[tuple[object, ...]]:
    for image in images:
        for name, value in image.items():
            if (name not in BY_NAME or not BY_NAME[name].column) and name not in ("self", "file", "schema", "tags"):
                yield image["id"], name, value, _moment(image["created_at"]), 0


def _tags(images: Iterable[Image]) -> Iterator[tuple[object, ...]]:
    for image in images:
        for tag in image["tags"]:
            yield image["id"], tag, _moment(image["created_at"]), 0


def _of_glance(random: Random, images: Sequence[Image]) -> bytes:
    caller = {"X_Identity_Status": "Confirmed", "X_Roles": "admin,member,reader", "X_Project_Id": "p", "X_User_Id": "u"}
    return request(f"{IMAGES.path}?marker={drawn_marker(random, images)}", **caller)


# --- the rows -------------------------------------------------------------------------------------

_NODE: Final = "npm install --prefix node"
_IDS: Final = b'"id":'

PEERS: Final = (
    Peer(
        "moto",
        "moto/bin/moto_server",
        "python3 -m venv moto && moto/bin/pip install 'moto[ec2,server]'",
        _moto,
        _of_moto,
        b"<imageId>",
    ),
    Peer(
        "json-server",
        "node/node_modules/.bin/json-server",
        f"{_NODE} json-server@0.17",
        _json_server,
        _of_json_server,
        _IDS,
    ),
    Peer("Prism", "node/node_modules/.bin/prism", f"{_NODE} @stoplight/prism-cli", _prism, _by_marker, _IDS),
    Peer("WireMock", "node/node_modules/wiremock/build", f"{_NODE} wiremock", _wiremock, _of_wiremock, _IDS),
    Peer(
        "Glance",
        "glance/bin/waitress-serve",
        "python3 -m venv glance && glance/bin/pip install glance waitress",
        _glance,
        _of_glance,
        _IDS,
    ),
)
