"""Helpers of tests that run ``ims-mock`` as a process."""

import gc
import http.client
import io
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import warnings
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ims_mock.cli.main import main

COMMAND = (sys.executable, "-m", "ims_mock")
TLS = Path(__file__).parent / "data" / "tls"
CERT, KEY, OTHER_CERT, OTHER_KEY = (str(TLS / f"{name}.pem") for name in ("cert", "key", "other-cert", "other-key"))
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("IMS_MOCK_")}
"""The environment without options."""

READY = re.compile(r"ims-mock (\S+): (\d+) images?, \d+ listed for project (\S+) \((.*)\) on ((https?)://(.+):(\d+))\n")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs the signals, pipes or terminals of POSIX")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
NOT_ROOT = pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read and write everything")


def put(name, content):
    """Write a file, text or bytes."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())


def run(*arguments, **environment):
    """Run a command in this process, with no other options than those given. It must end before it serves."""
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        for name in os.environ.keys() - CLEAN.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr("sys.argv", ["ims-mock", *map(str, arguments)])
        patch.setattr("ims_mock.cli.serve.exit_on_signals", nullcontext)
        patch.setattr("ims_mock.cli.serve.log_to_stderr", lambda *_: None)
        patch.setattr("ims_mock.cli.serve.Server", lambda *_: pytest.fail("the command serves"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # a command that fails leaves closing to the exit
            with pytest.raises(SystemExit) as ended:
                main()
            status = ended.value.code
            del ended
            if arguments[:1] == ("serve",):
                gc.collect()
    for stream in (output, errors):
        stream.seek(0)
    return subprocess.CompletedProcess(arguments, status, output.read(), errors.read())


def run_process(*arguments, **environment):
    """Run a command to its end in a process of its own, with no other options than those given."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**CLEAN, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


MEASURED = """
import atexit, pathlib, sys
from ims_mock.cli.main import main
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text()))
main()
"""


def run_measured(*arguments):
    """Run a command that writes a file in a process of its own, which may take up to 150 MB of memory."""
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, env=CLEAN, capture_output=True, text=True)
    assert int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1]) < 150 * 1024
    return done


def refusal(done, status):
    """Return the one line of a command that failed and wrote nothing else."""
    assert done.returncode == status, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    return line


@contextmanager
def started(*arguments, command=(*COMMAND, "serve"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
    """Run ``serve``, on any free port unless another is given, for as long as the block lasts."""
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        env={**CLEAN, "IMS_MOCK_PORT": "0", **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


class Server:
    """A running ``serve`` that has printed that it is ready."""

    def __init__(self, process):
        self.process = process
        self.line = process.stdout.readline()
        match = READY.fullmatch(self.line)
        assert match, (self.line, process.communicate(timeout=10))
        self.version, images, self.project, self.catalog, self.url, self.scheme, self.host, port = match.groups()
        self.images, self.port = int(images), int(port)

    def connection(self):
        """Return a connection, which trusts the certificates of the tests."""
        host = self.host.strip("[]")
        if self.scheme == "http":
            return http.client.HTTPConnection(host, self.port, timeout=10)
        trust = ssl.create_default_context()
        for certificate in (CERT, OTHER_CERT):
            trust.load_verify_locations(certificate)
        return http.client.HTTPSConnection(host, self.port, timeout=10, context=trust)

    def ask(self, path="/v2/images", method="GET", body=None, **headers):
        """Send a request, and return status, headers and body of the response."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def ids(self, query="limit=1000"):
        """Return the ids of listed images."""
        return [image["id"] for image in json.loads(self.ask(f"/v2/images?{query}")[2])["images"]]

    def stopped(self):
        """Stop the server, and return what it wrote to standard error."""
        self.process.terminate()
        rest, errors = self.process.communicate(timeout=10)
        assert (rest, self.process.returncode) == ("", 0), errors
        return errors


@contextmanager
def serving(*arguments, **options):
    """Run ``serve`` as :func:`started` does, and wait until it is ready."""
    with started(*arguments, **options) as process:
        yield Server(process)


def takes_a_second(attempt):
    """Return whether something, which returns its seconds, takes a second at least; a busy machine gets three tries."""
    return all(attempt() >= 1 for _ in range(3))


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
