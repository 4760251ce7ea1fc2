"""The yardstick of the page benchmarks: one Flask route on the server of ims-mock that returns stored bytes.

``PUT`` stores the bytes that ``GET`` with the same query string returns. Run as ``python -m bench.bare PORT``.
"""

from __future__ import annotations

import sys

from flask import Flask, Response, request

from bench.client import HOST
from ims_mock import create_app
from ims_mock.server.server import bind, make_server

LIST = "/v2/images"


def make_bare_app() -> Flask:
    """Return the application."""
    app = Flask("bare", static_folder=None)
    app.extensions["ims_mock"] = create_app("empty").extensions["ims_mock"]  # the server reads its settings from there
    bodies: dict[bytes, bytes] = {}

    @app.get(LIST)
    def show() -> Response:
        return Response(bodies.get(request.query_string, b"{}"), mimetype="application/json")

    @app.put(LIST)
    def store() -> tuple[str, int]:
        bodies[request.query_string] = request.get_data()
        return "", 204

    return app


if __name__ == "__main__":
    make_server(make_bare_app(), bind(HOST, int(sys.argv[1])), threads=8).run()
