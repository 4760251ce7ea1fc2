"""Uploads reach the application while they arrive, need little memory, and fail if the client disconnects."""

import json
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack, suppress

import pytest
import requests
from raw_http import CHUNKED, body, connected, head, read_response
from serving import takes_a_second
from upload_app import FIRST, MIB, UploadApp, summary

from ims_mock.server.limits import MAX_BODY_BYTES, MAX_BUFFERED_BYTES, MAX_HEADER_BYTES
from ims_mock.server.server import BackgroundServer
from ims_mock.server.upload_stream import UploadInterruptedError, UploadStream

pytestmark = pytest.mark.slow

PATH = "/v2/images/0f1e2d3c/file"
LAST = b"the last bytes"
DATA = FIRST + LAST
LENGTH = {"Content-Length": str(len(DATA))}
ENCODINGS = pytest.mark.parametrize("headers", [LENGTH, CHUNKED], ids=["length", "chunked"])


@ENCODINGS
@pytest.mark.parametrize("prefix", ["", "/_ims/sandboxes/x", "/"])
def test_the_application_reads_an_upload_while_it_arrives(receiver, connection, headers, prefix):
    connection.sendall(head("PUT", prefix + PATH, headers) + body(headers, FIRST))
    assert receiver.has_begun.wait(10)
    connection.sendall(body(headers, LAST, b""))
    status, _, found = read_response(connection)
    assert (status, json.loads(found)) == (200, summary(DATA))
    (environ,) = receiver.environs
    assert environ.get("CONTENT_LENGTH") == headers.get("Content-Length")
    assert environ.get("HTTP_TRANSFER_ENCODING") == headers.get("Transfer-Encoding")
    assert environ["wsgi.input_terminated"] is True


@ENCODINGS
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_requests_may_arrive_in_pieces_of_any_size(connection, headers, size):
    sent = 2 * (head("PUT", PATH, headers) + body(headers, FIRST, LAST, b"")) + head("GET", "/")
    for start in range(0, len(sent), size):
        connection.sendall(sent[start : start + size])
    assert [json.loads(read_response(connection)[2]) for _ in range(2)] == [summary(DATA)] * 2
    assert read_response(connection)[2] == b"fine"


@ENCODINGS
def test_pipelined_requests_are_answered_in_order(receiver, connection, headers):
    connection.sendall(head("GET", "/?1") + head("PUT", PATH, headers) + body(headers, FIRST))
    assert read_response(connection)[2] == bytes(MIB)
    assert receiver.has_begun.wait(10)
    connection.sendall(body(headers, LAST, b"") + head("GET", "/"))
    assert json.loads(read_response(connection)[2]) == summary(DATA)
    assert read_response(connection)[2] == b"fine"
    connection.sendall(head("GET", "/"))
    assert read_response(connection)[2] == b"fine"


@pytest.mark.parametrize("target", ["/v2/images/a/b/file", "/v2/images//file", f"{PATH}/", "/v2/images/a%2Fb/file"])
def test_other_bodies_are_collected_first(receiver, connection, target):
    connection.sendall(head("PUT", target, LENGTH) + FIRST)
    assert not receiver.has_begun.wait(0.2)
    connection.sendall(LAST)
    assert json.loads(read_response(connection)[2]) == summary(DATA)


def test_slow_uploads_block_no_other_requests(url):
    workers = threading.active_count()
    with ExitStack() as stack:
        for _ in range(9):  # there are 4 workers
            stack.enter_context(connected(url)).sendall(head("PUT", PATH, LENGTH) + FIRST)
        for _ in range(20):
            assert requests.get(url, timeout=5).status_code == 200
    deadline = time.monotonic() + 10
    while threading.active_count() > workers:
        assert time.monotonic() < deadline, "additional threads are still running"
        time.sleep(0.01)


def test_reading_from_a_silent_client_times_out(monkeypatch):
    monkeypatch.setattr("ims_mock.server.limits.READ_SECONDS", 0.1)
    with pytest.raises(UploadInterruptedError, match=r"no data was received for 0\.1 seconds"):
        UploadStream().getfile().read(1)


@ENCODINGS
def test_a_client_waits_for_a_slow_application(receiver, url, headers):
    receiver.may_read.clear()
    pieces = 64 * 16
    piece = bytes(65536)
    framed = body(headers, piece)
    total, sent = pieces * len(framed), 0

    def send_some(connection):
        start = sent % len(framed)
        return connection.send((framed * 2)[start : start + min(len(framed), total - sent)])

    tracemalloc.start()
    with connected(url, seconds=1) as connection:
        length = {"Content-Length": str(pieces * len(piece))}
        connection.sendall(head("PUT", PATH, length if headers is LENGTH else headers))
        with suppress(TimeoutError):
            while True:
                sent += send_some(connection)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert sent < total / 2
        assert held < 2 * MAX_BUFFERED_BYTES
        receiver.may_read.set()
        connection.settimeout(20)
        while sent < total:
            sent += send_some(connection)
        connection.sendall(body(headers, b""))
        assert json.loads(read_response(connection)[2]) == summary(bytes(pieces * len(piece)))


@pytest.mark.parametrize("more", [{}, CHUNKED, {"Expect": "100-continue"}], ids=["length", "chunked", "expecting"])
def test_other_bodies_are_limited(receiver, connection, more):
    headers = CHUNKED if more is CHUNKED else {"Content-Length": str(40 * MIB), **more}
    tracemalloc.start()
    connection.sendall(head("POST", "/v2/images", headers))
    for _ in range(40):
        connection.sendall(body(headers, bytes(MIB)))
    status, sent, found = read_response(connection)
    assert connection.recv(1) == b""
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, sent["Connection"], json.loads(found)["error_code"]) == (413, "close", "APIGW.0201")
    assert f"{MAX_BODY_BYTES} bytes" in json.loads(found)["error_msg"]
    assert held < (2 * MAX_BODY_BYTES if more is CHUNKED else 4 * MIB)
    assert not receiver.environs


def close(connection):
    connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def half_close(connection):
    connection.shutdown(socket.SHUT_WR)


@ENCODINGS
@pytest.mark.parametrize("end", [close, reset, half_close])
def test_reading_an_interrupted_upload_raises(receiver, url, headers, end, connection):
    connection.sendall(head("PUT", PATH, headers) + body(headers, FIRST))
    assert receiver.has_begun.wait(10)
    end(connection)
    assert receiver.has_ended.wait(10)
    assert [type(error) for error in receiver.errors] == [UploadInterruptedError]
    assert requests.get(url, timeout=10).status_code == 200


def test_a_connection_is_closed_after_an_invalid_chunk(receiver, connection):
    connection.sendall(head("PUT", PATH, CHUNKED) + body(CHUNKED, FIRST))
    assert receiver.has_begun.wait(10)
    connection.sendall(b"no chunk\r\n" + head("GET", "/"))
    status, headers, found = read_response(connection)
    assert (status, headers["Connection"], json.loads(found)) == (200, "close", summary(FIRST))
    assert connection.recv(1) == b""
    assert ([type(error) for error in receiver.errors], len(receiver.environs)) == ([UploadInterruptedError], 1)


def test_an_invalid_chunk_after_the_response_is_rejected(receiver, connection):
    connection.sendall(head("PUT", f"{PATH}?refuse", CHUNKED))
    assert read_response(connection)[0] == 409
    connection.sendall(b"no chunk\r\n")
    assert read_response(connection)[0] == 400
    connection.sendall(head("GET", "/"))
    assert connection.recv(1) == b""
    assert len(receiver.environs) == 1


@pytest.mark.parametrize("garbage", [b"no chunk\r\n", b"1\r\nabc\r\n", b"1;=\r\na\r\n"])
def test_an_invalid_first_chunk_never_reaches_the_application(receiver, connection, garbage):
    connection.sendall(head("PUT", PATH, CHUNKED) + garbage)
    status, _, found = read_response(connection)
    assert (status, json.loads(found)["error_code"]) == (400, "APIGW.0602")
    assert not receiver.environs


def test_chunk_headers_are_limited(receiver, connection):
    connection.sendall(head("PUT", PATH, CHUNKED) + body(CHUNKED, FIRST))
    assert receiver.has_begun.wait(10)
    connection.sendall(b"1;" + b"a" * 2 * MAX_HEADER_BYTES)
    assert read_response(connection)[1]["Connection"] == "close"
    assert [str(error) for error in receiver.errors] == ["Chunk header or trailer too long"]


def test_a_server_that_stops_interrupts_a_silent_upload_within_a_second():
    def seconds():
        receiver = UploadApp()
        server = BackgroundServer(receiver)
        with connected(server.url) as connection:
            connection.sendall(head("PUT", PATH, LENGTH) + FIRST)
            assert receiver.has_begun.wait(10)
            begun = time.monotonic()
            server._server.stop()
            server._thread.join(10)
            assert [type(error) for error in receiver.errors] == [UploadInterruptedError]
            return time.monotonic() - begun

    assert not takes_a_second(seconds)
