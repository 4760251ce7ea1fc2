"""Tokens: those that a login issues, and those of a catalog."""

import random

import pytest
from helpers import in_process, make_app, over_socket, send_json
from login_helpers import CATALOG, OTHER, A, B, C, advance, check_error, login, login_body, post_login

from ims_mock.auth.credentials import stable_id


def test_an_issued_token_expires_after_24_hours_of_the_emulators_clock(app, ask):
    text, _ = login(ask, scope={"project": {"id": A}})
    advance(app, hours=24, seconds=-1)
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
    advance(app, seconds=1)
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0307")
    assert "must be updated" in answer.json["error_msg"]
    check_error(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}), 404)
    check_error(post_login(ask, login_body(token=text)), 401, "the token has expired")


def test_a_token_for_a_token_expires_when_that_does(app, ask):
    first, shown = login(ask, scope={"project": {"id": A}})
    advance(app, hours=5)
    second, later = login(ask, scope={"project": {"id": A}}, token=first)
    assert second != first
    assert later["expires_at"] == shown["expires_at"]
    assert later["issued_at"] == "2023-11-13T13:00:00.000000Z"
    assert (later["methods"], later["user"]) == (["token"], shown["user"])


def test_a_changed_token_is_unknown(ask):
    text, _ = login(ask, scope={"project": {"id": B}})
    for index in range(0, len(text), 7):
        changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        answer = ask("/v2/images", {"X-Auth-Token": changed})
        assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0301"), index


def test_a_token_has_only_one_spelling(app, ask):
    text, _ = login(ask, scope={"project": {"id": A}})
    store = app.extensions["ims_mock"].credentials
    assert store.find_token(text)
    last_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = {text[:-1] + one for one in last_characters} - {text}
    for changed in (text + "=", text + "\n", " " + text, text.lower(), "A" * 70_000, "a.b", ".", "", *others):
        assert store.find_token(changed) is None


def test_tokens_are_valid_for_every_emulator_of_the_catalog_and_after_a_reset(ask):
    text, _ = login(ask, scope={"project": {"id": A}})
    same, other = make_app(CATALOG, auth="on"), make_app("default", auth="on")
    same.extensions["ims_mock"].reset()
    assert in_process(same)("/v2/images", {"X-Auth-Token": text}).status == 200
    assert in_process(other)("/v2/images", {"X-Auth-Token": text}).status == 401


def with_roles(roles):
    """Return the catalog with other roles of the users and tokens in project A."""

    def changed(row):
        return row if row["project"] != A or row.get("expires") else {**row, "roles": roles}

    credentials = CATALOG["credentials"]
    rows = {kind: [*map(changed, credentials[kind])] for kind in ("tokens", "users")}
    return {**CATALOG, "credentials": {**credentials, **rows}}


@pytest.mark.parametrize("scope", [{"project": {"id": A}}, {"project": {"id": C}}, {"domain": {"name": "team"}}])
@pytest.mark.parametrize("who", [{"user": "root", "password": "root's secret"}, {"token": "admin"}])
@pytest.mark.parametrize("times", [1, 2])
def test_a_new_catalog_demotes_the_tokens_that_were_issued_before(app, ask, scope, who, times):
    text, _ = login(ask, scope=scope, **who)
    if times == 2:
        text, _ = login(ask, scope=scope, token=text)
    store = app.extensions["ims_mock"].credentials
    assert store.find_token(text).roles == ("admin",)
    assert send_json(ask, "PUT", "/_ims/catalog", with_roles(["member"])).status == 200
    demoted = app.extensions["ims_mock"].credentials.find_token(text)
    assert demoted.roles == ("member",)
    shown = ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}).json["token"]
    assert [role["name"] for role in shown["roles"]] == ["member"]
    answer = ask("/v2/images", {"X-Auth-Token": text})
    if scope == {"project": {"id": A}}:
        assert answer.ids == ["of-a"]
    else:
        assert (answer.status, answer.json["error_code"]) == (403, "APIGW.0302")


def test_a_token_keeps_its_roles_if_they_do_not_change(app, ask):
    text, _ = login(ask, scope={"project": {"id": A}}, token="admin")
    ask("/_ims/reset", method="POST")
    assert app.extensions["ims_mock"].credentials.find_token(text).roles == ("admin",)


def test_two_logins_get_different_tokens(ask):
    assert login(ask)[0] != login(ask)[0]


def test_the_token_of_a_user_of_many_projects_is_short():
    users = [{"name": "ann", "password": "x", "domain": "team", "project": f"{number:032}"} for number in range(2000)]
    ask = in_process(make_app({"credentials": {"users": users}}, auth="on"))
    text, _ = login(ask, password="x")
    assert len(text) < 1000
    assert len(ask("/v3/auth/projects", {"X-Auth-Token": text}).json["projects"]) == 2000
    check_error(ask("/v3/auth/projects", {"X-Auth-Token": text, "X-Project-Id": OTHER}), 403, "X-Project-Id")


@pytest.mark.parametrize("clock", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_tokens_work_at_the_first_and_last_moment_of_the_calendar(clock):
    ask = in_process(make_app({**CATALOG, "clock": clock}, throttle="99/99"))
    text, shown = login(ask, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
    assert ask("/v3/auth/tokens", {"X-Subject-Token": "of-a"}).status == 200
    assert len(shown["expires_at"]) == len("2023-11-14T08:00:00.000000Z")
    date = clock.replace("-", "").replace(":", "")
    signed = f"SDK-HMAC-SHA256 Access=AK-OF-A, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    strict = in_process(make_app({**CATALOG, "clock": clock}, auth="on"))
    assert strict("/v2/images", {"Authorization": signed, "X-Sdk-Date": date}).status == 401


def test_a_catalogs_token_may_be_any_unicode_text():
    catalog = {"credentials": {"tokens": [{"token": "令牌", "project": A}]}}
    text = "令牌".encode().decode("latin-1")
    with over_socket(make_app(catalog, auth="on")) as ask:
        assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
        answer = ask("/v3/auth/tokens", {"X-Auth-Token": text, "X-Subject-Token": text})
        assert (answer.status, answer.headers["X-Subject-Token"]) == (200, text)


@pytest.mark.parametrize("token", ["of-a", "admin", "issued"])
def test_a_token_can_be_validated(ask, token):
    text, shown = login(ask, scope={"project": {"id": A}}) if token == "issued" else (token, None)
    headers = {"X-Auth-Token": "of-a", "X-Subject-Token": text}
    answer = ask("/v3/auth/tokens", headers)
    assert (answer.status, answer.headers["X-Subject-Token"]) == (200, text)
    assert shown in (None, answer.json["token"])
    domain = {"id": stable_id("domain", "team"), "name": "team"}
    assert answer.json["token"]["project"] == {"id": A, "name": "cn-north-4", "domain": domain}
    head = ask("/v3/auth/tokens", headers, "HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"X-Subject-Token": "of-a"}, 401, "x-auth-token not found"),
        ({"X-Auth-Token": "of-a"}, 400, "X-Subject-Token not found"),
        ({"X-Auth-Token": "of-a", "X-Subject-Token": "of-x"}, 404, ""),
        ({"X-Auth-Token": "of-a", "X-Subject-Token": "old"}, 404, ""),
    ],
)
def test_validation_needs_a_token_and_a_valid_subject(ask, headers, status, words):
    check_error(ask("/v3/auth/tokens", headers), status, words)


def test_any_other_text_is_an_unknown_token(ask):
    rng, characters = random.Random(1), [chr(code) for code in range(32, 256) if code != 0x7F]
    for _ in range(200):
        text = "".join(rng.choices(characters, k=rng.randint(1, 80)))
        assert ask("/v2/images", {"X-Auth-Token": text}).status == 401
        assert ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}).status in (400, 404)
