"""HTTPS over sockets, with the tests' own certificates."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from raw_http import head, read_to_end
from serving import CERT, KEY, LINUX, NOT_ROOT, OTHER_KEY, POSIX, TLS, refusal, run, serving

pytestmark = pytest.mark.slow  # starts processes

CLOSE = {"Connection": "close"}
BINARY = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def server():
    with serving("default", "--generate", "900", IMS_MOCK_TLS_CERT=CERT, IMS_MOCK_TLS_KEY=KEY) as found:
        yield found


def connect(server):
    context = ssl.create_default_context(cafile=CERT)
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    return context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)


def new_image(server):
    status, _, text = server.ask("/v2/images", "POST", "{}", **{"Content-Type": "application/json"})
    assert status == 201
    return json.loads(text)["self"]


def test_requests_verifies_the_certificate(server):
    assert server.url == f"https://127.0.0.1:{server.port}"
    with requests.Session() as session:
        session.verify, session.trust_env = CERT, False
        path, images = "/v2/images?limit=100", 0
        while path:
            page = session.get(server.url + path).json()
            images, path = images + len(page["images"]), page.get("next")
        assert images > 800
        link = session.get(server.url + "/v3").json()["version"]["links"][0]["href"]
        assert link.startswith(server.url)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url, timeout=10)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_negotiates_http_1_1(server):
    command = ["curl", "-sf", "--noproxy", "*", "--cacert", CERT, "-w", " %{http_version}", f"{server.url}/_ims/health"]
    answer, _, version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rpartition(" ")
    assert (json.loads(answer)["status"], version) == ("ok", "1.1")


def test_concurrent_clients_are_answered(server):
    barrier = threading.Barrier(16)

    def ask(number):
        barrier.wait(10)
        return [server.ask(f"/v2/images?limit={number + 1}")[0] for _ in range(5)]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))) == [[200] * 5] * 16


def test_a_connection_ends_with_an_end_mark(server):
    with connect(server) as connection:
        connection.sendall(head("GET", "/v2/images?limit=1000", CLOSE))
        response = read_to_end(connection)
    assert response.startswith(b"HTTP/1.1 200 ")
    assert len(json.loads(response.partition(b"\r\n\r\n")[2])["images"]) > 500


@pytest.mark.parametrize(("count", "long_header", "record"), [(1, "x" * 200_000, 999), (3, "x", 10_000)])
def test_a_request_may_span_many_records_and_a_record_many_requests(server, count, long_header, record):
    last = head("GET", "/_ims/health", {"X-Long": long_header, **CLOSE})
    sent = (count - 1) * head("GET", "/_ims/health") + last
    with connect(server) as connection:
        for start in range(0, len(sent), record):
            connection.sendall(sent[start : start + record])
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == count


def test_an_upload_is_streamed(server):
    path, data = new_image(server), bytes(range(256)) * 20_000
    with connect(server) as connection:
        connection.sendall(head("PUT", f"{path}/file", {"Content-Length": str(len(data)), **BINARY}))
        connection.sendall(data[:100_000])
        deadline = time.monotonic() + 10
        while json.loads(server.ask(path)[2])["status"] != "saving":
            assert time.monotonic() < deadline
        connection.sendall(data[100_000:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert requests.get(f"{server.url}{path}/file", verify=CERT, timeout=20).content == data


def test_a_slow_reader_gets_the_whole_response(server):
    path, data = new_image(server), b"0123456789abcdef" * 500_000
    put = requests.put(f"{server.url}{path}/file", data, verify=CERT, timeout=20, headers=BINARY)
    assert put.status_code == 204
    with connect(server) as connection:
        connection.sendall(head("GET", f"{path}/file", CLOSE))
        time.sleep(0.5)
        assert read_to_end(connection).endswith(b"\r\n\r\n" + data)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02", b"\0" * 100])
def test_a_client_without_tls_blocks_no_other(server, sent):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as other:
        other.sendall(sent)
        assert server.ask("/_ims/health")[0] == 200
        if len(sent) > 4:
            response = b""
            with suppress(ConnectionError):
                while data := other.recv(1000):
                    response += data
            assert b"HTTP" not in response
    assert server.ask("/_ims/health")[0] == 200


def test_a_client_without_tls_is_logged():
    with serving("empty", "--tls-cert", CERT, "--tls-key", KEY, "--log-level", "info") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as other:
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises((ConnectionError, AssertionError)):
                assert other.recv(1000)
        (line,) = server.stopped().splitlines()
    assert line.endswith(" INFO TLS with the client at 127.0.0.1 failed: http request")


@POSIX
def test_a_signal_stops_the_server_during_a_handshake():
    with serving("empty", "--tls-cert", CERT, "--tls-key", KEY) as server, connect(server) as connection:
        connection.sendall(b"GET / HT")
        with socket.create_connection(("127.0.0.1", server.port)):
            begun = time.monotonic()
            assert server.stopped() == ""
            assert time.monotonic() - begun < 1.5


INVALID = [
    # certificate, key, message
    ("nowhere.pem", KEY, "nowhere.pem: cannot be read: No such file or directory"),
    (CERT, "nowhere.pem", "nowhere.pem: cannot be read: No such file or directory"),
    (str(TLS), KEY, f"{TLS}: cannot be read: Is a directory"),
    (KEY, KEY, f"{KEY}: no certificate found; it must be in PEM"),
    (CERT, CERT, f"{CERT}: no usable key found; it must be a private key in PEM, without a passphrase"),
    (CERT, str(TLS / "locked-key.pem"), "locked-key.pem: no usable key found; it must be a private key in PEM"),
    (CERT, OTHER_KEY, f"{OTHER_KEY}: not the key of {CERT}"),
]


@LINUX
@pytest.mark.parametrize(("certificate", "key", "message"), INVALID, ids=lambda value: Path(value).name)
def test_an_invalid_certificate_or_key_is_one_line_and_status_1(certificate, key, message):
    line = refusal(run("serve", "--port", 0, "--tls-cert", certificate, "--tls-key", key), 1)
    assert line.startswith("ims-mock: ")
    assert message in line


@NOT_ROOT
def test_an_unreadable_key_is_one_line_and_status_1(tmp_path):
    key = tmp_path / "key.pem"
    key.touch(mode=0)
    line = refusal(run("serve", "--port", 0, "--tls-cert", CERT, "--tls-key", key), 1)
    assert line == f"ims-mock: {key}: cannot be read: Permission denied"
