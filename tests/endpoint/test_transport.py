"""Requests to endpoints that cannot be trusted: what is sent, and what ends them."""

import gzip
import itertools
import json
import socket
import threading
import time

import pytest
from helpers import make_app, over_socket
from rogue import open_endpoint, response, rogue, tls_context
from serving import CERT, LINUX, OTHER_CERT, refusal, run

from ims_mock.endpoint.endpoint import connect
from ims_mock.endpoint.transport import MAX_BODY, MAX_VALUES, EndpointError
from ims_mock.options import RemoteOptions

pytestmark = pytest.mark.slow

TOKEN = {"token": "tkn-secret"}
KEY = {"access_key": "IMSMOCKACCESSKEY00001", "secret_key": "ims-mock-secret-key"}
USER = {"user": "tester", "password": "secret", "domain": "testdomain"}
PROJECT = "7f6b2c1d0e9a4b8c9d3e5f7a1b2c3d4e"


@pytest.mark.parametrize(
    "target",
    ["/v2/images?name=%zz", "/v2/images?a=~%2f%2F&&=b+c%20d", "/v2/images?x[]={}|\"'<>`^", "//v2/../images/%41?#"],
)
def test_targets_are_sent_byte_for_byte(target):
    with rogue(lambda *_: response()) as server:
        endpoint = open_endpoint(server, url=f"{server.url}/prefix/", **TOKEN)
        answer = endpoint.get(target)
        assert server.targets == [answer.target] == ["/prefix" + target]
        assert (answer.status, answer.json, endpoint.requests) == (200, {}, 1)


def test_headers_are_few_and_can_be_replaced():
    with rogue(lambda *_: response()) as server:
        endpoint = open_endpoint(server, api_version="queens", **TOKEN)
        endpoint.get("/")
        endpoint.get("/", {"Accept": "*/*", "X-Api-Version": None}, is_authenticated=False)
    first, second = (dict(line.split(": ", 1) for line in head.splitlines()[1:] if line) for head in server.heads)
    assert first.pop("User-Agent").startswith("ims-mock/")
    own = {"Host": server.url.removeprefix("http://"), "Accept-Encoding": "identity", "Connection": "close"}
    assert first == {**own, "Accept": "application/json", "X-Api-Version": "queens", "X-Auth-Token": "tkn-secret"}
    assert {**own, "Accept": "*/*", "User-Agent": second["User-Agent"]} == second


@pytest.mark.parametrize(
    "credentials",
    [{"token": "ims-mock-token"}, KEY, {**KEY, "project": PROJECT}, {**USER, "project": PROJECT}],
    ids=["token", "key", "key and project", "user"],
)
@pytest.mark.parametrize("target", ["/v2/images?limit=1", "/v2/images?name=%zz&b=c+d&a=%E4%B8%AD~&foo"])
def test_the_emulator_accepts_the_credentials(credentials, target):
    with over_socket(make_app(auth="on", profile="glance")) as ask:
        iam = f"{ask.url}/v3" if "user" in credentials else ""
        endpoint = connect(RemoteOptions(url=ask.url, iam=iam, **credentials))
        assert endpoint.get(target).status == 200
        assert endpoint.get(target, is_authenticated=False).status == 401
        assert endpoint.credentials.project == credentials.get("project", "")


def test_the_emulator_accepts_a_temporary_key():
    key = {"access": "TEMPORARY", "secret": "s3cret", "project": "p", "security_token": "st-token"}
    with over_socket(make_app({"credentials": {"keys": [key]}}, auth="on")) as ask:
        options = {"access_key": "TEMPORARY", "secret_key": "s3cret", "security_token": "st-token"}
        assert connect(RemoteOptions(url=ask.url, **options)).get("/v2/images").status == 200


def test_a_login_for_no_project_asks_for_one():
    with over_socket(make_app()) as ask, pytest.raises(ValueError, match="is for no project"):
        connect(RemoteOptions(url=ask.url, iam=f"{ask.url}/v3", **USER))


def endless(*pieces):
    """Yield pieces, and repeat the last one."""
    yield from pieces
    yield from itertools.repeat(pieces[-1])


def slowly(server, data):
    for byte in itertools.chain(data, itertools.repeat(b" "[0])):
        yield bytes([byte])
        if server.released.wait(0.05):
            return


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MEGABYTE = b"[0]," * 2**18

BROKEN = {
    "nothing": (lambda *_: b"", "does not answer with complete HTTP"),
    "no HTTP": (lambda *_: b"220 mail ready\r\n", "does not answer with complete HTTP"),
    "endless header": (lambda *_: endless(HEAD + b"X: ", MEGABYTE), "does not answer with complete HTTP"),
    "endless headers": (lambda *_: endless(HEAD, b"X: y\r\n"), "does not answer with complete HTTP"),
    "cut off": (lambda *_: HEAD + b"Content-Length: 9\r\n\r\n{}", "does not answer with complete HTTP"),
    "cut off chunk": (lambda *_: HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}", "not answer with complete HTTP"),
    "1 GB": (lambda *_: endless(HEAD + b"Content-Length: 1073741824\r\n\r\n", MEGABYTE), "more than 8 MB"),
    "endless body": (lambda *_: endless(HEAD + b"\r\n", MEGABYTE), "status 200 and more than 8 MB"),
    "gzip bomb": (
        lambda *_: HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(10**8)),
        "answers with the encoding gzip, which was not accepted",
    ),
    "silence": (lambda server, _: [HEAD, b"\r\n", str(server.released.wait(20)).encode()], "completely within 0.3 s"),
    "slow body": (lambda server, _: slowly(server, HEAD + b"\r\n"), "does not answer completely within 0.3 s"),
    "slow head": (lambda server, _: slowly(server, HEAD + b"X: "), "does not answer completely within 0.3 s"),
    "endless interim": (lambda *_: endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "not answer completely within 0.3 s"),
}


@pytest.mark.parametrize("has_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(("write", "words"), BROKEN.values(), ids=BROKEN)
def test_an_incomplete_or_endless_answer_is_an_error(write, words, has_tls):
    with rogue(write, tls_context() if has_tls else None) as server:
        seconds = 0.3 if "within" in words else 20.0
        endpoint = open_endpoint(server, timeout=seconds, **TOKEN, **({"ca_file": CERT} if has_tls else {}))
        with pytest.raises(EndpointError) as failed:
            endpoint.get("/v2/images")
    assert str(failed.value).startswith(server.url)
    assert words in str(failed.value)
    assert "tkn-secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("host", "options", "words"),
    [
        ("127.0.0.1", {}, "signed certificate. Use --ca-file, or --insecure."),
        ("127.0.0.1", {"ca_file": OTHER_CERT}, "certificate that is not trusted: self"),
        pytest.param("127.0.0.2", {"ca_file": CERT}, "not valid for '127.0.0.2'. Use --ca-file, or --ins", marks=LINUX),
    ],
    ids=["unknown", "other", "wrong name"],
)
def test_a_certificate_that_is_not_trusted_gets_no_request(host, options, words):
    with rogue(lambda *_: response(), tls_context(), host) as server:
        with pytest.raises(EndpointError) as failed:
            open_endpoint(server, **TOKEN, **options).get("/")
        assert words in str(failed.value)
        assert "".join(server.heads) == ""
        assert open_endpoint(server, insecure=True).get("/").status == 200
    with rogue(lambda *_: response()) as server, pytest.raises(EndpointError, match="does not answer with TLS: "):
        open_endpoint(server, url=server.url.replace("http:", "https:")).get("/")


def test_a_server_that_cannot_be_reached_is_named():
    with rogue(lambda *_: b"") as server:
        pass
    with pytest.raises(EndpointError, match=r"cannot be reached: Connection refused\.$"):
        open_endpoint(server).get("/")
    with pytest.raises(EndpointError, match=r"^http://host\.invalid has an unknown host name\.$"):
        open_endpoint(server, url="http://host.invalid").get("/")


def test_the_resolution_of_a_name_has_a_deadline(monkeypatch):
    resolve, released, ended = socket.getaddrinfo, threading.Event(), threading.Event()

    def resolve_late(*arguments):
        released.wait(20)
        ended.set()
        return resolve(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_late)
    with rogue(lambda *_: response()) as server:
        with pytest.raises(EndpointError, match="does not answer completely within"):
            open_endpoint(server, timeout=0.3).get("/")
        assert not ended.is_set()
        released.set()
        assert ended.wait(20)
        monkeypatch.undo()
        open_endpoint(server).get("/next")
    assert [head.split()[1] for head in server.heads if head] == ["/next"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers(status):
    with rogue(lambda *_: response()) as other, rogue(lambda *_: redirect) as server:
        redirect = response(b"", f"{status} Moved", f"Location: {other.url}/v2/images")
        assert open_endpoint(server, **TOKEN).get("/v2/images").status == status
        assert (len(server.heads), other.heads) == (1, [])


def test_neither_netrc_nor_proxies_are_read(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login netrc password leaked\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with rogue(lambda *_: response()) as proxy, rogue(lambda *_: response()) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert open_endpoint(server).get("/").status == 200
        assert ("Authorization" in server.heads[0], proxy.heads) == (False, [])


@pytest.mark.parametrize("headers", [("Retry-After: 0",), ("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT",)])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_request_without_a_wait_is_not_repeated(status, headers):
    with rogue(lambda *_: response(b"", f"{status} Later", *headers)) as server:
        endpoint = open_endpoint(server)
        assert (endpoint.get("/").status, endpoint.requests) == (status, 1)


@pytest.mark.parametrize("headers", [(), ("Retry-After: 1",), ("Retry-After: 3600",), ("Retry-After: soon",)])
def test_repetitions_wait_no_longer_than_the_timeout(headers, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with rogue(lambda *_: response(b"", "429 Too Many Requests", *headers)) as server:
        endpoint = open_endpoint(server, timeout=2.5)
        assert endpoint.get("/").status == 429
    assert sum(waited) == 2.5
    assert endpoint.requests == len(server.heads) == len(waited) + 1 <= 4


def test_a_request_is_repeated_after_the_time_that_the_endpoint_asks_for(monkeypatch):
    waited, answers = [], []
    monkeypatch.setattr(time, "sleep", waited.append)
    later = response(b"", "503 Later", "Retry-After: 7")
    with rogue(lambda _, number: later if number < 3 else response()) as server:
        endpoint = open_endpoint(server, timeout=30.0)
        endpoint.observe = answers.append
        assert endpoint.get("/").status == 200
    assert (waited, [answer.status for answer in answers]) == ([7, 7], [503, 503, 200])


@pytest.mark.parametrize(
    "body",
    [b"<html>", b'{"images": [', b"[NaN]", b"\xff", b"[" * 50_000, b"9" * 5_000, b"[" + b"{}," * MAX_VALUES + b"{}]"],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_not_json_is_an_error(body):
    with rogue(lambda *_: response(body)) as server:
        answer = open_endpoint(server).get("/v2/images")
    assert len(body) < MAX_BODY
    with pytest.raises(EndpointError, match=r"^GET /v2/images is answered with status 200: .*JSON"):
        _ = answer.json


NOT_FOUND = '{"error": {"code": 401, "message": "The project cannot be found", "title": "Unauthorized"}}'
ALL = "Check user, password, domain and project."


@pytest.mark.parametrize(
    ("status", "body", "options", "end"),
    [
        ("401 Unauthorized", "{}", {}, "with status 401. Check user, password and domain."),
        ("401 Unauthorized", NOT_FOUND, {"project": "p"}, f"401 (401: The project cannot be found). {ALL}"),
        ("403 Forbidden", "<html>", {"project": "p"}, f"with status 403 (application/json). {ALL}"),
        ("307 Moved", "", {}, "with status 307 (application/json)."),
        ("200 OK", "<html>", {}, "with status 200 (application/json)."),
        ("201 Created", "{}", {}, "with status 201 and no token."),
        ("429 Later", '{"error_msg": "slow\\u001b down"}', {}, r"with status 429 (slow\x1b down)."),
        (
            "400 Bad Request",
            json.dumps({"message": 400 * "x"}),
            {},
            f"({300 * 'x'}…). Check user, password and domain.",
        ),
    ],
)
def test_a_failed_login_is_sent_once_and_explained(status, body, options, end):
    answer = response(body, status, "Retry-After: 0", "Location: http://127.0.0.1:1/")
    with rogue(lambda *_: answer) as server, pytest.raises(EndpointError) as failed:
        open_endpoint(server, iam=f"{server.url}/v3", **USER, **options)
    assert str(failed.value).startswith(f"{server.url} answers the login with status ")
    assert str(failed.value).endswith(end)
    assert [head.splitlines()[0] for head in server.heads] == ["POST /v3/auth/tokens HTTP/1.1"]


def test_a_failed_login_names_the_region_and_not_the_password():
    body = json.dumps({"error": {"message": "no secret in cn-north-4"}})
    with rogue(lambda *_: response(body, "401 No")) as server:
        iam = ("--iam", f"{server.url}/v3", "--user", "u", "--password", "secret", "--domain", "d")
        line = refusal(run("record", "https://ims.cn-north-4.example.com", *iam), 3)
    assert line.endswith(
        "with status 401 (no <6 characters> in cn-north-4). Check user, password and domain, and whether the domain "
        "has the project cn-north-4."
    )


URL = "https://ims.example.com"
WRONG = [
    ({"url": "ims.example.com"}, "'ims.example.com' is not the URL of a service. Use one such as https://ims.cn-"),
    ({"url": "ftp://a"}, "'ftp://a' is not the URL"),
    ({"url": "https://:1"}, "is not the URL"),
    ({"url": "https://a:x"}, "is not the URL"),
    ({"url": "https://a/?b"}, "is not the URL"),
    ({"url": "https://user:pw@a"}, "a URL with credentials is not the URL of a service."),
    ({"url": "https://a/x/v2/"}, "https://a/x/v2/ ends in /v2. Use the URL without it."),
    ({"token": "a\nb"}, "--token has characters that no header can contain."),
    ({"access_key": "a"}, "--access-key requires --secret-key."),
    ({"secret_key": "a"}, "--secret-key requires --access-key."),
    ({"user": "a"}, "--user requires --password, --domain, --iam."),
    ({**USER, "iam": "https://iam.example.com"}, "--iam 'https://iam.example.com' does not end in /v3."),
    ({**USER, "iam": "iam/v3"}, "'iam/v3' is not the URL of a service. Use one such as https://iam."),
    ({**USER, **TOKEN, "iam": "https://a/v3"}, "--token and --user exclude each other."),
    ({**KEY, **TOKEN}, "--token and --access-key exclude each other."),
    ({**TOKEN, "security_token": "s"}, "--security-token requires --access-key and --secret-key"),
    ({"security_token": "s"}, "--security-token requires --access-key and --secret-key"),
    ({"ca_file": "a", "insecure": True}, "--ca-file and --insecure exclude each other."),
    ({"ca_file": "missing.pem"}, "--ca-file 'missing.pem' cannot be read: No such file or directory."),
    ({"ca_file": __file__}, "cannot be read: no certificate in PEM format."),
    ({"api_version": "a\r\nb"}, "--api-version has characters"),
    ({"api_version": "`"}, "--api-version has characters"),
]


@pytest.mark.parametrize(("options", "words"), WRONG, ids=str)
def test_wrong_options_are_explained(options, words):
    with pytest.raises(ValueError) as wrong:  # noqa: PT011 - the words are compared below
        connect(RemoteOptions(**{"url": URL, **options}))
    assert words in str(wrong.value)
    assert not any(secret in str(wrong.value) for secret in ("pw", "a\nb"))
