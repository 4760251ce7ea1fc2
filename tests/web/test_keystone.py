"""``/v3``: projects, domains and the service catalog."""

import pytest
from helpers import in_process, make_app, over_socket, shared_app
from login_helpers import CATALOG, OTHER, A, B, C, check_error, login_body, post_login

from ims_mock.auth.credentials import stable_id


@pytest.fixture
def ask():
    return in_process(shared_app(CATALOG, auth="on"))


@pytest.fixture
def ask_off():
    return in_process(shared_app(CATALOG))


def endpoints(shown, kind):
    (service,) = [service for service in shown["catalog"] if service["type"] == kind]
    return service["name"], {(one["interface"], one["region"], one["url"]) for one in service["endpoints"]}


def expected(regions, url):
    return {(interface, region, url) for interface in ("public", "internal", "admin") for region in regions}


def projects(answer):
    assert answer.status == 200, answer.text
    return [(project["id"], project["name"]) for project in answer.json["projects"]]


FORWARDED = {"Proto": "https", "Host": "ims.example.test", "Port": "8443", "Prefix": "/cloud"}


@pytest.mark.parametrize(
    "host", ["localhost", "ims.test:9292", "10.0.0.7", "[::1]:9292", "ims_mock:9292", "IMS-1.test:65535"]
)
def test_endpoints_have_the_host_of_the_request(ask, host):
    sent = login_body(scope={"project": {"id": B}})
    shown = post_login(ask, sent, headers={"Host": host}).json["token"]
    regions = ("cn-north-4", "cn-east-3")
    assert endpoints(shown, "image") == ("glance", expected(regions, f"http://{host}"))
    assert endpoints(shown, "identity") == ("keystone", expected(regions, f"http://{host}/v3"))
    assert shown["catalog"][0]["endpoints"][0]["region"] == "cn-east-3"


@pytest.mark.parametrize(
    ("name", "requested", "regions"),
    [
        ("RegionOne", {"id": A}, ["RegionOne", "cn-north-4", "cn-east-3"]),
        ("cn-south-1_team", {"id": A}, ["cn-south-1", "cn-east-3"]),
        ("", {"id": A}, ["cn-north-4", "cn-east-3"]),
        ("", {"id": OTHER}, ["cn-north-4", "cn-east-3"]),
        ("cn-south-1", {"id": OTHER}, ["cn-north-4", "cn-south-1", "cn-east-3"]),
        ("cn-south-1", {"name": "RegionTwo"}, ["RegionTwo", "cn-north-4", "cn-south-1", "cn-east-3"]),
    ],
)
def test_service_catalog_has_the_region_of_the_project_and_one_per_named_project(name, requested, regions):
    ask = in_process(make_app({"project": A, "projects": [{"id": A, "name": name}, {"id": B, "name": "cn-east-3"}]}))
    shown = post_login(ask, login_body(scope={"project": requested})).json["token"]
    for service in shown["catalog"]:
        assert list(dict.fromkeys(one["region"] for one in service["endpoints"])) == regions


def test_the_service_catalog_is_that_of_the_token_unless_nocatalog_omits_it(ask):
    scoped = login_body(scope={"project": {"id": A}})
    shown = post_login(ask, scoped).json["token"]
    assert ask("/v3/auth/catalog", {"X-Auth-Token": "of-a"}).json["catalog"] == shown["catalog"]
    for query in ("?nocatalog", "?nocatalog=true", "?nocatalog="):
        assert post_login(ask, scoped, query).json["token"].keys() == shown.keys() - {"catalog"}


@pytest.mark.parametrize(("forwarded", "url"), [("on", "https://ims.example.test:8443/cloud"), ("off", "")])
def test_forwarded_headers_are_used_only_with_forwarded_on(forwarded, url):
    app = make_app(CATALOG, forwarded=forwarded)
    headers = {f"X-Forwarded-{name}": value for name, value in FORWARDED.items()}
    with over_socket(app) as asked:
        for ask, own in ((in_process(app), "http://localhost"), (asked, "http://127.0.0.1:")):
            shown = post_login(ask, login_body(scope={"project": {"id": A}}), headers=headers).json["token"]
            (image,) = {one for _, _, one in endpoints(shown, "image")[1]}
            assert image == url or (url == "" and image.startswith(own))


@pytest.mark.parametrize(
    ("forwarded", "scheme", "status"),
    [("on", "http", 200), ("on", "https", 200), ("on", "javascript", 400), ("on", "HTTPS", 200), ("off", "x", 200)],
)
def test_a_forwarded_scheme_is_http_or_https(forwarded, scheme, status):
    answer = in_process(make_app(CATALOG, forwarded=forwarded))("/v3", {"X-Forwarded-Proto": scheme})
    assert answer.status == status
    assert '"HTTPS://' not in answer.text
    if status == 400:
        check_error(answer, 400, f"Invalid X-Forwarded-Proto '{scheme}'. Use http or https.")


@pytest.mark.parametrize("prefix", ["cloud", "/cloud/", "p:-1", ":-1", "[::1", "//", "/a b", "/%E9%95%9C"])
def test_any_forwarded_prefix_gives_a_valid_link(prefix):
    with over_socket(make_app(CATALOG, forwarded="on")) as ask:
        (link,) = ask("/v3", {"X-Forwarded-Prefix": prefix}).json["version"]["links"]
    assert link["href"].startswith(f"{ask.url}/")
    assert "%25" not in link["href"]
    assert "//" not in link["href"].removeprefix("http://")
    assert link["href"].endswith("/v3/")


@pytest.mark.parametrize("host", ["a:-1", "a b", "", "a,b", "x" * 300, "a:123456", "[::1", "<script>"])
def test_an_invalid_host_is_rejected(ask, host):
    check_error(ask("/v3", {"Host": host}), 400, "Invalid Host ", "Use a host name or an address, with a port")


def test_the_version_needs_no_credentials(ask):
    for path in ("/v3", "/v3/"):
        version, link = ask(path).json["version"], {"rel": "self", "href": "http://localhost/v3/"}
        assert (version["id"][:3], version["status"], version["links"]) == ("v3.", "stable", [link])


@pytest.mark.parametrize(
    ("token", "query", "found"),
    [
        ("of-a", "", [A]),
        ("of-a", "?name=cn-north-4", [A]),
        ("of-a", "?name=cn-east-3_web", []),
        ("of-a", "?name=cn-north-9", []),
        ("admin", "", [A, B, C]),
        ("admin", "?name=cn-north-4", [A, C]),
    ],
)
def test_projects_are_those_of_the_credentials_and_for_an_admin_all_named_ones(ask, token, query, found):
    assert [one for one, _ in projects(ask(f"/v3/projects{query}", {"X-Auth-Token": token}))] == found


@pytest.mark.parametrize(
    ("headers", "name", "found"),
    [
        ({}, "cn-north-4", (A, "cn-north-4")),
        ({}, "cn-east-3_web", (B, "cn-east-3_web")),
        ({}, "cn-north-9", (A, "cn-north-9")),
        ({"X-Project-Id": C}, "cn-north-4", (C, "cn-north-4")),
        ({"X-Project-Id": OTHER}, "eu-west-0", (OTHER, "eu-west-0")),
        ({"X-Auth-Token": "of-a"}, "cn-north-4", (A, "cn-north-4")),
    ],
)
def test_with_auth_off_every_project_name_exists_once(ask_off, headers, name, found):
    assert projects(ask_off(f"/v3/projects?name={name}", headers)) == [found]


def test_a_project_is_shown_as_keystone_does(ask):
    (project,) = ask("/v3/projects?name=cn-north-4", {"X-Auth-Token": "of-a"}).json["projects"]
    assert project == {
        "id": A,
        "name": "cn-north-4",
        **dict.fromkeys(("domain_id", "parent_id"), stable_id("domain", "team")),
        "is_domain": False,
        "description": "",
        "enabled": True,
        "links": {"self": f"http://localhost/v3/projects/{A}", "next": None, "previous": None},
    }
    assert ask(f"/v3/projects/{A}", {"X-Auth-Token": "of-a"}).json == {"project": project}


def test_a_project_is_visible_in_its_domain_to_admins_and_with_auth_off(ask, ask_off):
    assert ask(f"/v3/projects/{B}", {"X-Auth-Token": "of-a"}).json["project"]["name"] == "cn-east-3_web"
    for project in (C, OTHER):
        check_error(ask(f"/v3/projects/{project}", {"X-Auth-Token": "of-a"}), 403, f"Use {A}")
    for answer in (ask(f"/v3/projects/{OTHER}", {"X-Auth-Token": "admin"}), ask_off(f"/v3/projects/{OTHER}")):
        assert answer.json["project"]["name"] == OTHER


@pytest.mark.parametrize(
    ("headers", "domain"), [({}, "team"), ({"X-Project-Id": C}, "partner"), ({"X-Auth-Token": "of-a"}, "team")]
)
def test_the_only_domain_is_that_of_the_caller(ask_off, headers, domain):
    (found,) = ask_off("/v3/auth/domains", headers).json["domains"]
    assert (found["name"], found["id"], found["enabled"]) == (domain, stable_id("domain", domain), True)


@pytest.mark.parametrize("path", ["/v3/projects", "/v3/auth/projects", "/v3/auth/domains", "/v3/auth/catalog"])
def test_other_paths_need_credentials(ask, path):
    check_error(ask(path), 401, "x-auth-token not found")
    check_error(ask(path, {"X-Auth-Token": "old"}), 401, "must be updated")
    check_error(ask(path, {"Authorization": "Basic eA=="}), 401, "unsupported scheme in Authorization: 'Basic'")
    glance = in_process(make_app(CATALOG, auth="on", profile="glance"))
    check_error(glance(path), 401, "x-auth-token not found")


def test_unknown_paths_and_methods_are_errors_of_the_identity_service(ask):
    check_error(ask("/v3/auth/tokens/"), 404)
    unknown, deleted = ask("/v3/users"), ask("/v3/auth/tokens", method="DELETE")
    check_error(unknown, 404, "'/v3/users'")
    check_error(deleted, 405)
    assert (len(unknown.headers["X-Request-Id"]), deleted.headers["Allow"]) == (32, "GET, POST")
