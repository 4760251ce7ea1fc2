"""Dumping a catalog as a catalog file."""

import json

import pytest
from helpers import in_process, make_app
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.auth.credentials import CredentialStore, Token
from ims_mock.loading.dump import Masks, dump_image
from ims_mock.loading.loader import load
from ims_mock.loading.parser import CatalogText, dumps
from ims_mock.loading.sources import CatalogError

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
    assert [unmask(masks.mask("new token")), unmask(masks.mask("both")), unmask("text")] == [
        "new token",
        "both",
        "text",
    ]
    for mask in (masks.mask("old token"), other.mask("new token")):
        with pytest.raises(ValueError, match="is a mask of no secret that is known here"):
            unmask(mask)
    assert masks.unmasker([old, new])(masks.mask("old token")) == "old token"


def test_a_mask_in_a_file_is_an_error(tmp_path):
    file = tmp_path / "dump.yaml"
    file.write_text("credentials:\n  keys: [{access: a, secret: masked-0123456789abcdef, project: p}]\n")
    with pytest.raises(CatalogError) as caught:
        load([str(file)])
    message = "credentials.keys[0].secret: is a mask of no secret that is known here; write the secret itself"
    assert str(caught.value) == f"{file}:2: {message}"


TEXTS = st.text("abc \n~镜", max_size=4) | st.sampled_from(
    ["true", "No", "1e3", "-0", "1.10", "0123", "1_0", "<<", ".5"]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    TEXTS | st.booleans() | NUMBERS,
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(TEXTS, inner | st.none(), max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
@settings(max_examples=50, deadline=None)
@given(values=st.lists(JSON, min_size=1, max_size=4))
def test_dumped_free_properties_load_with_the_same_types(is_json, values):
    images = [{"id": str(number), "free": value} for number, value in enumerate([*values, values[0]])]
    (before, after) = (
        [image.get("free") for image in load([catalog]).catalog]
        for catalog in ({"images": images}, CatalogText(dumps({"images": images}, is_json=is_json).encode(), is_json))
    )
    assert json.dumps(before) == json.dumps(after)
