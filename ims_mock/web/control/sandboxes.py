"""``/_ims/sandboxes``: list, create, restart and remove sandboxes."""

from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from ims_mock.emulator import check_options, load_options
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.loading.sources import bundled_catalogs, report_problems
from ims_mock.options import AppOptions, SandboxOptions, options_of
from ims_mock.sandboxes import Sandbox
from ims_mock.web.context import context
from ims_mock.web.control.bodies import MAX_CATALOG_BYTES, MAX_IMAGES, json_object
from ims_mock.web.sandbox_routing import PATH, sandboxes

blueprint = Blueprint("sandboxes", __name__)


@blueprint.before_request
def _refuse_nested_sandboxes() -> None:
    if context.sandbox_id:
        raise RequestError("route", "the path", request.path)


@blueprint.get("/sandboxes")
def list_sandboxes() -> Response:
    """List the sandboxes without their secrets, the oldest first."""
    rows = [
        {"id": one.id, "age_seconds": round(age, 3), "unused_seconds": round(unused, 3), "expires": one.expires}
        for one, age, unused in sandboxes().ages()
    ]
    return jsonify(sandboxes=rows)


@blueprint.post("/sandboxes")
def create_sandbox() -> tuple[Response, int]:
    """Create a sandbox."""
    return _sandbox_response(sandboxes().create(*_parse_body())), 201


@blueprint.put("/sandboxes/<id>")
def restart_sandbox(id: str) -> Response:
    """Start a sandbox again as if it were new; it keeps its id and its credentials."""
    return _sandbox_response(sandboxes().restart(id, *_parse_body()))


@blueprint.delete("/sandboxes/<id>")
def remove_sandbox(id: str) -> tuple[str, int]:
    """Remove a sandbox."""
    sandboxes().remove(id)
    return "", 204


def _sandbox_response(sandbox: Sandbox) -> Response:
    return jsonify(
        id=sandbox.id,
        url=f"{context.base_url}{PATH}/{sandbox.id}",
        token=sandbox.credentials.token,
        access_key=sandbox.credentials.access,
        secret_key=sandbox.credentials.secret,
        project=sandbox.emulator.credentials.default_project,
        expires=sandbox.expires,
        warnings=report_problems(sandbox.emulator.initial.warnings),
    )


def _parse_body() -> tuple[LoadedCatalog, AppOptions, float]:
    """Return the catalog, options and expiry for a sandbox. What is absent or null is as for the server."""
    server = context.emulator
    body = json_object(MAX_CATALOG_BYTES) if context.body(MAX_CATALOG_BYTES) else JsonValue({})
    legal = [option.name for option in options_of(SandboxOptions)]
    if unknown := sorted(body.object().keys() - set(legal)):
        raise body.member(unknown[0]).error(", ".join(legal), "is unknown")
    given = {name: value for name, value in body.object().items() if value is not None}
    for name, value in given.items():
        if isinstance(value, str):
            body.member(name).text()  # rejects lone surrogates
    changes = {name: value for name, value in given.items() if name not in ("catalog", "expires")}
    try:
        sandbox, options = SandboxOptions(**given), replace(server.options, **changes)
        check_options(options)
    except ValueError as error:
        raise RequestError("body", what=str(error).removeprefix("Invalid ")) from None
    loads = given.keys() & {"catalog", "generate", "seed", "project"}
    return _load(body, sandbox) if loads else server.initial, options, sandbox.expires


def _load(body: JsonValue, options: SandboxOptions) -> LoadedCatalog:
    """Load the catalog of the body, or add generated images to the catalog of the server."""
    base = None if body.has("catalog") else context.emulator.initial
    if base:
        options = replace(options, catalog=())
    elif not isinstance(options.catalog, dict) and options.catalog not in bundled_catalogs():  # no files of the server
        legal = f"the content of a catalog file, or one of {', '.join(bundled_catalogs())}"
        what = "is not a bundled catalog" if isinstance(options.catalog, str) else ""
        raise body.member("catalog").error(legal, what)
    if options.generate > MAX_IMAGES:
        raise body.member("generate").error(f"at most {MAX_IMAGES}", f"is {options.generate}")
    return load_options(options, base=base, max_images=MAX_IMAGES - options.generate, unmask=sandboxes().unmasker())
