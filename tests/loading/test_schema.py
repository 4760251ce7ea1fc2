"""The schema of catalog files, and the messages for everything it rejects."""

from copy import deepcopy
from datetime import datetime, timedelta, timezone
from functools import reduce
from operator import getitem

import pytest

from ims_mock.contract.fields import FIELDS, MEMBER_STATUSES
from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, MAX_TEXT, TEXT, TIME, PlainScalar
from ims_mock.loading.parser import CatalogText
from ims_mock.loading.schema import SchemaError, read_image, read_sections
from ims_mock.options import MAX_GENERATED

SECTIONS = ("project", "clock", "projects", "credentials", "defaults", "images", "generate")
MARSHMALLOW_WORDS = ("Field may not", "Not a valid", "Missing data", "Unknown field", "Shorter than", "Invalid")


def problems_of(read, raw):
    """Return the messages by path; none is long or one of marshmallow's own."""
    with pytest.raises(SchemaError) as caught:
        read(raw)
    problems = dict(caught.value.problems)
    assert len(problems) == len(caught.value.problems)
    for message in problems.values():
        assert not any(words in message for words in MARSHMALLOW_WORDS)
        assert len(message) < 250
    return problems


CHINA = timezone(timedelta(hours=8))

RIGHT = {
    TEXT: [
        ("x", "x"), ("", ""), (" x ", " x "), ("true", "true"), ("1.10", "1.10"), ("x" * 65_536, "x" * 65_536),
        (40, "40"), (1.5, "1.5"), (True, "true"), (False, "false"), ("镜像🚀", "镜像🚀"),
    ],
    HEADER: [("x", "x"), ("", ""), ("a b", "a b"), ("镜像", "镜像"), (1, "1"), ("0" * 32, "0" * 32)],
    INTEGER: [
        ("40", 40), (" 40 ", 40), ("+1", 1), ("-1", -1), ("007", 7), ("-0", 0), (40, 40), (-(2**63), -(2**63)),
        ("9223372036854775807", 2**63 - 1), ("0" * 5000 + "1", 1),
    ],
    BOOLEAN: [("true", True), ("FALSE", False), (" True ", True), (True, True), (False, False)],
    TIME: [
        ("2018-09-06T14:03:27Z", "2018-09-06T14:03:27Z"), ("2018-09-06", "2018-09-06T00:00:00Z"),
        ("2018", "2018-01-01T00:00:00Z"), ("2018-09-06 14:03:27", "2018-09-06T14:03:27Z"),
        ("2018-09-06T14:03:27+08:00", "2018-09-06T06:03:27Z"), ("2018-09-06T14:03:27.000Z", "2018-09-06T14:03:27Z"),
        (datetime(2018, 9, 6, 14, 3, 27), "2018-09-06T14:03:27Z"),
        (datetime(2018, 9, 6, 14, 3, 27, 999_999, CHINA), "2018-09-06T06:03:27Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
    LIST: [
        ([], ()), (["a=b", "c"], ("a=b", "c")), (("a",), ("a",)), (["a", "b", "a"], ("a", "b")),
        ([1, True], ("1", "true")), (["", " "], ("", " ")),
    ],
    LINK: [],
}  # fmt: skip

NOT_SCALAR = [[], ["x"], {}, {"x": "y"}, object()]
WRONG = {
    TEXT: [*NOT_SCALAR, "\ud800"],
    HEADER: [*NOT_SCALAR, "\ud800", "a\r\nX-Evil: 1", "a\tb", "\x00", "\x7f"],
    INTEGER: [
        *NOT_SCALAR, "", "x", "4x", "1.0", "1e3", "0x1F", "1_000", "--1", 4.0, True, 2**63, -(2**63) - 1, "9" * 5000,
        "\u0663",
    ],
    BOOLEAN: [*NOT_SCALAR, "", "yes", "1", 1, 0, "truetrue"],
    TIME: [
        *NOT_SCALAR, "", "yesterday", "2018-13-01", "2018-02-30", "2018-09-06T25:00:00Z", "2018-09-06T14:03:27.5Z",
        "2018-09-06T14:03:27+25:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", True, "06.09.2018",
         "3 days ago", "2018-09-06T14:03:27Z2018",
    ],
    LIST: ["", "a", "a,b", {}, {"a": "b"}, True, 1, [[]], ["a", None], [{}], ["\ud800"]],
    LINK: ["", "x", "/v2/images/x", 1, []],
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_value_is_converted_to_its_type(field):
    for raw, value in [*RIGHT[field.type], *([(None, None)] if field.type is not LINK else [])]:
        found = read_image({field.name: raw})
        assert found == {field.name: value}
        assert type(found[field.name]) is type(value)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_invalid_value_is_reported_at_its_path(field):
    for raw in WRONG[field.type]:
        assert list(problems_of(read_image, {field.name: raw})) == [(field.name,)], raw
    raw = "\ud800" if field.type is TEXT else "\n" if field.type is HEADER else "x" * MAX_TEXT
    message = problems_of(read_image, {field.name: raw})[(field.name,)]
    shown = {
        TEXT: "'\\ud800' holds half a character",
        HEADER: "'\\n' contains control characters, which no header can",
        LINK: "is computed from the id and cannot be set",
    }
    assert message.startswith(shown.get(field.type, "'xxxxxxxx"))


def test_all_problems_of_an_image_are_reported_at_once():
    image = {field.name: WRONG[field.type][-1] for field in FIELDS}
    image |= {"colour": object(), "members": {"p": "x"}, "": "x"}
    assert {path[0] for path in problems_of(read_image, image)} == set(image)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        *((one, one) for one in ("x", "", "0042", "true", "1.5", 42, -(2**63), 1.5, True, False, None)),
        *((one, one) for one in ([], {}, ["x", 1, None, {"a": [True]}], {"url": "x", "metadata": {"n": 1.5}})),
        (("a", 1), ["a", 1]),
        (datetime(2018, 9, 6), "2018-09-06T00:00:00Z"),
    ],
)
def test_free_property_keeps_its_json_type(raw, value):
    found = read_image({"colour": raw, "用途": raw})
    assert found == {"colour": value, "用途": value}
    assert type(found["colour"]) is type(value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"), ("yes", "yes"), ("'true'", "true")),
        *(("42", 42), ("-0", 0), ("1.10", 1.1), ("1e3", 1000.0), ("-1.5E-3", -0.0015)),
        *(("'42'", "42"), ("!!str 42", "42")),
        *((one, one) for one in ("0123", "+1", "1_000", "0x1F", ".5", "5.", ".inf", "2018-09-06", "1.2.3", "-", "1e")),
        *(("[1, '1', ~]", [1, "1", None]), ("{a: false}", {"a": False}), ("null", None)),
    ],
)
def test_plain_scalar_of_a_free_property_is_what_json_says(written, value):
    parsed = CatalogText(f"{{colour: {written}, __os_version: 1.10}}".encode(), is_json=False).parse().value
    found = read_image(parsed)
    assert found == {"colour": value, "__os_version": "1.10"}
    assert {name: type(one) for name, one in found.items()} == {"colour": type(value), "__os_version": str}


@pytest.mark.parametrize("members", [dict.fromkeys(MEMBER_STATUSES, one) for one in MEMBER_STATUSES] + [{}, None])
def test_members_are_read_with_their_statuses(members):
    assert read_image({"members": members}) == {"members": members}


LEGAL = "one of accepted, rejected, pending"
NAMELESS = "the name of a property or the id of a project must be text"
NO_STATUS = f"is not a member status; use {LEGAL}"
NOT_JSON = [object(), [object()], {"x": {(): "y"}}, float("nan"), 1e999, 2**63]
NOT_JSON += map(PlainScalar, ("\ud800", "9" * 5000))
WRONG_IMAGES = [
    *((raw, (), "is not a mapping of names to values") for raw in (None, "x", 1, [], ["id"], True)),
    *(({name: "x"}, (name,), NAMELESS) for name in ("", 1, 1.5, True, None, ("a", "b"))),
    ({"\ud800": "x"}, ("\ud800",), "holds half a character"),
    *(({"colour": raw, "name": "x"}, ("colour",), "") for raw in NOT_JSON),
    ({"checksum": "0" * 33}, ("checksum",), "is longer than 32 characters"),
    *(({"members": raw}, ("members",), f"of project ids to {LEGAL}") for raw in ("p", ["p"], 1, [{"p": "accepted"}])),
    ({"members": {"": "accepted"}}, ("members", ""), NAMELESS),
    *(
        ({"members": {"good": "accepted", project: status}}, ("members", project), NO_STATUS)
        for project in ("p", "value", "key")
        for status in ("", "yes", "Accepted", "all", 1, True, None, [], {}, "x" * 1000)
    ),
]


@pytest.mark.parametrize(("raw", "path", "words"), WRONG_IMAGES)
def test_invalid_image_is_reported_at_the_path_of_the_problem(raw, path, words):
    problems = problems_of(read_image, raw)
    assert list(problems) == [path]
    assert words in problems[path]


TOKEN = {"token": "t", "project": "p"}
KEY = {"access": "a", "secret": "s", "project": "p"}
USER = {"name": "n", "password": "w", "project": "p"}


def test_every_section_is_converted_except_images():
    raw = {
        "project": "0123",
        "clock": "2018-09-06",
        "projects": [{"id": "p", "name": "n", "domain": "d"}, {"id": "q"}],
        "credentials": {
            "tokens": [{**TOKEN, "roles": ["admin", "member"], "expires": "2030"}, TOKEN],
            "keys": [{**KEY, "roles": []}],
            "users": [{**USER, "domain": "d"}],
        },
        "defaults": {"min_disk": "40", "name": None, "colour": "blue"},
        "images": [{"min_disk": "x"}],
        "generate": [{"count": "3", "seed": "-7", "set": {"protected": "true", "tags": ["a"]}}, {"count": 0}],
    }
    assert set(raw) == set(SECTIONS)
    assert read_sections(raw) == raw | {
        "clock": "2018-09-06T00:00:00Z",
        "credentials": {
            "tokens": [{**TOKEN, "roles": ("admin", "member"), "expires": "2030-01-01T00:00:00Z"}, TOKEN],
            "keys": [{**KEY, "roles": ()}],
            "users": [{**USER, "domain": "d"}],
        },
        "defaults": {"min_disk": 40, "name": None, "colour": "blue"},
        "generate": [{"count": 3, "seed": -7, "set": {"protected": True, "tags": ("a",)}}, {"count": 0}],
    }


WRONG_ENTRIES = {
    "project": [([], "is not text"), ({}, "is not text")],
    "clock": [("yesterday", "'yesterday' is not a time"), (["2018"], "is not text")],
    "projects": [({}, "is not a list"), ("p", "is not a list")],
    "projects[0]": [("p", "is not a mapping"), ([], "is not a mapping"), (None, "has no value")],
    "projects[0].id": [(None, "has no value"), ([], "is not text"), (..., "is missing")],
    "projects[0].name": [(None, "has no value"), ({}, "is not text")],
    "projects[0].nmae": [("x", "did you mean name?")],
    "projects[0].zzz": [("x", "use one of id, name, domain")],
    "credentials": [([], "is not a mapping"), ("x", "is not a mapping")],
    "credentials.token": [([], "did you mean tokens?")],
    "credentials.tokens": [({}, "is not a list"), (None, "has no value")],
    "credentials.tokens[0]": [(1, "is not a mapping"), (None, "has no value")],
    "credentials.tokens[0].token": [
        *(("a\nb", "contains control characters"), (..., "is missing"), (None, "has no value"), ([], "is not text")),
    ],
    "credentials.tokens[0].project": [(..., "is missing"), ({}, "is not text")],
    "credentials.tokens[0].expires": [("never", "'never' is not a time"), (None, "has no value")],
    "credentials.tokens[0].roles": [
        *(("admin", "'admin' is not a list"), ([[]], "is not text"), ([None], "is not text"), (None, "has no value")),
    ],
    "credentials.tokens[0].role": [([], "did you mean roles?")],
    "credentials.keys[0].access": [(..., "is missing")],
    "credentials.keys[0].note": [("2030", "use one of access, secret, project, roles, security_token, expires")],
    "credentials.users[0].name": [(..., "is missing")],
    "defaults": [([], "is not a mapping"), ("x", "is not a mapping")],
    "defaults.min_disk": [("x", "'x' is not a whole number")],
    "defaults.self": [("x", "is computed from the id")],
    "defaults.members.value": [("x", "'x' is not a member status")],
    "generate": [({}, "is not a list"), (10, "is not a list")],
    "generate[0]": [(10, "is not a mapping"), (None, "has no value")],
    "generate[0].count": [
        *((..., "is missing"), (None, "has no value"), ("many", "'many' is not a whole number")),
        *(("-1", f"-1 is not 0 to {MAX_GENERATED}"), (MAX_GENERATED + 1, f"is not 0 to {MAX_GENERATED}")),
    ],
    "generate[0].seed": [("x", "'x' is not a whole number"), (None, "has no value")],
    "generate[0].set": [([], "is not a mapping"), (None, "has no value")],
    "generate[0].set.min_disk": [("x", "'x' is not a whole number")],
    "generate[0].set.value": [("\ud800", "holds half a character")],
    "": [("x", "is not a key of this section")],
}
"""A path, with values that are wrong there (an ellipsis: nothing stands there) and what is said of each."""

VALID = {
    "projects": [{"id": "p"}],
    "credentials": {"tokens": [TOKEN], "keys": [KEY], "users": [USER]},
    "defaults": {"members": {}},
    "generate": [{"count": 1, "set": {}}],
}


@pytest.mark.parametrize(
    ("written", "value", "words"),
    [(path, value, words) for path, wrong in WRONG_ENTRIES.items() for value, words in wrong],
)
def test_invalid_section_is_reported_at_its_path(written, value, words):
    path = tuple(0 if step == "0" else step for step in written.replace("[0]", ".0").split("."))
    catalog = deepcopy(VALID)
    section = reduce(getitem, path[:-1], catalog)
    if value is ...:
        del section[path[-1]]
    else:
        section[path[-1]] = value
    assert words in problems_of(read_sections, catalog)[path]


@pytest.mark.parametrize("section", SECTIONS)
def test_misspelt_section_gets_a_suggestion(section):
    misspelt = section + section[-1]
    for raw in ([], None):
        assert f"did you mean {section}?" in problems_of(read_sections, {misspelt: raw})[(misspelt,)]
