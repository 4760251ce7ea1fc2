"""Logins of keystoneauth1 and openstacksdk over a socket."""

from datetime import timedelta

import pytest
from clients.region import CATALOG, IDS, A, B
from clients.sdks import connected, password
from helpers import make_app, over_socket

pytest.importorskip("keystoneauth1")

from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from ims_mock.auth.credentials import stable_id

ANN = {"username": "ann", "password": "secret", "user_domain_name": "team"}
BY_NAME = {"project_name": "cn-north-4", "project_domain_name": "team"}


@pytest.fixture
def application():
    return make_app(CATALOG, auth="on")


@pytest.fixture
def url(application):
    with over_socket(application) as ask:
        yield ask.url


def listed(session):
    answer = session.get("/v2/images", endpoint_filter={"service_type": "image"})
    return [image["id"] for image in answer.json()["images"]]


@pytest.mark.parametrize(("scope", "images"), [(BY_NAME, IDS), ({"project_id": B}, [])])
def test_password_login_to_a_project(url, scope, images):
    session = Session(v3.Password(f"{url}/v3", **ANN, **scope))
    access = session.auth.get_access(session)
    assert (access.project_scoped, access.project_domain_name, access.username) == (True, "team", "ann")
    assert session.get_endpoint(service_type="identity") == f"{url}/v3"
    for interface in ("public", "internal", "admin"):
        assert session.get_endpoint(service_type="image", interface=interface) == url
    assert listed(session) == images


def test_password_login_to_a_domain(url):
    session = Session(v3.Password(f"{url}/v3", **ANN, domain_name="team"))
    access = session.auth.get_access(session)
    assert (access.domain_scoped, access.domain_name, access.project_id) == (True, "team", None)
    assert access.role_names == ["member"]


def test_unscoped_login_lists_the_projects(url):
    session = Session(v3.Password(f"{url}/v3", **ANN, unscoped=True))
    access = session.auth.get_access(session)
    assert (access.scoped, access.has_service_catalog()) == (False, False)
    found = session.get(f"{url}/v3/auth/projects").json()["projects"]
    assert {project["name"] for project in found} == {"cn-north-4", "cn-east-3"}
    for scope, images in (({"project_id": B}, []), (BY_NAME, IDS)):
        assert listed(Session(v3.Token(f"{url}/v3", token=access.auth_token, **scope))) == images


def test_refused_login_raises_unauthorized(url):
    session = Session(v3.Password(f"{url}/v3", **ANN | BY_NAME | {"password": "wrong"}))
    with pytest.raises(exceptions.Unauthorized, match="HTTP 401"):
        session.get_token()


def test_client_logs_in_again_after_its_token_expires(url, application):
    session = Session(v3.Password(f"{url}/v3", **ANN, **BY_NAME))
    assert listed(session) == IDS
    first = session.get_token()
    emulator = application.extensions["ims_mock"]
    emulator.change_clock(lambda clock: clock.advanced(timedelta(hours=25)))
    refused = session.get(f"{url}/v2/images", authenticated=False, headers={"X-Auth-Token": first}, raise_exc=False)
    assert (refused.status_code, refused.json()["error_code"]) == (401, "APIGW.0307")
    assert listed(session) == IDS
    assert session.get_token() != first


def test_openstacksdk_shows_the_projects_of_its_login(url):
    openstack = pytest.importorskip("openstack")
    with connected(**password(url, "ann", A)) as cloud:
        assert cloud.current_project_id == A
        assert cloud.current_user_id == stable_id("user", "team", "ann")
        assert {project.name for project in cloud.identity.projects()} == {"cn-north-4", "cn-east-3"}
        assert cloud.identity.get_project(A).name == "cn-north-4"
        with pytest.raises(openstack.exceptions.ForbiddenException):
            cloud.identity.get_project("c" * 32)
