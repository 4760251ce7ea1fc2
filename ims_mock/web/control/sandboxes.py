"""``/_ims/sandboxes``: emulators of somebody's own, under a URL of their own or by their credentials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, request

from ims_mock.emulator import check_options, load_options
from ims_mock.errors import RequestError
from ims_mock.loading.loader import LoadedCatalog
from ims_mock.loading.sources import bundled_catalogs
from ims_mock.options import AppOptions, SandboxOptions, options_of
from ims_mock.sandboxes import Sandbox
from ims_mock.web.context import current_context
from ims_mock.web.control.bodies import MAX_CATALOG_BYTES, catalog_errors, json_object, masks
from ims_mock.web.responses import empty_response
from ims_mock.web.sandbox_routing import PATH, is_in_sandbox, sandboxes

if TYPE_CHECKING:
    from ims_mock.json_body import Part

_OF_CATALOG: Final = frozenset({"catalog", "generate", "seed", "project"})
_OF_SANDBOX: Final = frozenset({"catalog", "expires"})

blueprint = Blueprint("sandboxes", __name__)


@blueprint.before_request
def _refuse_sandboxes_inside() -> None:
    """Refuse to make sandboxes inside of one."""
    if is_in_sandbox(current_context()):
        raise RequestError("route", "the path", request.path)


@blueprint.post("/sandboxes", provide_automatic_options=False)
def make_sandbox() -> tuple[Response, int]:
    """Make a sandbox, over the catalog that the server began with or one that is sent."""
    return _sandbox_answer(sandboxes().make(*_parse_body())), 201


@blueprint.put("/sandboxes/<id>", provide_automatic_options=False)
def begin_sandbox(id: str) -> Response:
    """Let a sandbox begin anew, as if it were made now; its id and its credentials stay."""
    return _sandbox_answer(sandboxes().restart(id, *_parse_body()))


def _sandbox_answer(sandbox: Sandbox) -> Response:
    says: dict[str, Any] = {
        "id": sandbox.id,
        "url": f"{current_context().base_url}{PATH}/{sandbox.id}",
        "token": sandbox.own.token,
        "access_key": sandbox.own.access,
        "secret_key": sandbox.own.secret,
        "project": sandbox.emulator.credentials.default_project,
        "expires": sandbox.seconds,
    }
    return jsonify(says)


@blueprint.delete("/sandboxes/<id>", provide_automatic_options=False)
def remove_sandbox(id: str) -> Response:
    """Remove a sandbox and all that is in it."""
    sandboxes().remove(id)
    return empty_response()


def _parse_body() -> tuple[LoadedCatalog | None, AppOptions, float]:
    """Return the catalogs, options and expiry that the body asks for; options that are absent are those of the server.

    Raises:
        RequestError: If an option is unknown or invalid.
    """
    body = json_object(current_context(), MAX_CATALOG_BYTES, is_required=False)
    legal = [option.name for option in options_of(SandboxOptions)]
    if unknown := sorted(body.object().keys() - set(legal)):
        raise body.part(unknown[0]).refused(", ".join(legal), "is unknown")
    given = {name: value for name, value in body.object().items() if value is not None}
    for name in given:
        if isinstance(given[name], str):
            body.part(name).text()  # rejects lone surrogates
    try:
        sandbox = SandboxOptions(**given)
        options = replace(
            current_context().emulator.options, **{name: given[name] for name in given if name not in _OF_SANDBOX}
        )
        check_options(options)
    except ValueError as error:
        raise RequestError("body", what=str(error)) from None
    is_shared = not any(name in given for name in _OF_CATALOG)
    return None if is_shared else _load(body, sandbox), options, sandbox.expires


def _load(body: Part, options: SandboxOptions) -> LoadedCatalog:
    """Load the catalog in the body, or add generated images to the catalog of the server."""
    base = None if body.has("catalog") else current_context().emulator.initial
    if base:
        options = replace(options, catalog=())
    elif not isinstance(options.catalog, dict) and options.catalog not in bundled_catalogs():  # no files of the server
        legal = f"the content of a catalog file, or one of {', '.join(bundled_catalogs())}"
        raise body.part("catalog").refused(legal, "is no bundled catalog" if isinstance(options.catalog, str) else "")
    with catalog_errors():
        return load_options(options, base=base, masks=masks())
