import json
from pathlib import Path

from helpers import in_process, make_app
from serving import run


def test_document_is_that_of_a_server_with_the_same_options():
    app = make_app("empty", profile="glance", auth="on")
    assert run("openapi", "--profile", "glance", "--auth", "on").stdout == in_process(app)("/openapi.json").text
    assert not [path for path in json.loads(run("openapi", "--control", "off").stdout)["paths"] if "_ims" in path]


def test_document_is_written_to_a_file():
    done = run("openapi", "--output", "ims.json")
    assert (done.stdout, done.returncode) == ("", 0)
    assert Path("ims.json").read_text() == run("openapi").stdout
