"""What is said of walks that went wrong."""

import pytest

from ims_mock.journal.audit_rules import Audit, Remark, Step
from ims_mock.testing.complaining import complaint


def step(number, *query, status=200, images=2):
    """Make a request of a walk."""
    return Step(number, "GET", "/v2/images", query, status, images)


def audit(number, *steps, remarks=(), query=(("limit", "2"),), is_whole=False):
    """Make an audit of a walk."""
    return Audit(number, "/v2/images", "p", query, len(steps), 2 * len(steps), is_whole, steps, remarks)


RIGHT = audit(1, step(1, ("limit", "2")), remarks=(Remark("small-pages", (1,)),), is_whole=True)
WRONG = audit(
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


def test_each_walk_that_went_wrong_is_shown():
    """Its requests, and what is wrong with it; infos and other walks are not."""
    lines = complaint([RIGHT, WRONG], "", {}).splitlines()
    assert lines[:6] == [
        "1 of 2 walks went wrong:",
        "walk 2: 4 pages, 8 images, not to the last page",
        "  2: GET /v2/images?name=a%20b&limit=2 -> 200, 2 images",
        "  3: GET /v2/images?limit=2&marker=x -> 200, 1 image",
        "  4: GET /v2/images -> 503, 0 images",
        "  5: GET /v2/images -> dropped",
    ]
    assert lines[6].startswith("  stopped-early, request 5: It stopped before the last page. Ask on as long as")
    assert lines[7].startswith("  images-doubled, requests 3, 4: Images came on two pages")
    assert "(a, b, c, d, e and 2 more) Keep images by their ids" in lines[7]
    assert len(lines) == 8


def test_of_a_long_walk_the_middle_is_left_out():
    """So that one sees the end."""
    steps = [step(number) for number in range(1, 41)]
    lines = complaint([audit(1, *steps, remarks=(Remark("looped", tuple(range(2, 41))),))], "", {}).splitlines()
    assert [line.partition(":")[0] for line in lines[12:15]] == ["  11", "  … 28 more", "  40"]
    assert lines[15].startswith("  looped, requests 2, 3, 4, 5, 6 and 34 more: It went back")


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("", {}, "1 of 2 walks"),
        ("/v2/*", {"name": "a b", "limit": 2}, "1 of 1 walk "),
        ("", {"name": None}, ""),
        ("/v2/images", {"limit": 3}, "there was no walk that matches /v2/images limit='3'"),
        ("/v2/cloudimages", {}, "there was no walk that matches /v2/cloudimages"),
    ],
)
def test_walks_are_chosen_as_requests_are(path, query, words):
    """By path and first question; of those that are named there must be one."""
    said = complaint([RIGHT, WRONG], path, query)
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_without_walks_nothing_went_wrong():
    """A test may list nothing."""
    assert complaint([], "", {}) == ""
