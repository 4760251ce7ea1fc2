"""Loading, validating and merging catalogs, and reporting their problems."""

import json
import os
import re
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.auth.credentials import DEFAULT_PROJECT, Project
from ims_mock.catalog.attribute_defaults import EPOCH
from ims_mock.catalog.image import Membership
from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES
from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, MAX_TEXT, TIME, wire_time
from ims_mock.loading.loader import load
from ims_mock.loading.parser import CatalogText, dumps
from ims_mock.loading.schema import SECTIONS
from ims_mock.loading.sources import CatalogError, bundled_catalogs, report_problems

BUNDLED = ("default", "document-sample", "edge-cases", "empty", "large")
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def file(name, text):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def problems(*sources, **options):
    with pytest.raises(CatalogError) as caught:
        load(sources, **options)
    lines = [str(problem) for problem in caught.value.problems]
    assert str(caught.value) == "\n".join(lines)
    assert not any("\n" in line or len(line) > 500 for line in lines)
    return lines


def warnings(*sources):
    return [str(problem) for problem in load(sources).warnings]


def shown(*sources, **options):
    return [image.as_json() for image in load(sources, **options).catalog]


def images(*given, **sections):
    return {"images": list(given), **sections}


def test_bundled_catalogs_load_by_name_from_any_folder():
    assert tuple(bundled_catalogs()) == BUNDLED
    assert [len(load(sources).catalog) for sources in ((), ["default"], ["empty"], ["empty", "empty"])] == [0, 63, 0, 0]
    assert load().name == "default"


@pytest.mark.parametrize("name", BUNDLED)
def test_only_edge_cases_among_the_bundled_catalogs_has_warnings(name):
    loaded = load([name])
    assert (loaded.name, loaded.warnings) == (name, ())
    assert len(loaded.catalog) == 10_000 or name != "large"
    warnings = load([name], lint_bundled=True).warnings if name != "large" else ()  # all of its images are generated
    assert bool(warnings) == (name == "edge-cases")
    assert all(problem.is_warning and problem.line and problem.file == name for problem in warnings)


@pytest.mark.parametrize("name", ["glance-mitaka", "glance-queens"])
def test_recorded_catalog_loads_with_warnings_only(name):
    loaded = load([DATA / name / "catalog.json"])
    raw = json.loads((DATA / name / "catalog.json").read_text())
    assert len(loaded.catalog) == len(raw["images"])
    assert loaded.warnings
    assert all(problem.is_warning and problem.line > 1 for problem in loaded.warnings)


def test_bundled_name_takes_precedence_over_a_file():
    file("empty/one.yaml", "images: [{id: mine}]")
    file("default", "images: [")
    assert shown("empty") == []
    assert [wire["id"] for wire in shown("./empty")] == ["mine"]
    assert len(shown("default")) == 63


def test_folder_loads_its_catalog_files_in_name_order():
    file("all/b.json", json.dumps(images({"id": "b"}, project="second")))
    file("all/c.yml", "images: [{id: c}]")
    file("all/a.yaml", "project: first\nimages: [{id: a}]")
    file("all/notes.txt", "images: [{id: d}]")
    file("all/inner.yaml/e.yaml", "images: [{id: e}]")
    loaded = load(["all"])
    assert [image.id for image in loaded.catalog] == ["a", "b", "c"]
    assert loaded.credentials.default_project == "second"
    assert [image.id for image in load([Path("all")]).catalog] == ["a", "b", "c"]


def test_file_is_yaml_unless_it_ends_in_json():
    assert [wire["id"] for wire in shown(file("mine.catalog", "images: [{id: a}]"))] == ["a"]
    assert [wire["id"] for wire in shown(file("mine.json", '{"images": [{"id": "a"}]}'))] == ["a"]
    assert len(problems(file("other.json", "images: [{id: a}]"))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("defualt", "did you mean default?"),
        ("edge-case", "did you mean edge-cases?"),
        ("default,empty", "give several catalogs one by one, without commas"),
        ("nothing.yaml", "bundled catalogs are default, document-sample, edge-cases, empty, large"),
        ("no/such/folder", "bundled catalogs are"),
        ("hollow", "the folder contains no file that ends in .yaml, .yml, .json"),
        ("x" * 300, "cannot be read: File name too long"),
        ("file/inside", "cannot be read: Not a directory"),
    ],
)
def test_missing_source_is_one_line_with_a_hint(name, words):
    Path("hollow").mkdir()
    file("file", "")
    (line,) = problems(name)
    assert line.startswith(f"{name}: ")
    assert words in line


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_one_line():
    Path(file("secret.yaml", "{}")).chmod(0)
    assert problems("secret.yaml") == ["secret.yaml: cannot be read: Permission denied"]


WRONG_YAML = """\
# a comment
project: p
clock: yesterday
projects:
  - {id: p, nmae: x}
credentials:
  tokens:
    - token: t
defaults:
  min_disk: many
imgaes: []
images:
  - id: a
    min_disk: x
    tags: [a,
           [b]]
  - {id: b, protected: maybe,
     created_at: 2018-13-01}
  - text
  - id: c
    members:
      p: accepted
      q: yes
    __os_version: {a: b}
generate:
  - {count: -1, set: {self: /v2/images/c}}
  - {seed: 1, set: {__support_kvm: [x]}}
"""

NOT_A_TIME = "is not a time in whole seconds such as 2018-09-06T14:03:27Z"
NOR_AN_AGE = f"{NOT_A_TIME}, nor an age such as 3 days ago"
PROBLEMS = [
    (3, "clock", f"'yesterday' {NOT_A_TIME}"),
    (5, "projects[0].nmae", "is not a key of this section; did you mean name?"),
    (8, "credentials.tokens[0].project", "is missing"),
    (10, "defaults.min_disk", "'many' is not a whole number of 64 bits"),
    (11, "imgaes", "is not a key of this section; did you mean images?"),
    (14, "images[0].min_disk", "'x' is not a whole number of 64 bits"),
    (15, "images[0].tags", "a list is not text"),
    (17, "images[1].protected", "'maybe' is not true or false"),
    (18, "images[1].created_at", f"'2018-13-01' {NOR_AN_AGE}"),
    (19, "images[2]", "is not a mapping of names to values"),
    (23, "images[3].members.q", "'yes' is not a member status; use one of accepted, rejected, pending"),
    (24, "images[3].__os_version", "a mapping is not text"),
    (26, "generate[0].count", "-1 is not 0 to 10000000"),
    (26, "generate[0].set.self", "is computed from the id and cannot be set"),
    (27, "generate[1].count", "is missing"),
    (27, "generate[1].set.__support_kvm", "a list is not text"),
]


def test_all_problems_of_a_yaml_file_are_reported_with_their_lines():
    expected = [f"wrong.yaml:{line}: {path}: {message}" for line, path, message in PROBLEMS]
    assert sorted(problems(file("wrong.yaml", WRONG_YAML))) == sorted(expected)


def test_problems_of_all_files_are_reported_at_once():
    file("all/1.yaml", "images: [{id: a, min_disk: x}]\n")
    file("all/2.json", '{"images": [\n{"id": "b", "protected": x}]}')
    file("all/3.yaml", "a: 1\na: 2\n")
    file("all/4.yaml", b"\n\xff")
    file("all/5.yaml", "- a\n")
    file("all/6.json", "[]")
    lines = problems("all", images({"tags": "x"}))
    sections = (
        "it must be a mapping with project, clock, projects, credentials, defaults, images, generate; "
        "write a list of images under the key images"
    )
    assert sorted(lines) == [
        "all/1.yaml:1: images[0].min_disk: 'x' is not a whole number of 64 bits",
        "all/2.json:2: not JSON: Expecting value at column 26",
        "all/3.yaml:2: the key 'a' is repeated",
        "all/4.yaml:2: the byte 0xff is not UTF-8",
        f"all/5.yaml:1: the catalog is a list; {sections}",
        f"all/6.json:1: the catalog is a list; {sections}",
        "catalog: images[0].tags: 'x' is not a list such as [a, b]",
    ]


WRONG_ENTRIES = {
    "images": lambda count: images(*[{"min_disk": "x"}] * count),
    "numbers for images": lambda count: images(*range(count)),
    "repeated ids": lambda count: images(*[{"id": "a"}] * (count + 1)),
    "attributes of one image": lambda count: images({f"a{index}": "\ud800" for index in range(count)}),
    "members of one image": lambda count: images({"members": {f"p{index}": "yes" for index in range(count)}}),
    "sections": lambda count: {f"s{index}": 1 for index in range(count)},
    "entries of a section": lambda count: {"projects": [{"name": "x"}] * count},
    "keys of entries": lambda count: {"credentials": {"tokens": [{f"k{index}": 1 for index in range(count)}] * count}},
    "generated sections": lambda count: {"generate": [{"count": -1}] * count},
}


@pytest.mark.parametrize("case", WRONG_ENTRIES)
def test_validation_stops_at_1000_errors(case):
    with pytest.raises(CatalogError) as caught:
        load([WRONG_ENTRIES[case](2_000)])
    assert len(caught.value.problems) == 1_001
    lines = str(caught.value).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "and at least 950 more errors"


@pytest.mark.parametrize(
    ("errors", "odd", "last"),
    [
        (50, 0, None),
        (51, 0, "and 1 more error"),
        (1_000, 0, "and 950 more errors"),
        (49, 1, None),
        (40, 20, "and 10 more problems"),
        (60, 1_000, "and 1010 more problems"),
        (60, 1_002, "and at least 1010 more problems"),
    ],
)
def test_report_shows_50_problems_errors_first(errors, odd, last):
    with pytest.raises(CatalogError) as caught:
        load([images(*[{"min_disk": "0"}] * odd, *[{"min_disk": "x"}] * errors)])
    lines = str(caught.value).splitlines()
    assert sum("is not a whole number" in line for line in lines) == min(errors, 50)
    assert lines[50:] == ([last] if last else [])
    assert [one.is_warning for one in caught.value.problems] == [False] * errors + [True] * min(odd, 1_001)


def test_warnings_are_sorted_and_kept_up_to_1000():
    given = images({"min_disk": 0, "__os_bit": 3}, *[{"__os_bit": "16"}] * 1_200)
    loaded = load([given, given])
    assert len(loaded.catalog) == 2_402
    assert len(loaded.warnings) == 1_001
    assert report_problems(loaded.warnings)[-1] == "and at least 950 more warnings"
    file("a.yaml", "images:\n- {__os_bit: 3,\n   min_disk: 0, __zzz: 1}\n- {id: b,\n   min_disk: 0}\n")
    assert [line.split(":")[1] for line in warnings("a.yaml")] == ["2", "3", "3", "5"]


def test_unknown_keys_are_reported_in_the_order_of_the_file():
    names = [f"__zz{number}" for number in range(9, 0, -1)]
    lines = warnings(file("one-line.json", json.dumps(images(dict.fromkeys(names, "x")))))
    assert [line.split(".")[2].partition(":")[0] for line in lines] == names


def test_invalid_value_hides_no_other_problem_of_the_image():
    text = "images:\n- {id: a, min_disk: x}\n- id: a\n  protected: maybe\n  visiblity: public\n"
    assert sorted(problems(file("wrong.yaml", text))) == [
        "wrong.yaml:2: images[0].min_disk: 'x' is not a whole number of 64 bits",
        "wrong.yaml:3: images[1].id: 'a' is also the id of wrong.yaml: images[0]",
        "wrong.yaml:4: images[1].protected: 'maybe' is not true or false",
        "wrong.yaml:5: images[1].visiblity: warning: is not a known attribute; did you mean visibility?",
    ]


DIGITS = "1" * (MAX_TEXT + 1)
TOO_LONG = f"a text has {MAX_TEXT + 1} characters; at most {MAX_TEXT} are allowed"
BAD_FILES = {
    "a list": ("bad.yaml", "\n- id: a", "bad.yaml:2: the catalog is a list; it must be a mapping"),
    "headers": ("bad.json", "HTTP/1.1 200 OK\r\n\r\n{}", "bad.json:1: begins with the headers of a response"),
    "a page": ("bad.yaml", "<!DOCTYPE html>", "bad.yaml:1: is an HTML page; save the JSON response"),
    "an error of the service": ("bad.json", '{"error": {"message": "no"}}', "bad.json:1: is an error response, 'no'; "),
    "an error of the gateway": ("bad.json", '{"error_msg": "no"}', "bad.json:1: is an error response, 'no'; "),
    "a text": ("bad.yaml", "nothing", "bad.yaml:1: the catalog is 'nothing'; it must be a mapping"),
    "a number": ("bad.json", "3", "bad.json:1: the catalog is '3'; it must be a mapping"),
    "null in JSON": ("bad.json", "\nnull", "bad.json:2: the catalog is null; it must be a mapping"),
    "null in YAML": ("bad.yaml", "null # none", "bad.yaml:1: the catalog is null; it must be a mapping"),
    "a tilde": ("bad.yaml", "---\n~", "bad.yaml:2: the catalog is null; it must be a mapping"),
    "images that are a mapping": ("bad.yaml", "clock:\nimages: {a: b}", "bad.yaml:2: images: a mapping is not a list"),
    "images that are text": ("bad.json", '{"images":\n"x"}', "bad.json:1: images: 'x' is not a list"),
    "no id": ("bad.yaml", "images:\n- name: x\n  id:\n", "bad.yaml:3: images[0].id: has no value; leave it out"),
    "an empty id": ("bad.yaml", "images:\n- name: x\n  id: ''\n", "bad.yaml:3: images[0].id: has no value; leave it"),
    "a property without name": ("bad.yaml", "images:\n- {'': x}\n", "bad.yaml:2: images[0].: the name of a pr"),
    "half a character": ("bad.json", '{"images": [\n{"x": "\\ud800"}]}', "bad.json:2: images[0].x: '\\ud800' holds"),
    "half a character as name": ("bad.json", '{"images": [\n{"\\ud800": "x"}]}', "bad.json:2: images[0].\\ud800: "),
    "half a character as section": ("bad.json", '{"\\ud800": "x"}', "bad.json:1: \\ud800: is not a key of"),
    "a mask": (
        "bad.yaml", "credentials:\n  keys: [{access: a, secret: masked-0123456789abcdef, project: p}]",
        "bad.yaml:2: credentials.keys[0].secret: is a mask of no secret that is known here; write the secret itself",
    ),
    "a line end as name": ("bad.yaml", '"a\\nb: c": 1', "bad.yaml:1: a\\nb: c: is not a key of this section"),
    "a terminal's escape as name": ("bad.yaml", '"\\e[31m": 1', "bad.yaml:1: \\x1b[31m: is not a key of this section"),
    "a very long name": ("bad.yaml", f"? {'x' * 60_000}\n: 1", "bad.yaml:1: xxx"),
    "a long text": ("bad.yaml", f"images:\n- name: {DIGITS}", f"bad.yaml:2: images[0].name: {TOO_LONG}"),
    "a long item": ("bad.json", f'{{"images": [\n{{"a":\n["{DIGITS}"]}}]}}', f"bad.json:2: images[0].a: {TOO_LONG}"),
    "an escaped text": ("bad.json", '{"project":\n"%s"}' % ('\\"' * len(DIGITS)), f"bad.json:1: project: {TOO_LONG}"),
    "a long number": ("bad.json", f'{{"images": [{{"a":\n{DIGITS}}}]}}', f"bad.json:1: images[0].a: {TOO_LONG}"),
    "a long name": ("bad.yaml", f"images:\n- ? {DIGITS}\n  : 2", "bad.yaml:2: images[0].111"),
    "a long key": ("bad.json", f'{{"images": [{{"a": {{\n"{DIGITS}": 1}}}}]}}', f"bad.json:1: images[0].a: {TOO_LONG}"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_single_problem_is_one_line(case):
    name, text, begins = BAD_FILES[case]
    (line,) = problems(file(name, text))
    assert line.startswith(begins)


def test_implausible_images_load_with_warnings():
    text = (
        "images:\n- id: a\n  min_disk: 0\n  __zzz: x\n- {id: b, __imagetype: gold,\n   visibility: private}\n"
        "- id: c\n  __support_arm: true\n"
    )
    assert sorted(warnings(file("odd.yaml", text))) == [
        "odd.yaml:3: images[0].min_disk: warning: 0 is not 1 to 1024 GB",
        "odd.yaml:4: images[0].__zzz: warning: is not an attribute in the document",
        "odd.yaml:6: images[1].visibility: warning: 'private' is not public, as on every gold or market image",
        "odd.yaml:7: images[2].hw_firmware_type: warning: is not uefi, as on every ARM image; "
        "add hw_firmware_type: uefi",
    ]
    assert [wire["id"] for wire in shown("odd.yaml")] == ["a", "b", "c"]


@pytest.mark.parametrize("values", [{}, {"visibility": "shared", "members": {"q": "accepted"}}, {"status": "deleted"}])
def test_image_that_the_default_project_cannot_see_is_a_warning(values):
    text = json.dumps(images({"id": "a"}, {"owner": "x", **values}, project="p"), indent=0)
    line = text[: text.index('"owner"')].count("\n") + 1
    what = "'x' is a project that no section names, and project p does not see its image; add it to projects"
    assert warnings(file("c.json", text)) == [f"c.json:{line}: images[1].owner: warning: {what}"]
    owned = json.loads(text)["images"][1]
    assert load([owned_by_x := {"images": [owned]}], base=load([{"project": "p"}])).warnings
    assert warnings(owned_by_x, {"project": "x"}) == []


USER = {"name": "n", "password": "w", "project": "p"}
KEY = {"access": "k", "secret": "s", "project": "p"}
TOKEN = {"token": "t", "project": "p", "roles": ["member"]}
ENTRIES = {"tokens": TOKEN, "keys": KEY, "users": USER}


@pytest.mark.parametrize(
    "section",
    [
        {"projects": [{"id": "x"}]},
        *({"credentials": {name: [{**one, "project": "x"}]}} for name, one in ENTRIES.items()),
    ],
    ids=str,
)
def test_image_of_a_named_project_is_no_warning(section):
    named, given = {"project": "p", **section}, images({"owner": "x"})
    assert warnings(named, given) == warnings(given, named) == []
    assert load([given], base=load([named])).warnings == ()


@pytest.mark.parametrize(
    "values", [{"visibility": "public"}, {"members": {"p": "pending"}}, {"visibility": "community"}]
)
@pytest.mark.parametrize("owner", ["x", None])
def test_image_that_others_can_see_is_no_warning(values, owner):
    assert [line for line in warnings(images({"owner": owner, **values}, project="p")) if ".owner" in line] == []


def test_image_without_an_owner_is_a_warning_if_it_is_not_listed():
    text = "has no value, and project p does not list the image; leave it out to have an owner"
    assert warnings(images({"owner": None}, project="p")) == [f"catalog: images[0].owner: warning: {text}"]


def test_another_default_project_keeps_images_of_the_catalog_without_warnings():
    assert load([images({"id": "a"}, project="p")], project="q").warnings == ()


def test_fixed_values_of_generated_images_are_checked_like_images():
    text = (
        "project: p\ngenerate:\n- {count: 2, set: {__platform: CentOS}}\n- count: 3\n  set:\n    __platfrom: CentOS\n"
        "    __platform: Centoss\n    owner: x\n- {count: 0, set: {__zzz: 1}}\n"
    )
    assert [line.partition(" is ")[0] for line in warnings(file("c.yaml", text))] == [
        "c.yaml:6: generate[1].set.__platfrom: warning:",
        "c.yaml:7: generate[1].set.__platform: warning: 'Centoss'",
        "c.yaml:8: generate[1].set.owner: warning: 'x'",
        "c.yaml:9: generate[2].set.__zzz: warning:",
    ]


def test_errors_elsewhere_do_not_hide_warnings_about_generated_images_and_defaults():
    odd = {"generate": [{"count": 2, "set": {"__zzz": 1}}], "defaults": {"__yyy": 1}}
    for wrong in ({"images": [{"id": "a", "min_disk": "x"}]}, {"projects": [{"name": "x"}]}):
        with pytest.raises(CatalogError) as caught:
            load([{**odd, **wrong}])
        assert {one.path for one in caught.value.problems} >= {"generate[0].set.__zzz", "defaults.__yyy"}


@pytest.mark.parametrize(
    "given", [[], [{"id": "a"}, {"id": "b", "min_disk": 40}, {"id": "c"}]], ids=["no images", "images"]
)
def test_implausible_default_is_one_warning_at_its_line(given):
    text = json.dumps({"defaults": {"min_disk": 0, "__platfrom": "q"}, "images": given}, indent=0)
    assert [line.partition(": warning")[0] for line in warnings(file("c.json", text))] == [
        "c.json:3: defaults.min_disk",
        "c.json:4: defaults.__platfrom",
    ]


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


def test_repeated_id_names_both_images():
    file("one.yaml", "images:\n- id: a\n- id: b\n- id: a\n")
    file("two.json", '{"images": [\n{"id": "c"},\n{"name": "x",\n"id": "b"}]}')
    assert problems("one.yaml") == ["one.yaml:4: images[2].id: 'a' is also the id of one.yaml: images[0]"]
    assert problems("one.yaml", "two.json") == [
        "one.yaml:4: images[2].id: 'a' is also the id of one.yaml: images[0]",
        "two.json:4: images[1].id: 'b' is also the id of one.yaml: images[1]",
    ]
    file("a.yaml", "images: [{id: a}]")
    for sources in (["a.yaml", "a.yaml"], ["a.yaml", "./a.yaml"], [Path("a.yaml"), "a.yaml"]):
        assert problems(*sources) == ["a.yaml:1: images[0].id: 'a' is also the id of a.yaml: images[0]"]


@pytest.mark.parametrize(("written", "count"), [([], 2), ([{"id": "a"}], 1)])
def test_generated_image_needs_a_unique_id(written, count):
    (line,) = problems(images(*written, generate=[{"count": count, "set": {"id": "a"}}]))
    assert "'a'" in line


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


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        (["default", "empty"], "default, empty"),
        (["some/c.yaml", "some"], "some/c.yaml, some"),
        ([Path("some/c.yaml")], "c.yaml"),
        ([{}], "inline"),
    ],
)
def test_name_consists_of_the_given_names(sources, name):
    file("some/c.yaml", "{}")
    assert load(sources).name == name


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


@pytest.mark.parametrize(
    "written", ["3 days", "three days ago", "-3 days ago", "3 months ago", "9999999 days ago", "999999 weeks ago"]
)
def test_unknown_phrase_is_not_a_time(written):
    assert problems(images({"created_at": written})) == [f"catalog: images[0].created_at: {written!r} {NOR_AN_AGE}"]


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


@pytest.mark.parametrize("given", [None, ""])
def test_set_must_not_remove_the_id(given):
    assert problems({"generate": [{"count": 1, "set": {"id": given}}]}) == [
        "catalog: generate[0].set.id: has no value; leave it out to have an id generated"
    ]


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


@pytest.mark.parametrize(
    "catalog",
    [{1: "x"}, {"images": 7}, *(images(given) for given in ({1: "x"}, {"name": object()}, {("a", "b"): "x"}, 7))],
    ids=lambda given: re.sub(" at 0x[0-9a-f]+", "", str(given)),
)
def test_invalid_mapping_is_reported_without_lines(catalog):
    assert all(line.startswith("catalog: ") for line in problems(catalog))


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_catalog_is_read_from_a_pipe():
    os.mkfifo("pipe.json")
    writer = threading.Thread(
        target=Path("pipe.json").write_text, args=[json.dumps(images(*[{"name": "x" * 100}] * 2000))]
    )
    writer.start()
    assert len(load(["pipe.json"]).catalog) == 2000
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_without_a_writer_is_an_error(monkeypatch):
    monkeypatch.setattr("ims_mock.loading.sources.PIPE_SECONDS", 0.1)
    os.mkfifo("pipe.json")
    assert problems("pipe.json") == ["pipe.json: is a pipe that no process has opened for writing in 0.1 seconds"]


LONG = "x" * 65_536


@pytest.mark.parametrize(
    ("catalog", "path"),
    [
        ({"defaults": {"note": LONG}, "images": [{}] * 1025}, "defaults"),
        ({"defaults": {"note": LONG}, "images": [None] * 1025}, "defaults"),  # before images are validated
        ({"generate": [{"count": 2}, {"count": 1025, "set": {"note": LONG}}]}, "generate[1].set"),
    ],
)
def test_values_that_all_images_repeat_have_a_limited_size_in_all(catalog, path):
    (problem,) = problems(catalog)
    assert problem.startswith(f"catalog: {path}: 655")
    assert problem.endswith(" characters would be repeated in 1025 images; shorten the values")


@pytest.mark.slow
@pytest.mark.parametrize(("length", "count"), [(65_536, 100), (1000, 7001)])
def test_values_that_images_repeat_may_be_long_or_repeated_often(length, count, monkeypatch):
    monkeypatch.setattr("ims_mock.loading.loader.MAX_REPEATED_CHARACTERS", 7_000_000)
    catalog = {"defaults": {"note": "x" * length}, "images": [{}] * count}
    assert len(load([catalog]).catalog) == count
