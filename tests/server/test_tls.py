"""HTTPS as clients meet it: over sockets, with certificates of the tests' own."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from test_cli import CERT, KEY, LINUX, NOT_ROOT, OTHER_KEY, POSIX, SERVE, TLS, refusal, run, serving

MANY = ("--generate", "900", "--log-level", "info")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all questions."""
    with serving("default", *MANY, IMS_MOCK_TLS_CERT=CERT, IMS_MOCK_TLS_KEY=KEY) as found:
        yield found


def opened(server):
    """Open a connection that knows its end from being cut off."""
    trust = ssl.create_default_context(cafile=CERT)
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    return trust.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)


def read_all(connection):
    """Read to the end, which the server must tell."""
    found = b""
    while data := connection.recv(65_536):
        found += data
    return found


def head(method, path, *lines):
    """Write the head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()


def new_image(server):
    """Create an image and give its path."""
    created = server.ask("/v2/images", "POST", "{}", **{"Content-Type": "application/json"})
    assert created[0] == 201
    return json.loads(created[2])["self"]


def test_the_ready_line_says_https(server):
    """Its URL is the one that clients use."""
    assert server.url == f"https://127.0.0.1:{server.port}"


def test_requests_verifies_the_certificate(server):
    """The whole catalog comes over one connection, page by page, and links of the identity service keep the scheme."""
    with requests.Session() as session:
        session.verify, session.trust_env = CERT, False
        path, seen = "/v2/images?limit=100", 0
        while path:
            page = session.get(server.url + path).json()
            seen, path = seen + len(page["images"]), page.get("next")
        assert seen > 800
        link = session.get(server.url + "/v3").json()["version"]["links"][0]["href"]
        assert link.startswith(server.url)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url, timeout=10)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl to ask with")
def test_curl_verifies_the_certificate(server):
    """And asks in HTTP/1.1, whatever else it knows."""
    command = ["curl", "-sf", "--noproxy", "*", "--cacert", CERT, "-w", " %{http_version}", f"{server.url}/_ims/health"]
    answer, _, version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rpartition(" ")
    assert (json.loads(answer)["status"], version) == ("ok", "1.1")


def test_a_connection_ends_with_a_goodbye(server):
    """The client can be sure that the answer was not cut off."""
    with opened(server) as connection:
        connection.sendall(head("GET", "/v2/images?limit=1000", "Connection: close"))
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["images"]) > 500


def test_a_request_may_take_many_records(server):
    """Nothing that is decrypted already waits for more to come."""
    with opened(server) as connection:
        sent = head("GET", "/_ims/health", f"X-Long: {'x' * 200_000}", "Connection: close")
        for start in range(0, len(sent), 999):
            connection.sendall(sent[start : start + 999])
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    with opened(server) as connection:
        connection.sendall(2 * head("GET", "/_ims/health") + head("GET", "/_ims/health", "Connection: close"))
        assert read_all(connection).count(b"HTTP/1.1 200 ") == 3


def test_an_upload_is_passed_on_while_it_arrives(server):
    """The image is being saved before all of it is sent, and what was sent comes back."""
    path, data = new_image(server), bytes(range(256)) * 20_000
    with opened(server) as connection:
        length = f"Content-Length: {len(data)}"
        connection.sendall(head("PUT", f"{path}/file", "Content-Type: application/octet-stream", length))
        connection.sendall(data[:100_000])
        end = time.monotonic() + 10
        while json.loads(server.ask(path)[2])["status"] != "saving":
            assert time.monotonic() < end
        connection.sendall(data[100_000:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert requests.get(f"{server.url}{path}/file", verify=CERT, timeout=20).content == data


def test_an_upload_in_chunks_waits_to_be_asked_for(server):
    """``Expect: 100-continue`` is answered while the connection is read from."""
    path = new_image(server)
    with opened(server) as connection:
        lines = ("Content-Type: application/octet-stream", "Transfer-Encoding: chunked", "Expect: 100-continue")
        connection.sendall(head("PUT", f"{path}/file", *lines))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        for _ in range(50):
            connection.sendall(b"4\r\nabcd\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert server.ask(f"{path}/file")[2] == "abcd" * 50


def test_a_client_that_reads_slowly_gets_all(server):
    """What does not fit into the connection at once is sent later."""
    path, data = new_image(server), b"0123456789abcdef" * 500_000
    put = requests.put(f"{server.url}{path}/file", data, verify=CERT, timeout=20,
                       headers={"Content-Type": "application/octet-stream"})  # fmt: skip
    assert put.status_code == 204
    with opened(server) as connection:
        connection.sendall(head("GET", f"{path}/file", "Connection: close"))
        time.sleep(0.5)
        assert read_all(connection).endswith(b"\r\n\r\n" + data)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02", b"\0" * 100])
def test_whoever_speaks_no_tls_disturbs_nobody(server, sent):
    """Others are answered while it is silent, asks in plain HTTP, or stops in the middle of the handshake."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as other:
        other.sendall(sent)
        assert server.ask("/_ims/health")[0] == 200
        if sent[4:]:
            answer = b""
            try:
                while data := other.recv(1000):
                    answer += data
            except ConnectionError:
                pass
            assert b"HTTP" not in answer
    assert server.ask("/_ims/health")[0] == 200


def test_many_clients_are_answered_at_once(server):
    """Each on a connection of its own, reading and writing."""
    barrier = threading.Barrier(16)

    def asked(number):
        barrier.wait(10)
        return [server.ask(f"/v2/images?limit={number + 1}")[0] for _ in range(5)]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(asked, range(16))) == [[200] * 5] * 16


@POSIX
def test_a_signal_ends_https_within_a_second():
    """Whatever its connections do."""
    with serving("empty", "--tls-cert", CERT, "--tls-key", KEY) as server, opened(server) as one:
        one.sendall(b"GET / HT")
        with socket.create_connection(("127.0.0.1", server.port)):
            begun = time.monotonic()
            assert server.stopped() == ""
            assert time.monotonic() - begun < 1.5


def test_whoever_speaks_no_tls_is_in_the_log():
    """With an address and a reason, and without a traceback."""
    with serving("empty", "--tls-cert", CERT, "--tls-key", KEY, "--log-level", "info") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as other:
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises((ConnectionError, AssertionError)):
                assert other.recv(1000)
        (line,) = server.stopped().splitlines()
    assert line.endswith(" INFO TLS with the client at 127.0.0.1 failed: http request")


WRONG = [
    # certificate, key, what is said
    ("nowhere.pem", KEY, "nowhere.pem: cannot be read: No such file or directory"),
    (CERT, "nowhere.pem", "nowhere.pem: cannot be read: No such file or directory"),
    (str(TLS), KEY, f"{TLS}: cannot be read: Is a directory"),
    (KEY, KEY, f"{KEY}: no certificate found; it must be in PEM"),
    (CERT, CERT, f"{CERT}: no usable key found; it must be a private key in PEM, without a passphrase"),
    (CERT, str(TLS / "locked-key.pem"), "locked-key.pem: no usable key found; it must be a private key in PEM"),
    (CERT, OTHER_KEY, f"{OTHER_KEY}: not the key of {CERT}"),
]


@LINUX
@pytest.mark.parametrize(("certificate", "key", "words"), WRONG, ids=lambda value: Path(value).name)
def test_a_wrong_file_is_one_line_and_status_1(certificate, key, words):
    """The line names the file, what is wrong with it and what is legal."""
    line = refusal(run(SERVE, "--port", 0, "--tls-cert", certificate, "--tls-key", key), 1)
    assert line.startswith("ims-mock: ")
    assert words in line


@NOT_ROOT
def test_a_key_that_may_not_be_read_is_one_line_and_status_1(tmp_path):
    """As a key is that was mounted into a container for somebody else."""
    key = tmp_path / "key.pem"
    key.touch(mode=0)
    line = refusal(run(SERVE, "--port", 0, "--tls-cert", CERT, "--tls-key", key), 1)
    assert line == f"ims-mock: {key}: cannot be read: Permission denied"
