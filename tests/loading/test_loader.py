"""Loading and merging catalogs, and what their entries default to."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from catalog_files import KEY, TOKEN, USER, file, images, problems, shown
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.auth.credentials import DEFAULT_PROJECT, Project
from ims_mock.catalog.attribute_defaults import EPOCH
from ims_mock.catalog.image import Membership
from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES
from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, TIME, wire_time
from ims_mock.loading.loader import load
from ims_mock.loading.parser import CatalogText, dumps
from ims_mock.loading.schema import SECTIONS

pytestmark = pytest.mark.usefixtures("in_tmp_path")


def test_catalogs_are_merged_in_the_given_order():
    first = images(
        {"id": "a"}, project="p1", clock="2020-01-01", projects=[{"id": "p1", "name": "one"}],
        credentials={"tokens": [{"token": "t1", "project": "p1"}], "users": [USER]},
    )  # fmt: skip
    second = images(
        {"id": "b"}, {"id": "c"}, project="p2", projects=[{"id": "p2"}, {"id": "p1", "name": "one"}],
        credentials={"tokens": [{"token": "t2", "project": "p2"}], "users": [dict(USER)], "keys": [KEY]},
    )  # fmt: skip
    third = images({"id": "d"}, clock="2021-01-01")
    loaded = load([first, second, third])
    assert [image.id for image in loaded.catalog] == ["a", "b", "c", "d"]
    assert loaded.credentials.default_project == "p2"
    assert loaded.clock.wire() == "2021-01-01T00:00:00Z"
    assert loaded.credentials.projects == {"p1": Project("p1", "one"), "p2": Project("p2")}
    assert sorted(one.token for one in loaded.credentials.tokens) == ["t1", "t2"]
    assert [one.access for one in loaded.credentials.keys] == ["k"]
    assert [(one.domain, one.name) for one in loaded.credentials.users] == [("testdomain", "n")]
    assert [image.id for image in load([third, second, first]).catalog] == ["d", "b", "c", "a"]
    assert load([third, first]).clock.wire() == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "entry", "other"),
    [
        ("projects", {"id": "p", "name": "a"}, {"id": "p", "name": "b"}),
        ("projects", {"id": "p"}, {"id": "p", "domain": "b"}),
        ("credentials.tokens", TOKEN, {**TOKEN, "project": "q"}),
        ("credentials.tokens", TOKEN, {**TOKEN, "roles": ["admin"]}),
        ("credentials.tokens", TOKEN, {**TOKEN, "expires": "2030"}),
        ("credentials.keys", KEY, {**KEY, "secret": "x"}),
        ("credentials.keys", KEY, {**KEY, "roles": ["admin"]}),
        ("credentials.keys", KEY, {**KEY, "project": "q", "secret": "x"}),
        ("credentials.keys", KEY, {**KEY, "project": "q", "security_token": "x"}),
        ("credentials.users", USER, {**USER, "password": "x"}),
        ("credentials.users", USER, {**USER, "project": "q", "password": "x"}),
    ],
)
def test_repeated_entry_must_have_the_same_values(path, entry, other):
    def catalog(*entries):
        section = {path.removeprefix("credentials."): list(entries)}
        return section if path == "projects" else {"credentials": section}

    assert load([catalog(entry), catalog(dict(entry))])
    assert load([catalog(entry, dict(entry))])
    assert problems(catalog(entry), catalog(other)) == [f"catalog: {path}[0]: is repeated with other values"]
    assert problems(catalog(entry, other)) == [f"catalog: {path}[1]: is repeated with other values"]


def test_key_or_user_may_have_several_projects():
    catalog = {"credentials": {"users": [USER, {**USER, "project": "q"}], "keys": [KEY, {**KEY, "project": "q"}]}}
    identity = load([catalog]).credentials
    assert [one.project for one in identity.users] == [one.project for one in identity.keys] == ["p", "q"]
    other_user = {**USER, "domain": "other", "password": "x"}
    assert len(load([catalog, {"credentials": {"users": [other_user]}}]).credentials.users) == 3


@pytest.mark.parametrize(
    ("catalogs", "option", "project"),
    [
        ([{}], "", DEFAULT_PROJECT),
        ([{"projects": [{"id": "a"}, {"id": "b"}]}], "", "a"),
        ([{"projects": [{"id": "a"}]}, {"project": "c"}], "", "c"),
        ([{"project": "c"}, {"projects": [{"id": "a"}]}], "", "c"),
        ([{"project": "c"}, {"project": "d"}, {}], "", "d"),
        ([{"project": "c"}], "e", "e"),
    ],
)
def test_default_project_is_the_option_then_the_last_named_then_the_first_listed(catalogs, option, project):
    loaded = load([*catalogs, images({"id": "x"})], project=option)
    assert loaded.credentials.default_project == project
    if not option:
        assert loaded.catalog.get("x").get("owner") == project


def test_defaults_apply_to_the_images_of_their_own_file_only():
    first = images(
        {"id": "a"}, {"id": "b", "min_disk": 50, "colour": None}, {"id": "c", "name": None},
        defaults={"min_disk": 60, "colour": "blue", "name": "n", "status": None},
        generate=[{"count": 1}],
    )  # fmt: skip
    a, b, c, generated, other = shown(first, images({"id": "d"}))
    assert (a["min_disk"], a["colour"], a["name"], "status" in a) == (60, "blue", "n", False)
    assert (b["min_disk"], "colour" in b) == (50, False)
    assert ("name" in c, c["colour"]) == (False, "blue")
    assert "colour" not in generated
    assert (other["min_disk"], other["status"]) == (40, "active")


@pytest.mark.parametrize(
    ("written", "back"),
    [
        ("3 days ago", timedelta(days=3)),
        ("1 day ago", timedelta(days=1)),
        ("90 seconds ago", timedelta(seconds=90)),
        (" 5 Minutes AGO ", timedelta(minutes=5)),
        ("0 hours ago", timedelta()),
        ("2 weeks ago", timedelta(weeks=2)),
        ("100000 days ago", timedelta(days=100_000)),
    ],
)
def test_relative_time_is_resolved_with_the_clock_of_the_last_catalog(written, back):
    catalog = {
        "images": ({"id": "a", "created_at": written, "active_at": written},),
        "defaults": {"updated_at": written},
        "generate": [{"count": 1, "set": {"id": "b", "created_at": written}}],
        "credentials": {"tokens": [{**TOKEN, "expires": written}]},
    }
    clock = datetime(2023, 11, 13, 8, tzinfo=timezone.utc)
    loaded = load([{"clock": "2020-01-01"}, catalog, {"clock": "2023-11-13T08:00:00Z"}])
    instant = wire_time(clock - back)
    image = loaded.catalog.get("a")
    assert [image.get(name) for name in ("created_at", "updated_at", "active_at")] == [instant] * 3
    assert loaded.catalog.get("b").get("created_at") == instant
    assert loaded.credentials.find_token("t").expires == instant


def test_relative_time_is_plain_text_in_other_attributes():
    (wire,) = shown(images({"name": "3 days ago", "tags": ["3 days ago"], "colour": "3 days ago"}))
    assert [wire["name"], *wire["tags"], wire["colour"]] == ["3 days ago"] * 3


def test_clock_runs_unless_a_catalog_freezes_it():
    now = datetime.now(timezone.utc)
    loaded = load([images({"id": "a", "created_at": "1 hour ago"})])
    assert abs(loaded.clock.now() - now) < timedelta(seconds=30)
    then = datetime.strptime(loaded.catalog.get("a").text("created_at"), "%Y-%m-%dT%H:%M:%S%z")
    assert abs(now - timedelta(hours=1) - then) < timedelta(seconds=30)


def test_default_creation_time_counts_through_all_catalogs():
    first, second, third, fourth = shown(images({}, {"created_at": "2018-09-06"}), images({}), images({}))
    assert second["created_at"] == "2018-09-06T00:00:00Z"
    for number, wire in ((0, first), (2, third), (3, fourth)):
        assert wire["created_at"] == wire["updated_at"] == wire_time(EPOCH + timedelta(seconds=number))


def test_absent_id_depends_on_seed_and_index_only():
    catalog = images({"name": "a"}, {"id": "mine"}, {"name": "b"}, generate=[{"count": 2}])
    ids = [wire["id"] for wire in shown(catalog, images({"name": "c"}))]
    assert ids[1] == "mine"
    assert len(set(ids)) == 6
    alone = [wire["id"] for wire in shown(images(*[{}] * 6))]
    assert [ids[0], ids[2], ids[5]] == [alone[0], alone[2], alone[5]]
    assert [wire["id"] for wire in shown(images(*[{"colour": "x"}] * 6), seed=1)] != alone


def test_derived_ids_never_change():
    ids = [wire["id"] for seed in (0, 7) for wire in shown(images({}, {}), seed=seed)]
    assert ids == [
        "5513e3ea-bba6-4754-82c1-c34c7365c6fa", "a93875fe-509a-42fa-a0e0-939d3ec71c4d",
        "19b6554d-aa8a-49aa-81ab-0cf47011177d", "d3d2f579-8ea0-425e-9aad-fd88a48abffb",
    ]  # fmt: skip


def test_generated_images_follow_the_written_ones():
    first = images({"id": "a"}, generate=[{"count": 2, "seed": 1, "set": {"colour": "red"}}, {"count": 1}])
    found = shown(first, images({"id": "b"}), generate=3, seed=5)
    assert len(found) == 8
    assert (found[0]["id"], found[4]["id"]) == ("a", "b")
    assert [wire.get("colour") for wire in found] == [None, "red", "red", None, None, None, None, None]
    assert shown(first, images({"id": "b"}), generate=3, seed=5) == found


def test_seed_of_a_section_overrides_the_option():
    fixed, free = {"generate": [{"count": 5, "seed": 3}]}, {"generate": [{"count": 5}]}
    assert shown(fixed, seed=1) == shown(fixed, seed=2)
    assert shown(free, seed=1) != shown(free, seed=2)
    assert shown(free, seed=3) == shown(fixed) == shown(generate=5, seed=3)


def test_generated_images_have_the_values_of_set():
    given = {"min_disk": "50", "protected": "true", "tags": ["x"], "__description": None, "__platform": "CentOS"}
    for wire in shown({"generate": [{"count": 20, "set": given}]}):
        assert (wire["min_disk"], wire["protected"], wire["tags"], wire["__platform"]) == (50, True, ["x"], "CentOS")
        assert "__description" not in wire
        assert wire["__os_version"].startswith("CentOS")


def test_mapping_may_have_python_values_and_is_not_changed():
    given = {
        "id": 1234, "protected": True, "min_disk": 50, "__support_kvm": True, "max_ram": 0, "tags": ("a", 1),
        "updated_at": datetime(2018, 9, 7), "colour": 1.5, "name": None, "members": {"p": "accepted"},
    }  # fmt: skip
    catalog = {"images": (given,), "clock": datetime(2020, 1, 1), "generate": [{"count": 1, "seed": 1}]}
    before = repr(catalog)
    loaded = load([catalog])
    wire = next(iter(loaded.catalog)).as_json()
    assert repr(catalog) == before
    assert loaded.clock.wire() == "2020-01-01T00:00:00Z"
    expected = {
        "id": "1234", "protected": True, "min_disk": 50, "__support_kvm": "true", "max_ram": "0", "tags": ["a", "1"],
        "updated_at": "2018-09-07T00:00:00Z", "colour": 1.5, "name": None, "members": None,
    }  # fmt: skip
    assert {name: wire.get(name) for name in expected} == expected
    assert loaded.catalog.get("1234").members == {"p": Membership("accepted")}


VALUES = {
    INTEGER: st.integers(-(2**63), 2**63 - 1),
    BOOLEAN: st.booleans(),
    TIME: st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(wire_time),
    HEADER: st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"]), max_size=8),
    LIST: st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=3, unique=True),
}
ODD_TEXTS = ["0123", "true", "No", "null", "~", "", " ", "\n", "\x85", "\u2028", "1e3", "-0", "1_0", "<<", ".5"]
TEXT_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(ODD_TEXTS)
JSON_VALUES = st.recursive(
    TEXT_VALUES | st.booleans() | VALUES[INTEGER] | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(TEXT_VALUES, inner | st.none(), max_size=3),
    max_leaves=8,
)
ANY_IMAGE = st.fixed_dictionaries(
    {},
    optional={
        "colour": JSON_VALUES,
        "members": st.dictionaries(TEXT_VALUES.filter(bool), st.sampled_from(MEMBER_STATUSES), max_size=2),
        **{
            field.name: st.none() | VALUES.get(field.type, TEXT_VALUES)
            for field in FIELDS
            if field.type is not LINK and field.name != "id"
        },
    },
)


@settings(max_examples=100, deadline=None)
@given(images=st.lists(ANY_IMAGE, max_size=3))
def test_mapping_yaml_and_json_load_as_the_same_images(images):
    catalog = {"images": [*images, *images[:1]]}
    texts = [CatalogText(dumps(catalog, is_json=is_json).encode(), is_json) for is_json in (False, True)]
    python, *parsed = ([(image.values, image.members) for image in load([one]).catalog] for one in (catalog, *texts))
    as_text = json.dumps(python)  # in Python, 0 is False
    assert [json.dumps(one) for one in parsed] == [as_text, as_text]
    for raw, (stored, _) in zip(catalog["images"], python, strict=True):
        for name, value in raw.items():
            if name != "members":
                assert stored.get(name) == (tuple(value) if name == "tags" and value is not None else value)


EMPTY = ["", "# nothing\n", "---\n# nothing\n", "--- \n...\n", "{}", "images: []\ngenerate: []"]


@pytest.mark.parametrize("text", [*EMPTY, ":\n".join([*SECTIONS, ""])])
def test_every_section_is_optional(text):
    assert shown(file("c.yaml", text)) == []


def test_progress_is_reported_in_stages():
    calls = []
    file("c.yaml", "images:\n" + "- {name: x, tags: [a, b]}\n" * 2000)
    load(["c.yaml"], generate=1500, progress=lambda what, done, total: calls.append((what, done, total)))
    stages = list(dict.fromkeys(what for what, _, _ in calls))
    assert stages == ["reading c.yaml", "validating c.yaml", "building images"]
    assert all(0 <= done <= total for _, done, total in calls)
    assert calls[-1] == ("building images", 3500, 3500)
