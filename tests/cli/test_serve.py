import json
import os
import re
import select
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from serving import LINUX, POSIX, READY, Server, free_port, put, refusal, run, run_process, serving, started

from ims_mock import __version__

pytestmark = pytest.mark.slow  # starts processes


@pytest.mark.parametrize(
    ("arguments", "images", "name"),
    [
        ((), "63 images, 55", "default"),
        (("empty",), "0 images, 0", "empty"),
        (("document-sample", "empty"), "3 images, 3", "document-sample, empty"),
    ],
)
def test_ready_line_counts_images_and_is_the_only_output(arguments, images, name):
    with serving(*arguments, "--port", "0") as server:
        url = f"http://127.0.0.1:{server.port}"
        counts = f"{images} listed for project {server.project}"
        assert server.line == f"ims-mock {__version__}: {counts} ({name}) on {url}\n"
        status, headers, body = server.ask("/v2/images?limit=2")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert len(json.loads(body)["images"]) == min(server.images, 2)
        assert server.stopped() == ""


def test_catalog_files_are_served_without_loading_faker():
    put("c.yaml", "{}")
    with serving("c.yaml", PYTHONPROFILEIMPORTTIME="1") as server:
        assert not re.search(r"\| +faker$", server.stopped(), re.MULTILINE)


def test_warnings_go_to_standard_error():
    put("c.yaml", "images:\n- id: a\n  min_disk: 0\n")
    with serving("c.yaml") as server:
        assert server.line.startswith(f"ims-mock {__version__}: 1 image, 1 listed for project ")
        assert server.stopped() == "c.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB\n"


@LINUX
def test_ipv6_address_is_served():
    if not Path("/proc/net/if_inet6").exists() or not Path("/proc/net/if_inet6").read_text():
        pytest.skip("this machine has no IPv6")
    with serving("empty", "--host", "::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert server.ask()[0] == 200
        assert run("healthcheck", "--host", "::1", "--port", server.port).returncode == 0


def test_port_can_be_used_again_at_once():
    port = free_port()
    for _ in range(2):
        with serving("empty", "--port", port) as server:
            assert server.ask()[0] == 200
            server.stopped()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_busy_port_is_one_line_and_status_1(host):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(run_process("serve", "--port", port, "--host", host), 1)
    assert line.startswith(f"ims-mock: cannot listen on {host} port {port}: ")
    assert "already in use" in line
    assert line.endswith("use another --host or --port")


@pytest.mark.parametrize(("option", "value"), [("--profile", "foo"), ("--throttle", "5")])
def test_wrong_usage_is_reported_before_a_busy_port(option, value):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refusal(run("serve", "--port", taken.getsockname()[1], option, value), 2)
    assert f"{option.removeprefix('--')} {value!r}" in line


@pytest.mark.parametrize("host", ["203.0.113.1", "nowhere.invalid", "x" * 300, "a\nb", "..", "\udcff", ""])
def test_foreign_address_is_one_line_and_status_1(host):
    line = refusal(run("serve", "--host", host), 1)
    empty = "an empty --host; use an address of this machine, such as 127.0.0.1"
    assert line == f"ims-mock: cannot listen on {empty}" if not host else "cannot listen on " in line


@POSIX
def test_servers_that_start_together_do_not_share_a_port():
    port = free_port()
    names = ("one.yaml", "two.yaml")
    with ExitStack() as stack:
        for name in names:
            os.mkfifo(name)
        first, second = [stack.enter_context(started(name, "--port", port)) for name in names]
        pipes = [stack.enter_context(open(name, "wb")) for name in names]  # opens once each has bound
        pipes[0].close()
        server = Server(first)
        pipes[1].close()
        output, errors = second.communicate(timeout=20)
        assert server.ask()[0] == 200
        assert (second.returncode, output) == (1, "")
        assert "Traceback" not in errors
        assert re.fullmatch(rf"ims-mock: cannot listen on \S+ port {port}: .*in use.*\n", errors)


@contextmanager
def on_a_terminal(*arguments):
    terminal, inner = os.openpty()
    with started("empty", *arguments, stderr=inner, TERM="xterm") as process:
        os.close(inner)

        def shown(until, seconds):
            seen, end = "", time.monotonic() + seconds
            while until not in seen and time.monotonic() < end and process.poll() is None:
                if select.select([terminal], [], [], 0.1)[0]:
                    with suppress(OSError):  # the other side is closed
                        seen += os.read(terminal, 4096).decode()
            return seen

        yield process, shown
    os.close(terminal)


@POSIX
def test_terminal_shows_a_progress_bar_after_a_second():
    begun = time.monotonic()
    with on_a_terminal("--generate", "3000000") as (process, shown):
        seen = shown("%", 20)
        assert time.monotonic() - begun > 1
        assert re.search(r"building images +\[[#-]+\] +\d+%", seen)
        process.terminate()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert "Traceback" not in shown("Traceback", 0.2)


@POSIX
def test_terminal_shows_no_progress_bar_for_short_loading():
    with on_a_terminal() as (process, shown):
        assert READY.fullmatch(process.stdout.readline())
        assert shown("%", 0.2) == ""


def test_pipe_shows_no_progress_bar():
    with serving("empty", "--generate", "25000") as server:
        assert server.images == 25_000
        assert server.stopped() == ""
