"""Which page of which walk a request is."""

import pytest

from ims_mock.journal.pagination import Walks, marker_of

PATH, PROJECT = "/v2/images", "p"


@pytest.fixture
def walks():
    """Walks of which nobody knows anything yet."""
    return Walks()


def go(walks, query, last, project=PROJECT, path=PATH):
    """Ask for a page, which ends with the image ``last``."""
    return walks.went(path, project, query, last)


def test_a_walk_goes_on_where_its_last_page_ended(walks):
    """From marker to marker, to a last page that is empty."""
    steps = [go(walks, query, last) for query, last in [("", "a"), ("marker=a", "b"), ("marker=b", "")]]
    assert steps == [(1, 1), (1, 2), (1, 3)]


def test_a_request_without_a_marker_begins_a_walk(walks):
    """Each its own, however alike."""
    assert [go(walks, "limit=2", "a") for _ in range(3)] == [(1, 1), (2, 1), (3, 1)]
    assert go(walks, "limit=2&marker=a", "b") == (3, 2)


def test_a_marker_from_nowhere_begins_a_walk(walks):
    """Its first page is page 1."""
    assert [go(walks, "marker=x", "y"), go(walks, "marker=y", "z")] == [(1, 1), (1, 2)]


def test_a_page_that_is_asked_again_is_the_same_page(walks):
    """Whether it was answered or not."""
    queries = [("", "a"), ("marker=a", None), ("marker=a", "b"), ("marker=a", "b"), ("marker=b", "c")]
    assert [go(walks, *query) for query in queries] == [(1, 1), (1, 2), (1, 2), (1, 2), (1, 3)]


def test_a_first_page_that_was_not_answered_is_asked_again_in_the_same_walk(walks):
    """But of one that was answered there is nothing to ask again."""
    assert [go(walks, "limit=2", last) for last in (None, None, "a", "a")] == [(1, 1), (1, 1), (1, 1), (2, 1)]
    assert go(walks, "limit=3", None) == (3, 1)
    assert go(walks, "limit=2", "a") == (4, 1)


def test_a_walk_goes_on_without_its_filters(walks):
    """What a client forgets on the second page does not make it a first one."""
    assert [go(walks, "name=x", "a"), go(walks, "marker=a", "b")] == [(1, 1), (1, 2)]


def test_walks_that_end_at_the_same_image_are_told_apart_by_their_question(walks):
    """In whatever order and spelling, and with the filter that the service adds to its links."""
    assert [go(walks, "limit=1&name=a b", "x"), go(walks, "limit=2", "x"), go(walks, "limit=3", "x")] == [
        (1, 1),
        (2, 1),
        (3, 1),
    ]
    assert go(walks, "__isregistered=true&limit=2&marker=x", "y") == (2, 2)
    assert go(walks, "marker=x&name=a+b&limit=1", "y") == (1, 2)
    assert go(walks, "limit=9&marker=x", "z") == (3, 2)


@pytest.mark.parametrize("other", [{"project": "q"}, {"path": "/v2/cloudimages"}])
def test_walks_of_others_are_others(walks, other):
    """Another project, or another list."""
    assert [go(walks, "", "a"), go(walks, "marker=a", "b", **other)] == [(1, 1), (2, 1)]


def test_what_was_heard_of_long_ago_is_forgotten(walks):
    """So that memory stays flat."""
    for number in range(3000):
        go(walks, f"limit={number}", str(number))
        go(walks, f"name={number}", None)
        go(walks, f"limit={number}", "same")
    assert len(walks._ends) == len(walks._unanswered) == 1000
    assert len(walks._ends[PATH, PROJECT, "same"]) == 4


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
def test_the_first_marker_counts(query, marker):
    """As in Glance."""
    assert marker_of(query) == marker
