"""The requests that a test looks for, and the nearest ones when there are none."""

from types import SimpleNamespace

import pytest

from ims_mock.testing.requests import Requests


def entry(number, path="/v2/images", query=(), method="GET"):
    """Make an entry of a journal, as far as it is looked at here."""
    return SimpleNamespace(number=number, method=method, path=path, query=tuple(query))


ENTRIES = [
    entry(1, query=[("limit", "2")]),
    entry(2, query=[("limit", "2"), ("marker", "a")]),
    entry(3, query=[("tag", "a=b"), ("tag", "c")]),
    entry(4, "/v2/images/a", method="DELETE"),
]


@pytest.fixture
def requests():
    """Requests of which some can be forgotten."""
    entries = [*ENTRIES]
    return Requests(lambda: entries, entries.clear)


@pytest.mark.parametrize(
    ("path", "method", "query", "numbers"),
    [
        ("", "", {}, [1, 2, 3, 4]),
        ("/v2/images", "", {}, [1, 2, 3]),
        ("/v2/images/*", "", {}, [4]),
        ("", "delete", {}, [4]),
        ("/v2/images", "", {"limit": 2}, [1, 2]),
        ("/v2/images", "", {"limit": "2", "marker": None}, [1]),
        ("", "", {"tag": ["a=b", "c"]}, [3]),
        ("", "", {"tag": "a=b"}, []),
        ("", "", {"protected": True}, []),
    ],
)
def test_path_method_and_query_are_matched(requests, path, method, query, numbers):
    """A parameter has one value, several, or is absent; others may be there as well."""
    assert [one.number for one in requests.matching(path, method=method, **query)] == numbers


def test_they_are_like_a_list(requests):
    """In the order in which they came, looked at anew each time."""
    assert (len(requests), requests[-1].number, [one.number for one in requests]) == (4, 4, [1, 2, 3, 4])
    assert requests[1:3] == ENTRIES[1:3]
    assert repr(requests) == "<Requests: 4, the last DELETE /v2/images/a>"
    requests.clear()
    assert (list(requests), repr(requests)) == ([], "<Requests: 0>")


def test_nothing_found_names_the_nearest(requests):
    """And how they differ, the least different first, the path counting most."""
    found = requests.matching("/v2/images", limit=2, marker="b")
    assert not found
    assert repr(found) == (
        "<no request matches /v2/images limit='2' marker='b'; nearest: GET /v2/images?limit=2&marker=a (marker is 'a')>"
    )
    assert str(found).splitlines() == [
        "no request matches /v2/images limit='2' marker='b'",
        "nearest others:",
        "  GET /v2/images?limit=2&marker=a (marker is 'a')",
        "  GET /v2/images?limit=2 (marker is absent)",
        "  GET /v2/images?tag=a%3Db&tag=c (limit is absent; marker is absent)",
    ]


def test_something_found_names_the_others(requests):
    """For who had expected more of them, or fewer."""
    found = requests.matching(method="DELETE")
    assert repr(found) == "<1 request matches DELETE: DELETE /v2/images/a>"
    assert str(found).splitlines()[:3] == [
        "1 request matches DELETE:",
        "  DELETE /v2/images/a",
        "nearest others:",
    ]
    assert str(requests.matching("*")).endswith("no others were sent")


def test_nothing_asked_at_all_is_said(requests):
    """Perhaps the client asked elsewhere."""
    requests.clear()
    assert repr(requests.matching("/v2/images")) == "<no request matches /v2/images; there was none at all>"
    assert str(requests.matching()).splitlines() == ["no request matches anything", "no others were sent"]


def test_a_text_stays_on_its_line():
    """Whatever clients send."""
    found = Requests(lambda: [entry(1, query=[("a", "\x1b[31m\n" + "x" * 900)])], list).matching(a="y")
    assert str(found).count("\n") == 2
    assert "\x1b" not in str(found)
    assert len(str(found)) < 500
