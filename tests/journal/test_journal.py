"""The journal: every request is recorded, without secrets."""

import pytest
from helpers import in_process, in_threads, make_app
from login_helpers import login_body, post_login

from ims_mock.auth.rate_limit import RateLimit
from ims_mock.journal.journal import MAX_CHARACTERS, MAX_HEADER_CHARACTERS, Entry

NOW = "2023-11-13T08:00:00Z"
PROJECT, OTHER = "p" * 32, "q" * 32
TOKEN, SECRET = "the-token-of-the-catalog", "the-secret-of-the-key"
CATALOG = {
    "project": PROJECT,
    "clock": NOW,
    "credentials": {
        "tokens": [{"token": TOKEN, "project": PROJECT}],
        "keys": [{"access": "AKOFTHECATALOG", "secret": SECRET, "project": PROJECT}],
        "users": [{"name": "tester", "password": "the-password", "project": PROJECT}],
    },
    "images": [{"id": f"image-{number}", "name": f"镜像 {number}", "tags": ["a=b"]} for number in range(5)],
}
SIGNED = "SDK-HMAC-SHA256 Access={}, SignedHeaders=host;x-sdk-date, Signature=" + "5" * 64


@pytest.fixture
def app():
    return make_app(CATALOG)


@pytest.fixture
def journal(emulator):
    return emulator.journal


def test_entry_describes_request_and_response(ask, journal):
    answer = ask("/v2/images?limit=2&tag=a%3Db&name=", {"User-Agent": "x/1", "X-Project-Id": PROJECT})
    (shown,) = ask("/_ims/requests").json["requests"]
    assert shown == {
        "number": 1,
        "time": NOW,
        "method": "GET",
        "path": "/v2/images",
        "query": [["limit", "2"], ["tag", "a=b"], ["name", ""]],
        "target": "/v2/images?limit=2&tag=a%3Db&name=",
        "headers": {"host": "localhost", "user-agent": "x/1", "x-project-id": PROJECT},
        "project": PROJECT,
        "credentials": "nothing",
        "refusal": "",
        "status": 200,
        "code": "",
        "message": "",
        "seconds": shown["seconds"],
        "ids": [],
        "fault": "",
        "walk": 1,
        "page": 1,
        "findings": [],
    }
    assert answer.ids == []
    assert 0 < shown["seconds"] < 5
    assert [Entry.read(shown)] == journal.entries()


def test_ids_are_those_of_the_images_in_the_response(ask, journal):
    listed = ask("/v2/images?limit=3").ids
    ask("/v2/cloudimages?limit=1")
    ask("/v2/images/image-2")
    made = ask("/v2/images", {"Content-Type": "application/json"}, "POST", b'{"name": "new"}').json["id"]
    ask("/v2/images/absent")
    ask(f"/v2/images/{made}", method="DELETE")
    expected = [tuple(listed), tuple(listed[:1]), ("image-2",), (made,), (), ()]
    assert [entry.ids for entry in journal.entries()] == expected


def test_requests_for_lists_have_walk_and_page(ask, journal):
    page = ask("/v2/images?limit=2").json
    ask("/v2/images/image-1")
    ask(page["next"])
    ask("/v2/cloudimages?limit=4&marker=image-4")
    ask("/v2/cloudimages?limit=4&marker=image-0")
    ask("/v2/images?limit=x")
    assert [(entry.walk, entry.page) for entry in journal.entries()] == [(1, 1), (0, 0), (1, 2), (2, 1), (2, 2), (3, 1)]


def test_clearing_restarts_the_numbering(emulator, ask, journal):
    for clear in (journal.clear, emulator.reset):
        ask("/v2/images")
        ask("/v2/images?limit=1")
        assert [(entry.number, entry.walk) for entry in journal.entries()] == [(1, 1), (2, 2)]
        clear()
        assert journal.entries() == []


@pytest.mark.parametrize(("size", "numbers"), [(3, [3, 4, 5]), (0, [])])
def test_most_recent_entries_are_kept(size, numbers):
    app = make_app(CATALOG, journal=size)
    journal = app.extensions["ims_mock"].journal
    for _ in range(5):
        assert in_process(app)("/v2/images").status == 200
    assert [entry.number for entry in journal.entries()] == numbers
    assert [entry.number for entry in journal.entries(since=4)] == numbers[2:]


def test_all_requests_but_those_to_the_control_api_are_recorded(ask, journal):
    for path in ("/_ims/health", "/_ims/absent", "/_ims", "/_imsx", "/", "/absent", "/v2/images/a%2Fb"):
        ask(path)
    ask("/v2/images", method="HEAD")
    for query in ("limit=x", "x" * 40_000):
        ask(f"/v2/images?{query}")
    recorded = ["/_imsx", "/", "/absent", "/v2/images/a/b", *["/v2/images"] * 3]
    assert [entry.path for entry in journal.entries()] == recorded
    assert [entry.status for entry in journal.entries()][3:] == [404, 404, 400, 414]


@pytest.mark.parametrize("auth", ["off", "on"])
@pytest.mark.parametrize(
    ("headers", "credentials", "refusal"),
    [
        ({}, "nothing", ""),
        ({"X-Auth-Token": TOKEN}, "a token", ""),
        ({"X-Auth-Token": "unknown"}, "a token", "token-unknown"),
        ({"X-Auth-Token": TOKEN, "X-Project-Id": OTHER}, "a token", "other-project"),
        ({"Authorization": SIGNED.format("AKUNKNOWN")}, "a signature", "key-unknown"),
        ({"Authorization": "Basic xyz"}, "a signature", "algorithm"),
    ],
)
def test_credentials_are_checked_with_authentication_on_or_off(auth, headers, credentials, refusal):
    app = make_app(CATALOG, auth=auth)
    in_process(app)("/v2/images", headers)
    (entry,) = app.extensions["ims_mock"].journal.entries()
    missing = "token-missing" if auth == "on" and not headers else ""
    assert (entry.credentials, entry.refusal) == (credentials, refusal or missing)
    assert entry.project == headers.get("X-Project-Id", PROJECT)


@pytest.mark.parametrize(("name", "sent"), [("X-Auth-Token", "a token"), ("Authorization", "a signature")])
def test_unchecked_credentials_are_named(ask, journal, name, sent):
    ask("/versions", {name: "whatever"})
    (entry,) = journal.entries()
    assert (entry.credentials, entry.project, entry.headers[name.lower()]) == (sent, "", "<8 characters>")


def test_failed_list_request_has_project_and_walk(emulator, ask, journal):
    emulator.faults.add({"effect": {"status": 503}})
    emulator.throttle = RateLimit("2/60")
    for _ in range(4):
        ask("/v2/images", {"X-Auth-Token": TOKEN})
    found = [(entry.status, entry.walk) for entry in journal.entries()]
    assert found == [(503, 1), (200, 1), (200, 2), (429, 3)]
    assert {entry.project for entry in journal.entries()} == {PROJECT}


SECRETS = [
    ({"X-Auth-Token": TOKEN}, "", TOKEN, "<24 characters>"),
    ({"X-Auth-Token": "issued-elsewhere"}, "", "issued-elsewhere", "<16 characters>"),
    ({"X-Security-Token": "temporary"}, "", "temporary", "<9 characters>"),
    ({"X-Subject-Token": "to-be-looked-at"}, "", "to-be-looked-at", "<15 characters>"),
    ({"Authorization": SIGNED.format("AKUNKNOWN")}, "", "5" * 64, "Access=AKUNKNOWN, SignedHeaders=host;x-sdk-date, "),
    ({"Authorization": SIGNED.format(SECRET)}, "", SECRET, " characters>"),
    ({"Authorization": "Bearer some-secret"}, "", "some-secret", "<18 characters>"),
    ({}, "X-Auth-Token=in-the-query", "in-the-query", "<12 characters>"),
    ({}, "x%2Dauth%2Dt%6Fken=in-the-query", "in-the-query", "<12 characters>"),
    ({}, "Signature=abc&Access=AK", "abc", '"AK"'),
    ({}, "password=p%26q", "p&q", "<3 characters>"),
]


@pytest.mark.parametrize(("headers", "query", "secret", "left"), SECRETS)
def test_secrets_are_redacted(ask, journal, headers, query, secret, left):
    ask(f"/v2/images?{query}", headers)
    text = ask("/_ims/requests").text
    assert secret not in text
    assert left in text
    assert secret not in repr(journal.lists()) or query


def test_body_of_a_login_is_not_recorded(ask, journal):
    answer = post_login(ask, login_body(user="tester", password="the-password", domain={"name": "testdomain"}))
    assert answer.status == 201
    kept = ask("/_ims/requests").text
    assert "the-password" not in kept
    assert answer.headers["X-Subject-Token"] not in kept


def test_entry_has_code_and_message_of_the_error(profile):
    app = make_app(CATALOG, profile=profile)
    for target in ("/v2/images?limit=x", "/v2/images/a/b/c", "/v3/auth/tokens", "/v2/images"):
        in_process(app)(target)
    limit, route, subject, fine = app.extensions["ims_mock"].journal.entries()
    if profile == "documented":
        assert (limit.status, limit.code, route.code) == (400, "IMG.0017", "APIGW.0101")
        assert limit.message.startswith("Invalid limit 'x': it is not a whole number. Use ")
    else:
        assert (limit.status, limit.code, limit.message) == (400, "", "limit param must be an integer")
        assert (route.status, route.code, route.message) == (404, "", "The resource could not be found.")
    assert subject.code == ""
    assert "X-Subject-Token" in subject.message
    assert (fine.code, fine.message) == ("", "")


def test_error_that_the_client_cannot_read_has_no_message(emulator, ask, journal):
    for effect in ({}, {"body": "empty"}, {"body": "html"}):
        emulator.faults.add({"effect": {"status": 503, "message": "gone", **effect}})
        ask("/v2/images")
    assert [(entry.status, entry.message) for entry in journal.entries()] == [(503, "gone"), (503, ""), (503, "")]


LONG = "long-secret-" * 20
SIGNED_AT = NOW.replace("-", "").replace(":", "")
LEAKS = [
    ("GET", "/v2/images?token=ab%20cd%", {}),
    ("GET", "/v2/images?name=%zz&password=abcd", {}),
    ("POST", {"auth": {"identity": {"methods": ["password"], "password": LONG}}}, {}),
    ("POST", {"auth": {"identity": {"methods": ["password"], "password": {"user": LONG}}}}, {}),
    ("GET", "/v2/images", {"X-Auth-Token": LONG, "X-Project-Id": OTHER}),
    ("GET", "/v2/images", {"Authorization": SIGNED.format(SECRET)}),
    ("GET", "/v2/images", {"Authorization": f"Bearer {LONG}"}),
    ("GET", "/v2/images?token=a+bcd%2Fe", {"Authorization": SIGNED.format("AKOFTHECATALOG"), "X-Sdk-Date": SIGNED_AT}),
]


@pytest.mark.parametrize(("method", "sent", "headers"), LEAKS)
def test_messages_of_errors_have_no_secrets_and_are_short(method, sent, headers):
    app = make_app(CATALOG, auth="on")
    ask = in_process(app)
    assert (post_login(ask, sent) if method == "POST" else ask(sent, headers)).status >= 400
    (entry,) = app.extensions["ims_mock"].journal.entries()
    assert entry.message
    assert len(entry.message) <= 1001
    for secret in ("ab%20cd", "ab cd", "abcd", "bcd", "long-secret", SECRET, "5" * 10):
        assert secret not in entry.message
        assert secret not in entry.target


def test_bytes_are_decoded_as_utf_8(ask, journal):
    ask("/v2/images?name=%E9%95%9C&x=%FF&=&a", {"User-Agent": "镜".encode().decode("latin-1")})
    (entry,) = journal.entries()
    assert entry.query == (("name", "镜"), ("x", "\ufffd"), ("", ""), ("a", ""))
    assert entry.headers["user-agent"] == "镜"


def test_long_requests_are_cut(ask, journal):
    ask("/v2/images/" + "a" * 50_000 + "?" + "b" * 50_000, {"User-Agent": "c" * 50_000})
    (entry,) = journal.entries()
    lengths = (len(entry.path), len(entry.query[0][0]), len(entry.headers["user-agent"]))
    assert lengths == (MAX_CHARACTERS, MAX_CHARACTERS, MAX_HEADER_CHARACTERS)


def test_fewer_requests_are_kept_if_their_queries_are_long():
    app = make_app(CATALOG, journal=10)
    ask = in_process(app)
    for number in range(6):
        ask(f"/v2/images?tag={number}{'&tag=x' * 5000}")
    assert [entry.number for entry in app.extensions["ims_mock"].journal.entries()] == [4, 5, 6]
    for _ in range(20):
        ask("/v2/images")
    assert len(app.extensions["ims_mock"].journal.entries()) == 10


def test_concurrent_requests_have_different_numbers(app, journal):
    in_threads(8, lambda: [in_process(app)("/v2/images?limit=2") for _ in range(20)])
    entries = journal.entries()
    assert [entry.number for entry in entries] == list(range(1, 161))
    assert sorted(entry.walk for entry in entries) == list(range(1, 161))
