"""``/_ims/catalog``, ``/_ims/images`` and ``/_ims/snapshots``: the images as they are stored, whatever the rules."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ims_mock.contract.values import MAX_NAME
from ims_mock.errors import RequestError
from ims_mock.loading.dump import filed_clock, filed_identity, filed_image
from ims_mock.loading.loader import Loaded, load
from ims_mock.web.context import emulator
from ims_mock.web.control.bodies import document, masks, sent_catalog, sent_image, told_troubles, words
from ims_mock.web.responses import empty_answer

blueprint = Blueprint("stored", __name__)


@blueprint.get("/catalog", provide_automatic_options=False)
def show_catalog() -> Response:
    """Show all there is, as a catalog file that loads as the same images."""
    here = emulator().held
    images = [filed_image(one) for one in here.catalog]
    return document(filed_clock(here.clock) | filed_identity(here.identity, masks().mask) | {"images": images})


@blueprint.put("/catalog", provide_automatic_options=False)
def replace_catalog() -> Response:
    """Put a catalog in the place of all there is."""
    with told_troubles():
        loaded = load([sent_catalog()], seed=emulator().seed, masks=masks())
    emulator().replace(loaded)
    return _loaded_answer(loaded)


@blueprint.patch("/catalog", provide_automatic_options=False)
def add_to_catalog() -> Response:
    """Add what a catalog holds."""
    with told_troubles():
        return _loaded_answer(emulator().add(sent_catalog(), masks=masks()))


def _loaded_answer(loaded: Loaded) -> Response:
    return jsonify(images=len(loaded.catalog), warnings=[str(one) for one in loaded.warnings])


# --- one image ------------------------------------------------------------------------------------


@blueprint.get("/images/<path:image_id>", provide_automatic_options=False)
def show_image(image_id: str) -> Response:
    """Show an image as it is stored, whoever may see it and whatever its status."""
    image = emulator().catalog.get(image_id)
    if image is None:
        raise RequestError("image", "the image", image_id)
    return document(filed_image(image))


@blueprint.put("/images/<path:image_id>", provide_automatic_options=False)
def put_image(image_id: str) -> Response:
    """Make an image, or another one of the one that has this id."""
    entry = sent_image()
    if entry.get("id", image_id) != image_id:
        raise RequestError("body", legal=f"{image_id}, or to leave it out", what="the id is not that of the path")
    with told_troubles():
        return document(filed_image(emulator().put(image_id, entry)))


@blueprint.delete("/images/<path:image_id>", provide_automatic_options=False)
def remove_image(image_id: str) -> Response:
    """Take an image away, with its record."""
    emulator().remove(image_id)
    return empty_answer()


# --- snapshots ------------------------------------------------------------------------------------


@blueprint.get("/snapshots", provide_automatic_options=False)
def list_snapshots() -> Response:
    """List the names of the snapshots."""
    return jsonify(snapshots=emulator().snapshots)


@blueprint.post("/snapshots", provide_automatic_options=False)
def take_snapshot() -> tuple[Response, int]:
    """Keep all there is under a name."""
    legal = f"a text of 1 to {MAX_NAME} characters"
    part = words().part("name", legal)
    name = part.text(legal)
    if not 1 <= len(name) <= MAX_NAME:
        raise part.refused(legal, f"has {len(name)} characters")
    emulator().snapshot(name)
    return jsonify(name=name), 201


@blueprint.post("/snapshots/<path:name>/restore", provide_automatic_options=False)
def restore_snapshot(name: str) -> Response:
    """Go back to what was kept under a name."""
    emulator().restore(name)
    return empty_answer()


@blueprint.delete("/snapshots/<path:name>", provide_automatic_options=False)
def forget_snapshot(name: str) -> Response:
    """Forget what was kept under a name."""
    emulator().forget(name)
    return empty_answer()
