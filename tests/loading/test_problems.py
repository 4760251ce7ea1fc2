"""Problems of catalogs: errors and warnings, their lines, their limits and their reports."""

import json
import re
from pathlib import Path

import pytest
from catalog_files import KEY, TOKEN, USER, file, images, problems, shown, warnings

from ims_mock.contract.values import MAX_TEXT
from ims_mock.loading.loader import load
from ims_mock.loading.sources import CatalogError, report_problems

pytestmark = pytest.mark.usefixtures("in_tmp_path")
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
    "written", ["3 days", "three days ago", "-3 days ago", "3 months ago", "9999999 days ago", "999999 weeks ago"]
)
def test_unknown_phrase_is_not_a_time(written):
    assert problems(images({"created_at": written})) == [f"catalog: images[0].created_at: {written!r} {NOR_AN_AGE}"]


@pytest.mark.parametrize("given", [None, ""])
def test_set_must_not_remove_the_id(given):
    assert problems({"generate": [{"count": 1, "set": {"id": given}}]}) == [
        "catalog: generate[0].set.id: has no value; leave it out to have an id generated"
    ]


@pytest.mark.parametrize(
    "catalog",
    [{1: "x"}, {"images": 7}, *(images(given) for given in ({1: "x"}, {"name": object()}, {("a", "b"): "x"}, 7))],
    ids=lambda given: re.sub(" at 0x[0-9a-f]+", "", str(given)),
)
def test_invalid_mapping_is_reported_without_lines(catalog):
    assert all(line.startswith("catalog: ") for line in problems(catalog))


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
