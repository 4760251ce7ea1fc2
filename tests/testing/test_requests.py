"""Requests that a test looks for, and the texts of failed assertions."""

from types import SimpleNamespace
from urllib.parse import quote, urlencode

import pytest

from ims_mock.journal.walks import Remark, Step, Walk
from ims_mock.testing.requests import MatchingRequests, RequestPattern, explain_walks


def entry(number, path="/v2/images", query=(), method="GET"):
    target = f"{path}{'?' if query else ''}{urlencode(query)}"
    return SimpleNamespace(number=number, method=method, path=path, query=tuple(query), target=target)


ENTRIES = [
    entry(1, query=[("limit", "2")]),
    entry(2, query=[("limit", "2"), ("marker", "a")]),
    entry(3, query=[("tag", "a=b"), ("tag", "c")]),
    entry(4, "/v2/images/a", method="DELETE"),
]


def matching(path="", *, method="", entries=ENTRIES, **query):
    return MatchingRequests(RequestPattern(path, method, query), entries)


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
def test_matching_compares_path_method_and_query(path, method, query, numbers):
    assert [one.number for one in matching(path, method=method, **query)] == numbers


def test_no_match_shows_the_most_similar_requests_and_their_differences():
    found = matching("/v2/images", limit=2, marker="b")
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


def test_matches_are_shown_before_other_requests_if_there_are_any():
    found = matching(method="DELETE")
    assert repr(found) == "<1 request matches DELETE: DELETE /v2/images/a>"
    assert str(found).splitlines()[:3] == ["1 request matches DELETE:", "  DELETE /v2/images/a", "nearest others:"]
    assert str(matching("*")).startswith("4 requests match *:\n")
    assert str(matching("*")).endswith("no others were sent")
    assert repr(matching("/v2/images", entries=[])) == "<no request matches /v2/images; there was none at all>"
    assert str(matching(entries=[])).splitlines() == ["no request matches anything", "no others were sent"]


def test_texts_are_short_and_printable():
    found = matching(entries=[entry(1, query=[("a", "\x1b[31m\n" + "x" * 900)])], a="y")
    assert str(found).count("\n") == 2
    assert "\x1b" not in str(found)
    assert len(str(found)) < 500


def step(number, *query, status=200, images=2):
    target = f"/v2/images{'?' if query else ''}{urlencode(query, quote_via=quote)}"
    return Step(number, "GET", "/v2/images", query, target, status, images)


def walk(number, *steps, remarks=(), query=(("limit", "2"),), is_whole=False):
    return Walk(number, "/v2/images", "p", query, len(steps), 2 * len(steps), is_whole, steps, remarks)


RIGHT = walk(1, step(1, ("limit", "2")), remarks=(Remark("small-pages", (1,)),), is_whole=True)
WRONG = walk(
    2,
    step(2, ("name", "a b"), ("limit", "2")),
    step(3, ("limit", "2"), ("marker", "x"), images=1),
    step(4, status=503, images=0),
    step(5, status=0, images=0),
    remarks=(
        Remark("stopped-early", (5,)),
        Remark("images-doubled", (3, 4), ("a", "b", "c", "d", "e", "f", "g")),
        Remark("own-markers", (3,)),
    ),
    query=(("name", "a b"), ("limit", "2")),
)


def test_explanation_shows_requests_and_errors_of_wrong_walks():
    lines = explain_walks([RIGHT, WRONG], RequestPattern(), "http://h").splitlines()
    assert lines[:6] == [
        "1 of 2 walks went wrong:",
        "walk 2: 4 pages, 8 images, not to the last page",
        "  2: GET /v2/images?name=a%20b&limit=2 -> 200, 2 images",
        "  3: GET /v2/images?limit=2&marker=x -> 200, 1 image",
        "  4: GET /v2/images -> 503, 0 images",
        "  5: GET /v2/images -> dropped",
    ]
    assert lines[6].startswith("  stopped-early, request 5: It stopped before the last page. ")
    assert lines[7].startswith("  images-doubled, requests 3, 4: ")
    assert "(a, b, c, d, e and 2 more)" in lines[7]
    assert len(lines) == 8


def test_explanation_leaves_out_the_middle_of_a_long_walk():
    steps = [step(number) for number in range(1, 41)]
    long = walk(1, *steps, remarks=(Remark("looped", tuple(range(2, 41))),))
    lines = explain_walks([long], RequestPattern(), "http://h").splitlines()
    assert [line.partition(":")[0] for line in lines[12:15]] == ["  11", "  … 28 more", "  40"]
    assert lines[15].startswith("  looped, requests 2, 3, 4, 5, 6 and 34 more: ")


@pytest.mark.parametrize(
    ("path", "query", "start"),
    [
        ("", {}, "1 of 2 walks"),
        ("/v2/*", {"name": "a b", "limit": 2}, "1 of 1 walk "),
        ("", {"name": None}, ""),
        ("/v2/images", {"limit": 3}, "there was no walk that matches /v2/images limit='3'"),
        ("/v2/cloudimages", {}, "there was no walk that matches /v2/cloudimages"),
    ],
)
def test_pattern_selects_walks_by_their_first_page(path, query, start):
    text = explain_walks([RIGHT, WRONG], RequestPattern(path, query=query), "http://h")
    assert text.startswith(start)
    assert bool(text) == bool(start)
