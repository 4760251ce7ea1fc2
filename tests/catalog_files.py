"""Helpers of the tests of catalog files."""

from pathlib import Path

import pytest

from ims_mock.loading.loader import load
from ims_mock.loading.sources import CatalogError

USER = {"name": "n", "password": "w", "project": "p"}
KEY = {"access": "k", "secret": "s", "project": "p"}
TOKEN = {"token": "t", "project": "p", "roles": ["member"]}


def file(name, text):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def problems(*sources, **options):
    with pytest.raises(CatalogError) as caught:
        load(sources, **options)
    lines = [str(problem) for problem in caught.value.problems]
    assert str(caught.value) == "\n".join(lines)
    assert not any("\n" in line or len(line) > 500 for line in lines)
    return lines


def warnings(*sources):
    return [str(problem) for problem in load(sources).warnings]


def shown(*sources, **options):
    return [image.as_json() for image in load(sources, **options).catalog]


def images(*given, **sections):
    return {"images": list(given), **sections}
