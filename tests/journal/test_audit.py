"""The audit of walks: correct and broken ways to read a list page by page."""

import gc
import weakref
from contextlib import suppress
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
import requests
from helpers import in_process, in_threads, make_app, over_socket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.profiles import DOCUMENTED
from ims_mock.journal.audit import audit
from ims_mock.journal.journal import Journal, ListAnswer, Record
from ims_mock.journal.walks import Walk

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
def get(app):
    return getter(app)


def getter(app):
    """Return a function that requests a page and returns it; an empty one if the request fails."""
    ask = in_process(app)

    def get(target=LIST, **parameters):
        query = urlencode([(name, value) for name, value in parameters.items() if value is not None])
        answer = ask(target + (f"?{query}" if query else ""))
        return answer.json if answer.status == 200 else {"images": []}

    return get


def walks(app):
    return audit(app.extensions["ims_mock"].journal.lists())


def wrong(app):
    return [[remark.name for remark in one.errors] for one in walks(app)]


def last(page):
    return page["images"][-1]["id"]


def follow(get, page):
    while "next" in page:
        page = get(page["next"])


def by_links(get, **question):
    follow(get, get(**question))


def by_markers(get, **question):
    page = get(**question)
    while page["images"]:
        page = get(**question, marker=last(page))


def by_large_pages(get, **question):
    by_links(get, **{**question, "limit": 1000})


LINUX = {"limit": 2, "__os_type": "Linux", "sort_key": "name"}


@pytest.mark.parametrize(
    ("walk", "question", "names"),
    [
        (by_links, {"limit": 26}, []),
        (by_links, {"limit": 3}, ["small-pages"]),
        (by_links, LINUX, ["small-pages"]),
        (by_links, {}, []),
        (by_markers, {"limit": 30}, ["own-markers"]),
        (by_markers, {"limit": 3}, ["own-markers", "small-pages"]),
        (by_markers, LINUX, ["own-markers", "small-pages"]),
        (by_large_pages, LINUX, []),
        (lambda get, **asked: get(marker="image-c", **asked), {}, ["began-inside"]),
    ],
)
def test_legal_walks_have_infos_only(app, get, profile, walk, question, names):
    walk(get, **question)
    (audited,) = walks(app)
    if profile == "glance":
        names = [name for name in names if name != "own-markers"]  # its links repeat the query as it was sent
    assert ([one.name for one in audited.remarks], audited.errors, audited.is_whole) == (names, (), True)
    assert audited.images == (4 if question is LINUX else 2 if "began-inside" in names else 8)


def send(get, steps):
    """Request pages: ``next`` and ``first`` are links of the latest page; ``again`` repeats the latest request."""
    target, pages = "", []
    for step in steps.split():
        if step in ("next", "first"):
            target = pages[-1][step]
        elif step != "again":
            target = f"{LIST}?{step}"
            for name, index, image in (("LAST", -1, -1), ("TOP", -1, 0), ("OLD", 0, -1)):
                target = target.replace(name, pages[index]["images"][image]["id"]) if name in step else target
        pages.append(get(target))


@pytest.mark.parametrize(
    ("steps", "errors"),
    [
        ("limit=4 limit=4&marker=LAST", [[]]),
        ("limit=3 next", [["stopped-early"]]),
        ("limit=3 next limit=3 next", [["stopped-early"]] * 2),
        ("limit=3 " * 5, [["looped"]]),
        ("limit=3 " + "first " * 5, [["looped"]]),
        ("limit=3 next " * 3, [["looped"]]),
        ("limit=2 next next limit=2&marker=OLD", [["looped"]]),
        ("limit=3 again next again next again", [["page-twice"]]),
        ("limit=3 next again next", [["page-twice"]]),
        ("limit=3 limit=3&page=2", [["numbered-pages"]]),
        ("limit=3&offset=0", [["numbered-pages"]]),
        ("__os_type=Linux&limit=2" + " limit=2&marker=LAST" * 3, [["filters-changed"]]),
        ("sort_key=name&sort_dir=asc&limit=3 limit=3&marker=LAST", [["sort-changed"]]),
        ("sort_key=name&sort_dir=asc&limit=3 sort_key=name&sort_dir=desc&limit=3&marker=LAST", [["sort-changed"]]),
        ("limit=3" + " limit=3&marker=TOP" * 8, [["wrong-marker"]]),
        ("limit=3 limit=3&marker=f", [["wrong-marker"]]),
    ],
)
def test_broken_walks_have_one_error(app, get, steps, errors):
    send(get, steps)
    assert wrong(app) == errors


def by_short_pages(get, path=LIST, *, limit):
    page = get(path, limit=limit)
    while len(page["images"]) == limit:
        page = get(path, limit=limit, marker=last(page))


def test_page_shorter_than_the_limit_is_not_the_last():
    app = make_app({"generate": [{"count": 1100, "set": {"visibility": "public"}}]})
    by_short_pages(getter(app), limit=1500)
    assert wrong(app) == [["stopped-early"]]


def test_marker_of_another_walk_is_wrong(app, get):
    linux, windows = (get(limit=2, __os_type=one) for one in ("Linux", "Windows"))
    get(limit=2, __os_type="Windows", marker=last(linux))
    get(limit=2, __os_type="Windows", marker="image-c")
    follow(get, linux)
    (one, other) = walks(app)
    assert (one.errors, other.errors[0].name, other.errors[0].requests) == ((), "wrong-marker", (3,))
    assert last(windows) == "image-e"


@pytest.mark.parametrize("path", [LIST, "/v2/cloudimages"])
def test_walk_by_markers_ends_with_a_short_page(app, get, path):
    by_short_pages(get, path, limit=3)
    get(path, limit=3, __os_type="Linux")
    assert wrong(app) == [[], ["stopped-early"]]


def test_rejected_first_page_is_not_a_walk(app, emulator, get):
    send(get, "limit=x limit=3")
    get(f"{LIST}?limit=3&marker=image-f&visibility=x")
    emulator.faults.add({"effect": {"status": 503}})
    get(limit=4)
    emulator.faults.add({"effect": {"status": 429}})
    get(limit=5)
    assert wrong(app) == [[], ["stopped-early"], ["stopped-early"], ["stopped-early"]]


def next_of(get, target):
    with suppress(ConnectionError, ValueError):
        return get(target).get("next")


@pytest.mark.parametrize(
    ("effect", "value"),
    [("status", 503), ("drop", "middle"), ("body", "truncated"), ("delay", 0.01), ("content_type", "text/html"),
     ("next", "repeated"), ("next", "loop")],
)  # fmt: skip
@pytest.mark.parametrize("page", [1, 2, 3])
def test_page_or_walk_may_be_repeated_after_a_fault(app, get, emulator, effect, value, page):
    rule = {"match": {"page": page}, "effect": {effect: value}}
    target = f"{LIST}?limit=3"
    emulator.faults.add(rule)
    for number in (1, 2, 3):
        following = next_of(get, target)
        target = next_of(get, target) if number == page else following
    assert target is None
    assert wrong(app) == [[]]
    emulator.reset()
    target = f"{LIST}?limit=3"
    emulator.faults.add(rule)
    for _ in range(page):
        target = next_of(get, target)
    by_links(get, limit=3)
    is_over = page == 3 and effect not in ("status", "drop", "body")
    assert wrong(app) == [[]] * (2 if is_over else 1)


def test_link_removed_by_a_fault_ends_the_walk(app, emulator, get):
    emulator.faults.add({"effect": {"next": "missing"}, "times": None})
    get(limit=3)
    get("/v2/cloudimages", limit=3)
    assert wrong(app) == [[], ["stopped-early"]]


def test_new_images_before_the_current_page_are_missed(app, get, emulator):
    page = get(limit=3)
    emulator.add({"images": [{"id": "new", "created_at": LATER}, {"id": "old", "created_at": "2001-01-01T00:00:00Z"}]})
    follow(get, page)
    (audited,) = walks(app)
    (error,) = audited.errors
    assert (error.name, error.images, error.requests) == ("images-missed", ("new",), (len(audited.steps),))


def test_images_that_moved_are_doubled_or_missed(app, get, emulator):
    page = get(limit=3, sort_key="name", sort_dir="asc")
    emulator.put_image("image-a", {"name": "x"})
    emulator.put_image("image-h", {"name": "a"})
    follow(get, page)
    (audited,) = walks(app)
    images = {one.name: one.images for one in audited.errors}
    assert images == {"images-doubled": ("image-a",), "images-missed": ("image-h",)}


def test_images_outside_the_query_are_not_missed(app, get, emulator):
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


def test_at_most_100_past_catalogs_are_kept(app, get, emulator):
    for number in range(150):
        emulator.add({"images": [{"id": f"new-{number}"}]})
        get(limit=1)
    assert [one.catalog is None for one in emulator.journal.lists()] == [True] * 49 + [False] * 101
    assert wrong(app) == [["stopped-early"]] * 150


@pytest.mark.parametrize(("count", "text"), [(5_000, "short"), (2, "x" * 4_000_000)])
@pytest.mark.parametrize("is_shared", [False, True])
def test_past_catalogs_are_kept_up_to_50_mb_of_their_own(count, text, is_shared):
    def images():
        return [Image({"id": str(number), "name": text}) for number in range(count)]

    shared = images()
    view = View(Caller("p"), DOCUMENTED, is_queens=False)
    record = Record(
        time=datetime.now(timezone.utc), method="GET", path=LIST, query="", headers={}, status=200, started=0.0,
        seconds=0.0, ids=(), answer=ListAnswer(parse("", view), view, has_next=False),
    )  # fmt: skip
    journal = Journal()
    for _ in range(12):
        journal.record(record, Catalog(shared if is_shared else images()))
    kept = [one.catalog for one in journal.lists() if one.catalog]
    assert (len(kept) == 12) if is_shared else (3 <= len(kept) < 12)
    assert kept[-1] is not kept[0]


def test_catalogs_are_kept_as_long_as_their_requests():
    app = make_app(CATALOG, journal=2)
    emulator, get = app.extensions["ims_mock"], getter(app)
    catalogs = []
    for number in range(5):
        get(limit=1)
        catalogs.append(weakref.ref(emulator.catalog))
        emulator.add({"images": [{"id": f"new-{number}"}]})
    gc.collect()
    assert [catalog() is None for catalog in catalogs[1:]] == [True, False, False, False]  # a reset needs the first
    assert all(one.catalog for one in emulator.journal.lists())


def test_concurrent_walks_are_separate(app, emulator):
    in_threads(4, lambda: by_links(getter(app), limit=1))
    assert wrong(app) == [[]] * 4
    emulator.reset()
    with over_socket(app) as ask:

        def walk():
            with requests.Session() as session:
                session.trust_env = False
                by_links(lambda target=LIST, **asked: session.get(ask.url + target, params=asked).json(), limit=1)

        in_threads(2, walk)
    assert wrong(app) == [[]] * 2


def test_alternating_pages_are_separate_walks(app, get):
    pages = [get(limit=2), get(limit=3), get(limit=2)]
    while any("next" in page for page in pages):
        pages = [get(page["next"]) if "next" in page else page for page in reversed(pages)]
    assert wrong(app) == [[]] * 3


def test_consecutive_walks_are_separate(app, emulator, get):
    for _ in range(3):
        by_links(get, limit=3)
    assert wrong(app) == [[]] * 3
    emulator.reset()
    for number in range(3):
        get(limit=3)
        emulator.add({"images": [{"id": f"new-{number}"}]})
    assert wrong(app) == [["stopped-early"]] * 3


def test_walks_of_other_projects_and_lists_are_separate(app, get):
    ask = in_process(app)
    ask(f"{LIST}?limit=7", {"X-Project-Id": "q" * 32})
    by_links(get, limit=7)
    by_markers(lambda **asked: get("/v2/cloudimages", **asked), limit=7)
    audited = [(one.project == "q" * 32, one.path) for one in walks(app)]
    assert audited == [(True, LIST), (False, LIST), (False, "/v2/cloudimages")]


def test_walk_without_its_first_pages_is_audited_by_the_rest():
    app = make_app(CATALOG, journal=2)
    by_links(getter(app), limit=2)
    (audited,) = walks(app)
    assert ([one.name for one in audited.remarks], audited.pages, audited.is_whole) == (["small-pages"], 2, True)


def test_walk_describes_its_requests_and_survives_json(get, app):
    get(get(limit=3, sort_key="name", name="in:a,b,c,d,e,f,g")["next"])
    (audited,) = walks(app)
    assert (audited.number, audited.path, audited.pages, audited.images, audited.is_whole) == (1, LIST, 2, 6, False)
    assert audited.query == (("limit", "3"), ("sort_key", "name"), ("name", "in:a,b,c,d,e,f,g"))
    assert [(step.number, step.status, step.images) for step in audited.steps] == [(1, 200, 3), (2, 200, 3)]
    assert [(one.name, one.requests) for one in audited.remarks] == [("stopped-early", (2,)), ("small-pages", (1, 2))]
    (shown,) = in_process(app)("/_ims/walks").json["walks"]
    assert Walk.read(shown) == audited
    assert [one["cure"] for one in shown["remarks"]] == [one.rule.cure for one in audited.remarks]


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


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks=st.lists(st.tuples(st.sampled_from([by_links, by_markers, by_large_pages]), QUESTIONS), max_size=5))
def test_random_correct_walks_have_no_errors(app, emulator, walks):
    emulator.reset()
    get = getter(app)
    for walk, question in walks:
        walk(get, **question)
    assert wrong(app) == [[]] * len(walks)
