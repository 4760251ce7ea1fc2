"""The reference of the page benchmarks: a Flask route on the server of ims-mock that returns the bytes put into it."""

import sys

from flask import Flask, Response, request

from bench.client import HOST, LIST
from ims_mock import create_app
from ims_mock.server.server import Server, bind

app = Flask("bare", static_folder=None)
app.extensions["ims_mock"] = create_app("empty").extensions["ims_mock"]  # the server reads its settings from there
bodies: dict[bytes, bytes] = {}
app.get(LIST, endpoint="get")(lambda: Response(bodies.get(request.query_string, b"{}"), mimetype="application/json"))
app.put(LIST, endpoint="put")(lambda: bodies.update({request.query_string: request.get_data()}) or "")

if __name__ == "__main__":
    Server(app, bind(HOST, int(sys.argv[1])), threads=8).run()
