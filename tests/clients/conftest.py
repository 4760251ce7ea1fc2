"""Marks every test of this directory as ``clients`` and lets client libraries warn about their own calls."""

from pathlib import Path

import pytest

MARKS = [
    pytest.mark.clients,
    pytest.mark.filterwarnings(
        "ignore:Method 'glance_:DeprecationWarning",
        "ignore:datetime.datetime.utcnow:DeprecationWarning",
        "ignore:`version` keyword:DeprecationWarning",
        "ignore::DeprecationWarning:openstack",
        "ignore::PendingDeprecationWarning:openstack",
    ),
]


def pytest_collection_modifyitems(items):
    for item in items:  # those of other directories, too
        if item.path.is_relative_to(Path(__file__).parent):
            for mark in MARKS:
                item.add_marker(mark)
