"""Pages of the list of images, as a caller sees it, and of one image; and what ``/_ims/`` shows to programs."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Response, jsonify, redirect, request

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.cloudimages import IMAGES, LISTS, Listing
from ims_mock.catalog.explain import explain
from ims_mock.catalog.query import decoded, parse
from ims_mock.catalog.visibility import ADMIN, Caller, View
from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.parameters import PARAMETERS
from ims_mock.errors import RequestError
from ims_mock.journal.documented import DocumentedRequest
from ims_mock.journal.findings import findings_of
from ims_mock.openapi.operations import OPERATIONS
from ims_mock.text import header_text
from ims_mock.web import error_bodies
from ims_mock.web.context import current_context
from ims_mock.web.pages.rendering import blueprint, render
from ims_mock.web.pages.snippets import sdk_request

_ADMINS: Final = "*"
"""What stands for an admin where there is otherwise the id of a project."""

_OWN_PARAMETERS: Final = ("query", "path", "as", "image")
_BEFORE_QUERY: Final = re.compile(r"\s*(?:(?:https?:/)?/[^?]*)?\??")
_LEGAL_IN_URLS: Final = "%/:?&=+,;@!$*()~'"


@blueprint.get("/")
def index() -> Response:
    """Show the list of images to people, and to programs the links of the control API."""
    if request.accept_mimetypes.best_match(("application/json", "text/html"), "application/json") == "text/html":
        response = _list_page({name: request.args.get(name, "").strip() for name in _OWN_PARAMETERS})
    else:
        paths = [one.path for one in OPERATIONS if one.method == "GET" and re.fullmatch("/_ims/[a-z]+", one.path)]
        response = jsonify(links={path.rpartition("/")[2]: f"{quote(request.script_root)}{path}" for path in paths})
    response.vary.add("Accept")
    return response


def _list_page(own: dict[str, str]) -> Response:
    """Show a page of a list. A query that is sent as the fields of a form becomes one parameter first."""
    if fields := [pair for pair in request.args.items(multi=True) if pair[0] not in own]:
        own["query"] = urlencode([(name, value) for name, value in fields if value])
        state = urlencode({name: value for name, value in own.items() if value})
        return redirect(f"{quote(request.script_root)}/_ims/?{state}")  # type: ignore[return-value]
    if own["path"] not in ("", *LISTS):
        raise RequestError("route", "the path", own["path"])
    context, view, listing = current_context(), _view(own["as"]), LISTS[own["path"] or IMAGES.path]
    emulator, raw = context.emulator, header_text(_BEFORE_QUERY.sub("", own["query"], 1))
    query = quote(raw.encode("latin-1"), safe=_LEGAL_IN_URLS)
    url = f"{context.base_url}{listing.path}{'?' if query else ''}{query}"
    asked = DocumentedRequest("GET", listing.path, raw, is_admin=view.caller.is_admin)
    parameters = {one.name: one for one in (*PARAMETERS, *listing.extras)}
    values: dict[str, list[str]] = {name: [] for name in parameters}
    for name, value in decoded(raw):
        values.setdefault(name, []).append(value)
    page = {
        "own": {**own, "query": query},
        "listing": listing,
        "paths": LISTS,
        "projects": _projects(view.caller.project),
        "viewer": view.caller,
        "findings": findings_of(asked, emulator.ignored_findings),
        "inputs": [(name, one, parameters.get(name)) for name, given in values.items() for one in given or [""]],
        "snippets": {"URL": url, "curl": f"curl -s {shlex.quote(url)}{_headers(view.caller)}"},
        "sdk": sdk_request(listing, raw) | {"base": context.base_url},
    }
    return render("images", page | _answer(emulator.catalog, raw, view, listing, own["image"]))


def _answer(catalog: Catalog, raw: str, view: View, listing: Listing, image_id: str) -> dict[str, Any]:
    """Return the images of a page with the queries of others, or the error with which the list rejects the query."""
    try:
        query = parse(raw, view, listing)
        images, found = catalog.page(query, view).images, explain(catalog, query, view, image_id or None)
    except RequestError as error:
        is_glance = error_bodies.error_format(view.profile, listing.path) is error_bodies.glance_error
        return {"error": error, "message": error.glance if is_glance else error.message}
    ids = [image.id for image in catalog.page(replace(query, marker=None, limit=len(catalog)), view).images]
    start, size = ids.index(images[0].id) if images else len(ids), query.limit or len(ids) or 1
    starts = {"First": 0, "Previous": max(start - size, 0)} if start else {}
    if images and start + size < len(ids):
        starts |= {"Next": start + size, "Last": (len(ids) - 1) // size * size}
    links = {title: f"&marker={quote(ids[first - 1])}" if first else "" for title, first in starts.items()}
    pages = {title: query.link_query + marker for title, marker in links.items()}
    return {"images": images, "start": start, "explanation": found, "pages": pages}


def _headers(caller: Caller) -> str:
    """Return the options of curl that make a request that of a caller; no page shows a token."""
    emulator = current_context().emulator
    if caller.is_admin or emulator.needs_credentials:
        return ' -H "X-Auth-Token: $TOKEN"'
    is_default = caller.project == emulator.credentials.default_project
    return "" if is_default else f" -H {shlex.quote(f'X-Project-Id: {caller.project}')}"


@blueprint.get("/pages/images/<path:image_id>")
def show_image(image_id: str) -> Response:
    """Show all attributes of an image as it is stored, its members, and who can see it."""
    catalog = current_context().emulator.catalog
    image = catalog.get(image_id)
    if image is None:
        raise RequestError("image", "the image", image_id)
    projects = _projects(image.text("owner"), *image.members) | {_ADMINS: "an admin"}
    rows = []
    for project, name in projects.items():
        view = _view(project)
        rows.append((project, name, view.sees(image), explain(catalog, parse("", view), view, image_id).image))
    return render("image", {"image": image, "fields": BY_NAME, "callers": rows})


def _view(caller: str) -> View:
    """Return the view of a project, of an admin, or by default of unauthenticated requests."""
    emulator, roles = current_context().emulator, frozenset({ADMIN} if caller == _ADMINS else ())
    project = emulator.credentials.default_project if roles or not caller else caller
    return View(Caller(project, roles), emulator.profile, is_queens=False)


def _projects(*more: str) -> dict[str, str]:
    """Return the names of the projects that the catalog mentions, and of more, by id; the default project first."""
    store = current_context().emulator.credentials
    used = map(attrgetter("project"), (*store.tokens, *store.keys, *store.users))
    ids = (store.default_project, *store.projects, *used, *more)
    return {one: store.project(one).name for one in ids if one}
