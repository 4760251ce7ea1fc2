"""Pages of a catalog against a naive list comprehension, and the promises of paging."""

import random
from itertools import product
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.explain import explain
from ims_mock.catalog.image import Image, Membership
from ims_mock.catalog.query import parse
from ims_mock.catalog.visibility import Caller, View
from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.parameters import SORT_KEYS
from ims_mock.contract.profiles import DEPARTURES, DOCUMENTED, GLANCE, Profile
from ims_mock.errors import RequestError

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
COMPARISONS = ("gt:0001", *(f"{way}:{time}" for way in ("gt", "gte", "lt", "lte", "eq", "neq") for time in TIMES))
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
    "created_at": COMPARISONS,
    "updated_at": ("gte:2018-09-06 14:03:28", "lt:2018-09-06T14:03:28.5Z", "eq:2020", "neq:2020-02-29", *COMPARISONS),
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
    for number in range(count):
        image = {name: rng.choice(pool) for name, pool in POOLS.items()}
        image["id"] = f"{number * 7919 % count:04x}"
        statuses = ("accepted", "rejected", "pending")
        image["members"] = {project: rng.choice(statuses) for project in PROJECTS if rng.random() < 0.3}
        yield image


def made(images):
    for image in images:
        values = {name: value for name, value in image.items() if name != "members" and value is not None}
        yield Image(values, {project: Membership(status) for project, status in image["members"].items()})


def catalog_of(images):
    return Catalog(made(images))


def naive(images, pairs, view):
    """Return the images of a list in order, without any index."""
    asked = dict(pairs)
    seen = []
    for image in images:
        status = (image["status"] or "").lower()
        wanted = asked.get("status", "")
        wanted = wanted.lower() if "enumerations-ignore-case" in view.profile else wanted
        named = wanted.removeprefix("eq:").removeprefix("in:").split(",")
        is_asked_for = "dead-images-on-request" in view.profile and status in named
        if status in ("deleted", "killed") and not is_asked_for:
            continue
        member = naive_membership(image, view)
        shown = naive_shown(image, member, view)
        if naive_listed(image, shown, member, asked, view) and all(
            naive_match(shown, name, value, view) for name, value in naive_filters(pairs, view)
        ):
            seen.append(image)
    return naive_sorted(seen, pairs)


def naive_shown(image, member, view):
    if "shared-through-membership" in view.profile and member and not view.caller.is_admin:
        return image | {"visibility": "shared", "__imagetype": "shared"}
    if not view.is_queens and image["visibility"] in ("shared", "community"):
        return image | {"visibility": "private"}
    return image


def naive_membership(image, view):
    status = image["members"].get(view.caller.project)
    visibility = image["visibility"].lower()
    if "shared-through-membership" in view.profile:
        is_open = visibility == "public" or (view.is_queens and visibility == "community")
        return None if is_open or image["owner"] == view.caller.project else status
    return None if view.is_queens and visibility != "shared" else status


def naive_listed(image, shown, member, asked, view):
    """Return whether the list of the caller includes an image, apart from filters."""
    stored, visibility = image["visibility"].lower(), asked.get("visibility")
    if visibility and "enumerations-ignore-case" in view.profile:
        visibility = visibility.lower()
    wanted = asked.get("member_status", "accepted")
    own = image["owner"] == view.caller.project
    accepted = member is not None and wanted in ("all", member)
    union = view.caller.is_admin or stored == "public" or own or accepted
    if visibility is None:
        return union if not view.is_queens or stored != "community" else own
    if visibility == "shared" and not view.is_queens and "shared-through-membership" not in view.profile:
        return bool(image["members"]) if view.caller.is_admin else accepted
    return (union or (view.is_queens and stored == "community")) and shown["visibility"].lower() == visibility


def naive_filters(pairs, view):
    """Yield the filters that count, that of the service included."""
    last = dict(pair for pair in pairs if pair[0] not in ("tag", "visibility", "member_status", "sort_key", "sort_dir"))
    if "registered-only" in view.profile and not view.caller.is_admin:
        yield "__isregistered", "true"
    yield from last.items()
    yield from (pair for pair in pairs if pair[0] == "tag")


def naive_match(image, name, value, view):
    """Return whether an image matches a filter."""
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
        if "dotted-tags" in view.profile:
            tags |= {tag.replace(".", "=", 1) for tag in tags if "=" not in tag}
        return value in tags
    if stored is None:
        return False
    if name in ("min_disk", "min_ram", "size"):
        return stored == int(value)
    if name == "protected":
        if "booleans-ignore-case" in view.profile or view.is_queens:
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
    if "enumerations-ignore-case" in view.profile and BY_NAME.get(name) and BY_NAME[name].values:
        fold = {"red hat": "redhat", "oracle linux": "oraclelinux"}
        return fold.get(stored.lower(), stored.lower()) in [fold.get(one.lower(), one.lower()) for one in values]
    return stored in values


def naive_time(stored, value):
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
        images = sorted(images, key=lambda image, key=key: (image[key] is not None, image[key]), reverse=way == "desc")
    return images


def random_pairs(rng, view):
    """Return the parameters of a legal query."""
    pairs = []
    for name in rng.sample(sorted(FILTERS), rng.choice((0, 1, 1, 2, 3))):
        value = rng.choice(FILTERS[name])
        if name == "protected" and ("booleans-ignore-case" in view.profile or view.is_queens):
            value = rng.choice(("true", "false"))
        if name == "visibility" and "enumerations-ignore-case" not in view.profile:
            value = value.lower()
        pairs.append((name, value))
        if name == "tag" and rng.random() < 0.3:
            pairs.append((name, rng.choice(FILTERS[name])))
    keys = rng.sample(SORT_KEYS, rng.choice((0, 0, 1, 1, 1, 2, 3)))
    ways = [rng.choice(("asc", "desc")) for _ in keys][: rng.choice((0, 1, len(keys)))]
    pairs += [("sort_key", key) for key in keys] + [("sort_dir", way) for way in ways]
    return pairs


def random_view(rng):
    switches = "".join(f",-{departure.name}" for departure in DEPARTURES if rng.random() < 0.15)
    profile = rng.choice((DOCUMENTED, DOCUMENTED, GLANCE, Profile.parse("documented" + switches)))
    roles = frozenset({"admin"} if rng.random() < 0.2 else {"member"})
    return View(Caller(rng.choice(PROJECTS), roles), profile, is_queens=rng.random() < 0.4)


def edited(rng, catalog, images):
    [change] = random_images(rng, 1)
    old = rng.choice(images) if images and rng.random() < 0.7 else None
    if old is not None and rng.random() < 0.4:
        return catalog.without(old["id"]), [image for image in images if image is not old]
    change["id"] = old["id"] if old else f"{rng.randrange(16**6):06x}"
    return catalog.with_image(*made([change])), [image for image in images if image is not old] + [change]


@pytest.mark.parametrize(
    "seed", [seed if seed < 8 else pytest.param(seed, marks=pytest.mark.slow) for seed in range(20)]
)
def test_a_page_agrees_with_a_list_comprehension(seed):
    rng = random.Random(seed)
    for _ in range(20):
        images = list(random_images(rng, rng.choice((0, 1, 7, 40))))
        catalog = catalog_of(images)
        for _ in range(50):
            if rng.random() < 0.3:
                catalog, images = edited(rng, catalog, images)
            view = random_view(rng)
            pairs = random_pairs(rng, view)
            expected = [image["id"] for image in naive(images, pairs, view)]
            limit = rng.choice((1, 2, 5, 100))
            start = rng.randrange(len(expected)) if expected and rng.random() < 0.5 else -1
            paged = [*pairs, ("limit", str(limit)), *([("marker", expected[start])] if start >= 0 else [])]
            page = catalog.page(parse(urlencode(paged), view), view)
            rest = expected[start + 1 :]
            assert [image.id for image in page.images] == rest[:limit], (paged, view)
            assert list(page.images) == [view.shown(catalog.get(one)) for one in rest[:limit]]
            has_next = len(rest) > limit if "full-last-page" in view.profile else len(rest) >= limit
            assert page.has_next == has_next, (paged, view)


@pytest.mark.parametrize("seed", range(20))
def test_an_explanation_agrees_with_the_list(seed):
    rng = random.Random(seed)
    images = list(random_images(rng, rng.choice((1, 7, 25))))
    catalog = catalog_of(images)
    for _ in range(100):
        view, limit = random_view(rng), rng.choice((0, 1, 2, 5))
        pairs = random_pairs(rng, view)
        query = parse(urlencode([*pairs, ("limit", limit)]), view)
        whole = parse(urlencode([*pairs, ("limit", "1000")]), view)
        listed = [image.id for image in catalog.page(whole, view).images]
        found = [explain(catalog, query, view, image["id"]) for image in images]
        for one in found:
            assert (one.total, one.listed, one.conditions) == (len(images), len(listed), found[0].conditions)
            position = listed.index(one.image.id) if one.image.id in listed else None
            assert (one.image.listed, one.image.position) == (position is not None, position)
            assert (not one.image.because) == one.image.listed
            if limit and one.image.listed:
                marker = {"marker": listed[(one.image.page - 1) * limit - 1]} if one.image.page > 1 else {}
                paged = parse(urlencode([*pairs, ("limit", limit), *marker.items()]), view)
                assert one.image.id in [image.id for image in catalog.page(paged, view).images]
            else:
                assert one.image.page is None
        excluded = set()
        for condition in found[0].conditions:
            required = f"; required: {condition.condition}"
            failing = {one.image.id for one in found if any(why.endswith(required) for why in one.image.because)}
            excluded |= failing
            assert len(images) - condition.alone == len(failing), condition
            assert len(images) - condition.together == len(excluded), condition


@pytest.mark.parametrize("profile", [DOCUMENTED, GLANCE])
@pytest.mark.parametrize("stored", ["shared", "Shared", "community"])
@pytest.mark.parametrize("roles", [{"admin"}, {"member"}], ids=["admin", "owner"])
def test_mitaka_shows_a_visibility_of_queens_as_private(profile, stored, roles):
    image = Image({"id": "1", "owner": "p", "visibility": stored, "__imagetype": "private", "__isregistered": "true"})
    mitaka, queens = (View(Caller("p", frozenset(roles)), profile, is_queens) for is_queens in (False, True))
    for query in ("", "visibility=private"):
        [shown] = Catalog([image]).page(parse(query, mitaka), mitaka).images
        assert shown.get("visibility") == "private"
    assert Catalog([image]).page(parse("visibility=shared", mitaka), mitaka).images == ()
    assert queens.shown(image).get("visibility") == stored


@pytest.mark.parametrize("seed", range(50))
def test_walking_next_visits_every_match_once_in_order(seed):
    rng = random.Random(seed)
    images, view = list(random_images(rng, rng.randrange(31))), random_view(rng)
    catalog, pairs = catalog_of(images), random_pairs(rng, view)
    walked, raw = [], urlencode([*pairs, ("limit", rng.randint(1, 12))])
    for _ in range(len(images) + 2):
        query = parse(raw, view)
        page = catalog.page(query, view)
        walked += [image.id for image in page.images]
        if not page.has_next:
            break
        raw = query.links.next(page.images[-1].id).partition("?")[2]
    assert walked == [image["id"] for image in naive(images, pairs, view)]


def test_links_repeat_a_parameter_as_forms_encode_it():
    rng, pieces = random.Random(9), [*"aZ0_.~:-+=/é ", "%3A", "%3D", "%3a", "%20", "%2B", "%25", "%C3%A9"]
    drawn = ["".join(rng.choices(pieces, k=rng.randrange(9))) for _ in range(400)]
    names, values = [""] * 3 + drawn[::2], ["a%3Db", "2018-09-06T14%3A03:27Z", "CentOS+7.3+64bit", *drawn[1::2]]
    for raw in (f"x{name}={value}" for name, value in zip(names, values, strict=True)):
        [pair] = parse_qsl(raw, keep_blank_values=True)
        query = parse(raw.encode().decode("latin-1"), View(Caller("a"), GLANCE, is_queens=False))
        assert query.links.first == f"/v2/images?{urlencode([pair])}"


def test_a_duplicate_id_is_an_error():
    image = next(random_images(random.Random(0), 1))
    with pytest.raises(ValueError, match="given twice"):
        catalog_of([image, image])


@pytest.mark.parametrize("marker", ["", "nosuch", "\0", "é"])
def test_an_unknown_marker_is_an_error(marker):
    catalog = catalog_of(random_images(random.Random(3), 5))
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    with pytest.raises(RequestError, match=r"Invalid marker .*: no such image\. Use "):
        catalog.page(parse(f"limit=0&marker={quote_plus(marker)}", view), view)


def test_an_edit_leaves_the_earlier_catalog_as_it_was():
    rng = random.Random(5)
    view = View(Caller("a"), DOCUMENTED, is_queens=False)
    query = parse("limit=1000", view)
    versions = []
    catalog, images = Catalog(), []
    for _ in range(60):
        versions.append((catalog, list(images), catalog.page(query, view)))
        catalog, images = edited(rng, catalog, images)
    for earlier, held, page in versions:
        assert sorted(image.id for image in earlier) == sorted(image["id"] for image in held)
        assert len(earlier) == len(held)
        assert earlier.page(query, view) == page


def test_several_images_are_added_and_replaced_at_once():
    first, second = list(made(random_images(random.Random(6), 3))), list(made(random_images(random.Random(7), 5)))
    catalog = Catalog(first).with_images(second)
    assert {image.id: image for image in catalog} == {image.id: image for image in [*first, *second]}


def test_removing_an_unknown_image_changes_nothing():
    catalog = catalog_of(random_images(random.Random(4), 5))
    assert catalog.without("nosuch") is catalog


def test_an_answer_does_not_depend_on_how_many_queries_came_before():
    rng = random.Random(8)
    catalog = catalog_of(random_images(rng, 40))
    view = View(Caller("a"), GLANCE, is_queens=False)
    pool = product(SORT_KEYS, SORT_KEYS, range(5))
    raws = [f"sort_key={one}&sort_key={two}&size_min={number}" for one, two, number in pool]
    answers = {raw: catalog.page(parse(raw, view), view) for raw in raws}
    for raw in rng.sample(raws, len(raws)):
        assert catalog.page(parse(raw, view), view) == answers[raw]
