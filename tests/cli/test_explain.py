import json
from pathlib import Path

import pytest
from serving import refusal, run

pytestmark = pytest.mark.slow  # starts processes

CATALOG = {
    "project": "p",
    "images": [{"id": "a", "name": "镜像"}, {"id": "b", "owner": "q", "members": {"p": "pending"}}],
}


@pytest.fixture(autouse=True)
def _catalog():
    Path("one.json").write_text(json.dumps(CATALOG))


def test_explanation_is_text():
    done = run("explain", "name=镜像", "--image", "b", "one.json")
    assert done.returncode == 0
    assert done.stdout.startswith("1 of 2 images are listed, sorted by created_at (latest first), then id (descend")
    assert "1      1         name is '镜像'\nimage b is not listed:\n  visibility is 'private'" in done.stdout
    options = ("--project", "q", "--profile", "glance", "--path", "/v2/cloudimages")
    shown = run("explain", "__platform=CentOS", *options, "one.json").stdout
    assert "the image is visible to project q" in shown
    assert "__isregistered" not in shown


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["limit=x", "one.json"], 1, "400 IMG.0017 Invalid limit 'x'"),
        (["", "--profile", "x", "one.json"], 2, "Invalid profile 'x'"),
        (["", "nosuch.yaml"], 1, "nosuch.yaml"),
        ([], 2, "Missing argument 'QUERY'"),
    ],
)
def test_wrong_input_is_one_line(arguments, status, words):
    assert words in refusal(run("explain", *arguments), status)
