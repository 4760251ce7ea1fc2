"""``/v3``: tokens, projects, domains and the service catalog, and who may do what with them."""

import json
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from helpers import in_process, make_app, over_socket, probed
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.auth.credentials import stable_id
from ims_mock.auth.rate_limit import RateLimit
from ims_mock.clock import Clock
from ims_mock.errors import RequestError

A, B, C, OTHER = "a" * 32, "b" * 32, "c" * 32, "f" * 32
NOW = "2023-11-13T08:00:00Z"
CATALOG = {
    "clock": NOW,
    "project": A,
    "projects": [
        {"id": A, "name": "cn-north-4", "domain": "team"},
        {"id": B, "name": "cn-east-3_web", "domain": "team"},
        {"id": C, "name": "cn-north-4", "domain": "partner"},
    ],
    "credentials": {
        "tokens": [
            {"token": "of-a", "project": A},
            {"token": "reader", "project": A, "roles": ["reader"]},
            {"token": "admin", "project": A, "roles": ["admin"]},
            {"token": "old", "project": A, "expires": NOW},
        ],
        "keys": [{"access": "AK-OF-A", "secret": "SK", "project": A}],
        "users": [
            {"name": "ann", "password": "ann's secret", "domain": "team", "project": A, "roles": ["member"]},
            {"name": "ann", "password": "ann's secret", "domain": "team", "project": B, "roles": ["reader"]},
            {"name": "root", "password": "root's secret", "domain": "team", "project": A, "roles": ["admin"]},
        ],
    },
    "images": [{"id": "of-a", "owner": A}, {"id": "of-b", "owner": B}, {"id": "of-c", "owner": C}],
}
SECRETS = ("ann's secret", "root's secret", "SK")


@pytest.fixture
def app():
    """An application that needs credentials."""
    return probed(make_app(CATALOG, auth="on"))


@pytest.fixture
def ask(app):
    """Ask it."""
    return in_process(app)


@pytest.fixture(scope="module")
def ask_off():
    """Ask one that needs none."""
    return in_process(probed(make_app(CATALOG)))


def advance(app, **by):
    """Move an application's clock on."""
    emulator = app.extensions["ims_mock"]
    emulator.change_clock(lambda clock: clock.advanced(timedelta(**by)))


def body(scope=None, user="ann", password="ann's secret", domain=None, token=None, methods=None):
    """Write what somebody sends who logs in."""
    person = {"name": user, "password": password, "domain": domain or {"name": "team"}}
    identity = {"methods": methods or (["password"] if token is None else ["token"])}
    if "password" in identity["methods"]:
        identity["password"] = {"user": person}
    if token is not None:
        identity["token"] = {"id": token}
    auth = {"identity": identity}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def post(ask, what, query="", headers=None):
    """Log in."""
    data = what if isinstance(what, bytes) else json.dumps(what).encode()
    return ask(f"/v3/auth/tokens{query}", {"Content-Type": "application/json", **(headers or {})}, "POST", data)


def login(ask, **what):
    """Log in, and give the token and what it says."""
    answer = post(ask, body(**what))
    assert answer.status == 201, answer.text
    return answer.headers["X-Subject-Token"], answer.json["token"]


def refused(answer, status, *words):
    """Check a refusal of the identity service, and give its message."""
    assert answer.status == status, answer.text
    error = answer.json["error"]
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
    assert (error["code"], error["title"], set(error)) == (status, titles[status], {"code", "title", "message"})
    for word in words:
        assert word in error["message"]
    assert not [secret for secret in SECRETS if secret in answer.text]
    return error["message"]


# --- logging in -----------------------------------------------------------------------------------

TEAM, PARTNER = {"name": "team"}, {"name": "partner"}
SCOPES = [
    ({"project": {"id": A}}, A, ["member"]),
    ({"project": {"name": "cn-north-4", "domain": TEAM}}, A, ["member"]),
    ({"project": {"name": "cn-north-4", "domain": {"id": stable_id("domain", "team")}}}, A, ["member"]),
    ({"project": {"name": "cn-north-4"}}, A, ["member"]),
    ({"project": {"name": "cn-east-3_web", "domain": TEAM}}, B, ["reader"]),
    ({"project": {"id": B}, "domain": PARTNER}, B, ["reader"]),
]


@pytest.mark.parametrize(("scope", "project", "roles"), SCOPES)
def test_a_password_opens_a_project(ask, scope, project, roles):
    """Named by its id, or by its name and domain; a project goes before a domain."""
    text, says = login(ask, scope=scope)
    assert says["project"]["id"] == project
    assert [role["name"] for role in says["roles"]] == roles
    assert says["user"]["name"] == "ann"
    assert says["user"]["domain"] == {"id": stable_id("domain", "team"), "name": "team"}
    assert (says["issued_at"], says["expires_at"]) == ("2023-11-13T08:00:00.000000Z", "2023-11-14T08:00:00.000000Z")
    assert says["methods"] == ["password"]
    listed = ask("/v2/images", {"X-Auth-Token": text})
    assert listed.ids == ["of-a" if project == A else "of-b"]


def test_a_user_is_named_by_id_as_well(ask):
    """The id is made from domain and name."""
    person = {"id": stable_id("user", "team", "ann"), "password": "ann's secret"}
    sent = {"auth": {"identity": {"methods": ["password"], "password": {"user": person}}}}
    assert post(ask, sent).json["token"]["user"]["name"] == "ann"


@pytest.mark.parametrize("domain", [TEAM, {"id": stable_id("domain", "team")}])
def test_a_password_opens_its_domain(ask, domain):
    """Such a token has roles and a catalog, and opens no images."""
    text, says = login(ask, scope={"domain": domain})
    assert says["domain"] == {"id": stable_id("domain", "team"), "name": "team"}
    assert {"project", "domain"} & set(says) == {"domain"}
    assert [role["name"] for role in says["roles"]] == ["member", "reader"]
    assert says["catalog"]
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (403, "APIGW.0302")
    assert "scoped to a domain" in answer.json["error_msg"]


@pytest.mark.parametrize("scope", [None, "unscoped"])
def test_without_a_scope_a_token_opens_nothing(ask, scope):
    """But its owner may look which projects there are, and go on from there."""
    text, says = login(ask, scope=scope)
    assert not {"project", "domain", "roles", "catalog"} & set(says)
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 403
    assert ask("/v2/images", {"X-Auth-Token": text, "X-Project-Id": A}).status == 403
    own = ask("/v3/auth/projects", {"X-Auth-Token": text}).json["projects"]
    assert [project["id"] for project in own] == [A, B]
    refused(ask("/v3/auth/catalog", {"X-Auth-Token": text}), 403, "neither a project nor a domain")
    again, _ = login(ask, scope={"project": {"id": B}}, token=text)
    assert ask("/v2/images", {"X-Auth-Token": again}).ids == ["of-b"]


def test_a_token_of_a_token_lives_no_longer(app, ask):
    """It ends when the first one does."""
    first, says = login(ask, scope={"project": {"id": A}})
    advance(app, hours=5)
    second, later = login(ask, scope={"project": {"id": A}}, token=first)
    assert second != first
    assert later["expires_at"] == says["expires_at"]
    assert later["issued_at"] == "2023-11-13T13:00:00.000000Z"
    assert (later["methods"], later["user"]) == (["token"], says["user"])


def test_a_catalogs_token_logs_in(ask):
    """It belongs to the first user of its project, and a new one lives a day."""
    _, says = login(ask, token="of-a", scope={"project": {"name": "cn-north-4", "domain": TEAM}})
    assert (says["user"]["name"], says["project"]["id"]) == ("ann", A)
    assert says["expires_at"] == "2023-11-14T08:00:00.000000Z"


def test_password_and_token_may_come_together(ask):
    """Both must hold."""
    both = ["password", "token"]
    assert login(ask, token="of-a", methods=both)[1]["methods"] == both
    refused(post(ask, body(token="of-x", methods=both)), 401, "the token is unknown")


def test_an_admin_opens_every_project(ask):
    """Named or not, all exist; and sees every image."""
    for project in (A, B, C, OTHER):
        text, says = login(ask, user="root", password="root's secret", scope={"project": {"id": project}})
        assert says["project"]["id"] == project
        assert ask("/v2/images", {"X-Auth-Token": text}).ids == ["of-c", "of-b", "of-a"]


NOBODY = "there is no user"
LOGINS = [
    ({"password": "wrong"}, "the password of the user 'ann' in domain 'team' is wrong"),
    ({"password": ""}, "the password of the user 'ann' in domain 'team' is wrong"),
    ({"user": "bob"}, "there is no user 'bob' in domain 'team'"),
    ({"domain": PARTNER}, "there is no user 'ann' in domain 'partner'"),
    ({"token": "of-x"}, "the token is unknown"),
    ({"token": ""}, "the token is unknown"),
    ({"token": "old"}, "the token has expired"),
    ({"scope": {"project": {"id": C}}}, "do not open the project 'cccc"),
    ({"scope": {"project": {"name": "cn-north-4", "domain": PARTNER}}}, "legal is 'cn-east-3_web' in domain 'team', "),
    ({"scope": {"project": {"name": "nowhere"}}}, "do not open the project 'nowhere'"),
    ({"scope": {"domain": PARTNER}}, "do not open the domain 'partner'; legal is 'team'"),
    ({"methods": ["totp"]}, "auth.identity.methods is 'totp'; legal is password and token"),
]


@pytest.mark.parametrize(("what", "words"), LOGINS)
def test_who_cannot_prove_it_is_refused(ask, what, words):
    """With what is wrong, and what is legal; no secret in it."""
    refused(post(ask, body(**what)), 401, words)


@pytest.mark.parametrize("what", [what for what, _ in LOGINS if "methods" not in what])
def test_without_authentication_everybody_logs_in(ask_off, what):
    """Unknown, with a wrong password, to any project; as an ordinary member."""
    text, says = login(ask_off, **{"scope": {"project": {"name": "cn-north-9"}}, **what})
    asked = what.get("scope", {"project": {"name": "cn-north-9"}})
    if "project" in asked:
        assert asked["project"].get("name", "cn-north-4") == says["project"]["name"]
        assert [role["name"] for role in says["roles"]] == ["member"]
        assert ask_off("/v2/images", {"X-Auth-Token": text}).ids == ["of-c" if says["project"]["id"] == C else "of-a"]
    validated = ask_off("/v3/auth/tokens", {"X-Auth-Token": text, "X-Subject-Token": text})
    assert validated.json["token"] == says


def test_a_wrong_password_makes_no_admin(ask_off):
    """Not even where nothing is refused."""
    text, _ = login(ask_off, user="root", password="wrong", scope={"project": {"id": A}})
    assert ask_off("/v2/images", {"X-Auth-Token": text}).ids == ["of-a"]


BODIES = [
    (b"", "The request body is empty; legal is JSON"),
    (b"{", "it is no JSON from line 1, column 2 on"),
    (b"\xff", "byte 0 is not UTF-8"),
    (b"[" * 100_000, "objects and lists lie too deep"),
    (b'{"a": ' * 100_000, "objects and lists lie too deep"),
    (b'{"auth": NaN}', "NaN is no JSON"),
    (b'{"auth": ' + b"9" * 5000 + b"}", "a number"),
    ([], "the body is a list; legal is an object"),
    ({}, "auth is missing"),
    ({"auth": None}, "auth is null; legal is an object"),
    ({"auth": {}}, "auth.identity is missing"),
    ({"auth": {"identity": []}}, "auth.identity is a list"),
    ({"auth": {"identity": {}}}, "auth.identity.methods is missing; legal is a list of password or token"),
    ({"auth": {"identity": {"methods": "password"}}}, "auth.identity.methods is a text; legal is a list of"),
    ({"auth": {"identity": {"methods": []}}}, "auth.identity.methods is empty"),
    ({"auth": {"identity": {"methods": [1]}}}, "auth.identity.methods[0] is a number"),
    ({"auth": {"identity": {"methods": ["password"]}}}, "auth.identity.password is missing"),
    ({"auth": {"identity": {"methods": ["token"]}}}, "auth.identity.token is missing"),
    ({"auth": {"identity": {"methods": ["token"], "token": {}}}}, "auth.identity.token.id is missing"),
    (body(user=None), "auth.identity.password.user has neither id nor name"),
    (body(password=5), "auth.identity.password.user.password is a number; legal is a text"),
    (body(password="\ud800"), "password holds half a character"),
    (body(user=["ann"]), "auth.identity.password.user.name is a list"),
    (body(domain=[]), "domain is missing"),
    (body(domain="team"), "auth.identity.password.user.domain is a text; legal is an object"),
    (body(scope="scoped"), "auth.scope is a text; legal is 'unscoped', or an object with project or domain"),
    (body(scope={"system": {"all": True}}), "auth.scope names neither"),
    (body(scope={"project": {}}), "auth.scope.project has neither id nor name"),
    (body(user="x" * 256), "name has 256 characters; legal is at most 255 characters"),
    (body(scope={"project": {"name": "x", "domain": {}}}), "auth.scope.project.domain has neither id nor name"),
]


@pytest.mark.parametrize("auth", ["on", "off"])
@pytest.mark.parametrize(("what", "words"), BODIES)
def test_a_malformed_login_is_named_by_its_path(ask, ask_off, auth, what, words):
    """In any mode; a value is never repeated."""
    if what == body(domain=[]):  # a domain that is nothing at all
        del what["auth"]["identity"]["password"]["user"]["domain"]
    refused(post(ask if auth == "on" else ask_off, what), 400, words)


def test_a_login_is_json(ask):
    """Any other media type is refused, as the identity service does; none at all is not."""
    sent = body(scope={"project": {"id": A}})
    refused(post(ask, sent, headers={"Content-Type": "text/plain"}), 400, "Content-Type is 'text/plain'")
    for kind in ("application/json;charset=utf8", "APPLICATION/JSON", ""):
        assert post(ask, sent, headers={"Content-Type": kind}).status == 201


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMED = st.fixed_dictionaries({}, optional={"id": JSON, "name": JSON | st.just("ann"), "domain": JSON | st.just(TEAM)})
PERSON = st.fixed_dictionaries({}, optional={"name": JSON, "id": JSON, "password": JSON, "domain": NAMED | JSON})
METHODS = st.lists(st.sampled_from(["password", "token", "x"]) | JSON, max_size=3) | JSON
BODY = st.fixed_dictionaries(
    {
        "auth": st.fixed_dictionaries(
            {
                "identity": st.fixed_dictionaries(
                    {"methods": METHODS},
                    optional={
                        "password": st.fixed_dictionaries({"user": PERSON | JSON}) | JSON,
                        "token": st.fixed_dictionaries({"id": JSON}) | JSON,
                    },
                )
            },
            optional={"scope": st.fixed_dictionaries({}, optional={"project": NAMED | JSON, "domain": NAMED}) | JSON},
        )
    }
)


@settings(max_examples=1000, deadline=None)
@given(st.one_of(JSON, BODY).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_a_malformed_login_is_never_a_bug(data):
    """Anything in the body is a 400 or a 401, never a 500; where nothing is refused it may be a token."""
    assert post(ASK_ON, data).status in (400, 401)
    assert post(ASK_OFF, data).status in (201, 400, 401)


ASK_ON, ASK_OFF = in_process(make_app(CATALOG, auth="on")), in_process(make_app(CATALOG))


KNOWN = {one["token"] for one in CATALOG["credentials"]["tokens"]}
PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), min_size=1, max_size=80
)


@settings(max_examples=1000, deadline=None)
@given(PRINTABLE.filter(lambda text: text.strip() not in KNOWN))
def test_a_malformed_token_is_never_a_bug(text):
    """It is unknown."""
    answer = ASK_ON("/v2/images", {"X-Auth-Token": text})
    assert answer.status == 401
    assert ASK_ON("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}).status in (200, 400, 404)


# --- issued tokens --------------------------------------------------------------------------------


def test_an_issued_token_expires_with_the_clock(app, ask):
    """After 24 hours of the emulator's time, and not before."""
    text, _ = login(ask, scope={"project": {"id": A}})
    advance(app, hours=24, seconds=-1)
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
    advance(app, seconds=1)
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0307")
    assert "must be updated" in answer.json["error_msg"]
    refused(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}), 404)
    refused(post(ask, body(token=text)), 401, "the token has expired")


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_a_token_that_was_changed_is_unknown(ask, place):
    """Whatever is changed in it."""
    text, _ = login(ask, scope={"project": {"id": B}})
    place %= len(text) - 1
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    answer = ask("/v2/images", {"X-Auth-Token": changed})
    assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0301")


def test_emulators_over_the_same_catalog_know_each_others_tokens(ask):
    """Those over another one do not; a reset changes nothing."""
    text, _ = login(ask, scope={"project": {"id": A}})
    same, other = make_app(CATALOG, auth="on"), make_app("default", auth="on")
    same.extensions["ims_mock"].reset()
    assert in_process(same)("/v2/images", {"X-Auth-Token": text}).status == 200
    assert in_process(other)("/v2/images", {"X-Auth-Token": text}).status == 401


@pytest.mark.parametrize("clock", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_the_calendar_are_no_bug(clock):
    """Tokens and throttles are counted from the clock, wherever it stands."""
    ask = in_process(make_app({**CATALOG, "clock": clock}, throttle="99/99"))
    text, says = login(ask, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
    assert ask("/v3/auth/tokens", {"X-Subject-Token": "of-a"}).status == 200
    assert len(says["expires_at"]) == len("2023-11-14T08:00:00.000000Z")
    date = clock.replace("-", "").replace(":", "")
    signed = f"SDK-HMAC-SHA256 Access=AK-OF-A, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    strict = in_process(make_app({**CATALOG, "clock": clock}, auth="on"))
    assert strict("/v2/images", {"Authorization": signed, "X-Sdk-Date": date}).status == 401


@pytest.mark.parametrize(
    "change", [lambda text: text + "=", lambda text: text + "\n", str.lower, lambda _: "A" * 70_000]
)
def test_a_token_is_written_in_one_way(ask, change):
    """Any other spelling is no token."""
    text, _ = login(ask, scope={"project": {"id": A}})
    identity = make_app(CATALOG).extensions["ims_mock"].credentials
    assert identity.find_token(text)
    assert identity.find_token(change(text)) is None


def test_a_token_may_be_of_any_script():
    """A header holds UTF-8, as catalogs do."""
    catalog = {"credentials": {"tokens": [{"token": "令牌", "project": A}]}}
    text = "令牌".encode().decode("latin-1")
    with over_socket(make_app(catalog, auth="on")) as ask:
        assert ask("/v2/images", {"X-Auth-Token": text}).status == 200
        answer = ask("/v3/auth/tokens", {"X-Auth-Token": text, "X-Subject-Token": text})
        assert (answer.status, answer.headers["X-Subject-Token"]) == (200, text)


def test_two_tokens_are_two(ask):
    """Though they say the same."""
    assert login(ask)[0] != login(ask)[0]


@pytest.mark.parametrize("token", ["of-a", "admin", "issued"])
def test_a_token_is_shown_to_whoever_has_one(ask, token):
    """What it says, and the same when it was issued; HEAD says only that it is valid."""
    text, says = login(ask, scope={"project": {"id": A}}) if token == "issued" else (token, None)
    headers = {"X-Auth-Token": "of-a", "X-Subject-Token": text}
    answer = ask("/v3/auth/tokens", headers)
    assert (answer.status, answer.headers["X-Subject-Token"]) == (200, text)
    assert says in (None, answer.json["token"])
    assert answer.json["token"]["project"] == {
        "id": A,
        "name": "cn-north-4",
        "domain": {"id": stable_id("domain", "team"), "name": "team"},
    }
    head = ask("/v3/auth/tokens", headers, "HEAD")
    assert (head.status, head.body) == (200, b"")


def test_whoever_asks_about_a_token_needs_one(ask):
    """And a token to ask about."""
    refused(ask("/v3/auth/tokens", {"X-Subject-Token": "of-a"}), 401, "x-auth-token not found")
    refused(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a"}), 400, "X-Subject-Token not found")
    refused(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": "of-x"}), 404)
    refused(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": "old"}), 404)


# --- the service catalog --------------------------------------------------------------------------


def endpoints(says, kind):
    """Give the endpoints of a service."""
    (service,) = [service for service in says["catalog"] if service["type"] == kind]
    return service["name"], {(one["interface"], one["region"], one["url"]) for one in service["endpoints"]}


def expected(regions, url):
    """Give the endpoints that there should be."""
    return {(interface, region, url) for interface in ("public", "internal", "admin") for region in regions}


@pytest.mark.parametrize(
    "host", ["localhost", "ims.test:9292", "10.0.0.7", "[::1]:9292", "ims_mock:9292", "IMS-1.test:65535"]
)
def test_the_service_catalog_leads_back_to_where_it_was_asked(ask, host):
    """By any name and port; the image service without its version, the identity service with it."""
    sent = body(scope={"project": {"id": B}})
    says = post(ask, sent, headers={"Host": host}).json["token"]
    regions = ("cn-north-4", "cn-east-3")
    assert endpoints(says, "image") == ("glance", expected(regions, f"http://{host}"))
    assert endpoints(says, "identity") == ("keystone", expected(regions, f"http://{host}/v3"))
    assert says["catalog"][0]["endpoints"][0]["region"] == "cn-east-3"


@pytest.mark.parametrize("query", ["?nocatalog", "?nocatalog=true", "?nocatalog="])
def test_the_catalog_is_left_out_on_request(ask, query):
    """Whatever the parameter says."""
    assert "catalog" not in post(ask, body(scope={"project": {"id": A}}), query).json["token"]


def test_the_catalog_is_found_alone(ask):
    """The same as in the token."""
    _, says = login(ask, scope={"project": {"id": A}})
    assert ask("/v3/auth/catalog", {"X-Auth-Token": "of-a"}).json["catalog"] == says["catalog"]


FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "ims.example.test",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/cloud",
}


@pytest.mark.parametrize(("forwarded", "url"), [("on", "https://ims.example.test:8443/cloud"), ("off", "")])
def test_a_proxy_is_believed_only_on_request(forwarded, url):
    """Over a socket too: the server hands such headers on."""
    app = make_app(CATALOG, forwarded=forwarded)
    with over_socket(app) as asked:
        for ask, own in ((in_process(app), "http://localhost"), (asked, "http://127.0.0.1:")):
            says = post(ask, body(scope={"project": {"id": A}}), headers=FORWARDED).json["token"]
            (image,) = {one for _, _, one in endpoints(says, "image")[1]}
            assert image == url or (url == "" and image.startswith(own))


@pytest.mark.parametrize("prefix", ["cloud", "/cloud/", "p:-1", ":-1", "[::1", "//", "/a b", "/%E9%95%9C"])
def test_any_prefix_of_a_proxy_makes_a_url(prefix):
    """However it is written; a slash before it and none at its end."""
    with over_socket(make_app(CATALOG, forwarded="on")) as ask:
        (link,) = ask("/v3", {"X-Forwarded-Prefix": prefix}).json["version"]["links"]
    assert link["href"].startswith(f"{ask.url}/")
    assert "%25" not in link["href"]
    assert "//" not in link["href"].removeprefix("http://")
    assert link["href"].endswith("/v3/")


@pytest.mark.parametrize("host", ["a:-1", "a b", "", "a,b", "x" * 300, "a:123456", "[::1", "<script>"])
def test_a_host_that_is_none_is_named(ask, host):
    """No URL is made from it."""
    refused(ask("/v3", {"Host": host}), 400, "Host is ", "legal is a host name or an address, with a port")


def test_the_body_of_a_login_is_bounded(ask):
    """A long one costs nothing: what is longer than 1 MiB is not read, and what is not is read at once."""
    assert post(ask, b'"' + b"a" * 2**20).json["error"]["code"] == 413
    for data in (b'"' + b"a" * (2**20 - 2) + b'"', b"[" + b"[]," * 300_000 + b"[]]", b'"' + b"\\" * 500_000):
        refused(post(ask, data), 400)
    many = ["password"] * 80_000
    assert post(ask, body(methods=many)).status == 201


def test_the_version_is_open_to_all(ask):
    """Clients look here before they log in; with a slash at the end or without."""
    for path in ("/v3", "/v3/"):
        version = ask(path).json["version"]
        assert version["id"].startswith("v3.")
        assert version["status"] == "stable"
        assert version["links"] == [{"rel": "self", "href": "http://localhost/v3/"}]


# --- projects and domains -------------------------------------------------------------------------


def projects(answer):
    """Give the projects of a list, by id and name."""
    assert answer.status == 200, answer.text
    return [(project["id"], project["name"]) for project in answer.json["projects"]]


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
def test_projects_are_those_that_the_credentials_open(ask, token, query, found):
    """An admin's are all that are named."""
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
def test_without_authentication_any_name_is_one_project(ask_off, headers, name, found):
    """The caller's own first; the vendor's SDK wants exactly one for the name of its region."""
    assert projects(ask_off(f"/v3/projects?name={name}", headers)) == [found]


def test_a_project_is_written_as_the_identity_service_does(ask):
    """With the id of its domain and a link to itself."""
    (project,) = ask("/v3/projects?name=cn-north-4", {"X-Auth-Token": "of-a"}).json["projects"]
    domain = stable_id("domain", "team")
    link = f"http://localhost/v3/projects/{A}"
    assert project == {
        "id": A,
        "name": "cn-north-4",
        "domain_id": domain,
        "parent_id": domain,
        "is_domain": False,
        "description": "",
        "enabled": True,
        "links": {"self": link, "next": None, "previous": None},
    }
    assert ask(f"/v3/projects/{A}", {"X-Auth-Token": "of-a"}).json == {"project": project}


def test_a_project_is_shown_in_its_domain(ask):
    """Whoever shares an image looks with whom."""
    assert ask(f"/v3/projects/{B}", {"X-Auth-Token": "of-a"}).json["project"]["name"] == "cn-east-3_web"
    refused(ask(f"/v3/projects/{C}", {"X-Auth-Token": "of-a"}), 403, f"legal is {A}")


def test_any_project_is_shown_to_admins_only(ask, ask_off):
    """Every project exists; without authentication everybody may look."""
    refused(ask(f"/v3/projects/{OTHER}", {"X-Auth-Token": "of-a"}), 403, f"legal is {A}")
    for answer in (ask(f"/v3/projects/{OTHER}", {"X-Auth-Token": "admin"}), ask_off(f"/v3/projects/{OTHER}")):
        assert answer.json["project"]["name"] == OTHER


@pytest.mark.parametrize(
    ("headers", "domain"), [({}, "team"), ({"X-Project-Id": C}, "partner"), ({"X-Auth-Token": "of-a"}, "team")]
)
def test_the_domain_is_that_of_whoever_asks(ask_off, headers, domain):
    """Exactly one: the vendor's SDK takes the first."""
    (found,) = ask_off("/v3/auth/domains", headers).json["domains"]
    assert (found["name"], found["id"], found["enabled"]) == (domain, stable_id("domain", domain), True)


@pytest.mark.parametrize("path", ["/v3/projects", "/v3/auth/projects", "/v3/auth/domains", "/v3/auth/catalog"])
def test_the_identity_service_needs_credentials_too(ask, path):
    """Refused in its own shape, whatever the profile."""
    refused(ask(path), 401, "x-auth-token not found")
    refused(ask(path, {"X-Auth-Token": "old"}), 401, "must be updated")
    refused(ask(path, {"Authorization": "Basic eA=="}), 401, "its scheme is 'Basic'")
    glance = in_process(make_app(CATALOG, auth="on", profile="glance"))
    refused(glance(path), 401, "x-auth-token not found")


def test_what_the_identity_service_does_not_know_is_refused_in_its_shape():
    """An unknown path and an unknown method; the request id is a header."""
    ask = in_process(make_app(CATALOG, auth="on"))
    refused(ask("/v3/auth/tokens/"), 404)
    answer = ask("/v3/users")
    refused(answer, 404, "'/v3/users'")
    assert len(answer.headers["X-Request-Id"]) == 32
    answer = ask("/v3/auth/tokens", method="DELETE")
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_reader_only_reads(ask, ask_off, method):
    """Where credentials are needed; a reader who is something else besides may write."""
    assert ask("/any", {"X-Auth-Token": "reader"}).status == 200
    answer = ask("/any", {"X-Auth-Token": "reader"}, method)
    assert (answer.status, answer.json["error_code"]) == (403, "APIGW.0302")
    assert "only the roles admin and member may write" in answer.json["error_msg"]
    for token in ("of-a", "admin"):
        assert ask("/any", {"X-Auth-Token": token}, method).status == 200
    assert ask_off("/any", {"X-Auth-Token": "reader"}, method).status == 200


@pytest.mark.parametrize(
    ("roles", "status"),
    [(["reader", "member"], 200), (["admin"], 200), (["Reader"], 403), (["te_admin"], 403), ([], 403)],
)
def test_only_admins_and_members_write(roles, status):
    """A role that nobody knows opens nothing but reading."""
    token = {"token": "t", "project": A, "roles": roles}
    ask = in_process(probed(make_app({"credentials": {"tokens": [token]}}, auth="on")))
    assert ask("/any", {"X-Auth-Token": "t"}).status == 200
    assert ask("/any", {"X-Auth-Token": "t"}, "POST").status == status


@pytest.mark.parametrize("first", ["reader", "of-a"])
def test_roles_never_grow_on_the_way_from_token_to_token(first):
    """What a token gives, and no more, though its project knows a user who may do all."""
    users = [{"name": "root", "password": "x", "domain": "team", "project": A, "roles": ["admin"]}]
    catalog = {**CATALOG, "credentials": {**CATALOG["credentials"], "users": users}}
    ask = in_process(make_app(catalog, auth="on"))
    roles = ["reader"] if first == "reader" else ["member"]
    chain = [first]
    for scope in (None, {"project": {"id": A}}, {"domain": TEAM}, None, {"project": {"name": "cn-north-4"}}):
        text, says = login(ask, token=chain[-1], scope=scope)
        assert [role["name"] for role in says.get("roles", ())] == (roles if scope else [])
        for project in (B, C, OTHER):
            refused(post(ask, body(token=text, scope={"project": {"id": project}})), 401, "do not open the project")
        chain.append(text)
    assert [one["id"] for one in ask("/v3/auth/projects", {"X-Auth-Token": chain[1]}).json["projects"]] == [A]


@pytest.mark.parametrize(
    "what",
    [{"user": "bob"}, {"password": "wrong"}, {"token": "of-x"}, {"token": "old"}, {"scope": {"project": {"id": C}}}],
)
def test_who_proved_nothing_gets_no_further(ask, ask_off, what):
    """A token of an emulator that refuses nothing is none to one that does, over the same catalog."""
    text, _ = login(ask_off, **{"scope": {"project": {"id": A}}, **what})
    assert ask_off("/v2/images", {"X-Auth-Token": text}).status == 200
    answer = ask("/v2/images", {"X-Auth-Token": text})
    assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0301")
    assert "to somebody who did not prove all they asked for" in answer.json["error_msg"]
    refused(post(ask, body(token=text)), 401, "issued for a login that --auth on rejects")
    refused(ask("/v3/auth/tokens", {"X-Auth-Token": "of-a", "X-Subject-Token": text}), 404)
    text, _ = login(ask_off, token=text, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 401


def test_who_proved_it_gets_further(ask, ask_off):
    """A token that was issued for what it claims holds everywhere over the same catalog."""
    text, _ = login(ask_off, scope={"project": {"id": A}})
    assert ask("/v2/images", {"X-Auth-Token": text}).status == 200


@pytest.mark.parametrize("methods", [["totp"], ["hw_assume_role"], ["password", "totp"]])
def test_without_authentication_any_method_does(ask_off, methods):
    """What the emulator does not know proves nothing, and nothing is refused."""
    sent = body(methods=methods, scope={"project": {"name": "cn-north-4"}})
    assert post(ask_off, sent).status == 201


# --- secrets --------------------------------------------------------------------------------------


def test_no_secret_is_in_a_log_or_repr(app, ask, caplog):
    """Neither of the catalog's, nor of what was sent."""
    caplog.set_level("DEBUG", "ims_mock")
    text, _ = login(ask, scope={"project": {"id": A}})
    signature = "5" * 64
    signed = f"SDK-HMAC-SHA256 Access=AK-OF-A, SignedHeaders=host;x-sdk-date, Signature={signature}"
    for headers in (
        {"X-Auth-Token": text},
        {"X-Auth-Token": "my-own-secret"},
        {"Authorization": signed, "X-Sdk-Date": "20231113T080000Z", "X-Security-Token": "my-own-secret"},
        {"Authorization": "my-own-secret"},
    ):
        answer = ask("/v2/images", headers)
        assert "my-own-secret" not in answer.text
    identity = app.extensions["ims_mock"].credentials
    shown = caplog.text + repr([*identity.keys, *identity.users, *identity.tokens, identity.find_token(text)])
    assert [record.message for record in caplog.records]
    for secret in (*SECRETS, "of-a", text, signature, "my-own-secret"):
        assert f"{secret!r}" not in shown
        assert len(secret) < 8 or secret not in shown


def test_the_log_tells_what_would_be_refused(ask_off, caplog):
    """Where nothing is: which credentials, and why."""
    caplog.set_level("INFO", "ims_mock")
    ask_off("/v2/images", {"X-Auth-Token": "old"})
    ask_off("/v2/images", {"Authorization": "Basic eA=="})
    ask_off("/v2/images", {"X-Auth-Token": "of-a"})
    ask_off("/v2/images")
    endings = [record.message.partition("(")[2] for record in caplog.records]
    assert endings == [
        "a token that --auth on refuses: token-expired)",
        "a signature that --auth on refuses: algorithm)",
        "",
        "",
    ]


# --- many at once ---------------------------------------------------------------------------------


def test_too_many_requests_are_throttled_by_the_clock():
    """429 in the gateway's shape, until the emulator's time has passed; what looks at the emulator is never refused."""
    app = make_app({"clock": NOW}, throttle="2/10")
    ask = in_process(app)
    assert [ask("/v2/images").status for _ in range(3)] == [200, 200, 429]
    answer = ask("/v2/images")
    assert answer.json["error_code"] == "APIGW.0308"
    words = "The throttling threshold has been reached: policy ip over ratelimit,limit:2,time:10 second"
    assert answer.json["error_msg"] == words
    assert ask("/_ims/health").status == 200
    assert ask("/v3").json["error"]["code"] == 429
    advance(app, seconds=9)
    assert ask("/v2/images").status == 429
    advance(app, seconds=1)
    assert ask("/v2/images").status == 200
    app.extensions["ims_mock"].reset()
    assert [ask("/v2/images").status for _ in range(3)] == [200, 200, 429]


def test_the_throttle_lets_no_more_through_many_doors():
    """Requests that come at the same time are counted one by one."""
    throttle, clock = RateLimit("5/1000"), Clock()
    passed = []

    def send():
        for _ in range(20):
            with suppress(RequestError):
                throttle.check("a", clock.now)
                passed.append(1)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 5


def test_a_user_of_many_projects_gets_a_token_that_is_read():
    """It names the user, not the projects."""
    users = [{"name": "ann", "password": "x", "domain": "team", "project": f"{number:032}"} for number in range(2000)]
    ask = in_process(make_app({"credentials": {"users": users}}, auth="on"))
    text, _ = login(ask, password="x")
    assert len(text) < 1000
    assert len(ask("/v3/auth/projects", {"X-Auth-Token": text}).json["projects"]) == 2000
    refused(ask("/v3/auth/projects", {"X-Auth-Token": text, "X-Project-Id": OTHER}), 403, "X-Project-Id")


def test_an_unknown_project_name_is_the_callers_own(ask_off):
    """The same project whether it is looked up or logged in to."""
    headers = {"X-Auth-Token": login(ask_off, scope={"project": {"id": B}})[0]}
    found = ask_off("/v3/projects?name=eu-west-0", headers).json["projects"][0]["id"]
    _, says = login(ask_off, token="of-a", scope={"project": {"name": "eu-west-0"}})
    assert (found, says["project"]["id"]) == (B, A)


def test_each_address_is_counted_by_itself():
    """Behind a proxy that is believed, the client's own."""
    ask = in_process(make_app({"clock": NOW}, throttle="1/1", forwarded="on"))
    assert [ask("/v2/images", {"X-Forwarded-For": one}).status for one in ("10.0.0.1", "10.0.0.2")] == [200, 200]
    assert ask("/v2/images", {"X-Forwarded-For": "10.0.0.1"}).status == 429
