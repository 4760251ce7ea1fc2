"""The catalog under ``/_ims/``: file, schema, images and snapshots, without the rules of the service."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock.contract.values import MAX_NAME
from ims_mock.errors import RequestError
from ims_mock.loading.dump import dump_clock, dump_credentials, dump_image
from ims_mock.loading.loader import LoadedCatalog, load
from ims_mock.openapi.catalog_file import catalog_schema_json
from ims_mock.web.context import current_context
from ims_mock.web.control.bodies import (
    catalog_errors,
    catalog_response,
    catalog_text,
    image_values,
    json_object,
    masks,
)
from ims_mock.web.responses import JSON, empty_response

blueprint = Blueprint("catalog", __name__)


@blueprint.get("/catalog", provide_automatic_options=False)
def show_catalog() -> Response:
    """Show everything as a catalog file that loads as the same images."""
    state = current_context().emulator.state
    images = [dump_image(image) for image in state.catalog]
    header = dump_clock(state.clock) | dump_credentials(state.credentials, masks().mask)
    return catalog_response(header | {"images": images})


@blueprint.put("/catalog", provide_automatic_options=False)
def replace_catalog() -> Response:
    """Replace everything with a catalog."""
    context = current_context()
    with catalog_errors():
        loaded = load([catalog_text(context)], seed=context.emulator.seed, masks=masks())
    context.emulator.replace(loaded)
    return _loaded_response(loaded)


@blueprint.patch("/catalog", provide_automatic_options=False)
def add_to_catalog() -> Response:
    """Add what a catalog holds."""
    context = current_context()
    with catalog_errors():
        return _loaded_response(context.emulator.add(catalog_text(context), masks=masks()))


def _loaded_response(loaded: LoadedCatalog) -> Response:
    return jsonify(images=len(loaded.catalog), warnings=[str(warning) for warning in loaded.warnings])


@blueprint.get("/schema", provide_automatic_options=False)
def show_catalog_schema() -> Response:
    """Show the JSON Schema of a catalog file."""
    return Response(catalog_schema_json(), mimetype=JSON)


# --- one image


@blueprint.get("/images/<path:image_id>", provide_automatic_options=False)
def show_image(image_id: str) -> Response:
    """Show an image as it is stored, whatever its visibility and status."""
    image = current_context().emulator.catalog.get(image_id)
    if image is None:
        raise RequestError("image", "the image", image_id)
    return catalog_response(dump_image(image))


@blueprint.put("/images/<path:image_id>", provide_automatic_options=False)
def put_image(image_id: str) -> Response:
    """Add an image, or replace the one with the same id."""
    context = current_context()
    values = image_values(context)
    if values.get("id", image_id) != image_id:
        raise RequestError("body", legal=f"{image_id}, or leave it out", what="the id differs from that of the path")
    with catalog_errors():
        return catalog_response(dump_image(context.emulator.put_image(image_id, values)))


@blueprint.delete("/images/<path:image_id>", provide_automatic_options=False)
def remove_image(image_id: str) -> Response:
    """Remove an image, even the record of a deleted one."""
    current_context().emulator.remove_image(image_id)
    return empty_response()


# --- snapshots


@blueprint.get("/snapshots", provide_automatic_options=False)
def list_snapshots() -> Response:
    """List the names of the snapshots."""
    return jsonify(snapshots=current_context().emulator.snapshots)


@blueprint.post("/snapshots", provide_automatic_options=False)
def take_snapshot() -> tuple[Response, int]:
    """Take a snapshot under a name."""
    context = current_context()
    legal = f"a text of 1 to {MAX_NAME} characters"
    part = json_object(context).member("name", legal)
    name = part.text(legal)
    if not 1 <= len(name) <= MAX_NAME:
        raise part.error(legal, f"has {len(name)} characters")
    context.emulator.snapshot(name)
    return jsonify(name=name), 201


@blueprint.post("/snapshots/<path:name>/restore", provide_automatic_options=False)
def restore_snapshot(name: str) -> Response:
    """Restore a snapshot."""
    current_context().emulator.restore(name)
    return empty_response()


@blueprint.delete("/snapshots/<path:name>", provide_automatic_options=False)
def remove_snapshot(name: str) -> Response:
    """Remove a snapshot."""
    current_context().emulator.delete_snapshot(name)
    return empty_response()
