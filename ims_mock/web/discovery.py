"""The versions of the image API, which OpenStack clients look up before anything else; open to all."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from ims_mock.catalog.cloudimages import VERSIONS
from ims_mock.web.context import current_context

_CHOICES: Final = 300
"""The status of a choice of versions (the document's sample, and Glance)."""

blueprint = Blueprint("versions", __name__)


@blueprint.get("/", provide_automatic_options=False)
@blueprint.get("/v2", provide_automatic_options=False)
@blueprint.get("/v2/", provide_automatic_options=False)
def choose_version() -> tuple[Response, int]:
    """Offer every version."""
    return _answer(*VERSIONS), _CHOICES


@blueprint.get("/versions", provide_automatic_options=False)
def list_versions() -> Response:
    """List every version."""
    return _answer(*VERSIONS)


@blueprint.get(f"/<any({','.join(VERSIONS)}):version>", provide_automatic_options=False)
def show_version(version: str) -> tuple[Response, int]:
    """Describe one version."""
    return _answer(version), _CHOICES


def _answer(*versions: str) -> Response:
    return jsonify(versions=[_described(version) for version in versions])


def _described(version: str) -> dict[str, Any]:
    """Describe a version, with a link to where the client asked."""
    return {
        "id": version,
        "status": VERSIONS[version],
        "links": [{"rel": "self", "href": f"{current_context().base_url}/v2/"}],
    }
