"""Numbers of walks and pages."""

import pytest

from ims_mock.journal.pagination import PageCounter, marker_of

NUMBERED = {
    "a repeated page keeps its number": [
        *(("", "a", 1, 1), ("marker=a", None, 1, 2), ("marker=a", "b", 1, 2), ("marker=a", "b", 1, 2)),
        ("marker=b", "c", 1, 3),
    ],
    "a repeated first page stays in its walk if it failed": [
        *(("limit=2", None, 1, 1), ("limit=2", None, 1, 1), ("limit=2", "a", 1, 1), ("limit=2", "a", 2, 1)),
        *(("limit=3", None, 3, 1), ("limit=2", "a", 4, 1)),
    ],
    "a walk continues without its filters": [("name=x", "a", 1, 1), ("marker=a", "b", 1, 2)],
    "parameters decide between walks with the same last image": [
        *(("limit=1&name=a b", "x", 1, 1), ("limit=2", "x", 2, 1), ("limit=3", "x", 3, 1)),
        ("__isregistered=true&limit=2&marker=x", "y", 2, 2),
        ("marker=x&name=a+b&limit=1", "y", 1, 2),
        ("limit=9&marker=x", "z", 3, 2),
    ],
}


@pytest.mark.parametrize("requests", NUMBERED.values(), ids=NUMBERED)
def test_pages_are_numbered_within_their_walk(requests):
    counter = PageCounter()
    assert [(*one[:2], *counter.record("/v2/images", "p", *one[:2])) for one in requests] == requests


@pytest.mark.parametrize("other", [("/v2/images", "q"), ("/v2/cloudimages", "p")])
def test_walks_of_other_projects_and_lists_are_separate(other):
    counter = PageCounter()
    assert counter.record("/v2/images", "p", "", "a") == (1, 1)
    assert counter.record(*other, "marker=a", "b") == (2, 1)


def test_old_walks_are_forgotten():
    counter = PageCounter()
    for number in range(3000):
        counter.record("/v2/images", "p", f"limit={number}", f"image-{number}")
    for number, page in ((0, 1), (2999, 2)):
        assert counter.record("/v2/images", "p", f"limit={number}&marker=image-{number}", "x")[1] == page


MARKERS = {"": "", "marker=a%2Db&x=1": "a-b", "x=1&marker=a&marker=b": "a", "bookmarker=a": "", "xmarker=a&marker=": ""}


@pytest.mark.parametrize(("query", "marker"), MARKERS.items())
def test_first_marker_counts(query, marker):
    assert marker_of(query) == marker
