"""The indexed catalog against a naive reading of the rules, and the promises of paging."""

import random
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ims_mock import bitmaps, conditions, lists, walking, zones
from ims_mock import catalog as module
from ims_mock.catalog import Catalog
from ims_mock.errors import RequestError
from ims_mock.fields import BY_NAME, SORT_KEYS
from ims_mock.image import Shapes
from ims_mock.kinds import TIME_OPERATORS, Instant, stamp
from ims_mock.profile import DEPARTURES, DOCUMENTED, GLANCE, Profile
from ims_mock.query import parse
from ims_mock.rendering import id_in
from ims_mock.tenancy import Caller, View

PROJECTS = ("a", "b", "c")
TIMES = ("2018-09-06T14:03:27Z", "2018-09-06T14:03:28Z", "2020-02-29T00:00:00Z", "2023-11-13T08:00:00Z")
POOLS = {
    "name": ("", "web", "Web", "db", "镜像 测试", "a,b", None),
    "status": ("active", "active", "active", "queued", "saving", "deleted", "killed", "ACTIVE"),
    "visibility": ("public", "private", "private", "shared", "community", "PUBLIC"),
    "owner": (*PROJECTS, None),
    "protected": (True, False),
    "min_disk": (1, 40, 100, 1024, None),
    "min_ram": (0, 1024, 2048),
    "size": (0, 2, 18, 2**63 - 1, None),
    "container_format": ("bare", "ovf", None),
    "disk_format": ("zvhd2", "iso", "raw", None),
    "created_at": (*TIMES, *TIMES, None),
    "updated_at": TIMES,
    "tags": ((), ("a=b",), ("a.b", "x86"), ("gold", "x86"), ("a.b.c",)),
    "__isregistered": ("true", "true", "true", "True", "false", None),
    "__imagetype": ("gold", "private", "shared", "market", "Gold"),
    "__platform": ("Red Hat", "RedHat", "Windows", "OracleLinux", None),
    "__os_version": ("CentOS 7.3 64bit", None),
    "free": ("yes", "", None),
}
FILTERS = {
    "name": ("web", "", "in:web,db", 'in:"a,b",Web', "eq:web", "镜像 测试", "nosuch"),
    "status": ("active", "Queued", "in:queued,saving", "deleted", "in:killed,active", "bogus"),
    "visibility": ("public", "private", "shared", "PUBLIC"),
    "owner": (*PROJECTS, "nosuch"),
    "protected": ("true", "false", "1", "0"),
    "min_disk": ("40", "+40", "040", "-1", "1024"),
    "min_ram": ("0", "2048"),
    "size": ("2", "18"),
    "size_min": ("2", "-1"),
    "size_max": ("17",),
    "min_disk_max": ("40",),
    "name_min": ("0",),
    "visibility_max": ("9",),
    "created_at_min": ("1",),
    "updated_at_max": ("1",),
    "tags_max": ("1",),
    "container_format": ("bare", "BARE"),
    "disk_format": ("in:iso,raw", "ZVHD2"),
    "created_at": tuple(f"{way}:{time}" for way in ("gt", "gte", "lt", "lte", "eq", "neq") for time in TIMES),
    "updated_at": (
        "gte:2018-09-06 14:03:28",
        "lt:2018-09-06T14:03:28.5Z",
        "eq:2020",
        "neq:2020-02-29",
        "gt:0001",
        *(f"{way}:{time}" for way in ("gt", "gte", "lt", "lte", "eq") for time in TIMES),
    ),
    "tag": ("a=b", "a.b", "x86", "a=b.c", "a.b=c", "nosuch"),
    "__isregistered": ("true", "false", "TRUE"),
    "__imagetype": ("gold", "shared", "private", "SHARED"),
    "__platform": ("RedHat", "Red Hat", "windows", "Oracle Linux"),
    "__os_version": ("CentOS 7.3 64bit", "centos 7.3 64bit"),
    "free": ("yes", ""),
    "foo": ("bar",),
    "member_status": ("accepted", "rejected", "pending", "all"),
}


def random_images(rng, count):
    """Invent images with few distinct values, so that ties and matches abound."""
    for number in range(count):
        image = {name: rng.choice(pool) for name, pool in POOLS.items()}
        image["id"] = f"{number * 7919 % count:04x}"
        statuses = ("accepted", "rejected", "pending")
        image["members"] = {project: rng.choice(statuses) for project in PROJECTS if rng.random() < 0.3}
        yield image


def made(images):
    """Make images of invented values."""
    shapes = Shapes()
    for image in images:
        values = {name: value for name, value in image.items() if name != "members" and value is not None}
        yield shapes.image(values, image["members"])


def catalog_of(images):
    """Index images."""
    return Catalog(made(images))


# --- the naive reading ------------------------------------------------------------------------------


def naive(images, pairs, view):
    """List every image the rules allow, in the order they ask for, without any index."""
    asked = dict(pairs)
    seen = []
    for image in images:
        status = (image["status"] or "").lower()
        wanted = asked.get("status", "")
        wanted = wanted.lower() if on(view, "enumerations-ignore-case") else wanted
        named = wanted.removeprefix("eq:").removeprefix("in:").split(",")
        is_asked_for = on(view, "dead-images-on-request") and status in named
        if status in ("deleted", "killed") and not is_asked_for:
            continue
        member = naive_membership(image, view)
        shown = dict(image)
        if on(view, "shared-through-membership") and member and not view.caller.is_admin:
            shown |= {"visibility": "shared", "__imagetype": "shared"}
        if naive_listed(image, shown, member, asked, view) and all(
            naive_match(shown, name, value, view) for name, value in naive_filters(pairs, view)
        ):
            seen.append(image)
    return naive_sorted(seen, pairs)


def on(view, departure):
    """Tell whether the view's profile departs here."""
    return departure in view.profile


def naive_membership(image, view):
    """Give the status of the membership that counts."""
    status = image["members"].get(view.caller.project)
    visibility = image["visibility"].lower()
    if on(view, "shared-through-membership"):
        is_open = visibility == "public" or (view.is_queens and visibility == "community")
        return None if is_open or image["owner"] == view.caller.project else status
    return None if view.is_queens and visibility != "shared" else status


def naive_listed(image, shown, member, asked, view):
    """Tell whether tenancy lets the image into the list."""
    stored, visibility = image["visibility"].lower(), asked.get("visibility")
    if visibility and on(view, "enumerations-ignore-case"):
        visibility = visibility.lower()
    wanted = asked.get("member_status", "accepted")
    own = image["owner"] == view.caller.project
    accepted = member is not None and wanted in ("all", member)
    if view.caller.is_admin:
        if visibility is None:
            return not view.is_queens or stored != "community" or own
        if visibility == "shared" and not view.is_queens:
            return bool(image["members"]) and not (on(view, "shared-through-membership") and stored == "public")
        if visibility == "private" and not view.is_queens and not on(view, "shared-through-membership"):
            return stored != "public"
        return stored == visibility
    union = stored == "public" or own or accepted
    if visibility is None:
        return union if not view.is_queens or stored != "community" else own
    if visibility == "shared" and not view.is_queens:
        return accepted
    if visibility == "private" and not view.is_queens and not on(view, "shared-through-membership"):
        return union and stored != "public"
    return (union or (view.is_queens and stored == "community")) and shown["visibility"].lower() == visibility


def naive_filters(pairs, view):
    """Give every filter that counts."""
    last = {
        name: value
        for name, value in pairs
        if name not in ("tag", "visibility", "member_status", "sort_key", "sort_dir")
    }
    if on(view, "registered-only") and not view.caller.is_admin:
        yield "__isregistered", "true"
    yield from last.items()
    yield from (pair for pair in pairs if pair[0] == "tag")


def naive_match(image, name, value, view):
    """Tell whether one filter lets the image through."""
    if name.endswith(("_min", "_max")):
        stored, is_least = image[name[:-4]], name.endswith("_min")
        if stored is None or isinstance(stored, tuple):
            return False
        if name.startswith(("created_at", "updated_at")):
            return is_least
        bound = value if isinstance(stored, str) else int(value)
        return stored >= bound if is_least else stored <= bound
    stored = image.get(name)
    if name == "tag":
        tags = set(image["tags"])
        if on(view, "dotted-tags"):
            tags |= {tag.replace(".", "=", 1) for tag in tags if "=" not in tag}
        return value in tags
    if stored is None:
        return False
    if name in ("min_disk", "min_ram", "size"):
        return stored == int(value)
    if name == "protected":
        if on(view, "booleans-ignore-case") or view.is_queens:
            return stored == (value == "true")
        return value in ("0", "1") and stored == bool(int(value))
    if name in ("created_at", "updated_at"):
        return naive_time(stored, value)
    values = [value]
    if name in ("name", "status", "container_format", "disk_format"):
        if value.startswith("in:"):
            values = {'in:"a,b",Web': ["a,b", "Web"]}.get(value, value[3:].split(","))
        elif value.startswith("eq:"):
            values = [value[3:]]
    if on(view, "enumerations-ignore-case") and BY_NAME.get(name) and BY_NAME[name].values:
        fold = {"red hat": "redhat", "oracle linux": "oraclelinux"}
        return fold.get(stored.lower(), stored.lower()) in [fold.get(one.lower(), one.lower()) for one in values]
    return stored in values


def naive_time(stored, value):
    """Compare times as text."""
    way, _, text = value.partition(":")
    exact = {"2018-09-06 14:03:28": "2018-09-06T14:03:28Z", "2018-09-06T14:03:28.5Z": "2018-09-06T14:03:28Z5",
             "2020": "2020-01-01T00:00:00Z", "2020-02-29": "2020-02-29T00:00:00Z"}.get(text, text)  # fmt: skip
    return {
        "gt": stored > exact, "gte": stored >= exact, "lt": stored < exact,
        "lte": stored <= exact, "eq": stored == exact, "neq": stored != exact,
    }[way]  # fmt: skip


def naive_sorted(images, pairs):
    """Sort by one key after the other, the least important first."""
    keys = [value for name, value in pairs if name == "sort_key"] or ["created_at"]
    ways = [value for name, value in pairs if name == "sort_dir"]
    tie = ways[0] if len(ways) == 1 else "desc"
    ways = ways if len(ways) == len(keys) and len(ways) > 1 else [tie] * len(keys)
    order = [*zip(keys, ways, strict=True), *((key, tie) for key in ("created_at", "id") if key not in keys)]
    for key, way in reversed(order):
        images = sorted(
            images,
            key=lambda image, key=key: (image[key] is not None, image[key] if image[key] is not None else 0),
            reverse=way == "desc",
        )
    return images


# --- against the index --------------------------------------------------------------------------------


def random_pairs(rng, view):
    """Invent a legal question."""
    pairs = []
    for name in rng.sample(sorted(FILTERS), rng.choice((0, 1, 1, 2, 3))):
        value = rng.choice(FILTERS[name])
        if name == "protected" and (on(view, "booleans-ignore-case") or view.is_queens):
            value = rng.choice(("true", "false"))
        if name == "visibility" and not on(view, "enumerations-ignore-case"):
            value = value.lower()
        pairs.append((name, value))
        if name == "tag" and rng.random() < 0.3:
            pairs.append((name, rng.choice(FILTERS[name])))
    keys = rng.sample(SORT_KEYS, rng.choice((0, 0, 1, 1, 1, 2, 3)))
    ways = [rng.choice(("asc", "desc")) for _ in keys][: rng.choice((0, 1, len(keys)))]
    if len(ways) not in (0, 1, len(keys)):
        ways = []
    pairs += [("sort_key", key) for key in keys] + [("sort_dir", way) for way in ways]
    return pairs


def random_view(rng):
    """Invent a caller, a profile and a version."""
    switches = "".join(f",-{departure.name}" for departure in DEPARTURES if rng.random() < 0.15)
    profile = rng.choice((DOCUMENTED, DOCUMENTED, GLANCE, Profile.parse("documented" + switches)))
    roles = frozenset({"admin"} if rng.random() < 0.2 else {"member"})
    return View(Caller(rng.choice(PROJECTS), roles), profile, is_queens=rng.random() < 0.4)


@pytest.mark.parametrize("patience", [walking.PATIENCE, 3, -1])
@pytest.mark.parametrize("seed", range(8))
def test_the_index_agrees_with_a_naive_list(monkeypatch, seed, patience):
    """24 times 1,000 random questions, each answered by the index as by a list comprehension, at any page of it.

    With less patience a walk goes on with bitmaps, after a few images or at once.
    """
    monkeypatch.setattr(walking, "PATIENCE", patience)
    monkeypatch.setattr(lists, "FEW", max(patience, 0))
    monkeypatch.setattr(walking, "GENEROUS", 0 if patience < 0 else walking.GENEROUS)
    monkeypatch.setattr(bitmaps, "BLOCK", bitmaps.BLOCK if seed % 2 else 8)
    monkeypatch.setattr(zones, "ZONE", zones.ZONE if seed % 4 == 3 else seed + 1)
    rng = random.Random(seed)
    for _ in range(20):
        images = list(random_images(rng, rng.choice((0, 1, 7, 40))))
        catalog = catalog_of(images)
        for _ in range(50):
            view = random_view(rng)
            pairs = random_pairs(rng, view)
            expected = [image["id"] for image in naive(images, pairs, view)]
            limit = rng.choice((1, 2, 5, 100))
            start = rng.randrange(len(expected)) if expected and rng.random() < 0.5 else -1
            paged = [*pairs, ("limit", str(limit)), *([("marker", expected[start])] if start >= 0 else [])]
            page = catalog.page(parse(urlencode(paged), view), view)
            rest = expected[start + 1 :]
            assert list(map(id_in, page.images)) == rest[:limit], (paged, view)
            assert list(page.images) == [view.shown(catalog.image(one)).rendered for one in rest[:limit]]
            has_next = len(rest) > limit if on(view, "full-last-page") else len(rest) >= limit
            assert page.has_next == has_next, (paged, view)


images_drawn = st.builds(
    lambda seed, count: list(random_images(random.Random(seed), count)), st.integers(0, 2**32), st.integers(0, 30)
)


@settings(max_examples=150, deadline=None)
@given(
    images=images_drawn,
    seed=st.integers(0, 2**32),
    key=st.sampled_from(SORT_KEYS),
    way=st.sampled_from(("asc", "desc")),
    limit=st.integers(1, 12),
)
def test_walking_next_visits_every_match_once_in_order(images, seed, key, way, limit):
    """Whatever the catalog, filters, sort key, direction and limit: the pages joined are the whole list."""
    rng = random.Random(seed)
    view = random_view(rng)
    catalog = catalog_of(images)
    pairs = [pair for pair in random_pairs(rng, view) if pair[0] not in ("sort_key", "sort_dir")]
    pairs += [("sort_key", key), ("sort_dir", way), ("limit", str(limit))]
    expected = [image["id"] for image in naive(images, pairs[:-1], view)]
    walked, raw = [], urlencode(pairs)
    for _ in range(len(images) + 2):
        query = parse(raw, view)
        page = catalog.page(query, view)
        walked += map(id_in, page.images)
        if not page.has_next:
            break
        raw = query.next(id_in(page.images[-1])).partition("?")[2]
    assert walked == expected


@settings(max_examples=300)
@given(
    operator=st.sampled_from([operator for operator in TIME_OPERATORS if operator != "neq"]),
    second=st.sampled_from(["", "0001-01-01T00:00:00Z", *TIMES, "9999-12-31T23:59:59Z", "~"]),
    past=st.booleans(),
    stored=st.sampled_from(["0001-01-01T00:00:00Z", *TIMES, "9999-12-31T23:59:59Z"]),
)
def test_times_lie_within_bounds_where_they_are_wanted(operator, second, past, stored):
    """As numbers they compare as the texts do, whatever the instant."""
    wanted = conditions.Compares("updated_at", operator, Instant(second, past))
    low, high = wanted.bounds
    assert (low <= stamp(stored) <= high) is wanted.instant.compare(operator, stored)
    assert not low <= stamp("") <= high
    start, stop = wanted.among([stamp(stored)])
    assert (start, stop) == (start, start + wanted.instant.compare(operator, stored))


@pytest.mark.parametrize("zone", [1, 2, 7, 100])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_walks_pass_by_zones_where_no_time_is_wanted(monkeypatch, zone, is_reversed):
    """But by none where one is, from any rank on."""
    monkeypatch.setattr(zones, "ZONE", zone)
    rng = random.Random(zone)
    times = [rng.choice((0, *range(1, 30))) if rng.random() < 0.2 else number for number in range(60)]
    table = SimpleNamespace(stamps=lambda _: times)
    found = zones.Zones(SimpleNamespace(table=table, positions=range(60)), "updated_at")
    passed = 0
    for low, high in [(5, 9), (20, 20), (0, 0), (70, 80), (9, 5), (1, 99)]:
        within = zones.Within(found, low, high)
        assert within.among(range(60)) == [rank for rank in range(60) if low <= times[rank] <= high]
        for rank in range(60):
            ahead = range(rank, -1, -1) if is_reversed else range(rank, 60)
            first = next((one for one in ahead if low <= times[one] <= high), -1 if is_reversed else 60)
            beside = within.beside(rank, is_reversed=is_reversed)
            assert rank >= beside >= first if is_reversed else rank <= beside <= first
            passed += abs(rank - beside)
    assert passed > 0


def test_the_next_link_repeats_the_question():
    """The link to the next page is the question with a marker, so that following links needs no state."""
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    raw = "tag=a%3Db&tag=x86&name=%E9%95%9C&limit=2&marker=old"
    query = parse(raw, view)
    sent = [pair for pair in parse_qsl(raw) if pair[0] != "marker"]
    assert parse_qsl(query.first().partition("?")[2]) == [("__isregistered", "true"), *sent]
    assert parse_qsl(query.next("new").partition("?")[2]) == [("__isregistered", "true"), *sent, ("marker", "new")]


def test_an_id_is_unique():
    """Two images with one id are refused."""
    image = next(random_images(random.Random(0), 1))
    with pytest.raises(ValueError, match="given twice"):
        catalog_of([image, image])


def test_a_name_nobody_has_builds_no_index():
    """Questions for invented properties cost no memory: thousands of them leave the catalog as it was."""
    catalog = catalog_of(random_images(random.Random(1), 20))
    view = View(Caller("a"), GLANCE, is_queens=False)
    for number in range(2000):
        assert catalog.page(parse(f"foo{number}=bar", view), view).images == ()
    (index,) = catalog._parts
    assert len(index._kept.postings) < 10


ANTI_CORRELATED = (
    "visibility=public&__imagetype=private",
    "visibility=private&__imagetype=gold",
    "is_public=1&visibility=private",
    "is_public=0&visibility=public",
    "visibility=public&visibility_min=0&__imagetype=private",
)


@pytest.mark.parametrize("profile", [DOCUMENTED, GLANCE])
@pytest.mark.parametrize("role", ["admin", "member"])
@pytest.mark.parametrize("raw", ANTI_CORRELATED)
def test_what_members_are_shown_otherwise_is_found_without_a_walk_through_all(monkeypatch, raw, role, profile):
    """Filters of which each finds thousands of images, and both none, ask few images from the second page on."""
    images = list(random_images(random.Random(9), 8000))
    for number, image in enumerate(images):
        is_public = number % 2 == 0
        image["visibility"], image["__imagetype"] = ("public", "gold") if is_public else ("private", "private")
        image |= {"owner": "a", "status": "active", "__isregistered": "true", "members": {}}
    images[1]["members"] = {"b": "accepted"}
    catalog = catalog_of(images)
    view = View(Caller("a", frozenset({role})), profile, is_queens=False)
    asked = []
    for kind in (conditions.Equals, conditions.Not, conditions.Bounded):
        holds = kind.holds
        monkeypatch.setattr(kind, "holds", lambda self, image, holds=holds: asked.append(image) or holds(self, image))
    for _ in range(2):
        asked.clear()
        assert catalog.page(parse(raw, view), view).images == ()
    assert len(asked) <= walking.PATIENCE


def test_orders_are_bounded():
    """However many combinations of sort keys are asked for, only some orders are kept."""
    catalog = catalog_of(random_images(random.Random(2), 10))
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    for one in SORT_KEYS:
        for two in SORT_KEYS:
            for three in SORT_KEYS:
                catalog.page(parse(f"sort_key={one}&sort_key={two}&sort_key={three}", view), view)
    (index,) = catalog._parts
    assert len(index._lists) <= 24


@pytest.mark.parametrize("marker", ["", "nosuch", "\0", "é"])
def test_an_unknown_marker_is_refused(marker):
    """Also an empty one, and whatever else is asked."""
    catalog = catalog_of(random_images(random.Random(3), 5))
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    with pytest.raises(RequestError, match=r"marker is .*; legal is"):
        catalog.page(parse(f"limit=0&marker={quote_plus(marker)}", view), view)


# --- edited catalogs ----------------------------------------------------------------------------------


HELD = 40
THRESHOLDS = {
    "usual": {},
    "no merges": {"FULL": 0, "MANY": 100},
    "small parts": {"LIKE": 2, "FULL": 8, "MANY": 100},
    "few parts": {"LIKE": 1, "FULL": 4, "MANY": 3},
}


def history(rng, length):
    """Edit a catalog at random; give it and every one it becomes, each with the images that it must hold, by id.

    Images are added, replaced, removed and put back, some of them the very same value as before.
    """
    versions = [image for _ in range(3) for image in made(random_images(rng, HELD))]
    held = {image.id: image for image in versions[: rng.choice((0, 1, 10, HELD))]}
    catalog = Catalog(held.values())
    yield catalog, dict(held)
    for _ in range(length):
        image = rng.choice(versions)
        if rng.random() < 0.3:
            catalog = catalog.without(image.id)
            held.pop(image.id, None)
        else:
            catalog = catalog.with_image(image)
            held[image.id] = image
        yield catalog, dict(held)


def answer(catalog, raw, view):
    """Give the page that answers a question, or the refusal."""
    try:
        return catalog.page(parse(raw, view), view)
    except RequestError as error:
        return str(error)


@pytest.fixture(params=THRESHOLDS)
def thresholds(request, monkeypatch):
    """Merge parts as usual, or so that short histories go through all that may happen to them."""
    for name, value in THRESHOLDS[request.param].items():
        monkeypatch.setattr(module, name, value)


over_histories = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the thresholds may well stay from one to the next
)


@pytest.mark.usefixtures("thresholds")
@over_histories
@given(seed=st.integers(0, 2**32), length=st.integers(0, 60))
def test_an_edited_catalog_answers_as_a_fresh_one(seed, length):
    """Whatever the edits, question, order, marker and caller; and so does every catalog on the way, afterwards."""
    rng = random.Random(seed)
    catalogs = list(history(rng, length))
    for catalog, held in [catalogs[-1], *rng.choices(catalogs, k=2)]:
        fresh = Catalog(held.values())
        for _ in range(15):
            view = random_view(rng)
            pairs = [*random_pairs(rng, view), ("limit", str(rng.choice((0, 1, 2, 5, 100))))]
            if rng.random() < 0.5:
                pairs.append(("marker", rng.choice((*(f"{number:04x}" for number in range(HELD)), "nosuch"))))
            raw = urlencode(pairs)
            assert answer(catalog, raw, view) == answer(fresh, raw, view), (raw, view)


@pytest.mark.usefixtures("thresholds")
@over_histories
@given(seed=st.integers(0, 2**32), length=st.integers(0, 60))
def test_an_edited_catalog_holds_what_was_written(seed, length):
    """Each image once and in its last version, with every attribute; removed ones not at all."""
    for catalog, held in list(history(random.Random(seed), length)):
        assert len(catalog) == len(list(catalog)) == len(held)
        assert {image.id: image for image in catalog} == held
        assert all(catalog.image(f"{number:04x}") is held.get(f"{number:04x}") for number in range(HELD))


def test_removing_what_is_not_there_changes_nothing():
    """The catalog stays the same value."""
    catalog = catalog_of(random_images(random.Random(4), 5))
    assert catalog.without("nosuch") is catalog
    image = next(iter(catalog))
    removed = catalog.without(image.id)
    assert removed.without(image.id) is removed


def test_an_edit_shares_what_is_indexed():
    """Orders and lists of a catalog serve the edited ones and, after a reset, itself."""
    first, *images = made(random_images(random.Random(5), module.FULL + 1))
    catalog = Catalog(images)
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    catalog.page(parse("", view), view)
    edited = catalog.with_image(first).without(images[0].id)
    (before,) = catalog._parts
    assert edited._parts[0] is before
    assert len(before._lists) == 1


def test_parts_are_few_and_small():
    """Thousands of edits leave a handful of parts, and only the loaded one is large."""
    images = list(made(random_images(random.Random(6), 1200)))
    catalog = Catalog(images)
    for number in range(3000):
        catalog = (
            catalog.with_image(images[number * 7 % 1200]) if number % 3 else catalog.without(f"{number % 1200:04x}")
        )
        first, *others = map(len, catalog._parts)
        assert first == 1200
        assert len(others) < 12
        assert all(size <= module.FULL for size in others)


def test_too_many_parts_become_one(monkeypatch):
    """All but the oldest, so that no page looks through more of them."""
    monkeypatch.setattr(module, "MANY", 5)
    monkeypatch.setattr(module, "FULL", 1)
    images = list(made(random_images(random.Random(7), 40)))
    catalog = Catalog(images[:20])
    sizes = []
    for image in images[20:]:
        catalog = catalog.with_image(image)
        sizes.append([len(part) for part in catalog._parts])
    assert sizes[3:5] == [[20, 1, 1, 1, 1], [20, 5]]
    assert max(map(len, sizes)) == 5


def test_what_comes_and_goes_leaves_nothing_behind():
    """A catalog to which images are added and from which they are removed again, for ever, does not grow."""
    images = list(made(random_images(random.Random(8), 3000)))
    catalog = Catalog(images[:1000])
    for image in images[1000:]:
        catalog = catalog.with_image(image).without(image.id)
    assert sum(map(len, catalog._parts)) == len(catalog) == 1000
