"""JSON Patch: each rule by an example, and random documents."""

import json
from itertools import product
from typing import Any, NamedTuple

import pytest
from helpers import token_of
from hostile import Hostile

OLD, NEW = (f"application/openstack-images-v2.{minor}-json-patch" for minor in (0, 1))
BASE = ("name", "size", "checksum", "disk_format", "container_format")
NOW = "2023-11-13T08:00:00Z"
CATALOG = {
    "clock": NOW,
    "credentials": {"tokens": [token_of("of-a", "a"), token_of("of-b", "b"), token_of("admin", "c", "admin")]},
    "defaults": {"owner": "a", "created_at": "2020-01-01T00:00:00Z"},
    "images": [
        {"id": "own", "name": "web", "colour": "red", "tags": ["x86"], "a/b~c": "odd", "members": {"b": "accepted"}},
        {"id": "queued", "status": "queued", "__image_size": "0"},
        {"id": "hidden", "owner": "b"},
    ],
}


def add(name, value, act="add"):
    return {"op": act, "path": f"/{name}", "value": value}


def replace(name, value):
    return add(name, value, "replace")


def remove(name):
    return {"op": "remove", "path": f"/{name}"}


def patch(ask, body, media_type=NEW, image="own", token="of-a"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(f"/v2/images/{image}", {"X-Auth-Token": token, "Content-Type": media_type}, "PATCH", data)


class Refusal(NamedTuple):
    """A status, the service's code, and how Glance's sentence begins."""

    status: int
    code: str
    sentence: str = ""


class Row(NamedTuple):
    """One rule: a patch, and what becomes of the image in the documented profile and in Glance's."""

    rule: str
    patch: Any
    documented: Any
    glance: Any = None
    media_type: str = NEW
    image: str = "own"
    token: str = "of-a"


CONFLICT = "There was a conflict when trying to complete your request.\n\n"
NO_PROPERTY = Refusal(409, "IMG.0035", f"{CONFLICT} Property {{}} does not exist.")
PRESENT = Refusal(409, "IMG.0035", f"{CONFLICT} Property {{}} already present.")


def named(refusal, name):
    return refusal._replace(sentence=refusal.sentence.format(name))


UNUSED = ("direct_url",)  # the published schema has it, but no image
READ_ONLY = Refusal(403, "IMG.0026", "Attribute '{}' is read-only.")
RESERVED = Refusal(403, "IMG.0026", "Attribute '{}' is reserved.")
STAYS = Refusal(403, "IMG.0026", "Property {} may not be removed.")
QUEUED = Refusal(403, "IMG.0026", "Attribute {} can be only replaced for a queued image.")
NOT_OWN = Refusal(403, "IMG.0026", "You are not permitted to modify '{}' on this image.")
NOT_OPEN = Refusal(403, "IMG.0026", "You are not authorized to complete this action.")
NO_OWNER = Refusal(403, "IMG.0026", "Owner can't be updated by non admin.")
NO_IMAGE = Refusal(404, "IMG.0027", "Failed to find image {} to update")
WRONG = Refusal(400, "IMG.0001")

TOO_MANY = Refusal(413, "", "The limit has been exceeded on the number of allowed image tags. Attempted: 129, Maxi")


def malformed(sentence):
    return WRONG._replace(sentence=sentence)


def pointer(path, problem):
    return malformed(f"Pointer `{path}` {problem}")


ONE_MEMBER = malformed('Operation objects must contain only one member named "add", "remove", or "replace".')
A_MEMBER = malformed('Operation objects must contain exactly one member named "add", "remove", or "replace".')

ROWS = [
    # --- the three operations
    Row("add gives a new property", [add("size_of_shoe", "43")], {"size_of_shoe": "43"}),
    Row("add replaces a property", [add("colour", "blue")], {"colour": "blue"}),
    Row("add replaces an attribute", [add("name", "db")], {"name": "db"}),
    Row("the older add gives a new property", [{"add": "/age", "value": ""}], {"age": ""}, media_type=OLD),
    Row("the older add conflicts", [{"add": "/colour", "value": "x"}], named(PRESENT, "colour"), media_type=OLD),
    Row("so with an attribute", [{"add": "/name", "value": "x"}], named(PRESENT, "name"), media_type=OLD),
    Row("replace replaces a property", [replace("colour", "blue")], {"colour": "blue"}),
    Row("the older replace replaces", [{"replace": "/name", "value": "db"}], {"name": "db"}, media_type=OLD),
    Row("replace wants a property", [replace("age", "43")], named(NO_PROPERTY, "age")),
    Row("so in the older", [{"replace": "/age", "value": "43"}], named(NO_PROPERTY, "age"), media_type=OLD),
    Row("remove takes a property away", [remove("colour")], {"colour": None}),
    Row("the older remove does", [{"remove": "/colour"}], {"colour": None}, media_type=OLD),
    Row("remove wants a property", [remove("age")], named(NO_PROPERTY, "age")),
    Row("a value beside remove counts nothing", [{**remove("colour"), "value": 5}], {"colour": None}),
    Row("other members count nothing", [{**add("age", "43"), "from": "/name"}], {"age": "43"}),
    Row("one after the other", [add("age", "4"), replace("age", "5"), add("old", ""), remove("age")], {"old": ""}),
    Row("what is removed is gone", [remove("colour"), replace("colour", "x")], named(NO_PROPERTY, "colour")),
    Row("what is added is there", [{"add": "/age", "value": ""}] * 2, named(PRESENT, "age"), media_type=OLD),
    Row("all is done or nothing", [replace("name", "db"), add("age", "43"), remove("old")], named(NO_PROPERTY, "old")),
    Row("nothing to do changes nothing", [], {}),
    # --- attributes that stay
    Row("an attribute is not removed", [remove("name")], named(STAYS, "name")),
    Row("an absent attribute is replaced", [replace("name", "db")], {"name": "db"}, image="queued"),
    *(
        Row(f"{name} is read-only", [change], named(READ_ONLY, name))
        for name in ("id", "status", "size", "virtual_size", "checksum", "created_at", "updated_at", "file", *UNUSED)
        for change in (replace(name, "x"), remove(name))
    ),
    *(
        Row(f"{name} is reserved", [add(name, "x")], named(RESERVED, name))
        for name in ("deleted", "deleted_at", "is_public", "location", "locations", "members")
    ),
    *(
        Row(f"{name} is the service's", [replace(name, value)], named(READ_ONLY, name), {name: value})
        for name, value in (("__isregistered", "false"), ("__imagetype", "gold"))
    ),
    Row("and not removed", [remove("__imagetype")], named(READ_ONLY, "__imagetype"), {"__imagetype": None}),
    Row("the service's is not added", [add("active_at", NOW)], named(READ_ONLY, "active_at"), {"active_at": NOW}),
    Row("the service's may be named as it is", [replace("__imagetype", "private")], {}),
    *(
        Row("no admin sets a time that is none", [add("active_at", time)], WRONG, {"active_at": time}, token="admin")
        for time in ("x", "", "2018", "2018-09-06T14:03:27.5Z")
    ),
    Row("but one that is", [add("active_at", NOW)], {"active_at": NOW}, token="admin"),
    Row("but by an admin", [replace("__isregistered", "false")], {"__isregistered": "false"}, token="admin"),
    # --- pointers
    Row("~1 is a slash, ~0 a tilde", [replace("a~1b~0c", "even")], {"a/b~c": "even"}),
    Row("~01 is a tilde and a 1", [add("a~01b", "x")], {"a~1b": "x"}),
    Row("a name may be of any script", [add("颜色 é\U0001f680", "蓝")], {"颜色 é\U0001f680": "蓝"}),
    Row("a long pointer is shortened", [add("k" * 9000 + "~", "x")], pointer("/" + "k" * 254 + "…", 'contains "~"')),
    Row("a tilde is no escape", [add("a~", "x")], pointer("/a~", 'contains "~" not part of a recognized escape')),
    Row("nor is ~2", [add("a~2b", "x")], pointer("/a~2b", 'contains "~" not part of a recognized escape')),
    Row("a path has a slash first", [{**add("", "x"), "path": "name"}], pointer("name", 'does not start with "/".')),
    Row("a path is not empty", [{**add("", "x"), "path": ""}], pointer("", 'does not start with "/".')),
    Row("a path names something", [add("", "x")], pointer("/", "does not contains valid token.")),
    Row("two slashes are none", [add("a//b", "x")], pointer("/a//b", 'contains adjacent "/".')),
    Row("a slash ends no path", [add("name/", "x")], pointer("/name/", 'end with "/".')),
    Row("a path leads no deeper", [add("tags/0", "x")], malformed("Invalid JSON pointer for this resource: '/tags/0'")),
    Row("a path is text", [{**add("", "x"), "path": 5}], malformed("Pointer must be a string.")),
    Row("half a character is none", [add("\ud800", "x")], WRONG),
    Row("a name has its length", [add("x" * 255, "")], {"x" * 255: ""}),
    Row("and no more", [add("x" * 256, "")], WRONG),
    # --- documents
    Row("an object is no patch", {}, malformed("Request body must be a JSON array of operation objects.")),
    Row("null is none", b"null", malformed("Request body must be a JSON array of operation objects.")),
    Row("an operation is an object", ["add"], malformed("Operations must be JSON objects.")),
    Row("op is needed", [{"path": "/name", "value": "x"}], malformed("Unable to find 'op' in JSON Schema change")),
    Row("path is needed", [{"op": "add", "value": "x"}], malformed("Unable to find 'path' in JSON Schema change")),
    Row("and value", [{"op": "add", "path": "/x"}], malformed('Operation "add" requires a member named "value".')),
    Row("test is no operation", [add("x", "x", "test")], malformed("Operation must be one of add, remove, replace.")),
    Row("the older in the newer", [{"replace": "/name", "value": "x"}], malformed("Unable to find 'op' in JSON")),
    Row("the newer format in the older", [replace("name", "x")], A_MEMBER, media_type=OLD),
    Row("two at once", [{"add": "/x", "remove": "/x", "value": "x"}], ONE_MEMBER, media_type=OLD),
    Row("no JSON", b"[{", malformed("Malformed JSON in request body.")),
    Row("no body", b"", Refusal(400, "IMG.0007", "Body expected in request.")),
    # --- values
    *(Row("a property is text", [add("age", value)], WRONG) for value in (43, True, [], {}, None)),
    Row("a boolean is one", [replace("protected", "true")], WRONG),
    Row("true is no number", [replace("min_ram", True)], WRONG),
    Row("40.0 is no whole number", [replace("min_ram", 40.0)], WRONG),
    Row("a number is not negative", [replace("min_ram", -1)], Refusal(400, "IMG.0055")),
    Row("tags are a list", [replace("tags", "x86")], WRONG),
    Row("each once", [replace("tags", ["b", "a=b", "b"])], {"tags": ["b", "a=b"]}),
    Row("at most 128", [replace("tags", [*map(str, range(129))])], Refusal(400, "IMG.0116"), TOO_MANY),
    Row("Glance lets a name be null", [replace("name", None)], WRONG, {"name": None}),
    # --- formats
    Row("formats change before data comes", [replace("disk_format", "iso")], {"disk_format": "iso"}, image="queued"),
    Row("and not later", [replace("disk_format", "iso")], named(QUEUED, "disk_format")),
    Row("not even to what they are", [add("container_format", "bare")], named(QUEUED, "container_format")),
    Row("a format is one that exists", [replace("disk_format", "x")], Refusal(400, "IMG.0072"), WRONG, image="queued"),
    # --- who may
    Row("another's image stays", [replace("name", "x")], named(NOT_OWN, "name"), token="of-b"),
    Row("though nothing can be done to it", [], {}, token="of-b"),
    Row("a hidden image is not there", [replace("name", "x")], named(NO_IMAGE, "hidden"), image="hidden"),
    Row("a wrong patch of it is wrong first", [5], malformed("Operations must be JSON objects."), image="hidden"),
    Row("an admin changes all", [replace("name", "x")], {"name": "x"}, image="hidden", token="admin"),
    Row("an owner stays the owner", [replace("owner", "b")], NO_OWNER),
    Row("an admin gives images away", [replace("owner", "b")], {"owner": "b"}, token="admin"),
    Row("nobody but an admin publishes", [replace("visibility", "public")], NOT_OPEN),
    Row("an admin publishes", [replace("visibility", "public")], {"visibility": "public"}, token="admin"),
    Row("private is everybody's to choose", [replace("visibility", "private")], {}),
    Row("a visibility is one that exists", [replace("visibility", "open")], WRONG),
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.rule} {number}") for number, row in enumerate(ROWS)])
def test_rules(ask, profile, row):
    shown = f"/v2/images/{row.image}"
    before, seen = (ask(shown, {"X-Auth-Token": token}) for token in ("admin", row.token))
    expected = row.documented if profile == "documented" or row.glance is None else row.glance
    answer = patch(ask, row.patch, row.media_type, row.image, row.token)
    if isinstance(expected, Refusal):
        assert answer.status == expected.status
        if profile == "documented":
            assert answer.json["error"]["code"] == expected.code
        else:
            assert answer.text.partition("\n\n")[2].startswith(expected.sentence)
        assert ask(shown, {"X-Auth-Token": "admin"}).body == before.body
    else:
        nulls = ("virtual_size",) if profile == "documented" else ("virtual_size", *BASE)
        changed = {**seen.json, **expected, **({"updated_at": NOW} if row.patch else {})}
        assert answer.status == 200
        assert answer.json == {name: one for name, one in changed.items() if one is not None or name in nulls}
        assert ask(shown, {"X-Auth-Token": row.token}).body == answer.body


@pytest.mark.parametrize(
    "media_type", ["", "application/json", f"{NEW}; charset=utf-8", "text/plain", NEW.upper(), "é"]
)
def test_other_media_types_are_rejected(ask, media_type):
    answer = patch(ask, [replace("name", "db")], media_type)
    if media_type.lower().startswith(NEW):
        assert (answer.status, answer.json["name"]) == (200, "db")
    else:
        assert (answer.status, answer.headers["Accept-Patch"]) == (415, f"{OLD}, {NEW}")
        assert ask("/v2/images/own", {"X-Auth-Token": "of-a"}).json["name"] == "web"


def test_a_document_has_its_length(ask):
    assert patch(ask, b"[]".ljust(2**20)).status == 200
    assert patch(ask, b"[]".ljust(2**20 + 1)).status == 413


HOSTILE = (
    b"[" * 100_000, b'{"a":' * 100_000, b"[" + b"9" * 5000 + b"]", "[]".encode("utf-16"),
    b'[{"op": "add", "path": "/min_ram", "value": 1e999}]', b'[{"op": "add", "path": "/x", "value": "\x00"}]',
    b'[{"op": "add", "op": "remove", "path": "/colour", "path": "/colour"}]',
)  # fmt: skip


def hostile_bodies(seed):
    """Yield patches that are wrong in most ways, and a few that are right."""
    yield from HOSTILE
    hostile = Hostile(seed)
    for number in range(80):
        new = [replace("name", "db"), add("tags", ["x"]), remove("colour"), add("min_ram", 5), replace("a~1b~0c", "")]
        old = [{"add": "/x", "value": "y"}, {"replace": "/name", "value": "db"}, {"remove": "/colour"}]
        data = json.dumps(hostile.changed(hostile.random.choice((new, old)))).encode()
        yield hostile.damaged(data) if number % 4 == 0 else data


@pytest.mark.parametrize("image", ["own", "queued", "hidden"])
def test_any_body_changes_the_image_completely_or_not_at_all(emulator, ask, image):
    headers = {"X-Auth-Token": "admin"}
    for body, media_type in product(hostile_bodies(image), (OLD, NEW)):
        emulator.reset()
        before = ask(f"/v2/images/{image}", headers)
        answer = patch(ask, body, media_type, image)
        after = ask(f"/v2/images/{image}", headers)
        assert answer.status in (200, 400, 403, 404, 409, 413)
        assert after.body == (answer.body if answer.status == 200 else before.body)
        assert ask("/v2/images?status=in:active,queued", headers).status == 200
