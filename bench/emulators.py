"""The emulator that is measured: with so many generated images, in this process or as ``ims-mock serve``."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Final

from flask import Flask

from bench.client import BenchError
from ims_mock.emulator import Emulator
from ims_mock.huge_pages import MANY, collapse
from ims_mock.loading import load

SEED: Final = 7
_PORT: Final = re.compile(r"on http://127\.0\.0\.1:(\d+)$")


@contextmanager
def served(images: int) -> Iterator[int]:
    """Serve so many images with the default settings, give the port, and end the server afterwards.

    Raises:
        BenchError: it does not start.
    """
    wanted = ["empty", "--generate", str(images), "--seed", str(SEED), "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "ims_mock", "serve", *wanted], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            line = server.stdout.readline().strip() if server.stdout else ""
            found = _PORT.search(line)
            if not found:
                raise BenchError(f"ims-mock serve says {line!r} instead of where it listens")
            yield int(found[1])
        finally:
            os.kill(server.pid, signal.SIGTERM)


def emulator(images: int) -> Emulator:
    """Load so many images in this process, as ``ims-mock serve`` does, and have its memory moved at once."""
    gc.disable()
    made = Emulator(load(["empty"], more=images, seed=SEED))
    gc.freeze()
    gc.enable()
    if images >= MANY:
        collapse(rest=0)
    return made


def environ(target: str) -> dict[str, Any]:
    """Write a request as the server hands it to the application."""
    path, _, query = target.partition("?")
    return {
        "REMOTE_ADDR": "127.0.0.1", "REMOTE_HOST": "127.0.0.1", "REMOTE_PORT": "50000", "REQUEST_METHOD": "GET",
        "SERVER_PORT": "9292", "SERVER_NAME": "127.0.0.1", "SERVER_SOFTWARE": "bench", "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "", "PATH_INFO": path, "REQUEST_URI": target, "QUERY_STRING": query, "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "wsgi.input": BytesIO(), "wsgi.input_terminated": True, "HTTP_HOST": "127.0.0.1:9292",
        "HTTP_ACCEPT": "*/*", "HTTP_USER_AGENT": "bench",
    }  # fmt: skip


def called(app: Flask, given: dict[str, Any]) -> bytes:
    """Call an application as a server does, and give the body."""
    said: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], trouble: object = None) -> Any:
        said.append(status)

    answer = app.wsgi_app(given, start)
    body = b"".join(answer)
    if close := getattr(answer, "close", None):
        close()
    if not said[0].startswith("200 "):
        raise BenchError(f"{given['REQUEST_URI']} is answered {said[0]} {body!r}")
    return body
