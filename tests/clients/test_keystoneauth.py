"""Logins of keystoneauth1 and openstacksdk over a socket."""

from datetime import timedelta

import pytest
from helpers import make_app, over_socket

pytest.importorskip("keystoneauth1")
pytest.importorskip("openstack")

import openstack
from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from ims_mock.auth.credentials import stable_id

A, B = "a" * 32, "b" * 32
CATALOG = {
    "projects": [
        {"id": A, "name": "cn-north-4", "domain": "team"},
        {"id": B, "name": "cn-east-3", "domain": "team"},
    ],
    "credentials": {
        "tokens": [{"token": "of-a", "project": A}],
        "users": [
            {"name": "ann", "password": "secret", "domain": "team", "project": A},
            {"name": "ann", "password": "secret", "domain": "team", "project": B},
        ],
    },
    "images": [{"id": "of-a", "owner": A}, {"id": "of-b", "owner": B}],
}
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


SCOPES = [
    (BY_NAME, "of-a"),
    ({"project_name": "cn-north-4", "project_domain_id": stable_id("domain", "team")}, "of-a"),
    ({"project_id": A}, "of-a"),
    ({"project_id": B}, "of-b"),
]


@pytest.mark.parametrize(("scope", "image"), SCOPES)
def test_password_login_to_a_project(url, scope, image):
    session = Session(v3.Password(f"{url}/v3", **ANN, **scope))
    access = session.auth.get_access(session)
    assert (access.project_scoped, access.project_domain_name, access.username) == (True, "team", "ann")
    assert session.get_endpoint(service_type="identity") == f"{url}/v3"
    for interface in ("public", "internal", "admin"):
        assert (
            session.auth.get_access(session).service_catalog.url_for(service_type="image", interface=interface) == url
        )
    assert listed(session) == [image]


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
    scoped = Session(v3.Token(f"{url}/v3", token=access.auth_token, project_id=B))
    assert listed(scoped) == ["of-b"]


@pytest.mark.parametrize("scope", [{"project_id": A}, BY_NAME])
def test_token_login(url, scope):
    assert listed(Session(v3.Token(f"{url}/v3", token="of-a", **scope))) == ["of-a"]


def test_login_without_service_catalog(url):
    session = Session(v3.Password(f"{url}/v3", **ANN, **BY_NAME, include_catalog=False))
    assert not session.auth.get_access(session).has_service_catalog()


@pytest.mark.parametrize(
    "wrong",
    [
        {**ANN, **BY_NAME, "password": "wrong"},
        {**ANN, **BY_NAME, "username": "bob"},
        {**ANN, "project_name": "cn-north-4", "project_domain_name": "partner"},
        {**ANN, "project_id": "c" * 32},
        {**ANN, "domain_name": "partner"},
    ],
)
def test_refused_login_raises_unauthorized(url, wrong):
    session = Session(v3.Password(f"{url}/v3", **wrong))
    with pytest.raises(exceptions.Unauthorized) as refused:
        session.get_token()
    assert "HTTP 401" in str(refused.value)


def test_client_logs_in_again_after_its_token_expires(url, application):
    session = Session(v3.Password(f"{url}/v3", **ANN, **BY_NAME))
    assert listed(session) == ["of-a"]
    first = session.get_token()
    emulator = application.extensions["ims_mock"]
    emulator.change_clock(lambda clock: clock.advanced(timedelta(hours=25)))
    refused = session.get(f"{url}/v2/images", authenticated=False, headers={"X-Auth-Token": first}, raise_exc=False)
    assert (refused.status_code, refused.json()["error_code"]) == (401, "APIGW.0307")
    assert listed(session) == ["of-a"]
    assert session.get_token() != first


def test_password_login_of_openstacksdk(url):
    cloud = openstack.connect(
        auth_type="password", auth_url=f"{url}/v3", region_name="cn-north-4", app_name="test", **ANN, **BY_NAME
    )
    assert cloud.authorize()
    assert cloud.current_project_id == A
    assert {project.name for project in cloud.identity.projects()} == {"cn-north-4", "cn-east-3"}
    assert cloud.identity.get_project(A).name == "cn-north-4"
    with pytest.raises(openstack.exceptions.ForbiddenException):
        cloud.identity.get_project("c" * 32)
    assert [image.id for image in cloud.image.images()] == ["of-a"]
    assert cloud.image.get_image("of-a").name is None
    with pytest.raises(openstack.exceptions.NotFoundException):
        cloud.image.get_image("of-b")
    cloud.close()


def test_token_login_of_openstacksdk(url):
    cloud = openstack.connect(auth_type="token", auth_url=f"{url}/v3", token="of-a", project_id=A)
    assert cloud.authorize() != "of-a"
    assert cloud.current_user_id == stable_id("user", "team", "ann")
    cloud.close()
