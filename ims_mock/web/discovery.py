"""What the API says of itself: its versions, the JSON Schemas under ``/v2/schemas``, and the OpenAPI document."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, current_app, jsonify

from ims_mock.catalog.cloudimages import VERSIONS
from ims_mock.openapi.document import document
from ims_mock.openapi.schemas import PUBLISHED, published_schemas
from ims_mock.text import json_text
from ims_mock.web.context import JSON, context

blueprint = Blueprint("discovery", __name__)


@blueprint.get("/")
@blueprint.get("/v2")
@blueprint.get("/v2/")
@blueprint.get("/versions")
def list_versions() -> tuple[Response, int]:
    """List every version of the API; at the root and ``/v2`` as a choice (the document's sample, and Glance)."""
    is_choice = context.request.path != "/versions"
    return _versions(*VERSIONS), HTTPStatus.MULTIPLE_CHOICES if is_choice else HTTPStatus.OK


@blueprint.get(f"/<any({','.join(VERSIONS)}):version>")
def show_version(version: str) -> tuple[Response, int]:
    """Show one version of the API."""
    return _versions(version), HTTPStatus.MULTIPLE_CHOICES


def _versions(*versions: str) -> Response:
    links = [{"rel": "self", "href": f"{context.base_url}/v2/"}]
    return jsonify(versions=[{"id": version, "status": VERSIONS[version], "links": links} for version in versions])


@blueprint.get(f"/v2/schemas/<any({','.join(PUBLISHED)}):name>")
def show_schema(name: str) -> Response:
    """Show a JSON Schema, to callers whose credentials are accepted."""
    context.caller()
    return jsonify(published_schemas(context.emulator.profile)[name])


@blueprint.get("/openapi.json")
def show_document() -> Response:
    """Show the OpenAPI document of the emulator that answers."""
    found = document(
        context.emulator.profile,
        needs_credentials=context.emulator.needs_credentials,
        has_control="control" in current_app.blueprints,
        server=quote(context.request.root_path.rstrip("/")) or "/",
    )
    return Response(json_text(found), mimetype=JSON)
