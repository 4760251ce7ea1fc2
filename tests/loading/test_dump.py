"""Dumping a catalog as a catalog file."""

import json

import pytest
from helpers import in_process, make_app

from ims_mock.auth.credentials import CredentialStore, Token
from ims_mock.loading.dump import Masks, dump_image
from ims_mock.loading.loader import load

WRITTEN = [
    {},
    {"name": None, "disk_format": None, "container_format": None},
    {"name": "~", "__os_version": "1.10", "true": "null", "<<": "*x", "a: b": " ", "tags": ["~", "1.0", "a=b"]},
    {"name": "镜像 \U0001f600", "__description": "a\nb\t\x7f\u2028", "__os_type": "no", "visibility": "private"},
    {"min_disk": 2**31 - 1, "min_ram": 0, "protected": True, "created": "3 days ago", "x" * 255: "y" * 60_000},
]


@pytest.mark.parametrize("profile", ["documented", "glance"])
@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_dump_of_written_images_loads_as_the_same(profile, kind):
    app = make_app("empty", profile=profile)
    ask, here = in_process(app), app.extensions["ims_mock"]
    sent = {"Content-Type": "application/json"}
    made = [ask("/v2/images", sent, "POST", json.dumps(image).encode()).status for image in WRITTEN]
    assert made.count(201) >= (2 if profile == "documented" else 4), made
    before = {image.id: dict(image.values) for image in here.catalog}
    shown = ask("/_ims/catalog", {"Accept": kind}).body
    here.reset()
    assert ask("/_ims/catalog", {"Content-Type": kind}, "PUT", shown).status == 200
    assert {image.id: dict(image.values) for image in here.catalog} == before


def test_dump_of_generated_images_loads_as_the_same():
    catalog = load([{}], generate=500, seed=3).catalog
    again = load([{"images": [dump_image(image) for image in catalog]}]).catalog
    assert [(dict(one.values), one.members) for one in again] == [(dict(one.values), one.members) for one in catalog]


def test_a_mask_stands_for_a_secret_that_credentials_hold():
    masks, other = Masks(), Masks()
    old, new = (CredentialStore(tokens=[Token(f"{name} token", "p"), Token("both", "p")]) for name in ("old", "new"))
    unmask = masks.unmasker([new])
    given = [masks.mask("new token"), masks.mask("both"), "text"]
    assert [unmask(text) for text in given] == ["new token", "both", "text"]
    for mask in (masks.mask("old token"), other.mask("new token")):
        with pytest.raises(ValueError, match="is a mask of no secret that is known here"):
            unmask(mask)
    assert masks.unmasker([old, new])(masks.mask("old token")) == "old token"
