"""Request signatures and the hints why they are wrong."""

import hashlib
import hmac
import http.client
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from helpers import in_process, make_app, over_socket, probed
from hostile import Hostile
from werkzeug.test import EnvironBuilder, run_wsgi_app

from ims_mock.auth.signature import EMPTY_HASH, SignedRequest, canonical_request

ACCESS, SECRET = "AKEXAMPLE0000000TEST", "SKEXAMPLE00000000000000000000000000000TEST"
HOST, DATE, NOW = "ims.example.test", "20250102T030405Z", datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
PROJECT = "0123456789abcdef0123456789abcdef"

CATALOG = {
    "clock": "2025-01-02T03:04:05Z",
    "project": PROJECT,
    "credentials": {
        "keys": [
            {"access": ACCESS, "secret": SECRET, "project": PROJECT},
            {"access": "TEMPORARY", "secret": SECRET, "project": PROJECT, "security_token": "the-security-token"},
            {"access": "OLD", "secret": SECRET, "project": PROJECT, "security_token": "the-security-token",
             "expires": "2025-01-02T03:04:05Z"},
            {"access": "OTHER", "secret": "another-secret", "project": PROJECT},
        ]
    },
    "images": [{"id": "abc"}],
}  # fmt: skip
"""The credentials and the image of the vectors, with the clock frozen at the time they were signed."""

JSON = {"content-type": "application/json"}
PATCH_TYPE = "application/openstack-images-v2.1-json-patch"
VECTORS = [
    (
        "GET", "/v2/images?__imagetype=gold&limit=2&name=CentOS%207.3~x%2Fy&protected=true&tag=a%3Db",
        {**JSON, "x-project-id": PROJECT}, b"",
        "650ca30f2f0ac7c98d675486d743bbdc5bafb74e04a1275081c03a8f82931d3c", 200,
    ),
    (
        "PUT", "/v2/images/abc/tags/k%3Dv", JSON, b"",
        "c2d9223817cc8dcae92e4a847a369a688f00d309fbe27f267eb0968248eb9e2c", 204,
    ),
    (
        "POST", "/v2/images", {"content-type": "application/json;charset=utf-8"}, b'{"name": "x"}',
        "456c4557e337e6243aa64ae1bb53432745b461fc2a7b5f4784f377815f2f024a", 201,
    ),
    (
        "PATCH", "/v2/images/abc", {"content-type": PATCH_TYPE, "x-sdk-content-sha256": "UNSIGNED-PAYLOAD"}, b"[]",
        "ef0551156e048c736fad18df34ec2c83b59683988be6e683a037f1fd23842559", 200,
    ),
]  # fmt: skip
"""Method, target, headers, body, the signature that the vendor's SDK 3.1.219 computes, and the status of the answer."""

FORM = "SDK-HMAC-SHA256 Access={}, SignedHeaders={}, Signature={}"


def signed(headers, signature, access=ACCESS):
    everything = {**headers, "host": HOST, "x-sdk-date": DATE}
    return {**everything, "Authorization": FORM.format(access, ";".join(sorted(everything)), signature)}


@pytest.mark.parametrize(("method", "target", "headers", "body", "signature", "status"), VECTORS)
def test_a_signature_of_the_vendors_sdk_is_accepted_in_any_order_and_case(
    ask, method, target, headers, body, signature, status
):
    sent = signed(headers, signature)
    answer = ask(target, sent, method, body)
    assert answer.status == status, answer.text
    path, _, query = target.partition("?")
    turned = f"{path}?{'&'.join(reversed(query.split('&')))}".replace("%20", "+")
    assert ask(turned, {key.upper(): value for key, value in sent.items()}, method, body).status == status


def message_of(answer, status=401, code="APIGW.0301"):
    assert (answer.status, answer.json["error_code"]) == (status, code), answer.text
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert SECRET not in answer.text
    assert "the-security-token" not in answer.text
    return answer.json["error_msg"]


def canonical_of(message):
    intro = "Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:"
    form, cure = re.fullmatch(rf"{intro}(.*\|[0-9a-f]{{64}}); (.*)", message).groups()
    method, path, query, *headers, empty, names, payload = form.split("|")
    assert empty == ""
    parts = {"method": method, "path": path, "query": query, "headers": headers, "names": names, "payload": payload}
    return parts, cure


@pytest.mark.parametrize(
    ("encoded", "form"),
    [
        ("%61=%62", "a=b"),
        ("a=b&a=a", "a=a&a=b"),
        ("b=1&a=2&&B=3&", "B=3&a=2&b=1"),
        ("k=%2f/", "k=%2F%2F"),
        ("k=%C3%A9&k=~", "k=~&k=%C3%A9"),
        ("k", "k="),
        ("k=a=b", "k=a%3Db"),
        ("k=a+b%20c%2B", "k=a%20b%20c%2B"),
        ("k=-_.~!*'()", "k=-_.~%21%2A%27%28%29"),
        ("k=%zz%", "k=%25zz%25"),
        ("k=%ff", "k=%FF"),
    ],
)
def test_the_query_is_decoded_and_encoded_before_it_is_signed(ask, encoded, form):
    signature = naive(**{**RIGHT, "query": form, "path": "/any/"})
    assert ask(f"/any?{encoded}", sent_headers(signature), "POST", BODY).status == 200


def naive(method, path, query, headers, names, payload, date=DATE, secret=SECRET, end="\n"):
    block = "\n".join(f"{name}:{value}" for name, value in headers) + end
    text = "\n".join([method, path, query, block, names, payload])
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(text.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def signature_of(headers):
    """Sign ``GET /v2/images`` with all headers."""
    headers = {**headers, "host": HOST, "x-sdk-date": DATE}
    return naive("GET", "/v2/images/", "", sorted(headers.items()), ";".join(sorted(headers)), EMPTY_HASH)


TARGET = "/v2/images/镜 像?z=1&name=CentOS%207.3~x/y&tag=a%3Db&empty=&tag=a%2Bb"
PAIRS = [("z", "1"), ("name", "CentOS 7.3~x/y"), ("tag", "a=b"), ("empty", ""), ("tag", "a+b")]
BODY = b'{"name": "x"}\n'
PORT = f"{HOST}:9292"
HEADERS = [("content-type", "application/json; charset=utf-8"), ("host", PORT), ("x-sdk-date", DATE), ("x-tag", "Blue")]
RIGHT = {
    "method": "POST",
    "path": quote("/v2/images/镜 像/"),
    "query": "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(PAIRS)),
    "headers": HEADERS,
    "names": "content-type;host;x-sdk-date;x-tag",
    "payload": hashlib.sha256(BODY).hexdigest(),
}


def with_header(name, value):
    return {"headers": [(key, value if key == name else old) for key, old in HEADERS]}


TITLED = [("Content-Type", HEADERS[0][1]), ("Host", PORT), ("X-Sdk-Date", DATE), ("X-Tag", "Blue")]
HASH = RIGHT["payload"]
MISTAKES = [
    ({"secret": "another-secret"}, "the secret of the access key OTHER"),
    ({"secret": SECRET + "\n"}, "a line end at the end of the secret"),
    ({"date": "20250102T030406Z"}, "signed the date 20250102T030406Z, but X-Sdk-Date is 20250102T030405Z"),
    ({"date": "20250102T110405Z"}, "signed the date 20250102T110405Z"),
    ({"path": RIGHT["path"][:-1]}, "the path was signed without a trailing /"),
    ({"path": quote(RIGHT["path"])}, "with percent-encoding applied twice"),
    ({"path": "/v2/images/镜 像/"}, "the path was signed without percent-encoding"),
    ({"path": quote("/v2/images/镜 像", safe="") + "/"}, "with its / percent-encoded"),
    ({"path": "/"}, "the path was signed as / only"),
    ({"query": ""}, "the query was signed as an empty text"),
    ({"query": "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in PAIRS)}, "it must be sorted"),
    ({"query": "&".join(f"{k}={v}" for k, v in sorted(PAIRS))}, "the query was signed without percent-encoding"),
    ({"query": TARGET.partition("?")[2]}, "the query was signed as it was sent"),
    ({"query": RIGHT["query"].replace("%20", "+")}, "with + for a space; it must be %20"),
    ({"query": RIGHT["query"].replace("%2F", "/")}, "with / kept"),
    ({"query": RIGHT["query"].replace("~", "%7E")}, "with ~ encoded"),
    ({"query": RIGHT["query"].replace("%2F", "%2f").replace("%3D", "%3d").replace("%2B", "%2b")}, "must be upper-case"),
    ({"query": RIGHT["query"].replace("empty=", "empty")}, "without the = of an empty value"),
    ({"headers": TITLED}, "names of headers were signed with upper-case letters"),
    (
        {"headers": TITLED, "names": "Content-Type;Host;X-Sdk-Date;X-Tag"},
        "names of headers were signed with upper-case letters",
    ),
    (with_header("x-tag", "blue"), "the header x-tag was signed in lower case"),
    ({"end": ""}, "the line end after the last header is missing"),
    (with_header("x-tag", ""), "the header x-tag was signed without its value"),
    (with_header("host", HOST), "the header host was signed as 'ims.example.test', but"),
    (with_header("content-type", "application/json"), "the header content-type was signed as 'application/json', but"),
    ({"payload": EMPTY_HASH}, "the hash of an empty body was signed for the body"),
    ({"payload": "UNSIGNED-PAYLOAD"}, "UNSIGNED-PAYLOAD was signed for the body"),
    ({"payload": HASH.upper()}, "an upper-case hash was signed for the body"),
    ({"payload": BODY.decode()}, "the body itself was signed for the body"),
    ({"payload": hashlib.sha256(BODY[:-1]).hexdigest()}, "the hash of the body without its line end"),
    ({"method": "post"}, "the method post was signed, but POST was sent"),
    ({"method": "PUT"}, "the method PUT was signed, but POST was sent"),
    ({"secret": "nobody's"}, "no common mistake explains it"),
]


def sent_headers(signature, access=ACCESS, names=RIGHT["names"]):
    return {**dict(HEADERS), "Authorization": FORM.format(access, names, signature)}


WITHOUT_HOST = {"headers": [HEADERS[0], *HEADERS[2:]], "names": "content-type;x-sdk-date;x-tag"}


@pytest.mark.parametrize(
    ("changes", "sent"),
    [({}, {}), (WITHOUT_HOST, {}), (with_header("x-tag", "voilà"), {"x-tag": "voilà".encode().decode("latin-1")})],
    ids=["no mistakes", "the host is not signed", "values are signed byte by byte"],
)
def test_a_right_signature_is_accepted(ask, changes, sent):
    parts = {**RIGHT, **changes}
    headers = {**sent_headers(naive(**parts), names=parts["names"]), **sent}
    assert ask(TARGET, headers, "POST", BODY).status == 200


@pytest.mark.parametrize(("mistake", "words"), MISTAKES)
def test_the_error_shows_the_canonical_request_and_names_a_common_mistake(ask, mistake, words):
    message = message_of(ask(TARGET, sent_headers(naive(**{**RIGHT, **mistake})), "POST", BODY))
    parts, cure = canonical_of(message)
    assert words in cure
    assert parts == {**RIGHT, "headers": [f"{name}:{value}" for name, value in HEADERS]}


def authorization(value):
    return {**dict(HEADERS), "Authorization": value}


GOOD = naive(**RIGHT)
ERRORS = [
    (authorization("Basic dGVzdGVyOnNlY3JldA=="), "unsupported scheme in Authorization: 'Basic'. Use SDK-HMAC-SHA256 "),
    (authorization("AWS4-HMAC-SHA256 Credential=x"), "unsupported scheme in Authorization: 'AWS4-HMAC-SHA256'"),
    (authorization("dGVzdGVyOnNlY3JldA=="), "unsupported scheme in Authorization"),
    (authorization("SDK-HMAC-SHA256"), "Authorization is malformed"),
    (authorization("SDK-HMAC-SHA256 Access=a, SignedHeaders=host"), "Authorization lacks Signature"),
    (authorization(FORM.format("a, Access=b", "host", 0)), "Authorization is malformed"),
    (sent_headers(GOOD, access="NOBODY"), "ak NOBODY not exist"),
    (sent_headers(GOOD, names="host;content-type;x-sdk-date;x-tag"), "Use unique names of headers in lower case"),
    (sent_headers(GOOD, names="Content-Type;Host;X-Sdk-Date;X-Tag"), "Use unique names of headers in lower case"),
    (sent_headers(GOOD, names="content-type;host;x-tag"), "Use a list with x-sdk-date"),
    (sent_headers(GOOD, names="content-type;host;x-absent;x-sdk-date"), "the signed header x-absent was not sent"),
    ({**sent_headers(GOOD), "x-sdk-date": ""}, "X-Sdk-Date not found"),
    ({**sent_headers(GOOD), "x-sdk-date": "2025-01-02T03:04:05Z"}, "invalid X-Sdk-Date '2025-01-02T03:04:05Z'"),
    ({**sent_headers(GOOD), "x-sdk-date": "20250231T030405Z"}, "invalid X-Sdk-Date '20250231T030405Z'"),
    (
        {**sent_headers(GOOD), "x-sdk-date": "20250102T031906Z"},
        "information: calc aksk signature fail:signature expired, "
        "signature time:20250102T031906Z,server time:20250102T030405Z",
    ),
    ({**sent_headers(GOOD), "x-sdk-date": "20250102T024904Z"}, "signature expired"),
    (sent_headers("0"), "the signature has the length 1; it must be 64 hex digits"),
    (sent_headers(GOOD.upper()), "the signature is right, but its hex digits must be lower-case"),
    ({**sent_headers(GOOD), "x-sdk-content-sha256": "0" * 64}, "the body does not match X-Sdk-Content-Sha256"),
    ({**sent_headers(GOOD), "x-security-token": "wrong"}, "X-Security-Token does not belong to ak"),
    (sent_headers(GOOD, access="TEMPORARY"), "x-security-token not found; ak TEMPORARY is temporary"),
    ({**sent_headers(GOOD, access="TEMPORARY"), "x-security-token": "wrong"}, "does not belong to ak TEMPORARY"),
    ({**sent_headers(GOOD, access="OLD"), "x-security-token": "the-security-token"}, "ak OLD expired at 2025-01-02T"),
]


@pytest.mark.parametrize(("headers", "words"), ERRORS)
def test_other_errors_name_what_is_wrong(ask, headers, words):
    message = message_of(ask(TARGET, headers, "POST", BODY))
    assert words in message
    assert "dGVzdGVyOnNlY3JldA" not in message


@pytest.mark.parametrize(("seconds", "status"), [(-901, 401), (-900, 200), (0, 200), (900, 200), (901, 401)])
def test_the_date_may_be_fifteen_minutes_from_the_clock(ask, seconds, status):
    date = (NOW + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ")
    changed = {**RIGHT, **with_header("x-sdk-date", date), "date": date}
    answer = ask(TARGET, {**sent_headers(naive(**changed)), "x-sdk-date": date}, "POST", BODY)
    assert answer.status == status


def test_a_temporary_key_needs_its_security_token(ask):
    headers = {**JSON, "x-security-token": "the-security-token"}
    signature = signature_of(headers)
    assert ask("/v2/images", signed(headers, signature, "TEMPORARY")).status == 200
    message = message_of(ask("/v2/images?x=1", signed(headers, signature, "TEMPORARY")))
    assert "x-security-token:<18 characters>" in canonical_of(message)[0]["headers"]


@pytest.mark.parametrize(("project", "status"), [(PROJECT, 200), ("another", 403)])
def test_the_project_must_be_one_of_the_key(ask, project, status):
    headers = {**JSON, "x-project-id": project}
    signature = signature_of(headers)
    answer = ask("/v2/images", signed(headers, signature))
    assert answer.status == status
    assert status == 200 or "X-Project-Id 'another'" in message_of(answer, 403, "APIGW.0302")


@pytest.mark.parametrize("headers", [headers for headers, _ in ERRORS])
def test_with_auth_off_wrong_signatures_are_accepted(ask_off, headers):
    assert ask_off(TARGET, headers, "POST", BODY).status == 200


def test_a_signed_body_is_at_most_12_mib(ask, ask_off):
    large = b"x" * (12 * 2**20 + 1)
    answer = ask(TARGET, sent_headers(GOOD), "POST", large)
    message = "Incorrect IAM authentication information: calc aksk signature fail:body too large. Use at most 12582912 "
    assert message_of(answer).startswith(message)
    assert ask_off(TARGET, sent_headers(GOOD), "POST", large).status == 200
    unsigned = sorted([*HEADERS, ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD")])
    names = ";".join(name for name, _ in unsigned)
    signature = naive(**{**RIGHT, "payload": "UNSIGNED-PAYLOAD", "headers": unsigned, "names": names})
    headers = {**dict(unsigned), **sent_headers(signature, names=names)}
    assert ask(TARGET, headers, "POST", large).status == 200


@pytest.mark.parametrize(
    ("forwarded", "host", "prefix"),
    [
        ({"X-Forwarded-Host": "cloud.test"}, "cloud.test", ""),
        ({"X-Forwarded-Host": "cloud.test:8443"}, "cloud.test:8443", ""),
        ({"X-Forwarded-Host": "cloud.test", "X-Forwarded-Port": "8443"}, "cloud.test:8443", ""),
        ({"X-Forwarded-Host": "cloud.test", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}, "cloud.test", ""),
        ({"X-Forwarded-Prefix": "/%E9%95%9C"}, PORT, "/镜"),
        ({}, PORT, ""),
        ({"X-Forwarded-Proto": "https"}, PORT, ""),
        ({"X-Forwarded-Prefix": "/ims/"}, PORT, "/ims"),
    ],
)
def test_behind_a_trusted_proxy_the_clients_host_and_path_are_signed(ask, forwarded, host, prefix):
    headers = [(name, host if name == "host" else value) for name, value in HEADERS]
    signature = naive(**{**RIGHT, "headers": headers, "path": quote(f"{prefix}/v2/images/镜 像/")})
    believing = in_process(probed(make_app(CATALOG, auth="on", forwarded="on")))
    answer = believing(TARGET, {**sent_headers(signature), **forwarded}, "POST", BODY)
    assert answer.status == 200, answer.text
    if forwarded == {"X-Forwarded-Host": "cloud.test"}:
        message = message_of(ask(TARGET, {**sent_headers(signature), **forwarded}, "POST", BODY))
        assert "the header host was signed as 'cloud.test' from X-Forwarded-Host" in message


def chunked(ask, method, path, body, payload):
    """Send a signed body in two chunks and return the status."""
    host = ask.url.removeprefix("http://")
    parts = {"method": method, "path": f"{path}/", "query": "", "names": "host;x-sdk-date", "payload": payload}
    signature = naive(headers=[("host", host), ("x-sdk-date", DATE)], **parts)
    headers = {"X-Sdk-Date": DATE, "Authorization": FORM.format(ACCESS, parts["names"], signature)}
    headers["Content-Type"] = "application/octet-stream"
    connection = http.client.HTTPConnection(host, timeout=20)
    chunks = [chunk for chunk in (body[:3], body[3:]) if chunk]
    connection.request(method, path, body=iter(chunks), headers=headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_chunked_body_is_verified():
    with over_socket(probed(make_app(CATALOG, auth="on"))) as ask:
        statuses = [chunked(ask, "POST", "/any", body, HASH) for body in (BODY, BODY + b"!", b"")]
    assert statuses == [200, 401, 401]


def test_a_chunked_upload_is_verified():
    fitting = b"x" * (12 * 2**20)
    with over_socket(make_app({**CATALOG, "images": [{"id": "a", "status": "queued"}]}, auth="on")) as ask:
        for body, signed_body, status in (
            (fitting + b"x", fitting + b"x", 401), (fitting, fitting + b"!", 401), (fitting, fitting, 204),
        ):  # fmt: skip
            assert chunked(ask, "PUT", "/v2/images/a/file", body, hashlib.sha256(signed_body).hexdigest()) == status


def test_errors_do_not_repeat_misplaced_secrets(ask):
    assert "instead of an access key" in message_of(ask(TARGET, sent_headers(ACCESS, access=SECRET), "POST", BODY))
    assert f"the signature has the length {len(SECRET)}" in message_of(ask(TARGET, sent_headers(SECRET), "POST", BODY))
    assert len(message_of(ask(TARGET, sent_headers(GOOD, access="x" * 5000), "POST", BODY))) < 200
    sent = SignedRequest("GET", "/", "", {"x-security-token": "the-security-token"}, bytes, 0)
    assert "the-security-token" not in repr([sent, canonical_request(sent, sorted(sent.headers))])


ADMIN_KEY = {"access": "ROOT", "secret": SECRET, "project": PROJECT, "roles": ["admin"]}


@pytest.mark.parametrize(
    ("clock", "is_wrong", "roles"),
    [("2025-01-02T03:04:05Z", False, ["admin"]), ("2020-01-01", False, ["admin"]), ("2020-01-01", True, [])],
)
def test_with_auth_off_only_a_right_signature_gives_the_admin_role(clock, is_wrong, roles):
    ask = in_process(probed(make_app({"clock": clock, "credentials": {"keys": [ADMIN_KEY]}})))
    signature = GOOD if not is_wrong else "0" * 64
    answer = ask(TARGET, sent_headers(signature, access="ROOT"), "POST", BODY)
    assert answer.json == {"project": PROJECT, "roles": roles}


@pytest.mark.parametrize(("empty", "status"), [("QUERY_STRING", 401), ("SCRIPT_NAME", 401), ("PATH_INFO", 300)])
def test_empty_wsgi_variables_may_be_absent(empty, status):
    app = probed(make_app(CATALOG, auth="on"))
    environ = EnvironBuilder("/any", headers=sent_headers(GOOD)).get_environ()
    del environ[empty]
    assert int(run_wsgi_app(app.wsgi_app, environ)[1][:3]) == status


def hostile_headers():
    """Yield values of Authorization, X-Sdk-Date and X-Security-Token."""
    yield FORM.format(ACCESS, "x-sdk-date", GOOD), DATE, "\u00ff"
    yield FORM.format(ACCESS, "host;x-sdk-content-sha256;x-sdk-date", GOOD), DATE, "\u00ff"
    yield FORM.format(ACCESS, "host;x-sdk-date", "\u00ff" * 64), DATE, ""
    yield FORM.format(ACCESS, "host;x-sdk-date", GOOD), "00010101T000000Z", ""
    hostile, right = Hostile("signatures"), (FORM.format(ACCESS, "host;x-sdk-date", GOOD), DATE, "the-security-token")
    for _ in range(500):
        damaged = [hostile.damaged(text.encode()) if hostile.random.random() < 0.5 else text.encode() for text in right]
        yield [re.sub("[\x00-\x1f\x7f]", "", text.decode("latin-1")) for text in damaged]


def test_no_authorization_is_an_internal_error(ask):
    for value, date, security in hostile_headers():
        headers = {"Authorization": value, "X-Sdk-Date": date}
        headers |= {"X-Security-Token": security, "X-Sdk-Content-Sha256": security}
        answer = ask("/v2/images?a=%ff&%zz", headers, "POST", b"\xff")
        assert (answer.status, answer.json["error_code"]) == (401, "APIGW.0301"), (headers, answer.text)
