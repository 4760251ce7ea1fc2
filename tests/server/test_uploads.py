"""The server passes uploads on while they arrive, refuses without losing the answer, and writes no temporary files."""

import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from helpers import make_app, over_socket

from ims_mock.server.http import MAX_BODY_BYTES, MAX_HEADER_BYTES
from ims_mock.server.server import bind, exit_on_signals, make_server
from ims_mock.server.upload_stream import MAX_BUFFERED_BYTES, UploadInterrupted, UploadStream

PATH = "/v2/images/0f1e2d3c/file"
REFUSED = f"{PATH}?refuse"
MIB = 2**20
LARGE = 40 * MIB
FIRST, LAST = b"the first bytes", b"the last bytes"
SENT = FIRST + LAST
LENGTH = {"Content-Length": str(len(SENT))}
CHUNKED = {"Transfer-Encoding": "chunked"}
CLOSING = {"Connection": "close"}
EXPECTING = {"Expect": "100-continue"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BOTH = pytest.mark.parametrize("headers", [LENGTH, CHUNKED], ids=["length", "chunked"])
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


class Store:
    """An application that reads uploads when it may, and remembers what it saw of them."""

    def __init__(self):
        self.extensions = {"ims_mock": make_app("empty").extensions["ims_mock"]}
        self.environs, self.errors = [], []
        self.has_begun, self.has_ended, self.may_read = threading.Event(), threading.Event(), threading.Event()
        self.may_read.set()

    def __call__(self, environ, start_response):
        """Answer as the query tells: refuse without reading, or with so many MiB; else with what was read."""
        self.environs.append(environ)
        status, body, query = "200 OK", b"fine", environ["QUERY_STRING"]
        if query == "refuse":
            self.may_read.wait(20)
            status = "409 Conflict"
        elif query:
            body = bytes(int(query) * MIB)
        elif environ["REQUEST_METHOD"] != "GET":
            body = json.dumps(self.read(environ["wsgi.input"])).encode()
        start_response(status, [("Content-Length", str(len(body)))])
        return [body]

    def read(self, stream):
        """Read an upload to its end, and give its length and checksum."""
        length, checksum, size = 0, hashlib.md5(), len(FIRST)
        try:
            while data := stream.read(size):
                length, size = length + len(data), 65536
                checksum.update(data)
                self.has_begun.set()
                self.may_read.wait(20)
        except OSError as error:
            self.errors.append(error)
        self.has_ended.set()
        return [length, checksum.hexdigest()]


@pytest.fixture
def store():
    """A store of uploads."""
    return Store()


@pytest.fixture
def url(store):
    """The URL under which the store is served."""
    with over_socket(store) as ask:
        yield ask.url


@contextmanager
def connected(url, seconds=20):
    """Connect to a server."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def head(headers, method="PUT", target=PATH, version="1.1"):
    """Write the head of a request."""
    lines = [f"{method} {target} HTTP/{version}", "Host: a", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data):
    """Write a chunk; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def body(headers, *pieces):
    """Write a body, or its beginning, as its headers announce it."""
    return b"".join(map(chunk, pieces) if headers is CHUNKED else pieces)


def head_of(connection):
    """Read the head of one answer: its status and its headers."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        got += connection.recv(1) or pytest.fail(f"closed after {got!r}")
    return int(got.split()[1]), dict(re.findall(r"([\w-]+): (.*)\r\n", got.decode()))


def answer(connection):
    """Read one answer: its status, its headers and its body."""
    status, headers = head_of(connection)
    return status, headers, received(connection, int(headers["Content-Length"]))


def received(connection, length):
    """Read so many bytes."""
    got = bytearray()
    while len(got) < length:
        got += connection.recv(min(length - len(got), 65536)) or pytest.fail(f"closed after {got!r}")
    return bytes(got)


def told(data):
    """Give what the store answers to an upload."""
    return [len(data), hashlib.md5(data).hexdigest()]


# --- while they arrive ----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("prefix", ["", "/_ims/sandboxes/x", "/"])
def test_an_upload_is_read_while_it_arrives(store, url, headers, prefix):
    """The application has the first bytes before the last are sent; a length is told only where the client told it."""
    with connected(url) as connection:
        connection.sendall(head(headers, target=prefix + PATH) + body(headers, FIRST))
        assert store.has_begun.wait(10)
        connection.sendall(body(headers, LAST, b""))
        status, _, found = answer(connection)
    assert (status, json.loads(found)) == (200, told(SENT))
    (environ,) = store.environs
    assert environ.get("CONTENT_LENGTH") == headers.get("Content-Length")
    assert environ.get("HTTP_TRANSFER_ENCODING") == headers.get("Transfer-Encoding")
    assert environ["wsgi.input_terminated"] is True


def test_chunks_count_and_not_a_length_besides(store, url):
    """A client that sends both means the chunks."""
    with connected(url) as connection:
        connection.sendall(head({"Content-Length": "7", **CHUNKED}) + body(CHUNKED, FIRST, LAST, b""))
        assert json.loads(answer(connection)[2]) == told(SENT)
    assert "CONTENT_LENGTH" not in store.environs[0]


@BOTH
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_it_does_not_matter_how_an_upload_is_cut(url, headers, size):
    """Heads and bodies that come in pieces, or all in one, are read alike, and so are the requests that follow."""
    sent = 2 * (head(headers) + body(headers, FIRST, LAST, b"")) + head({}, "GET", "/")
    with connected(url) as connection:
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        assert [json.loads(answer(connection)[2]) for _ in range(2)] == [told(SENT)] * 2
        assert answer(connection)[2] == b"fine"


@BOTH
def test_an_upload_waits_for_its_turn(store, url, headers):
    """Of requests that are sent without waiting, the answers keep their order, and the connection stays."""
    with connected(url) as connection:
        connection.sendall(head({}, "GET", "/?1") + head(headers) + body(headers, FIRST))
        assert answer(connection)[2] == bytes(MIB)
        assert store.has_begun.wait(10)
        connection.sendall(body(headers, LAST, b"") + head({}, "GET", "/"))
        assert json.loads(answer(connection)[2]) == told(SENT)
        assert answer(connection)[2] == b"fine"
        connection.sendall(head({}, "GET", "/"))
        assert answer(connection)[2] == b"fine"


@pytest.mark.parametrize("target", ["/v2/images/a/b/file", "/v2/images//file", f"{PATH}/", "/v2/images/a%2Fb/file"])
def test_other_bodies_are_collected(store, url, target):
    """Only the path of an upload is one."""
    with connected(url) as connection:
        connection.sendall(head(LENGTH, target=target) + FIRST)
        assert not store.has_begun.wait(0.2)
        connection.sendall(LAST)
        assert json.loads(answer(connection)[2]) == told(SENT)


def test_a_slow_upload_keeps_nobody_waiting(store, url):
    """Others are answered while it lasts."""
    with connected(url) as connection:
        connection.sendall(head(LENGTH) + FIRST)
        assert store.has_begun.wait(10)
        for _ in range(20):
            assert requests.get(url, timeout=5).status_code == 200
        connection.sendall(LAST)
        assert answer(connection)[0] == 200


def test_slow_uploads_take_no_worker_from_others(url):
    """Others are answered however many uploads have stopped halfway; in the end the workers are as many as before."""
    workers = threading.active_count()
    with ExitStack() as stack:
        for _ in range(9):  # there are 4 workers
            stack.enter_context(connected(url)).sendall(head(LENGTH) + FIRST)
        for _ in range(20):
            assert requests.get(url, timeout=5).status_code == 200
    for _ in range(500):
        if threading.active_count() == workers:
            return
        time.sleep(0.01)
    pytest.fail(f"{threading.active_count() - workers} workers too many")


def test_the_body_of_an_upload_is_a_file():
    """Lines can be read from it, and a reader waits until it has all that it asks for."""
    upload = UploadStream()
    upload.append(b"one\ntwo\nth")
    file = upload.getfile()
    assert file.readline() == b"one\n"
    later = threading.Timer(0.05, lambda: (upload.append(b"ree\nfour\nfive"), upload.end()))
    later.start()
    assert file.read(13) == b"two\nthree\nfou"
    assert list(file) == [b"r\n", b"five"]
    assert (file.read(5), file.read()) == (b"", b"")
    later.join()


# --- how much waits -------------------------------------------------------------------------------


@BOTH
def test_a_client_waits_for_a_slow_application(store, url, headers):
    """About a MiB of an upload is held; the rest stays with the client until the application reads on."""
    store.may_read.clear()
    piece, sent, pieces = bytes(65536), 0, 64 * 16
    framed = body(headers, piece)
    tracemalloc.start()
    with connected(url, seconds=1) as connection:
        connection.sendall(head({"Content-Length": str(pieces * len(piece))} if headers is LENGTH else headers))
        with suppress(TimeoutError):
            while True:
                sent += connection.send((framed * 2)[sent % len(framed) :][: len(framed)])
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert sent < pieces / 2 * len(framed)
        assert held < 2 * MAX_BUFFERED_BYTES
        store.may_read.set()
        connection.settimeout(20)
        while sent < pieces * len(framed):
            sent += connection.send((framed * 2)[sent % len(framed) :][: min(len(framed), pieces * len(framed) - sent)])
        connection.sendall(body(headers, b""))
        assert json.loads(answer(connection)[2]) == told(bytes(pieces * len(piece)))


@exit_on_signals()
def serve():
    """Serve a store until SIGTERM, and tell which uploads ended early."""
    listener = bind("127.0.0.1", 0)
    store = Store()
    server = make_server(store, listener, threads=2)
    print(listener.getsockname()[1], flush=True)
    server.run()
    print([type(error).__name__ for error in store.errors], flush=True)


@contextmanager
def serving():
    """Serve a store in a process of its own."""
    folders = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    code = f"import sys; sys.path[:0] = {folders!r}; import test_uploads as it; it.serve()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8")
    try:
        yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


@LINUX
@BOTH
def test_an_upload_of_300_mib_needs_no_memory(headers):
    """What the server needs at most grows by less than 30 MB."""
    piece, pieces = bytes(MIB), 300

    def peak():
        return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024

    with serving() as (process, url), connected(url) as connection:
        requests.put(url + PATH, data=SENT, timeout=20)
        before = peak()
        connection.sendall(head({"Content-Length": str(pieces * MIB)} if headers is LENGTH else headers))
        for _ in range(pieces):
            connection.sendall(body(headers, piece))
        connection.sendall(body(headers, b""))
        assert json.loads(answer(connection)[2])[0] == pieces * MIB
        assert peak() - before < 30_000_000


# --- when they end early --------------------------------------------------------------------------


def left(connection):
    """Close."""
    connection.close()


def reset(connection):
    """Break off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def half_closed(connection):
    """Say that nothing more will be sent."""
    connection.shutdown(socket.SHUT_WR)


def garbled(connection):
    """Send what is no chunk."""
    connection.sendall(b"no chunk\r\n")


ENDS = [(headers, end) for headers in (LENGTH, CHUNKED) for end in (left, reset, half_closed)] + [(CHUNKED, garbled)]


@pytest.mark.parametrize(("headers", "end"), ENDS)
def test_an_upload_that_ends_early_is_an_error_of_the_application(store, url, headers, end):
    """Reading fails like a broken connection."""
    with connected(url) as connection:
        connection.sendall(head(headers) + body(headers, FIRST))
        assert store.has_begun.wait(10)
        end(connection)
        assert store.has_ended.wait(10)
    assert [type(error) for error in store.errors] == [UploadInterrupted]
    assert requests.get(url, timeout=10).status_code == 200


def test_after_what_is_no_chunk_the_connection_ends(store, url):
    """What the application answers is answered, and nothing that follows is taken for a request."""
    with connected(url) as connection:
        connection.sendall(head(CHUNKED) + body(CHUNKED, FIRST))
        assert store.has_begun.wait(10)
        connection.sendall(b"no chunk\r\n" + head({}, "GET", "/"))
        status, headers, found = answer(connection)
        assert (status, headers["Connection"], json.loads(found)) == (200, "close", told(FIRST))
        assert connection.recv(1) == b""
    assert len(store.environs) == 1


def test_what_is_no_chunk_is_refused_after_the_answer(store, url):
    """Where the application did not read it, the client is told by the server."""
    with connected(url) as connection:
        connection.sendall(head(CHUNKED, target=REFUSED))
        assert answer(connection)[0] == 409
        connection.sendall(b"no chunk\r\n")
        assert answer(connection)[0] == 400
        connection.sendall(head({}, "GET", "/"))
        assert connection.recv(1) == b""
    assert len(store.environs) == 1


@pytest.mark.parametrize("garbage", [b"no chunk\r\n", b"1\r\nabc\r\n", b"1;=\r\na\r\n"])
def test_what_is_no_chunk_from_the_beginning_is_refused(store, url, garbage):
    """The application is not bothered."""
    with connected(url) as connection:
        connection.sendall(head(CHUNKED) + garbage)
        status, _, found = answer(connection)
    assert (status, json.loads(found)["error_code"]) == (400, "APIGW.0602")
    assert not store.environs


def test_a_chunk_without_an_end_is_no_chunk(store, url):
    """The line that tells the length of a chunk is not read for ever."""
    with connected(url) as connection:
        connection.sendall(head(CHUNKED) + body(CHUNKED, FIRST))
        assert store.has_begun.wait(10)
        connection.sendall(b"1;" + b"a" * 2 * MAX_HEADER_BYTES)
        assert answer(connection)[1]["Connection"] == "close"
    assert [str(error) for error in store.errors] == ["Chunk header or trailer too long"]


def test_a_silent_client_is_not_waited_for():
    file = UploadStream(timeout=0.1).getfile()
    with pytest.raises(UploadInterrupted, match=r"no data was received for 0\.1 seconds"):
        file.read(1)


@LINUX
def test_a_stop_ends_an_upload():
    """The server ends within a second, and reading fails; a busy machine gets two more tries."""
    for is_last in (False, False, True):
        with serving() as (process, url), connected(url) as connection:
            connection.sendall(head(LENGTH) + FIRST)
            requests.get(url, timeout=10)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            took = time.monotonic() - begun
            assert process.stdout.read() == "['UploadInterrupted']\n"
        if took < 1:
            return
        assert not is_last, f"it took {took:.2f} seconds"


# --- when they are refused ------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("more", [{}, CLOSING])
def test_a_refusal_reaches_a_client_that_sends_on(url, version, more):
    """It comes before the rest is sent, and is still there after it."""
    with connected(url) as connection:
        connection.sendall(head({"Content-Length": str(LARGE), **more}, target=REFUSED, version=version))
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        for _ in range(LARGE // MIB):
            connection.sendall(bytes(MIB))
        assert answer(connection)[0] == 409


@pytest.mark.parametrize("more", [{}, CLOSING])
def test_a_late_refusal_reaches_a_client_that_waits_to_send(store, url, more):
    """What waits for the application is forgotten, and the rest with it."""
    store.may_read.clear()
    later = threading.Timer(0.3, store.may_read.set)
    later.start()
    with connected(url) as connection:
        connection.sendall(head({"Content-Length": str(LARGE), **more}, target=REFUSED) + bytes(LARGE))
        assert answer(connection)[0] == 409
    later.join()


def test_a_connection_outlives_a_refusal(store, url):
    """What is left of the refused upload is read to its end, and is not taken for a request."""
    with connected(url) as connection:
        connection.sendall(head({"Content-Length": str(LARGE)}, target=REFUSED))
        status, headers, _ = answer(connection)
        assert (status, headers.get("Connection")) == (409, None)
        connection.sendall(head({}, "GET", "/") + bytes(LARGE - len(head({}, "GET", "/"))) + head({}, "GET", "/?1"))
        assert answer(connection)[2] == bytes(MIB)
    assert [environ["QUERY_STRING"] for environ in store.environs] == ["refuse", "1"]


@pytest.mark.parametrize(
    ("version", "more", "says"), [("1.1", {}, None), ("1.1", CLOSING, "close"), ("1.0", {}, "close")]
)
def test_a_connection_outlives_an_answer_without_a_body(version, more, says):
    """Unless the client wants it to end: nothing needs to tell where such an answer ends."""
    catalog = {"images": [{"id": "a"}]}
    with over_socket(make_app(catalog)) as ask, connected(ask.url) as connection:
        for _ in range(1 if says else 3):
            connection.sendall(head(more, target="/v2/images/a/tags/b", version=version))
            status, headers = head_of(connection)
            assert (status, headers.get("Connection")) == (204, says)
            assert not {"Content-Type", "Content-Length", "Transfer-Encoding"} & headers.keys()
        assert not says or connection.recv(1) == b""


def test_a_client_that_stays_costs_nothing(url):
    """The server has said its last word, and waits for the client to leave without doing anything."""
    with connected(url) as connection:
        connection.sendall(head(CLOSING, "GET", "/"))
        assert answer(connection)[0] == 200
        assert connection.recv(1) == b""
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.1


@pytest.mark.parametrize("is_chunked", [False, True])
def test_requests_is_told_of_a_refusal(url, is_chunked):
    """It sends all before it looks for the answer."""
    data = (bytes(MIB) for _ in range(LARGE // MIB)) if is_chunked else bytes(LARGE)
    with requests.Session() as session:
        assert session.put(url + REFUSED, data=data, timeout=20).status_code == 409
        assert session.get(url, timeout=20).status_code == 200


def test_urllib_is_told_of_a_refusal(url):
    """It wants the connection closed."""
    request = urllib.request.Request(url + REFUSED, bytes(LARGE), method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="409"), urllib.request.urlopen(request, timeout=20):
        pass


@CURL
@pytest.mark.parametrize("more", [(), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:"), ("--http1.0",)])
@pytest.mark.parametrize("target", [REFUSED, PATH])
def test_curl_is_answered(url, tmp_path, more, target):
    """It waits to be told before it sends more than 1 MB."""
    file = tmp_path / "image"
    file.write_bytes(bytes(LARGE))
    command = ["curl", "-sS", "-w", " %{http_code}", "-T", file, *more, url + target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expected = "fine 409" if target == REFUSED else json.dumps(told(bytes(LARGE))) + " 200"
    assert (done.stdout, done.stderr) == (expected, "")


# --- 100-continue ---------------------------------------------------------------------------------


@BOTH
def test_a_client_is_told_to_continue_when_the_body_is_wanted(url, headers):
    """The answer follows, and the connection stays."""
    with connected(url) as connection:
        for _ in range(2):
            connection.sendall(head({**headers, **EXPECTING}))
            assert received(connection, len(CONTINUE)) == CONTINUE
            connection.sendall(body(headers, FIRST, LAST, b""))
            assert json.loads(answer(connection)[2]) == told(SENT)


def test_a_client_is_told_to_continue_in_its_turn(url):
    """Not before what it asked earlier is answered."""
    with connected(url) as connection:
        connection.sendall(head({}, "GET", "/?1") + head({**LENGTH, **EXPECTING}))
        assert answer(connection)[2] == bytes(MIB)
        assert received(connection, len(CONTINUE)) == CONTINUE
        connection.sendall(SENT)
        assert json.loads(answer(connection)[2]) == told(SENT)


def test_a_client_that_did_not_wait_is_not_told_to_continue(url):
    """It has sent already."""
    with connected(url) as connection:
        connection.sendall(head({**LENGTH, **EXPECTING}) + FIRST)
        connection.sendall(LAST)
        _, headers, found = answer(connection)
        assert (json.loads(found), headers.get("Connection")) == (told(SENT), None)


def test_a_client_is_refused_instead_of_told_to_continue(url):
    """Nobody knows whether it sends the body all the same, so the connection ends; the answer is there in any case."""
    with connected(url) as connection:
        connection.sendall(head({"Content-Length": str(LARGE), **EXPECTING}, target=REFUSED))
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        connection.sendall(bytes(LARGE))
        status, headers, _ = answer(connection)
        assert (status, headers["Connection"]) == (409, "close")
        assert connection.recv(1) == b""


# --- all other bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, CHUNKED, EXPECTING], ids=["length", "chunked", "expecting"])
def test_a_body_that_is_no_upload_is_bounded(store, url, more):
    """It is refused as soon as it is known to be too large, and the refusal reaches a client that sends on."""
    headers = {"Content-Length": str(LARGE), **more} if more is not CHUNKED else CHUNKED
    tracemalloc.start()
    with connected(url) as connection:
        connection.sendall(head(headers, "POST", "/v2/images"))
        for _ in range(LARGE // MIB):
            connection.sendall(body(headers, bytes(MIB)))
        status, sent, found = answer(connection)
        assert connection.recv(1) == b""
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, sent["Connection"], json.loads(found)["error_code"]) == (413, "close", "APIGW.0201")
    assert json.loads(found)["error_msg"].endswith(f"legal is {MAX_BODY_BYTES} bytes")
    assert held < (2 * MAX_BODY_BYTES if more is CHUNKED else 4 * MIB)
    assert not store.environs


@pytest.fixture
def no_disk(monkeypatch):
    """A machine on which no temporary file can be made."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_: pytest.fail("a temporary file was made"))


@pytest.mark.usefixtures("no_disk")
def test_no_answer_is_put_in_a_temporary_file(url):
    """However long it is, and however slowly it is read."""
    with connected(url) as connection:
        connection.sendall(head({}, "GET", "/?32"))
        time.sleep(0.2)
        assert answer(connection)[2] == bytes(32 * MIB)


@pytest.mark.usefixtures("no_disk")
@pytest.mark.parametrize("target", [PATH, "/v2/images"])
def test_no_body_is_put_in_a_temporary_file(url, target):
    """Not an upload's, and no other's."""
    data = bytes(MAX_BODY_BYTES - 1)
    assert requests.put(url + target, data=data, timeout=20).json() == told(data)
