"""The catalog under ``/_ims/``: health, file, schema, images, snapshots, without the rules of the service."""

from flask import Blueprint, Response, jsonify

from ims_mock import __version__
from ims_mock.contract.values import MAX_NAME
from ims_mock.emulator import count_listed
from ims_mock.errors import RequestError
from ims_mock.loading.dump import dump_catalog, dump_image
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.loading.sources import report_problems
from ims_mock.openapi.catalog_file import catalog_schema
from ims_mock.text import json_text
from ims_mock.web.context import JSON, context
from ims_mock.web.control import bodies
from ims_mock.web.sandbox_routing import sandboxes

blueprint = Blueprint("catalog", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Report that the emulator answers, and its catalog; ``listed`` are the images listed for ``project``."""
    emulator = context.emulator
    return jsonify(
        status="ok",
        version=__version__,
        catalog=emulator.state.name,
        images=len(emulator.catalog),
        listed=count_listed(emulator.state, emulator.profile),
        project=emulator.credentials.default_project,
    )


@blueprint.get("/catalog")
def show_catalog() -> Response:
    """Show everything as a catalog file that loads as the same images."""
    state = context.emulator.state
    return bodies.catalog_response(dump_catalog(state.catalog, state.credentials, state.clock, sandboxes().masks.mask))


@blueprint.put("/catalog")
def replace_catalog() -> Response:
    """Replace everything with a catalog."""
    emulator = context.emulator
    loaded = load(
        [bodies.catalog_text()],
        seed=emulator.state.seed,
        shown_to=emulator.credentials.default_project,
        max_images=bodies.MAX_IMAGES,
        unmask=sandboxes().unmasker(),
    )
    emulator.replace(loaded)
    return _loaded_response(loaded)


@blueprint.patch("/catalog")
def add_to_catalog() -> Response:
    """Add what a catalog holds."""
    text, unmask = bodies.catalog_text(), sandboxes().unmasker()
    return _loaded_response(context.emulator.add(text, max_images=bodies.MAX_IMAGES, unmask=unmask))


def _loaded_response(loaded: LoadedCatalog) -> Response:
    return jsonify(images=len(loaded.catalog), warnings=report_problems(loaded.warnings))


@blueprint.get("/schema")
def show_catalog_schema() -> Response:
    """Show the JSON Schema of a catalog file."""
    return Response(json_text(catalog_schema()), mimetype=JSON)


@blueprint.get("/images/<path:image_id>")
def show_image(image_id: str) -> Response:
    """Show an image as it is stored, whatever its visibility and status."""
    return bodies.catalog_response(dump_image(context.emulator.find_image(image_id)))


@blueprint.put("/images/<path:image_id>")
def put_image(image_id: str) -> Response:
    """Add an image, or replace the one with the same id; return it with what ``ims-mock check`` warns about."""
    values = bodies.image_values()
    if values.get("id", image_id) != image_id:
        raise RequestError("body", legal=f"{image_id}, or leave it out", what="the id differs from that of the path")
    image, warnings = context.emulator.put_image(image_id, values)
    reported = {"warnings": report_problems(warnings)} if warnings else {}  # without any, the body is as that of GET
    return bodies.catalog_response({**dump_image(image), **reported})


@blueprint.get("/snapshots")
def list_snapshots() -> Response:
    """List the names of the snapshots."""
    return jsonify(snapshots=context.emulator.snapshots)


@blueprint.post("/snapshots")
def take_snapshot() -> tuple[Response, int]:
    """Take a snapshot under a name."""
    legal = f"a text of 1 to {MAX_NAME} characters, other than '.' and '..'"
    name = bodies.json_object().member("name", legal)
    if not 1 <= len(name.text(legal)) <= MAX_NAME:
        raise name.error(legal, f"has {len(name.value)} characters")
    if name.value in (".", ".."):
        raise name.error(legal, "cannot be part of a URL")
    context.emulator.snapshot(name.value)
    return jsonify(name=name.value), 201
