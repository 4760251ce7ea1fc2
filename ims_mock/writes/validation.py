"""Validation of writes: who may change an image, and which values its attributes may have.

Callers read the images that they see and change those of their own project; admins change all. The rules of the service
for values are one row each; without the departure ``service-rules``, the rules of Glance apply. What is not legal raises
:class:`RequestError`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.catalog.catalog import Catalog
from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.contract import fields
from ims_mock.contract.fields import BY_NAME, TAG_LENGTH, VISIBILITIES, Field
from ims_mock.contract.profiles import Profile
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, MAX_NAME, MAX_TEXT, TIME, Value, parse_time
from ims_mock.errors import RequestError
from ims_mock.json_body import JsonValue

MAX_TAGS: Final = 128  # of an image (the default of Glance)
_MITAKA_VISIBILITIES: Final = ("public", "private")
_QUEENS_VISIBILITIES: Final = ("public", "private", "shared", "community")
_MAX_SIZE: Final = 2**31 - 1
_READ_ONLY: Final = frozenset({"direct_url"})  # in the published schema and Glance; no image of the emulator has it
_RESERVED: Final = frozenset({"deleted", "deleted_at", "is_public", "location", "locations", "members"})
_NULLABLE: Final = frozenset({"name", "container_format", "disk_format"})  # clients of Glance can set them to null
FREE_VALUE: Final[Mapping[str, Any]] = {"type": "string", "maxLength": MAX_TEXT}  # the JSON Schema of a free property

# --- permissions


def find_image(catalog: Catalog, view: View, image_id: str, problem: str = "image") -> Image:
    """Return the image that a path names, unless it does not exist, is deleted or is not visible to the caller.

    The error does not tell which. It is ``problem``, because the message of Glance depends on the operation.
    """
    image = catalog.get(image_id)
    if image is None or image.is_deleted or not view.sees(image):
        raise RequestError(problem, "the image", image_id, "the id of an image that the caller can see")
    return image


def owns(view: View, image: Image) -> bool:
    """Return whether the caller may change an image. One without an owner can be changed only by admins (glance)."""
    return view.caller.is_admin or image.get("owner") == view.caller.project


def require_owner(view: View, image: Image, action: str, problem: str = "not-own") -> None:
    """Raise ``not-own``, or another error, if the caller may not do the action, named in the words of Glance."""
    if not owns(view, image):
        legal = "an image of the caller's own project"
        raise RequestError(problem, "the image", image.id, legal, act=action, image=image.id)


# --- rules for values


@dataclass(frozen=True)
class Rule:
    """A rule for the values of one attribute, as a function and as keywords of JSON Schema."""

    name: str
    problem: str
    legal: str
    accepts: Callable[[Any], object]
    schema: Mapping[str, Any]


def _one_of(name: str, problem: str) -> Rule:
    legal = {value.lower(): value for value in BY_NAME[name].known_values}
    phrase = f"one of {', '.join(legal.values())}"
    return Rule(name, problem, phrase, lambda value: value.lower() in legal, {"enum": [*legal.values()]})


def _text(name: str, problem: str, limit: int) -> Rule:
    return Rule(name, problem, f"at most {limit} characters", lambda value: len(value) <= limit, {"maxLength": limit})


def _size(name: str, problem: str) -> Rule:
    bounds = {"minimum": 0, "maximum": _MAX_SIZE}
    return Rule(name, problem, f"a number from 0 to {_MAX_SIZE}", lambda value: 0 <= value <= _MAX_SIZE, bounds)


_SERVICE_RULES: Final = (
    _text("name", "name-long", fields.NAME_LENGTH),
    Rule("name", "name-format", "letters, digits, -, ., _ and spaces between them", fields.is_name, {"format": "image-name", "pattern": fields.NAME_PATTERN}),
    _text("__description", "description-long", fields.DESCRIPTION_LENGTH),
    Rule("__description", "description-format", "text without <, > and carriage returns", re.compile(fields.DESCRIPTION_PATTERN).fullmatch, {"pattern": fields.DESCRIPTION_PATTERN}),
    _one_of("disk_format", "disk-format"),
    _one_of("container_format", "attribute"),
    _one_of("hw_firmware_type", "firmware"),
    _one_of("__os_type", "system-family"),
    _size("min_disk", "hardware"),
    _size("min_ram", "hardware"),
)  # fmt: skip
_GLANCE_RULES: Final = (
    Rule("id", "attribute", "a UUID", re.compile(fields.UUID_PATTERN).fullmatch, fields.PUBLISHED_CONSTRAINTS["id"]),
    _text("name", "attribute", fields.PUBLISHED_CONSTRAINTS["name"]["maxLength"]),
    _text("owner", "attribute", fields.PUBLISHED_CONSTRAINTS["owner"]["maxLength"]),
    _one_of("disk_format", "attribute"),
    _one_of("container_format", "attribute"),
    _size("min_disk", "attribute"),
    _size("min_ram", "attribute"),
)  # fmt: skip


def check_name(name: str) -> None:
    """Check that clients can set an attribute: its name is legal, and it is neither reserved nor read-only."""
    JsonValue(name, "the name of a property").text()  # rejects lone surrogates
    field = BY_NAME.get(name)
    if name in _READ_ONLY or (field is not None and (field.is_read_only or field.type is LINK)):
        raise RequestError("read-only-attribute", "the attribute", name)
    if name in _RESERVED:
        raise RequestError("reserved-attribute", "the attribute", name)
    if not 1 <= len(name) <= MAX_NAME:
        raise RequestError("attribute", "attribute name", name, f"1 to {MAX_NAME} characters")


def parse_value(view: View, name: str, part: JsonValue) -> Value | None:
    """Return the value of an attribute that clients can set, given its value in the body of the request."""
    is_service = "service-rules" in view.profile
    if part.value is None and name in _NULLABLE and not is_service:
        return None
    value = _typed(BY_NAME.get(name), part, shortest_tag=1 if is_service else 0)
    for rule in _SERVICE_RULES if is_service else _GLANCE_RULES:
        if rule.name == name and not rule.accepts(value):
            raise RequestError(rule.problem, name, str(value), rule.legal)
    if name == "visibility":
        glance = _QUEENS_VISIBILITIES if view.is_queens else _MITAKA_VISIBILITIES
        legal = VISIBILITIES if is_service else glance
        if value not in legal:
            raise RequestError("attribute", "visibility", str(value), f"one of {', '.join(legal)}")
        is_open = value != "private" if is_service else value == "public"
        if is_open and not view.caller.is_admin:
            raise RequestError("visibility-chosen", name, str(value), "private; only an admin can choose another")
    return value


def check_service_value(view: View, name: str, value: Value | None, current: Value | None) -> None:
    """Check the value of an attribute that only the service and admins set. Repeating the current value is legal."""
    field = BY_NAME.get(name)
    if field is None or "service-rules" not in view.profile or value == current:
        return
    if field.is_set_by_service and not view.caller.is_admin:
        raise RequestError("read-only-attribute", "the attribute", name)
    if field.type is TIME and value is not None:
        instant = parse_time(str(value))
        if instant is None or str(instant) != value:  # in another format, or with a fraction
            raise RequestError("attribute", name, str(value), "a time such as 2018-09-06T14:03:27Z")


def _typed(field: Field | None, part: JsonValue, shortest_tag: int) -> Value:
    if field is not None and field.type in (INTEGER, BOOLEAN):
        json_type, legal = (int, "a whole number") if field.type is INTEGER else (bool, "true or false")
        if type(part.value) is not json_type:  # a boolean is no number
            raise part.error(legal)
        number: int = part.value
        return number
    if field is not None and field.type is LIST:
        tags = tuple(dict.fromkeys(check_tag(one.text(), shortest_tag) for one in part.items("a list of texts")))
        check_tag_count(tags)
        return tags
    return part.text(most=MAX_TEXT)


def check_tag(tag: str, shortest: int = 1) -> str:
    """Return a tag if it is valid; in Glance it may be empty (``shortest`` is 0)."""
    if not shortest <= len(tag) <= TAG_LENGTH:
        raise RequestError("tag", "the tag", tag, f"{shortest} to {TAG_LENGTH} characters")
    return tag


def check_tag_count(tags: Sequence[str]) -> None:
    """Check the number of tags of an image."""
    if len(tags) > MAX_TAGS:
        attempted, limit = str(len(tags)), str(MAX_TAGS)
        raise RequestError("tags-full", legal=f"at most {limit}", attempted=attempted, most=limit)


# --- JSON Schema


def attribute_schemas(profile: Profile) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each attribute that clients can write, apart from rules that depend on the caller."""
    is_service = "service-rules" in profile
    schemas = {field.name: _schema(field) for field in fields.FIELDS if not field.is_read_only}
    for rule in _SERVICE_RULES if is_service else _GLANCE_RULES:
        if "enum" in rule.schema:
            schemas[rule.name].pop("maxLength", None)
        schemas[rule.name] |= rule.schema
    schemas["visibility"]["enum"] = [*(VISIBILITIES if is_service else _MITAKA_VISIBILITIES)]
    if is_service:
        del schemas["id"]
        schemas["tags"]["items"]["minLength"] = 1
    else:
        for name in _NULLABLE:
            schemas[name]["type"] = [schemas[name]["type"], "null"]
            if "enum" in schemas[name]:
                schemas[name]["enum"] = [*schemas[name]["enum"], None]
    return schemas


def _schema(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": field.type.json_type} if field.type in (INTEGER, BOOLEAN) else dict(FREE_VALUE)
    if field.type is LIST:
        schema = {"type": "array", "items": {"type": "string", "maxLength": TAG_LENGTH}}
    return schema | {"description": field.description}
