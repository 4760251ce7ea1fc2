"""Responses before the body has arrived reach the client, and the connection survives where possible."""

import json
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests
from helpers import make_app, over_socket
from raw_http import CHUNKED, body, connected, head, read, read_head, read_response
from upload_app import MIB, summary

pytestmark = pytest.mark.slow

PATH = "/v2/images/0f1e2d3c/file"
REFUSED = f"{PATH}?refuse"
DATA = b"twenty-five bytes of data"
LARGE = 40 * MIB
LARGE_LENGTH = {"Content-Length": str(LARGE)}
CLOSE = {"Connection": "close"}
EXPECT = {"Expect": "100-continue"}
LENGTH = {"Content-Length": str(len(DATA))}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("more", [{}, CLOSE])
def test_an_early_response_reaches_a_client_that_continues_to_send(connection, version, more):
    connection.sendall(head("PUT", REFUSED, {**LARGE_LENGTH, **more}, version))
    assert connection.recv(1, socket.MSG_PEEK) == b"H"
    for _ in range(LARGE // MIB):
        connection.sendall(bytes(MIB))
    assert read_response(connection)[0] == 409


@pytest.mark.parametrize("more", [{}, CLOSE])
def test_a_late_response_reaches_a_client_that_waits_to_send(receiver, connection, more):
    receiver.may_read.clear()
    later = threading.Timer(0.3, receiver.may_read.set)
    later.start()
    connection.sendall(head("PUT", REFUSED, {**LARGE_LENGTH, **more}) + bytes(LARGE))
    assert read_response(connection)[0] == 409
    later.join()


def test_the_rest_of_a_refused_upload_is_not_taken_for_a_request(receiver, connection):
    request = head("GET", "/")
    connection.sendall(head("PUT", REFUSED, LARGE_LENGTH))
    status, headers, _ = read_response(connection)
    assert (status, headers.get("Connection")) == (409, None)
    connection.sendall(request + bytes(LARGE - len(request)) + head("GET", "/?1"))
    assert read_response(connection)[2] == bytes(MIB)
    assert [environ["QUERY_STRING"] for environ in receiver.environs] == ["refuse", "1"]


@pytest.mark.parametrize(
    ("version", "more", "connection_header"), [("1.1", {}, None), ("1.1", CLOSE, "close"), ("1.0", {}, "close")]
)
def test_a_connection_survives_a_response_without_a_body(version, more, connection_header):
    with over_socket(make_app({"images": [{"id": "a"}]})) as ask, connected(ask.url) as connection:
        for _ in range(1 if connection_header else 3):
            connection.sendall(head("PUT", "/v2/images/a/tags/b", more, version))
            status, headers = read_head(connection)
            assert (status, headers.get("Connection")) == (204, connection_header)
            assert not {"Content-Type", "Content-Length", "Transfer-Encoding"} & headers.keys()
        assert not connection_header or connection.recv(1) == b""


def test_waiting_for_a_client_to_close_needs_no_cpu(connection):
    connection.sendall(head("GET", "/", CLOSE))
    assert read_response(connection)[0] == 200
    assert connection.recv(1) == b""
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1


@pytest.mark.parametrize("is_chunked", [False, True])
def test_requests_reports_an_early_response(url, is_chunked):
    data = (bytes(MIB) for _ in range(LARGE // MIB)) if is_chunked else bytes(LARGE)
    with requests.Session() as session:
        assert session.put(url + REFUSED, data=data, timeout=20).status_code == 409
        assert session.get(url, timeout=20).status_code == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("more", [(), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:"), ("--http1.0",)])
@pytest.mark.parametrize("target", [REFUSED, PATH])
def test_curl_reports_the_response(url, tmp_path, more, target):
    file = tmp_path / "image"
    file.write_bytes(bytes(LARGE))
    command = ["curl", "-sS", "-w", " %{http_code}", "-T", file, *more, url + target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expected = "fine 409" if target == REFUSED else json.dumps(summary(bytes(LARGE))) + " 200"
    assert (done.stdout, done.stderr) == (expected, "")


@pytest.mark.parametrize("headers", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_continue_is_sent_when_the_application_reads(connection, headers):
    for _ in range(2):
        connection.sendall(head("PUT", PATH, {**headers, **EXPECT}))
        assert read(connection, len(CONTINUE)) == CONTINUE
        connection.sendall(body(headers, DATA, b""))
        assert json.loads(read_response(connection)[2]) == summary(DATA)


def test_continue_is_sent_after_earlier_responses(connection):
    connection.sendall(head("GET", "/?1") + head("PUT", PATH, {**LENGTH, **EXPECT}))
    assert read_response(connection)[2] == bytes(MIB)
    assert read(connection, len(CONTINUE)) == CONTINUE
    connection.sendall(DATA)
    assert json.loads(read_response(connection)[2]) == summary(DATA)


def test_continue_is_not_sent_to_a_client_that_did_not_wait(connection):
    connection.sendall(head("PUT", PATH, {**LENGTH, **EXPECT}) + DATA[:10])
    connection.sendall(DATA[10:])
    _, headers, found = read_response(connection)
    assert (json.loads(found), headers.get("Connection")) == (summary(DATA), None)


def test_a_response_instead_of_continue_closes_the_connection(connection):
    connection.sendall(head("PUT", REFUSED, {**LARGE_LENGTH, **EXPECT}))
    assert connection.recv(1, socket.MSG_PEEK) == b"H"
    connection.sendall(bytes(LARGE))
    status, headers, _ = read_response(connection)
    assert (status, headers["Connection"]) == (409, "close")
    assert connection.recv(1) == b""
