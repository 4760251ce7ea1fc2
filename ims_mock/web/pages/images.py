"""Pages of the list of images, as a caller sees it, and of one image; and what ``/_ims/`` shows to programs."""

import re
import shlex
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Response, jsonify, redirect, request

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.cloudimages import IMAGES, LISTS, Listing
from ims_mock.catalog.explain import exclusions, explain
from ims_mock.catalog.query import decoded, parse
from ims_mock.catalog.visibility import ADMIN, Caller, View
from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.values import parse_boolean, parse_integer
from ims_mock.errors import RequestError
from ims_mock.journal.documented import DocumentedRequest
from ims_mock.journal.findings import findings_of
from ims_mock.openapi.operations import OPERATIONS, is_glance_format
from ims_mock.text import escaped, header_text
from ims_mock.web.context import context
from ims_mock.web.pages.layout import blueprint, render

_ADMINS: Final = "*"  # stands for an admin where there is otherwise the id of a project
_PARSERS: Final = {"integer": parse_integer, "boolean": parse_boolean}
_NOT_IN_SDK: Final = ("__whole_image", "__system__cmkid")  # parameters of the newer list
_BEFORE_QUERY: Final = re.compile(r"\s*(?:(?:https?:/)?/[^?]*)?\??")
_LEGAL_IN_URLS: Final = "%/:?&=+,;@!$*()~'"


@blueprint.get("/", strict_slashes=False)
def index() -> Response:
    """Show the list of images to people, and to programs the links of the control API."""
    if request.accept_mimetypes.best_match(("application/json", "text/html"), "application/json") == "text/html":
        response = _list_page({one: request.args.get(one, "").strip() for one in ("query", "path", "as", "image")})
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
        raise RequestError("explain", "path", own["path"], " or ".join(LISTS), what="is no list")
    pasted = _BEFORE_QUERY.match(own["query"])
    own["path"] = next((path for path in LISTS if pasted and pasted[0].rstrip("?").endswith(path)), own["path"])
    view, listing = _view(own["as"]), LISTS[own["path"] or IMAGES.path]
    emulator, raw = context.emulator, header_text(_BEFORE_QUERY.sub("", own["query"], 1))
    query = quote(raw.encode("latin-1"), safe=_LEGAL_IN_URLS)
    url = f"{context.base_url}{listing.path}{'?' if query else ''}{query}"
    asked = DocumentedRequest("GET", listing.path, raw, is_admin=view.caller.is_admin)
    header = "" if own["as"] in ("", _ADMINS) else f" -H {shlex.quote('X-Project-Id: ' + own['as'])}"
    if view.caller.is_admin or emulator.needs_credentials:
        header = ' -H "X-Auth-Token: $TOKEN"'  # of the catalog; no page shows one
    page = {
        "own": {**own, "query": query},
        "listing": listing,
        "paths": LISTS,
        "projects": _projects(view.caller.project),
        "viewer": view.caller,
        "findings": findings_of(asked, emulator.ignored_findings),
        "parameters": listing.parameters,
        "pairs": decoded(raw),
        "snippets": {"URL": url, "curl": f"curl -s {shlex.quote(url)}{header}"},
        "sdk": sdk_request(listing, raw) | {"base": context.base_url},
    }
    return render("images", page | _answer(emulator.catalog, raw, view, listing, own["image"]))


def _answer(catalog: Catalog, raw: str, view: View, listing: Listing, image_id: str) -> dict[str, Any]:
    """Return the images of a page with the queries of others, or the error with which the list rejects the query."""
    try:
        query = parse(raw, view, listing)
        images, found = catalog.page(query, view).images, explain(catalog, query, view, image_id or None)
    except RequestError as error:
        if is_glance_format(view.profile, listing.path):
            return {"status": error.problem.glance_status or error.problem.status, "message": error.glance}
        return {"status": error.problem.status, "code": error.problem.code, "message": error.message}
    ids = [image.id for image in catalog.page(replace(query, marker=None, limit=found.listed), view).images]
    start, size = ids.index(images[0].id) if images else len(ids), query.limit
    starts = {"First": 0, "Previous": start - size} if start and size else {}
    if images and start + size < len(ids):
        starts |= {"Next": start + size, "Last": (len(ids) - 1) // size * size}
    markers = {title: f"&marker={quote(ids[first - 1])}" if first > 0 else "" for title, first in starts.items()}
    queries = {title: query.links.query + marker for title, marker in markers.items()}
    return {"images": images, "start": start, "explanation": found, "pages": queries}


def sdk_request(listing: Listing, query: str) -> dict[str, Any]:
    """Return the method of the vendor's SDK that sends a query, the arguments of its request, and what it lacks."""
    known = {name: one for name, one in listing.parameters.items() if name not in _NOT_IN_SDK}
    arguments, missing = {}, []
    for name, value in decoded(query):
        if name not in known or name in arguments:
            missing.append(f"{escaped(name)}={value!r}{' a second time' * (name in known)}")
        else:
            parsed = _PARSERS.get(known[name].json_type, str)(value)
            arguments[name] = f"{name.lstrip('_')}={value if parsed is None else parsed!r}"
    method = "glance_list_images" if listing.has_links else "list_images"
    name = f"{method.title().replace('_', '')}Request"
    return {"method": method, "request": name, "arguments": list(arguments.values()), "missing": missing}


@blueprint.get("/pages/images/<path:image_id>")
def show_image(image_id: str) -> Response:
    """Show all attributes of an image as it is stored, its members, and who can see it."""
    image = context.emulator.find_image(image_id)
    projects = _projects(image.text("owner"), *image.members) | {_ADMINS: "an admin"}
    rows = []
    for project, name in projects.items():
        view = _view(project)
        rows.append((project, name, view.sees(image), exclusions(parse("", view), view, image)))
    return render("image", {"image": image, "fields": BY_NAME, "callers": rows})


def _view(caller: str) -> View:
    """Return the view of a project, of an admin, or by default of unauthenticated requests."""
    emulator, roles = context.emulator, frozenset({ADMIN} if caller == _ADMINS else ())
    project = emulator.credentials.default_project if roles or not caller else caller
    return View(Caller(project, roles), emulator.profile, is_queens=False)


def _projects(*more: str) -> dict[str, str]:
    """Return the names of the projects that the catalog mentions, and of more, by id; the default project first."""
    store = context.emulator.credentials
    used = map(attrgetter("project"), (*store.tokens, *store.keys, *store.users))
    ids = (store.default_project, *store.projects, *used, *more)
    return {one: store.project(one).name for one in ids if one}
