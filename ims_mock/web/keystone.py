"""``/v3``: the identity service as far as clients of images need it: tokens, projects, domains, the service catalog."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from ims_mock.auth.credentials import Project, Token, id_of
from ims_mock.contract.values import add_clamped, wire_time
from ims_mock.errors import RequestError
from ims_mock.web.context import current_context
from ims_mock.web.sandbox_routing import select_emulator_by_token

PREFIX: Final = "/v3"
_INTERFACES: Final = ("public", "internal", "admin")

blueprint = Blueprint("identity", __name__, url_prefix=PREFIX)


@blueprint.get("", provide_automatic_options=False)
@blueprint.get("/", provide_automatic_options=False)
def version() -> Response:
    """Describe the only version of the identity service; clients look here before they log in."""
    return jsonify(
        version={
            "id": "v3.6",
            "status": "stable",
            "updated": "2016-04-04T00:00:00Z",
            "links": [{"rel": "self", "href": f"{_base()}/"}],
            "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
        }
    )


# --- tokens ---------------------------------------------------------------------------------------


@blueprint.post("/auth/tokens", provide_automatic_options=False)
def create_token() -> tuple[Response, int]:
    """Issue a token to whoever proves who they are."""
    from ims_mock.auth.issuing import issued  # a start is quicker without what few requests need
    from ims_mock.auth.login import Login

    kind = request.mimetype
    if kind not in ("", "application/json"):
        raise RequestError("content-type", "Content-Type", kind, "application/json")
    login = Login.read(current_context().json_body())
    select_emulator_by_token(current_context(), login.token)
    here = current_context().emulator
    token = issued(here.identity, login, here.clock.now(), is_checked=here.needs_credentials)
    return _token_answer(token), 201


@blueprint.get("/auth/tokens", provide_automatic_options=False)
def show_token() -> Response:
    """Tell what a token says."""
    current_context().caller(needs_project=False)
    text = current_context().header("X-Subject-Token")
    if not text:
        raise RequestError("subject-missing", legal="a token")
    here = current_context().emulator
    token = here.identity.token(text)
    if token is None or token.is_expired(here.clock.now()) or (token.is_unproven and here.needs_credentials):
        raise RequestError("subject")
    return _token_answer(token)


def _token_answer(token: Token) -> Response:
    from ims_mock.auth.issuing import LIFE, owner_of

    here = current_context().emulator
    user, domain = owner_of(here.identity, token)
    says: dict[str, Any] = {
        "methods": token.methods or ["token"],
        "user": {
            "id": id_of("user", domain, user),
            "name": user,
            "domain": _domain(domain),
            "password_expires_at": "",
        },
        "issued_at": _microseconds(token.issued or here.clock.wire()),
        "expires_at": _microseconds(token.expires or wire_time(add_clamped(here.clock.now(), LIFE))),
        "audit_ids": [id_of("token", token.token)],
    }
    if token.project:
        project = _project_of(token)
        says["project"] = {"id": project.id, "name": project.name, "domain": _domain(project.domain)}
    elif token.domain:
        says["domain"] = _domain(token.domain)
    if token.roles:
        says["roles"] = [{"id": id_of("role", role), "name": role} for role in token.roles]
    if (token.project or token.domain) and "nocatalog" not in request.args:
        says["catalog"] = _catalog(_project_of(token).region)
    answer = jsonify(token=says)
    answer.headers["X-Subject-Token"] = token.token.encode().decode("latin-1")  # as WSGI wants its headers
    return answer


def _microseconds(wire: str) -> str:
    """Write a time as the identity service does (the vendor's documentation)."""
    return wire.replace("Z", ".000000Z")


# --- what a token opens ---------------------------------------------------------------------------


@blueprint.get("/auth/catalog", provide_automatic_options=False)
def show_catalog() -> Response:
    """Tell where the services are."""
    asking, token = current_context().caller(needs_project=False), current_context().authentication.token
    if current_context().emulator.needs_credentials and token and not (token.project or token.domain):
        raise RequestError("unscoped")
    region = (_project_of(token) if token else current_context().emulator.identity.named(asking.project)).region
    return jsonify(catalog=_catalog(region), links=_links())


@blueprint.get("/auth/projects", provide_automatic_options=False)
def list_own_projects() -> Response:
    """List the projects that the credentials open."""
    return _projects_answer(_own_projects())


@blueprint.get("/projects", provide_automatic_options=False)
def list_projects() -> Response:
    """List projects; the vendor's SDK looks here for the one that is named after its region, and wants exactly one."""
    own, here, name = _own_projects(), current_context().emulator, request.args.get("name")
    if here.needs_credentials:
        return _projects_answer([one for one in own if name in (None, one.name)])
    known = {one.id: one for one in (*own, *map(here.identity.named, here.identity.projects))}
    if name is None:
        return _projects_answer(list(known.values()))
    named = [one for one in known.values() if one.name == name]
    return _projects_answer([named[0] if named else own[0]._replace(name=name)])


@blueprint.get("/projects/<project>", provide_automatic_options=False)
def show_project(project: str) -> Response:
    """Show a project; all exist, but of another domain only admins are shown any.

    The ``openstack`` command looks here before it shares an image, and shares with none that it is not shown.
    """
    own, here = {one.id: one for one in _own_projects()}, current_context().emulator
    known = here.identity.projects.get(project)
    may_look = (
        project in own or current_context().authentication.caller.is_admin or (known and known.domain == _own_domain())
    )
    if here.needs_credentials and not may_look:
        raise RequestError("other-project", "the project", project, ", ".join(own) or "none")
    return jsonify(project=_project(own.get(project) or here.identity.named(project)))


@blueprint.get("/auth/domains", provide_automatic_options=False)
def list_domains() -> Response:
    """List the domain of whoever asks."""
    name = _own_domain()
    domain = {
        **_domain(name),
        "description": "",
        "enabled": True,
        "links": {"self": f"{_base()}/domains/{id_of('domain', name)}"},
    }
    return jsonify(domains=[domain], links=_links())


def _own_domain() -> str:
    """Give the name of the domain of whoever asks."""
    from ims_mock.auth.issuing import owner_of

    asking, token, identity = (
        current_context().caller(needs_project=False),
        current_context().authentication.token,
        current_context().emulator.identity,
    )
    return owner_of(identity, token)[1] if token else identity.named(asking.project).domain


def _own_projects() -> list[Project]:
    """Give the projects that the credentials open, the one they name first; an admin's are all that are named."""
    asking = current_context().caller(needs_project=False)
    found, identity = current_context().authentication, current_context().emulator.identity
    opened = list(found.opens)
    if asking.is_admin:
        opened += identity.projects
    if not current_context().emulator.needs_credentials:
        opened.insert(0, asking.project)
    token = found.token
    return [
        _project_of(token) if token and token.project == one else identity.named(one) for one in dict.fromkeys(opened)
    ]


# --- how it is written ----------------------------------------------------------------------------


def _base() -> str:
    return current_context().base_url + PREFIX


def _links() -> dict[str, Any]:
    return {"self": f"{current_context().base_url}{request.path}", "next": None, "previous": None}


def _domain(name: str) -> dict[str, str]:
    return {"id": id_of("domain", name), "name": name}


def _project_of(token: Token) -> Project:
    """Give the project that a token opens, under the name by which it was asked for."""
    project = current_context().emulator.identity.named(token.project)
    return project._replace(name=token.name) if token.name else project


def _project(project: Project) -> dict[str, Any]:
    domain = id_of("domain", project.domain)
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": domain,
        "parent_id": domain,
        "is_domain": False,
        "description": "",
        "enabled": True,
        "links": {"self": f"{_base()}/projects/{project.id}", "next": None, "previous": None},
    }


def _projects_answer(projects: list[Project]) -> Response:
    return jsonify(projects=[_project(one) for one in projects], links=_links())


def _catalog(region: str) -> list[dict[str, Any]]:
    """Write the service catalog, for a region and every other that a project is named after."""
    identity = current_context().emulator.identity
    regions = dict.fromkeys([region, *(one.region for one in identity.projects.values())])
    return [
        {
            "id": id_of("service", name),
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": id_of("endpoint", name, one, interface),
                    "interface": interface,
                    "region": one,
                    "region_id": one,
                    "url": url,
                }
                for one in regions
                for interface in _INTERFACES
            ],
        }
        for kind, name, url in (("image", "glance", current_context().base_url), ("identity", "keystone", _base()))
    ]
