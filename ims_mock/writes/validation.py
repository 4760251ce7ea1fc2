"""What clients may write to an image: which attributes, and which values.

The service's own rules are one row each; without the departure ``service-rules`` Glance's rules count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.catalog.image import Image
from ims_mock.catalog.visibility import View
from ims_mock.contract.fields import (
    BY_NAME,
    DESCRIPTION_LENGTH,
    DESCRIPTION_PATTERN,
    FIELDS,
    NAME_LENGTH,
    NAME_PATTERN,
    TAG_LENGTH,
    VISIBILITIES,
    Field,
    is_description,
    is_name,
)
from ims_mock.contract.profiles import Profile
from ims_mock.contract.published_schema import CONSTRAINTS
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, MAX_NAME, MAX_TEXT, TIME, Value, read_time
from ims_mock.errors import RequestError
from ims_mock.json_body import Part

MOST_TAGS: Final = 128
"""As many tags an image may have (Glance's default)."""

_MITAKA: Final = ("public", "private")
_QUEENS: Final = ("public", "private", "shared", "community")
_LARGEST: Final = 2**31 - 1
_RESERVED: Final = frozenset({"deleted", "deleted_at", "direct_url", "is_public", "location", "locations", "members"})
_NULLABLE: Final = frozenset({"name", "container_format", "disk_format"})
"""What Glance lets clients set to null."""

FREE_VALUE: Final[Mapping[str, Any]] = {"type": "string", "maxLength": MAX_TEXT}
"""What the value of any other attribute is, as a JSON Schema."""


@dataclass(frozen=True)
class Rule:
    """One rule for the value of an attribute: the problem of a value that breaks it, and what is legal.

    ``schema`` says the same in JSON Schema.
    """

    name: str
    problem: str
    legal: str
    is_kept: Callable[[Any], bool]
    schema: Mapping[str, Any]


def _one_of(name: str, problem: str, values: Iterable[str]) -> Rule:
    legal = {value.lower(): value for value in values}
    words = f"one of {', '.join(legal.values())}"
    return Rule(name, problem, words, lambda value: value.lower() in legal, {"enum": [*legal.values()]})


def _text(name: str, problem: str, most: int) -> Rule:
    return Rule(name, problem, f"at most {most} characters", lambda value: len(value) <= most, {"maxLength": most})


def _size(name: str, problem: str) -> Rule:
    bounds = {"minimum": 0, "maximum": _LARGEST}
    return Rule(name, problem, f"0 to {_LARGEST}", lambda value: 0 <= value <= _LARGEST, bounds)


_SERVICE_RULES: Final = (
    _text("name", "name-long", NAME_LENGTH),
    Rule("name", "name-format", "letters, digits, -, ., _ and spaces between them", is_name,
         {"format": "image-name", "pattern": NAME_PATTERN}),
    _text("__description", "description-long", DESCRIPTION_LENGTH),
    Rule("__description", "description-format", "text without <, > and carriage returns", is_description,
         {"pattern": DESCRIPTION_PATTERN}),
    _one_of("disk_format", "disk-format", BY_NAME["disk_format"].values),
    _one_of("container_format", "attribute", BY_NAME["container_format"].values),
    _one_of("hw_firmware_type", "firmware", BY_NAME["hw_firmware_type"].values),
    _one_of("__os_type", "system-family", BY_NAME["__os_type"].values),
    _size("min_disk", "hardware"),
    _size("min_ram", "hardware"),
)  # fmt: skip
_GLANCE_RULES: Final = (
    Rule(
        "id",
        "attribute",
        "a UUID",
        lambda value: bool(re.fullmatch(CONSTRAINTS["id"]["pattern"], value)),
        CONSTRAINTS["id"],
    ),
    _text("name", "attribute", CONSTRAINTS["name"]["maxLength"]),
    _text("owner", "attribute", CONSTRAINTS["owner"]["maxLength"]),
    _one_of("disk_format", "attribute", (*BY_NAME["disk_format"].values, *CONSTRAINTS["disk_format"]["enum"])),
    _one_of("container_format", "attribute", CONSTRAINTS["container_format"]["enum"]),
    _size("min_disk", "attribute"),
    _size("min_ram", "attribute"),
)


class Writer:
    """Checks what one caller writes, attribute by attribute.

    Args:
        view: who writes, in which profile and version of the API.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self.is_service = "service-rules" in view.profile
        self._rules = _SERVICE_RULES if self.is_service else _GLANCE_RULES

    def refuse_name(self, name: str) -> None:
        """Refuse an attribute that clients can not set, whatever its value.

        Raises:
            RequestError: the service alone sets it, or its name is reserved or is none.
        """
        Part(name, "the name of a property").text()  # half a character is none
        field = BY_NAME.get(name)
        if field is not None and (field.is_read_only or field.type is LINK):
            raise RequestError("read-only-attribute", "the attribute", name)
        if name in _RESERVED:
            raise RequestError("reserved-attribute", "the attribute", name)
        if not 1 <= len(name) <= MAX_NAME:
            raise RequestError("attribute", "the name of a property", name, f"1 to {MAX_NAME} characters")

    def value(self, name: str, part: Part) -> Value | None:
        """Read the value of an attribute.

        Args:
            name: one that clients can set.
            part: where it stands in the body.

        Raises:
            RequestError: it is of a wrong kind, or not legal for this attribute or this caller.
        """
        if part.value is None and name in _NULLABLE and not self.is_service:
            return None
        value = self._of_kind(BY_NAME.get(name), part)
        for rule in self._rules:
            if rule.name == name and not rule.is_kept(value):
                raise RequestError(rule.problem, name, str(value), rule.legal)
        if name == "visibility":
            self._check_visibility(str(value))
        return value

    def _of_kind(self, field: Field | None, part: Part) -> Value:
        kind = field.type if field is not None else None
        if kind is INTEGER:
            if not isinstance(part.value, int) or isinstance(part.value, bool):
                raise part.refused("a whole number")
            return part.value
        if kind is BOOLEAN:
            if not isinstance(part.value, bool):
                raise part.refused("true or false")
            return part.value
        if kind is LIST:
            return self._tags(part)
        text = part.text()
        if len(text) > MAX_TEXT:
            raise part.refused(f"at most {MAX_TEXT} characters", f"has {len(text)} characters")
        return text

    def _tags(self, part: Part) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(tag(one.text()) for one in part.items("a list of texts")))
        check_number(tags)
        return tags

    def _check_visibility(self, value: str) -> None:
        """Refuse a visibility that does not exist, or that this caller may not choose."""
        known = VISIBILITIES if self.is_service else _QUEENS if self._view.is_queens else _MITAKA
        if value not in known:
            raise RequestError("attribute", "visibility", value, f"one of {', '.join(known)}")
        is_open = value != "private" if self.is_service else value == "public"
        if is_open and not self._view.caller.is_admin:
            raise RequestError("visibility-chosen", "visibility", value, "private; an admin may choose another")

    def refuse_service_value(self, name: str, value: Value | None, own: Value | None) -> None:
        """Refuse to set what the service alone sets to anything but what it is; an admin may, but no time that is none.

        Raises:
            RequestError: the value is another, or is not legal.
        """
        field = BY_NAME.get(name)
        is_bound = self.is_service and field is not None and field.is_set_by_service and not self._view.caller.is_admin
        if is_bound and value != own:
            raise RequestError("read-only-attribute", "the attribute", name, "to leave it out")
        if self.is_service and field is not None and field.type is TIME and value not in (None, own):
            _check_time(name, str(value))


def _check_time(name: str, text: str) -> None:
    try:
        is_wire = read_time(text) == text
    except ValueError:
        is_wire = False
    if not is_wire:
        raise RequestError("attribute", name, text, "a time such as 2018-09-06T14:03:27Z")


# --- as a JSON Schema -----------------------------------------------------------------------------


def attribute_schemas(profile: Profile) -> dict[str, dict[str, Any]]:
    """Describe the value of each attribute that clients can write, as far as that is no question of who writes.

    Args:
        profile: decides between the service's own rules and Glance's.
    """
    is_service = "service-rules" in profile
    schemas = {one.name: _schema(one) for one in FIELDS if not one.is_read_only}
    for rule in _SERVICE_RULES if is_service else _GLANCE_RULES:
        if "enum" in rule.schema:
            schemas[rule.name].pop("maxLength", None)
        schemas[rule.name] |= rule.schema
    schemas["visibility"]["enum"] = [*(VISIBILITIES if is_service else _MITAKA)]
    if is_service:
        del schemas["id"]
    else:
        for name in _NULLABLE:
            schemas[name]["type"] = [schemas[name]["type"], "null"]
            if "enum" in schemas[name]:
                schemas[name]["enum"] = [*schemas[name]["enum"], None]
    return schemas


def _schema(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": field.type.json_type} if field.type in (INTEGER, BOOLEAN) else dict(FREE_VALUE)
    if field.type is LIST:
        schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": TAG_LENGTH}}
    return schema | {"description": field.description}


# --- tags -----------------------------------------------------------------------------------------


def tag(text: str) -> str:
    """Check one tag.

    Raises:
        RequestError: it is empty or too long.
    """
    if not 1 <= len(text) <= TAG_LENGTH:
        raise RequestError("tag", "the tag", text, f"1 to {TAG_LENGTH} characters")
    return text


def check_number(tags: tuple[str, ...]) -> None:
    """Check how many tags an image is to have.

    Raises:
        RequestError: they are too many.
    """
    if len(tags) > MOST_TAGS:
        attempted = str(len(tags))
        raise RequestError(
            "tags-full", "tags", attempted, f"at most {MOST_TAGS}", attempted=attempted, most=str(MOST_TAGS)
        )


def tagged(image: Image, text: str, now: str) -> Image:
    """Give the image with a tag; one that has it stays as it is.

    Raises:
        RequestError: the tag is not valid, or the image has as many as it may have.
    """
    if tag(text) in image.tags:
        return image
    tags = (*image.tags, text)
    check_number(tags)
    return image.with_values({"tags": tags, "updated_at": now})


def untagged(image: Image, text: str, now: str) -> Image:
    """Give the image without a tag.

    Raises:
        RequestError: the image has no such tag.
    """
    if text not in image.tags:
        raise RequestError("tag-missing", "the tag", text, "a tag of the image")
    return image.with_values({"tags": tuple(one for one in image.tags if one != text), "updated_at": now})
