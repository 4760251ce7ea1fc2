"""``ims-mock record`` reads a real Glance, and the emulator lists the recorded images as Glance does."""

import json
from pathlib import Path

import pytest
import real_glance
from helpers import in_process, make_app, over_port
from real_glance import HIDDEN, IMAGES, PROJECT
from serving import run

from ims_mock.contract.fields import BY_NAME

OWN = {"X-Auth-Token": real_glance.token(PROJECT)}
QUEENS = {"X-Api-Version": "queens"}


@pytest.fixture
def ask(glance):
    """Call Glance."""
    return over_port(int(glance.rpartition(":")[2]))


def record(url, *arguments):
    """Record what the project is shown."""
    options = ("--project", PROJECT, "--token", OWN["X-Auth-Token"], "--output", "c.json")
    done = run("record", url, *options, *arguments)
    assert (done.returncode, run("check", "c.json").returncode) == (0, 0), done.stderr
    return in_process(make_app("c.json", profile="glance"))


def as_in_a_catalog(image):
    """Return an image without the free properties that are null, such as os_hash_algo: null means no value there."""
    return {name: value for name, value in image.items() if value is not None or name in BY_NAME}


@pytest.mark.parametrize(
    "query", ["", *(f"&visibility=shared&member_status={one}" for one in ("accepted", "pending", "rejected"))]
)
def test_the_emulator_lists_recorded_images_as_glance_does(glance, ask, query, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = f"/v2/images?limit=1000{query}"
    there = [as_in_a_catalog(image) for image in ask(target, OWN).json["images"]]
    assert record(glance, "--keep-identities")(target, QUEENS).json["images"] == there
    assert there
    assert HIDDEN["id"] not in {image["id"] for image in there}


def test_recorded_identities_are_not_those_of_the_account(glance, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    listed = record(glance)("/v2/images?limit=1000", QUEENS).json["images"]
    text = Path("c.json").read_text(encoding="utf-8")
    private = [one["id"] for one in IMAGES if one["visibility"] != "public" and one["owner"] == PROJECT]
    assert [secret for secret in (PROJECT, *private) if secret in text] == []
    assert json.loads(text)["project"] in {image["owner"] for image in listed}


def test_a_token_that_glance_rejects_is_named(glance):
    done = run("record", glance, "--token", "wrong-token")
    assert (done.returncode, done.stdout) == (3, "")
    assert "GET /v2/images?limit=1000 is answered with status 401" in done.stderr
