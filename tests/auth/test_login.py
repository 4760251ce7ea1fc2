"""Logins: ``POST /v3/auth/tokens``."""

import json

import pytest
from helpers import in_process, make_app
from hostile import Hostile
from login_helpers import CATALOG, OTHER, PARTNER, TEAM, A, B, C, check_error, login, login_body, post_login

from ims_mock.auth.credentials import stable_id

SCOPES = [
    ({"project": {"id": A}}, A, ["member"]),
    ({"project": {"name": "cn-north-4", "domain": TEAM}}, A, ["member"]),
    ({"project": {"name": "cn-north-4", "domain": {"id": stable_id("domain", "team")}}}, A, ["member"]),
    ({"project": {"name": "cn-north-4"}}, A, ["member"]),
    ({"project": {"name": "cn-east-3_web", "domain": TEAM}}, B, ["reader"]),
    ({"project": {"id": B}, "domain": PARTNER}, B, ["reader"]),
]


@pytest.mark.parametrize(("scope", "project", "roles"), SCOPES)
def test_a_password_login_is_scoped_to_the_requested_project(ask, scope, project, roles):
    text, shown = login(ask, scope=scope)
    assert shown["project"]["id"] == project
    assert [role["name"] for role in shown["roles"]] == roles
    assert shown["user"]["name"] == "ann"
    assert shown["user"]["domain"] == {"id": stable_id("domain", "team"), "name": "team"}
    assert (shown["issued_at"], shown["expires_at"]) == ("2023-11-13T08:00:00.000000Z", "2023-11-14T08:00:00.000000Z")
    assert shown["methods"] == ["password"]
    listed = ask("/v2/images", {"X-Auth-Token": text})
    assert listed.ids == ["of-a" if project == A else "of-b"]


def test_a_user_can_be_named_by_id(ask):
    person = {"id": stable_id("user", "team", "ann"), "password": "ann's secret"}
    sent = {"auth": {"identity": {"methods": ["password"], "password": {"user": person}}}}
    assert post_login(ask, sent).json["token"]["user"]["name"] == "ann"


@pytest.mark.parametrize("domain", [TEAM, {"id": stable_id("domain", "team")}])
def test_a_token_scoped_to_a_domain_has_roles_and_no_images(ask, domain):
    text, shown = login(ask, scope={"domain": domain})
    assert shown["domain"] == {"id": stable_id("domain", "team"), "name": "team"}
    assert {"project", "domain"} & set(shown) == {"domain"}
    assert [role["name"] for role in shown["roles"]] == ["member", "reader"]
    assert shown["catalog"]
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (403, "APIGW.0302")
    assert "scoped to a domain" in answer.json["error_msg"]


@pytest.mark.parametrize("scope", [None, "unscoped"])
def test_an_unscoped_token_lists_projects_and_can_be_exchanged(ask, scope):
    text, shown = login(ask, scope=scope)
    assert not {"project", "domain", "roles", "catalog"} & set(shown)
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 403
    assert ask("/v2/images", {"X-Auth-Token": text, "X-Project-Id": A}).status == 403
    own = ask("/v3/auth/projects", {"X-Auth-Token": text}).json["projects"]
    assert [project["id"] for project in own] == [A, B]
    check_error(ask("/v3/auth/catalog", {"X-Auth-Token": text}), 403, "neither a project nor a domain")
    again, _ = login(ask, scope={"project": {"id": B}}, token=text)
    assert ask("/v2/images", {"X-Auth-Token": again}).ids == ["of-b"]


def test_a_catalogs_token_can_be_exchanged(ask):
    _, shown = login(ask, token="of-a", scope={"project": {"name": "cn-north-4", "domain": TEAM}})
    assert (shown["user"]["name"], shown["project"]["id"]) == ("ann", A)
    assert shown["expires_at"] == "2023-11-14T08:00:00.000000Z"


def test_password_and_token_can_be_combined(ask):
    both = ["password", "token"]
    assert login(ask, token="of-a", methods=both)[1]["methods"] == both
    check_error(post_login(ask, login_body(token="of-x", methods=both)), 401, "the token is unknown")


def test_an_admin_can_log_in_to_every_project(ask):
    for project in (A, B, C, OTHER):
        text, shown = login(ask, user="root", password="root's secret", scope={"project": {"id": project}})
        assert shown["project"]["id"] == project
        assert ask("/v2/images", {"X-Auth-Token": text}).ids == ["of-c", "of-b", "of-a"]


LOGINS = [
    ({"password": "wrong"}, "the password of the user 'ann' in domain 'team' is wrong"),
    ({"password": ""}, "the password of the user 'ann' in domain 'team' is wrong"),
    ({"user": "bob"}, "there is no user 'bob' in domain 'team'"),
    ({"domain": PARTNER}, "there is no user 'ann' in domain 'partner'"),
    ({"token": "of-x"}, "the token is unknown"),
    ({"token": ""}, "the token is unknown"),
    ({"token": "old"}, "the token has expired"),
    ({"scope": {"project": {"id": C}}}, "are not valid for the project 'cccc"),
    ({"scope": {"project": {"name": "cn-north-4", "domain": PARTNER}}}, "Use 'cn-east-3_web' in domain 'team', "),
    ({"scope": {"project": {"name": "nowhere"}}}, "are not valid for the project 'nowhere'"),
    ({"scope": {"domain": PARTNER}}, "are not valid for the domain 'partner'. Use 'team'"),
    ({"methods": ["totp"]}, "Unsupported method 'totp' in auth.identity.methods. Use password or token"),
]


@pytest.mark.parametrize(("what", "words"), LOGINS)
def test_an_invalid_login_is_rejected(ask, what, words):
    check_error(post_login(ask, login_body(**what)), 401, words)


@pytest.mark.parametrize("what", [what for what, _ in LOGINS if "methods" not in what])
def test_with_auth_off_every_login_is_accepted_as_a_member(ask_off, what):
    text, shown = login(ask_off, **{"scope": {"project": {"name": "cn-north-9"}}, **what})
    asked = what.get("scope", {"project": {"name": "cn-north-9"}})
    if "project" in asked:
        assert asked["project"].get("name", "cn-north-4") == shown["project"]["name"]
        assert [role["name"] for role in shown["roles"]] == ["member"]
        assert ask_off("/v2/images", {"X-Auth-Token": text}).ids == ["of-c" if shown["project"]["id"] == C else "of-a"]
    validated = ask_off("/v3/auth/tokens", {"X-Auth-Token": text, "X-Subject-Token": text})
    assert validated.json["token"] == shown


def test_with_auth_off_a_wrong_password_gives_no_admin_role(ask_off):
    text, _ = login(ask_off, user="root", password="wrong", scope={"project": {"id": A}})
    assert ask_off("/v2/images", {"X-Auth-Token": text}).ids == ["of-a"]


@pytest.mark.parametrize("methods", [["totp"], ["hw_assume_role"], ["password", "totp"]])
def test_with_auth_off_unknown_methods_are_accepted(ask_off, methods):
    sent = login_body(methods=methods, scope={"project": {"name": "cn-north-4"}})
    assert post_login(ask_off, sent).status == 201


def test_with_auth_off_an_unknown_project_name_is_that_of_the_callers_project(ask_off):
    headers = {"X-Auth-Token": login(ask_off, scope={"project": {"id": B}})[0]}
    found = ask_off("/v3/projects?name=eu-west-0", headers).json["projects"][0]["id"]
    _, shown = login(ask_off, token="of-a", scope={"project": {"name": "eu-west-0"}})
    assert (found, shown["project"]["id"]) == (B, A)


NO_DOMAIN = {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "ann", "password": "x"}}}}}
BODIES = [
    (b"", "The request body is empty. Use JSON"),
    (b"{", "it is not JSON from line 1, column 2 on"),
    (b"[" * 100_000, "objects and lists are nested too deeply"),
    (b'{"auth": NaN}', "NaN is not JSON"),
    (b'{"auth": ' + b"9" * 5000 + b"}", "a number"),
    ([], "the body is a list. Use an object"),
    ({"auth": None}, "auth is null. Use an object"),
    ({"auth": {"identity": {}}}, "auth.identity.methods is missing. Use a list of password or token"),
    ({"auth": {"identity": {"methods": "password"}}}, "auth.identity.methods is a text. Use a list of"),
    ({"auth": {"identity": {"methods": []}}}, "auth.identity.methods is empty"),
    ({"auth": {"identity": {"methods": [1]}}}, "auth.identity.methods[0] is a number"),
    ({"auth": {"identity": {"methods": ["password"]}}}, "auth.identity.password is missing"),
    ({"auth": {"identity": {"methods": ["token"], "token": {}}}}, "auth.identity.token.id is missing"),
    (login_body(user=None), "auth.identity.password.user has neither id nor name"),
    (login_body(password=5), "auth.identity.password.user.password is a number. Use a text"),
    (login_body(password="\ud800"), "password holds half a character"),
    (NO_DOMAIN, "auth.identity.password.user.domain is missing"),
    (login_body(domain="team"), "auth.identity.password.user.domain is a text. Use an object"),
    (login_body(scope="scoped"), "auth.scope is a text. Use 'unscoped', or an object with project or domain"),
    (login_body(scope={"system": {"all": True}}), "auth.scope names neither"),
    (login_body(user="x" * 256), "name has 256 characters. Use at most 255 characters"),
    (login_body(scope={"project": {"name": "x", "domain": {}}}), "auth.scope.project.domain has neither id nor name"),
]


@pytest.mark.parametrize("auth", ["on", "off"])
@pytest.mark.parametrize(("what", "words"), BODIES)
def test_the_error_of_a_malformed_login_contains_the_path(ask, ask_off, auth, what, words):
    check_error(post_login(ask if auth == "on" else ask_off, what), 400, words)


def test_a_login_must_be_json(ask):
    sent = login_body(scope={"project": {"id": A}})
    check_error(
        post_login(ask, sent, headers={"Content-Type": "text/plain"}), 400, "Unsupported Content-Type 'text/plain'"
    )
    for kind in ("application/json;charset=utf8", "APPLICATION/JSON", ""):
        assert post_login(ask, sent, headers={"Content-Type": kind}).status == 201


@pytest.mark.slow
def test_a_login_is_at_most_1_mib(ask):
    assert post_login(ask, b'"' + b"a" * 2**20).json["error"]["code"] == 413
    for data in (b'"' + b"a" * (2**20 - 2) + b'"', b"[" + b"[]," * 300_000 + b"[]]", b'"' + b"\\" * 500_000):
        check_error(post_login(ask, data), 400)
    many = ["password"] * 80_000
    assert post_login(ask, login_body(methods=many)).status == 201


@pytest.mark.parametrize("first", ["reader", "of-a"])
def test_an_exchanged_token_has_no_more_roles_and_projects(first):
    users = [{"name": "root", "password": "x", "domain": "team", "project": A, "roles": ["admin"]}]
    catalog = {**CATALOG, "credentials": {**CATALOG["credentials"], "users": users}}
    ask = in_process(make_app(catalog, auth="on"))
    roles = ["reader"] if first == "reader" else ["member"]
    chain = [first]
    for scope in (None, {"project": {"id": A}}, {"domain": TEAM}, None, {"project": {"name": "cn-north-4"}}):
        text, shown = login(ask, token=chain[-1], scope=scope)
        assert [role["name"] for role in shown.get("roles", ())] == (roles if scope else [])
        for project in (B, C, OTHER):
            answer = post_login(ask, login_body(token=text, scope={"project": {"id": project}}))
            check_error(answer, 401, "are not valid for the project")
        chain.append(text)
    assert [one["id"] for one in ask("/v3/auth/projects", {"X-Auth-Token": chain[1]}).json["projects"]] == [A]


@pytest.mark.parametrize(
    "what",
    [{"user": "bob"}, {"password": "wrong"}, {"token": "of-x"}, {"token": "old"}, {"scope": {"project": {"id": C}}}],
)
def test_the_token_for_an_invalid_login_is_rejected_with_auth_on(ask, ask_off, what):
    text, _ = login(ask_off, **{"scope": {"project": {"id": A}}, **what})
    assert ask_off("/v2/images", {"X-Auth-Token": text}).status == 200
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0301")
    assert "without complete credentials" in answer.json["error_msg"]
    check_error(post_login(ask, login_body(token=text)), 401, "issued for a login that --auth on rejects")
    check_error(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}), 404)
    text, _ = login(ask_off, token=text, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 401


def test_the_token_for_a_valid_login_is_accepted_with_auth_on(ask, ask_off):
    text, _ = login(ask_off, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200


def test_no_body_is_an_internal_error(ask, ask_off):
    hostile = Hostile("logins")
    for number in range(300):
        body = hostile.changed(login_body(token="of-a", methods=["password", "token"], scope={"project": {"id": A}}))
        data = json.dumps(body).encode()
        data = hostile.damaged(data) if number % 3 == 0 else data
        assert {post_login(one, data).status for one in (ask, ask_off)} <= {201, 400, 401}, data
