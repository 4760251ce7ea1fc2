"""JSON Schemas, made from the table: of an image as it is listed, and those that the service publishes.

In the published ones, what the document's own samples say of an attribute is repeated as it stands there, though some
of it is narrower than the service itself (``disk_format`` knows no ``zvhd2``): clients see the same of the real one.
What is shown as ``null`` may be ``null``, as in Glance's own: glanceclient changes no image that breaks its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ims_mock.contract.fields import FIELDS, TAG_LENGTH, Field
from ims_mock.contract.published_schema import CONSTRAINTS, UNUSED_PROPERTIES, UUID_PATTERN
from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, LIST, TIME, ValueType

_TEXT: Final = {"type": "string"}
_TAGS: Final = {"type": "array", "items": {"type": "string", "maxLength": TAG_LENGTH}}

_TYPES: Final[Mapping[ValueType, dict[str, Any]]] = {
    INTEGER: {"type": "integer"},
    BOOLEAN: {"type": "boolean"},
    TIME: {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$"},
    LIST: _TAGS,
}
"""What holds for every value of a kind."""


def json_schema() -> dict[str, Any]:
    """Describe an image as the list shows it."""
    return {
        "name": "image",
        "type": "object",
        "properties": {field.name: _listed(field) for field in FIELDS},
        "required": [one.name for one in FIELDS if one.type in (LINK, LIST) or one.is_nullable or one.name == "id"],
        "additionalProperties": _TEXT,
    }


def _listed(field: Field) -> dict[str, Any]:
    return _described(field, _TYPES.get(field.type, _TEXT))


# --- what the service publishes -------------------------------------------------------------------


def image() -> dict[str, Any]:
    """Describe an image."""
    return {
        "name": "image",
        "properties": {field.name: _property(field) for field in FIELDS} | UNUSED_PROPERTIES,
        "additionalProperties": _TEXT,
        "links": [_link("self", "self"), _link("enclosure", "file"), _link("describedby", "schema")],
    }


def images() -> dict[str, Any]:
    """Describe a page of images."""
    return {
        "name": "images",
        "properties": {"images": {"type": "array", "items": image()}, "first": _TEXT, "next": _TEXT, "schema": _TEXT},
        "links": [_link("first", "first"), _link("next", "next"), _link("describedby", "schema")],
    }


def member() -> dict[str, Any]:
    """Describe a membership."""
    return {
        "name": "member",
        "properties": {
            "member_id": {"type": "string", "description": "Project the image is shared with."},
            "image_id": {"type": "string", "pattern": UUID_PATTERN, "description": "Id of the image."},
            "status": {
                "type": "string",
                "enum": ["pending", "accepted", "rejected"],
                "description": "Its answer.",
            },
            "created_at": {"type": "string", "readOnly": True, "description": "When the image was offered, UTC."},
            "updated_at": {"type": "string", "readOnly": True, "description": "When the answer last changed, UTC."},
            "schema": {"type": "string", "readOnly": True},
        },
    }


def members() -> dict[str, Any]:
    """Describe the list of an image's members."""
    return {
        "name": "members",
        "properties": {"members": {"type": "array", "items": member()}, "schema": _TEXT},
        "links": [_link("describedby", "schema")],
    }


SCHEMAS: Final = {"image": image, "images": images, "member": member, "members": members}
"""Each schema under its name in the path."""


def _link(rel: str, name: str) -> dict[str, str]:
    return {"rel": rel, "href": f"{{{name}}}"}


def _described(field: Field, holds: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an attribute: what holds for its values, what it is, and whether clients can set it."""
    described = {**holds, "description": field.description, **({"readOnly": True} if field.is_read_only else {})}
    if field.is_nullable:
        described["type"] = [described["type"], "null"]
    return described


def _property(field: Field) -> dict[str, Any]:
    described = _described(field, {"type": field.type.json_type, **CONSTRAINTS.get(field.name, {})})
    if not field.is_column and field.filterable is not None:  # a free property to Glance; links have no filter
        described["is_base"] = False
    return described
