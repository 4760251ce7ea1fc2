import http.client
import os
import signal
import socket
import time
from contextlib import ExitStack, suppress

import pytest
from serving import POSIX, serving, started, takes_a_second

pytestmark = pytest.mark.slow  # starts processes


def idle(server, stack):
    """Leave the server alone."""


def kept_alive(server, stack):
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/v2/images?limit=1")
        assert connection.getresponse().read()
        stack.callback(connection.close)


def half_asked(server, stack):
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
    connection.sendall(b"GET /v2/images HTTP/1.1\r\nHost: ")


def seconds_to_end(process, number):
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    took = time.monotonic() - begun
    assert process.communicate() == ("", "")
    return took


ENDING = [
    pytest.param(number, state, id=f"{number.name}-{state.__name__}")
    for number, states in ((signal.SIGTERM, (idle, kept_alive, half_asked)), (signal.SIGINT, (idle, kept_alive)))
    for state in states
]

LOADING = [(signal.SIGTERM, stage) for stage in ("opening", "reading", "generating")] + [(signal.SIGINT, "reading")]


@POSIX
@pytest.mark.parametrize(("number", "state"), ENDING)
def test_serve_ends_within_a_second(number, state):
    def seconds():
        with ExitStack() as stack, serving("empty") as server:
            state(server, stack)
            return seconds_to_end(server.process, number)

    assert not takes_a_second(seconds)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_repeated_signals_are_as_quiet(number):
    for pause in (0, 0.001, 0.002, 0.004, 0.008):
        with serving("empty") as server:
            server.process.send_signal(number)
            while server.process.poll() is None:
                time.sleep(pause)
                server.process.send_signal(number)
            assert (server.process.returncode, *server.process.communicate(timeout=10)) == (0, "", "")


@POSIX
def test_serve_ends_while_its_log_is_not_read():
    with serving("empty", "--log-level", "info", "--threads", 2, PYTHONUNBUFFERED="") as server:
        connections = [server.connection() for _ in range(3)]
        with suppress(TimeoutError):
            for number in range(1500):
                connections[number % 3].timeout = 1
                connections[number % 3].request("GET", f"/v2/images?name={'x' * 400}")
                connections[number % 3].getresponse().read()
            raise AssertionError("everything was read")
        server.process.terminate()
        assert server.process.wait(10) == 0
        for connection in connections:
            connection.close()


MANY = b"images:\n" + b"- {name: x, tags: [a, b, c]}\n" * 100_000


@POSIX
@pytest.mark.parametrize(("number", "stage"), LOADING)
def test_serve_ends_while_it_loads(number, stage):
    os.mkfifo("big.yaml")

    def seconds():
        with started("big.yaml", "--generate", "3000000") as process:
            with open("big.yaml", "wb") as pipe:  # opens once loading has begun
                if stage == "opening":
                    return seconds_to_end(process, number)
                if stage == "reading":
                    pipe.write(MANY)
            time.sleep(0.3)
            return seconds_to_end(process, number)

    assert not takes_a_second(seconds)
