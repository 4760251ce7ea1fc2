"""What all pages share: the blueprint, the frame around their templates, headers, and errors."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup, escape

from ims_mock.emulator import count_listed
from ims_mock.errors import RequestError
from ims_mock.text import escaped
from ims_mock.web.context import context
from ims_mock.web.sandbox_routing import PATH

_VIEWS: Final = ("images", "requests", "walks", "coverage", "faults", "clock and snapshots", "sandboxes")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}

blueprint = Blueprint(
    "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/pages/static"
)


@blueprint.record_once
def _configure_templates(setup: BlueprintSetupState) -> None:
    setup.app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "finalize": _visible}


def _visible(value: object) -> object:
    """Escape control characters of a text, which may hide or reorder what follows; for all that templates show."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "\n".join(map(escaped, value.split("\n")))


@blueprint.app_template_filter()
def prose(text: str) -> Markup:
    """Return a text of a table as HTML, with what is between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@blueprint.app_template_filter()
def segment(text: str) -> str:
    """Return a text as one segment of a path: a slash in a name does not lead a browser to another path."""
    return quote(text, safe="")


def render(template: str, values: Mapping[str, object], status: int = 200) -> Response:
    """Return a page with the variables of its template, or a 304 if the browser has it."""
    sandbox, root = context.sandbox_id, request.script_root
    frame = {
        "template": template,
        "views": _VIEWS[:-1] if sandbox else _VIEWS,
        "root": root,
        "server": root.removesuffix(f"{PATH}/{sandbox}") if sandbox else root,
        "sandbox": sandbox,
        "emulator": context.emulator,
        "listed": count_listed(context.emulator.state, context.emulator.profile),
        "is_read_only": context.emulator.options.read_only == "on",
    }
    response = make_response(render_template(f"{template}.html", **frame, **values), status)
    if status == HTTPStatus.OK:  # the browser requests an open page again and again
        response.add_etag()
        response.make_conditional(request)
    return response


@blueprint.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


@blueprint.errorhandler(RequestError)
def _show_error(error: RequestError) -> Response:
    context.error = error
    return render("error", {"error": error}, error.problem.status)
