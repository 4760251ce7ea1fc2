"""Numbers of walks and pages."""

import pytest

from ims_mock.journal.pagination import PageCounter, marker_of

PATH, PROJECT = "/v2/images", "p"


@pytest.fixture
def record():
    counter = PageCounter()

    def record(query, last, project=PROJECT, path=PATH):
        return counter.record(path, project, query, last)

    return record


def test_repeated_page_keeps_its_number(record):
    queries = [("", "a"), ("marker=a", None), ("marker=a", "b"), ("marker=a", "b"), ("marker=b", "c")]
    assert [record(*query) for query in queries] == [(1, 1), (1, 2), (1, 2), (1, 2), (1, 3)]


def test_repeated_first_page_stays_in_its_walk_if_it_failed(record):
    assert [record("limit=2", last) for last in (None, None, "a", "a")] == [(1, 1), (1, 1), (1, 1), (2, 1)]
    assert record("limit=3", None) == (3, 1)
    assert record("limit=2", "a") == (4, 1)


def test_walk_continues_without_its_filters(record):
    assert [record("name=x", "a"), record("marker=a", "b")] == [(1, 1), (1, 2)]


def test_parameters_decide_between_walks_with_the_same_last_image(record):
    queries = ("limit=1&name=a b", "limit=2", "limit=3")
    assert [record(query, "x") for query in queries] == [(1, 1), (2, 1), (3, 1)]
    assert record("__isregistered=true&limit=2&marker=x", "y") == (2, 2)
    assert record("marker=x&name=a+b&limit=1", "y") == (1, 2)
    assert record("limit=9&marker=x", "z") == (3, 2)


@pytest.mark.parametrize("other", [{"project": "q"}, {"path": "/v2/cloudimages"}])
def test_walks_of_other_projects_and_lists_are_separate(record, other):
    assert [record("", "a"), record("marker=a", "b", **other)] == [(1, 1), (2, 1)]


def test_old_walks_are_forgotten(record):
    record("limit=1", "first")
    for number in range(3000):
        record(f"limit={number}", f"image-{number}")
    assert record("limit=1&marker=first", "x")[1] == 1
    assert record("limit=2999&marker=image-2999", "x")[1] == 2


@pytest.mark.parametrize(
    ("query", "marker"),
    [
        ("", ""),
        ("marker=a%2Db&x=1", "a-b"),
        ("x=1&marker=a&marker=b", "a"),
        ("bookmarker=a", ""),
        ("xmarker=a&marker=", ""),
    ],
)
def test_first_marker_counts(query, marker):
    assert marker_of(query) == marker
