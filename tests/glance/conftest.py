"""A real Glance for all tests of this directory, which it marks as ``glance``."""

from pathlib import Path

import pytest
import real_glance


def pytest_collection_modifyitems(items):
    """Add the mark; this hook is called for the tests of other directories too."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.glance)


@pytest.fixture(scope="session")
def glance():
    """The URL of a Glance with the images of :mod:`real_glance`."""
    if not real_glance.is_installed():
        pytest.skip(f"needs the extra glance in {real_glance.PYTHON.parent.parent}, see CONTRIBUTING.md")
    with real_glance.serving_glance() as url:
        yield url
