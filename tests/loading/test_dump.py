"""Dumping a catalog as a catalog file."""

import pytest

from ims_mock.auth.credentials import CredentialStore, Token
from ims_mock.loading.dump import Masks, dump_catalog
from ims_mock.loading.loader import load
from ims_mock.loading.parser import CatalogText, dumps

WRITTEN = [
    {},
    {"name": None, "disk_format": None, "container_format": None},
    {"name": "~", "__os_version": "1.10", "true": "null", "<<": "*x", "a: b": " ", "tags": ["~", "1.0", "a=b"]},
    {"name": "镜像 \U0001f600", "__description": "a\nb\t\x7f\u2028", "__os_type": "no", "visibility": "private"},
    {"min_disk": 2**31 - 1, "min_ram": 0, "protected": True, "created": "3 days ago", "x" * 255: "y" * 60_000},
]


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
def test_dump_of_written_and_generated_images_loads_as_the_same(is_json):
    first = load([{"images": WRITTEN}], generate=500, seed=3)
    text = dumps(dump_catalog(first.catalog, first.credentials, first.clock), is_json=is_json)
    again = load([CatalogText(text.encode(), is_json)])
    before, after = ([(dict(one.values), one.members) for one in loaded.catalog] for loaded in (first, again))
    assert before == after


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
