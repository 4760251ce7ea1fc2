"""Fixtures of the tests of catalog files."""

import pytest


@pytest.fixture
def in_tmp_path(tmp_path, monkeypatch):
    """Run the test in an empty folder."""
    monkeypatch.chdir(tmp_path)
