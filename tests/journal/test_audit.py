"""Broken ways to walk through a list, each named; correct ones, of which nothing is said."""

import threading
from contextlib import suppress
from urllib.parse import urlencode

import pytest
import requests
from helpers import in_process, make_app, over_socket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ims_mock.journal import journal
from ims_mock.journal.audit import audits
from ims_mock.journal.audit_rules import KINDS, Audit

LIST = "/v2/images"
LATER = "2031-01-01T00:00:00Z"
NAMES = "abcdefgh"
CATALOG = {
    "images": [
        {"id": f"image-{name}", "name": name, "__os_type": "Linux" if number % 2 else "Windows", "size": 9 - number}
        for number, name in enumerate(NAMES)
    ]
}


@pytest.fixture
def app(profile):
    """An application over eight images, a to h; the default order is h to a."""
    return make_app(CATALOG, profile=profile)


@pytest.fixture
def emulator(app):
    """Its emulator."""
    return app.extensions["ims_mock"]


@pytest.fixture
def get(app):
    """Ask it for a page, as clients do: with parameters, or by a link."""
    return getter(app)


def getter(app):
    """Make what asks an application for a page and gives it as it is, with an empty one for what is refused."""
    ask = in_process(app)

    def get(target=LIST, **parameters):
        query = urlencode([(name, value) for name, value in parameters.items() if value is not None])
        answer = ask(target + (f"?{query}" if query else ""))
        return answer.json if answer.status == 200 else {"images": []}

    return get


def audited(app):
    """Audit the walks of an application."""
    return audits(app.extensions["ims_mock"].journal.lists())


def wrong(app):
    """Give the names of the remarks on each walk, infos aside."""
    return [[remark.name for remark in audit.errors] for audit in audited(app)]


def last(page):
    """Give the id of the last image of a page."""
    return page["images"][-1]["id"]


# --- correct walks


def by_links(get, **question):
    """Follow the links to the end."""
    page = get(**question)
    while "next" in page:
        page = get(page["next"])


def by_markers(get, **question):
    """Make the markers, until a page is empty."""
    page = get(**question)
    while page["images"]:
        page = get(**question, marker=last(page))


def by_large_pages(get, **question):
    """Follow the links from large page to large page."""
    by_links(get, **{**question, "limit": 1000})


@pytest.mark.parametrize("walk", [by_links, by_markers, by_large_pages])
@pytest.mark.parametrize("question", [{"limit": 3}, {"limit": 2, "__os_type": "Linux", "sort_key": "name"}])
def test_of_a_correct_walk_nothing_is_said(app, get, walk, question):
    """But for infos; it reached the last page, and every image."""
    walk(get, **question)
    (audit,) = audited(app)
    assert (audit.errors, audit.is_whole, audit.images) == ((), True, 4 if "__os_type" in question else 8)


# --- broken walks


def some_pages_are_enough(get):
    """Ask for two pages, whatever follows."""
    page = get(limit=3)
    get(page["next"])


def next_is_ignored(get):
    """Ask for the first page again and again."""
    for _ in range(5):
        get(limit=3)


def first_is_followed(get):
    """Take the wrong link."""
    page = get(limit=3)
    for _ in range(5):
        page = get(page["first"])


def pages_are_numbered(get):
    """Send the number of the page."""
    number, page = 1, get(limit=3)
    while page["images"]:
        number += 1
        page = get(limit=3, page=number)


def images_are_numbered(get):
    """Send how many images are passed over."""
    get(limit=3, offset=0)


def filters_are_forgotten(get):
    """Send nothing but the marker."""
    page = get(limit=2, __os_type="Linux")
    while "next" in page:
        page = get(marker=last(page), limit=2)


def order_is_forgotten(get):
    """Send nothing but the marker, without the order that the walk began with."""
    page = get(limit=3, sort_key="name", sort_dir="asc")
    while "next" in page:
        page = get(marker=last(page), limit=3)


def order_is_another(get):
    """Change the direction on the second page."""
    page = get(limit=3, sort_key="name", sort_dir="asc")
    get(limit=3, sort_key="name", sort_dir="desc", marker=last(page))


def first_image_is_the_marker(get):
    """Take the wrong end of the page."""
    page = get(limit=3)
    while page["images"]:
        page = get(limit=3, marker=page["images"][0]["id"])


def name_is_the_marker(get):
    """Send what is no id."""
    page = get(limit=3)
    get(limit=3, marker=page["images"][-1]["name"])


def every_page_is_asked_twice(get):
    """Ask once for the images and once for the link."""
    target = f"{LIST}?limit=3"
    while target:
        get(target)
        target = get(target).get("next")


def one_page_is_asked_twice(get):
    """Ask once more for the second page, which was there."""
    following = get(limit=3)["next"]
    get(following)
    get(get(following)["next"])


def marker_is_old(get):
    """Send the marker of two pages back."""
    pages = [get(limit=2)]
    pages.append(get(pages[0]["next"]))
    pages.append(get(pages[1]["next"]))
    get(limit=2, marker=last(pages[0]))


def two_pages_are_a_circle(get):
    """Go from the second page to the first."""
    for _ in range(3):
        get(get(limit=3)["next"])


BROKEN = [
    (some_pages_are_enough, ["stopped-early"]),
    (next_is_ignored, ["looped"]),
    (first_is_followed, ["looped"]),
    (pages_are_numbered, ["numbered-pages"]),
    (images_are_numbered, ["numbered-pages"]),
    (filters_are_forgotten, ["filters-changed"]),
    (order_is_forgotten, ["sort-changed"]),
    (order_is_another, ["sort-changed"]),
    (first_image_is_the_marker, ["wrong-marker"]),
    (name_is_the_marker, ["wrong-marker"]),
    (every_page_is_asked_twice, ["page-twice"]),
    (one_page_is_asked_twice, ["page-twice"]),
    (marker_is_old, ["looped"]),
    (two_pages_are_a_circle, ["looped"]),
]


@pytest.mark.parametrize(("walk", "names"), BROKEN, ids=lambda one: getattr(one, "__name__", ""))
def test_a_broken_walk_is_named(app, get, walk, names):
    """By what is wrong, and nothing else."""
    walk(get)
    assert wrong(app) == [names]


def test_a_page_below_the_limit_is_no_end():
    """No page has more than 1000 images, whatever the limit."""
    app = make_app({"generate": [{"count": 1100, "set": {"visibility": "public"}}]})
    get = getter(app)
    page = get(limit=1500)
    while len(page["images"]) >= 1500:
        page = get(limit=1500, marker=last(page))
    assert wrong(app) == [["stopped-early"]]


def test_the_marker_of_another_walk_is_wrong(app, get):
    """The walk to which it belongs goes on."""
    linux, windows = (get(limit=2, __os_type=one) for one in ("Linux", "Windows"))
    get(limit=2, __os_type="Windows", marker=last(linux))
    get(limit=2, __os_type="Windows", marker="image-c")
    by_links(lambda target="", **_: get(target or linux["next"]))
    (one, other) = audited(app)
    assert (one.errors, other.errors[0].name, other.errors[0].requests) == ((), "wrong-marker", (3,))
    assert last(windows) == "image-e"


@pytest.mark.parametrize("path", [LIST, "/v2/cloudimages"])
def test_a_list_without_links_is_walked_by_markers(app, get, path):
    """Until a page is empty, or not full; a walk that has not come so far stopped."""
    page = get(path, limit=3)
    while len(page["images"]) == 3:
        page = get(path, limit=3, marker=last(page))
    get(path, limit=3, __os_type="Linux")
    assert wrong(app) == [[], ["stopped-early"]]


def test_a_full_last_page_is_the_last(app, get):
    """Though Glance promises another, which is empty."""
    get(limit=4, marker=last(get(limit=4)))
    assert wrong(app) == [[]]


def test_a_walk_that_is_refused_on_its_way_stopped(app, get):
    """A question that is refused is none; a busy service is."""
    faults = app.extensions["ims_mock"].faults
    get(limit="x")
    get(get(limit=3)["next"] + "&visibility=x")
    faults.add({"effect": {"status": 503}})
    get(limit=4)
    faults.add({"effect": {"status": 429}})
    get(limit=5)
    assert wrong(app) == [[], ["stopped-early"], ["stopped-early"], ["stopped-early"]]


FAULTS = [
    {"status": 503},
    {"drop": "middle"},
    {"body": "truncated"},
    {"delay": 0.01},
    {"next": "repeated"},
    {"next": "loop"},
    {"content_type": "text/html"},
]


def troubled(get, target):
    """Ask for a page that may be unreadable, and give the link to the next one as far as it can be read."""
    with suppress(ConnectionError, ValueError):
        return get(target).get("next")


@pytest.mark.parametrize("effect", FAULTS, ids=lambda effect: next(iter(effect)))
@pytest.mark.parametrize("page", [1, 2, 3])
def test_what_is_asked_again_after_a_fault_is_asked_once(app, get, emulator, effect, page):
    """The page alone, or the walk from its beginning."""
    rule = {"match": {"page": page}, "effect": effect}
    target = f"{LIST}?limit=3"
    emulator.faults.add(rule)
    for number in (1, 2, 3):
        following = troubled(get, target)
        target = troubled(get, target) if number == page else following
    assert target is None
    assert wrong(app) == [[]]
    emulator.reset()
    target = f"{LIST}?limit=3"
    emulator.faults.add(rule)
    for _ in range(page):
        target = troubled(get, target)
    by_links(get, limit=3)
    is_over = page == 3 and not effect.keys() & {"status", "drop", "body"}
    assert wrong(app) == [[]] * (2 if is_over else 1)


def test_a_link_that_a_fault_takes_away_ends_the_walk(app, get):
    """The client can not know that more images follow; where there are no links, it can."""
    faults = app.extensions["ims_mock"].faults
    faults.add({"effect": {"next": "missing"}, "times": None})
    get(limit=3)
    get("/v2/cloudimages", limit=3)
    assert wrong(app) == [[], ["stopped-early"]]


# --- the catalog moves


def test_images_that_were_new_are_missed(app, get, emulator):
    """Where they come before the place where the walk is; those that come after it are met."""
    page = get(limit=3)
    emulator.add({"images": [{"id": "new", "created_at": LATER}, {"id": "old", "created_at": "2001-01-01T00:00:00Z"}]})
    by_links(lambda target="", **_: get(target or page["next"]))
    (audit,) = audited(app)
    assert [(one.name, one.images, one.requests) for one in audit.errors] == [
        ("images-missed", ("new",), (len(audit.steps),))
    ]


def test_images_that_moved_are_doubled_or_missed(app, get, emulator):
    """By what they are sorted: one is put before the walk, and one after it."""
    page = get(limit=3, sort_key="name", sort_dir="asc")
    emulator.put_image("image-a", {"name": "x"})
    emulator.put_image("image-h", {"name": "a"})
    by_links(lambda target="", **_: get(target or page["next"]))
    (audit,) = audited(app)
    assert {one.name: one.images for one in audit.errors} == {
        "images-doubled": ("image-a",),
        "images-missed": ("image-h",),
    }


def test_what_the_question_does_not_list_is_not_missed(app, get, emulator):
    """Nor what is gone when the walk ends, nor anything on a walk that stopped."""
    page = get(limit=3, __os_type="Linux")
    emulator.add({"images": [{"id": "new", "__os_type": "Windows", "created_at": LATER}]})
    emulator.add({"images": [{"id": "gone", "__os_type": "Linux", "created_at": LATER}]})
    emulator.remove_image("gone")
    emulator.remove_image("image-b")
    get(page["next"])
    get(limit=3)
    emulator.add({"images": [{"id": "newer", "created_at": LATER}]})
    get(limit=3, marker="image-g")
    assert wrong(app) == [[], ["stopped-early"]]


def test_catalogs_that_were_are_kept_in_bounds(app, get, emulator):
    """The latest hundred, as long as requests are kept that they answered; a reset forgets them."""
    for number in range(150):
        emulator.add({"images": [{"id": f"new-{number}"}]})
        get(limit=1)
    assert len(emulator.journal._catalogs) == 101
    assert [one.catalog is None for one in emulator.journal.lists()] == [True] * 49 + [False] * 101
    assert wrong(app) == [["stopped-early"]] * 150
    emulator.reset()
    assert len(emulator.journal._catalogs) == 0


def test_large_catalogs_that_were_are_forgotten(get, emulator, monkeypatch):
    """They cost memory."""
    monkeypatch.setattr(journal, "_MOST_PAST_IMAGES", 30)
    for number in range(6):
        get(limit=1)
        emulator.add({"images": [{"id": f"new-{number}"}]})
    assert [len(one) for _, one in emulator.journal._catalogs] == [11, 12, 13]


def test_of_catalogs_only_those_are_kept_that_answered_what_is_kept():
    """The journal may be short."""
    app = make_app(CATALOG, journal=2)
    emulator, get = app.extensions["ims_mock"], getter(app)
    for number in range(9):
        get(limit=1)
        emulator.add({"images": [{"id": f"new-{number}"}]})
    assert len(emulator.journal._catalogs) <= 3
    assert all(one.catalog for one in emulator.journal.lists())


# --- walks are told apart


def walk_at_once(many, walk):
    """Let several threads walk."""
    ready = threading.Barrier(many)

    def begin():
        ready.wait()
        walk()

    threads = [threading.Thread(target=begin) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_walks_at_the_same_time_are_walks_of_their_own(app):
    """However alike: in process, and over connections that the threads keep."""
    walk_at_once(4, lambda: by_links(getter(app), limit=1))
    assert wrong(app) == [[]] * 4
    app.extensions["ims_mock"].reset()
    with over_socket(app) as ask:

        def walk():
            with requests.Session() as session:
                session.trust_env = False
                by_links(lambda target=LIST, **asked: session.get(ask.url + target, params=asked).json(), limit=1)

        walk_at_once(2, walk)
    assert wrong(app) == [[]] * 2


def test_pages_that_alternate_are_two_walks(app, get):
    """Each goes on with its own question, or with either where that is the same."""
    pages = [get(limit=2), get(limit=3), get(limit=2)]
    while any("next" in page for page in pages):
        pages = [get(page["next"]) if "next" in page else page for page in reversed(pages)]
    assert wrong(app) == [[]] * 3


def test_a_walk_that_comes_after_another_is_another(app, get):
    """Though it asks the same, if the first one came to its end, or the catalog changed meanwhile."""
    for _ in range(3):
        by_links(get, limit=3)
    assert wrong(app) == [[]] * 3
    app.extensions["ims_mock"].reset()
    for number in range(3):
        get(limit=3)
        app.extensions["ims_mock"].add({"images": [{"id": f"new-{number}"}]})
    assert wrong(app) == [["stopped-early"]] * 3


def test_two_walks_that_stopped_are_no_circle(app, get):
    """A client may be called twice."""
    for _ in range(2):
        some_pages_are_enough(get)
    assert wrong(app) == [["stopped-early"]] * 2


def test_walks_of_others_are_others(app, get):
    """Of another project, through another list."""
    ask = in_process(app)
    ask(f"{LIST}?limit=7", {"X-Project-Id": "q" * 32})
    by_links(get, limit=7)
    by_markers(lambda **asked: get("/v2/cloudimages", **asked), limit=7)
    assert [(one.project == "q" * 32, one.path) for one in audited(app)] == [
        (True, LIST),
        (False, LIST),
        (False, "/v2/cloudimages"),
    ]


def test_a_walk_whose_beginning_is_forgotten_is_judged_by_the_rest():
    """The journal is bounded."""
    app = make_app(CATALOG, journal=2)
    by_links(getter(app), limit=2)
    (audit,) = audited(app)
    assert ([one.name for one in audit.remarks], audit.pages, audit.is_whole) == (["small-pages"], 2, True)


# --- what is legal, and what is told


@pytest.mark.parametrize(
    ("walk", "question", "names"),
    [
        (by_links, {"limit": 26}, []),
        (by_links, {"limit": 3}, ["small-pages"]),
        (by_links, {}, []),
        (by_markers, {"limit": 30}, ["own-markers"]),
        (by_markers, {"limit": 3}, ["own-markers", "small-pages"]),
        (lambda get, **asked: get(marker="image-c", **asked), {}, ["began-inside"]),
    ],
)
def test_what_is_legal_is_an_info(walk, question, names):
    """Markers of one's own, small pages, and a beginning in the middle."""
    app = make_app(CATALOG)
    walk(getter(app), **question)
    (audit,) = audited(app)
    assert [one.name for one in audit.remarks] == names
    assert audit.errors == ()


def test_an_audit_tells_all_about_a_walk(get, app):
    """What was asked, by which requests, and how far it came; as JSON it is the same."""
    get(get(limit=3, sort_key="name", name="in:a,b,c,d,e,f,g")["next"])
    (audit,) = audited(app)
    assert (audit.number, audit.path, audit.pages, audit.images, audit.is_whole) == (1, LIST, 2, 6, False)
    assert audit.query == (("limit", "3"), ("sort_key", "name"), ("name", "in:a,b,c,d,e,f,g"))
    assert [(step.number, step.status, step.images) for step in audit.steps] == [(1, 200, 3), (2, 200, 3)]
    assert [(one.name, one.requests) for one in audit.remarks] == [("stopped-early", (2,)), ("small-pages", (1, 2))]
    assert in_process(app)("/_ims/walks").json == {"walks": [audit.as_json()]}
    assert Audit.read(audit.as_json()) == audit


def test_walks_are_those_of_the_sandbox(app, get):
    """Under its URL; a wrong method is refused as elsewhere."""
    ask = in_process(app)
    get(limit=3)
    url = ask("/_ims/sandboxes", method="POST").json["url"].partition("localhost")[2]
    assert ask(f"{url}/_ims/walks").json == {"walks": []}
    assert ask("/_ims/walks", method="DELETE").json["error"]["code"] == 405
    assert len(ask("/_ims/walks").json["walks"]) == 1


def test_remarks_have_names_of_their_own():
    """Each with a sentence and a cure."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(kind.sentence.endswith(".") and kind.cure.endswith(".") for kind in KINDS)


QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.integers(1, 12),
        "__os_type": st.sampled_from(["Linux", "Windows", "linux"]),
        "sort_key": st.sampled_from(["name", "size", "created_at", "id", "status"]),
        "sort_dir": st.sampled_from(["asc", "desc"]),
        "name": st.sampled_from(["a", "in:a,b,c,d,e", "a b+c"]),
        "created_at": st.sampled_from(["gt:2001", "lte:2030-01-01T00:00:00+08:00"]),
        "member_status": st.just("all"),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks=st.lists(st.tuples(st.sampled_from([by_links, by_markers, by_large_pages]), QUESTIONS), max_size=5))
def test_of_correct_walks_nothing_is_said(app, walks):
    """Whatever they ask, one after the other."""
    app.extensions["ims_mock"].reset()
    get = getter(app)
    for walk, question in walks:
        walk(get, **question)
    assert wrong(app) == [[]] * len(walks)
