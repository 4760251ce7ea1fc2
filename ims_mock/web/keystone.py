"""The part of Keystone that clients of images need, under ``/v3``: tokens, projects, domains, service catalog."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from ims_mock.auth.credentials import CredentialStore, Project, Token, has_expired, stable_id
from ims_mock.auth.login import Login, expiry, issue_token, owner_of
from ims_mock.errors import RequestError
from ims_mock.text import header_text
from ims_mock.web.context import context
from ims_mock.web.sandbox_routing import select_emulator

PREFIX: Final = "/v3"

blueprint = Blueprint("identity", __name__, url_prefix=PREFIX)


@blueprint.get("")
@blueprint.get("/")
def version() -> Response:
    """Describe the API version, which clients discover before they log in."""
    links = [{"rel": "self", "href": f"{context.base_url}{PREFIX}/"}]
    media_types = [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}]
    about = {"id": "v3.6", "status": "stable", "updated": "2016-04-04T00:00:00Z"}
    return jsonify(version={**about, "links": links, "media-types": media_types})


@blueprint.post("/auth/tokens")
def create_token() -> tuple[Response, int]:
    """Answer a login with a token."""
    if request.mimetype not in ("", "application/json"):
        raise RequestError("content-type", "Content-Type", request.mimetype, "application/json")
    login = Login.read(context.json_body())
    select_emulator(context, login.token)
    emulator = context.emulator
    token = issue_token(emulator.credentials, login, emulator.clock.now(), needs_credentials=emulator.needs_credentials)
    return _token_response(token), 201


@blueprint.get("/auth/tokens")
def show_token() -> Response:
    """Show what a token is valid for."""
    context.caller(needs_project=False)
    text, emulator = context.header("X-Subject-Token"), context.emulator
    if not text:
        raise RequestError("subject-missing")
    token = emulator.credentials.find_token(text)
    is_unproven = token is not None and token.is_unproven and emulator.needs_credentials
    if token is None or has_expired(token.expires, emulator.clock.now()) or is_unproven:
        raise RequestError("subject")
    return _token_response(token)


def _token_response(token: Token) -> Response:
    store, clock = context.emulator.credentials, context.emulator.clock
    user, domain = owner_of(store, token)
    body: dict[str, Any] = {
        "methods": token.methods or ["token"],
        "user": {**_named("user", domain, user), "domain": _named("domain", domain), "password_expires_at": ""},
        "issued_at": (token.issued or clock.wire()).replace("Z", ".000000Z"),  # as the vendor documents it
        "expires_at": (token.expires or expiry(clock.now())).replace("Z", ".000000Z"),
        "audit_ids": [token.id],
    }
    project = _project_of(store, token)
    if token.project:
        body["project"] = {"id": project.id, "name": project.name, "domain": _named("domain", project.domain)}
    elif token.domain:
        body["domain"] = _named("domain", token.domain)
    if token.roles:
        body["roles"] = [_named("role", role) for role in token.roles]
    if (token.project or token.domain) and "nocatalog" not in request.args:
        body["catalog"] = _service_catalog(project)
    response = jsonify(token=body)
    response.headers["X-Subject-Token"] = header_text(token.token)
    return response


@blueprint.get("/auth/catalog")
def show_service_catalog() -> Response:
    """Show the endpoints of the services."""
    caller, token = context.caller(needs_project=False), context.authenticate().token
    if context.emulator.needs_credentials and token and not (token.project or token.domain):
        raise RequestError("unscoped")
    store = context.emulator.credentials
    project = _project_of(store, token) if token else store.project(caller.project)
    return jsonify(catalog=_service_catalog(project), links=_list_links())


@blueprint.get("/auth/projects")
def list_own_projects() -> Response:
    """List the projects that the credentials are valid for."""
    return _projects_response(_own_projects())


@blueprint.get("/projects")
def list_projects() -> Response:
    """List projects.

    The vendor's SDK requests the one with the name of its region and needs exactly one. With ``--auth off`` an unknown
    name is therefore that of the caller's project.
    """
    own, store, name = _own_projects(), context.emulator.credentials, request.args.get("name")
    if context.emulator.needs_credentials:
        return _projects_response([project for project in own if name in (None, project.name)])
    known = {project.id: project for project in (*own, *map(store.project, store.projects))}.values()
    if name is None:
        return _projects_response(known)
    same_name = (project for project in known if project.name == name)
    return _projects_response([next(same_name, replace(own[0], name=name))])


@blueprint.get("/projects/<project_id>")
def show_project(project_id: str) -> Response:
    """Show a project: any to an admin, to others their own and those of their domain.

    The ``openstack`` command shares an image only with a project that it can look up.
    """
    own, store = {project.id: project for project in _own_projects()}, context.emulator.credentials
    known = store.projects.get(project_id)
    is_visible = project_id in own or (known is not None and known.domain == _own_domain())
    if context.emulator.needs_credentials and not is_visible and not context.authenticate().caller.is_admin:
        raise RequestError("other-project", "the project", project_id, ", ".join(own))
    return jsonify(project=_project_body(own.get(project_id) or store.project(project_id)))


@blueprint.get("/auth/domains")
def list_domains() -> Response:
    """List the only domain of the caller."""
    domain = _named("domain", _own_domain())
    links = {"self": f"{context.base_url}{PREFIX}/domains/{domain['id']}"}
    return jsonify(domains=[{**domain, "description": "", "enabled": True, "links": links}], links=_list_links())


def _own_domain() -> str:
    caller, token = context.caller(needs_project=False), context.authenticate().token
    store = context.emulator.credentials
    return owner_of(store, token)[1] if token else store.project(caller.project).domain


def _own_projects() -> list[Project]:
    """Return the projects that the credentials are valid for, the requested one first; for an admin all named ones."""
    caller, store = context.caller(needs_project=False), context.emulator.credentials
    ids = list(context.authenticate().projects)
    if caller.is_admin:
        ids += store.projects
    if not context.emulator.needs_credentials:
        ids.insert(0, caller.project)
    token = context.authenticate().token
    return [
        _project_of(store, token) if token and token.project == project_id else store.project(project_id)
        for project_id in dict.fromkeys(ids)
    ]


def _project_of(store: CredentialStore, token: Token) -> Project:
    """Return the project of a token under the name by which the login requested it."""
    project = store.project(token.project)
    return replace(project, name=token.project_name) if token.project_name else project


def _list_links() -> dict[str, Any]:
    return {"self": f"{context.base_url}{request.path}", "next": None, "previous": None}


def _named(kind: str, *names: str) -> dict[str, str]:
    return {"id": stable_id(kind, *names), "name": names[-1]}


def _project_body(project: Project) -> dict[str, Any]:
    domain_id = stable_id("domain", project.domain)
    links = {"self": f"{context.base_url}{PREFIX}/projects/{project.id}", "next": None, "previous": None}
    about = {"id": project.id, "name": project.name, "domain_id": domain_id, "parent_id": domain_id}
    return {**about, "is_domain": False, "description": "", "enabled": True, "links": links}


def _projects_response(projects: Iterable[Project]) -> Response:
    return jsonify(projects=[_project_body(project) for project in projects], links=_list_links())


def _service_catalog(project: Project) -> list[dict[str, Any]]:
    """Return the services, with endpoints in the region that a project is named after, and in those of all others."""
    projects = (project, *context.emulator.credentials.projects.values())
    regions = dict.fromkeys(region for one in projects for region in one.regions)
    services = (("image", "glance", context.base_url), ("identity", "keystone", context.base_url + PREFIX))
    catalog = []
    for service_type, name, url in services:
        endpoints = [
            {"id": stable_id("endpoint", name, at, kind), "interface": kind, "region": at, "region_id": at, "url": url}
            for at in regions
            for kind in ("public", "internal", "admin")
        ]
        catalog.append({"id": stable_id("service", name), "type": service_type, "name": name, "endpoints": endpoints})
    return catalog
