"""The body of a control request: a catalog as JSON or YAML, or a few words as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from flask import Response, current_app, request

from ims_mock.errors import RequestError
from ims_mock.loading.dump import Masks
from ims_mock.web.context import JSON_BODY_BYTES, body, refuse_media_type

if TYPE_CHECKING:
    from ims_mock.json_body import Part
    from ims_mock.loading.parser import Text

JSON: Final = "application/json"
YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
MEDIA_TYPES: Final = (JSON, *YAML)
"""What changes are written in; a page of another origin may send none of them without being asked."""

CATALOG_BYTES: Final = 2**28
"""The longest catalog that is sent."""


def words(most: int = JSON_BODY_BYTES, *, is_needed: bool = True) -> Part:
    """Give the JSON body that says what shall be done.

    Args:
        most: how many bytes it may have.
        is_needed: whether there must be one; else none says nothing.

    Raises:
        RequestError: it is too long, or no JSON.
    """
    from ims_mock.json_body import Part, parse  # a start is quicker without what few requests need

    sent = body(most)
    if not is_needed and not sent:
        return Part({})
    refuse_media_type(JSON)
    return parse(sent)


def sent_catalog() -> Text:
    """Give the text of the catalog that was sent.

    Raises:
        RequestError: it is too long, or nothing.
    """
    from ims_mock.loading.parser import Text

    data = body(CATALOG_BYTES)
    if not data.strip():
        raise RequestError("body-missing", legal="a catalog in JSON or YAML")
    return Text(data, is_json=request.mimetype == JSON)


def sent_image() -> dict[str, Any]:
    """Give the image that was sent, as a catalog file has it.

    Raises:
        RequestError: it is too long, or no mapping.
    """
    from ims_mock.loading.parser import UnreadableError

    try:
        found = sent_catalog().value()
    except UnreadableError as error:
        raise RequestError("catalog", what=f"line {error.line}: {error}") from None
    if not isinstance(found, Mapping):
        raise RequestError("body", legal="a mapping of attributes to values", what="it is no image")
    return dict(found)


def masks() -> Masks:
    """Give the masks that stand for secrets wherever a catalog of this server is shown."""
    found: Masks = current_app.extensions["ims_mock.masks"]
    return found


@contextmanager
def told_troubles() -> Iterator[None]:
    """Refuse a catalog that is wrong with all that is wrong in it."""
    from ims_mock.loading.sources import CatalogError

    try:
        yield
    except CatalogError as error:
        raise RequestError("catalog", what=str(error)) from None


def document(value: Mapping[str, Any], status: int = 200) -> Response:
    """Answer with a part of a catalog, in YAML for whoever wants that before JSON."""
    from ims_mock.loading.parser import dump

    wanted = request.accept_mimetypes.best_match(MEDIA_TYPES, JSON)
    return Response(dump(value, is_json=wanted == JSON), status, content_type=wanted)
