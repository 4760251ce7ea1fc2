"""Bodies of control requests and responses: catalogs and images as JSON or YAML, and JSON objects."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from ims_mock.errors import RequestError
from ims_mock.json_body import MAX_VALUES, JsonValue, parse_json
from ims_mock.loading.parser import CatalogText, ParseError, dumps
from ims_mock.web.context import JSON, MAX_JSON_BYTES, context

# The media types of a change; a page of another origin may send none of them without asking for permission
MEDIA_TYPES: Final = (JSON, "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
MAX_CATALOG_BYTES: Final = 64 * 2**20  # the largest catalog that a request may send
MAX_IMAGES: Final = 100_000  # the number of images that a request may add, written or generated


def json_object(limit: int = MAX_JSON_BYTES) -> JsonValue:
    """Return the JSON body of a request."""
    data = context.body(limit)
    context.refuse_media_type(JSON)
    return parse_json(data)


def catalog_text() -> CatalogText:
    """Return the catalog in the body of a request."""
    data = context.body(MAX_CATALOG_BYTES)
    if not data.strip():
        raise RequestError("body-missing", legal="a catalog in JSON or YAML")
    return CatalogText(data, request.mimetype == JSON, MAX_VALUES)


def image_values() -> dict[str, Any]:
    """Return the image in the body of a request, as a catalog file has it."""
    try:
        found = catalog_text().parse().value
    except ParseError as error:
        raise RequestError("catalog", what=f"line {error.line}: {error}") from None
    if not isinstance(found, Mapping):
        raise RequestError("body", legal="a mapping of attributes to values", what="it is not an image")
    return dict(found)


def catalog_response(value: Mapping[str, Any]) -> Response:
    """Return a part of a catalog in YAML if the client prefers that, else in JSON."""
    media_type = request.accept_mimetypes.best_match(MEDIA_TYPES, JSON)
    return Response(dumps(value, is_json=media_type == JSON), content_type=media_type)
