"""Connections: clients that do not read, idle ones, contradictory headers, and requests that hold much memory."""

import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests
from helpers import make_app, over_socket
from raw_http import CHUNKED, body, connected, head, read, read_head, read_response, read_to_end
from serving import COMMAND, POSIX, serving
from upload_app import FIRST, MIB

from ims_mock.server.http import Channel
from ims_mock.web.context import MAX_JSON_BYTES
from ims_mock.web.control.bodies import MAX_CATALOG_BYTES

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
IDLE = head("GET", "/")
FILE = "/v2/images/0f1e2d3c/file"


def closes(connection):
    """Return whether the server has closed a connection, after what it had sent before."""
    try:
        read_to_end(connection)
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


# --- clients that do not read


def ask_for_much(connect, count, requests_each=20, size=4):
    """Open connections that pipeline requests for large responses and read nothing."""
    found = [connect() for _ in range(count)]
    for connection in found:
        connection.sendall(head("GET", f"/?{size}") * requests_each)
    return found


def test_clients_that_do_not_read_occupy_no_worker(url, connect):
    ask_for_much(connect, 8)
    for _ in range(20):
        assert requests.get(url, timeout=5).text == "fine"


def test_a_client_that_does_not_read_holds_one_response_at_most(receiver, connect):
    (connection,) = ask_for_much(connect, 1)
    time.sleep(0.5)
    assert len(receiver.environs) < 6  # some are in the buffers of the sockets
    for _ in range(20):
        assert read_response(connection)[2] == bytes(4 * MIB)
    assert len(receiver.environs) == 20


def test_all_responses_together_hold_a_limited_number_of_bytes(server, monkeypatch, connect):
    monkeypatch.setattr("ims_mock.server.limits.MAX_HELD_BYTES", MIB)  # 16 MiB in all
    ask_for_much(connect, 20, requests_each=1, size=12)
    assert requests.get(server.url, timeout=10).text == "fine"  # others are disconnected
    channels, deadline = server._server.active_channels, time.monotonic() + 20
    while len(channels) > 18:
        assert sum(channel.total_outbufs_len for channel in list(channels.values())) < 48 * MIB
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_that_reads_nothing_is_disconnected(connect, monkeypatch):
    monkeypatch.setattr("ims_mock.server.limits.WRITE_SECONDS", 1.0)
    slow, silent = ask_for_much(connect, 2, size=8)
    for _ in range(10):
        time.sleep(0.3)
        read(slow, 4 * MIB)
    assert closes(silent)
    read(slow, 120 * MIB)


def test_a_client_that_reads_nothing_but_sends_is_disconnected(url, monkeypatch):
    monkeypatch.setattr("ims_mock.server.limits.WRITE_SECONDS", 1.0)
    with connected(url, 0.3) as connection:
        connection.sendall(head("GET", "/?40") + head("PUT", FILE, {"Content-Length": "1000"}))
        deadline = time.monotonic() + 6
        with suppress(ConnectionError):
            while time.monotonic() < deadline:
                connection.sendall(b"a")
                time.sleep(0.2)
        assert time.monotonic() < deadline


# --- idle connections


@POSIX
def test_a_client_is_served_beside_more_idle_connections_than_files_may_be_open():
    command = ("sh", "-c", 'ulimit -n 200; exec "$0" "$@"', *COMMAND, "serve")
    with serving("empty", command=command) as server, ExitStack() as stack:
        idle = [stack.enter_context(connected(server.url, 0.5)) for _ in range(300)]
        for connection in idle[150::2]:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        assert server.ask("/_ims/health")[0] == 200
        assert closes(idle[0])
        assert not closes(idle[-1])
        (line,) = server.stopped().splitlines()
        assert line.endswith("WARNING 136 connections are open; the oldest idle ones are closed")


@pytest.fixture
def full_url(server):
    """The URL of a server that keeps four connections open."""
    server._server.max_connections = 4
    return server.url


def test_a_busy_connection_is_not_closed_for_another(receiver, full_url, monkeypatch, connect):
    monkeypatch.setattr("ims_mock.server.limits.QUIET_SECONDS", 0.2)
    receiver.may_read.clear()
    busy = connect()
    busy.sendall(head("GET", "/?refuse"))
    for _ in range(10):
        connect()
    assert requests.get(full_url, timeout=5).text == "fine"
    receiver.may_read.set()
    assert read_response(busy)[0] == 409


def test_a_new_connection_is_not_closed_before_its_first_request(receiver, full_url, connect):
    receiver.may_read.clear()
    for _ in range(3):
        connect().sendall(head("GET", "/?refuse"))
    first, second = (connect() for _ in range(2))
    time.sleep(0.5)
    for connection in (first, second):
        connection.sendall(IDLE)
        assert read_response(connection)[0] == 200
    receiver.may_read.set()


@pytest.fixture
def uploading(full_url, connect):
    """As many uploads as connections are kept open, none of which is complete."""
    found = [connect() for _ in range(4)]
    for connection in found:
        connection.sendall(head("PUT", "/_ims/catalog", {"Content-Length": "1000"}) + b"{")
    return found


def test_an_upload_of_a_silent_client_is_closed_for_another(full_url, uploading):
    with ExitStack() as stack:
        for _ in range(4):
            assert stack.enter_context(requests.get(full_url, timeout=10, stream=True)).text == "fine"
        assert closes(uploading[0])


def send_slowly(connections, until):
    """Send a byte over each connection now and then."""
    while not until.wait(0.05):
        for connection in connections:
            with suppress(OSError):  # the server has closed it
                connection.sendall(b" ")


@pytest.mark.parametrize(("rate", "is_closed"), [(1024, True), (1, False)])
def test_a_very_slow_upload_is_closed_for_another_client(full_url, uploading, monkeypatch, rate, is_closed):
    monkeypatch.setattr("ims_mock.server.limits.UPLOAD_BYTES_PER_SECOND", rate)
    is_over = threading.Event()
    sender = threading.Thread(target=send_slowly, args=[uploading, is_over])
    sender.start()
    try:
        with connected(full_url, seconds=20 if is_closed else 4) as other:
            other.sendall(IDLE)
            if is_closed:
                assert read_response(other)[0] == 200
            else:
                with pytest.raises(TimeoutError):
                    other.recv(1)
    finally:
        is_over.set()
        sender.join()


# --- contradictory headers


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", "1.1"),
        ("transfer-encoding: chunked\r\nCONTENT-LENGTH: 4", "1.1"),
        ("Transfer-Encoding: chunked", "1.0"),
        ("Transfer-Encoding: gzip, chunked", "1.1"),
        ("Transfer-Encoding: chunked, chunked", "1.1"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "1.1"),
        ("Transfer-Encoding:", "1.1"),
        ("Content-Length: 4\r\nContent-Length: 4", "1.1"),
        ("Content-Length: 4\r\nContent-Length: 5", "1.1"),
        ("Content-Length: +4", "1.1"),
        ("Host: b", "1.1"),
        ("host: a", "1.1"),
    ],
)
@pytest.mark.parametrize("target", [FILE, "/v2/images"])
def test_a_request_that_can_be_read_in_two_ways_is_rejected(receiver, connection, headers, version, target):
    connection.sendall(f"PUT {target} HTTP/{version}\r\nHost: a\r\n{headers}\r\n\r\n".encode() + IDLE)
    status, found, text = read_response(connection)
    assert connection.recv(1) == b""
    assert (status, found["Connection"], json.loads(text)["error_code"]) == (400, "close", "APIGW.0602")
    assert not receiver.environs


NO_TARGETS = (
    "_ims/a", "http:/_ims/a", "x:/_ims/a", "http:///_ims/a", "ftp://a/_ims/a", "/\t_ims/a", "\x01/_ims/a", "a:80", "**",
    "?0", "/a#b", "/a?name=b#c", "http://a#b",
)  # fmt: skip


@pytest.mark.parametrize("target", NO_TARGETS)
def test_a_request_target_is_a_path_or_a_url(receiver, connection, target):
    connection.sendall(head("GET", target))
    status, found, text = read_response(connection)
    assert (status, found["Connection"]) == (400, "close")
    assert "the request target" in json.loads(text)["error_msg"]
    assert not receiver.environs


@pytest.mark.parametrize("target", ["/", "//a", "/a:b?0", "http://a", "HTTP://a:1?0", "https://a/b", "*"])
def test_paths_and_urls_are_accepted(connection, target):
    connection.sendall(head("GET", target, {"Connection": "close"}))
    assert read_head(connection)[0] == 200


def test_a_content_length_of_many_digits_is_rejected(connection):
    connection.sendall(head("POST", "/", {"Content-Length": "1" * 5000}))
    status, _, text = read_response(connection)
    assert (status, "Content-Length has 5000 digits" in json.loads(text)["error_msg"]) == (400, True)


def test_a_client_may_disconnect_while_it_is_told_that_its_request_is_malformed(url, caplog, monkeypatch):
    write_soon = Channel.write_soon

    def written(channel, data):
        time.sleep(0.2)  # the event loop notices meanwhile that an earlier part could not be sent
        return write_soon(channel, data)

    monkeypatch.setattr(Channel, "write_soon", written)
    with connected(url) as connection:
        connection.sendall(b"no request\r\n\r\n")
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert requests.get(url, timeout=5).text == "fine"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# --- requests that hold much memory


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/v2/images", MAX_JSON_BYTES),
        ("POST", "/v3/auth/tokens", MAX_JSON_BYTES),
        ("PUT", "/_ims/clock", MAX_JSON_BYTES),
        ("PUT", "/_ims/catalog", MAX_CATALOG_BYTES),
        ("PATCH", "/_ims/catalog", MAX_CATALOG_BYTES),
        ("POST", "/_ims/sandboxes", MAX_CATALOG_BYTES),
    ],
)
def test_a_body_over_a_known_limit_is_rejected_before_it_is_read(method, path, limit):
    with over_socket(make_app("empty")) as ask, connected(ask.url) as connection:
        connection.sendall(head(method, path, {**JSON, "Content-Length": str(limit + 1)}))
        status, _, text = read_response(connection)
        assert (status, f"at most {limit} bytes" in text.decode()) == (413, True)
        connection.sendall(bytes(limit + 1) + head("GET", "/_ims/health"))
        assert read_response(connection)[0] == 200


SIGNED = {"Authorization": "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=b"}
TOO_LARGE = (413, "APIGW.0201", "'the body has 16777217 bytes'. Use at most 16777216 bytes.")


@pytest.mark.parametrize(
    ("auth", "headers", "expected"),
    [
        ("on", SIGNED, (401, "APIGW.0301", "calc aksk signature fail:body too large. Use at most 12582912 bytes")),
        ("on", {**SIGNED, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"}, TOO_LARGE),
        ("on", {}, TOO_LARGE),
        ("off", SIGNED, TOO_LARGE),
    ],
)
def test_a_signed_body_of_any_size_over_the_limit_is_a_wrong_signature(auth, headers, expected):
    with over_socket(make_app("empty", auth=auth)) as ask, connected(ask.url) as connection:
        connection.sendall(head("POST", "/v2/images", {**headers, "Content-Length": str(2**24 + 1)}))
        status, _, text = read_response(connection)
    answer = json.loads(text)
    assert (status, answer["error_code"]) == expected[:2]
    assert expected[2] in answer["error_msg"]


@pytest.mark.parametrize("is_header", [False, True])
def test_all_requests_together_hold_a_limited_number_of_bytes(server, monkeypatch, is_header, connect):
    monkeypatch.setattr("ims_mock.server.limits.MAX_HELD_BYTES", MIB // 8)  # 2 MiB in all
    holding = [connect() for _ in range(5)]
    for connection in holding[:4]:
        if is_header:
            connection.sendall(b"GET /?1 HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (MIB // 2 - 99))
        else:
            connection.sendall(head("POST", "/?1", CHUNKED) + body(CHUNKED, bytes(MIB // 2 - 99)))
    channels = server._server.active_channels
    while sum(channel.held_bytes(0) for channel in list(channels.values())) < 2 * MIB - 400:
        time.sleep(0.01)
    last = holding[4]
    last.sendall(head("POST", "/", CHUNKED) + body(CHUNKED, bytes(MIB // 2)))
    status, headers, text = read_response(last)
    assert (status, headers["Connection"], b"too many bytes at the same time" in text) == (503, "close", True)
    for connection in holding[:4]:
        connection.sendall(b"\r\n\r\n" if is_header else body(CHUNKED, b""))
        assert read_response(connection)[0] == 200


def test_an_upload_is_interrupted_if_all_requests_hold_too_many_bytes(receiver, connection, monkeypatch):
    monkeypatch.setattr("ims_mock.server.limits.MAX_HELD_BYTES", MIB // 32)
    receiver.may_read.clear()
    connection.sendall(head("PUT", "/_ims/catalog", CHUNKED) + body(CHUNKED, FIRST))
    assert receiver.has_begun.wait(10)
    connection.sendall(body(CHUNKED, bytes(MIB - 999)))
    time.sleep(0.2)
    receiver.may_read.set()
    assert receiver.has_ended.wait(10)
    assert [str(error) for error in receiver.errors] == ["too many bytes at the same time"]
    assert read_head(connection)[1]["Connection"] == "close"


def test_a_file_that_is_not_kept_is_received_whatever_its_size(url, monkeypatch):
    monkeypatch.setattr("ims_mock.server.limits.MAX_HELD_BYTES", MIB // 2)
    assert requests.put(url + FILE, data=bytes(40 * MIB), timeout=20).json()[0] == 40 * MIB


# --- the end of the server


@pytest.fixture
def begin_answer():
    """A function that lets a server of its own begin to answer; it returns the server and the answer to come."""
    with ThreadPoolExecutor() as pool, serving("empty") as server:

        def begin(seconds):
            rule = json.dumps({"match": {"path": "/v2/images"}, "effect": {"delay": seconds}})
            assert server.ask("/_ims/faults", "POST", rule, **JSON)[0] == 201
            answer = pool.submit(server.ask, "/v2/images")
            time.sleep(0.3)
            return server, answer

        yield begin


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_requests_are_finished_after_a_signal(begin_answer, number):
    server, answer = begin_answer(2)
    with connected(server.url) as idle:
        begun = time.monotonic()
        server.process.send_signal(number)
        assert idle.recv(1) == b""
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", server.port), timeout=5)
        assert time.monotonic() - begun < 1.5
    assert server.process.wait(10) == 0
    assert time.monotonic() - begun < 4
    status, headers, _ = answer.result()
    assert (status, headers["Connection"]) == (200, "close")


@POSIX
def test_requests_get_five_seconds_to_finish(begin_answer):
    server, _ = begin_answer(30)
    begun = time.monotonic()
    server.process.terminate()
    assert server.process.wait(10) == 0
    assert 4.5 < time.monotonic() - begun < 8


@POSIX
def test_a_second_signal_ends_the_process_at_once(begin_answer):
    server, _ = begin_answer(30)
    server.process.terminate()
    time.sleep(0.3)
    begun = time.monotonic()
    server.process.terminate()
    assert (server.process.wait(10), *server.process.communicate()) == (0, "", "")
    assert time.monotonic() - begun < 1


@POSIX
def test_an_upload_that_still_arrives_is_finished_after_a_signal():
    catalog = json.dumps({"images": [{"id": "a", "status": "queued"}]})
    with serving("empty") as server, connected(server.url) as connection:
        assert server.ask("/_ims/catalog", "PUT", catalog, **JSON)[0] == 200
        connection.sendall(head("PUT", "/v2/images/a/file", {"Content-Type": "application/octet-stream", **CHUNKED}))
        for number in range(10):
            connection.sendall(body(CHUNKED, b"abc"))
            time.sleep(0.2)
            if number == 2:
                server.process.terminate()
        connection.sendall(body(CHUNKED, b""))
        assert read_head(connection)[0] == 204
        assert server.process.wait(5) == 0
