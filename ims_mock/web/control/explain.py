"""``/_ims/explain``: why a list query returns an image, or does not."""

from typing import Final
from urllib.parse import parse_qsl

from flask import Blueprint, Request, Response, jsonify

from ims_mock.catalog.cloudimages import IMAGES, LISTS
from ims_mock.catalog.explain import explain
from ims_mock.catalog.query import parse
from ims_mock.errors import RequestError
from ims_mock.text import wire_text
from ims_mock.web.context import RequestContext, context
from ims_mock.web.error_bodies import error_response
from ims_mock.web.guards import refuse_long_target

_PARAMETERS: Final = ("query", "image", "path")

blueprint = Blueprint("explain", __name__)


@blueprint.get("/explain")
def explain_query() -> Response:
    """Explain a list query for the caller; one that the list rejects is answered as the list answers it."""
    given = _parameters(context.query_string)
    image_id = given.get("image")
    path = given.get("path", IMAGES.path)
    if path not in LISTS:
        raise RequestError("explain", "path", path, " or ".join(LISTS), what="is no list")
    environ = {**context.environ, "PATH_INFO": path, "QUERY_STRING": given.get("query", "")}
    emulator, authentication = context.emulator, context.authenticate()
    listed = RequestContext(
        Request(environ, populate_request=False), context.extensions, emulator, journal=emulator.journal
    )
    listed.authentication = authentication  # a signature is that of the request for the explanation
    try:
        refuse_long_target(listed)
        view = listed.view(needs_credentials=False)
        query = parse(listed.query_string, view, LISTS[path])
        found = explain(emulator.catalog, query, view, None if image_id is None else wire_text(image_id))
    except RequestError as error:
        context.error = error
        return error_response(listed, error)
    return jsonify(found.as_json())


def _parameters(raw: str) -> dict[str, str]:
    """Return the parameters, one character per byte."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True, encoding="latin-1"):
        if name not in _PARAMETERS or name in given:
            what = "is sent twice" if name in given else "is unknown"
            legal = f"{', '.join(_PARAMETERS)}, each once, with the query percent-encoded"
            raise RequestError("explain", name, value, legal, what=what)
        given[name] = value
    return given
